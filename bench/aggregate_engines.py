"""Other engines on the input of the aggregation benchmark, one task in this process.

    bench/aggregate_engines.py ENGINE TASK FOLDER [--check FOLDER]

FOLDER is what aggregate_input.py wrote, with TASK.yaml in it for upstream. Inputs are in memory, in the
engine's own containers, and its code has run once on a few rows before anything is measured;
upstream is not warmed up, as its time goes into Python code cell by cell. Prints one JSON
object: CPU (user and system time of the process) and wall seconds, and the bytes by which
resident memory rose above where it was before. With --check results are written as raw
little-endian arrays, one file a field, cells without rows included, and figures mean nothing.
"""
import argparse
import ctypes
import gc
import json
import pathlib
import time
import warnings

import numpy as np

CELLS = 65_536
CHUNK_CELLS = 4_096
BINS = 128


def status_bytes(key):
    for line in open("/proc/self/status", encoding="ascii"):
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    return 0


def reset_peak():
    """False where the kernel does not let a process reset VmHWM."""
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
        return True
    except OSError:
        return False


class Meter:
    """Clocks and memory around what is measured; lap() ends a part of it."""

    def __init__(self):
        self.parts, self.last = {}, 0.0

    def run(self, work):
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        exact = reset_peak()
        resident = status_bytes("VmRSS")
        wall, cpu = time.perf_counter(), time.process_time()
        self.last = cpu
        result = work(self)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return result, {"cpu_s": cpu, "wall_s": wall, "parts": self.parts,
                        "extra_bytes": status_bytes("VmHWM") - resident, "peak_reset": exact}

    def lap(self, name):
        now = time.process_time()
        self.parts[name] = now - self.last
        self.last = now


class Input:
    def __init__(self, folder, n=None):
        self.folder = folder
        self.rank = np.load(folder / "rank.npy")[:n]
        self.h = np.load(folder / "h_ph.npy")[:n]

    def dem(self):
        return np.load(self.folder / "dem_h.npy")[:len(self.h)]

    def frame(self, task):
        columns = {"rank": self.rank, "h": self.h}
        if task == "gain_bias":
            columns["dem"] = self.dem()
        return columns


# ---- upstream: its own functions in the order of process_shard ----

def upstream_reads(folder, task, handoff):
    names = ["h_ph", "dem_h", "leaf_id"] if task == "gain_bias" else ["h_ph", "leaf_id"]
    columns = {name: np.load(folder / f"{name}.npy") for name in names}
    at = np.load(folder / "read_offsets.npy").astype(int)
    reads = []
    for first, end in zip(at, at[1:]):
        read = {name: column[first:end].copy() for name, column in columns.items()}
        if handoff == "arrow":
            from arro3.core import Table
            reads.append(Table.from_pydict(read))
        else:
            import pandas as pd
            reads.append(pd.DataFrame(read))
    return reads


def upstream(handoff):
    def prepare(task, folder, _n):
        warnings.simplefilter("ignore")
        from zagg import config as cfg
        from zagg.grids import from_config
        from zagg.processing import aggregate as agg
        from zagg.processing.write import _build_output
        config = cfg.load_config(str(folder / f"{task}.yaml"))
        grid = from_config(config)
        key = int(np.load(folder / "shard_key.npy")[0])
        fields = cfg.get_agg_fields(config)
        names = cfg.get_data_vars(config)
        dense = [v for v in names if cfg.get_output_signature(fields[v])["kind"] != "ragged"]
        arrow = agg._has_vector_fields(config)
        reads = upstream_reads(folder, task, handoff)

        def work(meter, keep=None):
            columns, slices, _ = agg._concat_and_group(reads, grid, handoff)
            meter.lap("group")
            for _, children in grid.iter_chunks(key):
                children = np.asarray(children)
                pooled = agg._pool_chunk_columns(columns, slices, children)
                scalars = agg._eval_chunk_precompute(config, pooled)
                stats, payloads, cells, _, _ = agg._aggregate_chunk_cells(
                    children, columns, slices, scalars, config, names, fields,
                    chunk_pooled=pooled)
                carrier = _build_output(stats, dense, fields, grid, key, use_arrow=arrow,
                                        children=children)
                if keep is not None:
                    keep.append((stats, payloads, cells))
                del carrier
            meter.lap("aggregate")

        def check():
            keep = []
            work(Meter(), keep)
            out = {name: np.concatenate([k[0][name] for k in keep]) for name in dense}
            for name in set(names) - set(dense):
                counts = np.zeros((len(keep), CHUNK_CELLS), np.uint64)
                for chunk, (_, payloads, cells) in zip(counts, keep):
                    chunk[cells[name]] = [len(p) for p in payloads[name]]
                out[name] = np.concatenate([p for k in keep for p in k[1][name]])
                out[name + ".counts"] = counts.ravel()
            return out
        return work, check
    return prepare


