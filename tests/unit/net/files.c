/* Files and answers that hold keys: AWS's shared files, netrc, times, XML, keys of a
 * store; what is in them when nobody meant well. */
#include "net/creds_parts.h"
#include "net/secret_text.h"
#include "net_test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- times ---- */

static void times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        long long want; /* -1: no time */
    } cases[] = {
        {"2026-11-27 08:00:00+00:00", 1795766400},
        {"2026-11-27T08:00:00Z", 1795766400},
        {"2026-11-27T08:00:00", 1795766400},
        {"2026-11-27T08:00:00.123456Z", 1795766400},
        {"2026-11-27T08:00:00.5+00:00", 1795766400},
        {"2026-11-27t10:30:00+02:30", 1795766400},
        {"2026-11-27T00:00:00-0800", 1795766400},
        {"2026-11-27T00:00:00-08", 1795766400},
        {"2026-11-27 08:00:00 UTC", 1795766400},
        {"1970-01-01T00:00:00Z", 0},
        {"2000-02-29T23:59:59Z", 951868799},
        {"2024-02-29T00:00:00Z", 1709164800},
        {"9999-12-31T23:59:59Z", 253402300799},
        {"2100-02-29T00:00:00Z", -1},
        {"2023-02-29T00:00:00Z", -1},
        {"2026-13-01T00:00:00Z", -1},
        {"2026-00-01T00:00:00Z", -1},
        {"2026-11-31T00:00:00Z", -1},
        {"2026-11-27T24:00:00Z", -1},
        {"2026-11-27T08:60:00Z", -1},
        {"2026-11-27T08:00:61Z", -1},
        {"2026-11-27T08:00:00+24:00", -1},
        {"2026-11-27T08:00:00+0", -1},
        {"2026-11-27T08:00:00Zjunk", -1},
        {"2026-11-27T08:00:00.", -1},
        {"2026-11-27T08:00", -1},
        {"2026-11-27", -1},
        {"1969-12-31T23:59:59Z", -1},
        {"99999999999999999999", -1},
        {"", -1},
        {"x", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        time_t t = -1;
        const bool is_time = zg_time_parse(cases[i].text, &t);
        if (is_time != (cases[i].want >= 0) || (long long)t != cases[i].want)
            fail_msg("%s: %lld", cases[i].text, (long long)t);
    }
}

static void http_times(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "Fri",
                                        "Fri, 27 Now 2026 08:00:00 GMT",
                                        "Fri, 27 Nov 2026 08:00:00",
                                        "Fri, 27 Nov 2026 08:00:00 GMT+1",
                                        "Fri, 31 Nov 2026 08:00:00 GMT",
                                        "Friday, 27-Nov-26 08:00:00 GMT",
                                        "Fri, 27 N"};
    time_t t = 0;
    char text[21];
    assert_true(zg_time_parse_http("Fri, 27 Nov 2026 08:00:00 GMT", &t));
    assert_int_equal(t, 1795766400);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(zg_time_parse_http(wrong[i], &t));
    zg_time_write(t, text);
    assert_string_equal(text, "2026-11-27T08:00:00Z");
    zg_time_write((time_t)1 << 60, text);
    assert_string_equal(text, "?");
}

/* ---- AWS's shared files ---- */

