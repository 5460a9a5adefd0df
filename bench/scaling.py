#!/usr/bin/env python3
"""How time and memory grow: with photons, shards, granules and threads.

    make bench-full                       all curves (half an hour, 4 GB below build/bench)
    make bench-full ARGS=--record         also bench/results/scaling_DATE.md and scaling_*.svg
    bench/scaling.py --quick              a smoke run on tiny input; its figures mean nothing
    bench/scaling.py --only photons,threads

photons: 10^5 to 10^8 on the same tracks, one shard. shards: 9.6 million photons and cells of order 13 in
shards of order 4 to 12, of one chunk each. granules: 2.4 million photons in 1 to 64 granules. threads: 9.6 million photons,
order 8. memory: 10^8 photons with a budget and without, which must give the same bytes. Granules of
zagg-synth, each set removed after its last use; the scalar config of runs.py; upstream 0.61 up to
--upstream-photons. Medians of --rounds runs, one where there are over 20 million photons.
"""
import argparse
import json
import math
import os
import shutil
import sys

import svg
from common import (MB, PEER, RESULTS, WORK, ZAGG, digest, granules_of, heading, in_turn, measure,
                    median, phases, record, remove_store, result_of, run_quietly, say,
                    scalar_config, shard_map, synth, table, upstream_here, upstream_run, versions,
                    zagg_run)

BEAMS = 6
SITE = {"lat": 38.807, "lon": -78.75}  # the middle of a cell of order 4
SEGMENTS = 13_333                      # of 20 m: tracks of 267 km
PHASES = ("read", "index", "aggregate", "write")
BUDGET, BUDGET_PEAK_MB = "256M", 300
BYTES_A_PHOTON = 40  # of disk, generously: a granule, and the two stores of the memory series


def granules(total, n=4):
    """n granules that hold `total` photons in all on the same tracks."""
    photons = max(1, round(total / (n * BEAMS)))
    if shutil.disk_usage(WORK).free < BYTES_A_PHOTON * total + 2e9:
        sys.exit(f"bench: too little room below {WORK} for {total:,} photons")
    return synth("scaling", granules=n, photons=photons, seed=1,
                 per_segment=max(1, round(photons / SEGMENTS)), **SITE)


def config_of(folder, orders):
    path = folder / f"order{orders[0]}-{orders[2]}.yaml"
    path.write_text(scalar_config(orders))
    return path


def rounds_for(total, options):
    return 1 if total > 20_000_000 else options.rounds


