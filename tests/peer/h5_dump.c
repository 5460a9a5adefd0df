/* h5_dump FILE...: everything in HDF5 files, one line each, for comparison with h5py:
 *
 *   F path of the file
 *   G path                      group
 *   D path dtype shape sha256   dataset: its elements in C order, little endian
 *   N path dtype shape          dataset of more dimensions than can be read as columns
 *   X path status message       what is refused or leads nowhere
 *
 * (fields apart by tabs). Rows are read whole, in parts and singly, which must agree.
 *
 * h5_dump --damage SEED COUNT FILE...: COUNT times, damage a copy of one of the files in
 * memory and read all there is in it. Whatever it says is fine; it must end, soon and
 * without a sanitizer's complaint. With --limit-mb N first, address space is bounded. */
#include "base/base.h"
#include "zagg/h5.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MAX_DEPTH 80
#define MAX_PATH 4000
#define MAX_READ_BYTES ((uint64_t)8 << 20) /* of a column of a damaged dataset */
#define SECONDS_PER_CASE 20

typedef struct dump {
    zagg_h5 *file;
    zagg_pool *pool;
    bool print, damaged;
    size_t left; /* objects that may still be visited: damaged groups can be circles */
} dump;

/* ---- one column, in three ways ---- */

typedef struct column {
    zagg_h5_column from;
    zagg_pool *pool;
    uint64_t rows;
    size_t size;
    uint8_t *data, *again;
} column;

static zagg_status in_parts(const column *c, zagg_err *err)
{
    uint64_t a = c->rows / 3, b = c->rows / 2;
    const zagg_rows parts[] = {{0, a}, {a, b}, {b, c->rows}};
    ZAGG_TRY(zagg_h5_read(c->from, parts, 3, NULL, c->again, err));
    if (memcmp(c->data, c->again, (size_t)c->rows * c->size) != 0)
        return zagg_err_set(err, ZAGG_EINTERNAL, "rows in parts differ");
    return ZAGG_OK;
}

static zagg_status one_by_one(const column *c, zagg_err *err)
{
    uint64_t *rows = malloc((size_t)c->rows * sizeof *rows + 1);
    if (!rows)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a list of rows");
    size_t n = 0;
    for (uint64_t i = c->rows % 7; i < c->rows; i += 7)
        rows[n++] = i;
    zagg_status st = zagg_h5_gather(c->from, rows, n, c->pool, c->again, err);
    for (size_t i = 0; i < n && st == ZAGG_OK; i++)
        if (memcmp(c->data + rows[i] * c->size, c->again + i * c->size, c->size) != 0)
            st = zagg_err_set(err, ZAGG_EINTERNAL, "single rows differ");
    free(rows);
    return st;
}

static zagg_status read_column(const column *c, zagg_err *err)
{
    zagg_rows all = {0, c->rows};
    ZAGG_TRY(zagg_h5_read(c->from, &all, 1, c->pool, c->data, err));
    ZAGG_TRY(in_parts(c, err));
    return one_by_one(c, err);
}

/* All columns; `out` (may be NULL) takes them in C order. */
static zagg_status read_dataset(const dump *d, zagg_h5_dataset *ds, uint64_t rows,
                                uint8_t *out, zagg_err *err)
{
    zagg_h5_info info = zagg_h5_dataset_info(ds);
    uint64_t cols = info.rank > 1 ? info.dims[1] : 1;
    size_t size = zagg_dtype_size(info.dtype);
    column c = {{ds, -1}, d->pool, rows, size, NULL, NULL};
    c.data = malloc((size_t)rows * size + 1);
    c.again = malloc((size_t)rows * size + 1);
    zagg_status st = c.data && c.again
                         ? ZAGG_OK
                         : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a column");
    for (uint64_t i = 0; i < cols && (i < 8 || !d->damaged) && st == ZAGG_OK; i++) {
        c.from.column = info.rank > 1 ? (int64_t)i : -1;
        st = read_column(&c, err);
        for (uint64_t r = 0; r < rows && out && st == ZAGG_OK; r++)
            memcpy(out + (r * cols + i) * size, c.data + r * size, size);
    }
    free(c.data);
    free(c.again);
    return st;
}

/* ---- a whole file ---- */

static void print_shape(const zagg_h5_info *info)
{
    for (unsigned i = 0; i < info->rank; i++)
        printf("%s%" PRIu64, i ? "," : "", info->dims[i]);
}

