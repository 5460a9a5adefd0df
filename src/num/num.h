/* Elementary functions. */
#ifndef ZG_NUM_H
#define ZG_NUM_H

#include <math.h>

#define ZG_NUM_UNARY(name)                                                               \
    static inline double zg_##name(double x)                                             \
    {                                                                                    \
        return name(x);                                                                  \
    }                                                                                    \
    static inline float zg_##name##_f32(float x)                                         \
    {                                                                                    \
        return (float)name((double)x);                                                   \
    }
#define ZG_NUM_BINARY(name)                                                              \
    static inline double zg_##name(double x, double y)                                   \
    {                                                                                    \
        return name(x, y);                                                               \
    }                                                                                    \
    static inline float zg_##name##_f32(float x, float y)                                \
    {                                                                                    \
        return (float)name((double)x, (double)y);                                        \
    }
ZG_NUM_UNARY(exp)
ZG_NUM_UNARY(exp2)
ZG_NUM_UNARY(expm1)
ZG_NUM_UNARY(log)
ZG_NUM_UNARY(log2)
ZG_NUM_UNARY(log10)
ZG_NUM_UNARY(log1p)
ZG_NUM_UNARY(sin)
ZG_NUM_UNARY(cos)
ZG_NUM_UNARY(tan)
ZG_NUM_UNARY(asin)
ZG_NUM_UNARY(acos)
ZG_NUM_UNARY(atan)
ZG_NUM_UNARY(sinh)
ZG_NUM_UNARY(cosh)
ZG_NUM_UNARY(tanh)
ZG_NUM_UNARY(cbrt)
ZG_NUM_BINARY(atan2)
ZG_NUM_BINARY(hypot)
ZG_NUM_BINARY(pow)

#endif
