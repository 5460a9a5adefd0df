/* Letters for pictures: 5 columns of 8 dots, the lowest bit on top. */
#ifndef ZG_VIEW_FONT_H
#define ZG_VIEW_FONT_H

#include <stdint.h>

enum { ZG_FONT_WIDTH = 5 };

/** Columns of a printable ASCII letter; those of '?' for any other. */
const uint8_t *zg_font_letter(char c);

#endif
