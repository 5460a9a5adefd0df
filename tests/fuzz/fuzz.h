/* One fuzz target per file: libFuzzer's entry point, also driven by replay.c. */
#ifndef ZAGG_TESTS_FUZZ_H
#define ZAGG_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
