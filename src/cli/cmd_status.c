/* zagg status: how far the last run into a store has come. Read only. */
#include "base/base.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/store_args.h"
#include "text/text.h"
#include "zagg/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OPT_JSON = 256, OPT_WATCH, OPT_INTERVAL };

static const cli_option OPTIONS[] = {
    {OPT_JSON, "json", NULL, "print one JSON object (with --watch one a line)"},
    {OPT_WATCH, "watch", NULL, "go on until the run has ended"},
    {OPT_INTERVAL, "interval", "S",
     "seconds between two looks with --watch (default: 2)"},
    NET_OPTIONS,
    {0, NULL, NULL, NULL}};

static const cli_command COMMAND = {
    "status", "status STORE [OPTIONS]",
    "Tell how far the last run into a store has come, from the records beside it\n"
    "(STORE.status). Nothing is written, and a run that is on is not disturbed. Exit "
    "code "
    "0:\nthe run is on, or has finished all its shards; 6: it ended with shards that are "
    "not\ncomplete; 1: no run has left a record.",
    OPTIONS,
    "  zagg status out.zarr\n"
    "  zagg status out.zarr --watch"};

typedef struct status_args {
    const char *store;
    bool json, watch;
    long long interval_s;
    net_args net;
} status_args;

static int take(void *user, int id, const char *value)
{
    status_args *a = user;
    if (net_args_take(&a->net, id, value))
        return 0;
    switch (id) {
    case OPT_JSON:
        a->json = true;
        return 0;
    case OPT_WATCH:
        a->watch = true;
        return 0;
    case OPT_INTERVAL:
        return cli_integer(&COMMAND, "interval", value, 1, 86400, &a->interval_s)
                   ? 0
                   : EXIT_USAGE;
    default:
        if (a->store) {
            fprintf(stderr, "zagg status: %s: one store at a time\n", value);
            return EXIT_USAGE;
        }
        a->store = value;
        return 0;
    }
}

static void text_member(zg_json_out *w, const char *key, const char *text)
{
    zg_json_key(w, key);
    if (text[0])
        zg_json_str(w, text);
    else
        zg_json_null(w);
}

static void counts(zg_json_out *w, const zagg_run_status *s)
{
    zg_json_put_u64(w, "selected", s->selected);
    zg_json_put_u64(w, "done", s->done);
    zg_json_put_u64(w, "skipped", s->skipped);
    zg_json_put_u64(w, "failed", s->failed);
    zg_json_put_u64(w, "refused", s->refused);
    zg_json_put_u64(w, "incomplete", s->incomplete);
    zg_json_put_u64(w, "remaining", s->remaining);
    zg_json_put_u64(w, "total_obs", s->obs);
    zg_json_put_u64(w, "store_objects", s->objects);
    zg_json_put_u64(w, "store_bytes", s->bytes);
    zg_json_put_double(w, "elapsed_s", s->elapsed_s);
    zg_json_put_double(w, "shards_per_s", s->shards_per_s);
    zg_json_key(w, "eta_s");
    if (s->eta_s >= 0)
        zg_json_double(w, s->eta_s);
    else
        zg_json_null(w);
}

static int print_json(const zagg_run_status *s, const char *store)
{
    zg_str text;
    zg_json_out w;
    zg_str_init(&text, 0);
    zg_json_begin(&w, &text, -1);
    zg_json_open_map(&w);
    text_member(&w, "store", store);
    text_member(&w, "state", zagg_run_state_name(s->state));
    text_member(&w, "run_id", s->run_id);
    text_member(&w, "program", s->program);
    text_member(&w, "host", s->host);
    zg_json_put_u64(&w, "pid", s->pid);
    text_member(&w, "config", s->config);
    text_member(&w, "semantic_hash", s->semantic_hash);
    text_member(&w, "started_at", s->started_at);
    text_member(&w, "ended_at", s->ended_at);
    text_member(&w, "error", s->error);
    counts(&w, s);
    zg_json_key(&w, "errors");
    zg_json_open_list(&w);
    for (size_t i = 0; i < s->n_errors; i++) {
        zg_json_open_map(&w);
        text_member(&w, "shard", s->errors[i].label);
        text_member(&w, "at", s->errors[i].at);
        text_member(&w, "error", s->errors[i].text);
        zg_json_close_map(&w);
    }
    zg_json_close_list(&w);
    zg_json_close_map(&w);
    const bool failed = text.failed;
    if (!failed)
        printf("%s\n", text.data);
    zg_str_free(&text);
    return failed ? EXIT_FAILED : 0;
}

