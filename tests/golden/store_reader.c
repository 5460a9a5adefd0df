/* Golden sets stores and real: every store is read, and stores that hold the same cells
 * in other forms (sharded or not, CSR groups or vlen arrays, flat or hive, plain or
 * versioned leaves) hold the same values. Counts are those of the set's README; single
 * cells and places lead to the chunk that holds them. */
#include "golden/store_cases.h"
#include "zagg/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What a store holds, whatever the order in which it is stored. */
typedef struct contents {
    uint64_t cells;      /* that hold data in any field */
    uint64_t sum;        /* of a hash of each cell's values, and of each chunk's */
    uint64_t plain_sum;  /* the same without ragged fields */
    double observations; /* sum of `count`, or of the weights of digests */
    bool counted;
    uint64_t looked_up; /* cells that were read by themselves, and located */
} contents;

/* ---- hashes of values ---- */

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ (h >> 29);
}

static uint64_t mix_bytes(uint64_t h, const void *data, size_t len)
{
    const unsigned char *at = data;
    for (size_t i = 0; i < len; i++)
        h = mix(h, at[i]);
    return mix(h, len);
}

/* All NaNs are one. */
static uint64_t mix_element(uint64_t h, zagg_dtype dtype, const void *element)
{
    const double v = zagg_store_number(dtype, element);
    return zagg_dtype_is_float(dtype) && v != v
               ? mix(h, 0x7ff8)
               : mix_bytes(h, element, zagg_dtype_size(dtype));
}

/* Coordinates differ between the versions of upstream; the cell's id is mixed in. */
static bool counts(const zagg_store_column *c)
{
    return c->read && c->field->kind != ZAGG_STORE_COORDINATE;
}

static uint64_t hash_cell(const zagg_store_chunk *chunk, size_t cell, bool ragged)
{
    uint64_t h = mix(1, chunk->cell_ids[cell]);
    for (size_t i = 0; i < chunk->n_columns; i++) {
        const zagg_store_column *c = &chunk->columns[i];
        const zagg_store_field_info *f = c->field;
        const size_t size = zagg_dtype_size(f->dtype);
        if (!counts(c) || f->kind == ZAGG_STORE_COMPANION || (f->ragged && !ragged))
            continue;
        h = mix_bytes(h, f->name, strlen(f->name));
        if (f->ragged)
            h = mix_bytes(h, c->payloads[cell].data, c->payloads[cell].len);
        for (size_t k = 0; !f->ragged && k < f->width; k++)
            h = mix_element(h, f->dtype,
                            (const char *)c->data + (cell * f->width + k) * size);
    }
    return h;
}

static uint64_t hash_companions(const zagg_store_chunk *chunk)
{
    uint64_t h = mix(mix(2, chunk->index[0]), chunk->index[1]);
    bool any = false;
    for (size_t i = 0; i < chunk->n_columns; i++) {
        const zagg_store_column *c = &chunk->columns[i];
        if (c->field->kind != ZAGG_STORE_COMPANION || !c->stored)
            continue;
        any = true;
        h = mix_bytes(h, c->field->name, strlen(c->field->name));
        for (size_t k = 0; k < c->field->width; k++)
            h = mix_element(h, c->field->dtype,
                            (const char *)c->data + k * zagg_dtype_size(c->field->dtype));
    }
    return any ? h : 0;
}

/* ---- observations ---- */

static double weight_of(const zagg_bytes_view *payload)
{
    double sum = 0;
    for (size_t at = 0; at + 8 <= payload->len; at += 8) {
        float row[2];
        memcpy(row, (const char *)payload->data + at, sizeof row);
        sum += (double)row[1];
    }
    return sum;
}

/* A cell's digest weighs as much as the cell counts. */
static double observations(case_report *r, const char *name,
                           const zagg_store_chunk *chunk, size_t cell)
{
    double count = -1, weight = -1;
    for (size_t i = 0; i < chunk->n_columns; i++) {
        const zagg_store_column *c = &chunk->columns[i];
        if (strcmp(c->field->name, "count") == 0)
            count = zagg_store_number(c->field->dtype,
                                      (const char *)c->data +
                                          cell * zagg_dtype_size(c->field->dtype));
        else if (c->field->digest)
            weight = weight_of(&c->payloads[cell]);
    }
    if (count >= 0 && weight >= 0 && count != weight)
        case_fail(r, name, "cell %" PRIu64 " counts %.0f, its digest weighs %.0f",
                  chunk->cell_ids[cell], count, weight);
    return count >= 0 ? count : weight;
}

