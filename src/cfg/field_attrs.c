/* attrs of a field: attributes of its array. Some are zagg's to write, and a block
 * `composition` must describe the words that the field holds. */
#include "cfg/cfg.h"

#include <string.h>

#define MAX_DEPTH 32

static const char *const owned[] = {"ragged", "temporal", "located", "times"};
static const char *const lanes[] = {"land",         "ocean", "sea_ice", "land_ice",
                                    "inland_water", "low",   "med",     "high"};
#define N_LANES (sizeof lanes / sizeof lanes[0])
#define COMPOSITION "zagg-composition/1"

/* Attributes are stored as JSON, which has no dates. */
static zagg_status check_json(const zg_cfg *c, const zg_spot *s, int depth)
{
    if (depth > MAX_DEPTH)
        return zg_fail(c, s, "nested deeper than %d levels", MAX_DEPTH);
    if (s->value->kind == ZAGG_DATE)
        return zg_fail(c, s, "found a date; quote it, as attributes are stored as JSON");
    for (size_t i = 0; i < zg_spot_count(s); i++) {
        zg_spot at = zg_spot_is_map(s) ? zg_spot_member(s, i) : zg_spot_item(s, i);
        ZAGG_TRY(check_json(c, &at, depth + 1));
    }
    return ZAGG_OK;
}

static bool are_lanes(const zagg_value *v)
{
    if (v->kind != ZAGG_LIST || v->n != N_LANES)
        return false;
    for (size_t i = 0; i < N_LANES; i++)
        if (!zagg_value_is(v->items[i], lanes[i]))
            return false;
    return true;
}

static zagg_status check_of(const zg_cfg *c, const zg_spot *of, const zagg_field *f)
{
    zg_spot root = zg_spot_root(c->p->root);
    zg_spot aggregation = zg_spot_get(&root, "aggregation");
    zg_spot fields = zg_spot_get(&aggregation, "variables");
    const char *name = NULL;
    ZAGG_TRY(zg_read_text(c, of, &name));
    zg_spot target = zg_spot_get(&fields, name);
    if (strcmp(name, f->name) == 0 || target.value == NULL ||
        !zagg_value_is(zagg_value_get(target.value, "kind"), "ragged"))
        return zg_must(c, of,
                       "another field of kind ragged: the digest whose weight the lanes "
                       "are shares of");
    return ZAGG_OK;
}

/* A reader divides by the weight of `of` and takes the lanes for cut at `threshold`. */
static zagg_status check_composition(const zg_cfg *c, const zg_spot *entry,
                                     const zg_spot *block, const zagg_field *f)
{
    zg_spot spec = zg_spot_get(block, "spec");
    zg_spot order = zg_spot_get(block, "lanes");
    zg_spot of = zg_spot_get(block, "of");
    zg_spot threshold = zg_spot_get(block, "threshold");
    zg_spot fill = zg_spot_get(entry, "fill_value");
    zg_spot params = zg_spot_get(entry, "params");
    zg_spot packed = zg_spot_get(&params, "threshold");
    static const zagg_value zero = {.kind = ZAGG_INT};
    if (zg_spot_is_set(&spec) && !zagg_value_is(spec.value, COMPOSITION))
        return zg_must(c, &spec, "%s (zagg writes it; it may be left out)", COMPOSITION);
    if (zg_spot_is_set(&order) && !are_lanes(order.value))
        return zg_must(c, &order,
                       "[land, ocean, sea_ice, land_ice, inland_water, low, med, high] "
                       "(zagg writes them; they may be left out)");
    if (fill.value == NULL || !zagg_value_equal(fill.value, &zero))
        return zg_must(c, &fill, "0, as a lane above 0 means that there is such a row");
    if (zg_spot_is_set(&of))
        ZAGG_TRY(check_of(c, &of, f));
    if (zg_spot_is_set(&threshold) && zg_spot_is_set(&packed) &&
        !zagg_value_equal(threshold.value, packed.value))
        return zg_fail(c, &threshold,
                       "differs from params.threshold, which the words are packed at");
    return ZAGG_OK;
}

zagg_status zg_load_field_attrs(const zg_cfg *c, const zg_spot *entry, zagg_field *f)
{
    zg_spot attrs = zg_spot_get(entry, "attrs");
    zg_spot gain = zg_spot_get(&attrs, "gain");
    zg_spot composition = zg_spot_get(&attrs, "composition");
    if (!zg_spot_is_set(&attrs))
        return ZAGG_OK;
    ZAGG_TRY(zg_expect_map(c, &attrs, "attribute name to value"));
    for (size_t i = 0; i < attrs.value->n; i++) {
        zg_spot s = zg_spot_member(&attrs, i);
        const char *name = NULL;
        ZAGG_TRY(zg_read_key(c, &s, &name));
        if (zg_name_in(name, owned, sizeof owned / sizeof owned[0]))
            return zg_fail(c, &s, "this attribute is written by zagg itself; remove it");
        if (f->kind == ZAGG_FIELD_RAGGED && strcmp(name, "weights") == 0)
            return zg_fail(c, &s,
                           "this attribute is written by zagg itself; write weights as a "
                           "key of the field");
    }
    ZAGG_TRY(check_json(c, &attrs, 0));
    f->attrs = attrs.value;
    if (zg_spot_is_map(&gain))
        f->gain = gain.value;
    if (!zg_spot_is_map(&composition))
        return ZAGG_OK;
    f->composition = composition.value;
    return check_composition(c, entry, &composition, f);
}
