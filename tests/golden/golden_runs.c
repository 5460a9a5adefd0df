/* Listing the runs of golden sets real and stores. */
#include "golden/golden_runs.h"

#include "support/program.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *golden_text(const char *path)
{
    zagg_err err = ZAGG_ERR_INIT;
    char *text = NULL;
    size_t len = 0;
    if (zagg_file_read(path, (size_t)1 << 30, &text, &len, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return text;
}

char *golden_run_map(const golden_run *run)
{
    char *map = golden_text(run->map), *text = NULL;
    if (strstr(map, "@DATA@") != NULL) {
        char *data = shell_ok(shared_path("data"), "printf %%s \"$PWD\"");
        text = replaced(map, "@DATA@", data);
        zg_free(data);
    } else {
        text = zg_strdup(map);
        assert_non_null(text);
    }
    zagg_bytes_free(map);
    return text;
}

/* The archive holds one folder, the store. */
void golden_run_unpack(const golden_run *run, const char *dir, char out[PATH_BYTES])
{
    const char *how = strstr(run->archive, ".zst") != NULL ? "--zstd" : "--xz";
    char *text = shell_ok(dir, "mkdir theirs && tar %s -xf '%s' -C theirs && ls theirs",
                          how, run->archive);
    text[strcspn(text, "\n")] = '\0';
    int len = snprintf(out, PATH_BYTES, "%s/theirs/%s", dir, text);
    assert_true(len > 0 && len < PATH_BYTES);
    zg_free(text);
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

void golden_runs_check(const char *set, void (*check)(const golden_run *run),
                       size_t at_least)
{
    const bool real = strcmp(set, "real") == 0;
    const char *folder = real ? "real" : "stores/shardmaps";
    case_report r = {.set = set};
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
        golden_run g = {.r = &r, .name = name};
        if (real ? real_case(&g, name) : store_case(&g, name)) {
            if (!exists(g.config) || !exists(g.archive))
                case_skip(&r, name, "its config or store is not in this set");
            else
                check(&g);
        }
        zg_free(name);
    }
    zg_vec_free(&names);
    report_end(&r, getenv("ZAGG_GOLDEN") != NULL ? 0 : at_least);
}
