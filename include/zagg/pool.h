/* Bounded task pool over POSIX threads with ordered results. */
#ifndef ZAGG_POOL_H
#define ZAGG_POOL_H

#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct zagg_pool zagg_pool;

/** One task of a batch, run on any thread. `*result` may be set to something for `fold`.
 *  `scratch_slot` is below zagg_pool_width: two tasks of one batch that run at the same
 * time have different slots, so it can index per-thread scratch. */
typedef zagg_status (*zagg_pool_task_fn)(void *user, size_t index, size_t scratch_slot,
                                         void **result, zagg_err *err);

/** Takes a task's outcome on the thread that called zagg_pool_map, in order of index. A
 *  status other than OK from here stops the batch. */
typedef zagg_status (*zagg_pool_fold_fn)(void *user, size_t index, zagg_status status,
                                         void *result, const zagg_err *task_err,
                                         zagg_err *err);

/** Pool of `n_threads` (>= 1) counting the caller: n_threads - 1 threads are started, and
 * the thread that calls zagg_pool_map works along. With 1 everything runs on the caller.
 */
ZAGG_API zagg_status zagg_pool_new(size_t n_threads, zagg_pool **out, zagg_err *err);

/** Join all threads. No batch may be running. NULL is fine. */
ZAGG_API void zagg_pool_free(zagg_pool *pool);

/** Number of threads that can work on one batch (1 for NULL: a NULL pool is legal
 * everywhere and means that the caller works alone). */
ZAGG_API size_t zagg_pool_width(const zagg_pool *pool);

/** Run tasks 0..n-1. At most `window` tasks (0: 2 x width) are started beyond the last
 * one folded, which bounds unfolded results. `fold` (NULL: first error wins and stops the
 * batch) sees every started task in order, also those that failed, unless it stopped the
 * batch itself: tasks that had been started by then are still waited for, and are passed
 * to `discard` (may be NULL), as are their results. May be called from inside a task
 * (nested batches cannot deadlock: the caller works on its own batch, and on those below
 * it while it waits). Returns
 * what stopped the batch; else ZAGG_ECANCELLED when zagg_pool_cancel kept a task from
 *  starting; else OK. Without `fold`, results of tasks that went well go to `discard`
 * too. */
ZAGG_API zagg_status zagg_pool_map(zagg_pool *pool, size_t n, size_t window,
                                   zagg_pool_task_fn task, zagg_pool_fold_fn fold,
                                   void (*discard)(void *user, void *result), void *user,
                                   zagg_err *err);

/** Ask all running and future batches to stop as soon as their running tasks end. Safe
 * from any thread and from a signal handler. */
ZAGG_API void zagg_pool_cancel(zagg_pool *pool);
ZAGG_API bool zagg_pool_cancelled(const zagg_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
