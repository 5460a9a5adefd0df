#!/usr/bin/env python3
"""The Lambda worker beside upstream's, each in sandboxes of AWS's emulator of the runtime interface
(`scripts/deps net`): size of the package, cold start, a warm event, and one shard's memory and price.

    scripts/bench lambda            builds the packages (make lambda), measures and prints (four minutes)
    scripts/bench lambda --record   also writes bench/results/lambda_DATE.md

Cold: the emulator starts its worker when the first event comes (checked), so that from the sending of a
first event to the first byte of its response is all of it: start, init, the event. Warm: the same of
later events; bench/lambda_floor.c, the least that a runtime can be, tells what of that is the
emulator's. Shard: targets of zagg-bench over granules made for them (`--offline`), store and granules
on this machine's disk for both workers, which must write the same store.

Upstream's worker is PyPI's zagg 0.61 in tests/net/upstream_worker.py. Memory is VmHWM of the worker's
processes, CPU theirs as the kernel counts it, and what is billed as the emulator reports it.
"""
import contextlib
import json
import math
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import types
import zipfile

from common import (BUILD, MB, PEER, ROOT, WORK, ZAGG, arguments, digest, heading, record,
                    remove_store, run_quietly, say, table, versions)
from lambda_sandbox import MB_PER_CPU, Sandbox, rie
from zagg_bench.backends import Offline, Programs
from zagg_bench.targets import Targets

import upstream_worker  # of tests/net, where lambda_sandbox looks

HELPER = ROOT / "bench" / "lambda_peer.py"
MIB = 1 << 20
OURS, ARM, FLOOR, UPSTREAM = "zagg", "zagg, arm64 (qemu-user)", "the emulator alone", "upstream"
SIZE_MB, LEAST_MB = 2048, 128  # the function in upstream's template; the least that AWS has
AIM_UNPACKED, AIM_COLD_MS, AIM_WARM_MS, AIM_MEMORY, AIM_GB_S = 25 * MIB, 20, 2, 1 / 10, 1 / 20
EMPTY = b"{}"


def met(good):
    return "met" if good else "missed"


# ---- who is measured ----

class Worker:
    def __init__(self, name, command, environment=None):
        self.name, self.command, self.environment = name, command, environment or {}

    def sandbox(self, mb=SIZE_MB):
        return Sandbox(self.command, mb, **self.environment)


def packaged(arch):
    return ROOT / "build" / "lambda" / arch / "bootstrap"


def workers(options):
    """The emulator's floor, ours and, where they are there, the others."""
    ours = packaged("x86_64")
    if not os.access(ours, os.X_OK):
        ours = BUILD / "bootstrap"
        say(f"there is no package (make lambda): {ours} is measured")
    found = [Worker(FLOOR, [BUILD / "bench" / "lambda_floor"]), Worker(OURS, [ours])]
    if os.access(packaged("arm64"), os.X_OK) and shutil.which("qemu-aarch64"):
        found.append(Worker(ARM, ["qemu-aarch64", packaged("arm64")]))
    missing = "--no-peers" if options.no_peers else upstream_worker.missing()
    if missing:
        say(f"upstream's worker is not measured: {missing}")
    else:
        found.append(Worker(UPSTREAM, upstream_worker.command(),
                            upstream_worker.environment(local=True)))
    return {worker.name: worker for worker in found}


def read_back(files):
    """Leave files to be read from the disk. What was just written lies in the page cache in pages of 2 MB,
    and all of one counts as memory of a process that touches it; what was read lies there in small ones."""
    for path in files:
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def programs_of(worker):
    """Files that a worker's processes map."""
    if worker.name == UPSTREAM:
        return [PEER.resolve(), *PEER.parent.parent.glob("lib/python3*/site-packages/**/*.so*")]
    return [path for path in worker.command if pathlib.Path(path).is_absolute()]


# ---- the package ----

def unpacked(path):
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def package_lines(upstream):
    rows = []
    for path in sorted((ROOT / "build" / "lambda").glob("zagg-*-lambda-*.zip")):
        rows.append((path.name, f"{path.stat().st_size / MIB:.1f}", unpacked(path) / MIB))
    if not rows:
        return ["There is no package here (make lambda).", ""]
    most = max(row[2] for row in rows)
    if upstream:
        say("size of upstream")
        sizes = json.loads(run_quietly([PEER, "-B", HELPER]))
        rows.append((f"upstream: zagg 0.61 and what it asks for, {sizes['packages']} packages",
                     f"{sizes['zip_bytes'] / MIB:.1f}", sizes["bytes"] / MIB))
        rows.append((f"the same without {', '.join(sizes['given'])}, which Lambda's Python has",
                     f"{sizes['zip_bytes_without'] / MIB:.1f}", sizes["bytes_without"] / MIB))
    return ["## Package", "",
            *table(["", "zipped MiB", "unpacked MiB"],
                   [(name, zipped, f"{size:.1f}") for name, zipped, size in rows]), "",
            f"Unpacked: {most:.1f} MiB (aim {AIM_UNPACKED / MIB:.0f}: "
            f"{met(most * MIB <= AIM_UNPACKED)}).",
            *(["Upstream's are the files of the installed packages, libraries stripped, without tests, "
               "byte code and what only pip reads; zipped is the sum of each file's deflated bytes."]
              if upstream else []), ""]


