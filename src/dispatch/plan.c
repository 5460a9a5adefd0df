/* From options to shards and events. */
#include "dispatch/plan.h"

#include "dispatch/limits.h"
#include "net/net.h"
#include "run/identity.h"
#include "run/records.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SPARE_S = 300,                 /* how long keys have to last beyond an invocation */
    MOST_EVENT_BYTES = 250 * 1024, /* upstream's bound of events with a shard's map */
};

/* ---- shards ---- */

typedef struct weighed {
    const zagg_shard_entry *entry;
    size_t at; /* in the map's order */
} weighed;

static int heaviest_first(const void *a, const void *b)
{
    const weighed *x = a, *y = b;
    if (x->entry->n_granules != y->entry->n_granules)
        return x->entry->n_granules < y->entry->n_granules ? 1 : -1;
    return (x->at > y->at) - (x->at < y->at);
}

zagg_status zg_dispatch_order(const zagg_shard_entry **shards, size_t n, zagg_err *err)
{
    weighed *list = zg_alloc(n ? n : 1, sizeof *list);
    if (list == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", n);
    for (size_t i = 0; i < n; i++)
        list[i] = (weighed){shards[i], i};
    if (n > 1)
        qsort(list, n, sizeof *list, heaviest_first);
    for (size_t i = 0; i < n; i++)
        shards[i] = list[i].entry;
    zg_free(list);
    return ZAGG_OK;
}

static zagg_status select_shards(zg_plan *p, zagg_dispatch_summary *s, zagg_err *err)
{
    const zagg_dispatch_opts *o = p->opts;
    size_t granules = 0;
    s->total_shards = o->map->n_shards;
    p->shards = zg_alloc(o->map->n_shards ? o->map->n_shards : 1, sizeof *p->shards);
    if (p->shards == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards",
                            o->map->n_shards);
    ZAGG_TRY(zg_select_shards(o->pipeline, o->map, o->shard, o->max_shards, p->shards,
                              &p->n, err));
    ZAGG_TRY(zg_dispatch_order(p->shards, p->n, err));
    s->selected = p->n;
    for (size_t i = 0; i < p->n; i++)
        granules += p->shards[i]->n_granules;
    if (p->n > 0) {
        s->granules_max = p->shards[0]->n_granules;
        s->granules_min = p->shards[p->n - 1]->n_granules;
        s->granules_mean = (double)granules / (double)p->n;
    }
    return ZAGG_OK;
}

static zagg_status check_mask(const zagg_dispatch_opts *o, zagg_err *err)
{
    if (!o->pipeline->output.aoi_mask || o->map->has_aoi_mask)
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_ECONFIG,
                        "%s: output.aoi_mask is on, but the shard map does not tell "
                        "which cells lie inside the area of interest (aoi_mask); build "
                        "the map with this config, or remove output.aoi_mask",
                        o->map->name);
}

/* A function reaches buckets, not the disks of this machine. */
static zagg_status check_places(const zg_plan *p, zagg_err *err)
{
    const zagg_dispatch_opts *o = p->opts;
    if (o->backend != ZAGG_BACKEND_LAMBDA)
        return ZAGG_OK;
    if (!zagg_url_is_remote(o->store) || strncmp(o->store, "s3://", 5) != 0)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "Lambda backend requires s3:// store path, got: %s",
                            o->store);
    if (p->driver == ZG_DRIVER_FILE && p->n > 0)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: its granules are files of this machine, which a Lambda "
                            "function cannot read; build the map of granules at s3:// or "
                            "https://",
                            o->map->name);
    return ZAGG_OK;
}

zagg_status zg_plan_make(const zagg_dispatch_opts *opts, zg_plan *out,
                         zagg_dispatch_summary *summary, zagg_err *err)
{
    *out = (zg_plan){.opts = opts};
    ZAGG_TRY(select_shards(out, summary, err));
    ZAGG_TRY(
        zg_driver_choose(opts->driver, opts->pipeline, opts->map, &out->driver, err));
    summary->driver = zg_driver_name(out->driver);
    ZAGG_TRY(zagg_pipeline_check_runnable(opts->pipeline, err));
    ZAGG_TRY(zagg_grid_from_pipeline(opts->pipeline, opts->latitude, &out->grid, err));
    ZAGG_TRY(zagg_run_check_signature(out->grid, opts->map, err));
    ZAGG_TRY(check_mask(opts, err));
    return check_places(out, err);
}

void zg_plan_free(zg_plan *p)
{
    zagg_grid_free(p->grid);
    zg_free(p->shards);
    zg_free(p->config);
    zg_secret_free(p->edl_token);
    zg_free(p->units);
    *p = (zg_plan){.opts = NULL};
}

/* ---- what events have in common ---- */

