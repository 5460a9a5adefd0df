/* Every object of one array: it decodes, and holds what its place demands where that is
 * known (coordinates, payloads). The content hash of the whole array. */
#include "codec/codec.h"
#include "store/verify.h"
#include "zarr/csr.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct array_walk {
    zg_verifier *v;
    const zg_array_check *c;
    const zagg_zarr_array *array;
    zg_zarr_layout layout;
    zagg_zarr_cursor *cursor;
    const char *folder;
    bool sound; /* no object of it is damaged */
} array_walk;

/* ---- what a chunk must hold ---- */

/* Why elements of a coordinate are not those of their place; false where they are. */
static bool wrong_coordinate(const array_walk *w, const uint64_t *index,
                             const zagg_zarr_chunk *chunk, char why[128])
{
    const zagg_store_grid *g = &w->c->group->grid;
    const bool words = strcmp(w->array->name, "morton") == 0;
    const uint64_t *held = chunk->elements;
    const uint64_t first = w->c->first_cell + index[0] * w->array->chunk[0];
    for (size_t i = 0; i < chunk->n; i++) {
        const uint64_t id = first + i;
        const uint64_t expected = words ? zagg_word_from_nested(id, g->cell_order) : id;
        if (held[i] == expected)
            continue;
        (void)snprintf(why, 128,
                       "element %zu is %" PRIu64 ", not %" PRIu64 " of its place", i,
                       held[i], expected);
        return true;
    }
    return false;
}

/* x[i] = xmin + (i + 0.5) rx, y[j] = ymax - (j + 0.5) ry, as upstream evaluates it. */
static bool wrong_axis(const array_walk *w, const uint64_t *index,
                       const zagg_zarr_chunk *chunk, char why[128])
{
    const zagg_store_grid *g = &w->c->group->grid;
    const bool x = strcmp(w->array->name, "x") == 0;
    const double *held = chunk->elements;
    const uint64_t first = index[0] * w->array->chunk[0];
    for (size_t i = 0; i < chunk->n && first + i < w->array->shape[0]; i++) {
        const double at = (double)(first + i) + 0.5;
        const double expected = x ? g->bounds[0] + at * g->resolution[0]
                                  : g->bounds[3] - at * g->resolution[1];
        if (memcmp(&held[i], &expected, sizeof expected) == 0)
            continue;
        (void)snprintf(why, 128, "element %zu is %.17g, not %.17g of its place", i,
                       held[i], expected);
        return true;
    }
    return false;
}

/* Rows of (mean, weight): means ascend, weights are above 0, both finite. */
static const char *digest_fault(const zagg_bytes_view *payload)
{
    const size_t n = payload->len / (2 * sizeof(float));
    float before = 0;
    for (size_t i = 0; i < n; i++) {
        float row[2];
        memcpy(row, (const char *)payload->data + i * sizeof row, sizeof row);
        if (!(row[0] - row[0] == 0) || !(row[1] - row[1] == 0))
            return "a centroid that is not finite";
        if (!(row[1] > 0))
            return "a centroid without weight";
        if (i > 0 && row[0] < before)
            return "means that do not ascend";
        before = row[0];
    }
    return NULL;
}

static bool wrong_payload(const zagg_store_field_info *f, const zagg_bytes_view *views,
                          size_t n, char why[128])
{
    const size_t row = f->width * zagg_dtype_size(f->dtype);
    for (size_t i = 0; i < n; i++) {
        const char *fault = row > 0 && views[i].len % row != 0 ? "no whole number of rows"
                            : f->digest                        ? digest_fault(&views[i])
                                                               : NULL;
        if (fault == NULL)
            continue;
        (void)snprintf(why, 128, "the payload of element %zu is damaged: %s", i, fault);
        return true;
    }
    return false;
}

