/* The shortest decimal of a float after R. Giulietti, "The Schubfach way to render
 * doubles" (2020): of all decimals with one digit less than are needed to tell floats
 * apart at most one reads back as v, and of those with so many digits the neighbours of
 * v. Powers of ten of 126 bits and more, and a sticky bit for what is cut, are enough to
 * decide that exactly. */
#include "text/float_shortest.h"

#include "text/powers_of_ten.h"

#include <string.h>

__extension__ typedef unsigned __int128 wide;

/* v = c * 2^q; `closer`: v is a power of two, so the float below is half as far away. */
typedef struct binary {
    uint64_t c;
    int q;
    bool closer;
} binary;

static binary take_double(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    const uint64_t fraction = bits & (((uint64_t)1 << 52) - 1);
    const int exponent = (int)(bits >> 52 & 0x7ff);
    if (exponent == 0)
        return (binary){fraction, -1074, false};
    return (binary){fraction | (uint64_t)1 << 52, exponent - 1075,
                    fraction == 0 && exponent > 1};
}

static binary take_float(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    const uint32_t fraction = bits & (((uint32_t)1 << 23) - 1);
    const int exponent = (int)(bits >> 23 & 0xff);
    if (exponent == 0)
        return (binary){fraction, -149, false};
    return (binary){fraction | (uint32_t)1 << 23, exponent - 150,
                    fraction == 0 && exponent > 1};
}

/* floor(a / 2^n), of negative numbers too. */
static int floor_shift(int64_t a, unsigned n)
{
    return (int)(a >= 0 ? a >> n : -((-a + ((int64_t)1 << n) - 1) >> n));
}

/* The upper 64 bits of g * x / 2^64, its last bit set where anything below is not zero
 * (but for what the rounding of g may have put there). */
static uint64_t times(zg_power_of_ten g, uint64_t x)
{
    const wide low = (wide)g.lo * x;
    const wide high = (wide)g.hi * x + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

void zg_float_shortest(double v, bool single, uint64_t *digits, int *exp10)
{
    const binary b = single ? take_float((float)v) : take_double(v);
    const uint64_t odd = b.c & 1;
    /* floor(log10(2^q)), or of 3/4 * 2^q */
    const int k = floor_shift((int64_t)b.q * 1262611 - (b.closer ? 524031 : 0), 22);
    /* 2^q / 10^k in units that leave two bits below the last digit */
    const int h = b.q + floor_shift((int64_t)-k * 1741647, 19) + 1;
    const zg_power_of_ten g = zg_powers_of_ten[-k - ZG_POWER_FIRST];
    /* v and the ends of what reads back as v, times 4 / 10^k */
    const uint64_t lower = times(g, (4 * b.c - 2 + b.closer) << h) + odd;
    const uint64_t at = times(g, (4 * b.c) << h);
    const uint64_t upper = times(g, (4 * b.c + 2) << h) - odd;

    const uint64_t s = at / 4, tens = s / 10;
    if (s >= 10) {
        const bool down = lower <= 40 * tens, up = 40 * tens + 40 <= upper;
        if (down != up) {
            *digits = tens + up;
            *exp10 = k + 1;
            return;
        }
    }
    const bool down = lower <= 4 * s, up = 4 * s + 4 <= upper;
    const uint64_t middle = 4 * s + 2;
    const bool nearer_up = at > middle || (at == middle && (s & 1) == 1);
    *digits = s + (down != up ? up : nearer_up);
    *exp10 = k;
}
