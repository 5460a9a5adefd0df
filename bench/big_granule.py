#!/usr/bin/env python3
"""Granules of the archive's largest size: planning one, and reading one shard of it.

    scripts/bench big_granule           measure and print (15 minutes, 2 GB below build/bench)
    scripts/bench big_granule --record  also write bench/results/big_granule_DATE.md

Granules of zagg-synth: two beams of --photons in the layouts of the archive's versions 6 and 7, and
one beam cut into 100,000 chunks a dataset. Each is made, measured and removed. Measured are the
plan (--dry-run: which shards the granule touches), all shards, the shard with the most photons, and
the same shard without a read plan, for which the coordinates of all photons are read. Peak memory
is VmHWM of the process.
"""
import argparse
import datetime
import pathlib
import shutil
import subprocess
import sys

from common import ROOT, WORK, commit, machine, measure, record, result_of, run_quietly

BUILD = ROOT / "build" / "release"
LIMIT_MB = 64
DATASETS = ["lat_ph", "lon_ph", "h_ph", "signal_conf_ph"]


def write_configs():
    text = (ROOT / "examples" / "demo.yaml").read_text()
    head, plan, rest = text.partition("  read_plan:\n")
    if not plan:
        sys.exit("bench: examples/demo.yaml has no read_plan")
    (WORK / "planned.yaml").write_text(text)
    (WORK / "full.yaml").write_text(head + rest[rest.index("\naggregation:"):])


def run_command(granules, config, threads, *more):
    return [BUILD / "zagg", "run", "--config", WORK / config, "--granules", granules, "--store",
            WORK / "store-big", "--overwrite", "--max-workers", str(threads), "--json", "-q", *more]


def row(what, command, turns=5):
    """One line of the table, the best of some turns; its peak; what the run printed."""
    runs = [measure(command) for _ in range(turns)]
    result = result_of(runs[-1])
    read = result.get("total_obs_read")
    wall, cpu = (min(r[k] for r in runs) for k in ("wall_s", "cpu_s"))
    peak = max(r["peak_bytes"] for r in runs) / 1e6
    print(f"bench: {what}: {wall:.3f} s, {peak:.1f} MB", flush=True)
    read = "-" if read is None else f"{read:,}"
    return f"| {what} | {read} | {wall:.3f} | {cpu:.3f} | {peak:.1f} |", peak, result


def measure_granule(folder):
    rows = [row("plan", run_command(folder, "planned.yaml", 1, "--dry-run"))]
    rows.append(row("all shards, 2 threads", run_command(folder, "planned.yaml", 2), 1))
    shards = [r for r in rows[-1][2]["results"] if not r.get("error")]
    fullest = max(shards, key=lambda r: r["total_obs"])
    key = ["--morton-cell", str(fullest["shard_key"])]
    for threads in (1, 2):
        name = f"{threads} thread{'s' if threads > 1 else ''}"
        rows.append(row(f"one shard, {name}", run_command(folder, "planned.yaml", threads, *key)))
    rows.append(row("one shard, no read plan, 2 threads",
                    run_command(folder, "full.yaml", 2, *key), 1))
    lines = ["| | photons read | wall s | CPU s | peak MB |", "|---|---|---|---|---|",
             *(line for line, _, _ in rows), "",
             f"{len(shards)} shards; the fullest keeps {fullest['total_obs']:,} photons."]
    return lines, max(peak for _, peak, _ in rows)


def measure_index(path):
    lines = ["| chunk index of | chunks | best ms | median ms | worst ms | CPU ms (median) |",
             "|---|---|---|---|---|---|"]
    for name in DATASETS:
        done = subprocess.run([BUILD / "bench" / "h5_index", path, f"/gt1l/heights/{name}", "51"],
                              capture_output=True, text=True, check=True)
        lines.append(done.stdout.splitlines()[-1])
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photons", type=int, default=43_000_000, help="per beam")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    write_configs()
    today = datetime.date.today().isoformat()
    lines = ["# Granules of the largest size", "",
             f"Date: {today}. Machine: {machine()}. zagg {commit()}.", "",
             f"Command: `bench/big_granule.py {' '.join(sys.argv[1:])}`. Granules of zagg-synth in "
             "the page cache, `examples/demo.yaml` (shards of 13 km), best of 5 (peak memory: the "
             f"highest), whole process. Aim: peaks below {LIMIT_MB} MB, an index of 100,000 chunks "
             "in at most 20 ms."]
    worst = 0
    for title, beams, more in [
            ("v006, chunks of 10,000", 2, ["--layout", "v006"]),
            ("v007, chunks of 100,000, paged", 2, ["--layout", "v007"]),
            ("v006, 100,000 chunks a dataset", 1,
             ["--layout", "v006", "--chunk", max(1, options.photons // 100_000)])]:
        folder = WORK / "big-granule"
        shutil.rmtree(folder, ignore_errors=True)
        print(f"bench: making {title}", flush=True)
        run_quietly([BUILD / "zagg-synth", "--out", folder, "--granules", 1, "--beams", beams,
                     "--photons", options.photons, "--per-segment", 220, "--seed", 1, *more])
        path = next(pathlib.Path(folder).glob("*.h5"))
        lines += ["", f"## {title}: {beams} beam{'s' if beams > 1 else ''} of "
                  f"{options.photons:,} photons, {path.stat().st_size / 1e6:,.0f} MB", ""]
        table, peak = measure_granule(folder)
        worst = max(worst, peak)
        lines += table
        if beams == 1:
            lines += ["", *measure_index(path)]
        shutil.rmtree(folder)
        shutil.rmtree(WORK / "store-big", ignore_errors=True)
    text = "\n".join(lines) + "\n"
    print("\n" + text)
    if options.record:
        record("big_granule", text)
    if worst > LIMIT_MB:
        sys.exit(f"bench: a peak of {worst:.1f} MB")


if __name__ == "__main__":
    main()