static bool is_axis_of_grid(const array_walk *w)
{
    return w->c->field->kind == ZAGG_STORE_AXIS && w->array->dtype == ZAGG_DT_F64 &&
           w->c->group->grid.kind == ZAGG_GRID_RECTILINEAR &&
           (strcmp(w->array->name, "x") == 0 || strcmp(w->array->name, "y") == 0);
}

static bool wrong_chunk(const array_walk *w, const uint64_t *index,
                        const zagg_zarr_chunk *chunk, char why[128])
{
    const zagg_store_field_info *f = w->c->field;
    if (f->ragged)
        return w->array->kind == ZAGG_ZARR_VLEN && f->dtype != ZAGG_DT_NONE &&
               wrong_payload(f, chunk->elements, chunk->n, why);
    if (w->c->group == NULL || !w->c->group->has_grid)
        return false;
    if (f->kind == ZAGG_STORE_COORDINATE && w->c->group->grid.kind == ZAGG_GRID_HEALPIX)
        return wrong_coordinate(w, index, chunk, why);
    return is_axis_of_grid(w) && wrong_axis(w, index, chunk, why);
}

/* ---- objects ---- */

/* One object and all its inner chunks; the first that is wrong is reported. */
static zagg_status check_object(array_walk *w, const char *key, const uint64_t *object,
                                zagg_err *err)
{
    const zg_zarr_layout *l = &w->layout;
    for (size_t i = 0; i < l->n_inner; i++) {
        uint64_t index[ZAGG_ZARR_MAX_RANK] = {0};
        zagg_err reason = ZAGG_ERR_INIT;
        zagg_zarr_chunk chunk;
        char why[128];
        size_t rest = i;
        for (unsigned d = w->array->rank; d-- > 0;) {
            index[d] = object[d] * l->inner[d] + rest % l->inner[d];
            rest /= (size_t)l->inner[d];
        }
        const zagg_status status =
            zagg_zarr_cursor_read(w->cursor, index, &chunk, &reason);
        if (status != ZAGG_OK) {
            w->sound = false;
            return zg_find_failure(w->v, key, status, &reason, err);
        }
        w->v->verdict.chunks += chunk.stored;
        if (chunk.stored && wrong_chunk(w, index, &chunk, why)) {
            w->sound = false;
            return l->n_inner > 1
                       ? zg_find(w->v, ZAGG_FINDING_PROBLEM, err, key,
                                 "inner chunk %zu: %s", i, why)
                       : zg_find(w->v, ZAGG_FINDING_PROBLEM, err, key, "%s", why);
        }
    }
    const size_t unused = zg_zarr_cursor_unused(w->cursor);
    return unused == 0 ? ZAGG_OK
                       : zg_find(w->v, ZAGG_FINDING_PROBLEM, err, key,
                                 "%zu of its bytes belong to no chunk", unused);
}

static zagg_status check_objects(array_walk *w, const char *prefix, zagg_err *err)
{
    const size_t len = strlen(prefix);
    for (size_t i = zg_objects_first(w->v, prefix); i < w->v->objects.len; i++) {
        zg_object *o = ZG_VEC_AT(&w->v->objects, zg_object, i);
        uint64_t index[ZAGG_ZARR_MAX_RANK] = {0};
        if (strncmp(o->key, prefix, len) != 0)
            break;
        if (!zg_zarr_index_parse(w->array, &w->layout, o->key + len, index))
            continue; /* unexpected */
        o->explained = true;
        ZAGG_TRY(check_object(w, o->key, index, err));
    }
    return ZAGG_OK;
}

/* ---- content hash ---- */

static void hash_elements(const array_walk *w, zg_sha256_stream *h, const void *elements,
                          size_t n)
{
    const zagg_bytes_view *views = elements;
    if (w->array->kind != ZAGG_ZARR_VLEN) {
        zg_sha256_add(h, elements, n * w->layout.elem_bytes);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const uint64_t len = views[i].len;
        zg_sha256_add(h, &len, sizeof len);
        zg_sha256_add(h, views[i].data, views[i].len);
    }
}

