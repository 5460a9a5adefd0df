/* Keys of a store out of a file, in the spellings that upstream takes. */
#include "net/creds_parts.h"
#include "net/secret_text.h"
#include "text/text.h"

#include <string.h>

enum { MOST_BYTES = 1 << 20 };

/* Of several spellings the first one counts that Python would call true. */
static const char *const ACCESS_KEY[] = {"accessKeyId", "aws_access_key_id",
                                         "AccessKeyId", NULL};
static const char *const SECRET_KEY[] = {"secretAccessKey", "aws_secret_access_key",
                                         "SecretAccessKey", NULL};
static const char *const TOKEN[] = {"sessionToken", "aws_session_token", "SessionToken",
                                    NULL};
static const char *const REGION[] = {"region", "region_name", "Region", NULL};
static const char *const ENDPOINT[] = {"endpointUrl", "endpoint_url", NULL};
static const char *const EXPIRES[] = {"expiration", "Expiration", NULL};

static zagg_status read_text(const zagg_value *root, const char *const *spellings,
                             const char *name, char **out, zagg_err *err)
{
    for (; *spellings != NULL; spellings++) {
        const zagg_value *v = zagg_value_get(root, *spellings);
        if (v == NULL || !zagg_value_truthy(v))
            continue;
        if (v->kind != ZAGG_STR || strlen(v->str) != v->str_len)
            return zagg_err_set(err, ZAGG_ECONFIG, "%s: '%s' is no text", name,
                                *spellings);
        *out = zg_strdup(v->str);
        return *out != NULL
                   ? ZAGG_OK
                   : zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for keys", name);
    }
    return ZAGG_OK;
}

static zagg_status check_missing(const zg_aws_keys *keys, const char *name, zagg_err *err)
{
    const bool access = keys->access_key == NULL, secret = keys->secret_key == NULL;
    if (!access && !secret)
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_ECONFIG,
                        "%s: output_credentials is missing required field(s): %s%s%s "
                        "(accepts camelCase, snake_case, or STS PascalCase spellings)",
                        name, access ? "accessKeyId" : "", access && secret ? ", " : "",
                        secret ? "secretAccessKey" : "");
}

/* When they end is for messages only: keys out of a file cannot be renewed. */
static zagg_status read_expiry(const zagg_value *root, const char *name, zg_aws_keys *out,
                               zagg_err *err)
{
    char *text = NULL;
    if (read_text(root, EXPIRES, name, &text, err) == ZAGG_ENOMEM)
        return ZAGG_ENOMEM;
    if (text != NULL && !zg_time_parse(text, &out->expires))
        out->expires = 0;
    zg_free(text);
    return ZAGG_OK;
}

static zagg_status read_root(const zagg_value *root, const char *name,
                             zg_output_creds *out, zagg_err *err)
{
    if (root->kind == ZAGG_NULL || (root->kind == ZAGG_MAP && root->n == 0))
        return ZAGG_OK; /* as if there were no file: upstream's way */
    if (root->kind != ZAGG_MAP)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: keys are an object {\"accessKeyId\": ...}, not a %s",
                            name, zagg_value_kind_name(root));
    ZAGG_TRY(read_text(root, ACCESS_KEY, name, &out->keys.access_key, err));
    ZAGG_TRY(read_text(root, SECRET_KEY, name, &out->keys.secret_key, err));
    ZAGG_TRY(read_text(root, TOKEN, name, &out->keys.token, err));
    ZAGG_TRY(read_text(root, REGION, name, &out->region, err));
    ZAGG_TRY(read_text(root, ENDPOINT, name, &out->endpoint, err));
    ZAGG_TRY(read_expiry(root, name, &out->keys, err));
    ZAGG_TRY(check_missing(&out->keys, name, err));
    const zagg_status status = zg_aws_keys_check(&out->keys, name, err);
    if (status == ZAGG_EAUTH && err != NULL)
        err->status = ZAGG_ECONFIG;
    return status == ZAGG_EAUTH ? ZAGG_ECONFIG : status;
}

zagg_status zg_output_creds_parse(const char *text, size_t len, const char *name,
                                  zg_output_creds *out, zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *root = NULL;
    zg_output_creds creds = {0};
    if (len > MOST_BYTES)
        return zagg_err_set(err, ZAGG_ECONFIG, "%s has more than %d bytes", name,
                            MOST_BYTES);
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status = zg_json_parse_secret(arena, text, len, name, &root, err);
    if (status == ZAGG_EFORMAT || status == ZAGG_ERANGE) {
        status = ZAGG_ECONFIG;
        if (err != NULL)
            err->status = status;
    }
    if (status == ZAGG_OK)
        status = read_root(root, name, &creds, err);
    zagg_arena_free(arena);
    if (status != ZAGG_OK)
        zg_output_creds_free(&creds);
    else
        *out = creds;
    return status;
}

void zg_output_creds_free(zg_output_creds *creds)
{
    zg_aws_keys_free(&creds->keys);
    zg_free(creds->region);
    zg_free(creds->endpoint);
    *creds = (zg_output_creds){0};
}
