/* One invocation of the worker: an event as upstream's dispatcher sends it in, the
 * response of upstream's handler out. `zagg worker`, the Lambda runtime and every engine
 * beyond one machine do their shards through it. docs/worker.md has events and responses,
 * key by key. */
#ifndef ZAGG_WORKER_H
#define ZAGG_WORKER_H

#include "zagg/log.h"
#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** All members may be left zero. Texts are borrowed for the call. */
typedef struct zagg_event_opts {
    const char *request_id; /* of the invocation, for bodies about failures; NULL: null */
    double remaining_s; /* until the invocation is ended from outside; nothing further is
                           read `margin_s` before that, and the response is an error that
                           says so. 0: no end */
    double margin_s;    /* 0: 5 s, or a fifth of `remaining_s` where that is less */
    uint64_t memory_bytes; /* what the process may use: rows beyond it go to `spill_dir`.
                              0: 80 % of AWS_LAMBDA_FUNCTION_MEMORY_SIZE where that is
                              set, else half of what the machine has */
    size_t threads;        /* 0: the machine's processors */
    const char *spill_dir; /* as in zagg_shard_opts */
    const volatile int *stop; /* set: the shard is given up, the response is an error */
    zagg_log *log;
} zagg_event_opts;

/** How an invocation ended. */
typedef enum zagg_event_outcome {
    ZAGG_EVENT_OK = 0,  /* statusCode 200 */
    ZAGG_EVENT_NO_DATA, /* 500 with a benign error: nothing to write, for good reasons */
    ZAGG_EVENT_REFUSED, /* 400: the event itself is at fault */
    ZAGG_EVENT_FAILED   /* 500: it did not do what was asked for */
} zagg_event_outcome;

typedef struct zagg_event_response {
    char *text; /* {"statusCode": n, "body": "..."}, NUL-terminated; owned */
    size_t len;
    int status_code;
    zagg_event_outcome outcome;
} zagg_event_response;

/** Do what an event (JSON text) asks for: process a shard, set up a store, finalize it,
 * ping. Whatever goes wrong in doing so is told in the response, in upstream's words
 * where it has some, and the status is OK. With `run_id` in the event a status object is
 * written into the store's status folder, with `result_url` the response's body goes
 * there as well.
 *
 * Other statuses mean that there is no response: FORMAT (the event is no JSON), CONFIG
 * (it is no object), NOMEM. Keys of the event are in no message. Blocking; keeps nothing
 * between calls. Not for several threads at once where `memory_bytes` counts. */
ZAGG_API zagg_status zagg_event_handle(const char *event, size_t len,
                                       const zagg_event_opts *opts,
                                       zagg_event_response *out, zagg_err *err);
ZAGG_API void zagg_event_response_free(zagg_event_response *response);

#ifdef __cplusplus
}
#endif
#endif
