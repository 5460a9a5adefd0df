/* Checking every stored chunk of a file. Chunks are sorted by address and cut into
 * batches; a task fetches one batch and undoes its filters, and what it finds is told in
 * order, so that the answer does not depend on the number of threads. */
#include "h5/inspect.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* Stored bytes and chunks of one batch. */
#define BATCH_BYTES ((uint64_t)1 << 20)
#define BATCH_CHUNKS 256u

typedef struct batch {
    size_t first, n; /* entries */
} batch;

/* One damaged chunk of a batch. */
typedef struct damage {
    struct damage *next;
    char message[512];
} damage;

typedef struct checking {
    zagg_h5 *file;
    const zagg_h5_check_opts *opts;
    zagg_h5_check_summary sum;
    /* the dataset that is being checked */
    zagg_h5_dataset *ds;
    const char *path;
    zg_vec entries, batches; /* zg_h5_entry by address; batch */
    bool damaged;
} checking;

static zagg_status tell(checking *c, const char *path, bool not_checked,
                        const char *message, zagg_err *err)
{
    const zagg_h5_finding finding = {path, not_checked, message};
    return c->opts->report ? c->opts->report(c->opts->user, &finding, err) : ZAGG_OK;
}

/* Trouble of ours rather than of the file. */
static bool is_fatal(zagg_status st)
{
    return st == ZAGG_ENOMEM || st == ZAGG_ECANCELLED || st == ZAGG_EINTERNAL;
}

/* An object that as a whole is damaged or of a kind that is not read. */
static zagg_status object_finding(checking *c, const char *path, zagg_status why,
                                  const char *message, zagg_err *err)
{
    bool not_checked = why == ZAGG_EUNSUPPORTED || why == ZAGG_ERANGE;
    *(not_checked ? &c->sum.not_checked : &c->sum.damaged_objects) += 1;
    return tell(c, path, not_checked, message, err);
}

/* ---- one batch, on any thread ---- */

static zagg_status add_damage(damage ***tail, const char *message, zagg_err *err)
{
    damage *d = zg_alloc(1, sizeof *d);
    if (!d)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the findings of a check");
    size_t len = strlen(message);
    len = len < sizeof d->message ? len : zg_utf8_floor(message, sizeof d->message - 1);
    memcpy(d->message, message, len);
    **tail = d;
    *tail = &d->next;
    return ZAGG_OK;
}

/* Fetch and decode the chunks refs[0..n): OK, or what the first bad one says. */
static zagg_status try_chunks(const checking *c, zg_h5_slot *slot, zg_h5_ref **refs,
                              size_t n, zagg_err *why)
{
    zg_h5_decoded bytes;
    ZAGG_TRY(zg_h5_fetch(c->file, slot, refs, n, why));
    for (size_t i = 0; i < n; i++)
        ZAGG_TRY(zg_h5_decode(c->ds, slot, refs[i], NULL, &bytes, why));
    return ZAGG_OK;
}

static zagg_status check_each(const checking *c, zg_h5_slot *slot, zg_h5_ref **refs,
                              size_t n, damage **out, zagg_err *err)
{
    damage **tail = out;
    for (size_t i = 0; i < n; i++) {
        zagg_err why = ZAGG_ERR_INIT;
        zagg_status st = try_chunks(c, slot, refs + i, 1, &why);
        if (is_fatal(st))
            return zagg_err_set(err, st, "%s", why.msg);
        if (st != ZAGG_OK)
            ZAGG_TRY(add_damage(&tail, why.msg, err));
    }
    return ZAGG_OK;
}

static void damages_free(void *user, void *list)
{
    (void)user;
    for (damage *d = list; d;) {
        damage *next = d->next;
        zg_free(d);
        d = next;
    }
}

static zagg_status check_batch(const checking *c, const batch *b, zg_h5_slot *slot,
                               damage **out, zagg_err *err)
{
    zg_h5_ref refs[BATCH_CHUNKS] = {{0}}, *all[BATCH_CHUNKS] = {NULL};
    for (size_t i = 0; i < b->n; i++) {
        const zg_h5_entry *e = ZG_VEC_AT(&c->entries, const zg_h5_entry, b->first + i);
        refs[i].addr = e->addr;
        refs[i].chunk = e->row;
        refs[i].size = e->size;
        refs[i].mask = e->mask;
        all[i] = &refs[i];
    }
    /* One by one only where the neighbours could not be had with one request, or are not
     * all sound. */
    zagg_status st = try_chunks(c, slot, all, b->n, NULL);
    if (is_fatal(st))
        return zagg_err_set(err, st, "no memory to check chunks");
    return st == ZAGG_OK ? st : check_each(c, slot, all, b->n, out, err);
}

