/* The keys that are around: the places where AWS's own tools look, in their order. */
#include "net/creds_parts.h"

#include <stdio.h>
#include <string.h>

enum { MOST_TRIED = 4096 };

typedef enum where {
    NOWHERE_YET = 0,
    ENVIRONMENT,
    WEB_IDENTITY,
    PROFILE,
    CONTAINER,
    INSTANCE,
    END_OF_PLACES
} where;

typedef struct ambient {
    zg_http *http;
    char *region;
    where chosen; /* the first that had keys: asked alone from then on */
    char name[300];
} ambient;

/* ---- what needs no other file ---- */

zagg_status zg_creds_environment(zg_place *place, zg_str *tried, zagg_err *err)
{
    const char *expires = zg_env("AWS_CREDENTIAL_EXPIRATION");
    zg_aws_keys keys = {.access_key = (char *)zg_env("AWS_ACCESS_KEY_ID"),
                        .secret_key = (char *)zg_env("AWS_SECRET_ACCESS_KEY"),
                        .token = (char *)zg_env("AWS_SESSION_TOKEN")};
    if (keys.access_key == NULL && keys.secret_key == NULL) {
        zg_str_add(tried, "; AWS_ACCESS_KEY_ID is not set");
        return ZAGG_OK;
    }
    if (keys.access_key == NULL || keys.secret_key == NULL)
        return zagg_err_set(err, ZAGG_EAUTH,
                            "environment: of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
                            "only one is set");
    if (expires != NULL && !zg_time_parse(expires, &keys.expires))
        keys.expires = 0;
    ZAGG_TRY(zg_aws_keys_check(&keys, "environment", err));
    ZAGG_TRY(zg_aws_keys_copy(&keys, &place->keys, err));
    place->found = true;
    (void)snprintf(place->name, sizeof place->name, "environment");
    return ZAGG_OK;
}

zagg_status zg_creds_web_identity(zg_http *http, const char *region, zg_place *place,
                                  zg_str *tried, zagg_err *err)
{
    const zg_role role = {.arn = zg_env("AWS_ROLE_ARN"),
                          .session_name = zg_env("AWS_ROLE_SESSION_NAME"),
                          .token_file = zg_env("AWS_WEB_IDENTITY_TOKEN_FILE")};
    if (role.token_file == NULL) {
        zg_str_add(tried, "; AWS_WEB_IDENTITY_TOKEN_FILE is not set");
        return ZAGG_OK;
    }
    if (role.arn == NULL)
        return zagg_err_set(err, ZAGG_EAUTH,
                            "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is "
                            "not");
    ZAGG_TRY(zg_sts_assume(http, region, &role, &place->keys, err));
    place->found = true;
    (void)snprintf(place->name, sizeof place->name, "web identity, role %.200s",
                   role.arn);
    return ZAGG_OK;
}

/* ---- the chain ---- */

static zagg_status ask_place(const ambient *a, where at, zg_place *place, zg_str *tried,
                             zagg_err *err)
{
    switch (at) {
    case ENVIRONMENT:
        return zg_creds_environment(place, tried, err);
    case WEB_IDENTITY:
        return zg_creds_web_identity(a->http, a->region, place, tried, err);
    case PROFILE:
        return zg_creds_profile(a->http, a->region, place, tried, err);
    case CONTAINER:
        return zg_creds_container(a->http, place, tried, err);
    default:
        return zg_creds_instance(place, tried, err);
    }
}

static zagg_status tell_nothing_found(const zg_str *tried, zagg_err *err)
{
    const char *places = tried->len > 2 ? tried->data + 2 : "";
    return zagg_err_set(err, ZAGG_EAUTH,
                        "no AWS keys were found; set AWS_ACCESS_KEY_ID and "
                        "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE. Looked at: %s",
                        places);
}

static zagg_status fetch(void *user, zg_aws_keys *out, zagg_err *err)
{
    ambient *a = user;
    zg_str tried;
    zagg_status status = ZAGG_OK;
    zg_place place = {0};
    const bool known = a->chosen != NOWHERE_YET;
    zg_str_init(&tried, MOST_TRIED);
    for (where at = known ? a->chosen : ENVIRONMENT;
         at < END_OF_PLACES && status == ZAGG_OK && !place.found; at++) {
        status = ask_place(a, at, &place, &tried, err);
        if (status == ZAGG_OK && place.found)
            a->chosen = at;
        if (known)
            break;
    }
    if (status == ZAGG_OK && !place.found)
        status = tell_nothing_found(&tried, err);
    zg_str_free(&tried);
    if (status != ZAGG_OK)
        return status;
    memcpy(a->name, place.name, sizeof a->name);
    *out = place.keys;
    return ZAGG_OK;
}

static const char *name(void *user)
{
    return ((ambient *)user)->name;
}

static void ambient_free(void *user)
{
    zg_free(((ambient *)user)->region);
    zg_free(user);
}

zagg_status zg_creds_ambient(zg_http *http, const char *region, zg_creds **out,
                             zagg_err *err)
{
    static const zg_creds_source source = {
        .fetch = fetch, .name = name, .free = ambient_free, .renewable = true};
    char *of_sts = NULL;
    ZAGG_TRY(zg_aws_region(region, &of_sts, err));
    ambient *a = zg_alloc(1, sizeof *a);
    if (a == NULL) {
        zg_free(of_sts);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for credentials");
    }
    a->http = http;
    a->region = of_sts;
    return zg_creds_of_source(&source, a, "AWS credentials", out, err);
}
