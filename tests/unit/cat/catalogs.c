/* Catalogs: forms told by content, items and what is made of their members, damage named
 * with file and line, and writing. */
#include "cat/parquet.h"
#include "cat/text_source.h"
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

/* ---- what is read ---- */

typedef struct reading {
    size_t n, stop_after;
    zg_str text; /* a line an item */
    bool whole;
} reading;

static const char *or_dash(const char *text)
{
    return text != NULL ? text : "-";
}

static zagg_status note(void *user, const zagg_item *item, zagg_err *err)
{
    reading *r = user;
    if (r->whole) {
        assert_int_equal(zg_json_write(&r->text, item->whole,
                                       (zg_json_style){.indent = -1, .compact = true},
                                       err),
                         ZAGG_OK);
    } else {
        zg_str_addf(&r->text, "%s %s %s %s %s s3=%s https=%s key=%s parts=%zu cells=",
                    or_dash(item->id), or_dash(item->collection), or_dash(item->datetime),
                    or_dash(item->start), or_dash(item->end), or_dash(item->s3),
                    or_dash(item->https), or_dash(item->time_key), item->shape.n_parts);
        if (item->footprint_cells == NULL)
            zg_str_addc(&r->text, '-');
        for (size_t i = 0; i < item->n_footprint_cells; i++)
            zg_str_addf(&r->text, "%s%llu", i > 0 ? "," : "",
                        (unsigned long long)item->footprint_cells[i]);
        if (item->has_bbox)
            zg_str_addf(&r->text, " [%g %g %g %g]", item->bbox[0], item->bbox[1],
                        item->bbox[2], item->bbox[3]);
        if (item->assets != NULL)
            zg_str_addf(&r->text, " %zu assets", item->assets->n);
    }
    zg_str_addc(&r->text, '\n');
    return ++r->n == r->stop_after ? zagg_err_set(err, ZAGG_ECANCELLED, "enough")
                                   : ZAGG_OK;
}

/* All items of a file as text; the caller's (zg_free). */
static char *read_all(const char *path, bool whole, bool assets, const char *form)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_catalog *c = NULL;
    reading r = {.whole = whole};
    const zagg_catalog_opts opts = {.whole = whole, .assets = assets};
    zg_str_init(&r.text, 0);
    if (zagg_catalog_open(path, &opts, &c, &err) != ZAGG_OK ||
        zagg_catalog_read(c, note, &r, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    if (form != NULL)
        assert_string_equal(zagg_catalog_form(c), form);
    assert_int_equal(zagg_catalog_read(c, note, &r, &err), ZAGG_EARG);
    zagg_catalog_close(c);
    char *out = zg_str_take(&r.text);
    zg_str_free(&r.text);
    return out;
}

static void expect(const char *name, const char *content, const char *want)
{
    write_text(dir, name, content);
    char *got = read_all(in_dir(name), false, false, NULL);
    assert_string_equal(got, want);
    zg_free(got);
}

static void refuse_file(const char *path, zagg_status want, const char *message)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_catalog *c = NULL;
    reading r = {.n = 0};
    zg_str_init(&r.text, 0);
    zagg_status status = zagg_catalog_open(path, NULL, &c, &err);
    if (status == ZAGG_OK)
        status = zagg_catalog_read(c, note, &r, &err);
    zagg_catalog_close(c);
    zg_str_free(&r.text);
    assert_int_equal(status, want);
    if (!text_matches(message, err.msg))
        fail_msg("\"%s\" is not \"%s\"", err.msg, message);
}

static void refuse(const char *content, zagg_status want, const char *message)
{
    write_text(dir, "bad", content);
    refuse_file(in_dir("bad"), want, message);
}

#define POINT_ITEM(id)                                                                   \
    "{\"type\":\"Feature\",\"id\":\"" id "\",\"geometry\":{\"type\":\"Point\","          \
    "\"coordinates\":[1,2]},\"properties\":{}}"
#define POINT_LINE(id) id " - - - - s3=- https=- key=- parts=1 cells=-\n"