static zagg_status batch_task(void *user, size_t index, size_t scratch_slot,
                              void **result, zagg_err *err)
{
    (void)scratch_slot;
    const checking *c = user;
    damage *found = NULL;
    zg_h5_slot *slot = zg_h5_slot_get(c->file);
    if (!slot)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to check chunks");
    zagg_status st =
        check_batch(c, ZG_VEC_AT(&c->batches, const batch, index), slot, &found, err);
    zg_h5_slot_put(c->file, slot);
    *result = found;
    return st;
}

/* ---- one dataset ---- */

/* Whether nothing in the stored bytes of a chunk tells that they are right. */
static bool is_unsummed(const zagg_h5_dataset *ds, const zg_h5_entry *e)
{
    for (unsigned i = 0; i < ds->n_filters; i++)
        if (!(e->mask >> i & 1) && ds->filters[i] != ZG_H5_FILTER_SHUFFLE)
            return false;
    return true;
}

static zagg_status batch_fold(void *user, size_t index, zagg_status status, void *result,
                              const zagg_err *task_err, zagg_err *err)
{
    checking *c = user;
    zagg_status st = ZAGG_OK;
    if (status != ZAGG_OK)
        st = zagg_err_set(err, status, "%s", task_err->msg);
    const batch *b = ZG_VEC_AT(&c->batches, const batch, index);
    for (size_t i = 0; i < b->n; i++) {
        const zg_h5_entry *e = ZG_VEC_AT(&c->entries, const zg_h5_entry, b->first + i);
        c->sum.bytes += e->size;
        c->sum.chunks_unsummed += is_unsummed(c->ds, e);
    }
    c->sum.chunks += b->n;
    for (const damage *d = result; d && st == ZAGG_OK; d = d->next) {
        c->damaged = true;
        c->sum.damaged_chunks++;
        st = tell(c, c->path, false, d->message, err);
    }
    damages_free(NULL, result);
    if (c->opts->progress)
        c->opts->progress(c->opts->user, &c->sum);
    return st;
}

static int by_address(const void *a, const void *b)
{
    const zg_h5_entry *x = a, *y = b;
    if (x->addr != y->addr)
        return x->addr < y->addr ? -1 : 1;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return x->col < y->col ? -1 : x->col > y->col;
}

static int by_place(const void *a, const void *b)
{
    const zg_h5_entry *x = a, *y = b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    if (x->col != y->col)
        return x->col < y->col ? -1 : 1;
    return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static zagg_status found_chunk(checking *c, const zg_h5_entry *e, const char *what,
                               zagg_err *err)
{
    char message[160];
    snprintf(message, sizeof message, "chunk %llu at address %llu: %s",
             (unsigned long long)e->row, (unsigned long long)e->addr, what);
    c->damaged = true;
    c->sum.damaged_chunks++;
    return tell(c, c->path, false, message, err);
}

/* Chunks named twice, and chunks that lie over each other. The entries end up by address.
 */
static zagg_status check_places(checking *c, zagg_err *err)
{
    zg_h5_entry *e = c->entries.data;
    size_t n = c->entries.len;
    uint64_t end = 0;
    if (n == 0)
        return ZAGG_OK;
    qsort(e, n, sizeof *e, by_place);
    for (size_t i = 1; i < n && c->ds->info.rank <= 2; i++)
        if (e[i].row == e[i - 1].row && e[i].col == e[i - 1].col)
            ZAGG_TRY(found_chunk(c, &e[i], "is in the index twice", err));
    qsort(e, n, sizeof *e, by_address);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && e[i].addr < end)
            ZAGG_TRY(found_chunk(c, &e[i], "overlaps another chunk", err));
        end = e[i].addr + e[i].size > end ? e[i].addr + e[i].size : end;
    }
    return ZAGG_OK;
}

static zagg_status take_entries(void *user, const zg_h5_entry *entries, size_t n,
                                zagg_err *err)
{
    checking *c = user;
    for (size_t i = 0; i < n; i++) {
        zg_h5_entry *e = zg_vec_push(&c->entries);
        if (!e && c->entries.len == c->entries.max_len)
            return zagg_err_set(err, ZAGG_ERANGE,
                                "chunk index needs more than the metadata budget");
        if (!e)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a list of chunks");
        *e = entries[i];
    }
    return ZAGG_OK;
}

/* Contiguous data in the pieces in which they are read; compact ones are in the header,
 * which has been parsed. */
