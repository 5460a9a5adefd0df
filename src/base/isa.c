/* Which vector instructions this process uses: what the CPU has, or less where
 * ZAGG_ISA asks for it. The only place that asks the CPU. */
#include "base/base.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
    [ZG_ISA_SCALAR] = "scalar",
    [ZG_ISA_NEON] = "neon",
    [ZG_ISA_AVX2] = "avx2",
    [ZG_ISA_AVX512] = "avx512",
};

enum { UNKNOWN = -1 };

/* Threads that race here find the same answer. */
static atomic_int active = UNKNOWN;

bool zg_isa_has(zg_isa isa)
{
    switch (isa) {
    case ZG_ISA_SCALAR:
        return true;
#if defined(__aarch64__)
    case ZG_ISA_NEON: /* part of the architecture */
        return true;
#endif
#if defined(__x86_64__) && defined(__GNUC__)
    case ZG_ISA_AVX2:
        return __builtin_cpu_supports("avx2") != 0;
    case ZG_ISA_AVX512:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
#endif
    default:
        return false;
    }
}

static zg_isa widest(void)
{
    return zg_isa_has(ZG_ISA_AVX512) ? ZG_ISA_AVX512
           : zg_isa_has(ZG_ISA_AVX2) ? ZG_ISA_AVX2
           : zg_isa_has(ZG_ISA_NEON) ? ZG_ISA_NEON
                                     : ZG_ISA_SCALAR;
}

zg_isa zg_isa_of_name(const char *name)
{
    for (size_t k = 0; name != NULL && k < sizeof names / sizeof names[0]; k++)
        if (strcmp(name, names[k]) == 0 && zg_isa_has((zg_isa)k))
            return (zg_isa)k;
    return widest();
}

zg_isa zg_isa_active(void)
{
    int isa = atomic_load_explicit(&active, memory_order_relaxed);
    if (isa == UNKNOWN) {
        isa = (int)zg_isa_of_name(getenv("ZAGG_ISA"));
        atomic_store_explicit(&active, isa, memory_order_relaxed);
    }
    return (zg_isa)isa;
}

bool zg_isa_force(zg_isa isa)
{
    if (!zg_isa_has(isa))
        return false;
    atomic_store_explicit(&active, (int)isa, memory_order_relaxed);
    return true;
}

const char *zg_isa_name(zg_isa isa)
{
    return names[isa];
}
