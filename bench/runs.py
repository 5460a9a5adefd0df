#!/usr/bin/env python3
"""Whole runs of the command line, from process start to the finished store: zagg beside upstream.

    scripts/bench one_shard        one order-11 shard of 2.4 million photons a granule
    scripts/bench shards           all of 59 order-11 shards, 1.07 million rows
    scripts/bench photons          9.6 million photons: one shard of order 4, and 500 of order 11
    bench/runs.py JOB --rounds 9 --photons 100000 --record

Input: four granules of six beams of zagg-synth (--photons each), made once and kept under build/bench,
the benchmark's scalar config with a flat store (count, min, max, variance), upstream's shard map.
Programs run in turn; medians are reported. zagg and upstream 0.61 must write the same bytes, upstream
0.11, whose stores differ in their metadata, keep as many rows. Without the peers (scripts/deps peer,
scripts/deps peer-0.11) or the shared material zagg is measured alone and makes its own shard map.
"""
import json
import os
import shutil
import sys

from common import (MB, PEER, PEER_0_11, WORK, arguments, digest, granules_of, heading, in_turn,
                    measure, median, ratio_lines, record, remove_store, report_lines, result_of,
                    run_quietly, scalar_config, shard_map, synth, upstream_0_11_here, upstream_here,
                    upstream_run, versions, versions_in, zagg_run)

SITE = {"lat": 38.89, "lon": -76.56}
# The middle of a cell of order 4, which holds tracks of 267 km whole.
ORDER_4_SITE = {"lat": 38.807, "lon": -78.75}
ORDER_11, ORDER_4 = (11, 13, 19), (4, 6, 12)

# Photons a beam, rounds of upstream, site (and photons a segment), then its cases: title, orders, busiest shard only, aims (wall s, CPU s, MB),
# whether upstream runs unless asked not to.
JOBS = {
    "one_shard": (400_000, 5, SITE, [
        ("one order-11 shard, process start to store", ORDER_11, True, (0.060, None, 25), True)]),
    "shards": (45_000, 1, {**SITE, "per_segment": 23}, [
        ("all order-11 shards, end to end, 1 worker", ORDER_11, False, (0.6, None, None), True)]),
    "photons": (400_000, 3, ORDER_4_SITE, [
        ("9.5 M photons, one shard of order 4, cells of order 12", ORDER_4, False,
         (None, 0.9, 60), True),
        ("9.5 M photons, all shards of order 11, cells of order 19", ORDER_11, False,
         (None, None, None), False)]),
}


def keep_busiest(whole, path):
    """A map cut down to the (first) shard with the most granules."""
    shards = json.loads(whole.read_text())
    counts = [len(g) for g in shards["granules"]]
    best = counts.index(max(counts))
    for name in ("shard_keys", "granules"):
        shards[name] = [shards[name][best]]
    path.write_text(json.dumps(shards))
    return path


def own_busiest(config, folder, path):
    """The same without upstream: the shard with the most granules as zagg tells them."""
    store = folder / "store-map"
    out = run_quietly(zagg_run(config, folder / "granules", store, os.cpu_count(), "--json"))
    remove_store(store)
    best = max(json.loads(out)["results"], key=lambda r: (r["granule_count"], -r["shard_key"]))
    records = [{"id": p.name, "s3": str(p)} for p in granules_of(folder)]
    path.write_text(json.dumps({"shard_keys": [best["shard_key"]], "granules": [records],
                                "grid_signature": None, "metadata": {"latitude": "authalic-wgs84"}}))
    return path


def source_of(folder, orders, busiest, upstream):
    """Config, and the shard map or the folder of granules."""
    config = folder / f"order{orders[0]}.yaml"
    config.write_text(scalar_config(orders))
    kind = "" if upstream else "-own"
    one = folder / f"order{orders[0]}-one{kind}.json"
    if not upstream:
        return config, own_busiest(config, folder, one) if busiest else folder / "granules"
    whole = shard_map(config, granules_of(folder), folder / f"order{orders[0]}.json")
    return config, keep_busiest(whole, one) if busiest else whole


def programs_of(config, source, folder, options, peers):
    """[(name, command, most rounds)] and the store of each."""
    stores = {}

    def store(name):
        stores[name] = folder / f"store-{name.replace(' ', '-').replace(',', '')}"
        return stores[name]

    listed = [("zagg, 1 thread", zagg_run(config, source, store("zagg, 1 thread"), 1, "--json"),
               options.rounds)]
    if (os.cpu_count() or 1) > 1:
        listed.append(("zagg, 2 threads",
                       zagg_run(config, source, store("zagg, 2 threads"), 2, "--json"),
                       options.rounds))
    for name, python, here in peers:
        if here:
            listed.append((name, upstream_run(python, config, source, store(name)),
                           options.peer_rounds))
    return listed, stores


