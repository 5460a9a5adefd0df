/* What the status folder tells about the last run into a store. Read only: the lock is
 * asked about and not taken, and a run that is on notices nothing. */
#include "io/sink.h"
#include "run/hold.h"
#include "run/journal.h"
#include "run/run.h"
#include "run/status_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- times ---- */

/* Days since 1970 of a Gregorian date. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    const int64_t era = year / 400, of_era = year - era * 400;
    const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Seconds since 1970 of "2026-11-26T19:10:59Z"; 0 for any other text. */
static double seconds_of(const char *text)
{
    int y, mo, d, h, mi, s;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ", &y, &mo, &d, &h, &mi, &s) != 6 ||
        y < 1970 || mo < 1 || mo > 12)
        return 0;
    return (double)(days_of(y, mo, d) * 86400 + h * 3600 + mi * 60 + s);
}

/* ---- the journal ---- */

static void keep(char *out, size_t size, const char *text)
{
    const size_t len = strlen(text);
    const size_t n = len < size ? len : zg_utf8_floor(text, size - 1);
    memcpy(out, text, n);
    out[n] = '\0';
}

/* The last of them are kept, newest behind. */
static void keep_error(zagg_run_status *s, const zagg_value *event)
{
    if (s->n_errors == ZAGG_STATUS_ERRORS) {
        memmove(s->errors, s->errors + 1, sizeof s->errors - sizeof s->errors[0]);
        s->n_errors--;
    }
    zagg_status_error *e = &s->errors[s->n_errors++];
    keep(e->label, sizeof e->label, zg_text_of(event, "label"));
    keep(e->at, sizeof e->at, zg_text_of(event, "at"));
    keep(e->text, sizeof e->text, zg_text_of(event, "error"));
}

static void take_event(zagg_run_status *s, const zagg_value *event)
{
    const char *name = zg_text_of(event, "event");
    if (strncmp(name, "shard_", 6) == 0 && strcmp(name, "shard_start") != 0)
        s->last_s = seconds_of(zg_text_of(event, "at"));
    if (strcmp(name, "shard_start") == 0) {
        s->begun++;
    } else if (strcmp(name, "shard_done") == 0) {
        s->done++;
        s->obs += zg_number_of(event, "obs");
        s->objects += zg_number_of(event, "objects");
        s->bytes += zg_number_of(event, "bytes");
    } else if (strcmp(name, "shard_skipped") == 0) {
        s->skipped++;
    } else if (strcmp(name, "shard_failed") == 0) {
        s->failed++;
        keep_error(s, event);
    } else if (strcmp(name, "shard_refused") == 0) {
        s->refused++;
        keep_error(s, event);
    } else if (strcmp(name, "shard_incomplete") == 0) {
        s->incomplete++;
        keep_error(s, event);
    }
}

/* Where the lines of the last run begin. */
static const char *last_run(const char *text, size_t len)
{
    static const char START[] = "{\"event\": \"run_start\"";
    const size_t n = sizeof START - 1;
    for (size_t at = len; at-- > 0;)
        if ((at == 0 || text[at - 1] == '\n') && len - at >= n &&
            memcmp(text + at, START, n) == 0)
            return text + at;
    return text + len;
}

/* A line that is not whole was cut short, or is being written. */
static zagg_status read_lines(zagg_run_status *s, const char *line, const char *end,
                              zagg_err *err)
{
    zagg_arena *arena = NULL;
    zagg_status status = zagg_arena_new(0, &arena, err);
    while (status == ZAGG_OK && line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        const zagg_value *event = NULL;
        if (!stop)
            break;
        const zagg_arena_mark mark = zagg_arena_get_mark(arena);
        status =
            zagg_json_parse(arena, line, (size_t)(stop - line), ZG_JOURNAL, &event, err);
        if (status == ZAGG_OK && strcmp(zg_text_of(event, "run_id"), s->run_id) == 0)
            take_event(s, event);
        if (status != ZAGG_ENOMEM)
            status = ZAGG_OK;
        zagg_arena_release(arena, mark);
        line = stop + 1;
    }
    zagg_arena_free(arena);
    return status;
}

/* ---- the whole ---- */

static zagg_status read_file(zagg_sink *folder, zagg_run_status *s, zagg_err *err)
{
    void *data = NULL;
    size_t len = 0;
    zagg_status status =
        zagg_sink_get(folder, ZG_JOURNAL, ZG_MAX_RECORD_BYTES, &data, &len, err);
    if (status == ZAGG_ENOTFOUND)
        return ZAGG_OK;
    const char *text = data;
    if (status == ZAGG_OK)
        status = read_lines(s, last_run(text, len), text + len, err);
    zagg_bytes_free(data);
    return status;
}

static zagg_status note_part(void *user, const char *key, uint64_t size, zagg_err *err)
{
    zg_vec *keys = user;
    char **slot = zg_vec_push(keys);
    (void)size;
    if (slot)
        *slot = zg_strdup(key);
    return slot && *slot ? ZAGG_OK
                         : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a journal");
}

