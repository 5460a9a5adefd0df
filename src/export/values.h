/* Values as text, for the formats that are text. */
#ifndef ZG_EXPORT_VALUES_H
#define ZG_EXPORT_VALUES_H

#include "base/base.h"
#include "export/export.h"

/** Shortest digits that read back equal; what is not finite must not come here. */
void zg_values_add_number(zg_str *out, double v);
/** Value of a row; `none` where it is not finite. */
void zg_values_add_scalar(zg_str *out, const zg_column *column, const zg_values *values,
                          size_t row, const char *none);
/** The values of a row as a JSON list; null where they are not finite. */
void zg_values_add_list(zg_str *out, const zg_column *column, const zg_values *values,
                        size_t row);
/** Write what has gathered when it is much, or `now`. EIO with what the system says. */
zagg_status zg_values_flush(zg_str *text, FILE *file, bool now, zagg_err *err);

#endif
