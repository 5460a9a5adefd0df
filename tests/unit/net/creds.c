/* Keys: when they are asked for again, and that one thread does; the chain of places
 * where AWS's tools look. */
#include "net/creds_parts.h"
#include "net_test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a source that counts ---- */

typedef struct source {
    pthread_mutex_t lock;
    pthread_cond_t news;
    int asked, ended; /* fetches so far */
    bool hold;        /* a fetch waits until this is false */
    long expires_in;  /* 0: never */
    bool same;        /* the same keys each time */
    zagg_status fails;
    bool freed;
} source;

static source counting(void)
{
    source s = {.expires_in = 3600};
    assert_int_equal(pthread_mutex_init(&s.lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&s.news, NULL), 0);
    return s;
}

static zagg_status fetch(void *user, zg_aws_keys *out, zagg_err *err)
{
    source *s = user;
    char access[32];
    (void)pthread_mutex_lock(&s->lock);
    s->asked++;
    (void)pthread_cond_broadcast(&s->news);
    while (s->hold)
        (void)pthread_cond_wait(&s->news, &s->lock);
    (void)snprintf(access, sizeof access, "AK%d", s->same ? 1 : s->asked);
    const zg_aws_keys keys = {.access_key = access,
                              .secret_key = (char *)SECRET,
                              .token = (char *)TOKEN,
                              .expires =
                                  s->expires_in != 0 ? time(NULL) + s->expires_in : 0};
    const zagg_status fails = s->fails;
    s->ended++;
    (void)pthread_mutex_unlock(&s->lock);
    if (fails != ZAGG_OK)
        return zagg_err_set(err, fails, "the source fails");
    return zg_aws_keys_copy(&keys, out, err);
}

static const char *name(void *user)
{
    (void)user;
    return "counting";
}

static void mark_freed(void *user)
{
    ((source *)user)->freed = true;
}

static zg_creds *creds_of(source *s)
{
    const zg_creds_source of = {
        .fetch = fetch, .name = name, .free = mark_freed, .renewable = true};
    zg_creds *creds = NULL;
    assert_int_equal(zg_creds_of_source(&of, s, "before", &creds, NULL), ZAGG_OK);
    return creds;
}

