/* First pass over JSON text, before the parser sees it. */
#ifndef ZG_TEXT_JSON_CHECK_H
#define ZG_TEXT_JSON_CHECK_H

#include "base/base.h"

/** Refuse what json-c would accept or silently change. Linear. */
zagg_status zg_json_check(const char *text, size_t len, const char *name, zagg_err *err);

/** Line of byte `offset`, from 1. */
size_t zg_json_line(const char *text, size_t offset);

#endif