/* ---- reading a store ---- */

/* The cell by its id, and by its middle, has the values it has among the others. */
static void look_up(case_report *r, const store_case *s, zagg_store_reader *single,
                    const zagg_store_group *g, uint64_t id, uint64_t hash)
{
    zagg_store_chunk chunk;
    size_t at = 0;
    zagg_err err = ZAGG_ERR_INIT;
    double lat = 0, lon = 0;
    uint64_t found = 0;
    if (zagg_store_read_cell(single, id, &chunk, &at, &err) != ZAGG_OK)
        case_fail(r, s->name, "%s", err.msg);
    else if (chunk.cell_ids[at] != id || hash_cell(&chunk, at, true) != hash)
        case_fail(r, s->name, "cell %" PRIu64 " by itself has other values", id);
    if (g->grid.kind == ZAGG_GRID_RECTILINEAR)
        return;
    zagg_geo_centre(id, g->grid.cell_order, g->grid.latitude, &lat, &lon);
    if (zagg_store_locate(&g->grid, lat, lon, &found, &err) != ZAGG_OK || found != id)
        case_fail(r, s->name, "the middle of cell %" PRIu64 " lies in another", id);
    if (chunk.words[at] != zagg_word_from_nested(id, g->grid.cell_order))
        case_fail(r, s->name, "cell %" PRIu64 " has another word", id);
}

static bool has_data(const zagg_store_chunk *chunk, size_t cell)
{
    for (size_t i = 0; i < chunk->n_columns; i++)
        if (chunk->columns[i].read && zagg_store_has_data(chunk, i, cell))
            return true;
    return false;
}

static void take_chunk(case_report *r, const store_case *s, zagg_store_reader *single,
                       const zagg_store_group *g, const zagg_store_chunk *chunk,
                       contents *out)
{
    enum { EVERY = 97 };
    for (size_t cell = 0; cell < chunk->n_cells; cell++) {
        if (!has_data(chunk, cell))
            continue;
        const uint64_t hash = hash_cell(chunk, cell, true);
        const double n = observations(r, s->name, chunk, cell);
        out->sum += hash;
        out->plain_sum += hash_cell(chunk, cell, false);
        out->counted = n >= 0;
        out->observations += n >= 0 ? n : 0;
        if (out->cells++ % EVERY == 0) {
            look_up(r, s, single, g, chunk->cell_ids[cell], hash);
            out->looked_up++;
        }
    }
    out->sum += hash_companions(chunk);
}

static contents read_store(case_report *r, const store_case *s)
{
    contents out = {.cells = 0};
    zagg_store *store = NULL;
    zagg_store_reader *all = NULL, *single = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_status status = zagg_store_open(s->path, &store, &err);
    if (status == ZAGG_OK)
        status = zagg_store_reader_new(store, 0, NULL, &all, &err);
    if (status == ZAGG_OK)
        status = zagg_store_reader_new(store, 0, NULL, &single, &err);
    const zagg_store_group *g = status == ZAGG_OK ? zagg_store_get_group(store, 0) : NULL;
    for (size_t i = 0; g != NULL && i < g->n_shards && status == ZAGG_OK; i++) {
        status = zagg_store_reader_shard(all, i, &err);
        for (uint64_t b = 0; b < g->grid.chunks_per_shard && status == ZAGG_OK; b++) {
            zagg_store_chunk chunk;
            status = zagg_store_reader_chunk(all, b, &chunk, &err);
            if (status == ZAGG_OK)
                take_chunk(r, s, single, g, &chunk, &out);
        }
    }
    for (size_t i = 0; g != NULL && i < g->n_fields; i++)
        if (g->fields[i].kind == ZAGG_STORE_OTHER)
            case_fail(r, s->name, "%s is not read: %s", g->fields[i].name,
                      g->fields[i].why);
    if (status != ZAGG_OK)
        case_fail(r, s->name, "%s", err.msg);
    if (out.looked_up == 0)
        case_fail(r, s->name, "it holds no data");
    zagg_store_reader_free(all);
    zagg_store_reader_free(single);
    zagg_store_close(store);
    return out;
}

/* ---- stores that hold the same ---- */

