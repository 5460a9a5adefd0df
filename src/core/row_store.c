/* Rows of shards in blocks of one size. A shard's fragments are one behind the other in
 * its blocks; each says which part of them it is: ranks first, then column after column.
 * Blocks of the largest shards go to the disk when the budget is used up, then those that
 * are not full. */
#include "core/row_store.h"

#include "core/row_blocks.h"
#include "core/row_ranks.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SHORT_CELLS = 1 << 16 };

/* One block of a shard: in memory, in the file, or forgotten. */
typedef struct block {
    uint8_t *memory;
    uint64_t offset;
    bool filed;
    _Atomic uint32_t pending; /* of a sealed shard: fragments in it that are still read */
} block;

typedef struct fragment {
    zg_row_key key;
    uint32_t n_rows;
    uint32_t n_runs;         /* of ranks; see zg_rank_form */
    const zagg_dtype *types; /* one of the store's sets */
    uint64_t begin;          /* byte in the shard's blocks */
} fragment;

typedef struct shard_rows {
    pthread_mutex_t lock;
    atomic_bool sealed; /* one thread has it */
    zg_vec fragments, blocks;
    uint64_t n_bytes;
    uint64_t n_rows;
    _Atomic uint64_t resident; /* full blocks in memory, bytes */
} shard_rows;

struct zg_row_store {
    const zagg_worker *worker;
    size_t n_shards;
    shard_rows *shards;
    size_t rank_bytes;
    uint64_t budget_bytes; /* UINT64_MAX: none */
    uint64_t share_bytes;  /* of one shard that is grouped */
    _Atomic uint64_t used;
    zg_blocks pool;
    pthread_mutex_t lock;       /* of the next one */
    zg_vec types;               /* zagg_dtype *: of all columns, the leaf ids last */
    pthread_mutex_t spill_lock; /* of writing to `spill`, and of the next one */
    size_t next_small;          /* the shard whose turn it is where all are small */
    zg_spill *spill;
};

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the rows of shards");
}

static uint8_t *take_block(zg_row_store *s)
{
    uint8_t *taken = zg_blocks_take(&s->pool);
    if (taken)
        atomic_fetch_add(&s->used, ZG_BLOCK_BYTES);
    return taken;
}

/* `clean`: nothing will be written into it soon. */
static void give_block(zg_row_store *s, uint8_t *memory, bool clean)
{
    zg_blocks_give(&s->pool, memory, clean);
    atomic_fetch_sub(&s->used, ZG_BLOCK_BYTES);
}

/* ---- spilling ---- */

/* What room is made for. */
typedef enum purpose {
    FOR_ROWS, /* blocks, which are used again */
    FOR_WORK  /* other memory: the system gets the pages */
} purpose;

/* The first `n` bytes of a block go to the file. */
static zagg_status spill_block(zg_row_store *s, block *b, size_t n, purpose why,
                               zagg_err *err)
{
    ZAGG_TRY(zg_spill_write(s->spill, b->memory, n, &b->offset, err));
    give_block(s, b->memory, why == FOR_WORK);
    b->memory = NULL;
    b->filed = true;
    return ZAGG_OK;
}

/* The lock of the shard is held. */
static zagg_status spill_full(zg_row_store *s, shard_rows *shard, purpose why,
                              zagg_err *err)
{
    const size_t n_full = shard->n_bytes / ZG_BLOCK_BYTES;
    for (size_t i = 0; i < n_full; i++) {
        block *b = ZG_VEC_AT(&shard->blocks, block, i);
        if (!b->memory)
            continue;
        ZAGG_TRY(spill_block(s, b, ZG_BLOCK_BYTES, why, err));
        atomic_fetch_sub(&shard->resident, ZG_BLOCK_BYTES);
    }
    return ZAGG_OK;
}

/* The block that is not full: further rows begin in another one. The lock of the shard is
 * held. */
