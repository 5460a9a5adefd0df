/* Bins of a block of values in one pair of types; included once for each with
 *   VALUE    type of the values and of the edges
 *   WORK     type in which positions are worked out
 *   NAME(x)  the decorated names
 * which it undefines at its end. */

/* The bin of each of n <= BLOCK values that passed the range test, by numpy's arithmetic:
 * an estimate that may be one off, then a comparison with the edges. *bad: a value lies
 * where no bin is; the bins then mean nothing. */
static void NAME(locate)(const zg_bins *bins, const VALUE *restrict edges,
                         const VALUE *restrict x, size_t n, int32_t *restrict bin,
                         bool *bad)
{
    const VALUE start = (VALUE)bins->start;
    const WORK width = (WORK)bins->width, count = (WORK)bins->n;
    const WORK limit = (WORK)bins->limit;
    const int32_t last = (int32_t)bins->n - 1;
    int wrong = 0;
    for (size_t k = 0; k < n; k++) {
        WORK position = (WORK)(x[k] - start) / width * count;
        int good = (position < limit) & (position > -1);
        wrong |= !good;
        bin[k] = (int32_t)(good ? position : 0);
    }
    for (size_t k = 0; k < n; k++) {
        int32_t i = bin[k] > last ? last : bin[k];
        i -= x[k] < edges[i];
        i += (i != last) & (x[k] >= edges[i + 1]);
        wrong |= i < 0;
        bin[k] = i;
    }
    *bad = wrong != 0;
}

/* Why a value that passed the range test is in no bin, in numpy's words; OK when it is in
 * one. */
static zagg_status NAME(explain)(const zg_bins *bins, const VALUE *edges, VALUE x,
                                 zagg_err *err)
{
    const double n = (double)bins->n;
    double position =
        (double)((WORK)(x - (VALUE)bins->start) / (WORK)bins->width * (WORK)bins->n);
    /* what x86 makes of a number that fits no int64 */
    int64_t i = position > -0x1p63 && position < 0x1p63 ? (int64_t)position : INT64_MIN;
    i -= i == (int64_t)bins->n;
    if ((double)i < -(n + 1) || (double)i > n)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "index %" PRId64 " is out of bounds for axis 0 with size %zu",
                            i, bins->n + 1);
    if (i < 0 || x < edges[i])
        return zagg_err_set(err, ZAGG_ERANGE,
                            "'list' argument must have no negative elements");
    return ZAGG_OK;
}

#undef VALUE
#undef WORK
#undef NAME
