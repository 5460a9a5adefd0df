#!/usr/bin/env python3
"""Aggregation of one order-11 shard: zagg beside upstream, polars, DuckDB, pandas, Arrow, numpy.

    scripts/bench aggregate               measure and print
    scripts/bench aggregate --record      also write bench/results/aggregate_DATE.md
    bench/aggregate.py --rounds 1 --tasks scalar --engines zagg,polars

Input: 2,000,000 rows of 65,536 cells (bench/aggregate_input.py), made once and kept under
build/bench. Tasks: six scalar reducers; t-digests, delta 256; gain_bias (histograms of 128
bins in a window that each inner chunk sets). Before anything is measured every engine's
results are held against upstream's: zagg must have the same bytes; the others, which add in
other orders, must be close. Then every engine runs in a process of its own with one
thread, in turn; CPU time is user + system of the measured part, inputs being in memory.
--upstream-rounds: upstream, which takes seconds, runs in that many of the --rounds. --tasks, and
--engines by their first words: separated by commas. Expressions against hand-written C are
bench/expression.c's, run here as well.
"""
import json
import os
import shutil
import sys

import numpy as np

import aggregate_input
import common
from aggregate_engines import ENGINES
from common import BUILD, MB, PEER, ROOT, WORK, median, run_quietly, say

FOLDER = WORK / "aggregate"
PROGRAM = BUILD / "bench" / "aggregate"
EXPRESSION = BUILD / "bench" / "expression"

CONFIG = """\
data_source:
  reader: h5coro
  driver: s3
  groups: [gt1l]
  coordinates:
    latitude: "/{group}/heights/lat_ph"
    longitude: "/{group}/heights/lon_ph"
  variables:
    h_ph: "/{group}/heights/h_ph"
    DEM
aggregation:
  coordinates:
    morton: {dtype: uint64, fill_value: 0}
TASK
output:
  store_layout: flat
  grid: {type: healpix, indexing_scheme: nested, parent_order: 11, chunk_inner: 13,
         child_order: 19}
"""
TASKS = {
    "scalar": ("group + count, min, max, mean, median, var", 0.045, """\
  variables:
    count: {function: len, source: h_ph, dtype: int32, fill_value: 0}
    h_min: {function: min, source: h_ph, dtype: float32}
    h_max: {function: max, source: h_ph, dtype: float32}
    h_mean: {function: mean, source: h_ph, dtype: float32}
    h_median: {function: median, source: h_ph, dtype: float32}
    h_variance: {function: var, source: h_ph, dtype: float32}
"""),
    "tdigest": ("group + count, t-digest delta 256", 0.12, """\
  variables:
    count: {function: len, source: h_ph, dtype: int32, fill_value: 0}
    h_tdigest:
      kind: ragged
      function: "zagg.stats.tdigest.build_tdigest"
      source: h_ph
      inner_shape: [2]
      params: {delta: 256}
      dtype: float32
      fill_value: 0
"""),
    "gain_bias": ("group + gain_bias, 128 bins a cell", 0.15, """\
  chunk_precompute:
    chunk_gain:
      expression: "np.float32(np.maximum(0.5, 2.0 ** np.ceil(np.log2(\
np.maximum(1e-6, np.max(h_ph) - np.min(h_ph)) / 128.0))))"
      source: h_ph
      dtype: float32
    chunk_offset:
      expression: "np.float32(np.floor(np.min(dem_h)))"
      source: dem_h
      dtype: float32
  variables:
    waveform_counts:
      kind: vector
      trailing_shape: 128
      expression: "np.histogram(h_ph, 128, (chunk_offset - 27.0 * chunk_gain, \
chunk_offset + 101.0 * chunk_gain))[0].astype('uint32')"
      source: h_ph
      dtype: uint32
      fill_value: 0
    offset_h: {expression: "chunk_offset", source: h_ph, dtype: float32, resolution: chunk}
    gain_h: {expression: "chunk_gain", source: h_ph, dtype: float32, resolution: chunk}
"""),
}
MEMORY_AIM = 30e6
# The second gives each read's memory back once it is appended, as a shard does; the first and
# the other engines keep all of the input.
ZAGG = {"zagg": (), "zagg, reads released": ("--release",)}
# Where an engine does something else than the task.
NOTES = {
    ("pyarrow", "scalar"): "median approximate",
    ("pyarrow", "tdigest"): "five quantiles of its own digest, delta 256",
    ("duckdb", "tdigest"): "five quantiles of its own digest",
    ("polars", "gain_bias"): "counts of filled bins only",
    ("duckdb", "gain_bias"): "counts of filled bins only",
    ("numpy", "gain_bias"): "no anchors stored",
}


