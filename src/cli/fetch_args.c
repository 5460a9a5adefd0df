/* A search on the command line. */
#include "cli/fetch_args.h"

#include "cat/fetch.h"
#include "cli/cli.h"
#include "cli/store_args.h"
#include "text/text.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fetch_args_init(fetch_args *a)
{
    *a = (fetch_args){.restart = false};
    zg_vec_init(&a->collections, sizeof(const char *), 64);
    zg_vec_init(&a->assets, sizeof(const char *), 64);
}

void fetch_args_free(fetch_args *a)
{
    zg_vec_free(&a->collections);
    zg_vec_free(&a->assets);
}

static int wrong(const cli_command *command, const char *option, const char *value,
                 const char *must)
{
    fprintf(stderr, "zagg %s: --%s: found '%s'; must be %s\n", command->name, option,
            value, must);
    return EXIT_USAGE;
}

static int take_source(const cli_command *command, fetch_args *a, const char *value)
{
    static const char *const NAMES[] = {"cmr-stac", "stac", "cmr"};
    for (int i = 0; i < 3; i++)
        if (strcmp(value, NAMES[i]) == 0) {
            a->query.source = (zagg_search_source)i;
            return 0;
        }
    return wrong(command, "source", value, "cmr-stac, cmr or stac");
}

static int take_cloud(const cli_command *command, fetch_args *a, const char *value)
{
    if (!zg_float_parse(value, strlen(value), &a->query.max_cloud_cover))
        return wrong(command, "max-cloud-cover", value, "a number");
    a->query.has_max_cloud_cover = true;
    return 0;
}

static int take_another(const cli_command *command, zg_vec *list, const char *value)
{
    if (zg_vec_append(list, &value, 1))
        return 0;
    fprintf(stderr, "zagg %s: %s: too many of these\n", command->name, value);
    return EXIT_USAGE;
}

int fetch_args_take(const cli_command *command, fetch_args *a, int id, const char *value)
{
    const struct {
        int id;
        const char **slot;
    } texts[] = {{FETCH_SHORT_NAME, &a->query.short_name},
                 {FETCH_VERSION, &a->query.version},
                 {FETCH_PROVIDER, &a->query.provider},
                 {FETCH_START, &a->query.start_date},
                 {FETCH_END, &a->query.end_date},
                 {FETCH_CYCLE, &a->cycle},
                 {FETCH_POLYGON, &a->area.polygon},
                 {FETCH_BBOX, &a->area.bbox},
                 {FETCH_ROOT, &a->query.root},
                 {FETCH_TIME_KEY, &a->query.time_key}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].id == id) {
            *texts[i].slot = value;
            return 0;
        }
    switch (id) {
    case FETCH_SOURCE:
        return take_source(command, a, value);
    case FETCH_COLLECTION:
        return take_another(command, &a->collections, value);
    case FETCH_ASSET:
        return take_another(command, &a->assets, value);
    case FETCH_CLOUD:
        return take_cloud(command, a, value);
    case FETCH_THUMBNAILS:
        a->query.preserve_thumbnails = true;
        return 0;
    case FETCH_RESTART:
        a->restart = true;
        return 0;
    default:
        a->dry_run = true;
        return 0;
    }
}

/* ---- what goes together ---- */

static const char *missing(const fetch_args *a)
{
    const zagg_search_query *q = &a->query;
    if (q->source == ZAGG_SEARCH_STAC && (q->root == NULL || q->n_collections == 0))
        return "--source stac needs --root and --collection";
    if (q->source != ZAGG_SEARCH_STAC && q->short_name == NULL)
        return "provide --short-name";
    if (a->cycle == NULL && (q->start_date == NULL || q->end_date == NULL))
        return "provide --cycle or both --start-date and --end-date";
    if (a->area.polygon == NULL && a->area.bbox == NULL)
        return "provide --polygon or --bbox";
    return NULL;
}

