/* Fetching from a server of the test's own: what is asked, in which order, and what of
 * the answers is kept. */
#include "cat/fetch.h"

#include "fetch_test.h"
#include "text/text.h"
#include "zagg/catalog.h"

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
    const zagg_search_query q = cmr_query(server);
    const zagg_search_result r = must_fetch(&q, NULL);
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

static void cmr_items(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 200,
         .headers = JSON,
         .body = "{\"type\":\"FeatureCollection\",\"features\":[" CMR_ITEM(
             "a") "," CMR_ITEM("b") "]}"}};
    http_script *server = serve(replies, 1);
    zagg_search_query q = cmr_query(server);
    const zagg_search_result r = must_fetch(&q, NULL);
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

/* Names of the parameters of the second box. */
static void antimeridian(void **state)
{
    (void)state;
    const http_reply replies[] = {
        page("{\"features\":[" CMR_ITEM("a") "," CMR_ITEM("b") "]}"),
        page("{\"features\":[" CMR_ITEM("b") "," CMR_ITEM("c") "]}")};
    http_script *server = serve(replies, 2);
    zagg_search_query q = cmr_query(server);
    q.bbox[0] = 170;
    q.bbox[2] = -170;
    const zagg_search_result r = must_fetch(&q, NULL);
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
    const zagg_search_query q = cmr_query(server);
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
    zagg_search_query q = {.short_name = "A", .start_date = "2025-01-01"};
    refuse(&q, NULL, ZAGG_EARG, "dates must be of the form YYYY-MM-DD");
    q.end_date = "2024-01-01";
    refuse(&q, NULL, ZAGG_EARG, "2025-01-01 is after 2024-01-01");
    q.short_name = NULL;
    refuse(&q, NULL, ZAGG_EARG, "a search needs the short name of a product");
    q.source = ZAGG_SEARCH_STAC;
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

static void note_progress(void *user, const zagg_search_progress *p)
{
    zagg_search_progress *last = user;
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
    const zagg_search_query q = {.source = ZAGG_SEARCH_STAC,
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
    zagg_search_progress last = {.pages = 0};
    const zagg_search_opts opts = {.progress = note_progress, .user = &last};
    const zagg_search_result r = must_fetch(&q, &opts);
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
    zagg_search_query q = cmr_query(server);
    q.source = ZAGG_SEARCH_STAC;
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
    zagg_search_query q = cmr_query(server);
    q.source = ZAGG_SEARCH_CMR;
    zagg_search_progress last = {.pages = 0};
    const zagg_search_opts opts = {.progress = note_progress, .user = &last};
    const zagg_search_result r = must_fetch(&q, &opts);
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
        zagg_search_query q = cmr_query(server);
        q.source = ZAGG_SEARCH_CMR;
        refuse(&q, NULL, ZAGG_EFORMAT, MESSAGES[i]);
        http_script_stop(server);
    }
    assert_false(is_there("c.ndjson.partial"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_requests),     cmocka_unit_test(cmr_items),
        cmocka_unit_test(antimeridian),        cmocka_unit_test(no_items),
        cmocka_unit_test(arguments),           cmocka_unit_test(stac),
        cmocka_unit_test(stac_without_assets), cmocka_unit_test(granules),
        cmocka_unit_test(granules_refused),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
