/* What this machine can do at most for each stage of a run, on one thread:
 *
 *     roofline GRANULE.h5 [BEAM [FOLDER]]
 *
 * Copying memory, touching new pages, inflating and unshuffling the very chunks of a beam
 * (its columns packed again as they were), cells of its points, SHA-256, and writing into
 * a file of FOLDER (/tmp) that stays in the page cache. Each is the best of several
 * turns, by CPU time; docs/performance.md holds a run against these. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "cells.h"
#include "codec/codec.h"
#include "zagg/geo.h"
#include "zagg/h5.h"

#include <fcntl.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TURNS = 7, BLOCK_BYTES = 64 << 20, PACK_LEVEL = 4 };

/* One column of the beam, decoded and as stored. */
typedef struct packed_column {
    const char *name;
    size_t elem_size, n_rows, row_bytes, chunk_rows, n_chunks;
    uint8_t *decoded, *packed, *out;
    size_t *sizes; /* of packed chunks */
    size_t packed_bytes;
} packed_column;

typedef void (*stage_fn)(void *user);

/* Best CPU seconds of one call. */
static double best_s(stage_fn fn, void *user)
{
    double best = 1e9;
    for (int i = 0; i < TURNS; i++) {
        const double start = bench_cpu_s();
        fn(user);
        const double s = bench_cpu_s() - start;
        best = s < best ? s : best;
    }
    return best;
}

static void tell(const char *stage, double bytes, double s, double n)
{
    printf("| %-34s | %6.2f | %7.2f |\n", stage, bytes / s / 1e9, s / n * 1e9);
}

/* ---- the beam ---- */

static void pack(packed_column *c)
{
    struct libdeflate_compressor *z = libdeflate_alloc_compressor(PACK_LEVEL);
    const size_t chunk_bytes = c->chunk_rows * c->row_bytes;
    const size_t most = libdeflate_zlib_compress_bound(z, chunk_bytes);
    uint8_t *shuffled = bench_take(chunk_bytes, 1);
    c->packed = bench_take(c->n_chunks, most);
    c->sizes = bench_take(c->n_chunks, sizeof *c->sizes);
    for (size_t i = 0; i < c->n_chunks; i++) {
        zg_shuffle(c->decoded + i * chunk_bytes, shuffled, chunk_bytes, c->elem_size);
        c->sizes[i] = libdeflate_zlib_compress(z, shuffled, chunk_bytes,
                                               c->packed + c->packed_bytes, most);
        c->packed_bytes += c->sizes[i];
    }
    libdeflate_free_compressor(z);
    zg_free(shuffled);
}

static packed_column load(zagg_h5 *file, const char *beam, const char *name)
{
    char path[128];
    zagg_h5_dataset *dataset;
    zagg_err err = ZAGG_ERR_INIT;
    (void)snprintf(path, sizeof path, "/%s/heights/%s", beam, name);
    if (zagg_h5_dataset_open(file, path, &dataset, &err) != ZAGG_OK)
        bench_die(path, &err);
    const zagg_h5_info info = zagg_h5_dataset_info(dataset);
    packed_column c = {.name = name, .elem_size = zagg_dtype_size(info.dtype)};
    const size_t width = info.rank == 2 ? (size_t)info.dims[1] : 1;
    c.row_bytes = c.elem_size * width;
    c.chunk_rows = (size_t)info.chunk_dims[0];
    c.n_chunks = c.chunk_rows ? (size_t)info.dims[0] / c.chunk_rows : 0;
    if (c.n_chunks == 0)
        bench_die("the beam has no whole chunk of 'heights'", NULL);
    c.n_rows = c.n_chunks * c.chunk_rows;
    c.decoded = bench_take(c.n_rows, c.row_bytes);
    c.out = bench_take(c.n_rows, c.row_bytes);
    uint8_t *column = bench_take(c.n_rows, c.elem_size);
    const zagg_rows rows = {0, c.n_rows};
    for (size_t k = 0; k < width; k++) {
        const zagg_h5_column from = {dataset, info.rank == 2 ? (int64_t)k : -1};
        if (zagg_h5_read(from, &rows, 1, NULL, column, &err) != ZAGG_OK)
            bench_die(path, &err);
        for (size_t i = 0; i < c.n_rows; i++)
            memcpy(c.decoded + i * c.row_bytes + k * c.elem_size,
                   column + i * c.elem_size, c.elem_size);
    }
    zg_free(column);
    pack(&c);
    return c;
}

static void column_free(packed_column *c)
{
    zg_free(c->decoded);
    zg_free(c->packed);
    zg_free(c->out);
    zg_free(c->sizes);
}

/* ---- stages ---- */

static void inflate(void *user)
{
    packed_column *c = user;
    zg_inflater *z = zg_inflater_new();
    const size_t chunk_bytes = c->chunk_rows * c->row_bytes;
    size_t at = 0;
    for (size_t i = 0; z && i < c->n_chunks; at += c->sizes[i], i++)
        if (zg_inflate_exact(z, c->packed + at, c->sizes[i], c->out, chunk_bytes, NULL) !=
            ZAGG_OK)
            bench_die("a chunk does not inflate", NULL);
    zg_inflater_free(z);
}

