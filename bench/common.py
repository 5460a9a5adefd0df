"""What every benchmark script here needs: where things are, granules, how a process is measured, and how
figures become tables and records.

A measured process is started, waited for with wait4 and asked for three figures: wall seconds from fork
to exit, CPU seconds (user + system), and peak resident memory. The last is ru_maxrss where that is
above this script's own peak (which a child inherits over exec), else VmHWM of /proc/PID/status, polled.
"""
import argparse
import datetime
import hashlib
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("ZAGG_BENCH_BUILD", ROOT / "build" / "release"))
WORK = pathlib.Path(os.environ.get("ZAGG_BENCH_WORK", ROOT / "build" / "bench"))
SHARED = pathlib.Path(os.environ.get("ZAGG_SHARED", ROOT.parent / "shared"))
RESULTS = ROOT / "bench" / "results"
ZAGG = BUILD / "zagg"
SYNTH = BUILD / "zagg-synth"
PEER = ROOT / ".venv-peer" / "bin" / "python"          # upstream 0.61 and other readers
PEER_0_11 = ROOT / ".venv-peer-0.11" / "bin" / "python"  # upstream 0.11
ENGINES = ROOT / ".bench-peers"                        # polars, DuckDB, pyarrow
RUN_LOCAL = SHARED / "tools" / "run_local.py"
MB = 1e6


# ---- what ran on what ----

def machine():
    model = platform.processor() or "unknown CPU"
    for line in open("/proc/cpuinfo", encoding="utf-8", errors="replace"):
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return (f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, load "
            f"{os.getloadavg()[0]:.1f}")


def commit():
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown commit"


def upstream_here():
    """Whether upstream 0.61 and the tools that run it on local files are there."""
    return PEER.is_file() and RUN_LOCAL.is_file()


def upstream_0_11_here():
    return PEER_0_11.is_file() and RUN_LOCAL.is_file()


def versions_in(python, names):
    """Versions of packages as one of the Python peers has them."""
    program = ("import sys; from importlib.metadata import version as v;"
               "print(', '.join(f'{n} {v(n)}' for n in sys.argv[1:]))")
    return run_quietly([python, "-c", program, *names],
                       {**os.environ, "PYTHONPATH": str(ENGINES)}).strip()


def versions(upstream):
    text = f"zagg {commit()}"
    if upstream:
        text += f"; upstream {versions_in(PEER, ['zagg', 'numpy', 'h5coro'])}"
    return text


def heading(title, ran):
    """First lines of a result: title, date, machine, versions, command."""
    today = datetime.date.today().isoformat()
    command = " ".join([f"bench/{pathlib.Path(sys.argv[0]).name}", *sys.argv[1:]])
    return [f"# {title}", "", f"Date: {today}. Machine: {machine()}. {ran}.", "",
            f"Command: `{command}`."]


