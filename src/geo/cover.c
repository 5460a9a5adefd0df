/* Covers of polygons: down the tree of cells from the twelve base cells. A cell that no
 * edge meets is inside or outside as a whole; others are split. Whether it is inside
 * follows from its parent by counting the edges between their probes. */
#include "zagg/cover.h"

#include "geo/descent.h"

#include <inttypes.h>
#include <stdlib.h>

#define DEFAULT_MAX_CELLS ((size_t)1 << 26)

typedef struct cover {
    zg_descent d;
    zg_vec words; /* of any order, ascending */
} cover;

static zagg_status keep(cover *c, uint64_t nested, unsigned order, zagg_err *err)
{
    uint64_t *word = zg_vec_push(&c->words);
    if (word == NULL)
        return c->words.len >= c->words.max_len
                   ? zagg_err_set(
                         err, ZAGG_ERANGE,
                         "the polygon has more than %zu cells at order %u: take a "
                         "coarser order",
                         c->words.max_len, c->d.order)
                   : zagg_err_set(err, ZAGG_ENOMEM,
                                  "no memory for the cells of a polygon");
    *word = zagg_word_from_nested(nested, order);
    return ZAGG_OK;
}

/* One cell and all below it; at most 30 deep. */
static zagg_status visit(cover *c, const zg_cell_shape *cell, bool inside,
                         zg_near_edges edges, zagg_err *err)
{
    zg_cell_shape children[4];
    if (!zg_descent_on_boundary(&c->d, cell, edges))
        return inside ? keep(c, cell->nested, cell->order, err) : ZAGG_OK;
    if (cell->order == c->d.order)
        return keep(c, cell->nested, cell->order, err);
    zg_cell_shape_split(cell, children);
    for (unsigned k = 0; k < 4; k++) {
        zg_near_edges below;
        ZAGG_TRY(zg_descent_near(&c->d, edges, &children[k], &below, err));
        bool child_inside =
            inside ^ zg_descent_apart(&c->d, edges, cell->probe, children[k].probe);
        ZAGG_TRY(visit(c, &children[k], child_inside, below, err));
        c->d.near.len = below.first;
    }
    return ZAGG_OK;
}

static zagg_status descend(cover *c, zagg_err *err)
{
    zg_near_edges all;
    ZAGG_TRY(zg_descent_all(&c->d, &all, err));
    for (uint64_t base = 0; base < 12 && all.n > 0; base++) {
        zg_cell_shape shape;
        zg_near_edges edges;
        zg_cell_shape_of(base, 0, &shape);
        ZAGG_TRY(zg_descent_near(&c->d, all, &shape, &edges, err));
        ZAGG_TRY(
            visit(c, &shape, zg_polygon_holds(c->d.polygon, shape.probe), edges, err));
        c->d.near.len = all.n;
    }
    return ZAGG_OK;
}

zagg_status zagg_cover_polygon(const zagg_ring *rings, size_t n_rings, unsigned order,
                               const zagg_cover_opts *opts, zagg_words *out,
                               zagg_err *err)
{
    static const zagg_cover_opts DEFAULTS = ZAGG_COVER_OPTS_INIT;
    const zagg_cover_opts *o = opts != NULL ? opts : &DEFAULTS;
    const size_t max_cells = o->max_cells != 0 ? o->max_cells : DEFAULT_MAX_CELLS;
    zg_polygon polygon;
    if (order < 1 || order > ZAGG_GEO_MAX_ORDER)
        return zagg_err_set(err, ZAGG_EARG, "Order must be between 1 and %d",
                            ZAGG_GEO_MAX_ORDER);
    ZAGG_TRY(zg_polygon_new(rings, n_rings, order, o, &polygon, err));
    cover c;
    zg_descent_init(&c.d, &polygon, order);
    zg_vec_init(&c.words, sizeof(uint64_t), max_cells);
    zagg_status status = descend(&c, err);
    if (status == ZAGG_OK)
        status = o->flat ? zagg_moc_to_order(c.words.data, c.words.len, order, max_cells,
                                             out, err)
                         : zagg_moc_compress(c.words.data, c.words.len, out, err);
    zg_vec_free(&c.words);
    zg_descent_free(&c.d);
    zg_polygon_free(&polygon);
    return status;
}
