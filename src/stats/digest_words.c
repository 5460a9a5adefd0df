/* Words that travel with the centroids of a digest: where and when its rows were. */
#include "stats/digest_impl.h"

#define TIME_IS_INSTANT (UINT64_C(1) << 31)
#define TIME_END_MASK (TIME_IS_INSTANT - 1)

zagg_status zg_refuse_word(const char *channel, size_t row, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ERANGE,
                        "%s: word 0, which stands for \"nothing\", at row %zu", channel,
                        row);
}

/* First code behind what a time word covers, in units of 2^32 ns. */
static uint64_t time_end(uint64_t word)
{
    return (word & TIME_IS_INSTANT) != 0 ? (word >> 33) + 1 : word & TIME_END_MASK;
}

zagg_status zagg_time_join(const uint64_t *words, size_t n, uint64_t *out, zagg_err *err)
{
    if (n == 0)
        return zagg_err_set(err, ZAGG_EARG, "no time words: they have no envelope");
    uint64_t start = words[0] >> 32, end = time_end(words[0]);
    bool same = true;
    for (size_t i = 1; i < n; i++) {
        uint64_t s = words[i] >> 32, e = time_end(words[i]);
        same = same && words[i] == words[0];
        start = s < start ? s : start;
        end = e > end ? e : end;
    }
    *out = same ? words[0] : start << 32 | end;
    return ZAGG_OK;
}
