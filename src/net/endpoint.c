/* Where AWS's services are. AWS SDKs and Tools Reference Guide, "Service-specific
 * endpoints". */
#include "net/creds_parts.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The name of a service in hosts, in variables and in files. */
typedef struct service {
    const char *host, *variable, *section;
} service;

static const service SERVICES[] = {
    {"cloudformation", "AWS_ENDPOINT_URL_CLOUDFORMATION", "cloudformation"},
    {"lambda", "AWS_ENDPOINT_URL_LAMBDA", "lambda"},
    {"monitoring", "AWS_ENDPOINT_URL_CLOUDWATCH", "cloudwatch"},
    {"s3", "AWS_ENDPOINT_URL_S3", "s3"},
    {"sts", "AWS_ENDPOINT_URL_STS", "sts"},
};

static const service *find_service(const char *name)
{
    for (size_t i = 0; i < sizeof SERVICES / sizeof *SERVICES; i++)
        if (strcmp(SERVICES[i].host, name) == 0)
            return &SERVICES[i];
    return NULL;
}

/* http or https, no query, and no '/' at the end. */
static zagg_status take_endpoint(const char *url, const char *from, char **out,
                                 zagg_err *err)
{
    zg_url_parts parts;
    const bool split = zg_url_split(url, &parts);
    if (!split || parts.query_len > 0 || parts.path[parts.path_len] != '\0' ||
        (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "the endpoint of %s is no URL: http://HOST:PORT or "
                            "https://HOST, without user, query or blanks",
                            from);
    size_t len = strlen(url);
    while (url[len - 1] == '/')
        len--;
    char *copy = zg_strndup(url, len);
    if (copy == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an endpoint");
    *out = copy;
    return ZAGG_OK;
}

/* The profile's: its section of services first, then one for all. */
static zagg_status from_profile(const service *s, char **out, zagg_err *err)
{
    zg_aws_files files;
    char key[64];
    const char *path = NULL, *url = NULL;
    ZAGG_TRY(zg_aws_files_open(&files, err));
    const char *services = zg_aws_files_get(&files, files.profile, "services", NULL);
    (void)snprintf(key, sizeof key, "%s=endpoint_url", s->section);
    if (services != NULL) {
        url = zg_aws_files_section_get(&files, "services", services, key);
        path = files.config_path;
    }
    if (url == NULL)
        url = zg_aws_files_get(&files, files.profile, "endpoint_url", &path);
    const zagg_status status = url != NULL ? take_endpoint(url, path, out, err) : ZAGG_OK;
    zg_aws_files_close(&files);
    return status;
}

static zagg_status given_endpoint(const service *s, const char *explicit_url, char **out,
                                  zagg_err *err)
{
    if (explicit_url != NULL && explicit_url[0] != '\0')
        return take_endpoint(explicit_url, "this run", out, err);
    if (zg_env_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))
        return ZAGG_OK;
    if (zg_env(s->variable) != NULL)
        return take_endpoint(zg_env(s->variable), s->variable, out, err);
    if (zg_env("AWS_ENDPOINT_URL") != NULL)
        return take_endpoint(zg_env("AWS_ENDPOINT_URL"), "AWS_ENDPOINT_URL", out, err);
    return from_profile(s, out, err);
}

zagg_status zg_aws_endpoint(const char *service_name, const char *region,
                            const char *explicit_url, char **out, bool *custom,
                            zagg_err *err)
{
    const service *s = find_service(service_name);
    char *url = NULL;
    if (s == NULL)
        return zagg_err_set(err, ZAGG_EARG, "no endpoint of service '%.40s' is known",
                            service_name);
    ZAGG_TRY(given_endpoint(s, explicit_url, &url, err));
    *custom = url != NULL;
    if (url == NULL) {
        zg_str text;
        zg_str_init(&text, 0);
        zg_str_addf(&text, "https://%s.%s.amazonaws.com%s", s->host, region,
                    strncmp(region, "cn-", 3) == 0 ? ".cn" : "");
        url = zg_str_take(&text);
        if (url == NULL)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an endpoint");
    }
    *out = url;
    return ZAGG_OK;
}
