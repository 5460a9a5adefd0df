/* Which granules a pass reads, and for which shards. */
#include "core/pass.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One entry of one shard's list. */
typedef struct entry {
    const char *href;
    size_t order; /* of all entries, shard after shard */
    zg_want want;
} entry;

static int by_href(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    const int order = strcmp(x->href, y->href);
    if (order != 0)
        return order;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Granules by the place at which a shard first names them: shards of a map come in an
 * order in space, so that the first ones are complete early. */
static int by_first_place(const void *a, const void *b)
{
    const entry *const *x = a, *const *y = b;
    return (*x)->order < (*y)->order ? -1 : (*x)->order > (*y)->order;
}

static zagg_status list_entries(const zg_pass *p, entry **out, size_t *n_out,
                                zagg_err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_jobs; i++)
        n += p->jobs[i].n_hrefs;
    entry *list = zg_alloc(n ? n : 1, sizeof *list);
    if (!list)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu granules", n);
    n = 0;
    for (size_t i = 0; i < p->n_jobs; i++)
        for (size_t k = 0; k < p->jobs[i].n_hrefs; k++, n++)
            list[n] = (entry){p->jobs[i].hrefs[k], n, {(uint32_t)i, (uint32_t)k}};
    if (n)
        qsort(list, n, sizeof *list, by_href);
    *out = list;
    *n_out = n;
    return ZAGG_OK;
}

/* The first entry of each granule; entries end where the next granule begins. */
static size_t find_granules(const entry *list, size_t n, const entry **firsts)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(list[i].href, list[i - 1].href) != 0)
            firsts[found++] = &list[i];
    return found;
}

static void take_wants(zg_pass *p, const entry *list, size_t n, const entry *first,
                       size_t *n_wants)
{
    zg_pass_granule *g = &p->granules[p->n_granules++];
    *g = (zg_pass_granule){.href = first->href, .first_want = *n_wants};
    for (const entry *e = first; e < list + n && strcmp(e->href, first->href) == 0; e++) {
        const zg_want *last = g->n_wants ? &p->wants[*n_wants - 1] : NULL;
        if (!last || last->shard != e->want.shard)
            atomic_fetch_add(&p->shards[e->want.shard].remaining, 1);
        p->wants[(*n_wants)++] = e->want;
        g->n_wants++;
    }
}

zagg_status zg_pass_list_granules(zg_pass *p, zagg_err *err)
{
    entry *list = NULL;
    size_t n = 0, n_wants = 0;
    ZAGG_TRY(list_entries(p, &list, &n, err));
    const entry **firsts = zg_alloc(n ? n : 1, sizeof *firsts);
    p->wants = zg_alloc(n ? n : 1, sizeof *p->wants);
    const size_t found = firsts ? find_granules(list, n, firsts) : 0;
    p->granules = zg_alloc(found ? found : 1, sizeof *p->granules);
    const bool ok = firsts && p->wants && p->granules;
    if (ok && found)
        qsort(firsts, found, sizeof(const entry *), by_first_place);
    for (size_t i = 0; ok && i < found; i++)
        take_wants(p, list, n, firsts[i], &n_wants);
    zg_free(firsts);
    zg_free(list);
    return ok ? ZAGG_OK : zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu granules", n);
}

zagg_status zg_pass_list_wanted(const zg_pass *p, const zg_pass_granule *granule,
                                zagg_arena *arena, zg_wanted *out, const size_t **first,
                                zagg_err *err)
{
    const zg_want *wants = p->wants + granule->first_want;
    const size_t n = granule->n_wants;
    uint32_t *shards, *local;
    size_t *begin, n_wanted = 0;
    ZAGG_TRY(zagg_arena_alloc(arena, n, sizeof *shards, &shards, err));
    ZAGG_TRY(zagg_arena_alloc(arena, n + 1, sizeof *begin, &begin, err));
    ZAGG_TRY(zagg_arena_alloc(arena, p->n_jobs, sizeof *local, &local, err));
    memset(local, 0xff, p->n_jobs * sizeof *local); /* ZAGG_NO_SHARD */
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && wants[i].shard == wants[i - 1].shard)
            continue;
        local[wants[i].shard] = (uint32_t)n_wanted;
        begin[n_wanted] = i;
        shards[n_wanted++] = wants[i].shard;
    }
    begin[n_wanted] = n;
    *first = begin;
    *out = (zg_wanted){&p->set, shards, n_wanted, local};
    return ZAGG_OK;
}

/* ---- failed reads ---- */

static bool comes_before(const zg_read_fault *a, uint32_t position, uint32_t group)
{
    return a->position != position ? a->position < position : a->group <= group;
}

/* Of the messages met so far those that come first in reading order, each once. */
static void keep_first(zg_pass_shard *s, const zg_read_fault *fault)
{
    size_t at = 0, n = s->n_faults;
    for (size_t i = 0; i < n; i++)
        if (strcmp(s->faults[i].text, fault->text) == 0) {
            if (comes_before(&s->faults[i], fault->position, fault->group))
                return;
            memmove(&s->faults[i], &s->faults[i + 1], (n - i - 1) * sizeof *s->faults);
            n--;
            break;
        }
    while (at < n && comes_before(&s->faults[at], fault->position, fault->group))
        at++;
    if (at < ZAGG_EXEMPLARS) {
        const size_t behind = (n < ZAGG_EXEMPLARS ? n : ZAGG_EXEMPLARS - 1) - at;
        memmove(&s->faults[at + 1], &s->faults[at], behind * sizeof *s->faults);
        s->faults[at] = *fault;
        n = at + 1 + behind;
    }
    s->n_faults = n;
}

/* Upstream's idea of a failure for lack of rights: the status of the answer, or what such
 * answers say. */
static bool is_auth_shaped(const zagg_err *fault)
{
    static const char *const SIGNS[] = {
        "accessdenied",          "access denied", "invalidaccesskeyid",
        "signaturedoesnotmatch", "expiredtoken",  "expired token",
        "expired credentials",   "invalidtoken",  "tokenrefreshrequired",
        "403 forbidden",         "http 403",      "status 403",
        "unauthorized"};
    if (fault->status != ZAGG_EHTTP)
        return fault->status == ZAGG_EAUTH;
    for (const char *at = fault->msg; *at; at++)
        for (size_t i = 0; i < sizeof SIGNS / sizeof *SIGNS; i++)
            if (strncasecmp(at, SIGNS[i], strlen(SIGNS[i])) == 0)
                return true;
    return false;
}

zagg_status zg_pass_note_fault(zg_pass *p, zg_want want, zg_read_place place,
                               const zagg_err *from, zagg_err *err)
{
    zg_pass_shard *s = &p->shards[want.shard];
    zg_read_fault fault = {.position = want.position, .group = place.group};
    size_t len = strlen(from->msg);
    len = len > ZAGG_EXEMPLAR_LEN - 1 ? ZAGG_EXEMPLAR_LEN - 1 : len;
    memcpy(fault.text, from->msg, len);
    pthread_mutex_lock(&s->lock);
    if (!s->faults)
        s->faults = zg_alloc(ZAGG_EXEMPLARS, sizeof *s->faults);
    const bool ok = s->faults != NULL;
    if (ok)
        keep_first(s, &fault);
    s->granule_errors += place.whole_granule;
    s->read_errors += !place.whole_granule;
    s->auth_errors += is_auth_shaped(from);
    pthread_mutex_unlock(&s->lock);
    return ok ? ZAGG_OK : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a failed read");
}
