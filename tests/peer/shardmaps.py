"""Shard maps beside upstream's: built from the same items, granule for granule, anywhere on the
globe; read and written by both; run by both."""
import json
import pathlib
import subprocess
import sys
import types

import fastparquet
import h5py
import mortie
import numpy as np
from zagg.catalog.shardmap import ShardMap
from zagg.config import load_config
from zagg.grids import from_config

import peers
from synthetic import CONFIG

SCENES, ITEMS = 14, 250

# Its module of catalogs needs pyarrow, of which nothing is used here but the name of a key.
sys.modules["zagg.catalog.sources"] = types.ModuleType("sources")
sys.modules["zagg.catalog.sources"].FOOTPRINT_CELLS_ORDER = "footprint_cells_order"


class Records:
    """What ShardMap.build needs of a catalog: records, in upstream's form, and metadata."""

    def __init__(self, items, metadata):
        self.metadata = metadata
        self.records = [{"id": i["id"], "s3": i["assets"]["data_s3"]["href"],
                         "https": i["assets"]["data"]["href"],
                         "lons": np.array([p[0] for p in i["geometry"]["coordinates"][0]]),
                         "lats": np.array([p[1] for p in i["geometry"]["coordinates"][0]])}
                        for i in items]

    def granule_records(self):
        return self.records


# ---- random areas and footprints ----

def star(rng, lat, lon, radius):
    """Corners (lon, lat) of a simple polygon around a point, closed."""
    n = int(rng.integers(3, 30))
    azimuth = np.sort(rng.uniform(0, 2 * np.pi, n))
    r = radius * (1 - rng.uniform(0, 0.7) * rng.uniform(0, 1, n))
    lats = np.arcsin(np.clip(np.sin(lat) * np.cos(r) + np.cos(lat) * np.sin(r) * np.cos(azimuth), -1, 1))
    lons = lon + np.arctan2(np.sin(azimuth) * np.sin(r) * np.cos(lat),
                            np.cos(r) - np.sin(lat) * np.sin(lats))
    ring = [[float(np.degrees(a)), float(np.degrees(b))] for a, b in zip(lons, lats)]
    return [*ring, ring[0]]


def item(name, ring, prefix="bucket/"):
    return {"type": "Feature", "stac_version": "1.0.0", "id": name, "collection": "ATL03_007",
            "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {}, "links": [],
            "assets": {"data": {"href": f"https://host/{prefix}{name}", "roles": ["data"]},
                       "data_s3": {"href": f"s3://{prefix}{name}", "roles": ["data"]}}}


def write_items(path, items, metadata):
    lines = [json.dumps({"zagg:catalog_meta": metadata}), *(json.dumps(i) for i in items)]
    path.write_text("\n".join(lines) + "\n")


def write_config(path, order, child):
    path.write_text(CONFIG.replace("parent_order: 8, chunk_inner: 10, child_order: 14",
                                   f"parent_order: {order}, chunk_inner: {order}, child_order: {child}"))


def lists_of(path):
    text = json.loads(path.read_text())
    return {key: [g["id"] for g in shard] for key, shard in zip(text["shard_keys"], text["granules"])}