# ---- results of the others, for the check ----

def dense_scalars(rank, count, lowest, highest, mean, median, variance):
    def spread(values, dtype, empty):
        out = np.full(CELLS, empty, dtype)
        out[np.asarray(rank)] = np.asarray(values)
        return out
    names = ("h_min", "h_max", "h_mean", "h_median", "h_variance")
    out = {"count": spread(count, np.int32, 0)}
    for name, values in zip(names, (lowest, highest, mean, median, variance)):
        if values is not None:
            out[name] = spread(values, np.float32, np.nan)
    return out


def dense_counts(rank, bin_number, count):
    out = np.zeros((CELLS, BINS), np.uint32)
    out[np.asarray(rank), np.asarray(bin_number)] = np.asarray(count)
    return {"waveform_counts": out.ravel()}


# ---- numpy ----

def numpy_scalar(rank, h):
    """Ranks fit 16 bits, for which numpy's stable sort is a radix sort. Medians take a second
    sort, by cell and height."""
    order = np.argsort(rank.astype(np.uint16), kind="stable")
    cell, value = rank[order], h[order]
    first = np.flatnonzero(np.concatenate([[True], cell[1:] != cell[:-1]]))
    count = np.diff(first, append=len(cell))
    mean = np.add.reduceat(value, first) / count.astype(np.float32)
    off = value - np.repeat(mean, count)
    variance = np.add.reduceat(off * off, first) / count.astype(np.float32)
    by_height = np.argsort(value, kind="stable")
    by_height = by_height[np.argsort(cell[by_height].astype(np.uint16), kind="stable")]
    low = value[by_height[first + (count - 1) // 2]]
    high = value[by_height[first + count // 2]]
    return (cell[first], count, np.minimum.reduceat(value, first),
            np.maximum.reduceat(value, first), mean, (low + high) * np.float32(0.5), variance)


def numpy_gain_bias(rank, h, dem, take):
    order = np.argsort(rank.astype(np.uint16), kind="stable")
    cell, value, ground = rank[order], h[order], dem[order]
    ends = np.searchsorted(cell, np.arange(0, CELLS + 1, CHUNK_CELLS))
    for chunk, (first, end) in enumerate(zip(ends, ends[1:])):
        if first == end:
            continue
        v = value[first:end]
        spread = np.maximum(np.float32(1e-6), v.max() - v.min())
        gain = np.float32(max(0.5, 2.0 ** np.ceil(np.log2(spread / np.float32(BINS)))))
        low = np.floor(ground[first:end].min()) - 27 * gain
        number = np.floor((v - low) / gain)
        inside = (number >= 0) & (number <= BINS)
        at = (cell[first:end].astype(np.int64) - chunk * CHUNK_CELLS) * BINS
        at += np.minimum(number, BINS - 1).astype(np.int64)
        take(chunk, np.bincount(at[inside], minlength=CHUNK_CELLS * BINS).astype(np.uint32))


def prepare_numpy(task, folder, n):
    data = Input(folder, n)
    if task == "scalar":
        work = lambda _: numpy_scalar(data.rank, data.h)
        return work, lambda: dense_scalars(*work(None))
    dem = data.dem()

    def check():
        out = np.zeros((CELLS // CHUNK_CELLS, CHUNK_CELLS * BINS), np.uint32)
        numpy_gain_bias(data.rank, data.h, dem, out.__setitem__)
        return {"waveform_counts": out.ravel()}
    return lambda _: numpy_gain_bias(data.rank, data.h, dem, lambda *_: None), check


# ---- pandas, polars, DuckDB, Arrow ----

def prepare_pandas(task, folder, n):
    import pandas as pd
    frame = pd.DataFrame(Input(folder, n).frame(task))

    def work(_):
        groups = frame.groupby("rank", sort=True)["h"]
        out = groups.agg(["count", "min", "max", "mean", "median"])
        out["var"] = groups.var(ddof=0)
        return out

    def check():
        out = work(None)
        return dense_scalars(out.index, *(out[name] for name in out.columns))
    return work, check


def prepare_polars(task, folder, n):
    import polars as pl
    frame = pl.DataFrame(Input(folder, n).frame(task))
    h = pl.col("h")

    def scalar(_):
        return frame.lazy().group_by("rank").agg(
            pl.len().alias("count"), h.min().alias("min"), h.max().alias("max"),
            h.mean().alias("mean"), h.median().alias("median"),
            h.var(ddof=0).alias("var")).sort("rank").collect()

    def gain_bias(_):
        rows = frame.lazy().with_columns((pl.col("rank") // CHUNK_CELLS).alias("chunk"))
        anchors = rows.group_by("chunk").agg(
            (h.max() - h.min()).clip(1e-6).alias("spread"),
            pl.col("dem").min().floor().alias("offset")).with_columns(
                (2.0 ** (pl.col("spread") / BINS).log(2).ceil()).clip(0.5).alias("gain"))
        number = ((h - pl.col("offset")) / pl.col("gain") + 27).floor()
        return rows.join(anchors, on="chunk").select("rank", number.alias("number")).filter(
            (pl.col("number") >= 0) & (pl.col("number") <= BINS)).select(
                "rank", pl.col("number").clip(None, BINS - 1).cast(pl.Int32)).group_by(
                    "rank", "number").len().sort("rank", "number").collect()

    if task == "scalar":
        return scalar, lambda: dense_scalars(*(c.to_numpy() for c in scalar(None)))
    return gain_bias, lambda: dense_counts(*(c.to_numpy() for c in gain_bias(None)))


DUCKDB = {
    "scalar": """select rank, count(*), min(h), max(h), avg(h), median(h), var_pop(h)
        from rows group by rank order by rank""",
    "tdigest": """select rank, approx_quantile(h, [0.05, 0.25, 0.5, 0.75, 0.95])
        from rows group by rank order by rank""",
    "gain_bias": f"""with anchors as (
            select rank // {CHUNK_CELLS} as chunk, floor(min(dem)) as low,
                greatest(0.5, 2.0 ** ceil(log2(greatest(1e-6, max(h) - min(h)) / {BINS}))) as gain
            from rows group by chunk),
        numbered as (
            select rank, floor((h - low) / gain + 27) as number
            from rows join anchors on anchors.chunk = rows.rank // {CHUNK_CELLS})
        select rank, least(number, {BINS - 1})::integer as bin, count(*)
        from numbered where number between 0 and {BINS}
        group by rank, bin order by rank, bin""",
}


def prepare_duckdb(task, folder, n):
    import duckdb
    import pyarrow as pa
    table = pa.table(Input(folder, n).frame(task))
    base = duckdb.connect(config={"threads": 1})
    base.register("arrow_rows", table)
    base.execute("create table rows as select * from arrow_rows")

    def work(_):
        return base.sql(DUCKDB[task]).to_arrow_table()

    def check():
        if task == "tdigest":
            return {}
        columns = [c.to_numpy() for c in work(None).columns]
        return dense_scalars(*columns) if task == "scalar" else dense_counts(*columns)
    return work, check


def prepare_pyarrow(task, folder, n):
    import pyarrow as pa
    import pyarrow.compute as pc
    pa.set_cpu_count(1)
    table = pa.table(Input(folder, n).frame(task))
    if task == "scalar":
        wanted = [("h", "count"), ("h", "min"), ("h", "max"), ("h", "mean"),
                  ("h", "approximate_median"), ("h", "variance", pc.VarianceOptions(ddof=0))]
    else:
        options = pc.TDigestOptions(q=[0.05, 0.25, 0.5, 0.75, 0.95], delta=256)
        wanted = [("h", "tdigest", options)]

    def work(_):
        out = table.group_by("rank", use_threads=False).aggregate(wanted)
        return out.sort_by("rank")

    def check():
        if task == "tdigest":
            return {}
        out = work(None)
        columns = {name: out[name].to_numpy() for name in out.column_names}
        return dense_scalars(*(columns[name] for name in (
            "rank", "h_count", "h_min", "h_max", "h_mean")), None, columns["h_variance"])
    return work, check


# Tasks of each engine. The quantiles of DuckDB and Arrow come from digests of their own that
# they do not hand out, so that only the cost can be compared.
ENGINES = {
    "upstream, pandas handoff": (upstream("pandas"), ("scalar", "tdigest", "gain_bias")),
    "upstream, arrow handoff": (upstream("arrow"), ("scalar", "tdigest", "gain_bias")),
    "polars": (prepare_polars, ("scalar", "gain_bias")),
    "duckdb": (prepare_duckdb, ("scalar", "tdigest", "gain_bias")),
    "pandas": (prepare_pandas, ("scalar",)),
    "pyarrow": (prepare_pyarrow, ("scalar", "tdigest")),
    "numpy": (prepare_numpy, ("scalar", "gain_bias")),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("task")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--check", type=pathlib.Path)
    options = parser.parse_args()
    prepare, _ = ENGINES[options.engine]
    if options.check:
        options.check.mkdir(parents=True, exist_ok=True)
        _, check = prepare(options.task, options.folder, None)
        for name, values in check().items():
            np.ascontiguousarray(values).tofile(options.check / f"{name}.bin")
        return
    if not options.engine.startswith("upstream"):
        prepare(options.task, options.folder, 1000)[0](Meter())
    work, _ = prepare(options.task, options.folder, None)
    result, figures = Meter().run(work)
    del result
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
