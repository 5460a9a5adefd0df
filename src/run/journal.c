/* Lines of the journal. */
#include "run/journal.h"

#include "io/lock.h"
#include "run/status_dir.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

struct zg_journal {
    zg_log_file *file;
    const char *run_id;
    pthread_mutex_t lock; /* of the rest */
    zagg_status failed;
    zagg_err err;
};

zagg_status zg_journal_open(const char *path, const char *run_id, zg_journal **out,
                            zagg_err *err)
{
    zg_journal *j = zg_alloc(1, sizeof *j);
    if (!j)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a journal");
    j->run_id = run_id;
    if (pthread_mutex_init(&j->lock, NULL) != 0) {
        zg_free(j);
        return zagg_err_set(err, ZAGG_EINTERNAL, "cannot make a lock");
    }
    const zagg_status status = zg_log_file_open(path, &j->file, err);
    if (status != ZAGG_OK) {
        pthread_mutex_destroy(&j->lock);
        zg_free(j);
        return status;
    }
    *out = j;
    return ZAGG_OK;
}

static void put_counts(zg_json_out *w, const zg_event *e)
{
    zg_json_put_u64(w, "cells", e->cells);
    zg_json_put_u64(w, "obs", e->obs);
    zg_json_put_u64(w, "objects", e->objects);
    zg_json_put_u64(w, "bytes", e->bytes);
}

/* The name of the event goes first: the reader looks for lines by it. */
static void write_event(zg_str *text, const zg_event *e, const char *run_id)
{
    char now[21], key[24];
    zg_json_out w;
    zg_clock_utc_iso(now);
    zg_json_begin(&w, text, -1);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "event", e->name);
    zg_json_put_str(&w, "at", now);
    zg_json_put_str(&w, "run_id", run_id);
    if (e->has_shard) {
        (void)snprintf(key, sizeof key, "%" PRIu64, e->shard);
        zg_json_put_str(&w, "shard_key", key);
    }
    if (e->label)
        zg_json_put_str(&w, "label", e->label);
    if (e->state)
        zg_json_put_str(&w, "state", e->state);
    if (e->error)
        zg_json_put_str(&w, "error", e->error);
    if (e->selected)
        zg_json_put_u64(&w, "selected", e->selected);
    if (e->has_counts)
        put_counts(&w, e);
    if (e->seconds >= 0)
        zg_json_put_double(&w, "seconds", e->seconds);
    zg_json_close_map(&w);
}

void zg_journal_add(zg_journal *journal, const zg_event *event)
{
    zg_str text;
    zagg_err err = ZAGG_ERR_INIT;
    zg_str_init(&text, 0);
    write_event(&text, event, journal->run_id);
    pthread_mutex_lock(&journal->lock);
    const zagg_status status =
        text.failed ? zagg_err_set(&err, ZAGG_ENOMEM, "no memory for the journal")
                    : zg_log_file_line(journal->file, text.data, text.len, &err);
    if (status != ZAGG_OK && journal->failed == ZAGG_OK) {
        journal->failed = status;
        journal->err = err;
    }
    pthread_mutex_unlock(&journal->lock);
    zg_str_free(&text);
}

zagg_status zg_journal_close(zg_journal *journal, zagg_err *err)
{
    if (!journal)
        return ZAGG_OK;
    const zagg_status status = journal->failed;
    if (status != ZAGG_OK && err)
        *err = journal->err;
    zg_log_file_close(journal->file);
    pthread_mutex_destroy(&journal->lock);
    zg_free(journal);
    return status;
}
