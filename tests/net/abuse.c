/* Servers that mean no good: whatever they answer, a run ends soon, needs no more memory
 * than others, and either has the right store or says who answered what. */
#include "net/net_fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define STORE "out"
#define REMOTE "s3://stores/out"
enum { MOST_KIB = 200 << 10, MOST_SECONDS = 30 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_IS_OWN 0
#else
#define MEMORY_IS_OWN 1
#endif

static const net_fixture *fixture_of(void **state)
{
    if (*state == NULL)
        skip();
    return *state;
}

/* The largest of all programs that ended. */
static long most_kib(void)
{
    struct rusage use;
    assert_int_equal(getrusage(RUSAGE_CHILDREN, &use), 0);
    return use.ru_maxrss;
}

typedef struct abuse {
    const char *name, *rule;
    const char *says; /* NULL: does no harm */
} abuse;

/* Which answers are spoilt, and of which run. */
typedef struct place {
    const test_server *proxy;
    const char *rule, *map, *store, *more;
} place;

static bool is_plain(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < ' ' && *text != '\n') || *text == 0x7f)
            return false;
    return true;
}

/* One run; a good store, or exit 1, 4, 5 or 6 and words. */
static void check(const net_fixture *f, const place *p, const abuse *a, case_report *r)
{
    char script[4096];
    zg_str why;
    zg_str_init(&why, 0);
    (void)snprintf(script, sizeof script, "{%s, %s}", a->rule, p->rule);
    net_remove(f, p->store);
    server_script(p->proxy, script);
    net_run run = net_zagg(f, "ZAGG_NET_ATTEMPTS=2", "flat", p->map, p->store, p->more);
    server_script(p->proxy, "");
    if (run.status == 0)
        (void)net_differs(f, "flat", p->store, &why);
    else if (run.status != 1 && run.status != 4 && run.status != 5 && run.status != 6)
        zg_str_addf(&why, "exit %d: %.1000s", run.status, run.err);
    if ((run.status == 0) != (a->says == NULL))
        zg_str_addf(&why, "exit %d: %.1000s", run.status, run.err);
    else if (a->says && !strstr(run.err, a->says))
        zg_str_addf(&why, "'%s' is not told: %.1000s", a->says, run.err);
    if (!is_plain(run.err))
        zg_str_addf(&why, "control characters: %.1000s", run.err);
    if (run.seconds > MOST_SECONDS)
        zg_str_addf(&why, "%.0f s", run.seconds);
    if (MEMORY_IS_OWN && most_kib() > MOST_KIB)
        zg_str_addf(&why, "%ld KiB of memory", most_kib());
    if (why.len > 0)
        case_fail(r, a->name, "%s", why.data);
    else
        case_pass(r);
    zg_str_free(&why);
    net_run_free(&run);
}

/* ---- granules ---- */

#define RAW(text) "\"fault\": \"raw\", \"text\": \"" text "\""
#define HEAD206                                                                          \
    "HTTP/1.1 206 Partial Content\\r\\nContent-Range: bytes 0-1048575/2375417\\r\\n"
#define HEAD200 "HTTP/1.1 200 OK\\r\\n"
#define MORE(text, bytes) ", \"more\": \"" text "\", \"bytes\": " bytes

