/* Sorting of one type; included once for each with
 *   T            the type of an element
 *   KEY(x)       its key, an unsigned number
 *   NAME(x)      the decorated names
 *   SMALL_SORT   sorts up to BLOCK elements in place
 * which it undefines at its end.
 *
 * Few elements are sorted in blocks that are merged, without a branch on data. More of
 * them are distributed by their digits, least first, and only by those bits in which the
 * keys differ: heights of one cell share sign, exponent and often more. */

/* Stable merge of two ascending runs; `from` holds both, the second begins at `middle`.
 */
static void NAME(merge_runs)(const T *from, size_t middle, size_t n, T *to)
{
    const T *a = from, *b = from + middle, *a_end = b, *b_end = from + n;
    while (a < a_end && b < b_end) {
        size_t second = KEY(*b) < KEY(*a);
        *to++ = second ? *b : *a;
        b += second;
        a += 1 - second;
    }
    memcpy(to, a, (size_t)(a_end - a) * sizeof *to);
    memcpy(to + (a_end - a), b, (size_t)(b_end - b) * sizeof *to);
}

static void NAME(merge_sort)(T *x, size_t n, T *work)
{
    for (size_t lo = 0; lo < n; lo += BLOCK)
        SMALL_SORT(x + lo, n - lo < BLOCK ? n - lo : BLOCK);
    T *from = x, *to = work;
    for (size_t width = BLOCK; width < n; width *= 2) {
        for (size_t lo = 0; lo < n; lo += 2 * width) {
            size_t run = n - lo < 2 * width ? n - lo : 2 * width;
            NAME(merge_runs)(from + lo, run < width ? run : width, run, to + lo);
        }
        T *swap = from;
        from = to;
        to = swap;
    }
    if (from != x)
        memcpy(x, from, n * sizeof *x);
}

/* One pass by the digit of `bits` bits at `shift`. */
static void NAME(distribute)(const T *from, size_t n, unsigned shift, unsigned bits,
                             T *to)
{
    uint32_t at[1U << DIGIT];
    const uint64_t mask = (UINT64_C(1) << bits) - 1;
    memset(at, 0, (mask + 1) * sizeof *at);
    for (size_t i = 0; i < n; i++)
        at[(KEY(from[i]) >> shift) & mask]++;
    uint32_t sum = 0;
    for (size_t d = 0; d <= mask; d++) {
        uint32_t count = at[d];
        at[d] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++)
        to[at[(KEY(from[i]) >> shift) & mask]++] = from[i];
}

static void NAME(sort)(T *x, size_t n, T *work)
{
    if (n <= BLOCK) {
        SMALL_SORT(x, n);
        return;
    }
    uint64_t differing = 0;
    for (size_t i = 1; i < n; i++)
        differing |= KEY(x[i]) ^ KEY(x[0]);
    unsigned low = differing == 0 ? 0 : (unsigned)__builtin_ctzll(differing);
    unsigned width =
        differing == 0 ? 0 : 64U - (unsigned)__builtin_clzll(differing) - low;
    unsigned passes = (width + DIGIT - 1) / DIGIT;
    if (n < FEW * passes) {
        NAME(merge_sort)(x, n, work);
        return;
    }
    T *from = x, *to = work;
    for (unsigned pass = 0, done = 0; pass < passes; pass++) {
        unsigned bits = (width - done + (passes - pass) - 1) / (passes - pass);
        NAME(distribute)(from, n, low + done, bits, to);
        done += bits;
        T *swap = from;
        from = to;
        to = swap;
    }
    if (from != x)
        memcpy(x, from, n * sizeof *x);
}

#undef T
#undef KEY
#undef NAME
#undef SMALL_SORT
