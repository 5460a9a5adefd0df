#!/usr/bin/env python3
"""The figures that zagg is to reach, measured in one run, each beside its peers on the same input.

    make bench                              measure and print (about 15 minutes with all peers)
    make bench ARGS=--record                also write bench/results/figures_DATE.md
    bench/figures.py --only shards,h5_read  some of them
    bench/figures.py --quick --no-peers     a smoke run on tiny input; its figures mean nothing

Sections: photons, one_shard, shards (runs.py), aggregate (aggregate.py), points (points.py, where it is
there), h5_read (h5_read.py). What a peer needs and is not there is said, and zagg is measured alone.
"""
import argparse
import subprocess
import sys
import types

import h5_read
import runs
from common import (ENGINES, PEER, PEER_0_11, ROOT, WORK, heading, record, say, table,
                    upstream_0_11_here, upstream_here, versions, versions_in)

POINTS = ROOT / "bench" / "points.py"


def whole_runs(job, options):
    quick = options.quick
    return runs.run(job, types.SimpleNamespace(
        rounds=1 if quick else options.rounds, peer_rounds=1 if quick else 0, granules=4,
        photons=2_000 if quick else 0, slow_peers=options.slow_peers, keep=not quick,
        no_peers=options.no_peers))


def h5_columns(options):
    """The file that the aim speaks of: version 6, chunks of 10,000, all shuffled."""
    peers = PEER.is_file() and not options.no_peers
    photons = 20_000 if options.quick else 3_000_000
    path = h5_read.make_granule("v006", "all", photons)
    how = types.SimpleNamespace(turns=1 if options.quick else 5, rounds=2 if options.quick else 5,
                                realtime=False)
    results = h5_read.measure_file(path, how, peers)
    title = f"HDF5 beam of {photons:,} photons, five columns, 1 thread, first read of a process"
    wall = {name: h5_read.best(got, "wall_s", False) for name, got in results.items()}
    figure = {"work": title, "what": "wall s", "aim": 0.10, "value": wall["zagg, 1 thread"],
              "peers": {n: s for n, s in wall.items() if not n.startswith("zagg")}}
    return [f"## {title}", "", *h5_read.report(results)], [figure]


def aggregation(options):
    """Needs numpy for its input, and upstream for what results should be."""
    if options.no_peers or not ENGINES.is_dir() or not PEER.is_file():
        return ["## Aggregation", "", "Not measured: it needs its peers (scripts/deps bench)."], []
    import aggregate
    aggregate.make_input()
    tasks = ["scalar", "tdigest"]
    engines = aggregate.pick_engines(tasks, "all")
    checked = aggregate.check(tasks, engines)
    how = types.SimpleNamespace(rounds=1 if options.quick else 9,
                                upstream_rounds=1 if options.quick else 3)
    measured = aggregate.measure(tasks, engines, how)
    lines, figures = [], []
    for task in tasks:
        title, aim, _ = aggregate.TASKS[task]
        lines += aggregate.report(task, measured[task], checked[task])
        cpu = {name: aggregate.best(got) for name, got in measured[task].items()}
        figures.append({"work": f"{title}, 2 M rows in 65,536 cells", "what": "CPU s", "aim": aim,
                        "value": cpu["zagg"], "peers": {n: s for n, s in cpu.items()
                                                        if not n.startswith("zagg")}})
    return lines, figures


def rates_of(text):
    """{kind of points: {program: Mpoint/s}} of the table of points.py."""
    found = {}
    for line in text.splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        try:
            found.setdefault(cells[0], {})[cells[1]] = float(cells[2])
        except (IndexError, ValueError):
            continue
    return found


def points(options):
    if not POINTS.is_file():
        return ["## Points to cells", "", "Not measured: bench/points.py is not there."], []
    done = subprocess.run([sys.executable, POINTS], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return ["## Points to cells", "", f"Not measured: {done.stderr.strip()[-300:]}"], []
    figures = []
    for kind, rates in rates_of(done.stdout).items():
        ours = {n: r for n, r in rates.items() if n.startswith("zagg")}
        best = max(ours, key=ours.get)
        figures.append({"work": f"lat/lon to order-19 word, authalic, {kind}, 1 thread ({best})",
                        "what": "Mpoint/s", "aim": 25, "value": ours[best], "more": True,
                        "peers": {n: r for n, r in rates.items() if n not in ours}})
    return ["## Points to cells", "", done.stdout.rstrip()], figures


SECTIONS = {
    "one_shard": lambda o: whole_runs("one_shard", o),
    "photons": lambda o: whole_runs("photons", o),
    "shards": lambda o: whole_runs("shards", o),
    "aggregate": aggregation,
    "points": points,
    "h5_read": h5_columns,
}


def summary(figures):
    """The table of aims: a row for each figure."""
    rows = []
    for f in figures:
        more = f.get("more", False)
        met = f["value"] >= f["aim"] if more else f["value"] <= f["aim"]
        peers = sorted(f["peers"].items(), key=lambda item: item[1], reverse=more)
        text = "; ".join(f"{name} {value:.3g} ({f['value'] / value if more else value / f['value']:.1f}x)"
                         for name, value in peers)
        rows.append((f["work"], f["what"], f"{'>=' if more else '<='} {f['aim']:g}",
                     f"{f['value']:.3g}", "met" if met else "**missed**", text or "not run"))
    return table(("work", "figure", "aim", "measured", "", "peers (how many times zagg is ahead)"), rows)


def ran(options):
    text = versions(upstream_here() and not options.no_peers)
    if options.no_peers:
        return text
    if ENGINES.is_dir() and PEER.is_file():
        text += "; " + versions_in(PEER, ["h5py", "mortie", "healpix-geo", "polars", "duckdb"])
    if upstream_0_11_here():
        text += "; upstream 0.11: " + versions_in(PEER_0_11, ["zagg", "numpy", "zarr", "mortie"])
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, separated by commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--slow-peers", action="store_true", help="upstream also where it takes minutes")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    picked = options.only.split(",")
    if set(picked) - set(SECTIONS):
        parser.error(f"sections are {', '.join(SECTIONS)}")
    if not options.no_peers:
        for name, here in (("upstream 0.61", upstream_here()), ("upstream 0.11", upstream_0_11_here()),
                           ("polars and DuckDB", ENGINES.is_dir())):
            if not here:
                say(f"{name} cannot run here and is left out")
    lines, figures = [], []
    for name in picked:
        say(name)
        more, found = SECTIONS[name](options)
        lines += [*more, ""]
        figures += found
    head = heading("Figures to reach", ran(options))
    if options.quick:
        head += ["", "**A smoke run on tiny input: no figure means anything.**"]
    text = "\n".join([*head, f"Medians of {options.rounds} interleaved runs where nothing else is said.",
                      "", *summary(figures), "", *lines]).rstrip() + "\n"
    print(text)
    if options.record and not options.quick:
        record("figures", text)


if __name__ == "__main__":
    main()