static zagg_status take_plain(checking *c, zagg_err *err)
{
    zagg_h5_dataset *ds = c->ds;
    if (ds->info.layout == ZAGG_H5_COMPACT || ds->addr == ZG_H5_UNDEF ||
        zg_h5_data_bytes(ds) == 0)
        return ZAGG_OK;
    zg_vec refs;
    zg_vec_init(&refs, sizeof(zg_h5_ref), 0);
    const zg_h5_view view = {.ds = ds, .stride = 1};
    zagg_status st = zg_h5_refs(&view, 0, ds->n_rows, &refs, err);
    for (size_t i = 0; i < refs.len && st == ZAGG_OK; i++) {
        const zg_h5_ref *r = ZG_VEC_AT(&refs, const zg_h5_ref, i);
        const zg_h5_entry e = {.addr = r->addr, .row = r->chunk, .size = r->size};
        st = take_entries(c, &e, 1, err);
    }
    zg_vec_free(&refs);
    return st;
}

static zagg_status cut_batches(checking *c, zagg_err *err)
{
    const zg_h5_entry *e = c->entries.data;
    for (size_t i = 0; i < c->entries.len;) {
        batch *b = zg_vec_push(&c->batches);
        if (!b)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a list of chunks");
        uint64_t bytes = e[i].size;
        *b = (batch){i, 1};
        for (i++; i < c->entries.len && b->n < BATCH_CHUNKS &&
                  bytes + e[i].size <= BATCH_BYTES;
             i++, b->n++)
            bytes += e[i].size;
    }
    return ZAGG_OK;
}

static zagg_status check_dataset(checking *c, const zagg_h5_node *node, zagg_err *err)
{
    zagg_err why = ZAGG_ERR_INIT;
    c->ds = node->dataset;
    c->path = node->path;
    c->damaged = false;
    c->entries.len = c->batches.len = 0;
    bool chunked = c->ds->info.layout == ZAGG_H5_CHUNKED;
    zagg_status st =
        chunked ? zg_h5_each_entries(c->ds, take_entries, c, &why) : take_plain(c, &why);
    if (is_fatal(st))
        return zagg_err_set(err, st, "%s: %s", c->path, why.msg);
    if (st != ZAGG_OK)
        return object_finding(c, c->path, st, why.msg, err);
    const uint64_t before = c->sum.chunks, unsummed = c->sum.chunks_unsummed;
    ZAGG_TRY(check_places(c, err));
    ZAGG_TRY(cut_batches(c, err));
    ZAGG_TRY(zagg_pool_map(c->opts->pool, c->batches.len, 0, batch_task, batch_fold,
                           damages_free, c, err));
    if (!chunked && (c->entries.len || c->ds->info.layout == ZAGG_H5_COMPACT)) {
        c->sum.chunks = before + 1; /* of pieces nobody but the reader knows */
        c->sum.chunks_unsummed = unsummed + 1;
    }
    c->sum.damaged_objects += c->damaged;
    return ZAGG_OK;
}

/* ---- all of them ---- */

static zagg_status visit(void *user, const zagg_h5_node *node, zagg_err *err)
{
    checking *c = user;
    if (node->same_as)
        return ZAGG_OK;
    switch (node->kind) {
    case ZAGG_H5_GROUP:
        c->sum.groups++;
        break;
    case ZAGG_H5_DATASET:
        c->sum.datasets++;
        break;
    case ZAGG_H5_SOFT_LINK: /* may lead nowhere: what it leads to is met by itself */
        return ZAGG_OK;
    case ZAGG_H5_EXTERNAL_LINK:
        return object_finding(c, node->path, ZAGG_EUNSUPPORTED,
                              "an external link (only links inside the file are read)",
                              err);
    case ZAGG_H5_OTHER:
        break;
    }
    if (node->status != ZAGG_OK)
        return object_finding(c, node->path, node->status, node->reason, err);
    zagg_status st = node->dataset ? check_dataset(c, node, err) : ZAGG_OK;
    if (st == ZAGG_OK && c->opts->progress)
        c->opts->progress(c->opts->user, &c->sum);
    return st;
}

zagg_status zagg_h5_check(zagg_h5 *file, const char *path, const zagg_h5_check_opts *opts,
                          zagg_h5_check_summary *out, zagg_err *err)
{
    static const zagg_h5_check_opts none = {NULL, NULL, NULL, NULL};
    checking c = {.file = file, .opts = opts ? opts : &none};
    const uint64_t most = file->limits.max_metadata_bytes / sizeof(zg_h5_entry);
    zg_vec_init(&c.entries, sizeof(zg_h5_entry), (size_t)most + 1);
    zg_vec_init(&c.batches, sizeof(batch), 0);
    zagg_status st = zagg_h5_walk(file, path, UINT_MAX, visit, &c, err);
    if (st == ZAGG_OK)
        *out = c.sum;
    zg_vec_free(&c.entries);
    zg_vec_free(&c.batches);
    return st;
}
