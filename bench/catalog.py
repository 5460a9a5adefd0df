#!/usr/bin/env python3
"""Shard maps from catalogs: zagg beside upstream.

    bench/catalog.py [--rounds N] [--granules 50000] [--large 500000] [--only NAME] [--record]

Cases: the catalog over NEON of the golden set (2089 granules) at orders 9 to 11 and on a UTM grid, and
synthetic quarter orbits all around the globe (as many as --granules) with California for an area, at
orders 9 and 11; --large is zagg alone, to show that memory does not grow with the catalog. Times are
those of whole processes: start, reading the catalog, building, writing the map. Upstream builds from
the same items as stac-geoparquet, written by zagg; its own figure for the build (build_wall_s) stands
beside. Every map is compared with upstream's, granule by granule.
"""
import json
import math
import os
import pathlib
import random
import re
import shutil
import sys

from common import (ENGINES, MB, PEER, SHARED, WORK, ZAGG, arguments, heading, in_turn, measure, median,
                    record, run_quietly, say, table, upstream_here, versions)

GOLDEN = pathlib.Path(os.environ.get("ZAGG_GOLDEN", SHARED / "golden")) / "catalog" / "data"
UPSTREAM = pathlib.Path(__file__).with_name("catalog_upstream.py")
INCLINATION, ARCS, HALF_SWATH_DEG, TURN_DEG = math.radians(92.0), 14, 0.0567, 23.55


# ---- synthetic granules ----

def track_point(node_lon, u):
    """Latitude and longitude (degrees) at angle u of an orbit; the Earth turns below it."""
    lat = math.asin(math.sin(INCLINATION) * math.sin(u))
    lon = math.atan2(math.cos(INCLINATION) * math.sin(u), math.cos(u))
    return math.degrees(lat), node_lon + math.degrees(lon) - TURN_DEG * u / (2 * math.pi)


def beside(point, ahead, side):
    """A point half a swath to the left (-1) or right (1) of the way from `point` to `ahead`."""
    (lat, lon), (lat2, lon2) = point, ahead
    turn = math.remainder(lon2 - lon, 360) * math.cos(math.radians(lat))
    north, east = lat2 - lat, turn
    length = math.hypot(north, east)
    dlat, dlon = -side * east / length * HALF_SWATH_DEG, side * north / length * HALF_SWATH_DEG
    return max(-90.0, min(90.0, lat + dlat)), lon + dlon / max(1e-3, math.cos(math.radians(lat)))


def ring(generator, number):
    """A swath of one fourteenth of an orbit: 26 vertices and the first one again."""
    node, first = generator.uniform(-180, 180), (number % ARCS) * 2 * math.pi / ARCS
    points = [track_point(node, first + k / 12.0 * 2 * math.pi / ARCS) for k in range(14)]
    right = [beside(points[k], points[k + 1], 1) for k in range(13)]
    left = [beside(points[k], points[k + 1], -1) for k in range(13)]
    outline = [[round(math.remainder(lon, 360), 5), round(lat, 5)] for lat, lon in right + left[::-1]]
    return [*outline, outline[0]]


def item(generator, number):
    name = f"ATL03_2019{number % 12 + 1:02d}{number % 28 + 1:02d}{number:06d}_{number % 1387:04d}0102_007_01.h5"
    outline = ring(generator, number)
    lons, lats = zip(*outline)
    start = f"2019-{number % 12 + 1:02d}-{number % 28 + 1:02d}T{number % 24:02d}:33:08.267Z"
    end = start.replace(":33:", ":41:")
    prefix = "nsidc-cumulus-prod-protected/ATLAS/ATL03/007/2019/"
    assets = {"data": {"href": f"https://data.nsidc.earthdatacloud.nasa.gov/{prefix}{name}",
                       "roles": ["data"]},
              "data_s3": {"href": f"s3://{prefix}{name}", "roles": ["data"]}}
    return {"type": "Feature", "stac_version": "1.0.0", "stac_extensions": [], "id": name,
            "collection": "ATL03_007",
            "geometry": {"type": "Polygon", "coordinates": [outline]},
            "bbox": [min(lons), min(lats), max(lons), max(lats)],
            "properties": {"datetime": start, "start_datetime": start, "end_datetime": end},
            "links": [], "assets": assets}


def synthetic(count):
    """A catalog of that many granules as NDJSON and as Parquet, made once."""
    path = WORK / f"catalog-{count}.ndjson"
    if not path.is_file():
        say(f"making {path} (once)")
        WORK.mkdir(parents=True, exist_ok=True)
        generator = random.Random(7)
        meta = {"source": "synthetic", "collection": "ATL03_007", "short_name": "ATL03",
                "bbox": [-124.48, 32.53, -114.13, 42.01]}
        with open(f"{path}.part", "w", encoding="ascii") as out:
            out.write(json.dumps({"zagg:catalog_meta": meta}) + "\n")
            for number in range(count):
                out.write(json.dumps(item(generator, number), separators=(",", ":")) + "\n")
        os.rename(f"{path}.part", path)
    return path


