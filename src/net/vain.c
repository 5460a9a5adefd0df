/* Ranges of an object that were asked for in vain, joined where they meet. */
#include "net/vain.h"

/* A file that fails in more places than these is asked for what fails again. */
enum { MOST_RANGES = 64 };

typedef struct vain_range {
    uint64_t first, end;
    unsigned requests;
    zagg_err why;
} vain_range;

void zg_vain_init(zg_vain *vain)
{
    pthread_mutex_init(&vain->lock, NULL);
    zg_vec_init(&vain->list, sizeof(vain_range), MOST_RANGES);
}

void zg_vain_free(zg_vain *vain)
{
    zg_vec_free(&vain->list);
    pthread_mutex_destroy(&vain->lock);
}

static uint64_t end_of(uint64_t offset, uint64_t len)
{
    uint64_t end;
    return zg_add_u64(offset, len, &end) ? end : UINT64_MAX;
}

/* With the lock held: the first that meets these bytes, or NULL. */
static vain_range *find(const zg_vain *vain, uint64_t first, uint64_t end)
{
    for (size_t i = 0; i < vain->list.len; i++) {
        vain_range *r = ZG_VEC_AT(&vain->list, vain_range, i);
        if (first < r->end && r->first < end)
            return r;
    }
    return NULL;
}

void zg_vain_note(zg_vain *vain, uint64_t offset, uint64_t len, unsigned requests,
                  const zagg_err *why)
{
    const uint64_t end = end_of(offset, len);
    pthread_mutex_lock(&vain->lock);
    vain_range *r = find(vain, offset, end);
    if (r == NULL && (r = zg_vec_push(&vain->list)) != NULL)
        *r = (vain_range){.first = offset, .end = end};
    if (r != NULL) {
        r->first = offset < r->first ? offset : r->first;
        r->end = end > r->end ? end : r->end;
        r->requests += requests;
        r->why = *why;
    }
    pthread_mutex_unlock(&vain->lock);
}

zagg_status zg_vain_check(zg_vain *vain, const zagg_range *ranges, size_t n,
                          unsigned most, zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    pthread_mutex_lock(&vain->lock);
    for (size_t i = 0; i < n && vain->list.len > 0 && status == ZAGG_OK; i++) {
        const vain_range *r =
            find(vain, ranges[i].offset, end_of(ranges[i].offset, ranges[i].len));
        if (r == NULL || r->requests < most)
            continue;
        status = r->why.status;
        if (err != NULL)
            *err = r->why;
    }
    pthread_mutex_unlock(&vain->lock);
    return status;
}