def kept_text(runs):
    """Rows that zagg kept, and its shards."""
    result = result_of(runs[0])
    return (f"{result['total_obs']:,} rows kept in {result['cells_with_data']} "
            f"shard{'s' if result['cells_with_data'] != 1 else ''}"), result["total_obs"]


def check(rows, stores, kept):
    """What the stores have in common; ends the script where they differ."""
    first = digest(stores["zagg, 1 thread"])
    if "zagg, 2 threads" in stores and digest(stores["zagg, 2 threads"]) != first:
        sys.exit("bench: two threads wrote another store than one")
    lines = []
    for name, runs in rows:
        if name.startswith("upstream 0.61"):
            if digest(stores[name]) != first:
                sys.exit("bench: the two stores differ, so the figures compare nothing")
            lines.append("Stores of zagg and upstream 0.61: equal, file for file.")
        elif name.startswith("upstream") and f"{kept:,} obs" not in runs[0]["text"]:
            sys.exit(f"bench: {name} kept other rows than zagg:\n{runs[0]['text'][-300:]}")
    return lines


def figures_of(title, rows, aims):
    """One line of the summary for each aim: see figures.py."""
    ours = rows[0][1]
    out = []
    for key, unit, scale, aim in (("wall_s", "wall s", 1, aims[0]), ("cpu_s", "CPU s", 1, aims[1]),
                                  ("peak_bytes", "peak MB", MB, aims[2])):
        if aim is not None:
            out.append({"work": title, "what": unit, "aim": aim, "value": median(ours, key) / scale,
                        "peers": {name: median(runs, key) / scale for name, runs in rows
                                  if name.startswith("upstream")}})
    return out


def two_threads(rows):
    """How much two threads gain; [] without them."""
    both = dict(rows)
    if "zagg, 2 threads" not in both:
        return []
    gain = median(both["zagg, 1 thread"], "wall_s") / median(both["zagg, 2 threads"], "wall_s")
    return [f"Two threads: {gain:.2f}x less wall time than one."]


def run_case(job, case, options):
    """Lines of one table, and its figures."""
    title, orders, busiest, aims, slow_ok = case
    site = JOBS[job][2]
    upstream = upstream_here() and not options.no_peers
    folder = synth("runs", photons=options.photons, granules=options.granules, seed=1, **site)
    config, source = source_of(folder, orders, busiest, upstream)
    with_upstream = upstream and (slow_ok or options.slow_peers)
    peers = [("upstream 0.61", PEER, with_upstream),
             ("upstream 0.11", PEER_0_11, with_upstream and upstream_0_11_here())]
    listed, stores = programs_of(config, source, folder, options, peers)
    rows = in_turn(listed, options.rounds)
    kept, count = kept_text(rows[0][1])
    checked = check(rows, stores, count)
    for path in stores.values():
        remove_store(path)
    lines = [f"## {title[0].upper()}{title[1:]}", "",
             f"{options.granules} granules, six beams of {options.photons:,} photons, seed 1; {kept}; "
             "warm page cache.", "", *report_lines(rows), *ratio_lines(rows), "",
             *two_threads(rows), *checked]
    if upstream and not with_upstream:
        lines.append("Upstream takes minutes for these shards, and was not run (--slow-peers runs it).")
    return lines, figures_of(f"{title} ({kept})", rows, aims)


def run(job, options):
    """Lines and figures of all tables of a job."""
    WORK.mkdir(parents=True, exist_ok=True)
    photons, peer_rounds, site, cases = JOBS[job]
    options.photons = options.photons or photons
    options.peer_rounds = options.peer_rounds or peer_rounds
    lines, figures = [], []
    for case in cases:
        more, found = run_case(job, case, options)
        lines += [*more, ""]
        figures += found
    if not options.keep:
        shutil.rmtree(synth("runs", photons=options.photons, granules=options.granules, seed=1,
                            **site))
    return lines, figures


def add_options(parser):
    parser.add_argument("--slow-peers", action="store_true",
                        help="upstream also where it takes minutes")
    parser.add_argument("--keep", action="store_true", help="the granules, for the next time")
    parser.add_argument("--no-peers", action="store_true", help="zagg alone")


def main():
    parser = arguments(__doc__, rounds=5, peer_rounds=0, granules=4, photons=0)
    parser.add_argument("job", choices=JOBS)
    add_options(parser)
    options = parser.parse_args()
    upstream = upstream_here() and not options.no_peers
    ran = versions(upstream)
    if upstream and upstream_0_11_here():
        ran += f"; upstream 0.11: {versions_in(PEER_0_11, ['zagg', 'numpy', 'zarr', 'mortie'])}"
    lines, _ = run(options.job, options)
    text = "\n".join([*heading(f"zagg run: {options.job}", ran),
                      f"Medians of {options.rounds} interleaved runs (upstream: "
                      f"{options.peer_rounds}).", "", *lines]).rstrip() + "\n"
    print(text)
    if options.record:
        record(options.job, text)


if __name__ == "__main__":
    main()
