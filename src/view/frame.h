/* Where the cells, or shards, of a grid lie, at their own size or summed up. */
#ifndef ZG_VIEW_FRAME_H
#define ZG_VIEW_FRAME_H

#include "grid/proj.h"
#include "view/outlines.h"
#include "zagg/grid.h"

/** A grid of units: HEALPix cells of `order`, or rows and columns of boxes. A unit's id
 * is its nested id, or row * columns + column. Coarsened by a step it is that of the
 * coarser unit: one of four. */
typedef struct zg_frame {
    zagg_grid_kind kind;
    unsigned order; /* HEALPix: of the units */
    zagg_latitude latitude;
    zg_proj *proj; /* rectilinear; owned */
    uint64_t rows, columns;
    double left, upper, width, height; /* of the grid's corner, of one unit */
} zg_frame;

void zg_frame_healpix(zg_frame *f, unsigned order, zagg_latitude latitude);
/** Units of shape[0] x shape[1] cells on a grid of resolution (x, y) and bounds (xmin,
 * ymin, xmax, ymax). ECONFIG and so on for the CRS. */
zagg_status zg_frame_boxes(zg_frame *f, const char *crs, const double resolution[2],
                           const double bounds[4], const uint64_t cells[2],
                           const uint64_t unit[2], zagg_err *err);
void zg_frame_free(zg_frame *f);

/** Units of this side, in units of the frame, per step: columns of the coarser grid. */
uint64_t zg_frame_columns(const zg_frame *f, unsigned step);
uint64_t zg_frame_coarsen(const zg_frame *f, unsigned step, uint64_t id);
/** The most steps there are. */
unsigned zg_frame_max_step(const zg_frame *f);
/** Add the outline of a unit, coarsened by `step`, as an item. */
void zg_frame_outline(const zg_frame *f, unsigned step, uint64_t id, zg_outlines *out);
/** Its name: decimal morton id, or "row R, column C" of the finest units (a coarser one:
 * "rows A-B, columns C-D"). */
void zg_frame_label(const zg_frame *f, unsigned step, uint64_t id, char out[96]);
/** Packed word of a HEALPix unit, else 0. */
uint64_t zg_frame_word(const zg_frame *f, unsigned step, uint64_t id);
/** Rough width of a unit for people, "about 2.5 km"; "" where none is known. */
void zg_frame_size(const zg_frame *f, unsigned step, char out[48]);

#endif
