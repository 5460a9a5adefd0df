/* Working memory of threads: kept between chunks and shards, because partitions of
 * digests and buffers of expressions are worth keeping. */
#include "core/worker.h"

zagg_status zg_memory_take(const zagg_worker *w, zg_memory **out, zagg_err *err)
{
    zagg_worker *shared = (zagg_worker *)w; /* only the list, under its lock */
    pthread_mutex_lock(&shared->lock);
    zg_memory *m = shared->memories;
    if (m)
        shared->memories = m->next;
    pthread_mutex_unlock(&shared->lock);
    if (!m) {
        m = zg_alloc(1, sizeof *m);
        if (!m)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a thread's buffers");
        zg_vec_init(&m->cells, sizeof(uint32_t), 0);
        zg_vec_init(&m->bounds, sizeof(size_t), 0);
        zg_vec_init(&m->batch, sizeof(size_t), 0);
        zg_vec_init(&m->times, sizeof(uint64_t), 0);
        zagg_status status = zagg_expr_memory_new(&m->expr, err);
        if (status == ZAGG_OK)
            status = zagg_digest_memory_new(&m->digest, err);
        if (status == ZAGG_OK)
            status = zagg_arena_new(0, &m->arena, err);
        void *first;
        if (status == ZAGG_OK)
            status = zagg_arena_alloc(m->arena, 1, 1, &first, err);
        if (status != ZAGG_OK) {
            zg_memory_free(m);
            return status;
        }
    }
    if (m->empty.block == NULL)
        m->empty = zagg_arena_get_mark(m->arena);
    m->next = NULL;
    *out = m;
    return ZAGG_OK;
}

void zg_memory_give(const zagg_worker *w, zg_memory *memory)
{
    zagg_worker *shared = (zagg_worker *)w;
    if (!memory)
        return;
    zagg_arena_release(memory->arena, memory->empty);
    pthread_mutex_lock(&shared->lock);
    memory->next = shared->memories;
    shared->memories = memory;
    pthread_mutex_unlock(&shared->lock);
}

void zg_memory_free(zg_memory *list)
{
    while (list) {
        zg_memory *next = list->next;
        zagg_expr_memory_free(list->expr);
        zagg_digest_memory_free(list->digest);
        zagg_arena_free(list->arena);
        zg_vec_free(&list->cells);
        zg_vec_free(&list->bounds);
        zg_vec_free(&list->batch);
        zg_vec_free(&list->times);
        zg_free(list->scratch);
        zg_free(list);
        list = next;
    }
}

zagg_status zg_memory_scratch(zg_memory *memory, size_t bytes, void **out, zagg_err *err)
{
    if (bytes > memory->scratch_bytes) {
        void *larger = zg_alloc(bytes, 1);
        if (!larger)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu bytes of scratch",
                                bytes);
        zg_free(memory->scratch);
        memory->scratch = larger;
        memory->scratch_bytes = bytes;
    }
    *out = memory->scratch;
    return ZAGG_OK;
}
