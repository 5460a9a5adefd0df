"""Opening stores with the libraries that read them: zarr, xarray, xdggs, moczarr, upstream and
rioxarray. Each function takes a store and returns what it counted; it raises where a reader
refuses or two readers disagree."""
import contextlib
import importlib.util
import io
import pathlib
import sys
import warnings

import moczarr
import moczarr.dggs
import numpy as np
import pyproj
import rioxarray
import xarray as xr
import xdggs
import zarr
from zagg.readers.tdigest_tensor import read_cell
from zagg.store import open_store
from zarr.storage import LocalStore

import peers

warnings.simplefilter("ignore")
DIGESTS = 8  # cells of a digest that are read one by one


def same(what, got, want):
    if got != want:
        raise AssertionError(f"{what}: {str(got)[:200]} instead of {str(want)[:200]}")


def equal(what, got, want):
    got, want = np.asarray(got), np.asarray(want)
    if want.dtype == object:
        alike = [bytes(v or b"") for v in got.ravel()] == [bytes(v or b"") for v in want.ravel()]
    else:
        alike = got.tobytes() == want.tobytes()
    same(f"{what}: values", (got.shape, alike), (want.shape, True))


# ---- reader_check.py of the shared tools ----

def shared_reader_check():
    """Its module, or None where the shared tools are not there."""
    path = peers.TOOLS / "reader_check.py"
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location("reader_check", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def reader_check(module, store):
    """All its checks in this process: importing the readers takes longer than reading."""
    module.RES.update(PASS=0, FAIL=0, SKIP=0)
    arguments, printed = sys.argv, io.StringIO()
    sys.argv = ["reader_check.py", str(store), "-q"]
    status = 0
    try:
        with contextlib.redirect_stdout(printed):
            module.main()
    except SystemExit as end:
        status = end.code or 0
    finally:
        sys.argv = arguments
    text = printed.getvalue()
    if status or module.RES["FAIL"] or "not importable" in text or not module.RES["PASS"]:
        raise AssertionError(f"exit {status}, {module.RES}\n{text[-2000:]}")
    return module.RES["PASS"]


# ---- zarr and xarray ----

def objects(array, folder):
    """The part of an array that each of its stored objects holds."""
    span = array.shards or array.chunks
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "zarr.json"):
        index = [int(part) for part in path.relative_to(folder).parts[1:]]
        yield tuple(slice(i * s, min((i + 1) * s, n))
                    for i, s, n in zip(index, span, array.shape))


def nodes(group):
    return {path: node.metadata.to_dict() | {"consolidated_metadata": None}
            for path, node in group.members(max_depth=None)}


def zarr_tree(root, consolidated):
    """All nodes, also by way of the consolidated metadata where these must be there."""
    plain = nodes(zarr.open_group(LocalStore(root), mode="r", use_consolidated=False))
    if consolidated:
        same("consolidated", nodes(zarr.open_consolidated(LocalStore(root))), plain)
    elif (zarr.open_group(LocalStore(root), mode="r").metadata.consolidated_metadata
          is not None):
        raise AssertionError("consolidated metadata nobody asked for")
    return len(plain)


def xarray_equals_zarr(root, group, consolidated):
    """Arrays by xarray are those by zarr, in the first and last object of each."""
    same("mask_and_scale", xr.open_zarr(root, group=group, consolidated=consolidated,
                                        zarr_format=3).sizes != {}, True)
    ds = xr.open_zarr(root, group=group, consolidated=consolidated, zarr_format=3,
                      mask_and_scale=False, decode_times=False)
    arrays = dict(zarr.open_group(LocalStore(root), path=group, mode="r",
                                  use_consolidated=False).arrays())
    same("variables", sorted(ds.variables), sorted(arrays))
    for name, array in arrays.items():
        parts = list(objects(array, pathlib.Path(root) / group / name))
        same(f"{name}: dims", ds[name].dims, array.metadata.dimension_names)
        for part in {str(p): p for p in parts[:1] + parts[-1:]}.values():
            equal(f"xarray: {name}", ds[name][part].values, array[part])
    return len(arrays)


