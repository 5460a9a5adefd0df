"""Configs whose stores the peer tests read, granules of zagg-synth for them, and shard maps:
the built-in configs and those of upstream's benchmark, at the places of its shard maps."""
import json
import pathlib
import subprocess

import h5py
import numpy as np
import pyproj
import yaml
from mortie import mort2geo
from zagg.config import load_config
from zagg.grids import from_config

import peers

BENCHMARK = peers.SHARED / "data" / "benchmark"


def builtin_names():
    text = subprocess.run([peers.BUILD / "zagg", "config", "list"], check=True,
                          capture_output=True, text=True).stdout
    return [line.split()[0] for line in text.splitlines()]


def plain(name, layout="flat"):
    """A built-in without what zagg does not write: one store, local granules."""
    text = subprocess.run([peers.BUILD / "zagg", "config", "show", name], check=True,
                          capture_output=True, text=True).stdout
    config = yaml.safe_load(text)
    output = config["output"]
    for key in ("windowing", "sweep", "pyramid", "icechunk"):
        output.pop(key, None)
    output["store_layout"] = layout
    grid = output["grid"]
    if grid["type"] == "healpix":
        grid["parent_order"] = max(grid["parent_order"], 11 if grid["child_order"] > 14 else 6)
    config.pop("worker", None)
    config["data_source"].pop("index", None)
    config["aggregation"].pop("streaming", None)
    return config


def benchmark_names():
    """Empty where the benchmark's folder is not there."""
    return sorted(p.stem for p in (BENCHMARK / "configs").glob("*.yaml"))


def benchmark(name, layout="flat"):
    config = yaml.safe_load((BENCHMARK / "configs" / f"{name}.yaml").read_text())
    config["output"]["store_layout"] = layout
    return config


def benchmark_map(name):
    """The shard map beside a config: its file names grid and size as the config's does."""
    return json.loads((BENCHMARK / "shardmaps" /
                       f"sm_{'_'.join(name.split('_')[-2:])}.json").read_text())


def place_of(shards):
    """Latitude and longitude of the middle of a map's first shard."""
    signature, key = shards["grid_signature"], shards["shard_keys"][0]
    if signature["type"] == "healpix":
        latitude, longitude = mort2geo(np.array([key], np.uint64))
        return float(np.ravel(latitude)[0]), (float(np.ravel(longitude)[0]) + 180) % 360 - 180
    rows, columns = signature["chunk_shape"]
    row, column = divmod(key, signature["shape"][1] // columns)
    scale_x, _, x, _, scale_y, y = signature["affine"]
    to_degrees = pyproj.Transformer.from_crs(signature["crs"], 4326, always_xy=True)
    longitude, latitude = to_degrees.transform(x + scale_x * columns * (column + 0.5),
                                               y + scale_y * rows * (row + 0.5))
    return latitude, longitude


def granules(folder, product, latitude=38.89, longitude=-76.56, photons=3000):
    """Two granules of zagg-synth that cross there; [] when it failed."""
    made = peers.run(f"granules {folder.name}", peers.BUILD / "zagg-synth", "--out", folder,
                     "--product", product, "--granules", "2", "--photons", str(photons),
                     "--gzip", "1", "--lat", str(latitude), "--lon", str(longitude))
    return sorted(folder.glob("*.h5")) if made else []


def write_map(config, out, files, only=None):
    """Each granule goes to every shard (of `only`) that holds one of its points. False, and
    a failed case, when there is none."""
    loaded = load_config(str(config))
    grid = from_config(loaded)
    coordinates = loaded.data_source["coordinates"]
    per = {}
    for path in files:
        record = {"id": path.name, "s3": f"s3://{path}", "https": f"https://localhost{path}"}
        with h5py.File(path) as granule:
            points = [[granule[template.format(group=beam)][:]
                       for template in (coordinates["latitude"], coordinates["longitude"])]
                      for beam in granule if beam.startswith("gt")]
        latitude, longitude = (np.concatenate(part) for part in zip(*points))
        for key in np.unique(grid.shards_of(grid.assign(latitude, longitude))):
            if int(key) != -1 and (only is None or int(key) in only):
                per.setdefault(int(key), []).append(record)
    keys = sorted(per)
    pathlib.Path(out).write_text(json.dumps({
        "metadata": {"short_name": "synthetic", "version": "001",
                     "granules_assigned": len(files)},
        "grid_signature": grid.spatial_signature(), "shard_keys": keys,
        "granules": [per[key] for key in keys]}))
    return peers.check(f"{config.parent.name}: shard map", len(keys) > 0)
