#!/usr/bin/env python3
"""bench/points.py [--record]: a million points to order-19 cells on one thread, by zagg, mortie and
healpix-geo, in turn on the same points; all must give the same cells."""
import os
import pathlib
import subprocess
import sys
import time

os.environ["RAYON_NUM_THREADS"] = "1"  # mortie and healpix-geo: one thread

import healpix_geo.nested  # noqa: E402
import mortie  # noqa: E402
import numpy as np  # noqa: E402
from importlib.metadata import version  # noqa: E402

import common  # noqa: E402

ORDER, POINTS, ROUNDS = 19, 1_000_000, 7
ISAS = ("scalar", "avx2", "avx512", "neon")
PROGRAM = common.ROOT / "build" / "release" / "bench" / "points"


def uniform(rng):
    return np.degrees(np.arcsin(rng.uniform(-1, 1, POINTS))), rng.uniform(-180, 180, POINTS)


def tracks(rng):
    along = 20.0 * np.arange(POINTS) / 6371007.0
    lat = np.degrees(np.arcsin(np.sin(1.6057) * np.sin(along)))
    lon = np.degrees(np.arctan2(np.cos(1.6057) * np.sin(along), np.cos(along)))
    return lat + 1e-4 * rng.random(POINTS), lon + 1e-4 * rng.random(POINTS)


def zagg(path, lat, lon, isa):
    """Million points a second, and the cells."""
    np.concatenate([lat, lon]).tofile(path)
    done = subprocess.run([PROGRAM, str(ORDER), path], env={**os.environ, "ZAGG_ISA": isa},
                          capture_output=True, text=True, check=True)
    return float(done.stdout), np.fromfile(path, dtype="<u8")[:POINTS]


def peer(function):
    best, cells = 0.0, None
    for _ in range(ROUNDS):
        start = time.process_time()
        cells = function()
        best = max(best, POINTS / (time.process_time() - start) * 1e-6)
    return best, cells


def words(nested):
    """Packed words of order-19 cells (docs/latitude.md: the words of upstream)."""
    base, within = nested >> np.uint64(2 * ORDER), nested & np.uint64(4**ORDER - 1)
    return (((base + np.uint64(1)) << np.uint64(60)) | (within << np.uint64(60 - 2 * ORDER))
            | np.uint64(ORDER))


def has(isa):
    flags = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    return {"scalar": True, "neon": "asimd" in flags, "avx2": "avx2" in flags,
            "avx512": {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= set(flags)}[isa]


def measure(path, name, lat, lon, rows):
    rate, expected = peer(lambda: np.asarray(mortie.geo2mort(lat, lon, ORDER), dtype=np.uint64))
    rows.append((name, "mortie", rate, 0))
    rate, cells = peer(lambda: healpix_geo.nested.lonlat_to_healpix(
        lon, lat, ORDER, ellipsoid="WGS84", num_threads=1))
    rows.append((name, "healpix-geo", rate, np.count_nonzero(words(cells) != expected)))
    for isa in filter(has, ISAS):
        rate, cells = zagg(path, lat, lon, isa)
        rows.append((name, f"zagg, {isa}", rate, np.count_nonzero(words(cells) != expected)))


def main():
    common.WORK.mkdir(parents=True, exist_ok=True)
    path = common.WORK / "points.bin"
    rng, rows = np.random.default_rng(1), []
    measure(path, "uniform", *uniform(rng), rows)
    measure(path, "tracks", *tracks(rng), rows)
    path.unlink()
    lines = ["| points | by | Mpoint/s | cells that differ from mortie's |", "|---|---|---|---|"]
    lines += [f"| {name} | {by} | {rate:.1f} | {wrong} |" for name, by, rate, wrong in rows]
    print("\n".join(lines))
    if any(by.startswith("zagg") and wrong for _, by, _, wrong in rows):
        sys.exit("points: zagg gives other cells than mortie")
    if "--record" in sys.argv:
        common.record("points", f"""\
# Points to cells

Machine: {common.machine()}. zagg {common.commit()}, mortie {version("mortie")}, healpix-geo
{version("healpix-geo")}.

Command: `scripts/bench points --record`: {POINTS:,} points (degrees, WGS84, authalic convention) to
order-{ORDER} cells on one thread, by CPU time, the best of {ROUNDS} (zagg: 15) rounds; mortie by `geo2mort`,
healpix-geo by `lonlat_to_healpix` on the WGS84 ellipsoid. The kinds of vectors are forced with
`ZAGG_ISA`. Aim: 25 million points a second.

""" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
