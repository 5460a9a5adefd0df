/* One fuzz target per file: libFuzzer's entry point, also driven by replay.c. */
#ifndef ZAGG_TESTS_FUZZ_H
#define ZAGG_TESTS_FUZZ_H

#include "zagg/status.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** What every input must keep to, beside not crashing: ends the run when it does not. */
static inline void fuzz_check(int holds)
{
    if (!holds)
        __builtin_trap();
}

/** An error without words helps nobody, and memory must not run out on small input. */
static inline void fuzz_check_error(zagg_status status, const zagg_err *err)
{
    fuzz_check(status != ZAGG_OK && err->status == status && err->msg[0] != '\0');
}

#endif
