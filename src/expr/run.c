/* The interpreter: each step works on the values of all segments of a batch at once.
 * Programs with branches run segment by segment, as only there may one side be left out.
 */
#include "expr/elementwise.h"
#include "expr/memory.h"
#include "expr/program.h"

#include <math.h>
#include <string.h>

static zagg_status failed(const zx_run *r)
{
    return r->err && r->err->status != ZAGG_OK ? r->err->status : ZAGG_ENOMEM;
}

static zagg_status load_name(zx_run *r, const zagg_program *p, const zx_step *s,
                             const zagg_expr_input *inputs, zx_val *out)
{
    const zagg_expr_name *name = &p->names[s->target];
    const zagg_expr_input *in = &inputs[s->target];
    *out = (zx_val){.dtype = name->dtype,
                    .weak = name->weak && name->rank == 0,
                    .uniform = name->uniform,
                    .rank = name->rank,
                    .n_seg = r->n_seg,
                    .cols = name->rank == 2 ? in->columns : 1,
                    .data = (void *)(uintptr_t)in->data};
    if (name->rank == 0)
        return ZAGG_OK;
    if (!name->uniform) {
        out->off = r->rows;
        return ZAGG_OK;
    }
    size_t *off = zx_take(r, 2, sizeof *off);
    if (!off)
        return failed(r);
    off[0] = 0;
    off[1] = in->n;
    out->off = off;
    return ZAGG_OK;
}

static zagg_status make_sequence(zx_run *r, const zx_step *s, const zx_val *slots,
                                 zx_val *out)
{
    zx_val *items = zx_take(r, s->n_args ? s->n_args : 1, sizeof *items);
    if (!items)
        return failed(r);
    for (size_t i = 0; i < s->n_args; i++)
        if (s->args[i] != ZX_NO_SLOT)
            items[i] = slots[s->args[i]];
    *out = (zx_val){.n = s->n_args, .items = items};
    return ZAGG_OK;
}

/* A count that may differ from segment to segment. */
static zagg_status counts(zx_run *r, const zx_val *v, bool of_elements, zx_val *out)
{
    ZAGG_TRY(zx_new_scalar(r, ZAGG_DT_I64, v->rank == 0 || v->uniform, out));
    out->weak = true;
    for (size_t i = 0; i < (out->uniform ? 1 : r->n_seg); i++)
        ((int64_t *)out->data)[i] =
            (int64_t)(zx_rows(v, i) * (of_elements ? v->cols : 1));
    return ZAGG_OK;
}

static zagg_status attribute(zx_run *r, const zx_step *s, const zx_val *v, zx_val *out)
{
    zx_val *items;
    switch (s->attr) {
    case ZX_ATTR_SIZE:
        return counts(r, v, true, out);
    case ZX_ATTR_NDIM:
        ZAGG_TRY(zx_new_scalar(r, ZAGG_DT_I64, true, out));
        out->weak = true;
        *(int64_t *)out->data = v->rank;
        return ZAGG_OK;
    case ZX_ATTR_SHAPE:
        items = zx_take(r, 2, sizeof *items);
        if (!items)
            return failed(r);
        if (v->rank > 0)
            ZAGG_TRY(counts(r, v, false, &items[0]));
        if (v->rank > 1) {
            ZAGG_TRY(zx_new_scalar(r, ZAGG_DT_I64, true, &items[1]));
            items[1].weak = true;
            *(int64_t *)items[1].data = (int64_t)v->cols;
        }
        *out = (zx_val){.n = v->rank, .items = items};
        return ZAGG_OK;
    default: /* T of what has one axis at most */
        *out = *v;
        return ZAGG_OK;
    }
}

