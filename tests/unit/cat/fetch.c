/* Fetching from a server of the test's own: what is asked, in which order, what of the
 * answers is kept, and what becomes of a fetch that did not end. */
#include "zagg/fetch.h"

#include "cat/fetch.h"
#include "support/http_script.h"
#include "support/program.h"
#include "text/text.h"
#include "zagg/catalog.h"

#include <stdio.h>
#include <string.h>

static char *dir;

static int make_dir(void **state)
{
    (void)state;
    dir = make_temp_dir();
    return dir != NULL ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    remove_tree(dir);
    zg_free(dir);
    return 0;
}

static const char *in_dir(const char *name)
{
    static char paths[4][512];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

#define JSON "Content-Type: application/geo+json; charset=utf-8\r\n"
/* An item as CMR-STAC gives it: assets under the path of their file. */
#define CMR_ITEM(id)                                                                     \
    "{\"type\":\"Feature\",\"id\":\"" id "\",\"geometry\":{\"type\":\"Point\","          \
    "\"coordinates\":[1,2]},\"properties\":{\"datetime\":\"2025-01-02T03:04:05.5Z\"},"   \
    "\"assets\":{\"03/" id "\":{\"href\":\"s3://b/" id ".h5\",\"roles\":[\"data\"]},"    \
    "\"04/" id "\":{\"href\":\"https://h/" id ".h5\",\"roles\":[\"data\"]},\"m\":{"      \
    "\"href\":\"https://h/" id ".xml\",\"roles\":[\"metadata\"]},\"browse\":{\"href\":"  \
    "\"https://h/" id ".png\",\"roles\":[\"browse\"]},\"d\":{\"href\":\"https://h/" id   \
    ".dmrpp\",\"roles\":[\"data\"]}}}"

static zagg_fetch_query cmr_query(const http_script *server)
{
    static char root[64];
    (void)snprintf(root, sizeof root, "%s", http_script_url(server, "/stac"));
    return (zagg_fetch_query){.root = root,
                              .short_name = "ATL03",
                              .start_date = "2025-01-01",
                              .end_date = "2025-12-31",
                              .bbox = {-76.62107, 38.84504, -76.50583, 38.93512}};
}

static zagg_status try_fetch(const zagg_fetch_query *q, const zagg_fetch_opts *opts,
                             zagg_fetch_result *out, zagg_err *err)
{
    zagg_fetch_opts o = opts != NULL ? *opts : (zagg_fetch_opts){.restart = false};
    if (o.backoff_s == 0)
        o.backoff_s = 0.001;
    memset(err, 0, sizeof *err);
    return zagg_fetch(q, &o, in_dir("c.ndjson"), out, err);
}

static zagg_fetch_result must_fetch(const zagg_fetch_query *q,
                                    const zagg_fetch_opts *opts)
{
    zagg_fetch_result r = {.pages = 0};
    zagg_err err;
    if (try_fetch(q, opts, &r, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return r;
}

static void refuse(const zagg_fetch_query *q, const zagg_fetch_opts *opts,
                   zagg_status want, const char *message)
{
    zagg_fetch_result r = {.pages = 0};
    zagg_err err;
    const zagg_status status = try_fetch(q, opts, &r, &err);
    if (status != want || !text_matches(message, err.msg))
        fail_msg("%d \"%s\" is not %d \"%s\"", status, err.msg, want, message);
}

static bool is_there(const char *name)
{
    FILE *f = fopen(in_dir(name), "rb");
    if (f != NULL)
        (void)fclose(f);
    return f != NULL;
}

static void forget(void)
{
    (void)remove(in_dir("c.ndjson"));
    (void)remove(in_dir("c.ndjson.partial"));
    (void)remove(in_dir("c.ndjson.partial.json"));
}

/* The catalog as text; the caller's (zg_free). */
static char *catalog_text(void)
{
    return shell_ok(dir, "cat c.ndjson");
}

/* ---- golden: the requests of upstream against a scripted server ---- */

typedef struct golden_server {
    const http_script *self;
    char next[128];
    char first[512], second[512], third[256];
} golden_server;

static http_reply answer_golden(void *user, size_t nth, const http_request *request)
{
    golden_server *s = user;
    (void)request;
    const http_reply replies[] = {
        {.status = 200, .headers = JSON, .body = s->first},
        {.status = 503, .body = "busy"},
        {.status = 200, .headers = "Content-Type: text/html\r\n", .body = "<html>"},
        {.status = 200, .headers = JSON, .body = s->second},
        {.status = 200, .headers = JSON, .body = s->third}};
    return replies[nth < 4 ? nth : 4];
}

static void golden_requests(void **state)
{
    (void)state;
    if (!golden_available("catalog/fetch_requests.json"))
        return;
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), 0);
    const zagg_value *want =
        golden_json(arena, golden_path("catalog/fetch_requests.json"));
    golden_server s = {.self = NULL};
    http_script *server = http_script_start_with(answer_golden, &s);
#define BARE(id)                                                                         \
    "{\"type\":\"Feature\",\"id\":\"" id "\",\"geometry\":null,\"assets\":{}}"
    (void)snprintf(
        s.first, sizeof s.first,
        "{\"features\":[" BARE("a") "],\"links\":[{\"rel\":\"self\"},{\"rel\":"
                                    "\"next\",\"href\":\"%s\"}]}",
        http_script_url(server, "/stac/NSIDC_CPRD/search?cursor=abc&limit=250"));
    (void)snprintf(s.second, sizeof s.second,
                   "{\"features\":[" BARE(
                       "b") "],\"links\":[{\"rel\":\"next\",\"method\":"
                            "\"POST\",\"href\":\"%s\",\"body\":{\"cursor\":\"zzz\"}}]}",
                   http_script_url(server, "/stac/NSIDC_CPRD/search"));
    (void)snprintf(s.third, sizeof s.third,
                   "{\"features\":[" BARE("c") "],\"links\":[]}");
    const zagg_fetch_query q = cmr_query(server);
    const zagg_fetch_result r = must_fetch(&q, NULL);
    assert_int_equal(r.pages, 3);
    assert_int_equal(r.items, 3);
    assert_int_equal(http_script_requests(server), want->n);
    for (size_t i = 0; i < want->n; i++) {
        const zagg_value *w = want->items[i];
        const http_request *got = http_script_request(server, i);
        const char *body = zg_value_text(w, "body");
        const char *type = zg_value_text(w, "content_type");
        assert_string_equal(got->method, zg_value_text(w, "method"));
        assert_string_equal(got->target, zg_value_text(w, "path"));
        assert_string_equal(http_request_header(got, "Accept"),
                            zg_value_text(w, "accept"));
        if (type != NULL)
            assert_string_equal(http_request_header(got, "Content-Type"), type);
        else
            assert_null(http_request_header(got, "Content-Type"));
        assert_int_equal(got->body_len, body != NULL ? strlen(body) : 0);
        if (body != NULL)
            assert_memory_equal(got->body, body, got->body_len);
    }
    http_script_stop(server);
    zagg_arena_free(arena);
    forget();
}

/* ---- what is kept ---- */

static http_script *serve(const http_reply *replies, size_t n)
{
    return http_script_start(replies, n);
}

static void cmr_items(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 200,
         .headers = JSON,
         .body = "{\"type\":\"FeatureCollection\",\"features\":[" CMR_ITEM(
             "a") "," CMR_ITEM("b") "]}"}};
    http_script *server = serve(replies, 1);
    zagg_fetch_query q = cmr_query(server);
    const zagg_fetch_result r = must_fetch(&q, NULL);
    assert_int_equal(r.items, 2);
    assert_false(is_there("c.ndjson.partial") || is_there("c.ndjson.partial.json"));
    char *text = catalog_text();
    static const char WANT[] =
        "{\"zagg:catalog_meta\":{\"source\":\"CMR-STAC\",\"provider\":\"NSIDC_CPRD\","
        "\"collection\":\"ATL03_007\",\"short_name\":\"ATL03\",\"version\":\"007\","
        "\"start_date\":\"2025-01-01\",\"end_date\":\"2025-12-31\",\"bbox\":[-76.62107,"
        "38.84504,-76.50583,38.93512],\"preserve_thumbnails\":false,\"total_granules\":2}"
        "}"
        "\n{\"type\":\"Feature\",\"id\":\"a\",\"geometry\":{\"type\":\"Point\","
        "\"coordinates\":[1,2]},\"properties\":{\"datetime\":\"2025-01-02T03:04:05.5Z\"},"
        "\"assets\":{\"data_s3\":{\"href\":\"s3://b/"
        "a.h5\",\"roles\":[\"data\"]},\"data\":{"
        "\"href\":\"https://h/a.h5\",\"roles\":[\"data\"]},\"metadata\":{\"href\":"
        "\"https://h/a.xml\",\"roles\":[\"metadata\"]}}}\n{";
    assert_int_equal(strncmp(text, WANT, sizeof WANT - 1), 0);
    zg_free(text);
    q.preserve_thumbnails = true;
    (void)must_fetch(&q, NULL);
    text = catalog_text();
    assert_non_null(strstr(text, "\"browse\":{\"href\":\"https://h/a.png\""));
    assert_null(strstr(text, "dmrpp"));
    zg_free(text);
    http_script_stop(server);
    forget();
}

