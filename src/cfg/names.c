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

/* Upstream's reducers of 0.11 and 0.61: known by name, run by a later version. */
static const char *const zagg_functions[] = {
    "zagg.stats.composition.pack_composition",
    "zagg.stats.tdigest.build_tdigest",
    "zagg.stats.tdigest.build_tdigest_pairwise",
    "zagg.stats.tdigest.build_tdigest_where",
    "zagg.stats.toc.cell_envelope",
    "zagg.stats.waveform.build_waveform_digest",
    "zagg.stats.waveform.shot_count",
    "zagg.stats.waveform.shot_number",
    "zagg.stats.waveform.single_shot_value",
};

/* Sorted. What a run of this version can reduce. */
static const char *const runnable[] = {
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

bool zg_function_known(const char *name)
{
    if (strcmp(name, "len") == 0 || strcmp(name, "count") == 0)
        return true;
    if (in_sorted(name, zagg_functions, COUNT(zagg_functions)))
        return true;
    return in_sorted(zg_function_bare(name), numpy_callables, COUNT(numpy_callables));
}

bool zg_numpy_name(const char *name)
{
    return in_sorted(name, numpy_callables, COUNT(numpy_callables)) ||
           in_sorted(name, numpy_constants, COUNT(numpy_constants));
}

bool zg_reducer_runs(const char *function)
{
    /* len and count are no numpy names: "np.len" is nothing */
    const char *bare = zg_function_bare(function);
    if (bare != function && (strcmp(bare, "len") == 0 || strcmp(bare, "count") == 0))
        return false;
    return in_sorted(bare, runnable, COUNT(runnable));
}

const char *zg_function_hint(const char *name)
{
    const char *bare = zg_function_bare(name);
    const char *best = NULL;
    size_t best_distance = 3;
    for (size_t i = 0; i < COUNT(runnable); i++) {
        size_t distance = zg_edit_distance(bare, runnable[i]);
        if (distance < best_distance && 2 * distance < strlen(bare)) {
            best_distance = distance;
            best = runnable[i];
        }
    }
    return best;
}
