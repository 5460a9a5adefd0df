/* The shortest decimal of a float. */
#ifndef ZG_TEXT_FLOAT_SHORTEST_H
#define ZG_TEXT_FLOAT_SHORTEST_H

#include <stdbool.h>
#include <stdint.h>

/** digits * 10^exp10 = the decimal with the fewest digits that reads back as v, of these
 * the nearest to v. v is finite and above 0; `single`: v is a float, and it is to be read
 * back as one. Digits may end in zeros. About 20 ns. */
void zg_float_shortest(double v, bool single, uint64_t *digits, int *exp10);

#endif
