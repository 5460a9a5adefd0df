/* A table with a column of each sort. */
#ifndef ZAGG_TESTS_TABLE_FIXTURE_H
#define ZAGG_TESTS_TABLE_FIXTURE_H

#include "support/support.h"
#include "table/table.h"

enum { SAMPLE_COLUMNS = 12, SAMPLE_ROWS = 3 };

typedef struct sample {
    char *folder;
    char path[4096];
    zg_table_column columns[SAMPLE_COLUMNS];
    zg_table_values values[SAMPLE_COLUMNS];
    zagg_bytes_view texts[SAMPLE_ROWS], shapes[SAMPLE_ROWS];
    zg_str wkb;
    zg_table_schema schema;
} sample;

int sample_open(void **state);
int sample_close(void **state);
/** Path in the sample's folder; good until the next call. */
const char *sample_path(sample *s, const char *name);
/** Write the sample `times` times into one table; fails the test when it fails. */
void sample_write(sample *s, zg_table_options options, size_t times);
/** Bytes of a file with a NUL behind them (zg_free). */
char *sample_read(const char *path, size_t *len);
/** Files in the folder, the sample's own. */
size_t sample_files(const sample *s);

#endif
