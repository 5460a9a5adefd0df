/* What `zagg catalog` and `zagg catalog fetch` are told about a search, and doing it. */
#ifndef ZG_CLI_FETCH_ARGS_H
#define ZG_CLI_FETCH_ARGS_H

#include "cli/cmd_shardmap.h"
#include "cli/progress.h"
#include "zagg/search.h"

enum {
    FETCH_SHORT_NAME = 512,
    FETCH_VERSION,
    FETCH_PROVIDER,
    FETCH_START,
    FETCH_END,
    FETCH_CYCLE,
    FETCH_POLYGON,
    FETCH_BBOX,
    FETCH_THUMBNAILS,
    FETCH_SOURCE,
    FETCH_ROOT,
    FETCH_COLLECTION,
    FETCH_ASSET,
    FETCH_TIME_KEY,
    FETCH_CLOUD,
    FETCH_RESTART,
    FETCH_DRY_RUN
};

/** Rows of an option table, for both commands. */
#define FETCH_OPTIONS                                                                    \
    {FETCH_SHORT_NAME, "short-name", "NAME", "product, as CMR knows it: ATL03"},         \
        {FETCH_VERSION, "version", "V", "of the product (default 007)"},                 \
        {FETCH_PROVIDER, "provider", "NAME", "who has it (default NSIDC_CPRD)"},         \
        {FETCH_START, "start-date", "DAY", "first day, YYYY-MM-DD"},                     \
        {FETCH_END, "end-date", "DAY", "last day, YYYY-MM-DD"},                          \
        {FETCH_CYCLE, "cycle", "N",                                                      \
         "instead: a repeat cycle of ICESat-2, 91 days from\n2018-10-13 on"},            \
        {FETCH_POLYGON, "polygon", "FILE",                                               \
         "GeoJSON: the box around its polygons is searched; goes\nbefore --bbox"},       \
        {FETCH_BBOX, "bbox", "W,S,E,N",                                                  \
         "box in degrees; W > E crosses the antimeridian"},                              \
        {FETCH_THUMBNAILS, "preserve-thumbnails", NULL, "keep the pictures of items"},   \
        {FETCH_SOURCE, "source", "KIND",                                                 \
         "cmr-stac (default); cmr, its list of granules, where its\nSTAC does not "      \
         "answer; stac, any other STAC API"},                                            \
        {FETCH_ROOT, "root", "URL", "of the API (default: NASA's); stac needs it"},      \
        {FETCH_COLLECTION, "collection", "ID", "stac: search it; may be given again"},   \
        {FETCH_ASSET, "asset", "NAME",                                                   \
         "stac: keep these only, and items that have all of them;\nmay be given again"}, \
        {FETCH_TIME_KEY, "time-key", "NAME",                                             \
         "stac: property that tells acquisitions apart"},                                \
        {FETCH_CLOUD, "max-cloud-cover", "PERCENT", "stac: less than this"},             \
        {FETCH_RESTART, "restart", NULL,                                                 \
         "begin anew where an earlier fetch was cut short"},                             \
    {                                                                                    \
        FETCH_DRY_RUN, "dry-run", NULL, "tell what would be asked, and ask nothing"      \
    }

typedef struct fetch_args {
    zagg_search_query query;
    const char *cycle;
    shardmap_area area;         /* polygon or box */
    zg_vec collections, assets; /* const char * */
    char start[16], end[16];    /* of the cycle */
    bool restart, dry_run;
} fetch_args;

void fetch_args_init(fetch_args *a);
void fetch_args_free(fetch_args *a);
/** Take one of these options; 0, or the exit code. */
int fetch_args_take(const cli_command *command, fetch_args *a, int id, const char *value);
/** What is missing or does not go together: a line, EXIT_USAGE. Sets dates. */
int fetch_args_check(const cli_command *command, fetch_args *a);
/** The box that is asked for: of the area. */
zagg_status fetch_args_box(fetch_args *a, zagg_arena *arena, zagg_err *err);
/** The product or the collections, for messages. */
void fetch_args_name(const fetch_args *a, zg_str *out);
/** The first request as it would be sent, on stdout. */
zagg_status fetch_args_show(const fetch_args *a, zagg_err *err);
/** Fetch into `path`, with a line of progress on stderr. */
zagg_status fetch_args_run(const fetch_args *a, const char *path, progress *p, bool quiet,
                           zagg_search_result *out, zagg_err *err);

#endif
