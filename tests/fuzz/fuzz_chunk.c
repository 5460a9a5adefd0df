/* Any bytes as one stored chunk: the filters of any pipeline are undone, whichever mask
 * the chunk has, and what a pipeline made comes back through it. The input starts with
 *
 *   0  0x80: the rest is data to be stored, not a chunk
 *   1  two bits a filter: deflate, shuffle, fletcher32, none; each counts once, since
 *      the reader refuses others
 *   2  mask of the chunk
 *   3  element size 1, 2, 4, 8, and 0x80: a right fletcher32 is put behind the rest
 *   4  elements of the chunk, two bytes, little endian
 */
#include "fuzz/fuzz.h"
#include "h5/h5.h"

#include <stdlib.h>
#include <string.h>

#define HEAD 6

static void put_le32(uint8_t *out, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(v >> (8 * i));
}

/* A zlib stream of stored blocks (RFC 1950, 1951). */
static size_t store(const uint8_t *data, size_t len, uint8_t *out)
{
    uint32_t a = 1, b = 0;
    size_t at = 2, from = 0;
    out[0] = 0x78;
    out[1] = 0x01;
    do {
        size_t n = len - from < 65535 ? len - from : 65535;
        out[at++] = from + n == len;
        out[at++] = (uint8_t)n;
        out[at++] = (uint8_t)(n >> 8);
        out[at++] = (uint8_t)~n;
        out[at++] = (uint8_t)(~n >> 8);
        if (n > 0)
            memcpy(out + at, data + from, n);
        at += n;
        from += n;
    } while (from < len);
    for (size_t i = 0; i < len; i++) {
        a = (a + data[i]) % 65521;
        b = (b + a) % 65521;
    }
    uint32_t adler = b << 16 | a;
    for (int shift = 24; shift >= 0; shift -= 8)
        out[at++] = (uint8_t)(adler >> shift);
    return at;
}

/* One filter forwards; `len` bytes of data become the length returned. */
static size_t apply(unsigned filter, size_t elem_size, const uint8_t *data, size_t len,
                    uint8_t *out)
{
    if (filter == ZG_H5_FILTER_DEFLATE)
        return store(data, len, out);
    if (filter == ZG_H5_FILTER_SHUFFLE) {
        zg_shuffle(data, out, len, elem_size);
        return len;
    }
    if (len > 0)
        memcpy(out, data, len);
    put_le32(out + len, zg_h5_fletcher32(data, len));
    return len + 4;
}

/* All bytes of a decoded chunk in their order. The chunks here may end inside an element,
 * so zg_h5_elements alone does not do. */
static void put_together(const zagg_h5_dataset *ds, const zg_h5_decoded *chunk,
                         uint8_t *out)
{
    if (chunk->planes) {
        zg_unshuffle(chunk->data, out, ds->chunk_bytes, ds->elem_size);
        size_t n = ds->chunk_bytes / ds->elem_size;
        uint8_t *last = malloc(ds->elem_size);
        if (!last)
            abort();
        if (n > 0) {
            zg_h5_elements(ds, chunk, n - 1, 1, last);
            fuzz_check(memcmp(last, out + (n - 1) * ds->elem_size, ds->elem_size) == 0);
        }
        free(last);
    } else if (chunk->data != out) {
        memcpy(out, chunk->data, ds->chunk_bytes);
    }
}

/* Undo the filters in both ways there are: into a place given and not. */
static zagg_status decode(const zagg_h5_dataset *ds, zg_h5_slot *slot,
                          const zg_h5_ref *ref, uint8_t *dest)
{
    zagg_err err = ZAGG_ERR_INIT;
    zg_h5_decoded own = {NULL, false}, put = {NULL, false};
    zagg_status status = zg_h5_decode(ds, slot, ref, NULL, &own, &err);
    if (status != ZAGG_OK) {
        fuzz_check_error(status, &err);
        fuzz_check(zg_h5_decode(ds, slot, ref, dest, &put, NULL) == status);
        return status;
    }
    uint8_t *kept = malloc(ds->chunk_bytes ? ds->chunk_bytes : 1);
    if (!kept)
        abort();
    put_together(ds, &own, kept);
    fuzz_check(zg_h5_decode(ds, slot, ref, dest, &put, &err) == ZAGG_OK &&
               put.planes == own.planes);
    put_together(ds, &put, dest);
    fuzz_check(memcmp(kept, dest, ds->chunk_bytes) == 0);
    free(kept);
    return ZAGG_OK;
}