/* Copy what of a chunk lies inside the array into a band of whole rows. `at`: the chunk's
 * index; only the first axis of the band is shorter than that of the array. */
static void copy_into_band(const array_walk *w, const uint64_t *at, const char *from,
                           unsigned axis, size_t to, size_t from_at, char *band)
{
    const zagg_zarr_array *a = w->array;
    const size_t bytes = w->layout.elem_bytes;
    const uint64_t start = axis == 0 ? 0 : at[axis] * a->chunk[axis];
    const uint64_t limit =
        axis == 0 ? a->shape[0] - at[0] * a->chunk[0] : a->shape[axis] - start;
    const uint64_t n = limit < a->chunk[axis] ? limit : a->chunk[axis];
    const size_t extent = (size_t)(axis == 0 ? a->chunk[0] : a->shape[axis]);
    to = to * extent + (size_t)start;
    from_at *= (size_t)a->chunk[axis];
    if (axis + 1 == a->rank) {
        memcpy(band + to * bytes, from + from_at * bytes, (size_t)n * bytes);
        return;
    }
    for (uint64_t i = 0; i < n; i++)
        copy_into_band(w, at, from, axis + 1, to + (size_t)i, from_at + (size_t)i, band);
}

/* Hash the rows of the array that one row of chunks covers. */
static zagg_status hash_band(array_walk *w, uint64_t row, size_t row_elems, char *band,
                             zg_sha256_stream *h, zagg_err *err)
{
    const zagg_zarr_array *a = w->array;
    uint64_t index[ZAGG_ZARR_MAX_RANK] = {row, 0, 0, 0};
    const uint64_t left = a->shape[0] - row * a->chunk[0];
    const size_t n = (size_t)(left < a->chunk[0] ? left : a->chunk[0]) * row_elems;
    for (bool more = true; more;) {
        zagg_zarr_chunk chunk;
        ZAGG_TRY(zagg_zarr_cursor_read(w->cursor, index, &chunk, err));
        if (band == NULL) {
            hash_elements(w, h, chunk.elements, n);
            return ZAGG_OK;
        }
        copy_into_band(w, index, chunk.elements, 0, 0, 0, band);
        more = false;
        for (unsigned d = a->rank; d-- > 1 && !more;) {
            more = ++index[d] < (a->shape[d] + a->chunk[d] - 1) / a->chunk[d];
            index[d] = more ? index[d] : 0;
        }
    }
    hash_elements(w, h, band, n);
    return ZAGG_OK;
}

/* A band's memory, where a chunk does not span all axes but the first. */
static zagg_status make_band(array_walk *w, size_t row_elems, char **band, size_t *elems,
                             bool *possible, zagg_err *err)
{
    const zagg_zarr_array *a = w->array;
    bool whole = true;
    for (unsigned d = 1; d < a->rank; d++)
        whole = whole && a->chunk[d] == a->shape[d];
    *band = NULL;
    *possible = true;
    if (whole)
        return ZAGG_OK;
    *possible = a->kind != ZAGG_ZARR_VLEN &&
                zg_mul_size(row_elems, (size_t)a->chunk[0], elems) &&
                *elems <= ZG_VERIFY_MAX_HASHED;
    if (!*possible)
        return zg_find(w->v, ZAGG_FINDING_UNVERIFIABLE, err, w->folder,
                       "%s: content of this layout is not hashed", a->name);
    *band = zg_map(*elems, w->layout.elem_bytes);
    return *band != NULL
               ? ZAGG_OK
               : zagg_err_set(err, ZAGG_ENOMEM, "no memory to hash '%s'", a->name);
}

