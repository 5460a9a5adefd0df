/* Any bytes as a Parquet file, read row by row through the module pq: errors have words,
 * and there are no more rows than the file says. */
#define _GNU_SOURCE /* memfd_create */
#include "fuzz/fuzz.h"
#include "pq/pq.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)64 << 20)
enum { MAX_ROWS = 10000 };

static void read_rows(const zg_pq_ops *ops, const char *path, zagg_arena *arena)
{
    zagg_err err = ZAGG_ERR_INIT;
    zg_pq_reader *r = NULL;
    zagg_status status = ops->open(path, &r, &err);
    if (status != ZAGG_OK) {
        fuzz_check_error(status, &err);
        return;
    }
    (void)ops->metadata(r, "zagg:catalog_meta");
    const zagg_arena_mark mark = zagg_arena_get_mark(arena);
    for (size_t n = 0; n < MAX_ROWS; n++) {
        const zagg_value *row = NULL;
        bool more = false;
        status = ops->next(r, arena, &row, &more, &err);
        if (status != ZAGG_OK)
            fuzz_check_error(status, &err);
        if (status != ZAGG_OK || !more)
            break;
        fuzz_check(row->kind == ZAGG_MAP);
        zagg_arena_release(arena, mark);
    }
    ops->close(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    const zg_pq_ops *ops = NULL;
    zagg_arena *arena = NULL;
    zg_pq_install();
    if (zg_pq_get(&ops, "fuzz", NULL) != ZAGG_OK ||
        zagg_arena_new(ARENA_BYTES, &arena, NULL) != ZAGG_OK)
        return 0;
    const int fd = memfd_create("fuzz", 0);
    if (fd >= 0 && write(fd, data, size) == (ssize_t)size) {
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        read_rows(ops, path, arena);
    }
    if (fd >= 0)
        (void)close(fd);
    zagg_arena_free(arena);
    return 0;
}
