/* Shard maps, catalogs and stores as something to look at: a web page of one file, or a
 * picture. A scene is gathered from either, and drawn in either way. */
#ifndef ZG_VIEW_VIEW_H
#define ZG_VIEW_VIEW_H

#include "view/projection.h"
#include "zagg/shardmap.h"
#include "zagg/store.h"

#include <stdio.h>

/* What a page may hold. More is summed up, or left out, and the page says so. */
#define ZG_VIEW_MAX_ITEMS ((size_t)20000)      /* coloured shapes */
#define ZG_VIEW_MAX_FOOTPRINTS ((size_t)4000)  /* of granules */
#define ZG_VIEW_MAX_PAIRS ((size_t)200000)     /* shard and granule */
#define ZG_VIEW_MAX_TEXT ((size_t)4 << 20)     /* bytes of names of granules */
#define ZG_VIEW_MAX_VERTICES ((size_t)1 << 20) /* of footprints */

typedef struct zg_view_opts {
    const char *title;     /* NULL: the name of what is shown */
    const char *field;     /* stores: NAME or NAME[K], or "count"; catalogs: "date" or
                              "count"; NULL: what suits */
    const char *group;     /* stores with several groups of cells */
    const char *catalog;   /* shard maps: file with the footprints of the granules */
    const zagg_shape *aoi; /* outline to draw; NULL: none */
    zg_view_projection projection;
    const volatile int *stop; /* not 0: end with CANCELLED; may be NULL */
    zagg_log *log;
} zg_view_opts;

typedef struct zg_scene zg_scene;

/** Gather a scene; free it with zg_scene_free. Texts of options are borrowed until then.
 * ARG for a field or group that is not there, ECONFIG for a map without a usable grid,
 * errors of reading else. Memory: that of a page, and a reader's. */
zagg_status zg_view_shardmap(const zagg_shardmap *map, const zg_view_opts *opts,
                             zg_scene **out, zagg_err *err);
zagg_status zg_view_catalog(const char *path, const zg_view_opts *opts, zg_scene **out,
                            zagg_err *err);
zagg_status zg_view_store(const zagg_store *store, const zg_view_opts *opts,
                          zg_scene **out, zagg_err *err);
/** NULL is fine. */
void zg_scene_free(zg_scene *scene);
/** How many shapes are coloured, and by what; for a line to the user. */
size_t zg_scene_n_items(const zg_scene *scene);
const char *zg_scene_value_name(const zg_scene *scene);

/** Write the page: one HTML file that asks for nothing else. The same bytes for the same
 * scene. NOMEM, EIO. */
zagg_status zg_view_html(const zg_scene *scene, FILE *file, zagg_err *err);
/** Write a picture (PNG, 1200 x 900), the same bytes for the same scene and libpng. */
zagg_status zg_view_png(const zg_scene *scene, FILE *file, zagg_err *err);

#endif
