/* What the groups of a remote granule will read, known before any of them is opened:
 * which datasets there are, and the records of coarser levels, which are read whole. */
#include "core/read.h"

#include <string.h>

/* A dataset that a group reads. */
typedef struct need {
    const char *tmpl;
    bool whole;   /* records of a coarser level, else base rows */
    bool of_plan; /* the read plan is made of it */
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
        *n = (need){tmpl, whole, false};
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

/* The index level comes first: what is needed of it in other ways, too, is of the plan.
 */
static bool list_needs(const zagg_worker *w, zg_vec *needs)
{
    const zagg_data_source *ds = &w->pipeline->data_source;
    const zagg_level *index = w->index_level;
    zg_vec_init(needs, sizeof(need), 0);
    if (index && !(add(needs, index->latitude, true) &&
                   add(needs, index->longitude, true) && add_link(needs, index)))
        return false;
    for (size_t i = 0; i < needs->len; i++)
        ZG_VEC_AT(needs, need, i)->of_plan = true;
    return add(needs, ds->latitude, false) && add(needs, ds->longitude, false) &&
           add_filters(needs, ds) && add_columns(needs, w);
}

static bool list_points(const zagg_worker *w, zg_vec *needs)
{
    const zagg_data_source *ds = &w->pipeline->data_source;
    const zagg_level *index = w->index_level;
    zg_vec_init(needs, sizeof(need), 0);
    return add(needs, index ? index->latitude : ds->latitude, true) &&
           add(needs, index ? index->longitude : ds->longitude, true);
}

/* ---- one step ---- */

/* Datasets that are looked for together. */
typedef struct step {
    const zagg_worker *worker;
    zagg_h5 *file;
    const zg_vec *needs;
    const zg_group_plan *plans; /* NULL: all groups are read */
    bool of_plan;
    zagg_arena *arena;
    const char **paths;
    const need **kinds;     /* of each path */
    const zagg_rows **rows; /* base rows that are wanted of it, NULL: not known */
    size_t n_paths;
    zagg_h5_want *wants;
    size_t n_wants;
    zagg_h5_want *records; /* of these, what is read whole and fits */
    size_t n_records;
} step;

/* From the first wanted row to behind the last one; false where there is none. */
static bool rows_wanted(const zg_group_plan *plan, size_t n_wanted, zagg_rows *out)
{
    zagg_rows all = {UINT64_MAX, 0};
    for (size_t i = 0; plan->made && !plan->empty && i < n_wanted; i++) {
        const zg_slices *s = &plan->slices[i];
        if (!s->whole && s->n == 0)
            continue;
        const uint64_t begin = s->whole ? 0 : s->ranges[0].begin;
        const uint64_t end = s->whole ? plan->n_base : s->ranges[s->n - 1].end;
        all.begin = begin < all.begin ? begin : all.begin;
        all.end = end > all.end ? end : all.end;
    }
    *out = all;
    return all.begin < all.end;
}

static bool add_group(step *s, const char *group, const zagg_rows *rows)
{
    zg_group_read r = {.group = group, .scratch = s->arena};
    for (size_t i = 0; i < s->needs->len; i++) {
        const need *kind = ZG_VEC_AT(s->needs, need, i);
        if (kind->of_plan != s->of_plan)
            continue;
        if (zg_core_read_path(&r, kind->tmpl, &s->paths[s->n_paths], NULL) != ZAGG_OK)
            return false;
        s->kinds[s->n_paths] = kind;
        s->rows[s->n_paths++] = rows;
    }
    return true;
}

#define NEW(arena, n, out)                                                               \
    (zagg_arena_alloc(arena, n, sizeof **(out), out, NULL) == ZAGG_OK)

static bool list_paths(step *s, size_t n_wanted)
{
    const zagg_data_source *ds = &s->worker->pipeline->data_source;
    zagg_rows *rows = NULL;
    size_t n;
    if (!zg_mul_size(ds->n_groups, s->needs->len, &n) || !NEW(s->arena, n, &s->paths) ||
        !NEW(s->arena, n, &s->kinds) || !NEW(s->arena, n, &s->rows) ||
        !NEW(s->arena, n, &s->wants) || !NEW(s->arena, n, &s->records) ||
        !NEW(s->arena, ds->n_groups, &rows))
        return false;
    for (size_t g = 0; g < ds->n_groups; g++) {
        const zg_group_plan *plan = s->plans ? &s->plans[g] : NULL;
        if ((!plan || rows_wanted(plan, n_wanted, &rows[g])) &&
            !add_group(s, ds->groups[g], plan ? &rows[g] : NULL))
            return false;
    }
    return true;
}

/* Chunk indexes tell rows apart only: the first column stands for all. */
static zagg_h5_column any_column(zagg_h5_dataset *dataset)
{
    return (zagg_h5_column){dataset, zagg_h5_dataset_info(dataset).rank == 2 ? 0 : -1};
}

static bool list_wants(step *s, uint64_t most_bytes)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < s->n_paths; i++) {
        zagg_h5_dataset *dataset;
        zagg_rows *all;
        if (zagg_h5_dataset_open(s->file, s->paths[i], &dataset, NULL) != ZAGG_OK)
            continue;
        const zagg_h5_info info = zagg_h5_dataset_info(dataset);
        zagg_h5_want want = {any_column(dataset), s->rows[i], s->rows[i] != NULL};
        uint64_t size;
        if (s->kinds[i]->whole && info.rank == 1 &&
            zg_mul_u64(info.dims[0], zagg_dtype_size(info.dtype), &size)) {
            if (!NEW(s->arena, 1, &all))
                return false;
            *all = (zagg_rows){0, info.dims[0]};
            want.ranges = all;
            want.n_ranges = 1;
            if (zg_add_u64(bytes, size, &bytes) && bytes <= most_bytes)
                s->records[s->n_records++] = want;
        }
        s->wants[s->n_wants++] = want;
    }
    return true;
}

