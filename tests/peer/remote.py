"""Stores that zagg writes to s3://, opened where they lie: by upstream's open_store and moczarr
through obstore, which must find what zarr finds in the same store on this machine; and the
bucket's objects, which are files of the test server, by reader_check.py."""
import pathlib
import re
import subprocess
import sys

import moczarr
import xarray as xr
import yaml
import zarr
from zagg.store import open_store
from zarr.storage import LocalStore

import peers
import store_readers
import store_sets

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "net"))
from client import Running  # noqa: E402

ACCESS, SECRET = "AKPEER", "peer/secret"
CONFIGS = {"atl03_scalar_healpix": ("flat", "hive"), "atl03_tdigest_located_healpix": ("hive",),
           "atl06": ("flat", "hive"), "atl03": ("flat",)}
tool = store_readers.shared_reader_check()


class Case:
    """One store, here and in the bucket."""

    def __init__(self, title, here, port):
        self.title, self.here = title, here
        self.name = here.name
        self.endpoint = f"http://127.0.0.1:{port}"
        self.url = f"s3://stores/a b=1/{self.name}"
        self.environment = {"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET,
                            "AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": "us-west-2",
                            "PATH": "/usr/bin:/bin", "HOME": str(here)}

    def write(self, store):
        done = subprocess.run([peers.BUILD / "zagg", "run", "-q", "--config",
                               self.here / "config.yaml", "--catalog", self.here / "map.json",
                               "--max-cells", "2", "--store", store], env=self.environment,
                              capture_output=True, text=True, check=False)
        return peers.check(f"{self.title}: zagg run into {store}", done.returncode == 0,
                           done.stderr[-2000:])

    def open(self):
        return open_store(self.url, read_only=True, endpoint_url=self.endpoint,
                          credentials={"accessKeyId": ACCESS, "secretAccessKey": SECRET},
                          client_options={"allow_http": True})


def steady(document):
    """Without when it was written."""
    return re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+([+-]00:00|Z)", "TIME", str(document))


def same_arrays(case, folder):
    """Every array, in the first and last object that is stored of it."""
    n = 0
    remote, local = case.open(), LocalStore(case.here / "local")
    for path in sorted(folder.rglob("zarr.json")):
        below = "" if path.parent == folder else str(path.parent.relative_to(folder))
        ours = zarr.open(remote, path=below, mode="r", zarr_format=3)
        theirs = zarr.open(local, path=below, mode="r", zarr_format=3)
        store_readers.same(below, steady(ours.metadata.to_dict()),
                           steady(theirs.metadata.to_dict()))
        if isinstance(theirs, zarr.Group):
            continue
        parts = list(store_readers.objects(theirs, folder / below))
        for part in {str(p): p for p in parts[:1] + parts[-1:]}.values():
            store_readers.equal(below, ours[part], theirs[part])
        n += 1
    return n


def by_xarray(case, folder):
    group = next(p.parent.name for p in sorted(folder.glob("*/zarr.json")))
    ours = xr.open_zarr(case.open(), group=group, consolidated=False, zarr_format=3)
    theirs = xr.open_zarr(str(case.here / "local"), group=group, consolidated=False,
                          zarr_format=3)
    store_readers.same("variables", sorted(ours.variables), sorted(theirs.variables))
    return len(ours.variables)


def by_moczarr(case, _folder):
    keys = {"endpoint": case.endpoint, "access_key_id": ACCESS, "secret_access_key": SECRET,
            "region": "us-west-2", "client_options": {"allow_http": True}}
    manifest = moczarr.read_manifest(case.url, **keys)
    store_readers.same("manifest", steady(manifest),
                       steady(moczarr.read_manifest(str(case.here / "local"))))
    leaves = sorted(moczarr.walk_leaves(case.url, **keys))
    store_readers.same("leaves", leaves, sorted(moczarr.walk_leaves(str(case.here / "local"))))
    return len(leaves)


def attempt(name, function, *arguments):
    try:
        found = function(*arguments)
    except Exception as wrong:  # readers raise what they like
        peers.check(name, False, f"{type(wrong).__name__}: {wrong}")
        return
    peers.check(f"{name} ({found})", found != 0, "nothing found")


def check(case, root, layout):
    folder = root / case.url.removeprefix("s3://")
    if not case.write(case.here / "local") or not case.write(case.url):
        return
    want, got = peers.files_of(case.here / "local"), peers.files_of(folder)
    peers.check(f"{case.title}: names of objects", sorted(want) == sorted(got))
    attempt(f"{case.title}: zarr", same_arrays, case, folder)
    if layout == "flat":
        peers.same_files(case.title, case.here / "local", folder)
        attempt(f"{case.title}: xarray", by_xarray, case, folder)
    else:
        attempt(f"{case.title}: moczarr", by_moczarr, case, folder)
    if tool:
        attempt(f"{case.title}: reader_check", store_readers.reader_check, tool, folder)


def all_cases(folder):
    root = folder / "root"
    (root / "stores").mkdir(parents=True)
    files = {"atl03": store_sets.granules(folder / "atl03", "atl03"),
             "atl06": store_sets.granules(folder / "atl06", "atl06")}
    server = Running("s3_server", "--root", root, "--key", ACCESS, SECRET)
    for name, layouts in CONFIGS.items():
        for layout in layouts:
            here = folder / f"{name}-{layout}"
            here.mkdir()
            config = store_sets.plain(name, layout)
            (here / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
            if store_sets.write_map(here / "config.yaml", here / "map.json",
                                    files[name.split("_")[0]]):
                check(Case(f"{name}, {layout}", here, server.port), root, layout)
    crashes = server.stats()["crashes"]
    peers.check("the server", crashes == 0, f"{crashes} crashes")
    server.stop()


with peers.work_folder() as work:
    if not tool:
        peers.skip(f"reader_check.py is not in {peers.TOOLS}")
    all_cases(pathlib.Path(work))
peers.finish()