static void get_is(zg_creds *creds, const char *access)
{
    zg_aws_keys keys = {0};
    zagg_err err = ZAGG_ERR_INIT;
    if (zg_creds_get(creds, &keys, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_string_equal(keys.access_key, access);
    zg_aws_keys_free(&keys);
}

static void asked_when_needed(void **state)
{
    (void)state;
    source s = counting();
    zg_creds *creds = creds_of(&s);
    assert_string_equal(zg_creds_name(creds), "before");
    assert_int_equal(s.asked, 0);
    get_is(creds, "AK1");
    get_is(creds, "AK1");
    assert_int_equal(s.asked, 1);
    assert_string_equal(zg_creds_name(creds), "counting");
    zg_creds_free(creds);
    assert_true(s.freed);
    zg_creds_free(NULL);
}

static void five_minutes(void **state)
{
    (void)state;
    static const struct {
        long left;
        bool again;
    } cases[] = {{0, false}, {302, false}, {298, true}, {1, true}, {-10, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        source s = counting();
        zg_creds *creds = creds_of(&s);
        get_is(creds, "AK1");
        assert_int_equal(s.asked, 1);
        /* Renewed when asked for, whatever came: but not by each request anew. */
        s.expires_in = cases[i].left;
        zg_aws_keys stale = {.access_key = (char *)"AK1", .token = (char *)TOKEN};
        bool again = false;
        assert_int_equal(zg_creds_renew(creds, &stale, &again, NULL), ZAGG_OK);
        assert_true(again);
        get_is(creds, "AK2");
        get_is(creds, "AK2");
        assert_int_equal(s.asked, 2);
        zg_creds_free(creds);
    }
    /* Keys with less time left than that are renewed by the next get. */
    source s = counting();
    s.expires_in = 298;
    s.fails = ZAGG_OK;
    zg_creds *creds = creds_of(&s);
    get_is(creds, "AK1");
    get_is(creds, "AK1"); /* held: the source gives no better ones */
    assert_int_equal(s.asked, 1);
    zg_creds_free(creds);
}

static void failures(void **state)
{
    (void)state;
    source s = counting();
    zg_creds *creds = creds_of(&s);
    zg_aws_keys keys = {0}, stale = {.access_key = (char *)"AK2", .token = (char *)TOKEN};
    zagg_err err = ZAGG_ERR_INIT;
    bool again = true;
    s.fails = ZAGG_EAUTH;
    assert_error(zg_creds_get(creds, &keys, &err), &err, ZAGG_EAUTH, "the source fails");
    assert_int_equal(zg_creds_get(creds, &keys, NULL), ZAGG_EAUTH);
    assert_int_equal(s.asked, 2); /* asked again: it may be mended meanwhile */
    assert_null(keys.access_key);
    s.fails = ZAGG_OK;
    get_is(creds, "AK3");
    /* Not what was signed with: no need to ask. */
    assert_int_equal(zg_creds_renew(creds, &stale, &again, &err), ZAGG_OK);
    assert_true(again);
    assert_int_equal(s.asked, 3);
    stale.access_key = (char *)"AK3";
    s.fails = ZAGG_EIO;
    assert_error(zg_creds_renew(creds, &stale, &again, &err), &err, ZAGG_EIO, "fails");
    assert_false(again);
    get_is(creds, "AK3"); /* they are good for an hour */
    zg_creds_free(creds);
}

static void nothing_newer(void **state)
{
    (void)state;
    source s = counting();
    zg_creds *creds = creds_of(&s);
    zg_aws_keys stale = {.access_key = (char *)"AK1", .token = (char *)TOKEN};
    bool again = true;
    s.same = true;
    get_is(creds, "AK1");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(zg_creds_renew(creds, &stale, &again, NULL), ZAGG_OK);
        assert_false(again);
    }
    assert_int_equal(s.asked, 2); /* once for all of them */
    stale.token = NULL;
    assert_int_equal(zg_creds_renew(creds, &stale, &again, NULL), ZAGG_OK);
    assert_true(again);
    zg_creds_free(creds);
}

static void given_keys(void **state)
{
    (void)state;
    zg_creds *creds = NULL;
    zg_aws_keys keys = {.access_key = (char *)"AK", .secret_key = (char *)SECRET};
    zg_aws_keys got = {0};
    zagg_err err = ZAGG_ERR_INIT;
    bool again = true;
    keys.expires = 1; /* long ago: there are no others */
    assert_int_equal(zg_creds_static_of(&keys, "file FILE", &creds, &err), ZAGG_OK);
    assert_string_equal(zg_creds_name(creds), "file FILE");
    assert_true(zg_creds_are_given(creds));
    get_is(creds, "AK");
    assert_int_equal(zg_creds_renew(creds, &keys, &again, &err), ZAGG_OK);
    assert_false(again);
    zg_creds_free(creds);
    keys.secret_key = (char *)SECRET "\n";
    assert_error(zg_creds_static(&keys, &creds, &err), &err, ZAGG_EAUTH, "secret key");
    keys.secret_key = NULL;
    assert_error(zg_creds_static(&keys, &creds, &err), &err, ZAGG_EAUTH, "secret key");
    assert_int_equal(zg_creds_anonymous(&creds, &err), ZAGG_OK);
    assert_string_equal(zg_creds_name(creds), "anonymous");
    assert_false(zg_creds_are_given(creds));
    assert_int_equal(zg_creds_get(creds, &got, &err), ZAGG_OK);
    assert_null(got.access_key);
    zg_creds_free(creds);
}

/* ---- many threads ---- */

enum { THREADS = 32 };

typedef struct racer {
    zg_creds *creds;
    bool renews;
    zagg_status status;
    bool again;
    char access[32];
} racer;

static void *race(void *user)
{
    racer *r = user;
    zg_aws_keys keys = {0}, stale = {.access_key = (char *)"AK1", .token = (char *)TOKEN};
    if (r->renews)
        r->status = zg_creds_renew(r->creds, &stale, &r->again, NULL);
    if (r->status == ZAGG_OK)
        r->status = zg_creds_get(r->creds, &keys, NULL);
    (void)zg_creds_name(r->creds);
    (void)snprintf(r->access, sizeof r->access, "%s",
                   keys.access_key != NULL ? keys.access_key : "none");
    zg_aws_keys_free(&keys);
    return NULL;
}

/* All of them while the first one's fetch waits. */
static void run_race(source *s, zg_creds *creds, bool renews, racer out[THREADS])
{
    pthread_t threads[THREADS];
    const int before = s->asked;
    s->hold = true;
    for (size_t i = 0; i < THREADS; i++) {
        out[i] = (racer){.creds = creds, .renews = renews};
        assert_int_equal(pthread_create(&threads[i], NULL, race, &out[i]), 0);
    }
    (void)pthread_mutex_lock(&s->lock);
    while (s->asked == before)
        (void)pthread_cond_wait(&s->news, &s->lock);
    s->hold = false;
    (void)pthread_cond_broadcast(&s->news);
    (void)pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void one_renews(void **state)
{
    (void)state;
    source s = counting();
    zg_creds *creds = creds_of(&s);
    racer racers[THREADS];
    run_race(&s, creds, false, racers);
    assert_int_equal(s.asked, 1);
    for (size_t i = 0; i < THREADS; i++)
        assert_string_equal(racers[i].access, "AK1");
    run_race(&s, creds, true, racers);
    assert_int_equal(s.asked, 2);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(racers[i].status, ZAGG_OK);
        assert_true(racers[i].again);
        assert_string_equal(racers[i].access, "AK2");
    }
    zg_creds_free(creds);
}

static void one_fails_for_those_who_wait(void **state)
{
    (void)state;
    source s = counting();
    zg_creds *creds = creds_of(&s);
    racer racers[THREADS];
    s.fails = ZAGG_EAUTH;
    run_race(&s, creds, false, racers);
    /* Threads that came too late to wait for the first one ask themselves. */
    assert_in_range(s.asked, 1, THREADS);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(racers[i].status, ZAGG_EAUTH);
    zg_creds_free(creds);
}

/* ---- the chain: without a network ---- */

static zagg_status ambient_get(zg_aws_keys *keys, char from[320], zagg_err *err)
{
    zg_creds *creds = NULL;
    *keys = (zg_aws_keys){0};
    zagg_status status = zg_creds_ambient(net_http(), "us-west-2", &creds, err);
    if (status != ZAGG_OK)
        return status;
    status = zg_creds_get(creds, keys, err);
    (void)snprintf(from, 320, "%s", zg_creds_name(creds));
    zg_creds_free(creds);
    return status;
}

static void ambient_is(const char *access, const char *token, const char *want_from)
{
    zg_aws_keys keys;
    char from[320];
    zagg_err err = ZAGG_ERR_INIT;
    if (ambient_get(&keys, from, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_string_equal(keys.access_key, access);
    assert_string_equal(keys.secret_key, SECRET);
    if (token != NULL)
        assert_string_equal(keys.token, token);
    else
        assert_null(keys.token);
    if (strstr(from, want_from) == NULL)
        fail_msg("from '%s', not '%s'", from, want_from);
    zg_aws_keys_free(&keys);
}

static void ambient_fails(const char *words)
{
    zg_aws_keys keys;
    char from[320];
    zagg_err err = ZAGG_ERR_INIT;
    assert_error(ambient_get(&keys, from, &err), &err, ZAGG_EAUTH, words);
    assert_null(keys.access_key);
}

static void nowhere(void **state)
{
    (void)state;
    ambient_fails("no AWS keys were found");
    ambient_fails("AWS_ACCESS_KEY_ID is not set; AWS_WEB_IDENTITY_TOKEN_FILE is not "
                  "set; no profile 'default' in ");
    ambient_fails("; no container (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI); instance: "
                  "AWS_EC2_METADATA_DISABLED is set");
    net_set("HOME", NULL);
    ambient_fails("(no home)");
}

static void environment(void **state)
{
    (void)state;
    net_set("AWS_ACCESS_KEY_ID", "AKENV");
    ambient_fails("only one is set");
    net_set("AWS_SECRET_ACCESS_KEY", SECRET);
    ambient_is("AKENV", NULL, "environment");
    net_set("AWS_SESSION_TOKEN", TOKEN);
    ambient_is("AKENV", TOKEN, "environment");
    net_set("AWS_SESSION_TOKEN", "");
    ambient_is("AKENV", NULL, "environment");
    /* Before a profile, as in AWS's own tools. */
    net_file(".aws/credentials", "[p]\naws_access_key_id=X\naws_secret_access_key=Y\n");
    net_set("AWS_PROFILE", "p");
    ambient_is("AKENV", NULL, "environment");
    net_set("AWS_SECRET_ACCESS_KEY", SECRET " ");
    ambient_fails("environment: the secret key");
    net_set("AWS_ACCESS_KEY_ID", NULL);
    ambient_fails("only one is set");
}

static void profile_files(void **state)
{
    (void)state;
    const char *path = net_file(".aws/credentials", "[default]\n"
                                                    "aws_access_key_id = AKDEF\n"
                                                    "aws_secret_access_key = " SECRET "\n"
                                                    "[temp]\n"
                                                    "aws_access_key_id = AKTEMP\n"
                                                    "aws_secret_access_key = " SECRET "\n"
                                                    "aws_session_token = " TOKEN "\n"
                                                    "[half]\n"
                                                    "aws_access_key_id = AKHALF\n"
                                                    "[lines]\n"
                                                    "aws_access_key_id = AKLINES\n"
                                                    "aws_secret_access_key = " SECRET "\n"
                                                    "  more\n"
                                                    "[empty]\n");
    net_file(".aws/config", "[profile conf]\n"
                            "aws_access_key_id = AKCONF\n"
                            "aws_secret_access_key = " SECRET "\n"
                            "s3 =\n"
                            "  max_concurrent_requests = 20\n");
    char from[700];
    (void)snprintf(from, sizeof from, "profile default of %s", path);
    ambient_is("AKDEF", NULL, from);
    net_set("AWS_PROFILE", "temp");
    ambient_is("AKTEMP", TOKEN, "profile temp of ");
    net_set("AWS_PROFILE", "conf");
    ambient_is("AKCONF", NULL, ".aws/config");
    net_set("AWS_PROFILE", "half");
    ambient_fails("profile half: profile half of ");
    net_set("AWS_PROFILE", "lines");
    ambient_fails("the secret key");
    net_set("AWS_PROFILE", "other");
    ambient_fails("there is no profile other in ");
    net_set("AWS_PROFILE", "empty");
    ambient_fails("profile empty has no keys");
}

static void profiles_of_other_kinds(void **state)
{
    (void)state;
    net_file(".aws/config", "[profile sso]\n"
                            "sso_session = s\n"
                            "[profile old-sso]\n"
                            "sso_start_url = https://x\n"
                            "[profile program]\n"
                            "credential_process = /bin/echo " SECRET "\n"
                            "[profile login]\n"
                            "login_session = arn:aws:iam::1:user/x\n"
                            "[profile loop]\n"
                            "role_arn = arn:aws:iam::1:role/a\n"
                            "source_profile = loop2\n"
                            "[profile loop2]\n"
                            "role_arn = arn:aws:iam::1:role/b\n"
                            "source_profile = loop\n"
                            "[profile self]\n"
                            "role_arn = arn:aws:iam::1:role/b\n"
                            "source_profile = self\n"
                            "[profile mfa]\n"
                            "role_arn = arn:aws:iam::1:role/b\n"
                            "source_profile = sso\n"
                            "mfa_serial = 123\n"
                            "[profile alone]\n"
                            "role_arn = arn:aws:iam::1:role/b\n"
                            "[profile strange]\n"
                            "role_arn = arn:aws:iam::1:role/b\n"
                            "credential_source = Moon\n"
                            "[profile no-env]\n"
                            "role_arn = arn:aws:iam::1:role/b\n"
                            "credential_source = Environment\n"
                            "[profile long]\n"
                            "role_arn = arn:aws:iam::1:role/b\n"
                            "duration_seconds = 99999999999999999999\n"
                            "[profile of-sso]\n"
                            "role_arn = arn:aws:iam::1:role/b\n"
                            "source_profile = sso\n");
    static const struct {
        const char *profile, *words;
    } cases[] = {
        {"sso", "profile sso: it gives keys by single sign-on (sso), which zagg does not "
                "run; `aws configure export-credentials"},
        {"old-sso", "single sign-on"},
        {"program", "credential_process"},
        {"login", "aws login"},
        {"loop", "profile loop: profile loop2: source_profile leads back to profile "
                 "loop"},
        {"self", "source_profile self has no keys"},
        {"mfa", "MFA"},
        {"alone", "role_arn needs source_profile"},
        {"strange", "credential_source 'Moon'"},
        {"no-env", "credential_source Environment has no keys"},
        {"long", "duration_seconds"},
        {"of-sso", "profile of-sso: profile sso: it gives keys by single sign-on"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        net_set("AWS_PROFILE", cases[i].profile);
        ambient_fails(cases[i].words);
    }
}

/* ---- roles of STS ---- */

static const char *sts_answer(const char *access, long left)
{
    static char texts[4][700];
    static size_t next;
    char *text = texts[next++ % 4];
    (void)snprintf(
        text, 700,
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
        "<AssumeRoleResult><AssumedRoleUser><Arn>a</Arn></AssumedRoleUser><Credentials>"
        "<AccessKeyId>%s</AccessKeyId><SecretAccessKey>" SECRET "</SecretAccessKey>"
        "<SessionToken>" TOKEN "</SessionToken><Expiration>%s</Expiration>"
        "</Credentials></AssumeRoleResult></AssumeRoleResponse>",
        access, net_time(left));
    return text;
}

static void web_identity(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 500},
        {.status = 200, .body = sts_answer("AKWEB", 3600)},
        {.status = 400,
         .body = "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>"
                 "Expired: " TOKEN "/+=</Message></Error></ErrorResponse>"},
        {.status = 200, .body = "<a>" SECRET},
        {.status = 200, .body = "<a><AccessKeyId>A</AccessKeyId></a>"},
        {.status = 200,
         .body = "<a><AccessKeyId>A</AccessKeyId><SessionToken>" TOKEN
                 "</SessionToken><Expiration>2026-11-27T08:00:00Z</Expiration></a>"}};
    http_script *server = http_script_start(replies, 6);
    net_set("AWS_ENDPOINT_URL_STS", http_script_url(server, ""));
    const char *path = net_file("token", TOKEN "/+=\n");
    net_set("AWS_WEB_IDENTITY_TOKEN_FILE", path);
    ambient_fails("AWS_ROLE_ARN is not");
    net_set("AWS_ROLE_ARN", "arn:aws:iam::123:role/a b");
    net_set("AWS_ROLE_SESSION_NAME", "me");
    ambient_is("AKWEB", TOKEN, "web identity, role arn:aws:iam::123:role/a b");
    const http_request *q = http_script_request(server, 1);
    assert_string_equal(q->method, "POST");
    assert_string_equal(q->target, "/");
    assert_string_equal(
        q->body, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
                 "&RoleArn=arn%3Aaws%3Aiam%3A%3A123%3Arole%2Fa%20b&RoleSessionName=me"
                 "&WebIdentityToken=" TOKEN "%2F%2B%3D");
    assert_null(http_request_header(q, "Authorization"));
    assert_string_equal(http_request_header(q, "Content-Type"),
                        "application/x-www-form-urlencoded");
    net_set("AWS_ROLE_SESSION_NAME", NULL);
    ambient_fails("ExpiredTokenException: Expired: ...");
    ambient_fails("the answer is no XML");
    ambient_fails("lacks the session token");
    ambient_fails("the secret key");
    assert_non_null(
        strstr(http_script_request(server, 2)->body, "&RoleSessionName=zagg-"));
    net_file("token", "\n");
    ambient_fails("no web identity token");
    net_file("token", TOKEN " " TOKEN);
    ambient_fails("no web identity token");
    assert_int_equal(http_script_requests(server), 6);
    http_script_stop(server);
}

static void role_of_profile(void **state)
{
    (void)state;
    const http_reply replies[] = {{.status = 200, .body = sts_answer("AKMID", 3600)},
                                  {.status = 200, .body = sts_answer("AKROLE", 3600)},
                                  {.status = 403,
                                   .body = "<E><Error><Code>AccessDenied</Code><Message>"
                                           "not you</Message></Error></E>"}};
    http_script *server = http_script_start(replies, 3);
    net_file(".aws/config", "[profile base]\n"
                            "aws_access_key_id = AKBASE\n"
                            "aws_secret_access_key = " SECRET "\n"
                            "[profile mid]\n"
                            "role_arn = arn:aws:iam::1:role/mid\n"
                            "source_profile = base\n"
                            "region = eu-west-3\n"
                            "[profile top]\n"
                            "role_arn = arn:aws:iam::1:role/top\n"
                            "source_profile = mid\n"
                            "external_id = x&y\n"
                            "role_session_name = s\n"
                            "duration_seconds = 900\n");
    net_set("AWS_ENDPOINT_URL", http_script_url(server, ""));
    net_set("AWS_PROFILE", "top");
    ambient_is("AKROLE", TOKEN, "role arn:aws:iam::1:role/top of profile top");
    const http_request *q = http_script_request(server, 0);
    const char *signature = http_request_header(q, "Authorization");
    assert_non_null(strstr(signature, "Credential=AKBASE/"));
    assert_non_null(strstr(signature, "/eu-west-3/sts/aws4_request"));
    assert_non_null(strstr(q->body, "role%2Fmid"));
    q = http_script_request(server, 1);
    signature = http_request_header(q, "Authorization");
    assert_non_null(strstr(signature, "Credential=AKMID/"));
    assert_non_null(strstr(signature, "/us-west-2/sts/aws4_request"));
    assert_string_equal(http_request_header(q, "x-amz-security-token"), TOKEN);
    assert_string_equal(q->body,
                        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A"
                        "%3A1%3Arole%2Ftop&RoleSessionName=s&ExternalId=x%26y"
                        "&DurationSeconds=900");
    ambient_fails("profile top: profile mid: STS for role arn:aws:iam::1:role/mid: POST");
    assert_int_equal(http_script_requests(server), 3);
    http_script_stop(server);
}

/* ---- container ---- */

static const char *json_answer(const char *access, long left)
{
    static char texts[4][500];
    static size_t next;
    char *text = texts[next++ % 4];
    (void)snprintf(text, 500,
                   "{\"Code\": \"Success\", \"AccessKeyId\": \"%s\", "
                   "\"SecretAccessKey\": \"" SECRET "\", \"Token\": \"" TOKEN
                   "\", \"Expiration\": \"%s\"}",
                   access, net_time(left));
    return text;
}

static void container(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 200, .body = json_answer("AKBOX", 3600)},
        {.status = 200, .body = json_answer("AKBOX2", 3600)},
        {.status = 404, .body = "{\"code\": \"NoRole\", \"message\": \"none here\"}"},
        {.status = 200, .body = "{\"Code\": \"Refused\", \"Message\": \"not now\"}"},
        {.status = 302, .headers = "Location: http://127.0.0.1:1/\r\n"}};
    http_script *server = http_script_start(replies, 5);
    net_set("HTTP_PROXY", "http://127.0.0.1:1"); /* not for such hosts */
    net_set("AWS_CONTAINER_CREDENTIALS_FULL_URI", http_script_url(server, "/creds?a=b"));
    ambient_is("AKBOX", TOKEN, "container");
    assert_string_equal(http_script_request(server, 0)->target, "/creds?a=b");
    assert_null(http_request_header(http_script_request(server, 0), "Authorization"));
    net_set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic wrong");
    net_set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            net_file("box", "Bearer " TOKEN "\n"));
    ambient_is("AKBOX2", TOKEN, "container");
    assert_string_equal(
        http_request_header(http_script_request(server, 1), "Authorization"),
        "Bearer " TOKEN);
    ambient_fails("container endpoint: GET");
    ambient_fails("the container's endpoint gives no keys: Refused: not now");
    ambient_fails("the container's endpoint: the answer is no JSON");
    assert_int_equal(http_script_requests(server), 5);
    net_set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", net_file("box2", TOKEN "\x01"));
    ambient_fails("box2 holds characters that no token has");
    http_script_stop(server);
}

