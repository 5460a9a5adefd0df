/* The closed set of names that a config may call. Upstream resolves any attribute of
 * numpy and imports any dotted path; here only the functions below exist, spelled `min`,
 * `np.min` or `numpy.min`, and upstream's own reducers by their full name. */
#include "cfg/cfg.h"
#include "text/text.h"

#include <stdlib.h>
#include <string.h>

/* Sorted. Callables of numpy 2 that take columns, dtype names included. */
static const char *const numpy_callables[] = {"abs",
                                              "absolute",
                                              "add",
                                              "all",
                                              "allclose",
                                              "amax",
                                              "amin",
                                              "angle",
                                              "any",
                                              "append",
                                              "arange",
                                              "arccos",
                                              "arcsin",
                                              "arctan",
                                              "arctan2",
                                              "argmax",
                                              "argmin",
                                              "argpartition",
                                              "argsort",
                                              "argwhere",
                                              "array",
                                              "array_equal",
                                              "asarray",
                                              "astype",
                                              "average",
                                              "bincount",
                                              "bitwise_and",
                                              "bitwise_or",
                                              "bitwise_xor",
                                              "bool",
                                              "bool_",
                                              "broadcast_to",
                                              "cbrt",
                                              "ceil",
                                              "choose",
                                              "clip",
                                              "column_stack",
                                              "compress",
                                              "concatenate",
                                              "conj",
                                              "convolve",
                                              "copy",
                                              "copysign",
                                              "corrcoef",
                                              "cos",
                                              "cosh",
                                              "count_nonzero",
                                              "cov",
                                              "cross",
                                              "cumprod",
                                              "cumsum",
                                              "deg2rad",
                                              "degrees",
                                              "diagonal",
                                              "diff",
                                              "digitize",
                                              "divide",
                                              "divmod",
                                              "dot",
                                              "double",
                                              "empty",
                                              "equal",
                                              "exp",
                                              "exp2",
                                              "expand_dims",
                                              "expm1",
                                              "extract",
                                              "fabs",
                                              "flatnonzero",
                                              "flip",
                                              "float16",
                                              "float32",
                                              "float64",
                                              "float_power",
                                              "floor",
                                              "floor_divide",
                                              "fmax",
                                              "fmin",
                                              "fmod",
                                              "frexp",
                                              "full",
                                              "full_like",
                                              "gcd",
                                              "gradient",
                                              "greater",
                                              "greater_equal",
                                              "heaviside",
                                              "histogram",
                                              "histogram_bin_edges",
                                              "hstack",
                                              "hypot",
                                              "imag",
                                              "inner",
                                              "int16",
                                              "int32",
                                              "int64",
                                              "int8",
                                              "int_",
                                              "interp",
                                              "intersect1d",
                                              "intp",
                                              "invert",
                                              "isclose",
                                              "isfinite",
                                              "isin",
                                              "isinf",
                                              "isnan",
                                              "lcm",
                                              "ldexp",
                                              "left_shift",
                                              "less",
                                              "less_equal",
                                              "lexsort",
                                              "linspace",
                                              "log",
                                              "log10",
                                              "log1p",
                                              "log2",
                                              "logical_and",
                                              "logical_not",
                                              "logical_or",
                                              "logical_xor",
                                              "matmul",
                                              "max",
                                              "maximum",
                                              "mean",
                                              "median",
                                              "min",
                                              "minimum",
                                              "mod",
                                              "modf",
                                              "multiply",
                                              "nan_to_num",
                                              "nanargmax",
                                              "nanargmin",
                                              "nancumprod",
                                              "nancumsum",
                                              "nanmax",
                                              "nanmean",
                                              "nanmedian",
                                              "nanmin",
                                              "nanpercentile",
                                              "nanprod",
                                              "nanquantile",
                                              "nanstd",
                                              "nansum",
                                              "nanvar",
                                              "ndim",
                                              "negative",
                                              "nextafter",
                                              "nonzero",
                                              "not_equal",
                                              "ones",
                                              "ones_like",
                                              "outer",
                                              "partition",
                                              "percentile",
                                              "piecewise",
                                              "polyfit",
                                              "positive",
                                              "power",
                                              "prod",
                                              "ptp",
                                              "quantile",
                                              "rad2deg",
                                              "radians",
                                              "ravel",
                                              "real",
                                              "reciprocal",
                                              "remainder",
                                              "repeat",
                                              "reshape",
                                              "right_shift",
                                              "rint",
                                              "roll",
                                              "round",
                                              "searchsorted",
                                              "select",
                                              "setdiff1d",
                                              "shape",
                                              "sign",
                                              "signbit",
                                              "sin",
                                              "sinc",
                                              "single",
                                              "sinh",
                                              "size",
                                              "sort",
                                              "spacing",
                                              "sqrt",
                                              "square",
                                              "squeeze",
                                              "stack",
                                              "std",
                                              "subtract",
                                              "sum",
                                              "take",
                                              "tan",
                                              "tanh",
                                              "tile",
                                              "trace",
                                              "transpose",
                                              "trapezoid",
                                              "true_divide",
                                              "trunc",
                                              "uint16",
                                              "uint32",
                                              "uint64",
                                              "uint8",
                                              "union1d",
                                              "unique",
                                              "unwrap",
                                              "var",
                                              "vdot",
                                              "vstack",
                                              "where",
                                              "zeros",
                                              "zeros_like"};