static zagg_status negate(zx_run *r, const zx_val *a, zx_val *out)
{
    zx_val truth;
    ZAGG_TRY(zx_cast(r, a, ZAGG_DT_BOOL, &truth));
    ZAGG_TRY(zx_new_scalar(r, ZAGG_DT_BOOL, a->uniform, out));
    out->weak = true;
    for (size_t i = 0; i < (a->uniform ? 1 : r->n_seg); i++)
        ((uint8_t *)out->data)[i] = !((const uint8_t *)truth.data)[i];
    return ZAGG_OK;
}

static zagg_status call(zx_run *r, const zx_step *s, const zx_val *slots, zx_val *out)
{
    zx_val args[ZX_MAX_PARAMS];
    for (size_t i = 0; i < ZX_MAX_PARAMS; i++)
        if (i < s->n_args && s->args[i] != ZX_NO_SLOT)
            args[i] = slots[s->args[i]];
        else
            args[i].data = NULL; /* what is absent is not looked at */
    return s->fn->run(s->fn, s->types, args, r, out);
}

static zagg_status index_step(zx_run *r, const zx_step *s, const zx_val *slots,
                              zx_val *out)
{
    zx_val values[4] = {{0}};
    for (size_t i = 0; i < s->n_args; i++)
        if (s->args[i] != ZX_NO_SLOT)
            values[i] = slots[s->args[i]];
    return zx_index(r, s->types, values, s->n_args, out);
}

static zagg_status value_step(zx_run *r, const zagg_program *p, const zx_step *s,
                              const zagg_expr_input *inputs, zx_val *slots)
{
    zx_val *out = &slots[s->out];
    const zx_type *type = &p->slots[s->out];
    const zx_val *a = s->n_args && s->args[0] != ZX_NO_SLOT ? &slots[s->args[0]] : NULL;
    switch (s->kind) {
    case ZX_S_NAME:
        return load_name(r, p, s, inputs, out);
    case ZX_S_CONST:
        *out = (zx_val){.dtype = type->dtype,
                        .weak = true,
                        .uniform = true,
                        .n_seg = r->n_seg,
                        .cols = 1,
                        .data = (void *)(uintptr_t)&s->constant};
        return ZAGG_OK;
    case ZX_S_SEQ:
        return make_sequence(r, s, slots, out);
    case ZX_S_UNARY:
        return zx_unary(r, s->op, type, a, out);
    case ZX_S_BINARY:
        return zx_binary(r, s->op, &s->types[0], &s->types[1], type, s->compute, a,
                         &slots[s->args[1]], out);
    case ZX_S_CALL:
        return call(r, s, slots, out);
    case ZX_S_INDEX:
        return index_step(r, s, slots, out);
    case ZX_S_ITEM:
        *out = a->items[s->target];
        return ZAGG_OK;
    case ZX_S_ATTR:
        return attribute(r, s, a, out);
    case ZX_S_NOT:
        return negate(r, a, out);
    default: /* MOVE */
        ZAGG_TRY(zx_cast(r, a, type->dtype, out));
        out->weak = type->weak;
        return ZAGG_OK;
    }
}

/* Branches see one segment. */
static zagg_status truth(zx_run *r, const zx_val *v, bool *out)
{
    zx_val b;
    ZAGG_TRY(zx_cast(r, v, ZAGG_DT_BOOL, &b));
    *out = *(const uint8_t *)b.data != 0;
    return ZAGG_OK;
}

static zagg_status run_steps(zx_run *r, const zagg_program *p,
                             const zagg_expr_input *inputs, zx_val *slots)
{
    for (size_t i = 0; i < p->n_steps;) {
        const zx_step *s = &p->steps[i++];
        bool is_true = false;
        zagg_status status = ZAGG_OK;
        if (s->kind == ZX_S_JUMP) {
            i = s->target;
            continue;
        }
        if (s->kind < ZX_S_JUMP)
            status = value_step(r, p, s, inputs, slots);
        else
            status = truth(r, &slots[s->args[0]], &is_true);
        if (status == ZAGG_ERANGE)
            return zx_at(r->err, status, p->text, s->column);
        if (status != ZAGG_OK)
            return status;
        if ((s->kind == ZX_S_JUMP_FALSE && !is_true) ||
            (s->kind == ZX_S_JUMP_TRUE && is_true))
            i = s->target;
    }
    return ZAGG_OK;
}

