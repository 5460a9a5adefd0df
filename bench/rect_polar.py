#!/usr/bin/env python3
"""Two shards of a million cells each, nearly all of them empty: zagg beside upstream zagg.

    scripts/bench rect_polar              measure and print
    scripts/bench rect_polar --record     also write bench/results/rect_polar_DATE.md

Input: upstream's expected store `real/tdigest_rect_polar` (EPSG:3413, cells of 100 m, shards of
1000 x 1000 cells in chunks of 250 x 250, t-digests) and its one beam of real photons. Each run
starts without a store. zagg and upstream run in turn; both stores must have upstream's expected
files. Times are from fork to exit. See common.py for how memory is measured.
"""
import argparse
import datetime
import os
import shutil
import subprocess
import sys

from common import (PEER, ROOT, SHARED, WORK, digest, in_turn, machine, measure, ratio_lines, record,
                    report_lines, versions)

GOLDEN = SHARED / "golden" / "real"
NAME = "tdigest_rect_polar"


def make_input(folder):
    """config.yaml, map.json with the data folder in place, and the expected store."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(GOLDEN / f"{NAME}.yaml", folder / "config.yaml")
    text = (GOLDEN / f"sm_{NAME}.json").read_text()
    (folder / "map.json").write_text(text.replace("@DATA@", str(SHARED / "data")))
    subprocess.run(["tar", "-xJf", GOLDEN / f"{NAME}.tar.xz", "-C", folder], check=True)
    return next(p for p in folder.iterdir() if p.is_dir())


def programs(folder, upstream):
    common = ["--config", folder / "config.yaml", "--store", folder / "store", "--max-workers"]
    zagg = [ROOT / "build/release/zagg", "run", "--quiet", "--catalog", folder / "map.json"]
    cores = os.cpu_count() or 1
    listed = [("zagg, 1 thread", [*zagg, *common, "1"])]
    if cores > 1:
        listed.append((f"zagg, {cores} threads", [*zagg, *common, str(cores)]))
    if upstream:
        # its driver takes s3://PATH for a local file
        text = (folder / "map.json").read_text()
        (folder / "map-s3.json").write_text(text.replace('"s3": "/', '"s3": "s3:///'))
        listed.append(("upstream zagg", [PEER, SHARED / "tools" / "run_local.py", "--catalog",
                                         folder / "map-s3.json", *common, "1"]))
    return listed


def measure_all(folder, expected, options, upstream):
    wanted = digest(expected)

    def run(command):
        shutil.rmtree(folder / "store", ignore_errors=True)
        result = measure(command)
        return {**result, "same": digest(folder / "store") == wanted}

    rows = in_turn([(name, command, options.pairs)
                    for name, command in programs(folder, upstream)], options.pairs, run)
    return rows, all(r["same"] for _, runs in rows for r in runs)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    if not (GOLDEN / f"{NAME}.yaml").is_file():
        sys.exit(f"bench: {GOLDEN} is not there")
    upstream = PEER.is_file() and (SHARED / "tools").is_dir()
    folder = WORK / "rect_polar"
    rows, same = measure_all(folder, make_input(folder), options, upstream)
    lines = ["# Two shards of a million cells, nearly all empty", "",
             f"Date: {datetime.date.today().isoformat()}. Machine: {machine()}. "
             f"{versions(upstream)}.", "",
             f"Command: `bench/rect_polar.py {' '.join(sys.argv[1:])}`. Input: 2,909 photons of "
             "ATL03, EPSG:3413 at 100 m, two shards of 1000 x 1000 cells, count, mean and "
             f"t-digest; warm page cache; medians of {options.pairs} interleaved runs, each into "
             "a new store.", "", *report_lines(rows), *ratio_lines(rows), "",
             "Stores: " + ("equal to upstream's expected one, file for file." if same
                           else "DIFFERENT.")]
    text = "\n".join(lines) + "\n"
    print("\n" + text)
    if options.record:
        record("rect_polar", text)
    if not same:
        sys.exit("bench: a store is not the expected one, so the figures compare nothing")


if __name__ == "__main__":
    main()
