/* From an event to what runs: pipeline, grid, plan of the store, network. */
#include "net/secret_text.h"
#include "run/event.h"

#include <string.h>

/* Text of an object of keys: room for any that a service gives out. */
enum { MAX_KEYS_BYTES = 64 << 10 };

static zagg_status load_builtin(zg_event *e, zagg_err *err)
{
    const char *text = zagg_config_builtin("atl06");
    return zagg_pipeline_parse(text, strlen(text), "built-in config atl06", e->opts->log,
                               &e->pipeline, err);
}

/* Orders stand in the event and in its config: two answers would be two stores. */
static zagg_status check_order(const zg_event *e, const char *key, int64_t ours,
                               zagg_err *err)
{
    const zagg_value *v = zagg_value_get_set(e->root, key);
    int64_t order = 0;
    if (v == NULL || (zagg_value_i64(v, &order) && order == ours))
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_ECONFIG,
                        "event: its %s is not that of its config's output.grid (%lld)",
                        key, (long long)ours);
}

zagg_status zg_event_load(zg_event *e, zagg_err *err)
{
    const zagg_value *config = zagg_value_get_set(e->root, "config");
    ZAGG_TRY(config ? zagg_pipeline_from_value(config, "config of the event",
                                               e->opts->log, &e->pipeline, err)
                    : load_builtin(e, err));
    return zagg_pipeline_check_runnable(e->pipeline, err);
}

zagg_status zg_event_compile(zg_event *e, zagg_err *err)
{
    const zagg_output *o = &e->pipeline->output;
    if (o->grid_type && strcmp(o->grid_type, "healpix") == 0) {
        ZAGG_TRY(check_order(e, "parent_order", o->parent_order, err));
        ZAGG_TRY(check_order(e, "child_order", o->child_order, err));
    }
    ZAGG_TRY(zagg_grid_from_pipeline(e->pipeline, o->latitude, &e->grid, err));
    return zagg_store_plan_new(e->pipeline, e->grid, &e->plan, err);
}

bool zg_event_reads_files(const zg_event *e)
{
    const char *driver = e->pipeline ? e->pipeline->data_source.driver : NULL;
    return driver && strcmp(driver, "file") == 0;
}

const char *zg_event_granule(const zagg_value *urls, size_t i)
{
    const zagg_value *v = urls->items[i];
    if (v->kind == ZAGG_MAP)
        v = zagg_value_get(v, "url");
    return v && v->kind == ZAGG_STR && strlen(v->str) == v->str_len ? v->str : NULL;
}

static bool needs_net(const zg_event *e, bool granules)
{
    const zagg_value *urls = zagg_value_get(e->root, "granule_urls");
    const char *result = zg_value_text(e->root, "result_url");
    /* A refused event need not name a store, and may want its response put somewhere. */
    if ((e->store && zagg_url_is_remote(zg_store_path(e->store))) ||
        (result && zagg_url_is_remote(result)))
        return true;
    if (!granules || zg_event_reads_files(e) || !urls || urls->kind != ZAGG_LIST)
        return false;
    for (size_t i = 0; i < urls->n; i++) {
        const char *href = zg_event_granule(urls, i);
        if (href && zagg_url_is_remote(href))
            return true;
    }
    return false;
}

/* An object of keys as text, for zagg_net; empty where there are none to give. */
static zagg_status keys_text(const zagg_value *keys, zg_str *out, zagg_err *err)
{
    static const zg_json_style PYTHON = {.indent = -1};
    zg_secret_text_init(out, MAX_KEYS_BYTES);
    if (keys && keys->kind == ZAGG_MAP && keys->n > 0)
        ZAGG_TRY(zg_json_write(out, keys, PYTHON, err));
    return out->failed ? zagg_err_set(err, ZAGG_ECONFIG,
                                      "event: its keys take more than %d bytes, or there "
                                      "is no memory for them",
                                      MAX_KEYS_BYTES)
                       : ZAGG_OK;
}

zagg_status zg_event_open_net(zg_event *e, bool granules, zagg_err *err)
{
    const zagg_value *source = zagg_value_get_set(e->root, "s3_credentials");
    const zagg_value *output = zagg_value_get_set(e->root, "output_credentials");
    const char *token = zg_value_text(source, "edl_token");
    const zagg_event_opts *o = e->opts;
    zg_str source_keys, output_keys;
    const double end_s = zg_event_end_s(e, false);
    const bool over = end_s > 0 && zg_clock_mono_s() >= end_s;
    const double until_s = over ? zg_event_end_s(e, true) : end_s;
    if (!needs_net(e, granules) || (e->net && e->net_until_s >= until_s))
        return ZAGG_OK;
    zagg_net_free(e->net);
    e->net = NULL;
    e->net_until_s = until_s;
    zagg_status status = keys_text(token ? NULL : source, &source_keys, err);
    zg_str_init(&output_keys, 0);
    if (status == ZAGG_OK)
        status = keys_text(output, &output_keys, err);
    const zagg_net_opts opts = {
        .credentials_provider =
            e->pipeline ? e->pipeline->data_source.credentials_provider : NULL,
        .source_keys = source_keys.len > 0 ? source_keys.data : NULL,
        .output_endpoint =
            zg_output_text(zagg_value_get_set(e->root, "config"), "endpoint_url"),
        .output_keys = output_keys.len > 0 ? output_keys.data : NULL,
        .earthdata_token = token,
        .deadline_s = e->net_until_s,
        .stop = &e->deadline.flag,
        .log = o->log};
    if (status == ZAGG_OK)
        status = zagg_net_new(&opts, &e->net, err);
    zg_secret_text_free(&source_keys);
    zg_secret_text_free(&output_keys);
    return status;
}
