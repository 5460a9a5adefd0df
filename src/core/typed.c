/* Programs of the config's expressions for the types that columns turn out to have.
 * Granules of one product agree, so that a run compiles once; the list grows with every
 * other set of types. */
#include "core/worker.h"

#include <string.h>

static void typed_free(zg_typed *t)
{
    if (!t)
        return;
    for (size_t i = 0; t->programs && i < t->first + t->n_texts; i++)
        zagg_program_free(t->programs[i]);
    zg_free(t->programs);
    zg_free(t->dtypes);
    zg_free(t);
}

void zg_typed_free(zg_typed *list)
{
    while (list) {
        zg_typed *next = list->next;
        typed_free(list);
        list = next;
    }
}

/* What a chunk_precompute entry leaves behind: its own type, or the declared one. */
static void name_entry(const zagg_worker *w, size_t entry, const zagg_program *program,
                       zagg_expr_name *name)
{
    const zagg_expr_type type = zagg_program_type(program);
    const zagg_dtype declared = w->pipeline->precompute[entry].dtype;
    name->dtype = declared == ZAGG_DT_NONE ? type.dtype : declared;
    name->weak = declared == ZAGG_DT_NONE && type.weak;
    name->rank = type.rank;
}

static zagg_status compile_texts(const zagg_worker *w, zg_typed *t, zagg_expr_name *names,
                                 zagg_err *err)
{
    const size_t n_rows_names = w->n_names - w->n_precompute;
    for (size_t i = t->first; i < t->first + t->n_texts; i++) {
        const zg_text *text = &w->texts[i];
        const zagg_status status = zagg_expr_compile(
            text->expr, names, text->sees_precompute ? w->n_names : n_rows_names,
            &t->programs[i], err);
        if (status != ZAGG_OK)
            return zagg_err_context(err, status, "%s:%u: %s", w->pipeline->name,
                                    text->line, text->key);
        if (i >= w->n_filters && i - w->n_filters < w->n_precompute)
            name_entry(w, i - w->n_filters, t->programs[i],
                       &names[n_rows_names + i - w->n_filters]);
    }
    return ZAGG_OK;
}

static zagg_status typed_new(const zagg_worker *w, const zagg_dtype *dtypes, size_t first,
                             size_t n, zg_typed **out, zagg_err *err)
{
    const size_t n_dtypes = w->n_columns + 1;
    zg_typed *t = zg_alloc(1, sizeof *t);
    zagg_expr_name *names = zg_alloc(w->n_names + 1, sizeof *names);
    zagg_status status = ZAGG_OK;
    if (t) {
        t->dtypes = zg_alloc(n_dtypes, sizeof *t->dtypes);
        t->programs = zg_alloc(first + n + 1, sizeof(zagg_program *));
    }
    if (!t || !names || !t->dtypes || !t->programs) {
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for expressions");
    } else {
        memcpy(t->dtypes, dtypes, n_dtypes * sizeof *dtypes);
        t->first = first;
        t->n_texts = n;
        memcpy(names, w->names, w->n_names * sizeof *names);
        for (size_t i = 0; i < n_dtypes && i < w->n_names - w->n_precompute; i++)
            names[i].dtype = dtypes[i];
        status = compile_texts(w, t, names, err);
    }
    zg_free(names);
    if (status != ZAGG_OK) {
        typed_free(t);
        return status;
    }
    *out = t;
    return ZAGG_OK;
}

/* Types of columns that no text reads do not matter, but comparing all is simpler. */
static bool fits(const zg_typed *t, const zagg_worker *w, const zagg_dtype *dtypes,
                 size_t first, size_t n)
{
    return t->first == first && t->n_texts == n &&
           memcmp(t->dtypes, dtypes, (w->n_columns + 1) * sizeof *dtypes) == 0;
}

zagg_status zg_typed_get(const zagg_worker *w, const zagg_dtype *dtypes, size_t first,
                         size_t n, const zg_typed **out, zagg_err *err)
{
    zagg_worker *shared = (zagg_worker *)w; /* only the list, under its lock */
    zagg_status status = ZAGG_OK;
    pthread_mutex_lock(&shared->lock);
    zg_typed *t = shared->typed;
    while (t && !fits(t, w, dtypes, first, n))
        t = t->next;
    if (!t) {
        status = typed_new(w, dtypes, first, n, &t, err);
        if (status == ZAGG_OK) {
            t->next = shared->typed;
            shared->typed = t;
        }
    }
    pthread_mutex_unlock(&shared->lock);
    if (status == ZAGG_OK)
        *out = t;
    return status;
}
