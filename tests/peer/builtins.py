"""The built-in configs, run by zagg and by upstream on granules of zagg-synth: the same stores,
byte for byte. Expressions, vectors, digests with their companions, composition words, values a
chunk. What a config asks for beyond one flat store is taken out for both."""
import json
import pathlib
import subprocess

import h5py
import numpy as np
import yaml
from zagg.config import load_config
from zagg.grids import from_config

import peers

ATL03 = ["atl03_scalar_healpix", "atl03_gain_bias_healpix", "atl03_tdigest_healpix",
         "atl03_tdigest_located_healpix", "atl03_tdigest_strata_healpix",
         "atl03_waveform_counts", "atl03_waveform_chunk"]
ATL06 = ["atl06", "atl06_nullable"]
# Rectilinear grids as large as the globe: upstream's axis y has chunks of the length of x.
AXES = {"rectilinear/x/zarr.json", "rectilinear/x/c/0", "rectilinear/y/zarr.json",
        "rectilinear/y/c/0"}


def plain(name):
    """A built-in without what neither writes here: one flat store, local granules."""
    text = subprocess.run([peers.BUILD / "zagg", "config", "show", name], check=True,
                          capture_output=True, text=True).stdout
    config = yaml.safe_load(text)
    output = config["output"]
    for key in ("windowing", "sweep", "pyramid", "icechunk"):
        output.pop(key, None)
    output["store_layout"] = "flat"
    grid = output["grid"]
    if grid["type"] == "healpix":
        grid["parent_order"] = max(grid["parent_order"], 11 if grid["child_order"] > 14 else 6)
    config.pop("worker", None)
    config["data_source"].pop("index", None)
    config["aggregation"].pop("streaming", None)
    return yaml.safe_dump(config, sort_keys=False)


def same_stores(name, theirs, ours):
    want, got = peers.files_of(theirs), peers.files_of(ours)
    wrong = [f for f in sorted(want.keys() | got.keys())
             if f not in AXES and want.get(f) != got.get(f)]
    peers.check(f"{name}: same files", len(want) > 3 and not wrong,
                f"{len(want)} files, these differ: {', '.join(wrong[:8])}")


def write_map(config, out, files):
    """Each granule goes to every shard that holds one of its points."""
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
            if int(key) != -1:
                per.setdefault(int(key), []).append(record)
    keys = sorted(per)
    out.write_text(json.dumps({
        "metadata": {"short_name": "synthetic", "version": "001",
                     "granules_assigned": len(files)},
        "grid_signature": grid.spatial_signature(), "shard_keys": keys,
        "granules": [per[key] for key in keys]}))
    return peers.check(f"{config.parent.name}: shard map", len(keys) > 0)


def one(name, files, folder):
    folder.mkdir()
    config, shards = folder / "config.yaml", folder / "map.json"
    theirs, ours = folder / "theirs", folder / "ours"
    config.write_text(plain(name))
    if not write_map(config, shards, files):
        return
    common = ["--config", config, "--overwrite", "--catalog", shards, "--max-cells", "2"]
    if not peers.tool(f"{name}: upstream", "run_local.py", *common, "--store", theirs,
                      "--max-workers", "1"):
        return
    for handoff in ("arrow", "pandas"):
        if peers.zagg(f"{name}: zagg run, {handoff}", "run", *common, "--store", ours,
                      "--handoff", handoff):
            same_stores(f"{name}, {handoff}", theirs, ours)


def product(product_name, cases, folder):
    made = peers.run(f"granules {product_name}", peers.BUILD / "zagg-synth", "--out",
                     folder / f"{product_name}-granules", "--product", product_name, "--granules", "2",
                     "--photons", "3000", "--gzip", "1")
    granules = sorted((folder / f"{product_name}-granules").glob("*.h5")) if made else []
    for case in cases:
        if granules:
            one(case, granules, folder / case)


with peers.work_folder() as work:
    product("atl03", ATL03, pathlib.Path(work))
    product("atl06", ATL06, pathlib.Path(work))
peers.finish()