/* ---- results ---- */

/* One NaN for all: which bits an invalid operation leaves differs between CPUs. */
static zagg_status one_nan(zx_run *r, zx_val *v)
{
    const size_t n = zx_elements(v);
    size_t i = 0;
    if (v->dtype == ZAGG_DT_F32) {
        const float *x = v->data;
        while (i < n && x[i] == x[i])
            i++;
    } else if (v->dtype == ZAGG_DT_F64) {
        const double *x = v->data;
        while (i < n && x[i] == x[i])
            i++;
    } else {
        return ZAGG_OK;
    }
    if (i == n)
        return ZAGG_OK;
    const size_t size = zagg_dtype_size(v->dtype);
    void *copy = zx_take(r, n, size); /* inputs are not ours to change */
    if (!copy)
        return failed(r);
    memcpy(copy, v->data, n * size);
    v->data = copy;
    for (; i < n; i++) {
        if (v->dtype == ZAGG_DT_F32) {
            float *x = (float *)copy + i;
            *x = *x == *x ? *x : __builtin_nanf("");
        } else {
            double *x = (double *)copy + i;
            *x = *x == *x ? *x : __builtin_nan("");
        }
    }
    return ZAGG_OK;
}

static zagg_status result_of(zx_run *r, const zagg_program *p, const zx_val *slot,
                             zagg_expr_result *out)
{
    zx_val v = *slot;
    ZAGG_TRY(zx_write_out(r, &v, &v));
    ZAGG_TRY(one_nan(r, &v));
    out->type = zagg_program_type(p);
    out->data = v.data;
    out->columns = v.cols;
    out->offsets = v.off;
    return ZAGG_OK;
}

/* ---- entry ---- */

static zagg_status reserve_slots(zagg_expr_memory *m, size_t n, zagg_err *err)
{
    if (n > m->n_slots) {
        zx_val *slots = zg_realloc(m->slots, n, sizeof *slots);
        if (!slots)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an expression");
        m->slots = slots;
        m->n_slots = n;
    }
    if (n)
        memset(m->slots, 0, n * sizeof *m->slots);
    return ZAGG_OK;
}

static zagg_status run_batch(zx_run *r, const zagg_program *p,
                             const zagg_expr_input *inputs, zagg_expr_result *out)
{
    ZAGG_TRY(reserve_slots(r->memory, p->n_slots, r->err));
    ZAGG_TRY(run_steps(r, p, inputs, r->memory->slots));
    return result_of(r, p, &r->memory->slots[p->result], out);
}

/* Inputs of one segment alone. */
static void narrow_inputs(const zagg_program *p, const zagg_expr_input *inputs,
                          const size_t *offsets, size_t seg, zagg_expr_input *out)
{
    for (size_t i = 0; i < p->n_names; i++) {
        const zagg_expr_name *name = &p->names[i];
        const size_t first = name->rank == 0 ? seg : offsets[seg];
        const size_t cols = name->rank == 2 ? inputs[i].columns : 1;
        out[i] = inputs[i];
        if (!name->uniform && out[i].data)
            out[i].data =
                (const char *)out[i].data + first * cols * zagg_dtype_size(name->dtype);
    }
}

typedef struct joined {
    char *data;
    size_t n, cap; /* elements */
    size_t *off;
    size_t columns;
} joined;

