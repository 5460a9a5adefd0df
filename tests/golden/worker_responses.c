/* golden/dispatch/seed_responses: what upstream's handler answers, code by code and key
 * by key. The granules and stores of each case are made here. */
#include "support/departures.h"
#include "support/granule.h"
#include "support/program.h"
#include "text/text.h"
#include "zagg/geo.h"
#include "zagg/worker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SHARD UINT64_C(12715069122950463494) /* order 6 */
enum { CELL_ORDER = 12, N_GROUPS = 6, N_CELLS = 4, PATH_LEN = 512 };

#define SOURCE                                                                           \
    "\"data_source\": {\"driver\": \"file\", \"groups\": [\"gt1l\", \"gt1r\", "          \
    "\"gt2l\", \"gt2r\", \"gt3l\", \"gt3r\"], \"coordinates\": {\"latitude\": "          \
    "\"/{group}/lat\", \"longitude\": \"/{group}/lon\"}, \"variables\": {\"h_li\": "     \
    "\"/{group}/h_li\"}}"
#define CONFIG                                                                           \
    "{" SOURCE ", \"aggregation\": {\"variables\": {\"count\": {\"function\": "          \
    "\"len\", \"source\": \"h_li\", \"dtype\": \"int32\", \"fill_value\": 0}, "          \
    "\"h_min\": {\"function\": \"min\", \"source\": \"h_li\", \"dtype\": "               \
    "\"float32\"}}}, \"output\": {\"store_layout\": \"flat\", \"grid\": {\"type\": "     \
    "\"healpix\", \"indexing_scheme\": \"nested\", \"parent_order\": 6, "                \
    "\"child_order\": 12}}, \"catalog\": null, \"bounds\": null}"

/* What the store is like before the event. */
typedef enum store_state { SET_UP = 0, NO_STORE, NO_GROUP, BROKEN } store_state;

typedef struct response_case {
    const char *name;
    const char *without; /* keys that the event lacks, separated by blanks */
    const char *more;    /* members of the event besides; of one name: instead */
    const char *granule; /* NULL: 1000 rows in four cells; "": none at all */
    store_state store;
    const char *mode; /* setup, finalize: another kind of event */
    bool any_cause;   /* the error is the golden one up to its last ": " */
} response_case;

/* clang-format off */
static const response_case CASES[] = {
    {.name = "400_missing_shard_key", .without = "shard_key"},
    {.name = "400_missing_parent_order", .without = "parent_order"},
    {.name = "400_missing_granule_urls", .without = "granule_urls"},
    {.name = "400_missing_store_path", .without = "store_path"},
    {.name = "400_missing_s3_credentials", .without = "s3_credentials"},
    {.name = "400_missing_two", .without = "shard_key store_path"},
    {.name = "400_cred_keys", .more = "\"s3_credentials\": {\"accessKeyId\": \"A\"}"},
    {.name = "400_healpix_no_child_order", .without = "child_order"},
    {.name = "no_granules", .granule = ""},
    {.name = "no_data_after_filtering", .granule = "elsewhere.h5"},
    {.name = "group_reads_raised", .granule = "broken.h5"},
    {.name = "files_unreadable", .granule = "none.h5"},
    {.name = "setup_ok", .mode = "setup", .store = NO_STORE},
    {.name = "setup_again_no_overwrite", .mode = "setup"},
    {.name = "setup_missing_config", .mode = "setup", .without = "config child_order "
        "n_parent_cells overwrite parent_order"},
    {.name = "ok_pandas"},
    {.name = "ok_arrow_profile", .more = "\"profile\": true, \"handoff\": \"arrow\""},
    {.name = "bad_handoff", .more = "\"handoff\": \"polars\""},
    {.name = "write_fails", .store = BROKEN, .any_cause = true},
    {.name = "bad_output_credentials", .more = "\"output_credentials\": "
        "{\"accessKeyId\": \"A\"}"},
    {.name = "finalize_ok", .mode = "finalize"},
    {.name = "finalize_missing_store", .mode = "finalize", .more = "\"store_path\": "
        "\"/STORE/nope.zarr\""},
    {.name = "finalize_no_store_key", .mode = "finalize", .without = "store_path"},
    {.name = "unknown_mode_falls_to_process", .mode = "nonsense", .without = "store_path"},
    {.name = "500_template_group_missing", .granule = "few.h5", .store = NO_GROUP},
    {.name = "500_store_missing_local", .store = NO_STORE},
};
/* clang-format on */
enum { N_CASES = sizeof CASES / sizeof CASES[0] };