/* Names of stores of one content, and how many observations the README says it has (0:
 * its fields do not count them). Digests of 0.11 and 0.61 differ in last bits now and
 * then, so that they are compared among stores of one version. */
typedef struct same_content {
    const char *names[5];
    double observations;
} same_content;

static const same_content STORES[] = {
    {{"seed_gain_bias_healpix_o11"}, 0},
    {{"seed_gain_bias_rect_3km", "v061_gain_bias_rect_3km"}, 0},
    {{"seed_mini_all", "seed_mini_all_sharded"}, 66621},
    {{"seed_mini_rect", "seed_mini_rect_sharded", "v061_mini_rect",
      "v061_mini_rect_sharded"},
     66621},
    {{"seed_scalar_healpix_o11"}, 66621},
    {{"seed_tdigest_healpix_o11"}, 66621},
    {{"v061_flat_gain_bias_healpix_o11", "v061_hive_gain_bias_healpix_o11",
      "v061_hiveplain_gain_bias_healpix_o11"},
     0},
    {{"v061_flat_scalar_healpix_o11", "v061_hive_scalar_healpix_o11",
      "v061_hiveplain_scalar_healpix_o11"},
     66618},
    {{"v061_flat_tdigest_healpix_o11", "v061_hive_tdigest_healpix_o11",
      "v061_hiveplain_tdigest_healpix_o11"},
     66618},
    {{"v061_mini_flat", "v061_mini_hive", "v061_mini_hivelean", "v061_mini_hiveplain"},
     66621},
};

static void check_content(case_report *r, const same_content *same)
{
    contents first = {.cells = 0};
    for (size_t i = 0; i < sizeof same->names / sizeof same->names[0]; i++) {
        char file[128];
        store_case s;
        if (same->names[i] == NULL)
            break;
        (void)snprintf(file, sizeof file, "%s.tar.zst", same->names[i]);
        if (!store_case_open(r, "stores", file, &s))
            continue;
        const contents c = read_store(r, &s);
        if (i == 0)
            first = c;
        if (i > 0 && s.name[0] != same->names[i - 1][0])
            first.sum = c.sum; /* the first of the other version */
        if (c.counted != (same->observations > 0) ||
            (c.counted && c.observations != same->observations))
            case_fail(r, s.name, "%.0f observations", c.observations);
        else if (c.cells != first.cells || c.sum != first.sum ||
                 c.plain_sum != first.plain_sum)
            case_fail(r, s.name, "its values are not those of %s", same->names[0]);
        else
            case_pass(r);
        print_message("%s: %" PRIu64 " cells, %.0f observations\n", s.name, c.cells,
                      c.observations);
        store_case_close(&s);
    }
}

static void synthetic_stores(void **state)
{
    case_report r = {.set = "stores"};
    (void)state;
    if (!golden_available("stores"))
        skip();
    for (size_t i = 0; i < sizeof STORES / sizeof STORES[0]; i++)
        check_content(&r, &STORES[i]);
    zg_vec names = store_case_names("stores");
    if (r.passed + r.failed < names.len)
        case_fail(&r, "stores", "%zu archives, but %zu were read", names.len, r.passed);
    store_case_names_free(&names);
    report_end(&r, 24);
}

/* Of the real photons each store of one beam has the same cells and as many. */
static void real_stores(void **state)
{
    case_report r = {.set = "real"};
    contents counted = {.cells = 0};
    (void)state;
    if (!golden_available("real"))
        skip();
    zg_vec names = store_case_names("real");
    for (size_t i = 0; i < names.len; i++) {
        store_case s;
        if (!store_case_open(&r, "real", *ZG_VEC_AT(&names, char *, i), &s))
            continue;
        const contents c = read_store(&r, &s);
        print_message("%s: %" PRIu64 " cells, %.0f observations\n", s.name, c.cells,
                      c.observations);
        const bool healpix = strstr(s.name, "healpix") != NULL;
        if (healpix && counted.cells == 0)
            counted.cells = c.cells;
        if (healpix && c.counted && counted.observations == 0)
            counted.observations = c.observations;
        if (healpix && (c.cells != counted.cells ||
                        (c.counted && c.observations != counted.observations)))
            case_fail(&r, s.name, "other cells or observations than its siblings");
        else
            case_pass(&r);
        store_case_close(&s);
    }
    store_case_names_free(&names);
    report_end(&r, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(synthetic_stores),
        cmocka_unit_test(real_stores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
