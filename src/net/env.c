/* What the environment says. */
#include "net/creds_parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *zg_env(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

bool zg_env_true(const char *name)
{
    const char *value = zg_env(name);
    return value != NULL && (strcasecmp(value, "true") == 0 || strcmp(value, "1") == 0);
}

zagg_status zg_env_path(const char *name, const char *home_file, char **out,
                        zagg_err *err)
{
    const char *given = zg_env(name), *home = zg_env("HOME");
    const char *below = given == NULL                  ? home_file
                        : strncmp(given, "~/", 2) == 0 ? given + 2
                                                       : NULL;
    zg_str path;
    *out = NULL;
    if (below != NULL && home == NULL)
        return ZAGG_OK;
    zg_str_init(&path, 0);
    if (below != NULL)
        zg_str_addf(&path, "%s/%s", home, below);
    else
        zg_str_add(&path, given);
    *out = zg_str_take(&path);
    return *out != NULL ? ZAGG_OK
                        : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a path");
}
