"""Input of the aggregation benchmark: one order-11 shard of photons, the same on every run.

    bench/aggregate_input.py FOLDER       writes FOLDER/*.npy

65,536 cells of order 19 in 16 inner chunks, 2,000,000 rows that 70 tracks crossing the shard
left in 37,556 cells. Rows per cell are as skewed as in a real shard: median 26, 90 % at most
129, 99 % at most 403, largest 4,320. Rows come in reading order: read after read, along the
track within a read.
"""
import pathlib
import statistics
import sys

import numpy as np

SHARD_KEY = 5347301353729294347  # an order-11 cell: near 76.5 W 38.9 N
SIDE = 256  # cells
CELLS = SIDE * SIDE
CHUNK_CELLS = 4096
READS = 70
ROWS = 2_000_000
POPULATED = 37_556
# Quantiles of the rows per populated cell; the largest cell comes on top.
QUANTILES = ((0.5, 26), (0.9, 129), (0.99, 403))
LARGEST = 4_320
FILES = ("h_ph", "dem_h", "s_ph", "rank", "leaf_id", "read_offsets", "shard_key")


def rows_per_cell():
    """Ascending; log-linear in the normal quantile between the given ones. The slope below the
    median is what makes the sum come out."""
    normal = statistics.NormalDist()
    z = np.array([normal.inv_cdf((i + 0.5) / POPULATED) for i in range(POPULATED)])
    at = [normal.inv_cdf(p) for p, _ in QUANTILES] + [z[-1]]
    log_rows = np.log([rows for _, rows in QUANTILES] + [LARGEST])

    def counts(slope):
        below = log_rows[0] + slope * (z - at[0])
        return np.maximum(1, np.rint(np.exp(np.where(z < at[0], below,
                                                     np.interp(z, at, log_rows))))).astype(int)

    low, high = 0.1, 10.0  # a steeper slope gives fewer rows
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if counts(middle).sum() > ROWS else (low, middle)
    out = counts(high)
    short = ROWS - out.sum()  # rounding: some cells just below the median take one more
    out[POPULATED // 2 - short : POPULATED // 2] += 1
    assert out.sum() == ROWS
    return np.sort(out)


def cell_axes():
    """x and y of every rank: ranks interleave their bits."""
    rank = np.arange(CELLS)
    x, y = np.zeros(CELLS, int), np.zeros(CELLS, int)
    for bit in range(8):
        x |= (rank >> (2 * bit) & 1) << bit
        y |= (rank >> (2 * bit + 1) & 1) << bit
    return x, y


def terrain(x, y):
    return 600 + 40 * np.sin(x / 37) + 25 * np.cos(y / 23) + 6 * np.sin((x + y) / 5)


def photons(rng):
    """Rank and read of every row, and its place along the track, in reading order."""
    x, y = cell_axes()
    slope = np.where(np.arange(READS) % 2 == 0, 0.11, -0.11)
    start = rng.uniform(0, SIDE, READS)
    distance = np.abs(start + slope * (x[:, None] - SIDE / 2) - y[:, None])
    populated = np.argsort(distance.min(axis=1), kind="stable")[:POPULATED]
    count = rng.permutation(rows_per_cell())
    # The three nearest tracks saw a cell, the nearest most of it.
    near = np.argsort(distance[populated], axis=1, kind="stable")[:, :3]
    weight = 1 / (0.5 + np.take_along_axis(distance[populated], near, axis=1))
    share = np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1)[:, :2]
    cell = np.repeat(np.arange(POPULATED), count)
    pick = (rng.random(ROWS)[:, None] > share[cell]).sum(axis=1)
    read, rank = near[cell, pick], populated[cell]
    along = x[rank] + rng.random(ROWS)
    order = np.lexsort((along, read))
    return rank[order], read[order], along[order], y[rank[order]]


def make(folder):
    rng = np.random.default_rng(19)
    rank, read, x, y = photons(rng)
    ground = terrain(x, y)
    kind = rng.random(ROWS)
    height = ground + rng.normal(0, 0.6, ROWS)
    height += np.where(kind < 0.25, rng.exponential(6, ROWS), 0)  # canopy
    height = np.where(kind > 0.9, ground + rng.uniform(-60, 120, ROWS), height)  # noise
    leaf = ((SHARD_KEY & ~0x3F) + (rank.astype(np.uint64) << np.uint64(22))
            + (rng.integers(0, 1 << 16, ROWS, dtype=np.uint64) << np.uint64(6))
            + np.uint64(48) + rng.integers(0, 16, ROWS, dtype=np.uint64))
    offsets = np.searchsorted(read, np.arange(READS + 1))
    assert np.all(np.diff(offsets) > 0)
    arrays = {
        "h_ph": height.astype(np.float32),
        "dem_h": terrain(np.floor(x / 1.6) * 1.6, y).astype(np.float32),
        "s_ph": rng.uniform(0.05, 0.6, ROWS).astype(np.float32),
        "rank": rank.astype(np.uint32),
        "leaf_id": leaf.astype(np.uint64),
        "read_offsets": offsets.astype(np.uint64),
        "shard_key": np.array([SHARD_KEY], np.uint64),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        np.save(folder / f"{name}.npy", arrays[name])


def describe(folder):
    """The figures that matter, counted from the files."""
    count = np.bincount(np.load(folder / "rank.npy"), minlength=CELLS)
    full = np.sort(count[count > 0])
    median, p90, p99 = (full[int(p * len(full))] for p in (0.5, 0.9, 0.99))
    return (f"{count.sum():,} rows of {len(np.load(folder / 'read_offsets.npy')) - 1} reads, "
            f"{len(full):,} of {len(count):,} cells hold rows: median {median}, p90 {p90}, "
            f"p99 {p99}, largest {full[-1]:,}")


if __name__ == "__main__":
    make(pathlib.Path(sys.argv[1]))
    print(describe(pathlib.Path(sys.argv[1])))
