/* Any bytes as a granule: walk its groups and read the first rows of every dataset. */
#include "fuzz/fuzz.h"
#include "zagg/h5.h"

#include <stdlib.h>
#include <string.h>

#define MAX_NODES 64
#define MAX_PATH 160
#define MAX_ROWS 4096

/* Objects still to be looked at; a file of cycles fills it and ends there. */
typedef struct todo {
    char path[MAX_NODES][MAX_PATH];
    bool is_group[MAX_NODES];
    size_t n;
    const char *parent;
} todo;

static zagg_status note_link(void *user, const char *name, bool is_group, zagg_err *err)
{
    todo *t = user;
    size_t above = strlen(t->parent), own = strlen(name);
    (void)err;
    if (t->n == MAX_NODES || above + own + 2 > MAX_PATH)
        return ZAGG_OK;
    char *path = t->path[t->n];
    memcpy(path, t->parent, above);
    path[above] = '/';
    memcpy(path + above + 1, name, own + 1);
    t->is_group[t->n++] = is_group;
    return ZAGG_OK;
}

static void read_dataset(zagg_h5 *file, const char *path)
{
    zagg_h5_dataset *dataset;
    if (zagg_h5_dataset_open(file, path, &dataset, NULL) != ZAGG_OK)
        return;
    zagg_h5_info info = zagg_h5_dataset_info(dataset);
    if (info.rank < 1 || info.rank > 2 || info.dims[0] == 0)
        return;
    uint64_t rows = info.dims[0] < MAX_ROWS ? info.dims[0] : MAX_ROWS;
    zagg_rows range = {0, rows};
    zagg_h5_column column = {dataset, info.rank == 2 ? 0 : -1};
    void *out = malloc((size_t)rows * 8);
    if (out)
        (void)zagg_h5_read(column, &range, 1, NULL, out, NULL);
    uint64_t last = info.dims[0] - 1;
    if (out)
        (void)zagg_h5_gather(column, &last, 1, NULL, out, NULL);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    zagg_source *source;
    zagg_h5 *file;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_h5_limits limits = {(uint64_t)16 << 20, (uint64_t)16 << 20};

    if (zagg_source_open_mem(data, size, &source, NULL) != ZAGG_OK)
        return 0;
    if (zagg_h5_open(source, &limits, &file, &err) == ZAGG_OK) {
        static todo t;
        t.n = 0;
        t.parent = "";
        (void)zagg_h5_group_list(file, "/", note_link, &t, NULL);
        for (size_t i = 0; i < t.n; i++) {
            t.parent = t.path[i];
            if (t.is_group[i])
                (void)zagg_h5_group_list(file, t.path[i], note_link, &t, NULL);
            else
                read_dataset(file, t.path[i]);
        }
        zagg_h5_close(file);
    } else if (!err.msg[0]) {
        __builtin_trap(); /* an error without words helps nobody */
    }
    zagg_source_close(source);
    return 0;
}