static zagg_status hash_array(array_walk *w, char hex[65], zagg_err *err)
{
    const zagg_zarr_array *a = w->array;
    size_t row_elems = 1, band_elems = 0;
    uint64_t total = w->layout.elem_bytes;
    char *band = NULL;
    bool possible = true;
    for (unsigned d = 0; d < a->rank; d++) {
        if (!zg_mul_u64(total, a->shape[d], &total) || total > ZG_VERIFY_MAX_HASHED)
            return zg_find(w->v, ZAGG_FINDING_UNVERIFIABLE, err, w->folder,
                           "%s is too large for a leaf: its content is not hashed",
                           a->name);
        row_elems *= d > 0 ? (size_t)a->shape[d] : 1;
    }
    ZAGG_TRY(make_band(w, row_elems, &band, &band_elems, &possible, err));
    if (!possible)
        return ZAGG_OK;
    zg_sha256_stream *h = zg_sha256_new();
    zagg_status status =
        h != NULL ? ZAGG_OK
                  : zagg_err_set(err, ZAGG_ENOMEM, "no memory to hash '%s'", a->name);
    for (uint64_t row = 0; status == ZAGG_OK && row * a->chunk[0] < a->shape[0]; row++)
        status = hash_band(w, row, row_elems, band, h, err);
    if (status == ZAGG_OK)
        zg_sha256_end(h, hex);
    zg_sha256_free(h);
    zg_unmap(band, band_elems, w->layout.elem_bytes);
    return status;
}

/* ---- one array ---- */

zagg_status zg_verify_array(zg_verifier *v, const char *folder, const zg_array_check *c,
                            char hex[65], zagg_err *err)
{
    array_walk w = {
        .v = v, .c = c, .array = c->field->array, .folder = folder, .sound = true};
    char path[ZG_STORE_MAX_PATH], key[ZG_STORE_MAX_PATH];
    hex[0] = '\0';
    ZAGG_TRY(zg_path_join(folder, c->field->name, path, err));
    ZAGG_TRY(zg_path_join(path, "zarr.json", key, err));
    (void)zg_objects_explain(v, key);
    v->verdict.arrays++;
    if (c->field->why != NULL && c->field->why != c->group->why)
        ZAGG_TRY(zg_find(v, ZAGG_FINDING_PROBLEM, err, key, "%s", c->field->why));
    if (c->field->array == NULL) {
        const bool mapping = c->field->kind == ZAGG_STORE_MAPPING;
        ZAGG_TRY(zg_path_join(path, mapping ? "c" : "c/", key, err));
        (void)zg_objects_explain(v, key);
        return ZAGG_OK;
    }
    ZAGG_TRY(zg_zarr_layout_of(w.array, &w.layout, err));
    ZAGG_TRY(zagg_zarr_cursor_new(v->sink, folder, w.array, &w.cursor, err));
    zagg_status status = zg_path_join(path, "c/", key, err);
    if (status == ZAGG_OK)
        status = check_objects(&w, key, err);
    if (status == ZAGG_OK && c->hash && w.sound) {
        zagg_err reason = ZAGG_ERR_INIT;
        status = hash_array(&w, hex, &reason);
        if (status != ZAGG_OK)
            status = zg_find_failure(v, path, status, &reason, err);
    }
    zagg_zarr_cursor_free(w.cursor);
    return status;
}

/* ---- CSR fields ---- */

typedef struct csr_walk {
    const zagg_store_field_info *field;
    uint64_t cells;
    char why[128];
    bool wrong, found;
} csr_walk;

static zagg_status check_csr(void *user, const uint64_t *index, const void *data,
                             size_t n, zagg_err *err)
{
    csr_walk *w = user;
    const zagg_zarr_csr *csr = data;
    const size_t width = csr->width > 0 ? csr->width : 1;
    const size_t row = width * zagg_dtype_size(csr->dtype);
    (void)index;
    (void)err;
    w->found = true;
    w->wrong = n > 0 && (width != w->field->width ||
                         (w->cells > 0 && (uint64_t)csr->cell_ids[n - 1] >= w->cells));
    (void)snprintf(w->why, sizeof w->why,
                   "rows or cells are not those of the field and the chunk");
    for (size_t i = 0; i < n && !w->wrong; i++) {
        const zagg_bytes_view payload = {
            (const char *)csr->values + (size_t)csr->offsets[i] * row,
            (size_t)(csr->offsets[i + 1] - csr->offsets[i]) * row};
        const char *fault = w->field->digest ? digest_fault(&payload) : NULL;
        w->wrong = fault != NULL;
        if (w->wrong)
            (void)snprintf(w->why, sizeof w->why, "cell %" PRId64 " has %s",
                           csr->cell_ids[i], fault);
    }
    return ZAGG_OK;
}