def record(name, text):
    """Keep a result: bench/results/NAME_DATE.md."""
    path = RESULTS / f"{name}_{datetime.date.today().isoformat()}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    print(f"bench: wrote {path.relative_to(ROOT)}")


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def arguments(doc, **defaults):
    """A parser with the script's text, an option for each default, and --record."""
    parser = argparse.ArgumentParser(description=doc,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in defaults.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    parser.add_argument("--record", action="store_true", help="keep it in bench/results/")
    return parser


# ---- processes ----

def peak_bytes(pid):
    """VmHWM of a process, or None when it is gone."""
    try:
        for line in open(f"/proc/{pid}/status", encoding="ascii"):
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def last_log():
    """Where the process that was measured last printed to."""
    return WORK / f"last-{os.getpid()}.log"


def measure(command, env=None):
    """Wall and CPU seconds and peak resident bytes of one process, and what it printed."""
    WORK.mkdir(parents=True, exist_ok=True)
    command = [str(c) for c in command]
    with open(last_log(), "wb") as log:
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
    text = last_log().read_text(errors="replace")
    last_log().unlink()
    if child.returncode != 0:
        sys.exit(f"bench: {' '.join(command)}: exit {child.returncode}\n{text[-2000:]}")
    if usage.ru_maxrss * 1024 > (peak_bytes("self") or 0):
        peak = usage.ru_maxrss * 1024
    return {"wall_s": wall, "cpu_s": usage.ru_utime + usage.ru_stime, "peak_bytes": peak,
            "text": text}


def run_quietly(command, env=None):
    """Standard output of a process that is not measured; its failure ends the script."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False,
                          env=env)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, command))}: exit {done.returncode}\n"
                 + (done.stdout + done.stderr)[-2000:])
    return done.stdout


def in_turn(programs, rounds, run=measure, warm_up=True):
    """Run programs, [(name, command, most rounds)], one after the other, `rounds` times over, so that
    all see the same machine: [(name, [what `run` gave, ...])]. A round before them fills the page
    cache and is not counted (those that run once, being slow, have none); a program that has had
    its most rounds is left out."""
    rows = [(name, []) for name, _, _ in programs]
    for turn in range(0 if warm_up else 1, rounds + 1):
        for (_, command, most), (_, runs) in zip(programs, rows):
            if (most > 1 if turn == 0 else len(runs) < most):
                result = run(command)
                if turn:
                    runs.append(result)
        say("warm-up" if turn == 0 else f"round {turn} of {rounds}")
    return rows


# ---- figures ----

def median(runs, key):
    return statistics.median(r[key] for r in runs)


def table(head, rows):
    """Lines of a Markdown table."""
    return [f"| {' | '.join(head)} |", "|" + "---|" * len(head),
            *(f"| {' | '.join(map(str, row))} |" for row in rows)]


def report_lines(rows):
    """Table of measured programs, one row each."""
    cells = []
    for name, runs in rows:
        walls = [1e3 * r["wall_s"] for r in runs]
        cells.append((name, f"{statistics.median(walls):.1f}", f"{min(walls):.1f}-{max(walls):.1f}",
                      f"{1e3 * median(runs, 'cpu_s'):.1f}",
                      f"{median(runs, 'peak_bytes') / MB:.1f}", len(runs)))
    return table(["program", "wall ms (median)", "min-max", "CPU ms", "peak MB", "runs"], cells)


def ratio_lines(rows):
    """How many times less zagg takes than each upstream in the rows."""
    ours = [row for row in rows if not row[0].startswith("upstream")]
    lines = [""]
    for theirs, peer in rows:
        if not theirs.startswith("upstream"):
            continue
        for name, runs in ours:
            parts = [f"{median(peer, k) / median(runs, k):.1f}x less {label}"
                     for k, label in (("wall_s", "wall time"), ("cpu_s", "CPU"),
                                      ("peak_bytes", "peak memory"))]
            lines.append(f"{name}: {', '.join(parts)} than {theirs}.")
    return lines if len(lines) > 1 else []


# ---- stores and granules ----

def remove_store(store):
    for path in (store, pathlib.Path(f"{store}.status")):
        shutil.rmtree(path, ignore_errors=True)


def digest(store):
    """One hash over all files but upstream's record of the run."""
    total = hashlib.sha256()
    for path in sorted(p for p in store.rglob("*") if p.is_file() and p.suffix != ".parquet"):
        total.update(f"{path.relative_to(store)}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def synth(name, **size):
    """The folder of granules that zagg-synth makes of these options, made when not there."""
    folder = WORK / "-".join([name, *(f"{k}{v}" for k, v in sorted(size.items()))])
    if not (folder / "done").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        say(f"making the input in {folder} (once)")
        options = [part for k, v in size.items() for part in (f"--{k.replace('_', '-')}", v)]
        run_quietly([SYNTH, "--out", folder / "granules", "--quiet", *options])
        (folder / "done").touch()
    return folder


def granules_of(folder):
    return sorted((folder / "granules").glob("*.h5"))


def scalar_config(orders=(11, 13, 19)):
    """Text of the benchmark's scalar config with a flat store: shard, chunk and cell order. Without the
    shared material it is the example, which has more fields."""
    source = SHARED / "data" / "benchmark" / "configs" / "atl03_scalar_healpix_o11.yaml"
    if source.is_file():
        text = source.read_text().replace("\noutput:\n", "\noutput:\n  store_layout: flat\n")
    else:
        text = (ROOT / "examples" / "demo.yaml").read_text()
    lines = []
    for line in text.splitlines():
        for key, order in zip(("parent_order", "chunk_inner", "child_order"), orders):
            if line.lstrip().startswith(f"{key}:"):
                line = line[:line.index(key)] + f"{key}: {order}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def shard_map(config, granules, out):
    """Upstream's map of local granules; without upstream there is none."""
    if not out.is_file():
        run_quietly([PEER, SHARED / "tools" / "make_shardmap.py", config, out, *granules])
    return out


def zagg_run(config, source, store, threads, *more):
    """Command of one `zagg run`; source: a shard map, or a folder of granules."""
    named = "--granules" if source.is_dir() else "--catalog"
    return [ZAGG, "run", "--config", config, named, source, "--store", store, "--overwrite",
            "--max-workers", threads, "--quiet", *more]


def upstream_run(python, config, source, store):
    return [python, RUN_LOCAL, "--config", config, "--catalog", source, "--store", store,
            "--overwrite", "--max-workers", 1]


def phases(result):
    """Seconds of each phase of a `zagg run --json` result, over the run and all its shards."""
    total = {}
    for shard in [result, *result["results"]]:
        for name, seconds in (shard.get("phase_timings") or {}).items():
            total[name] = total.get(name, 0.0) + seconds
    return total


def result_of(run):
    """The JSON object that a measured `zagg run --json` printed."""
    return json.loads(run["text"][run["text"].index("{"):])
