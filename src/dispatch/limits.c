/* Concurrency, cost and names, by upstream's rules. */
#include "dispatch/limits.h"

#include "zagg/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Files of the program itself: standard streams, catalog, sockets of other servers. */
enum { OWN_FILES = 32, LEAST_PADDING = 100 };
#define PADDING_SHARE 0.05

static uint64_t most_of(const double *values, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = values[i] > most ? values[i] : most;
    return most < 1e15 ? (uint64_t)most : 0;
}

static uint64_t at_least_one(uint64_t have, uint64_t used)
{
    return have > used ? have - used : 1;
}

size_t zg_workers_allowed(size_t requested, const zg_account *account,
                          uint64_t nofile_soft, zagg_dispatch_limits *report)
{
    const uint64_t share = (uint64_t)(PADDING_SHARE * (double)account->limit);
    zagg_dispatch_limits r = {.known = account->has_limit,
                              .account_limit = account->limit,
                              .has_reserved = account->has_reserved,
                              .reserved = account->reserved,
                              .files = nofile_soft};
    r.concurrent = most_of(account->datapoints, account->n_datapoints);
    r.padding = share > LEAST_PADDING ? share : LEAST_PADDING;
    const uint64_t files = at_least_one(nofile_soft, OWN_FILES);
    uint64_t workers = requested < files ? requested : files;
    if (r.known) {
        r.available = at_least_one(r.account_limit, r.concurrent + r.padding);
        workers = workers < r.available ? workers : r.available;
    }
    *report = r;
    return workers > 0 ? (size_t)workers : 1;
}

void zg_too_many_files(size_t workers, uint64_t soft, uint64_t hard, char *out,
                       size_t out_len)
{
    (void)snprintf(out, out_len,
                   "[Errno 24] Too many open files: %zu Lambda workers exceeded the "
                   "open-file soft limit (ulimit -n = %" PRIu64 ", hard = %" PRIu64
                   "). Cells would be silently dropped. Raise the limit (e.g. `ulimit -n "
                   "8192`) or lower --max-workers to <= %" PRIu64 ".",
                   workers, soft, hard, at_least_one(soft, OWN_FILES));
}

/* ---- cost ---- */

double zg_price_per_gb_s(const char *architecture)
{
    return strcmp(architecture, "x86_64") == 0 ? 0.0000166667 : 0.0000133334;
}

double zg_most_usd(size_t units, double price_per_gb_s, double memory_gb,
                   double timeout_s)
{
    return (double)units * price_per_gb_s * memory_gb * timeout_s;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Population standard deviation. Python's statistics module computes it exactly and
 * rounds once; two passes in long double come to the same double for all that a run has
 * (golden/dispatch/seed_cost.json). */
static double deviation(const double *v, size_t n)
{
    long double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += (long double)v[i];
    const long double mean = sum / (long double)n;
    for (size_t i = 0; i < n; i++)
        squares += ((long double)v[i] - mean) * ((long double)v[i] - mean);
    return (double)sqrtl(squares / (long double)n);
}

static zagg_status spread(const double *durations, size_t n, double timeout_s,
                          zagg_dispatch_summary *s, zagg_err *err)
{
    double *told = zg_alloc(n ? n : 1, sizeof *told);
    size_t m = 0;
    if (told == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu durations", n);
    for (size_t i = 0; i < n; i++)
        if (durations[i] > 0)
            told[m++] = durations[i];
    s->timed = m;
    if (m > 0) {
        s->worker_pstdev_s = deviation(told, m);
        qsort(told, m, sizeof *told, by_value);
        s->worker_max_s = told[m - 1];
        s->worker_median_s = m % 2 ? told[m / 2] : (told[m / 2 - 1] + told[m / 2]) / 2;
        if (timeout_s > 0)
            s->worker_pct_timeout = s->worker_max_s / timeout_s;
    }
    zg_free(told);
    return ZAGG_OK;
}

zagg_status zg_cost_of(const double *durations, size_t n, zagg_dispatch_summary *s,
                       zagg_err *err)
{
    s->time_s = s->left_s;
    for (size_t i = 0; i < n; i++)
        s->time_s += durations[i];
    s->gb_seconds = s->time_s * s->memory_gb;
    s->usd = s->gb_seconds * s->price_per_gb_s;
    return spread(durations, n, s->function_timeout_s, s, err);
}

void zg_cost_line(size_t units, double memory_gb, double timeout_s,
                  const char *architecture, double usd, char *out, size_t out_len)
{
    (void)snprintf(out, out_len, "Max cost ceiling: ~$%.2f (%zu units x %g GB x %gs, %s)",
                   usd, units, memory_gb, timeout_s, architecture);
}

/* ---- names ---- */

zagg_status zg_function_name(const char *asked, const char *environment,
                             const zagg_value *config, char *out, size_t out_len,
                             zagg_err *err)
{
    const zagg_value *worker = zagg_value_get_set(config, "worker");
    const char *base = environment && environment[0] ? environment : "process-shard";
    int64_t memory = 0;
    char size[32] = "";
    if (zagg_value_i64(zagg_value_get(worker, "memory"), &memory))
        (void)snprintf(size, sizeof size, "-%" PRId64, memory);
    const bool disk = zagg_value_truthy(zagg_value_get(worker, "extra_disk"));
    int n;
    if (asked && asked[0])
        n = snprintf(out, out_len, "%s", asked);
    else
        n = snprintf(out, out_len, "%s%s%s", base, size, disk ? "-disk" : "");
    if (n > 0 && (size_t)n < out_len)
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_ERANGE,
                        "the name of the function has more than %zu bytes", out_len - 1);
}
