/* Texts of errors out of the bodies of answers, and URLs as they are shown. */
#include "net/http_impl.h"
#include "support/support.h"

#include <string.h>

typedef struct explain_case {
    const char *body, *code, *text;
} explain_case;

static const explain_case cases[] = {
    {"", "", ""},
    {"  \r\n ", "", ""},
    {"<?xml version=\"1.0\" "
     "encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>The "
     "specified key does not exist.</Message><Key>a</Key><HostId>x</HostId></Error>",
     "NoSuchKey", "NoSuchKey: The specified key does not exist."},
    {"<ErrorResponse "
     "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender"
     "</Type><Code>AccessDenied</Code><Message>Not &lt;you&gt;</Message></Error>"
     "</ErrorResponse>",
     "AccessDenied", "AccessDenied: Not <you>"},
    {"<Error><Code>SlowDown</Code><Message>Reduce", "SlowDown", "SlowDown: Reduce"},
    {"<!DOCTYPE a [<!ENTITY b \"c\">]><Error><Code>&b;</Code></Error>", "", ""},
    {"<html><head><title>502 Bad Gateway</title></head><body><br></body></html>", "",
     "502 Bad Gateway"},
    {"{\"message\": \"Rate exceeded\", \"__type\": \"com.amazon#TooManyRequests\"}",
     "TooManyRequests", "TooManyRequests: Rate exceeded"},
    {"{\"error\": \"invalid_token\", \"error_description\": \"The token has expired\"}",
     "", "The token has expired"},
    {"{\"error\": {\"code\": \"E1\", \"message\": \"deep\"}}", "E1", "E1: deep"},
    {"{\"errors\": [1]}", "", ""},
    {"{ not json", "", ""},
    {"plain words\nand a second line", "", "plain words"},
    {"\x01\x02\x03", "", ""},
    {"The key AKIAIOSFODNN7EXAMPLE is unknown", "", "The key ... is unknown"},
    {"bad (wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY1)", "", "bad (...)"},
    {"token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig is old", "", "token ... is old"},
    {"Authorization: Bearer abc123 refused", "", "Authorization: Bearer ... refused"},
    {"token=abc-123, 0123456789abcdef0123456789abcdef01234567", "", "token=..., ..."},
    {"the token is invalid, bearer token required", "",
     "the token is invalid, bearer token required"},
    {"no object ATL03_20190102030405_12345678_006_02.h5", "",
     "no object ATL03_20190102030405_12345678_006_02.h5"},
};

static void bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char code[64], text[200];
        zg_http_explain(cases[i].body, strlen(cases[i].body), code, text, sizeof text);
        assert_string_equal(code, cases[i].code);
        assert_string_equal(text, cases[i].text);
    }
}

static void limits(void **state)
{
    (void)state;
    static char body[200000];
    char code[64], text[16];
    memset(body, 'x', sizeof body);
    zg_http_explain(body, sizeof body, code, text, sizeof text);
    assert_string_equal(text, "xxxxxxxxxxxxxxx");
    memcpy(body, "<Error><Code>", 13);
    zg_http_explain(body, sizeof body, code, text, sizeof text);
    assert_int_equal(strlen(code), 63);
    memcpy(body,
           "<Error><Message>"
           "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4",
           32);
    zg_http_explain(body, 32, code, text, sizeof text);
    assert_int_equal(strlen(text), 14); /* no half of a character */
    zg_http_explain(NULL, 0, code, text, sizeof text);
    zg_http_explain("a", 1, code, NULL, 0);
}

static void urls(void **state)
{
    (void)state;
    static const char *const shown[][2] = {
        {"https://h/a?prefix=b&uploadId=c#frag", "https://h/a?prefix=b&uploadId=c"},
        {"https://user:p@ss@h:1/a@b", "https://h:1/a@b"},
        {"https://h/a?X-Amz-Signature=1&x-amz-credential=2&X-Amz-Date=3",
         "https://h/a?X-Amz-Signature=...&x-amz-credential=...&X-Amz-Date=3"},
        {"https://h/a?AWSAccessKeyId=1&Policy=2&uploads&sig=",
         "https://h/a?AWSAccessKeyId="
         "...&Policy=...&uploads&sig="},
        {"s3://b/k", "s3://b/k"},
        {"", ""},
    };
    char out[100];
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        zg_url_show(shown[i][0], out, sizeof out);
        assert_string_equal(out, shown[i][1]);
    }
    zg_url_show("https://host/long", out, 12);
    assert_string_equal(out, "https://...");
}

static void wiping(void **state)
{
    (void)state;
    char secret[] = "abc";
    zg_secret_wipe(secret, sizeof secret);
    assert_memory_equal(secret, "\0\0\0", 4);
    zg_secret_wipe(NULL, 5);
    zg_secret_free(NULL);
    zg_secret_free(zg_strdup("x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bodies), cmocka_unit_test(limits),
                                       cmocka_unit_test(urls), cmocka_unit_test(wiping)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
