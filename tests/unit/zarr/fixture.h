/* What the Zarr tests share: a store in a temporary folder and texts of golden files. */
#ifndef ZAGG_TESTS_ZARR_FIXTURE_H
#define ZAGG_TESTS_ZARR_FIXTURE_H

#include "support/support.h"
#include "zagg/zarr.h"

typedef struct temp_store {
    char *path;
    zagg_sink *sink;
    zagg_err err;
} temp_store;

/** cmocka setup and teardown of a temp_store in *state. */
int temp_store_open(void **state);
int temp_store_close(void **state);

void put_text(temp_store *s, const char *key, const char *text);
/** The object's text with a NUL behind it (zg_free), NULL when there is none. */
char *get_text(temp_store *s, const char *key, size_t *len);
bool has_object(temp_store *s, const char *key);
void assert_has_text(const char *message, const char *part);

/** A 1-D int32 array "count" of 16 elements in chunks of 4, fill 0, dimension "cells". */
zagg_zarr_array count_array(void);

#endif
