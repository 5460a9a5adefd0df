/* Cells as they are written on the command line. */
#ifndef ZG_CLI_CELL_ARGS_H
#define ZG_CLI_CELL_ARGS_H

#include "base/base.h"
#include "zagg/geo.h"

/** How places become cells. */
typedef struct cell_terms {
    unsigned order; /* of the cells of places */
    zagg_latitude latitude;
} cell_terms;

/** The packed word (uint64_t, appended) of a place "LAT,LON", a decimal morton id, a
 * packed word (decimal, or hex with 0x) or NESTED@ORDER; digits that could be an id or a
 * word are an id. "@FILE" stands for those of a file, separated by white space. ARG with
 * what was found; errors of the file name it. */
zagg_status cell_args_take(const char *text, const cell_terms *terms, zg_vec *words,
                           zagg_err *err);
/** The same of a list with blanks between its members. */
zagg_status cell_args_list(const char *text, const cell_terms *terms, zg_vec *words,
                           zagg_err *err);

/** Whether an argument is a place or id below zero ("-31123", "-77.8,166.7") and no
 * option. */
bool cell_args_negative(const char *text);

#endif
