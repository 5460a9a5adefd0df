#!/usr/bin/env python3
"""What `output.codec: zstd` gains and costs: bytes of the store and time of the run for the nine
benchmark configs, packed at several levels beside raw.

    bench/codec.py --record
    bench/codec.py --photons 100000 --levels 1 3 9 --pairs 7

Input: four granules of six beams of zagg-synth over the benchmark site, seed 1, and for each config
the first --shards shards that hold some of them. Raw and packed runs take turns; medians of wall
and CPU seconds from start to exit are reported. Bytes are those of all files. Hive stores must
hold the same content hashes whatever the codec.
"""
import argparse
import datetime
import json
import os
import pathlib
import shutil
import statistics
import sys

from common import ROOT, SHARED, WORK, commit, machine, measure, record, run_quietly

CONFIGS = SHARED / "data" / "benchmark" / "configs"
ZAGG = ROOT / "build/release/zagg"


def granules(options):
    folder = WORK / f"codec-{options.granules}x{options.photons}"
    if not (folder / "done").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        run_quietly([ROOT / "build/release/zagg-synth", "--out", folder, "--granules",
                     options.granules, "--photons", options.photons, "--seed", 1, "--quiet"])
        (folder / "done").touch()
    return folder


def write_config(source, level):
    """The config with its codec; level 0 is raw."""
    path = WORK / f"codec-{source.stem}-{level}.yaml"
    line = f"  codec: zstd\n  codec_level: {level}\n" if level else ""
    path.write_text(source.read_text().replace("\noutput:\n", f"\noutput:\n{line}"))
    return path


def run(config, data, shards):
    store = WORK / "codec-store"
    shutil.rmtree(store, ignore_errors=True)
    taken = measure([ZAGG, "run", "--config", config, "--granules", data, "--store", store,
                     "--max-cells", str(shards), "--quiet"])
    files = [p for p in store.rglob("*") if p.is_file()]
    taken["bytes"] = sum(p.stat().st_size for p in files)
    taken["hashes"] = sorted(json.loads(p.read_text())["content_hashes"]["combined"]
                             for p in files if p.name == "stats.json")
    return taken


def one(source, data, options):
    """Rows of the table for one config; None where zagg cannot run it."""
    levels = [0, *options.levels]
    configs = {level: write_config(source, level) for level in levels}
    runs = {level: [] for level in levels}
    for _ in range(options.pairs):
        for level in levels:
            runs[level].append(run(configs[level], data, options.shards))
    hashes = {tuple(r["hashes"]) for each in runs.values() for r in each}
    if len(hashes) != 1:
        sys.exit(f"bench: {source.name}: the codec changes what the store holds")
    raw = runs[0][0]["bytes"]
    rows = []
    for level in levels:
        wall, cpu = (statistics.median(r[k] for r in runs[level]) for k in ("wall_s", "cpu_s"))
        size = runs[level][0]["bytes"]
        rows.append(f"| {source.stem.removeprefix('atl03_')} | "
                    f"{f'zstd {level}' if level else 'none'} | {size / 1e6:.2f} | "
                    f"{raw / size:.1f} | {1e3 * wall:.0f} | {1e3 * cpu:.0f} |")
        print(rows[-1], flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--granules", type=int, default=4)
    parser.add_argument("--photons", type=int, default=200000)
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--levels", type=int, nargs="+", default=[1, 3, 9])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    if not CONFIGS.is_dir():
        sys.exit(f"bench: {CONFIGS} is not there")
    data = granules(options)
    head = ["| config | codec | MB | times smaller | wall ms | CPU ms |", "|---|---|---|---|---|---|"]
    print("\n".join(head), flush=True)
    rows = []
    for source in sorted(CONFIGS.glob("*.yaml")):
        rows += one(source, data, options)
    if options.record:
        record("codec", "\n".join([
            "# output.codec: size and time", "",
            f"Date: {datetime.date.today().isoformat()}. Machine: {machine()}. zagg {commit()}.", "",
            f"Command: `bench/codec.py {' '.join(sys.argv[1:])}`. Input: {options.granules} granules of "
            f"six beams of {options.photons:,} photons, seed 1; {options.shards} shards, all threads; "
            f"medians of {options.pairs} runs in turn.", "", *head, *rows, ""]))


if __name__ == "__main__":
    main()
