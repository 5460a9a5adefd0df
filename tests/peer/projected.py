"""Rectilinear grids in map projections, run by zagg and by upstream on granules of zagg-synth:
the same stores, byte for byte. Then the same with `cf: true`: nothing but attributes and
spatial_ref is new, and rioxarray, pyproj and rasterio find system and extent."""
import copy
import json
import pathlib
import subprocess
import warnings

import h5py
import numpy as np
import pyproj
import rioxarray  # noqa: F401  (registers .rio)
import xarray as xr
import yaml
from zagg.config import load_config
from zagg.grids import from_config

import peers

LAEA = "+proj=laea +lat_0=52 +lon_0=10 +x_0=4321000 +y_0=3210000 +datum=WGS84 +units=m"
# name, CRS, where the granules cross, cell size
GRIDS = [
    ("utm18n", "EPSG:32618", 38.89, -76.56, 10),
    ("utm19s", "EPSG:32719", -33.5, -70.6, 12.5),
    ("antarctic", "EPSG:3031", -75.2, 120.5, 25),
    ("arctic", "EPSG:3413", 80.3, -40.0, 20),
    ("ease2", "EPSG:6933", 12.3, 45.6, 30),
    ("ease2-north", "EPSG:6931", 71.0, 25.0, 30),
    ("web", "EPSG:3857", -20.0, 130.0, 15),
    ("nztm", "EPSG:2193", -41.3, 174.8, 10),
    ("europe", "EPSG:3035", 47.1, 9.2, 10),
    ("proj-string", LAEA, 47.1, 9.2, 10),
    ("wkt", pyproj.CRS("EPSG:27700").to_wkt(), 52.2, 0.1, 10),
    ("degrees", "EPSG:4326", 5.5, -60.0, 0.0001),
    ("nad83", "EPSG:4269", 40.0, -105.3, 0.0001),
]


def template(name):
    text = subprocess.run([peers.BUILD / "zagg", "config", "show", name], check=True,
                          capture_output=True, text=True).stdout
    config = yaml.safe_load(text)
    for key in ("windowing", "sweep", "pyramid", "icechunk"):
        config["output"].pop(key, None)
    config.pop("worker", None)
    config["data_source"].pop("index", None)
    config["output"]["store_layout"] = "flat"
    return config


def grid_around(crs, latitude, longitude, step):
    """160 x 160 cells in shards of 80 and chunks of 20, in the CRS."""
    x, y = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(longitude, latitude)
    x, y = (round(v / step) * step for v in (x, y))
    return {"type": "rectilinear", "crs": crs, "resolution": step,
            "bounds": [float(v) for v in (x - 80 * step, y - 80 * step, x + 80 * step,
                                          y + 80 * step)],
            "chunk_shape": [80, 80], "chunk_inner": [20, 20]}


def write_map(config, out, files):
    loaded = load_config(str(config))
    grid, per = from_config(loaded), {}
    for path in files:
        record = {"id": path.name, "s3": f"s3://{path}", "https": f"https://localhost{path}"}
        with h5py.File(path) as granule:
            points = [[granule[loaded.data_source["coordinates"][axis].format(group=beam)][:]
                       for axis in ("latitude", "longitude")]
                      for beam in granule if beam.startswith("gt")]
        for key in np.unique(grid.shards_of(grid.assign(*map(np.concatenate, zip(*points))))):
            if int(key) != -1:
                per.setdefault(int(key), []).append(record)
    keys = sorted(per)
    out.write_text(json.dumps({
        "metadata": {"short_name": "synthetic", "version": "001",
                     "granules_assigned": len(files)},
        "grid_signature": grid.spatial_signature(), "shard_keys": keys,
        "granules": [per[key] for key in keys]}))
    return peers.check(f"{config.parent.name}: shard map", len(keys) > 0)


