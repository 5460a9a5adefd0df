/* The profile of this user: ~/.aws/credentials and ~/.aws/config together. */
#include "net/creds_parts.h"
#include "net/secret_text.h"

#include <stdio.h>
#include <string.h>

/* A file that is not there is none. */
static zagg_status read_ini(const char *path, zg_ini **out, zagg_err *err)
{
    char *text = NULL;
    size_t len = 0;
    zagg_err failed = ZAGG_ERR_INIT;
    if (path == NULL)
        return ZAGG_OK;
    zagg_status status =
        zg_secret_file_read(path, ZG_INI_MAX_BYTES, &text, &len, &failed);
    if (status == ZAGG_ENOTFOUND)
        return ZAGG_OK;
    if (status == ZAGG_OK)
        status = zg_ini_parse(text, len, path, out, &failed);
    zg_secret_file_free(text, len);
    if (status != ZAGG_OK && err != NULL)
        *err = failed;
    return status;
}

static zagg_status choose_profile(zg_aws_files *files, zagg_err *err)
{
    const char *name = zg_env("AWS_PROFILE");
    if (name == NULL)
        name = zg_env("AWS_DEFAULT_PROFILE");
    files->profile_asked = name != NULL;
    files->profile = zg_strdup(name != NULL ? name : "default");
    return files->profile != NULL
               ? ZAGG_OK
               : zagg_err_set(err, ZAGG_ENOMEM, "no memory for the name of a profile");
}

static zagg_status open_both(zg_aws_files *files, zagg_err *err)
{
    ZAGG_TRY(choose_profile(files, err));
    ZAGG_TRY(zg_env_path("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials",
                         &files->credentials_path, err));
    ZAGG_TRY(zg_env_path("AWS_CONFIG_FILE", ".aws/config", &files->config_path, err));
    ZAGG_TRY(read_ini(files->credentials_path, &files->credentials, err));
    return read_ini(files->config_path, &files->config, err);
}

zagg_status zg_aws_files_open(zg_aws_files *out, zagg_err *err)
{
    zg_aws_files files = {0};
    const zagg_status status = open_both(&files, err);
    if (status != ZAGG_OK)
        zg_aws_files_close(&files);
    else
        *out = files;
    return status;
}

void zg_aws_files_close(zg_aws_files *files)
{
    zg_free(files->credentials_path);
    zg_free(files->config_path);
    zg_free(files->profile);
    zg_ini_free(files->credentials);
    zg_ini_free(files->config);
    *files = (zg_aws_files){0};
}

/* "[profile NAME]"; the default one may go without the word. */
static const char *config_get(const zg_aws_files *files, const char *profile,
                              const char *key)
{
    const char *value = zg_aws_files_section_get(files, "profile", profile, key);
    if (value == NULL && strcmp(profile, "default") == 0)
        value = zg_ini_get(files->config, profile, key);
    return value;
}

bool zg_aws_files_has(const zg_aws_files *files, const char *profile)
{
    char section[300];
    (void)snprintf(section, sizeof section, "profile %.280s", profile);
    return zg_ini_has(files->credentials, profile) ||
           zg_ini_has(files->config, section) ||
           (strcmp(profile, "default") == 0 && zg_ini_has(files->config, profile));
}

const char *zg_aws_files_get(const zg_aws_files *files, const char *profile,
                             const char *key, const char **path)
{
    const char *value = zg_ini_get(files->credentials, profile, key);
    const char *from = files->credentials_path;
    if (value == NULL || value[0] == '\0') {
        value = config_get(files, profile, key);
        from = files->config_path;
    }
    if (value == NULL || value[0] == '\0')
        return NULL;
    if (path != NULL)
        *path = from;
    return value;
}

const char *zg_aws_files_section_get(const zg_aws_files *files, const char *kind,
                                     const char *name, const char *key)
{
    char section[300];
    const int n = snprintf(section, sizeof section, "%s %s", kind, name);
    if (n < 0 || (size_t)n >= sizeof section)
        return NULL;
    return zg_ini_get(files->config, section, key);
}
