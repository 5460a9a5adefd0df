/* zagg-synth: what its files share. Same options and seed give the same photons on every
 * machine: own random numbers, own cosine, and only operations that IEEE 754 fixes. */
#ifndef ZG_SYNTH_H
#define ZG_SYNTH_H

#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZG_SYNTH_MAX_BEAMS 6

typedef enum zg_synth_product { ZG_SYNTH_ATL03, ZG_SYNTH_ATL06 } zg_synth_product;
typedef enum zg_synth_layout { ZG_SYNTH_V006, ZG_SYNTH_V007 } zg_synth_layout;

typedef struct zg_synth_options {
    const char *out_dir;
    zg_synth_product product;
    zg_synth_layout layout;
    uint64_t granules, photons, per_segment, seed, chunk, gzip;
    uint64_t beams, empty_beams, missing_beams;
    double lat_deg, lon_deg, spread_m;
    bool quiet, shuffle_all;
} zg_synth_options;

/* What the parser found: go on, text was printed (exit 0), or wrong use (exit 2). */
typedef enum zg_synth_parsed {
    ZG_SYNTH_GO,
    ZG_SYNTH_SHOWN,
    ZG_SYNTH_WRONG
} zg_synth_parsed;

/** Fill `o` from the command line; prints help or one line about what is wrong. */
zg_synth_parsed zg_synth_parse(int argc, char **argv, zg_synth_options *o);

/* ---- random numbers: one stream per beam, independent of how many others there are ----
 */
typedef struct zg_synth_rng {
    uint64_t state;
} zg_synth_rng;

zg_synth_rng zg_synth_rng_make(uint64_t seed, uint64_t granule, uint64_t stream);
uint64_t zg_synth_bits(zg_synth_rng *rng);
/** [0, 1) */
double zg_synth_uniform(zg_synth_rng *rng);
/** [low, high], both possible */
int64_t zg_synth_between(zg_synth_rng *rng, int64_t low, int64_t high);
/** Mean 0, standard deviation 1, bounded by 3.5 */
double zg_synth_normal(zg_synth_rng *rng);

/* ---- landscape, metres east and north of the place asked for ---- */
typedef struct zg_synth_ground {
    double height_m;
    double canopy_m; /* height of the trees; 0 on water, rock and ice */
    bool water;
} zg_synth_ground;

zg_synth_ground zg_synth_terrain(uint64_t seed, double east_m, double north_m);

/* ---- one beam's 20 m segments ---- */
typedef struct zg_synth_track {
    size_t n;
    double *lat_deg, *lon_deg, *east_m, *north_m;
} zg_synth_track;

/** Half the length of a track of `segments`, in degrees of latitude. */
double zg_synth_half_span_deg(uint64_t segments);
/** Segments crossing the place at azimuth +-8 degrees, `cross_m` beside it. */
zagg_status zg_synth_track_make(const zg_synth_options *o, size_t segments,
                                bool ascending, double cross_m, zg_synth_track *out,
                                zagg_err *err);
/** Back into [-180, 180] from at most one turn outside. */
double zg_synth_wrap_lon_deg(double lon);
void zg_synth_track_free(zg_synth_track *t);

/* ---- one beam's columns ---- */
typedef struct zg_synth_beam {
    zg_synth_track track;
    size_t photons;
    double start_s; /* delta_time of the first segment */
    /* one value per segment */
    int32_t *count;
    int64_t *first; /* 1-based photon index, 0 where count is 0 */
    int32_t *segment_id;
    float *dem_m;
    double *segment_time_s;
    /* one value per photon; conf has five */
    double *lat_deg, *lon_deg, *time_s;
    float *height_m;
    int8_t *conf, *quality;
} zg_synth_beam;

typedef struct zg_synth_beam_spec {
    uint64_t granule;
    size_t index; /* 0 is gt1l */
    bool ascending, empty;
    double cross_m;
} zg_synth_beam_spec;

uint64_t zg_synth_segments(const zg_synth_options *o);
zagg_status zg_synth_beam_make(const zg_synth_options *o, const zg_synth_beam_spec *spec,
                               zg_synth_beam *out, zagg_err *err);
void zg_synth_beam_free(zg_synth_beam *b);

/* ---- HDF5 output ---- */
typedef struct zg_synth_file zg_synth_file;

typedef enum zg_synth_type {
    ZG_SYNTH_I8,
    ZG_SYNTH_I32,
    ZG_SYNTH_I64,
    ZG_SYNTH_F32,
    ZG_SYNTH_F64
} zg_synth_type;

typedef struct zg_synth_column {
    const char *path; /* parents are made as needed */
    zg_synth_type type;
    size_t rows, columns; /* columns 0: one-dimensional */
    const void *data;
} zg_synth_column;

/** Errors of the file functions name the file and, where there is one, the dataset. */
zagg_status zg_synth_file_create(const char *path, const zg_synth_options *o,
                                 zg_synth_file **out, zagg_err *err);
zagg_status zg_synth_file_text(zg_synth_file *f, const char *attribute, const char *value,
                               zagg_err *err);
/** Chunked with deflate, shuffled where the elements are integers, as the archive does,
 * or everywhere where the options say so. */
zagg_status zg_synth_file_column(zg_synth_file *f, const zg_synth_column *c,
                                 zagg_err *err);
/** Close; `*f` is gone whatever the result. */
zagg_status zg_synth_file_close(zg_synth_file *f, zagg_err *err);

/** Write one granule below o->out_dir; its path goes to `path`, its size to *bytes. */
zagg_status zg_synth_granule_write(const zg_synth_options *o, uint64_t granule,
                                   char *path, size_t path_size, uint64_t *bytes,
                                   zagg_err *err);

#endif
