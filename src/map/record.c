/* Records of granules: {id, s3, https} and what else upstream puts beside them. */
#include "map/record.h"

#include "text/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- moments ---- */

typedef struct moment {
    int64_t days; /* since 1970 */
    int64_t seconds;
    unsigned micros;
} moment;

/* Days since 1970 of a day of the Gregorian calendar, in whole eras of 400 years. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    const int64_t y = month <= 2 ? year - 1 : year, m = (month + 9) % 12;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static void date_of(int64_t days, int64_t out[3])
{
    int64_t z = days + 719468, era = z / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    out[2] = doy - (153 * mp + 2) / 5 + 1;
    out[1] = mp < 10 ? mp + 3 : mp - 9;
    out[0] = yoe + era * 400 + (out[1] <= 2);
}

/** n digits at *text, which moves on. */
static bool digits(const char **text, int n, int64_t *out)
{
    *out = 0;
    for (int i = 0; i < n; i++, ++*text) {
        if (**text < '0' || **text > '9')
            return false;
        *out = *out * 10 + (**text - '0');
    }
    return true;
}

static bool letter(const char **text, const char *any)
{
    if (**text == '\0' || strchr(any, **text) == NULL)
        return false;
    ++*text;
    return true;
}

static bool fraction(const char **text, unsigned *micros)
{
    unsigned value = 0;
    int n = 0;
    for (; **text >= '0' && **text <= '9'; ++*text, n++)
        if (n < 6)
            value = value * 10 + (unsigned)(**text - '0');
    for (int i = n; i < 6; i++)
        value *= 10;
    *micros = value;
    return n > 0;
}