static zagg_status spill_last(zg_row_store *s, shard_rows *shard, purpose why,
                              zagg_err *err)
{
    const size_t filled = shard->n_bytes % ZG_BLOCK_BYTES;
    if (filled == 0)
        return ZAGG_OK;
    ZAGG_TRY(spill_block(s, ZG_VEC_AT(&shard->blocks, block, shard->blocks.len - 1),
                         filled, why, err));
    shard->n_bytes += ZG_BLOCK_BYTES - filled;
    return ZAGG_OK;
}

/* Full blocks, or the last one. A sealed shard is left to the thread that has it. */
static zagg_status spill_shard(zg_row_store *s, shard_rows *shard, bool own, bool last,
                               purpose why, zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    pthread_mutex_lock(&shard->lock);
    if (own || !atomic_load(&shard->sealed))
        status = last ? spill_last(s, shard, why, err) : spill_full(s, shard, why, err);
    pthread_mutex_unlock(&shard->lock);
    return status;
}

static shard_rows *largest(zg_row_store *s)
{
    shard_rows *found = NULL;
    uint64_t most = 0;
    for (size_t i = 0; i < s->n_shards; i++) {
        const uint64_t resident = atomic_load(&s->shards[i].resident);
        if (resident > most && !atomic_load(&s->shards[i].sealed)) {
            most = resident;
            found = &s->shards[i];
        }
    }
    return found;
}

/* Many shards that hold little: what they have, in turn, so that each has time to get
 * more before it is written again. */
static zagg_status spill_small(zg_row_store *s, uint64_t bytes, uint64_t low, purpose why,
                               zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; status == ZAGG_OK && i < s->n_shards; i++) {
        if (atomic_load(&s->used) + bytes <= low)
            break;
        status = spill_shard(s, &s->shards[s->next_small], false, true, why, err);
        s->next_small = (s->next_small + 1) % s->n_shards;
    }
    return status;
}

/* Below three quarters of the budget, so that not every batch has to write. No lock of a
 * shard may be held. */
static zagg_status make_room(zg_row_store *s, uint64_t bytes, purpose why, zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    if (atomic_load(&s->used) + bytes <= s->budget_bytes)
        return ZAGG_OK;
    pthread_mutex_lock(&s->spill_lock);
    const uint64_t low = s->budget_bytes - s->budget_bytes / 4;
    while (status == ZAGG_OK && atomic_load(&s->used) + bytes > low) {
        shard_rows *shard = largest(s);
        if (!shard)
            break;
        status = spill_shard(s, shard, false, false, why, err);
    }
    if (status == ZAGG_OK && atomic_load(&s->used) + bytes > s->budget_bytes)
        status = spill_small(s, bytes, low, why, err);
    pthread_mutex_unlock(&s->spill_lock);
    return status;
}

zagg_status zg_row_store_reserve(zg_row_store *store, size_t shard, uint64_t bytes,
                                 zagg_err *err)
{
    ZAGG_TRY(make_room(store, bytes, FOR_WORK, err));
    if (atomic_load(&store->used) + bytes > store->budget_bytes) {
        pthread_mutex_lock(&store->spill_lock);
        const zagg_status status =
            spill_shard(store, &store->shards[shard], true, false, FOR_WORK, err);
        pthread_mutex_unlock(&store->spill_lock);
        ZAGG_TRY(status);
    }
    if (store->budget_bytes != UINT64_MAX)
        zg_blocks_clean(&store->pool);
    atomic_fetch_add(&store->used, bytes);
    return ZAGG_OK;
}

void zg_row_store_unreserve(zg_row_store *store, uint64_t bytes)
{
    atomic_fetch_sub(&store->used, bytes);
}

uint64_t zg_row_store_share(const zg_row_store *store)
{
    return store->share_bytes;
}

zg_spill_stats zg_row_store_spilled(const zg_row_store *store)
{
    return zg_spill_get_stats(store->spill);
}

