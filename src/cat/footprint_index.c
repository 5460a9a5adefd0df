/* Items with the cells of their footprints (catalog.md 1.3). */
#include "cat/footprint_index.h"

#include <math.h>
#include <string.h>

static zagg_status add_ring(const zagg_ring *r, zg_vec *rings, zagg_err *err)
{
    enum { LEAST = 3 };
    for (size_t i = 0; i < r->n; i++)
        if (!isfinite(r->lat_deg[i]) || !isfinite(r->lon_deg[i]) ||
            fabs(r->lat_deg[i]) > 90.0)
            return zagg_err_set(err, ZAGG_EFORMAT,
                                "a vertex at longitude %g, latitude %g has no cell",
                                r->lon_deg[i], r->lat_deg[i]);
    if (r->n < LEAST || zg_vec_append(rings, r, 1))
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a footprint");
}

static zagg_status cover(const zagg_shape *shape, unsigned order, zagg_words *out,
                         zagg_err *err)
{
    zg_vec rings;
    zagg_status status = ZAGG_OK;
    zg_vec_init(&rings, sizeof(zagg_ring), 0);
    for (size_t i = 0; i < shape->n_parts && status == ZAGG_OK; i++)
        for (size_t k = 0; shape->parts[i].kind == ZAGG_SHAPE_POLYGON &&
                           k < shape->parts[i].n_rings && status == ZAGG_OK;
             k++)
            status = add_ring(&shape->parts[i].rings[k], &rings, err);
    *out = (zagg_words){NULL, 0};
    if (status == ZAGG_OK && rings.len > 0)
        status = zagg_cover_polygon(rings.data, rings.len, order, NULL, out, err);
    zg_vec_free(&rings);
    return status;
}

static const zagg_value *words_value(zg_maker *m, const zagg_words *words, zagg_err *err)
{
    const zagg_value **list = NULL;
    if (m->status == ZAGG_OK)
        m->status = zg_tree_alloc(&m->tree, words->n, sizeof *list, &list, err);
    if (m->status != ZAGG_OK)
        return zg_make_null(m);
    for (size_t i = 0; i < words->n; i++)
        list[i] = zg_make_u64(m, words->words[i]);
    return zg_make_list(m, list, words->n);
}

/* `of` with one member more, or with another value of it. */
static const zagg_value *with_member(zg_maker *m, const zagg_value *of, const char *key,
                                     const zagg_value *value)
{
    zg_object o;
    bool there = false;
    zg_object_begin(&o, m);
    for (size_t i = 0; of != NULL && of->kind == ZAGG_MAP && i < of->n; i++) {
        const bool is = zagg_value_is(of->members[i].key, key);
        there = there || is;
        zg_object_put(&o, of->members[i].key->str, is ? value : of->members[i].value);
    }
    if (!there)
        zg_object_put(&o, key, value);
    return zg_object_end(&o);
}

zagg_status zg_index_item(zg_maker *m, const zagg_item *item, unsigned order,
                          const zagg_value **out, zagg_err *err)
{
    zagg_words words;
    if (order < 1 || order > ZG_INDEX_MAX_ORDER)
        return zagg_err_set(err, ZAGG_EARG, "the order of an index must be 1 to %d",
                            ZG_INDEX_MAX_ORDER);
    const zagg_status status = cover(&item->shape, order, &words, err);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "footprint of %.100s",
                                item->id != NULL ? item->id : "an item");
    const zagg_value *cells = words_value(m, &words, err);
    zagg_words_free(&words);
    const zagg_value *properties = zagg_value_get(item->whole, "properties");
    *out = with_member(m, item->whole, "properties",
                       with_member(m, properties, "footprint_cells", cells));
    return m->status;
}

const zagg_value *zg_index_meta(zg_maker *m, const zagg_value *meta, unsigned order)
{
    return with_member(m, meta, "footprint_cells_order", zg_make_u64(m, order));
}
