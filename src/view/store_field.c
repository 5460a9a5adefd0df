/* Choosing a field of a store, and its values. */
#include "view/store_field.h"

#include "zagg/digest.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_integer(zagg_dtype t)
{
    return t != ZAGG_DT_F32 && t != ZAGG_DT_F64 && t != ZAGG_DT_BOOL && t != ZAGG_DT_NONE;
}

static bool is_value(const zagg_store_field_info *f)
{
    return f->kind == ZAGG_STORE_SCALAR || f->kind == ZAGG_STORE_VECTOR ||
           f->kind == ZAGG_STORE_RAGGED || f->kind == ZAGG_STORE_SERIES ||
           (f->kind == ZAGG_STORE_COMPANION && !f->ragged);
}

static size_t find(const zagg_store_group *g, const char *name, size_t len)
{
    for (size_t i = 0; i < g->n_fields; i++)
        if (strlen(g->fields[i].name) == len && memcmp(g->fields[i].name, name, len) == 0)
            return i;
    return SIZE_MAX;
}

/* The field of observations a cell, by the name and type that configs give it. */
static size_t find_count(const zagg_store_group *g)
{
    const size_t i = find(g, "count", 5);
    return i != SIZE_MAX && g->fields[i].kind == ZAGG_STORE_SCALAR &&
                   is_integer(g->fields[i].dtype)
               ? i
               : SIZE_MAX;
}

/* ---- refusing ---- */

static zagg_status no_such(const zagg_store_group *g, const char *asked, const char *why,
                           zagg_err *err)
{
    zg_str list;
    zg_str_init(&list, 400); /* names beyond that are not told */
    for (size_t i = 0; i < g->n_fields; i++)
        if (is_value(&g->fields[i]))
            zg_str_addf(&list, ", %s", g->fields[i].name);
    zg_str_add(&list, "");
    const zagg_status status = zagg_err_set(
        err, ZAGG_EARG, "--field %s: %s; there is count%s", asked, why, list.data);
    zg_str_free(&list);
    return status;
}

/* ---- choosing ---- */

/* "NAME[K]": the length of NAME, and K; SIZE_MAX where there is no [K]. */
static size_t split(const char *asked, size_t *part)
{
    const size_t len = strlen(asked);
    const char *open = strrchr(asked, '[');
    char *end = NULL;
    *part = SIZE_MAX;
    if (open == NULL || len == 0 || asked[len - 1] != ']' || open[1] < '0' ||
        open[1] > '9')
        return len;
    const unsigned long long k = strtoull(open + 1, &end, 10);
    if (end != asked + len - 1 || k > SIZE_MAX / 2)
        return len;
    *part = (size_t)k;
    return (size_t)(open - asked);
}

static zagg_status describe(zg_pick *p, const zagg_store_field_info *f, const char *asked,
                            const zagg_store_group *g, size_t part, zagg_err *err)
{
    char why[200];
    p->kind = f->kind == ZAGG_STORE_COMPANION ? ZG_PICK_CHUNK
              : f->digest                     ? ZG_PICK_MEDIAN
              : f->ragged                     ? ZG_PICK_ROWS
                                              : ZG_PICK_VALUE;
    if (!is_value(f)) {
        (void)snprintf(why, sizeof why, "is %s, no field of cells",
                       f->kind == ZAGG_STORE_OTHER && f->why != NULL
                           ? f->why
                           : zagg_store_kind_name(f->kind));
        return no_such(g, asked, why, err);
    }
    if (f->ragged) {
        (void)snprintf(p->name, sizeof p->name, "%.100s (%s)", f->name,
                       f->digest ? "median" : "rows a cell");
        return part == SIZE_MAX ? ZAGG_OK
                                : no_such(g, asked,
                                          "is ragged and has no values to "
                                          "choose from",
                                          err);
    }
    if (part == SIZE_MAX ? f->width > 1 : part >= f->width) {
        if (f->width > 1)
            (void)snprintf(why, sizeof why,
                           "holds %zu values a cell; choose one, from %.100s[0] to [%zu]",
                           f->width, f->name, f->width - 1);
        else
            (void)snprintf(why, sizeof why, "holds one value a cell");
        return no_such(g, asked, why, err);
    }
    p->part = part == SIZE_MAX ? 0 : part;
    if (part == SIZE_MAX)
        (void)snprintf(p->name, sizeof p->name, "%.120s", f->name);
    else
        (void)snprintf(p->name, sizeof p->name, "%.100s[%zu]", f->name, part);
    return ZAGG_OK;
}

