"""Record batches of zagg in pyarrow, nanoarrow and arro3, and theirs in zagg: schemas as upstream
exports them, values as upstream and numpy have them, everything released once."""
import ctypes
import gc
import pathlib
import sys
import warnings

import h5coro.filedriver
import h5coro.s3driver
import numpy as np

import peers

# pyarrow comes last: upstream's pandas acts differently where pyarrow is there.
h5coro.s3driver.S3Driver = h5coro.filedriver.FileDriver
from arro3.core import RecordBatch  # noqa: E402
from zagg.config import load_config  # noqa: E402
from zagg.grids import from_config  # noqa: E402
from zagg.processing import process_shard  # noqa: E402

CONFIG = """\
data_source:
  reader: h5coro
  driver: s3
  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]
  coordinates: {latitude: "/{group}/heights/lat_ph", longitude: "/{group}/heights/lon_ph"}
  variables:
    h_ph: "/{group}/heights/h_ph"
    delta_time: "/{group}/heights/delta_time"
  filters:
    - {dataset: "/{group}/heights/signal_conf_ph", column: 0, op: ge, value: 1}
  base_level: photons
  levels:
    photons:
      path: "/{group}/heights"
      coordinates: {latitude: lat_ph, longitude: lon_ph}
      link: null
    segments:
      path: "/{group}/geolocation"
      coordinates: {latitude: reference_photon_lat, longitude: reference_photon_lon}
      variables: {dem_h: "/{group}/geophys_corr/dem_h"}
      link:
        to: photons
        index_beg: "/{group}/geolocation/ph_index_beg"
        count: "/{group}/geolocation/segment_ph_cnt"
        index_base: 1
  read_plan: {spatial_index: segments, pad: 1}
aggregation:
  coordinates:
    morton: {dtype: uint64, fill_value: 0}
  variables:
    count: {function: len, source: h_ph, dtype: int32, fill_value: 0}
    h_min: {function: min, source: h_ph, dtype: float32}
    h_mean: {function: mean, source: h_ph, dtype: float64}
    dem_mean: {function: mean, source: dem_h, dtype: float32}
    counts:
      kind: vector
      trailing_shape: 128
      expression: "np.histogram(h_ph - np.median(h_ph), 128, (-128.0, 128.0))[0].astype('uint32')"
      source: h_ph
      dtype: uint32
      fill_value: 0
    h_tdigest:
      kind: ragged
      function: "zagg.stats.tdigest.build_tdigest"
      source: h_ph
      location: leaf_id
      inner_shape: [2]
      params: {delta: 64}
      dtype: float32
      fill_value: 0
output:
  store_layout: flat
  grid: {type: healpix, indexing_scheme: nested, parent_order: 8, chunk_inner: 9, child_order: 14}
"""
MAX_CHUNKS = 16
MORTON = {b"ARROW:extension:name": b"mortie.morton_index", b"ARROW:extension:metadata": b""}
# What upstream exports, and the natural form of ragged columns: a format for each level.
SCHEMA = {
    "count": ["i"], "h_min": ["f"], "h_mean": ["g"], "dem_mean": ["f"], "counts": ["+w:128", "I"],
    "h_tdigest": ["+L", "+w:2", "f"], "h_tdigest_locations": ["+L", "L"], "morton": ["L"],
}
WORDS = {"h_tdigest_locations", "morton"}
NULLABLE = 2


class ArrowSchema(ctypes.Structure):
    pass


class ArrowArray(ctypes.Structure):
    pass


ArrowSchema._fields_ = [
    ("format", ctypes.c_char_p), ("name", ctypes.c_char_p), ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64), ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(ArrowSchema))), ("dictionary", ctypes.c_void_p),
    ("release", ctypes.c_void_p), ("private_data", ctypes.c_void_p)]
ArrowArray._fields_ = [
    ("length", ctypes.c_int64), ("null_count", ctypes.c_int64), ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64), ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(ArrowArray))), ("dictionary", ctypes.c_void_p),
    ("release", ctypes.c_void_p), ("private_data", ctypes.c_void_p)]