/* Of the last run: their names are in the order of their lines. */
static zagg_status read_parts(zagg_sink *folder, zagg_run_status *s, zagg_err *err)
{
    char prefix[96];
    zg_vec keys;
    zg_vec_init(&keys, sizeof(char *), 0);
    zg_journal_part(s->run_id, SIZE_MAX, prefix);
    zagg_status status = zagg_sink_list(folder, prefix, note_part, &keys, err);
    if (keys.len > 1)
        qsort(keys.data, keys.len, sizeof(char *), zg_compare_texts);
    for (size_t i = 0; i < keys.len; i++) {
        char *key = *ZG_VEC_AT(&keys, char *, i);
        void *data = NULL;
        size_t len = 0;
        if (status == ZAGG_OK)
            status = zagg_sink_get(folder, key, ZG_MAX_RECORD_BYTES, &data, &len, err);
        if (status == ZAGG_OK)
            status = read_lines(s, data, (const char *)data + len, err);
        zagg_bytes_free(data);
        zg_free(key);
    }
    zg_vec_free(&keys);
    return status;
}

static zagg_status read_journal(zagg_sink *folder, zagg_run_status *s, zagg_err *err)
{
    char *path = NULL;
    ZAGG_TRY(zg_sink_local_path(folder, ZG_JOURNAL, &path, err));
    const zagg_status status =
        path ? read_file(folder, s, err) : read_parts(folder, s, err);
    zg_free(path);
    return status;
}

static void take_record(zagg_run_status *s, const zagg_value *run)
{
    keep(s->run_id, sizeof s->run_id, zg_text_of(run, "run_id"));
    keep(s->program, sizeof s->program, zg_text_of(run, "program"));
    keep(s->host, sizeof s->host, zg_text_of(run, "host"));
    keep(s->started_at, sizeof s->started_at, zg_text_of(run, "started_at"));
    keep(s->ended_at, sizeof s->ended_at, zg_text_of(run, "ended_at"));
    keep(s->config, sizeof s->config, zg_text_of(zagg_value_get(run, "config"), "name"));
    keep(s->semantic_hash, sizeof s->semantic_hash, zg_text_of(run, "semantic_hash"));
    keep(s->error, sizeof s->error, zg_text_of(run, "error"));
    s->pid = zg_number_of(run, "pid");
    s->selected = zg_number_of(run, "selected");
}

static zagg_run_state state_of(const char *text, bool held)
{
    if (held)
        return ZAGG_RUN_RUNNING;
    if (strcmp(text, "finished") == 0)
        return ZAGG_RUN_FINISHED;
    if (strcmp(text, "interrupted") == 0)
        return ZAGG_RUN_INTERRUPTED;
    return strcmp(text, "failed") == 0 ? ZAGG_RUN_FAILED : ZAGG_RUN_CRASHED;
}

/* A run that died is as old as the last thing that it told. */
static void set_times(zagg_run_status *s)
{
    const double start = seconds_of(s->started_at);
    double end = s->state == ZAGG_RUN_RUNNING ? (double)time(NULL)
                 : s->ended_at[0]             ? seconds_of(s->ended_at)
                                              : s->last_s;
    s->elapsed_s = end > start ? end - start : 0;
    const uint64_t over = s->done + s->failed + s->refused + s->incomplete + s->skipped;
    s->remaining = s->selected > over ? s->selected - over : 0;
    s->shards_per_s = s->elapsed_s > 0 ? (double)(over - s->skipped) / s->elapsed_s : 0;
    s->eta_s = s->state == ZAGG_RUN_RUNNING && s->shards_per_s > 0
                   ? (double)s->remaining / s->shards_per_s
                   : -1;
}

static zagg_status read_folder(zagg_sink *folder, zagg_run_status *s, zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *run = NULL;
    bool held = false;
    zagg_status status = zagg_arena_new(0, &arena, err);
    /* The lock first: a run that ends meanwhile has written its record by then. */
    if (status == ZAGG_OK)
        status = zg_hold_probe(folder, &held, s->holder, sizeof s->holder, err);
    if (status == ZAGG_OK)
        status =
            zg_record_load(folder, ZG_RUN_RECORD, ZG_RUN_RECORD_SPEC, arena, &run, err);
    if (status == ZAGG_OK) {
        take_record(s, run);
        /* It may have begun between the two looks. */
        if (!held && zagg_value_is(zagg_value_get(run, "state"), "running"))
            status = zg_hold_probe(folder, &held, s->holder, sizeof s->holder, err);
    }
    if (status == ZAGG_OK) {
        s->state = state_of(zg_text_of(run, "state"), held);
        status = read_journal(folder, s, err);
        set_times(s);
    }
    zagg_arena_free(arena);
    return status;
}

zagg_status zagg_run_status_read_sink(zagg_sink *folder, zagg_run_status *out,
                                      zagg_err *err)
{
    zagg_run_status s = {.eta_s = -1};
    const zagg_status status = read_folder(folder, &s, err);
    if (status == ZAGG_ENOTFOUND)
        return zagg_err_set(err, ZAGG_ENOTFOUND, "no record of a run in %s",
                            zagg_sink_name(folder));
    ZAGG_TRY(status);
    *out = s;
    return ZAGG_OK;
}

zagg_status zagg_run_status_read(const char *store, zagg_run_status *out, zagg_err *err)
{
    zagg_sink *folder = NULL;
    zagg_status status = zg_status_open(store, NULL, false, &folder, err);
    if (status == ZAGG_OK)
        status = zagg_run_status_read_sink(folder, out, err);
    if (status == ZAGG_ENOTFOUND)
        zagg_err_context(err, status, "%s", store);
    zagg_sink_close(folder);
    return status;
}

const char *zagg_run_state_name(zagg_run_state state)
{
    static const char *const NAMES[] = {"running", "finished", "interrupted", "failed",
                                        "crashed"};
    return NAMES[state];
}