def environment():
    one = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS")
    return {**os.environ, **{name: "1" for name in one}}


def run_engine(engine, task, *extra):
    """Standard output of one engine doing one task in its own process."""
    if engine in ZAGG:
        return run_quietly([PROGRAM, FOLDER / f"{task}.yaml", FOLDER, *(extra or ZAGG[engine])])
    env = environment()
    # Only for those that need them: pandas behaves differently where pyarrow can be imported.
    if engine in ("polars", "duckdb", "pyarrow"):
        env["PYTHONPATH"] = str(common.ENGINES)
    return run_quietly([PEER, ROOT / "bench" / "aggregate_engines.py", engine, task, FOLDER, *extra],
                       env)


def make_input():
    stamp = FOLDER / "made"
    script = (ROOT / "bench" / "aggregate_input.py").read_text()
    if not stamp.is_file() or stamp.read_text() != script:
        say(f"making the input in {FOLDER} (once)")
        shutil.rmtree(FOLDER, ignore_errors=True)
        aggregate_input.make(FOLDER)
        stamp.write_text(script)
    for task, (_, _, fields) in TASKS.items():
        dem = 'dem_h: "/{group}/heights/dem_h"' if task == "gain_bias" else ""
        text = CONFIG.replace("DEM", dem).replace("TASK\n", fields)
        (FOLDER / f"{task}.yaml").write_text(text)


# ---- results ----

# Other fields are whole numbers of 4 bytes, compared as such.
FLOATS = {"h_min", "h_max", "h_mean", "h_median", "h_variance", "h_tdigest", "offset_h", "gain_h"}


def same_bytes(name, want, got):
    """Number of elements of one field that differ; NaN equals NaN."""
    kind = np.uint32 if name not in FLOATS else np.float32
    a, b = (np.frombuffer(data, kind) for data in (want, got))
    if len(a) != len(b):
        return max(len(a), len(b))
    differ = a.view(np.uint32) != b.view(np.uint32)
    if kind is np.float32:
        differ &= ~(np.isnan(a) & np.isnan(b))
    return int(differ.sum())


def close_numbers(name, want, got):
    """Number of elements of one field that are off by more than another order of float32
    additions explains; bins: samples on an edge may be counted on either side."""
    kind = np.float32 if name in FLOATS else np.uint32
    a, b = (np.frombuffer(data, kind).astype(float) for data in (want, got))
    if len(a) != len(b) or np.any(np.isnan(a) != np.isnan(b)):
        return max(len(a), len(b))
    if name == "waveform_counts":
        moved = int(np.abs(a - b).sum()) // 2
        return moved if moved > 1e-4 * a.sum() else 0
    tolerance = {"h_mean": 1e-5, "h_median": 1e-6, "h_variance": 1e-2}.get(name, 0)
    off = np.abs(a - b) > tolerance * np.maximum(np.abs(a), 1e-3)
    return int((off & ~np.isnan(a)).sum())


def compare(task, engine, reference):
    """Text about one engine's results, and whether they will do."""
    folder = FOLDER / "check" / engine.replace(", ", "-").replace(" ", "-") / task
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run_engine(engine, task, "--check", folder)
    files = {path.stem: path.read_bytes() for path in sorted(folder.glob("*.bin"))}
    fields = f"{len(files)} field{'s' if len(files) > 1 else ''}"
    if reference is None:
        text = "the reference" if engine.startswith("upstream") else "not compared: no upstream"
        return files, f"{fields}, {text}", True
    if not files:
        return files, "not compared", True
    exact = engine in ZAGG or engine.startswith("upstream")
    if exact and set(files) != set(reference):
        return files, f"fields {sorted(files)}, not {sorted(reference)}", False
    count = same_bytes if exact else close_numbers
    wrong = {name: count(name, reference[name], data) for name, data in files.items()}
    bad = ", ".join(f"{name}: {n} differ" for name, n in wrong.items() if n)
    return files, bad or f"{fields}, {'same bytes' if exact else 'close'}", not bad


