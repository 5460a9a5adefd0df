"""Hive stores shared with upstream 0.61: its functions that read hives read ours; it takes a
store that we began for its own: leaves finished shards alone, completes the rest, writes shards
again whose granules are more now and refuses those that lost some; and we complete a store that
it began. What it rolls up by itself is what its own runs wrote, as it finds leaves by their
records; its sweep rolls up ours when it is given them."""
import json
import pathlib
import subprocess
import sys

import numpy as np
import yaml
from zagg import content_hash, coverage, dedup, hive, semantics, sweep, telemetry
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


def swept(root, total):
    """Upstream rolls up all leaves, ours among them: the photons that it counts."""
    words = [int(morton_word(name)) for name in leaves_of(root)]
    summary = sweep.run_sweep(str(root), words, record=False)
    store_readers.same("leaves", (summary["n_leaves"], summary["skipped_leaves"]),
                       (len(words), []))
    store_readers.same("failures", {name: family["failed"] for name, family in
                                    summary["families"].items() if family["failed"]}, {})
    payloads = [json.loads(path.read_text())["payload"]
                for path in root.glob("*/stats.rollup.json")]
    store_readers.same("photons", sum(payload["n_obs"] for payload in payloads), total)
    return sum(payload["n_shards"] for payload in payloads)


def current(name, text, n, refused=0):
    """Upstream says that it left so many leaves alone."""
    peers.check(f"{name}: {n} current, {refused} refused",
                text and f"{n} current (unchanged, not rewritten), {refused} refused" in text,
                (text or "")[-2000:])


def append(name, config, shards, total, folder):
    ours, begun, theirs = (folder / kind for kind in ("ours", "begun", "theirs"))
    if zagg(f"{name}: begun by zagg", config, shards, begun, "--max-cells", "1"):
        text = upstream(f"{name}: completed by upstream", config, shards, begun)
        current(f"{name}: completed by upstream", text, 1)
        same_leaves(f"{name}: completed by upstream", ours, begun)
        attempt(f"{name}: roll-up", swept, begun, total)
        text = upstream(f"{name}: upstream once more", config, shards, begun)
        current(f"{name}: upstream once more", text, len(leaves_of(ours)))
    if upstream(f"{name}: begun by upstream", config, shards, theirs, "--max-cells", "1"):
        if zagg(f"{name}: completed by zagg", config, shards, theirs):
            same_leaves(f"{name}: completed by zagg", ours, theirs)
            attempt(f"{name}: root after both", root_by_upstream, theirs, orders(config))


def other_granules(name, config, shards, folder):
    """Upstream meets shards of ours that were made of fewer granules, and of more."""
    ours, fewer, grown = (folder / kind for kind in ("ours", "fewer.json", "grown"))
    records = json.loads(shards.read_text())
    n_less = sum(len(of) > 1 for of in records["granules"])
    records["granules"] = [of[:1] for of in records["granules"]]
    fewer.write_text(json.dumps(records))
    if not peers.check(f"{name}: shards of two granules", n_less > 1) or \
            not zagg(f"{name}: of one granule", config, fewer, grown):
        return
    upstream(f"{name}: grown", config, shards, grown)
    same_leaves(f"{name}: grown", ours, grown)
    before = peers.files_of(ours)
    text = upstream(f"{name}: shrunk", config, fewer, ours)
    current(f"{name}: shrunk", text, len(leaves_of(ours)) - n_less, n_less)
    after = {file: data for file, data in peers.files_of(ours).items()
             if not file.startswith("refusals_") and file != "coverage.moc"}
    peers.check(f"{name}: nothing is written", all(before[f] == d for f, d in after.items()))


def attempt(name, function, *arguments):
    """What the function counts; 0, and a failed case, when it raises or finds nothing."""
    try:
        found = function(*arguments)
    except Exception as wrong:  # readers raise what they like
        peers.check(name, False, f"{type(wrong).__name__}: {wrong}")
        return 0
    peers.check(f"{name} ({found})", bool(found), "nothing found")
    return found or 0


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
    if not zagg(f"{name}: zagg run", config, shards, folder / "ours"):
        return
    attempt(f"{name}: root by upstream", root_by_upstream, folder / "ours", orders(config))
    records, loaded = json.loads(shards.read_text()), load_config(str(config))
    granules = {key: [g["id"] for g in of] for key, of in
                zip(records["shard_keys"], records["granules"])}
    total = 0
    for leaf, path in leaves_of(folder / "ours").items():
        total += attempt(f"{name}: leaf {leaf} by upstream", leaf_by_upstream, path, loaded,
                         granules[int(morton_word(leaf))])
        if "h_tdigest" in content["aggregation"]["variables"]:
            attempt(f"{name}: digests of {leaf} by upstream", digests_by_upstream, path,
                    config_group(loaded))
    append(name, config, shards, total, folder)
    if name == CASES[0]:
        other_granules(name, config, shards, folder)


with peers.work_folder() as work:
    granule_files = store_sets.granules(pathlib.Path(work) / "granules", "atl03")
    for case in CASES:
        one(case, granule_files, pathlib.Path(work) / case)
peers.finish()