static zg_ini *ini_of(const char *text)
{
    zg_ini *ini = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zg_ini_parse(text, strlen(text), "FILE", &ini, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return ini;
}

static void ini_reads(void **state)
{
    (void)state;
    zg_ini *ini = ini_of("\xEF\xBB\xBF# comment\r\n"
                         "; another\n"
                         "\n"
                         "[default]   ; behind a section\r\n"
                         "Aws_Access_Key_Id = AK\r\n"
                         "aws_secret_access_key=a/b+c==\n"
                         "region : eu-west-1 # a comment\n"
                         "url = http://h/#a;b\n"
                         "empty =\n"
                         "  # a comment in a block\n"
                         "  part = 1\n"
                         "  part2= 2\n"
                         "after = x\n"
                         "[profile   \"my work\" ]\n"
                         "  indented = 1\n"
                         "  also = 2\n"
                         "lines = one\n"
                         "  two\n"
                         "  three\n"
                         "[default]\n"
                         "region = last\n"
                         "last = no line end");
    assert_string_equal(zg_ini_get(ini, "default", "aws_access_key_id"), "AK");
    assert_string_equal(zg_ini_get(ini, "default", "aws_secret_access_key"), "a/b+c==");
    assert_string_equal(zg_ini_get(ini, "default", "region"), "last");
    assert_string_equal(zg_ini_get(ini, "default", "url"), "http://h/#a;b");
    assert_string_equal(zg_ini_get(ini, "default", "empty"), "");
    assert_string_equal(zg_ini_get(ini, "default", "empty=part"), "1");
    assert_string_equal(zg_ini_get(ini, "default", "empty=part2"), "2");
    assert_string_equal(zg_ini_get(ini, "default", "after"), "x");
    assert_string_equal(zg_ini_get(ini, "default", "last"), "no line end");
    assert_string_equal(zg_ini_get(ini, "profile my work", "indented"), "1");
    assert_string_equal(zg_ini_get(ini, "profile my work", "also"), "2");
    assert_string_equal(zg_ini_get(ini, "profile my work", "lines"), "one\n");
    assert_null(zg_ini_get(ini, "default", "part"));
    assert_null(zg_ini_get(ini, "profile", "indented"));
    assert_true(zg_ini_has(ini, "default"));
    assert_false(zg_ini_has(ini, "Default"));
    zg_ini_free(ini);
    ini = ini_of("");
    assert_null(zg_ini_get(ini, "default", "x"));
    zg_ini_free(ini);
    assert_null(zg_ini_get(NULL, "default", "x"));
}

static void ini_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"a = 1\n", "FILE: line 1: a property before"},
        {"[a]\n" SECRET "\n", "FILE: line 2: neither"},
        {"[a]\n\n= " SECRET "\n", "FILE: line 3: neither"},
        {"[a\n", "FILE: line 1: a section without its ']'"},
        {"[]\n", "FILE: line 1: a section without a name"},
        {"[ \t]\n", "FILE: line 1: a section without a name"},
        {"[a] " SECRET "\n", "FILE: line 1: text behind"},
        {"[a]\nx =\n  " SECRET "\n", "FILE: line 3: neither"},
    };
    zg_ini *ini = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_error(
            zg_ini_parse(cases[i].text, strlen(cases[i].text), "FILE", &ini, &err), &err,
            ZAGG_ECONFIG, cases[i].words);
    assert_error(zg_ini_parse("[a]\nb=\0c", 8, "FILE", &ini, &err), &err, ZAGG_ECONFIG,
                 "NUL");
    assert_null(ini);
}

