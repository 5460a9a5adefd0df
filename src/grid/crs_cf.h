/* A coordinate reference system as the CF conventions describe it. */
#ifndef ZG_GRID_CRS_CF_H
#define ZG_GRID_CRS_CF_H

#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>

#define ZG_CRS_CF_MAX 20

/** An attribute of a grid mapping variable: text, or one or two numbers. */
typedef struct zg_crs_cf_attr {
    const char *name; /* static */
    char *text;       /* heap; NULL: numbers */
    double values[2];
    unsigned n_values;
} zg_crs_cf_attr;

typedef struct zg_crs_cf {
    char *wkt;              /* heap, WKT2:2019 on one line */
    const char *mapping;    /* grid_mapping_name; NULL where CF has none for the method */
    bool geographic;        /* the axes are degrees */
    double metres_per_unit; /* of the axes, unless geographic */
    zg_crs_cf_attr attrs[ZG_CRS_CF_MAX];
    size_t n_attrs;
} zg_crs_cf;

/** Describe a CRS text that zg_proj_new takes; errors as there. The common systems need
 * no database. Cleared by zg_crs_cf_clear. */
zagg_status zg_crs_cf_of(const char *crs, zg_crs_cf *out, zagg_err *err);
void zg_crs_cf_clear(zg_crs_cf *cf);

#endif
