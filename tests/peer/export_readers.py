"""Tables that zagg export makes of upstream's stores, read by pyarrow, geopandas, DuckDB, pandas
and GDAL: rows and values are those that zarr-python reads, places those of healpix-geo and pyproj,
geometries valid."""
import json
import pathlib
import subprocess
import sys

import healpix_geo.nested
import numpy as np
import pandas as pd
import pyproj
import zarr

import peers

sys.path.append(str(pathlib.Path(sys.prefix) / "arrow"))
import duckdb  # noqa: E402
import geopandas  # noqa: E402
import pyarrow.parquet  # noqa: E402
import pyogrio  # noqa: E402
import shapely  # noqa: E402

STORES = ["seed_mini_all_sharded", "seed_tdigest_healpix_o11", "v061_mini_flat", "v061_mini_hiveplain",
          "v061_flat_gain_bias_healpix_o11", "v061_hiveplain_tdigest_healpix_o11",
          "seed_mini_rect_sharded", "v061_mini_rect", "v061_gain_bias_rect_3km"]
OWN = {"cell", "morton", "cell_id", "row", "column", "x", "y", "lon", "lat", "geometry",
       "cell_ids"}


def objects_of(folder):
    """Indices of the objects of an array: of its shards, or of its chunks."""
    return sorted(tuple(int(part) for part in p.relative_to(folder / "c").parts)
                  for p in (folder / "c").rglob("*") if p.is_file())