static void forms(void **state)
{
    (void)state;
    expect("a", POINT_ITEM("a") "\n" POINT_ITEM("b") "\n",
           POINT_LINE("a") POINT_LINE("b"));
    expect("a", POINT_ITEM("a") "\r\n\r\n" POINT_ITEM("b"),
           POINT_LINE("a") POINT_LINE("b"));
    expect("a", "\xef\xbb\xbf" POINT_ITEM("a"), POINT_LINE("a"));
    expect("a",
           "{\"type\":\"FeatureCollection\",\"features\":[" POINT_ITEM(
               "a") ",\n" POINT_ITEM("b") "],\"links\":[{}]}\n",
           POINT_LINE("a") POINT_LINE("b"));
    /* members in another order, two collections, an item behind them */
    expect("a",
           "{\"links\":[],\"features\":[" POINT_ITEM(
               "a") "],\"type\":"
                    "\"FeatureCollection\"}{\"type\":\"FeatureCollection\",\"features\":["
                    "]}" POINT_ITEM("b"),
           POINT_LINE("a") POINT_LINE("b"));
    expect("a",
           "{\n  \"type\": \"Feature\",\n  \"id\": \"a\",\n  \"geometry\": null\n}\n",
           "a - - - - s3=- https=- key=- parts=0 cells=-\n");
    expect("a", "", "");
    expect("a", " \n \n", "");
}

static void members(void **state)
{
    (void)state;
    expect(
        "a",
        "{\"type\":\"Feature\",\"id\":\"x\\u0041\\/\",\"collection\":\"C_1\","
        "\"bbox\":[-1,2,0,3,4,9],\"properties\":{\"datetime\":null,"
        "\"start_datetime\":\"2019-01-05T16:33:08Z\",\"end_datetime\":\"2019-01-05T"
        "16:33:09.5Z\",\"footprint_cells\":[18446744073709551615,7]},\"geometry\":null,"
        "\"assets\":{\"data_s3\":{\"href\":\"s3://b/x.h5\"},\"data\":{\"href\":"
        "\"https://h/x.h5\",\"roles\":[\"data\"]},\"metadata\":{\"href\":\"m\"}}}",
        "xA/ C_1 - 2019-01-05T16:33:08Z 2019-01-05T16:33:09.5Z s3=s3://b/x.h5 "
        "https=https://h/x.h5 key=- parts=0 cells=18446744073709551615,7 [-1 2 3 4]\n");
    /* an index of no cells; a bbox that is null; members that are not what they should be
     */
    expect(
        "a",
        "{\"type\":\"Feature\",\"id\":7,\"bbox\":null,\"properties\":{\"datetime\":[1],"
        "\"footprint_cells\":[]},\"geometry\":null,\"assets\":{\"data\":null,\"x\":{}}}",
        "- - - - - s3=- https=- key=- parts=0 cells=\n");
    expect("a", "{\"type\":\"Feature\",\"properties\":null,\"assets\":null}",
           "- - - - - s3=- https=- key=- parts=0 cells=-\n");
    /* the last of equal members counts */
    expect("a",
           "{\"type\":\"Feature\",\"id\":\"a\",\"id\":\"b\",\"geometry\":{\"type\":"
           "\"Point\",\"coordinates\":[1,2]},\"geometry\":null}",
           "b - - - - s3=- https=- key=- parts=0 cells=-\n");
}

/* Without stable names of assets their roles, endings and schemes tell. */
static void hrefs(void **state)
{
    (void)state;
#define ASSETS(list) "{\"type\":\"Feature\",\"assets\":{" list "}}"
#define HREFS(s3, https) "- - - - - s3=" s3 " https=" https " key=- parts=0 cells=-\n"
    expect("a",
           ASSETS("\"03/x\":{\"roles\":[\"data\"],\"href\":\"s3://b/x.h5\"},"
                  "\"04/x\":{\"href\":\"https://h/x.h5\",\"roles\":[\"y\",\"data\"]},"
                  "\"m\":{\"href\":\"https://h/m.h5\",\"roles\":[\"metadata\"]},"
                  "\"d\":{\"href\":\"https://h/x.dmrpp\",\"roles\":[\"data\"]}"),
           HREFS("s3://b/x.h5", "https://h/x.h5"));
    expect("a", ASSETS("\"data\":{\"href\":\"s3://b/x.h5\"}"), HREFS("s3://b/x.h5", "-"));
    expect("a", ASSETS("\"data\":{\"href\":\"/d/x.h5\"}"), HREFS("-", "/d/x.h5"));
    expect(
        "a",
        ASSETS("\"data\":{\"href\":\"s3://b/x.h5\"},\"data_s3\":{\"href\":\"s3://c/x\"}"),
        HREFS("s3://c/x", "s3://b/x.h5"));
    expect("a", ASSETS("\"red\":{\"href\":\"https://h/red.tif\",\"roles\":[\"data\"]}"),
           HREFS("-", "-"));
}

