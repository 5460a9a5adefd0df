/* Opening and reading whole datasets for a group read: templates, columns, link records.
 */
#include "core/read.h"

#include <string.h>

enum { MAX_PATH_BYTES = 4096 };

/* Length of a template with every "{group}" replaced; copied to `out` where there is one.
 */
static size_t expand(const char *tmpl, const char *group, char *out)
{
    static const char MARK[] = "{group}";
    const size_t group_len = strlen(group);
    size_t len = 0;
    for (const char *p = tmpl; *p;) {
        const bool mark = strncmp(p, MARK, sizeof MARK - 1) == 0;
        const size_t n = mark ? group_len : 1;
        if (out)
            memcpy(out + len, mark ? group : p, n);
        len += n;
        p += mark ? sizeof MARK - 1 : 1;
    }
    return len;
}

zagg_status zg_core_read_path(zg_group_read *r, const char *tmpl, const char **out,
                              zagg_err *err)
{
    char *path;
    const size_t len = expand(tmpl, r->group, NULL);
    if (len > MAX_PATH_BYTES)
        return zagg_err_set(err, ZAGG_ERANGE, "path template '%s' is too long", tmpl);
    ZAGG_TRY(zagg_arena_alloc(r->scratch, len + 1, 1, &path, err));
    expand(tmpl, r->group, path);
    *out = path;
    return ZAGG_OK;
}

zagg_status zg_core_read_open(zg_group_read *r, const char *tmpl, zagg_h5_dataset **out,
                              zagg_err *err)
{
    const char *path;
    ZAGG_TRY(zg_core_read_path(r, tmpl, &path, err));
    return zagg_h5_dataset_open(r->granule, path, out, err);
}

zagg_status zg_core_read_whole(zg_group_read *r, zagg_h5_column column, void **out,
                               size_t *n, zagg_err *err)
{
    const zagg_h5_info info = zagg_h5_dataset_info(column.dataset);
    if (info.dims[0] > SIZE_MAX / 16)
        return zagg_err_set(err, ZAGG_ERANGE, "%s: %llu rows are too many", info.path,
                            (unsigned long long)info.dims[0]);
    void *data;
    ZAGG_TRY(zagg_arena_alloc(r->scratch, (size_t)info.dims[0],
                              zagg_dtype_size(info.dtype), &data, err));
    const zagg_rows all = {0, info.dims[0]};
    if (info.dims[0] > 0)
        ZAGG_TRY(zagg_h5_read(column, &all, 1, r->pool, data, err));
    *out = data;
    *n = (size_t)info.dims[0];
    return ZAGG_OK;
}

static zagg_status open_vector(zg_group_read *r, const char *tmpl, zagg_h5_column *out,
                               zagg_err *err)
{
    zagg_h5_dataset *dataset;
    ZAGG_TRY(zg_core_read_open(r, tmpl, &dataset, err));
    const zagg_h5_info info = zagg_h5_dataset_info(dataset);
    if (info.rank != 1)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: has %u dimensions; one is needed here", info.path,
                            info.rank);
    *out = (zagg_h5_column){dataset, -1};
    return ZAGG_OK;
}

#define WIDEN(T, target)                                                                 \
    do {                                                                                 \
        const T *x = raw;                                                                \
        for (size_t i = 0; i < *n; i++)                                                  \
            wide[i] = (target)x[i];                                                      \
    } while (0)

zagg_status zg_core_read_i64(zg_group_read *r, const char *tmpl, const int64_t **out,
                             size_t *n, zagg_err *err)
{
    zagg_h5_column column;
    void *raw;
    int64_t *wide;
    ZAGG_TRY(open_vector(r, tmpl, &column, err));
    const zagg_h5_info info = zagg_h5_dataset_info(column.dataset);
    ZAGG_TRY(zg_core_read_whole(r, column, &raw, n, err));
    if (info.dtype == ZAGG_DT_I64) {
        *out = raw;
        return ZAGG_OK;
    }
    ZAGG_TRY(zagg_arena_alloc(r->scratch, *n, sizeof *wide, &wide, err));
    switch (info.dtype) {
    case ZAGG_DT_I8:
        WIDEN(int8_t, int64_t);
        break;
    case ZAGG_DT_I16:
        WIDEN(int16_t, int64_t);
        break;
    case ZAGG_DT_I32:
        WIDEN(int32_t, int64_t);
        break;
    case ZAGG_DT_U8:
        WIDEN(uint8_t, int64_t);
        break;
    case ZAGG_DT_U16:
        WIDEN(uint16_t, int64_t);
        break;
    case ZAGG_DT_U32:
        WIDEN(uint32_t, int64_t);
        break;
    case ZAGG_DT_U64: {
        const uint64_t *x = raw;
        for (size_t i = 0; i < *n; i++)
            wide[i] = x[i] > INT64_MAX ? INT64_MAX : (int64_t)x[i];
        break;
    }
    default:
        return zagg_err_set(err, ZAGG_ECONFIG, "%s: holds %s; integers are needed here",
                            info.path, zagg_dtype_name(info.dtype));
    }
    *out = wide;
    return ZAGG_OK;
}