class Cells:
    """Fields of all cells of a group whose shard or chunk is stored, by zarr-python; `base`: the id
    of the first cell of a leaf. `data`: what tells that a cell holds data."""

    def __init__(self, group, base=0):
        self.group = zarr.open_group(group, mode="r")
        self.data = "count" if "count" in self.group else "waveform_counts"
        self.main = self.group[self.data]
        self.axes = 2 if self.main.metadata.dimension_names[0] == "y" else 1
        self.shape = self.main.shape[:self.axes]
        self.chunk = self.main.chunks[:self.axes]
        step = (self.main.shards or self.main.chunks)[:self.axes]
        ids, self.fields = [], {}
        for index in sorted({i[:self.axes] for i in objects_of(group / self.data)}):
            where = tuple(slice(i * s, (i + 1) * s) for i, s in zip(index, step))
            axes = [np.arange(w.start, w.stop) for w in where]
            ids.append((axes[0][:, None] * self.shape[1] + axes[1]).ravel() if self.axes == 2
                       else axes[0] + base)
            self.read(where, axes)
        self.ids = np.concatenate(ids)
        self.fields = {n: np.concatenate(v) for n, v in self.fields.items() if n not in OWN}

    def read(self, where, axes):
        """Fields of one shard; companions once for each of their cells."""
        chunks = np.ix_(*(a // c for a, c in zip(axes, self.chunk)))
        n = int(np.prod([len(a) for a in axes]))
        for name, array in self.group.arrays():
            names = array.metadata.dimension_names or ()
            if array.shape[:self.axes] == self.shape:
                values = array[where]
            elif names and names[0] in ("chunks", "chunk_y"):
                low = [int(c.min()) for c in chunks]
                part = array[tuple(slice(i, int(c.max()) + 1) for i, c in zip(low, chunks))]
                values = part[tuple(c - i for c, i in zip(chunks, low))]
            else:
                continue
            self.fields.setdefault(name, []).append(values.reshape((n, *values.shape[self.axes:])))

    def with_data(self):
        values = self.fields[self.data]
        return values > 0 if values.ndim == 1 else (values > 0).any(axis=1)


def csr_payloads(group, name, count):
    """Payloads of upstream 0.11's ragged fields, of which each chunk (by its flattened index) has
    a group of its own: cell -> array."""
    found = {}
    height, width = (count.chunks[0], count.chunks[-1]) if count.ndim == 2 else (1, count.chunks[0])
    across = count.shape[-1] // width
    for key in (group / name).iterdir():
        if not key.is_dir():
            continue
        values, offsets, cells = (zarr.open_array(key / part, mode="r")[...]
                                  for part in ("values", "offsets", "cell_ids"))
        row, column = divmod(int(key.name), across)
        for i, cell in enumerate(cells.astype(int)):
            at = (row * height + cell // width) * count.shape[-1] + column * width + cell % width
            found[at] = values[offsets[i]:offsets[i + 1]].ravel()
    return found


def decimal_of(nested, order):
    base = int(nested) >> 2 * order
    digits = "".join(str((int(nested) >> 2 * k & 3) + 1) for k in reversed(range(order)))
    return str(base + 1 if base < 6 else 5 - base) + digits


def hive_cells(store, order):
    """The leaves one after another; an id is the cell's nested id."""
    parts = []
    for leaf in sorted(store.rglob("*.zarr")):
        group = leaf / str(order)
        if leaf.name[:-5].lstrip("-").isdigit() and (group / "zarr.json").is_file():
            text = leaf.name[:-5]
            digits = text.lstrip("-")
            base = int(digits[0]) - 1 if text[0] != "-" else int(digits[0]) + 5
            for d in digits[1:]:
                base = base << 2 | int(d) - 1
            parts.append(Cells(group, base << 2 * (order - len(digits) + 1)))
    merged = parts[0]
    merged.ids = np.concatenate([p.ids for p in parts])
    merged.fields = {n: np.concatenate([p.fields[n] for p in parts]) for n in merged.fields}
    return merged


def root_of(folder):
    found = [*folder.rglob("zarr.json"), *folder.rglob("morton_hive.json")]
    return min((p.parent for p in found), key=lambda p: len(p.parts))


def payload(value, like):
    return np.frombuffer(value, like) if isinstance(value, bytes) else np.asarray(value).ravel()


def same(name, ours, expected):
    """A column of the table and values of zarr-python."""
    if ours.dtype == object or expected.ndim > 1 or expected.dtype == object:
        ok = len(ours) == len(expected) and all(
            np.array_equal(np.asarray(a), payload(b, np.asarray(a).dtype),
                           equal_nan=np.asarray(a).dtype.kind == "f")
            for a, b in zip(ours, expected))
    else:
        ok = ours.dtype == expected.dtype and np.array_equal(ours, expected,
                                                             equal_nan=ours.dtype.kind == "f")
    return peers.check(name, ok, f"{ours[:3]} is not {expected[:3]}")


def check_fields(name, table, cells, csr):
    keep = cells.with_data()
    ids = cells.ids[keep].astype(np.uint64)
    order = np.argsort(ids, kind="stable")
    frame = {c: table[c].to_numpy(zero_copy_only=False) for c in table.column_names}
    own = frame["cell_id"] if "cell_id" in frame else frame["row"] * cells.shape[-1] + frame["column"]
    at = np.argsort(own, kind="stable")
    if not peers.check(f"{name}: rows", np.array_equal(own[at].astype(np.uint64), ids[order]),
                       f"{len(own)} and {len(ids)}"):
        return
    for field, values in cells.fields.items():
        same(f"{name}: {field}", frame[field][at], values[keep][order])
    for field, found in csr.items():
        want = np.empty(len(ids), object)
        want[:] = [found.get(int(i), np.empty(0, np.float32)) for i in ids[order]]
        same(f"{name}: {field} (CSR)", frame[field][at], want)
    peers.check(f"{name}: no other columns",
                set(frame) == (OWN & set(frame)) | set(cells.fields) | set(csr))


def check_healpix(name, table, frame, attributes):
    order = attributes["dggs"]["refinement_level"]
    kind = "WGS84" if attributes["dggs"].get("latitude") == "authalic-wgs84" else "sphere"
    ids = table["cell_id"].to_numpy()
    lon, lat = healpix_geo.nested.healpix_to_lonlat(ids, order, ellipsoid=kind)
    lon = np.where(lon > 180, lon - 360, lon)
    peers.check(f"{name}: centres", np.allclose(table["lon"], lon, rtol=0, atol=1e-9) and
                np.allclose(table["lat"], lat, rtol=0, atol=1e-9))
    peers.check(f"{name}: decimal ids", table["cell"].to_pylist() ==
                [decimal_of(i, order) for i in ids])
    peers.check(f"{name}: CRS", frame.crs == "OGC:CRS84", str(frame.crs))
    corner_lon, corner_lat = healpix_geo.nested.vertices(ids, order, ellipsoid=kind)
    corner_lon = np.where(corner_lon > 180, corner_lon - 360, corner_lon)
    bounds = frame.geometry.bounds.to_numpy()
    want = np.stack([corner_lon.min(1), corner_lat.min(1), corner_lon.max(1), corner_lat.max(1)], 1)
    peers.check(f"{name}: corners", np.allclose(bounds, want, rtol=0, atol=1e-9),
                str(np.abs(bounds - want).max()))


def check_rectilinear(name, table, frame, attributes):
    (x0, _, _, y1), (rx, ry) = attributes["bounds"], attributes["resolution"]
    row, col = table["row"].to_numpy(), table["column"].to_numpy()
    want = np.stack([x0 + col * rx, y1 - (row + 1) * ry, x0 + (col + 1) * rx, y1 - row * ry], 1)
    peers.check(f"{name}: corners", np.array_equal(frame.geometry.bounds.to_numpy(), want))
    crs = pyproj.CRS(attributes["crs"])
    peers.check(f"{name}: CRS", frame.crs == crs and frame.crs.to_epsg() == crs.to_epsg(),
                str(frame.crs))
    to_lonlat = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    lon, lat = to_lonlat.transform(table["x"].to_numpy(), table["y"].to_numpy())
    peers.check(f"{name}: centres", np.allclose(table["lon"], lon, rtol=0, atol=1e-9) and
                np.allclose(table["lat"], lat, rtol=0, atol=1e-9))


def check_readers(name, path, table, frame):
    """The same rows in the other formats and readers."""
    n = table.num_rows
    counted = "count" if "count" in table.column_names else "gain_h"
    total = table[counted].to_numpy().sum()
    key = "morton" if "morton" in table.column_names else "row"
    middle = int(np.sort(table[key].to_numpy())[n // 2])
    above = int((table[key].to_numpy() > middle).sum())
    csv, lines = path.with_suffix(".csv"), path.with_suffix(".ndjson")
    for file in (path, csv):
        got = duckdb.sql(f"select count(*), sum({counted}), count(*) filter ({key} > {middle}) "
                         f"from '{file}'").fetchall()[0]
        pushed = duckdb.sql(f"select count(*) from '{file}' where {key} > {middle}").fetchall()[0]
        peers.check(f"{name}: DuckDB, {file.name}", got == (n, total, above) and
                    pushed == (above,), f"{got} {pushed}")
    read = pd.read_csv(csv, dtype={"cell": str})
    floats = [c for c in table.column_names if str(table[c].type) in ("float", "double")]
    for column in floats:
        own = table[column].to_numpy()
        peers.check(f"{name}: pandas, CSV: {column}",
                    np.array_equal(read[column].to_numpy().astype(own.dtype), own, equal_nan=True))
    shapes = geopandas.GeoSeries.from_wkt(read["geometry"])
    peers.check(f"{name}: WKT", shapely.equals_exact(shapes, frame.geometry.array, 0).all())
    info = pyogrio.read_dataframe(lines)
    inside = shapely.within(shapely.points(table["lon"], table["lat"]), info.geometry.array)
    peers.check(f"{name}: GDAL, GeoJSON", len(info) == n and info.geometry.is_valid.all() and
                inside.all() and info[counted].sum() == total, f"{len(info)} {inside.sum()}")
    first = json.loads(lines.read_text().split("\n", 1)[0])
    peers.check(f"{name}: properties", set(first["properties"]) | {"geometry"} ==
                set(table.column_names))


def one(name, folder):
    subprocess.run(["tar", "-xf", peers.GOLDEN / f"stores/{name}.tar.zst", "-C", folder], check=True)
    store = root_of(folder)
    path = folder / "t.parquet"
    for suffix in (".parquet", ".csv", ".ndjson"):
        if not peers.zagg(f"{name}: export {suffix}", "export", store, "-o",
                          path.with_suffix(suffix)):
            return
    table = pyarrow.parquet.read_table(path)
    frame = geopandas.read_parquet(path)
    hive = (store / "morton_hive.json").is_file()
    if hive:
        order = json.loads((store / "morton_hive.json").read_text())["cell_order"]
        cells = hive_cells(store, order)
    else:
        group = next(p for p in store.iterdir() if p.is_dir())
        cells = Cells(group)
    csr = {} if hive else {field: csr_payloads(group, field, cells.main)
                           for field, _ in cells.group.groups()}
    check_fields(name, table, cells, csr)
    peers.check(f"{name}: geometries valid", frame.geometry.is_valid.all() and
                shapely.is_ccw(shapely.get_exterior_ring(frame.geometry.array)).all())
    if "cell_id" in table.column_names:
        check_healpix(name, table, frame, dict(cells.group.attrs))
    else:
        check_rectilinear(name, table, frame, dict(cells.group.attrs))
    check_readers(name, path, table, frame)


def series(folder):
    """Layers of time over the cells: a list a row (golden/spec has the only such store)."""
    store, target = peers.GOLDEN / "spec/raster_toc", folder / "series.parquet"
    if not peers.zagg("series: export", "export", store, "-o", target):
        return
    table = pyarrow.parquet.read_table(target)
    group = zarr.open_group(next(p.parent for p in store.rglob("6/zarr.json")), mode="r")
    place = {int(w): i for i, w in enumerate(group["morton"][:])}
    at = [place[int(w)] for w in table["morton"].to_numpy()]
    bands = [n for n, a in group.arrays() if a.ndim == 2]
    peers.check("series: rows", len(at) > 0 and len(bands) > 1)
    for band in bands:
        peers.check(f"series: {band}", table[band].to_pylist() == group[band][:, at].T.tolist())


with peers.work_folder() as work:
    series(pathlib.Path(work))
    for store_name in STORES:
        place = pathlib.Path(work) / store_name
        place.mkdir()
        one(store_name, place)
peers.finish()
