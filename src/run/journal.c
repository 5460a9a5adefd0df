/* Lines of the journal. */
#include "run/journal.h"

#include "io/lock.h"
#include "io/sink.h"
#include "run/status_dir.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

/* Lines are put after a few seconds, later on less often, and when there are many: a long
 * run then has some hundred parts, and a short one is seen to go on. */
#define FIRST_PART_S 5.0
#define LAST_PART_S 60.0
#define PART_GROWTH 1.3
enum { PART_BYTES = 256 << 10, MAX_GATHERED = 16 << 20 };

struct zg_journal {
    zg_log_file *file; /* NULL: parts */
    zagg_sink *status;
    const char *run_id;
    pthread_mutex_t putting; /* held while a part is put: they keep their order */
    size_t n_parts;
    double interval_s, last_s; /* mono clock */
    pthread_mutex_t lock;      /* of the rest */
    zg_str gathered;
    zagg_status failed;
    zagg_err err;
};

void zg_journal_part(const char *run_id, size_t n, char out[96])
{
    if (n == SIZE_MAX)
        (void)snprintf(out, 96, "%s%s-", ZG_JOURNAL_PARTS, run_id);
    else
        (void)snprintf(out, 96, "%s%s-%06zu.ndjson", ZG_JOURNAL_PARTS, run_id, n);
}

static zagg_status open_file(zg_journal *j, zagg_err *err)
{
    char *path = NULL;
    ZAGG_TRY(zg_sink_local_path(j->status, ZG_JOURNAL, &path, err));
    const zagg_status status =
        path != NULL ? zg_log_file_open(path, &j->file, err) : ZAGG_OK;
    zg_free(path);
    return status;
}

zagg_status zg_journal_open(zagg_sink *status, const char *run_id, zg_journal **out,
                            zagg_err *err)
{
    zg_journal *j = zg_alloc(1, sizeof *j);
    if (!j)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a journal");
    j->status = status;
    j->run_id = run_id;
    j->interval_s = FIRST_PART_S;
    j->last_s = zg_clock_mono_s();
    zg_str_init(&j->gathered, MAX_GATHERED);
    if (pthread_mutex_init(&j->lock, NULL) != 0) {
        zg_free(j);
        return zagg_err_set(err, ZAGG_EINTERNAL, "cannot make a lock");
    }
    if (pthread_mutex_init(&j->putting, NULL) != 0) {
        pthread_mutex_destroy(&j->lock);
        zg_free(j);
        return zagg_err_set(err, ZAGG_EINTERNAL, "cannot make a lock");
    }
    const zagg_status opened = open_file(j, err);
    if (opened != ZAGG_OK) {
        pthread_mutex_destroy(&j->putting);
        pthread_mutex_destroy(&j->lock);
        zg_free(j);
        return opened;
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

/* ---- parts ---- */

/* The lock is held. */
static void note_failure(zg_journal *j, zagg_status status, const zagg_err *err)
{
    if (status == ZAGG_OK || j->failed != ZAGG_OK)
        return;
    j->failed = status;
    j->err = *err;
}

/* What was gathered becomes a part. */
static void put_part(zg_journal *j)
{
    char key[96];
    zagg_err err = ZAGG_ERR_INIT;
    pthread_mutex_lock(&j->putting);
    pthread_mutex_lock(&j->lock);
    zg_str lines = j->gathered;
    zg_str_init(&j->gathered, MAX_GATHERED);
    pthread_mutex_unlock(&j->lock);
    zagg_status status = ZAGG_OK;
    if (lines.len > 0) {
        zg_journal_part(j->run_id, j->n_parts++, key);
        status = zagg_sink_put(j->status, key, lines.data, lines.len, &err);
    }
    zg_str_free(&lines);
    j->last_s = zg_clock_mono_s();
    pthread_mutex_unlock(&j->putting);
    pthread_mutex_lock(&j->lock);
    note_failure(j, status, &err);
    pthread_mutex_unlock(&j->lock);
}

void zg_journal_tick(void *journal)
{
    zg_journal *j = journal;
    pthread_mutex_lock(&j->putting);
    const bool due = !j->file && zg_clock_mono_s() - j->last_s >= j->interval_s;
    if (due && j->interval_s < LAST_PART_S)
        j->interval_s *= PART_GROWTH;
    pthread_mutex_unlock(&j->putting);
    if (due)
        put_part(j);
}

/* ---- lines ---- */

/* The lock is held. */
static zagg_status take_line(zg_journal *j, const zg_str *text, zagg_err *err)
{
    if (text->failed)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the journal");
    if (j->file)
        return zg_log_file_line(j->file, text->data, text->len, err);
    zg_str_addn(&j->gathered, text->data, text->len);
    zg_str_addc(&j->gathered, '\n');
    return j->gathered.failed
               ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for the journal")
               : ZAGG_OK;
}

void zg_journal_add(zg_journal *journal, const zg_event *event)
{
    zg_str text;
    zagg_err err = ZAGG_ERR_INIT;
    zg_str_init(&text, 0);
    write_event(&text, event, journal->run_id);
    pthread_mutex_lock(&journal->lock);
    note_failure(journal, take_line(journal, &text, &err), &err);
    const bool full = journal->gathered.len >= PART_BYTES;
    pthread_mutex_unlock(&journal->lock);
    zg_str_free(&text);
    if (full)
        put_part(journal);
}

zagg_status zg_journal_close(zg_journal *journal, zagg_err *err)
{
    if (!journal)
        return ZAGG_OK;
    if (!journal->file)
        put_part(journal);
    const zagg_status status = journal->failed;
    if (status != ZAGG_OK && err)
        *err = journal->err;
    zg_log_file_close(journal->file);
    zg_str_free(&journal->gathered);
    pthread_mutex_destroy(&journal->putting);
    pthread_mutex_destroy(&journal->lock);
    zg_free(journal);
    return status;
}
