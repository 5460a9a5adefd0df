#!/usr/bin/env python3
"""Granules behind a network: what is asked of the server, and what waiting for it costs, beside upstream.

    scripts/bench remote            measure and print (20 minutes, 3 GB below build/bench)
    scripts/bench remote --no-big   without the granules of 1 GB (5 minutes)
    scripts/bench remote --record   also write bench/results/remote_DATE.md

Granules of zagg-synth lie in a bucket of tests/net/s3_server.py, which counts; one order-11 shard of the
benchmark's scalar config is made of them, the one with the most granules and points.

Requests: of one granule, small and big, in the layouts of the archive's versions 6 and 7, for one shard
and for several in one run. Which chunks the shard needs is found with h5py and upstream's read plan. Upstream
runs with both of its index backends, "inline" (its default) and "hierarchical"; what each of its requests is
for is noted in its reader.
Latency: 8 granules through tests/net/fault_proxy.py, which waits before each answer and sends no faster
than so many bytes a second over each connection. Then the read cache, and `zagg fetch`.
"""
import json
import os
import shutil
import subprocess
import sys
import urllib.request

from common import (MB, PEER, ROOT, WORK, ZAGG, arguments, digest, granules_of, heading, measure,
                    median, record, remove_store, result_of, run_quietly, say, scalar_config, synth,
                    table, upstream_here, versions, zagg_run)

SERVERS = ROOT / "tests" / "net"
HELPER = ROOT / "bench" / "remote_peer.py"
BUCKET = "granules"
AIM_REQUESTS, AIM_BYTES, AIM_SECONDS = 1 / 3, 1.2, 2.0
HEAD = 1 << 20  # of a granule zagg reads so much at once: chunks that reach beyond it begin there


# ---- the servers ----

