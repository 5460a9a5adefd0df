/* What an event leaves beside its store: the status object of its shard, in upstream's
 * schema, and its response under result_url. */
#include "run/event.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { SCHEMA_VERSION = 1 };

/* ---- classes of errors ---- */

static bool contains(const char *text, const char *word)
{
    const size_t n = strlen(word);
    for (; *text != '\0'; text++)
        if (strncasecmp(text, word, n) == 0)
            return true;
    return false;
}

static bool contains_any(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (contains(text, *words))
            return true;
    return false;
}

/* A status 4xx or 5xx behind "status", "status code", "http" or "error" and at most three
 * signs; 0: none. */
static int http_status(const char *text)
{
    static const char *const LEADS[] = {"status code", "status", "http", "error", NULL};
    for (const char *at = text; *at != '\0'; at++)
        for (size_t i = 0; LEADS[i] != NULL; i++) {
            const size_t n = strlen(LEADS[i]);
            if (strncasecmp(at, LEADS[i], n) != 0)
                continue;
            const char *digits = at + n;
            for (int k = 0; k < 3 && *digits != '\0' &&
                            !isalnum((unsigned char)*digits) && *digits != '_';
                 k++)
                digits++;
            if ((digits[0] == '4' || digits[0] == '5') &&
                isdigit((unsigned char)digits[1]) && isdigit((unsigned char)digits[2]) &&
                !isalnum((unsigned char)digits[3]) && digits[3] != '_')
                return (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + digits[2] - '0';
        }
    return 0;
}

/* Order: nothing to do, keys, what may pass, statuses, refusals; what is left may pass.
 */
const char *zg_event_error_class(const char *error)
{
    static const char *const KEYS[] = {
        "access denied",      "accessdenied",          "expiredtoken",
        "forbidden",          "unauthorized",          "invalidtoken",
        "invalidaccesskeyid", "signaturedoesnotmatch", NULL};
    static const char *const PASSING[] = {"requesttimeout",    "slowdown",
                                          "internalerror",     "serviceunavailable",
                                          "too many requests", NULL};
    static const char *const REFUSALS[] = {
        "got invalid",      "malformed", "bad request",      "nosuchbucket",
        "refusing to",      "zarr spec", "invalid argument", "template not found",
        "another config's", NULL};
    static const char *const CLASSES[] = {"transient", "store-fatal"};
    enum { REQUEST_TIMEOUT = 408, TOO_MANY = 429, SERVER_ERROR = 500 };
    if (zg_event_is_benign(error))
        return "benign";
    if (contains_any(error, KEYS))
        return CLASSES[1];
    if (contains_any(error, PASSING))
        return CLASSES[0];
    const int status = http_status(error);
    if (status != 0)
        return CLASSES[status != REQUEST_TIMEOUT && status != TOO_MANY &&
                       status < SERVER_ERROR];
    return CLASSES[contains_any(error, REFUSALS)];
}

/* ---- the status object ---- */

static zagg_status put_member(zg_json_out *w, const char *key, const zagg_value *map,
                              const char *member, zagg_err *err)
{
    const zagg_value *v = zagg_value_get(map, member);
    zg_json_key(w, key);
    if (v)
        return zg_json_value(w, v, err);
    zg_json_null(w);
    return ZAGG_OK;
}

static zagg_status status_text(const zg_event *e, const zagg_value *body, uint64_t key,
                               zg_str *text, zagg_err *err)
{
    static const char *const NAMES[] = {[ZAGG_EVENT_OK] = "ok",
                                        [ZAGG_EVENT_NO_DATA] = "no_data",
                                        [ZAGG_EVENT_REFUSED] = "failed",
                                        [ZAGG_EVENT_FAILED] = "failed"};
    const char *error = zg_value_text(body, "error");
    char id[33], shard[24];
    zg_json_out w;
    zg_unique_id(id);
    (void)snprintf(shard, sizeof shard, "%" PRIu64, key);
    zg_json_begin(&w, text, -1);
    zg_json_open_map(&w);
    zg_json_put_u64(&w, "schema_version", SCHEMA_VERSION);
    zg_json_put_str(&w, "status", NAMES[e->outcome]);
    zg_json_put_str(&w, "attempt_id", id);
    zg_json_put_str(&w, "run_id", zg_value_text(e->root, "run_id"));
    zg_json_put_str(&w, "shard", shard);
    zg_json_put_str(&w, "window", NULL);
    ZAGG_TRY(put_member(&w, "timings", body, "phase_timings", err));
    zg_json_put_str(&w, "error", error);
    zg_json_put_str(&w, "store_error_class",
                    e->outcome == ZAGG_EVENT_FAILED && error ? zg_event_error_class(error)
                                                             : NULL);
    zg_json_put_u64(&w, "status_code", (uint64_t)e->code);
    zg_json_key(&w, "body");
    ZAGG_TRY(zg_json_value(&w, body, err));
    zg_json_close_map(&w);
    return text->failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory") : ZAGG_OK;
}

bool zg_event_is_name(const char *text)
{
    const size_t n = strlen(text);
    if (n == 0 || n > 128 || text[0] == '.')
        return false;
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                        "-_.") == n;
}

