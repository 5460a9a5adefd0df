/* The engine: its parts, made when they are first needed, and whose keys are for which
 * bucket. */
#include "net/net.h"

#include "net/cache.h"
#include "net/patience.h"
#include "net/room.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_IN_FLIGHT ((uint64_t)256 << 20)
#define CREDS_FILE_BYTES ((size_t)64 << 10)
/* Where the DAACs keep their buckets. */
#define DAAC_REGION "us-west-2"

enum { N_DAACS = 3, N_TEXTS = 8 };
static const char *const DAACS[N_DAACS] = {"nsidc", "lpdaac", "gesdisc"};

typedef struct bucket {
    char *name;
    zg_s3 *s3;
} bucket;

struct zagg_net {
    zagg_net_opts opts; /* its texts are these: */
    char *texts[N_TEXTS];
    char *region;
    zg_http *http;
    zg_room room;
    bool has_room;
    zg_cache *cache;
    pthread_mutex_t lock; /* everything below; held while a part is made */
    zg_earthdata *earthdata;
    zg_creds *ambient, *anonymous, *daacs[N_DAACS], *output, *given;
    bool has_output_file;
    zg_output_creds output_file;
    zg_vec sources, sinks; /* bucket */
};

/* ---- options ---- */

static bool is_provider(const char *name)
{
    static const char *const MORE[] = {"aws", "anonymous"};
    for (size_t i = 0; i < N_DAACS; i++)
        if (strcmp(name, DAACS[i]) == 0)
            return true;
    return strcmp(name, MORE[0]) == 0 || strcmp(name, MORE[1]) == 0;
}

static zagg_status check_opts(const zagg_net_opts *o, zagg_err *err)
{
    if (o->credentials_provider && !is_provider(o->credentials_provider))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "credentials_provider: found '%s'; must be nsidc, lpdaac, "
                            "gesdisc, aws or anonymous",
                            o->credentials_provider);
    if (o->sse && strcmp(o->sse, "AES256") != 0 && strcmp(o->sse, "aws:kms") != 0)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "sse: found '%s'; must be AES256 or aws:kms", o->sse);
    return ZAGG_OK;
}

static zagg_status copy_texts(zagg_net *net, zagg_err *err)
{
    zagg_net_opts *o = &net->opts;
    const char **texts[] = {&o->region,       &o->credentials_provider,
                            &o->output_creds, &o->output_endpoint,
                            &o->cache_dir,    &o->acl,
                            &o->sse,          &o->sse_kms_key};
    _Static_assert(sizeof texts / sizeof *texts <= N_TEXTS, "room for all texts");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (*texts[i] == NULL)
            continue;
        net->texts[i] = zg_strdup(*texts[i]);
        if (net->texts[i] == NULL)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for transfers");
        *texts[i] = net->texts[i];
    }
    return ZAGG_OK;
}

/* ---- keys that came along ---- */

static zagg_status take_source_keys(zagg_net *net, const char *text, zagg_err *err)
{
    zg_output_creds creds = {0};
    ZAGG_TRY(zg_output_creds_parse(text, strlen(text), "s3_credentials", &creds, err));
    zagg_status status = ZAGG_OK;
    if (creds.keys.access_key)
        status = zg_creds_static_of(&creds.keys, "s3_credentials", &net->given, err);
    zg_output_creds_free(&creds);
    return status;
}

static zagg_status take_given(zagg_net *net, zagg_err *err)
{
    zagg_net_opts *o = &net->opts;
    if (o->source_keys)
        ZAGG_TRY(take_source_keys(net, o->source_keys, err));
    if (o->output_keys) {
        ZAGG_TRY(zg_output_creds_parse(o->output_keys, strlen(o->output_keys),
                                       "output_credentials", &net->output_file, err));
        net->has_output_file = true;
    }
    if (o->earthdata_token) {
        ZAGG_TRY(zg_earthdata_new(net->http, &net->earthdata, err));
        ZAGG_TRY(zg_earthdata_give(net->earthdata, o->earthdata_token, err));
    }
    o->source_keys = o->output_keys = o->earthdata_token = NULL;
    return ZAGG_OK;
}

/* ---- life ---- */

