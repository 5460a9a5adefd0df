/* The coverage of a leaf: which of its cells hold data, bit by bit in nested order. */
#include "codec/codec.h"
#include "store/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static zagg_status unpack(const char *key, const void *stored, size_t len, size_t bytes,
                          uint8_t *out, zagg_err *err)
{
    size_t size = 0;
    zg_zstd *zstd = zg_zstd_new();
    if (zstd == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to unpack %s", key);
    zagg_status status = zg_zstd_content_size(stored, len, bytes, &size, err);
    if (status == ZAGG_OK && size != bytes)
        status = zagg_err_set(err, ZAGG_EFORMAT, "%zu bytes instead of %zu", size, bytes);
    if (status == ZAGG_OK)
        status = zg_zstd_unpack(zstd, stored, len, out, bytes, err);
    zg_zstd_free(zstd);
    return status == ZAGG_OK ? status : zagg_err_context(err, status, "%s", key);
}

/* Sizes in the stamp are those of the sidecar. */
static zagg_status check_sizes(const zagg_value *coverage, const char *key, size_t stored,
                               size_t bytes, zagg_err *err)
{
    const zagg_value *nbytes = zagg_value_get_set(coverage, "nbytes");
    const zagg_value *raw = zagg_value_get_set(coverage, "raw_nbytes");
    uint64_t n = 0;
    if (nbytes != NULL && (!zagg_value_u64(nbytes, &n) || n != stored))
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "%s: %zu bytes, but the stamp's coverage.nbytes differs", key,
                            stored);
    if (raw != NULL && (!zagg_value_u64(raw, &n) || n != bytes))
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "%s: %zu bytes unpacked, but the stamp's coverage.raw_nbytes "
                            "differs",
                            key, bytes);
    return ZAGG_OK;
}

static zagg_status read_sidecar(zagg_sink *sink, const zagg_store_shard *shard,
                                const zagg_value *coverage, size_t bytes, uint8_t *out,
                                zagg_err *err)
{
    const zagg_value *name = zagg_value_get_set(coverage, "sidecar");
    char key[ZG_STORE_MAX_PATH];
    void *stored = NULL;
    size_t len = 0;
    if (name != NULL && (name->kind != ZAGG_STR || strchr(name->str, '/') != NULL))
        return zagg_err_set(err, ZAGG_EFORMAT, "coverage.sidecar is no file name");
    const int n = snprintf(key, sizeof key, "%s%s%s", shard->path,
                           shard->path[0] != '\0' ? "/" : "",
                           name != NULL ? name->str : "coverage.moc");
    if (n < 0 || (size_t)n >= sizeof key)
        return zagg_err_set(err, ZAGG_ERANGE, "path of a coverage is too long");
    const zagg_status got =
        zagg_sink_get(sink, key, 2 * bytes + 1024, &stored, &len, err);
    if (got == ZAGG_ENOTFOUND)
        return zagg_err_set(err, ZAGG_EFORMAT, "%s is missing", key);
    ZAGG_TRY(got);
    zagg_status status = unpack(key, stored, len, bytes, out, err);
    if (status == ZAGG_OK)
        status = check_sizes(coverage, key, len, bytes, err);
    zagg_bytes_free(stored);
    return status;
}

zagg_status zg_coverage_bitmap(zagg_sink *sink, const zagg_store_shard *shard,
                               unsigned depth, uint8_t **out, zagg_err *err)
{
    const zagg_value *coverage = zagg_value_get_set(shard->stamp, "coverage");
    const zagg_value *encoding = zagg_value_get_set(coverage, "encoding");
    *out = NULL;
    if (coverage == NULL || encoding == NULL)
        return ZAGG_OK;
    if (depth > 14)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "a coverage of 4^%u cells is larger than zagg reads", depth);
    const uint64_t cells = (uint64_t)1 << (2 * depth);
    const size_t bytes = (size_t)((cells + 7) / 8);
    uint8_t *bitmap = zg_alloc(bytes, 1);
    if (bitmap == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a coverage");
    zagg_status status = ZAGG_OK;
    if (zagg_value_is(encoding, "full"))
        memset(bitmap, 0xff, bytes);
    else if (zagg_value_is(encoding, "bitmap"))
        status = read_sidecar(sink, shard, coverage, bytes, bitmap, err);
    else
        status = zagg_err_set(err, ZAGG_EFORMAT,
                              "coverage.encoding is neither bitmap nor full");
    if (status == ZAGG_OK)
        *out = bitmap;
    else
        zg_free(bitmap);
    return status;
}

/* Cells of one share: the first and the last tell the common ancestor. */
typedef struct share {
    uint64_t first, last, n;
} share;

static void take(share *s, uint64_t cell)
{
    s->first = s->n == 0 ? cell : s->first;
    s->last = cell;
    s->n++;
}

/* How many orders up the cells first and last have one ancestor. */
static unsigned levels_up(const share *s)
{
    unsigned up = 0;
    while (s->first >> (2 * up) != s->last >> (2 * up))
        up++;
    return up;
}

size_t zg_coverage_box(const uint8_t *bitmap, uint64_t shard_nested, unsigned shard_order,
                       unsigned cell_order, uint64_t box[4])
{
    const uint64_t cells = (uint64_t)1 << (2 * (cell_order - shard_order));
    const uint64_t first = shard_nested * cells;
    share all = {0, 0, 0}, parts[4] = {{0, 0, 0}, {0, 0, 0}, {0, 0, 0}, {0, 0, 0}};
    for (uint64_t i = 0; i < cells; i++)
        if (zg_coverage_bit(bitmap, i))
            take(&all, first + i);
    const unsigned up = levels_up(&all);
    size_t n = 0;
    if (all.n == 0)
        return 0;
    if (all.n == (uint64_t)1 << (2 * up)) {
        box[0] = zagg_word_from_nested(all.first >> (2 * up), cell_order - up);
        return 1;
    }
    for (uint64_t i = 0; i < cells; i++)
        if (zg_coverage_bit(bitmap, i))
            take(&parts[(first + i) >> (2 * (up - 1)) & 3], first + i);
    for (size_t k = 0; k < 4; k++)
        if (parts[k].n > 0) {
            const unsigned own = levels_up(&parts[k]);
            box[n++] =
                zagg_word_from_nested(parts[k].first >> (2 * own), cell_order - own);
        }
    return n;
}