lib = ctypes.CDLL(str(peers.BUILD / "tests" / "peer" / "libarrow_peer.so"))
lib.peer_error.restype = ctypes.c_char_p


def texts(values):
    return (ctypes.c_char_p * len(values))(*[None if v is None else v.encode() for v in values])


def must(n):
    assert n >= 0, lib.peer_error().decode()
    return n


class Batches:
    """Room for batches of zagg, and what becomes of them."""

    def __init__(self, n):
        self.arrays, self.schemas = (ArrowArray * n)(), (ArrowSchema * n)()

    def pointers(self, i=0):
        return (ctypes.addressof(self.arrays) + i * ctypes.sizeof(ArrowArray),
                ctypes.addressof(self.schemas) + i * ctypes.sizeof(ArrowSchema))


# ---- zagg's carriers ----

def ours(config, granules):
    out, key = Batches(MAX_CHUNKS), ctypes.c_uint64()
    paths = texts([str(g) for g in granules])
    n = must(lib.peer_shard(str(config).encode(), paths, len(granules), ctypes.byref(key),
                            out.arrays, out.schemas, MAX_CHUNKS))
    return out, n, key.value


def metadata_of(pointer):
    """The key-value pairs of a schema's metadata."""
    if not pointer:
        return None
    at = pointer

    def take(n):
        nonlocal at
        at += n
        return ctypes.string_at(at - n, n)

    def number():
        return int.from_bytes(take(4), sys.byteorder)

    return {take(number()): take(number()) for _ in range(number())}


def levels_of(schema):
    """Format, flags, metadata of a column and of what is in it."""
    out = [(schema.format.decode(), schema.flags, metadata_of(schema.metadata))]
    return out + (levels_of(schema.children[0].contents) if schema.n_children else [])


def columns_of(schema):
    return {schema.children[i].contents.name.decode(): levels_of(schema.children[i].contents)
            for i in range(schema.n_children)}


def check_schema(schema):
    peers.check("batch: a struct, not nullable, without a name",
                (schema.format, schema.flags, schema.name) == (b"+s", 0, b""))
    want = {name: [(f, NULLABLE, MORTON if name in WORDS and f == formats[-1] else None)
                   for f in formats] for name, formats in SCHEMA.items()}
    got = columns_of(schema)
    peers.check("schema of carriers", got == want and list(got) == list(want), f"{got}")


# ---- upstream's carriers ----

def theirs(config, granules, key):
    pipeline, chunks = load_config(str(config)), []
    _, meta = process_shard(from_config(pipeline), key, [f"s3://{g}" for g in granules],
                            s3_credentials={}, config=pipeline, handoff="arrow",
                            chunk_results=chunks)
    assert not meta.get("error"), meta
    return chunks


def upstream_schema(carrier):
    """Upstream's schema as it exports it, read like ours."""
    capsule = carrier.schema.__arrow_c_schema__()
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return columns_of(ArrowSchema.from_address(get(capsule, b"arrow_schema")))


def dense(column):
    """A column of either side as numpy: scalars, or rows of a fixed-size list."""
    if pa.types.is_fixed_size_list(column.type):
        return column.flatten().to_numpy().reshape(len(column), column.type.list_size)
    column = getattr(column, "storage", column)
    return column.to_numpy(zero_copy_only=True)