static http_reply page(const char *body)
{
    return (http_reply){.status = 200, .headers = JSON, .body = body};
}

/* Names of the parameters of the second box. */
static void antimeridian(void **state)
{
    (void)state;
    const http_reply replies[] = {
        page("{\"features\":[" CMR_ITEM("a") "," CMR_ITEM("b") "]}"),
        page("{\"features\":[" CMR_ITEM("b") "," CMR_ITEM("c") "]}")};
    http_script *server = serve(replies, 2);
    zagg_fetch_query q = cmr_query(server);
    q.bbox[0] = 170;
    q.bbox[2] = -170;
    const zagg_fetch_result r = must_fetch(&q, NULL);
    assert_int_equal(r.items, 3);
    assert_int_equal(r.duplicates, 1);
    assert_non_null(strstr(http_script_request(server, 0)->target,
                           "bbox=170.0%2C38.84504%2C180.0%2C38.93512&"));
    assert_non_null(strstr(http_script_request(server, 1)->target,
                           "bbox=-180.0%2C38.84504%2C-170.0%2C38.93512&"));
    http_script_stop(server);
    forget();
}

static void no_items(void **state)
{
    (void)state;
    const http_reply replies[] = {page("{\"features\":[],\"links\":[{\"rel\":\"next\","
                                       "\"href\":\"http://h/\"}]}"),
                                  page("{}"), page("{\"features\":null}")};
    http_script *server = serve(replies, 3);
    const zagg_fetch_query q = cmr_query(server);
    for (int i = 0; i < 3; i++)
        refuse(
            &q, NULL, ZAGG_ENOTFOUND,
            "No granules for ATL03_007 over (-76.62107, 38.84504, -76.50583, 38.93512) "
            "in 2025-01-01..2025-12-31");
    assert_int_equal(http_script_requests(server), 3);
    assert_false(is_there("c.ndjson") || is_there("c.ndjson.partial") ||
                 is_there("c.ndjson.partial.json"));
    http_script_stop(server);
}

