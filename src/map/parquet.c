/* Shard maps as upstream's Parquet table. */
#include "map/write.h"

zagg_status zg_write_parquet(const zagg_shardmap *map, const char *path, zagg_err *err)
{
    (void)map;
    return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                        "%s: this zagg was built without carquet, which writes Parquet: "
                        "run scripts/deps and build again, or write JSON",
                        path);
}
