/* Keys of a signer: copies, checks, and the JSON answers they come in. */
#include "net/creds_parts.h"
#include "net/secret_text.h"
#include "text/text.h"

#include <string.h>

/* Longer than any that AWS gives. */
enum { MOST_ACCESS_KEY = 256, MOST_SECRET_KEY = 1024, MOST_TOKEN = 32 * 1024 };

void zg_aws_keys_free(zg_aws_keys *keys)
{
    zg_secret_free(keys->access_key);
    zg_secret_free(keys->secret_key);
    zg_secret_free(keys->token);
    *keys = (zg_aws_keys){0};
}

static bool copy_text(const char *from, char **to)
{
    *to = from != NULL ? zg_strdup(from) : NULL;
    return (from == NULL) == (*to == NULL);
}

zagg_status zg_aws_keys_copy(const zg_aws_keys *from, zg_aws_keys *to, zagg_err *err)
{
    zg_aws_keys copy = {.expires = from->expires};
    const bool access = copy_text(from->access_key, &copy.access_key);
    const bool secret = copy_text(from->secret_key, &copy.secret_key);
    if (!copy_text(from->token, &copy.token) || !access || !secret) {
        zg_aws_keys_free(&copy);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for keys");
    }
    *to = copy;
    return ZAGG_OK;
}

zagg_status zg_aws_keys_check(const zg_aws_keys *keys, const char *from, zagg_err *err)
{
    const char *wrong = NULL;
    if (keys->access_key == NULL || !zg_secret_is_word(keys->access_key, MOST_ACCESS_KEY))
        wrong = "access key";
    else if (strchr(keys->access_key, '/') != NULL) /* would end it in a signature */
        wrong = "access key";
    else if (keys->secret_key == NULL ||
             !zg_secret_is_word(keys->secret_key, MOST_SECRET_KEY))
        wrong = "secret key";
    else if (keys->token != NULL && !zg_secret_is_word(keys->token, MOST_TOKEN))
        wrong = "session token";
    if (wrong == NULL)
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_EAUTH,
                        "%s: the %s is empty, too long, or has characters that no key "
                        "has (blanks, line ends, letters beyond ASCII)",
                        from, wrong);
}

/* ---- answers ---- */

zagg_status zg_refused(const zg_call *call, zagg_err *err, const char *what,
                       const char *name)
{
    zagg_status status = call->status;
    if (call->http_status / 100 == 4 &&
        (status == ZAGG_EHTTP || status == ZAGG_ENOTFOUND))
        status = ZAGG_EAUTH;
    if (err != NULL)
        err->status = status;
    (void)zagg_err_context(err, status, "%s %.200s", what, name);
    return status;
}

/* A text that must be there; nothing of its value is told. */
static zagg_status json_text(const zagg_value *root, const char *key, const char *from,
                             char **out, zagg_err *err)
{
    const zagg_value *v = zagg_value_get_set(root, key);
    if (v == NULL)
        return zagg_err_set(err, ZAGG_EAUTH, "%s: the answer has no '%s'", from, key);
    if (v->kind != ZAGG_STR || v->str_len == 0 || strlen(v->str) != v->str_len)
        return zagg_err_set(err, ZAGG_EAUTH, "%s: '%s' of the answer is no text", from,
                            key);
    *out = zg_strdup(v->str);
    return *out != NULL ? ZAGG_OK
                        : zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for keys", from);
}

static zagg_status read_members(const zagg_value *root, const char *from,
                                const zg_keys_names *names, zg_aws_keys *keys,
                                zagg_err *err)
{
    char *expires = NULL;
    if (root->kind != ZAGG_MAP)
        return zagg_err_set(err, ZAGG_EAUTH, "%s: the answer is no JSON object", from);
    ZAGG_TRY(json_text(root, names->access_key, from, &keys->access_key, err));
    ZAGG_TRY(json_text(root, names->secret_key, from, &keys->secret_key, err));
    ZAGG_TRY(json_text(root, names->token, from, &keys->token, err));
    ZAGG_TRY(json_text(root, names->expires, from, &expires, err));
    const bool is_time = zg_time_parse(expires, &keys->expires);
    zg_free(expires);
    if (!is_time)
        return zagg_err_set(err, ZAGG_EAUTH, "%s: '%s' of the answer is no time", from,
                            names->expires);
    return zg_aws_keys_check(keys, from, err);
}

zagg_status zg_aws_keys_of_json(const char *body, size_t len, const char *from,
                                const zg_keys_names *names, zg_aws_keys *out,
                                zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *root = NULL;
    zg_aws_keys keys = {0};
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status = zg_json_parse_secret(arena, body, len, from, &root, err);
    if (status == ZAGG_EFORMAT || status == ZAGG_ERANGE)
        status = zagg_err_set(err, ZAGG_EAUTH, "%s: the answer is no JSON", from);
    if (status == ZAGG_OK)
        status = read_members(root, from, names, &keys, err);
    zagg_arena_free(arena);
    if (status != ZAGG_OK) {
        zg_aws_keys_free(&keys);
        return status;
    }
    *out = keys;
    return ZAGG_OK;
}
