/* Questions about the account and the function, before anything is invoked. */
#ifndef ZG_DISPATCH_PROBE_H
#define ZG_DISPATCH_PROBE_H

#include "dispatch/aws.h"
#include "dispatch/limits.h"

typedef struct zg_probe {
    zg_http *http; /* borrowed, as the services */
    zg_aws_service *lambda, *monitoring;
    const char *function; /* encoded for a path */
    zagg_log *log;
} zg_probe;

/** What a function is given; members that are not known are left zero. */
typedef struct zg_function_facts {
    double timeout_s, memory_gb;
    const char *architecture; /* static text; NULL: not known */
} zg_function_facts;

enum { ZG_PROBE_DATAPOINTS = 16 };

/** Each question that is not answered, for lack of a right or otherwise, is told in the
 * log and leaves its member as if nothing were known. `datapoints` has room for
 * ZG_PROBE_DATAPOINTS. */
void zg_probe_account(const zg_probe *probe, double *datapoints, zg_account *out);
void zg_probe_function(const zg_probe *probe, zg_function_facts *out);

#endif
