/* Golden sets real and stores: `zagg run` writes upstream's store again, file for file as
 * docs/store-format.md says, whatever the number of threads and the handoff, and a second
 * run into the same store changes nothing. Stores for reading only are skipped. */
#include "support/program.h"
#include "support/store_format.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 4096 };

/* One store of upstream and what it was made from. */
typedef struct golden_run {
    case_report *r;
    const char *name;
    char cwd[PATH_BYTES];    /* hrefs are relative to it */
    char config[PATH_BYTES]; /* upstream's */
    char map[PATH_BYTES];
    char archive[PATH_BYTES];
    bool compat;    /* written by the older upstream */
    bool versioned; /* a hive of versioned leaves: for reading only */
    store_format *format;
    const char *driver; /* "--driver file" where hrefs are s3://relative */
} golden_run;

static char *read_text(const char *path)
{
    zagg_err err = ZAGG_ERR_INIT;
    char *text = NULL;
    size_t len = 0;
    if (zagg_file_read(path, (size_t)1 << 30, &text, &len, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return text;
}

/* Copies in the temporary folder: the config as the run needs it, and the shard map with
 * the data folder in place. */
static void prepare(const golden_run *g, const char *temp)
{
    char *config = read_text(g->config), *map = read_text(g->map), *text = NULL;
    if (g->compat) {
        text = replaced(config, "\noutput:\n", "\noutput:\n  compat: zagg-0.11\n");
        write_text(temp, "config.yaml", text);
        zg_free(text);
    } else {
        write_text(temp, "config.yaml", config);
    }
    if (strstr(map, "@DATA@") != NULL) {
        char *data = shell_ok(shared_path("data"), "printf %%s \"$PWD\"");
        text = replaced(map, "@DATA@", data);
        zg_free(data);
        write_text(temp, "map.json", text);
        zg_free(text);
    } else {
        write_text(temp, "map.json", map);
    }
    zagg_bytes_free(config);
    zagg_bytes_free(map);
}

static run_result run_zagg(const golden_run *g, const char *temp, const char *store,
                           const char *options)
{
    char command[2 * PATH_BYTES];
    int len = snprintf(command, sizeof command,
                       "zagg run -q --config %s/config.yaml --catalog %s/map.json "
                       "--store %s/%s %s %s",
                       temp, temp, temp, store, g->driver, options);
    assert_true(len > 0 && (size_t)len < sizeof command);
    return shell_in(g->cwd, command);
}

/* The archive holds one folder, the store; its path goes to `out`. */
static void unpack(const golden_run *g, const char *temp, char *out)
{
    const char *how = strstr(g->archive, ".zst") != NULL ? "--zstd" : "--xz";
    char *text = shell_ok(temp, "mkdir theirs && tar %s -xf '%s' -C theirs && ls theirs",
                          how, g->archive);
    text[strcspn(text, "\n")] = '\0';
    int len = snprintf(out, PATH_BYTES, "%s/theirs/%s", temp, text);
    assert_true(len > 0 && len < PATH_BYTES);
    zg_free(text);
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
        size_t wrong = stores_differ(g->format, theirs, ours, &names, &n_files);
        good = wrong == 0 && n_files > 0;
        if (!good)
            case_fail(g->r, g->name, "%s: %zu of %zu files differ:%s", options, wrong,
                      n_files, names.data);
    }
    zg_str_free(&names);
    run_result_free(&run);
    return good;
}

/* A second run into the same store changes nothing; groups of ragged payloads (0.11) are
 * written once only, and say so. */
static bool run_again(const golden_run *g, const char *temp, const char *theirs)
{
    run_result run = run_zagg(g, temp, "ours0", "--max-workers 2");
    const bool once = run.status == 1 && strstr(run.err, "is written once only") != NULL;
    run_result_free(&run);
    return (once && g->compat) || run_and_compare(g, temp, theirs, "ours0", "");
}

static void check_run(const golden_run *g)
{
    static const char *const OPTIONS[] = {
        "--max-workers 1 --handoff arrow", "--max-workers 1 --handoff pandas",
        "--max-workers 2 --handoff arrow", "--max-workers 2 --handoff pandas",
        "--max-workers 7 --handoff arrow", "--max-workers 7 --handoff pandas"};
    char theirs[PATH_BYTES], store[32];
    char *temp = make_temp_dir();
    prepare(g, temp);
    bool good = true;
    unpack(g, temp, theirs);
    for (size_t i = 0; good && i < sizeof OPTIONS / sizeof OPTIONS[0]; i++) {
        (void)snprintf(store, sizeof store, "ours%zu", i);
        good = run_and_compare(g, temp, theirs, store, OPTIONS[i]);
    }
    good = good && run_again(g, temp, theirs);
    good = good && run_and_compare(g, temp, theirs, "ours0", "--overwrite");
    if (good) {
        case_pass(g->r);
        print_message("%s: every file equal in each of 8 runs\n", g->name);
    } else {
        print_message("%s: differs\n", g->name);
    }
    remove_tree(temp);
    zg_free(temp);
}

static bool exists(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file != NULL)
        fclose(file);
    return file != NULL;
}