def check_cf(name, plain, store, grid):
    """What readers find, and that nothing but descriptions has changed."""
    want, got = peers.files_of(plain), peers.files_of(store)
    changed = {f for f in want.keys() | got.keys()
               if not f.endswith("zarr.json") and want.get(f) != got.get(f)}
    peers.check(f"{name}: the data are those without cf", not changed, str(changed)[:200])
    system = pyproj.CRS(grid["crs"])
    for arguments in ({}, {"decode_coords": "all"}):
        data = xr.open_zarr(store, group="rectilinear", consolidated=False, **arguments)
        peers.check(f"{name}: CRS by rioxarray {arguments}",
                    data.rio.crs is not None and pyproj.CRS(data.rio.crs.to_wkt()) == system,
                    str(data.rio.crs))
        peers.check(f"{name}: extent {arguments}",
                    np.allclose(data.rio.bounds(), grid["bounds"], rtol=0,
                                atol=1e-6 * grid["resolution"]), str(data.rio.bounds()))
    peers.check(f"{name}: CRS of an array", pyproj.CRS(data["count"].rio.crs.to_wkt()) == system)
    attrs = data["spatial_ref"].attrs
    peers.check(f"{name}: crs_wkt by pyproj", pyproj.CRS(attrs["crs_wkt"]) == system
                and pyproj.CRS(attrs["crs_wkt"]).to_epsg() == system.to_epsg(), attrs["crs_wkt"])
    if "grid_mapping_name" in attrs:
        check_parameters(name, attrs, system)
    units = {"units": "degrees_east"} if system.is_geographic else {"units": "m"}
    peers.check(f"{name}: axis x", data["x"].attrs["units"] == units["units"]
                and data["x"].attrs["standard_name"]
                == ("longitude" if system.is_geographic else "projection_x_coordinate"))


def check_parameters(name, attrs, system):
    """The parameters alone, without the text, put a point where the system does."""
    alone = pyproj.CRS.from_cf({k: v for k, v in attrs.items()
                                if k not in ("crs_wkt", "GeoTransform")})
    bounds = [float(v) for v in attrs["GeoTransform"].split()]
    x, y = bounds[0], bounds[3]
    lon, lat = pyproj.Transformer.from_crs(system, system.geodetic_crs,
                                           always_xy=True).transform(x, y)
    again = pyproj.Transformer.from_crs(alone.geodetic_crs, alone,
                                        always_xy=True).transform(lon, lat)
    peers.check(f"{name}: the parameters say the same",
                np.allclose(again, (x, y), rtol=0, atol=1e-5), f"{again} {(x, y)}")


def one(name, config, files, folder):
    folder.mkdir()
    path, shards = folder / "config.yaml", folder / "map.json"
    theirs, ours = folder / "theirs", folder / "ours"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    if not write_map(path, shards, files):
        return
    common = ["--catalog", shards, "--overwrite", "--max-cells", "3"]
    if (peers.tool(f"{name}: upstream", "run_local.py", "--config", path, *common, "--store",
                   theirs, "--max-workers", "1")
            and peers.zagg(f"{name}: zagg run", "run", "--config", path, *common, "--store",
                           ours)):
        peers.same_files(name, theirs, ours)
    described = copy.deepcopy(config)
    described["output"]["grid"]["cf"] = True
    path.write_text(yaml.safe_dump(described, sort_keys=False))
    if peers.zagg(f"{name}: zagg run, cf", "run", "--config", path, *common, "--store",
                  folder / "cf"):
        check_cf(name, ours, folder / "cf", described["output"]["grid"])


def granules(folder, product, latitude, longitude):
    made = peers.run(f"granules {folder.name}", peers.BUILD / "zagg-synth", "--out", folder,
                     "--product", product, "--granules", "2", "--photons", "3000", "--gzip",
                     "1", "--lat", str(latitude), "--lon", str(longitude))
    return sorted(folder.glob("*.h5")) if made else []


warnings.simplefilter("ignore")
with peers.work_folder() as work:
    work = pathlib.Path(work)
    for case, crs, lat, lon, step in GRIDS:
        files = granules(work / f"{case}-granules", "atl03", lat, lon)
        config = template("atl03_scalar_healpix")
        config["output"]["grid"] = grid_around(crs, lat, lon, step)
        if files:
            one(case, config, files, work / case)
    files = granules(work / "atl06_polar-granules", "atl06", -76.0, 100.0)
    if files:
        one("atl06_polar", template("atl06_polar"), files, work / "atl06_polar")
peers.finish()
