/* Keys that the profile of AWS's shared files gives: written there, or of a role. AWS
 * SDKs and Tools Reference Guide, "Shared config and credentials files" and "Assume
 * role". */
#include "net/creds_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SOURCES = 8 };

/* How a profile gives keys, and through which others it came to be asked. */
typedef struct seeker {
    zg_http *http;
    const char *region; /* of STS */
    const zg_aws_files *files;
    const char *chain[MOST_SOURCES];
    size_t depth;
    zg_str *tried;
    zagg_err *err;
} seeker;

static zagg_status seek(seeker *s, const char *profile, zg_aws_keys *out, bool *found);

static const char *get(const seeker *s, const char *profile, const char *key)
{
    return zg_aws_files_get(s->files, profile, key, NULL);
}

static const char *file_of(const seeker *s, const char *profile, const char *key)
{
    const char *path = NULL;
    return zg_aws_files_get(s->files, profile, key, &path) != NULL ? path : "AWS's files";
}

/* ---- keys that are written in the profile ---- */

static zagg_status take_static(const seeker *s, const char *profile, zg_aws_keys *out)
{
    const char *path = file_of(s, profile, "aws_access_key_id");
    char from[400];
    const zg_aws_keys keys = {.access_key = (char *)get(s, profile, "aws_access_key_id"),
                              .secret_key =
                                  (char *)get(s, profile, "aws_secret_access_key"),
                              .token = (char *)get(s, profile, "aws_session_token")};
    (void)snprintf(from, sizeof from, "profile %.100s of %.250s", profile, path);
    if (keys.secret_key == NULL)
        return zagg_err_set(s->err, ZAGG_EAUTH,
                            "%s: aws_access_key_id is there, but no "
                            "aws_secret_access_key",
                            from);
    ZAGG_TRY(zg_aws_keys_check(&keys, from, s->err));
    return zg_aws_keys_copy(&keys, out, s->err);
}

/* ---- a role ---- */

static zagg_status from_source(seeker *s, const char *source, zg_aws_keys *out,
                               bool *found)
{
    zg_place place = {0};
    zagg_status status;
    if (strcmp(source, "Environment") == 0)
        status = zg_creds_environment(&place, s->tried, s->err);
    else if (strcmp(source, "EcsContainer") == 0)
        status = zg_creds_container(s->http, &place, s->tried, s->err);
    else if (strcmp(source, "Ec2InstanceMetadata") == 0)
        status = zg_creds_instance(&place, s->tried, s->err);
    else
        return zagg_err_set(s->err, ZAGG_EAUTH,
                            "credential_source '%.60s' is not known: Environment, "
                            "EcsContainer or Ec2InstanceMetadata",
                            source);
    *found = place.found;
    *out = place.keys;
    return status;
}

static zagg_status base_keys(seeker *s, const char *profile, zg_aws_keys *out)
{
    const char *source_profile = get(s, profile, "source_profile");
    const char *source = get(s, profile, "credential_source");
    bool found = false;
    if (source_profile == NULL && source == NULL)
        return zagg_err_set(s->err, ZAGG_EAUTH,
                            "role_arn needs source_profile, credential_source or "
                            "web_identity_token_file");
    if (source_profile != NULL && strcmp(source_profile, profile) == 0) {
        found = get(s, profile, "aws_access_key_id") != NULL;
        if (found)
            return take_static(s, profile, out);
    } else if (source_profile != NULL) {
        ZAGG_TRY(seek(s, source_profile, out, &found));
    } else {
        ZAGG_TRY(from_source(s, source, out, &found));
    }
    return found ? ZAGG_OK
                 : zagg_err_set(s->err, ZAGG_EAUTH, "%s %.100s has no keys",
                                source_profile != NULL ? "source_profile"
                                                       : "credential_source",
                                source_profile != NULL ? source_profile : source);
}

