/* What to do about errors, where their texts only say what happened. */
#include "cli/check.h"

#include <string.h>

typedef struct hint {
    const char *in_text;  /* what the message holds */
    const char *and_text; /* and this; NULL */
    const char *advice;
} hint;

static const hint HINTS[] = {
    {"the name of the proxy", NULL, "correct HTTPS_PROXY or HTTP_PROXY, or unset it"},
    {"cannot be resolved", NULL,
     "check the name and that this machine has a network; behind a proxy set "
     "HTTPS_PROXY"},
    {"no connection to the proxy", NULL,
     "correct HTTPS_PROXY or HTTP_PROXY, or name the host in NO_PROXY"},
    {"HTTP 407", NULL, "write them into HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT"},
    {"no connection to", NULL,
     "check the address, AWS_ENDPOINT_URL and the firewall; behind a proxy set "
     "HTTPS_PROXY"},
    {"TLS with", "certificate is refused",
     "where a proxy or an institute has its own authority, name its file of certificates "
     "there"},
    {"not an HDF5 file", NULL,
     "what came is no granule; behind an URL it is often a login page: check the URL"},
    {"NoSuchBucket", NULL, "there is no such bucket: check its name and the region"},
    {"InvalidAccessKeyId", NULL,
     "check which keys are meant: AWS_PROFILE, or the account that they are of"},
    {"requester pays", NULL, "try --requester-pays"},
};

const char *check_hint(const zagg_err *why)
{
    for (size_t i = 0; i < sizeof HINTS / sizeof HINTS[0]; i++)
        if (strstr(why->msg, HINTS[i].in_text) != NULL &&
            (HINTS[i].and_text == NULL || strstr(why->msg, HINTS[i].and_text) != NULL))
            return HINTS[i].advice;
    return why->status == ZAGG_ENOTFOUND
               ? "there is no such thing: check the name, or make the catalog again"
               : NULL;
}
