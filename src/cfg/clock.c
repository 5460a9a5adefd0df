/* output.time_source, the clock that time words come from, and output.time_encoding.
 * Without a time_source the clock of output.windowing counts, where that is one of a
 * continuous scale. */
#include "cfg/cfg.h"
#include "stats/observation_time.h"

#include <string.h>

static const char *const clock_keys[] = {"field", "epoch", "scale", "units", NULL};

/* A key that is absent, null or otherwise false takes its default, as upstream. */
static bool given(const zg_spot *s)
{
    return zagg_value_truthy(s->value);
}

static zagg_status read_scale(const zg_cfg *c, const zg_spot *s, zagg_time_scale *out)
{
    *out = ZAGG_SCALE_GPS;
    if (!given(s) || zagg_value_is(s->value, "gps"))
        return ZAGG_OK;
    if (!zagg_value_is(s->value, "tai"))
        return zg_must(c, s, "gps or tai (UTC is not continuous)");
    *out = ZAGG_SCALE_TAI;
    return ZAGG_OK;
}

static zagg_status read_units(const zg_cfg *c, const zg_spot *s, const char **out)
{
    *out = "seconds";
    if (!given(s) || zagg_value_is(s->value, "seconds"))
        return ZAGG_OK;
    if (!zagg_value_is(s->value, "days"))
        return zg_must(c, s, "seconds or days");
    *out = "days";
    return ZAGG_OK;
}

/* Text, or a date without quotes. */
static zagg_status read_epoch(const zg_cfg *c, const zg_spot *s, const char **out)
{
    zg_clock clock;
    zagg_err err = ZAGG_ERR_INIT;
    bool text = s->value != NULL &&
                (s->value->kind == ZAGG_STR || s->value->kind == ZAGG_DATE) &&
                strlen(s->value->str) == s->value->str_len;
    if (!text || zg_clock_new(s->value->str, "seconds", &clock, &err) != ZAGG_OK)
        return zg_must(c, s, "a UTC instant such as '2018-01-01T00:00:00'");
    *out = s->value->str;
    return ZAGG_OK;
}

static zagg_status read_block(const zg_cfg *c, const zg_spot *block, const char *field,
                              zagg_time_source *out)
{
    zg_spot column = zg_spot_get(block, field);
    zg_spot epoch = zg_spot_get(block, "epoch");
    zg_spot scale = zg_spot_get(block, "scale");
    zg_spot units = zg_spot_get(block, "units");
    if (column.value == NULL || column.value->kind != ZAGG_STR ||
        column.value->str_len == 0)
        return zg_must(c, &column, "the column that tells the time of each row");
    ZAGG_TRY(zg_read_text(c, &column, &out->field));
    if (strcmp(out->field, ZG_TOC_WORD) == 0)
        return zg_fail(c, &column,
                       "toc_word is made from the clock; name the column that the "
                       "granules hold");
    ZAGG_TRY(read_epoch(c, &epoch, &out->epoch));
    ZAGG_TRY(read_scale(c, &scale, &out->scale));
    ZAGG_TRY(read_units(c, &units, &out->units));
    out->present = true;
    out->line = block->line;
    return ZAGG_OK;
}

/* The continuous clock of a windowing block; absent where it has none, or where the block
 * is faulty (no run takes it anyway). */
static zagg_time_source windowing_clock(const zg_cfg *c, const zg_spot *block)
{
    zg_cfg silent = *c;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_time_source none = {0};
    zagg_time_source found = {0};
    zg_spot schedule = zg_spot_get(block, "schedule");
    zg_spot scale = zg_spot_get(block, "scale");
    silent.err = &err;
    if (!zg_spot_is_map(block) || schedule.value == NULL ||
        zagg_value_is(schedule.value, "none") || !given(&scale) ||
        read_block(&silent, block, "time_field", &found) != ZAGG_OK)
        return none;
    return found;
}

static bool same_instant(const char *a, const char *b)
{
    zg_clock x = {0};
    zg_clock y = {0};
    return zg_clock_new(a, "seconds", &x, NULL) == ZAGG_OK &&
           zg_clock_new(b, "seconds", &y, NULL) == ZAGG_OK && x.epoch_ns == y.epoch_ns;
}

/* Windows and time words of one store must not tell time differently. */
static zagg_status check_agreement(const zg_cfg *c, const zg_spot *block,
                                   const zagg_time_source *a, const zagg_time_source *b)
{
    const char *key = strcmp(a->field, b->field) != 0     ? "field"
                      : a->scale != b->scale              ? "scale"
                      : strcmp(a->units, b->units) != 0   ? "units"
                      : !same_instant(a->epoch, b->epoch) ? "epoch"
                                                          : NULL;
    if (key == NULL)
        return ZAGG_OK;
    zg_spot s = zg_spot_get(block, key);
    return zg_fail(c, &s,
                   "output.windowing tells another %s; make them agree, or remove "
                   "time_source (windowing then is the clock)",
                   key);
}

static zagg_status check_encoding(const zg_cfg *c, const zg_spot *output)
{
    zg_spot s = zg_spot_get(output, "time_encoding");
    if (!zg_spot_is_set(&s) || zagg_value_is(s.value, "microseconds"))
        return ZAGG_OK;
    if (zagg_value_is(s.value, "toc"))
        return zg_fail(c, &s,
                       "found 'toc', which is for the raster reader: stores of points "
                       "have no time axis; remove it");
    return zg_must(c, &s, "microseconds (or toc, with the raster reader)");
}

zagg_status zg_load_clock(const zg_cfg *c, const zg_spot *output)
{
    zagg_time_source *clock = &c->p->output.time_source;
    zg_spot block = zg_spot_get(output, "time_source");
    zg_spot windowing = zg_spot_get(output, "windowing");
    ZAGG_TRY(check_encoding(c, output));
    zagg_time_source of_windows = windowing_clock(c, &windowing);
    if (!zg_spot_is_set(&block)) {
        *clock = of_windows;
        return ZAGG_OK;
    }
    ZAGG_TRY(zg_expect_map(c, &block, "field, epoch, scale and units"));
    ZAGG_TRY(zg_only_keys(c, &block, clock_keys));
    ZAGG_TRY(read_block(c, &block, "field", clock));
    return of_windows.present ? check_agreement(c, &block, clock, &of_windows) : ZAGG_OK;
}

/* Later than the rest of the block: the columns are not known before. */
zagg_status zg_check_clock_column(const zg_cfg *c, const zg_spot *output)
{
    const zagg_time_source *clock = &c->p->output.time_source;
    zg_spot block = zg_spot_get(output, "time_source");
    if (!clock->present || zg_name_in(clock->field, c->columns, c->n_columns))
        return ZAGG_OK;
    if (zg_spot_is_set(&block)) {
        zg_spot s = zg_spot_get(&block, "field");
        return zg_must(c, &s, "a column of data_source.variables or of a level");
    }
    block = zg_spot_get(output, "windowing");
    zg_spot s = zg_spot_get(&block, "time_field");
    return zg_must(c, &s, "a column of data_source.variables");
}