static void arguments(void **state)
{
    (void)state;
    zagg_fetch_query q = {.short_name = "A", .start_date = "2025-01-01"};
    refuse(&q, NULL, ZAGG_EARG, "dates must be of the form YYYY-MM-DD");
    q.end_date = "2024-01-01";
    refuse(&q, NULL, ZAGG_EARG, "2025-01-01 is after 2024-01-01");
    q.short_name = NULL;
    refuse(&q, NULL, ZAGG_EARG, "a search needs the short name of a product");
    q.source = ZAGG_FETCH_STAC;
    refuse(&q, NULL, ZAGG_EARG, "a search needs a root and collections");
    char start[16], end[16];
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_cycle_dates(22, start, end, &err), 0);
    assert_string_equal(start, "2024-01-06");
    assert_string_equal(end, "2024-04-06");
    assert_int_equal(zagg_cycle_dates(1, start, end, &err), 0);
    assert_string_equal(start, "2018-10-13");
    assert_string_equal(end, "2019-01-12");
    assert_int_equal(zagg_cycle_dates(0, start, end, &err), ZAGG_ERANGE);
}

/* ---- STAC: POST, merged bodies, assets that are wanted ---- */

static http_reply answer_stac(void *user, size_t nth, const http_request *request)
{
    static char bodies[4][1024];
    const char *port = strstr(request->headers, "127.0.0.1:");
    static const char *const FEATURES[] = {
        "{\"type\":\"Feature\",\"id\":\"a\",\"geometry\":null,\"assets\":{\"red\":{"
        "\"href\":"
        "\"r\"},\"nir\":{\"href\":\"n\"},\"x\":{\"href\":\"x\"}}}",
        "{\"type\":\"Feature\",\"id\":\"b\",\"geometry\":null,\"assets\":{\"red\":{"
        "\"href\":"
        "\"r\"}}}",
        "{\"type\":\"Feature\",\"id\":\"c\",\"geometry\":null,\"assets\":{\"nir\":{"
        "\"href\":"
        "\"n\"},\"red\":{\"href\":\"r\"}}}"};
    (void)user;
    (void)snprintf(
        bodies[nth % 4], sizeof bodies[0],
        "{\"features\":[%s],\"numberMatched\":3,\"links\":[%s%.*s%s]}", FEATURES[nth % 3],
        nth < 2 ? "{\"rel\":\"next\",\"merge\":true,\"method\":\"post\",\"body\":"
                  "{\"token\":\"t\"},\"href\":\"http://"
                : "",
        nth < 2 ? (int)strcspn(port, "\r") : 0, port,
        nth == 0   ? "/v1/search?p=1\"}"
        : nth == 1 ? "/v1/search?p=2\"}"
                   : "");
    return page(bodies[nth % 4]);
}

