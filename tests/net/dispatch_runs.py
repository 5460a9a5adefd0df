"""What tests of dispatched runs share: a folder with granules, configs and shard maps, a bucket
server, and `zagg run` with its JSON."""
import filecmp
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from client import Running

BUILD = os.path.abspath(os.environ.get("ZAGG_BUILD_DIR", "build/release"))
with open(f"{BUILD}/zagg", "rb") as program:
    SANITIZED = re.search(b"__[at]san_init", program.read()) is not None
ACCESS, SECRET = "AKIADISPATCH", "secret/of+dispatch"
# What stores say of the run that wrote them, besides the time that it took.
TIMES = re.compile(rb'("(?:written_at|generated_at|run_id)": )"[^"]*"')
RECT = """\
data_source:
  reader: h5coro
  driver: s3
  groups: [gt1l]
  coordinates: {latitude: "/{group}/heights/lat_ph", longitude: "/{group}/heights/lon_ph"}
  variables: {h_ph: "/{group}/heights/h_ph"}
aggregation:
  variables:
    count: {function: len, source: h_ph, dtype: int32, fill_value: 0}
output:
  consolidate_metadata: true
  grid: {type: rectilinear, crs: "EPSG:4326", resolution: 1, bounds: [-180, -80, 180, 80],
         chunk_shape: [4, 4]}
"""
HEALPIX = """\
data_source:
  reader: h5coro
  driver: s3
  groups: [gt1l, gt1r]
  coordinates: {latitude: "/{group}/heights/lat_ph", longitude: "/{group}/heights/lon_ph"}
  variables: {h_ph: "/{group}/heights/h_ph"}
aggregation:
  coordinates:
    morton: {dtype: uint64, fill_value: 0}
  variables:
    count: {function: len, source: h_ph, dtype: int32, fill_value: 0}
    h_mean: {function: mean, source: h_ph, dtype: float32}
output:
  store_layout: %s
  grid: {type: healpix, indexing_scheme: nested, parent_order: 11, child_order: 16}
"""


def environment(**more):
    """Nothing of the tester's keys, proxies and services."""
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith(("AWS_", "EARTHDATA", "ZAGG_LAMBDA", "HTTP", "http", "SLURM"))}
    return {**kept, "AWS_EC2_METADATA_DISABLED": "true", "AWS_ACCESS_KEY_ID": ACCESS,
            "AWS_SECRET_ACCESS_KEY": SECRET, "HOME": "/nonexistent", **more}


