#include "net_test.h"

#include "net/creds_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_FILES = 64 };

static zg_http *http;
static char *home;
static char *files[MOST_FILES];
static size_t n_files;

static const char *const VARIABLES[] = {
    "AWS_ACCESS_KEY_ID",
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_DEFAULT_PROFILE",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_CLOUDWATCH",
    "AWS_ENDPOINT_URL_LAMBDA",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "EARTHDATA_PASSWORD",
    "EARTHDATA_TOKEN",
    "EARTHDATA_USERNAME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NETRC",
    "SSL_CERT_FILE",
    "ZAGG_EARTHDATA_HOSTS",
    "ZAGG_EARTHDATA_URL",
    "ZAGG_S3CREDENTIALS_URL",
    "ZAGG_S3_ADDRESSING",
    "http_proxy",
    "https_proxy",
};

void net_set(const char *name, const char *value)
{
    assert_int_equal(value != NULL ? setenv(name, value, 1) : unsetenv(name), 0);
}

int net_setup(void **state)
{
    (void)state;
    const zg_http_opts opts = {.backoff_s = 0.001, .attempts = 3};
    zagg_err err = ZAGG_ERR_INIT;
    for (size_t i = 0; i < sizeof VARIABLES / sizeof *VARIABLES; i++)
        (void)unsetenv(VARIABLES[i]);
    home = make_temp_dir();
    if (setenv("HOME", home, 1) != 0 || setenv("AWS_EC2_METADATA_DISABLED", "true", 1))
        return -1;
    if (zg_http_new(&opts, &http, &err) == ZAGG_OK)
        return 0;
    print_error("%s\n", err.msg);
    return -1;
}

int net_teardown(void **state)
{
    (void)state;
    zg_http_free(http);
    for (size_t i = 0; i < n_files; i++)
        zg_free(files[i]);
    n_files = 0;
    remove_tree(home);
    zg_free(home);
    return 0;
}

zg_http *net_http(void)
{
    return http;
}

const char *net_file(const char *name, const char *text)
{
    zg_str path;
    zg_str_init(&path, 0);
    zg_str_addf(&path, "%s/%s", home, name);
    char *slash = strrchr(path.data, '/');
    *slash = '\0';
    (void)mkdir(path.data, 0700);
    *slash = '/';
    FILE *f = fopen(path.data, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
    assert_true(n_files < MOST_FILES);
    return files[n_files++] = zg_str_take(&path);
}

void assert_no_secret(const char *text)
{
    static const char *const secrets[] = {SECRET, TOKEN, PASSWORD};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        if (strstr(text, secrets[i]) != NULL)
            fail_msg("a secret is in: %s", text);
}

void assert_error(zagg_status status, const zagg_err *err, zagg_status want,
                  const char *words)
{
    if (status != want || err->status != want || strstr(err->msg, words) == NULL)
        fail_msg("%s: '%s', not %s: '%s'", zagg_status_name(status), err->msg,
                 zagg_status_name(want), words);
    assert_no_secret(err->msg);
}

const char *net_time(long from_now)
{
    static char text[21];
    zg_time_write(time(NULL) + from_now, text);
    return text;
}
