"""The scalar fields of a flat HEALPix store as GeoParquet, by zarr, healpix-geo, shapely and
geopandas: export_peer.py STORE GROUP FILE. Beside zagg export; bench/export.py runs it."""
import pathlib
import sys

import healpix_geo.nested
import numpy as np
import pandas as pd
import shapely
import zarr

sys.path.append(str(pathlib.Path(sys.prefix) / "arrow"))
import geopandas  # noqa: E402

store, name, target = sys.argv[1:]
group = zarr.open_group(f"{store}/{name}", mode="r")
arrays = {n: a for n, a in group.arrays() if a.dtype.kind in "iuf" and a.ndim == 1}
count = arrays["count"]
step = (count.shards or count.chunks)[0]
parts = []
for block in sorted(int(p.name) for p in pathlib.Path(store, name, "count", "c").iterdir()):
    where = slice(block * step, (block + 1) * step)
    columns = {n: a[where] for n, a in arrays.items()}
    keep = columns["count"] > 0
    part = {n: v[keep] for n, v in columns.items()}
    part["cell_id"] = np.arange(where.start, where.stop)[keep]
    parts.append(pd.DataFrame(part))
table = pd.concat(parts, ignore_index=True)
order = int(name)
ids = table["cell_id"].to_numpy()
table["lon"], table["lat"] = healpix_geo.nested.healpix_to_lonlat(ids, order, ellipsoid="WGS84")
lon, lat = healpix_geo.nested.vertices(ids, order, ellipsoid="WGS84")
corners = np.stack([np.where(lon > 180, lon - 360, lon), lat], axis=2)
shapes = shapely.polygons(np.concatenate([corners, corners[:, :1]], axis=1))
geopandas.GeoDataFrame(table, geometry=shapes, crs="OGC:CRS84").to_parquet(target, compression="zstd")
print(len(table))