static void note_progress(void *user, const zagg_fetch_progress *p)
{
    zagg_fetch_progress *last = user;
    assert_true(p->pages == last->pages + 1);
    *last = *p;
}

static void stac(void **state)
{
    (void)state;
    static const char *const COLLECTIONS[] = {"c1", "c2"};
    static const char *const ASSETS[] = {"nir", "red"};
    http_script *server = http_script_start_with(answer_stac, NULL);
    char root[64];
    (void)snprintf(root, sizeof root, "%s", http_script_url(server, "/v1//"));
    const zagg_fetch_query q = {.source = ZAGG_FETCH_STAC,
                                .root = root,
                                .collections = COLLECTIONS,
                                .n_collections = 2,
                                .assets = ASSETS,
                                .n_assets = 2,
                                .time_key = "s2:datatake_id",
                                .has_max_cloud_cover = true,
                                .max_cloud_cover = 20,
                                .start_date = "2025-01-01",
                                .end_date = "2025-12-31",
                                .bbox = {-77, 38, -76, 39}};
    zagg_fetch_progress last = {.pages = 0};
    const zagg_fetch_opts opts = {.progress = note_progress, .user = &last};
    const zagg_fetch_result r = must_fetch(&q, &opts);
    assert_int_equal(r.items, 2);
    assert_int_equal(r.skipped, 1);
    assert_int_equal(last.pages, 3);
    assert_int_equal(last.total, 3);
    const char *body = http_script_request(server, 0)->body;
    assert_string_equal(http_script_request(server, 0)->target, "/v1/search");
#define STAC_BODY                                                                        \
    "{\"collections\": [\"c1\", \"c2\"], \"bbox\": [-77.0, 38.0, -76.0, 39.0], "         \
    "\"datetime\": \"2025-01-01T00:00:00Z/2025-12-31T23:59:59Z\", \"limit\": 250, "      \
    "\"query\": {\"eo:cloud_cover\": {\"lt\": 20.0}}"
    assert_true(strncmp(body, STAC_BODY "}", sizeof STAC_BODY) == 0);
    body = http_script_request(server, 1)->body;
    assert_string_equal(http_script_request(server, 1)->target, "/v1/search?p=1");
    assert_true(strncmp(body, STAC_BODY ", \"token\": \"t\"}", sizeof STAC_BODY + 14) ==
                0);
    char *text = catalog_text();
    assert_non_null(strstr(text, "\"source\":\"STAC\",\"root\":\"http://127.0.0.1:"));
    assert_non_null(
        strstr(text, "/v1\",\"collections\":[\"c1\",\"c2\"],\"start_date\":"));
    assert_non_null(strstr(text,
                           "\"time_key\":\"s2:datatake_id\",\"max_cloud_cover\":20.0,"
                           "\"assets\":[\"nir\",\"red\"],\"total_granules\":2,"
                           "\"skipped_items\":{\"count\":1,\"examples\":[\"b\"]}}}"));
    assert_non_null(strstr(text, "\"id\":\"a\",\"geometry\":null,\"assets\":{\"nir\":{"
                                 "\"href\":\"n\"},\"red\":{\"href\":\"r\"}}}"));
    zg_free(text);
    http_script_stop(server);
    forget();
}

