/* Text among the arguments of a function: a name, an expression over names, a number, or
 * one of numpy's quantile methods. */
#include "cfg/cfg.h"
#include "text/text.h"

#include <math.h>
#include <string.h>

#define BLANKS " \t\r\n\v\f"

/* Values of numpy's `method` argument, which upstream's check takes for unknown columns.
 */
static const char *const methods[] = {"linear",
                                      "lower",
                                      "higher",
                                      "nearest",
                                      "midpoint",
                                      "hazen",
                                      "weibull",
                                      "inverted_cdf",
                                      "averaged_inverted_cdf",
                                      "closest_observation",
                                      "interpolated_inverted_cdf",
                                      "median_unbiased",
                                      "normal_unbiased"};

/* As Python's float() reads it: blanks around it, underscores, words for NaN and
 * infinity. */
static bool python_number(const char *text, double *out)
{
    char word[64];
    size_t n = 0;
    text += strspn(text, BLANKS);
    size_t len = strlen(text);
    while (len > 0 && strchr(BLANKS, text[len - 1]) != NULL)
        len--;
    for (size_t i = 0; i < len; i++) {
        char b = text[i];
        if (b == '_')
            continue;
        if (n + 1 == sizeof word)
            return false; /* a number may be longer, but nobody writes one */
        word[n++] = b >= 'A' && b <= 'Z' ? (char)(b - 'A' + 'a') : b;
    }
    word[n] = '\0';
    const char *bare = word[0] == '+' || word[0] == '-' ? word + 1 : word;
    if (strcmp(bare, "nan") == 0) {
        *out = (double)NAN;
        return true;
    }
    if (strcmp(bare, "inf") == 0 || strcmp(bare, "infinity") == 0) {
        *out = word[0] == '-' ? -HUGE_VAL : HUGE_VAL;
        return true;
    }
    return zg_float_parse(word, n, out);
}

/* Upstream takes text that holds a name anywhere for an expression. */
static bool holds_name(const char *text, const char *const *names, size_t n_names)
{
    for (size_t i = 0; i < n_names; i++)
        if (strstr(text, names[i]) != NULL)
            return true;
    return false;
}

bool zg_param_read(const zg_spot *s, const char *const *names, size_t n_names,
                   zagg_param *out)
{
    out->value = s->value;
    out->line = s->line;
    if (s->value->kind != ZAGG_STR) {
        out->kind = ZAGG_PARAM_VALUE;
        return true;
    }
    out->text = s->value->str;
    if (strcmp(out->name, "method") == 0 &&
        zg_name_in(out->text, methods, sizeof methods / sizeof methods[0]))
        out->kind = ZAGG_PARAM_METHOD;
    else if (zg_name_in(out->text, names, n_names))
        out->kind = ZAGG_PARAM_NAME;
    else if (python_number(out->text, &out->number))
        out->kind = ZAGG_PARAM_NUMBER;
    else if (holds_name(out->text, names, n_names))
        out->kind = ZAGG_PARAM_EXPRESSION;
    else
        return false;
    return true;
}
