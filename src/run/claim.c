/* Shards that a run on this machine writes into a store that others were dispatched into
 * (docs/dispatch.md): what these noted of the shards holds no longer, and the run says so
 * as they would, by a manifest of its own, which they read. */
#include "run/trust_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Later than a run whose clock is ahead. */
#define LEAST_LATER_S 0.001

typedef struct dispatched {
    zg_trust *trust;
    size_t n;
    double latest_s;
} dispatched;

static zagg_status see_manifest(dispatched *d, const char *folder, zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *root = NULL;
    void *data = NULL;
    size_t len = 0;
    double started_s = 0;
    char name[96];
    (void)snprintf(name, sizeof name, "%smanifest.json", folder);
    const zagg_status got =
        zagg_sink_get(d->trust->status, name, ZG_MAX_RECORD_BYTES, &data, &len, err);
    if (got == ZAGG_ENOTFOUND)
        return ZAGG_OK;
    ZAGG_TRY(got);
    d->n++;
    zagg_status status = zagg_arena_new(0, &arena, err);
    if (status == ZAGG_OK &&
        zagg_json_parse(arena, data, len, name, &root, NULL) == ZAGG_OK &&
        zagg_value_number(zagg_value_get(root, "started_s"), &started_s) &&
        started_s > d->latest_s)
        d->latest_s = started_s;
    zagg_arena_free(arena);
    zagg_bytes_free(data);
    return status;
}

static zagg_status see_folder(void *user, const char *name, uint64_t size, zagg_err *err)
{
    const size_t len = strlen(name);
    (void)size;
    if (strncmp(name, "run-", 4) != 0 || name[len - 1] != '/' || len > 64)
        return ZAGG_OK;
    return see_manifest(user, name, err);
}

/* No hash of granules is one that a dispatched run has: whatever it asks for, these
 * shards are to be done. */
static void write_manifest(const dispatched *d, const zagg_shard_job *jobs, size_t n,
                           zg_str *out)
{
    const zg_trust *t = d->trust;
    struct timespec now;
    zg_json_out w;
    char key[24];
    clock_gettime(CLOCK_REALTIME, &now);
    double started_s = (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
    if (started_s <= d->latest_s)
        started_s = d->latest_s + LEAST_LATER_S;
    zg_json_begin(&w, out, -1);
    zg_json_open_map(&w);
    zg_json_put_u64(&w, "schema_version", 1);
    zg_json_put_str(&w, "run_id", t->run_id);
    zg_json_key(&w, "shards");
    zg_json_open_list(&w);
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(key, sizeof key, "%" PRIu64, jobs[i].key);
        zg_json_str(&w, key);
    }
    zg_json_close_list(&w);
    zg_json_put_str(&w, "dispatched_at", t->started_at);
    zg_json_put_str(&w, "program", t->opts->program);
    zg_json_put_str(&w, "backend", "local");
    zg_json_put_double(&w, "started_s", started_s);
    zg_json_put_str(&w, "identity_sha256", t->identity.hash);
    zg_json_key(&w, "granules_sha256");
    zg_json_open_list(&w);
    for (size_t i = 0; i < n; i++)
        zg_json_str(&w, "local");
    zg_json_close_list(&w);
    zg_json_close_map(&w);
}

zagg_status zg_trust_claim(zg_trust *trust, const zagg_shard_job *jobs, size_t n,
                           zagg_err *err)
{
    dispatched d = {.trust = trust};
    zg_str text, name;
    if (n == 0 || (trust->records && !zg_listing_has_below(trust->records, "run-")))
        return ZAGG_OK;
    ZAGG_TRY(zagg_sink_list_dir(trust->status, "", see_folder, &d, err));
    if (d.n == 0)
        return ZAGG_OK;
    zg_str_init(&text, 0);
    zg_str_init(&name, 0);
    write_manifest(&d, jobs, n, &text);
    zg_str_addf(&name, "run-%s/manifest.json", trust->run_id);
    const zagg_status status =
        text.failed || name.failed
            ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a run's manifest")
            : zagg_sink_put(trust->status, name.data, text.data, text.len, err);
    zg_str_free(&text);
    zg_str_free(&name);
    return status;
}