/* As much as a file may have, in the forms that could cost most. */
static void ini_huge(void **state)
{
    (void)state;
    static const char *const heads[] = {"", "[a]\nx =\n", "[a]\nx = y\n", "[a]\n"};
    static const char *const lines[] = {"[a]\n", " y=\n", " y\n", "y=\n"};
    char *text = zg_alloc(ZG_INI_MAX_BYTES + 1, 1);
    for (size_t i = 0; i < 4; i++) {
        zg_ini *ini = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        const size_t head = strlen(heads[i]), line = strlen(lines[i]);
        size_t n = head;
        memcpy(text, heads[i], head);
        for (; n + line <= ZG_INI_MAX_BYTES; n += line)
            memcpy(text + n, lines[i], line);
        if (zg_ini_parse(text, n, "FILE", &ini, &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
        assert_true(zg_ini_has(ini, "a"));
        zg_ini_free(ini);
    }
    zg_str many;
    zg_ini *ini = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    zg_str_init(&many, 0);
    for (int i = 0; i < 5000; i++)
        zg_str_addf(&many, "[s%d]\n", i);
    assert_error(zg_ini_parse(many.data, many.len, "FILE", &ini, &err), &err,
                 ZAGG_ECONFIG, "line 4097: more than 4096 sections");
    zg_str_free(&many);
    memset(text, '\n', ZG_INI_MAX_BYTES + 1);
    assert_error(zg_ini_parse(text, ZG_INI_MAX_BYTES + 1, "FILE", &ini, &err), &err,
                 ZAGG_ECONFIG, "1048576 bytes");
    zg_free(text);
}

static void profiles(void **state)
{
    (void)state;
    zg_aws_files files;
    const char *path = NULL;
    const char *credentials = net_file(".aws/credentials", "[default]\nkey = c\n"
                                                           "[b]\nkey = cb\nnone =\n");
    const char *config = net_file(".aws/config", "[profile default]\nkey = d\nother = e\n"
                                                 "[default]\nthird = f\n"
                                                 "[profile b]\nnone = g\n"
                                                 "[c]\nkey = not a profile\n");
    assert_int_equal(zg_aws_files_open(&files, NULL), ZAGG_OK);
    assert_string_equal(files.profile, "default");
    assert_false(files.profile_asked);
    assert_string_equal(zg_aws_files_get(&files, "default", "key", &path), "c");
    assert_string_equal(path, credentials);
    assert_string_equal(zg_aws_files_get(&files, "default", "other", &path), "e");
    assert_string_equal(path, config);
    assert_string_equal(zg_aws_files_get(&files, "default", "third", NULL), "f");
    assert_string_equal(zg_aws_files_get(&files, "b", "none", NULL), "g");
    assert_null(zg_aws_files_get(&files, "c", "key", NULL));
    assert_true(zg_aws_files_has(&files, "b"));
    assert_false(zg_aws_files_has(&files, "c"));
    zg_aws_files_close(&files);
    /* Other files, and a home folder in short. */
    net_file("elsewhere", "[default]\nkey = z\n");
    net_set("AWS_SHARED_CREDENTIALS_FILE", "~/elsewhere");
    net_set("AWS_CONFIG_FILE", "/nowhere/at/all");
    net_set("AWS_DEFAULT_PROFILE", "b");
    assert_int_equal(zg_aws_files_open(&files, NULL), ZAGG_OK);
    assert_true(files.profile_asked);
    assert_string_equal(files.profile, "b");
    assert_string_equal(zg_aws_files_get(&files, "default", "key", NULL), "z");
    assert_null(zg_aws_files_get(&files, "default", "other", NULL));
    zg_aws_files_close(&files);
}

/* ---- files as a whole ---- */

static void secret_files(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    zagg_err err = ZAGG_ERR_INIT;
    const char *path = net_file("token", "0123456789");
    assert_int_equal(zg_secret_file_read(path, 10, &text, &len, &err), ZAGG_OK);
    assert_int_equal(len, 10);
    assert_string_equal(text, "0123456789");
    zg_secret_file_free(text, len);
    assert_error(zg_secret_file_read(path, 9, &text, &len, &err), &err, ZAGG_ECONFIG,
                 "more than 9 bytes");
    assert_error(zg_secret_file_read("/", 9, &text, &len, &err), &err, ZAGG_ECONFIG,
                 "folder");
    assert_int_equal(zg_secret_file_read("/nowhere/x", 9, &text, &len, &err),
                     ZAGG_ENOTFOUND);
    assert_error(zg_secret_file_read("/dev/zero", 9, &text, &len, &err), &err,
                 ZAGG_ECONFIG, "more than 9 bytes");
    /* A pipe that nobody writes to has nothing in it. */
    char pipe_path[600];
    (void)snprintf(pipe_path, sizeof pipe_path, "%s.pipe", path);
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    assert_int_equal(zg_secret_file_read(pipe_path, 9, &text, &len, &err), ZAGG_OK);
    assert_int_equal(len, 0);
    zg_secret_file_free(text, len);
}

/* ---- netrc ---- */

static void netrc_is(const char *text, const char *login, const char *password)
{
    zg_netrc_login got = {0};
    bool found = false;
    zagg_err err = ZAGG_ERR_INIT;
    if (zg_netrc_find(text, strlen(text), "FILE", "urs.earthdata.nasa.gov", &got, &found,
                      &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(found, login != NULL || password != NULL);
    if (login != NULL)
        assert_string_equal(got.login, login);
    else
        assert_null(got.login);
    if (password != NULL)
        assert_string_equal(got.password, password);
    else
        assert_null(got.password);
    zg_netrc_login_free(&got);
}

static void netrc_reads(void **state)
{
    (void)state;
    netrc_is("machine urs.earthdata.nasa.gov login me password pw", "me", "pw");
    netrc_is("machine URS.earthdata.NASA.gov\n\tlogin me\r\n\tpassword p#w\r\n", "me",
             "p#w");
    netrc_is("machine urs.earthdata.nasa.gov password \"a b\\\"c\\\\d\" user me", "me",
             "a b\"c\\d");
    netrc_is("machine urs.earthdata.nasa.gov login a\\ b password \"\"", "a b", "");
    netrc_is(
        "# machine urs.earthdata.nasa.gov login no password no\n"
        "machine other login x password y # a comment\n"
        "machine urs.earthdata.nasa.gov login me # another\n account z password pw\n",
        "me", "pw");
    netrc_is("macdef init\nmachine urs.earthdata.nasa.gov login no password no\n\n"
             "machine urs.earthdata.nasa.gov login me password pw\n"
             "macdef end\r\nlogin\r\n\r\n",
             "me", "pw");
    netrc_is("macdef init\nmachine urs.earthdata.nasa.gov", NULL, NULL);
    netrc_is("machine other login x password y default login d password e", "d", "e");
    netrc_is("default login d password e\n"
             "machine urs.earthdata.nasa.gov login me password pw\n",
             "me", "pw");
    netrc_is("machine urs.earthdata.nasa.gov login first password 1\n"
             "machine urs.earthdata.nasa.gov login second password 2\n",
             "first", "1");
    netrc_is("machine urs.earthdata.nasa.gov login me", "me", NULL);
    netrc_is("machine urs.earthdata.nasa.gov.evil.org login x password y", NULL, NULL);
    netrc_is("machine other login x password y\n", NULL, NULL);
    netrc_is("", NULL, NULL);
    netrc_is(" \r\n\t#", NULL, NULL);
}

static void netrc_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"machine", "line 1: a word without"},
        {"\n\nmachine a login", "line 3: a word without"},
        {"macdef", "line 1: a word without"},
        {"login x", "line 1: a login or password before"},
        {"machine a\nlogin x\npassword a b", "line 3: neither machine"},
        {"machine a login \"" SECRET, "line 1: a quote without"},
        {"machine a login \"x\n" SECRET "\"", "line 1: a quote without"},
        {"machine a login x\n" PASSWORD, "line 2: neither machine"},
    };
    zg_netrc_login got = {0};
    bool found = false;
    zagg_err err = ZAGG_ERR_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_error(zg_netrc_find(cases[i].text, strlen(cases[i].text), "FILE", "a",
                                   &got, &found, &err),
                     &err, ZAGG_ECONFIG, cases[i].words);
    assert_error(zg_netrc_find("machine a\0", 10, "FILE", "a", &got, &found, &err), &err,
                 ZAGG_ECONFIG, "NUL");
    char long_word[6000] = "machine ";
    memset(long_word + 8, 'a', sizeof long_word - 9);
    assert_error(
        zg_netrc_find(long_word, strlen(long_word), "FILE", "a", &got, &found, &err),
        &err, ZAGG_ECONFIG, "more than 4096");
    assert_null(got.login);
}

/* ---- XML ---- */

static void xml(void **state)
{
    (void)state;
    static const char *const names[] = {"Key", "Secret"};
    static const char *const wrong[] = {
        "",
        "text",
        "<a><Key>x</Key>",
        "<a><Key>x</Key></b>",
        "<!DOCTYPE a [<!ENTITY e \"x\">]><a><Key>&e;</Key></a>",
        "<a><Key>&e;</Key></a>",
    };
    char *out[2];
    zagg_err err = ZAGG_ERR_INIT;
    static const char good[] =
        "<?xml version=\"1.0\"?><n:a xmlns:n=\"u\"><Other>o</Other>"
        "<n:Key>1&amp;<!-- c -->2</n:Key><Key>later</Key><b><Secret/></b></n:a>";
    assert_int_equal(zg_xml_texts(good, sizeof good - 1, names, 2, out, &err), ZAGG_OK);
    assert_string_equal(out[0], "1&2");
    assert_string_equal(out[1], "");
    zg_secret_free(out[0]);
    zg_secret_free(out[1]);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(zg_xml_texts(wrong[i], strlen(wrong[i]), names, 2, out, &err),
                         ZAGG_EFORMAT);
        assert_null(out[0]);
    }
    zagg_status status = ZAGG_ENOMEM;
    for (int64_t nth = 1; status != ZAGG_OK; nth++) {
        zg_alloc_fail_nth(nth);
        status = zg_xml_texts(good, sizeof good - 1, names, 2, out, NULL);
        zg_alloc_fail_nth(0);
        assert_true(status == ZAGG_OK || status == ZAGG_ENOMEM);
        assert_true(nth < 500);
    }
    zg_secret_free(out[0]);
    zg_secret_free(out[1]);
}