# ---- events ----

class Shard:
    """One shard of a target with a flat store: events for each worker."""

    def __init__(self, name, options):
        self.name, self.folder = name, WORK / f"lambda-{name}-{options.photons}"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        target = Targets(ROOT / "bench" / "targets.json").target(name)
        made = Offline(Programs(BUILD), types.SimpleNamespace(
            photons=options.photons, seed=0, latitude="authalic", store_prefix=None), self.folder)
        self.map, self.target = made.make_map(target), target
        self.events = self.dispatched(target)

    def dispatched(self, target):
        """What the dispatcher would send: {"setup": ..., "0": ...}."""
        config, events = self.folder / "config.yaml", self.folder / "events"
        text = pathlib.Path(target.config).read_text(encoding="utf-8")
        if "store_layout" not in text:
            text = text.replace("\noutput:\n", "\noutput:\n  store_layout: flat\n")
        config.write_text(text, encoding="utf-8")
        run_quietly([ZAGG, "run", "-q", "--config", config, "--catalog", self.map, "--store",
                     self.folder / "store", "--driver", "file", "--backend", "exec", "--events",
                     events])
        return {name: json.loads((events / f"{name}.json").read_text()) for name in ("setup", "0")}

    def store(self, worker):
        return self.folder / worker.name.split(",")[0].replace(" ", "-")

    def event(self, worker, name):
        return json.dumps({**self.events[name], "store_path": str(self.store(worker))}).encode()

    def ping(self, worker):
        return json.dumps({**self.events["setup"], "mode": "ping",
                           "store_path": str(self.store(worker))}).encode()


def expect(body, what):
    """The body of a response that must be good."""
    response = json.loads(body)
    if response["statusCode"] != 200:
        sys.exit(f"bench: {what} was answered with {body[:800]!r}")
    return json.loads(response["body"])


# ---- cold ----

ON_DISK = ", read from the disk"


def cold_once(worker, shard, what):
    """Milliseconds of the first event of a new sandbox: `setup`, `ping` or `{}`."""
    if what.endswith(ON_DISK):
        read_back(programs_of(worker))
    event = EMPTY
    if what != "{}":
        remove_store(shard.store(worker))
        event = shard.ping(worker) if what == "ping" else shard.event(worker, "setup")
    with worker.sandbox() as box:
        seconds, body = box.timed(event)
        expect(body, f"the first event of {worker.name}")
        return seconds * 1e3


def cold_cases(found, shards, options):
    """[(worker, shard, what the first event is, how often)]"""
    cases = [(FLOOR, shards[0], "{}", options.cold), (OURS, shards[0], "ping", options.cold)]
    cases += [(OURS, shard, "setup", options.cold) for shard in shards]
    cases += [(OURS, shards[0], "setup" + ON_DISK, options.cold)]
    cases += [(name, shards[0], "setup", options.peer_cold) for name in (ARM, UPSTREAM)]
    return [(found[name], *rest) for name, *rest in cases if name in found]


def cold_lines(found, shards, options):
    cases = cold_cases(found, shards, options)
    times = [[] for _ in cases]
    for turn in range(options.cold + 1):  # the first one fills the page cache
        for (worker, shard, what, count), seen in zip(cases, times):
            if turn <= count:
                seen.append(cold_once(worker, shard, what))
    say("cold starts")
    rows, worst = [], 0
    for (worker, shard, what, _), seen in zip(cases, times):
        seen = sorted(seen[1:])
        middle = statistics.median(seen)
        grid = "" if what == "{}" else shard.name
        rows.append((worker.name, what, grid, f"{middle:.1f}", f"{seen[0]:.1f}", f"{seen[-1]:.1f}",
                     len(seen)))
        if worker.name == OURS and not what.endswith(ON_DISK):
            worst = max(worst, middle)
    return ["## Cold start", "",
            *table(["worker", "first event", "config", "ms to the first byte, median", "least", "worst",
                    "sandboxes"], rows), "",
            f"zagg: {worst:.1f} ms (aim {AIM_COLD_MS}: {met(worst <= AIM_COLD_MS)}). Files are in the page "
            "cache but for those that are read from the disk.", ""]


# ---- warm ----

