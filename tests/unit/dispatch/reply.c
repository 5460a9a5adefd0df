/* What answers of the service mean that are no response. */
#include "dispatch/reply.h"

#include "support/support.h"

static zg_reply_kind kind_of(long http_status, const char *type, zagg_status status)
{
    zagg_err err = ZAGG_ERR_INIT;
    (void)zagg_err_set(&err, status, "it broke off");
    return zg_reply_kind_of(http_status, type, &err);
}

/* A connection that broke is tried again wherever it broke. */
static void test_broken_connections(void **state)
{
    (void)state;
    assert_int_equal(kind_of(0, "", ZAGG_EIO), ZG_REPLY_FAULT);
    assert_int_equal(kind_of(200, "", ZAGG_EIO), ZG_REPLY_FAULT);
    assert_int_equal(kind_of(202, "", ZAGG_EIO), ZG_REPLY_FAULT);
    assert_int_equal(kind_of(200, "", ZAGG_ERANGE), ZG_REPLY_REFUSED);
    assert_int_equal(kind_of(200, "", ZAGG_ENOMEM), ZG_REPLY_FATAL);
}

static void test_statuses(void **state)
{
    (void)state;
    assert_int_equal(kind_of(429, "TooManyRequestsException", ZAGG_EHTTP),
                     ZG_REPLY_THROTTLED);
    assert_int_equal(kind_of(400, "ThrottlingException", ZAGG_EHTTP), ZG_REPLY_THROTTLED);
    assert_int_equal(kind_of(500, "ServiceException", ZAGG_EHTTP), ZG_REPLY_FAULT);
    assert_int_equal(kind_of(500, "SomethingElse", ZAGG_EHTTP), ZG_REPLY_REFUSED);
    assert_int_equal(kind_of(503, "", ZAGG_EHTTP), ZG_REPLY_FAULT);
    assert_int_equal(kind_of(404, "ResourceNotFoundException", ZAGG_EHTTP),
                     ZG_REPLY_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken_connections),
        cmocka_unit_test(test_statuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