/* ---- keys of a store ---- */

static void output_creds(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } wrong[] = {
        {"", "FILE: line 1"},
        {"{\"accessKeyId\": \"" SECRET, "FILE: line 1"},
        {"[]", "not a list"},
        {"\"" SECRET "\"", "not a str"},
        {"{\"accessKeyId\": 5, \"secretAccessKey\": \"" SECRET "\"}",
         "'accessKeyId' is no text"},
        {"{\"accessKeyId\": \"A\", \"secretAccessKey\": [\"" SECRET "\"]}",
         "'secretAccessKey' is no text"},
        {"{\"accessKeyId\": \"A\\u0000B\", \"secretAccessKey\": \"" SECRET "\"}",
         "'accessKeyId' is no text"},
        {"{\"accessKeyId\": \"A B\", \"secretAccessKey\": \"" SECRET "\"}",
         "FILE: the access key"},
        {"{\"accessKeyId\": \"A/B\", \"secretAccessKey\": \"" SECRET "\"}",
         "FILE: the access key"},
        {"{\"accessKeyId\": \"A\", \"secretAccessKey\": \"" SECRET "\\n\"}",
         "FILE: the secret key"},
        {"{\"accessKeyId\": \"A\", \"secretAccessKey\": \"S\", \"sessionToken\": "
         "\"" TOKEN "\\r\\nX: y\"}",
         "FILE: the session token"},
        {"{\"Credentials\": {\"AccessKeyId\": \"A\"}}",
         "missing required field(s): accessKeyId, secretAccessKey"},
    };
    zg_output_creds creds = {0};
    zagg_err err = ZAGG_ERR_INIT;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_error(zg_output_creds_parse(wrong[i].text, strlen(wrong[i].text), "FILE",
                                           &creds, &err),
                     &err, ZAGG_ECONFIG, wrong[i].words);
    static const char good[] =
        "{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"S\", \"SessionToken\": false, "
        "\"Expiration\": \"2026-11-27T08:00:00+00:00\"}";
    assert_int_equal(zg_output_creds_parse(good, sizeof good - 1, "FILE", &creds, &err),
                     ZAGG_OK);
    assert_string_equal(creds.keys.access_key, "A");
    assert_null(creds.keys.token);
    assert_null(creds.region);
    assert_int_equal(creds.keys.expires, 1795766400);
    zg_output_creds_free(&creds);
    assert_null(creds.keys.access_key);
    char *huge = zg_alloc((1 << 20) + 1, 1);
    memset(huge, ' ', (1 << 20) + 1);
    assert_error(zg_output_creds_parse(huge, (1 << 20) + 1, "FILE", &creds, &err), &err,
                 ZAGG_ECONFIG, "more than 1048576");
    zg_free(huge);
}

