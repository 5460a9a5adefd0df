/* Where buckets are. */
#include "net/creds_parts.h"

#include <string.h>

/* It becomes part of a host's name. */
static bool is_region(const char *text)
{
    const size_t n = strlen(text);
    return n <= 64 &&
           strspn(text,
                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
               n;
}

static zagg_status take_region(const char *region, const char *from, char **out,
                               zagg_err *err)
{
    if (!is_region(region))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "region '%.80s' of %s: a region is letters, digits and '-', "
                            "as us-west-2",
                            region, from);
    char *copy = zg_strdup(region);
    if (copy == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the name of a region");
    *out = copy;
    return ZAGG_OK;
}

zagg_status zg_aws_region(const char *asked, char **out, zagg_err *err)
{
    static const char *const variables[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
    zg_aws_files files;
    const char *path = NULL;
    if (asked != NULL && asked[0] != '\0')
        return take_region(asked, "this run", out, err);
    for (size_t i = 0; i < 2; i++)
        if (zg_env(variables[i]) != NULL)
            return take_region(zg_env(variables[i]), variables[i], out, err);
    ZAGG_TRY(zg_aws_files_open(&files, err));
    const char *region = zg_aws_files_get(&files, files.profile, "region", &path);
    const zagg_status status = take_region(region != NULL ? region : "us-west-2",
                                           region != NULL ? path : "", out, err);
    zg_aws_files_close(&files);
    return status;
}
