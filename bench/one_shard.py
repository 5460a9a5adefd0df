#!/usr/bin/env python3
"""One order-11 shard, from process start to the finished store: zagg beside upstream zagg.

    make bench                            measure and print
    make bench ARGS="--record"            also write bench/results/one_shard_DATE.md
    bench/one_shard.py --pairs 9 --photons 100000

Input: four granules of six beams (--photons each, seed 1) over the benchmark site, the shard
with the most granules of the scalar order-11 config. Granules and shard map are made once
and kept under build/bench. zagg and upstream run in turn, so that both see the same
machine; medians are reported. Wall time is from fork to exit, CPU time is user + system of
the process. Peak memory is ru_maxrss where that is above this script's own peak (which a
child inherits over exec), else VmHWM of /proc/PID/status, polled.
"""
import argparse
import datetime
import hashlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

from common import PEER, ROOT, WORK, commit, machine, record

SHARED = pathlib.Path(os.environ.get("ZAGG_SHARED", ROOT.parent / "shared"))


def peak_bytes(pid):
    """VmHWM of a process, or None when it is gone."""
    try:
        for line in open(f"/proc/{pid}/status", encoding="ascii"):
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def measure(command, env=None):
    """Wall and CPU seconds and peak resident bytes of one process."""
    with open(WORK / "last.log", "wb") as log:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=env)
        peak = 0
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                wall = time.perf_counter() - start
                break
            peak = max(peak, peak_bytes(child.pid) or 0)
            time.sleep(0.001)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, command))}: exit {child.returncode}\n"
                 + (WORK / "last.log").read_text(errors="replace")[-2000:])
    if usage.ru_maxrss * 1024 > (peak_bytes("self") or 0):
        peak = usage.ru_maxrss * 1024
    return {"wall_s": wall, "cpu_s": usage.ru_utime + usage.ru_stime, "peak_bytes": peak}


def run_quietly(command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, command))}: exit {done.returncode}\n{done.stderr}")


def make_input(options, upstream):
    """Folder with config.yaml, shard.json (one shard) and granules; made when not there."""
    kind = "archive" if upstream else "synth"
    key = f"{kind}-{options.granules}x{options.photons}-seed{options.seed}"
    folder = WORK / key
    if (folder / "shard.json").is_file():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "granules").mkdir(parents=True)
    print(f"bench: making the input in {folder.relative_to(ROOT)} (once)", flush=True)
    size = ["--granules", options.granules, "--photons", options.photons, "--seed", options.seed]
    if upstream:
        tool = SHARED / "tools" / "make_granules.py"
        run_quietly([PEER, tool, "--out", folder / "granules", *size])
        config = SHARED / "data" / "benchmark" / "configs" / "atl03_scalar_healpix_o11.yaml"
        text = config.read_text().replace("\noutput:\n", "\noutput:\n  store_layout: flat\n")
        (folder / "config.yaml").write_text(text)
        granules = sorted((folder / "granules").glob("*.h5"))
        run_quietly([PEER, SHARED / "tools" / "make_shardmap.py", folder / "config.yaml",
                     folder / "map.json", *granules])
        keep_busiest_shard(folder)
    else:
        run_quietly([ROOT / "build/release/zagg-synth", "--out", folder / "granules", *size])
        shutil.copy(ROOT / "examples" / "demo.yaml", folder / "config.yaml")
        (folder / "shard.json").write_text("null")  # zagg makes the map from the granules
    return folder


def keep_busiest_shard(folder):
    """shard.json: the shard map cut down to the (first) shard with the most granules."""
    shards = json.loads((folder / "map.json").read_text())
    counts = [len(g) for g in shards["granules"]]
    best = counts.index(max(counts))
    for name in ("shard_keys", "granules"):
        shards[name] = [shards[name][best]]
    (folder / "shard.json").write_text(json.dumps(shards))


def zagg_command(folder, store, threads):
    command = [ROOT / "build/release/zagg", "run", "--config", folder / "config.yaml",
               "--store", store, "--overwrite", "--max-workers", str(threads), "--quiet"]
    if (folder / "shard.json").read_text() == "null":
        return [*command, "--granules", folder / "granules"]
    return [*command, "--catalog", folder / "shard.json"]