static zagg_status dump_dataset(const dump *d, const char *path, zagg_err *err)
{
    zagg_h5_dataset *ds;
    ZAGG_TRY(zagg_h5_dataset_open(d->file, path, &ds, err));
    zagg_h5_info info = zagg_h5_dataset_info(ds);
    uint64_t rows = info.rank ? info.dims[0] : 1, n = rows;
    size_t size = zagg_dtype_size(info.dtype);
    if (info.rank > 2) {
        if (d->print) {
            printf("N\t%s\t%s\t", path, zagg_dtype_name(info.dtype));
            print_shape(&info);
            putchar('\n');
        }
        return ZAGG_OK;
    }
    if (d->damaged) {
        if (rows > MAX_READ_BYTES / size)
            rows = MAX_READ_BYTES / size;
        return read_dataset(d, ds, rows, NULL, err);
    }
    n *= info.rank > 1 ? info.dims[1] : 1;
    uint8_t *all = malloc((size_t)n * size + 1);
    if (!all)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a dataset");
    zagg_status st = read_dataset(d, ds, rows, all, err);
    if (st == ZAGG_OK) {
        char hex[65];
        zg_sha256_hex(all, (size_t)n * size, hex);
        printf("D\t%s\t%s\t", path, zagg_dtype_name(info.dtype));
        print_shape(&info);
        printf("\t%s\n", hex);
    }
    free(all);
    return st;
}

typedef struct level {
    dump *d;
    const char *path;
    unsigned depth;
} level;

static zagg_status on_link(void *user, const char *name, bool is_group, zagg_err *err)
{
    const level *above = user;
    dump *d = above->d;
    char path[MAX_PATH];
    zagg_err why = ZAGG_ERR_INIT;
    int len = snprintf(path, sizeof path, "%s/%s", above->path, name);
    if (len < 0 || (size_t)len >= sizeof path || above->depth == MAX_DEPTH ||
        d->left == 0)
        return d->damaged ? ZAGG_OK : zagg_err_set(err, ZAGG_ERANGE, "too much to list");
    d->left--;
    zagg_status st;
    if (is_group) {
        level here = {d, path, above->depth + 1};
        if (d->print)
            printf("G\t%s\n", path);
        st = zagg_h5_group_list(d->file, path, on_link, &here, &why);
    } else {
        st = dump_dataset(d, path, &why);
    }
    if (st != ZAGG_OK && d->print)
        printf("X\t%s\t%s\t%s\n", path, zagg_status_name(st), why.msg);
    if (st != ZAGG_OK && !why.msg[0])
        abort(); /* an error without words helps nobody */
    return ZAGG_OK;
}

static zagg_status dump_file(dump *d, zagg_source *source, const zagg_h5_limits *limits,
                             zagg_err *err)
{
    zagg_h5_check_summary sum;
    zagg_h5_check_opts opts = {.pool = d->pool};
    level root = {d, "", 0};
    ZAGG_TRY(zagg_h5_open(source, limits, &d->file, err));
    zagg_status st = zagg_h5_group_list(d->file, "/", on_link, &root, err);
    if (st == ZAGG_OK || d->damaged)
        st = zagg_h5_check(d->file, "/", &opts, &sum, err);
    if (st == ZAGG_OK && !d->damaged && (sum.damaged_objects || sum.damaged_chunks))
        st = zagg_err_set(err, ZAGG_EFORMAT, "the check finds damage");
    zagg_h5_close(d->file);
    return st;
}

static bool dump_path(const char *path, zagg_pool *pool)
{
    dump d = {.pool = pool, .print = true, .left = SIZE_MAX};
    zagg_source *source = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    printf("F\t%s\n", path);
    zagg_status st = zagg_source_open_file(path, &source, &err);
    if (st == ZAGG_OK)
        st = dump_file(&d, source, NULL, &err);
    if (st != ZAGG_OK)
        printf("X\t\t%s\t%s\n", zagg_status_name(st), err.msg);
    zagg_source_close(source);
    return st == ZAGG_OK;
}

/* ---- damage ---- */

typedef struct random_bits {
    uint64_t state;
} random_bits;

/* splitmix64 (Steele, Lea, Flood 2014), below `n`. */
static uint64_t below(random_bits *r, uint64_t n)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % n;
}

