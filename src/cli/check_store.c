/* Of zagg check: can the store be written, and is there room? */
#include "cli/check.h"
#include "cli/cli.h"
#include "run/run.h"
#include "run/status_dir.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* With less than this hardly any run ends well. */
#define LEAST_FREE ((uint64_t)256 << 20)

static bool exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

/* The part of a path that is there: "." or "/" at least. Changes it. */
static const char *existing_part(char *path)
{
    while (!exists(path)) {
        char *slash = strrchr(path, '/');
        if (slash == NULL)
            return ".";
        if (slash == path)
            return "/";
        *slash = '\0';
    }
    return path;
}

/* One object put and removed. */
static zagg_status try_sink(zagg_sink *sink, zagg_err *err)
{
    char id[33], key[48];
    zg_unique_id(id);
    (void)snprintf(key, sizeof key, "check-%s", id);
    ZAGG_TRY(zagg_sink_put(sink, key, "zagg check\n", 11, err));
    return zagg_sink_delete(sink, key, err);
}

/* Folders below `top`, which were made by the check, if they are empty. */
static void remove_folders(char *path, size_t top_len)
{
    while (strlen(path) > top_len && rmdir(path) == 0) {
        char *slash = strrchr(path, '/');
        if (slash == NULL)
            return;
        *slash = '\0';
    }
}

static zagg_status try_folder(char *path, zagg_err *err)
{
    zagg_sink *sink = NULL;
    char *part = zg_strdup(path);
    if (part == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory", path);
    const bool all_there = exists(path);
    /* "." of a relative path of one part stands for nothing of it. */
    const char *top = existing_part(part);
    const size_t top_len = strcmp(top, ".") == 0 ? 0 : strlen(top);
    zagg_status status = zagg_sink_open_dir(path, &sink, err);
    if (status == ZAGG_OK) {
        status = try_sink(sink, err);
        zagg_sink_close(sink);
    }
    if (!all_there)
        remove_folders(path, top_len);
    zg_free(part);
    return status;
}

static zagg_status try_local(const char *store, zagg_err *err)
{
    char *status_path = NULL;
    const char *path = zg_store_path(store);
    if (exists(path) && access(path, W_OK | X_OK) != 0)
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot write into %s", path);
    ZAGG_TRY(zg_status_path(store, &status_path, err));
    const zagg_status status = try_folder(status_path, err);
    zg_free(status_path);
    return status;
}

static zagg_status try_remote(check *c, const char *store, zagg_err *err)
{
    zagg_sink *sink = NULL;
    ZAGG_TRY(check_open_net(c, err));
    ZAGG_TRY(zg_status_open(store, c->net, true, &sink, err));
    const zagg_status status = try_sink(sink, err);
    zagg_sink_close(sink);
    return status;
}

static void check_disk(check *c, const char *store)
{
    struct statvfs fs;
    char text[1100], bytes[32];
    zagg_err err = ZAGG_ERR_INIT;
    char *path = zg_strdup(zg_store_path(store));
    const char *part = path != NULL ? existing_part(path) : ".";
    if (statvfs(part, &fs) != 0) {
        zagg_err_set_errno(&err, ZAGG_EIO, errno, "%s: cannot learn what is free", part);
        check_failed(c, "disk", EXIT_FAILED, &err);
        zg_free(path);
        return;
    }
    const uint64_t left = (uint64_t)fs.f_bavail * fs.f_frsize;
    (void)snprintf(text, sizeof text, "%s free at %.1000s", cli_bytes(left, bytes), part);
    if (left >= LEAST_FREE) {
        check_ok(c, "disk", text);
    } else {
        zagg_err_set(&err, ZAGG_EIO, "%s, which is little: make room", text);
        check_failed(c, "disk", EXIT_FAILED, &err);
    }
    zg_free(path);
}

void check_store(check *c)
{
    zagg_err err = ZAGG_ERR_INIT;
    const char *store = c->store_path != NULL ? c->store_path : c->store;
    if (store == NULL)
        return;
    const bool remote = zagg_url_is_remote(store);
    zagg_status status = zg_store_check(store, &err);
    if (status == ZAGG_OK)
        status = remote ? try_remote(c, store, &err) : try_local(store, &err);
    if (status == ZAGG_OK)
        check_ok(c, "store", store);
    else
        check_failed(c, "store",
                     remote ? check_remote_code(status) : cli_exit_code(status), &err);
    if (!remote && status == ZAGG_OK)
        check_disk(c, store);
}