int fetch_args_check(const cli_command *command, fetch_args *a)
{
    zagg_err err = ZAGG_ERR_INIT;
    long long cycle = 0;
    a->query.collections = a->collections.data;
    a->query.n_collections = a->collections.len;
    a->query.assets = a->assets.data;
    a->query.n_assets = a->assets.len;
    const char *what = missing(a);
    if (what != NULL) {
        fprintf(stderr, "zagg %s: %s; see zagg %s --help\n", command->name, what,
                command->name);
        return EXIT_USAGE;
    }
    if (a->cycle == NULL)
        return 0;
    if (!cli_integer(command, "cycle", a->cycle, 1, 999, &cycle))
        return EXIT_USAGE;
    (void)zagg_cycle_dates((long)cycle, a->start, a->end, &err);
    a->query.start_date = a->start;
    a->query.end_date = a->end;
    return 0;
}

/* Boxes are taken as they are written; of polygons only their outer rings count. */
zagg_status fetch_args_box(fetch_args *a, zagg_arena *arena, zagg_err *err)
{
    bool any = false;
    ZAGG_TRY(shardmap_area_read(&a->area, arena, err));
    if (a->area.polygon == NULL)
        return zagg_bbox_parse(a->area.bbox, a->query.bbox, err);
    ZAGG_TRY(zagg_shape_bbox(&a->area.shape, a->query.bbox, &any, err));
    return any ? ZAGG_OK
               : zagg_err_set(err, ZAGG_ECONFIG, "%s holds no polygon", a->area.polygon);
}

void fetch_args_name(const fetch_args *a, zg_str *out)
{
    const zagg_search_query *q = &a->query;
    if (q->source != ZAGG_SEARCH_STAC) {
        zg_str_addf(out, "%s_%s", q->short_name, q->version != NULL ? q->version : "007");
        return;
    }
    for (size_t i = 0; i < q->n_collections; i++)
        zg_str_addf(out, "%s%s", i > 0 ? ", " : "", q->collections[i]);
}

zagg_status fetch_args_show(const fetch_args *a, zagg_err *err)
{
    static const zagg_search_opts NONE = {.log = NULL};
    zg_fetch_request r = {.post = false};
    ZAGG_TRY(zg_fetch_first(&a->query, &NONE, a->query.bbox, &r, err));
    printf("%s %s\n", r.post ? "POST" : "GET", r.url);
    if (r.body != NULL)
        printf("  %s\n", r.body);
    zg_fetch_request_free(&r);
    return ZAGG_OK;
}

/* ---- doing it ---- */

static volatile int stop_flag;

static void on_signal(int signal_number)
{
    (void)signal_number;
    zg_stop(&stop_flag);
}

typedef struct display {
    bool live;
    zagg_log *log;
} display;

static void show(void *user, const zagg_search_progress *p)
{
    enum { EVERY = 25 };
    const display *d = user;
    char items[32], total[32], of[40] = "";
    if (p->total > 0)
        (void)snprintf(of, sizeof of, " of %s", cli_thousands(p->total, total));
    if (d->live)
        fprintf(stderr, "\r\x1b[Kfetching: page %llu, %s%s items",
                (unsigned long long)p->pages, cli_thousands(p->items, items), of);
    else if (p->pages % EVERY == 0)
        zagg_log_write(d->log, ZAGG_LOG_INFO, "fetching: page %llu, %s%s items",
                       (unsigned long long)p->pages, cli_thousands(p->items, items), of);
}

zagg_status fetch_args_run(const fetch_args *a, const char *path, progress *p, bool quiet,
                           zagg_search_result *out, zagg_err *err)
{
    display d = {.live = p->live, .log = p->log};
    const struct sigaction action = {.sa_handler = on_signal};
    struct sigaction interrupt, terminate;
    const zagg_search_opts opts = {.restart = a->restart,
                                   .progress = quiet ? NULL : show,
                                   .user = &d,
                                   .stop = &stop_flag,
                                   .log = p->log};
    (void)sigaction(SIGINT, &action, &interrupt);
    (void)sigaction(SIGTERM, &action, &terminate);
    const zagg_status status = zagg_search(&a->query, &opts, path, out, err);
    (void)sigaction(SIGINT, &interrupt, NULL);
    (void)sigaction(SIGTERM, &terminate, NULL);
    if (d.live && !quiet)
        fprintf(stderr, "\r\x1b[K");
    if (status == ZAGG_ECANCELLED)
        return zagg_err_context(err, status,
                                "stopped; the same command goes on where it was");
    return status;
}
