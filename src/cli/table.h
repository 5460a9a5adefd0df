/* Tables of text with aligned columns. */
#ifndef ZG_CLI_TABLE_H
#define ZG_CLI_TABLE_H

#include "base/base.h"

#include <stdio.h>

enum { CLI_TABLE_COLUMNS = 16 };

/** Cells are added row by row; nothing is printed before cli_table_print. */
typedef struct cli_table {
    size_t columns;
    unsigned right; /* bit i: column i is aligned to the right */
    zg_str text;    /* cells end with '\t', rows with '\n' */
} cli_table;

/** `heads`: one for each column, which is their number, ended by NULL. */
void cli_table_begin(cli_table *t, const char *const *heads, unsigned right);
/** One cell; control characters become \xNN. Rows end by themselves. */
void cli_table_cell(cli_table *t, const char *text);
void cli_table_cellf(cli_table *t, const char *fmt, ...) ZAGG_PRINTF(2, 3);
/** Print with `indent` blanks in front and free; false when memory was lacking. */
bool cli_table_print(cli_table *t, FILE *to, int indent);

#endif
