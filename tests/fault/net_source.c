/* A granule behind a server with every single allocation failing in turn, libcurl's
 * included: always a message about memory, or the right bytes; never a leak. */
#include "support/fault.h"
#include "support/server.h"
#include "zagg/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEN = (3 << 20) + 17, N_RANGES = 5, RANGE = 70000, FEWEST = 150 };

static char *folder;

static unsigned char byte_at(size_t at)
{
    return (unsigned char)(at * 2654435761u >> 11);
}

static int setup(void **state)
{
    char path[600];
    (void)state;
    folder = make_temp_dir();
    (void)snprintf(path, sizeof path, "%s/granules", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)strncat(path, "/a.h5", sizeof path - strlen(path) - 1);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    for (size_t i = 0; i < LEN; i++)
        assert_int_equal(fputc(byte_at(i), f), byte_at(i));
    assert_int_equal(fclose(f), 0);
    const char *const args[] = {"--root", folder, "--public", "granules", NULL};
    test_server *server = server_start("s3_server", args);
    assert_int_equal(setenv("AWS_ENDPOINT_URL", server_url(server), 1), 0);
    return 0;
}

static int teardown(void **state)
{
    remove_tree(folder);
    zg_free(folder);
    return server_stop_all(state);
}

static zagg_status read_ranges(zagg_source *source, bool *right, zagg_err *err)
{
    static unsigned char bytes[N_RANGES][RANGE];
    zagg_range ranges[N_RANGES];
    *right = zagg_source_size(source) == LEN;
    for (size_t i = 0; i < N_RANGES; i++)
        ranges[i] = (zagg_range){i * (LEN / N_RANGES), RANGE, bytes[i]};
    ZAGG_TRY(zagg_source_read_many(source, ranges, N_RANGES, NULL, err));
    for (size_t i = 0; i < N_RANGES; i++)
        for (size_t k = 0; k < RANGE; k++)
            *right &= bytes[i][k] == byte_at((size_t)ranges[i].offset + k);
    return ZAGG_OK;
}

/* All of it: an engine, a granule, two reads (the second one out of the cache). */
static zagg_status work(const char *cache, bool *right, zagg_err *err)
{
    const zagg_net_opts opts = {.credentials_provider = "anonymous", .cache_dir = cache};
    zagg_net *net = NULL;
    zagg_source *source = NULL;
    zagg_status status = zagg_net_new(&opts, &net, err);
    if (status == ZAGG_OK)
        status = zagg_net_open_source(net, "s3://granules/a.h5", &source, err);
    if (status == ZAGG_OK)
        status = read_ranges(source, right, err);
    if (status == ZAGG_OK && cache)
        status = read_ranges(source, right, err);
    zagg_source_close(source);
    zagg_net_free(net);
    return status;
}

static zagg_status faulty_work(int64_t nth, bool lasting, const char *cache, bool *right,
                               zagg_err *err)
{
    fault_arm(
        &(fault_plan){.kinds = FAULT_BIT(FAULT_ALLOC), .nth = nth, .lasting = lasting});
    const zagg_status status = work(cache, right, err);
    fault_disarm();
    return status;
}

static void sweep(const char *name, bool with_cache, bool lasting)
{
    case_report r = {.set = name};
    char cache[600];
    bool right = false;
    int64_t blocks = 0;
    (void)snprintf(cache, sizeof cache, "%s/cache", folder);
    const char *dir = with_cache ? cache : NULL;
    for (int warm = 0; warm < 3; warm++) { /* what libraries keep for good */
        blocks = fault_live_blocks();
        assert_int_equal(work(dir, &right, NULL), ZAGG_OK);
        assert_true(right);
    }
    const int files = fault_open_files();
    bool fired = true, again;
    for (int64_t nth = 1; fired && r.failed < 20; nth++) {
        char place[64];
        zagg_err err = ZAGG_ERR_INIT;
        right = true;
        if (with_cache && nth % 2 && access(cache, F_OK) == 0)
            remove_tree(cache);
        const zagg_status status = faulty_work(nth, lasting, dir, &right, &err);
        fired = fault_fired();
        if (fault_live_blocks() > blocks) { /* a library's, once and for good? */
            blocks = fault_live_blocks();
            (void)faulty_work(nth, lasting, dir, &again, NULL);
        }
        (void)snprintf(place, sizeof place, "allocation %lld", (long long)nth);
        if (fault_live_blocks() != blocks)
            case_fail(&r, place, "%lld blocks leaked (%s)",
                      (long long)(fault_live_blocks() - blocks), err.msg);
        else if (fault_open_files() != files)
            case_fail(&r, place, "files are left open (%s)", err.msg);
        else if (status == ZAGG_OK && !right)
            case_fail(&r, place, "other bytes");
        else if (status != ZAGG_OK &&
                 (status != ZAGG_ENOMEM || !strstr(err.msg, "memory")))
            case_fail(&r, place, "%s: %s", zagg_status_name(status), err.msg);
        else
            case_pass(&r);
    }
    report_end(&r, FEWEST);
}

static void one_fails(void **state)
{
    (void)state;
    sweep("one allocation fails", false, false);
}

static void all_fail_from_one_on(void **state)
{
    (void)state;
    sweep("all allocations from one on fail", false, true);
}

static void with_a_cache(void **state)
{
    (void)state;
    sweep("one allocation fails, with a cache", true, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_fails),
        cmocka_unit_test(all_fail_from_one_on),
        cmocka_unit_test(with_a_cache),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
