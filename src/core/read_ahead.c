/* What the groups of a remote granule will read, known before any of them is opened:
 * which datasets there are, and the records of coarser levels, which are read whole. */
#include "core/read.h"

#include <string.h>

/* A dataset that a group reads. */
typedef struct need {
    const char *tmpl;
    bool whole; /* else: rows that are not known yet */
} need;

static bool add(zg_vec *needs, const char *tmpl, bool whole)
{
    if (!tmpl)
        return true;
    for (size_t i = 0; i < needs->len; i++)
        if (strcmp(ZG_VEC_AT(needs, need, i)->tmpl, tmpl) == 0)
            return true;
    need *n = zg_vec_push(needs);
    if (n)
        *n = (need){tmpl, whole};
    return n != NULL;
}

static bool add_link(zg_vec *needs, const zagg_level *level)
{
    return !level->has_link || (add(needs, level->link.index_beg, true) &&
                                add(needs, level->link.count, true));
}

static const zagg_level *coarse_level(const zagg_data_source *ds, const char *name)
{
    for (size_t i = 0; name && i < ds->n_levels; i++)
        if (strcmp(ds->levels[i].name, name) == 0 && !ds->levels[i].is_base)
            return &ds->levels[i];
    return NULL;
}

static bool add_columns(zg_vec *needs, const zagg_worker *w)
{
    bool ok = true;
    for (size_t c = 0; ok && c < w->n_columns; c++) {
        const zg_column_plan *plan = &w->columns[c];
        if (plan->level)
            ok = add(needs, plan->variable->path, true) && add_link(needs, plan->level);
        else if (plan->used)
            ok = add(needs, plan->variable->path, false);
    }
    return ok;
}

static bool add_filters(zg_vec *needs, const zagg_data_source *ds)
{
    bool ok = true;
    for (size_t i = 0; ok && i < ds->n_filters; i++) {
        const zagg_filter *f = &ds->filters[i];
        const zagg_level *level = coarse_level(ds, f->level);
        if (!f->expression)
            ok = add(needs, f->dataset, level != NULL) &&
                 (!level || add_link(needs, level));
    }
    return ok;
}

static bool list_needs(const zagg_worker *w, zg_vec *needs)
{
    const zagg_data_source *ds = &w->pipeline->data_source;
    const zagg_level *index = w->index_level;
    zg_vec_init(needs, sizeof(need), 0);
    return (!index || (add(needs, index->latitude, true) &&
                       add(needs, index->longitude, true) && add_link(needs, index))) &&
           add(needs, ds->latitude, false) && add(needs, ds->longitude, false) &&
           add_filters(needs, ds) && add_columns(needs, w);
}

/* All of it for one granule. */
typedef struct plan {
    const zagg_worker *worker;
    zagg_h5 *file;
    zagg_arena *arena;
    zg_vec needs;
    const char **paths; /* group after group, those of all needs */
    size_t n_paths;
    zagg_h5_want *wants;
    size_t n_wants;
    zagg_h5_want *records; /* of these, what is read whole and fits */
    size_t n_records;
} plan;

static bool expand_paths(plan *p)
{
    const zagg_data_source *ds = &p->worker->pipeline->data_source;
    size_t n;
    if (!zg_mul_size(ds->n_groups, p->needs.len, &n) ||
        zagg_arena_alloc(p->arena, n, sizeof *p->paths, &p->paths, NULL) != ZAGG_OK)
        return false;
    for (size_t g = 0; g < ds->n_groups; g++) {
        zg_group_read r = {.group = ds->groups[g], .scratch = p->arena};
        for (size_t i = 0; i < p->needs.len; i++)
            if (zg_core_read_path(&r, ZG_VEC_AT(&p->needs, need, i)->tmpl,
                                  &p->paths[p->n_paths++], NULL) != ZAGG_OK)
                return false;
    }
    return true;
}

/* Chunk indexes tell rows apart only: the first column stands for all. */
static zagg_h5_column any_column(zagg_h5_dataset *dataset)
{
    return (zagg_h5_column){dataset, zagg_h5_dataset_info(dataset).rank == 2 ? 0 : -1};
}

static bool list_wants(plan *p, uint64_t most_bytes)
{
    uint64_t bytes = 0;
    if (zagg_arena_alloc(p->arena, p->n_paths, sizeof *p->wants, &p->wants, NULL) !=
            ZAGG_OK ||
        zagg_arena_alloc(p->arena, p->n_paths, sizeof *p->records, &p->records, NULL) !=
            ZAGG_OK)
        return false;
    for (size_t i = 0; i < p->n_paths; i++) {
        zagg_h5_dataset *dataset;
        zagg_rows *all;
        if (zagg_h5_dataset_open(p->file, p->paths[i], &dataset, NULL) != ZAGG_OK)
            continue;
        const zagg_h5_info info = zagg_h5_dataset_info(dataset);
        zagg_h5_want want = {any_column(dataset), NULL, 0};
        uint64_t size;
        if (ZG_VEC_AT(&p->needs, need, i % p->needs.len)->whole && info.rank == 1 &&
            zg_mul_u64(info.dims[0], zagg_dtype_size(info.dtype), &size)) {
            if (zagg_arena_alloc(p->arena, 1, sizeof *all, &all, NULL) != ZAGG_OK)
                return false;
            *all = (zagg_rows){0, info.dims[0]};
            want.ranges = all;
            want.n_ranges = 1;
            if (zg_add_u64(bytes, size, &bytes) && bytes <= most_bytes)
                p->records[p->n_records++] = want;
        }
        p->wants[p->n_wants++] = want;
    }
    return true;
}

static bool list_points(const zagg_worker *w, zg_vec *needs)
{
    const zagg_data_source *ds = &w->pipeline->data_source;
    const zagg_level *index = w->index_level;
    zg_vec_init(needs, sizeof(need), 0);
    return add(needs, index ? index->latitude : ds->latitude, true) &&
           add(needs, index ? index->longitude : ds->longitude, true);
}

static void read_ahead(const zagg_worker *w, zagg_h5 *file, uint64_t most_bytes,
                       bool (*list)(const zagg_worker *, zg_vec *), zagg_h5_stage **stage)
{
    plan p = {.worker = w, .file = file};
    *stage = NULL;
    if (!zagg_h5_is_remote(file) || zagg_arena_new(0, &p.arena, NULL) != ZAGG_OK)
        return;
    if (list(w, &p.needs) && expand_paths(&p)) {
        zagg_h5_ahead_open(file, p.paths, p.n_paths);
        if (list_wants(&p, most_bytes)) {
            zagg_h5_ahead_index(file, p.wants, p.n_wants);
            (void)zagg_h5_stage_new(file, p.records, p.n_records, stage, NULL);
        }
    }
    zg_vec_free(&p.needs);
    zagg_arena_free(p.arena);
}

void zg_read_ahead(const zagg_worker *w, zagg_h5 *file, uint64_t most_bytes,
                   zagg_h5_stage **stage)
{
    read_ahead(w, file, most_bytes, list_needs, stage);
}

void zg_read_ahead_points(const zagg_worker *w, zagg_h5 *file, uint64_t most_bytes,
                          zagg_h5_stage **stage)
{
    read_ahead(w, file, most_bytes, list_points, stage);
}
