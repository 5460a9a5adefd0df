/* float32 functions by way of double. A NaN changes its width without changing its class.
 */
#include "num/num.h"

#define OF_ONE(name)                                                                     \
    float zg_##name##_f32(float x)                                                       \
    {                                                                                    \
        return (float)zg_##name((double)x);                                              \
    }
#define OF_TWO(name)                                                                     \
    float zg_##name##_f32(float x, float y)                                              \
    {                                                                                    \
        return (float)zg_##name((double)x, (double)y);                                   \
    }

OF_ONE(exp)
OF_ONE(exp2)
OF_ONE(expm1)
OF_ONE(log)
OF_ONE(log2)
OF_ONE(log10)
OF_ONE(log1p)
OF_ONE(sin)
OF_ONE(cos)
OF_ONE(tan)
OF_ONE(asin)
OF_ONE(acos)
OF_ONE(atan)
OF_ONE(sinh)
OF_ONE(cosh)
OF_ONE(tanh)
OF_ONE(cbrt)
OF_TWO(atan2)
OF_TWO(hypot)
OF_TWO(pow)