def same(a, b):
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def compare_carriers(batches, chunks):
    for i, (batch, (_, carrier, ragged)) in enumerate(zip(batches, chunks)):
        # Upstream's as pyarrow sees it; one chunk or several, all of it.
        table = pa.table(carrier).combine_chunks()
        names = [n for n in SCHEMA if not n.startswith("h_tdigest")]
        peers.check(f"chunk {i}: dense columns", table.column_names == names)
        for name in names:
            want = dense(table[name].chunk(0))
            peers.check(f"chunk {i}: {name}", same(dense(batch.column(name)), want))
        payloads, positions, *words = ragged["h_tdigest"]
        lists, places = batch.column("h_tdigest"), batch.column("h_tdigest_locations")
        offsets = lists.offsets.to_numpy()
        rows = lists.values.flatten().to_numpy().reshape(-1, 2)
        filled = np.flatnonzero(np.diff(offsets))
        want = np.concatenate(payloads) if len(payloads) else rows[:0]
        peers.check(f"chunk {i}: h_tdigest", np.array_equal(filled, positions)
                    and same(rows, want.astype(np.float32)), f"{len(filled)} cells")
        locations = getattr(places.values, "storage", places.values).to_numpy()
        peers.check(f"chunk {i}: h_tdigest_locations",
                    np.array_equal(places.offsets.to_numpy(), offsets)
                    and (not len(payloads) or np.array_equal(locations,
                                                             np.concatenate(words[0]))))


# ---- importers ----

def in_pyarrow(config, granules):
    before = lib.peer_released()
    room, n, key = ours(config, granules)
    check_schema(room.schemas[0])
    addresses = [room.arrays[i].children[0].contents.buffers[1] for i in range(n)]
    batches = [pa.RecordBatch._import_from_c(*room.pointers(i)) for i in range(n)]
    for one in range(n):
        batches[one].validate(full=True)
    peers.check("pyarrow: chunks", n == 4 and all(b.num_rows == 1024 for b in batches))
    peers.check("pyarrow: no copies", [b.column(0).buffers()[1].address for b in batches]
                == addresses)
    peers.check("pyarrow: no nulls", all(c.null_count == 0 for b in batches for c in b.columns))
    chunks = theirs(config, granules, key)
    want = upstream_schema(chunks[0][1])
    got = {name: levels for name, levels in columns_of_pyarrow(batches[0]).items() if name in want}
    peers.check("schema of upstream's carriers", got == want and "morton" in want, f"{want}")
    compare_carriers(batches, chunks)
    peers.check("pyarrow: nothing is released early", lib.peer_released() == before)
    kept = batches[0].column("h_mean")
    first = kept.to_pylist()
    del batches
    gc.collect()
    peers.check("pyarrow: a column keeps its batch",
                lib.peer_released() == before + 3 and same(np.array(first), np.array(kept.to_pylist())))
    del kept
    gc.collect()
    peers.check("pyarrow: all batches are released", lib.peer_released() == before + 4)


def columns_of_pyarrow(batch):
    room = Batches(1)
    batch.schema._export_to_c(room.pointers()[1])
    return columns_of(room.schemas[0])


@ctypes.PYFUNCTYPE(None, ctypes.c_void_p)
def drop_array(capsule):
    """What an importer did not move out of its capsule is released with it."""
    get = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(
        ("PyCapsule_GetPointer", ctypes.pythonapi))
    array = ArrowArray.from_address(get(capsule, b"arrow_array"))
    if array.release:
        ctypes.CFUNCTYPE(None, ctypes.c_void_p)(array.release)(ctypes.addressof(array))


@ctypes.PYFUNCTYPE(None, ctypes.c_void_p)
def drop_schema(capsule):
    get = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(
        ("PyCapsule_GetPointer", ctypes.pythonapi))
    schema = ArrowSchema.from_address(get(capsule, b"arrow_schema"))
    if schema.release:
        ctypes.CFUNCTYPE(None, ctypes.c_void_p)(schema.release)(ctypes.addressof(schema))


def capsules(room, i):
    """The batch as an object of the PyCapsule interface."""
    new = ctypes.pythonapi.PyCapsule_New
    new.restype = ctypes.py_object
    new.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]

    class Exported:
        def __arrow_c_array__(self, requested_schema=None):
            array, schema = room.pointers(i)
            return (new(schema, b"arrow_schema", ctypes.cast(drop_schema, ctypes.c_void_p)),
                    new(array, b"arrow_array", ctypes.cast(drop_array, ctypes.c_void_p)))

    return Exported()


