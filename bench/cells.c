/* See cells.h. */
#include "cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_FILE_BYTES ((size_t)1 << 30)

void bench_die(const char *what, const zagg_err *err)
{
    (void)fprintf(stderr, "%s%s%s\n", what, err ? ": " : "", err ? err->msg : "");
    exit(EXIT_FAILURE);
}

void *bench_take(size_t n, size_t size)
{
    void *p = zg_alloc(n, size);
    if (!p)
        bench_die("no memory", NULL);
    return p;
}

/* numpy's name of the few types that inputs have. */
static const char *descr_of(zagg_dtype dtype)
{
    switch (dtype) {
    case ZAGG_DT_F32:
        return "'<f4'";
    case ZAGG_DT_U32:
        return "'<u4'";
    default:
        return "'<u8'";
    }
}

/* Elements of a version 1 .npy file (magic, version, length of the header, a Python dict)
 * of one axis; *data_len bytes from the returned address on, or NULL. */
static const char *npy_data(char *bytes, size_t len, zagg_dtype dtype, size_t *n)
{
    size_t data_len;
    if (len < 10 || memcmp(bytes, "\x93NUMPY\x01", 7) != 0)
        return NULL;
    const size_t header = (size_t)(uint8_t)bytes[8] | (size_t)(uint8_t)bytes[9] << 8;
    if (header == 0 || header > len - 10)
        return NULL;
    bytes[10 + header - 1] = '\0';
    const char *shape = strstr(bytes + 10, "'shape': (");
    if (!shape || !strstr(bytes + 10, descr_of(dtype)))
        return NULL;
    char *end = NULL;
    *n = (size_t)strtoull(shape + strlen("'shape': ("), &end, 10);
    if (strncmp(end, ",)", 2) != 0 ||
        !zg_mul_size(*n, zagg_dtype_size(dtype), &data_len) ||
        data_len != len - 10 - header)
        return NULL;
    return bytes + 10 + header;
}

void *bench_load(const char *folder, const char *name, zagg_dtype dtype, size_t *n)
{
    char path[4096];
    char *bytes;
    size_t len, count;
    zagg_err err = ZAGG_ERR_INIT;
    if (snprintf(path, sizeof path, "%s/%s.npy", folder, name) >= (int)sizeof path)
        bench_die("the name of the folder is too long", NULL);
    if (zagg_file_read(path, MAX_FILE_BYTES, &bytes, &len, &err) != ZAGG_OK)
        bench_die("cannot read the input", &err);
    const char *data = npy_data(bytes, len, dtype, &count);
    if (!data)
        bench_die("an input file does not hold what it should; run make bench", NULL);
    void *out = zg_alloc(count, zagg_dtype_size(dtype));
    if (!out)
        bench_die("no memory for the input", NULL);
    memcpy(out, data, count * zagg_dtype_size(dtype));
    zagg_bytes_free(bytes);
    if (n)
        *n = count;
    return out;
}

bench_worker bench_worker_new(zagg_pipeline *pipeline, uint64_t shard_key)
{
    bench_worker w = {.pipeline = pipeline};
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_grid_from_pipeline(pipeline, ZAGG_LATITUDE_AUTHALIC, &w.grid, &err) !=
            ZAGG_OK ||
        zagg_worker_new(pipeline, w.grid, &w.worker, &err) != ZAGG_OK ||
        zagg_grid_shard(w.grid, shard_key, &w.shard, &err) != ZAGG_OK)
        bench_die("no worker", &err);
    return w;
}

static const char CONFIG_OF_FIELDS[] =
    "data_source:\n"
    "  reader: h5coro\n"
    "  driver: s3\n"
    "  groups: [gt1l]\n"
    "  coordinates: {latitude: \"/{group}/lat\", longitude: \"/{group}/lon\"}\n"
    "  variables: {h: \"/{group}/h\"}\n"
    "aggregation:\n"
    "  coordinates:\n"
    "    morton: {dtype: uint64, fill_value: 0}\n"
    "  variables:\n"
    "%s"
    "output:\n"
    "  store_layout: flat\n"
    "  grid: {type: healpix, indexing_scheme: nested, parent_order: 11,\n"
    "         chunk_inner: 13, child_order: 19}\n";

bench_worker bench_worker_of_fields(const char *fields, uint64_t shard_key)
{
    char text[2048];
    zagg_pipeline *pipeline;
    zagg_err err = ZAGG_ERR_INIT;
    const int len = snprintf(text, sizeof text, CONFIG_OF_FIELDS, fields);
    if (len < 0 || len >= (int)sizeof text)
        bench_die("the fields are too long", NULL);
    if (zagg_pipeline_parse(text, (size_t)len, "config", NULL, &pipeline, &err) !=
        ZAGG_OK)
        bench_die("no pipeline", &err);
    return bench_worker_new(pipeline, shard_key);
}

zagg_status bench_drop(void *user, const zagg_shard *shard, const zagg_carrier *carrier,
                       zagg_err *err)
{
    (void)user;
    (void)shard;
    (void)carrier;
    (void)err;
    return ZAGG_OK;
}

void bench_worker_free(bench_worker *w)
{
    zagg_worker_free(w->worker);
    zagg_grid_free(w->grid);
    zagg_pipeline_free(w->pipeline);
}

static double seconds(clockid_t clock)
{
    struct timespec t;
    if (clock_gettime(clock, &t) != 0)
        bench_die("no clock", NULL);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench_cpu_s(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

double bench_wall_s(void)
{
    return seconds(CLOCK_MONOTONIC);
}

/* proc(5): writing 5 to clear_refs makes the peak what is resident now. Not every kernel
 * or container allows it. */
static bool reset_peak(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "we");
    if (!f)
        return false;
    const bool written = fputs("5", f) >= 0;
    return fclose(f) == 0 && written;
}

void bench_meter_start(bench_meter *m)
{
    m->peak_reset = reset_peak();
    m->resident_bytes = zg_rss_bytes();
    m->wall_s = bench_wall_s();
    m->cpu_s = m->lap_s = bench_cpu_s();
}

double bench_meter_lap(bench_meter *m)
{
    const double now = bench_cpu_s(), lap = now - m->lap_s;
    m->lap_s = now;
    return lap;
}

void bench_meter_stop(bench_meter *m)
{
    m->cpu_s = bench_cpu_s() - m->cpu_s;
    m->wall_s = bench_wall_s() - m->wall_s;
    const uint64_t peak = zg_peak_rss_bytes();
    m->resident_bytes = peak > m->resident_bytes ? peak - m->resident_bytes : 0;
}
