/* Inside of credentials: what sources of keys are made of. */
#ifndef ZG_NET_CREDS_PARTS_H
#define ZG_NET_CREDS_PARTS_H

#include "net/creds.h"
#include "zagg/value.h"

/* ---- a source of keys, behind the lock of zg_creds ---- */

typedef struct zg_creds_source {
    /** Keys for now. One thread at a time. */
    zagg_status (*fetch)(void *user, zg_aws_keys *out, zagg_err *err);
    /** What the keys that `fetch` gave last are called; good until the next fetch. */
    const char *(*name)(void *user);
    void (*free)(void *user);
    bool renewable; /* another fetch may give other keys */
    bool given;     /* keys out of a file or a text */
} zg_creds_source;

/** `user` is owned from now on, also where this fails. `name`: until there are keys. */
zagg_status zg_creds_of_source(const zg_creds_source *source, void *user,
                               const char *name, zg_creds **out, zagg_err *err);
/** Keys out of a file or a text: zg_creds_static. */
bool zg_creds_are_given(const zg_creds *creds);

/* ---- keys ---- */

/** Whether they can be sent: printable ASCII, of lengths that keys have. AUTH names the
 * one that cannot, without showing it; `from` says where they are from. */
zagg_status zg_aws_keys_check(const zg_aws_keys *keys, const char *from, zagg_err *err);

/** How a JSON answer calls its parts. */
typedef struct zg_keys_names {
    const char *access_key, *secret_key, *token, *expires;
} zg_keys_names;
/** Keys out of a JSON answer of `from`, every part of which must be there. AUTH says
 * what is missing or wrong; never a value. */
zagg_status zg_aws_keys_of_json(const char *body, size_t len, const char *from,
                                const zg_keys_names *names, zg_aws_keys *out,
                                zagg_err *err);

/* ---- times ---- */

/** "2026-11-27 08:00:00+00:00" and ISO 8601 forms of it ('T', fractions, "Z", "+0000", no
 * zone: UTC). */
bool zg_time_parse(const char *text, time_t *out);
/** "Fri, 27 Nov 2026 08:00:00 GMT", as in HTTP's Date. */
bool zg_time_parse_http(const char *text, time_t *out);
/** "2026-11-27T08:00:00Z"; "?" for a time that has no such form. */
void zg_time_write(time_t t, char out[21]);

/* ---- environment ---- */

/** NULL where it is not set, or empty. */
const char *zg_env(const char *name);
/** "true" or "1", in any case. */
bool zg_env_true(const char *name);
/** $`name`, or `home_file` below the home folder; a "~/" at the beginning is the home
 * folder. NULL with OK: there is neither. Owned. */
zagg_status zg_env_path(const char *name, const char *home_file, char **out,
                        zagg_err *err);

/* ---- the shared files of AWS's tools ---- */

typedef struct zg_ini zg_ini;
enum { ZG_INI_MAX_BYTES = 1 << 20 };
/** Sections with "key = value"; `name` stands in messages, with the line. Indented lines
 * below an empty value are parts of it ("key=part"); below another they continue it.
 * CONFIG for a line that is neither section nor property (its text is not shown). */
zagg_status zg_ini_parse(const char *text, size_t len, const char *name, zg_ini **out,
                         zagg_err *err);
/** NULL where there is none. Keys in lower case. The last of equal ones. */
const char *zg_ini_get(const zg_ini *ini, const char *section, const char *key);
bool zg_ini_has(const zg_ini *ini, const char *section);
void zg_ini_free(zg_ini *ini);

/** Both files; either may be missing (NULL ini). */
typedef struct zg_aws_files {
    char *credentials_path, *config_path; /* NULL: there is no home folder */
    zg_ini *credentials, *config;
    char *profile; /* AWS_PROFILE, AWS_DEFAULT_PROFILE, "default" */
    bool profile_asked;
} zg_aws_files;
zagg_status zg_aws_files_open(zg_aws_files *out, zagg_err *err);
void zg_aws_files_close(zg_aws_files *files);
bool zg_aws_files_has(const zg_aws_files *files, const char *profile);
/** A property of a profile, the credentials file first; *path (may be NULL): of the file
 * that it is in. NULL where there is none. */
const char *zg_aws_files_get(const zg_aws_files *files, const char *profile,
                             const char *key, const char **path);
/** Of the section "[KIND NAME]" of the config file. */
const char *zg_aws_files_section_get(const zg_aws_files *files, const char *kind,
                                     const char *name, const char *key);

/* ---- netrc ---- */

typedef struct zg_netrc_login {
    char *login, *password; /* zg_netrc_login_free */
} zg_netrc_login;
/** What a netrc file says of a machine, or else by default. *found. CONFIG names the
 * line. */
zagg_status zg_netrc_find(const char *text, size_t len, const char *name,
                          const char *machine, zg_netrc_login *out, bool *found,
                          zagg_err *err);
void zg_netrc_login_free(zg_netrc_login *login);

/** Whose token or password it is: "EARTHDATA_TOKEN", "netrc file PATH", ... */
void zg_earthdata_source(zg_earthdata *edl, char *out, size_t len);

/* ---- texts out of an XML answer ---- */

/** The texts of the first elements of these names, in any depth; NULL for those that are
 * not there. zg_secret_free each. FORMAT for what is no XML, or has a DTD. */
zagg_status zg_xml_texts(const char *xml, size_t len, const char *const *names, size_t n,
                         char **out, zagg_err *err);

/* ---- places that are asked ---- */

/** What a place said: `found` and keys, or a line for the list of places tried. */
typedef struct zg_place {
    bool found;
    zg_aws_keys keys;
    char name[300];
} zg_place;

/** The error of a call for keys that failed, with "WHAT NAME: " in front: AUTH where the
 * server refused (4xx), however it said so. */
zagg_status zg_refused(const zg_call *call, zagg_err *err, const char *what,
                       const char *name);

/** Web identity: a token of a file for keys of a role. */
typedef struct zg_role {
    const char *arn, *session_name, *external_id;
    const char *token_file; /* NULL: AssumeRole with `base` */
    const zg_aws_keys *base;
    long duration_s; /* 0: STS's default */
} zg_role;
zagg_status zg_sts_assume(zg_http *http, const char *region, const zg_role *role,
                          zg_aws_keys *out, zagg_err *err);

zagg_status zg_creds_environment(zg_place *place, zg_str *tried, zagg_err *err);
zagg_status zg_creds_web_identity(zg_http *http, const char *region, zg_place *place,
                                  zg_str *tried, zagg_err *err);
zagg_status zg_creds_profile(zg_http *http, const char *region, zg_place *place,
                             zg_str *tried, zagg_err *err);
zagg_status zg_creds_container(zg_http *http, zg_place *place, zg_str *tried,
                               zagg_err *err);
zagg_status zg_creds_instance(zg_place *place, zg_str *tried, zagg_err *err);

#endif