static zagg_status assume(seeker *s, const char *profile, zg_aws_keys *out)
{
    const char *duration = get(s, profile, "duration_seconds");
    const char *region = get(s, profile, "region");
    zg_aws_keys base = {0};
    zg_role role = {.arn = get(s, profile, "role_arn"),
                    .session_name = get(s, profile, "role_session_name"),
                    .external_id = get(s, profile, "external_id"),
                    .token_file = get(s, profile, "web_identity_token_file"),
                    .duration_s = duration != NULL ? strtol(duration, NULL, 10) : 0};
    if (role.duration_s < 0 || role.duration_s > 43200)
        return zagg_err_set(s->err, ZAGG_EAUTH, "duration_seconds is not 900 to 43200");
    if (get(s, profile, "mfa_serial") != NULL)
        return zagg_err_set(s->err, ZAGG_EAUTH,
                            "its role wants a code of an MFA device, which zagg cannot "
                            "ask for; get keys with `aws sts assume-role` and set "
                            "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
                            "AWS_SESSION_TOKEN");
    if (role.token_file == NULL)
        ZAGG_TRY(base_keys(s, profile, &base));
    role.base = &base;
    const zagg_status status =
        zg_sts_assume(s->http, region != NULL ? region : s->region, &role, out, s->err);
    zg_aws_keys_free(&base);
    return status;
}

/* ---- a profile ---- */

static zagg_status refuse(const seeker *s, const char *what)
{
    return zagg_err_set(s->err, ZAGG_EAUTH,
                        "it gives keys by %s, which zagg does not run; `aws configure "
                        "export-credentials --format env` prints them as environment "
                        "variables",
                        what);
}

static zagg_status seek_here(seeker *s, const char *profile, zg_aws_keys *out,
                             bool *found)
{
    *found = true;
    if (get(s, profile, "role_arn") != NULL)
        return assume(s, profile, out);
    if (get(s, profile, "aws_access_key_id") != NULL)
        return take_static(s, profile, out);
    if (get(s, profile, "sso_session") != NULL ||
        get(s, profile, "sso_start_url") != NULL)
        return refuse(s, "single sign-on (sso)");
    if (get(s, profile, "credential_process") != NULL)
        return refuse(s, "a program (credential_process)");
    if (get(s, profile, "login_session") != NULL)
        return refuse(s, "a session of `aws login` (login_session)");
    *found = false;
    return ZAGG_OK;
}

static zagg_status seek(seeker *s, const char *profile, zg_aws_keys *out, bool *found)
{
    for (size_t i = 0; i < s->depth; i++)
        if (strcmp(s->chain[i], profile) == 0)
            return zagg_err_set(s->err, ZAGG_EAUTH,
                                "source_profile leads back to profile %.100s", profile);
    if (s->depth == MOST_SOURCES)
        return zagg_err_set(s->err, ZAGG_EAUTH,
                            "more than %d profiles one behind the other", MOST_SOURCES);
    if (!zg_aws_files_has(s->files, profile))
        return zagg_err_set(
            s->err, ZAGG_EAUTH, "there is no profile %.100s in %.250s or %.250s", profile,
            s->files->credentials_path != NULL ? s->files->credentials_path : "(no home)",
            s->files->config_path != NULL ? s->files->config_path : "(no home)");
    s->chain[s->depth++] = profile;
    const zagg_status status = seek_here(s, profile, out, found);
    s->depth--;
    return status == ZAGG_OK
               ? status
               : zagg_err_context(s->err, status, "profile %.100s", profile);
}

static void name_place(const seeker *s, const char *profile, zg_place *place)
{
    const char *role = get(s, profile, "role_arn");
    if (role != NULL)
        (void)snprintf(place->name, sizeof place->name, "role %.180s of profile %.80s",
                       role, profile);
    else
        (void)snprintf(place->name, sizeof place->name, "profile %.80s of %.200s",
                       profile, file_of(s, profile, "aws_access_key_id"));
}

zagg_status zg_creds_profile(zg_http *http, const char *region, zg_place *place,
                             zg_str *tried, zagg_err *err)
{
    zg_aws_files files;
    ZAGG_TRY(zg_aws_files_open(&files, err));
    seeker s = {
        .http = http, .region = region, .files = &files, .tried = tried, .err = err};
    zagg_status status = ZAGG_OK;
    if (files.profile_asked || zg_aws_files_has(&files, files.profile)) {
        status = seek(&s, files.profile, &place->keys, &place->found);
        if (status == ZAGG_OK && place->found)
            name_place(&s, files.profile, place);
        else if (status == ZAGG_OK)
            zg_str_addf(tried, "; profile %.100s has no keys", files.profile);
    } else {
        zg_str_addf(tried, "; no profile 'default' in %.200s or %.200s",
                    files.credentials_path != NULL ? files.credentials_path : "(no home)",
                    files.config_path != NULL ? files.config_path : "(no home)");
    }
    zg_aws_files_close(&files);
    return status;
}