static void stac_without_assets(void **state)
{
    (void)state;
    static const char *const COLLECTIONS[] = {"c1"};
    static const char *const ASSETS[] = {"blue"};
    const http_reply replies[] = {page("{\"features\":[" CMR_ITEM("a") "]}")};
    http_script *server = serve(replies, 1);
    zagg_fetch_query q = cmr_query(server);
    q.source = ZAGG_FETCH_STAC;
    q.collections = COLLECTIONS;
    q.n_collections = 1;
    q.assets = ASSETS;
    q.n_assets = 1;
    refuse(&q, NULL, ZAGG_ENOTFOUND,
           "none of the 1 items found has all of the assets that were asked for");
    http_script_stop(server);
    forget();
}

/* ---- granules.json ---- */

static void granules(void **state)
{
    (void)state;
    static const char FIRST[] =
        "{\"feed\":{\"updated\":\"x\",\"entry\":[{\"id\":\"G1\",\"title\":\"A_01.h5\","
        "\"time_start\":\"2018-10-14T03:19:24.370Z\",\"time_end\":\"2018-10-14T03:27:54."
        "577Z\",\"polygons\":[[\"59 178 58 179.5 57 -179 59 178\"]],\"links\":[{\"rel\":"
        "\"http://esipfed.org/ns/fedsearch/1.1/data#\",\"href\":\"https://h/A_01.h5\"},"
        "{\"rel\":\"http://esipfed.org/ns/fedsearch/1.1/data#\",\"href\":\"https://h/\","
        "\"inherited\":true},{\"rel\":\"http://esipfed.org/ns/fedsearch/1.1/"
        "s3#\",\"href\":"
        "\"s3://b/A_01.h5\"},{\"rel\":\"http://esipfed.org/ns/fedsearch/1.1/metadata#\","
        "\"href\":\"https://h/A.xml\"}]},{\"title\":\"B\",\"boxes\":[\"1 2 3 4\"]}]}}";
    static const char SECOND[] =
        "{\"feed\":{\"entry\":[{\"title\":\"C\",\"polygons\":[[\"0 0 0 1 1 1 0 0\",\"0 0 "
        "0 "
        "1 1 1 0 0\"],[\"5 5 5 6 6 6 5 5\"]]},{\"title\":\"D\",\"points\":[\"7 8\"]},{"
        "\"title\":\"E\",\"lines\":[\"7 8 9 10\"]},{\"title\":\"F\"}]}}";
    const http_reply replies[] = {
        {.status = 200,
         .headers = "Content-Type: application/json\r\nCMR-Hits: 6\r\nCMR-Search-After: "
                    "[\"x\",1]\r\n",
         .body = FIRST},
        {.status = 200,
         .headers = "Content-Type: application/json\r\nCMR-Hits: 6\r\nCMR-Search-After: "
                    "[\"y\",2]\r\n",
         .body = SECOND},
        {.status = 200,
         .headers = "Content-Type: application/json\r\nCMR-Hits: 6\r\n",
         .body = "{\"feed\":{\"entry\":[]}}"}};
    http_script *server = serve(replies, 3);
    zagg_fetch_query q = cmr_query(server);
    q.source = ZAGG_FETCH_CMR;
    zagg_fetch_progress last = {.pages = 0};
    const zagg_fetch_opts opts = {.progress = note_progress, .user = &last};
    const zagg_fetch_result r = must_fetch(&q, &opts);
    assert_int_equal(r.items, 6);
    assert_int_equal(last.total, 6);
    const http_request *first = http_script_request(server, 0);
    assert_string_equal(
        first->target,
        "/stac/search/granules.json?provider=NSIDC_CPRD&short_name=ATL03&version=007&"
        "bounding_box=-76.62107%2C38.84504%2C-76.50583%2C38.93512&temporal=2025-01-01T00%"
        "3A00%3A00Z%2C2025-12-31T23%3A59%3A59Z&page_size=2000");
    assert_null(http_request_header(first, "CMR-Search-After"));
    assert_string_equal(
        http_request_header(http_script_request(server, 1), "CMR-Search-After"),
        "[\"x\",1]");
    assert_string_equal(
        http_request_header(http_script_request(server, 2), "CMR-Search-After"),
        "[\"y\",2]");
    char *text = catalog_text();
    assert_non_null(strstr(
        text,
        "{\"type\":\"Feature\",\"stac_version\":\"1.0.0\",\"stac_extensions\":[],\"id\":"
        "\"A_01.h5\",\"collection\":\"ATL03_007\",\"geometry\":{\"type\":\"Polygon\","
        "\"coordinates\":[[[178.0,59.0],[179.5,58.0],[-179.0,57.0],[178.0,59.0]]]},"
        "\"bbox\""
        ":[-179.0,57.0,179.5,59.0],\"properties\":{\"datetime\":\"2018-10-14T03:19:24."
        "370Z"
        "\",\"start_datetime\":\"2018-10-14T03:19:24.370Z\",\"end_datetime\":\"2018-10-"
        "14T"
        "03:27:54.577Z\"},\"links\":[],\"assets\":{\"data\":{\"href\":\"https://h/"
        "A_01.h5\","
        "\"roles\":[\"data\"]},\"data_s3\":{\"href\":\"s3://b/"
        "A_01.h5\",\"roles\":[\"data\""
        "]},\"metadata\":{\"href\":\"https://h/A.xml\",\"roles\":[\"metadata\"]}}}\n"));
    assert_non_null(strstr(text,
                           "\"id\":\"B\",\"collection\":\"ATL03_007\",\"geometry\":{"
                           "\"type\":\"Polygon\",\"coordinates\":[[[2.0,1.0],[4.0,"
                           "1.0],[4.0,3.0],[2.0,3.0],[2.0,1.0]]]}"));
    assert_non_null(
        strstr(text, "\"type\":\"MultiPolygon\",\"coordinates\":[[[[0.0,0.0],"));
    assert_non_null(strstr(text, "{\"type\":\"Point\",\"coordinates\":[8.0,7.0]}"));
    assert_non_null(
        strstr(text, "{\"type\":\"LineString\",\"coordinates\":[[8.0,7.0],[10.0,9.0]]}"));
    assert_non_null(strstr(text, "\"id\":\"F\",\"collection\":\"ATL03_007\",\"geometry\":"
                                 "null,\"properties\":{\"datetime\":null}"));
    zg_free(text);
    http_script_stop(server);
    forget();
}

