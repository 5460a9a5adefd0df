/* Values of YAML scalars under a known tag, and timestamps, as PyYAML's SafeConstructor
 * makes them (yaml/constructor.py). */
#include "text/yaml_scalar.h"

#include <string.h>
#include <strings.h>

typedef struct cursor {
    const char *p, *end;
} cursor;

/* At least `least`, at most `most` digits; -1 when there are fewer. */
static int take_digits(cursor *c, int least, int most)
{
    int value = 0, n = 0;
    while (n < most && c->p < c->end && *c->p >= '0' && *c->p <= '9') {
        value = value * 10 + (*c->p++ - '0');
        n++;
    }
    return n >= least ? value : -1;
}

static bool take(cursor *c, char ch)
{
    if (c->p == c->end || *c->p != ch)
        return false;
    c->p++;
    return true;
}

static size_t take_blanks(cursor *c)
{
    size_t n = 0;
    while (take(c, ' ') || take(c, '\t'))
        n++;
    return n;
}

typedef struct timestamp {
    int year, month, day, hour, minute, second;
    int tz_hour, tz_minute;
    bool has_time, short_date; /* one digit for month or day */
} timestamp;

/* [ \t]*(Z|[-+]hh?(:mm)?)? up to the end */
static bool read_zone(cursor *c, timestamp *t)
{
    if (c->p == c->end)
        return true;
    take_blanks(c);
    if (take(c, 'Z'))
        return c->p == c->end;
    if (!take(c, '-') && !take(c, '+'))
        return false;
    t->tz_hour = take_digits(c, 1, 2);
    if (t->tz_hour >= 0 && take(c, ':'))
        t->tz_minute = take_digits(c, 2, 2);
    return t->tz_hour >= 0 && t->tz_minute >= 0 && c->p == c->end;
}

/* yyyy-mm?-dd? and optionally ([Tt]|[ \t]+)hh?:mm:ss(\.[0-9]*)? with a zone. */
static bool read_timestamp(const char *text, size_t len, timestamp *t)
{
    cursor c = {text, text + len};
    *t = (timestamp){0};
    t->year = take_digits(&c, 4, 4);
    if (t->year < 0 || !take(&c, '-'))
        return false;
    const char *month = c.p;
    t->month = take_digits(&c, 1, 2);
    if (t->month < 0 || !take(&c, '-'))
        return false;
    const char *day = c.p;
    t->day = take_digits(&c, 1, 2);
    if (t->day < 0)
        return false;
    t->short_date = day - month != 3 || c.p - day != 2;
    if (c.p == c.end)
        return true;
    t->has_time = true;
    if (!take(&c, 'T') && !take(&c, 't') && take_blanks(&c) == 0)
        return false;
    t->hour = take_digits(&c, 1, 2);
    if (t->hour < 0 || !take(&c, ':'))
        return false;
    t->minute = take_digits(&c, 2, 2);
    if (t->minute < 0 || !take(&c, ':'))
        return false;
    t->second = take_digits(&c, 2, 2);
    if (t->second < 0)
        return false;
    if (take(&c, '.')) {
        while (c.p < c.end && *c.p >= '0' && *c.p <= '9')
            c.p++;
    }
    return read_zone(&c, t);
}

bool zg_yaml_is_timestamp(const char *text, size_t len)
{
    timestamp t;
    return read_timestamp(text, len, &t) && (t.has_time || !t.short_date);
}

bool zg_yaml_valid_timestamp(const char *text, size_t len)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    timestamp t;
    if (!read_timestamp(text, len, &t) || t.year < 1 || t.month < 1 || t.month > 12)
        return false;
    bool leap = (t.year % 4 == 0 && t.year % 100 != 0) || t.year % 400 == 0;
    int days = month_days[t.month - 1] + (leap && t.month == 2);
    return t.day >= 1 && t.day <= days && t.hour < 24 && t.minute < 60 && t.second < 60 &&
           t.tz_hour * 60 + t.tz_minute < 24 * 60;
}

/* Text without underscores, in lower case where asked; freed with zg_free. */
static char *without_underscores(const char *text, size_t len, bool lower,
                                 size_t *out_len)
{
    char *copy = len < SIZE_MAX ? zg_alloc(len + 1, 1) : NULL;
    size_t n = 0;
    for (size_t i = 0; copy && i < len; i++) {
        char c = text[i];
        if (lower && c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        if (c != '_')
            copy[n++] = c;
    }
    *out_len = n;
    return copy;
}

static zagg_status construct_number(zg_tree *tree, zg_yaml_tag tag, const char *text,
                                    size_t len, zagg_value *node, zagg_err *err)
{
    size_t n;
    char *clean = without_underscores(text, len, tag == ZG_YAML_FLOAT, &n);
    if (!clean)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a number");
    zagg_status st = tag == ZG_YAML_INT ? zg_yaml_int(tree, clean, n, node, err)
                                        : zg_yaml_float(clean, n, node, err);
    zg_free(clean);
    return st;
}

static zagg_status construct_bool(const char *text, size_t len, zagg_value *node,
                                  zagg_err *err)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on"};
    for (size_t i = 0; i < 6; i++) {
        if (strlen(words[i]) == len && strcasecmp(text, words[i]) == 0) {
            node->kind = ZAGG_BOOL;
            node->u.b = i % 2 == 1;
            return ZAGG_OK;
        }
    }
    return zagg_err_set(err, ZAGG_EFORMAT, "'%.60s' is not a bool", text);
}

zagg_status zg_yaml_construct(zg_tree *tree, zg_yaml_tag tag, const char *text,
                              size_t len, zagg_value *node, zagg_err *err)
{
    switch (tag) {
    case ZG_YAML_NULL:
        return ZAGG_OK;
    case ZG_YAML_BOOL:
        return construct_bool(text, len, node, err);
    case ZG_YAML_INT:
    case ZG_YAML_FLOAT:
        return construct_number(tree, tag, text, len, node, err);
    case ZG_YAML_TIMESTAMP:
        if (!zg_yaml_valid_timestamp(text, len))
            return zagg_err_set(err, ZAGG_EFORMAT, "'%.60s' is not a date that exists",
                                text);
        node->kind = ZAGG_DATE;
        break;
    default:
        node->kind = ZAGG_STR;
    }
    node->str_len = len;
    return zg_tree_text(tree, text, len, &node->str, err);
}
