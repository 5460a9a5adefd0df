"""zagg export: what pyarrow, shapely and Python's csv and json read equals what zarr-python
reads of the store, and every outline is valid and holds its centre."""
import csv
import json
import os
import pathlib
import sys
import tarfile

import numpy as np
import pyproj
import shapely
import zarr

import peers
from peers import GOLDEN, check

sys.path.append(str(pathlib.Path(sys.prefix) / "arrow"))
import pyarrow.parquet as pq  # noqa: E402

PLACE = ("cell", "morton", "cell_id", "row", "column", "x", "y", "lon", "lat", "geometry")
LARGEST_CSV_FIELD = 1 << 24
LARGEST_WHOLE = 1 << 22  # cells of an array that is read at once


def unpack(archive, folder):
    folder.mkdir()
    if archive.suffix == ".zst":
        os.system(f"zstd -dc '{archive}' | tar xf - -C '{folder}'")
    else:
        tarfile.open(archive).extractall(folder, filter="data")
    return next(folder.iterdir())


def groups_of(store):
    """Groups of cells: the one of a flat store, or of a hive one in each current leaf."""
    manifest = store / "morton_hive.json"
    if not manifest.exists():
        return [g for _, g in zarr.open_group(store, mode="r", zarr_format=3).groups()][:1]
    order = str(json.loads(manifest.read_text())["cell_order"])
    return [zarr.open_group(p.parent, mode="r", zarr_format=3)
            for p in sorted(store.rglob(f"{order}/zarr.json"))
            if not any(part.startswith("all.") for part in p.parts)]


def at_cells(store, table):
    """For each row its group and its index there."""
    groups = groups_of(store)
    if "row" in table:
        return [(groups[0], (r, c)) for r, c in zip(table["row"], table["column"])]
    if groups[0]["morton"].shape[0] >= LARGEST_WHOLE:
        return [(groups[0], (int(i),)) for i in table["cell_id"]]
    place = {int(w): (g, (i,)) for g in groups for i, w in enumerate(g["morton"][:]) if w}
    return [place[w] for w in table["morton"]]


def same(ours, theirs):
    theirs = np.asarray(theirs)
    return np.array_equal(np.asarray(ours), theirs.ravel() if isinstance(ours, list) else theirs,
                          equal_nan=theirs.dtype.kind == "f")


def reader_of(group, field):
    """A function from a cell's index to its value."""
    array = group[field]
    values = array[...] if array.size < LARGEST_WHOLE else array
    if array.dtype.kind == "O":  # a slice: zarr wraps single payloads twice
        dtype = np.dtype(array.attrs["ragged"]["element"]["dtype"])
        return lambda index: np.frombuffer(
            values[tuple(slice(i, i + 1) for i in index)].ravel()[0], dtype)
    if array.metadata.dimension_names[0].startswith("chunk"):
        cells = next(a for _, a in group.arrays()
                     if a.metadata.dimension_names[0] in ("cells", "y"))
        per = [n // m for n, m in zip(cells.shape, array.shape)]
        return lambda index: values[tuple(i // p for i, p in zip(index, per))]
    return lambda index: values[index]


def check_values(name, store, table):
    places = at_cells(store, table)
    for field in [f for f in table if f not in PLACE]:
        readers = {}
        wrong = 0
        for row, (group, index) in enumerate(places):
            if id(group) not in readers:
                readers[id(group)] = reader_of(group, field)
            wrong += not same(table[field][row], readers[id(group)](index))
        check(f"{name}: {field} of {len(places)} cells", not wrong, f"{wrong} differ")


def check_shapes(name, table, geometry, crs):
    shapes = shapely.from_wkb(geometry)
    check(f"{name}: outlines are valid", bool(shapely.is_valid(shapes).all()))
    x, y = np.asarray(table["lon"]), np.asarray(table["lat"])
    if crs is not None:
        x, y = pyproj.Transformer.from_crs("OGC:CRS84", crs, always_xy=True).transform(x, y)
    check(f"{name}: outlines hold the centres", bool(shapely.contains_xy(shapes, x, y).all()))


def check_store(name, store, folder):
    out = folder / f"{name}.parquet"
    if not peers.zagg(f"{name}: export", "export", store, "-o", out):
        return
    file = pq.ParquetFile(out)
    table = file.read().to_pydict()
    geo = json.loads(file.metadata.metadata[b"geo"])["columns"]["geometry"]
    crs = pyproj.CRS.from_json_dict(geo["crs"]) if "crs" in geo else None
    check(f"{name}: rows", len(table["lon"]) > 0)
    check_values(name, store, table)
    check_shapes(name, table, table["geometry"], crs)
    check_texts(name, store, folder, table)


def check_texts(name, store, folder, table):
    """The text formats say the same."""
    csv.field_size_limit(LARGEST_CSV_FIELD)
    one, two = folder / f"{name}.csv", folder / f"{name}.ndjson"
    peers.zagg(f"{name}: export to csv", "export", store, "-o", one)
    peers.zagg(f"{name}: export to ndjson", "export", store, "-o", two)
    with one.open(newline="") as file:
        rows = list(csv.DictReader(file))
    features = [json.loads(line) for line in two.open()]
    check(f"{name}: as many rows", len(rows) == len(features) == len(table["lon"]))
    check(f"{name}: csv places", [float(r["lon"]) for r in rows] == table["lon"])
    check(f"{name}: features' places",
          [f["properties"]["lat"] for f in features] == table["lat"])
    shapes = shapely.from_wkt([r["geometry"] for r in rows])
    check(f"{name}: csv outlines", bool((shapely.to_wkb(shapes) == np.asarray(
        table["geometry"], dtype=object)).all()))
    shapes = shapely.from_geojson([json.dumps(f["geometry"]) for f in features])
    check(f"{name}: features are valid and hold their places", bool(
        shapely.is_valid(shapes).all() and
        shapely.contains_xy(shapes, table["lon"], table["lat"]).all()))


def main():
    archives = {p.name.split(".tar")[0]: p for p in
                [*(GOLDEN / "stores").glob("*.tar.zst"), *(GOLDEN / "real").glob("*.tar.xz")]}
    wanted = ["v061_mini_flat", "v061_mini_hiveplain", "v061_hiveplain_scalar_healpix_o11",
              "v061_hive_tdigest_healpix_o11", "v061_mini_rect", "tdigest_rect_polar",
              "v061_mini_rect_sharded"]
    there = [n for n in wanted if n in archives]
    if not there:
        peers.skip("no golden stores here")
        peers.finish()
    with peers.work_folder() as work:
        folder = pathlib.Path(work)
        for name in there:
            check_store(name, unpack(archives[name], folder / f"{name}.d"), folder)
    peers.finish()


main()