static void container_hosts(void **state)
{
    (void)state;
    static const char *const refused[] = {"http://example.com/creds",
                                          "http://10.0.0.1/",
                                          "http://169.254.170.3/",
                                          "http://169.254.169.254/",
                                          "http://127.0.0.1.evil.com/",
                                          "http://localhost.evil.com/",
                                          "http://[::2]/",
                                          "ftp://127.0.0.1/",
                                          "http://u@127.0.0.1/",
                                          "127.0.0.1/x",
                                          "http://127.0.0.1@evil.com/",
                                          "http://[fd00:ec2::230]/",
                                          "http://[::1].evil.com/"};
    net_set("AWS_CONTAINER_AUTHORIZATION_TOKEN", TOKEN);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        net_set("AWS_CONTAINER_CREDENTIALS_FULL_URI", refused[i]);
        ambient_fails("AWS_CONTAINER_CREDENTIALS_FULL_URI is neither");
    }
    net_set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.com/");
    ambient_fails("does not begin with '/'");
}

/* ---- instance ---- */

typedef struct metadata {
    bool disabled, no_role, refuses;
    const char *answer;
} metadata;

static http_reply metadata_reply(void *user, size_t nth, const http_request *q)
{
    const metadata *m = user;
    (void)nth;
    if (m->disabled)
        return (http_reply){.status = 403};
    if (strcmp(q->method, "PUT") == 0 && strcmp(q->target, "/latest/api/token") == 0 &&
        http_request_header(q, "X-aws-ec2-metadata-token-ttl-seconds") != NULL)
        return (http_reply){.status = 200, .body = TOKEN};
    const char *token = http_request_header(q, "X-aws-ec2-metadata-token");
    if (token == NULL || strcmp(token, TOKEN) != 0)
        return (http_reply){.status = 401};
    if (m->no_role)
        return (http_reply){.status = 404};
    if (strcmp(q->target, "/latest/meta-data/iam/security-credentials/") == 0)
        return (http_reply){.status = 200, .body = "my-role\nother"};
    if (strcmp(q->target, "/latest/meta-data/iam/security-credentials/my-role") == 0)
        return (http_reply){.status = 200, .body = m->answer};
    return (http_reply){.status = 400};
}

