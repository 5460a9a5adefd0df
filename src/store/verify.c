/* Verifying a store: what is looked at, in which order, and how findings are reported. */
#include "store/verify.h"

#include "zarr/layout.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- findings ---- */

static zagg_status report(zg_verifier *v, zagg_finding_kind kind, const char *path,
                          const char *reason, zagg_err *err)
{
    const size_t len = strlen(path);
    /* messages of the reader start with the object that they are about */
    if (len > 0 && strncmp(reason, path, len) == 0 && strncmp(reason + len, ": ", 2) == 0)
        reason += len + 2;
    uint64_t *const counts[] = {&v->verdict.problems, &v->verdict.unverifiable,
                                &v->verdict.unrecorded};
    const zagg_finding finding = {kind, path, reason};
    (*counts[kind])++;
    return v->fn(v->user, &finding, err);
}

zagg_status zg_find(zg_verifier *v, zagg_finding_kind kind, zagg_err *err,
                    const char *path, const char *fmt, ...)
{
    char reason[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(reason, sizeof reason, fmt, args);
    va_end(args);
    return report(v, kind, path, reason, err);
}

zagg_status zg_find_failure(zg_verifier *v, const char *path, zagg_status status,
                            const zagg_err *reason, zagg_err *err)
{
    if (status == ZAGG_OK)
        return ZAGG_OK;
    if (status == ZAGG_ENOMEM || status == ZAGG_EINTERNAL || status == ZAGG_ECANCELLED)
        return zagg_err_set(err, status, "%s", reason->msg);
    return report(v, ZAGG_FINDING_PROBLEM, path, reason->msg, err);
}

/* ---- what the parts share ---- */

void zg_verifier_reset(zg_verifier *v)
{
    zagg_arena_release(v->scratch.arena, v->empty);
}

zagg_status zg_path_join(const char *folder, const char *name,
                         char out[ZG_STORE_MAX_PATH], zagg_err *err)
{
    const int len = snprintf(out, ZG_STORE_MAX_PATH, "%s%s%s", folder,
                             folder[0] != '\0' ? "/" : "", name);
    return len < 0 || len >= ZG_STORE_MAX_PATH
               ? zagg_err_set(err, ZAGG_ERANGE, "a path below %.200s is too long", folder)
               : ZAGG_OK;
}

zagg_status zg_verify_doc(zg_verifier *v, const char *key, bool needed,
                          const zagg_value **out, zagg_err *err)
{
    zagg_err reason = ZAGG_ERR_INIT;
    void *text = NULL;
    size_t len = 0;
    *out = NULL;
    if (zg_objects_explain(v, key) == 0)
        return needed ? zg_find(v, ZAGG_FINDING_PROBLEM, err, key, "missing") : ZAGG_OK;
    zagg_status status =
        zagg_sink_get(v->sink, key, ZG_VERIFY_MAX_DOC, &text, &len, &reason);
    if (status == ZAGG_OK)
        status = zagg_json_parse(v->scratch.arena, text, len, key, out, &reason);
    zagg_bytes_free(text);
    if (status == ZAGG_OK)
        return ZAGG_OK;
    *out = NULL;
    return zg_find_failure(v, key, status, &reason, err);
}

/* ---- flat stores ---- */

static zagg_status verify_flat_cells(zg_verifier *v, size_t group, uint64_t before,
                                     zagg_err *err)
{
    const zagg_store_group *g = zagg_store_get_group(v->store, group);
    zagg_store_reader *reader = NULL;
    if (!g->has_grid)
        return ZAGG_OK; /* reported with the group */
    ZAGG_TRY(zagg_store_reader_new(v->store, group, NULL, &reader, err));
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; i < g->n_shards && status == ZAGG_OK; i++) {
        uint64_t n = 0;
        status = zg_verify_cells(v, reader, i, NULL, before, &n, err);
    }
    v->verdict.shards += g->n_shards;
    zagg_store_reader_free(reader);
    return status;
}

static zagg_status verify_flat(zg_verifier *v, zagg_err *err)
{
    const zagg_value *root = NULL;
    ZAGG_TRY(zg_verify_doc(v, "zarr.json", true, &root, err));
    if (root != NULL)
        ZAGG_TRY(zg_verify_consolidated(v, root, err));
    for (size_t i = 0; i < zagg_store_n_groups(v->store); i++) {
        const zagg_store_group *g = zagg_store_get_group(v->store, i);
        const uint64_t before = v->verdict.problems;
        zg_verifier_reset(v);
        ZAGG_TRY(zg_verify_group(v, g->name, g->name, -1, 0, NULL, err));
        ZAGG_TRY(verify_flat_cells(v, i, before, err));
    }
    return zg_verify_unread(v, err);
}

/* ---- single leaves ---- */

static zagg_status verify_single_leaf(zg_verifier *v, zagg_err *err)
{
    zagg_store_reader *reader = NULL;
    ZAGG_TRY(zagg_store_reader_new(v->store, 0, NULL, &reader, err));
    const zagg_status status = zg_verify_leaf(v, reader, 0, err);
    zagg_store_reader_free(reader);
    return status;
}

/* ---- all of it ---- */

static zagg_status verify_store(zg_verifier *v, const char *name, zagg_err *err)
{
    zagg_store *store = NULL;
    zagg_err reason = ZAGG_ERR_INIT;
    zagg_status status = zagg_store_open_sink(v->sink, name, &store, &reason);
    if (status != ZAGG_OK) {
        char head[ZG_STORE_MAX_PATH];
        const int len =
            snprintf(head, sizeof head, "store %s: ", zagg_sink_name(v->sink));
        if (len > 0 && (size_t)len < sizeof head &&
            strncmp(reason.msg, head, (size_t)len) == 0)
            memmove(reason.msg, reason.msg + len, strlen(reason.msg + len) + 1);
        return zg_find_failure(v, "", status, &reason, err);
    }
    v->store = store;
    status = store->form == ZAGG_STORE_HIVE   ? zg_verify_hive(v, err)
             : store->form == ZAGG_STORE_LEAF ? verify_single_leaf(v, err)
                                              : verify_flat(v, err);
    if (status == ZAGG_OK)
        status = zg_verify_unexpected(v, err);
    v->store = NULL;
    zagg_store_close(store);
    return status;
}

zagg_status zagg_store_verify(zagg_sink *store, const char *name, zagg_sink *status,
                              zagg_finding_fn fn, void *user, zagg_store_verdict *out,
                              zagg_err *err)
{
    zg_verifier v = {.sink = store, .status = status, .fn = fn, .user = user};
    v.scratch.sink = store;
    zg_vec_init(&v.objects, sizeof(zg_object), 0);
    zg_vec_init(&v.counts, sizeof(zg_shard_count), 0);
    zagg_status rc = zagg_arena_new(0, &v.scratch.arena, err);
    if (rc == ZAGG_OK) {
        v.empty = zagg_arena_get_mark(v.scratch.arena);
        rc = zg_objects_list(&v, err);
    }
    if (rc == ZAGG_OK)
        rc = zg_verify_records(&v, err);
    if (rc == ZAGG_OK)
        rc = verify_store(&v, name, err);
    if (rc == ZAGG_OK)
        *out = v.verdict;
    zg_objects_free(&v);
    zg_vec_free(&v.counts);
    zagg_arena_free(v.scratch.arena);
    return rc;
}