static void explain_csr(zg_verifier *v, const char *chunk)
{
    static const char *const PARTS[] = {
        "zarr.json",         "values/zarr.json",   "values/c/0",  "values/c/0/0",
        "offsets/zarr.json", "cell_ids/zarr.json", "offsets/c/0", "cell_ids/c/0"};
    for (size_t i = 0; i < sizeof PARTS / sizeof PARTS[0]; i++) {
        char key[ZG_STORE_MAX_PATH];
        if (zg_path_join(chunk, PARTS[i], key, NULL) == ZAGG_OK)
            (void)zg_objects_explain(v, key);
    }
}

static zagg_status check_csr_chunk(zg_verifier *v, const char *path, uint64_t key,
                                   const zg_array_check *c, zg_zstd *zstd, zagg_err *err)
{
    const zagg_store_group *group = c->group;
    csr_walk w = {.field = c->field,
                  .cells = group->has_grid ? group->grid.cells_per_chunk : 0};
    uint64_t index[2];
    char name[24], chunk[ZG_STORE_MAX_PATH];
    zagg_err reason = ZAGG_ERR_INIT;
    (void)snprintf(name, sizeof name, "%" PRIu64, key);
    ZAGG_TRY(zg_path_join(path, name, chunk, err));
    explain_csr(v, chunk);
    if (group->has_grid && !zg_store_csr_chunk(&group->grid, key, index))
        ZAGG_TRY(zg_find(v, ZAGG_FINDING_PROBLEM, err, chunk,
                         "its key names no chunk of the grid"));
    const zagg_status status = zg_zarr_read_csr_chunk(v->sink, path, c->field->dtype, key,
                                                      zstd, check_csr, &w, &reason);
    if (status != ZAGG_OK)
        return zg_find_failure(v, chunk, status, &reason, err);
    v->verdict.chunks += w.found;
    if (!w.found)
        return zg_find(v, ZAGG_FINDING_PROBLEM, err, chunk, "unfinished: no zarr.json");
    return w.wrong ? zg_find(v, ZAGG_FINDING_PROBLEM, err, chunk, "%s", w.why) : ZAGG_OK;
}

zagg_status zg_verify_csr(zg_verifier *v, const char *folder, const zg_array_check *c,
                          zagg_err *err)
{
    char path[ZG_STORE_MAX_PATH], key[ZG_STORE_MAX_PATH];
    zagg_err reason = ZAGG_ERR_INIT;
    zg_vec keys;
    ZAGG_TRY(zg_path_join(folder, c->field->name, path, err));
    ZAGG_TRY(zg_path_join(path, "zarr.json", key, err));
    (void)zg_objects_explain(v, key);
    v->verdict.arrays++;
    zagg_status status = zg_zarr_csr_keys(v->sink, path, &keys, &reason);
    if (status != ZAGG_OK)
        return zg_find_failure(v, path, status, &reason, err);
    zg_zstd *zstd = zg_zstd_new();
    if (zstd == NULL)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory to unpack %s", path);
    for (size_t i = 0; i < keys.len && status == ZAGG_OK; i++)
        status = check_csr_chunk(v, path, *ZG_VEC_AT(&keys, uint64_t, i), c, zstd, err);
    zg_zstd_free(zstd);
    zg_vec_free(&keys);
    return status;
}
