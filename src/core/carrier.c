/* Carriers: one block holds the struct, its columns, their names, offsets and all
 * elements of fixed number; each ragged column has a block of rows of its own. */
#include "core/carrier.h"

#include <stdatomic.h>
#include <string.h>

enum { ALIGN = 64, FIRST_ROWS = 64 };

/* What a column needs beside what consumers see. */
typedef struct column_state {
    bool words;
    uint64_t *offsets; /* ragged, else NULL */
    size_t n_rows, cap_rows;
    size_t next_cell; /* offsets[0..next_cell] are written */
} column_state;

struct zagg_carrier_owner {
    atomic_size_t count;
    zagg_carrier carrier;
    zagg_carrier_column *columns;
    column_state *states;
    unsigned char *occupied;
};

/* Room for n bytes behind what is taken so far; aligned. */
static bool take(size_t *end, size_t n, size_t size, size_t *at)
{
    size_t bytes, rounded;
    if (!zg_mul_size(n, size, &bytes) || !zg_add_size(*end, ALIGN - 1, &rounded))
        return false;
    *at = rounded - rounded % ALIGN;
    return zg_add_size(*at, bytes, end);
}

/* Where each part of the block lies. */
typedef struct layout {
    size_t columns, states, names, occupied, elements, end;
} layout;

static bool element_bytes(const zg_carrier_spec *s, size_t n_cells, size_t *n,
                          size_t *size)
{
    if (s->kind == ZAGG_FIELD_RAGGED) {
        *size = sizeof(uint64_t);
        return zg_add_size(n_cells, 1, n);
    }
    *size = zagg_dtype_size(s->dtype);
    return zg_mul_size(n_cells, s->width, n);
}

static bool lay_out(const zg_carrier_spec *specs, size_t n_columns, size_t n_cells,
                    layout *l)
{
    size_t names = 0, at, n, size;
    l->end = sizeof(zagg_carrier_owner);
    for (size_t i = 0; i < n_columns; i++)
        names += strlen(specs[i].name) + 1;
    if (!take(&l->end, n_columns, sizeof(zagg_carrier_column), &l->columns) ||
        !take(&l->end, n_columns, sizeof(column_state), &l->states) ||
        !take(&l->end, names, 1, &l->names) || !take(&l->end, n_cells, 1, &l->occupied))
        return false;
    l->elements = l->end;
    for (size_t i = 0; i < n_columns; i++)
        if (!element_bytes(&specs[i], n_cells, &n, &size) || !take(&l->end, n, size, &at))
            return false;
    /* The heap aligns to less than ALIGN. */
    return zg_add_size(l->end, ALIGN, &at);
}

static void set_columns(zagg_carrier_owner *o, char *base, const layout *l,
                        const zg_carrier_spec *specs)
{
    size_t end = l->elements, at = 0, n = 0, size = 0;
    char *name = base + l->names;
    for (size_t i = 0; i < o->carrier.n_columns; i++) {
        const zg_carrier_spec *s = &specs[i];
        zagg_carrier_column *c = &o->columns[i];
        const size_t len = strlen(s->name) + 1;
        memcpy(name, s->name, len);
        c->name = name;
        name += len;
        c->kind = s->kind;
        c->dtype = s->dtype;
        c->width = s->width;
        o->states[i].words = s->words;
        (void)element_bytes(s, o->carrier.n_cells, &n, &size);
        (void)take(&end, n, size, &at);
        if (s->kind == ZAGG_FIELD_RAGGED) {
            o->states[i].offsets = (uint64_t *)(void *)(base + at);
            c->offsets = o->states[i].offsets;
        } else {
            c->data = base + at;
        }
    }
}

zagg_status zg_carrier_new(const zg_carrier_spec *specs, size_t n_columns, size_t n_cells,
                           zagg_carrier **out, zagg_err *err)
{
    layout l;
    char *block =
        lay_out(specs, n_columns, n_cells, &l) ? zg_alloc(l.end + ALIGN, 1) : NULL;
    if (!block)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu columns of %zu cells",
                            n_columns, n_cells);
    /* The owner stays at the start of the block, whose address free() wants. */
    zagg_carrier_owner *o = (zagg_carrier_owner *)(void *)block;
    char *base = block + (ALIGN - (uintptr_t)block % ALIGN) % ALIGN;
    atomic_init(&o->count, 1);
    o->columns = (zagg_carrier_column *)(void *)(base + l.columns);
    o->states = (column_state *)(void *)(base + l.states);
    o->carrier.n_cells = n_cells;
    o->carrier.n_columns = n_columns;
    o->carrier.columns = o->columns;
    o->carrier.owner = o;
    o->occupied = (unsigned char *)base + l.occupied;
    o->carrier.occupied = o->occupied;
    set_columns(o, base, &l, specs);
    *out = &o->carrier;
    return ZAGG_OK;
}