/* Results of segments behind one another. */
static zagg_status join(zx_run *r, joined *j, size_t seg, const zagg_expr_result *one)
{
    const size_t size = zagg_dtype_size(one->type.dtype);
    const size_t rows = one->type.rank == 0 ? 1 : one->offsets[1];
    const size_t n = rows * one->columns;
    if (seg > 0 && one->columns != j->columns)
        return zx_fail(r, seg, "tables of different widths in different cells");
    if (n > j->cap - j->n) {
        const size_t cap = 2 * (j->n + n) + 64;
        char *data = zg_realloc(j->data, cap, size);
        if (!data)
            return zagg_err_set(r->err, ZAGG_ENOMEM, "no memory for an expression");
        j->data = data;
        j->cap = cap;
    }
    if (n > 0)
        memcpy(j->data + j->n * size, one->data, n * size);
    j->n += n;
    j->columns = one->columns;
    j->off[seg + 1] = j->off[seg] + rows;
    return ZAGG_OK;
}

/* The joined values move into the memory of the run, where results live. */
static zagg_status keep_joined(zx_run *r, const zagg_program *p, const joined *j,
                               zagg_expr_result *out)
{
    const size_t size = zagg_dtype_size(zagg_program_type(p).dtype);
    zx_memory_reset(r->memory);
    void *data = zx_take(r, j->n ? j->n : 1, size);
    size_t *off = data ? zx_take(r, r->n_seg + 1, sizeof *off) : NULL;
    if (!off)
        return failed(r);
    if (j->n)
        memcpy(data, j->data, j->n * size);
    memcpy(off, j->off, (r->n_seg + 1) * sizeof *off);
    *out = (zagg_expr_result){zagg_program_type(p), data,
                              zagg_program_type(p).rank ? off : NULL, j->columns};
    return ZAGG_OK;
}

static zagg_status run_segments(zx_run *r, const zagg_program *p,
                                const zagg_expr_input *inputs, const size_t *offsets,
                                zagg_expr_result *out)
{
    const size_t n_seg = r->n_seg;
    zagg_expr_input *own = zg_alloc(p->n_names + 1, sizeof *own);
    joined j = {.off = zg_alloc(n_seg + 1, sizeof *j.off)};
    zagg_status status =
        own && j.off ? ZAGG_OK
                     : zagg_err_set(r->err, ZAGG_ENOMEM, "no memory for an expression");
    for (size_t s = 0; status == ZAGG_OK && s < n_seg; s++) {
        const size_t rows[2] = {0, offsets[s + 1] - offsets[s]};
        zagg_expr_result one;
        narrow_inputs(p, inputs, offsets, s, own);
        zx_memory_reset(r->memory);
        r->n_seg = 1;
        r->rows = rows;
        status = run_batch(r, p, own, &one);
        r->n_seg = n_seg;
        if (status == ZAGG_OK)
            status = join(r, &j, s, &one);
        if (status != ZAGG_OK)
            r->bad_segment = s;
    }
    if (status == ZAGG_OK)
        status = keep_joined(r, p, &j, out);
    zg_free(j.data);
    zg_free(j.off);
    zg_free(own);
    return status;
}

zagg_status zagg_program_run(const zagg_program *program, zagg_expr_memory *memory,
                             const zagg_expr_input *inputs, const size_t *offsets,
                             size_t n_segments, zagg_expr_result *out,
                             size_t *bad_segment, zagg_err *err)
{
    static const size_t LEAST = (size_t)1 << 20;
    zagg_err own = ZAGG_ERR_INIT;
    const size_t n_rows = n_segments ? offsets[n_segments] : 0;
    zx_run r = {.memory = memory,
                .n_seg = n_segments,
                .rows = offsets,
                .limit = n_rows > LEAST ? n_rows : LEAST,
                .most_bytes = zx_most_bytes(n_rows),
                .err = err ? err : &own};
    zagg_status status;
    zx_memory_reset(memory);
    if (n_segments == 0 || offsets[0] != 0)
        return zagg_err_set(
            err, ZAGG_EARG,
            "zagg_program_run: no segments, or offsets that start behind 0");
    status = program->branches ? run_segments(&r, program, inputs, offsets, out)
                               : run_batch(&r, program, inputs, out);
    if (status != ZAGG_OK && bad_segment)
        *bad_segment = r.bad_segment;
    return status;
}