static void metadata(void **state)
{
    (void)state;
    static const char *const FILES[] = {
        "{\"zagg:catalog_meta\":{\"time_key\":\"k\",\"n\":1}}\n%s\n",
        "{\"type\":\"FeatureCollection\",\"zagg:catalog_meta\":{\"time_key\":\"k\",\"n\":"
        "1},\"features\":[%s]}",
        "{\"type\":\"FeatureCollection\",\"features\":[%s],\"zagg:catalog_meta\":{"
        "\"time_key\":\"k\",\"n\":1}}"};
    for (size_t i = 0; i < 3; i++) {
        zg_str text;
        zagg_err err = ZAGG_ERR_INIT;
        zagg_catalog *c = NULL;
        reading r = {.n = 0};
        zg_str_init(&text, 0);
        zg_str_init(&r.text, 0);
        const char *at = strstr(FILES[i], "%s");
        zg_str_addn(&text, FILES[i], (size_t)(at - FILES[i]));
        zg_str_add(&text, "{\"type\":\"Feature\",\"properties\":{\"k\":7}}");
        zg_str_add(&text, at + 2);
        write_text(dir, "m", text.data);
        assert_int_equal(zagg_catalog_open(in_dir("m"), NULL, &c, &err), ZAGG_OK);
        const bool before = i < 2;
        assert_int_equal(zagg_catalog_meta(c)->kind, ZAGG_MAP);
        assert_int_equal(zagg_catalog_meta(c)->n, before ? 2 : 0);
        assert_int_equal(zagg_catalog_read(c, note, &r, &err), ZAGG_OK);
        assert_int_equal(zagg_catalog_meta(c)->n, 2);
        assert_non_null(strstr(r.text.data, before ? "key=7" : "key=-"));
        zagg_catalog_close(c);
        zg_str_free(&text);
        zg_str_free(&r.text);
    }
    refuse("{\"zagg:catalog_meta\":3}", ZAGG_EFORMAT,
           "*: zagg:catalog_meta must be an object (found int)");
}

static void damage(void **state)
{
    (void)state;
    refuse(POINT_ITEM("a") "\n{\"type\":\"Feature\",\"id\":\"b\n", ZAGG_EFORMAT,
           "catalog: */bad: line 2: id: control character in a text; escape it");
    refuse(POINT_ITEM("a") "\n\n{\"type\":\"Feature\",", ZAGG_EFORMAT,
           "catalog: */bad: line 3: the text ends in the middle of a value");
    refuse("{\"type\":\"Feature\",\n\"geometry\":{\"type\":\"Point\",\n\"coordinates\":"
           "[1]}}",
           ZAGG_EFORMAT,
           "catalog: */bad: line 3: geometry: a position needs longitude and latitude");
    refuse("hello", ZAGG_EFORMAT,
           "catalog: */bad: line 1: '{' must stand here (found hello)");
    refuse("[" POINT_ITEM("a") "]", ZAGG_EFORMAT,
           "catalog: */bad: line 1: '{' must stand here*");
    refuse("{\"type\":\"Polygon\"}", ZAGG_EFORMAT,
           "catalog: */bad: line 1: an object that is no STAC item (its type must be "
           "Feature)");
    refuse("{\"shard_keys\":[],\"granules\":[]}", ZAGG_EFORMAT,
           "*this is a shard map; a catalog is needed (STAC items)");
    refuse("{\"type\":\"Feature\",\"bbox\":[1,2,3]}", ZAGG_EFORMAT,
           "*line 1: bbox: 3 numbers; must be four, or six with heights");
    refuse("{\"type\":\"Feature\",\"bbox\":[1,2,3,4,5,6,7]}", ZAGG_EFORMAT,
           "*bbox: more than six numbers");
    refuse("{\"type\":\"Feature\",\"properties\":{\"footprint_cells\":[-1]}}",
           ZAGG_EFORMAT,
           "*properties: an integer from 0 to 2^64 - 1 must stand here (found -1]}})");
    refuse("{\"type\":\"Feature\",\"properties\":{\"footprint_cells\":"
           "[18446744073709551616]}}",
           ZAGG_EFORMAT, "*an integer from 0 to 2^64 - 1 must stand here*");
    refuse("{\"type\":\"Feature\",\"id\":\"a\\u0000b\"}", ZAGG_EFORMAT,
           "*id: a text holds a NUL byte");
    refuse("{\"type\":\"FeatureCollection\",\"features\":[{\"features\":[]}]}",
           ZAGG_EFORMAT, "*a collection inside a collection");
    refuse("{\"type\":\"FeatureCollection\",\"features\":[" POINT_ITEM(
               "a") " " POINT_ITEM("b") "]}",
           ZAGG_EFORMAT, "*',' or ']' must stand here (found {\"type\":\"Feature)");
    refuse("{\"type\":\"FeatureCollection\",\"features\":[" POINT_ITEM("a") "]",
           ZAGG_EFORMAT, "*the text ends in the middle of a value");
    refuse("{\"type\":\"Feature\",\"a\":\"\xff\"}    ", ZAGG_EFORMAT,
           "*text is not UTF-8");
    refuse("{\"type\":\"Feature\",\"a\":\"\\x\"}", ZAGG_EFORMAT,
           "*unknown escape in a text");
    refuse("{\"type\":\"Feature\",\"a\":\"\\u12g4\"}", ZAGG_EFORMAT,
           "*\\u needs four hexadecimal digits");
    refuse("{\"type\":\"Feature\",\"a\":01}", ZAGG_EFORMAT,
           "*a number must stand here (found 01})");
    refuse("{\"type\":\"Feature\",\"a\":1.}", ZAGG_EFORMAT, "*a number must stand here*");
    refuse("{\"type\":\"Feature\",\"a\":nul}", ZAGG_EFORMAT, "*a value must stand here*");
    refuse("{\"type\":\"Feature\",\"a\" 1}", ZAGG_EFORMAT, "*':' must stand here*");
    refuse("{\"type\":\"Feature\",}", ZAGG_EFORMAT, "*a key in quotes must stand here*");
    refuse_file(in_dir("not-there"), ZAGG_ENOTFOUND, "catalog: */not-there*");
    refuse_file(dir, ZAGG_EIO, "catalog: *");
}

