/* The identity of a run: canonical JSON of what decides its numbers. */
#include "run/identity.h"

#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PATH_BYTES = 512 };

/* These say where, not what. */
static bool is_place(const char *path)
{
    static const char *const PLACES[] = {"catalog", "data_source.driver", "output.store",
                                         "output.product_name",
                                         "output.consolidate_metadata"};
    for (size_t i = 0; i < sizeof PLACES / sizeof PLACES[0]; i++)
        if (strcmp(path, PLACES[i]) == 0)
            return true;
    return false;
}

static bool counts(const char *path)
{
    size_t n = 0;
    const zagg_key *keys = zagg_config_keys(&n);
    if (is_place(path))
        return false;
    for (size_t i = 0; i < n; i++)
        if (keys[i].state == ZAGG_KEY_NO_OP && strcmp(keys[i].path, path) == 0)
            return false;
    return true;
}

static int by_key(const void *a, const void *b)
{
    const zagg_value *x = (*(const zagg_member *const *)a)->key;
    const zagg_value *y = (*(const zagg_member *const *)b)->key;
    const char *s = x->str ? x->str : "", *t = y->str ? y->str : "";
    return strcmp(s, t);
}

static zagg_status write_node(zg_str *out, const zagg_value *v, char *path, size_t len,
                              zagg_err *err);

/* Keys that are no text are told apart by their JSON, and never left out. */
static zagg_status write_member(zg_str *out, const zagg_member *m, char *path, size_t len,
                                bool *first, zagg_err *err)
{
    const bool named = m->key->kind == ZAGG_STR;
    int n = snprintf(path + len, MAX_PATH_BYTES - len, "%s%s", len ? "." : "",
                     named ? m->key->str : "?");
    if (n < 0 || (size_t)n >= MAX_PATH_BYTES - len)
        return zagg_err_set(err, ZAGG_ERANGE, "a key of the config is too long");
    zagg_status status = ZAGG_OK;
    if (counts(path)) {
        if (!*first)
            zg_str_addc(out, ',');
        *first = false;
        if (named)
            zg_json_add_string(out, m->key->str, m->key->str_len);
        else
            status = write_node(out, m->key, path, len, err);
        zg_str_addc(out, ':');
        if (status == ZAGG_OK)
            status = write_node(out, m->value, path, len + (size_t)n, err);
    }
    path[len] = '\0';
    return status;
}

static zagg_status write_map(zg_str *out, const zagg_value *v, char *path, size_t len,
                             zagg_err *err)
{
    const zagg_member **sorted = zg_alloc(v->n ? v->n : 1, sizeof *sorted);
    bool first = true;
    zagg_status status = ZAGG_OK;
    if (!sorted)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the identity of a config");
    for (size_t i = 0; i < v->n; i++)
        sorted[i] = &v->members[i];
    if (v->n > 1)
        qsort(sorted, v->n, sizeof *sorted, by_key);
    zg_str_addc(out, '{');
    for (size_t i = 0; status == ZAGG_OK && i < v->n; i++)
        status = write_member(out, sorted[i], path, len, &first, err);
    zg_str_addc(out, '}');
    zg_free(sorted);
    return status;
}

static zagg_status write_node(zg_str *out, const zagg_value *v, char *path, size_t len,
                              zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    switch (v->kind) {
    case ZAGG_MAP:
        return write_map(out, v, path, len, err);
    case ZAGG_LIST:
        zg_str_addc(out, '[');
        for (size_t i = 0; status == ZAGG_OK && i < v->n; i++) {
            if (i)
                zg_str_addc(out, ',');
            status = write_node(out, v->items[i], path, len, err);
        }
        zg_str_addc(out, ']');
        return status;
    case ZAGG_DATE: /* JSON has none: as written */
        zg_json_add_string(out, v->str, v->str_len);
        return ZAGG_OK;
    default:
        return zg_json_write(out, v, (zg_json_style){-1, true, true}, err);
    }
}

zagg_status zg_identity_make(const zagg_pipeline *pipeline, zagg_latitude latitude,
                             zg_identity *out, zagg_err *err)
{
    char path[MAX_PATH_BYTES] = "";
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_add(&text, "{\"config\":");
    zagg_status status = write_node(&text, pipeline->root, path, 0, err);
    zg_str_addf(&text, ",\"latitude\":\"%s\"}", zagg_latitude_name(latitude));
    const size_t len = text.len;
    char *taken = zg_str_take(&text);
    if (status == ZAGG_OK && !taken)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for the identity of a config");
    if (status != ZAGG_OK) {
        zg_free(taken);
        return status;
    }
    out->text = taken;
    zg_sha256_hex(taken, len, out->hash);
    return ZAGG_OK;
}

void zg_identity_free(zg_identity *identity)
{
    zg_free(identity->text);
    identity->text = NULL;
}

/* ---- what differs ---- */

static void add_value(zg_str *out, const zagg_value *v)
{
    zg_str text;
    zg_str_init(&text, 120);
    if (!v)
        zg_str_add(out, "nothing");
    else if (zg_json_write(&text, v, (zg_json_style){-1, false, true}, NULL) == ZAGG_OK &&
             !text.failed)
        zg_str_add(out, text.data);
    else
        zg_str_addf(out, "another %s", zagg_value_kind_name(v));
    zg_str_free(&text);
}

/* True when a difference was found and told. */
static bool find_difference(const zagg_value *then, const zagg_value *now,
                            const char *path, zg_str *out)
{
    const bool maps = then && now && then->kind == ZAGG_MAP && now->kind == ZAGG_MAP;
    if (then && now && zagg_value_equal(then, now))
        return false;
    if (!maps) {
        zg_str_addf(out, "%s: ", path);
        add_value(out, then);
        zg_str_add(out, " then, ");
        add_value(out, now);
        zg_str_add(out, " now");
        return true;
    }
    for (int side = 0; side < 2; side++) {
        const zagg_value *map = side ? now : then;
        for (size_t i = 0; i < map->n; i++) {
            char below[MAX_PATH_BYTES];
            const char *key = map->members[i].key->str;
            (void)snprintf(below, sizeof below, "%s%s%s", path, path[0] ? "." : "", key);
            if (find_difference(zagg_value_get(then, key), zagg_value_get(now, key),
                                below, out))
                return true;
        }
    }
    return false;
}

void zg_identity_difference(const char *then, const char *now, zg_str *out)
{
    zagg_arena *arena = NULL;
    const zagg_value *a = NULL, *b = NULL;
    if (zagg_arena_new(0, &arena, NULL) != ZAGG_OK)
        return;
    if (zagg_json_parse(arena, then, strlen(then), "then", &a, NULL) == ZAGG_OK &&
        zagg_json_parse(arena, now, strlen(now), "now", &b, NULL) == ZAGG_OK &&
        !find_difference(zagg_value_get(a, "config"), zagg_value_get(b, "config"), "",
                         out))
        (void)find_difference(zagg_value_get(a, "latitude"),
                              zagg_value_get(b, "latitude"), "latitude", out);
    zagg_arena_free(arena);
}
