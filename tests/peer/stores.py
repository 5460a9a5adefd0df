"""Stores of all built-in and benchmark configs, in every layout, opened by the libraries that
read them (store_readers.py). What is in them is compared with upstream elsewhere; here each
reader must open them, agree with zarr, and find all photons that the run reported."""
import json
import pathlib
import subprocess
import time

import yaml

import peers
import store_readers
import store_sets

# name of the layout, what it puts under `output` and `output.grid`
LAYOUTS = {
    "flat": ({"store_layout": "flat", "consolidate_metadata": True}, {}),
    "0.11": ({"store_layout": "flat", "compat": "zagg-0.11"}, {}),
    "hive": ({"store_layout": "hive"}, {}),
    "cf": ({"store_layout": "flat", "consolidate_metadata": True},
           {"cf": True, "sharded": False}),
    "zstd": ({"store_layout": "hive", "codec": "zstd"}, {}),
    "zstd flat": ({"store_layout": "flat", "consolidate_metadata": True, "codec": "zstd"}, {}),
}
tool = store_readers.shared_reader_check()


def layouts_of(config, name):
    """Rectilinear stores are flat. What is seldom asked for is written for a few configs."""
    if config["output"]["grid"]["type"] == "rectilinear":
        return ["flat", "cf"] + ["zstd flat"] * name.endswith("_3km")
    return ["flat", "hive"] + ["0.11", "zstd", "zstd flat"] * name.endswith("_o11")


def write(name, config, shards, store):
    """Summary of the run, or None when it failed. `shards` are options that name them. Two
    of them, or one where they are large."""
    most = "1" if "_o10" in name or "_6km" in name else "2"
    done = subprocess.run([peers.BUILD / "zagg", "run", "--config", config, *shards, "--store",
                           store, "--max-cells", most, "--quiet", "--json"],
                          capture_output=True, text=True, check=False)
    if not peers.check(f"{name}: zagg run", done.returncode == 0, done.stderr[-2000:]):
        return None
    return json.loads(done.stdout)


def attempt(name, function, *arguments):
    """What the function returns; a failed case when it raises or finds nothing."""
    start = time.monotonic()
    try:
        found = function(*arguments)
    except Exception as wrong:  # readers raise what they like
        peers.check(name, False, f"{type(wrong).__name__}: {wrong}")
        return None
    peers.check(f"{name} ({found}; {time.monotonic() - start:.1f} s)", found != 0, "nothing found")
    return found


def flat(name, store, config, summary):
    root = str(store)
    group = next(p.parent.name for p in sorted(store.glob("*/zarr.json")))
    attempt(f"{name}: zarr", store_readers.zarr_tree, root, True)
    for consolidated in (False, True):
        attempt(f"{name}: xarray, consolidated {consolidated}",
                store_readers.xarray_equals_zarr, root, group, consolidated)
    if config["output"]["grid"]["type"] == "healpix":
        attempt(f"{name}: xdggs", store_readers.decode_cells, root, group, int(group))
    if config["output"]["grid"].get("cf"):
        attempt(f"{name}: rioxarray", store_readers.georeferenced, root,
                config["output"]["grid"]["crs"])
    if any(f.get("kind") == "ragged" for f in config["aggregation"]["variables"].values()) \
            and "compat" not in config["output"]:
        attempt(f"{name}: digests", store_readers.digests, root, group)
    counts(name, config, store_readers.total_of(root, group, "count"), summary)


def hive(name, store, config, summary):
    filled = sum(1 for shard in summary["results"] if shard["total_obs"])
    total = attempt(f"{name}: moczarr", store_readers.hive, store, filled)
    counts(name, config, total, summary)


def counts(name, config, total, summary):
    if "count" in config["aggregation"]["variables"]:
        peers.check(f"{name}: photons", total == summary["total_obs"],
                    f"{total} in the store, {summary['total_obs']} by the run")


def one(name, config, files, folder, only=None):
    for layout in layouts_of(config, name):
        title, here = f"{name}, {layout}", folder / f"{name}-{layout.replace(' ', '-')}"
        here.mkdir()
        output, grid = LAYOUTS[layout]
        grid = {"grid": config["output"]["grid"] | grid}
        laid_out = config | {"output": config["output"] | output | grid}
        (here / "config.yaml").write_text(yaml.safe_dump(laid_out, sort_keys=False))
        shards = ["--catalog", here / "map.json"]
        if layout == "0.11":  # upstream 0.61 makes no maps for it
            shards = ["--granules", *files]
        elif not store_sets.write_map(here / "config.yaml", here / "map.json", files, only):
            continue
        summary = write(title, here / "config.yaml", shards, here / "store")
        if not summary or not peers.check(f"{title}: data", summary["total_obs"] > 0):
            continue
        if tool:
            attempt(f"{title}: reader_check", store_readers.reader_check, tool, here / "store")
        read = hive if output["store_layout"] == "hive" else flat
        read(title, here / "store", laid_out, summary)


def builtins(folder):
    files = {"atl03": store_sets.granules(folder / "atl03", "atl03"),
             "atl06": store_sets.granules(folder / "atl06", "atl06"),
             "polar": store_sets.granules(folder / "polar", "atl06", -77.8, 166.7)}
    for name in store_sets.builtin_names():
        kind = "polar" if name.endswith("_polar") else name.split("_")[0]
        one(name, store_sets.plain(name), files[kind], folder)


def benchmarks(folder):
    places = {}
    for name in store_sets.benchmark_names():
        shards = store_sets.benchmark_map(name)
        place = store_sets.place_of(shards)
        if place not in places:
            places[place] = store_sets.granules(folder / f"granules-{len(places)}", "atl03",
                                                *place)
        one(name, store_sets.benchmark(name), places[place], folder, set(shards["shard_keys"]))


with peers.work_folder() as work:
    if not tool:
        peers.skip(f"reader_check.py is not in {peers.TOOLS}")
    builtins(pathlib.Path(work))
    benchmarks(pathlib.Path(work))
peers.finish()