zagg_status zg_core_read_f64(zg_group_read *r, const char *tmpl, const double **out,
                             size_t *n, zagg_err *err)
{
    zagg_h5_column column;
    void *raw;
    double *wide;
    ZAGG_TRY(open_vector(r, tmpl, &column, err));
    const zagg_h5_info info = zagg_h5_dataset_info(column.dataset);
    if (!zagg_dtype_is_float(info.dtype))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: holds %s; coordinates must be floating point", info.path,
                            zagg_dtype_name(info.dtype));
    ZAGG_TRY(zg_core_read_whole(r, column, &raw, n, err));
    if (info.dtype == ZAGG_DT_F64) {
        *out = raw;
        return ZAGG_OK;
    }
    ZAGG_TRY(zagg_arena_alloc(r->scratch, *n, sizeof *wide, &wide, err));
    WIDEN(float, double);
    *out = wide;
    return ZAGG_OK;
}

zagg_status zg_core_read_records(zg_group_read *r, const zagg_level *level,
                                 zg_records *out, zagg_err *err)
{
    size_t n_beg, n_count;
    if (!level->has_link)
        return zagg_err_set(err, ZAGG_ECONFIG, "level '%s' has no link", level->name);
    ZAGG_TRY(zg_core_read_i64(r, level->link.index_beg, &out->beg, &n_beg, err));
    ZAGG_TRY(zg_core_read_i64(r, level->link.count, &out->count, &n_count, err));
    if (n_beg != n_count)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "level '%s': index_beg has %zu records but count has %zu",
                            level->name, n_beg, n_count);
    out->n = n_beg;
    return ZAGG_OK;
}

zagg_status zg_core_read_select_column(zagg_h5_dataset *dataset, bool has_column,
                                       int64_t column, const char *what,
                                       zagg_h5_column *out, zagg_err *err)
{
    const zagg_h5_info info = zagg_h5_dataset_info(dataset);
    if (info.rank == 1) {
        if (has_column)
            return zagg_err_set(err, ZAGG_ECONFIG, "%s: 'column' set but %s is 1-D", what,
                                info.path);
        *out = (zagg_h5_column){dataset, -1};
        return ZAGG_OK;
    }
    if (info.rank != 2)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s: %s has %u dimensions; one, or two with 'column', are needed", what,
            info.path, info.rank);
    if (!has_column)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: %s is 2-D and needs an integer 'column' (0 to %llu)",
                            what, info.path, (unsigned long long)info.dims[1] - 1);
    const int64_t width = info.dims[1] > INT64_MAX ? INT64_MAX : (int64_t)info.dims[1];
    const int64_t index = column < 0 ? column + width : column;
    if (index < 0 || index >= width)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: column %lld is outside %s with %lld columns", what,
                            (long long)column, info.path, (long long)width);
    *out = (zagg_h5_column){dataset, index};
    return ZAGG_OK;
}

zagg_status zg_core_read_coordinate(zg_group_read *r, const char *tmpl, const char *what,
                                    zagg_h5_column *out, zagg_err *err)
{
    zagg_h5_dataset *dataset;
    ZAGG_TRY(zg_core_read_open(r, tmpl, &dataset, err));
    const zagg_h5_info info = zagg_h5_dataset_info(dataset);
    if (info.rank != 1)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: has %u dimensions; a %s column has one", info.path,
                            info.rank, what);
    if (!zagg_dtype_is_float(info.dtype))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: holds %s; a %s must be floating point", info.path,
                            zagg_dtype_name(info.dtype), what);
    *out = (zagg_h5_column){dataset, -1};
    return ZAGG_OK;
}

zagg_status zg_beam_absent(zg_group_read *r, bool *absent, zagg_err *err)
{
    const char *path;
    ZAGG_TRY(zg_core_read_path(r, r->worker->pipeline->data_source.latitude, &path, err));
    size_t end = strlen(path);
    while (end > 0 && path[end - 1] == '/')
        end--;
    while (end > 0 && path[end - 1] != '/')
        end--;
    char *folder = zagg_arena_strndup(r->scratch, path, end);
    if (!folder)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a path");
    bool exists = true;
    if (end > 1)
        ZAGG_TRY(zagg_h5_group_exists(r->granule, folder, &exists, err));
    *absent = !exists;
    return ZAGG_OK;
}

const double *zg_as_double(zagg_dtype dtype, const void *column, size_t first, size_t n,
                           double *wide)
{
    if (dtype == ZAGG_DT_F64)
        return (const double *)column + first;
    const float *narrow = (const float *)column + first;
    for (size_t i = 0; i < n; i++)
        wide[i] = (double)narrow[i];
    return wide;
}