/* ---- adding ---- */

/* `n` bytes behind those of the shard, whose lock is held. */
static bool append(zg_row_store *s, shard_rows *shard, const void *data, size_t n)
{
    const uint8_t *from = data;
    while (n > 0) {
        const size_t at = shard->n_bytes % ZG_BLOCK_BYTES;
        const size_t fits = n < ZG_BLOCK_BYTES - at ? n : ZG_BLOCK_BYTES - at;
        if (at == 0) {
            block *b = zg_vec_push(&shard->blocks);
            if (!b || !(b->memory = take_block(s))) {
                shard->blocks.len -= b != NULL;
                return false;
            }
        }
        memcpy(ZG_VEC_AT(&shard->blocks, block, shard->blocks.len - 1)->memory + at, from,
               fits);
        from += fits;
        shard->n_bytes += fits;
        n -= fits;
        if (at + fits == ZG_BLOCK_BYTES)
            atomic_fetch_add(&shard->resident, ZG_BLOCK_BYTES);
    }
    return true;
}

static bool append_ranks(zg_row_store *s, shard_rows *shard, zg_rank_form form,
                         const uint32_t *ranks, size_t n)
{
    uint8_t packed[4096];
    for (size_t at = 0; at < n;) {
        const size_t bytes = zg_ranks_pack(form, ranks, n, &at, packed, sizeof packed);
        if (!append(s, shard, packed, bytes))
            return false;
    }
    return true;
}

/* The store's own set of these types, which stays where it is; there is one, but for
 * damaged or mixed granules. */
static bool keep_types(zg_row_store *s, const zagg_dtype *dtypes, const zagg_dtype **kept)
{
    const zagg_worker *w = s->worker;
    const size_t bytes = w->n_columns * sizeof *dtypes;
    bool ok = true;
    pthread_mutex_lock(&s->lock);
    size_t i = 0;
    while (i < s->types.len &&
           memcmp(*ZG_VEC_AT(&s->types, zagg_dtype *, i), dtypes, bytes) != 0)
        i++;
    if (i == s->types.len) {
        zagg_dtype *copy = zg_alloc(w->n_columns + 1, sizeof *copy);
        zagg_dtype **slot = copy ? zg_vec_push(&s->types) : NULL;
        ok = slot != NULL;
        if (ok) {
            memcpy(copy, dtypes, bytes);
            /* Words, or row * width + column of a rectilinear grid. */
            copy[w->n_columns] =
                w->info->kind == ZAGG_GRID_HEALPIX ? ZAGG_DT_U64 : ZAGG_DT_I64;
            *slot = copy;
        } else {
            zg_free(copy);
        }
    }
    if (ok)
        *kept = *ZG_VEC_AT(&s->types, zagg_dtype *, i);
    pthread_mutex_unlock(&s->lock);
    return ok;
}

zagg_status zg_row_store_add(zg_row_store *store, size_t shard, zg_row_key key,
                             const zg_row_batch *batch, zagg_err *err)
{
    const zagg_worker *w = store->worker;
    shard_rows *to = &store->shards[shard];
    const size_t n = batch->n_rows;
    const zagg_dtype *types = NULL;
    if (!keep_types(store, batch->dtypes, &types))
        return no_memory(err);
    const zg_rank_form form = zg_rank_form_of(batch->ranks, n, store->rank_bytes);
    const uint64_t bytes =
        zg_rank_form_bytes(form, n) + n * zg_row_bytes(w, batch->dtypes);
    ZAGG_TRY(make_room(store, bytes + ZG_BLOCK_BYTES, FOR_ROWS, err));
    pthread_mutex_lock(&to->lock);
    fragment *f = zg_vec_push(&to->fragments);
    bool ok = f != NULL;
    if (ok) {
        *f = (fragment){key, (uint32_t)n, form.n_runs, types, to->n_bytes};
        ok = append_ranks(store, to, form, batch->ranks, n);
    }
    for (size_t c = 0; ok && c <= w->n_columns; c++) {
        const size_t size = zg_column_bytes(w, batch->dtypes, c);
        const void *data = c == w->n_columns ? batch->leaf_ids : batch->columns[c];
        ok = size == 0 || append(store, to, data, n * size);
    }
    to->n_rows += n;
    pthread_mutex_unlock(&to->lock);
    return ok ? ZAGG_OK : no_memory(err);
}

