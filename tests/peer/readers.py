"""Our stores of the golden runs, read by zarr, xarray, xdggs, moczarr and upstream, and
compared with the stores that upstream wrote."""
import pathlib
import subprocess

import peers

# name, config, shard map, upstream's store, lines to put under `output:`
CASES = [
    ("real photons", "real/scalar_healpix_o11.yaml", "real/sm_scalar_healpix_o11.json",
     "real/scalar_healpix_o11.tar.xz", ""),
    ("synthetic, 0.61", "stores/configs/scalar_healpix_o11.flat061.yaml",
     "stores/shardmaps/v061_flat_scalar_healpix_o11.json",
     "stores/v061_flat_scalar_healpix_o11.tar.zst", ""),
    ("hive, digests", "stores/configs/tdigest_healpix_o11.hiveplain061.yaml",
     "stores/shardmaps/v061_hiveplain_tdigest_healpix_o11.json",
     "stores/v061_hiveplain_tdigest_healpix_o11.tar.zst", ""),
    ("hive, every kind", "stores/configs/mini_all.hiveplain061.yaml",
     "stores/shardmaps/v061_mini_hiveplain.json", "stores/v061_mini_hiveplain.tar.zst", ""),
    ("hive, packed", "stores/configs/mini_all.hiveplain061.yaml",
     "stores/shardmaps/v061_mini_hiveplain.json", "stores/v061_mini_hiveplain.tar.zst",
     "  codec: zstd\n"),
    ("flat, packed", "stores/configs/gain_bias_healpix_o11.flat061.yaml",
     "stores/shardmaps/v061_flat_gain_bias_healpix_o11.json",
     "stores/v061_flat_gain_bias_healpix_o11.tar.zst", "  codec: zstd\n"),
    ("synthetic, 0.11", "stores/configs/scalar_healpix_o11.yaml",
     "stores/shardmaps/seed_scalar_healpix_o11.json",
     "stores/seed_scalar_healpix_o11.tar.zst", "  compat: zagg-0.11\n"),
]


def store_root(folder):
    """The topmost folder that holds a zarr.json, or the manifest of a hive."""
    found = [*folder.rglob("zarr.json"), *folder.rglob("morton_hive.json")]
    return min((p.parent for p in found), key=lambda p: len(p.parts))


def compare(name, theirs, ours, packed):
    """Files of flat raw stores; content of packed ones; of hives what readers find (files:
    tests/golden/run_stores.c)."""
    hive = (ours / "morton_hive.json").is_file()
    against = [] if packed else ["--against", theirs]
    if not packed and not hive:
        peers.same_files(name, theirs, ours)
    if not hive:
        peers.tool(f"{name}: compare_store", "compare_store.py", theirs, ours, "--attrs")
    peers.tool(f"{name}: readers", "reader_check.py", ours, "-q", *against)


def one(name, config, shards, archive, output_lines, folder):
    folder.mkdir()
    expected, ours = folder / "expected", folder / "ours"
    own_config, own_map = folder / "config.yaml", folder / "map.json"
    expected.mkdir()
    subprocess.run(["tar", "-xf", peers.GOLDEN / archive, "-C", expected], check=True)
    text = (peers.GOLDEN / config).read_text()
    own_config.write_text(text.replace("\noutput:\n", f"\noutput:\n{output_lines}"))
    text = (peers.GOLDEN / shards).read_text()
    text = text.replace("@DATA@", str(peers.SHARED / "data"))
    own_map.write_text(text.replace("s3://inputs/", f"s3://{peers.GOLDEN}/stores/inputs/"))
    if not peers.zagg(f"{name}: zagg run", "run", "--config", own_config, "--catalog", own_map,
                      "--store", ours):
        return
    compare(name, store_root(expected), ours, "codec:" in output_lines)


with peers.work_folder() as work:
    for number, case in enumerate(CASES):
        one(*case, pathlib.Path(work) / str(number))
peers.finish()
