/* What the environment says about certificates and proxies. */
#include "net/http_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- certificates ---- */

/* Bundles of the systems that a library built elsewhere may be started on. */
static const char *const bundles[] = {"/etc/ssl/certs/ca-certificates.crt",
                                      "/etc/pki/tls/certs/ca-bundle.crt",
                                      "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

static zagg_status keep(const char *text, char **out, zagg_err *err)
{
    *out = zg_strdup(text);
    return *out ? ZAGG_OK : zagg_err_set(err, ZAGG_ENOMEM, "no memory for settings");
}

static zagg_status find_certificates(zg_http_env *env, zagg_err *err)
{
    static const char *const names[] = {"SSL_CERT_FILE", "AWS_CA_BUNDLE"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *path = getenv(names[i]);
        if (path == NULL || path[0] == '\0')
            continue;
        if (access(path, R_OK) != 0)
            return zagg_err_set_errno(err, ZAGG_ECONFIG, errno,
                                      "%s: the certificates in %s cannot be read",
                                      names[i], path);
        return keep(path, &env->ca_file, err);
    }
    const char *built_in = zg_libcurl.version_info(CURLVERSION_NOW)->cainfo;
    if (built_in != NULL && access(built_in, R_OK) == 0)
        return ZAGG_OK;
    for (size_t i = 0; i < sizeof bundles / sizeof bundles[0]; i++)
        if (access(bundles[i], R_OK) == 0)
            return keep(bundles[i], &env->ca_file, err);
    return ZAGG_OK;
}

/* ---- proxies ---- */

/* The name in lower case, which most programs look at first, or else in upper case. */
static const char *variable(const char *lower, const char *upper, const char **name)
{
    const char *value = getenv(lower);
    *name = value != NULL ? lower : upper;
    if (value == NULL)
        value = getenv(upper);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool proxy_part(CURLU *parsed, CURLUPart part, char *out, size_t out_len)
{
    char *text = NULL;
    if (zg_libcurl.url_get(parsed, part, &text, 0) != CURLUE_OK)
        return false;
    int len = snprintf(out, out_len, "%s", text);
    zg_libcurl.free(text);
    return len > 0 && (size_t)len < out_len;
}

/* Host and port as libcurl will take them out of the URL. */
static bool split_proxy(CURLU *parsed, zg_proxy *out)
{
    char scheme[16], port[8];
    if (zg_libcurl.url_set(parsed, CURLUPART_URL, out->url,
                           CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) != CURLUE_OK ||
        !proxy_part(parsed, CURLUPART_SCHEME, scheme, sizeof scheme) ||
        !proxy_part(parsed, CURLUPART_HOST, out->host, sizeof out->host))
        return false;
    if (proxy_part(parsed, CURLUPART_PORT, port, sizeof port))
        out->port = (unsigned)strtoul(port, NULL, 10);
    else
        out->port = strcmp(scheme, "https") == 0 ? 443 : 1080;
    snprintf(out->shown, sizeof out->shown, "%s:%u", out->host, out->port);
    return true;
}

static zagg_status read_proxy(const char *lower, const char *upper, zg_proxy *out,
                              zagg_err *err)
{
    const char *name;
    const char *value = variable(lower, upper, &name);
    if (value == NULL)
        return ZAGG_OK;
    ZAGG_TRY(keep(value, &out->url, err));
    CURLU *parsed = zg_libcurl.url();
    if (parsed == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for settings");
    bool ok = split_proxy(parsed, out);
    zg_libcurl.url_cleanup(parsed);
    if (!ok) /* the text is not shown: it may hold a password */
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: not the address of a proxy; write http://HOST:PORT",
                            name);
    return ZAGG_OK;
}

static zagg_status read_all(bool direct, zg_http_env *env, zagg_err *err)
{
    ZAGG_TRY(find_certificates(env, err));
    if (direct)
        return ZAGG_OK;
    ZAGG_TRY(read_proxy("https_proxy", "HTTPS_PROXY", &env->https, err));
    ZAGG_TRY(read_proxy("http_proxy", "HTTP_PROXY", &env->http, err));
    const char *name;
    const char *none_for = variable("no_proxy", "NO_PROXY", &name);
    return none_for ? keep(none_for, &env->no_proxy, err) : ZAGG_OK;
}

zagg_status zg_http_env_read(bool direct, zg_http_env *out, zagg_err *err)
{
    memset(out, 0, sizeof *out);
    zagg_status status = read_all(direct, out, err);
    if (status != ZAGG_OK)
        zg_http_env_free(out);
    return status;
}

void zg_http_env_free(zg_http_env *env)
{
    zg_free(env->ca_file);
    zg_secret_free(env->http.url);
    zg_secret_free(env->https.url);
    zg_free(env->no_proxy);
    memset(env, 0, sizeof *env);
}
