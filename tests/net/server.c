/* Starting, asking and ending the servers of tests/net from C. */
#include "support/server.h"

#include <stdio.h>
#include <string.h>

static void test_a_server_starts_counts_and_ends(void **state)
{
    (void)state;
    const char *const args[] = {"--public", "open", NULL};
    test_server *s = server_start("s3_server", args);
    assert_true(server_port(s) > 0);
    assert_int_equal(server_bucket_port(s), 0);
    assert_non_null(strstr(server_url(s), "http://127.0.0.1:"));

    char *body = NULL;
    assert_int_equal(server_request(s, "GET", "/open/none", NULL, &body), 404);
    assert_non_null(strstr(body, "<Code>NoSuchKey</Code>"));
    zg_free(body);
    assert_int_equal(server_request(s, "GET", "/closed/none", NULL, NULL), 403);

    assert_int_equal(server_stat(s, "requests"), 2);
    assert_int_equal(server_stat(s, "connections"), 2);
    assert_int_equal(server_stat(s, "by_status.404"), 1);
    assert_int_equal(server_stat(s, "by_status.200"), 0);
    assert_int_equal(server_stat(s, "by_code.AccessDenied"), 1);
    server_reset(s);
    assert_int_equal(server_stat(s, "requests"), 0);
    server_stop(s);
}

static void test_servers_are_ended_together(void **state)
{
    (void)state;
    test_server *first = server_start("s3_server", NULL);
    test_server *second = server_start("s3_server", NULL);
    assert_int_not_equal(server_port(first), server_port(second));
}

static void test_a_proxy_takes_scripts(void **state)
{
    (void)state;
    const char *const args[] = {"--public", "open", NULL};
    test_server *behind = server_start("s3_server", args);
    char port[16];
    (void)snprintf(port, sizeof port, "%d", server_port(behind));
    const char *const proxy_args[] = {"--to", port, NULL};
    test_server *proxy = server_start("fault_proxy", proxy_args);
    server_script(proxy, "{\"fault\": \"503\", \"times\": 2}\n{\"fault\": \"429\"}");
    assert_int_equal(server_request(proxy, "GET", "/open/none", NULL, NULL), 503);
    server_script(proxy, "");
    assert_int_equal(server_request(proxy, "GET", "/open/none", NULL, NULL), 404);
    assert_int_equal(server_stat(proxy, "by_fault.503"), 1);
    assert_int_equal(server_stat(behind, "requests"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_a_server_starts_counts_and_ends, server_stop_all),
        cmocka_unit_test_teardown(test_a_proxy_takes_scripts, server_stop_all),
        cmocka_unit_test_teardown(test_servers_are_ended_together, server_stop_all),
    };
    return cmocka_run_group_tests_name("net_server", tests, NULL, NULL);
}