static zagg_status make(zagg_net *net, zagg_err *err)
{
    const zagg_net_opts *o = &net->opts;
    const uint64_t most =
        o->max_bytes_in_flight ? o->max_bytes_in_flight : BYTES_IN_FLIGHT;
    zg_http_opts http = {.deadline_s = o->deadline_s, .stop = o->stop, .log = o->log};
    ZAGG_TRY(check_opts(o, err));
    ZAGG_TRY(zg_patience_read(&http, err));
    ZAGG_TRY(copy_texts(net, err));
    ZAGG_TRY(zg_aws_region(o->region, &net->region, err));
    ZAGG_TRY(zg_room_init(&net->room, most, err));
    net->has_room = true;
    if (o->cache_dir)
        ZAGG_TRY(zg_cache_open(o->cache_dir, o->cache_bytes, o->log, &net->cache, err));
    ZAGG_TRY(zg_http_new(&http, &net->http, err));
    return take_given(net, err);
}

zagg_status zagg_net_new(const zagg_net_opts *opts, zagg_net **out, zagg_err *err)
{
    zagg_net *net = zg_alloc(1, sizeof *net);
    if (net == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for transfers");
    if (opts)
        net->opts = *opts;
    pthread_mutex_init(&net->lock, NULL);
    zg_vec_init(&net->sources, sizeof(bucket), 0);
    zg_vec_init(&net->sinks, sizeof(bucket), 0);
    const zagg_status status = make(net, err);
    if (status == ZAGG_OK)
        *out = net;
    else
        zagg_net_free(net);
    return status;
}

static void free_buckets(zg_vec *list)
{
    for (size_t i = 0; i < list->len; i++) {
        zg_s3_free(ZG_VEC_AT(list, bucket, i)->s3);
        zg_free(ZG_VEC_AT(list, bucket, i)->name);
    }
    zg_vec_free(list);
}

static void free_creds(zg_creds *creds)
{
    if (creds)
        zg_creds_free(creds);
}

void zagg_net_free(zagg_net *net)
{
    if (net == NULL)
        return;
    free_buckets(&net->sources);
    free_buckets(&net->sinks);
    free_creds(net->ambient);
    free_creds(net->anonymous);
    free_creds(net->output);
    free_creds(net->given);
    for (size_t i = 0; i < N_DAACS; i++)
        free_creds(net->daacs[i]);
    if (net->has_output_file)
        zg_output_creds_free(&net->output_file);
    if (net->earthdata)
        zg_earthdata_free(net->earthdata);
    if (net->http)
        zg_http_free(net->http);
    zg_cache_close(net->cache);
    if (net->has_room)
        zg_room_destroy(&net->room);
    for (size_t i = 0; i < N_TEXTS; i++)
        zg_free(net->texts[i]);
    zg_free(net->region);
    pthread_mutex_destroy(&net->lock);
    zg_free(net);
}

zagg_net_stats zagg_net_stats_of(const zagg_net *net)
{
    zagg_net_stats stats = zg_http_stats(net->http);
    zg_cache_add_stats(net->cache, &stats);
    return stats;
}

zg_http *zg_net_http(zagg_net *net)
{
    return net->http;
}

const zagg_net_opts *zg_net_opts_of(const zagg_net *net)
{
    return &net->opts;
}

zg_cache *zg_net_cache(zagg_net *net)
{
    return net->cache;
}

zagg_status zg_net_room_take(zagg_net *net, size_t bytes, zagg_err *err)
{
    return zg_room_take(&net->room, bytes, net->opts.stop, err);
}

void zg_net_room_give(zagg_net *net, size_t bytes)
{
    zg_room_give(&net->room, bytes);
}

/* ---- keys ---- */

static zagg_status earthdata_of(zagg_net *net, zg_earthdata **out, zagg_err *err)
{
    if (net->earthdata == NULL)
        ZAGG_TRY(zg_earthdata_new(net->http, &net->earthdata, err));
    *out = net->earthdata;
    return ZAGG_OK;
}

zagg_status zg_net_earthdata(zagg_net *net, zg_earthdata **out, zagg_err *err)
{
    pthread_mutex_lock(&net->lock);
    const zagg_status status = earthdata_of(net, out, err);
    pthread_mutex_unlock(&net->lock);
    return status;
}

static zagg_status daac_creds(zagg_net *net, size_t daac, zg_creds **out, zagg_err *err)
{
    if (net->daacs[daac] == NULL) {
        zg_earthdata *edl = NULL;
        ZAGG_TRY(earthdata_of(net, &edl, err));
        ZAGG_TRY(zg_creds_daac(net->http, edl, DAACS[daac], &net->daacs[daac], err));
    }
    *out = net->daacs[daac];
    return ZAGG_OK;
}

static zagg_status ambient_creds(zagg_net *net, zg_creds **out, zagg_err *err)
{
    if (net->ambient == NULL)
        ZAGG_TRY(zg_creds_ambient(net->http, net->region, &net->ambient, err));
    *out = net->ambient;
    return ZAGG_OK;
}

static bool starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Whose protected bucket it is: a number of DAACS, or N_DAACS. */
static size_t daac_of_bucket(const char *name)
{
    static const struct {
        const char *prefix;
        size_t daac;
    } KNOWN[] = {{"nsidc-cumulus-", 0}, {"lp-prod-", 1}, {"lpdaac", 1}, {"gesdisc-", 2}};
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
        if (starts(name, KNOWN[i].prefix))
            return KNOWN[i].daac;
    return N_DAACS;
}

static bool has_own_endpoint(void)
{
    const char *s3 = getenv("AWS_ENDPOINT_URL_S3"), *all = getenv("AWS_ENDPOINT_URL");
    return (s3 && s3[0]) || (all && all[0]);
}

/* The provider asked for; without one, by the bucket's name. Another endpoint is nobody's
 * DAAC, whatever the bucket is called. */
static zagg_status source_creds(zagg_net *net, const char *name, zg_creds **out,
                                size_t *daac, zagg_err *err)
{
    const char *provider = net->opts.credentials_provider;
    *daac = N_DAACS;
    for (size_t i = 0; provider && i < N_DAACS; i++)
        if (strcmp(provider, DAACS[i]) == 0)
            *daac = i;
    if (!provider && !has_own_endpoint())
        *daac = daac_of_bucket(name);
    if (net->given) {
        *out = net->given;
        return ZAGG_OK;
    }
    if (*daac < N_DAACS)
        return daac_creds(net, *daac, out, err);
    if (!provider || strcmp(provider, "anonymous") != 0)
        return ambient_creds(net, out, err);
    if (net->anonymous == NULL)
        ZAGG_TRY(zg_creds_anonymous(&net->anonymous, err));
    *out = net->anonymous;
    return ZAGG_OK;
}

static zagg_status read_output_file(zagg_net *net, const char *path, zagg_err *err)
{
    char *text = NULL;
    size_t len = 0;
    ZAGG_TRY(zagg_file_read(path, CREDS_FILE_BYTES, &text, &len, err));
    const zagg_status status =
        zg_output_creds_parse(text, len, path, &net->output_file, err);
    zg_secret_wipe(text, len);
    zagg_bytes_free(text);
    net->has_output_file = status == ZAGG_OK;
    return status;
}

static zagg_status output_creds(zagg_net *net, zg_creds **out, zagg_err *err)
{
    const char *path = net->opts.output_creds;
    if (path == NULL && !net->has_output_file)
        return ambient_creds(net, out, err);
    if (!net->has_output_file)
        ZAGG_TRY(read_output_file(net, path, err));
    if (net->output_file.keys.access_key == NULL) /* upstream's way to say "none" */
        return ambient_creds(net, out, err);
    if (net->output == NULL)
        ZAGG_TRY(zg_creds_static_of(&net->output_file.keys,
                                    path ? path : "output_credentials", &net->output,
                                    err));
    *out = net->output;
    return ZAGG_OK;
}

zagg_status zg_net_ambient_creds(zagg_net *net, zg_creds **out, zagg_err *err)
{
    pthread_mutex_lock(&net->lock);
    const zagg_status status = ambient_creds(net, out, err);
    pthread_mutex_unlock(&net->lock);
    return status;
}

zagg_status zg_net_source_creds(zagg_net *net, const char *bucket_name, zg_creds **out,
                                zagg_err *err)
{
    size_t daac;
    pthread_mutex_lock(&net->lock);
    const zagg_status status = source_creds(net, bucket_name, out, &daac, err);
    pthread_mutex_unlock(&net->lock);
    return status;
}

zagg_status zg_net_output_file(zagg_net *net, const zg_output_creds **out, zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    *out = NULL;
    if (net->opts.output_creds == NULL)
        return ZAGG_OK;
    pthread_mutex_lock(&net->lock);
    if (!net->has_output_file)
        status = read_output_file(net, net->opts.output_creds, err);
    pthread_mutex_unlock(&net->lock);
    if (status == ZAGG_OK)
        *out = &net->output_file;
    return status;
}

const char *zg_net_region(const zagg_net *net)
{
    return net->region;
}

/* ---- buckets ---- */

static zg_s3 *find_bucket(const zg_vec *list, const char *name)
{
    for (size_t i = 0; i < list->len; i++)
        if (strcmp(ZG_VEC_AT(list, bucket, i)->name, name) == 0)
            return ZG_VEC_AT(list, bucket, i)->s3;
    return NULL;
}

/* Takes the bucket in any case. */
static zagg_status keep_bucket(zg_vec *list, const char *name, zg_s3 *s3, zagg_err *err)
{
    char *copy = zg_strdup(name);
    bucket *place = copy ? zg_vec_push(list) : NULL;
    if (place == NULL) {
        zg_free(copy);
        zg_s3_free(s3);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for bucket %s", name);
    }
    *place = (bucket){copy, s3};
    return ZAGG_OK;
}

static zagg_status source_bucket(zagg_net *net, const char *name, zg_s3 **out,
                                 zagg_err *err)
{
    const zagg_net_opts *o = &net->opts;
    zg_s3_opts opts = {.http = net->http,
                       .bucket = name,
                       .region = net->region,
                       .requester_pays = o->requester_pays};
    size_t daac = N_DAACS;
    ZAGG_TRY(source_creds(net, name, &opts.creds, &daac, err));
    if (daac < N_DAACS && o->region == NULL)
        opts.region = DAAC_REGION;
    ZAGG_TRY(zg_s3_new(&opts, out, err));
    return keep_bucket(&net->sources, name, *out, err);
}

static zagg_status sink_bucket(zagg_net *net, const char *name, zg_s3 **out,
                               zagg_err *err)
{
    const zagg_net_opts *o = &net->opts;
    zg_s3_opts opts = {.http = net->http,
                       .bucket = name,
                       .region = net->region,
                       .requester_pays = o->requester_pays,
                       .acl = o->acl,
                       .sse = o->sse,
                       .sse_kms_key = o->sse_kms_key};
    ZAGG_TRY(output_creds(net, &opts.creds, err));
    opts.endpoint = o->output_endpoint;
    if (net->has_output_file) {
        if (net->output_file.endpoint)
            opts.endpoint = net->output_file.endpoint;
        if (o->region == NULL && net->output_file.region)
            opts.region = net->output_file.region;
    }
    ZAGG_TRY(zg_s3_new(&opts, out, err));
    return keep_bucket(&net->sinks, name, *out, err);
}

typedef zagg_status (*bucket_maker)(zagg_net *net, const char *name, zg_s3 **out,
                                    zagg_err *err);

static zagg_status bucket_of(zagg_net *net, zg_vec *list, const char *name,
                             bucket_maker maker, zg_s3 **out, zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    pthread_mutex_lock(&net->lock);
    zg_s3 *s3 = find_bucket(list, name);
    if (s3 == NULL)
        status = maker(net, name, &s3, err);
    pthread_mutex_unlock(&net->lock);
    if (status == ZAGG_OK)
        *out = s3;
    return status;
}

zagg_status zg_net_source_bucket(zagg_net *net, const char *name, zg_s3 **out,
                                 zagg_err *err)
{
    return bucket_of(net, &net->sources, name, source_bucket, out, err);
}

zagg_status zg_net_sink_bucket(zagg_net *net, const char *name, zg_s3 **out,
                               zagg_err *err)
{
    return bucket_of(net, &net->sinks, name, sink_bucket, out, err);
}