static void unshuffle(void *user)
{
    packed_column *c = user;
    const size_t chunk_bytes = c->chunk_rows * c->row_bytes;
    for (size_t i = 0; i < c->n_chunks; i++)
        zg_unshuffle(c->decoded + i * chunk_bytes, c->out, chunk_bytes, c->elem_size);
}

typedef struct points {
    const double *lat, *lon;
    size_t n;
    uint64_t *cells;
} points;

static void cells_of(void *user)
{
    const points *p = user;
    zagg_geo_nested(p->lat, p->lon, p->n, 19, ZAGG_LATITUDE_AUTHALIC, p->cells);
}

typedef struct blocks {
    uint8_t *from, *to;
    const char *folder;
} blocks;

static void copy(void *user)
{
    const blocks *b = user;
    memcpy(b->to, b->from, BLOCK_BYTES);
}

static void new_pages(void *user)
{
    (void)user;
    uint8_t *p = zg_map(1, BLOCK_BYTES);
    if (!p)
        bench_die("no memory", NULL);
    for (size_t i = 0; i < BLOCK_BYTES; i += 4096)
        ((volatile uint8_t *)p)[i] = 1;
    zg_unmap(p, 1, BLOCK_BYTES);
}

static void hash(void *user)
{
    const blocks *b = user;
    uint8_t digest[32];
    zg_sha256(b->from, BLOCK_BYTES, digest);
}

static void write_out(void *user)
{
    const blocks *b = user;
    const int fd = open(b->folder, O_TMPFILE | O_RDWR, 0600);
    if (fd < 0)
        bench_die("cannot make a file in the folder", NULL);
    for (size_t at = 0; at < BLOCK_BYTES; at += 1 << 20)
        if (write(fd, b->from + at, 1 << 20) != 1 << 20)
            bench_die("cannot write", NULL);
    close(fd);
}

/* ---- */

static void tell_columns(zagg_h5 *file, const char *beam)
{
    static const char *const NAMES[] = {"lat_ph", "lon_ph", "h_ph", "signal_conf_ph"};
    packed_column c[4];
    for (size_t i = 0; i < 4; i++)
        c[i] = load(file, beam, NAMES[i]);
    for (size_t i = 0; i < 4; i++) {
        char stage[64];
        const double bytes = (double)(c[i].n_rows * c[i].row_bytes);
        (void)snprintf(stage, sizeof stage, "inflate %s, %.1f times", NAMES[i],
                       bytes / (double)c[i].packed_bytes);
        tell(stage, bytes, best_s(inflate, &c[i]), (double)c[i].n_rows);
    }
    for (size_t i = 0; i < 3; i += 2) {
        char stage[64];
        (void)snprintf(stage, sizeof stage, "unshuffle %s", NAMES[i]);
        tell(stage, (double)(c[i].n_rows * c[i].row_bytes), best_s(unshuffle, &c[i]),
             (double)c[i].n_rows);
    }
    points p = {(const double *)(void *)c[0].decoded,
                (const double *)(void *)c[1].decoded, c[0].n_rows,
                bench_take(c[0].n_rows, sizeof(uint64_t))};
    tell("cells of points", (double)p.n * 24, best_s(cells_of, &p), (double)p.n);
    zg_free(p.cells);
    for (size_t i = 0; i < 4; i++)
        column_free(&c[i]);
}

int main(int argc, char **argv)
{
    zagg_source *source;
    zagg_h5 *file;
    zagg_err err = ZAGG_ERR_INIT;
    if (argc < 2 || argc > 4) {
        (void)fprintf(stderr, "usage: roofline GRANULE.h5 [BEAM [FOLDER]]\n");
        return 2;
    }
    if (zagg_source_open_file(argv[1], &source, &err) != ZAGG_OK ||
        zagg_h5_open(source, NULL, &file, &err) != ZAGG_OK)
        bench_die("the granule", &err);
    printf("| stage, one thread, vectors %s | GB/s | ns each |\n|---|---|---|\n",
           zg_isa_name(zg_isa_active()));
    tell_columns(file, argc > 2 ? argv[2] : "gt1l");
    blocks b = {bench_take(1, BLOCK_BYTES), bench_take(1, BLOCK_BYTES),
                argc > 3 ? argv[3] : "/tmp"};
    memset(b.from, 7, BLOCK_BYTES);
    tell("copy (each: 4 KiB)", BLOCK_BYTES, best_s(copy, &b), BLOCK_BYTES / 4096);
    tell("touch new pages (each)", BLOCK_BYTES, best_s(new_pages, NULL),
         BLOCK_BYTES / 4096);
    tell("SHA-256 (each: 4 KiB)", BLOCK_BYTES, best_s(hash, &b), BLOCK_BYTES / 4096);
    tell("write, page cache (each: 4 KiB)", BLOCK_BYTES, best_s(write_out, &b),
         BLOCK_BYTES / 4096);
    zg_free(b.from);
    zg_free(b.to);
    zagg_h5_close(file);
    zagg_source_close(source);
    return 0;
}