/* ---- keys out of an answer ---- */

static void keys_of_json(void **state)
{
    (void)state;
    static const zg_keys_names names = {"a", "s", "t", "e"};
    static const struct {
        const char *text, *words;
    } wrong[] = {
        {"", "no JSON"},
        {"<html>", "no JSON"},
        {"[1]", "no JSON object"},
        {"{\"s\": \"" SECRET "\"}", "no 'a'"},
        {"{\"a\": null, \"s\": \"" SECRET "\"}", "no 'a'"},
        {"{\"a\": \"A\", \"t\": \"" TOKEN "\"}", "no 's'"},
        {"{\"a\": \"A\", \"s\": \"" SECRET "\"}", "no 't'"},
        {"{\"a\": \"A\", \"s\": \"" SECRET "\", \"t\": \"" TOKEN "\"}", "no 'e'"},
        {"{\"a\": \"A\", \"s\": \"" SECRET "\", \"t\": \"" TOKEN "\", \"e\": \"soon\"}",
         "'e' of the answer is no time"},
        {"{\"a\": \"A\", \"s\": \"" SECRET "\", \"t\": \"\", \"e\": \"soon\"}",
         "'t' of the answer is no text"},
        {"{\"a\": \"A\", \"s\": {}, \"t\": \"" TOKEN "\", \"e\": \"soon\"}",
         "'s' of the answer is no text"},
        {"{\"a\": \"A\", \"s\": \"" SECRET " \", \"t\": \"" TOKEN
         "\", \"e\": \"2026-11-27T08:00:00Z\"}",
         "the secret key"},
    };
    zg_aws_keys keys = {0};
    zagg_err err = ZAGG_ERR_INIT;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_error(zg_aws_keys_of_json(wrong[i].text, strlen(wrong[i].text), "HOST",
                                         &names, &keys, &err),
                     &err, ZAGG_EAUTH, wrong[i].words);
    assert_null(keys.access_key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times),         cmocka_unit_test(http_times),
        cmocka_unit_test(ini_reads),     cmocka_unit_test(ini_refuses),
        cmocka_unit_test(ini_huge),      NET_TEST(profiles),
        NET_TEST(secret_files),          cmocka_unit_test(netrc_reads),
        cmocka_unit_test(netrc_refuses), cmocka_unit_test(xml),
        cmocka_unit_test(output_creds),  cmocka_unit_test(keys_of_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