class Place:
    """The folder of a test, gone with it."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="zagg-dispatch-")
        os.makedirs(self.path("s3/out"))
        os.makedirs(self.path("s3/granules"))
        self.servers = []
        self.scheme = "http"  # of the Lambda
        self.env = environment()

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def close(self):
        for server in self.servers:
            server.stop()
        shutil.rmtree(self.dir)

    def start(self, name, *args):
        server = Running(name, *args)
        self.servers.append(server)
        return server

    def start_s3(self):
        server = self.start("s3_server", "--root", self.path("s3"), "--key", ACCESS, SECRET)
        self.env["AWS_ENDPOINT_URL_S3"] = f"http://127.0.0.1:{server.port}"
        return server

    def start_lambda(self, *args):
        server = self.start("lambda_server", "--key", ACCESS, SECRET, *args)
        for service in ("LAMBDA", "CLOUDWATCH"):
            self.env[f"AWS_ENDPOINT_URL_{service}"] = f"{self.scheme}://127.0.0.1:{server.port}"
        return server

    def start_bootstraps(self, *args):
        """A Lambda of sandboxes of the real bootstrap, which find the bucket by their role."""
        role = [word for name in ("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID",
                                  "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED")
                for word in ("--env", f"{name}={self.env[name]}")]
        return self.start_lambda("--sandboxes", 4, *args, *role, "--", f"{BUILD}/bootstrap")

    # ---- inputs ----

    def write_many(self, n):
        """A config and a map of n shards whose granules nobody reads."""
        self.write("many.yaml", RECT)
        granules = [[{"id": f"g{(k * 7 + j) % 501}", "s3": f"s3://granules/g{(k * 7 + j) % 501}.h5",
                      "https": None} for j in range(k % 13 + 1)] for k in range(n)]
        self.write("many.json", json.dumps({
            "shard_keys": list(range(n)), "granules": granules, "grid_signature": None,
            "metadata": {}}))

    def write_real(self, granules=2, most=None, photons=3000, layout="flat"):
        """Granules, a config and maps of the shards that they reach: real.json with s3://
        hrefs, files.json with paths."""
        self.run_ok([f"{BUILD}/zagg-synth", "--quiet", "--out", "s3/granules", "--granules",
                     str(granules), "--photons", str(photons), "--beams", "2", "--chunk", "500",
                     "--per-segment", "4"])
        names = sorted(os.listdir(self.path("s3/granules")))
        self.write("real.yaml", HEALPIX % layout)
        result = json.loads(self.run_ok(
            [f"{BUILD}/zagg", "run", "-q", "--json", "--config", "real.yaml", "--store", "keys",
             "--granules", *(f"s3/granules/{n}" for n in names)]))
        keys = [r["shard_key"] for r in result["results"]][:most]
        for name, prefix in (("real", "s3://granules/"), ("files", self.path("s3/granules/"))):
            self.write(f"{name}.json", json.dumps({
                "shard_keys": keys, "grid_signature": None, "metadata": {"latitude": "authalic"},
                "granules": [[{"id": n, "s3": prefix + n, "https": None} for n in names]] *
                len(keys)}))
        return keys

    # ---- runs ----

    def run_ok(self, argv):
        done = subprocess.run(argv, cwd=self.dir, env=self.env, capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def zagg(self, config, catalog, store, *more, stdin=subprocess.DEVNULL):
        argv = [f"{BUILD}/zagg", "run", "--config", f"{config}.yaml", "--catalog",
                f"{catalog}.json", "--store", store, *more]
        return subprocess.run(argv, cwd=self.dir, env=self.env, capture_output=True, text=True,
                              check=False, stdin=stdin)

    def zagg_json(self, *args):
        """(exit code, result, stderr)"""
        done = self.zagg(*args, "--json")
        return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr

    def interrupt(self, seconds_or_until, *args):
        """A run that gets SIGINT after some seconds, or as soon as a function says so."""
        argv = [f"{BUILD}/zagg", "run", "--config", f"{args[0]}.yaml", "--catalog",
                f"{args[1]}.json", "--store", *args[2:]]
        with subprocess.Popen(argv, cwd=self.dir, env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as run:
            if callable(seconds_or_until):
                while run.poll() is None and not seconds_or_until():
                    time.sleep(0.01)
            else:
                time.sleep(seconds_or_until)
            if run.poll() is None:
                run.send_signal(signal.SIGINT)
            out, err = run.communicate()
            return run.returncode, out, err

    def store(self, name):
        """Where a store of the bucket lies."""
        return self.path(f"s3/{name.removeprefix('s3://')}")


def files_of(root):
    return sorted(os.path.relpath(os.path.join(folder, name), root)
                  for folder, _, names in os.walk(root) for name in names)


def differences(a, b):
    """Files that differ, or that one folder has alone."""
    mine, theirs = files_of(a), files_of(b)
    both = sorted(set(mine) & set(theirs))
    _, different, errors = filecmp.cmpfiles(a, b, both, shallow=False)
    return sorted(set(mine) ^ set(theirs)) + different + errors


def stored(root):
    """What the files of a store hold, but for times and what tells of the run."""
    found = {}
    for name in files_of(root):
        if os.path.basename(name) != "stats.json":  # how long it took
            with open(os.path.join(root, name), "rb") as file:
                found[name] = TIMES.sub(rb'\1""', file.read())
    return found


def stored_differences(a, b):
    """As differences(), by stored()."""
    mine, theirs = stored(a), stored(b)
    return sorted(name for name in mine.keys() | theirs.keys()
                  if mine.get(name) != theirs.get(name))
