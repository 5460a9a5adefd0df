/* The slabs of a group: how its ranges are cut, and how one is read, by one thread for
 * all shards. */
#include "core/pass_group.h"

/* Base rows of one slab, unless chunks are larger. */
enum { SLAB_ROWS = 1 << 16 };

/* Ranges cut at multiples of some chunks. Expression filters may reduce over all rows of
 * a read, so that those cannot be cut. */
zagg_status zg_slabs_cut(zg_group_job *j, zagg_err *err)
{
    const zg_group_read *r = &j->read;
    uint64_t size = r->chunk_rows;
    if (size < SLAB_ROWS)
        size *= SLAB_ROWS / size;
    if (r->worker->n_filters)
        size = UINT64_MAX;
    uint64_t slab = UINT64_MAX;
    for (size_t i = 0; i < r->n_ranges; i++)
        for (uint64_t at = r->ranges[i].begin; at < r->ranges[i].end;) {
            const uint64_t number = at / size, left = r->ranges[i].end - at;
            const uint64_t fits = size - at % size;
            zg_slab_plan *s = slab == number
                                  ? ZG_VEC_AT(&j->slabs, zg_slab_plan, j->slabs.len - 1)
                                  : zg_vec_push(&j->slabs);
            zagg_rows *cut = zg_vec_push(&j->cuts);
            if (!s || !cut)
                return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the read plan");
            *cut = (zagg_rows){at, at + (left < fits ? left : fits)};
            if (slab != number)
                *s = (zg_slab_plan){j->cuts.len - 1, 0};
            s->n++;
            slab = number;
            at = cut->end;
        }
    j->n_no_cell = zg_alloc(r->wanted->n, sizeof *j->n_no_cell);
    return j->n_no_cell
               ? ZAGG_OK
               : zagg_err_set(err, ZAGG_ENOMEM, "no memory for the shards of a read");
}

static zagg_status take_slab(zg_pass *p, zg_slab **out, zagg_err *err)
{
    pthread_mutex_lock(&p->lock);
    *out = p->idle;
    if (*out)
        p->idle = (*out)->next;
    pthread_mutex_unlock(&p->lock);
    return *out ? ZAGG_OK : zg_slab_new(p->worker, out, err);
}

void zg_slab_give(zg_pass *p, zg_slab *slab)
{
    if (!slab)
        return;
    pthread_mutex_lock(&p->lock);
    slab->next = p->idle;
    p->idle = slab;
    pthread_mutex_unlock(&p->lock);
}

/* ---- one slab ---- */

static zagg_status scan_slab(zg_group_job *j, const zg_slab_plan *plan, zg_slab *slab,
                             zagg_err *err)
{
    const zagg_status status = zg_slab_scan(
        slab, &j->read, ZG_VEC_AT(&j->cuts, zagg_rows, plan->first), plan->n, err);
    for (size_t i = 0; i < slab->no_cell.len; i++) {
        const uint64_t n = *ZG_VEC_AT(&slab->no_cell, uint64_t, i);
        if (n)
            atomic_fetch_add(&j->n_no_cell[i], n);
    }
    return status;
}

static zagg_status fill_slab(zg_group_job *j, zg_slab *slab, zagg_err *err)
{
    ZAGG_TRY(zg_slab_fill(slab, err));
    return slab->table.n_rows ? zg_share_slab(j, slab, err) : ZAGG_OK;
}

enum { SCAN = 1, FILL = 2 };

static zagg_status do_steps(zg_slab_step *step, size_t index, int steps, zagg_err *err)
{
    zg_group_job *j = step->job;
    zg_pass *p = j->granule->pass;
    zagg_status status = ZAGG_OK;
    zg_slab *slab = NULL;
    if (zg_pass_stopped(p))
        return zagg_err_set(err, ZAGG_ECANCELLED, "stopped");
    if (steps & SCAN)
        ZAGG_TRY(take_slab(p, &slab, err));
    else
        slab = step->slabs[index];
    if (steps & SCAN)
        status = scan_slab(j, ZG_VEC_AT(&j->slabs, zg_slab_plan, step->first + index),
                           slab, err);
    if (steps & FILL && status == ZAGG_OK)
        status = fill_slab(j, slab, err);
    if (step->slabs)
        step->slabs[index] = steps & FILL || status != ZAGG_OK ? NULL : slab;
    if (steps & FILL || status != ZAGG_OK)
        zg_slab_give(p, slab);
    return status;
}

static zagg_status timed_steps(zg_slab_step *step, size_t index, int steps, zagg_err *err)
{
    const double start_s = zg_clock_mono_s();
    const zagg_status status = do_steps(step, index, steps, err);
    atomic_fetch_add(&step->job->granule->busy_ns,
                     (uint64_t)((zg_clock_mono_s() - start_s) * 1e9));
    return status;
}

zagg_status zg_slab_task_all(void *user, size_t index, size_t slot, void **result,
                             zagg_err *err)
{
    (void)slot;
    (void)result;
    return timed_steps(user, index, SCAN | FILL, err);
}

zagg_status zg_slab_task_scan(void *user, size_t index, size_t slot, void **result,
                              zagg_err *err)
{
    (void)slot;
    (void)result;
    return timed_steps(user, index, SCAN, err);
}

zagg_status zg_slab_task_fill(void *user, size_t index, size_t slot, void **result,
                              zagg_err *err)
{
    (void)slot;
    (void)result;
    return timed_steps(user, index, FILL, err);
}

zagg_status zg_slabs_read(zg_group_job *j, zagg_err *err)
{
    zg_slab_step step = {j, 0, NULL};
    return zagg_pool_map(j->granule->pass->opts->pool, j->slabs.len, 0, zg_slab_task_all,
                         NULL, NULL, &step, err);
}
