/* Golden sets real and stores: `zagg run` writes upstream's store again, file for file as
 * docs/store-format.md says, whatever the number of threads and the handoff, and a second
 * run into the same store changes nothing. Stores for reading only are skipped. With
 * GOLDEN_S3 the same into s3:// stores, for which a server keeps the objects as files. */
#include "golden/golden_runs.h"
#include "support/program.h"
#include "support/server.h"
#include "support/store_format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static store_format format; /* the table, and which of its rows were used */

/* Copies in the temporary folder: the config as the run needs it, and the shard map with
 * the data folder in place. */
static void prepare(const golden_run *g, const char *temp)
{
    char *config = golden_text(g->config), *map = golden_run_map(g), *text = NULL;
    if (g->compat) {
        text = replaced(config, "\noutput:\n", "\noutput:\n  compat: zagg-0.11\n");
        write_text(temp, "config.yaml", text);
        zg_free(text);
    } else {
        write_text(temp, "config.yaml", config);
    }
    write_text(temp, "map.json", map);
    zagg_bytes_free(config);
    zg_free(map);
}

#ifdef GOLDEN_S3
/* The folder is a bucket. */
static const char *place_of(const char *temp)
{
    static char url[PATH_BYTES];
    (void)snprintf(url, sizeof url, "s3://%s", strrchr(temp, '/') + 1);
    return url;
}
#else
static const char *place_of(const char *temp)
{
    return temp;
}
#endif

static run_result run_zagg(const golden_run *g, const char *temp, const char *store,
                           const char *options)
{
    char command[2 * PATH_BYTES];
    int len = snprintf(command, sizeof command,
                       "zagg run -q --config %s/config.yaml --catalog %s/map.json "
                       "--store %s/%s %s %s",
                       temp, temp, place_of(temp), store, g->driver, options);
    assert_true(len > 0 && (size_t)len < sizeof command);
    return shell_in(g->cwd, command);
}

/* One run, compared; false when the case has failed. */
static bool run_and_compare(const golden_run *g, const char *temp, const char *theirs,
                            const char *store, const char *options)
{
    char ours[PATH_BYTES];
    zg_str names;
    size_t n_files = 0;
    run_result run = run_zagg(g, temp, store, options);
    bool good = run.status == 0;
    (void)snprintf(ours, sizeof ours, "%s/%s", temp, store);
    zg_str_init(&names, 0);
    if (!good) {
        case_fail(g->r, g->name, "%s: exit %d: %s", options, run.status, run.err);
    } else {
        size_t wrong = stores_differ(&format, theirs, ours, &names, &n_files);
        good = wrong == 0 && n_files > 0;
        if (!good)
            case_fail(g->r, g->name, "%s: %zu of %zu files differ:%s", options, wrong,
                      n_files, names.data);
    }
    zg_str_free(&names);
    run_result_free(&run);
    return good;
}

#ifndef GOLDEN_S3
/* A second run into the same store changes nothing; groups of ragged payloads (0.11) are
 * written once only, and say so. */
static bool run_again(const golden_run *g, const char *temp, const char *theirs)
{
    run_result run = run_zagg(g, temp, "ours0", "--max-workers 2");
    const bool once = run.status == 1 && strstr(run.err, "is written once only") != NULL;
    run_result_free(&run);
    return (once && g->compat) || run_and_compare(g, temp, theirs, "ours0", "");
}

#endif

static void check_run(const golden_run *g)
{
#ifdef GOLDEN_S3
    static const char *const OPTIONS[] = {"--max-workers 2"};
#else
    static const char *const OPTIONS[] = {
        "--max-workers 1 --handoff arrow", "--max-workers 1 --handoff pandas",
        "--max-workers 2 --handoff arrow", "--max-workers 2 --handoff pandas",
        "--max-workers 7 --handoff arrow", "--max-workers 7 --handoff pandas"};
#endif
    char theirs[PATH_BYTES], store[32];
    if (g->versioned) {
        case_skip(g->r, g->name, "its leaves are versioned: a form for reading");
        return;
    }
    char *temp = make_temp_dir();
    prepare(g, temp);
    bool good = true;
    golden_run_unpack(g, temp, theirs);
    for (size_t i = 0; good && i < sizeof OPTIONS / sizeof OPTIONS[0]; i++) {
        (void)snprintf(store, sizeof store, "ours%zu", i);
        good = run_and_compare(g, temp, theirs, store, OPTIONS[i]);
    }
#ifndef GOLDEN_S3 /* tests/fault/resume.c does so there */
    good = good && run_again(g, temp, theirs);
    good = good && run_and_compare(g, temp, theirs, "ours0", "--overwrite");
#endif
    if (good) {
        case_pass(g->r);
        print_message("%s: every file equal in each run\n", g->name);
    } else {
        print_message("%s: differs\n", g->name);
    }
    remove_tree(temp);
    zg_free(temp);
}

static void need_server(void)
{
#ifdef GOLDEN_S3
    if (!server_available())
        skip();
#endif
}

static void real_photons(void **state)
{
    (void)state;
    need_server();
    format = store_format_load();
    golden_runs_check("real", check_run, 1);
    store_format_free(&format);
}

/* The golden set itself has a store for every row of the table. */
static void synthetic_photons(void **state)
{
    (void)state;
    need_server();
    format = store_format_load();
    golden_runs_check("stores", check_run, 19);
    if (getenv("ZAGG_GOLDEN") == NULL && golden_available("stores"))
        store_format_all_used(&format);
    store_format_free(&format);
}

static int start_server(void **state)
{
    (void)state;
#ifdef GOLDEN_S3
    const char *root = getenv("TMPDIR");
    const char *const args[] = {
        "--root", root ? root : "/tmp", "--key", "AKTEST", "sekret", NULL};
    if (!server_available())
        return 0;
    test_server *server = server_start("s3_server", args);
    assert_int_equal(setenv("AWS_ENDPOINT_URL", server_url(server), 1), 0);
    assert_int_equal(setenv("AWS_ACCESS_KEY_ID", "AKTEST", 1), 0);
    assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "sekret", 1), 0);
    assert_int_equal(unsetenv("AWS_SESSION_TOKEN"), 0);
#endif
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_photons),
        cmocka_unit_test(synthetic_photons),
    };
    return cmocka_run_group_tests(tests, start_server, server_stop_all);
}
