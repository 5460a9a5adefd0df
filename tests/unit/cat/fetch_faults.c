/* Fetching from servers that misbehave, and going on where a fetch was cut short. */
#include "base/base.h"
#include "fetch_test.h"

/* ---- servers that misbehave ---- */

static void bad_pages(void **state)
{
    (void)state;
    static const struct {
        http_reply reply;
        zagg_status status;
        const char *message;
        size_t requests;
    } CASES[] = {
        {{.status = 200, .headers = "Content-Type: text/html\r\n", .body = "<html>\n{"},
         ZAGG_EHTTP,
         "*search: page 1: no page of items after 4 attempts (content-type 'text/html' "
         "is "
         "not JSON): status 200, '<html> {'",
         4},
        {{.status = 200, .headers = JSON, .body = "{\"features\":["},
         ZAGG_EHTTP,
         "*(the text ends in the middle of a value): status 200, '{\"features\":['",
         4},
        {{.status = 200, .headers = JSON, .body = "[1]"},
         ZAGG_EHTTP,
         "*(no JSON object): status 200, '[1]'",
         4},
        {{.status = 200, .body = "null"}, ZAGG_EHTTP, "*(no JSON object)*", 4},
        {{.status = 200, .headers = JSON, .body = "{} x"},
         ZAGG_EHTTP,
         "*(text behind the JSON object)*",
         4},
        {{.status = 404, .body = "none"}, ZAGG_ENOTFOUND, "*page 1: *", 1},
        {{.status = 400, .body = "{\"message\":\"bad bbox\"}"},
         ZAGG_EHTTP,
         "*page 1: *bad bbox*",
         1},
        {{.status = 503}, ZAGG_EHTTP, "*page 1: *503*", 4},
        {{.status = 200, .headers = JSON, .body = "{\"features\":7}"},
         ZAGG_EFORMAT,
         "*'[' must stand here (found 7})",
         1},
        {{.status = 200, .headers = JSON, .body = "{\"features\":[7]}"},
         ZAGG_EFORMAT,
         "*item 0 of the page: an item that is no object",
         1},
        {{.status = 200, .headers = JSON, .body = "{\"features\":[{\"type\":\"x\"}]}"},
         ZAGG_EFORMAT,
         "*an item that is no Feature",
         1},
        {{.status = 200,
          .headers = JSON,
          .body = "{\"features\":[" CMR_ITEM("a") "],\"links\":[{\"rel\":\"next\"}]}"},
         ZAGG_EFORMAT,
         "*the next link has no href",
         1},
        {{.status = 200,
          .headers = JSON,
          .body =
              "{\"features\":[" CMR_ITEM("a") "],\"links\":[{\"rel\":\"next\",\"href\":"
                                              "\"file:///etc/passwd\"}]}"},
         ZAGG_EFORMAT,
         "*the next link leads to 'file:///etc/passwd'",
         1},
        {{.status = 200,
          .headers = JSON,
          .body = "{\"features\":[" CMR_ITEM(
              "a") "],\"links\":[{\"rel\":\"next\",\"href\":"
                   "\"http://h/\",\"method\":\"POST\",\"body\":[1]}]}"},
         ZAGG_EFORMAT,
         "*the next link's body is no object",
         1}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        http_script *server = serve(&CASES[i].reply, 1);
        const zagg_search_query q = cmr_query(server);
        refuse(&q, NULL, CASES[i].status, CASES[i].message);
        assert_int_equal(http_script_requests(server), CASES[i].requests);
        http_script_stop(server);
        assert_false(is_there("c.ndjson"));
        assert_false(is_there("c.ndjson.partial"));
    }
}

static void patience(void **state)
{
    (void)state;
    const http_reply replies[] = {{.status = 429, .headers = "Retry-After: 0\r\n"},
                                  {.status = 502},
                                  {.status = 504},
                                  page("{\"features\":[" CMR_ITEM("a") "]}")};
    http_script *server = serve(replies, 4);
    const zagg_search_query q = cmr_query(server);
    assert_int_equal(must_fetch(&q, NULL).items, 1);
    assert_int_equal(http_script_requests(server), 4);
    http_script_stop(server);
    forget();
}

static void large_page(void **state)
{
    (void)state;
    const http_reply reply = page("{\"features\":[" CMR_ITEM("a") "]}");
    http_script *server = serve(&reply, 1);
    const zagg_search_query q = cmr_query(server);
    const zagg_search_opts opts = {.max_page_bytes = 100};
    zagg_search_result r;
    zagg_err err;
    assert_int_not_equal(try_fetch(&q, &opts, &r, &err), ZAGG_OK);
    assert_non_null(strstr(err.msg, "100"));
    http_script_stop(server);
    forget();
}