static zagg_status put_status(const zg_event *e, uint64_t key, zagg_err *err)
{
    const char *run_id = zg_value_text(e->root, "run_id");
    const zagg_value *body = NULL;
    zagg_sink *status = NULL;
    zg_str text, name;
    if (!zg_event_is_name(run_id))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "run_id holds more than letters, digits, "
                            "'-', '_' and '.'");
    ZAGG_TRY(zagg_json_parse(e->arena, e->body.data, e->body.len, "body", &body, err));
    zg_str_init(&text, 0);
    zg_str_init(&name, 0);
    zg_str_addf(&name, "run-%s/shard-%" PRIu64 ".json", run_id, key);
    zagg_status done = status_text(e, body, key, &text, err);
    if (done == ZAGG_OK)
        done = zg_status_open(e->store, e->net, true, &status, err);
    if (done == ZAGG_OK)
        done = zagg_sink_put(status, name.data, text.data, text.len, err);
    zagg_sink_close(status);
    zg_str_free(&text);
    zg_str_free(&name);
    return done;
}

/* ---- the response as an object ---- */

static zagg_status put_result(const zg_event *e, const char *url,
                              const zagg_event_response *response, zagg_err *err)
{
    const char *path = zg_store_path(url);
    const char *slash = strrchr(path, '/');
    zagg_sink *folder = NULL;
    if (!slash || slash == path || slash[1] == '\0')
        return zagg_err_set(err, ZAGG_ECONFIG, "result_url is not FOLDER/NAME");
    char *parent = zg_strndup(path, (size_t)(slash - path));
    if (!parent)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory");
    zagg_status done = zg_store_open(parent, e->net, &folder, err);
    if (done == ZAGG_OK)
        done = zagg_sink_put(folder, slash + 1, response->text, response->len, err);
    zagg_sink_close(folder);
    zg_free(parent);
    return done;
}

static bool is_shard_event(const zg_event *e, uint64_t *key)
{
    const zagg_value *v = zagg_value_get(e->root, "shard_key");
    const char *run_id = zg_value_text(e->root, "run_id");
    return v && run_id && run_id[0] && e->store && zagg_value_u64(v, key) &&
           zg_store_check(e->store, NULL) == ZAGG_OK;
}

void zg_event_mirror(zg_event *e, const zagg_event_response *response)
{
    const char *url = zg_value_text(e->root, "result_url");
    uint64_t key = 0;
    zagg_err err = ZAGG_ERR_INIT;
    const bool shard = is_shard_event(e, &key);
    if (!shard && !url)
        return;
    if (zg_event_open_net(e, false, &err) != ZAGG_OK)
        zagg_log_write(e->opts->log, ZAGG_LOG_WARN, "no status is written: %s", err.msg);
    if (shard && put_status(e, key, &err) != ZAGG_OK)
        zagg_log_write(e->opts->log, ZAGG_LOG_WARN,
                       "the shard's status is not written: %s", err.msg);
    if (url && put_result(e, url, response, &err) != ZAGG_OK)
        zagg_log_write(e->opts->log, ZAGG_LOG_WARN, "result_url is not written: %s",
                       err.msg);
}