static void deep_nesting(void **state)
{
    (void)state;
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_add(&text, "{\"type\":\"Feature\",\"a\":");
    for (int i = 0; i < 100000; i++)
        zg_str_addc(&text, '[');
    refuse(text.data, ZAGG_ERANGE, "*nested more than 64 levels deep");
    zg_str_free(&text);
}

/* Values of all sizes over the ends of the buffer that is read into. */
static void long_texts(void **state)
{
    (void)state;
    zg_str text;
    size_t n = 0;
    zg_str_init(&text, 0);
    for (size_t len = 1; text.len < (size_t)6 << 20; len = len * 3 % 200003, n++) {
        zg_str_addf(&text,
                    "{\"type\":\"Feature\",\"id\":\"%zu\",\"properties\":{\"p\":\"", n);
        for (size_t i = 0; i < len; i++)
            zg_str_add(&text, i % 7 == 0 ? "\\u00e9" : "\xc3\xa9");
        zg_str_addf(&text, "\",\"q\":[NaN,-Infinity,true,%zu.5e-3]}}%s", n,
                    n % 2 == 0 ? "\n" : "");
    }
    write_text(dir, "long", text.data);
    zg_str_free(&text);
    char *got = read_all(in_dir("long"), false, false, NULL);
    const char *at = got;
    for (size_t i = 0; i < n; i++) {
        char want[32];
        (void)snprintf(want, sizeof want, "%zu - - - -", i);
        assert_int_equal(strncmp(at, want, strlen(want)), 0);
        at = strchr(at, '\n') + 1;
    }
    assert_int_equal(*at, '\0');
    zg_free(got);
}

/* An item of a million vertices. */
static void large_item(void **state)
{
    (void)state;
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_add(&text,
               "{\"type\":\"Feature\",\"id\":\"a\",\"geometry\":{\"type\":\"Polygon\","
               "\"coordinates\":[[");
    for (int i = 0; i < 1000000; i++)
        zg_str_addf(&text, "%s[%d.25,%d]", i > 0 ? "," : "", i % 360 - 180, i % 180 - 90);
    zg_str_add(&text, "]]}}\n");
    zg_str_add(&text, POINT_ITEM("b"));
    const double start = zg_clock_mono_s();
    expect("large", text.data,
           "a - - - - s3=- https=- key=- parts=1 cells=-\n" POINT_LINE("b"));
    printf("an item of a million vertices: %.3f s\n", zg_clock_mono_s() - start);
    zg_str_free(&text);
}

