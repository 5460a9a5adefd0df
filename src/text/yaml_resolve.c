/* Implicit resolvers of YAML 1.1 as PyYAML has them (yaml/resolver.py), matched by hand.
 *
 *   bool   yes Yes YES no No NO true True TRUE false False FALSE on On ON off Off OFF
 *   float  [-+]?[0-9][0-9_]*\.[0-9_]*([eE][-+][0-9]+)?      the sign of the exponent is a
 * must
 *          \.[0-9][0-9_]*([eE][-+][0-9]+)?
 *          [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*        base 60
 *          [-+]?\.(inf|Inf|INF)  \.(nan|NaN|NAN)
 *   int    [-+]?0b[01_]+  [-+]?0[0-7_]+  [-+]?(0|[1-9][0-9_]*)  [-+]?0x[0-9a-fA-F_]+
 *          [-+]?[1-9][0-9_]*(:[0-5]?[0-9])+                 base 60
 *   merge  <<      value  =      null  ~ null Null NULL and the empty text */
#include "text/yaml_scalar.h"

#include <string.h>

static size_t span(const char *text, size_t len, const char *set)
{
    size_t n = 0;
    while (n < len && text[n] != '\0' && strchr(set, text[n]))
        n++;
    return n;
}

static bool one_of(const char *text, size_t len, const char *const *words)
{
    for (; *words; words++) {
        if (strlen(*words) == len && memcmp(*words, text, len) == 0)
            return true;
    }
    return false;
}

static const char digits[] = "0123456789", digits_[] = "0123456789_";

/* ([eE][-+][0-9]+)? up to the end */
static bool is_exponent(const char *p, size_t n)
{
    if (n == 0)
        return true;
    return n > 2 && (p[0] == 'e' || p[0] == 'E') && (p[1] == '-' || p[1] == '+') &&
           span(p + 2, n - 2, digits) == n - 2;
}

/* Length of (:[0-5]?[0-9])+; 0 when there is none. A further digit ends the match. */
static size_t sexagesimal_parts(const char *p, size_t n)
{
    size_t i = 0;
    while (i + 1 < n && p[i] == ':') {
        size_t run = span(p + i + 1, n - i - 1, digits);
        if (run == 0)
            break;
        if (run > 2 || (run == 2 && p[i + 1] > '5'))
            break;
        i += 1 + run;
    }
    return i;
}

static bool is_float(const char *p, size_t n)
{
    static const char *const infinities[] = {".inf", ".Inf", ".INF", NULL};
    static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL};
    if (one_of(p, n, nans))
        return true;
    if (n > 1 && p[0] == '.' && span(p + 1, 1, digits) == 1) {
        size_t k = 1 + span(p + 1, n - 1, digits_);
        return is_exponent(p + k, n - k);
    }
    if (n > 0 && (p[0] == '-' || p[0] == '+')) {
        p++;
        n--;
    }
    if (one_of(p, n, infinities))
        return true;
    if (n == 0 || span(p, 1, digits) == 0)
        return false;
    size_t k = span(p, n, digits_);
    size_t parts = sexagesimal_parts(p + k, n - k);
    k += parts;
    if (k == n || p[k] != '.')
        return false;
    k += 1 + span(p + k + 1, n - k - 1, digits_);
    return parts > 0 ? k == n : is_exponent(p + k, n - k);
}

static bool is_int(const char *p, size_t n)
{
    if (n > 0 && (p[0] == '-' || p[0] == '+')) {
        p++;
        n--;
    }
    if (n == 0)
        return false;
    if (p[0] == '0') {
        if (n == 1)
            return true;
        if (p[1] == 'b')
            return n > 2 && span(p + 2, n - 2, "01_") == n - 2;
        if (p[1] == 'x')
            return n > 2 && span(p + 2, n - 2, "0123456789abcdefABCDEF_") == n - 2;
        return span(p + 1, n - 1, "01234567_") == n - 1;
    }
    if (span(p, 1, digits) == 0)
        return false;
    size_t k = span(p, n, digits_);
    return k == n || k + sexagesimal_parts(p + k, n - k) == n;
}

zg_yaml_tag zg_yaml_resolve(const char *text, size_t len)
{
    static const char *const bools[] = {
        "yes",   "Yes",   "YES", "no", "No", "NO",  "true", "True", "TRUE", "false",
        "False", "FALSE", "on",  "On", "ON", "off", "Off",  "OFF",  NULL};
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    if (one_of(text, len, bools))
        return ZG_YAML_BOOL;
    if (one_of(text, len, nulls))
        return ZG_YAML_NULL;
    if (is_float(text, len))
        return ZG_YAML_FLOAT;
    if (is_int(text, len))
        return ZG_YAML_INT;
    if (len == 2 && memcmp(text, "<<", 2) == 0)
        return ZG_YAML_MERGE;
    if (len == 1 && text[0] == '=')
        return ZG_YAML_VALUE;
    return zg_yaml_is_timestamp(text, len) ? ZG_YAML_TIMESTAMP : ZG_YAML_STR;
}

zg_yaml_tag zg_yaml_tag_of(const char *name)
{
    static const char prefix[] = "tag:yaml.org,2002:";
    static const struct {
        const char *name;
        zg_yaml_tag tag;
    } tags[] = {{"str", ZG_YAML_STR},     {"null", ZG_YAML_NULL},
                {"bool", ZG_YAML_BOOL},   {"int", ZG_YAML_INT},
                {"float", ZG_YAML_FLOAT}, {"timestamp", ZG_YAML_TIMESTAMP},
                {"merge", ZG_YAML_MERGE}, {"value", ZG_YAML_VALUE},
                {"seq", ZG_YAML_SEQ},     {"map", ZG_YAML_MAP}};
    if (strncmp(name, prefix, sizeof prefix - 1) != 0)
        return ZG_YAML_UNKNOWN;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        if (strcmp(name + sizeof prefix - 1, tags[i].name) == 0)
            return tags[i].tag;
    }
    return ZG_YAML_UNKNOWN;
}
