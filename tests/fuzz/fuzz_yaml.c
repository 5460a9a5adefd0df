/* Any bytes as YAML: parse, look at every value that comes out, and write it as JSON. */
#include "fuzz/fuzz.h"
#include "text/text.h"
#include "zagg/value.h"

#define ARENA_BYTES ((size_t)64 << 20)
#define TEXT_BYTES ((size_t)4 << 20)

static void look_at(const zagg_value *value)
{
    zg_str text;
    zagg_err err = ZAGG_ERR_INIT;
    zg_str_init(&text, TEXT_BYTES);
    zagg_status status =
        zg_json_write(&text, value, (zg_json_style){2, false, false}, &err);
    if (status != ZAGG_OK)
        fuzz_check_error(status, &err);
    zg_str_free(&text);
    (void)zagg_value_truthy(value);
    (void)zagg_value_equal(value, zagg_value_get(value, "output"));
    for (size_t i = 0; value->kind == ZAGG_LIST && i + 1 < value->n && i < 16; i++)
        (void)zagg_value_equal(value->items[i], value->items[i + 1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    zagg_arena *arena = NULL;
    const zagg_value *value = NULL;
    zagg_err err = ZAGG_ERR_INIT;

    if (zagg_arena_new(ARENA_BYTES, &arena, NULL) != ZAGG_OK)
        return 0;
    zagg_status status =
        zagg_yaml_parse(arena, (const char *)data, size, "fuzz", &value, &err);
    if (status == ZAGG_OK)
        look_at(value);
    else
        fuzz_check_error(status, &err);
    zagg_arena_free(arena);
    return 0;
}