/* A page that comes packed, and one that unpacks to more than is allowed. */
static void packed_pages(void **state)
{
    (void)state;
    char *data = NULL;
    size_t len = 0;
    write_text(dir, "p", "{\"features\":[" CMR_ITEM("a") "]}");
    zg_free(shell_ok(dir,
                     "gzip -fk p; (printf '{\"x\":\"'; head -c 2000000 /dev/zero | tr "
                     "'\\0' 'a'; printf '\"}') | gzip > bomb.gz"));
    assert_int_equal(zagg_file_read(in_dir("p.gz"), 100000, &data, &len, NULL), 0);
    http_reply reply = {.status = 200,
                        .headers = JSON "Content-Encoding: gzip\r\n",
                        .body = data,
                        .body_len = len};
    http_script *server = serve(&reply, 1);
    zagg_search_query q = cmr_query(server);
    assert_int_equal(must_fetch(&q, NULL).items, 1);
    assert_string_equal(
        http_request_header(http_script_request(server, 0), "Accept-Encoding"), "gzip");
    http_script_stop(server);
    zagg_bytes_free(data);
    forget();
    assert_int_equal(zagg_file_read(in_dir("bomb.gz"), 100000, &data, &len, NULL), 0);
    reply.body = data;
    reply.body_len = len;
    server = serve(&reply, 1);
    q = cmr_query(server);
    const zagg_search_opts opts = {.max_page_bytes = 50000};
    refuse(&q, &opts, ZAGG_ERANGE, "*more than 50000 bytes of text");
    http_script_stop(server);
    zagg_bytes_free(data);
    forget();
}

/* ---- circles ---- */

typedef struct circle {
    bool new_links; /* ever new links to an old item; else page 2 leads to itself */
    char body[512];
} circle;

static http_reply answer_circle(void *user, size_t nth, const http_request *request)
{
    circle *c = user;
    const char *port = strstr(request->headers, "127.0.0.1:");
    (void)snprintf(
        c->body, sizeof c->body,
        "{\"features\":[{\"type\":\"Feature\",\"id\":\"%zu\"}],\"links\":[{\"rel\""
        ":\"next\",\"href\":\"http://%.*s/p?n=%zu\"}]}",
        c->new_links ? (size_t)0 : nth, (int)strcspn(port, "\r"), port,
        c->new_links ? nth : (size_t)0);
    return page(c->body);
}

static void circles(void **state)
{
    (void)state;
    for (int new_links = 0; new_links < 2; new_links++) {
        circle c = {.new_links = new_links == 1};
        http_script *server = http_script_start_with(answer_circle, &c);
        const zagg_search_query q = cmr_query(server);
        refuse(&q, NULL, ZAGG_EFORMAT,
               new_links == 0
                   ? "*/p: page 3: the link to page 3 leads back to an earlier page"
                   : "*the last 3 pages hold nothing new: the server's next links go "
                     "in a circle");
        http_script_stop(server);
        forget();
    }
}

/* ---- going on ---- */

typedef struct moody {
    const char *port;
    size_t fail_from, fail_to; /* requests that get no page */
    int status;
    char body[1024];
} moody;

static size_t page_of(const http_request *r)
{
    const char *n = strstr(r->target, "n=");
    return n != NULL ? (size_t)(n[2] - '0') : 0;
}

static http_reply answer_moody(void *user, size_t nth, const http_request *request)
{
    moody *m = user;
    const char *port = strstr(request->headers, "127.0.0.1:");
    const size_t n = page_of(request);
    if (nth >= m->fail_from && nth < m->fail_to)
        return (http_reply){.status = m->status};
    (void)snprintf(m->body, sizeof m->body,
                   "{\"features\":[{\"type\":\"Feature\",\"id\":\"i%zu\"}],\"links\":[{"
                   "\"rel\":\"%s\",\"href\":\"http://%.*s/p?n=%zu\"}]}",
                   n, n < 4 ? "next" : "last", (int)strcspn(port, "\r"), port, n + 1);
    return page(m->body);
}

static void check_five(const zagg_search_result *r)
{
    assert_int_equal(r->items, 5);
    char *text = shell_ok(dir, "tail -n +2 c.ndjson | grep -o 'i[0-9]' | tr '\\n' ' '");
    assert_string_equal(text, "i0 i1 i2 i3 i4 ");
    zg_free(text);
    assert_false(is_there("c.ndjson.partial") || is_there("c.ndjson.partial.json"));
    forget();
}

static void going_on(void **state)
{
    (void)state;
    moody m = {.fail_from = 2, .fail_to = 3, .status = 400};
    http_script *server = http_script_start_with(answer_moody, &m);
    zagg_search_query q = cmr_query(server);
    refuse(&q, NULL, ZAGG_EHTTP, "*/p: page 3: *");
    assert_true(is_there("c.ndjson.partial") && is_there("c.ndjson.partial.json"));
    /* half a page more, as a crash leaves it */
    zg_free(shell_ok(dir, "printf '{\"type\":\"Feat' >> c.ndjson.partial"));
    zagg_search_result r = must_fetch(&q, NULL);
    assert_int_equal(r.resumed, 2);
    assert_int_equal(http_script_requests(server), 6);
    check_five(&r);
    http_script_stop(server);
}