/** "Z", "+01:00", or nothing, which is UTC as well. */
static bool zone(const char **text, int64_t *seconds)
{
    const char sign = **text;
    int64_t hours, minutes;
    if (sign == '\0' || letter(text, "Zz"))
        return **text == '\0';
    if (!letter(text, "+-") || !digits(text, 2, &hours))
        return false;
    (void)letter(text, ":");
    if (!digits(text, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *seconds -= (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return **text == '\0';
}

static bool parse_moment(const char *text, moment *out)
{
    int64_t year, month, day, hour, minute, second;
    *out = (moment){0, 0, 0};
    if (!digits(&text, 4, &year) || !letter(&text, "-") || !digits(&text, 2, &month) ||
        !letter(&text, "-") || !digits(&text, 2, &day) || !letter(&text, "Tt ") ||
        !digits(&text, 2, &hour) || !letter(&text, ":") || !digits(&text, 2, &minute) ||
        !letter(&text, ":") || !digits(&text, 2, &second))
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
        minute > 59 || second > 59)
        return false;
    if (letter(&text, ".,") && !fraction(&text, &out->micros))
        return false;
    out->days = days_of(year, month, day);
    out->seconds = hour * 3600 + minute * 60 + second;
    return zone(&text, &out->seconds);
}

void zg_record_time(const char *text, char out[64])
{
    moment m;
    int64_t date[3];
    if (!parse_moment(text, &m)) {
        (void)snprintf(out, 64, "%s", text);
        return;
    }
    while (m.seconds < 0) {
        m.seconds += 86400;
        m.days--;
    }
    m.days += m.seconds / 86400;
    m.seconds %= 86400;
    date_of(m.days, date);
    int n = snprintf(out, 64,
                     "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64 ":%02" PRId64
                     ":%02" PRId64,
                     date[0], date[1], date[2], m.seconds / 3600, m.seconds / 60 % 60,
                     m.seconds % 60);
    if (m.micros != 0 && n > 0)
        n += snprintf(out + n, 64 - (size_t)n, ".%06u", m.micros);
    (void)snprintf(out + n, 64 - (size_t)n, "+00:00");
}

/* ---- records ---- */

const char *zg_record_name(const char *href)
{
    if (href == NULL)
        return NULL;
    const char *slash = strrchr(href, '/');
    const char *name = slash == NULL ? href : slash + 1;
    return *name != '\0' ? name : NULL;
}

static void put_time(zg_members *m, const char *key, const char *text)
{
    char time[64];
    if (text == NULL)
        return;
    zg_record_time(text, time);
    zg_members_str(m, key, time);
}

/** {name: href} of all assets but the metadata; NULL where there are none. */
static zagg_status raster_assets(zg_tree *tree, const zagg_value *assets,
                                 const zagg_value **out, zagg_err *err)
{
    zg_members m;
    zg_members_begin(&m, tree);
    for (size_t i = 0; assets != NULL && i < assets->n; i++) {
        const char *key = assets->members[i].key->str;
        const char *href = zg_value_text(assets->members[i].value, "href");
        if (href != NULL && strcmp(key, "metadata") != 0 && strcmp(key, "data") != 0 &&
            strcmp(key, "data_s3") != 0)
            zg_members_str(&m, key, href);
    }
    ZAGG_TRY(zg_members_end(&m, out, err));
    if ((*out)->n == 0)
        *out = NULL;
    return ZAGG_OK;
}

static zagg_status sibling_assets(zg_tree *tree, const zg_source_record *s,
                                  const zagg_value *others, const zagg_value **out,
                                  zagg_err *err)
{
    zg_members entry, all;
    const zagg_value *sibling;
    zg_members_begin(&entry, tree);
    zg_members_str(&entry, "id", s->sibling_id);
    zg_members_str(&entry, "s3", s->sibling_s3);
    zg_members_str(&entry, "https", s->sibling_https);
    ZAGG_TRY(zg_members_end(&entry, &sibling, err));
    zg_members_begin(&all, tree);
    zg_members_copy(&all, others);
    zg_members_put(&all, s->sibling_asset, sibling);
    return zg_members_end(&all, out, err);
}

/** The record as a tree. */
static zagg_status record_tree(zg_tree *tree, const zg_source_record *s,
                               const zagg_value **out, zagg_err *err)
{
    const zagg_value *assets = NULL;
    bool raster = s->s3 == NULL && s->https == NULL;
    zg_members m;
    if (raster)
        ZAGG_TRY(raster_assets(tree, s->assets, &assets, err));
    raster = assets != NULL;
    if (s->sibling_asset != NULL)
        ZAGG_TRY(sibling_assets(tree, s, assets, &assets, err));
    zg_members_begin(&m, tree);
    zg_members_str(&m, "id", s->id);
    zg_members_str(&m, "s3", s->s3);
    zg_members_str(&m, "https", s->https);
    zg_members_put(&m, "assets", assets);
    if (raster) {
        put_time(&m, "datetime", s->datetime);
        if (s->time_key != NULL)
            zg_members_str(&m, "time_key", s->time_key);
    }
    put_time(&m, "time_start", s->start);
    put_time(&m, "time_end", s->end);
    return zg_members_end(&m, out, err);
}

static zagg_status copy(zg_tree *tree, const char *text, const char **out, zagg_err *err)
{
    *out = NULL;
    return text != NULL ? zg_tree_text(tree, text, strlen(text), out, err) : ZAGG_OK;
}

zagg_status zg_record_granule(zg_tree *tree, zagg_arena *scratch,
                              const zg_source_record *source, zagg_granule **out,
                              zagg_err *err)
{
    static const zg_json_style COMPACT = {.indent = -1, .compact = true};
    const zagg_arena_mark mark = zagg_arena_get_mark(scratch);
    const zagg_value *record;
    zagg_granule *g;
    zg_tree work;
    zg_str text;
    zg_tree_init(&work, scratch);
    ZAGG_TRY(record_tree(&work, source, &record, err));
    ZAGG_TRY(zg_tree_alloc(tree, 1, sizeof *g, &g, err));
    ZAGG_TRY(copy(tree, source->id, &g->id, err));
    ZAGG_TRY(copy(tree, source->s3, &g->s3, err));
    ZAGG_TRY(copy(tree, source->https, &g->https, err));
    zg_str_init(&text, 0);
    zagg_status status = zg_json_write(&text, record, COMPACT, err);
    if (status == ZAGG_OK && text.failed)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a record");
    if (status == ZAGG_OK)
        status = zg_tree_text(tree, text.data, text.len, &g->record, err);
    zg_str_free(&text);
    zagg_arena_release(scratch, mark);
    *out = g;
    return status;
}
