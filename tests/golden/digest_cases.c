#include "golden/digest_cases.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

npy array_read(const char *name, zagg_dtype dtype)
{
    char path[256];
    (void)snprintf(path, sizeof path, "aggregate/%s.npy", name);
    npy a = npy_read(golden_path(path));
    if (a.dtype != dtype)
        fail_msg("%s: %s, expected %s", path, zagg_dtype_name(a.dtype),
                 zagg_dtype_name(dtype));
    return a;
}

parts parts_read(const char *name, const char *offsets, zagg_dtype dtype, size_t width)
{
    parts p = {.values = array_read(name, dtype),
               .offsets = array_read(offsets, ZAGG_DT_I64),
               .width = width};
    if (p.offsets.n == 0)
        fail_msg("%s: no offsets", offsets);
    p.n = p.offsets.n - 1;
    const int64_t *off = p.offsets.data;
    for (size_t i = 0; i < p.n; i++) {
        if (off[i] < 0 || off[i + 1] < off[i])
            fail_msg("%s: offsets do not ascend", offsets);
    }
    if ((size_t)off[p.n] * width != p.values.n)
        fail_msg("%s does not divide %s", offsets, name);
    return p;
}

void parts_free(parts *p)
{
    npy_free(&p->values);
    npy_free(&p->offsets);
}

const void *part_at(const parts *p, size_t i, size_t *n)
{
    const int64_t *off = p->offsets.data;
    *n = (size_t)(off[i + 1] - off[i]);
    return (const uint8_t *)p->values.data +
           (size_t)off[i] * p->width * zagg_dtype_size(p->values.dtype);
}

bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (a != a && b != b);
}

zagg_digest_memory *new_memory(void)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_digest_memory *memory = NULL;
    if (zagg_digest_memory_new(&memory, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return memory;
}

zagg_digest digest_at(const parts *p, size_t i)
{
    zagg_digest d = {.n = 0};
    d.centroids = part_at(p, i, &d.n);
    return d;
}

void judge_digest(case_report *r, const char *name, zagg_status status,
                  const zagg_err *err, const zagg_digest *got, const parts *expected,
                  size_t i)
{
    zagg_digest want = digest_at(expected, i);
    if (status != ZAGG_OK) {
        case_fail(r, name, "%s", err->msg);
        return;
    }
    if (got->n != want.n) {
        case_fail(r, name, "%zu centroids, expected %zu", got->n, want.n);
        return;
    }
    for (size_t k = 0; k < 2 * got->n; k++) {
        if (memcmp(&got->centroids[k], &want.centroids[k], sizeof(float)) != 0) {
            case_fail(r, name, "%s of centroid %zu is %a, expected %a",
                      k % 2 == 0 ? "mean" : "weight", k / 2, (double)got->centroids[k],
                      (double)want.centroids[k]);
            return;
        }
    }
    case_pass(r);
}

bool judge_words(case_report *r, const char *name, const char *channel,
                 const uint64_t *got, const parts *expected, size_t i)
{
    size_t n;
    const uint64_t *want = part_at(expected, i, &n);
    for (size_t k = 0; k < n; k++) {
        if (got == NULL || got[k] != want[k]) {
            case_fail(r, name,
                      "%s of centroid %zu is %016" PRIx64 ", expected %016" PRIx64,
                      channel, k, got == NULL ? 0 : got[k], want[k]);
            return false;
        }
    }
    return true;
}
