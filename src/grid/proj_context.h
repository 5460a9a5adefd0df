/* PROJ, kept from printing, from the network, and from every file but its database. */
#ifndef ZG_GRID_PROJ_CONTEXT_H
#define ZG_GRID_PROJ_CONTEXT_H

#include "grid/proj_library.h"

#include <stdbool.h>

typedef struct zg_proj_context {
    PJ_CONTEXT *ctx;
    bool database;    /* may PROJ look for proj.db? */
    char reason[256]; /* PROJ's last complaint, one line */
} zg_proj_context;

/** Fill `c`, which must stay where it is until the end. False without memory. */
bool zg_proj_context_init(zg_proj_context *c, bool database);
void zg_proj_context_end(zg_proj_context *c);

/** True where PROJ finds its database. */
bool zg_proj_context_has_database(zg_proj_context *c);

/** The CRS that counts for x and y: the first part of a compound one, what a datum shift
 * is bound to. Takes `crs` (NULL is fine) and gives it or another in its place. */
PJ *zg_proj_horizontal(PJ_CONTEXT *ctx, PJ *crs);

#endif
