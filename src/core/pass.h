/* Internal shape of a pass over granules for many shards. */
#ifndef ZG_CORE_PASS_H
#define ZG_CORE_PASS_H

#include "core/ahead.h"
#include "core/read.h"
#include "core/row_store.h"

#include <pthread.h>
#include <stdatomic.h>

/** A failed read. In reading order: of the first distinct ones the messages are kept. */
typedef struct zg_read_fault {
    uint32_t position, group;
    char text[ZAGG_EXEMPLAR_LEN];
} zg_read_fault;

/** What a shard's reads gave so far. */
typedef struct zg_pass_shard {
    atomic_size_t remaining; /* distinct granules to come */
    pthread_mutex_t lock;    /* everything below */
    uint64_t files_processed, read_errors, granule_errors, auth_errors;
    zagg_read_counters counters;
    double read_s;
    zg_read_fault *faults; /* room for ZAGG_EXEMPLARS; NULL until there is one */
    size_t n_faults;
} zg_pass_shard;

/** A shard wants a granule, which is at `position` of its list. */
typedef struct zg_want {
    uint32_t shard, position;
} zg_want;

typedef struct zg_pass zg_pass;

/** A granule that was opened. */
typedef struct zg_opened {
    zagg_source *source;
    zagg_h5 *file;
    zg_read_ahead ahead;
} zg_opened;

/** One granule of the pass. */
typedef struct zg_pass_granule {
    const char *href;
    size_t first_want, n_wants; /* by shard, then by position */
    zg_pass *pass;
    zg_ahead_job job; /* opens it before its turn */
    zg_opened opened; /* by the job */
} zg_pass_granule;

struct zg_pass {
    const zagg_worker *worker;
    const zagg_shard_job *jobs;
    size_t n_jobs;
    const zagg_shard_opts *opts;
    const zagg_shard_taker *taker;
    zg_shard_set set;
    zg_row_store *store;
    zg_pass_shard *shards;
    zg_want *wants;
    zg_pass_granule *granules; /* in the order in which shards name them */
    size_t n_granules;
    pthread_mutex_t lock;
    zg_slab *idle; /* slabs that no thread reads into at the moment */
    atomic_size_t granules_done;
    _Atomic uint64_t granules_opened, rows_scanned, chunks_decoded, bytes_fetched;
    zg_ahead *ahead;       /* NULL: nothing is done before its turn */
    size_t n_ahead;        /* granules that are opened before their turn */
    size_t next_open;      /* granules before it are being opened; the lock */
    uint64_t window_bytes; /* of decoded rows that are fetched together */
};

struct zagg_shard_rows {
    zg_pass *pass;
    size_t index;
};

/** Failures that say nothing about one group or granule: they end the pass. */
bool zg_pass_is_fatal(zagg_status status);
bool zg_pass_stopped(const zg_pass *p);
/** One line of the memory trace, in upstream's form. */
void zg_pass_trace_rss(const zg_pass *p, const char *stage);

/** Sort out which granule is wanted by which shards: p->granules, p->wants, remaining. */
zagg_status zg_pass_list_granules(zg_pass *p, zagg_err *err);

/** Which shards want a granule, each once; *first, n + 1 long, are their wants. In the
 * arena. */
zagg_status zg_pass_list_wanted(const zg_pass *p, const zg_pass_granule *granule,
                                zagg_arena *arena, zg_wanted *out, const size_t **first,
                                zagg_err *err);

/** Which read of a granule failed. */
typedef struct zg_read_place {
    bool whole_granule; /* it could not be opened; else: */
    uint32_t group;
} zg_read_place;
/** Count a failed read of a shard and keep its message. */
zagg_status zg_pass_note_fault(zg_pass *p, zg_want want, zg_read_place place,
                               const zagg_err *fault, zagg_err *err);

/** One granule being read for the shards that want it. */
typedef struct zg_granule_read {
    zg_pass *pass;
    zg_pass_granule *granule;
    zg_wanted wanted;
    const size_t *first_want; /* n + 1: wants of each wanted shard */
    zg_opened opened;
    zagg_h5 *file;    /* of `opened` */
    const char *name; /* of its source, for messages: hrefs may hold secrets */
    _Atomic uint64_t busy_ns;
    _Atomic uint64_t *n_kept; /* rows of each wanted shard */
} zg_granule_read;

/** Read all groups for all wanted shards: rows go to the store, counters and faults to
 * the shards. An error ends the pass. */
zagg_status zg_pass_read_groups(zg_granule_read *g, zagg_err *err);

/* ---- pass_open.c ---- */

/** Memory that the pass may use (pass.c). */
uint64_t zg_pass_memory(const zg_pass *p);
/** Make ready to open granules before their turn, where the options ask for it. */
zagg_status zg_pass_open_ahead(zg_pass *p, zagg_err *err);
/** Of a granule; those behind it are being opened from now on, too. */
zagg_status zg_pass_open(zg_pass *p, zg_pass_granule *granule, zg_opened *out,
                         zagg_err *err);
/** All groups of a granule are open. */
void zg_pass_groups_opened(zg_granule_read *g);
void zg_opened_close(zg_opened *opened);
/** Close what was opened and not taken, and end the threads. */
void zg_pass_end_ahead(zg_pass *p);

#endif
