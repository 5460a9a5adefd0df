#include "support/parallel.h"

#include "base/base.h"

typedef struct wrapper {
    parallel_counts *counts;
    zagg_source *source;
} wrapper;

static zagg_status check_spans(const zagg_range *spans, size_t n, zagg_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (spans[i].len == 0 || (i > 0 && spans[i].offset < spans[i - 1].offset))
            return zagg_err_set(err, ZAGG_EINTERNAL, "spans that are none");
    return ZAGG_OK;
}

static zagg_status fail_on_demand(const wrapper *w, zagg_err *err)
{
    parallel_counts *c = w->counts;
    const int left = atomic_load(&c->fail_at);
    if (left == 0 || (left > 1 && atomic_fetch_sub(&c->fail_at, 1) > 1))
        return ZAGG_OK;
    if (!c->fail_on)
        atomic_store(&c->fail_at, 0);
    return zagg_err_set(err, c->failure, "%s: a request failed",
                        zagg_source_name(w->source));
}

static zagg_status read_spans(wrapper *w, const zagg_range *spans, size_t n,
                              bool metadata, zagg_err *err)
{
    parallel_counts *c = w->counts;
    ZAGG_TRY(check_spans(spans, n, err));
    atomic_fetch_add(&c->calls, 1);
    atomic_fetch_add(&c->metadata_calls, metadata);
    atomic_fetch_add(&c->requests, (int)n);
    ZAGG_TRY(fail_on_demand(w, err));
    for (size_t i = 0; i < n; i++) {
        atomic_fetch_add(&c->bytes, spans[i].len);
        atomic_fetch_add(&c->metadata_bytes, metadata ? spans[i].len : 0);
        ZAGG_TRY(zagg_source_read_at(w->source, spans[i].offset, spans[i].len,
                                     spans[i].out, err));
    }
    return ZAGG_OK;
}

static zagg_status parallel_read_at(void *self, uint64_t offset, size_t len, void *out,
                                    zagg_err *err)
{
    const zagg_range span = {offset, len, out};
    return read_spans(self, &span, 1, false, err);
}

static zagg_status parallel_read_many(void *self, const zagg_range *spans, size_t n,
                                      zagg_err *err)
{
    return read_spans(self, spans, n, false, err);
}

static zagg_status parallel_read_metadata(void *self, const zagg_range *spans, size_t n,
                                          zagg_err *err)
{
    return read_spans(self, spans, n, true, err);
}

static void parallel_close(void *self)
{
    wrapper *w = self;
    zagg_source_close(w->source);
    zg_free(w);
}

zagg_status parallel_open(void *counts, const char *path, zagg_source **out,
                          zagg_err *err)
{
    static const zagg_source_vtable VTABLE = {.read_at = parallel_read_at,
                                              .close = parallel_close,
                                              .read_many = parallel_read_many,
                                              .read_metadata = parallel_read_metadata};
    wrapper *w = zg_alloc(1, sizeof *w);
    if (w == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory", path);
    w->counts = counts;
    const zagg_status status = zagg_source_open_file(path, &w->source, err);
    if (status != ZAGG_OK) {
        zg_free(w);
        return status;
    }
    return zagg_source_open_custom(&VTABLE, w, zagg_source_size(w->source), path, out,
                                   err);
}