def neon():
    path = WORK / "catalog-neon.ndjson"
    if not path.is_file():
        WORK.mkdir(parents=True, exist_ok=True)
        meta = {"source": "CMR-STAC", "collection": "ATL03_007", "short_name": "ATL03",
                "bbox": [-76.623291, 38.842973, -76.506054, 38.934599]}
        import gzip
        with gzip.open(GOLDEN / "cat_neon.items.ndjson.gz") as items, open(path, "wb") as out:
            out.write(json.dumps({"zagg:catalog_meta": meta}).encode() + b"\n")
            shutil.copyfileobj(items, out)
    return path


def parquet_of(path):
    """The same items as stac-geoparquet; None where this zagg writes none."""
    out = path.with_suffix(".parquet")
    if not out.is_file():
        done = measure_quiet([ZAGG, "catalog", "convert", path, out])
        if not done:
            return None
    return out


def measure_quiet(command):
    import subprocess
    return subprocess.run([str(c) for c in command], capture_output=True, check=False).returncode == 0


# ---- grids ----

def config(name):
    """A pipeline config for "o9" or "rect_3km"; chunks are the shards."""
    path = WORK / f"catalog-{name}.yaml"
    base = SHARED / "data" / "benchmark" / "configs"
    if name.startswith("rect"):
        text = (base / f"atl03_tdigest_{name}.yaml").read_text()
    else:
        text = (base / "atl03_tdigest_healpix_o10.yaml").read_text()
        text = re.sub(r"parent_order: \d+", f"parent_order: {name[1:]}", text)
    path.write_text(text)
    return path


CASES = [("NEON o9", neon, "AOP_NEON.geojson", "o9"), ("NEON o10", neon, "AOP_NEON.geojson", "o10"),
         ("NEON o11", neon, "AOP_NEON.geojson", "o11"),
         ("NEON UTM 3 km", neon, "AOP_NEON.geojson", "rect_3km"),
         ("California o9", None, "california.geojson", "o9"),
         ("California o11", None, "california.geojson", "o11")]


def zagg_command(catalog, area, grid, out):
    return [ZAGG, "shardmap", "build", "--config", config(grid), "--catalog", catalog, "--polygon",
            GOLDEN / area, "-o", out, "--force"]


def compare(ours, theirs):
    done = run_quietly([ZAGG, "shardmap", "diff", theirs, ours]) if theirs else "not compared"
    return done.strip().splitlines()[-1]


def rows_of(options, name, catalog, area, grid, upstream):
    """Lines of one case: zagg from both forms of the catalog, then upstream."""
    ours, theirs = WORK / "catalog-ours.json", WORK / "catalog-theirs.json"
    parquet = parquet_of(catalog)
    programs = [("zagg, NDJSON", zagg_command(catalog, area, grid, ours), options.rounds)]
    if parquet:
        programs.append(("zagg, Parquet", zagg_command(parquet, area, grid, ours), options.rounds))
    env = {**os.environ, "PYTHONPATH": str(ENGINES), "PYTHONDONTWRITEBYTECODE": "1"}
    if upstream and parquet and not grid.startswith("rect"): # it needs spherely for others
        programs.append(("upstream", [PEER, UPSTREAM, config(grid), parquet, GOLDEN / area, theirs],
                         1 if catalog.name != "catalog-neon.ndjson" else min(3, options.rounds)))
    measured = in_turn(programs, options.rounds, lambda c: measure(c, env))
    rows = []
    for program, runs in measured:
        match = re.search(r"(\d+) shards, (\d+) pairs", runs[-1]["text"])
        build = json.loads(theirs.read_text())["metadata"]["build_wall_s"] if program == "upstream" else ""
        rows.append((name, program, match[1], match[2], f"{median(runs, 'wall_s'):.3f}",
                     f"{median(runs, 'cpu_s'):.3f}", f"{median(runs, 'peak_bytes') / MB:.1f}", build))
    verdict = compare(ours, theirs if measured[-1][0] == "upstream" else None)
    return rows, f"{name}: {verdict}."


def main():
    parser = arguments(__doc__, rounds=5, granules=50000, large=0)
    parser.add_argument("--only", help="cases whose name contains this")
    parser.add_argument("--no-peers", action="store_true", help="zagg alone")
    options = parser.parse_args()
    if not GOLDEN.is_dir():
        sys.exit(f"bench: the golden catalogs are not in {GOLDEN}")
    upstream = upstream_here() and (ENGINES / "pyarrow").is_dir() and not options.no_peers
    rows, verdicts = [], []
    cases = [(n, c, a, g) for n, c, a, g in CASES if not options.only or options.only in n]
    if options.large:
        cases.append((f"{options.large} granules, California o9", "large", "california.geojson", "o9"))
    for name, source, area, grid in cases:
        large = source == "large"
        catalog = synthetic(options.large) if large else source() if source else synthetic(options.granules)
        new, verdict = rows_of(options, name, catalog, area, grid, upstream and not large)
        rows += new
        verdicts += [verdict]
    lines = [*heading("Shard maps from catalogs", versions(upstream)),
             f"Medians of up to {options.rounds} runs in turn; upstream once where it takes a minute.", "",
             *table(["case", "program", "shards", "pairs", "wall s", "CPU s", "peak MB",
                     "its build_wall_s"], rows), "", *verdicts]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.record:
        record("catalog", text)


if __name__ == "__main__":
    main()
