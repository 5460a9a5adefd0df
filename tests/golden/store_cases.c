/* Unpacking the stores of the golden sets. */
#include "golden/store_cases.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Archives, or of the conformance trees the folders. */
static bool is_store(const char *set, const char *name)
{
    return strcmp(set, "spec") == 0 ? strchr(name, '.') == NULL
                                    : strstr(name, ".tar.") != NULL;
}

zg_vec store_case_names(const char *set)
{
    zg_vec names;
    zg_vec_init(&names, sizeof(char *), 0);
    DIR *dir = opendir(golden_path(set));
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        char **name = is_store(set, e->d_name) ? zg_vec_push(&names) : NULL;
        if (name != NULL)
            *name = zg_strdup(e->d_name);
    }
    closedir(dir);
    if (names.len > 1)
        qsort(names.data, names.len, sizeof(char *), zg_compare_texts);
    return names;
}

void store_case_names_free(zg_vec *names)
{
    for (size_t i = 0; i < names->len; i++)
        zg_free(*ZG_VEC_AT(names, char *, i));
    zg_vec_free(names);
}

static bool run(case_report *r, const char *name, const char *const *argv)
{
    run_result done = run_program(argv, NULL);
    const bool ok = done.status == 0;
    if (!ok)
        case_fail(r, name, "%s", done.err);
    run_result_free(&done);
    return ok;
}

/* An archive holds one folder, the store. */
static bool unpack(case_report *r, const char *archive, store_case *s)
{
    const char *how = strstr(archive, ".zst") != NULL ? "--zstd" : "--xz";
    const char *const argv[] = {"tar", how, "-xf", archive, "-C", s->folder, NULL};
    if (!run(r, s->name, argv))
        return false;
    DIR *dir = opendir(s->folder);
    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.')
            (void)snprintf(s->path, sizeof s->path, "%s/%s", s->folder, e->d_name);
    if (dir != NULL)
        closedir(dir);
    return s->path[0] != '\0';
}

/* Copies may be written to, whatever the set allows. */
static bool copy(case_report *r, const char *tree, store_case *s)
{
    (void)snprintf(s->path, sizeof s->path, "%s/%s", s->folder, s->name);
    const char *const copy_argv[] = {"cp", "-r", tree, s->path, NULL};
    const char *const mode_argv[] = {"chmod", "-R", "u+w", s->path, NULL};
    return run(r, s->name, copy_argv) && run(r, s->name, mode_argv);
}

bool store_case_open(case_report *r, const char *set, const char *file, store_case *s)
{
    char relative[STORE_PATH];
    zagg_err err = ZAGG_ERR_INIT;
    const size_t len = strcspn(file, ".");
    *s = (store_case){.folder = make_temp_dir()};
    (void)snprintf(s->name, sizeof s->name, "%.*s", (int)len, file);
    (void)snprintf(relative, sizeof relative, "%s/%s", set, file);
    const char *path = golden_path(relative);
    bool ok = strcmp(set, "spec") == 0 ? copy(r, path, s) : unpack(r, path, s);
    if (ok && zagg_sink_open_dir(s->path, &s->sink, &err) != ZAGG_OK) {
        case_fail(r, s->name, "%s", err.msg);
        ok = false;
    }
    if (!ok)
        store_case_close(s);
    return ok;
}

void store_case_close(store_case *s)
{
    if (s->sink != NULL)
        zagg_sink_close(s->sink);
    remove_tree(s->folder);
    zg_free(s->folder);
    *s = (store_case){.folder = NULL};
}

typedef struct recording {
    zagg_sink *store;
    zg_str *text;
    size_t n;
} recording;

static zagg_status record(void *user, const char *key, uint64_t size, zagg_err *err)
{
    recording *r = user;
    void *data = NULL;
    size_t len = 0;
    char hex[65];
    ZAGG_TRY(zagg_sink_get(r->store, key, (size_t)size, &data, &len, err));
    zg_sha256_hex(data, len, hex);
    zagg_bytes_free(data);
    zg_str_addf(r->text, "%s{\"key\":\"%s\",\"bytes\":%zu,\"sha256\":\"%s\"}",
                r->n > 0 ? "," : "", key, len, hex);
    r->n++;
    return ZAGG_OK;
}

size_t store_case_record(const store_case *s, zagg_sink *status)
{
    zg_str text;
    zagg_err err = ZAGG_ERR_INIT;
    recording r = {s->sink, &text, 0};
    zg_str_init(&text, 0);
    zg_str_add(&text, "{\"spec\":\"zagg-store-record/1\",\"objects\":[");
    assert_int_equal(zagg_sink_list(s->sink, "", record, &r, &err), ZAGG_OK);
    zg_str_add(&text, "]}");
    assert_int_equal(zagg_sink_put(status, "objects.json", text.data, text.len, &err),
                     ZAGG_OK);
    zg_str_free(&text);
    return r.n;
}
