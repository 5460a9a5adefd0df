/* Polynomials that tools/point-tables works out. */
#ifndef ZG_GEO_POINT_TABLES_H
#define ZG_GEO_POINT_TABLES_H

#define ZG_POINT_TERMS 8

/** From w degrees to w p(w^2), the coefficients of p from the lowest on: w latitude and
 * |y| in the belt, w from the pole and 2 - |y| in the caps. Within 2e-15 (without
 * rounding) of the projection that sphere.h evaluates, up to 1e-6 degrees beyond the
 * transition. */
typedef struct zg_point_table {
    double transition_deg; /* geodetic latitude where the caps begin */
    double belt[ZG_POINT_TERMS], cap[ZG_POINT_TERMS];
} zg_point_table;

/** By zagg_latitude. */
extern const zg_point_table zg_point_tables[2];

#endif