static void granules_refused(void **state)
{
    (void)state;
    static const char *const BODIES[] = {
        "{\"feed\":{\"entry\":[{\"x\":1}]}}",
        "{\"feed\":{\"entry\":[{\"title\":\"A\",\"polygons\":[[\"1 2 3\"]]}]}}",
        "{\"feed\":{\"entry\":[{\"title\":\"A\",\"polygons\":[[\"1 x\"]]}]}}",
        "{\"feed\":{\"entry\":[{\"title\":\"A\",\"polygons\":[\"1 2\"]}]}}",
        "{\"feed\":{\"entry\":[{\"title\":\"A\",\"boxes\":[\"1 2\"]}]}}",
        "{\"feed\":{\"entry\":[7]}}"};
    static const char *const MESSAGES[] = {
        "*/granules.json: page 1: item 0 of the page: an entry without a title",
        "*item 0 of the page: A: coordinates must be pairs of latitude and longitude",
        "*A: 'x' is no coordinate",
        "*A: a polygon must be a list of rings",
        "*A: a box must be four numbers",
        "*an item that is no object"};
    for (size_t i = 0; i < sizeof BODIES / sizeof BODIES[0]; i++) {
        const http_reply reply = page(BODIES[i]);
        http_script *server = serve(&reply, 1);
        zagg_fetch_query q = cmr_query(server);
        q.source = ZAGG_FETCH_CMR;
        refuse(&q, NULL, ZAGG_EFORMAT, MESSAGES[i]);
        http_script_stop(server);
    }
    assert_false(is_there("c.ndjson.partial"));
}

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
        const zagg_fetch_query q = cmr_query(server);
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
    const zagg_fetch_query q = cmr_query(server);
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
    const zagg_fetch_query q = cmr_query(server);
    const zagg_fetch_opts opts = {.max_page_bytes = 100};
    zagg_fetch_result r;
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
    zagg_fetch_query q = cmr_query(server);
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
    const zagg_fetch_opts opts = {.max_page_bytes = 50000};
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
        const zagg_fetch_query q = cmr_query(server);
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