class Server:
    """One of tests/net, until `stop`."""

    def __init__(self, name, *options):
        self.process = subprocess.Popen(["python3", SERVERS / f"{name}.py", *map(str, options)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ready = self.process.stdout.readline().split()
        if len(ready) < 2:
            sys.exit(f"bench: {name} does not start")
        self.url = f"http://127.0.0.1:{ready[1]}"
        self.port = ready[1]

    def stats(self):
        with urllib.request.urlopen(f"{self.url}/_stats") as answer:
            return json.load(answer)

    def reset(self):
        urllib.request.urlopen(f"{self.url}/_reset", data=b"").close()

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def bucket_server(folder):
    return Server("s3_server", "--root", folder, "--key", "AKBENCH", "bench-secret")


def environment(url, **more):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    return {**kept, "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "AKBENCH",
            "AWS_SECRET_ACCESS_KEY": "bench-secret", "AWS_REGION": "us-west-2",
            "AWS_DEFAULT_REGION": "us-west-2", "AWS_EC2_METADATA_DISABLED": "true", **more}


# ---- what runs ----

class Job:
    """Shards of the granules of a folder: their map, and where it is one shard what is needed of each
    granule."""

    def __init__(self, folder, shards=1):
        self.folder, self.map = folder, folder / f"shards-{shards}.json"
        self.configs = {name: folder / f"{name}.yaml"
                        for name in ("zagg", "inline", "hierarchical")}
        text = scalar_config()
        for name, path in self.configs.items():
            index = "" if name == "zagg" else f"\n  index: {{backend: {name}}}"
            path.write_text(text.replace("\n  driver: s3", f"\n  driver: s3{index}", 1))
        if shards == 1:
            self.needs = json.loads(self.help("needs", *granules_of(folder)))
        self.shards = 1 if shards == 1 else int(self.help("map", shards, *granules_of(folder)))

    def help(self, verb, *rest):
        return run_quietly([PEER, "-W", "ignore", HELPER, verb, self.configs["zagg"], self.map, BUCKET,
                            *rest])

    def store(self, name):
        return self.folder / f"store-{name}"

    def command(self, name):
        if name == "zagg":
            return zagg_run(self.configs[name], self.map, self.store(name), os.cpu_count(),
                            "--latitude", "authalic", "--json")
        return [PEER, "-W", "ignore", HELPER, "run", "--config", self.configs[name], "--catalog",
                self.map, "--store", self.store(name), "--overwrite", "--max-workers", 1]

    def check_stores(self):
        first = digest(self.store("zagg"))
        for name in ("inline", "hierarchical"):
            if digest(self.store(name)) != first:
                sys.exit(f"bench: zagg and upstream ({name}) wrote different stores")

    def clear(self):
        for name in self.configs:
            remove_store(self.store(name))


def title_of(name):
    return name if name == "zagg" else f"upstream, {name}"


# ---- requests ----

def least_ranges(chunks, most):
    """How many ranges hold all chunks when the shortest gaps are read along, up to `most` times the
    bytes of the chunks."""
    runs, gaps, end, wanted = 0, [], None, 0
    for address, size in sorted(chunks):
        if end is None or address > end:
            runs += 1
            gaps += [] if end is None else [address - end]
        wanted += size
        end = max(end or 0, address + size)
    left = wanted * (most - 1)
    for gap in sorted(gaps):
        left -= gap
        if left < 0:
            break
        runs -= 1
    return runs


def bytes_in(chunks, n):
    """How many bytes `n` ranges have that hold all chunks, at least."""
    gaps, end = [], None
    for address, size in sorted(chunks):
        if end is not None and address > end:
            gaps.append(address - end)
        end = max(end or 0, address + size)
    return end - min(chunks)[0] - sum(sorted(gaps, reverse=True)[:n - 1])


def ranges_of(stats):
    """(offset, bytes) of each request in order."""
    out = []
    for line in stats["ranges"]:
        first, last = line.rpartition("=")[2].split("-")
        out.append((int(first), int(last) + 1 - int(first)))
    return out


def upstream_account(log):
    """(requests, bytes) for metadata and for chunks, as its reader noted them."""
    kinds = {"metadata": [0, 0], "data": [0, 0]}
    for line in log.read_text().splitlines():
        _, size, kind = line.split()
        kinds[kind][0] += 1
        kinds[kind][1] += int(size)
    return kinds


def zagg_account(stats, run, starts):
    """The same from the server's log: what begins where a needed chunk does was asked for as data.
    zagg's own counters must say so, too."""
    kinds = {"metadata": [0, 0], "data": [0, 0]}
    for offset, size in ranges_of(stats):
        kind = kinds["data" if offset in starts else "metadata"]
        kind[0] += 1
        kind[1] += size
    own = result_of(run)["network"]
    if own["requests"] != stats["requests"] or own["bytes_in"] != stats["bytes_out"]:
        sys.exit(f"bench: zagg counts {own['requests']} requests and {own['bytes_in']} bytes, the "
                 f"server {stats['requests']} and {stats['bytes_out']}")
    if own["metadata_bytes"] != kinds["metadata"][1]:
        sys.exit(f"bench: zagg counts {own['metadata_bytes']} bytes of metadata, of the ranges "
                 f"{kinds['metadata'][1]} are")
    return kinds, own["retries"]


def ask(job, server, name, starts):
    """One run with every request looked at."""
    log = job.folder / "requests.log"
    server.reset()
    run = measure(job.command(name), environment(server.url, REMOTE_PEER_LOG=str(log)))
    stats = server.stats()
    retries = stats["requests"] - stats["by_status"].get("206", 0)
    if name == "zagg":
        kinds, retries = zagg_account(stats, run, starts)
    else:
        kinds = upstream_account(log)
        if sum(k[0] for k in kinds.values()) != stats["requests"]:
            sys.exit(f"bench: upstream's reader asked {kinds}, the server counts "
                     f"{stats['requests']} requests")
    return {"requests": stats["requests"], "bytes": stats["bytes_out"], "kinds": kinds,
            "retries": retries, "in_flight": stats["max_in_flight"],
            "ranges": sorted(ranges_of(stats))}


def request_table(rows, needed):
    lines = []
    for name, r in rows.items():
        meta, data = r["kinds"]["metadata"], r["kinds"]["data"]
        lines.append((title_of(name), r["requests"], f"{r['bytes'] / MB:.2f}",
                      f"{r['bytes'] / needed:.2f}x", data[0], f"{data[1] / MB:.3f}",
                      f"{data[1] / needed:.2f}x", meta[0], f"{meta[1] / MB:.2f}", r["retries"],
                      r["in_flight"]))
    return table(["program", "requests", "MB", "of the chunks", "data ranges", "MB", "of the chunks",
                  "metadata ranges", "MB", "again", "at a time"], lines)


def verdicts(rows, chunks):
    """How the aims were met."""
    ours, out = rows["zagg"], []
    needed = sum(size for _, size in chunks)
    for name in ("inline", "hierarchical"):
        share = ours["requests"] / rows[name]["requests"]
        theirs = rows[name]["kinds"]["metadata"][1]
        own = ours["kinds"]["metadata"][1]
        third = max(1, rows[name]["requests"] // 3)
        least = bytes_in(chunks, third)
        out.append(f"Beside upstream, {name}: {share:.2f} of its requests (aim 0.33: "
                   f"{'met' if share <= AIM_REQUESTS else 'missed'}; in {third} ranges the chunks "
                   f"alone would be {least / MB:.1f} MB, {least / needed:.1f} times their bytes), "
                   f"{ours['bytes'] / rows[name]['bytes']:.2f} of its bytes, "
                   f"{own / theirs:.2f} of its metadata bytes (aim 1: "
                   f"{'met' if own <= theirs else 'missed'}).")
    share = ours["kinds"]["data"][1] / needed
    out.append(f"Data ranges are {share:.2f} of the chunks needed (aim {AIM_BYTES}: "
               f"{'met' if share <= AIM_BYTES else 'missed'}); chunks that metadata pages hold are "
               "taken from there.")
    return out


def bounds(needs):
    photons = [tuple(c) for n in needs.values() for c in n["photons"]]
    records = [tuple(c) for n in needs.values() for c in n["records"]]
    text = (f"Needed: {len(records)} chunks of records, {sum(s for _, s in records) / MB:.2f} MB, and, "
            f"once these are read, {len(photons)} of photons, {sum(s for _, s in photons) / MB:.2f} MB. "
            f"Within {AIM_BYTES} times their bytes at least {least_ranges(records, AIM_BYTES)} + "
            f"{least_ranges(photons, AIM_BYTES)} ranges hold them "
            f"({least_ranges(photons + records, AIM_BYTES)} if all were known beforehand), and "
            "what says where they are comes before.")
    return photons + records, text


def requests_of(title, folder):
    """Lines about one granule."""
    say(title)
    job = Job(folder)
    chunks, text = bounds(job.needs)
    needed = sum(size for _, size in chunks)
    starts = {a if a >= HEAD else HEAD for a, size in chunks if a + size > HEAD}
    server = bucket_server(folder)
    rows = {name: ask(job, server, name, starts) for name in ("zagg", "inline", "hierarchical")}
    server.stop()
    job.check_stores()
    job.clear()
    if rows["inline"]["ranges"] == rows["hierarchical"]["ranges"]:
        sys.exit("bench: both backends of upstream asked for the same ranges")
    size = granules_of(folder)[0].stat().st_size
    return [f"### {title}, {size / MB:,.0f} MB", "", *request_table(rows, needed), "", text, "",
            *(f"* {line}" for line in verdicts(rows, chunks)), ""]


def counted(job, server, name):
    """Requests and bytes of one run."""
    server.reset()
    measure(job.command(name), environment(server.url))
    stats = server.stats()
    return stats["requests"], stats["bytes_out"]


def shards_of(title, folder, shards):
    """Lines about many shards of one granule in one run: what they share is asked for once."""
    say(f"{title}, {shards} shards")
    job = Job(folder, shards)
    server = bucket_server(folder)
    rows = {name: counted(job, server, name) for name in ("zagg", "inline", "hierarchical")}
    server.stop()
    job.check_stores()
    job.clear()
    shares = [rows["zagg"][0] / rows[name][0] for name in ("inline", "hierarchical")]
    lines = [(title_of(name), n, f"{n / job.shards:.1f}", f"{size / MB:.1f}",
              f"{size / MB / job.shards:.2f}") for name, (n, size) in rows.items()]
    return [*table([f"program, {job.shards} shards in one run", "requests", "a shard", "MB",
                    "a shard"], lines), "",
            f"zagg: {shares[0]:.2f} and {shares[1]:.2f} of upstream's requests a shard (aim 0.33: "
            f"{'met' if max(shares) <= AIM_REQUESTS else 'missed'}).", ""]


# ---- latency ----

def timed(job, server, name, url, rounds):
    """Runs of one program, and what the server counted of the last one."""
    runs = []
    for _ in range(rounds):
        server.reset()
        runs.append(measure(job.command(name), environment(url)))
    return runs, server.stats()


def latency_row(name, runs, stats):
    return (title_of(name), f"{median(runs, 'wall_s'):.2f}",
            f"{min(r['wall_s'] for r in runs):.2f}-{max(r['wall_s'] for r in runs):.2f}",
            f"{median(runs, 'cpu_s'):.2f}", f"{max(r['peak_bytes'] for r in runs) / MB:.0f}",
            stats["requests"], f"{stats['bytes_out'] / MB:.1f}", stats["max_in_flight"], len(runs))


def latency_of(title, folder, options):
    say(title)
    job = Job(folder)
    server = bucket_server(folder)
    proxy = Server("fault_proxy", "--to", server.port, "--latency", options.latency,
                   "--bandwidth", options.bandwidth)
    rows, walls = [], {}
    for name, rounds in (("zagg", options.rounds), ("inline", 1), ("hierarchical", 1)):
        runs, stats = timed(job, server, name, proxy.url, rounds)
        rows.append(latency_row(name, runs, stats))
        walls[name] = median(runs, "wall_s")
    job.check_stores()
    job.clear()
    verdict = (f"zagg: {walls['zagg']:.2f} s (aim {AIM_SECONDS:.0f} s: "
               f"{'met' if walls['zagg'] <= AIM_SECONDS else 'missed'}), "
               f"{walls['inline'] / walls['zagg']:.0f} and "
               f"{walls['hierarchical'] / walls['zagg']:.0f} times less than upstream.")
    lines = [f"### {title}", "",
             *table(["program", "wall s", "min-max", "CPU s", "peak MB", "requests", "MB",
                     "at a time", "runs"], rows), "", verdict, "",
             *kept_lines(job, server, proxy.url), ""]
    proxy.stop()
    server.stop()
    return lines


# ---- what is kept ----

def kept_lines(job, server, url):
    """The cache and `zagg fetch`, through the same proxy."""
    cache, copies = job.folder / "cache", job.folder / "copies"
    for folder in (cache, copies):
        shutil.rmtree(folder, ignore_errors=True)
    plain = job.command("zagg")
    fetch = [ZAGG, "fetch", "--config", job.configs["zagg"], "--catalog", job.map, "--to", copies,
             "--latitude", "authalic", "--quiet"]
    offline = [copies / "shardmap.json" if part == job.map else part for part in plain]
    steps = [("run with an empty cache", [*plain, "--cache", cache]),
             ("the same again", [*plain, "--cache", cache]),
             ("fetch", fetch), ("fetch again", fetch), ("run on what was fetched", offline)]
    rows, stores = [], set()
    for what, command in steps:
        server.reset()
        run = measure(command, environment(url))
        stats = server.stats()
        rows.append((what, f"{run['wall_s']:.2f}", stats["requests"],
                     f"{stats['bytes_out'] / MB:.2f}"))
        if command is not fetch:
            stores.add(digest(job.store("zagg")))
    if len(stores) != 1:
        sys.exit("bench: runs out of the cache or on copies wrote another store")
    job.clear()
    for folder in (cache, copies):
        shutil.rmtree(folder, ignore_errors=True)
    return table(["kept for later", "wall s", "requests", "MB"], rows)


# ---- all of it ----

def granules(options, layout, big=False, n=1):
    photons, per_segment = (options.big, 60) if big else (options.photons, 30)
    return synth("remote", photons=photons, granules=n, per_segment=per_segment, seed=1,
                 layout=layout)


def main():
    parser = arguments(__doc__, photons=430_000, big=9_500_000, granules=8, rounds=5, latency=30, shards=16,
                       bandwidth=100_000_000)
    parser.add_argument("--no-big", action="store_true", help="no granules of 1 GB")
    parser.add_argument("--no-peers", action="store_true", help="measures nothing")
    parser.add_argument("--keep", action="store_true", help="the granules, for the next time")
    options = parser.parse_args()
    if not upstream_here() or options.no_peers:
        print("bench: remote reads are measured beside upstream (scripts/deps peer), not alone")
        return
    WORK.mkdir(parents=True, exist_ok=True)
    lines = [*heading("Granules behind a network", versions(True)),
             "One order-11 shard where nothing else is said. "
             f"Latency: {options.latency} ms before each answer, {options.bandwidth / MB:.0f} MB/s over "
             "each connection; the servers run on the same machine. "
             f"Medians of {options.rounds} runs of zagg; upstream once.", "", "## Requests", ""]
    used = []
    for big in (False,) if options.no_big else (False, True):
        for layout in ("v006", "v007"):
            used.append(granules(options, layout, big))
            lines += requests_of(f"One granule of layout {layout}", used[-1])
            lines += shards_of(f"One granule of layout {layout}", used[-1], options.shards)
    lines += ["## Latency", ""]
    for layout in ("v006", "v007"):
        used.append(granules(options, layout, n=options.granules))
        lines += latency_of(f"{options.granules} granules of layout {layout}, "
                            f"{options.photons:,} photons a beam", used[-1], options)
    if not options.keep:
        for folder in used:
            shutil.rmtree(folder)
    text = "\n".join(lines).rstrip() + "\n"
    print(text)
    if options.record:
        record("remote", text)


if __name__ == "__main__":
    main()
