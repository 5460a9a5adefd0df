/* How many invocations may be under way at once, what they may cost, and how a run of
 * them adds up. Pure functions. */
#ifndef ZG_DISPATCH_LIMITS_H
#define ZG_DISPATCH_LIMITS_H

#include "base/base.h"
#include "zagg/dispatch.h"

/** What is known about the account; a member that no probe told is left zero. */
typedef struct zg_account {
    bool has_limit;
    uint64_t limit;
    const double *datapoints; /* concurrent executions in the last minutes */
    size_t n_datapoints;
    bool has_reserved;
    uint64_t reserved;
} zg_account;

/** Workers at once: what is asked for, within the open files (`nofile_soft`, less 32 for
 * the program itself) and, where known, what the account has left over: its limit, less
 * what runs now, less 5 % (at least 100) for others. At least one. The reserved
 * concurrency of the function is only told. Upstream's rule (golden/dispatch). */
size_t zg_workers_allowed(size_t requested, const zg_account *account,
                          uint64_t nofile_soft, zagg_dispatch_limits *report);

/** What to do about too few open files, in upstream's words. */
void zg_too_many_files(size_t workers, uint64_t soft, uint64_t hard, char *out,
                       size_t out_len);

/** Bytes of an event that is to be queued, as upstream budgets them: Lambda queues 256 KB
 * everywhere, and 1 MB where that came with October 2025. */
#define ZG_EVENT_BYTES ((size_t)256000)

/** Dollars for a GB-second, us-west-2 and most regions, November 2026. */
double zg_price_per_gb_s(const char *architecture);
/** Dollars where each of `units` invocations runs into its timeout. */
double zg_most_usd(size_t units, double price_per_gb_s, double memory_gb,
                   double timeout_s);

/** Sums over durations in seconds, in their order, and left_s, by the summary's
 * memory_gb, price_per_gb_s and function_timeout_s (0: none): time_s, gb_seconds, usd,
 * timed and worker_*. Durations of 0 are not counted as workers' times. NOMEM. */
zagg_status zg_cost_of(const double *durations, size_t n, zagg_dispatch_summary *summary,
                       zagg_err *err);

/** "Max cost ceiling: ~$62.40 (1300 units x 4 GB x 900s, arm64)". */
void zg_cost_line(size_t units, double memory_gb, double timeout_s,
                  const char *architecture, double usd, char *out, size_t out_len);

/** The name to invoke: asked for, the environment's base or "process-shard", with the
 * memory of the config's `worker` behind it where it has one. `out` gets it; RANGE where
 * it is too long. */
zagg_status zg_function_name(const char *asked, const char *environment,
                             const zagg_value *config, char *out, size_t out_len,
                             zagg_err *err);

#endif
