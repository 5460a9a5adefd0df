"""Catalogs and upstream: it loads the stac-geoparquet that zagg writes with the same records,
metadata and cells as its own files; zagg reads what upstream, stac-geoparquet, pyarrow and DuckDB
write of the same items, in every compression and page form that they know."""
import gzip
import json
import pathlib
import re
import subprocess
import sys

import numpy as np

import peers

sys.path.append(str(pathlib.Path(sys.prefix) / "arrow"))
import duckdb  # noqa: E402
import geopandas  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from zagg.catalog import load_polygon  # noqa: E402
from zagg.catalog.shardmap import ShardMap  # noqa: E402
from zagg.catalog.sources import Catalog  # noqa: E402
from zagg.config import load_config  # noqa: E402
from zagg.grids import from_config  # noqa: E402

try:
    import stac_geoparquet.arrow as sga  # not among the peers; looked at where it is installed
except ImportError:
    sga = None

CATALOG = peers.GOLDEN / "catalog"
TABLES = sorted((CATALOG / "synth").glob("*.parquet")) + sorted((CATALOG / "data").glob("*.parquet"))
TABLES = [path for path in TABLES if "shardmap" not in path.name]


def same(a, b):
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b, equal_nan=True)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def convert(name, source, target):
    return peers.zagg(f"{name}: zagg catalog convert", "catalog", "convert", source, target, "--force")