/* "SET/relative" as an absolute path. */
static void set_path(char *out, const char *set, const char *fmt, const char *a,
                     const char *b)
{
    char relative[PATH_BYTES], tail[PATH_BYTES / 2];
    zg_str text;
    zg_str_init(&text, sizeof tail - 1);
    for (const char *p = fmt; *p != '\0'; p++) {
        if (*p == '1')
            zg_str_add(&text, a);
        else if (*p == '2')
            zg_str_add(&text, b);
        else
            zg_str_addc(&text, *p);
    }
    assert_false(text.failed);
    (void)snprintf(relative, sizeof relative, "%s/%s", set, text.data);
    zg_str_free(&text);
    (void)snprintf(out, PATH_BYTES, "%s", golden_path(relative));
}

/* real/NAME.yaml + sm_NAME.json + NAME.tar.xz; hrefs name the data folder. */
static bool real_case(golden_run *g, const char *file)
{
    char name[PATH_BYTES / 4];
    const char *dot = strstr(file, ".yaml");
    if (dot == NULL || dot[5] != '\0' || (size_t)(dot - file) >= sizeof name)
        return false;
    memcpy(name, file, (size_t)(dot - file));
    name[dot - file] = '\0';
    set_path(g->cwd, "real", ".", "", "");
    set_path(g->config, "real", "1.yaml", name, "");
    set_path(g->map, "real", "sm_1.json", name, "");
    set_path(g->archive, "real", "1.tar.xz", name, "");
    g->driver = "";
    return true;
}

/* Config of a store by the table in the set's README: the writer's name in front of the
 * store's (seed, v061, v061_flat, ...) is the ending of the config's. */
static void store_config(golden_run *g, const char *store)
{
    static const char *const WRITERS[][2] = {
        {"seed_", ""},
        {"v061_flat_", ".flat061"},
        {"v061_hive_", ".hive061"},
        {"v061_hiveplain_", ".hiveplain061"},
        {"v061_mini_flat", ".flat061"},
        {"v061_mini_hivelean", ".hivelean061"},
        {"v061_mini_hiveplain", ".hiveplain061"},
        {"v061_mini_hive", ".hive061"},
        {"v061_", ""},
    };
    for (size_t i = 0; i < sizeof WRITERS / sizeof WRITERS[0]; i++) {
        const size_t len = strlen(WRITERS[i][0]);
        if (strncmp(store, WRITERS[i][0], len) != 0)
            continue;
        /* The mini stores of 0.61 share one config. */
        const char *base = store[len] == '\0' ? "mini_all" : store + len;
        set_path(g->config, "stores", "configs/12.yaml", base, WRITERS[i][1]);
        g->compat = strcmp(WRITERS[i][0], "seed_") == 0;
        g->versioned = strcmp(WRITERS[i][1], ".hive061") == 0 ||
                       strcmp(WRITERS[i][1], ".hivelean061") == 0;
        return;
    }
}

static bool store_case(golden_run *g, const char *file)
{
    char name[PATH_BYTES / 4];
    const char *dot = strstr(file, ".json");
    if (dot == NULL || dot[5] != '\0' || (size_t)(dot - file) >= sizeof name)
        return false;
    memcpy(name, file, (size_t)(dot - file));
    name[dot - file] = '\0';
    g->config[0] = '\0';
    store_config(g, name);
    set_path(g->cwd, "stores", ".", "", "");
    set_path(g->map, "stores", "shardmaps/1.json", name, "");
    set_path(g->archive, "stores", "1.tar.zst", name, "");
    g->driver = "--driver file";
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void check_set(const char *set, const char *folder,
                      bool (*make_case)(golden_run *, const char *), size_t at_least)
{
    case_report r = {.set = set};
    store_format format = store_format_load();
    zg_vec names;
    if (!golden_available(folder))
        skip();
    zg_vec_init(&names, sizeof(char *), 0);
    DIR *dir = opendir(golden_path(folder));
    assert_non_null(dir);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        char **slot = zg_vec_push(&names);
        assert_non_null(slot);
        *slot = zg_strdup(e->d_name);
    }
    closedir(dir);
    qsort(names.data, names.len, sizeof(char *), by_name);
    for (size_t i = 0; i < names.len; i++) {
        char *name = *ZG_VEC_AT(&names, char *, i);
        golden_run g = {.r = &r, .name = name, .format = &format};
        if (make_case(&g, name)) {
            if (!exists(g.config) || !exists(g.archive))
                case_skip(&r, name, "its config or store is not in this set");
            else if (g.versioned)
                case_skip(&r, name, "its leaves are versioned: a form for reading");
            else
                check_run(&g);
        }
        zg_free(name);
    }
    zg_vec_free(&names);
    if (at_least > 1 && getenv("ZAGG_GOLDEN") == NULL)
        store_format_all_used(&format);
    store_format_free(&format);
    report_end(&r, getenv("ZAGG_GOLDEN") != NULL ? 0 : at_least);
}

static void real_photons(void **state)
{
    (void)state;
    check_set("real", "real", real_case, 1);
}

static void synthetic_photons(void **state)
{
    (void)state;
    check_set("stores", "stores/shardmaps", store_case, 19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_photons),
        cmocka_unit_test(synthetic_photons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
