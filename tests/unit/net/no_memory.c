/* Each allocation of what reads and signs fails once: an error that says so, and nothing
 * lost (the address sanitizer looks). */
#include "net/creds_parts.h"
#include "net/secret_text.h"
#include "net_test.h"

#include <string.h>

typedef zagg_status (*job)(zagg_err *err);

/* Until it goes through. */
static void sweep(job do_it, int64_t least)
{
    int64_t nth = 0;
    zagg_status status = ZAGG_ENOMEM;
    zagg_err err = ZAGG_ERR_INIT;
    while (status != ZAGG_OK) {
        err = (zagg_err)ZAGG_ERR_INIT;
        zg_alloc_fail_nth(++nth);
        status = do_it(&err);
        zg_alloc_fail_nth(0);
        if (status != ZAGG_OK)
            assert_error(status, &err, ZAGG_ENOMEM, "memory");
        assert_true(nth < 2000);
    }
    assert_true(nth > least); /* some did fail */
}

static zagg_status read_ini(zagg_err *err)
{
    static const char text[] =
        "[a]\nb = c\nd =\n  e = f\ng = h\n  i\n[profile j]\nk = l\n";
    zg_ini *ini = NULL;
    const zagg_status status = zg_ini_parse(text, sizeof text - 1, "FILE", &ini, err);
    zg_ini_free(ini);
    return status;
}

static zagg_status read_netrc(zagg_err *err)
{
    static const char text[] = "machine a login b password c default login d password e";
    zg_netrc_login login = {0};
    bool found = false;
    const zagg_status status =
        zg_netrc_find(text, sizeof text - 1, "FILE", "a", &login, &found, err);
    zg_netrc_login_free(&login);
    return status;
}

static zagg_status read_output_creds(zagg_err *err)
{
    static const char text[] =
        "{\"accessKeyId\": \"A\", \"secretAccessKey\": \"" SECRET
        "\", \"sessionToken\": \"" TOKEN "\", \"region\": \"r\", \"endpointUrl\": "
        "\"http://h\", \"expiration\": \"2026-11-27T08:00:00Z\"}";
    zg_output_creds creds = {0};
    const zagg_status status =
        zg_output_creds_parse(text, sizeof text - 1, "FILE", &creds, err);
    zg_output_creds_free(&creds);
    return status;
}

static zagg_status read_answer(zagg_err *err)
{
    static const zg_keys_names names = {"a", "s", "t", "e"};
    static const char text[] = "{\"a\": \"A\", \"s\": \"" SECRET "\", \"t\": \"" TOKEN
                               "\", \"e\": \"2026-11-27T08:00:00Z\"}";
    zg_aws_keys keys = {0};
    const zagg_status status =
        zg_aws_keys_of_json(text, sizeof text - 1, "HOST", &names, &keys, err);
    zg_aws_keys_free(&keys);
    return status;
}

static zagg_status split_name(zagg_err *err)
{
    char *bucket = NULL, *key = NULL;
    const zagg_status status = zg_s3_split("s3://bucket/key", false, &bucket, &key, err);
    zg_free(bucket);
    zg_free(key);
    return status;
}

static zagg_status find_endpoint(zagg_err *err)
{
    char *url = NULL;
    bool custom;
    const zagg_status status = zg_aws_endpoint("s3", "r", NULL, &url, &custom, err);
    zg_free(url);
    return status;
}

static zagg_status find_region(zagg_err *err)
{
    char *region = NULL;
    const zagg_status status = zg_aws_region(NULL, &region, err);
    zg_free(region);
    return status;
}

static zagg_status get_ambient(zagg_err *err)
{
    zg_creds *creds = NULL;
    zg_aws_keys keys = {0};
    zagg_status status = zg_creds_ambient(net_http(), NULL, &creds, err);
    if (status == ZAGG_OK)
        status = zg_creds_get(creds, &keys, err);
    zg_aws_keys_free(&keys);
    zg_creds_free(creds);
    return status;
}

static zagg_status sign_call(zagg_err *err)
{
    zg_creds *creds = NULL;
    zg_s3 *s3 = NULL;
    char *url = NULL, *moved = NULL;
    const zg_aws_keys keys = {
        .access_key = (char *)"A", .secret_key = (char *)SECRET, .token = (char *)TOKEN};
    zg_call call = {.method = "PUT", .body = "x", .body_len = 1, .http_status = 301};
    zg_headers add = {0};
    bool again = false;
    zagg_status status = zg_creds_static(&keys, &creds, err);
    const zg_s3_opts opts = {.http = net_http(),
                             .creds = creds,
                             .bucket = "bucket",
                             .region = "r",
                             .acl = "private"};
    if (status == ZAGG_OK)
        status = zg_s3_new(&opts, &s3, err);
    if (status == ZAGG_OK)
        status = zg_s3_url(s3, "key", "", &url, err);
    if (status == ZAGG_OK) {
        call.url = url;
        zg_s3_put_headers(s3, &call.headers);
        zg_s3_sign_calls(s3, &call, 1);
        zg_headers_add(&call.out_headers, "x-amz-bucket-region", "eu-west-1");
        status = call.renew(call.user, &call, "", &again, err);
    }
    if (status == ZAGG_OK && (call.headers.failed || call.out_headers.failed || !again))
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for headers");
    if (status == ZAGG_OK)
        status = call.authorize(call.user, &call, 1, &add, &moved, err);
    if (status == ZAGG_OK && add.failed)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for headers");
    zg_headers_free(&add);
    zg_call_free(&call);
    zg_free(url);
    zg_free(moved);
    zg_s3_free(s3);
    zg_creds_free(creds);
    return status;
}

static void texts(void **state)
{
    (void)state;
    sweep(read_ini, 5);
    sweep(read_netrc, 4);
    sweep(read_output_creds, 6);
    sweep(read_answer, 5);
    sweep(split_name, 2);
}

static void surroundings(void **state)
{
    (void)state;
    net_file(".aws/config", "[default]\nregion = r\nendpoint_url = http://h\n"
                            "aws_access_key_id = A\n"
                            "aws_secret_access_key = " SECRET "\n");
    sweep(find_endpoint, 5);
    sweep(find_region, 5);
    sweep(get_ambient, 10);
}

static void calls(void **state)
{
    (void)state;
    sweep(sign_call, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        NET_TEST(surroundings),
        NET_TEST(calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