static void print_rate(const zagg_run_status *s)
{
    char a[32], b[32], c[32];
    printf("  %-10s %.0f s, %.2f shards/s", "time", s->elapsed_s, s->shards_per_s);
    if (s->eta_s >= 0)
        printf(", about %.0f s to go", s->eta_s);
    printf("\n  %-10s %s obs, %s in %s objects\n", "written", cli_thousands(s->obs, a),
           cli_bytes(s->bytes, b), cli_thousands(s->objects, c));
}

static void print_text(const zagg_run_status *s, const char *store)
{
    printf("%s: %s\n", store, zagg_run_state_name(s->state));
    printf("  %-10s %s, process %" PRIu64 " on %s\n", "run", s->run_id, s->pid, s->host);
    printf("  %-10s %s\n", "config", s->config);
    printf("  %-10s %s%s%s\n", "started", s->started_at, s->ended_at[0] ? ", ended " : "",
           s->ended_at);
    printf("  %-10s %" PRIu64 " of %" PRIu64 " done, %" PRIu64 " skipped, %" PRIu64
           " failed, %" PRIu64 " remaining\n",
           "shards", s->done, s->selected, s->skipped, s->failed + s->refused,
           s->remaining);
    if (s->incomplete)
        printf("  %-10s %" PRIu64 " shards lack reads that failed\n", "incomplete",
               s->incomplete);
    print_rate(s);
    if (s->error[0])
        printf("  %-10s %s\n", "ended by", s->error);
    for (size_t i = 0; i < s->n_errors; i++)
        printf("  %-10s %s: %s\n", i ? "" : "errors", s->errors[i].label,
               s->errors[i].text);
    if (s->state == ZAGG_RUN_CRASHED)
        printf("The run is gone without a word; run it again to complete the store.\n");
}

static int code_of(const zagg_run_status *s)
{
    if (s->state == ZAGG_RUN_RUNNING)
        return EXIT_OK;
    const bool complete = s->state == ZAGG_RUN_FINISHED && s->remaining == 0 &&
                          s->failed + s->refused + s->incomplete == 0;
    return complete ? EXIT_OK : EXIT_SHARDS_FAILED;
}

static void wait_a_while(const status_args *a)
{
    struct timespec left = {.tv_sec = (time_t)a->interval_s};
    fflush(stdout);
    (void)nanosleep(&left, NULL);
}

/* `s` is open where the store is behind a network. */
static zagg_status read_status(const status_args *a, const cli_store *s,
                               zagg_run_status *out, zagg_err *err)
{
    return s->status ? zagg_run_status_read_sink(s->status, out, err)
                     : zagg_run_status_read(a->store, out, err);
}

static int watch(const status_args *a, const cli_store *store)
{
    const bool screen = !a->json && isatty(STDOUT_FILENO);
    for (;;) {
        zagg_err err = ZAGG_ERR_INIT;
        zagg_run_status s;
        const zagg_status status = read_status(a, store, &s, &err);
        if (status != ZAGG_OK) {
            fprintf(stderr, "zagg status: %s\n", err.msg);
            return status == ZAGG_EAUTH || status == ZAGG_EHTTP ? cli_exit_code(status)
                                                                : EXIT_FAILED;
        }
        if (screen && a->watch)
            printf("\033[H\033[2J");
        if (!a->json)
            print_text(&s, a->store);
        else if (print_json(&s, a->store) != 0)
            return EXIT_FAILED;
        if (!a->watch || s.state != ZAGG_RUN_RUNNING || ferror(stdout))
            return code_of(&s);
        wait_a_while(a);
    }
}

int main_status(int argc, char **argv)
{
    status_args a = {.interval_s = 2};
    const int rc = cli_parse(&COMMAND, argc, argv, take, &a);
    if (rc != 0)
        return rc == CLI_DONE ? EXIT_OK : rc;
    if (!a.store) {
        fprintf(stderr, "zagg status: name the store, e.g. zagg status out.zarr\n");
        return EXIT_USAGE;
    }
    cli_store store = {.sink = NULL};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_status status = ZAGG_OK;
    if (zagg_url_is_remote(a.store))
        status = cli_store_open(&store, a.store, &a.net, &err);
    const int code =
        status == ZAGG_OK ? watch(&a, &store) : cli_store_fail(&COMMAND, status, &err);
    cli_store_close(&store);
    return code;
}
