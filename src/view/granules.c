/* Names and footprints of granules. */
#include "view/granules.h"

#include "cat/cat.h"

#include <stdlib.h>
#include <string.h>

zagg_status zg_granule_add(zg_scene *s, const char *id, const char *time, bool *left_out,
                           zagg_err *err)
{
    const size_t len =
        strlen(id != NULL ? id : "") + strlen(time != NULL ? time : "") + 8;
    zg_granule_text g;
    *left_out = len > s->text_left || s->granules.len >= UINT32_MAX;
    if (*left_out)
        return ZAGG_OK;
    s->text_left -= len;
    ZAGG_TRY(zg_scene_text(s, id != NULL ? id : "(no name)", &g.id, err));
    ZAGG_TRY(zg_scene_text(s, time, &g.time, err));
    return zg_vec_append(&s->granules, &g, 1)
               ? ZAGG_OK
               : zagg_err_set(err, ZAGG_ENOMEM, "no memory for granules");
}

/* ---- footprints ---- */

typedef struct named {
    const char *id;
    size_t granule;
} named;

typedef struct finder {
    zg_scene *scene;
    const zg_view_opts *opts;
    named *names; /* sorted */
    size_t n;
    zg_outlines found; /* in the order of the catalog */
    size_t *place;     /* of each granule: 1 + its item in `found`, 0: none */
    size_t n_found;
    bool full;
} finder;

static int by_id(const void *pa, const void *pb)
{
    const named *a = pa, *b = pb;
    const int c = strcmp(a->id, b->id);
    return c != 0 ? c : (a->granule > b->granule) - (a->granule < b->granule);
}

/* First granule of that name, or n. */
static size_t find(const finder *f, const char *id)
{
    size_t lo = 0, hi = f->n;
    while (id != NULL && lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (strcmp(f->names[mid].id, id) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return id != NULL && lo < f->n && strcmp(f->names[lo].id, id) == 0 ? lo : f->n;
}

static const char *name_of(const char *href)
{
    return href != NULL ? zg_href_basename(href) : NULL;
}

static zagg_status note_item(void *user, const zagg_item *item, zagg_err *err)
{
    finder *f = user;
    if (zg_is_stopped(f->opts->stop))
        return zagg_err_set(err, ZAGG_ECANCELLED, "interrupted");
    const char *const names[] = {item->id, name_of(item->s3), name_of(item->https)};
    size_t at = f->n;
    for (size_t i = 0; at == f->n && i < 3; i++)
        at = find(f, names[i]);
    if (at == f->n || item->shape.n_parts == 0 || f->place[f->names[at].granule] > 0)
        return ZAGG_OK;
    if (f->n_found == ZG_VIEW_MAX_FOOTPRINTS || f->found.x.len > ZG_VIEW_MAX_VERTICES) {
        f->full = true;
        return ZAGG_OK;
    }
    zg_outlines_shape(&f->found, &item->shape);
    f->n_found++;
    const char *id = f->names[at].id; /* the same name may stand more than once */
    for (; at < f->n && strcmp(f->names[at].id, id) == 0; at++)
        f->place[f->names[at].granule] = f->n_found;
    return f->found.failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for footprints")
                           : ZAGG_OK;
}

/* Footprints in the order of the granules; those without one have no rings. */
static zagg_status put_in_order(finder *f, zagg_err *err)
{
    zg_outlines *out = &f->scene->footprints;
    for (size_t g = 0; g < f->n; g++) {
        size_t first = 0, end = 0;
        if (f->place[g] > 0)
            zg_outlines_item(&f->found, f->place[g] - 1, &first, &end);
        for (size_t r = first; r < end; r++) {
            const double *x, *y;
            size_t n;
            zg_outlines_get(&f->found, r, &x, &y, &n);
            zg_outlines_ring(out, x, y, n);
        }
        zg_outlines_end_item(out);
    }
    ZAGG_TRY(zg_scene_check(f->scene, err));
    if (f->full)
        return zg_scene_note(
            f->scene, err, "%zu footprints are drawn; the catalog has more", f->n_found);
    return f->n_found < f->n ? zg_scene_note(f->scene, err,
                                             "of %zu granules the catalog has no "
                                             "footprint",
                                             f->n - f->n_found)
                             : ZAGG_OK;
}

static zagg_status read_catalog(finder *f, const char *path, zagg_err *err)
{
    zagg_catalog *catalog = NULL;
    const zagg_catalog_opts opts = {.log = f->opts->log};
    ZAGG_TRY(zagg_catalog_open(path, &opts, &catalog, err));
    const zagg_status status = zagg_catalog_read(catalog, note_item, f, err);
    zagg_catalog_close(catalog);
    ZAGG_TRY(status);
    return put_in_order(f, err);
}

zagg_status zg_granule_footprints(zg_scene *s, const char *catalog,
                                  const zg_view_opts *opts, zagg_err *err)
{
    finder f = {.scene = s, .opts = opts, .n = s->granules.len};
    zagg_status status = ZAGG_ENOMEM;
    zg_outlines_init(&f.found);
    f.names = zg_alloc(f.n + 1, sizeof *f.names);
    f.place = zg_alloc(f.n + 1, sizeof *f.place);
    if (f.names == NULL || f.place == NULL) {
        (void)zagg_err_set(err, ZAGG_ENOMEM, "no memory for footprints");
    } else {
        for (size_t i = 0; i < f.n; i++)
            f.names[i] = (named){ZG_VEC_AT(&s->granules, zg_granule_text, i)->id, i};
        qsort(f.names, f.n, sizeof *f.names, by_id);
        status = read_catalog(&f, catalog, err);
    }
    zg_outlines_free(&f.found);
    zg_free(f.names);
    zg_free(f.place);
    return status;
}
