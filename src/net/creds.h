/* Where keys come from, and when they are renewed. Nothing of them reaches a log, an
 * error or an argument of a process. */
#ifndef ZG_NET_CREDS_H
#define ZG_NET_CREDS_H

#include "net/sign.h"

/** A source of keys; thread-safe. Asked for when first needed. */
typedef struct zg_creds zg_creds;

/** None: requests go unsigned. */
zagg_status zg_creds_anonymous(zg_creds **out, zagg_err *err);
/** These keys, for good. Copies. */
zagg_status zg_creds_static(const zg_aws_keys *keys, zg_creds **out, zagg_err *err);
/** The same with a name for messages: the file that they are from. */
zagg_status zg_creds_static_of(const zg_aws_keys *keys, const char *name, zg_creds **out,
                               zagg_err *err);
/** The ambient chain, in AWS's order: environment (AWS_ACCESS_KEY_ID, ...), web identity
 * (AWS_WEB_IDENTITY_TOKEN_FILE + AWS_ROLE_ARN), shared credentials and config files
 * (AWS_PROFILE, AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE; credential_process is
 * refused by name, source_profile + role_arn assume the role), container
 * (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, _FULL_URI with its token), instance (IMDSv2;
 * AWS_EC2_METADATA_DISABLED, AWS_EC2_METADATA_SERVICE_ENDPOINT). `http` is borrowed. */
zagg_status zg_creds_ambient(zg_http *http, const char *region, zg_creds **out,
                             zagg_err *err);

/** Earthdata Login: EARTHDATA_TOKEN; EARTHDATA_USERNAME + EARTHDATA_PASSWORD; netrc
 * ($NETRC, ~/.netrc) for urs.earthdata.nasa.gov. One of a process; thread-safe.
 * ZAGG_EARTHDATA_URL replaces https://urs.earthdata.nasa.gov (tests). */
typedef struct zg_earthdata zg_earthdata;
zagg_status zg_earthdata_new(zg_http *http, zg_earthdata **out, zagg_err *err);
void zg_earthdata_free(zg_earthdata *edl);
/** The bearer token, heap (zg_secret_free); asked for by password where there is none.
 * AUTH: nothing is configured (says the three ways), or refused. */
zagg_status zg_earthdata_token(zg_earthdata *edl, char **out, zagg_err *err);
/** Use this token and look for none. AUTH where it cannot be one. */
zagg_status zg_earthdata_give(zg_earthdata *edl, const char *token, zagg_err *err);
/** The server did not take `token`: with a password a new one is asked for, *again. */
zagg_status zg_earthdata_renew(zg_earthdata *edl, const char *token, bool *again,
                               zagg_err *err);

/** Keys of a DAAC ("nsidc", "lpdaac", "gesdisc"): GET of its s3credentials with the
 * token, about an hour's. ZAGG_S3CREDENTIALS_URL replaces the address (tests). */
zagg_status zg_creds_daac(zg_http *http, zg_earthdata *edl, const char *daac,
                          zg_creds **out, zagg_err *err);

/** Keys for now: renewed when less than five minutes are left. Copied; free them. AUTH
 * tells what was tried, place by place. */
zagg_status zg_creds_get(zg_creds *creds, zg_aws_keys *out, zagg_err *err);
/** A server did not take `stale`: newer ones, if there can be any (*again). Of many
 * threads that ask at once one renews. */
zagg_status zg_creds_renew(zg_creds *creds, const zg_aws_keys *stale, bool *again,
                           zagg_err *err);
/** "environment", "profile NAME of FILE", "nsidc (Earthdata)", ...: for messages. */
const char *zg_creds_name(zg_creds *creds);
void zg_creds_free(zg_creds *creds);

/** A file or text of keys in any of the spellings of upstream (camelCase, snake_case, STS
 * PascalCase); `region` and `endpoint` may come out NULL. CONFIG in upstream's words,
 * behind `name`. "null" and "{}" are OK and give no keys, as if there were no file:
 * upstream's way. */
typedef struct zg_output_creds {
    zg_aws_keys keys;
    char *region, *endpoint;
} zg_output_creds;
zagg_status zg_output_creds_parse(const char *text, size_t len, const char *name,
                                  zg_output_creds *out, zagg_err *err);
void zg_output_creds_free(zg_output_creds *creds);

/** Region: asked for, AWS_REGION, AWS_DEFAULT_REGION, the profile's, us-west-2. Owned. */
zagg_status zg_aws_region(const char *asked, char **out, zagg_err *err);

#endif
