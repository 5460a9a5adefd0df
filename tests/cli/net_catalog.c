/* zagg catalog extract on granules behind servers: the items are those of local granules,
 * with the URLs for hrefs; keys and signatures are in none of them. */
#include "cli/fixture.h"
#include "support/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCESS "AKIATESTITEMS0000000"
#define SECRET "secret/of/items"
#define TOKEN "token-of-items"
/* What differs between the items: the hrefs. */
#define WITHOUT_HREFS "sed -E 's/\"assets\": *\\{.*\\}//'"

typedef struct remote {
    fixture *f;
    test_server *s3, *daac;
} remote;

static void set(const char *name, const char *value)
{
    assert_int_equal(setenv(name, value, 1), 0);
}

static int setup(void **state)
{
    static remote r;
    void *f;
    if (!server_available() || fixture_new(&f) != 0)
        return -1;
    r.f = f;
    zg_free(shell_ok(r.f->dir, "mkdir granules && cp g/*.h5 granules/ && "
                               "zagg catalog extract granules -q -o local.ndjson"));
    const char *const s3[] = {"--root", r.f->dir, "--key", ACCESS, SECRET, NULL};
    r.s3 = server_start("s3_server", s3);
    const char *const daac[] = {"--root", r.f->dir,  "--user", "me",
                                "pw",     "--token", TOKEN,    NULL};
    r.daac = server_start("daac_server", daac);
    set("AWS_ENDPOINT_URL", server_url(r.s3));
    set("AWS_ACCESS_KEY_ID", ACCESS);
    set("AWS_SECRET_ACCESS_KEY", SECRET);
    set("AWS_EC2_METADATA_DISABLED", "true");
    set("EARTHDATA_TOKEN", TOKEN);
    set("ZAGG_EARTHDATA_HOSTS", server_url(r.daac) + strlen("http://"));
    *state = &r;
    return 0;
}

static int teardown(void **state)
{
    remote *r = *state;
    void *f = r->f;
    (void)server_stop_all(state);
    return fixture_free(&f);
}

static void assert_as_local(const remote *r)
{
    char *differences =
        shell_ok(r->f->dir, WITHOUT_HREFS " local.ndjson >1; " WITHOUT_HREFS
                                          " o.ndjson >2; wc -l <1; cmp 1 2");
    assert_string_equal(differences, "2\n");
    zg_free(differences);
}

static void buckets(void **state)
{
    const remote *r = *state;
    zg_free(shell_ok(r->f->dir, "zagg catalog extract s3://granules/b.h5 "
                                "s3://granules/a.h5 s3://granules/a.h5 "
                                "--max-workers 3 --force -q -o o.ndjson"));
    assert_as_local(r);
    char *hrefs = shell_ok(r->f->dir, "grep -o '\"assets\".*' o.ndjson");
    if (!text_matches("\"assets\":*{\"data_s3\":*{\"href\":*\"s3://granules/a.h5\"*\n"
                      "\"assets\":*{\"data_s3\":*{\"href\":*\"s3://granules/b.h5\"*\n",
                      hrefs))
        fail_msg("%s", hrefs);
    zg_free(hrefs);
}

static void archives(void **state)
{
    const remote *r = *state;
    const char *daac = server_url(r->daac);
    zg_free(shell_ok(r->f->dir,
                     "zagg catalog extract '%s/data/granules/a.h5?token=abc' "
                     "%s/data/granules/b.h5 --force -q -o o.ndjson",
                     daac, daac));
    assert_as_local(r);
    char *text = shell_ok(r->f->dir, "cat o.ndjson");
    char href[256];
    (void)snprintf(href, sizeof href, "\"%s/data/granules/a.h5\"", daac);
    assert_non_null(strstr(text, href));
    assert_null(strstr(text, "token"));
    zg_free(text);
}

/* Local ones beside remote ones; one that is not there is told of and left out. */
static void some(void **state)
{
    const remote *r = *state;
    run_result run =
        shell_in(r->f->dir, "zagg catalog extract granules/a.h5 s3://granules/b.h5 "
                            "s3://granules/none.h5 --force -o o.ndjson");
    assert_int_equal(run.status, 1);
    assert_string_equal(run.out, "o.ndjson: 2 items\n");
    if (!text_matches("zagg catalog extract: s3://granules/none.h5: GET *404*", run.err))
        fail_msg("%s", run.err);
    run_result_free(&run);
    assert_as_local(r);
}

/* Of nothing but failures the first gives the exit code. */
static void refused(void **state)
{
    const remote *r = *state;
    set("AWS_SECRET_ACCESS_KEY", "another/secret");
    run_result run = shell_in(
        r->f->dir, "zagg catalog extract s3://granules/a.h5 --force -o none.ndjson");
    set("AWS_SECRET_ACCESS_KEY", SECRET);
    assert_int_equal(run.status, 4);
    if (!text_matches("zagg catalog extract: s3://granules/a.h5: GET *\nzagg catalog "
                      "extract: none of the 1 granules could be read\n",
                      run.err))
        fail_msg("%s", run.err);
    assert_null(strstr(run.err, "another/secret"));
    run_result_free(&run);
    zg_free(shell_ok(r->f->dir, "test ! -e none.ndjson"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets),
        cmocka_unit_test(archives),
        cmocka_unit_test(some),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
