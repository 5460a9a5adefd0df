"""Upstream builds a shard map: config, stac-geoparquet, GeoJSON area, map to write."""
import sys

from zagg.catalog import load_polygon
from zagg.catalog.shardmap import ShardMap
from zagg.catalog.sources import Catalog
from zagg.config import load_config
from zagg.grids import from_config

config, catalog, area, out = sys.argv[1:]
built = ShardMap.build(Catalog.from_geoparquet(catalog), from_config(load_config(config)),
                       region=load_polygon(area), backend="mortie")
built.to_json(out)
print(f"ShardMap: {len(built.shard_keys)} shards, {built.metadata['total_pairs']} pairs "
      f"(backend={built.metadata['backend']}) -> {out}")
