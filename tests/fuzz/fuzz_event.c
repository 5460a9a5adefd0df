/* Any bytes as an event of the worker. Whatever places an event names are replaced by
 * some in a folder of this process: events may write, and remove, where they say. */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700 /* nftw */
#endif
#include "fuzz/fuzz.h"
#include "text/text.h"
#include "zagg/core.h"
#include "zagg/worker.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Grids beyond these are made in vain, and axes of theirs take long to write. */
enum { MAX_AXIS = 4096, MAX_CELLS = 1 << 16, NAME_LEN = 96, MEMORY = 64 << 20 };

static char folder[64];

static int remove_entry(const char *path, const struct stat *what, int type,
                        struct FTW *where)
{
    (void)what, (void)type;
    return where->level > 0 ? remove(path) : 0;
}

static void clear_folder(void)
{
    (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void leave_folder(void)
{
    clear_folder();
    (void)rmdir(folder);
}

static void enter_folder(void)
{
    const char *tmp = getenv("TMPDIR");
    if (folder[0] != '\0')
        return;
    (void)snprintf(folder, sizeof folder, "%.32s/zagg-fuzz-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder) || setenv("AWS_EC2_METADATA_DISABLED", "true", 1) != 0)
        abort();
    (void)atexit(leave_folder);
}

/* A text that names a place becomes one of two of ours; what is no text stays. */
static const zagg_value *place(zagg_arena *arena, const zagg_value *v,
                               char name[NAME_LEN], const char *suffix)
{
    zagg_value *mine = NULL;
    if (v->kind != ZAGG_STR ||
        zagg_arena_alloc(arena, 1, sizeof *mine, &mine, NULL) != ZAGG_OK)
        return v;
    (void)snprintf(name, NAME_LEN, "%s/%c%s", folder, v->str_len % 2 ? 'a' : 'b', suffix);
    *mine = (zagg_value){.kind = ZAGG_STR, .str = name, .str_len = strlen(name)};
    return mine;
}

static void put_granules(zg_json_out *w, zagg_arena *arena, const zagg_value *urls)
{
    char name[NAME_LEN];
    if (urls->kind != ZAGG_LIST) {
        (void)zg_json_value(w, urls, NULL);
        return;
    }
    zg_json_open_list(w);
    for (size_t i = 0; i < urls->n; i++) {
        const zagg_value *url = zagg_value_get(urls->items[i], "url");
        if (url && url->kind == ZAGG_STR) {
            zg_json_open_map(w);
            zg_json_key(w, "url");
            (void)zg_json_value(w, place(arena, url, name, ".h5"), NULL);
            zg_json_close_map(w);
        } else {
            (void)zg_json_value(w, place(arena, urls->items[i], name, ".h5"), NULL);
        }
    }
    zg_json_close_list(w);
}

/* The event with our places in it. */
static void confine(zagg_arena *arena, const zagg_value *event, zg_str *out)
{
    zg_json_out w;
    char name[NAME_LEN];
    zg_json_begin(&w, out, -1);
    zg_json_open_map(&w);
    for (size_t i = 0; i < event->n; i++) {
        const char *key = event->members[i].key->str;
        const zagg_value *v = event->members[i].value;
        zg_json_key(&w, key);
        if (strcmp(key, "granule_urls") == 0)
            put_granules(&w, arena, v);
        else if (strcmp(key, "store_path") == 0)
            (void)zg_json_value(&w, place(arena, v, name, ".zarr"), NULL);
        else if (strcmp(key, "result_url") == 0)
            (void)zg_json_value(&w, place(arena, v, name, ".json"), NULL);
        else
            (void)zg_json_value(&w, v, NULL);
    }
    zg_json_close_map(&w);
}

/* Is the grid one that can be made in the time that an input may take? */
static bool is_small(const zagg_value *config)
{
    zagg_pipeline *pipeline = NULL;
    zagg_grid *grid = NULL;
    bool small = true;
    if (!config ||
        zagg_pipeline_from_value(config, "event", NULL, &pipeline, NULL) != ZAGG_OK)
        return true; /* refused, or the one that is built in */
    if (zagg_grid_from_pipeline(pipeline, pipeline->output.latitude, &grid, NULL) ==
        ZAGG_OK) {
        const zagg_grid_info *info = zagg_grid_get_info(grid);
        small = info->cells_per_shard <= MAX_CELLS &&
                (info->rank < 2 ||
                 (info->shape[0] <= MAX_AXIS && info->shape[1] <= MAX_AXIS));
    }
    zagg_grid_free(grid);
    zagg_pipeline_free(pipeline);
    return small;
}

/* The response is {"statusCode", "body"}, and the body an object. */
static void check_response(zagg_arena *arena, const zagg_event_response *r)
{
    const zagg_value *root = NULL, *body = NULL;
    int64_t code = 0;
    fuzz_check(zagg_json_parse(arena, r->text, r->len, "response", &root, NULL) ==
               ZAGG_OK);
    fuzz_check(zagg_value_i64(zagg_value_get(root, "statusCode"), &code));
    fuzz_check(code == r->status_code && (code == 200 || code == 400 || code == 500));
    const zagg_value *text = zagg_value_get(root, "body");
    fuzz_check(text != NULL && text->kind == ZAGG_STR);
    fuzz_check(zagg_json_parse(arena, text->str, text->str_len, "body", &body, NULL) ==
               ZAGG_OK);
    fuzz_check(body->kind == ZAGG_MAP);
    const bool error = zg_value_text(body, "error") != NULL;
    fuzz_check(error == (code != 200));
}

static void handle(zagg_arena *arena, const char *event, size_t len)
{
    const zagg_event_opts opts = {
        .request_id = "fuzz", .threads = 1, .memory_bytes = MEMORY, .spill_dir = folder};
    zagg_event_response response = {0};
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_status status = zagg_event_handle(event, len, &opts, &response, &err);
    if (status == ZAGG_OK)
        check_response(arena, &response);
    else
        fuzz_check_error(status, &err);
    zagg_event_response_free(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    zagg_arena *arena = NULL;
    const zagg_value *root = NULL;
    zg_str event;
    enter_folder();
    if (zagg_arena_new(0, &arena, NULL) != ZAGG_OK)
        abort();
    const zagg_status status =
        zagg_json_parse(arena, (const char *)data, size, "event", &root, NULL);
    zg_str_init(&event, 0);
    if (status != ZAGG_OK || root->kind != ZAGG_MAP) {
        handle(arena, (const char *)data, size); /* refused before it names anything */
    } else if (is_small(zagg_value_get_set(root, "config"))) {
        confine(arena, root, &event);
        if (!event.failed)
            handle(arena, event.data, event.len);
        clear_folder();
    }
    zg_str_free(&event);
    zagg_arena_free(arena);
    return 0;
}