/* Answers to the first request of a granule, each time. */
static const abuse OPENINGS[] = {
    {"nothing", RAW(""), "broke after 0 bytes"},
    {"half a status", RAW("HTTP/1.1 2"), ""},
    {"status 999", RAW("HTTP/1.1 999 \\r\\nContent-Length: 0\\r\\n\\r\\n"), "HTTP 999"},
    {"status 100 for ever", RAW("") MORE("HTTP/1.1 100 Continue\\r\\n\\r\\n", "-1"), ""},
    {"no status at all", RAW("SSH-2.0-OpenSSH_9.2\\r\\n\\r\\n"), "the transfer failed"},
    {"HTTP/2", RAW("HTTP/2 200 OK\\r\\n\\r\\n"), ""},
    {"headers without end", RAW(HEAD206) MORE("X-A: b\\r\\n", "-1"), "header"},
    {"a header without end", RAW(HEAD206 "X-A: ") MORE("b", "-1"), "header"},
    {"an ETag that rings",
     RAW(HEAD206 "ETag: \\u0007\\u001b[2J\\r\\nContent-Length: 5\\r\\n\\r\\nabcde"), ""},
    {"a range that rings",
     RAW("HTTP/1.1 206 P\\r\\nContent-Range: \\u001b[2J\\r\\n\\r\\n"),
     "without a usable Content-Range"},
    {"a header of NULs", RAW(HEAD206 "X-A: \\u0000\\u0000\\r\\n\\r\\n"), ""},
    {"a header without a colon",
     RAW(HEAD206 "Content-Length: 5\\r\\nno colon\\r\\n\\r\\nabcde"), ""},
    {"folded headers", RAW(HEAD206 "X-A: b\\r\\n ") MORE("c\\r\\n ", "-1"), "header"},
    {"1 GB promised",
     RAW(HEAD206 "Content-Length: 1073741824\\r\\n\\r\\n") ", \"seconds\": 5", "stalled"},
    {"1 GB promised and begun",
     RAW(HEAD206 "Content-Length: 1073741824\\r\\n\\r\\n") MORE("x", "1048576"),
     "broke after"},
    {"1 GB sent", RAW(HEAD206 "Content-Length: 1073741824\\r\\n\\r\\n") MORE("x", "-1"),
     "more than the 1048576 bytes"},
    {"1 EB promised", RAW(HEAD206 "Content-Length: 1152921504606846976\\r\\n\\r\\n"),
     "broke after"},
    {"a length beyond 64 bits",
     RAW(HEAD206 "Content-Length: 99999999999999999999999\\r\\n\\r\\n"), ""},
    {"a negative length", RAW(HEAD206 "Content-Length: -5\\r\\n\\r\\n"), ""},
    {"two lengths",
     RAW(HEAD206 "Content-Length: 5\\r\\nContent-Length: 9\\r\\n\\r\\nabcde"), ""},
    {"a total beyond 64 bits",
     RAW("HTTP/1.1 206 P\\r\\nContent-Range: bytes "
         "0-1048575/99999999999999999999999\\r\\n"
         "Content-Length: 5\\r\\n\\r\\nabcde"),
     "without a usable Content-Range"},
    {"a granule of 16 EB",
     RAW("HTTP/1.1 206 P\\r\\nContent-Range: bytes 0-1048575/18446744073709551615\\r\\n"
         "Content-Length: 1048576\\r\\n\\r\\n") MORE("x", "1048576"),
     "were asked for"},
    {"all of it, without end", RAW(HEAD200 "\\r\\n") MORE("x", "-1"), ""},
    {"all of it in chunks, without end",
     RAW(HEAD200 "Transfer-Encoding: chunked\\r\\n\\r\\n")
         MORE("5\\r\\nabcde\\r\\n", "-1"),
     ""},
    {"a chunk of 16 EB",
     RAW(HEAD200 "Transfer-Encoding: chunked\\r\\n\\r\\nffffffffffffffff\\r\\n")
         MORE("x", "-1"),
     ""},
    {"chunks that are none",
     RAW(HEAD200 "Transfer-Encoding: chunked\\r\\n\\r\\nzz\\r\\n"), ""},
    {"gzip that nobody asked for",
     RAW(HEAD206 "Content-Encoding: gzip\\r\\nContent-Length: 20\\r\\n\\r\\n")
         MORE("\\u001f\\u008b", "20"),
     ""},
    {"an error without end", RAW("HTTP/1.1 500 Oops\\r\\n\\r\\n") MORE("<x>", "-1"),
     "HTTP 500"},
    {"an error in levels without end",
     RAW("HTTP/1.1 403 Oops\\r\\n\\r\\n<?xml version='1.0'?>") MORE("<Error>", "1000000"),
     "HTTP 403"},
    {"entities",
     RAW("HTTP/1.1 403 Oops\\r\\n\\r\\n<!DOCTYPE x [<!ENTITY a 'aaaaaaaa'><!ENTITY b "
         "'&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c "
         "'&b;&b;&b;&b;&b;&b;&b;&b;'>]><Error><Code>&c;"
         "</Code></Error>"),
     "HTTP 403"},
    {"control characters",
     RAW("HTTP/1.1 403 "
         "Oops\\r\\n\\r\\n<Error><Message>\\u001b[2J\\u0007</Message></Error>"),
     "HTTP 403"},
};
enum { N_OPENINGS = sizeof OPENINGS / sizeof OPENINGS[0] };

static void granules(void **state)
{
    const net_fixture *f = fixture_of(state);
    const place s3 = {f->s3_proxy, "\"path\": \"/b[.]h5\", \"times\": 0", "s3", STORE,
                      ""};
    case_report r = {.set = "servers of granules"};
    for (size_t i = 0; i < N_OPENINGS; i++)
        check(f, &s3, &OPENINGS[i], &r);
    report_end(&r, N_OPENINGS);
}

/* ---- redirects ---- */

