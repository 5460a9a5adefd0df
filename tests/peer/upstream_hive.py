"""Hive stores shared with upstream 0.61: its functions that read hives read ours; it takes a
store that we began for its own, leaves finished shards alone, completes the rest and rolls all
of it up; and we complete a store that it began."""
import json
import pathlib
import subprocess
import sys

import numpy as np
import yaml
from zagg import content_hash, coverage, dedup, hive, semantics, telemetry
from zagg.config import load_config
from zagg.grids.morton import morton_word
from zagg.readers import tdigest_tensor
from zagg.store import open_store

import peers
import store_readers
import store_sets

PLAIN = {"store_layout": "hive", "pyramid": False, "icechunk": False, "leaf_versions": False}
CASES = ["atl03_scalar_healpix", "atl03_tdigest_located_healpix"]


def leaves_of(root):
    """Path of the leaf of each shard, by decimal id."""
    return {path.stem: path for path in sorted(pathlib.Path(root).rglob("*.zarr"))
            if path.is_dir() and not path.name.startswith("all.")}


# ---- upstream reads ours ----

def root_by_upstream(root, grid_orders):
    manifest = hive.read_manifest(str(root))
    store_readers.same("orders", (manifest["shard_order"], manifest["cell_order"]), grid_orders)
    words = hive.root_coverage_words(coverage.load_coverage(str(root)))
    store_readers.same("root coverage", sorted(int(w) for w in words),
                       sorted(int(morton_word(name)) for name in leaves_of(root)))
    core = json.loads(json.dumps(yaml.safe_load((root / "aggregation.yaml").read_text())))
    digest = semantics.hashlib.sha256(json.dumps(
        core, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    store_readers.same("hash of aggregation.yaml", digest, manifest["semantic_hash"])
    return len(words)


def leaf_by_upstream(path, config, granules):
    """Stamp, coverage, hashes, sidecars: what upstream decides by that a shard is done."""
    root, key, group = str(path), int(morton_word(path.stem)), config_group(config)
    data, stamp = hive.resolve_leaf(root)
    store_readers.same("stamp", (data, stamp["complete"]), (root, True))
    store = open_store(root, read_only=True)
    morton = store_readers.zarr.open_array(store, path=f"{group}/morton", mode="r")[...]
    count = store_readers.zarr.open_array(store, path=f"{group}/count", mode="r")[...]
    cells = hive.read_coverage_bitmap(root)
    store_readers.equal("bitmap", cells, morton[count > 0])
    store_readers.same("box holds every cell", len(coverage.box_and(
        hive.read_coverage(store), cells)) > 0, True)
    hashes = {f"{group}/{name}": content_hash.hash_array(array[...])
              for name, array in store_readers.zarr.open_group(
                  store, path=group, mode="r").arrays()}
    store_readers.same("hashes", content_hash.content_hashes_record(hashes),
                       stamp["content_hashes"])
    store_readers.same("granules.json", telemetry.read_granule_ids(root)["granule_ids"],
                       sorted(granules))
    status = dedup.shard_status(str(root_of(path)), key, granule_ids=granules,
                                semantic_hash=semantics.semantic_hash(config))
    store_readers.same("shard_status", status["status"], "hit")
    return int(count.sum())


def config_group(config):
    return str(config.output["grid"]["child_order"])


def root_of(leaf):
    return next(p for p in leaf.parents if (p / "morton_hive.json").is_file())


def digests_by_upstream(path, group):
    """Its four ways to read digests agree with each other."""
    store, field = open_store(str(path), read_only=True), f"{group}/h_tdigest"
    n = 0
    for word, (row, column), values in tdigest_tensor.read_raw_values(store, field):
        cell = tdigest_tensor.cell_index(store, field, word, row, column)
        digest = tdigest_tensor.read_cell(store, field, cell)
        store_readers.equal("raw values", np.sort(values), np.sort(digest[:, 0]).astype(values.dtype))
        n += len(values)
    places = sum(len(words) for _, _, words in tdigest_tensor.read_locations(store, field))
    store_readers.same("locations", places, n)
    counted = sum(int(tensor.sum()) for tensor, _, _, _ in tdigest_tensor.read_tensors(
        store, field, bottom=0.0, top=1.0, fit="degrade_resolution"))
    store_readers.same("counts of tensors are below the photons", 0 < counted <= n, True)
    return n


# ---- one store, two writers ----

def same_leaves(name, expected, actual):
    """Leaves with the same arrays, byte for byte, and the same hashes in their stamps."""
    want, got = leaves_of(expected), leaves_of(actual)
    if not peers.check(f"{name}: leaves", sorted(want) == sorted(got) and len(want) > 1,
                       f"{sorted(got)} instead of {sorted(want)}"):
        return
    wrong = [f"{leaf}/{file}" for leaf, path in want.items()
             for file, data in peers.files_of(path).items()
             if "/" in file and peers.files_of(got[leaf]).get(file) != data]
    peers.check(f"{name}: arrays", not wrong, ", ".join(wrong[:5]))
    hashes = [{leaf: hive.read_commit(open_store(str(path), read_only=True))["content_hashes"]
               for leaf, path in leaves.items()} for leaves in (want, got)]
    peers.check(f"{name}: hashes", hashes[0] == hashes[1])


def upstream(name, config, shards, store, *options):
    """Its output, or None when it failed."""
    done = subprocess.run([sys.executable, peers.TOOLS / "run_local.py", "--config", config,
                           "--catalog", shards, "--store", store, "--max-workers", "1",
                           *options], capture_output=True, text=True, check=False)
    text = done.stdout + done.stderr
    return text if peers.check(name, done.returncode == 0, text[-3000:]) else None


def zagg(name, config, shards, store, *options):
    return peers.zagg(name, "run", "--config", config, "--catalog", shards, "--store", store,
                      "--quiet", *options)


def swept(name, store):
    """Upstream's roll-up of all leaves, those of ours included, met no trouble."""
    records = sorted(store.glob("sweep_stats_*.json"))
    if not peers.check(f"{name}: roll-up", len(records) == 1):
        return
    families = {family: counts for family, counts in
                json.loads(records[0].read_text())["families"].items() if "failed" in counts}
    peers.check(f"{name}: roll-up of {', '.join(families)}",
                bool(families) and not any(f["failed"] for f in families.values())
                and families["stats"]["written"] > 0, str(families))


def append(name, config, shards, folder):
    ours, begun, theirs = (folder / kind for kind in ("ours", "begun", "theirs"))
    if not zagg(f"{name}: zagg run", config, shards, ours):
        return
    if zagg(f"{name}: begun by zagg", config, shards, begun, "--max-cells", "1"):
        text = upstream(f"{name}: completed by upstream", config, shards, begun)
        if text:
            peers.check(f"{name}: the shard of ours is current for upstream",
                        "1 current (unchanged, not rewritten), 0 refused" in text, text[-2000:])
            same_leaves(f"{name}: completed by upstream", ours, begun)
            swept(f"{name}: completed by upstream", begun)
            again = upstream(f"{name}: upstream once more", config, shards, begun)
            peers.check(f"{name}: upstream rewrites nothing",
                        again and f"{len(leaves_of(ours))} current" in again,
                        (again or "")[-2000:])
    if upstream(f"{name}: begun by upstream", config, shards, theirs, "--max-cells", "1"):
        if zagg(f"{name}: completed by zagg", config, shards, theirs):
            same_leaves(f"{name}: completed by zagg", ours, theirs)
            attempt(f"{name}: root after both", root_by_upstream, theirs, orders(config))


def attempt(name, function, *arguments):
    try:
        found = function(*arguments)
    except Exception as wrong:  # readers raise what they like
        return peers.check(name, False, f"{type(wrong).__name__}: {wrong}")
    return peers.check(f"{name} ({found})", bool(found), "nothing found")


def orders(config):
    grid = load_config(str(config)).output["grid"]
    return grid["parent_order"], grid["child_order"]


def one(name, files, folder):
    folder.mkdir()
    config, shards = folder / "config.yaml", folder / "map.json"
    content = store_sets.plain(name, "hive")
    content["output"].update(PLAIN)
    config.write_text(yaml.safe_dump(content, sort_keys=False))
    if not store_sets.write_map(config, shards, files):
        return
    records = json.loads(shards.read_text())
    append(name, config, shards, folder)
    attempt(f"{name}: root by upstream", root_by_upstream, folder / "ours", orders(config))
    granules = {key: [g["id"] for g in of] for key, of in
                zip(records["shard_keys"], records["granules"])}
    loaded = load_config(str(config))
    for leaf, path in leaves_of(folder / "ours").items():
        attempt(f"{name}: leaf {leaf} by upstream", leaf_by_upstream, path, loaded,
                granules[int(morton_word(leaf))])
        if "h_tdigest" in content["aggregation"]["variables"]:
            attempt(f"{name}: digests of {leaf} by upstream", digests_by_upstream, path,
                    config_group(loaded))


with peers.work_folder() as work:
    granule_files = store_sets.granules(pathlib.Path(work) / "granules", "atl03")
    for case in CASES:
        one(case, granule_files, pathlib.Path(work) / case)
peers.finish()