def warm_times(found, shard, options):
    """{(worker, event's name): milliseconds of each}: sandboxes that live side by side are asked in
    turn, so that all see the same machine."""
    asked = [(name, "{}", EMPTY) for name in found]
    asked += [(name, "ping", shard.ping(found[name])) for name in (OURS, ARM) if name in found]
    times = {(name, what): [] for name, what, _ in asked}
    with contextlib.ExitStack() as open_boxes:
        boxes = {name: open_boxes.enter_context(worker.sandbox())
                 for name, worker in found.items()}
        for turn in range(options.warm + 5):
            for name, what, event in asked:
                seconds, _ = boxes[name].timed(event)
                if turn >= 5:
                    times[name, what].append(seconds * 1e3)
    return times


def warm_lines(found, shard, options):
    for worker in found.values():
        remove_store(shard.store(worker))
    times = warm_times(found, shard, options)
    say("warm events")
    floor = statistics.median(times[FLOOR, "{}"])
    rows = []
    for (name, what), seen in times.items():
        middle = statistics.median(seen)
        rows.append((name, what, f"{middle:.2f}", f"{middle - floor:.2f}",
                     f"{sorted(seen)[len(seen) * 99 // 100 - 1]:.2f}", f"{max(seen):.2f}",
                     len(seen)))
    over = max(statistics.median(times[OURS, what]) - floor for what in ("{}", "ping"))
    return ["## Warm events", "",
            *table(["worker", "event", "ms, median", "beyond the emulator's", "99 of 100", "worst",
                    "events"], rows), "",
            f"zagg: {over:.2f} ms beyond the emulator's own {floor:.2f} (aim {AIM_WARM_MS}: "
            f"{met(over <= AIM_WARM_MS)}). `{{}}` lacks every key and is answered with 400; a ping reads "
            "the config and writes a file beside the store, and takes it away.", ""]


# ---- a shard ----

def shard_once(worker, shard, mb):
    """A fresh sandbox does the shard twice: what each took, and the peak over both."""
    seen = {}
    with worker.sandbox(mb) as box:
        peak = 0
        for kind in ("cold", "warm"):
            before = box.cpu_s() if kind == "warm" else 0.0
            _, body = box.timed(shard.event(worker, "0"))
            result = expect(body, f"the shard of {worker.name}")
            seen[kind] = {"billed_s": box.billed_s(), "cpu_s": box.cpu_s() - before}
            peak = max(peak, box.peak_bytes())
    return {**seen, "peak_bytes": peak, "obs": result["total_obs"]}


def shard_runs(found, shard, options):
    counts = {OURS: options.rounds, UPSTREAM: options.peer_rounds}
    runs = {name: [] for name in counts if name in found}
    for name in runs:
        remove_store(shard.store(found[name]))
        with found[name].sandbox() as box:
            expect(box.timed(shard.event(found[name], "setup"))[1], f"setup of {name}")
    for turn in range(max(counts.values())):
        for name, seen in runs.items():
            if turn < counts[name]:
                seen.append(shard_once(found[name], shard, SIZE_MB))
    stores = {name: digest(shard.store(found[name])) for name in runs}
    if len(set(stores.values())) != 1:
        sys.exit("bench: the workers wrote different stores")
    if stores[OURS] != least_store(found[OURS], shard):
        sys.exit(f"bench: with {LEAST_MB} MB zagg wrote another store")
    return runs


def least_store(worker, shard):
    """Digest of the store of a sandbox that is told to have the least memory, and keeps to it."""
    remove_store(shard.store(worker))
    with worker.sandbox(LEAST_MB) as box:
        expect(box.timed(shard.event(worker, "setup"))[1], "setup in the least memory")
        expect(box.timed(shard.event(worker, "0"))[1], "the shard in the least memory")
    return digest(shard.store(worker))


def charged(billed_s, cpu_s, mb):
    """Seconds that a function of this size is charged: what the emulator bills, but no less than the
    CPU time takes on the share of a processor that the size gets."""
    return max(billed_s, math.ceil(1e3 * cpu_s * MB_PER_CPU / mb) / 1e3)


def price(runs):
    """Figures of one worker: medians, and what they cost at both sizes."""
    def middle(kind, key):
        return statistics.median(run[kind][key] for run in runs)

    peak = max(run["peak_bytes"] for run in runs)
    least = max(LEAST_MB, math.ceil(peak / MIB))
    found = {"peak": peak, "least": least, "cpu": middle("warm", "cpu_s"), "billed": {}, "gb_s": {}}
    for kind in ("cold", "warm"):
        found["billed"][kind] = middle(kind, "billed_s")
        found["gb_s"][kind] = SIZE_MB / 1024 * charged(found["billed"][kind], middle(kind, "cpu_s"),
                                                       SIZE_MB)
    found["least_s"] = charged(found["billed"]["warm"], found["cpu"], least)
    found["least_gb_s"] = found["least_s"] * least / 1024
    return found


