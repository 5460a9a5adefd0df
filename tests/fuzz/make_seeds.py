#!/usr/bin/env python3
"""make_seeds.py: (re)write the binary seeds below tests/fuzz/corpus/{h5,chunk,shard,zarr}.

Needs h5py, numpy, numcodecs and google_crc32c (.venv-peer/bin/python). HDF5 seeds are tiny files that differ in one
feature each, so that a fuzzer starts from every structure there is: superblocks, object
headers, kinds of groups, layouts, chunk indexes, filters, types. Seeds of other targets are
text and written by hand.
"""
import json
import pathlib
import struct
import zlib

import google_crc32c
import h5py
import numcodecs
import numpy as np

CORPUS = pathlib.Path(__file__).parent / "corpus"
SYNTHETIC = np.random.default_rng(4)


def h5(name, fill, **options):
    path = CORPUS / "h5" / f"{name}.h5"
    path.unlink(missing_ok=True)
    options = {"libver": ("earliest", "v110"), **options}
    with h5py.File(path, "w", **options) as f:
        fill(f)


def rows(n, dtype="<f8"):
    return (np.arange(n) % 100).astype(dtype)


def dataset(**options):
    n, dtype = options.pop("n", 12), options.pop("dtype", "<f8")
    columns = options.pop("columns", 0)
    data = rows(n * (columns or 1), dtype).reshape((n, columns) if columns else n)

    def fill(f):
        f.create_dataset("g/x", data=data, **options)
    return fill


