/* Running the programs of this build, and comparing the folders they leave. */
#include "support/program.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_FILE_BYTES = 1 << 30 };

run_result shell_in(const char *dir, const char *command)
{
    static const char SCRIPT[] =
        "cd \"$1\" && PATH=${ZAGG_BUILD_DIR:?}:$PATH && eval \"$2\"";
    const char *const argv[] = {"/bin/sh", "-c", SCRIPT, "sh", dir, command, NULL};
    return run_program(argv, NULL);
}

char *shell_ok(const char *dir, const char *fmt, ...)
{
    char command[4096];
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(command, sizeof command, fmt, args);
    va_end(args);
    assert_true(len > 0 && (size_t)len < sizeof command);
    run_result run = shell_in(dir, command);
    if (run.status != 0)
        fail_msg("%s: exit %d\n%s%s", command, run.status, run.out, run.err);
    zg_free(run.err);
    return run.out;
}

void write_text(const char *dir, const char *name, const char *text)
{
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_true(len > 0 && (size_t)len < sizeof path);
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        fail_msg("cannot write %s", path);
}

char *replaced(const char *text, const char *from, const char *to)
{
    zg_str out;
    const char *at = text, *found = NULL;
    zg_str_init(&out, 0);
    if (strstr(text, from) == NULL)
        fail_msg("there is no '%s' to replace", from);
    while ((found = strstr(at, from)) != NULL) {
        zg_str_addn(&out, at, (size_t)(found - at));
        zg_str_add(&out, to);
        at = found + strlen(from);
    }
    zg_str_add(&out, at);
    char *result = zg_str_take(&out);
    assert_non_null(result);
    return result;
}

bool text_matches(const char *pattern, const char *text)
{
    if (strchr(pattern, '*') == NULL)
        return strcmp(pattern, text) == 0;
    /* Only the star is special: messages hold brackets and question marks. */
    zg_str glob;
    zg_str_init(&glob, 0);
    for (const char *p = pattern; *p != '\0'; p++) {
        if (*p == '[' || *p == ']' || *p == '?' || *p == '\\')
            zg_str_addc(&glob, '\\');
        zg_str_addc(&glob, *p);
    }
    bool matches = !glob.failed && fnmatch(glob.data, text, 0) == 0;
    zg_str_free(&glob);
    return matches;
}

/* ---- folders ---- */

static void list_files(const char *root, const char *below, zg_vec *out)
{
    char folder[4096], name[4096], path[8200];
    struct stat st;
    (void)snprintf(folder, sizeof folder, "%s/%s", root, below);
    DIR *dir = opendir(folder);
    if (dir == NULL)
        fail_msg("%s cannot be listed", folder);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        int len =
            snprintf(name, sizeof name, "%s%s%s", below, below[0] ? "/" : "", e->d_name);
        assert_true(len > 0 && (size_t)len < sizeof name);
        (void)snprintf(path, sizeof path, "%s/%s", root, name);
        if (stat(path, &st) != 0)
            fail_msg("cannot stat %s", path);
        if (S_ISDIR(st.st_mode)) {
            list_files(root, name, out);
            continue;
        }
        char **slot = zg_vec_push(out);
        assert_non_null(slot);
        *slot = zg_strdup(name);
        assert_non_null(*slot);
    }
    closedir(dir);
}

zg_vec tree_files(const char *root)
{
    zg_vec files;
    zg_vec_init(&files, sizeof(char *), 0);
    list_files(root, "", &files);
    if (files.len > 1)
        qsort(files.data, files.len, sizeof(char *), zg_compare_texts);
    return files;
}

void tree_files_free(zg_vec *files)
{
    for (size_t i = 0; i < files->len; i++)
        zg_free(*ZG_VEC_AT(files, char *, i));
    zg_vec_free(files);
}

static bool same_file(const char *a_root, const char *b_root, const char *name)
{
    const char *roots[2] = {a_root, b_root};
    char *data[2] = {NULL, NULL};
    size_t len[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        char path[8200];
        zagg_err err = ZAGG_ERR_INIT;
        (void)snprintf(path, sizeof path, "%s/%s", roots[i], name);
        if (zagg_file_read(path, MAX_FILE_BYTES, &data[i], &len[i], &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
    }
    bool same = len[0] == len[1] && memcmp(data[0], data[1], len[0]) == 0;
    zagg_bytes_free(data[0]);
    zagg_bytes_free(data[1]);
    return same;
}

size_t trees_differ(const char *expected, const char *actual, zg_str *names,
                    size_t *n_files)
{
    zg_vec theirs = tree_files(expected), ours = tree_files(actual);
    size_t wrong = 0, i = 0, k = 0;
    *n_files = 0;
    while (i < theirs.len || k < ours.len) {
        const char *a = i < theirs.len ? *ZG_VEC_AT(&theirs, char *, i) : NULL;
        const char *b = k < ours.len ? *ZG_VEC_AT(&ours, char *, k) : NULL;
        int order = a == NULL ? 1 : b == NULL ? -1 : strcmp(a, b);
        const char *how = order < 0                        ? "is missing"
                          : order > 0                      ? "should not be there"
                          : same_file(expected, actual, a) ? NULL
                                                           : "differs";
        if (how != NULL && wrong++ < 20)
            zg_str_addf(names, "\n  %s %s", order > 0 ? b : a, how);
        i += order <= 0;
        k += order >= 0;
        (*n_files)++;
    }
    tree_files_free(&theirs);
    tree_files_free(&ours);
    return wrong;
}

void assert_same_trees(const char *expected, const char *actual)
{
    zg_str names;
    size_t n_files = 0;
    zg_str_init(&names, 0);
    size_t wrong = trees_differ(expected, actual, &names, &n_files);
    if (wrong > 0)
        fail_msg("%zu of %zu files differ between %s and %s:%s", wrong, n_files, expected,
                 actual, names.data);
    zg_str_free(&names);
    if (n_files == 0)
        fail_msg("%s is empty", expected);
}
