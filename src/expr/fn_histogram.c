/* np.histogram over the cells of a batch: bins that are the same for all cells are worked
 * out once. */
#include "expr/elementwise.h"
#include "expr/fn.h"
#include "expr/memory.h"
#include "stats/histogram.h"

#include <string.h>

static bool is_density(const zx_type *p)
{
    return p[3].kind == ZX_K_VALUE && p[3].i != 0;
}

/* float32 where the data or a bound is, and everything fits it. */
static zagg_dtype edges_dtype(zagg_dtype data, const zx_type *range)
{
    bool any = data == ZAGG_DT_F32, all = zg_promote(data, ZAGG_DT_F32) == ZAGG_DT_F32;
    for (size_t i = 0; range->kind == ZX_K_SEQ && i < range->n; i++) {
        const zx_type *t = &range->items[i];
        if (t->kind != ZX_K_VALUE || t->weak)
            continue;
        any |= t->dtype == ZAGG_DT_F32;
        all &= zg_promote(t->dtype, ZAGG_DT_F32) == ZAGG_DT_F32;
    }
    return any && all ? ZAGG_DT_F32 : ZAGG_DT_F64;
}

static zagg_status histogram_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                                  zx_type *out)
{
    zx_type a, edges, *items;
    int64_t n = 10;
    ZAGG_TRY(zx_array_type(c, &p[0], fn->name, &a));
    if (a.rank == 0)
        return zx_refuse(c, "histogram needs an array");
    if (p[4].kind != ZX_K_ABSENT && p[4].kind != ZX_K_NONE)
        return zx_refuse(c, "weights of a histogram are not supported");
    ZAGG_TRY(zx_want_flag(c, &p[3], "density"));
    ZAGG_TRY(zagg_arena_alloc(c->arena, 2, sizeof *items, &items, c->err));
    items[0] = zx_value_type(is_density(p) ? ZAGG_DT_F64 : ZAGG_DT_I64, 1);
    items[1] = zx_value_type(edges_dtype(a.dtype, &p[2]), 1);
    if (p[1].kind == ZX_K_SEQ || (p[1].kind == ZX_K_VALUE && p[1].rank > 0)) {
        ZAGG_TRY(zx_array_type(c, &p[1], "bins", &edges));
        if (edges.rank != 1)
            return zx_refuse(c, "bins must be a number or one list of edges");
        items[1].dtype = edges.dtype;
    } else if (p[1].kind == ZX_K_VALUE && zagg_dtype_is_float(p[1].dtype)) {
        return zx_refuse(c, "the number of bins must be a whole number");
    } else if (p[1].kind == ZX_K_VALUE && p[1].constant) {
        n = p[1].i;
    } else if (p[1].kind != ZX_K_VALUE && p[1].kind != ZX_K_ABSENT) {
        return zx_refuse(c, "bins must be a number or a list of edges");
    }
    if (n < 1)
        return zx_refuse(c, "`bins` must be positive, when an integer");
    if (p[2].kind != ZX_K_ABSENT && p[2].kind != ZX_K_NONE) {
        if (p[2].kind != ZX_K_SEQ || p[2].n != 2)
            return zx_refuse(c, "range must be two numbers (lo, hi)");
        for (int i = 0; i < 2; i++) {
            const zx_type *t = &p[2].items[i];
            if (t->kind != ZX_K_VALUE || t->rank != 0 || t->dtype == ZAGG_DT_BOOL)
                return zx_refuse(c, "range must be two numbers (lo, hi)");
        }
    }
    *out = (zx_type){.kind = ZX_K_SEQ, .n = 2, .items = items};
    return ZAGG_OK;
}

static zg_bound bound_of(const zx_type *t, const zx_val *v, size_t seg)
{
    zg_bound b = {.value = {.dtype = t->dtype}, .weak = t->weak};
    if (zagg_dtype_is_float(t->dtype))
        b.value.v.f = zx_double(v, seg);
    else
        b.value.v.i = zx_int(v, seg);
    return b;
}

typedef struct bins {
    zg_histogram *h;
    zx_val edges; /* explicit ones */
    bool listed;
} bins;

static zagg_status set_bins(zx_run *r, const zx_type *p, const zx_val *a,
                            const zx_val *data, size_t seg, bins *b)
{
    zagg_status status;
    const int64_t n = p[1].kind == ZX_K_VALUE && p[1].rank == 0 ? zx_int(&a[1], seg) : 10;
    if ((uint64_t)n > r->limit && n > 0)
        return zx_fail(r, seg, "%lld bins are too many", (long long)n);
    if (b->listed)
        status = zg_histogram_set_edges(b->h, data->dtype, b->edges.dtype,
                                        zx_at_segment(&b->edges, seg),
                                        zx_rows(&b->edges, seg), r->err);
    else if (p[2].kind == ZX_K_SEQ)
        status = zg_histogram_set_range(
            b->h, data->dtype, bound_of(&p[2].items[0], &a[2].items[0], seg),
            bound_of(&p[2].items[1], &a[2].items[1], seg), n, r->err);
    else
        status = zg_histogram_set_auto(b->h, data->dtype, zx_at_segment(data, seg),
                                       zx_rows(data, seg) * data->cols, n, r->err);
    if (status != ZAGG_OK && status != ZAGG_ENOMEM) {
        r->bad_segment = seg;
        return ZAGG_ERANGE;
    }
    return status;
}

