/* What a text names: something on this machine, or behind a network. */
#include "zagg/net.h"

#include <string.h>

static bool starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool zagg_url_is_remote(const char *text)
{
    if (starts(text, "https://") || starts(text, "http://"))
        return true;
    return starts(text, "s3://") && !starts(text, "s3:///");
}