zagg_carrier_column *zg_carrier_columns(const zagg_carrier *carrier)
{
    return carrier->owner->columns;
}

unsigned char *zg_carrier_occupied(const zagg_carrier *carrier)
{
    return carrier->owner->occupied;
}

bool zg_carrier_holds_words(const zagg_carrier *carrier, size_t column)
{
    return carrier->owner->states[column].words;
}

static bool grow(zagg_carrier_column *c, column_state *s, size_t n_rows, size_t row_bytes)
{
    size_t cap = s->cap_rows ? s->cap_rows : FIRST_ROWS;
    while (cap < n_rows)
        if (!zg_mul_size(cap, 2, &cap))
            return false;
    void *data = zg_realloc(c->data, cap, row_bytes);
    if (!data)
        return false;
    c->data = data;
    s->cap_rows = cap;
    return true;
}

static void offsets_up_to(column_state *s, size_t cell)
{
    while (s->next_cell < cell)
        s->offsets[++s->next_cell] = s->n_rows;
}

zagg_status zg_carrier_append(zagg_carrier *carrier, size_t column, size_t cell,
                              const void *rows, size_t n_rows, zagg_err *err)
{
    zagg_carrier_column *c = &carrier->owner->columns[column];
    column_state *s = &carrier->owner->states[column];
    size_t row_bytes, end;
    if (c->kind != ZAGG_FIELD_RAGGED || cell >= carrier->n_cells || cell < s->next_cell)
        return zagg_err_set(err, ZAGG_EINTERNAL,
                            "column '%s': rows for cell %zu after %zu", c->name, cell,
                            s->next_cell);
    if (!zg_mul_size(c->width, zagg_dtype_size(c->dtype), &row_bytes) ||
        !zg_add_size(s->n_rows, n_rows, &end) ||
        (end > s->cap_rows && !grow(c, s, end, row_bytes)))
        return zagg_err_set(err, ZAGG_ENOMEM, "column '%s': no memory for %zu more rows",
                            c->name, n_rows);
    offsets_up_to(s, cell);
    if (n_rows > 0)
        memcpy((char *)c->data + s->n_rows * row_bytes, rows, n_rows * row_bytes);
    s->n_rows = end;
    return ZAGG_OK;
}

void zg_carrier_finish(zagg_carrier *carrier)
{
    for (size_t i = 0; i < carrier->n_columns; i++) {
        zagg_carrier_column *c = &carrier->owner->columns[i];
        column_state *s = &carrier->owner->states[i];
        if (c->kind != ZAGG_FIELD_RAGGED)
            continue;
        offsets_up_to(s, carrier->n_cells);
        if (s->n_rows == s->cap_rows)
            continue;
        void *data = zg_realloc(c->data, s->n_rows, c->width * zagg_dtype_size(c->dtype));
        if (data) { /* else the larger block stays */
            c->data = data;
            s->cap_rows = s->n_rows;
        }
    }
}

const zagg_carrier *zagg_carrier_retain(const zagg_carrier *carrier)
{
    zagg_carrier_owner *o = carrier->owner;
    if (!o)
        return NULL;
    atomic_fetch_add_explicit(&o->count, 1, memory_order_relaxed);
    return &o->carrier;
}

void zagg_carrier_release(const zagg_carrier *carrier)
{
    zagg_carrier_owner *o = carrier ? carrier->owner : NULL;
    /* All that other threads did with the memory happens before it is freed. */
    if (!o || atomic_fetch_sub_explicit(&o->count, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < o->carrier.n_columns; i++)
        if (o->columns[i].kind == ZAGG_FIELD_RAGGED)
            zg_free(o->columns[i].data);
    zg_free(o);
}
