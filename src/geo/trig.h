/* Elementary functions of the grids: the same bits on every CPU and libm, within 0.51
 * ulp. */
#ifndef ZG_GEO_TRIG_H
#define ZG_GEO_TRIG_H

/** NaN unless |x| < 1e5 rad. */
double zg_sin(double x);
double zg_cos(double x);
/** NaN unless |x| <= 1. */
double zg_asin(double x);
double zg_acos(double x);
/** Angle of (x, y) in [-pi, pi], signs of zero as in C; NaN for non-finite arguments. */
double zg_atan2(double y, double x);

#endif
