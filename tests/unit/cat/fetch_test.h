/* What the tests of fetching share: a folder, a query, and what must come of it. */
#ifndef ZAGG_TESTS_FETCH_TEST_H
#define ZAGG_TESTS_FETCH_TEST_H

#include "support/http_script.h"
#include "support/program.h"
#include "zagg/search.h"

#include <stdio.h>
#include <string.h>

static char *dir;

static inline int make_dir(void **state)
{
    (void)state;
    dir = make_temp_dir();
    return dir != NULL ? 0 : -1;
}

static inline int remove_dir(void **state)
{
    (void)state;
    remove_tree(dir);
    zg_free(dir);
    return 0;
}

static inline const char *in_dir(const char *name)
{
    static char paths[4][512];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

#define JSON "Content-Type: application/geo+json; charset=utf-8\r\n"
/* An item as CMR-STAC gives it: assets under the path of their file. */
#define CMR_ITEM(id)                                                                     \
    "{\"type\":\"Feature\",\"id\":\"" id "\",\"geometry\":{\"type\":\"Point\","          \
    "\"coordinates\":[1,2]},\"properties\":{\"datetime\":\"2025-01-02T03:04:05.5Z\"},"   \
    "\"assets\":{\"03/" id "\":{\"href\":\"s3://b/" id ".h5\",\"roles\":[\"data\"]},"    \
    "\"04/" id "\":{\"href\":\"https://h/" id ".h5\",\"roles\":[\"data\"]},\"m\":{"      \
    "\"href\":\"https://h/" id ".xml\",\"roles\":[\"metadata\"]},\"browse\":{\"href\":"  \
    "\"https://h/" id ".png\",\"roles\":[\"browse\"]},\"d\":{\"href\":\"https://h/" id   \
    ".dmrpp\",\"roles\":[\"data\"]}}}"

static inline zagg_search_query cmr_query(const http_script *server)
{
    static char root[64];
    (void)snprintf(root, sizeof root, "%s", http_script_url(server, "/stac"));
    return (zagg_search_query){.root = root,
                               .short_name = "ATL03",
                               .start_date = "2025-01-01",
                               .end_date = "2025-12-31",
                               .bbox = {-76.62107, 38.84504, -76.50583, 38.93512}};
}

static inline zagg_status try_fetch(const zagg_search_query *q,
                                    const zagg_search_opts *opts, zagg_search_result *out,
                                    zagg_err *err)
{
    zagg_search_opts o = opts != NULL ? *opts : (zagg_search_opts){.restart = false};
    if (o.backoff_s == 0)
        o.backoff_s = 0.001;
    memset(err, 0, sizeof *err);
    return zagg_search(q, &o, in_dir("c.ndjson"), out, err);
}

static inline zagg_search_result must_fetch(const zagg_search_query *q,
                                            const zagg_search_opts *opts)
{
    zagg_search_result r = {.pages = 0};
    zagg_err err;
    if (try_fetch(q, opts, &r, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return r;
}

static inline void refuse(const zagg_search_query *q, const zagg_search_opts *opts,
                          zagg_status want, const char *message)
{
    zagg_search_result r = {.pages = 0};
    zagg_err err;
    const zagg_status status = try_fetch(q, opts, &r, &err);
    if (status != want || !text_matches(message, err.msg))
        fail_msg("%d \"%s\" is not %d \"%s\"", status, err.msg, want, message);
}

static inline bool is_there(const char *name)
{
    FILE *f = fopen(in_dir(name), "rb");
    if (f != NULL)
        (void)fclose(f);
    return f != NULL;
}

static inline void forget(void)
{
    (void)remove(in_dir("c.ndjson"));
    (void)remove(in_dir("c.ndjson.partial"));
    (void)remove(in_dir("c.ndjson.partial.json"));
}

/* The catalog as text; the caller's (zg_free). */
static inline char *catalog_text(void)
{
    return shell_ok(dir, "cat c.ndjson");
}

static inline http_reply page(const char *body)
{
    return (http_reply){.status = 200, .headers = JSON, .body = body};
}

static inline http_script *serve(const http_reply *replies, size_t n)
{
    return http_script_start(replies, n);
}

#endif
