/* Which Parquet there is in this program. */
#include "cat/parquet.h"

static const zg_pq_ops *registered;

void zg_pq_register(const zg_pq_ops *ops)
{
    registered = ops;
}

zagg_status zg_pq_get(const zg_pq_ops **out, const char *path, zagg_err *err)
{
    if (registered == NULL)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "%s: this zagg was built without carquet, which reads and "
                            "writes Parquet: run scripts/deps and build again, or use "
                            ".ndjson.gz",
                            path);
    *out = registered;
    return ZAGG_OK;
}