static void check_five(const zagg_fetch_result *r)
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
    zagg_fetch_query q = cmr_query(server);
    refuse(&q, NULL, ZAGG_EHTTP, "*/p: page 3: *");
    assert_true(is_there("c.ndjson.partial") && is_there("c.ndjson.partial.json"));
    /* half a page more, as a crash leaves it */
    zg_free(shell_ok(dir, "printf '{\"type\":\"Feat' >> c.ndjson.partial"));
    zagg_fetch_result r = must_fetch(&q, NULL);
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
    zagg_fetch_query q = cmr_query(server);
    refuse(&q, NULL, ZAGG_EHTTP, "*page 3*");
    q.end_date = "2025-12-30";
    zagg_fetch_result r = must_fetch(&q, NULL);
    assert_int_equal(r.resumed, 0);
    assert_int_equal(http_script_requests(server), 8);
    check_five(&r);
    /* and the same one, on demand */
    m.fail_from = 10;
    m.fail_to = 11;
    refuse(&q, NULL, ZAGG_EHTTP, "*page 3*");
    r = must_fetch(&q, &(zagg_fetch_opts){.restart = true});
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
        const zagg_fetch_query q = cmr_query(server);
        refuse(&q, NULL, ZAGG_ENOTFOUND, "*page 3*");
        zg_free(shell_ok(dir, "%s", DAMAGE[i]));
        zagg_fetch_result r = must_fetch(&q, NULL);
        assert_int_equal(r.resumed, 0);
        check_five(&r);
        http_script_stop(server);
    }
}

static volatile int stop_flag;

static void stop_now(void *user, const zagg_fetch_progress *p)
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
    const zagg_fetch_query q = cmr_query(server);
    const zagg_fetch_opts opts = {.progress = stop_now, .stop = &stop_flag};
    refuse(&q, &opts, ZAGG_ECANCELLED, "*page 3*");
    zagg_fetch_result r = must_fetch(&q, NULL);
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
    const zagg_fetch_query q = cmr_query(server);
    zg_free(shell_ok(dir, "mkdir c.ndjson"));
    refuse(&q, NULL, ZAGG_EIO, "*c.ndjson*");
    assert_int_equal(http_script_requests(server), 5);
    zg_free(shell_ok(dir, "rmdir c.ndjson"));
    zagg_fetch_result r = must_fetch(&q, NULL);
    assert_int_equal(http_script_requests(server), 5);
    assert_int_equal(r.resumed, 5);
    check_five(&r);
    http_script_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_requests),
        cmocka_unit_test(cmr_items),
        cmocka_unit_test(antimeridian),
        cmocka_unit_test(no_items),
        cmocka_unit_test(arguments),
        cmocka_unit_test(stac),
        cmocka_unit_test(stac_without_assets),
        cmocka_unit_test(granules),
        cmocka_unit_test(granules_refused),
        cmocka_unit_test(bad_pages),
        cmocka_unit_test(patience),
        cmocka_unit_test(large_page),
        cmocka_unit_test(packed_pages),
        cmocka_unit_test(circles),
        cmocka_unit_test(going_on),
        cmocka_unit_test(another_query),
        cmocka_unit_test(places_lost),
        cmocka_unit_test(stopped),
        cmocka_unit_test(only_the_catalog_is_missing),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
