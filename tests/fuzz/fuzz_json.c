/* Any bytes as a shard map or event: parse, and look at every value that comes out. */
#include "fuzz/fuzz.h"
#include "zagg/arena.h"
#include "zagg/value.h"

#define ARENA_BYTES ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    zagg_arena *arena;
    const zagg_value *value;
    zagg_err err = ZAGG_ERR_INIT;

    if (zagg_arena_new(ARENA_BYTES, &arena, NULL) != ZAGG_OK)
        return 0;
    if (zagg_json_parse(arena, (const char *)data, size, "fuzz", &value, &err) ==
        ZAGG_OK) {
        (void)zagg_value_truthy(value);
        (void)zagg_value_equal(value, zagg_value_get(value, "shard_keys"));
    } else if (!err.msg[0]) {
        __builtin_trap(); /* an error without words helps nobody */
    }
    zagg_arena_free(arena);
    return 0;
}
