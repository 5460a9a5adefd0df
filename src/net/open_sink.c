/* The sink of an s3:// store, with the keys and the bucket of the engine. */
#include "net/net.h"
#include "net/s3_sink.h"

#include <string.h>

zagg_status zagg_net_open_sink(zagg_net *net, const char *url, zagg_sink **out,
                               zagg_err *err)
{
    char *bucket = NULL, *prefix = NULL;
    zg_s3 *s3 = NULL;
    ZAGG_TRY(zg_s3_split(url, true, &bucket, &prefix, err));
    for (size_t len = strlen(prefix); len > 0 && prefix[len - 1] == '/';)
        prefix[--len] = '\0';
    zagg_status status = zg_net_sink_bucket(net, bucket, &s3, err);
    if (status == ZAGG_OK) {
        const zg_s3_sink_opts opts = {
            .http = zg_net_http(net), .s3 = s3, .prefix = prefix};
        status = zg_s3_sink_open(&opts, out, err);
    }
    zg_free(bucket);
    zg_free(prefix);
    return status;
}