static void callers_failure(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_catalog *c = NULL;
    reading r = {.stop_after = 2};
    zg_str_init(&r.text, 0);
    write_text(dir, "a", POINT_ITEM("a") "\n" POINT_ITEM("b") "\n" POINT_ITEM("c"));
    assert_int_equal(zagg_catalog_open(in_dir("a"), NULL, &c, &err), ZAGG_OK);
    assert_int_equal(zagg_catalog_read(c, note, &r, &err), ZAGG_ECANCELLED);
    assert_string_equal(err.msg, "enough");
    assert_int_equal(r.n, 2);
    zagg_catalog_close(c);
    zg_str_free(&r.text);
}

/* ---- gzip ---- */

static void gzip(void **state)
{
    (void)state;
    write_text(dir, "a", POINT_ITEM("a") "\n");
    write_text(dir, "b", POINT_ITEM("b") "\n");
    zg_free(shell_ok(dir, "gzip -c a > a.gz; gzip -c b > b.gz; cat a.gz b.gz > both.gz; "
                          "(cat a.gz; head -c 700 /dev/zero) > padded.gz; "
                          "head -c 40 a.gz > cut.gz; head -c 10 a.gz > head.gz; "
                          "(cat a.gz; printf junk) > junk.gz"));
    char *got = read_all(in_dir("both.gz"), false, false, "NDJSON (gzip)");
    assert_string_equal(got, POINT_LINE("a") POINT_LINE("b"));
    zg_free(got);
    got = read_all(in_dir("padded.gz"), false, false, "NDJSON (gzip)");
    assert_string_equal(got, POINT_LINE("a"));
    zg_free(got);
    refuse_file(in_dir("cut.gz"), ZAGG_EFORMAT, "*gzip: the file is cut short");
    refuse_file(in_dir("head.gz"), ZAGG_EFORMAT, "*gzip: the file is cut short");
    refuse_file(in_dir("junk.gz"), ZAGG_EFORMAT, "*gzip: incorrect header check");
    char *text = NULL;
    size_t len = 0;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zg_text_load(in_dir("a.gz"), 1000, &text, &len, &err), ZAGG_OK);
    assert_string_equal(text, POINT_ITEM("a") "\n");
    zg_free(text);
    assert_int_equal(zg_text_load(in_dir("a.gz"), 5, &text, &len, &err), ZAGG_ERANGE);
    zg_free(shell_ok(dir, "head -c 100000000 /dev/zero | gzip > bomb.gz"));
    assert_int_equal(zg_text_load(in_dir("bomb.gz"), 1000, &text, &len, &err),
                     ZAGG_ERANGE);
}

/* Every byte of a small file damaged in turn: an error or what it was, never a crash. */
static void damaged_bytes(void **state)
{
    (void)state;
    static const char *const FILES[] = {"a", "a.gz"};
    write_text(dir, "a", "{\"zagg:catalog_meta\":{\"k\":[1]}}\n" POINT_ITEM("a") "\n");
    zg_free(shell_ok(dir, "gzip -fk a"));
    for (size_t f = 0; f < 2; f++) {
        char *text = NULL;
        size_t len = 0;
        assert_int_equal(zagg_file_read(in_dir(FILES[f]), 10000, &text, &len, NULL), 0);
        for (size_t i = 0; i < len; i++) {
            zagg_err err = ZAGG_ERR_INIT;
            zagg_catalog *c = NULL;
            reading r = {.n = 0};
            const char was = text[i];
            text[i] = (char)(was ^ (1 << i % 8));
            FILE *file = fopen(in_dir("d"), "wb");
            assert_non_null(file);
            assert_int_equal(fwrite(text, 1, len, file), len);
            assert_int_equal(fclose(file), 0);
            text[i] = was;
            zg_str_init(&r.text, 0);
            if (zagg_catalog_open(in_dir("d"), NULL, &c, &err) == ZAGG_OK)
                (void)zagg_catalog_read(c, note, &r, &err);
            zagg_catalog_close(c);
            zg_str_free(&r.text);
        }
        zagg_bytes_free(text);
    }
}

/* ---- writing ---- */