def upstream_command(folder, store):
    return [PEER, SHARED / "tools" / "run_local.py", "--config", folder / "config.yaml",
            "--catalog", folder / "shard.json", "--store", store, "--overwrite",
            "--max-workers", "1"]


def digest(store):
    """One hash over all files but upstream's record of the run."""
    total = hashlib.sha256()
    for path in sorted(p for p in store.rglob("*") if p.is_file() and p.suffix != ".parquet"):
        total.update(f"{path.relative_to(store)}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def median(runs, key):
    return statistics.median(r[key] for r in runs)


def report_lines(rows):
    """Markdown table: one row per program, ratios to the last (upstream)."""
    lines = ["| program | wall ms (median) | min-max | CPU ms | peak MB |",
             "|---|---|---|---|---|"]
    for name, runs in rows:
        walls = [1e3 * r["wall_s"] for r in runs]
        lines.append(f"| {name} | {statistics.median(walls):.1f} | {min(walls):.1f}-{max(walls):.1f}"
                     f" | {1e3 * median(runs, 'cpu_s'):.1f}"
                     f" | {median(runs, 'peak_bytes') / 1e6:.1f} |")
    return lines


def ratio_lines(rows):
    if not rows[-1][0].startswith("upstream"):
        return []
    peer, lines = rows[-1][1], [""]
    for name, runs in rows[:-1]:
        parts = [f"{median(peer, k) / median(runs, k):.1f}x less {label}"
                 for k, label in (("wall_s", "wall time"), ("cpu_s", "CPU"),
                                  ("peak_bytes", "peak memory"))]
        lines.append(f"{name}: {', '.join(parts)} than upstream.")
    return lines


def versions(upstream):
    text = f"zagg {commit()}"
    if upstream:
        out = subprocess.run([PEER, "-c", "from importlib.metadata import version as v;"
                              "print(v('zagg'), v('numpy'), v('h5coro'))"],
                             capture_output=True, text=True, check=True).stdout.split()
        text += f"; upstream zagg {out[0]} (numpy {out[1]}, h5coro {out[2]})"
    return text


def measure_all(options, folder, upstream):
    stores = {"zagg": WORK / "store-zagg", "upstream": WORK / "store-upstream"}
    cores = os.cpu_count() or 1
    programs = [("zagg, 1 thread", zagg_command(folder, stores["zagg"], 1))]
    if cores > 1:
        programs.append((f"zagg, {cores} threads", zagg_command(folder, stores["zagg"], cores)))
    if upstream:
        programs.append(("upstream zagg", upstream_command(folder, stores["upstream"])))
    rows = [(name, []) for name, _ in programs]
    for turn in range(options.pairs + 1):
        for (name, command), (_, runs) in zip(programs, rows):
            result = measure(command)
            if turn:  # the first turn fills the page cache and is not counted
                runs.append(result)
        print(f"bench: {'warm-up' if turn == 0 else f'pair {turn} of {options.pairs}'}", flush=True)
    same = digest(stores["zagg"]) == digest(stores["upstream"]) if upstream else None
    return rows, same


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--granules", type=int, default=4)
    parser.add_argument("--photons", type=int, default=400_000, help="per beam")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    upstream = PEER.is_file() and (SHARED / "tools").is_dir()
    if not upstream:
        print(f"bench: {PEER if not PEER.is_file() else SHARED} is not there: upstream is "
              "skipped, and zagg alone maps granules of zagg-synth")
    folder = make_input(options, upstream)
    rows, same = measure_all(options, folder, upstream)
    today = datetime.date.today().isoformat()
    lines = ["# One order-11 shard, process start to store" if upstream
             else "# All shards of synthetic granules, process start to store", "",
             f"Date: {today}. Machine: {machine()}. {versions(upstream)}.", "",
             f"Command: `bench/one_shard.py {' '.join(sys.argv[1:])}`. Input: {options.granules} granules, "
             f"six beams of {options.photons:,} photons, seed {options.seed}; warm page cache; "
             f"medians of {options.pairs} interleaved runs.", "",
             *report_lines(rows), *ratio_lines(rows)]
    if same is not None:
        lines += ["", "Stores: " + ("equal, file for file." if same else "DIFFERENT.")]
    text = "\n".join(lines) + "\n"
    print("\n" + text)
    if options.record:
        record("one_shard", text)
    if same is False:
        sys.exit("bench: the two stores differ, so the figures compare nothing")


if __name__ == "__main__":
    main()
