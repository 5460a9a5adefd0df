/* Reader of .npy files (numpy/lib/format: magic, version, length, a Python dict as
 * header). */
#include "support/support.h"

#include <stdlib.h>
#include <string.h>

/* The text behind "'key': " in the header dict. */
static const char *header_field(const char *header, const char *key, const char *path)
{
    const char *at = strstr(header, key);
    if (at == NULL)
        fail_msg("%s: no %s in the .npy header", path, key);
    at += strlen(key);
    return at + strspn(at, ": ");
}

static zagg_dtype parse_descr(const char *descr, const char *path)
{
    static const struct {
        const char *descr;
        zagg_dtype dtype;
    } known[] = {{"'|b1'", ZAGG_DT_BOOL}, {"'|i1'", ZAGG_DT_I8},  {"'<i2'", ZAGG_DT_I16},
                 {"'<i4'", ZAGG_DT_I32},  {"'<i8'", ZAGG_DT_I64}, {"'|u1'", ZAGG_DT_U8},
                 {"'<u2'", ZAGG_DT_U16},  {"'<u4'", ZAGG_DT_U32}, {"'<u8'", ZAGG_DT_U64},
                 {"'<f4'", ZAGG_DT_F32},  {"'<f8'", ZAGG_DT_F64}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strncmp(descr, known[i].descr, 5) == 0)
            return known[i].dtype;
    }
    fail_msg("%s: .npy dtype %.8s is not supported", path, descr);
    return ZAGG_DT_NONE;
}

static void parse_shape(npy *a, const char *shape, const char *path)
{
    const char *at = shape + 1; /* behind '(' */
    a->n = 1;
    for (;;) {
        at += strspn(at, ", ");
        if (*at == ')')
            return;
        char *end = NULL;
        unsigned long long dim = strtoull(at, &end, 10);
        if (end == at || a->rank == 4 || !zg_mul_size(a->n, (size_t)dim, &a->n))
            fail_msg("%s: .npy shape %.40s is not supported", path, shape);
        a->dims[a->rank++] = dim;
        at = end;
    }
}

/* Length of the part before the header text, and of that text. */
static void header_extent(const unsigned char *bytes, size_t len, const char *path,
                          size_t *prefix, size_t *header)
{
    if (len < 12 || memcmp(bytes, "\x93NUMPY", 6) != 0)
        fail_msg("%s: not a .npy file", path);
    *prefix = bytes[6] == 1 ? 10 : 12;
    *header = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    if (bytes[6] != 1)
        *header |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (*header > len - *prefix)
        fail_msg("%s: .npy header is cut off", path);
}

/* Elements in column order, as numpy saves the transpose of an array, into row order. */
static void copy_from_fortran(npy *a, const char *columns)
{
    size_t elem_size = zagg_dtype_size(a->dtype);
    uint64_t at[4] = {0};
    for (size_t i = 0; i < a->n; i++) {
        size_t row_major = 0;
        for (unsigned d = 0; d < a->rank; d++)
            row_major = row_major * (size_t)a->dims[d] + (size_t)at[d];
        memcpy((char *)a->data + row_major * elem_size, columns + i * elem_size,
               elem_size);
        for (unsigned d = 0; d < a->rank && ++at[d] == a->dims[d]; d++)
            at[d] = 0;
    }
}

npy npy_read(const char *path)
{
    npy a = {0};
    zagg_err err = ZAGG_ERR_INIT;
    char *bytes = NULL;
    size_t len = 0, prefix = 0, header_len = 0, data_len = 0;
    if (zagg_file_read(path, (size_t)1 << 32, &bytes, &len, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    header_extent((const unsigned char *)bytes, len, path, &prefix, &header_len);
    char *header = zg_strndup(bytes + prefix, header_len);
    assert_non_null(header);
    a.dtype = parse_descr(header_field(header, "'descr'", path), path);
    parse_shape(&a, header_field(header, "'shape'", path), path);
    bool fortran = strncmp(header_field(header, "'fortran_order'", path), "True", 4) == 0;
    zg_free(header);
    if (!zg_mul_size(a.n, zagg_dtype_size(a.dtype), &data_len) ||
        data_len != len - prefix - header_len)
        fail_msg("%s: .npy data is %zu bytes, not what its header says", path,
                 len - prefix - header_len);
    a.data = zg_alloc(data_len, 1);
    assert_non_null(a.data);
    if (fortran)
        copy_from_fortran(&a, bytes + prefix + header_len);
    else
        memcpy(a.data, bytes + prefix + header_len, data_len);
    zagg_bytes_free(bytes);
    return a;
}

void npy_free(npy *a)
{
    zg_free(a->data);
    npy empty = {0};
    *a = empty;
}