static void another_query(void **state)
{
    (void)state;
    moody m = {.fail_from = 2, .fail_to = 3, .status = 400};
    http_script *server = http_script_start_with(answer_moody, &m);
    zagg_search_query q = cmr_query(server);
    refuse(&q, NULL, ZAGG_EHTTP, "*page 3*");
    q.end_date = "2025-12-30";
    zagg_search_result r = must_fetch(&q, NULL);
    assert_int_equal(r.resumed, 0);
    assert_int_equal(http_script_requests(server), 8);
    check_five(&r);
    /* and the same one, on demand */
    m.fail_from = 10;
    m.fail_to = 11;
    refuse(&q, NULL, ZAGG_EHTTP, "*page 3*");
    r = must_fetch(&q, &(zagg_search_opts){.restart = true});
    assert_int_equal(r.resumed, 0);
    check_five(&r);
    http_script_stop(server);
}

/* The server has forgotten the place, or the files are damaged: from the beginning. */
static void places_lost(void **state)
{
    (void)state;
    static const char *const DAMAGE[] = {
        "true",
        "printf x > c.ndjson.partial",
        "rm c.ndjson.partial",
        "printf '{' > c.ndjson.partial.json",
        "sed -i 's/\"items\": 2/\"items\": 3/' c.ndjson.partial.json",
        "sed -i 's/zagg-fetch/other/' c.ndjson.partial.json"};
    for (size_t i = 0; i < sizeof DAMAGE / sizeof DAMAGE[0]; i++) {
        /* the fourth request fails, too, where the damage is the server's */
        moody m = {.fail_from = 2, .fail_to = i == 0 ? 4 : 3, .status = 404};
        http_script *server = http_script_start_with(answer_moody, &m);
        const zagg_search_query q = cmr_query(server);
        refuse(&q, NULL, ZAGG_ENOTFOUND, "*page 3*");
        zg_free(shell_ok(dir, "%s", DAMAGE[i]));
        zagg_search_result r = must_fetch(&q, NULL);
        assert_int_equal(r.resumed, 0);
        check_five(&r);
        http_script_stop(server);
    }
}

static volatile int stop_flag;

static void stop_now(void *user, const zagg_search_progress *p)
{
    (void)user;
    if (p->pages == 2)
        zg_stop(&stop_flag);
}

static void stopped(void **state)
{
    (void)state;
    moody m = {.fail_from = 100, .fail_to = 100};
    http_script *server = http_script_start_with(answer_moody, &m);
    const zagg_search_query q = cmr_query(server);
    const zagg_search_opts opts = {.progress = stop_now, .stop = &stop_flag};
    refuse(&q, &opts, ZAGG_ECANCELLED, "*page 3*");
    zagg_search_result r = must_fetch(&q, NULL);
    assert_int_equal(r.resumed, 2);
    check_five(&r);
    http_script_stop(server);
}

/* All items are there, but the catalog could not be written. */
static void only_the_catalog_is_missing(void **state)
{
    (void)state;
    moody m = {.fail_from = 100, .fail_to = 100};
    http_script *server = http_script_start_with(answer_moody, &m);
    const zagg_search_query q = cmr_query(server);
    zg_free(shell_ok(dir, "mkdir c.ndjson"));
    refuse(&q, NULL, ZAGG_EIO, "*c.ndjson*");
    assert_int_equal(http_script_requests(server), 5);
    zg_free(shell_ok(dir, "rmdir c.ndjson"));
    zagg_search_result r = must_fetch(&q, NULL);
    assert_int_equal(http_script_requests(server), 5);
    assert_int_equal(r.resumed, 5);
    check_five(&r);
    http_script_stop(server);
}

static void not_reached(void **state)
{
    (void)state;
    moody m = {.fail_from = 100, .fail_to = 100};
    http_script *server = http_script_start_with(answer_moody, &m);
    const zagg_search_query q = cmr_query(server);
    http_script_stop(server);
    refuse(&q, NULL, ZAGG_EHTTP, "*127.0.0.1*");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_pages),     cmocka_unit_test(patience),
        cmocka_unit_test(large_page),    cmocka_unit_test(packed_pages),
        cmocka_unit_test(circles),       cmocka_unit_test(going_on),
        cmocka_unit_test(another_query), cmocka_unit_test(places_lost),
        cmocka_unit_test(stopped),       cmocka_unit_test(only_the_catalog_is_missing),
        cmocka_unit_test(not_reached),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
