#!/usr/bin/env python3
"""`zagg export` of a store with more than a million cells that hold data, in every format, and beside
it the way to GeoParquet with zarr, healpix-geo, shapely and geopandas.

    bench/export.py --record
    bench/export.py --granules 1 --rounds 1

Input: a store of the demo's fields (a count, six scalars, a t-digest) with cells of order 18, from
granules of zagg-synth with 1.5 million photons a beam, seed 1. Medians of wall and CPU seconds from
start to exit, the most resident memory, and the size of the file. The peer writes the scalars only,
as zagg does in the line beside it; both must have as many rows.
"""
import argparse
import datetime
import shutil
import statistics
import sys

from common import PEER, ROOT, WORK, commit, machine, measure, record, run_quietly

ZAGG = ROOT / "build/release/zagg"
SCALARS = "count,h_max,h_mean,h_median,h_min,h_spread,h_std"
CASES = [("all.parquet", []), ("scalars.parquet", ["--fields", SCALARS]),
         ("bare.parquet", ["--fields", SCALARS, "--geometry", "none"]),
         ("quantiles.parquet", ["--quantiles", "0.1,0.5,0.9"]), ("all.csv", []),
         ("all.ndjson", [])]


def make_store(options):
    folder = WORK / f"export-{options.granules}"
    if not (folder / "done").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        run_quietly([ROOT / "build/release/zagg-synth", "--out", folder / "g", "--granules",
                     options.granules, "--photons", 1500000, "--seed", 1, "--quiet"])
        config = folder / "c.yaml"
        text = (ROOT / "examples/demo.yaml").read_text()
        if "child_order: 17" not in text:
            sys.exit("bench: examples/demo.yaml has other cells than this benchmark knows")
        config.write_text(text.replace("child_order: 17", "child_order: 18"))
        run_quietly([ZAGG, "run", "--config", config, "--granules", folder / "g", "--store",
                     folder / "s", "--quiet"])
        shutil.rmtree(folder / "g")
        (folder / "done").touch()
    return folder


def line(name, runs, size):
    wall, cpu, memory = (statistics.median(r[k] for r in runs)
                         for k in ("wall_s", "cpu_s", "peak_bytes"))
    text = f"| {name} | {wall:.2f} | {cpu:.2f} | {memory / 1e6:.0f} | {size / 1e6:.0f} |"
    print(text, flush=True)
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--granules", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    folder = make_store(options)
    store = folder / "s"
    rows = []
    for name, extra in CASES:
        target = folder / name
        runs = [measure([ZAGG, "export", store, "--force", "-o", target, *extra])
                for _ in range(options.rounds)]
        rows.append(line(f"zagg, {name}", runs, target.stat().st_size))
    if PEER.is_file():
        target = folder / "peer.parquet"
        runs = [measure([PEER, ROOT / "bench/export_peer.py", store, "18", target])
                for _ in range(options.rounds)]
        rows.append(line("zarr, healpix-geo, geopandas: scalars.parquet", runs,
                         target.stat().st_size))
        theirs = int(runs[-1]["text"].split()[-1])
    lines = (folder / "all.csv").read_bytes().count(b"\n") - 1
    if PEER.is_file() and theirs != lines:
        sys.exit(f"bench: {lines} rows, but the peer has {theirs}")
    stored = sum(p.stat().st_size for p in store.rglob("*") if p.is_file())
    if options.record:
        record("export", f"""# Tables of a store

Date: {datetime.date.today().isoformat()}. Machine: {machine()}. zagg {commit()}.

Command: `bench/export.py --record`: {lines:,} cells with data, of a flat store of
{stored / 1e9:.2f} GB (cells of order 18; every cell of its shards is looked at). Medians of
{options.rounds} runs; one thread each but for the peer's libraries. "all" has a count, six scalars,
a t-digest, names and place of the cell and its outline; "scalars" no digest; "bare" no outline
either; "quantiles" three quantiles in place of the digest.

| | wall s | CPU s | peak MB | file MB |
|---|---|---|---|---|
""" + "\n".join(rows) + "\n")
    for name, _ in CASES:
        (folder / name).unlink()


main()