/* The config says which latitude it means only if the run means another one. */
static const char *latitude_change(const zagg_dispatch_opts *o)
{
    const zagg_output *out = &o->pipeline->output;
    const bool healpix = out->grid_type && strcmp(out->grid_type, "healpix") == 0;
    const zagg_latitude own = out->latitude_given               ? out->latitude
                              : out->compat == ZAGG_COMPAT_0_11 ? ZAGG_LATITUDE_GEODETIC
                                                                : ZAGG_LATITUDE_AUTHALIC;
    return healpix && own != o->latitude ? zagg_latitude_name(o->latitude) : NULL;
}

static const char *driver_change(const zg_plan *p)
{
    const char *written = p->opts->pipeline->data_source.driver;
    const char *name = zg_driver_name(p->driver);
    const char *now = written != NULL ? written : "s3";
    return strcmp(now, name) != 0 ? name : NULL;
}

static zagg_status write_config(zg_plan *p, zagg_err *err)
{
    const zg_message_changes changes = {driver_change(p), latitude_change(p->opts)};
    zg_str text;
    zg_str_init(&text, 0);
    const zagg_status status =
        zg_message_config(p->opts->pipeline->root, &changes, &text, err);
    p->config = zg_str_take(&text);
    if (status != ZAGG_OK)
        return status;
    return p->config != NULL ? ZAGG_OK
                             : zagg_err_set(err, ZAGG_ENOMEM, "no memory for an event");
}

/* The first granule's bucket: one product lies in one place. NULL: there is none. */
static zagg_status first_bucket(const zg_plan *p, char **out, zagg_err *err)
{
    char *key = NULL;
    *out = NULL;
    for (size_t s = 0; s < p->n; s++)
        for (size_t g = 0; g < p->shards[s]->n_granules; g++) {
            const char *href = zg_granule_href(p->shards[s]->granules[g], p->driver);
            if (href == NULL || !zagg_url_is_remote(href))
                continue;
            ZAGG_TRY(zg_s3_split(href, false, out, &key, err));
            zg_free(key);
            return ZAGG_OK;
        }
    return ZAGG_OK;
}

/* Nodes of a cluster share this machine's files and environment, and keys are better not
 * put on disks: their workers look for keys as this program does. */
static zagg_status find_granule_creds(zg_plan *p, zagg_err *err)
{
    const zagg_dispatch_opts *o = p->opts;
    zg_earthdata *edl = NULL;
    char *bucket = NULL;
    if (o->backend == ZAGG_BACKEND_SLURM || o->net == NULL)
        return ZAGG_OK;
    if (p->driver == ZG_DRIVER_HTTPS) {
        /* Not every server wants a token; those that do will say so. */
        if (zg_net_earthdata(o->net, &edl, NULL) == ZAGG_OK)
            (void)zg_earthdata_token(edl, &p->edl_token, NULL);
        return ZAGG_OK;
    }
    if (p->driver == ZG_DRIVER_S3)
        ZAGG_TRY(first_bucket(p, &bucket, err));
    if (bucket == NULL)
        return ZAGG_OK;
    const zagg_status status =
        zg_net_source_creds(o->net, bucket, &p->granule_creds, err);
    zg_free(bucket);
    return status;
}

/* What a shard is made of: its granules, as runs of this machine tell them (those only
 * that the driver reaches), and where it has one its part of the area of interest. */
static zagg_status hash_unit(const zg_plan *p, const zagg_shard_entry *e,
                             const char **ids, char out[65], zagg_err *err)
{
    char mask[80] = "aoi_mask ";
    const size_t before = strlen(mask);
    size_t n = 0;
    for (size_t g = 0; g < e->n_granules; g++) {
        const char *href = zg_granule_href(e->granules[g], p->driver);
        const char *id = e->granules[g]->id;
        if (href != NULL)
            ids[n++] = id != NULL ? id : href;
    }
    if (p->opts->pipeline->output.aoi_mask) {
        zg_sha256_hex(e->aoi_mask, e->n_aoi_mask * sizeof *e->aoi_mask, mask + before);
        ids[n++] = mask;
    }
    return zg_granules_hash(ids, n, out, err);
}

static zagg_status hash_units(zg_plan *p, zagg_err *err)
{
    p->units = zg_alloc(p->n ? p->n : 1, sizeof *p->units);
    const size_t most = p->n ? p->shards[0]->n_granules : 0; /* the heaviest goes first */
    const char **ids = zg_alloc(most + 1, sizeof *ids);
    zagg_status status =
        p->units != NULL && ids != NULL
            ? ZAGG_OK
            : zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", p->n);
    for (size_t i = 0; status == ZAGG_OK && i < p->n; i++) {
        p->units[i].key = p->shards[i]->key;
        status = hash_unit(p, p->shards[i], ids, p->units[i].granules, err);
    }
    zg_free(ids);
    return status;
}