static void do_step(step *s, size_t n_wanted, uint64_t most_bytes, zagg_h5_stage **stage)
{
    if (zagg_arena_new(0, &s->arena, NULL) != ZAGG_OK)
        return;
    if (list_paths(s, n_wanted)) {
        zagg_h5_ahead_open(s->file, s->paths, s->n_paths);
        if (list_wants(s, most_bytes)) {
            zagg_h5_ahead_index(s->file, s->wants, s->n_wants);
            if (s->n_records)
                (void)zagg_h5_stage_new(s->file, s->records, s->n_records, stage, NULL);
        }
    }
    zagg_arena_free(s->arena);
}

/* ---- read plans ---- */

static bool keep_plan(zagg_arena *arena, const zg_group_read *r, zg_group_plan *out)
{
    zg_slices *slices;
    zagg_rows *ranges;
    size_t n = 0;
    for (size_t i = 0; i < r->wanted->n; i++)
        n += r->slices[i].n;
    if (!NEW(arena, r->wanted->n, &slices) || !NEW(arena, n, &ranges))
        return false;
    for (size_t i = 0; i < r->wanted->n; i++) {
        slices[i] = r->slices[i];
        slices[i].ranges = ranges;
        if (slices[i].n)
            memcpy(ranges, r->slices[i].ranges, slices[i].n * sizeof *ranges);
        ranges += slices[i].n;
    }
    *out = (zg_group_plan){true, r->empty, r->n_base, slices};
    return true;
}

/* Groups of which none can be made are left to those who open them. */
static bool make_plans(const zagg_worker *w, const zg_wanted *wanted, zagg_h5 *file,
                       zg_read_ahead *out)
{
    const zagg_data_source *ds = &w->pipeline->data_source;
    const double start_s = zg_clock_mono_s();
    if (zagg_arena_new(0, &out->arena, NULL) != ZAGG_OK ||
        !NEW(out->arena, ds->n_groups, &out->plans))
        return false;
    for (size_t g = 0; g < ds->n_groups; g++) {
        zg_group_read r = {
            .worker = w, .wanted = wanted, .granule = file, .group = ds->groups[g]};
        if (zagg_arena_new(0, &r.scratch, NULL) != ZAGG_OK)
            return false;
        if (zg_plan_slices(&r, NULL) == ZAGG_OK)
            (void)keep_plan(out->arena, &r, &out->plans[g]);
        zagg_arena_free(r.scratch);
    }
    out->plan_s = zg_clock_mono_s() - start_s;
    return true;
}

static bool has_more_records(const zg_vec *needs)
{
    for (size_t i = 0; i < needs->len; i++)
        if (ZG_VEC_AT(needs, need, i)->whole && !ZG_VEC_AT(needs, need, i)->of_plan)
            return true;
    return false;
}

/* ---- all of it ---- */

void zg_read_ahead_opened(zg_read_ahead *ahead)
{
    zagg_h5_stage_free(ahead->records[0]);
    zagg_h5_stage_free(ahead->records[1]);
    ahead->records[0] = ahead->records[1] = NULL;
}

void zg_read_ahead_free(zg_read_ahead *ahead)
{
    zg_read_ahead_opened(ahead);
    zagg_arena_free(ahead->arena);
    *ahead = (zg_read_ahead){0};
}

void zg_read_ahead_do(const zagg_worker *w, const zg_wanted *wanted, zagg_h5 *file,
                      uint64_t most_bytes, zg_read_ahead *out)
{
    zg_vec needs;
    bool ok = true;
    *out = (zg_read_ahead){0};
    if (!zagg_h5_is_remote(file))
        return;
    if (list_needs(w, &needs)) {
        if (w->index_level) {
            step records = {.worker = w, .file = file, .needs = &needs, .of_plan = true};
            do_step(&records, wanted->n, most_bytes, &out->records[0]);
            ok = make_plans(w, wanted, file, out);
            if (!has_more_records(&needs))
                zg_read_ahead_opened(out); /* nobody reads the link again */
        }
        step rest = {.worker = w, .file = file, .needs = &needs, .plans = out->plans};
        if (ok)
            do_step(&rest, wanted->n, most_bytes, &out->records[1]);
    }
    zg_vec_free(&needs);
}

void zg_read_ahead_points(const zagg_worker *w, zagg_h5 *file, uint64_t most_bytes,
                          zagg_h5_stage **stage)
{
    zg_vec needs;
    *stage = NULL;
    if (!zagg_h5_is_remote(file))
        return;
    if (list_points(w, &needs)) {
        step points = {.worker = w, .file = file, .needs = &needs};
        do_step(&points, 0, most_bytes, stage);
    }
    zg_vec_free(&needs);
}