void zg_row_store_drop(zg_row_store *store, size_t shard, uint32_t position,
                       uint32_t group)
{
    shard_rows *from = &store->shards[shard];
    size_t kept = 0;
    pthread_mutex_lock(&from->lock);
    for (size_t i = 0; i < from->fragments.len; i++) {
        const fragment f = *ZG_VEC_AT(&from->fragments, fragment, i);
        if (f.key.position == position && f.key.group == group)
            from->n_rows -= f.n_rows;
        else
            *ZG_VEC_AT(&from->fragments, fragment, kept++) = f;
    }
    from->fragments.len = kept;
    pthread_mutex_unlock(&from->lock);
}

/* ---- reading back ---- */

static int by_key(const void *a, const void *b)
{
    const zg_row_key *x = &((const fragment *)a)->key, *y = &((const fragment *)b)->key;
    if (x->position != y->position)
        return x->position < y->position ? -1 : 1;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return x->first_row < y->first_row ? -1 : x->first_row > y->first_row;
}

/* Reads that carry a column in different types cannot be joined bit for bit. */
static zagg_status check_types(const zg_row_store *s, const shard_rows *shard,
                               zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    const fragment *list = shard->fragments.data;
    for (size_t i = 1; status == ZAGG_OK && i < shard->fragments.len; i++) {
        const zagg_dtype *a = list[0].types, *b = list[i].types;
        for (size_t c = 0; a != b && c < s->worker->n_columns; c++)
            if (a[c] != b[c]) {
                status = zagg_err_set(
                    err, ZAGG_EFORMAT,
                    "column '%s' is %s in one read and %s in another; granules of one "
                    "shard must agree",
                    s->worker->columns[c].variable->name, zagg_dtype_name(a[c]),
                    zagg_dtype_name(b[c]));
                break;
            }
    }
    return status;
}

static zg_rank_form form_of(const zg_row_store *s, const fragment *f)
{
    return (zg_rank_form){s->rank_bytes, f->n_runs};
}

static uint64_t bytes_of(const zg_row_store *s, const fragment *f)
{
    return zg_rank_form_bytes(form_of(s, f), f->n_rows) +
           f->n_rows * zg_row_bytes(s->worker, f->types);
}

/* Blocks that a fragment has part in. */
static void blocks_of(const zg_row_store *s, const fragment *f, size_t *first,
                      size_t *last)
{
    const uint64_t bytes = bytes_of(s, f);
    *first = f->begin / ZG_BLOCK_BYTES;
    *last = bytes ? (f->begin + bytes - 1) / ZG_BLOCK_BYTES : *first;
}

static void count_pending(zg_row_store *s, shard_rows *shard)
{
    size_t first, last;
    for (size_t i = 0; i < shard->fragments.len; i++) {
        const fragment *f = ZG_VEC_AT(&shard->fragments, fragment, i);
        blocks_of(s, f, &first, &last);
        for (size_t b = first; f->n_rows > 0 && b <= last; b++)
            atomic_fetch_add(&ZG_VEC_AT(&shard->blocks, block, b)->pending, 1);
    }
}

