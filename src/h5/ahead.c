/* What will be needed of a remote file, read before it is: datasets, chunk indexes, and
 * stored chunks. */
#include "h5/h5.h"
#include "io/source.h"

#include <stdlib.h>

bool zagg_h5_is_remote(const zagg_h5 *file)
{
    return file->is_remote;
}

/* ---- datasets ---- */

typedef struct path_list {
    const char *const *paths;
    size_t n;
} path_list;

static void open_all(zagg_h5 *file, void *user)
{
    const path_list *l = user;
    for (size_t i = 0; i < l->n; i++) {
        char clean[ZG_H5_MAX_PATH];
        zagg_h5_dataset *unused;
        if (zg_h5_path_normalise(l->paths[i], clean, NULL) == ZAGG_OK)
            (void)zg_h5_dataset_open_locked(file, clean, &unused, NULL);
    }
}

void zagg_h5_ahead_open(zagg_h5 *file, const char *const *paths, size_t n)
{
    path_list l = {paths, n};
    if (file->is_remote && n)
        zg_h5_read_ahead(file, open_all, &l);
}

/* ---- chunk indexes ---- */

typedef struct want_list {
    const zagg_h5_want *wants;
    size_t n;
} want_list;

static void look_at(const zagg_h5_want *want)
{
    zagg_h5_dataset *ds = want->column.dataset;
    if (ds->info.layout != ZAGG_H5_CHUNKED)
        return;
    if (want->n_ranges == 0) {
        zg_h5_index_look(ds);
        return;
    }
    const uint64_t begin = want->ranges[0].begin, rows = ds->chunk_rows;
    uint64_t end = want->ranges[want->n_ranges - 1].end;
    end = end < ds->n_rows ? end : ds->n_rows;
    if (begin < end)
        (void)zg_h5_index_cover(ds, begin / rows, (end - 1) / rows + 1, NULL);
}

static void look_at_all(zagg_h5 *file, void *user)
{
    const want_list *l = user;
    (void)file;
    for (size_t i = 0; i < l->n; i++)
        look_at(&l->wants[i]);
}

void zagg_h5_ahead_index(zagg_h5 *file, const zagg_h5_want *wants, size_t n)
{
    want_list l = {wants, n};
    if (file->is_remote && n)
        zg_h5_read_ahead(file, look_at_all, &l);
}

/* ---- chunks ---- */

struct zagg_h5_stage {
    zagg_h5 *file;
    zagg_h5_stage *next;
    zg_vec refs; /* zg_h5_ref by address, each once */
    zg_h5_buf bytes;
};

static int by_address(const void *a, const void *b)
{
    const zg_h5_ref *x = a, *y = b;
    return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static zagg_status list_chunks(const zagg_h5_want *want, zg_vec *refs, zagg_err *err)
{
    zg_h5_view view;
    uint64_t total;
    ZAGG_TRY(zg_h5_view_of(want->column, &view, err));
    ZAGG_TRY(zg_h5_check_ranges(view.ds, want->ranges, want->n_ranges, &total, err));
    for (size_t i = 0; i < want->n_ranges; i++)
        ZAGG_TRY(
            zg_h5_refs(&view, want->ranges[i].begin, want->ranges[i].end, refs, err));
    return ZAGG_OK;
}

/* Ascending, each once, and none of those that need no reading. */
static void sort_chunks(zg_vec *refs)
{
    zg_h5_ref *list = refs->data;
    size_t n = 0;
    if (refs->len)
        qsort(list, refs->len, sizeof *list, by_address);
    for (size_t i = 0; i < refs->len; i++)
        if (!list[i].stored && (n == 0 || list[n - 1].addr != list[i].addr))
            list[n++] = list[i];
    refs->len = n;
}

static zagg_status fetch_chunks(zagg_h5_stage *s, zagg_err *err)
{
    const size_t n = s->refs.len;
    zg_h5_ref **refs = zg_alloc(n + 1, sizeof *refs);
    if (!refs)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a list of chunks");
    for (size_t i = 0; i < n; i++)
        refs[i] = ZG_VEC_AT(&s->refs, zg_h5_ref, i);
    const zagg_status st = zg_h5_fetch_into(s->file, &s->bytes, refs, n, err);
    zg_free(refs);
    return st;
}

static zagg_status fill_stage(zagg_h5_stage *s, const zagg_h5_want *wants, size_t n,
                              zagg_err *err)
{
    zagg_h5_ahead_index(s->file, wants, n);
    for (size_t i = 0; i < n; i++) {
        const zagg_status st = list_chunks(&wants[i], &s->refs, err);
        if (st != ZAGG_OK)
            return zg_h5_where(wants[i].column.dataset, err, st);
    }
    sort_chunks(&s->refs);
    const zagg_status st = fetch_chunks(s, err);
    return st == ZAGG_OK || n == 0 ? st : zg_h5_where(wants[0].column.dataset, err, st);
}

zagg_status zagg_h5_stage_new(zagg_h5 *file, const zagg_h5_want *wants, size_t n,
                              zagg_h5_stage **out, zagg_err *err)
{
    zagg_h5_stage *s = zg_alloc(1, sizeof *s);
    if (!s)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to fetch chunks");
    s->file = file;
    zg_vec_init(&s->refs, sizeof(zg_h5_ref), 0);
    const zagg_status st = file->is_remote ? fill_stage(s, wants, n, err) : ZAGG_OK;
    if (st != ZAGG_OK) {
        zg_free(s->bytes.data);
        zg_vec_free(&s->refs);
        zg_free(s);
        return st;
    }
    pthread_mutex_lock(&file->lock);
    s->next = file->stages;
    file->stages = s;
    pthread_mutex_unlock(&file->lock);
    *out = s;
    return ZAGG_OK;
}

void zagg_h5_stage_free(zagg_h5_stage *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->file->lock);
    zagg_h5_stage **at = &s->file->stages;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    pthread_mutex_unlock(&s->file->lock);
    zg_free(s->bytes.data);
    zg_vec_free(&s->refs);
    zg_free(s);
}

void zg_h5_staged(zagg_h5 *file, zg_h5_ref *const *refs, size_t n)
{
    pthread_mutex_lock(&file->lock);
    for (const zagg_h5_stage *s = file->stages; s; s = s->next)
        for (size_t i = 0; i < n; i++) {
            const zg_h5_ref *found = refs[i]->stored || s->refs.len == 0
                                         ? NULL
                                         : bsearch(refs[i], s->refs.data, s->refs.len,
                                                   sizeof(zg_h5_ref), by_address);
            if (found && found->size == refs[i]->size)
                refs[i]->stored = found->stored;
        }
    pthread_mutex_unlock(&file->lock);
}