static void instance(void **state)
{
    (void)state;
    metadata m = {.answer = json_answer("AKVM", 3600)};
    http_script *server = http_script_start_with(metadata_reply, &m);
    net_set("HTTP_PROXY", "http://127.0.0.1:1");
    net_set("AWS_EC2_METADATA_DISABLED", NULL);
    net_set("AWS_EC2_METADATA_SERVICE_ENDPOINT", http_script_url(server, "/"));
    ambient_is("AKVM", TOKEN, "instance role my-role");
    assert_int_equal(http_script_requests(server), 3);
    m.answer = "{\"Code\": \"AssumeRoleUnauthorizedAccess\", \"Message\": \"no trust\"}";
    ambient_fails("the instance's metadata gives no keys: AssumeRoleUnauthorizedAccess: "
                  "no trust");
    m.no_role = true;
    ambient_fails("instance: GET http://127.0.0.1");
    m.disabled = true;
    ambient_fails("instance: PUT http://127.0.0.1");
    const size_t before = http_script_requests(server);
    net_set("AWS_EC2_METADATA_DISABLED", "TRUE");
    ambient_fails("AWS_EC2_METADATA_DISABLED is set");
    assert_int_equal(http_script_requests(server), before);
    net_set("AWS_EC2_METADATA_DISABLED", "false");
    net_set("AWS_EC2_METADATA_SERVICE_ENDPOINT", "nothing");
    ambient_fails("AWS_EC2_METADATA_SERVICE_ENDPOINT is no URL");
    http_script_stop(server);
}