def total_of(root, group, name):
    """Sum of an array over its stored objects; None without this array."""
    folder = pathlib.Path(root) / group / name
    if not (folder / "zarr.json").is_file():
        return None
    array = zarr.open_array(LocalStore(folder), mode="r")
    return int(sum(int(array[part].sum(dtype=np.int64)) for part in objects(array, folder)))


# ---- cells ----

def populated(root, group, name="morton"):
    """A part of the array that has data, its values there."""
    folder = pathlib.Path(root) / group / name
    array = zarr.open_array(LocalStore(folder), mode="r")
    part = next(objects(array, folder))
    return part, array[part]


def decode_cells(root, group, level):
    """xdggs makes an index of the cells of one object and knows where they are."""
    (cells,), _ = populated(root, group)
    ds = xr.open_zarr(root, group=group, consolidated=False, zarr_format=3).isel(cells=cells)
    if ds.attrs["dggs"]["name"] == "healpix":
        ds = ds[["cell_ids", "morton"]].load().set_coords(["cell_ids", "morton"])
        decoded = [xdggs.decode(ds)]
        same("scheme", decoded[0].dggs.grid_info.indexing_scheme, "nested")
    else:
        ds = ds[["morton"]].load().set_coords("morton")
        ds = ds.isel(cells=np.flatnonzero(ds.morton.values))
        # xdggs hands all of the block to moczarr 0.10, which does not take `latitude`; it
        # refuses upstream's own stores for that, so the block is given without.
        block = {k: v for k, v in ds.attrs["dggs"].items() if k != "latitude"}
        decoded = [moczarr.dggs.decode(ds),
                   xdggs.decode(ds, grid_info=block, convention="zarr", name="morton")]
    for each in decoded:
        same("level", each.dggs.grid_info.level, level)
        same("centres", each.dggs.cell_centers().sizes["cells"], ds.sizes["cells"])
    return ds.sizes["cells"]


def digests(root, group):
    """Upstream's reader and moczarr give the stored centroids; weights are counted rows.
    The number of cells with a payload over all ragged arrays."""
    store, n = LocalStore(root), 0
    for path in sorted((pathlib.Path(root) / group).iterdir()):
        if not (path / "zarr.json").is_file():
            continue
        array = zarr.open_array(LocalStore(path), mode="r")
        ragged = array.attrs.get("ragged")
        if not ragged:
            continue
        field, inner = f"{group}/{path.name}", ragged["element"]["shape"]
        stored = {}
        for part in objects(array, path):
            values = array[part].ravel()
            stored |= {part[0].start + i: bytes(values[i])
                       for i in np.flatnonzero([len(v) for v in values])}
        if len(array.shape) == 1 and inner != [-1]:
            more = [k for k in ("locations",) if k in ragged]
            more += [k for k in ("times",) if k in array.attrs]
            swept = list(moczarr.read_ragged(store, field, **{k: True for k in more}))
            same(f"{field}: payloads by moczarr", [v[1].tobytes() for v in swept],
                 [stored[i] for i in sorted(stored)])
            same(f"{field}: rows of companions",
                 {len(v[1]) - len(w) for v in swept for w in v[2:]} - {0}, set())
        if len(array.shape) == 1 and inner == [-1, 2]:
            for i in sorted(stored)[:DIGESTS]:
                value = read_cell(open_store(str(root), read_only=True), field, i)
                value = value[0] if isinstance(value, tuple) else value
                same(f"{field}: cell {i} by upstream", np.asarray(value, "<f4").tobytes(),
                     stored[i])
        n += len(stored)
    return n


# ---- georeferenced stores ----

