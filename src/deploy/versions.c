/* Published versions: copies of the function's code and settings that nothing changes any
 * more. Lambda API reference, PublishVersion and ListVersionsByFunction. */
#include "deploy/deploy.h"
#include "text/text.h"
#include "zagg/value.h"

#include <nettle/base64.h>
#include <stdio.h>
#include <string.h>

enum { MAX_VERSIONS = 10000, MAX_PAGES = 400, CHANGING_TRIES = 20, HASH_BYTES = 32 };

/* Lambda tells hashes in base64. "" where it is none. */
static void hash_to_hex(const char *base64, char hex[65])
{
    struct base64_decode_ctx ctx;
    uint8_t bytes[BASE64_DECODE_LENGTH(64)];
    size_t n = sizeof bytes;
    const size_t len = strlen(base64);
    hex[0] = '\0';
    base64_decode_init(&ctx);
    if (len <= 64 && base64_decode_update(&ctx, &n, bytes, len, base64) &&
        base64_decode_final(&ctx) && n == HASH_BYTES)
        zg_hex(bytes, n, hex);
}

static unsigned nibble(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void hex_to_hash(const char *hex, char base64[BASE64_ENCODE_RAW_LENGTH(32) + 1])
{
    uint8_t bytes[HASH_BYTES];
    for (size_t i = 0; i < HASH_BYTES; i++)
        bytes[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    base64_encode_raw(base64, HASH_BYTES, bytes);
    base64[BASE64_ENCODE_RAW_LENGTH(HASH_BYTES)] = '\0';
}

static char *path_of(const char *function, const char *query)
{
    zg_str path;
    zg_str_init(&path, 0);
    zg_str_add(&path, "/2015-03-31/functions/");
    zg_url_encode(&path, function, false);
    zg_str_addf(&path, "/versions%s", query);
    return zg_str_take(&path);
}

/* One call, its answer as a tree in `arena`. */
static zagg_status ask(zg_cloud *cloud, const char *method, const char *path,
                       const char *body, zagg_arena *arena, const zagg_value **root,
                       char code[64], zagg_err *err)
{
    zg_answer_text answer;
    if (path == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a question");
    zagg_status status = zg_cloud_lambda(cloud, method, path, body, &answer, err);
    if (code != NULL)
        memcpy(code, answer.code, sizeof answer.code);
    if (status == ZAGG_OK)
        status = zagg_json_parse(arena, answer.text, answer.len, "answer of Lambda", root,
                                 err);
    zg_answer_text_free(&answer);
    return status;
}

static void copy(char *to, size_t len, const zagg_value *map, const char *key)
{
    const char *text = zg_value_text(map, key);
    (void)snprintf(to, len, "%s", text != NULL ? text : "");
    to[zg_utf8_floor(to, strlen(to))] = '\0';
    zg_one_line(to);
}

static zagg_status add_versions(const zagg_value *root, zg_vec *out, zagg_err *err)
{
    const zagg_value *list = zagg_value_get_set(root, "Versions");
    if (list == NULL || list->kind != ZAGG_LIST)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "Lambda: the answer has no list of versions");
    for (size_t i = 0; i < list->n; i++) {
        const char *hash = zg_value_text(list->items[i], "CodeSha256");
        zg_version *v = zg_vec_push(out);
        if (v == NULL)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a list of versions");
        copy(v->number, sizeof v->number, list->items[i], "Version");
        copy(v->description, sizeof v->description, list->items[i], "Description");
        copy(v->modified, sizeof v->modified, list->items[i], "LastModified");
        hash_to_hex(hash != NULL ? hash : "", v->sha256);
    }
    return ZAGG_OK;
}

/* One page; *marker: of the next one, or NULL. */
static zagg_status versions_page(zg_cloud *cloud, const char *function, char **marker,
                                 zg_vec *out, zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *root = NULL;
    zg_str query;
    zg_str_init(&query, 0);
    zg_str_add(&query, "?MaxItems=50");
    if (*marker != NULL) {
        zg_str_add(&query, "&Marker=");
        zg_url_encode(&query, *marker, false);
    }
    char *path = path_of(function, query.data);
    zagg_status status = zagg_arena_new(0, &arena, err);
    if (status == ZAGG_OK)
        status = ask(cloud, "GET", path, NULL, arena, &root, NULL, err);
    if (status == ZAGG_OK)
        status = add_versions(root, out, err);
    if (status == ZAGG_OK) {
        const char *next = zg_value_text(root, "NextMarker");
        zg_free(*marker);
        *marker = next != NULL && next[0] != '\0' ? zg_strdup(next) : NULL;
    }
    zagg_arena_free(arena);
    zg_free(path);
    zg_str_free(&query);
    return status;
}

zagg_status zg_versions_list(zg_cloud *cloud, const char *function, zg_vec *out,
                             zagg_err *err)
{
    char *marker = NULL;
    zagg_status status = ZAGG_OK;
    zg_vec_init(out, sizeof(zg_version), MAX_VERSIONS);
    for (int i = 0; i < MAX_PAGES && status == ZAGG_OK; i++) {
        status = versions_page(cloud, function, &marker, out, err);
        if (marker == NULL)
            break;
    }
    zg_free(marker);
    if (status != ZAGG_OK)
        zg_vec_free(out);
    return status;
}

static zagg_status publish(zg_cloud *cloud, const char *path, const char *body,
                           char *number, char code[64], zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *root;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status = ask(cloud, "POST", path, body, arena, &root, code, err);
    if (status == ZAGG_OK) {
        copy(number, sizeof((zg_version *)0)->number, root, "Version");
        if (number[0] == '\0')
            status =
                zagg_err_set(err, ZAGG_EFORMAT, "Lambda: the answer names no version");
    }
    zagg_arena_free(arena);
    return status;
}

zagg_status zg_version_publish(zg_cloud *cloud, const char *function, const char *release,
                               const char *sha256, char *number, zagg_err *err)
{
    char hash[BASE64_ENCODE_RAW_LENGTH(32) + 1], code[64] = "";
    zg_str body;
    hex_to_hash(sha256, hash);
    zg_str_init(&body, 0);
    zg_str_addf(&body, "{\"CodeSha256\": \"%s\", \"Description\": ", hash);
    zg_json_add_string(&body, release, strlen(release));
    zg_str_addc(&body, '}');
    char *path = path_of(function, "");
    zagg_status status = body.failed
                             ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a question")
                             : ZAGG_OK;
    for (int i = 0; status == ZAGG_OK; i++) {
        status = publish(cloud, path, body.data, number, code, err);
        /* The function is still being changed, or made ready. */
        if (status == ZAGG_OK || i == CHANGING_TRIES ||
            strcmp(code, "ResourceConflictException") != 0)
            break;
        status = zg_cloud_wait(cloud, cloud->interval_s, err);
    }
    zg_free(path);
    zg_str_free(&body);
    return status;
}