def in_others(config, granules):
    before = lib.peer_released()
    room, n, _ = ours(config, granules)
    other = RecordBatch.from_arrow(capsules(room, 0))
    peers.check("arro3: columns and types", other.schema.names == list(SCHEMA)
                and other["count"].to_numpy().dtype == np.int32
                and dict(other.schema.field("morton").metadata) == MORTON)
    arrays = [nanoarrow.Array(capsules(room, i)) for i in range(1, n)]
    peers.check("nanoarrow: columns", all([f.name for f in a.schema.fields] == list(SCHEMA)
                                          and len(a) == 1024 for a in arrays))
    rows = [r for a in arrays for r in a.to_pylist() if r["count"] > 0]
    wrong = [r for r in rows if r["count"] < sum(r["counts"])
             or r["count"] != sum(weight for _, weight in r["h_tdigest"])
             or len(r["h_tdigest"]) != len(r["h_tdigest_locations"])]
    peers.check(f"nanoarrow: values of {len(rows)} cells", rows and not wrong, f"{wrong[:1]}")
    del arrays, other, rows, wrong
    gc.collect()
    peers.check("nanoarrow, arro3: all batches are released", lib.peer_released() == before + n)


def rows_of_a_group(config, granules):
    room, n, key = ours(config, granules)
    for i in range(n):
        pa.RecordBatch._import_from_c(*room.pointers(i))
    before = lib.peer_released()
    room = Batches(1)
    n = 0
    for group in ("gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"):
        n = n or must(lib.peer_read(str(config).encode(), str(granules[0]).encode(),
                                    group.encode(), ctypes.c_uint64(key), room.arrays,
                                    room.schemas))
    peers.check("read table: schema", n == 1 and columns_of(room.schemas[0]) == {
        name: [(f, NULLABLE, None)] for name, f in
        (("h_ph", "f"), ("delta_time", "g"), ("dem_h", "f"), ("leaf_id", "L"))})
    batch = pa.RecordBatch._import_from_c(*room.pointers())
    batch.validate(full=True)
    words = batch.column("leaf_id").to_numpy()
    peers.check("read table: rows", batch.num_rows > 0 and np.all(words > 0)
                and np.all(np.isfinite(batch.column("h_ph").to_numpy())))
    del batch, words
    gc.collect()
    peers.check("read table: released", lib.peer_released() == before + 1)


# ---- zagg as importer: grouping ----

def group(batches, key, fields):
    """The result as a batch, or the message."""
    room, out = Batches(len(batches)), Batches(1)
    for i, batch in enumerate(batches):
        batch._export_to_c(*room.pointers(i))
    flat = texts([t for f in fields for t in (*f, None)[:4]])
    n = lib.peer_group(room.arrays, room.schemas, len(batches), key.encode(), flat, len(fields),
                       out.arrays, out.schemas)
    for i in range(len(batches)):  # what was not taken is still ours
        if room.arrays[i].release:
            pa.RecordBatch._import_from_c(*room.pointers(i))
    return pa.RecordBatch._import_from_c(*out.pointers()) if n == 1 else lib.peer_error().decode()


FIELDS = [
    ("n", "len", None), ("lo", "np.min", "h"), ("hi", "max", "h"), ("mean", "mean", "h"),
    ("var", "var", "h", "{ddof: 1}"), ("median", "median", "h"), ("std", "std", "d"),
    ("q", "quantile", "h", "{q: 0.9}"), ("total", "sum", "w"), ("top", "max", "w"),
    ("weighted", "average", "h", "{weights: s}"), ("any", "any", "flag"),
]


