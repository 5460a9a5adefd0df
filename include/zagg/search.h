/* Catalogs from servers: item searches of STAC, and CMR's own list of granules.
 * docs/catalog.md. */
#ifndef ZAGG_SEARCH_H
#define ZAGG_SEARCH_H

#include "zagg/log.h"
#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum zagg_search_source {
    ZAGG_SEARCH_CMR_STAC = 0, /* GET ROOT/PROVIDER/search; assets get stable names */
    ZAGG_SEARCH_STAC,         /* POST ROOT/search; assets keep their names */
    ZAGG_SEARCH_CMR           /* GET ROOT/search/granules.json, made into items */
} zagg_search_source;

/** What is looked for. Texts must outlive the call. */
typedef struct zagg_search_query {
    zagg_search_source source;
    const char *root; /* NULL: NASA's; of ZAGG_SEARCH_STAC it is needed */
    /* ---- CMR ---- */
    const char *short_name, *version; /* "ATL03", "007" (NULL: that) */
    const char *provider;             /* NULL: NSIDC_CPRD */
    bool preserve_thumbnails;
    /* ---- STAC ---- */
    const char *const *collections;
    size_t n_collections;
    const char *const
        *assets; /* keep these; items that lack one are left out. NULL: all */
    size_t n_assets;
    const char *time_key; /* property that names the acquisition; may be NULL */
    bool has_max_cloud_cover;
    double max_cloud_cover;
    /* ---- both ---- */
    const char *start_date, *end_date; /* YYYY-MM-DD, both inclusive */
    double bbox[4]; /* W, S, E, N; W > E is asked for as two boxes, one after the other */
} zagg_search_query;

typedef struct zagg_search_progress {
    uint64_t pages, items;
    uint64_t total; /* as the server says; 0: it does not */
} zagg_search_progress;

typedef struct zagg_search_opts {
    bool restart;          /* do not go on where an earlier fetch of this query stopped */
    size_t max_page_bytes; /* 0: 256 MiB */
    unsigned page_items;   /* asked for; 0: 2000, of ZAGG_SEARCH_STAC 250 */
    double backoff_s;      /* before the second attempt, then twice that; 0: 2 s */
    /** After each page, on the caller's thread. May be NULL. */
    void (*progress)(void *user, const zagg_search_progress *so_far);
    void *user;
    const volatile int *stop;
    zagg_log *log;
} zagg_search_opts;

typedef struct zagg_search_result {
    uint64_t pages, items;
    uint64_t resumed;    /* items of these that an earlier fetch had got */
    uint64_t duplicates; /* items that came twice, and were left out */
    uint64_t skipped;    /* items without the assets that were asked for */
} zagg_search_result;

/** Fetch all items into the catalog `path`, whose form its name says. Each page is kept
 * in PATH.partial as it comes, and where to go on in PATH.partial.json: after a failure
 * or a stop the same call goes on there. Both are gone when the catalog is there.
 *
 * A page that is no JSON object, and the statuses of docs/remote.md, are asked for again
 * (four attempts). Errors: HTTP, IO, AUTH, NOTFOUND (no items at all), FORMAT (pages that
 * cannot be understood, links that go in a circle), RANGE (a page beyond max_page_bytes),
 * UNSUPPORTED (no libcurl), CANCELLED, ARG. Memory: one page, 8 bytes an item. */
ZAGG_API zagg_status zagg_search(const zagg_search_query *query,
                                 const zagg_search_opts *opts, const char *path,
                                 zagg_search_result *out, zagg_err *err);

/** First and last day of an ICESat-2 repeat cycle (1-based), as upstream takes them: the
 * last is the first of the next cycle. RANGE for cycles that are no number from 1 to 999.
 */
ZAGG_API zagg_status zagg_cycle_dates(long cycle, char start[16], char end[16],
                                      zagg_err *err);

#ifdef __cplusplus
}
#endif
#endif
