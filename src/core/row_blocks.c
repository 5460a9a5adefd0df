/* Blocks of rows. */
#include "core/row_blocks.h"

enum { MAP_BYTES = 1 << 20 };

void zg_blocks_init(zg_blocks *b)
{
    pthread_mutex_init(&b->lock, NULL);
    zg_vec_init(&b->idle, sizeof(uint8_t *), 0);
    zg_vec_init(&b->clean, sizeof(uint8_t *), 0);
    zg_vec_init(&b->maps, sizeof(uint8_t *), 0);
}

void zg_blocks_free(zg_blocks *b)
{
    for (size_t i = 0; i < b->maps.len; i++)
        zg_unmap(*ZG_VEC_AT(&b->maps, uint8_t *, i), 1, MAP_BYTES);
    zg_vec_free(&b->maps);
    zg_vec_free(&b->idle);
    zg_vec_free(&b->clean);
    pthread_mutex_destroy(&b->lock);
}

static bool map_more(zg_blocks *b)
{
    const size_t n = MAP_BYTES / ZG_BLOCK_BYTES;
    uint8_t **slot = zg_vec_push(&b->maps);
    /* Room in the lists for all blocks there are: giving one back cannot fail. */
    const bool room = slot && zg_vec_reserve(&b->idle, b->maps.len * n) &&
                      zg_vec_reserve(&b->clean, b->maps.len * n);
    uint8_t *map = room ? zg_map(1, MAP_BYTES) : NULL;
    if (!map) {
        b->maps.len -= slot != NULL;
        return false;
    }
    *slot = map;
    for (size_t i = n; i-- > 0;)
        *(uint8_t **)zg_vec_push(&b->clean) = map + i * ZG_BLOCK_BYTES;
    return true;
}

uint8_t *zg_blocks_take(zg_blocks *b)
{
    uint8_t *taken = NULL;
    pthread_mutex_lock(&b->lock);
    zg_vec *from = b->idle.len ? &b->idle : &b->clean;
    if (from->len > 0 || map_more(b))
        taken = *ZG_VEC_AT(from, uint8_t *, --from->len);
    pthread_mutex_unlock(&b->lock);
    return taken;
}

void zg_blocks_give(zg_blocks *b, uint8_t *block, bool clean)
{
    if (clean)
        zg_map_clean(block, ZG_BLOCK_BYTES);
    pthread_mutex_lock(&b->lock);
    *(uint8_t **)zg_vec_push(clean ? &b->clean : &b->idle) = block;
    pthread_mutex_unlock(&b->lock);
}

void zg_blocks_clean(zg_blocks *b)
{
    pthread_mutex_lock(&b->lock);
    while (b->idle.len > 0) {
        uint8_t *block = *ZG_VEC_AT(&b->idle, uint8_t *, --b->idle.len);
        zg_map_clean(block, ZG_BLOCK_BYTES);
        *(uint8_t **)zg_vec_push(&b->clean) = block;
    }
    pthread_mutex_unlock(&b->lock);
}