def items_of(path):
    """Items of a catalog as zagg reads them."""
    done = subprocess.run([peers.BUILD / "zagg", "catalog", "convert", path, f"{path}.ndjson",
                           "--force"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    lines = pathlib.Path(f"{path}.ndjson").read_text(encoding="utf-8").splitlines()
    return [item for item in map(json.loads, lines) if item.get("type") == "Feature"]


def loads_ours(folder):
    """Upstream's view of our copy of each golden table, and of its own."""
    for path in TABLES:
        ours = folder / path.name
        if not convert(path.name, path, ours):
            continue
        a, b = Catalog.from_geoparquet(str(ours)), Catalog.from_geoparquet(str(path))
        peers.check(f"{path.name}: records", same(a.granule_records(), b.granule_records()))
        peers.check(f"{path.name}: metadata", same(a.metadata, b.metadata))
        peers.check(f"{path.name}: rows", a.table.to_pylist() == b.table.to_pylist())
        box = (-77.0, 38.0, -76.0, 39.0)
        peers.check(f"{path.name}: boxes", len(a.filter_bbox(box)) == len(b.filter_bbox(box)))
        cells = a.footprint_cells(), b.footprint_cells()
        peers.check(f"{path.name}: cells", (cells[0] is None) == (cells[1] is None)
                    and (cells[0] is None or same(*cells)))


def other_readers(folder):
    """Geometry and times as other libraries see them."""
    ours = folder / "cat_neon.parquet"
    frame = geopandas.read_parquet(ours)
    theirs = geopandas.read_parquet(CATALOG / "data" / "cat_neon.parquet")
    peers.check("geopandas: geometries", frame.geometry.geom_equals_exact(theirs.geometry, 0).all()
                and frame.crs == "OGC:CRS84")
    peers.check("geopandas: times", (frame.start_datetime == theirs.start_datetime).all())
    count = duckdb.sql(f"SELECT count(*) FROM '{ours}' WHERE assets.data_s3.href LIKE 's3://%'")
    peers.check("DuckDB: nested columns", count.fetchall() == [(2089,)])
    if sga is None:
        return
    items = list(sga.stac_table_to_items(pq.read_table(ours)))
    peers.check("stac-geoparquet: items", len(items) == 2089 and items[0]["assets"]["data"]["roles"] == ["data"])


def write_variants(folder, table):
    """The table as others write it: name -> path."""
    out = {}
    for codec in ("none", "snappy", "gzip", "zstd", "lz4"):
        out[f"pyarrow {codec}"] = folder / f"{codec}.parquet"
        pq.write_table(table, out[f"pyarrow {codec}"], compression=codec)
    for name, options in {"plain": {"use_dictionary": False}, "pages of version 2": {"data_page_version": "2.0"},
                          "small pages": {"data_page_size": 512, "dictionary_pagesize_limit": 256},
                          "small groups": {"row_group_size": 3},
                          "checksums": {"write_page_checksum": True},
                          "no ARROW:schema": {"store_schema": False}}.items():
        out[f"pyarrow {name}"] = folder / f"{name.replace(' ', '_').replace(':', '_')}.parquet"
        pq.write_table(table, out[f"pyarrow {name}"], **options)
    for codec in ("snappy", "zstd", "uncompressed"):
        out[f"DuckDB {codec}"] = folder / f"duckdb_{codec}.parquet"
        connection = duckdb.connect()
        connection.register("rows", table)
        connection.sql(f"COPY rows TO '{out[f'DuckDB {codec}']}' (FORMAT parquet, CODEC '{codec}')")
    return out


def reads_theirs(folder):
    for name in ("synth/times.parquet", "synth/multipolygon_holes_indexed_o9.parquet",
                 "synth/odd_rows.parquet", "data/cat_s2_neon_2025.parquet", "data/cat_neon.parquet"):
        source = CATALOG / name
        copy = folder / source.name
        copy.write_bytes(source.read_bytes())
        want = items_of(copy)
        for form, path in write_variants(folder, pq.read_table(source)).items():
            got = attempt(f"{source.name} by {form}", items_of, path)
            if got is not None:
                peers.check(f"{source.name} by {form}", got == want, f"{len(got)} items")


def attempt(name, function, *arguments):
    try:
        return function(*arguments)
    except Exception as wrong:  # readers raise what they like
        peers.check(name, False, f"{type(wrong).__name__}: {wrong}")
        return None


def unsupported(folder):
    """What cannot be read is told of, not misread."""
    table = pq.read_table(CATALOG / "synth" / "times.parquet")
    pq.write_table(table, folder / "brotli.parquet", compression="brotli")
    done = subprocess.run([peers.BUILD / "zagg", "catalog", "info", folder / "brotli.parquet"],
                          capture_output=True, text=True, check=False)
    peers.check("brotli is told of", done.returncode == 1 and "brotli" in done.stderr.lower(), done.stderr)


def write_config(folder, order):
    """A config of NEON's benchmark with shards of that order."""
    text = (peers.SHARED / "data" / "benchmark" / "configs" / "atl03_tdigest_healpix_o10.yaml").read_text()
    path = folder / f"o{order}.yaml"
    path.write_text(re.sub(r"parent_order: \d+", f"parent_order: {order}", text))
    return path


def maps_of_catalogs(folder, indexed):
    """Both make the same map of the catalogs of either: with an index (the cells are taken) and without."""
    area = CATALOG / "data" / "AOP_NEON.geojson"
    theirs_indexed = folder / "theirs_indexed.parquet"
    table = Catalog.from_geoparquet(str(folder / "cat_neon.parquet")).index_footprints(11)
    pq.write_table(table.table.replace_schema_metadata(
        {**(table.table.schema.metadata or {}), b"zagg:catalog_meta": json.dumps(table.metadata).encode()}), theirs_indexed)
    for order, catalog, used in ((9, indexed, True), (9, theirs_indexed, True), (11, theirs_indexed, True),
                                 (9, folder / "cat_neon.parquet", None)):
        name = f"map of {catalog.stem} at order {order}"
        config, ours, theirs = write_config(folder, order), folder / "ours.json", folder / "theirs.json"
        ShardMap.build(Catalog.from_geoparquet(str(catalog)), from_config(load_config(str(config))),
                       region=load_polygon(str(area)), backend="mortie").to_json(str(theirs))
        if not peers.zagg(f"{name}: zagg shardmap build", "shardmap", "build", "-q", "--force", "--config", config,
                          "--catalog", catalog, "--polygon", area, "-o", ours):
            continue
        a, b = json.loads(ours.read_text()), json.loads(theirs.read_text())
        for one in (a, b):
            one["metadata"].pop("build_wall_s")
        a["metadata"].pop("latitude")
        peers.check(f"{name}: the same map", a == b, f"{a['metadata']} and {b['metadata']}")
        peers.check(f"{name}: cells are taken or not", a["metadata"].get("footprint_cells") == used)
        peers.check(f"{name}: upstream loads ours", ShardMap.from_json(str(ours)).granules == b["granules"])


def indexes(folder):
    """The index of cells is upstream's, word for word, and builds take it as upstream's do."""
    source = CATALOG / "data" / "cat_neon.parquet"
    ours = folder / "indexed.parquet"
    if peers.zagg("index", "catalog", "convert", source, ours, "--index-footprints", "9"):
        theirs = Catalog.from_geoparquet(str(source)).index_footprints(9)
        peers.check("index: cells", same(Catalog.from_geoparquet(str(ours)).footprint_cells(),
                                         theirs.footprint_cells()))
        maps_of_catalogs(folder, ours)


def items_to_tables(folder):
    """Items that upstream makes a table of, and zagg: the same rows."""
    with gzip.open(CATALOG / "data" / "cat_neon.items.ndjson.gz", "rt", encoding="utf-8") as lines:
        items = [json.loads(line) for line in lines][:300]
    (folder / "items.ndjson").write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    if not convert("items", folder / "items.ndjson", folder / "items.parquet"):
        return
    if sga is None:
        theirs = pq.read_table(CATALOG / "data" / "cat_neon.parquet").slice(0, len(items))
    else:
        theirs = pa.table(sga.parse_stac_items_to_arrow(items))
    ours = pq.read_table(folder / "items.parquet")
    peers.check("items: columns", set(ours.column_names) == set(theirs.column_names),
                f"{ours.column_names} and {theirs.column_names}")
    peers.check("items: rows", ours.to_pylist() == [{k: row[k] for k in ours.column_names} for row in theirs.to_pylist()])


def main():
    with peers.work_folder() as name:
        folder = pathlib.Path(name)
        loads_ours(folder)
        other_readers(folder)
        reads_theirs(folder)
        unsupported(folder)
        indexes(folder)
        items_to_tables(folder)
    peers.finish()


if __name__ == "__main__":
    main()