def georeferenced(root, crs):
    """rioxarray finds system, extent and resolution by the CF grid mapping, and so does GDAL,
    array by array; both read the same values."""
    attributes = zarr.open_group(LocalStore(root), path="rectilinear", mode="r").attrs
    ds = xr.open_zarr(root, group="rectilinear", consolidated=False, zarr_format=3,
                      decode_coords="all")
    want = pyproj.CRS(crs), tuple(attributes["bounds"]), tuple(attributes["resolution"])
    (left, _, _, top), (width, height) = want[1:]
    same("GeoTransform", [float(v) for v in ds.spatial_ref.attrs["GeoTransform"].split()],
         [left, width, 0.0, top, 0.0, -height])
    arrays = [name for name in ds.data_vars if ds[name].dims[:2] == ("y", "x")
              and ds[name].dtype != object]
    for name in arrays:
        by_xarray = ds[name].isel({axis: 0 for axis in ds[name].dims[2:]})
        placed_as(f"{name} by rioxarray", by_xarray, *want)
        if by_xarray.ndim < ds[name].ndim:
            continue  # GDAL takes the last two axes for those of the raster
        by_gdal = rioxarray.open_rasterio(f'ZARR:"{root}":/rectilinear/{name}')
        placed_as(f"{name} by GDAL", by_gdal, *want)
        part = next(objects(zarr.open_array(LocalStore(root), path=f"rectilinear/{name}",
                                            mode="r"),
                            pathlib.Path(root) / "rectilinear" / name))
        equal(f"{name} by GDAL", by_gdal[(0, *part)].values, by_xarray[part].values)
    return len(arrays)


def placed_as(what, array, crs, bounds, resolution):
    same(f"{what}: system", pyproj.CRS(array.rio.crs.to_wkt()), crs)
    step = [abs(v) for v in array.rio.resolution()]
    if not np.allclose(array.rio.bounds(), bounds, rtol=1e-12, atol=1e-9) \
            or not np.allclose(step, resolution, rtol=1e-9):
        raise AssertionError(f"{what}: {array.rio.bounds()}, {step} instead of {bounds}, "
                             f"{resolution}")


# ---- hive stores ----

def hive(root, n_shards):
    """Everything moczarr offers for a hive store, against what zarr reads of its leaves. The
    sum of the counts of all cells, where there is such an array."""
    root = str(root)
    manifest = moczarr.read_manifest(root)
    group = str(manifest["cell_order"])
    depth = manifest["cell_order"] - manifest["shard_order"]
    leaves = sorted(moczarr.walk_leaves(root))
    same("leaves", len(leaves), n_shards)
    coverage = moczarr.load_root_coverage(root)
    words = {leaf: moczarr.morton_word(moczarr.split_leaf_name(leaf.split("/")[-1])[0])
             for leaf in leaves}
    same("root coverage", sorted(int(w) for w in moczarr.ranges_words(coverage)),
         sorted(int(w) for w in words.values()))
    leaves.sort(key=words.get)
    ds = moczarr.open_hive(root)
    same("cells", ds.sizes["cells"], len(leaves) * 4 ** depth)
    for name in ds.data_vars:
        arrays = [zarr.open_array(LocalStore(pathlib.Path(root) / leaf / group / name),
                                  mode="r") for leaf in leaves]
        # moczarr 0.10 puts together what has cells, and repeats values a chunk for each.
        if arrays[0].metadata.dimension_names[0] == "cells":
            equal(f"open_hive: {name}", ds[name].values,
                  np.concatenate([array[...] for array in arrays]))
    decoded = moczarr.open_hive(root, decode=True)
    same("level", decoded.dggs.grid_info.level, manifest["cell_order"])
    same("centres", decoded.isel(cells=slice(0, 64)).dggs.cell_centers().sizes["cells"], 64)
    same("cells of open_store",
         max(node.sizes.get("cells", 0) for node in moczarr.open_store(root).subtree),
         ds.sizes["cells"])
    for leaf in leaves:
        one_leaf(root, leaf, group, manifest["cell_order"])
    return int(ds["count"].sum()) if "count" in ds else None


def one_leaf(root, leaf, group, level):
    path = pathlib.Path(root) / leaf
    name = moczarr.split_leaf_name(path.name)[0]
    zarr_tree(path, False)
    xarray_equals_zarr(str(path), group, False)
    decode_cells(str(path), group, level)
    digests(str(path), group)
    verdict = moczarr.verify_arrays(root, name)
    same("verify_arrays", (verdict["match"], list(verdict["mismatched"])), (True, []))
    moczarr.open_leaf(root, name)
