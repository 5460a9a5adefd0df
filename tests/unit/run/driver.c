/* Which driver a run takes, and the path behind a granule's href. */
#include "run/run.h"
#include "support/support.h"

typedef struct href_case {
    zagg_granule granule;
    zg_driver driver;
    const char *path;
} href_case;

static void hrefs(void **state)
{
    static const href_case CASES[] = {
        {{"a", "/d/a.h5", NULL, NULL}, ZG_DRIVER_FILE, "/d/a.h5"},
        {{"a", "d/a.h5", NULL, NULL}, ZG_DRIVER_FILE, "d/a.h5"},
        {{"a", "s3:///d/a.h5", NULL, NULL}, ZG_DRIVER_FILE, "/d/a.h5"},
        {{"a", "s3://d/a.h5", NULL, NULL}, ZG_DRIVER_FILE, "d/a.h5"},
        {{"a", "file:///d/a.h5", "https://h/a.h5", NULL}, ZG_DRIVER_FILE, "/d/a.h5"},
        {{"a", NULL, "/d/a.h5", NULL}, ZG_DRIVER_FILE, "/d/a.h5"},
        {{"a", NULL, NULL, NULL}, ZG_DRIVER_FILE, NULL},
        {{"a", "s3://b/a.h5", "https://h/a.h5", NULL}, ZG_DRIVER_S3, "s3://b/a.h5"},
        {{"a", "s3://b/a.h5", "https://h/a.h5", NULL}, ZG_DRIVER_HTTPS, "https://h/a.h5"},
        {{"a", "s3://b/a.h5", NULL, NULL}, ZG_DRIVER_HTTPS, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const char *path = zg_granule_href(&CASES[i].granule, CASES[i].driver);
        if (CASES[i].path == NULL)
            assert_null(path);
        else
            assert_string_equal(path, CASES[i].path);
    }
}

/* The driver for a map whose only granule has these hrefs. */
static zg_driver chosen(const char *flag, const char *config, const char *s3,
                        const char *https)
{
    const zagg_granule granule = {"a", s3, https, NULL};
    const zagg_granule *const list[] = {&granule};
    const zagg_shard_entry shard = {.key = 7, .granules = list, .n_granules = 1};
    const zagg_shardmap map = {.name = "m.json", .shards = &shard, .n_shards = 1};
    zagg_pipeline pipeline = {.data_source = {.driver = config}};
    zagg_err err = ZAGG_ERR_INIT;
    zg_driver driver = ZG_DRIVER_FILE;
    if (zg_driver_choose(flag, &pipeline, &map, &driver, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return driver;
}

static void drivers(void **state)
{
    (void)state;
    assert_int_equal(chosen(NULL, NULL, "s3://b/a.h5", NULL), ZG_DRIVER_S3);
    assert_int_equal(chosen(NULL, "https", "s3://b/a.h5", "https://h/a.h5"),
                     ZG_DRIVER_HTTPS);
    assert_int_equal(chosen("s3", "https", "s3://b/a.h5", "https://h/a.h5"),
                     ZG_DRIVER_S3);
    assert_int_equal(chosen("file", "s3", "s3://b/a.h5", NULL), ZG_DRIVER_FILE);
    /* Every href is a path on this machine, whatever the config says. */
    assert_int_equal(chosen(NULL, "s3", "s3:///d/a.h5", NULL), ZG_DRIVER_FILE);
    assert_int_equal(chosen(NULL, "s3", "file:///d/a.h5", NULL), ZG_DRIVER_FILE);
    assert_int_equal(chosen(NULL, "s3", "d/a.h5", NULL), ZG_DRIVER_FILE);
    assert_int_equal(chosen("https", "s3", "s3://b/a.h5", "/d/a.h5"), ZG_DRIVER_FILE);
    /* As of --granules https://... */
    assert_int_equal(chosen(NULL, "s3", "https://h/a.h5", "https://h/a.h5"),
                     ZG_DRIVER_HTTPS);
    assert_int_equal(chosen("s3", "s3", "https://h/a.h5", "https://h/a.h5"),
                     ZG_DRIVER_S3);
}

static void wrong_driver(void **state)
{
    const zagg_shardmap map = {.name = "m.json"};
    zagg_pipeline pipeline = {.data_source = {.driver = NULL}};
    zagg_err err = ZAGG_ERR_INIT;
    zg_driver driver = ZG_DRIVER_HTTPS;
    (void)state;
    assert_int_equal(zg_driver_choose("ftp", &pipeline, &map, &driver, &err), ZAGG_EARG);
    assert_string_equal(err.msg, "--driver: found 'ftp'; must be file, s3 or https");
    assert_int_equal(driver, ZG_DRIVER_HTTPS);
}

static void store_paths(void **state)
{
    (void)state;
    assert_string_equal(zg_store_path("file:///d/o"), "/d/o");
    assert_string_equal(zg_store_path("d/o"), "d/o");
    assert_string_equal(zg_store_path("s3://b/o"), "s3://b/o");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hrefs),
        cmocka_unit_test(drivers),
        cmocka_unit_test(wrong_driver),
        cmocka_unit_test(store_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