def low_level(f, layout=None, n=12, maxshape=None, chunk=4, early=False, fill=None, write=True):
    """A dataset whose creation properties h5py does not offer."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_obj_track_times(False)
    if layout is not None:
        plist.set_layout(layout)
    else:
        plist.set_chunk((chunk,))
    if early:
        plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    if fill is not None:
        plist.set_fill_value(np.array(fill, "<f4"))
    space = h5py.h5s.create_simple((n,), (maxshape or n,))
    group = f.create_group("g")
    d = h5py.h5d.create(group.id, b"x", h5py.h5t.IEEE_F32LE, space, plist)
    if write:
        d.write(h5py.h5s.ALL, h5py.h5s.ALL, rows(n, "<f4"))


def many_groups(n):
    def fill(f):
        for i in range(n):
            f.create_dataset(f"a/b{i}", data=rows(2, "<i2"))
    return fill


def links(f):
    f.create_group("g")
    f.create_dataset("real", data=rows(4))
    f["soft"] = h5py.SoftLink("/g/again")
    f["g/again"] = h5py.SoftLink("/real")
    f["loop"] = h5py.SoftLink("/loop")
    f["hard"] = f["real"]
    f["out"] = h5py.ExternalLink("other.h5", "/x")
    f["g/self"] = f["g"]


def types(f):
    for i, dtype in enumerate(("u1", "i2", "<i8", ">u2", "<f2", "?", "V3", "c8", "<u8")):
        f.create_dataset(f"plain{i}", data=np.zeros(2, dtype))
    f.create_dataset("record", data=np.zeros(2, [("a", "<i4"), ("b", "<f8", (2,))]))
    f.create_dataset("text", data=["a", "bc"])
    f.create_dataset("lists", (2,), h5py.vlen_dtype("i4"))
    f.create_dataset("links", (2,), h5py.ref_dtype)
    f.create_dataset("enum", data=np.zeros(2, "i1"), dtype=h5py.enum_dtype({"A": 0}, "i1"))
    f.create_dataset("cube", data=np.zeros((2, 2, 2), "i1"), chunks=(1, 2, 1))
    f.create_dataset("scalar", data=np.float64(1))
    f.create_dataset("nothing", data=h5py.Empty("f4"))
    f.create_dataset("no_rows", (0,), "<f4", chunks=(2,), maxshape=(None,))
    f["named"] = np.dtype("<f4")


def ordered(f):
    g = f.create_group("d", track_order=True)
    for i in range(9):
        g.create_dataset(f"x{i}", data=rows(2, "u1"))


def indirect(f):
    f.create_dataset("g/first", data=rows(2, "u1"))
    for i in range(40):
        f[f"g/a_name_of_some_length_{i}"] = f["g/first"]


def masked(f):
    d = f.create_dataset("x", (8,), "<i4", chunks=(4,), shuffle=True, compression="gzip")
    d.id.write_direct_chunk((0,), rows(4, "<i4").tobytes(), filter_mask=3)
    d.id.write_direct_chunk((4,), zlib.compress(rows(4, "<i4").tobytes()), filter_mask=1)


def granule(f):
    for beam in ("gt1l",):
        h = f.create_group(f"{beam}/heights")
        packed = {"shuffle": True, "compression": "gzip"}
        h.create_dataset("h_ph", data=rows(40, "<f4"), chunks=(16,), **packed)
        h.create_dataset("lat_ph", data=rows(40), chunks=(16,), **packed)
        h.create_dataset("signal_conf_ph", data=rows(200, "i1").reshape(40, 5),
                         chunks=(16, 5), **packed)
        g = f.create_group(f"{beam}/geolocation")
        g.create_dataset("ph_index_beg", data=rows(4, "<i8"))
        f[beam].attrs["atlas_spot_number"] = "1"


def make_h5():
    (CORPUS / "h5").mkdir(parents=True, exist_ok=True)
    h5("empty", lambda f: None)
    h5("granule_v0", granule)
    h5("granule_v3", granule, libver=("v110", "v110"))
    h5("paged", dataset(chunks=(4,)), fs_strategy="page", fs_page_size=512)
    h5("userblock", dataset(), userblock_size=512)
    for libver in ("earliest", "v108", "v110"):
        pair = (libver, "v110")
        h5(f"contiguous_{libver}", dataset(), libver=pair)
        h5(f"chunked_{libver}", dataset(chunks=(4,)), libver=pair)
        h5(f"packed_{libver}", dataset(chunks=(4,), shuffle=True, compression="gzip",
                                       fletcher32=True), libver=pair)
        h5(f"columns_{libver}", dataset(columns=5, dtype="i1", chunks=(5, 5)), libver=pair)
        h5(f"growing_{libver}", dataset(chunks=(2,), maxshape=(None,)), libver=pair)
        h5(f"growing_packed_{libver}", dataset(chunks=(2,), maxshape=(None,), n=30,
                                               compression="gzip"), libver=pair)
        h5(f"growing_both_{libver}", dataset(columns=2, chunks=(4, 1), dtype="<i2",
                                             maxshape=(None, None)), libver=pair)
        h5(f"links_{libver}", links, libver=pair)
        h5(f"many_{libver}", many_groups(10), libver=pair)
        h5(f"compact_{libver}", lambda f: low_level(f, layout=h5py.h5d.COMPACT), libver=pair)
    late = ("v110", "v110")
    h5("single_chunk", dataset(chunks=(12,)), libver=late)
    h5("single_packed", dataset(chunks=(12,), compression="gzip"), libver=late)
    h5("implicit", lambda f: low_level(f, early=True), libver=late)
    h5("fixed_paged", lambda f: low_level(f, n=2100, chunk=1), libver=late)
    h5("extensible_big", dataset(n=300, dtype="u1", chunks=(1,), maxshape=(None,)), libver=late)
    h5("btree2_big", dataset(n=120, columns=2, dtype="u1", chunks=(1, 2),
                             maxshape=(None, None)), libver=late)
    h5("types_v0", types)
    h5("types_v3", types, libver=late)
    h5("ordered", ordered, libver=late)
    h5("indirect", indirect, libver=late)
    h5("btree1_deep", dataset(n=150, dtype="u1", chunks=(1,)))
    h5("unwritten", lambda f: low_level(f, fill=3.5, write=False))
    h5("unwritten_v110", lambda f: low_level(f, fill=3.5, write=False), libver=late)
    h5("masked", masked)
    for dtype in (">f4", ">i8", "<u2", ">u4", "<f8", "S4"):
        name = dtype.replace("<", "le_").replace(">", "be_").lower()
        h5(f"type_{name}", dataset(dtype=dtype, n=5, chunks=(3,)))


def shuffled(data, size):
    return np.frombuffer(data, "u1").reshape(-1, size).T.tobytes()


def make_chunk():
    """Heads as fuzz_chunk.c describes them."""
    folder = CORPUS / "chunk"
    folder.mkdir(parents=True, exist_ok=True)
    deflate, shuffle, fletcher, none = 0, 1, 2, 3

    def put(name, filters, body, n, size, mask=0, write=False, right_sum=False):
        choice = sum((*filters, none, none, none, none)[i] << 2 * i for i in range(4))
        head = bytes([0x80 if write else 0, choice, mask,
                      {1: 0, 2: 1, 4: 2, 8: 3}[size] | (0x80 if right_sum else 0)])
        (folder / name).write_bytes(head + struct.pack("<H", n - 1) + body)

    for size in (1, 2, 4, 8):
        data = SYNTHETIC.integers(0, 5, 24 * size, "u1").tobytes()
        packed = zlib.compress(shuffled(data, size), 6)
        put(f"packed_{size}", [shuffle, deflate], packed, 24, size)
        put(f"summed_{size}", [shuffle, deflate, fletcher], packed, 24, size, right_sum=True)
        put(f"write_{size}", [shuffle, deflate, fletcher], data, 24, size, write=True)
    data = bytes(range(200)) + b"\0\1"
    put("plain", [], data, 202, 1)
    put("shuffled", [shuffle], data[:200], 50, 4)
    put("summed", [fletcher], data, 202, 1, right_sum=True)
    put("odd_sum", [fletcher], data[:33], 33, 1, right_sum=True)
    put("inner_sum", [fletcher, deflate], zlib.compress(data), 202, 1)
    put("masked", [shuffle, deflate, fletcher], data[:200], 50, 4, mask=7)
    put("short", [deflate], zlib.compress(data)[:-5], 202, 1)
    put("long", [deflate], zlib.compress(data + b"x"), 202, 1)
    put("bomb", [deflate], zlib.compress(bytes(2_000_000), 9), 65536, 8)
    put("write_masked", [deflate, shuffle, fletcher], data, 202, 1, mask=2, write=True)


def zstd(data, level=3):
    return bytes(numcodecs.Zstd(level=level).encode(data))


def framed(elements):
    return struct.pack("<I", len(elements)) + b"".join(
        struct.pack("<I", len(e)) + e for e in elements)


def make_zarr():
    """Stores as mem_sink.h describes them, with objects that are no text."""
    folder = CORPUS / "zarr"
    group = {"attributes": {}, "zarr_format": 3, "node_type": "group"}

    def array(shape, data_type, fill, codecs, chunk=None):
        return {"shape": shape, "data_type": data_type,
                "chunk_grid": {"name": "regular",
                               "configuration": {"chunk_shape": chunk or shape}},
                "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
                "fill_value": fill, "codecs": codecs, "attributes": {}, "zarr_format": 3,
                "node_type": "array"}

    def put(name, objects):
        parts = [f"@@- {key}\n".encode() + (body if isinstance(body, bytes)
                                            else json.dumps(body).encode())
                 for key, body in objects.items()]
        (folder / f"{name}.bin").write_bytes(b"\n".join(parts))

    packed = {"name": "zstd", "configuration": {"level": 3, "checksum": False}}
    default = {"name": "zstd", "configuration": {"level": 0, "checksum": False}}
    numbers = {"name": "bytes", "configuration": {"endian": "little"}}
    vlen = {"name": "vlen-bytes", "configuration": {}}
    chunk = zstd(framed([b"\1\2\3\4" * 2, b"", b"", b"\5\6\7\b"]))
    index = struct.pack("<QQQQ", 0, len(chunk), 2**64 - 1, 2**64 - 1)
    crc = struct.pack("<I", google_crc32c.value(index))
    sharded = {"name": "sharding_indexed", "configuration": {
        "chunk_shape": [4], "codecs": [vlen, packed],
        "index_codecs": [numbers, {"name": "crc32c"}], "index_location": "end"}}
    tree = {"zarr.json": group, "8/zarr.json": group}
    put("vlen", {**tree, "8/d/zarr.json": array(
        [16], "variable_length_bytes", "", [vlen, packed], [4]), "8/d/c/2": chunk})
    put("vlen_sharded", {**tree, "8/d/zarr.json": array(
        [16], "variable_length_bytes", "", [sharded], [8]), "8/d/c/1": chunk + index + crc})

    def csr(name, cells, offsets, values, width=2):
        shapes = {"values": [offsets[-1], width] if cells else [0],
                  "offsets": [len(offsets)], "cell_ids": [len(cells)]}
        objects = {**tree, "8/d/zarr.json": group, "8/d/31/zarr.json": group}
        for member, dtype, data in (("values", "<f4", values), ("offsets", "<i8", offsets),
                                    ("cell_ids", "<i8", cells)):
            shape = shapes[member]
            objects[f"8/d/31/{member}/zarr.json"] = array(
                shape, {"<f4": "float32", "<i8": "int64"}[dtype],
                0.0 if dtype == "<f4" else 0, [numbers, default],
                shape if shape[0] else [1])
            if np.any(data):
                key = f"8/d/31/{member}/c/" + "/".join("0" * len(shape))
                objects[key] = zstd(np.array(data, dtype).tobytes(), 0)
        put(name, objects)

    csr("csr", [0, 9], [0, 1, 3], [1, 2, 3, 4, 5, 6])
    csr("csr_empty", [], [0], [])
    csr("csr_zeros", [0], [0, 1], [0, 0])


def make_shard():
    """Heads as fuzz_shard.c describes them."""
    folder = CORPUS / "shard"
    folder.mkdir(parents=True, exist_ok=True)
    types = {"i1": 0, "u2": 1, "i4": 2, "u8": 3, "f4": 4, "f8": 5}

    def head(dtype, chunk, inner=None, write=False, right_crc=False, zstd=False):
        b0 = types.get(dtype, 0x08) | (0x10 if zstd else 0)
        b0 |= (0x40 if write else 0) | (0x80 if right_crc else 0)
        b1 = (len(chunk) - 1) | (0x80 if inner else 0)
        b1 |= sum((c - 1) << 1 + 3 * d for d, c in enumerate(chunk))
        return bytes([b0, b1, sum((c - 1) << 4 * d for d, c in enumerate(inner or ()))])

    def index(places):
        absent = (1 << 64) - 1
        return b"".join(struct.pack("<QQ", *(p or (absent, absent))) for p in places) + bytes(4)

    def put(name, *parts):
        (folder / name).write_bytes(b"".join(parts))

    put("write_1d", head("i4", (4,), (3,), write=True), bytes(range(48)))
    put("write_2d", head("f8", (2, 3), (2, 4), write=True), bytes(range(200)) * 2)
    put("write_gaps", head("u2", (8,), (16,), write=True), bytes(64) + b"\1" * 64 + bytes(64))
    put("write_chunk", head("u8", (5,), write=True), bytes(range(40)))
    put("chunk", head("f4", (6,)), bytes(range(24)))
    put("chunk_2d", head("i1", (6, 4)), bytes(range(24)))
    put("shard", head("i4", (4,), (3,), right_crc=True), bytes(range(48)),
        index([(0, 16), None, (32, 16)]))
    put("shard_odd", head("f8", (1,), (2,), right_crc=True), bytes(21), index([(5, 8), (13, 8)]))
    put("shard_shared", head("u2", (2, 2), (2, 2), right_crc=True), bytes(8),
        index([(0, 8), (0, 8), None, (0, 8)]))
    put("shard_beyond", head("u2", (2,), (2,), right_crc=True), bytes(8), index([(4, 4), (8, 4)]))
    put("shard_wrap", head("u2", (2,), (2,), right_crc=True), bytes(8),
        index([(2**64 - 2, 4), (4, 2**64 - 4)]))
    put("shard_length", head("u2", (2,), (1,), right_crc=True), bytes(8), index([(0, 8)]))
    put("shard_wrong_crc", head("u2", (2,), (1,)), bytes(4), index([(0, 4)]))
    texts = [[b"abc", b"", b"", b"defg"], [b"", b"", b"", b"x"]]
    packed = [zstd(framed(t)) for t in texts]
    ends = [len(packed[0]), len(packed[0]) + len(packed[1])]
    put("write_vlen", head("vlen", (4,), (5,), write=True, zstd=True), bytes(range(90, 150)))
    put("write_vlen_2d", head("vlen", (2, 2), (3, 2), write=True, zstd=True), bytes(range(60)))
    put("write_vlen_plain", head("vlen", (3,), (4,), write=True), bytes(range(40)))
    put("write_zstd", head("f4", (4,), (3,), write=True, zstd=True), bytes(range(48)))
    put("chunk_vlen", head("vlen", (4,), zstd=True), packed[0])
    put("chunk_zstd", head("i4", (4,), zstd=True), zstd(bytes(range(16))))
    put("shard_vlen", head("vlen", (4,), (3,), right_crc=True, zstd=True), *packed,
        index([(0, ends[0]), None, (ends[0], len(packed[1]))]))
    put("shard_vlen_shared", head("vlen", (4,), (3,), right_crc=True, zstd=True), *packed,
        index([(0, ends[0]), (0, ends[0]), (0, ends[0])]))
    put("shard_vlen_plain", head("vlen", (4,), (1,), right_crc=True), framed(texts[0]),
        index([(0, len(framed(texts[0])))]))
    put("chunk_bomb", head("i4", (8,), zstd=True), zstd(bytes(20_000_000)))
    put("shard_short", head("u2", (2,), (1,)), bytes(7))


if __name__ == "__main__":
    make_h5()
    make_chunk()
    make_shard()
    make_zarr()
