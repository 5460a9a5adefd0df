/* A sink in front of another one that notes what is stored: key, bytes and SHA-256 of
 * every object, and what is removed. */
#ifndef ZG_IO_RECORD_SINK_H
#define ZG_IO_RECORD_SINK_H

#include "base/base.h"
#include "io/listing.h"
#include "zagg/io.h"

/** What became of a key. */
typedef struct zg_stored {
    char *key;
    bool there;  /* an object; false: it was removed */
    bool prefix; /* all below `key`, which ends with '/', was removed */
    uint64_t bytes;
    uint8_t sha256[32];
} zg_stored;

typedef struct zg_recorder zg_recorder;

/** Records what goes through zg_recorder_sink into `inner`, which it does not close.
 * Requests pass unchanged; the cost is that of the hash. */
zagg_status zg_recorder_new(zagg_sink *inner, zg_recorder **out, zagg_err *err);
/** The sink closes with the recorder. Thread-safe, as any sink. */
zagg_sink *zg_recorder_sink(zg_recorder *recorder);
/** From now on objects that are read count as stored, too: those that were there already
 * and are taken over. Default: they do not. */
void zg_recorder_note_reads(zg_recorder *recorder, bool on);
/** `before` (NULL: unknown; borrowed) is what the store held when nobody but the caller
 * could change these keys any more: reading, sizing, listing and removing what was not
 * there and was not put through this recorder asks for nothing. */
void zg_recorder_know(zg_recorder *recorder, const zg_listing *before);
/** True when a put, delete or sync failed: the store can no longer be written. */
bool zg_recorder_failed(zg_recorder *recorder);
/** The last word on each key, sorted by key; owned by the recorder and valid until the
 * next change. Nothing may be writing. */
const zg_stored *zg_recorder_settle(zg_recorder *recorder, size_t *n);
/** Make all that `n` recorders of one store noted durable, together. */
zagg_status zg_recorders_sync(zg_recorder *const *recorders, size_t n, zagg_err *err);
/** NULL is fine. */
void zg_recorder_free(zg_recorder *recorder);

#endif