/* What the pipeline makes of the data comes back. */
static void round_trip(zagg_h5_dataset *ds, zg_h5_slot *slot, uint32_t mask,
                       const uint8_t *data, size_t len, uint8_t *dest)
{
    size_t room = len + len / 1000 + 512;
    uint8_t *a = malloc(room), *b = malloc(room);
    if (!a || !b)
        abort();
    memcpy(a, data, len);
    size_t stored = len;
    for (unsigned i = 0; i < ds->n_filters; i++) {
        if (mask >> i & 1)
            continue;
        stored = apply(ds->filters[i], ds->elem_size, a, stored, b);
        uint8_t *t = a;
        a = b;
        b = t;
    }
    zg_h5_ref ref = {.size = (uint32_t)stored, .mask = mask, .stored = a};
    ds->chunk_bytes = len;
    fuzz_check(decode(ds, slot, &ref, dest) == ZAGG_OK);
    fuzz_check(memcmp(dest, data, len) == 0);
    free(a);
    free(b);
}

static void hostile(const zagg_h5_dataset *ds, zg_h5_slot *slot, uint32_t mask,
                    const uint8_t *data, size_t len, bool sum, uint8_t *dest)
{
    uint8_t *stored = malloc(len + 4);
    if (!stored)
        abort();
    memcpy(stored, data, len);
    if (sum) {
        put_le32(stored + len, zg_h5_fletcher32(data, len));
        len += 4;
    }
    zg_h5_ref ref = {.size = (uint32_t)len, .mask = mask, .stored = stored};
    /* Unfiltered chunks are compared with their size where they are planned. */
    if (ds->n_filters > 0)
        (void)decode(ds, slot, &ref, dest);
    free(stored);
}

/* Both forms of the byte shuffle agree, and undo it. */
static void check_shuffle(const uint8_t *data, size_t len, size_t elem_size)
{
    uint8_t *a = malloc(len), *b = malloc(len);
    if (!a || !b)
        abort();
    zg_unshuffle(data, a, len, elem_size);
    zg_unshuffle_scalar(data, b, len, elem_size);
    fuzz_check(memcmp(a, b, len) == 0);
    zg_shuffle(a, b, len, elem_size);
    fuzz_check(memcmp(b, data, len) == 0);
    fuzz_check(zg_crc32c(data, len) == zg_crc32c_table(data, len));
    free(a);
    free(b);
}

static void choose_filters(unsigned choice, zagg_h5_dataset *ds)
{
    static const uint16_t IDS[3] = {ZG_H5_FILTER_DEFLATE, ZG_H5_FILTER_SHUFFLE,
                                    ZG_H5_FILTER_FLETCHER32};
    unsigned seen = 0;
    for (unsigned i = 0; i < 4; i++) {
        unsigned which = choice >> (2 * i) & 3;
        if (which == 3 || (seen >> which & 1))
            continue;
        seen |= 1u << which;
        ds->filters[ds->n_filters++] = IDS[which];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= HEAD || size > 200000)
        return 0;
    zg_h5_slot slot = {.inflater = zg_inflater_new()};
    if (!slot.inflater)
        abort();
    zagg_h5 file = {.name = "fuzz"}; /* for its counters */
    zagg_h5_dataset ds = {.file = &file, .elem_size = (size_t)1 << (data[3] & 3)};
    choose_filters(data[1], &ds);
    ds.chunk_bytes = ds.elem_size * (1 + (size_t)zg_le16(data + 4));
    size_t len = size - HEAD, room = len > ds.chunk_bytes ? len : ds.chunk_bytes;
    uint8_t *dest = malloc(room);
    if (!dest)
        abort();
    check_shuffle(data + HEAD, len, ds.elem_size);
    if (data[0] & 0x80)
        round_trip(&ds, &slot, data[2], data + HEAD, len, dest);
    else
        hostile(&ds, &slot, data[2], data + HEAD, len, data[3] & 0x80, dest);
    free(dest);
    zg_free(slot.work[0].data);
    zg_free(slot.work[1].data);
    zg_inflater_free(slot.inflater);
    return 0;
}