/* Bytes at random places, bits, numbers that lengths and addresses do not expect, and
 * bytes moved from elsewhere; or an end that comes early. */
static void damage(random_bits *r, uint8_t *image, size_t *len)
{
    static const uint8_t odd[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    if (below(r, 5) == 0) {
        *len = (size_t)below(r, *len);
        return;
    }
    uint64_t flips = 1 + below(r, below(r, 4) ? 8 : 200);
    for (uint64_t i = 0; i < flips; i++) {
        size_t at = (size_t)below(r, *len), from = (size_t)below(r, *len);
        size_t run = 1 + (size_t)below(r, 8);
        switch (below(r, 4)) {
        case 0:
            image[at] = (uint8_t)(image[at] ^ 1u << below(r, 8));
            break;
        case 1:
            image[at] = (uint8_t)below(r, 256);
            break;
        case 2:
            for (size_t k = 0; k < run && at + k < *len; k++)
                image[at + k] = odd[below(r, sizeof odd)];
            break;
        default:
            if (at + run <= *len && from + run <= *len)
                memmove(image + at, image + from, run);
        }
    }
}

typedef struct whole {
    char *bytes;
    size_t len;
} whole;

static void damaged_case(random_bits *r, const whole *w)
{
    static const zagg_h5_limits small = {(uint64_t)4 << 20, (uint64_t)4 << 20};
    dump d = {.damaged = true, .left = 400};
    zagg_source *source = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    size_t len = w->len;
    uint8_t *image = malloc(len);
    if (!image)
        abort();
    memcpy(image, w->bytes, len);
    damage(r, image, &len);
    uint8_t *exact = realloc(image, len ? len : 1); /* what is read beyond it is seen */
    image = exact ? exact : image;
    const zagg_h5_limits *limits = below(r, 2) ? &small : NULL;
    zagg_status st = zagg_source_open_mem(image, len, &source, &err);
    if (st == ZAGG_OK)
        st = dump_file(&d, source, limits, &err);
    if (st != ZAGG_OK && !err.msg[0])
        abort();
    zagg_source_close(source);
    free(image);
}

static int damage_files(uint64_t seed, uint64_t count, char **paths, size_t n)
{
    whole *files = calloc(n, sizeof *files);
    double slowest = 0;
    for (size_t i = 0; files && i < n; i++)
        if (zagg_file_read(paths[i], (size_t)64 << 20, &files[i].bytes, &files[i].len,
                           NULL) != ZAGG_OK)
            return 2;
    for (uint64_t i = 0; files && i < count; i++) {
        random_bits r = {seed + i * 0x632be59bd9b4e019u};
        double start = zg_clock_mono_s();
        (void)below(&r, 2);
        alarm(SECONDS_PER_CASE);
        damaged_case(&r, &files[below(&r, n)]);
        alarm(0);
        double took = zg_clock_mono_s() - start;
        slowest = took > slowest ? took : slowest;
    }
    printf("%" PRIu64 " damaged files, slowest %.3f s, peak %.0f MB\n", count, slowest,
           (double)zg_peak_rss_bytes() / 1e6);
    for (size_t i = 0; files && i < n; i++)
        zagg_bytes_free(files[i].bytes);
    free(files);
    return 0;
}

/* ---- arguments ---- */

static uint64_t number(const char *text)
{
    char *end = NULL;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno || end == text || *end) {
        fprintf(stderr, "h5_dump: '%s' is not a number\n", text);
        exit(2);
    }
    return v;
}

int main(int argc, char **argv)
{
    int at = 1;
    if (argc - at > 1 && strcmp(argv[at], "--limit-mb") == 0) {
        rlim_t bytes = (rlim_t)(number(argv[at + 1]) << 20);
        const struct rlimit limit = {bytes, bytes};
        if (setrlimit(RLIMIT_AS, &limit) != 0)
            return 2;
        at += 2;
    }
    if (argc - at > 3 && strcmp(argv[at], "--damage") == 0)
        return damage_files(number(argv[at + 1]), number(argv[at + 2]), argv + at + 3,
                            (size_t)(argc - at - 3));
    bool ok = true;
    zagg_pool *pool = NULL;
    if (zagg_pool_new(2, &pool, NULL) != ZAGG_OK)
        return 2;
    for (; at < argc; at++)
        ok = dump_path(argv[at], pool) && ok;
    zagg_pool_free(pool);
    return ok ? 0 : 1;
}