/* Sorted. */
static const char *const numpy_constants[] = {"e", "inf", "nan", "newaxis", "pi"};

/* Sorted. Upstream's own reducers; those that make digests take the words of located and
 * temporal fields along. */
static const zg_stats_info zagg_functions[] = {
    {"zagg.stats.composition.pack_composition", ZAGG_STATS_COMPOSITION, false, false},
    {"zagg.stats.tdigest.build_tdigest", ZAGG_STATS_TDIGEST, true, true},
    {"zagg.stats.tdigest.build_tdigest_pairwise", ZAGG_STATS_TDIGEST_PAIRWISE, true,
     true},
    {"zagg.stats.tdigest.build_tdigest_where", ZAGG_STATS_TDIGEST_WHERE, true, true},
    {"zagg.stats.toc.cell_envelope", ZAGG_STATS_CELL_ENVELOPE, false, false},
    {"zagg.stats.waveform.build_waveform_digest", ZAGG_STATS_WAVEFORM_DIGEST, false,
     true},
    {"zagg.stats.waveform.shot_count", ZAGG_STATS_SHOT_COUNT, false, false},
    {"zagg.stats.waveform.shot_number", ZAGG_STATS_SHOT_NUMBER, false, false},
    {"zagg.stats.waveform.single_shot_value", ZAGG_STATS_SINGLE_SHOT, false, false},
};

/* Sorted. The reducers by name, for hints. */
static const char *const reducers[] = {
    "all",         "amax",      "amin",     "any",           "argmax",
    "argmin",      "average",   "count",    "count_nonzero", "len",
    "max",         "mean",      "median",   "min",           "nanmax",
    "nanmean",     "nanmedian", "nanmin",   "nanpercentile", "nanprod",
    "nanquantile", "nanstd",    "nansum",   "nanvar",        "percentile",
    "prod",        "ptp",       "quantile", "std",           "sum",
    "var"};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static int compare_names(const void *key, const void *element)
{
    return strcmp((const char *)key, *(const char *const *)element);
}

static bool in_sorted(const char *name, const char *const *set, size_t n)
{
    return bsearch(name, set, n, sizeof *set, compare_names) != NULL;
}

bool zg_name_in(const char *name, const char *const *set, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(name, set[i]) == 0)
            return true;
    return false;
}

const char *zg_function_bare(const char *name)
{
    if (strncmp(name, "np.", 3) == 0)
        return name + 3;
    return strncmp(name, "numpy.", 6) == 0 ? name + 6 : name;
}

const zg_stats_info *zg_stats_find(const char *name)
{
    for (size_t i = 0; i < COUNT(zagg_functions); i++)
        if (strcmp(zagg_functions[i].name, name) == 0)
            return &zagg_functions[i];
    return NULL;
}

bool zg_function_known(const char *name)
{
    if (strcmp(name, "len") == 0 || strcmp(name, "count") == 0)
        return true;
    if (zg_stats_find(name) != NULL)
        return true;
    return in_sorted(zg_function_bare(name), numpy_callables, COUNT(numpy_callables));
}

bool zg_numpy_name(const char *name)
{
    return in_sorted(name, numpy_callables, COUNT(numpy_callables)) ||
           in_sorted(name, numpy_constants, COUNT(numpy_constants));
}

const char *zg_function_hint(const char *name)
{
    const char *bare = zg_function_bare(name);
    const char *best = NULL;
    size_t best_distance = 3;
    for (size_t i = 0; i < COUNT(reducers); i++) {
        size_t distance = zg_edit_distance(bare, reducers[i]);
        if (distance < best_distance && 2 * distance < strlen(bare)) {
            best_distance = distance;
            best = reducers[i];
        }
    }
    return best;
}