/* Nobody is there: told soon, and in passing. */
static void no_instance(void **state)
{
    (void)state;
    http_script *server = http_script_start(&(http_reply){.status = 0}, 1);
    char url[200];
    (void)snprintf(url, sizeof url, "%s", http_script_url(server, ""));
    http_script_stop(server);
    net_set("AWS_EC2_METADATA_DISABLED", NULL);
    net_set("AWS_EC2_METADATA_SERVICE_ENDPOINT", url);
    const double begun = zg_clock_mono_s();
    ambient_fails("; instance: PUT ");
    assert_true(zg_clock_mono_s() - begun < 5);
}

/* The place that gave keys is asked alone from then on. */
static void keeps_its_place(void **state)
{
    (void)state;
    metadata m = {.answer = json_answer("AKVM", 3600)};
    http_script *server = http_script_start_with(metadata_reply, &m);
    zg_creds *creds = NULL;
    zg_aws_keys stale = {.access_key = (char *)"AKVM", .token = (char *)TOKEN};
    zagg_err err = ZAGG_ERR_INIT;
    bool again = false;
    net_set("AWS_EC2_METADATA_DISABLED", NULL);
    net_set("AWS_EC2_METADATA_SERVICE_ENDPOINT", http_script_url(server, ""));
    assert_int_equal(zg_creds_ambient(net_http(), NULL, &creds, &err), ZAGG_OK);
    assert_string_equal(zg_creds_name(creds), "AWS credentials");
    get_is(creds, "AKVM");
    net_set("AWS_ACCESS_KEY_ID", "AKENV");
    net_set("AWS_SECRET_ACCESS_KEY", SECRET);
    m.answer = json_answer("AKVM2", 3600);
    assert_int_equal(zg_creds_renew(creds, &stale, &again, &err), ZAGG_OK);
    assert_true(again);
    get_is(creds, "AKVM2");
    assert_string_equal(zg_creds_name(creds), "instance role my-role");
    zg_creds_free(creds);
    http_script_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asked_when_needed),
        cmocka_unit_test(five_minutes),
        cmocka_unit_test(failures),
        cmocka_unit_test(nothing_newer),
        cmocka_unit_test(given_keys),
        cmocka_unit_test(one_renews),
        cmocka_unit_test(one_fails_for_those_who_wait),
        NET_TEST(nowhere),
        NET_TEST(environment),
        NET_TEST(profile_files),
        NET_TEST(profiles_of_other_kinds),
        NET_TEST(web_identity),
        NET_TEST(role_of_profile),
        NET_TEST(container),
        NET_TEST(container_hosts),
        NET_TEST(instance),
        NET_TEST(no_instance),
        NET_TEST(keeps_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
