/* config_check FILE.json: of a list of configs, as events carry them, one line each:
 * "ok", or "no" and what is wrong with it. */
#include "base/base.h"
#include "zagg/config.h"
#include "zagg/io.h"

#include <stdio.h>

static int check_all(const zagg_value *list)
{
    if (list->kind != ZAGG_LIST)
        return 2;
    for (size_t i = 0; i < list->n; i++) {
        zagg_err err = ZAGG_ERR_INIT;
        zagg_pipeline *p = NULL;
        if (zagg_pipeline_from_value(list->items[i], "event", NULL, &p, &err) == ZAGG_OK)
            puts("ok");
        else
            printf("no\t%s\n", err.msg);
        zagg_pipeline_free(p);
    }
    return 0;
}

int main(int argc, char **argv)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_arena *arena = NULL;
    const zagg_value *list = NULL;
    char *text = NULL;
    size_t len = 0;
    if (argc != 2)
        return 2;
    zagg_status status = zagg_file_read(argv[1], (size_t)256 << 20, &text, &len, &err);
    if (status == ZAGG_OK)
        status = zagg_arena_new(0, &arena, &err);
    if (status == ZAGG_OK)
        status = zagg_json_parse(arena, text, len, argv[1], &list, &err);
    if (status != ZAGG_OK)
        fprintf(stderr, "config_check: %s\n", err.msg);
    const int rc = status == ZAGG_OK ? check_all(list) : 1;
    zagg_arena_free(arena);
    zagg_bytes_free(text);
    return rc;
}