/* ---- granules ---- */

static void put_rows(granule_file *g, size_t n, bool elsewhere, bool heights)
{
    static const char *const GROUPS[N_GROUPS] = {"gt1l", "gt1r", "gt2l",
                                                 "gt2r", "gt3l", "gt3r"};
    const uint64_t first = zagg_word_nested(SHARD) << 2 * (CELL_ORDER - 6);
    double *lat = zg_alloc(n, sizeof *lat), *lon = zg_alloc(n, sizeof *lon);
    double *h = zg_alloc(n, sizeof *h);
    char path[64];
    assert_true(lat && lon && h);
    for (size_t i = 0; i < n; i++) {
        zagg_geo_centre(first + i % N_CELLS, CELL_ORDER, ZAGG_LATITUDE_AUTHALIC, &lat[i],
                        &lon[i]);
        if (elsewhere)
            lat[i] = -lat[i];
        h[i] = (double)i;
    }
    /* Rows in one group, or the same in all where they cannot be read. */
    for (size_t k = 0; k < (heights ? 1 : N_GROUPS); k++) {
        const granule_shape shape = {n, 0, 0};
        (void)snprintf(path, sizeof path, "/%s/lat", GROUPS[k]);
        granule_put(g, path, ZAGG_DT_F64, shape, lat);
        (void)snprintf(path, sizeof path, "/%s/lon", GROUPS[k]);
        granule_put(g, path, ZAGG_DT_F64, shape, lon);
        (void)snprintf(path, sizeof path, "/%s/h_li", GROUPS[k]);
        if (heights)
            granule_put(g, path, ZAGG_DT_F64, shape, h);
    }
    zg_free(lat);
    zg_free(lon);
    zg_free(h);
}

static void write_granule(const char *dir, const char *name, size_t n, bool elsewhere,
                          bool heights)
{
    char path[PATH_LEN];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    granule_file *g = granule_create(path);
    put_rows(g, n, elsewhere, heights);
    granule_close(g);
}

/* ---- events ---- */

typedef struct event_text {
    zg_str text;
    const response_case *c;
    bool some;
} event_text;

static bool has_word(const char *words, const char *word)
{
    const size_t n = strlen(word);
    for (const char *at = words; at && (at = strstr(at, word)) != NULL; at++)
        if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return true;
    return false;
}

static void add(event_text *e, const char *key, const char *value)
{
    char name[64];
    (void)snprintf(name, sizeof name, "\"%s\": ", key);
    if (has_word(e->c->without, key) || (e->c->more && strstr(e->c->more, name)))
        return;
    zg_str_addf(&e->text, "%s%s%s", e->some ? ", " : "", name, value);
    e->some = true;
}

static void add_process(event_text *e, const char *dir)
{
    char text[PATH_LEN];
    const char *granule = e->c->granule ? e->c->granule : "rows.h5";
    add(e, "chunk_idx", "[41077]");
    (void)snprintf(text, sizeof text, "%" PRIu64, SHARD);
    add(e, "shard_key", text);
    add(e, "parent_order", "6");
    (void)snprintf(text, sizeof text, "[\"%s/%s\"]", dir, granule);
    add(e, "granule_urls", granule[0] ? text : "[]");
    add(e, "s3_credentials",
        "{\"accessKeyId\": \"A\", \"secretAccessKey\": \"B\", "
        "\"sessionToken\": \"C\"}");
    add(e, "child_order", "12");
    add(e, "config", CONFIG);
}

static void add_setup(event_text *e)
{
    add(e, "parent_order", "6");
    add(e, "child_order", "12");
    add(e, "n_parent_cells", "null");
    add(e, "overwrite", "false");
    add(e, "config", CONFIG);
}