def scene(rng, number, folder):
    """One area and granules around it, some far away, at an order that gives some tens of shards."""
    folder.mkdir()
    lat, lon = np.arcsin(rng.uniform(-1, 1)), rng.uniform(-np.pi, np.pi)
    radius = 10 ** rng.uniform(-2.3, -0.7)
    order = int(np.clip(np.log2(rng.uniform(3, 12) / radius), 2, 11))
    area = star(rng, lat, lon, radius)
    items = []
    for k in range(ITEMS):
        near = k % 3 > 0
        at = (lat + rng.normal(0, radius), lon + rng.normal(0, radius) / max(0.1, np.cos(lat))) if near else \
             (np.arcsin(rng.uniform(-1, 1)), rng.uniform(-np.pi, np.pi))
        at = (float(np.clip(at[0], -1.5, 1.5)), at[1])
        items.append(item(f"g{k:04d}.h5", star(rng, *at, radius * 10 ** rng.uniform(-1, 0.3))))
    metadata = {"source": "random", "collection": "ATL03_007", "bbox": [-1, -1, 1, 1]}
    write_items(folder / "items.ndjson", items, metadata)
    write_config(folder / "config.yaml", order, order + 4)
    (folder / "area.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [area]}))
    region = [(np.array([p[1] for p in area]), np.array([p[0] for p in area]))]
    theirs = ShardMap.build(Records(items, metadata), from_config(load_config(str(folder / "config.yaml"))),
                            region=region, backend="mortie", mortie_order=order)
    theirs.to_json(str(folder / "theirs.json"))
    name = f"scene {number} (order {order})"
    if peers.zagg(f"{name}: build", "shardmap", "build", "-q", "--config", folder / "config.yaml", "--catalog",
                  folder / "items.ndjson", "--polygon", folder / "area.geojson", "-o", folder / "ours.json"):
        want, got = lists_of(folder / "theirs.json"), lists_of(folder / "ours.json")
        peers.check(f"{name}: {len(want)} shards, {sum(map(len, want.values()))} pairs are the same",
                    list(want) == list(got) and want == got)
        peers.zagg(f"{name}: zagg finds no difference", "shardmap", "diff", "-q", folder / "theirs.json",
                   folder / "ours.json")
    return sum(map(len, lists_of(folder / "theirs.json").values()))


# ---- forms ----

def forms(folder, path):
    """Upstream reads what zagg writes and writes the same bytes; its table holds the same."""
    loaded = ShardMap.from_json(str(path))
    loaded.to_json(str(folder / "again.json"))
    peers.check("upstream writes our map with the same bytes",
                path.read_bytes() == (folder / "again.json").read_bytes())
    packed, back = folder / "map.json.gz", folder / "back.json"
    if peers.zagg("to the compact form", "shardmap", "convert", path, packed) and \
            peers.zagg("and back", "shardmap", "convert", packed, back):
        peers.check("by way of the compact form the same bytes", path.read_bytes() == back.read_bytes())
    table = folder / "map.parquet"
    done = subprocess.run([peers.BUILD / "zagg", "shardmap", "convert", path, table], capture_output=True,
                          text=True, check=False)
    if "without carquet" in done.stderr or not peers.check("to Parquet", done.returncode == 0, done.stderr):
        return
    read = fastparquet.ParquetFile(str(table))
    frame = read.to_pandas()
    meta = json.loads(read.key_value_metadata["zagg:shardmap_meta"])
    peers.check("Parquet: keys", [int(k) for k in frame["shard_keys"]] == [int(k) for k in loaded.shard_keys])
    peers.check("Parquet: granules", [json.loads(g) for g in frame["granules"]] == loaded.granules)
    if peers.zagg("Parquet and back", "shardmap", "convert", table, folder / "table.json"):
        peers.check("by way of Parquet the same bytes", path.read_bytes() == (folder / "table.json").read_bytes())
    peers.check("Parquet: footer", meta == {"metadata": loaded.metadata,
                                            "grid_signature": loaded.grid_signature})


# ---- runs ----

def outline(path):
    """A ring around the reference photons of a granule, a little wider."""
    with h5py.File(path) as granule:
        beams = [granule[b]["geolocation"] for b in granule if b.startswith("gt")]
        lats = np.concatenate([b["reference_photon_lat"][:] for b in beams])
        lons = np.concatenate([b["reference_photon_lon"][:] for b in beams])
    w, s, e, n = lons.min() - 1e-4, lats.min() - 1e-4, lons.max() + 1e-4, lats.max() + 1e-4
    return [[float(x), float(y)] for x, y in ((w, s), (e, s), (e, n), (w, n), (w, s))]


def runs(folder):
    """A store by our map from upstream and from zagg, and by upstream's map from zagg: one store."""
    folder.mkdir()
    config, granules = folder / "config.yaml", folder / "granules"
    config.write_text(CONFIG)
    if not peers.run("granules", peers.BUILD / "zagg-synth", "--out", granules, "--granules", "3", "--photons",
                     "4000", "--gzip", "1"):
        return
    files = sorted(granules.glob("*.h5"))
    items = [item(p.name, outline(p), f"{p.resolve().parent}/") for p in files]
    rings = np.concatenate([np.array(i["geometry"]["coordinates"][0]) for i in items])
    box = [float(v) for v in (*rings.min(axis=0), *rings.max(axis=0))]
    metadata = {"source": "synthetic", "collection": "ATL03_007", "bbox": box}
    write_items(folder / "items.ndjson", items, metadata)
    ours, theirs = folder / "ours.json", folder / "theirs.json"
    grid = from_config(load_config(str(config)))
    ShardMap.build(Records(items, metadata), grid, backend="mortie",
                   mortie_order=grid.parent_order).to_json(str(theirs))
    if not peers.zagg("build", "shardmap", "build", "-q", "--config", config, "--catalog",
                      folder / "items.ndjson", "-o", ours):
        return
    peers.check("maps of granules are the same", lists_of(ours) == lists_of(theirs))
    forms(folder, ours)
    common = ["--config", config, "--overwrite"]
    if peers.tool("upstream runs our map", "run_local.py", *common, "--catalog", ours, "--store",
                  folder / "s1", "--max-workers", "1") and \
            peers.zagg("zagg runs our map", "run", "-q", *common, "--catalog", ours, "--store", folder / "s2") and \
            peers.zagg("zagg runs upstream's map", "run", "-q", *common, "--catalog", theirs, "--latitude",
                       "authalic", "--store", folder / "s3"):
        peers.same_files("our map by both", folder / "s1", folder / "s2")
        peers.same_files("both maps by zagg", folder / "s2", folder / "s3")


def main():
    rng = np.random.default_rng(12)
    with peers.work_folder() as work:
        folder = pathlib.Path(work)
        pairs = sum(scene(rng, k, folder / f"scene{k}") for k in range(SCENES))
        peers.check(f"{pairs} pairs were compared", pairs > 2000)
        runs(folder / "runs")
    print(f"mortie {mortie.__version__}")
    peers.finish()


if __name__ == "__main__":
    main()