def point(folder, orders, threads, rounds):
    """Median figures of one run of zagg."""
    store = folder / "store"
    command = zagg_run(config_of(folder, orders), folder / "granules", store, threads, "--json")
    (_, runs), = in_turn([("zagg", command, rounds)], rounds)
    results = [result_of(r) for r in runs]
    middle = sorted(range(len(runs)), key=lambda i: runs[i]["cpu_s"])[len(runs) // 2]
    found = {"cpu_s": median(runs, "cpu_s"), "wall_s": median(runs, "wall_s"),
             "peak_mb": median(runs, "peak_bytes") / MB, "shards": results[0]["cells_with_data"],
             "rows": results[0]["total_obs"], **phases(results[middle])}
    remove_store(store)
    return found


def upstream_point(folder, orders, rounds):
    config = config_of(folder, orders)
    source = shard_map(config, granules_of(folder), folder / f"order{orders[0]}.json")
    store = folder / "store-upstream"
    (_, runs), = in_turn([("upstream", upstream_run(PEER, config, source, store), rounds)], rounds)
    remove_store(store)
    return {"cpu_s": median(runs, "cpu_s"), "wall_s": median(runs, "wall_s"),
            "peak_mb": median(runs, "peak_bytes") / MB}


def drop(folder):
    shutil.rmtree(folder, ignore_errors=True)


# ---- series: [(x, {program: figures})] ----

def by_photons(options):
    sizes = [3_000, 6_000] if options.quick else [
        100_000, 1_000_000, 2_000_000, 10_000_000, 20_000_000, 100_000_000]
    out = []
    for total in (size for size in sizes if size <= options.most_photons):
        say(f"{total:,} photons")
        folder = granules(total)
        found = {"zagg": point(folder, (4, 6, 12), 1, rounds_for(total, options))}
        if upstream_here() and not options.no_peers and total <= options.upstream_photons:
            found["upstream 0.61"] = upstream_point(folder, (4, 6, 12), 1)
        out.append((total, found))
        drop(folder)
    return out


def by_shards(options):
    folder = granules(6_000 if options.quick else 9_600_000)
    orders = (4, 9) if options.quick else range(4, 13)
    out = []
    for parent in orders:
        found = point(folder, (parent, parent, 13), 1, options.rounds)
        if not out or found["shards"] > out[-1][0]:
            out.append((found["shards"], {"zagg": found}))
    drop(folder)
    return out


def by_granules(options):
    out = []
    for n in (1, 2) if options.quick else (1, 2, 4, 8, 16, 32, 64):
        folder = granules(6_000 if options.quick else 2_400_000, n)
        out.append((n, {"zagg": point(folder, (8, 11, 16), 1, options.rounds)}))
        drop(folder)
    return out


def by_threads(options):
    folder = granules(6_000 if options.quick else 9_600_000)
    most = os.cpu_count() or 1
    counts = sorted({1, most, *(2**i for i in range(1, 10) if 2**i < most)})
    out = [(n, {"zagg": point(folder, (8, 11, 16), n, options.rounds)}) for n in counts]
    drop(folder)
    return out


SERIES = {
    "photons": ("photons", by_photons),
    "shards": ("shards", by_shards),
    "granules": ("granules", by_granules),
    "threads": ("threads", by_threads),
}


def claim(text, value, limit, more=False):
    met = value >= limit if more else value <= limit
    return f"{text}: {value:.3f} (aim: {'at least' if more else 'at most'} {limit:g}): " \
           f"{'met' if met else '**missed**'}."


def work_s(figures):
    return sum(figures.get(name, 0.0) for name in ("read", "index", "aggregate"))


def claims(name, points):
    """What the issue asks of a curve, at each step or over all of it."""
    ours = [(x, f["zagg"]) for x, f in points]
    pairs = list(zip(ours, ours[1:]))
    lines = []
    if name == "photons":
        lines = [claim(f"CPU of {b:,} photons over that of {a:,}", g["cpu_s"] / f["cpu_s"], 2.1)
                 for (a, f), (b, g) in pairs if b == 2 * a]
    elif name == "shards":
        for (a, f), (b, g) in pairs:
            steps = math.log2(b / a)
            lines.append(claim(f"Read + index + aggregate, a doubling from {a} to {b} shards",
                               (work_s(g) / work_s(f))**(1 / steps), 1.05))
    elif name == "threads":
        lines = [claim(f"Wall time of 1 thread over that of {n}", ours[0][1]["wall_s"] / f["wall_s"],
                       1.7, True) for n, f in ours[1:2]]
    return lines


def section(name, points, options):
    """Table, claims and charts of one series."""
    label, _ = SERIES[name]
    rows = []
    for x, programs in points:
        for program, f in programs.items():
            rows.append((program, f"{x:,}", f"{f['cpu_s']:.3f}", f"{f['wall_s']:.3f}",
                         f"{f['peak_mb']:.1f}", *(f"{f[p]:.3f}" if p in f else "-" for p in PHASES),
                         f.get("shards", "-"), f"{f['rows']:,}" if "rows" in f else "-"))
    lines = [f"## {label[0].upper()}{label[1:]}", "",
             *table(["program", label, "CPU s", "wall s", "peak MB", *(f"{p} s" for p in PHASES),
                     "shards", "rows"], rows), "", *claims(name, points)]
    names = sorted({program for _, programs in points for program in programs}, reverse=True)
    time = ("wall_s", "wall time, s", "wall") if name == "threads" else ("cpu_s", "CPU time, s", "cpu")
    for key, what, short in (time, ("peak_mb", "peak memory, MB", "memory")):
        series = {program: [(x, f[program][key]) for x, f in points if program in f]
                  for program in names}
        file = f"scaling_{name}_{short}.svg"
        title = f"{what[0].upper()}{what.split(',')[0][1:]} over {label}"
        (options.out / file).write_text(svg.chart(title, (label, what), series))
        lines += ["", f"![{title}]({file})"]
    return lines


def memory_budget(options):
    """10^8 photons in one run with a budget, beside the run without."""
    if "--memory" not in run_quietly([ZAGG, "run", "--help"]):
        say("this zagg has no --memory: the run with a budget is left out")
        return ["## A memory budget", "", "Not measured: this zagg has no --memory."]
    total = min(6_000 if options.quick else 100_000_000, options.most_photons)
    folder = granules(total)
    rows, hashes = [], []
    for name, more in (("no budget", []), (f"--memory {BUDGET}", ["--memory", BUDGET])):
        store = folder / "store"
        run = measure(zagg_run(config_of(folder, (8, 11, 16)), folder / "granules", store,
                               os.cpu_count(), "--json", *more))
        hashes.append(digest(store))
        remove_store(store)
        rows.append((name, f"{run['cpu_s']:.2f}", f"{run['wall_s']:.2f}",
                     f"{run['peak_bytes'] / MB:.1f}"))
    drop(folder)
    if len(set(hashes)) != 1:
        sys.exit("bench: the run with a memory budget wrote another store")
    return ["## A memory budget", "", f"{total:,} photons, shards of order 8, {os.cpu_count()} threads; "
            "equal stores, file for file.", "", *table(["run", "CPU s", "wall s", "peak MB"], rows), "",
            claim("Peak with the budget, MB", run["peak_bytes"] / MB, BUDGET_PEAK_MB)]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join([*SERIES, "memory"]))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--most-photons", type=int, default=100_000_000)
    parser.add_argument("--upstream-photons", type=int, default=2_000_000)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.record = 1, False
    WORK.mkdir(parents=True, exist_ok=True)
    options.out = RESULTS if options.record else WORK
    picked = options.only.split(",")
    if set(picked) - {*SERIES, "memory"}:
        parser.error(f"series are {', '.join([*SERIES, 'memory'])}")
    lines, kept = [], {}
    for name in picked:
        if name == "memory":
            lines += ["", *memory_budget(options)]
            continue
        say(f"series over {name}")
        kept[name] = SERIES[name][1](options)
        lines += ["", *section(name, kept[name], options)]
    (WORK / "scaling.json").write_text(json.dumps(kept, indent=1))
    head = heading("How time and memory grow", versions(upstream_here() and not options.no_peers))
    text = "\n".join([*head, f"Medians of {options.rounds} runs. Seconds of phases are "
                      "wall time, added up over shards.", *lines]) + "\n"
    print(text)
    if options.record:
        record("scaling", text)
    else:
        print(f"bench: charts are in {options.out}")


if __name__ == "__main__":
    main()
