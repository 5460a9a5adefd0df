/* Tables with nested columns: what is written is read again; files that are damaged. */
#include "pq/pq.h"
#include "support/program.h"
#include "support/random.h"
#include "text/text.h"
#include "zagg/catalog.h"

#include <stdio.h>
#include <string.h>

static char *dir;
static const zg_pq_ops *ops;
static zagg_arena *arena;

static int setup(void **state)
{
    (void)state;
    zg_pq_install();
    dir = make_temp_dir();
    if (dir == NULL || zagg_arena_new(0, &arena, NULL) != ZAGG_OK)
        return -1;
    return zg_pq_get(&ops, "x", NULL) == ZAGG_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    zagg_arena_free(arena);
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

static const zagg_value *json(const char *text)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_value *v = NULL;
    if (zagg_json_parse(arena, text, strlen(text), "test", &v, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return v;
}

static const zg_pq_column WORD = {"element", ZG_PQ_U64, NULL, 0};
static const zg_pq_column TEXT = {"element", ZG_PQ_TEXT, NULL, 0};
static const zg_pq_column LIST_OF_TEXT = {"element", ZG_PQ_LIST, &TEXT, 1};
static const zg_pq_column MEMBERS[] = {{"href", ZG_PQ_TEXT, NULL, 0},
                                       {"roles", ZG_PQ_LIST, &TEXT, 1}};
static const zg_pq_column ASSETS[] = {{"a", ZG_PQ_STRUCT, MEMBERS, 2},
                                      {"b", ZG_PQ_STRUCT, MEMBERS, 2}};
static const zg_pq_column LINK = {"element", ZG_PQ_STRUCT, MEMBERS, 2};
static const zg_pq_column COLUMNS[] = {
    {"t", ZG_PQ_TEXT, NULL, 0},          {"b", ZG_PQ_BOOL, NULL, 0},
    {"i", ZG_PQ_I64, NULL, 0},           {"u", ZG_PQ_U64, NULL, 0},
    {"f", ZG_PQ_F64, NULL, 0},           {"time", ZG_PQ_TIME, NULL, 0},
    {"assets", ZG_PQ_STRUCT, ASSETS, 2}, {"links", ZG_PQ_LIST, &LINK, 1},
    {"words", ZG_PQ_LIST, &WORD, 1},     {"deep", ZG_PQ_LIST, &LIST_OF_TEXT, 1}};
enum { N_COLUMNS = sizeof COLUMNS / sizeof COLUMNS[0] };

/* Every member is there: rows come back with all of their nulls. */
static const char *const ROWS[] = {
    "{\"t\":\"x\\u00e9\",\"b\":true,\"i\":-9223372036854775808,\"u\":"
    "18446744073709551615,"
    "\"f\":0.1,\"time\":\"2019-01-05T16:33:08.500000Z\",\"assets\":{\"a\":{\"href\":"
    "\"h\","
    "\"roles\":[\"p\",\"q\"]},\"b\":null},\"links\":[{\"href\":\"1\",\"roles\":[]},{"
    "\"href\":null,\"roles\":null}],\"words\":[1,18446744073709551615],\"deep\":[[\"a\"],"
    "[],"
    "null,[\"b\",null]]}",
    "{\"t\":null,\"b\":null,\"i\":null,\"u\":null,\"f\":null,\"time\":null,\"assets\":"
    "null,"
    "\"links\":null,\"words\":null,\"deep\":null}",
    "{\"t\":\"\",\"b\":false,\"i\":0,\"u\":0,\"f\":-1.5e300,\"time\":"
    "\"1969-12-31T23:59:59.999999Z\",\"assets\":{\"a\":null,\"b\":null},\"links\":[],"
    "\"words\":[],\"deep\":[]}",
    "{\"t\":\"y\",\"b\":true,\"i\":7,\"u\":7,\"f\":2.0,\"time\":\"0001-01-01T00:00:00Z\","
    "\"assets\":{\"a\":{\"href\":null,\"roles\":[]},\"b\":{\"href\":\"k\",\"roles\":null}"
    "},"
    "\"links\":[{\"href\":\"z\",\"roles\":[\"r\"]}],\"words\":[5],\"deep\":[[]]}"};
enum { N_ROWS = sizeof ROWS / sizeof ROWS[0] };

static void write_rows(const char *path, size_t n)
{
    zagg_err err = ZAGG_ERR_INIT;
    zg_pq_writer *w = NULL;
    if (ops->create(path, COLUMNS, N_COLUMNS, &w, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    const zagg_value *rows[N_ROWS];
    for (size_t i = 0; i < N_ROWS; i++)
        rows[i] = json(ROWS[i]);
    for (size_t i = 0; i < n; i++)
        if (ops->add(w, rows[i * 7 % N_ROWS], &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
    assert_int_equal(ops->set_metadata(w, "k", "{\"v\": 1}", &err), ZAGG_OK);
    if (ops->finish(w, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
}

static void expect_rows(const char *path, size_t n)
{
    zagg_err err = ZAGG_ERR_INIT;
    zg_pq_reader *r = NULL;
    void *base = NULL;
    const zagg_value *rows[N_ROWS];
    for (size_t i = 0; i < N_ROWS; i++)
        rows[i] = json(ROWS[i]);
    if (ops->open(path, &r, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(ops->n_rows(r), n);
    assert_string_equal(ops->metadata(r, "k"), "{\"v\": 1}");
    assert_null(ops->metadata(r, "other"));
    assert_int_equal(zagg_arena_alloc(arena, 1, 1, &base, &err), 0);
    const zagg_arena_mark mark = zagg_arena_get_mark(arena);
    for (size_t i = 0;; i++) {
        const zagg_value *row = NULL;
        bool more = false;
        if (ops->next(r, arena, &row, &more, &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
        assert_int_equal(more, i < n);
        if (!more)
            break;
        if (!zagg_value_equal(row, rows[i * 7 % N_ROWS])) {
            zg_str text;
            zg_str_init(&text, 0);
            (void)zg_json_write(&text, row, (zg_json_style){.indent = -1}, NULL);
            fail_msg("row %zu: %s", i, text.data);
        }
        zagg_arena_release(arena, mark);
    }
    ops->close(r);
}

static void round_trip(void **state)
{
    (void)state;
    static const size_t COUNTS[] = {0, 1, 2, 4, 1023, 1024, 1025, 30000};
    for (size_t i = 0; i < sizeof COUNTS / sizeof COUNTS[0]; i++) {
        write_rows(in_dir("t.parquet"), COUNTS[i]);
        expect_rows(in_dir("t.parquet"), COUNTS[i]);
    }
}

/* Long texts: several row groups, and pages that are given back while reading. */
static void large(void **state)
{
    (void)state;
    enum { N = 3000, LEN = 60000 };
    static const zg_pq_column ONE[] = {{"t", ZG_PQ_TEXT, NULL, 0},
                                       {"n", ZG_PQ_I64, NULL, 0}};
    zagg_err err = ZAGG_ERR_INIT;
    zg_pq_writer *w = NULL;
    zg_pq_reader *r = NULL;
    static char text[LEN + 1];
    zagg_value t = {.kind = ZAGG_STR, .str = text}, n = {.kind = ZAGG_INT};
    zagg_value names[2] = {{.kind = ZAGG_STR, .str = "t", .str_len = 1},
                           {.kind = ZAGG_STR, .str = "n", .str_len = 1}};
    const zagg_member members[2] = {{&names[0], &t}, {&names[1], &n}};
    const zagg_value row = {.kind = ZAGG_MAP, .n = 2, .members = members};
    uint64_t seed = 1;
    assert_int_equal(ops->create(in_dir("l.parquet"), ONE, 2, &w, &err), 0);
    for (int i = 0; i < N; i++) {
        t.str_len = random_u64(&seed) % LEN;
        for (size_t k = 0; k < t.str_len; k += 8)
            (void)snprintf(text + k, 9, "%08x", (unsigned)random_u64(&seed));
        text[t.str_len] = '\0';
        n.u.i = i;
        assert_int_equal(ops->add(w, &row, &err), 0);
    }
    assert_int_equal(ops->finish(w, &err), 0);
    assert_int_equal(ops->open(in_dir("l.parquet"), &r, &err), 0);
    seed = 1;
    const zagg_arena_mark mark = zagg_arena_get_mark(arena);
    const uint64_t before = zg_rss_bytes();
    uint64_t most = 0;
    for (int i = 0; i < N; i++) {
        const zagg_value *got = NULL;
        bool more = false;
        assert_int_equal(ops->next(r, arena, &got, &more, &err), 0);
        const size_t len = random_u64(&seed) % LEN;
        for (size_t k = 0; k < len; k += 8)
            (void)snprintf(text + k, 9, "%08x", (unsigned)random_u64(&seed));
        const zagg_value *v = zagg_value_get(got, "t");
        assert_int_equal(v->str_len, len);
        assert_memory_equal(v->str, text, len);
        zagg_arena_release(arena, mark);
        if (i % 100 == 0 && zg_rss_bytes() > most)
            most = zg_rss_bytes();
    }
    printf("90 MB of texts read with %.0f MB more\n",
           ((double)most - (double)before) / 1e6);
    ops->close(r);
}

static bool want_href(void *user, const char *const *path, size_t depth)
{
    size_t *asked = user;
    (*asked)++;
    return (depth == 3 && strcmp(path[0], "assets") == 0 &&
            strcmp(path[2], "href") == 0) ||
           (depth == 1 && strcmp(path[0], "words") == 0);
}

static void chosen_columns(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    zg_pq_reader *r = NULL;
    const zagg_value *row = NULL;
    bool more = false;
    size_t asked = 0;
    write_rows(in_dir("t.parquet"), 4);
    assert_int_equal(ops->open(in_dir("t.parquet"), &r, &err), 0);
    ops->select(r, want_href, &asked);
    assert_int_equal(asked, 14);
    assert_int_equal(ops->next(r, arena, &row, &more, &err), 0);
    assert_true(zagg_value_equal(
        row, json("{\"assets\":{\"a\":{\"href\":\"h\"},\"b\":null},\"words\":[1,"
                  "18446744073709551615]}")));
    ops->close(r);
}

static void rows_refused(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        zagg_status status;
        const char *message;
    } CASES[] = {
        {"{\"t\":7}", ZAGG_EFORMAT,
         "*t.parquet: t must be text, as in other rows (found int)"},
        {"{\"b\":1}", ZAGG_EFORMAT,
         "*b must be true or false, as in other rows (found int)"},
        {"{\"i\":18446744073709551615}", ZAGG_EFORMAT, "*i must be an integer*"},
        {"{\"u\":-1}", ZAGG_EFORMAT, "*u must be an integer from 0*"},
        {"{\"f\":\"x\"}", ZAGG_EFORMAT, "*f must be a number*"},
        {"{\"time\":\"x\"}", ZAGG_EFORMAT, "*time must be a time (RFC 3339)*"},
        {"{\"assets\":[]}", ZAGG_EFORMAT, "*assets must be an object*"},
        {"{\"links\":{}}", ZAGG_EFORMAT, "*links must be a list*"},
        {"{\"words\":[1,\"x\"]}", ZAGG_EFORMAT, "*element must be an integer from 0*"},
        {"{\"other\":1}", ZAGG_EARG, "*schema has members without a column*"},
        {"{\"assets\":{\"c\":{}}}", ZAGG_EARG, "*assets has members without a column*"}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        zagg_err err = ZAGG_ERR_INIT;
        zg_pq_writer *w = NULL;
        assert_int_equal(ops->create(in_dir("t.parquet"), COLUMNS, N_COLUMNS, &w, &err),
                         0);
        const zagg_status status = ops->add(w, json(CASES[i].row), &err);
        ops->abandon(w);
        if (status != CASES[i].status || !text_matches(CASES[i].message, err.msg))
            fail_msg("%s: %d %s", CASES[i].row, status, err.msg);
    }
    zagg_err err = ZAGG_ERR_INIT;
    zg_pq_writer *w = NULL;
    ops->abandon(NULL);
    assert_int_equal(ops->create(in_dir("no/t.parquet"), COLUMNS, 1, &w, &err), ZAGG_EIO);
    const zg_pq_column empty = {"s", ZG_PQ_STRUCT, NULL, 0};
    assert_int_equal(ops->create(in_dir("t.parquet"), &empty, 1, &w, &err), ZAGG_EARG);
    zg_free(shell_ok(dir, "! ls -a | grep tmp"));
}

/* ---- damage ---- */

static size_t read_whole(const char *path)
{
    zagg_err err = ZAGG_ERR_INIT;
    zg_pq_reader *r = NULL;
    size_t n = 0;
    if (ops->open(path, &r, &err) != ZAGG_OK) {
        assert_int_not_equal(err.msg[0], '\0');
        return 0;
    }
    const zagg_arena_mark mark = zagg_arena_get_mark(arena);
    for (;;) {
        const zagg_value *row = NULL;
        bool more = false;
        if (ops->next(r, arena, &row, &more, &err) != ZAGG_OK || !more)
            break;
        n++;
        zagg_arena_release(arena, mark);
    }
    ops->close(r);
    return n;
}

static void write_bytes(const char *path, const char *data, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void cut_short(void **state)
{
    (void)state;
    char *data = NULL;
    size_t len = 0;
    write_rows(in_dir("t.parquet"), 40);
    assert_int_equal(zagg_file_read(in_dir("t.parquet"), 1 << 20, &data, &len, NULL), 0);
    for (size_t n = 0; n < len; n += n < 64 || n + 64 > len ? 1 : 13) {
        write_bytes(in_dir("cut"), data, n);
        assert_int_equal(read_whole(in_dir("cut")), 0);
    }
    zagg_bytes_free(data);
    zagg_err err = ZAGG_ERR_INIT;
    zg_pq_reader *r = NULL;
    assert_int_equal(ops->open(in_dir("none"), &r, &err), ZAGG_EIO);
}

/* Single bits of a file turned: an error, or rows; never more rows than it can have, and
 * no crash. */
static void turned_bits(void **state)
{
    (void)state;
    char *data = NULL;
    size_t len = 0;
    write_rows(in_dir("t.parquet"), 8);
    assert_int_equal(zagg_file_read(in_dir("t.parquet"), 1 << 20, &data, &len, NULL), 0);
    for (size_t i = 0; i < len; i += 3) {
        const char was = data[i];
        data[i] = (char)(was ^ (1 << i % 8));
        write_bytes(in_dir("bit"), data, len);
        assert_in_range(read_whole(in_dir("bit")), 0, 8);
        data[i] = was;
    }
    zagg_bytes_free(data);
}

/* ---- catalogs as tables ---- */

static zagg_status note(void *user, const zagg_item *item, zagg_err *err)
{
    zg_str *text = user;
    ZAGG_TRY(zg_json_write(text, item->whole,
                           (zg_json_style){.indent = -1, .compact = true}, err));
    zg_str_addc(text, '\n');
    return ZAGG_OK;
}

static char *catalog_text(const char *path)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_catalog *c = NULL;
    const zagg_catalog_opts opts = {.whole = true};
    zg_str text;
    zg_str_init(&text, 0);
    if (zagg_catalog_open(path, &opts, &c, &err) != ZAGG_OK ||
        zagg_catalog_read(c, note, &text, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_catalog_close(c);
    return zg_str_take(&text);
}

static zagg_status write_catalog(const char *const *items, size_t n, const char *meta,
                                 zagg_err *err)
{
    zagg_catalog_writer *w = NULL;
    ZAGG_TRY(zagg_catalog_writer_new(in_dir("c.parquet"),
                                     meta != NULL ? json(meta) : NULL, &w, err));
    for (size_t i = 0; i < n; i++) {
        const zagg_status status = zagg_catalog_writer_add(w, json(items[i]), err);
        if (status != ZAGG_OK) {
            zagg_catalog_writer_abandon(w);
            return status;
        }
    }
    return zagg_catalog_writer_finish(w, err);
}

#define HEAD(id)                                                                         \
    "{\"type\":\"Feature\",\"stac_version\":\"1.0.0\",\"stac_extensions\":[],\"id\":"    \
    "\"" id "\",\"collection\":\"C\",\"geometry\":"
#define POINT "{\"type\":\"Point\",\"coordinates\":[1.0,2.0]}"

static void items_as_tables(void **state)
{
    (void)state;
    static const char *const ITEMS[] = {
        HEAD("a") POINT
        ",\"bbox\":[1.0,2.0,1.0,2.0],\"properties\":{\"datetime\":"
        "\"2019-01-05T16:33:08Z\",\"n\":1,\"x\":1.5,\"s\":\"t\",\"l\":[1,2]"
        ",\"o\":{\"p\":true}},\"links\":[{\"rel\":\"self\"}],\"assets\":{"
        "\"data\":{\"href\":\"h\",\"roles\":[\"data\"]}}}",
        HEAD("b") "null,\"properties\":{\"datetime\":null,\"n\":2,\"footprint_cells\":[7]"
                  "},"
                  "\"links\":[],\"assets\":{}}",
        HEAD("c") "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0.0,0.0,5.0],[1.0,0.0,"
                  "5.0]"
                  ",[1.0,1.0,5.0],[0.0,0.0,5.0]]]]},\"properties\":{\"datetime\":"
                  "\"2019-01-05T16:33:08.250000Z\"},\"links\":[],\"assets\":{\"other\":{"
                  "\"href\":\"k\"}}}"};
    zagg_err err = ZAGG_ERR_INIT;
    if (write_catalog(ITEMS, 3, "{\"a\":[1,{\"b\":null}]}", &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    char *got = catalog_text(in_dir("c.parquet"));
    zg_str want;
    zg_str_init(&want, 0);
    for (size_t i = 0; i < 3; i++)
        zg_str_addf(&want, "%s\n", ITEMS[i]);
    assert_string_equal(got, want.data);
    zg_free(got);
    zg_str_free(&want);
    zagg_catalog *c = NULL;
    assert_int_equal(zagg_catalog_open(in_dir("c.parquet"), NULL, &c, &err), 0);
    assert_true(zagg_value_equal(zagg_catalog_meta(c), json("{\"a\":[1,{\"b\":null}]}")));
    assert_string_equal(zagg_catalog_form(c), "stac-geoparquet");
    zagg_catalog_close(c);
}

static void kinds_that_meet(void **state)
{
    (void)state;
    static const char *const ITEMS[] = {
        HEAD("a") POINT
        ",\"properties\":{\"datetime\":\"x\",\"n\":1,\"u\":1,\"m\":-1,\"e\":{"
        "}},\"links\":[],\"assets\":{}}",
        HEAD("b") POINT
        ",\"properties\":{\"datetime\":\"2019-01-05T16:33:08Z\",\"n\":1.5,"
        "\"u\":18446744073709551615,\"m\":18446744073709551615},\"links\":[]"
        ",\"assets\":{}}"};
    /* numbers become what holds all of them, objects that are always empty are none */
    static const char *const WANT = HEAD("a") POINT
        ",\"properties\":{\"datetime\":\"x\",\"n\":1.0,\"u\":1,\"m\":-1.0},"
        "\"links\":[],\"assets\":{}}\n" HEAD("b") POINT
        ",\"properties\":{\"datetime\":\"2019-01-05T16:33:08Z\",\"n\":1.5,"
        "\"u\":18446744073709551615,\"m\":1.8446744073709552e+19},\"links\":"
        "[],\"assets\":{}}\n";
    zagg_err err = ZAGG_ERR_INIT;
    if (write_catalog(ITEMS, 2, NULL, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    char *got = catalog_text(in_dir("c.parquet"));
    assert_string_equal(got, WANT);
    zg_free(got);
    /* no items: a table without rows */
    assert_int_equal(write_catalog(NULL, 0, NULL, &err), 0);
    got = catalog_text(in_dir("c.parquet"));
    assert_string_equal(got, "");
    zg_free(got);
}

static void items_that_are_no_rows(void **state)
{
    (void)state;
    static const struct {
        const char *items[2];
        const char *message;
    } CASES[] = {
        {{HEAD("a") "null,\"properties\":{\"n\":1}}",
          HEAD("b") "null,\"properties\":{\"n\":"
                    "\"1\"}}"},
         "*c.parquet: item 1: n is str here and something else in items before: no "
         "column of "
         "a table; write .ndjson.gz"},
        {{HEAD("a") "null,\"properties\":{\"n\":[1]}}",
          HEAD("b") "null,\"properties\":{\"n\":"
                    "[{}]}}"},
         "*item 1: element is mapping here*"},
        {{HEAD("a") "null,\"properties\":{\"id\":1}}", NULL},
         "*item 0: the property id has the name of a member of items*"},
        {{HEAD("a") "null,\"x\":1,\"properties\":{\"x\":1}}", NULL},
         "*item 0: the property x has the name of a member of items*"},
        {{HEAD("a") "{\"type\":\"Circle\"},\"properties\":{}}", NULL},
         "*item 0: geometry: 'Circle' is no GeoJSON type"},
        {{HEAD("a") "{\"type\":\"Point\",\"coordinates\":[1]},\"properties\":{}}", NULL},
         "*item 0: a position needs longitude and latitude"}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        zagg_err err = ZAGG_ERR_INIT;
        const size_t n = CASES[i].items[1] != NULL ? 2 : 1;
        const zagg_status status = write_catalog(CASES[i].items, n, NULL, &err);
        if (status != ZAGG_EFORMAT || !text_matches(CASES[i].message, err.msg))
            fail_msg("%zu: %d %s", i, status, err.msg);
    }
    zg_free(shell_ok(dir, "! ls -a | grep tmp"));
}

/* Assets under a name of their own in each item would make a table of columns. */
static void too_many_members(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_catalog_writer *w = NULL;
    zagg_status status = zagg_catalog_writer_new(in_dir("c.parquet"), NULL, &w, &err);
    const zagg_arena_mark mark = zagg_arena_get_mark(arena);
    for (int i = 0; status == ZAGG_OK && i < 100000; i++) {
        char text[256];
        (void)snprintf(
            text, sizeof text,
            "{\"type\":\"Feature\",\"id\":\"%d\",\"geometry\":null,\"properties\":{}"
            ",\"assets\":{\"03/%d\":{\"href\":\"x\"}}}",
            i, i);
        status = zagg_catalog_writer_add(w, json(text), &err);
        zagg_arena_release(arena, mark);
    }
    zagg_catalog_writer_abandon(w);
    assert_int_equal(status, ZAGG_ERANGE);
    assert_non_null(strstr(err.msg, "more than 8192 different members: no table (assets "
                                    "named by their files?); write .ndjson.gz"));
}

static void no_catalog(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_catalog *c = NULL;
    write_rows(in_dir("t.parquet"), 4);
    assert_int_equal(zagg_catalog_open(in_dir("t.parquet"), NULL, &c, &err),
                     ZAGG_EFORMAT);
    assert_non_null(strstr(err.msg, "t.parquet: no catalog: a column id is needed "
                                    "(stac-geoparquet)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(large),
        cmocka_unit_test(chosen_columns),
        cmocka_unit_test(rows_refused),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(turned_bits),
        cmocka_unit_test(items_as_tables),
        cmocka_unit_test(kinds_that_meet),
        cmocka_unit_test(items_that_are_no_rows),
        cmocka_unit_test(too_many_members),
        cmocka_unit_test(no_catalog),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
