/* How long a bad line is put up with, where the environment says otherwise. */
#include "net/patience.h"

#include "net/creds_parts.h"
#include "text/text.h"

#include <math.h>
#include <string.h>

typedef struct knob {
    const char *name;
    double least, most;
    bool whole;
} knob;

static zagg_status read_knob(const knob *k, double *value, zagg_err *err)
{
    const char *text = zg_env(k->name);
    double v = 0;
    if (text == NULL)
        return ZAGG_OK;
    if (!zg_float_parse(text, strlen(text), &v) || !(v >= k->least && v <= k->most) ||
        (k->whole && v != floor(v)))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: found '%.40s'; must be a %snumber from %g to %g",
                            k->name, text, k->whole ? "whole " : "", k->least, k->most);
    *value = v;
    return ZAGG_OK;
}

zagg_status zg_patience_read(zg_http_opts *opts, zagg_err *err)
{
    static const knob STALL = {"ZAGG_NET_STALL_S", 1, 3600, false};
    static const knob ATTEMPTS = {"ZAGG_NET_ATTEMPTS", 1, 100, true};
    static const knob BACKOFF = {"ZAGG_NET_BACKOFF_S", 0.001, 10, false};
    double attempts = opts->attempts;
    ZAGG_TRY(read_knob(&STALL, &opts->stall_s, err));
    ZAGG_TRY(read_knob(&BACKOFF, &opts->backoff_s, err));
    ZAGG_TRY(read_knob(&ATTEMPTS, &attempts, err));
    opts->attempts = (unsigned)attempts;
    return ZAGG_OK;
}
