/* What is drawn: coloured items, the granules behind them, outlines beside them. */
#ifndef ZG_VIEW_SCENE_H
#define ZG_VIEW_SCENE_H

#include "view/view.h"
#include "zagg/arena.h"

/** A shape with a colour: a shard, a cell, several of these summed up, or a granule. */
typedef struct zg_item {
    const char *label; /* decimal morton id, row and column, or name of a granule */
    uint64_t key;      /* of a shard map or the word of a cell; 0: none */
    double value;      /* NaN: has no colour */
    uint64_t parts;    /* 1, or how many it sums up */
    double low, high;  /* values of those */
    uint64_t count;    /* stores: observations, or UINT64_MAX */
    const char *time;  /* granules: when it begins, or NULL */
    size_t first_member, n_members;
} zg_item;

typedef struct zg_granule_text {
    const char *id;
    const char *time; /* when it begins; NULL: not known */
} zg_granule_text;

typedef struct zg_fact {
    const char *name, *text;
} zg_fact;

typedef enum zg_value_kind {
    ZG_VALUE_NUMBER = 0,
    ZG_VALUE_COUNT, /* whole numbers of things: from the least one on, no outliers */
    ZG_VALUE_DATE   /* days since 1970 */
} zg_value_kind;

/** From values to colours: a place on the ramp, 0 to 1. */
typedef struct zg_scale {
    bool any; /* some item has a value */
    bool log;
    double low, high;          /* ends of the ramp */
    bool cut_below, cut_above; /* values lie beyond them */
} zg_scale;

struct zg_scene {
    zagg_arena *arena; /* texts */
    const char *kind;  /* "shard map", "catalog", "store" */
    const char *title;
    const char *item_name;  /* "shard", "cell", "granule" */
    const char *value_name; /* "granules" */
    zg_value_kind value_kind;
    bool see_through; /* items lie over each other */
    zg_vec facts;     /* zg_fact */
    zg_vec notes;     /* const char *: what was left out or summed up */
    zg_vec items;     /* zg_item */
    zg_vec members;   /* uint32_t: granules of items */
    zg_vec granules;  /* zg_granule_text */
    size_t text_left; /* of ZG_VIEW_MAX_TEXT */
    /* On the ground until zg_scene_finish, then on the map. */
    zg_outlines shapes;     /* one for each item */
    zg_outlines footprints; /* one for each granule, or none at all */
    zg_outlines aoi;        /* at most one item */
    zg_outlines land;       /* below all else; none on maps of small areas */
    zg_projection projection;
    zg_scale scale;
    double west, south, east, north; /* of all that is drawn, on the map */
};

zagg_status zg_scene_new(const char *kind, zg_scene **out, zagg_err *err);
/** Copy of a text in the scene's arena; NULL gives NULL. Bytes that are not UTF-8 and
 * control characters are for the writers to care about. */
zagg_status zg_scene_text(zg_scene *s, const char *text, const char **out, zagg_err *err);
zagg_status zg_scene_fact(zg_scene *s, zagg_err *err, const char *name, const char *fmt,
                          ...) ZAGG_PRINTF(4, 5);
zagg_status zg_scene_note(zg_scene *s, zagg_err *err, const char *fmt, ...)
    ZAGG_PRINTF(3, 4);
/** A new item with one part and nothing known; NULL where there is no memory. */
zg_item *zg_scene_item(zg_scene *s);
/** NOMEM where an earlier call found none. */
zagg_status zg_scene_check(const zg_scene *s, zagg_err *err);
/** Choose projection and scale and turn all outlines into those of the map. */
zagg_status zg_scene_finish(zg_scene *s, const zg_view_opts *opts, zagg_err *err);

/** Ends of the ramp for the values of the items. O(n log n). */
zagg_status zg_scale_choose(const zg_scene *s, zg_scale *out, zagg_err *err);
/** Place on the ramp, 0 to 1; -1 for what has none. */
double zg_scale_place(const zg_scale *scale, double value);

/* The ramp: evenly rising lightness from violet over teal to yellow, which those who
 * cannot tell red from green see rise as well. Made in Oklab (Ottosson 2020): lightness
 * 0.27 to 0.93, hue 292 to 105 degrees. */
#define ZG_RAMP_STOPS 9
extern const uint8_t zg_ramp[ZG_RAMP_STOPS][3];
/** Colour at t, 0 to 1. */
void zg_ramp_colour(double t, uint8_t rgb[3]);

/** A number for people: whole numbers as they are, else six digits; a date as one. */
void zg_value_text_of(zg_value_kind kind, double value, char out[40]);

#endif
