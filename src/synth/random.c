/* SplitMix64 (Steele, Lea, Flood 2014): small, fast, and the same everywhere. */
#include "synth/synth.h"

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

zg_synth_rng zg_synth_rng_make(uint64_t seed, uint64_t granule, uint64_t stream)
{
    uint64_t state = mix(seed + UINT64_C(0x9e3779b97f4a7c15));
    state = mix(state ^ (granule + UINT64_C(0xd1b54a32d192ed03)));
    state = mix(state ^ (stream + UINT64_C(0x8cb92ba72f3d8dd7)));
    return (zg_synth_rng){state};
}

uint64_t zg_synth_bits(zg_synth_rng *rng)
{
    rng->state += UINT64_C(0x9e3779b97f4a7c15);
    return mix(rng->state);
}

double zg_synth_uniform(zg_synth_rng *rng)
{
    return (double)(zg_synth_bits(rng) >> 11) * 0x1p-53;
}

int64_t zg_synth_between(zg_synth_rng *rng, int64_t low, int64_t high)
{
    uint64_t span = (uint64_t)(high - low) + 1;
    return low + (int64_t)(zg_synth_bits(rng) % span);
}

/* Sum of four uniform numbers of 16 bits: no logarithm, so no libm in the data. */
double zg_synth_normal(zg_synth_rng *rng)
{
    uint64_t bits = zg_synth_bits(rng);
    double sum = 0;
    for (int i = 0; i < 4; i++)
        sum += (double)((bits >> (16 * i)) & 0xffff) * 0x1p-16;
    return (sum - 2.0 + 0x1p-15) * 1.7320508075688772; /* sqrt(12 / 4) */
}