static zagg_status hash_config(zg_plan *p, zagg_err *err)
{
    const zagg_dispatch_opts *o = p->opts;
    zg_identity identity = {.text = NULL};
    ZAGG_TRY(zg_identity_make(o->pipeline, o->latitude, &identity, err));
    memcpy(p->identity, identity.hash, sizeof p->identity);
    zg_identity_free(&identity);
    if (zagg_pipeline_semantic_hash(o->pipeline, o->latitude, p->semantic_hash, NULL) !=
        ZAGG_OK)
        p->semantic_hash[0] = '\0'; /* as runs of this machine do without */
    return ZAGG_OK;
}

/* Of the config, where the keys of the store name none. */
static const char *endpoint_of(const zagg_pipeline *pipeline, const zg_output_creds *keys)
{
    if (keys != NULL && keys->endpoint != NULL)
        return NULL;
    return zg_output_text(pipeline->root, "endpoint_url");
}

zagg_status zg_plan_complete(zg_plan *p, zagg_err *err)
{
    const zagg_dispatch_opts *o = p->opts;
    const zg_output_creds *output = NULL;
    ZAGG_TRY(write_config(p, err));
    ZAGG_TRY(hash_config(p, err));
    ZAGG_TRY(hash_units(p, err));
    ZAGG_TRY(find_granule_creds(p, err));
    if (o->net != NULL)
        ZAGG_TRY(zg_net_output_file(o->net, &output, err));
    p->messages =
        (zg_message_run){.grid = p->grid,
                         .config = p->config,
                         .store = o->store,
                         .output = output,
                         .output_endpoint = endpoint_of(o->pipeline, output),
                         .region = o->net ? zg_net_region(o->net) : "",
                         .profile = o->profile,
                         .handoff = o->handoff ? *o->handoff : o->pipeline->handoff};
    return ZAGG_OK;
}

/* ---- one event ---- */

static zagg_status fresh_keys(const zg_plan *p, double timeout_s, zg_aws_keys *out,
                              zagg_err *err)
{
    bool again = false;
    ZAGG_TRY(zg_creds_get(p->granule_creds, out, err));
    const double left = difftime(out->expires, time(NULL));
    if (out->expires == 0 || left >= timeout_s + SPARE_S)
        return ZAGG_OK;
    /* What is there still serves where nothing newer can be had. */
    if (zg_creds_renew(p->granule_creds, out, &again, NULL) != ZAGG_OK || !again)
        return ZAGG_OK;
    zg_aws_keys_free(out);
    return zg_creds_get(p->granule_creds, out, err);
}

/* Leaves of hives keep their part of the shard map. What Lambda's events cannot hold goes
 * without it, as upstream's do: the leaf then says what can be told from hrefs. */
static zagg_status write_event(const zg_plan *p, const zagg_shard_entry *entry,
                               zg_message_shard *shard, zg_str *out, zagg_err *err)
{
    const zagg_dispatch_opts *o = p->opts;
    zg_str submap;
    zagg_status status = ZAGG_OK;
    zg_str_init(&submap, 0);
    if (o->pipeline->output.store_layout == ZAGG_LAYOUT_HIVE) {
        status = zg_message_submap(o->map, entry, &submap, err);
        shard->submap = submap.data;
    }
    if (status == ZAGG_OK)
        status = zg_message_process(&p->messages, shard, out, err);
    if (status == ZAGG_OK && shard->submap != NULL && out->len > MOST_EVENT_BYTES &&
        o->backend == ZAGG_BACKEND_LAMBDA && o->transport == ZAGG_TRANSPORT_EVENT) {
        zg_message_free(out);
        shard->submap = NULL;
        status = zg_message_process(&p->messages, shard, out, err);
    }
    zg_str_free(&submap);
    return status;
}

zagg_status zg_plan_event(const zg_plan *p, size_t unit, double timeout_s, zg_str *out,
                          zagg_err *err)
{
    const zagg_shard_entry *entry = p->shards[unit];
    zg_aws_keys keys = {0};
    const char **urls = zg_alloc(entry->n_granules ? entry->n_granules : 1, sizeof *urls);
    zg_message_shard shard = {
        .key = entry->key, .urls = urls, .keys = &keys, .edl_token = p->edl_token};
    zagg_status status =
        urls != NULL
            ? ZAGG_OK
            : zagg_err_set(err, ZAGG_ENOMEM, "no memory for the granules of a shard");
    zg_str_init(out, 0);
    if (status == ZAGG_OK && p->granule_creds != NULL)
        status = fresh_keys(p, timeout_s, &keys, err);
    for (size_t i = 0; status == ZAGG_OK && i < entry->n_granules; i++) {
        const char *href = zg_granule_href(entry->granules[i], p->driver);
        if (href != NULL)
            urls[shard.n_urls++] = href;
    }
    if (p->opts->pipeline->output.aoi_mask) {
        shard.aoi = entry->aoi_mask;
        shard.n_aoi = entry->n_aoi_mask;
    }
    if (status == ZAGG_OK)
        status = write_event(p, entry, &shard, out, err);
    zg_aws_keys_free(&keys);
    zg_free(urls);
    return status;
}
