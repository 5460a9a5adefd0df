/* Which texts name something behind a network. */
#include "support/support.h"
#include "zagg/net.h"

static void schemes(void **state)
{
    (void)state;
    assert_true(zagg_url_is_remote("https://host/a.h5"));
    assert_true(zagg_url_is_remote("http://127.0.0.1:9/a"));
    assert_true(zagg_url_is_remote("s3://bucket/key"));
    assert_false(zagg_url_is_remote("s3:///data/a.h5"));
    assert_false(zagg_url_is_remote("file:///data/a.h5"));
    assert_false(zagg_url_is_remote("data/s3://a"));
    assert_false(zagg_url_is_remote(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(schemes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