zagg_status zg_row_store_seal(zg_row_store *store, size_t shard, zagg_err *err)
{
    shard_rows *rows = &store->shards[shard];
    pthread_mutex_lock(&rows->lock);
    atomic_store(&rows->sealed, true);
    pthread_mutex_unlock(&rows->lock);
    if (rows->fragments.len > 1)
        qsort(rows->fragments.data, rows->fragments.len, sizeof(fragment), by_key);
    count_pending(store, rows);
    if (rows->n_rows >= UINT32_MAX)
        return zagg_err_set(
            err, ZAGG_ERANGE,
            "%llu rows in one shard are too many; choose a finer parent_order",
            (unsigned long long)rows->n_rows);
    return check_types(store, rows, err);
}

uint64_t zg_row_store_n_rows(const zg_row_store *store, size_t shard)
{
    return store->shards[shard].n_rows;
}

size_t zg_row_store_n_fragments(const zg_row_store *store, size_t shard)
{
    return store->shards[shard].fragments.len;
}

const zagg_dtype *zg_row_store_dtypes(const zg_row_store *store, size_t shard)
{
    return ZG_VEC_AT(&store->shards[shard].fragments, fragment, 0)->types;
}

static zagg_status copy_out(zg_row_store *s, const shard_rows *shard, uint64_t begin,
                            size_t n, uint8_t *to, zagg_err *err)
{
    while (n > 0) {
        const block *b = ZG_VEC_AT(&shard->blocks, block, begin / ZG_BLOCK_BYTES);
        const size_t at = begin % ZG_BLOCK_BYTES;
        const size_t fits = n < ZG_BLOCK_BYTES - at ? n : ZG_BLOCK_BYTES - at;
        if (b->memory)
            memcpy(to, b->memory + at, fits);
        else
            ZAGG_TRY(zg_spill_read(s->spill, b->offset + at, fits, to, err));
        to += fits;
        begin += fits;
        n -= fits;
    }
    return ZAGG_OK;
}

static zagg_status size_reader(const zg_row_store *s, const fragment *f,
                               zg_row_reader *reader, zagg_err *err)
{
    const size_t n_columns = s->worker->n_columns + 1;
    const uint64_t bytes = bytes_of(s, f);
    if (!reader->columns)
        reader->columns = zg_alloc(n_columns, sizeof *reader->columns);
    reader->n_rows = f->n_rows;
    if (!reader->ranks || f->n_rows > reader->cap_rows) {
        zg_free(reader->ranks);
        reader->ranks = zg_alloc(f->n_rows, sizeof *reader->ranks);
        reader->cap_rows = reader->ranks ? f->n_rows : 0;
    }
    /* Columns are used in place: each begins at a multiple of eight bytes. */
    const uint64_t need = bytes + 8 * (n_columns + 1);
    if (need > reader->block_bytes) {
        zg_free(reader->block);
        reader->block = zg_alloc(need, 1);
        reader->block_bytes = reader->block ? need : 0;
    }
    return reader->columns && reader->ranks && reader->block ? ZAGG_OK : no_memory(err);
}

zagg_status zg_row_store_read(zg_row_store *store, size_t shard, size_t i, bool columns,
                              zg_row_reader *reader, zagg_err *err)
{
    const zagg_worker *w = store->worker;
    const shard_rows *from = &store->shards[shard];
    const fragment *f = ZG_VEC_AT(&from->fragments, fragment, i);
    const zagg_dtype *dtypes = zg_row_store_dtypes(store, shard);
    const size_t n = f->n_rows;
    uint64_t at = f->begin;
    uint8_t *to;
    ZAGG_TRY(size_reader(store, f, reader, err));
    to = reader->block;
    const size_t rank_bytes = zg_rank_form_bytes(form_of(store, f), n);
    ZAGG_TRY(copy_out(store, from, at, rank_bytes, to, err));
    zg_ranks_unpack(form_of(store, f), to, n, reader->ranks);
    at += rank_bytes;
    for (size_t c = 0; columns && c <= w->n_columns; c++) {
        const size_t bytes = n * zg_column_bytes(w, dtypes, c);
        reader->columns[c] = bytes ? to : NULL;
        ZAGG_TRY(copy_out(store, from, at, bytes, to, err));
        at += bytes;
        to += (bytes + 7) / 8 * 8;
    }
    return ZAGG_OK;
}