def expected(columns, keys):
    unique = np.unique(keys)
    slices = [{n: c[keys == k] for n, c in columns.items()} for k in unique]

    def each(function):
        return np.array([function(s) for s in slices])

    return {"key": unique, "n": each(lambda s: len(s["h"])), "lo": each(lambda s: s["h"].min()),
            "hi": each(lambda s: s["h"].max()), "mean": each(lambda s: np.mean(s["h"])),
            "var": each(lambda s: np.var(s["h"], ddof=1)),
            "median": each(lambda s: np.median(s["h"])), "std": each(lambda s: np.std(s["d"])),
            "q": each(lambda s: np.quantile(s["h"], 0.9)), "total": each(lambda s: s["w"].sum()),
            "top": each(lambda s: s["w"].max()),
            "weighted": each(lambda s: np.average(s["h"], weights=s["s"])),
            "any": each(lambda s: s["flag"].any())}


def grouping():
    rng = np.random.default_rng(7)
    n = 20_000
    columns = {"h": rng.normal(100, 20, n).astype(np.float32), "d": rng.normal(0, 1, n),
               "s": rng.uniform(0.1, 2, n).astype(np.float32),
               "w": rng.integers(0, 1000, n).astype(np.uint16), "flag": rng.random(n) < 0.01}
    kinds = {"words of cells": (5347301353729294347 & ~0x3F) + (rng.integers(0, 900, n) << 22) + 19,
             "any 64 bits": rng.integers(0, 2**64, 500, dtype=np.uint64)[rng.integers(0, 500, n)],
             "int64 below 0": rng.integers(-300, 300, n), "int8": rng.integers(-128, 128, n)}
    types = {"words of cells": np.uint64, "int8": np.int8}
    for name, keys in kinds.items():
        keys = keys.astype(types.get(name, keys.dtype))
        with np.errstate(all="ignore"):
            want = expected(columns, keys)
        batch = pa.record_batch({"key": keys, **columns})
        # Slices of one batch with rows around them: offsets of structs and of bits.
        padded = pa.concat_batches([batch.slice(0, 5), batch])
        parts = [padded.slice(5, 3001), padded.slice(3006)]
        for how, batches in (("one batch", [batch]), ("two slices", parts)):
            got = group(batches, "key", FIELDS)
            wrong = [c for c, w in want.items() if isinstance(got, str) or not same(
                got.column(c).to_numpy(zero_copy_only=False), w)]
            peers.check(f"group by {name}, {how}", not wrong, f"{wrong} {got}")


def refusals():
    h = pa.array([1.0, 2.0, 3.0], pa.float32())
    keys = pa.array([1, 2, 1])
    cases = {
        "arrow handoff requires null-free columns; got nulls in ['h_ph', \"it's\"]": {
            "h_ph": pa.array([1, None, 2], pa.float32()), "it's": pa.array([None, 1, 2])},
        "column 'h' has Arrow format 'u'; numbers and bools can be taken": {"h": ["a", "b", "c"]},
        "column 'h' is nested (Arrow format '+l')": {"h": [[1], [2], [3]]},
        "column 'h' is dictionary-encoded; decode it first":
            {"h": pa.array(["a", "b", "a"]).dictionary_encode()},
        "All batches must have same schema": None,
    }
    for message, columns in cases.items():
        batches = [pa.record_batch({"key": keys, **(columns or {"h": h})})]
        if columns is None:
            batches.append(pa.record_batch({"h": h, "key": keys}))
        got = group(batches, "key", [("n", "count", None)])
        peers.check(f"refused: {message}", isinstance(got, str) and got.startswith(message), got)


warnings.simplefilter("ignore")  # upstream's and nanoarrow's, about what is wanted here
with peers.work_folder() as work:
    folder = pathlib.Path(work)
    settings = folder / "config.yaml"
    settings.write_text(CONFIG)
    if peers.run("granules", peers.BUILD / "zagg-synth", "--out", folder / "granules",
                 "--granules", "2", "--photons", "6000", "--gzip", "1"):
        files = sorted((folder / "granules").glob("*.h5"))
        sys.path.insert(0, str(pathlib.Path(sys.prefix) / "arrow"))
        import nanoarrow
        import pyarrow as pa
        in_pyarrow(settings, files)
        in_others(settings, files)
        rows_of_a_group(settings, files)
        grouping()
        refusals()
peers.finish()
