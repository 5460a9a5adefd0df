/* The logarithm as k ln2 plus a table of 128 logarithms plus a short series. */
#ifndef ZG_NUM_LOG_KERNEL_H
#define ZG_NUM_LOG_KERNEL_H

#include "num/tables.h"

/** ln(1 + r) for |r| < 2^-7, relative error 2^-68. */
static inline ZG_ALWAYS zg_dd zg_log1p_series(zg_dd r)
{
    const double x = r.hi;
    const zg_dd square = zg_dd_product(x, x);
    const double tail =
        1.0 / 3.0 +
        x * (-1.0 / 4.0 +
             x * (1.0 / 5.0 +
                  x * (-1.0 / 6.0 +
                       x * (1.0 / 7.0 +
                            x * (-1.0 / 8.0 + x * (1.0 / 9.0 + x * (-1.0 / 10.0)))))));
    const zg_dd s = zg_dd_fast_sum(x, -0.5 * square.hi);
    const double low = (r.lo - (0.5 * square.lo + x * r.lo)) + square.hi * x * tail;
    return zg_dd_fast_sum(s.hi, s.lo + low);
}

/** x + lo = z 2^k with z in [ZG_LOG_START, 2 ZG_LOG_START): ln z, relative error 2^-68,
 * and k. x is normal and positive, |lo| <= ulp(x) / 2. */
static inline ZG_ALWAYS zg_dd zg_log_parts(double x, double lo, double *k)
{
    const uint64_t bits = zg_bits_of(x), from = bits - zg_bits_of(ZG_LOG_START);
    const zg_log_row *row = &zg_log_table[(from >> 45) & (ZG_LOG_STEPS - 1)];
    const uint64_t octaves = from & (UINT64_C(0xfff) << 52);
    const int64_t n = (int64_t)octaves / (INT64_C(1) << 52);
    *k = (double)n;
    if (lo != 0.0) /* never with an extreme x */
        lo *= zg_power_of_two(-n);
    /* z in two parts of which each product with ten bits is exact */
    const uint64_t z = bits - octaves;
    const double zh = zg_from_bits(z & ~UINT64_C(0x3ff)), zl = zg_from_bits(z) - zh;
    const zg_dd r = zg_dd_sum(zh * row->inverse - 1.0, (zl + lo) * row->inverse);
    const zg_dd series = zg_log1p_series(r);
    return zg_dd_add(row->log, series);
}

/** k ln2 + part. */
static inline ZG_ALWAYS zg_dd zg_log_join(double k, zg_dd part)
{
    const double ln2 = 0x1.62e42fefa3p-1,
                 rest = 0x1.3de6af278ece6p-42; /* 41 bits and more */
    return zg_dd_add((zg_dd){k * ln2, k * rest}, part);
}

#endif
