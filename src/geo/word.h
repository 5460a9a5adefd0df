/* Shared by the word and the decimal code. */
#ifndef ZG_GEO_WORD_H
#define ZG_GEO_WORD_H

#include "zagg/status.h"

#include <stdint.h>

/** ARG with upstream's text for a word whose prefix names no base cell. */
zagg_status zg_word_refuse_invalid(uint64_t word, zagg_err *err);

#endif