static char *make_event(const response_case *c, const char *dir)
{
    event_text e = {.c = c};
    char text[PATH_LEN];
    zg_str_init(&e.text, 0);
    zg_str_addc(&e.text, '{');
    (void)snprintf(text, sizeof text, "\"%s\"", c->mode ? c->mode : "");
    if (c->mode)
        add(&e, "mode", text);
    (void)snprintf(text, sizeof text, "\"%s/x.zarr\"", dir);
    add(&e, "store_path", text);
    if (!c->mode)
        add_process(&e, dir);
    else if (strcmp(c->mode, "setup") == 0)
        add_setup(&e);
    if (c->more)
        zg_str_addf(&e.text, "%s%s", e.some ? ", " : "", c->more);
    zg_str_addc(&e.text, '}');
    assert_false(e.text.failed);
    char *event = zg_str_take(&e.text);
    if (strstr(event, "/STORE/") == NULL)
        return event;
    char *with_dir = replaced(event, "/STORE", dir);
    zg_free(event);
    return with_dir;
}

static zagg_event_response handle(const char *event)
{
    const zagg_event_opts opts = {.request_id = "req-1", .threads = 2};
    zagg_event_response response = {0};
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_event_handle(event, strlen(event), &opts, &response, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return response;
}

/* ---- stores ---- */

static void prepare_store(const response_case *c, const char *dir)
{
    static const response_case SETUP = {.mode = "setup"};
    char path[PATH_LEN];
    (void)snprintf(path, sizeof path, "%s/x.zarr", dir);
    if (access(path, F_OK) == 0)
        remove_tree(path);
    if (c->store == NO_STORE)
        return;
    char *event = make_event(&SETUP, dir);
    zagg_event_response response = handle(event);
    assert_int_equal(response.status_code, 200);
    zagg_event_response_free(&response);
    zg_free(event);
    if (c->store == NO_GROUP) {
        (void)snprintf(path, sizeof path, "%s/x.zarr/12", dir);
        remove_tree(path);
    } else if (c->store == BROKEN) { /* a file where a folder has to be */
        (void)snprintf(path, sizeof path, "%s/x.zarr/12/h_min", dir);
        write_text(path, "c", "");
    }
}

/* ---- comparing ---- */

static void check_event_keys(case_report *r, const response_case *c, zagg_arena *arena,
                             const char *event, const zagg_value *want)
{
    const zagg_value *root = NULL;
    assert_int_equal(zagg_json_parse(arena, event, strlen(event), c->name, &root, NULL),
                     ZAGG_OK);
    if (!want)
        return;
    bool same = root->n == want->n;
    for (size_t i = 0; i < want->n; i++)
        same &= zagg_value_get(root, want->items[i]->str) != NULL;
    if (!same)
        case_fail(r, c->name, "the event has other keys: %s", event);
}

static bool same_text(const response_case *c, const char *dir, const char *got,
                      const char *want)
{
    if (strstr(want, "/STORE") != NULL) {
        char *here = replaced(want, "/STORE", dir);
        const bool same = strcmp(here, got) == 0;
        zg_free(here);
        return same;
    }
    const char *cause = c->any_cause ? strrchr(want, ':') : NULL;
    return cause ? strncmp(got, want, (size_t)(cause - want) + 2) == 0
                 : strcmp(got, want) == 0;
}

/* The first key in which two objects differ, with both values; nothing: none. */
static void compare(const response_case *c, const char *dir, const zagg_value *got,
                    const zagg_value *want, zg_str *out)
{
    static const zg_json_style PYTHON = {.indent = -1};
    for (size_t i = 0; i < want->n && out->len == 0; i++) {
        const zagg_value *w = want->members[i].value;
        const char *key = want->members[i].key->str;
        const zagg_value *g = i < got->n ? got->members[i].value : NULL;
        bool same = g && strcmp(got->members[i].key->str, key) == 0;
        if (same && w->kind == ZAGG_MAP && g->kind == ZAGG_MAP)
            compare(c, dir, g, w, out);
        else if (same && zagg_value_is(w, "<float>"))
            same = g->kind == ZAGG_FLOAT && g->u.f >= 0;
        else if (same && w->kind == ZAGG_STR)
            same = g->kind == ZAGG_STR && same_text(c, dir, g->str, w->str);
        else if (same)
            same = w->kind == g->kind && zagg_value_equal(w, g);
        if (!same) {
            zg_str_addf(out, "%s: ", key);
            if (g)
                (void)zg_json_write(out, g, PYTHON, NULL);
        }
    }
    if (out->len == 0 && got->n != want->n)
        zg_str_addf(out, "%zu keys, not %zu", got->n, want->n);
}

/* The order in which upstream writes members, as the golden set lists it once more. */
static void compare_order(const zagg_value *body, const zagg_value *keys, zg_str *out)
{
    for (size_t i = 0; keys && i < keys->n && out->len == 0; i++)
        if (i >= body->n || !zagg_value_equal(body->members[i].key, keys->items[i]))
            zg_str_addf(out, "member %zu is not %s", i, keys->items[i]->str);
}

static void judge(case_report *r, departures *d, const response_case *c, const char *dir,
                  zagg_arena *arena, const zagg_event_response *response,
                  const zagg_value *want)
{
    const zagg_value *root = NULL, *body = NULL;
    int64_t code = 0, wanted = 0;
    zg_str difference;
    zg_str_init(&difference, 0);
    assert_int_equal(
        zagg_json_parse(arena, response->text, response->len, c->name, &root, NULL),
        ZAGG_OK);
    assert_int_equal(root->n, 2);
    assert_true(zagg_value_i64(zagg_value_get(root, "statusCode"), &code));
    assert_int_equal(code, response->status_code);
    assert_true(zagg_value_i64(zagg_value_get(want, "statusCode"), &wanted));
    const zagg_value *text = zagg_value_get(root, "body");
    assert_int_equal(
        zagg_json_parse(arena, text->str, text->str_len, c->name, &body, NULL), ZAGG_OK);
    if (code != wanted)
        zg_str_addf(&difference, "statusCode: %d", (int)code);
    else
        compare(c, dir, body, zagg_value_get(want, "body"), &difference);
    compare_order(body, zagg_value_get(want, "body_key_order"), &difference);
    /* Causes name files of this test: the list has what stands before them. */
    char *ours = zg_strdup(difference.data);
    char *cause = strstr(ours, "; e.g. ");
    if (cause)
        *cause = '\0';
    departures_judge_as(d, r, c->name, difference.data, ours);
    zg_free(ours);
    zg_str_free(&difference);
}

static const response_case *case_of(const char *name)
{
    for (size_t i = 0; i < N_CASES; i++)
        if (strcmp(CASES[i].name, name) == 0)
            return &CASES[i];
    fail_msg("%s: what leads to that response is not known here", name);
    return NULL;
}

static void responses_are_upstreams(void **state)
{
    (void)state;
    case_report report = {.set = "dispatch/seed_responses"};
    zagg_arena *arena = NULL;
    if (!golden_available("dispatch/seed_responses.json"))
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *golden =
        golden_json(arena, golden_path("dispatch/seed_responses.json"));
    departures d = departures_load(arena, "dispatch/responses");
    char *dir = make_temp_dir();
    write_granule(dir, "rows.h5", 1000, false, true);
    write_granule(dir, "few.h5", N_CELLS, false, true);
    write_granule(dir, "elsewhere.h5", 10, true, true);
    write_granule(dir, "broken.h5", 10, false, false);
    for (size_t i = 0; i < golden->n; i++) {
        const response_case *c = case_of(golden->members[i].key->str);
        const zagg_value *want = golden->members[i].value;
        prepare_store(c, dir);
        char *event = make_event(c, dir);
        check_event_keys(&report, c, arena, event, zagg_value_get(want, "event_keys"));
        zagg_event_response response = handle(event);
        judge(&report, &d, c, dir, arena, &response, want);
        zagg_event_response_free(&response);
        zg_free(event);
    }
    departures_end(&d, &report);
    report_end(&report, golden->n);
    remove_tree(dir);
    zg_free(dir);
    zagg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(responses_are_upstreams)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