#define TO(location) "\"fault\": \"302\", \"headers\": {\"Location\": \"" location "\"}"
static const abuse REDIRECTS[] = {
    {"to itself", TO("/data/granules/b.h5"), "redirected more than 10 times"},
    {"to itself, relative", TO("b.h5"), "redirected more than 10 times"},
    {"farther and farther", TO("b.h5/b.h5"), "redirected more than 10 times"},
    {"to a file", TO("file:///etc/passwd"), ""},
    {"to ftp", TO("ftp://127.0.0.1/b.h5"), ""},
    {"to a user", TO("http://user:pw@127.0.0.1:1/b.h5"), ""},
    {"to where it rings", TO("http://127.0.0.1:1/\\u001b[2J\\u0007"), ""},
    {"to nowhere", TO(""), ""},
    {"to a host without a name", TO("http:///b.h5"), ""},
    {"to nobody", TO("http://127.0.0.1:1/b.h5"), "no connection to 127.0.0.1:1"},
    {"to blanks", TO("http://127.0.0.1/a b\\t.h5"), ""},
    {"to a login", TO("https://urs.earthdata.nasa.gov/oauth/authorize?x=y"),
     "did not accept the token"},
    {"to another scheme of this host", TO("gopher:b.h5"), ""},
    {"300 without Location", "\"fault\": \"300\"", "HTTP 300 in the place of data"},
    {"304 without a question", "\"fault\": \"304\"", "HTTP 304 in the place of data"},
    {"305", "\"fault\": \"305\", \"headers\": {\"Location\": \"http://127.0.0.1:1/\"}",
     ""},
    {"200 of a page",
     RAW(HEAD200 "Content-Type: text/html\\r\\nContent-Length: 6\\r\\n\\r\\n<html>"),
     "a login page instead of the data"},
    {"204", "\"fault\": \"204\"", "HTTP 204 where a range was asked for"},
    {"a Location without end", RAW("HTTP/1.1 302 F\\r\\nLocation: /") MORE("b", "-1"),
     "header"},
    {"a Location of 60 KB",
     RAW("HTTP/1.1 302 F\\r\\nContent-Length: 0\\r\\nLocation: /")
         MORE("b", "60000") ", \"seconds\": 0",
     ""},
};
enum { N_REDIRECTS = sizeof REDIRECTS / sizeof REDIRECTS[0] };

static void redirects(void **state)
{
    const net_fixture *f = fixture_of(state);
    const place daac = {f->daac_proxy, "\"path\": \"b[.]h5\", \"times\": 0", "https",
                        STORE, ""};
    case_report r = {.set = "redirects"};
    for (size_t i = 0; i < N_REDIRECTS; i++)
        check(f, &daac, &REDIRECTS[i], &r);
    assert_int_equal(server_stat(f->daac, "auth_headers_seen_on_bucket"), 0);
    report_end(&r, N_REDIRECTS);
}

/* ---- lists ---- */

#define LIST(inner)                                                                      \
    "\"fault\": \"200\", \"body\": \"<ListBucketResult>" inner "</ListBucketResult>\""
#define KEY(key) "<Contents><Key>" key "</Key><Size>1</Size></Contents>"
static const abuse LISTS[] = {
    {"no XML", "\"fault\": \"200\", \"body\": \"{}\"", ""},
    {"another document", "\"fault\": \"200\", \"body\": \"<Error/>\"",
     "the server's list"},
    {"keys that were not asked for", LIST(KEY("elsewhere")),
     "keys that were not asked for"},
    {"keys above the store", LIST(KEY("out.status/../../x")), NULL},
    {"a size that is none",
     LIST("<Contents><Key>out.status/x</Key><Size>-1</Size></Contents>"),
     "a size that is no number"},
    {"a size beyond 64 bits",
     LIST(
         "<Contents><Key>out.status/x</Key><Size>99999999999999999999</Size></Contents>"),
     "a size that is no number"},
    {"a NUL in a key", LIST("<EncodingType>url</EncodingType>" KEY("out.status/%00")),
     "cannot be decoded"},
    {"more, without saying where",
     LIST("<IsTruncated>true</IsTruncated>" KEY("out.status/x")),
     "without saying how it goes on"},
    {"the same page again and again",
     LIST("<IsTruncated>true</IsTruncated><NextContinuationToken>t</"
          "NextContinuationToken>" KEY("out.status/x")),
     "has no end"},
    {"entities",
     "\"fault\": \"200\", \"body\": \"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>]>"
     "<ListBucketResult>&a;</ListBucketResult>\"",
     ""},
    {"levels without end", RAW(HEAD200 "\\r\\n<ListBucketResult>") MORE("<x>", "4000000"),
     ""},
    {"a list without end",
     RAW(HEAD200 "\\r\\n<ListBucketResult>") MORE(KEY("out.status/x"), "-1"), ""},
    {"a key without end",
     RAW(HEAD200 "\\r\\n<ListBucketResult><Contents><Key>out.status/") MORE("x", "-1"),
     ""},
};
enum { N_LISTS = sizeof LISTS / sizeof LISTS[0] };

static void lists(void **state)
{
    const net_fixture *f = fixture_of(state);
    const place list = {f->s3_proxy,
                        "\"path\": \"list-type.*out[.]status\", \"times\": 0", "file",
                        REMOTE, ""};
    case_report r = {.set = "lists"};
    for (size_t i = 0; i < N_LISTS; i++)
        check(f, &list, &LISTS[i], &r);
    report_end(&r, N_LISTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(granules),
        cmocka_unit_test(redirects),
        cmocka_unit_test(lists),
    };
    return cmocka_run_group_tests_name("net_faults_abuse", tests, net_new_daac, net_free);
}
