/* The load-time check of an expression: every word in it must be a column, a
 * chunk_precompute name or a name of the closed language. The text is not compiled here;
 * what it computes is found out when a run needs it. Rules: config.md 5 (upstream's
 * identifier check, with keyword arguments, methods and the words of conditions allowed
 * on top). */
#include "cfg/cfg.h"

#include <string.h>

static const char *const words[] = {"np",  "numpy", "len",  "float", "int",   "abs",
                                    "sum", "sqrt",  "log",  "exp",   "and",   "or",
                                    "not", "if",    "else", "True",  "False", "None"};
static const char *const attributes[] = {"T", "astype", "dtype", "ndim", "shape", "size"};
static const char *const keywords[] = {
    "axis",    "bins",     "ddof",   "decimals", "dtype",     "endpoint",
    "initial", "keepdims", "kind",   "left",     "minlength", "method",
    "n",       "nan",      "neginf", "num",      "period",    "posinf",
    "q",       "range",    "right",  "side",     "start",     "step",
    "stop",    "a_min",    "a_max",  "density",  "weights",   "where"};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

typedef struct lexer {
    const char *at;
    const char *const *names;
    size_t n_names;
    char word[64];       /* the last name read */
    bool after_dot;      /* the last token was '.' ... */
    bool dot_on_numpy;   /* ... behind np or numpy */
    bool last_was_numpy; /* the last token was np or numpy itself */
} lexer;

static bool is_letter(char b)
{
    return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || b == '_';
}

static bool is_digit(char b)
{
    return b >= '0' && b <= '9';
}

static bool read_word(lexer *lx)
{
    size_t n = 0;
    while (is_letter(lx->at[n]) || is_digit(lx->at[n]))
        n++;
    size_t kept = n < sizeof lx->word ? n : sizeof lx->word - 1;
    memcpy(lx->word, lx->at, kept);
    lx->word[kept] = '\0';
    /* columns may be longer than the buffer: look them up by their whole text */
    bool column = false;
    for (size_t i = 0; i < lx->n_names && !column; i++)
        column = strlen(lx->names[i]) == n && memcmp(lx->names[i], lx->at, n) == 0;
    lx->at += n;
    return column;
}

static bool next_is_keyword_equals(const char *at)
{
    at += strspn(at, " \t\r\n");
    return at[0] == '=' && at[1] != '=';
}

static const char *check_word(lexer *lx)
{
    bool after_dot = lx->after_dot;
    bool on_numpy = lx->dot_on_numpy;
    bool column = read_word(lx);
    bool numpy = strcmp(lx->word, "np") == 0 || strcmp(lx->word, "numpy") == 0;
    lx->last_was_numpy = numpy && !after_dot;
    if (!column && strstr(lx->word, "__") != NULL)
        return "is no name of the expression language";
    if (after_dot && on_numpy)
        return zg_numpy_name(lx->word) ? NULL : "is no numpy function that zagg knows";
    if (after_dot)
        return zg_name_in(lx->word, attributes, COUNT(attributes)) ||
                       zg_numpy_name(lx->word)
                   ? NULL
                   : "is no method or attribute that zagg knows";
    if (column || zg_name_in(lx->word, words, COUNT(words)) || zg_numpy_name(lx->word))
        return NULL;
    if (next_is_keyword_equals(lx->at) && zg_name_in(lx->word, keywords, COUNT(keywords)))
        return NULL;
    return "is neither a column nor a name that zagg knows";
}

static const char *skip_string(lexer *lx)
{
    char quote = *lx->at++;
    while (*lx->at != '\0' && *lx->at != quote)
        lx->at++;
    if (*lx->at == '\0') {
        lx->word[0] = quote;
        lx->word[1] = '\0';
        return "opens a text that is not closed";
    }
    lx->at++;
    return NULL;
}

/* Digits, point, exponent; what comes of it is the compiler's business. */
static void skip_number(lexer *lx)
{
    while (is_digit(*lx->at) || is_letter(*lx->at) || *lx->at == '.') {
        char b = *lx->at++;
        if ((b == 'e' || b == 'E') && (*lx->at == '+' || *lx->at == '-'))
            lx->at++;
    }
}

static const char *step(lexer *lx)
{
    char b = *lx->at;
    if (is_letter(b)) {
        const char *why = check_word(lx);
        lx->after_dot = false;
        return why;
    }
    bool numpy = lx->last_was_numpy;
    lx->last_was_numpy = false;
    lx->after_dot = false;
    if (is_digit(b) || (b == '.' && is_digit(lx->at[1]))) {
        skip_number(lx);
        return NULL;
    }
    if (b == '\'' || b == '"')
        return skip_string(lx);
    lx->at++;
    if (b == '.') {
        lx->after_dot = true;
        lx->dot_on_numpy = numpy;
        return NULL;
    }
    if (strchr(" \t\r\n+-*/%<>=!&|^~()[],:@", b) != NULL)
        return NULL;
    lx->word[0] = (unsigned char)b < 0x20 || (unsigned char)b > 0x7E ? '?' : b;
    lx->word[1] = '\0';
    return "is no character of the expression language";
}

bool zg_expr_names_ok(const char *text, const char *const *names, size_t n_names,
                      char bad[64], const char **why)
{
    lexer lx = {.at = text, .names = names, .n_names = n_names};
    while (*lx.at != '\0') {
        *why = step(&lx);
        if (*why != NULL) {
            memcpy(bad, lx.word, sizeof lx.word);
            return false;
        }
    }
    return true;
}