zagg_status zg_pick_field(const zagg_store_group *g, const char *asked, zg_pick *out,
                          zagg_err *err)
{
    const size_t count = find_count(g);
    const bool by_count = asked == NULL || strcmp(asked, "count") == 0;
    size_t part = SIZE_MAX;
    *out = (zg_pick){.kind = ZG_PICK_CELLS, .count = SIZE_MAX};
    zg_vec_init(&out->centroids, sizeof(float), 0);
    if (by_count && count == SIZE_MAX) {
        (void)snprintf(out->name, sizeof out->name, "cells with data");
        return ZAGG_OK;
    }
    const size_t len = by_count ? 0 : split(asked, &part);
    out->field = by_count ? count : find(g, asked, len);
    if (out->field == SIZE_MAX)
        return no_such(g, asked, "there is no such field", err);
    out->is_count = out->field == count;
    out->count = out->is_count ? SIZE_MAX : count;
    return describe(out, &g->fields[out->field], by_count ? "count" : asked, g, part,
                    err);
}

void zg_pick_free(zg_pick *pick)
{
    zg_vec_free(&pick->centroids);
}

bool *zg_pick_wanted(const zg_pick *p, const zagg_store_group *g)
{
    bool *wanted = zg_alloc(g->n_fields + 1, sizeof *wanted);
    for (size_t i = 0; wanted != NULL && i < g->n_fields; i++)
        wanted[i] = p->kind == ZG_PICK_CELLS ? is_value(&g->fields[i])
                                             : i == p->field || i == p->count;
    return wanted;
}

/* ---- values ---- */

static bool has_any(const zagg_store_chunk *chunk, size_t cell)
{
    for (size_t k = 0; k < chunk->n_columns; k++)
        if (chunk->columns[k].read && zagg_store_has_data(chunk, k, cell))
            return true;
    return false;
}

static double number_at(const zagg_store_column *c, size_t at)
{
    const size_t size = zagg_dtype_size(c->field->dtype);
    const double v =
        zagg_store_number(c->field->dtype, (const char *)c->data + at * size);
    return isfinite(v) ? v : (double)NAN;
}

/* Payloads may lie at any address. */
static zagg_status median(zg_pick *p, const zagg_bytes_view *payload, double *value,
                          zagg_err *err)
{
    const size_t n = payload->len / (2 * sizeof(float));
    p->centroids.len = 0;
    if (!zg_vec_reserve(&p->centroids, 2 * n + 1))
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a digest");
    if (n > 0)
        memcpy(p->centroids.data, payload->data, 2 * n * sizeof(float));
    const zagg_digest digest = {.n = n, .centroids = p->centroids.data};
    *value = zagg_digest_quantile(&digest, 0.5);
    return ZAGG_OK;
}

/* Of a chunk there is no has_data: what is fill or not finite is none. */
static bool chunk_value(const zg_pick *p, const zagg_store_column *c, double *value)
{
    if (!c->stored || c->data == NULL)
        return false;
    *value = number_at(c, p->part);
    return isfinite(*value);
}

zagg_status zg_pick_value(zg_pick *p, const zagg_store_chunk *chunk, size_t cell,
                          bool *has, double *value, zagg_err *err)
{
    const zagg_store_column *c = &chunk->columns[p->field];
    *value = 1;
    if (p->kind == ZG_PICK_CELLS) {
        *has = has_any(chunk, cell);
        return ZAGG_OK;
    }
    if (p->kind == ZG_PICK_CHUNK) {
        *has = chunk_value(p, c, value);
        return ZAGG_OK;
    }
    *has = zagg_store_has_data(chunk, p->field, cell);
    if (!*has)
        return ZAGG_OK;
    const size_t width = c->field->width;
    if (p->kind == ZG_PICK_MEDIAN)
        return median(p, &c->payloads[cell], value, err);
    if (p->kind == ZG_PICK_ROWS)
        *value =
            (double)(c->payloads[cell].len / (zagg_dtype_size(c->field->dtype) * width));
    else
        *value = number_at(c, c->field->kind == ZAGG_STORE_SERIES
                                  ? p->part * chunk->n_cells + cell
                                  : cell * width + p->part);
    return ZAGG_OK;
}

uint64_t zg_pick_count(const zg_pick *p, const zagg_store_chunk *chunk, size_t cell)
{
    if (p->count == SIZE_MAX || chunk->columns[p->count].data == NULL)
        return 0;
    const double v = number_at(&chunk->columns[p->count], cell);
    return v >= 1 && v < 9e15 ? (uint64_t)v : 0;
}