def shard_rows(prices, runs):
    rows = []
    for name, p in prices.items():
        rows.append((name, f"{p['peak'] / MIB:.1f}", f"{p['cpu']:.3f}",
                     f"{p['billed']['cold'] * 1e3:.0f}", f"{p['gb_s']['cold']:.3f}",
                     f"{p['billed']['warm'] * 1e3:.0f}", f"{p['gb_s']['warm']:.3f}",
                     p["least"], f"{p['least_s']:.2f}", f"{p['least_gb_s']:.3f}", len(runs[name])))
    return table(["worker", "peak MiB", "CPU s", "billed ms, cold", f"GB-s at {SIZE_MB} MB",
                  "billed ms, warm", f"GB-s at {SIZE_MB} MB", "smallest size, MB",
                  "s there, warm", "GB-s there", "rounds"], rows)


def shard_verdict(prices):
    ours, theirs = prices[OURS], prices[UPSTREAM]
    memory = ours["peak"] / theirs["peak"]
    shares = {"cold": ours["gb_s"]["cold"] / theirs["gb_s"]["cold"],
              "warm": ours["gb_s"]["warm"] / theirs["gb_s"]["warm"],
              "at the smallest size": ours["least_gb_s"] / theirs["least_gb_s"]}
    return [f"zagg: {memory:.3f} of upstream's memory (aim {AIM_MEMORY:g}: "
            f"{met(memory <= AIM_MEMORY)}); of its GB-s "
            + ", ".join(f"{share:.3f} {what}" for what, share in shares.items())
            + f" (aim {AIM_GB_S:g}: {met(max(shares.values()) <= AIM_GB_S)})."]


def shard_lines(found, shard, options):
    runs = shard_runs(found, shard, options)
    say(f"shard of {shard.name}")
    prices = {name: price(seen) for name, seen in runs.items()}
    granules = len(shard.target.shard.granules)
    return [f"### {shard.name}", "",
            f"{granules} granules, {options.photons:,} photons a beam, "
            f"{runs[OURS][0]['obs']:,} observations; a sandbox does it twice, cold with its start and warm.",
            "", *shard_rows(prices, runs), "",
            *(shard_verdict(prices) + [""] if UPSTREAM in prices else []),
            *(["Both workers wrote the same store.", ""] if UPSTREAM in prices else []),]


def price_lines():
    return ["GB-s are the seconds billed times the size, but no fewer seconds than the CPU time takes on the "
            f"share of a processor that the size gets (one for {MB_PER_CPU} MB). The smallest size is the "
            f"peak, and at least the {LEAST_MB} MB that AWS has. In a sandbox of {LEAST_MB} MB, which "
            "the worker keeps to by itself, zagg's stores were the same.", ""]


# ---- all of it ----

def priority():
    """How this process is scheduled: the workers inherit it."""
    real_time = os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR)
    return "; all at real-time priority, other work being under way" if real_time else ""


def ran(found):
    text = versions(UPSTREAM in found)
    if UPSTREAM in found:
        python = subprocess.run([PEER, "--version"], capture_output=True, text=True, check=True)
        text += f", {python.stdout.strip()}"
    return text + priority()


def main():
    parser = arguments(__doc__, cold=25, warm=300, rounds=9, peer_cold=5, peer_rounds=3, photons=2000,
                       targets="tdigest_healpix_o11,gain_bias_healpix_o11,gain_bias_rect_3km")
    parser.add_argument("--no-peers", action="store_true", help="without upstream")
    parser.add_argument("--quick", action="store_true", help="figures that mean nothing, in seconds")
    options = parser.parse_args()
    if not os.access(rie.RIE, os.X_OK):
        print(f"bench: Lambda is not measured: {rie.RIE} is not there (scripts/deps net fetches it)")
        sys.exit(77)
    if options.quick:
        options.cold, options.warm, options.rounds = 2, 5, 1
        options.peer_cold = options.peer_rounds = 1
        options.photons, options.targets = 300, "demo_healpix_o9"
    WORK.mkdir(parents=True, exist_ok=True)
    found = workers(options)
    shards = [Shard(name, options) for name in options.targets.split(",")]
    for worker in found.values():
        read_back(programs_of(worker))
    lines = [*heading("The Lambda worker beside upstream's", ran(found)),
             f"Sandboxes of AWS's emulator, told to have {SIZE_MB} MB.", "",
             *package_lines(UPSTREAM in found), *cold_lines(found, shards, options),
             *warm_lines(found, shards[0], options), "## One shard", "", *price_lines()]
    for shard in shards:
        lines += shard_lines(found, shard, options)
        shutil.rmtree(shard.folder)
    text = "\n".join(lines).rstrip() + "\n"
    print(text)
    if options.record:
        record("lambda", text)


if __name__ == "__main__":
    main()
