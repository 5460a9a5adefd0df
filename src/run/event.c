/* The entry of the worker: which mode an event asks for, and its response. */
#include "run/event.h"

#include <stdio.h>
#include <string.h>

/* Far above what a dispatcher sends: Lambda's own limit is 6 MB. */
#define MAX_EVENT_BYTES ((size_t)256 << 20)
#define MAX_BODY_BYTES ((size_t)16 << 20)

enum { CODE_OK = 200, CODE_REFUSED = 400, CODE_FAILED = 500 };

/* ---- bodies ---- */

static void begin_body(zg_event *e, zg_json_out *w)
{
    zg_str_free(&e->body);
    zg_str_init(&e->body, MAX_BODY_BYTES);
    zg_json_begin(w, &e->body, -1);
    zg_json_open_map(w);
}

void zg_event_refuse(zg_event *e, const char *text)
{
    zg_json_out w;
    begin_body(e, &w);
    zg_json_put_str(&w, "error", text);
    zg_json_close_map(&w);
    e->code = CODE_REFUSED;
    e->outcome = ZAGG_EVENT_REFUSED;
}

void zg_event_fail_mode(zg_event *e, const char *mode, const char *text)
{
    zg_json_out w;
    begin_body(e, &w);
    zg_json_put_str(&w, "error", text);
    zg_json_put_str(&w, "mode", mode);
    zg_json_close_map(&w);
    e->code = CODE_FAILED;
    e->outcome = ZAGG_EVENT_FAILED;
}

void zg_event_ok(zg_event *e, const char *mode)
{
    zg_json_out w;
    begin_body(e, &w);
    zg_json_key(&w, "ok");
    zg_json_bool(&w, true);
    zg_json_put_str(&w, "mode", mode);
    zg_json_close_map(&w);
    e->code = CODE_OK;
    e->outcome = ZAGG_EVENT_OK;
}

void zg_event_stop_text(zg_event *e, const char *why, char *out, size_t len)
{
    zg_deadline_end(&e->deadline);
    if (zg_deadline_passed(&e->deadline))
        (void)snprintf(out, len,
                       "Deadline: given up after %.1f s of %.1f s; raise the function's "
                       "timeout or memory",
                       zg_clock_mono_s() - e->start_s, e->opts->remaining_s);
    else
        (void)snprintf(out, len, "Stopped: %s", why);
}

bool zg_event_is_benign(const char *error)
{
    return strcmp(error, "No granules found") == 0 ||
           strcmp(error, "No data after filtering") == 0;
}

/* ---- modes ---- */

static zagg_status run_mode(zg_event *e, zagg_err *err)
{
    static const struct {
        const char *name;
        zagg_status (*run)(zg_event *e, zagg_err *err);
    } MODES[] = {{"setup", zg_event_setup},
                 {"finalize", zg_event_finalize},
                 {"ping", zg_event_ping}};
    const zagg_value *mode = zagg_value_get(e->root, "mode");
    for (size_t i = 0; i < sizeof MODES / sizeof MODES[0]; i++)
        if (mode && zagg_value_is(mode, MODES[i].name))
            return MODES[i].run(e, err);
    return zg_event_process(e, err); /* any other mode as well, as upstream */
}

static zagg_status parse(zg_event *e, const char *event, size_t len, zagg_err *err)
{
    if (len > MAX_EVENT_BYTES)
        return zagg_err_set(err, ZAGG_EFORMAT, "event: %zu bytes; at most %zu are read",
                            len, MAX_EVENT_BYTES);
    ZAGG_TRY(zagg_arena_new(0, &e->arena, err));
    ZAGG_TRY(zg_json_parse_secret(e->arena, event, len, "event", &e->root, err));
    if (e->root->kind != ZAGG_MAP)
        return zagg_err_set(err, ZAGG_ECONFIG, "event: found a %s; must be an object",
                            zagg_value_kind_name(e->root));
    e->store = zg_value_text(e->root, "store_path");
    return ZAGG_OK;
}

static double margin_of(const zagg_event_opts *o)
{
    const double most = 5, share = o->remaining_s / 5;
    if (o->margin_s > 0)
        return o->margin_s;
    return share < most ? share : most;
}

double zg_event_end_s(const zg_event *e, bool late)
{
    const zagg_event_opts *o = e->opts;
    const double margin = late ? margin_of(o) / 5 : margin_of(o);
    return o->remaining_s > 0 ? e->start_s + o->remaining_s - margin : 0;
}

static zagg_status watch_time(zg_event *e, zagg_err *err)
{
    return zg_deadline_begin(&e->deadline, zg_event_end_s(e, false), e->opts->stop, err);
}

static zagg_status respond(const zg_event *e, zagg_event_response *out, zagg_err *err)
{
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_addf(&text, "{\"statusCode\": %d, \"body\": ", e->code);
    zg_json_add_string(&text, e->body.data, e->body.len);
    zg_str_addc(&text, '}');
    const size_t len = text.len;
    const bool failed = text.failed || e->body.failed;
    char *taken = failed ? NULL : zg_str_take(&text);
    if (!taken) {
        zg_str_free(&text);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the response");
    }
    *out = (zagg_event_response){taken, len, e->code, e->outcome};
    return ZAGG_OK;
}

static void close_event(zg_event *e)
{
    zg_deadline_end(&e->deadline);
    zagg_pool_free(e->pool);
    zagg_store_plan_free(e->plan);
    zagg_worker_free(e->worker);
    zagg_grid_free(e->grid);
    zagg_pipeline_free(e->pipeline);
    zagg_net_free(e->net);
    zg_str_free(&e->body);
    zagg_arena_free(e->arena);
}

zagg_status zagg_event_handle(const char *event, size_t len, const zagg_event_opts *opts,
                              zagg_event_response *out, zagg_err *err)
{
    static const zagg_event_opts DEFAULTS = {0};
    zg_event e = {.opts = opts ? opts : &DEFAULTS, .start_s = zg_clock_mono_s()};
    zg_str_init(&e.body, MAX_BODY_BYTES);
    zagg_status status = parse(&e, event, len, err);
    if (status == ZAGG_OK)
        status = watch_time(&e, err);
    if (status == ZAGG_OK)
        status = run_mode(&e, err);
    zg_deadline_end(&e.deadline);
    if (status == ZAGG_OK)
        status = respond(&e, out, err);
    if (status == ZAGG_OK)
        zg_event_mirror(&e, out);
    close_event(&e);
    if (status != ZAGG_ERANGE)
        return status;
    if (err)
        err->status = ZAGG_EFORMAT; /* a number that no event has is none of its own */
    return ZAGG_EFORMAT;
}

void zagg_event_response_free(zagg_event_response *response)
{
    zg_free(response->text);
    *response = (zagg_event_response){0};
}