def check(tasks, engines):
    """Every engine's results, {task: {engine: text}}; stops where one computes something
    else."""
    out, wrong = {}, []
    for task in tasks:
        reference, out[task] = None, {}
        # Upstream first: the others are held against it.
        for engine in sorted(engines[task], key=lambda e: not e.startswith("upstream")):
            files, text, good = compare(task, engine, reference)
            if engine.startswith("upstream"):
                reference = reference or files
            out[task][engine] = text
            say(f"{task}: {engine}: {text}")
            if not good:
                wrong.append(f"{engine} ({task})")
    if wrong:
        sys.exit(f"bench: other results than upstream's: {', '.join(wrong)}; "
                 "figures would compare nothing")
    return out


# ---- figures ----

def measure(tasks, engines, options):
    """Figures of each run: {task: {engine: [...]}}."""
    programs = [((task, engine), (engine, task),
                 options.upstream_rounds if engine.startswith("upstream") else options.rounds)
                for task in tasks for engine in engines[task]]
    runs = {task: {} for task in tasks}
    for (task, engine), figures in common.in_turn(
            programs, options.rounds, run=lambda program: json.loads(run_engine(*program)),
            warm_up=False):
        runs[task][engine] = figures
    return runs


def best(figures):
    return min(f["cpu_s"] for f in figures)


def parts_text(figures):
    names = figures[0]["parts"]
    return ", ".join(f"{name} {1e3 * min(f['parts'][name] for f in figures):.1f}"
                     for name in names)


def report(task, runs, checked):
    title, aim, _ = TASKS[task]
    bound = "" if all(f["peak_reset"] for r in runs.values() for f in r) else "at most "
    rows = []
    for engine, figures in sorted(runs.items(), key=lambda item: best(item[1])):
        note = NOTES.get((engine, task))
        rows.append((engine, f"{1e3 * best(figures):.1f}", f"{1e3 * median(figures, 'cpu_s'):.1f}",
                     f"{1e3 * median(figures, 'wall_s'):.1f}", parts_text(figures),
                     f"{bound}{median(figures, 'extra_bytes') / MB:.1f}",
                     f"{checked[engine]}{'; ' + note if note else ''}"))
    lines = [f"## {title[0].upper()}{title[1:]}", "",
             *common.table(["engine", "CPU ms, best", "median", "wall ms, median", "of which",
                            "extra MB", "results"], rows)]
    if "zagg" in runs:
        ours = runs["zagg"]
        cpu, extra = best(ours), median(ours, "extra_bytes")
        lines += ["", f"Aim: {1e3 * aim:.0f} ms, 30 MB extra: "
                  f"{'met' if cpu <= aim else 'missed'} in CPU ({1e3 * cpu:.1f} ms), "
                  f"{'met' if extra <= MEMORY_AIM else 'missed'} in memory "
                  f"({extra / MB:.1f} MB)."]
        others = [(best(f) / cpu, engine) for engine, f in runs.items() if engine not in ZAGG]
        if others:
            lines.append("CPU time of the others over zagg's: " + "; ".join(
                f"{engine} {ratio:.1f}" for ratio, engine in sorted(others)) + ".")
    return [*lines, ""]


def pick_engines(tasks, wanted):
    known = {**{name: tuple(TASKS) for name in ZAGG},
             **{name: does for name, (_, does) in ENGINES.items()}}
    return {task: [name for name, does in known.items() if task in does and (
        wanted == "all" or name.split(",")[0] in wanted.split(","))] for task in tasks}


def main():
    parser = common.arguments(__doc__, rounds=9, upstream_rounds=3, tasks=",".join(TASKS),
                              engines="all")
    parser.add_argument("--no-expression", action="store_true")
    options = parser.parse_args()
    make_input()
    tasks = options.tasks.split(",")
    engines = pick_engines(tasks, options.engines)
    checked = check(tasks, engines)
    runs = measure(tasks, engines, options)
    packages = ["zagg", "numpy", "pandas", "polars", "duckdb", "pyarrow"]
    ran = f"{common.versions(False)}; upstream {common.versions_in(PEER, packages)}"
    lines = [*common.heading("Aggregation of one order-11 shard", ran),
             f"Input: {aggregate_input.describe(FOLDER)}. One thread; "
             f"{options.rounds} interleaved rounds, upstream in {options.upstream_rounds}, each "
             "run in a new process; extra memory is the rise of resident memory over the inputs, "
             "median.", ""]
    for task in tasks:
        lines += report(task, runs[task], checked[task])
    if not options.no_expression:
        lines.append(run_quietly([EXPRESSION, FOLDER, options.rounds]).rstrip() + "\n")
    text = "\n".join(lines)
    print("\n" + text)
    if options.record:
        common.record("aggregate", text)


if __name__ == "__main__":
    main()