void zg_row_reader_free(zg_row_reader *reader)
{
    zg_free(reader->ranks);
    zg_free(reader->columns);
    zg_free(reader->block);
    *reader = (zg_row_reader){0};
}

static void forget_block(zg_row_store *s, block *b)
{
    if (b->memory)
        give_block(s, b->memory, true);
    else if (b->filed)
        zg_spill_give(s->spill, b->offset);
    b->memory = NULL;
    b->filed = false;
}

void zg_row_store_forget(zg_row_store *store, size_t shard, size_t i)
{
    shard_rows *rows = &store->shards[shard];
    const fragment *f = ZG_VEC_AT(&rows->fragments, fragment, i);
    size_t first, last;
    blocks_of(store, f, &first, &last);
    for (size_t b = first; f->n_rows > 0 && b <= last; b++)
        if (atomic_fetch_sub(&ZG_VEC_AT(&rows->blocks, block, b)->pending, 1) == 1)
            forget_block(store, ZG_VEC_AT(&rows->blocks, block, b));
}

void zg_row_store_release(zg_row_store *store, size_t shard)
{
    shard_rows *rows = &store->shards[shard];
    for (size_t i = 0; i < rows->blocks.len; i++)
        forget_block(store, ZG_VEC_AT(&rows->blocks, block, i));
    zg_vec_free(&rows->blocks);
    zg_vec_free(&rows->fragments);
    atomic_store(&rows->resident, 0);
}

/* ---- making and ending ---- */

zagg_status zg_row_store_new(const zagg_worker *w, size_t n_shards, size_t n_threads,
                             uint64_t budget_bytes, const char *spill_dir,
                             zg_row_store **out, zagg_err *err)
{
    zg_row_store *s = zg_alloc(1, sizeof *s);
    if (!s)
        return no_memory(err);
    s->worker = w;
    s->rank_bytes = w->info->cells_per_shard <= MAX_SHORT_CELLS ? 2 : 4;
    s->budget_bytes = budget_bytes ? budget_bytes : UINT64_MAX;
    s->share_bytes = budget_bytes ? budget_bytes / (2 * n_threads) : UINT64_MAX;
    zg_blocks_init(&s->pool);
    zg_vec_init(&s->types, sizeof(zagg_dtype *), 0);
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->spill_lock, NULL);
    s->shards = zg_alloc(n_shards ? n_shards : 1, sizeof *s->shards);
    zagg_status status = s->shards
                             ? zg_spill_new(spill_dir, ZG_BLOCK_BYTES, &s->spill, err)
                             : no_memory(err);
    for (size_t i = 0; s->shards && i < n_shards; i++) {
        pthread_mutex_init(&s->shards[i].lock, NULL);
        zg_vec_init(&s->shards[i].fragments, sizeof(fragment), 0);
        zg_vec_init(&s->shards[i].blocks, sizeof(block), 0);
        s->n_shards = i + 1;
    }
    if (status == ZAGG_OK)
        *out = s;
    else
        zg_row_store_free(s);
    return status;
}

void zg_row_store_free(zg_row_store *store)
{
    if (!store)
        return;
    for (size_t i = 0; i < store->n_shards; i++) {
        zg_vec_free(&store->shards[i].fragments);
        zg_vec_free(&store->shards[i].blocks);
        pthread_mutex_destroy(&store->shards[i].lock);
    }
    for (size_t i = 0; i < store->types.len; i++)
        zg_free(*ZG_VEC_AT(&store->types, zagg_dtype *, i));
    zg_blocks_free(&store->pool);
    zg_vec_free(&store->types);
    zg_spill_free(store->spill);
    pthread_mutex_destroy(&store->spill_lock);
    pthread_mutex_destroy(&store->lock);
    zg_free(store->shards);
    zg_free(store);
}