static const zagg_value *json(zagg_arena *arena, const char *text)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_value *v = NULL;
    if (zagg_json_parse(arena, text, strlen(text), "test", &v, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return v;
}

static const char *const ITEMS[] = {
    POINT_ITEM("a"),
    "{\"type\":\"Feature\",\"stac_version\":\"1.0.0\",\"id\":\"b\\u00e9\",\"geometry\":"
    "null,\"bbox\":[-1.5,2,3,4],\"properties\":{\"n\":18446744073709551615,\"x\":0.1},"
    "\"links\":[],\"assets\":{\"data\":{\"href\":\"https://h/"
    "x.h5\",\"roles\":[\"data\"]}}}"};

static void write_items(const char *path, const char *meta)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_catalog_writer *w = NULL;
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, &err), ZAGG_OK);
    if (zagg_catalog_writer_new(path, meta != NULL ? json(arena, meta) : NULL, &w,
                                &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(zagg_catalog_writer_add(w, json(arena, ITEMS[i]), &err), 0);
    if (zagg_catalog_writer_finish(w, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_arena_free(arena);
}

static void text_forms(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"o.ndjson", "o.jsonl",   "o.ndjson.gz",
                                        "o.json",   "o.json.gz", "o.geojson"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        for (int with = 0; with < 2; with++) {
            zagg_err err = ZAGG_ERR_INIT;
            zagg_catalog *c = NULL;
            write_items(in_dir(NAMES[i]), with ? "{\"k\":1}" : NULL);
            char *got = read_all(in_dir(NAMES[i]), true, false, NULL);
            char *second = strchr(got, '\n');
            *second++ = '\0';
            assert_string_equal(got, ITEMS[0]);
            assert_true(strlen(second) == strlen(ITEMS[1]) + 1 &&
                        strncmp(second, ITEMS[1], strlen(ITEMS[1])) == 0);
            zg_free(got);
            assert_int_equal(zagg_catalog_open(in_dir(NAMES[i]), NULL, &c, &err), 0);
            assert_int_equal(zagg_catalog_meta(c)->n, with);
            zagg_catalog_close(c);
        }
    char *text = shell_ok(dir, "cat o.ndjson");
    static const char BEGIN[] = "{\"zagg:catalog_meta\":{\"k\":1}}\n{\"type\"";
    assert_int_equal(strncmp(text, BEGIN, sizeof BEGIN - 1), 0);
    zg_free(text);
    zg_free(shell_ok(dir, "! ls -a | grep tmp"));
}

static void writers_refuse(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_catalog_writer *w = NULL;
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, &err), ZAGG_OK);
    assert_int_equal(zagg_catalog_writer_new(in_dir("x.csv"), NULL, &w, &err), ZAGG_EARG);
    assert_int_equal(zagg_catalog_writer_new(".ndjson", NULL, &w, &err), ZAGG_EARG);
    assert_int_equal(zagg_catalog_writer_new(in_dir("no/x.ndjson"), NULL, &w, &err),
                     ZAGG_EIO);
    /* what is abandoned leaves what was there */
    write_text(dir, "y.ndjson", "old");
    assert_int_equal(zagg_catalog_writer_new(in_dir("y.ndjson"), NULL, &w, &err), 0);
    assert_int_equal(zagg_catalog_writer_add(w, json(arena, ITEMS[0]), &err), 0);
    assert_int_equal(zagg_catalog_writer_add(w, json(arena, "[1]"), &err), ZAGG_EARG);
    zagg_catalog_writer_abandon(w);
    zagg_catalog_writer_abandon(NULL);
    char *text = shell_ok(dir, "cat y.ndjson; ls -a | grep tmp || true");
    assert_string_equal(text, "old");
    zg_free(text);
    /* this program has no Parquet */
    assert_int_equal(zagg_catalog_writer_new(in_dir("x.parquet"), NULL, &w, &err),
                     ZAGG_EUNSUPPORTED);
    write_text(dir, "x.parquet", "PAR1 and so on");
    refuse_file(in_dir("x.parquet"), ZAGG_EUNSUPPORTED,
                "*built without carquet, which reads and writes Parquet*");
    zagg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),           cmocka_unit_test(members),
        cmocka_unit_test(hrefs),           cmocka_unit_test(metadata),
        cmocka_unit_test(damage),          cmocka_unit_test(deep_nesting),
        cmocka_unit_test(long_texts),      cmocka_unit_test(large_item),
        cmocka_unit_test(callers_failure), cmocka_unit_test(gzip),
        cmocka_unit_test(damaged_bytes),   cmocka_unit_test(text_forms),
        cmocka_unit_test(writers_refuse),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
