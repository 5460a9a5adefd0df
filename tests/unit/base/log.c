/* Levels, the two writers, and that messages of several threads come one at a time. */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct heard {
    size_t n; /* unguarded on purpose: the logger promises one call at a time */
    char last[8192];
} heard;

static void hear(void *user, zagg_log_level level, const char *message)
{
    heard *h = user;
    h->n++;
    snprintf(h->last, sizeof h->last, "%d %s", (int)level, message);
}

static void test_levels(void **state)
{
    (void)state;
    heard h = {0};
    zagg_log *log = zagg_log_new(ZAGG_LOG_INFO, hear, &h);
    assert_non_null(log);
    zagg_log_write(log, ZAGG_LOG_INFO, "shard %d", 5);
    assert_string_equal(h.last, "2 shard 5");
    zagg_log_write(log, ZAGG_LOG_DEBUG, "unheard");
    assert_int_equal(h.n, 1);
    zagg_log_write(NULL, ZAGG_LOG_ERROR, "silence");
    char *text = zg_alloc(10001, 1);
    assert_non_null(text);
    memset(text, 'x', 10000);
    zagg_log_write(log, ZAGG_LOG_WARN, "%s", text);
    assert_int_equal(strlen(h.last), 2 + 4095);
    zg_free(text);
    zagg_log_free(log);
    zagg_log_free(NULL);
    assert_string_equal(zagg_log_level_name(ZAGG_LOG_TRACE), "trace");
    assert_string_equal(zagg_log_level_name((zagg_log_level)77), "unknown");
}

static zagg_status log_task(void *user, size_t index, size_t slot, void **result,
                            zagg_err *err)
{
    (void)result;
    (void)err;
    zagg_log_write(user, ZAGG_LOG_INFO, "task %zu in slot %zu", index, slot);
    return ZAGG_OK;
}

static void test_threads(void **state)
{
    (void)state;
    heard h = {0};
    zagg_log *log = zagg_log_new(ZAGG_LOG_TRACE, hear, &h);
    zagg_pool *pool = NULL;
    assert_int_equal(zagg_pool_new(4, &pool, NULL), ZAGG_OK);
    assert_int_equal(zagg_pool_map(pool, 500, 0, log_task, NULL, NULL, log, NULL),
                     ZAGG_OK);
    assert_int_equal(h.n, 500);
    zagg_pool_free(pool);
    zagg_log_free(log);
}

static void written_by(zagg_log_fn fn, zagg_log_level level, const char *message,
                       char *out, size_t out_bytes)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    fn(file, level, message);
    rewind(file);
    size_t len = fread(out, 1, out_bytes - 1, file);
    out[len] = '\0';
    fclose(file);
}

static void test_text_writer(void **state)
{
    (void)state;
    char out[256];
    written_by(zagg_log_to_text, ZAGG_LOG_INFO, "hello", out, sizeof out);
    assert_string_equal(out, "hello\n");
    written_by(zagg_log_to_text, ZAGG_LOG_WARN, "careful", out, sizeof out);
    assert_string_equal(out, "warn: careful\n");
}

static void test_json_writer(void **state)
{
    (void)state;
    static const char message[] =
        "a\"b\\c\n\x01 \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \xFF \xED\xA0\x80"
        " \xC0\xAF \xE2\x82";
    static const char expected[] = "\", \"level\": \"error\", \"message\": "
                                   "\"a\\\"b\\\\c\\u000a\\u0001 \xC3\xA9 \xE2\x82\xAC "
                                   "\xF0\x9F\x98\x80 \\ufffd \\ufffd\\ufffd\\ufffd "
                                   "\\ufffd\\ufffd \\ufffd\\ufffd\"}\n";
    char out[512];
    written_by(zagg_log_to_json, ZAGG_LOG_ERROR, message, out, sizeof out);
    assert_true(strncmp(out, "{\"ts\": \"2", 9) == 0);
    assert_string_equal(out + strlen("{\"ts\": \"2026-11-22T21:05:25Z"), expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_text_writer),
        cmocka_unit_test(test_json_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
