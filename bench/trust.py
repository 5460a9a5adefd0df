#!/usr/bin/env python3
"""What records, hashes and durability cost: a run by an earlier zagg beside one by this build.

Usage: bench/trust.py --before PROGRAM --config FILE --granules DIR [--rounds 9]

The store lies in the folder of the command, so that its file system is the one measured. Shards: the
one with most rows, and the 22 with most. In turn on the same machine and input; medians. Last, the run
again, which leaves all shards out.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
AFTER = ROOT / "build/release/zagg"
MAP, STORE = pathlib.Path("trust-map.json"), pathlib.Path("trust-store")


def remove_store():
    for path in (STORE, pathlib.Path(f"{STORE}.status")):
        shutil.rmtree(path, ignore_errors=True)


def run(program, config, threads, *more):
    start = time.perf_counter()
    done = subprocess.run([str(program), "run", "-q", "--config", config, "--store", str(STORE),
                           "--max-workers", str(threads), *more],
                          capture_output=True, text=True, check=False)
    wall = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"bench: {done.stderr}")
    return 1e3 * wall, done.stdout


def shards_by_rows(options):
    remove_store()
    _, out = run(AFTER, options.config, 2, "--granules", options.granules, "--json")
    found = sorted(json.loads(out)["results"], key=lambda r: -r["total_obs"])
    return [r["shard_key"] for r in found]


def write_map(keys, granules):
    records = [{"id": p.name, "s3": str(p.resolve())} for p in sorted(pathlib.Path(granules).glob("*.h5"))]
    MAP.write_text(json.dumps({"shard_keys": keys, "granules": [records] * len(keys),
                               "grid_signature": None, "metadata": {"latitude": "authalic-wgs84"}}))


def measure(options, keys, threads):
    write_map(keys, options.granules)
    walls = {"before": [], "after": [], "again": []}
    for _ in range(options.rounds):
        for name, program in (("before", options.before), ("after", AFTER)):
            remove_store()
            walls[name].append(run(program, options.config, threads, "--catalog", str(MAP))[0])
        walls["again"].append(run(AFTER, options.config, threads, "--catalog", str(MAP))[0])
    files = sum(len(names) for _, _, names in os.walk(STORE))
    cells = " | ".join(f"{statistics.median(w):.0f} ({min(w):.0f}-{max(w):.0f})" for w in walls.values())
    return f"| {len(keys)} | {files} | {threads} | {cells} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("before", "config", "granules"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    keys = shards_by_rows(options)
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} CPUs\n")
    print("| shards | files | threads | before, ms | with records, ms | run again, ms |")
    print("|---|---|---|---|---|---|")
    for some in (keys[:1], keys[:22]):
        for threads in (1, 2):
            print(measure(options, some, threads), flush=True)
    remove_store()
    MAP.unlink()


if __name__ == "__main__":
    main()
