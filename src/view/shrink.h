/* Rings of the map on a lattice of whole numbers, with no more vertices than can be seen.
 */
#ifndef ZG_VIEW_SHRINK_H
#define ZG_VIEW_SHRINK_H

#include "view/scene.h"

typedef struct zg_lattice {
    double x0, y0, unit; /* a place is (x - x0) / unit */
    zg_vec x, y;         /* int64_t: of the ring at hand */
    zg_vec keep, stack;
} zg_lattice;

typedef struct zg_lattice_ring {
    const int64_t *x, *y;
    size_t n;
} zg_lattice_ring;

/** Fine enough for the whole and for single items of ordinary size, with numbers as short
 * as that allows. */
void zg_lattice_choose(zg_lattice *l, const zg_scene *scene);
void zg_lattice_free(zg_lattice *l);
/** Ring r on the lattice; valid until the next call. Vertices closer than a unit to the
 * line of the others are left out (Douglas and Peucker 1973). NOMEM. */
zagg_status zg_lattice_take(zg_lattice *l, const zg_outlines *o, size_t r,
                            zg_lattice_ring *out, zagg_err *err);

#endif