/* Room for the counts of all segments: as many each as the first has, else one by one. */
static zagg_status counts_of(zx_run *r, const zx_type *p, const zx_val *a,
                             const zx_val *data, bins *b, zx_val *counts, zx_val *edges)
{
    size_t n = 0;
    /* Equal bounds that are whole numbers become float64: then this narrows the edges. */
    const zagg_dtype to = edges_dtype(data->dtype, &p[2]);
    zagg_dtype dtype = to;
    for (size_t s = 0; s < r->n_seg; s++) {
        ZAGG_TRY(set_bins(r, p, a, data, s, b));
        const void *own = zg_histogram_edges(b->h, &dtype);
        if (s == 0) {
            n = zg_histogram_bins(b->h);
            ZAGG_TRY(zx_new_rows(r, ZAGG_DT_I64, n, 1, 1, counts));
            if (own)
                ZAGG_TRY(zx_new_rows(r, to, n + 1, 1, 1, edges));
        } else if (zg_histogram_bins(b->h) != n) {
            return zx_fail(r, s, "another number of bins in another cell");
        }
        const zagg_status status = zg_histogram_count(
            b->h, zx_at_segment(data, s), zx_rows(data, s) * data->cols,
            (int64_t *)counts->data + s * n, r->err);
        if (status != ZAGG_OK) {
            r->bad_segment = s;
            return status == ZAGG_ENOMEM ? status : ZAGG_ERANGE;
        }
        if (own)
            zg_cast(dtype, own, to,
                    (char *)edges->data + s * (n + 1) * zagg_dtype_size(to), n + 1);
    }
    return ZAGG_OK;
}

/* Counts over the widths of the bins and their sum. */
static zagg_status densities(zx_run *r, const zx_val *counts, const zx_val *edges,
                             zx_val *out)
{
    zx_val dense;
    ZAGG_TRY(zx_new_rows(r, ZAGG_DT_F64, zx_rows(counts, 0), 1, 1, &dense));
    const size_t size = zagg_dtype_size(edges->dtype);
    for (size_t s = 0; s < r->n_seg; s++) {
        const int64_t *n = zx_at_segment(counts, s);
        const char *edge = zx_at_segment(edges, s);
        double *to = (double *)dense.data + zx_first(&dense, s);
        int64_t sum = 0;
        for (size_t i = 0; i < zx_rows(counts, s); i++)
            sum += n[i];
        for (size_t i = 0; i < zx_rows(counts, s); i++) {
            uint64_t width; /* in the type of the edges */
            double w;
            zx_kernel_binary(ZX_SUB, edges->dtype, edge + (i + 1) * size, 1,
                             edge + i * size, 1, &width, 1);
            zg_cast(edges->dtype, &width, ZAGG_DT_F64, &w, 1);
            to[i] = (double)n[i] / w / (double)sum;
        }
    }
    *out = dense;
    return ZAGG_OK;
}

static zagg_status histogram_run(const zx_fn *fn, const zx_type *p, const zx_val *a,
                                 zx_run *r, zx_val *out)
{
    zx_val data;
    bins b = {0};
    zx_val *items = zx_take(r, 2, sizeof *items);
    (void)fn;
    if (!items)
        return r->err->status;
    ZAGG_TRY(zx_as_array(r, &p[0], &a[0], &data));
    b.listed = p[1].kind == ZX_K_SEQ || (p[1].kind == ZX_K_VALUE && p[1].rank > 0);
    if (b.listed) {
        ZAGG_TRY(zx_as_array(r, &p[1], &a[1], &b.edges));
        items[1] = b.edges;
    }
    ZAGG_TRY(zx_histogram_of(r->memory, &b.h, r->err));
    ZAGG_TRY(counts_of(r, p, a, &data, &b, &items[0], &items[1]));
    if (is_density(p))
        ZAGG_TRY(densities(r, &items[0], &items[1], &items[0]));
    *out = (zx_val){.n = 2, .items = items};
    return ZAGG_OK;
}

const zx_fn ZX_HISTOGRAM[] = {
    {"histogram", "a bins range density weights", 1, false, 0, histogram_type,
     histogram_run},
    {0},
};
