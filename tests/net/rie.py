#!/usr/bin/env python3
"""Our bootstrap under AWS's own emulator of the Lambda runtime interface (`scripts/deps net`): a
whole run as events, into a bucket, gives the store of a run on this machine. Also the executables
of the package (`make lambda`), those for ARM under qemu-user. Run by ctest (label net), or by hand:
ZAGG_BUILD_DIR=build/release tests/net/rie.py [ThisBuild|PackageX8664|PackageArm64]"""
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import unittest
import urllib.request

import needs
from client import Running

SOURCE = os.environ.get("ZAGG_SOURCE_DIR") or os.path.join(os.path.dirname(__file__), "../..")
BUILD = os.path.abspath(os.environ.get("ZAGG_BUILD_DIR", f"{SOURCE}/build/release"))
RIE = os.environ.get("ZAGG_RIE", f"{SOURCE}/.deps/aws-lambda-rie-x86_64")
WARM = 50
KEYS = {"accessKeyId": "AKOUT", "secretAccessKey": "writekey", "region": "us-west-2"}

SOURCE_PART = {
    "driver": "file", "groups": ["gt1l", "gt1r"],
    "coordinates": {"latitude": "/{group}/heights/lat_ph", "longitude": "/{group}/heights/lon_ph"},
    "variables": {"h_ph": "/{group}/heights/h_ph"}}
FIELDS = {"count": {"function": "len", "source": "h_ph", "dtype": "int32", "fill_value": 0},
          "h_mean": {"function": "mean", "source": "h_ph", "dtype": "float32"}}
GRIDS = {
    "flat": {"store_layout": "flat", "grid": {
        "type": "healpix", "indexing_scheme": "nested", "parent_order": 9, "child_order": 15}},
    "hive": {"store_layout": "hive", "grid": {
        "type": "healpix", "indexing_scheme": "nested", "parent_order": 9, "child_order": 15}},
    "utm": {"store_layout": "flat", "grid": {
        "type": "rectilinear", "crs": "EPSG:32618", "resolution": 50,
        "bounds": [350000, 4280000, 385000, 4330000], "chunk_shape": [256, 256]}}}
TIMES = re.compile(rb'("(?:written_at|generated_at|run_id)": )"[^"]*"')


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def bootstraps():
    """Name and command of each executable that there is."""
    found = {"this build": [f"{BUILD}/bootstrap"]}
    for arch, before in (("x86_64", []), ("arm64", ["qemu-aarch64"])):
        path = f"{SOURCE}/build/lambda/{arch}/bootstrap"
        if os.access(path, os.X_OK) and all(shutil.which(word) for word in before):
            found[f"package, {arch}"] = before + [os.path.abspath(path)]
    return found


class Emulator:
    """One sandbox, as a context: `command` is the runtime, `more` of its environment."""

    def __init__(self, command, folder, **more):
        self.port = free_port()
        env = {"PATH": os.environ["PATH"], "AWS_LAMBDA_FUNCTION_NAME": "process-shard",
               "AWS_LAMBDA_FUNCTION_TIMEOUT": "120", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
               "AWS_EC2_METADATA_DISABLED": "true", "TMPDIR": folder, **more}
        self.log = open(f"{folder}/rie.log", "ab")
        self.process = subprocess.Popen(
            [RIE, "--runtime-interface-emulator-address", f"127.0.0.1:{self.port}",
             "--runtime-api-address", f"127.0.0.1:{free_port()}", *command],
            env=env, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

    def __enter__(self):
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the emulator does not listen")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()

    def send(self, event):
        """Bytes for bytes; HTTPError 502 when the runtime has died."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/2015-03-31/functions/function/invocations",
            data=event, method="POST")
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.read()

    def invoke(self, event):
        response = json.loads(self.send(json.dumps(event).encode()))
        return response["statusCode"], json.loads(response["body"])


class UnderTheEmulator:
    name = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="zagg-rie-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.zagg("synth", "--quiet", "--out", "g", "--granules", "3", "--beams", "2",
                 "--photons", "30000", program="zagg-synth")
        cls.bucket = Running("s3_server", "--root", cls.folder, "--key", "AKOUT", "writekey")
        cls.addClassCleanup(cls.bucket.stop)
        os.mkdir(f"{cls.folder}/out")

    @classmethod
    def zagg(cls, command, *arguments, program="zagg"):
        subprocess.run([f"{BUILD}/{program}", *([command] if program == "zagg" else []),
                        *arguments], cwd=cls.folder, check=True, stdout=subprocess.DEVNULL)

    def command(self):
        return bootstraps()[self.name]

    def prepare(self, name):
        """Config, map and the store of a local run."""
        config = {"data_source": SOURCE_PART, "aggregation": {"variables": FIELDS},
                  "output": GRIDS[name], "catalog": None, "bounds": None}
        if not os.path.exists(f"{self.folder}/{name}.json"):
            with open(f"{self.folder}/{name}.yaml", "w", encoding="utf-8") as file:
                json.dump(config, file)
            self.zagg("shardmap", "build", "--config", f"{name}.yaml", "--granules", "g", "-o",
                      f"{name}.json")
            self.zagg("run", "-q", "--config", f"{name}.yaml", "--catalog", f"{name}.json",
                      "--store", f"{name}.zarr")
        with open(f"{self.folder}/{name}.json", encoding="utf-8") as file:
            return config, json.load(file)

    def do_run(self, box, name, store):
        config, shards = self.prepare(name)
        grid = config["output"]["grid"]
        common = {"store_path": f"s3://out/{store}", "config": config,
                  "parent_order": grid.get("parent_order"), "output_credentials": {
                      **KEYS, "endpointUrl": f"http://127.0.0.1:{self.bucket.port}"}}
        if "child_order" in grid:
            common["child_order"] = grid["child_order"]
        self.assertEqual(box.invoke({"mode": "setup", "overwrite": False, **common}),
                         (200, {"ok": True, "mode": "setup"}))
        for key, granules in zip(shards["shard_keys"], shards["granules"]):
            paths = [os.path.join(self.folder, granule["s3"]) for granule in granules]
            code, body = box.invoke({
                "chunk_idx": [0], "shard_key": key, "granule_urls": paths, "s3_credentials": {},
                "submap": {"granules": granules, "metadata": shards["metadata"],
                           "grid_signature": shards["grid_signature"]}, **common})
            if code != 200:
                self.assertEqual(body["error"], "No data after filtering", body)
        self.assertEqual(box.invoke({"mode": "finalize", **common}),
                         (200, {"ok": True, "mode": "finalize"}))

    def files(self, root):
        found = {}
        for folder, _, names in os.walk(root):
            for name in names:
                if name == "stats.json":  # how long it took
                    continue
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, root)] = TIMES.sub(rb'\1""', file.read())
        return found

    def check_store(self, name, store):
        want = self.files(f"{self.folder}/{name}.zarr")
        have = self.files(f"{self.folder}/out/{store}")
        self.assertGreater(len(want), 3)
        self.assertEqual(sorted(want), sorted(have))
        self.assertEqual([key for key in want if want[key] != have[key]], [])

    def test_runs(self):
        with Emulator(self.command(), self.folder) as box:
            for grid in GRIDS:
                self.do_run(box, grid, f"{grid}-there.zarr")
                self.check_store(grid, f"{grid}-there.zarr")

    def test_time_of_an_event(self):
        """Told, not judged: benchmarks have the figures."""
        ping = {"mode": "ping", "store_path": f"{self.folder}/ping.zarr"}
        with Emulator(self.command(), self.folder) as box:
            times = []
            for _ in range(WARM):
                start = time.perf_counter()
                self.assertEqual(box.invoke(ping)[0], 200)
                times.append((time.perf_counter() - start) * 1e3)
        print(f"{self.name}: first event {times[0]:.1f} ms, then "
              f"{statistics.median(times[1:]):.2f} ms")


def on(name, how):
    """Tests of that executable."""
    missing = None
    if not os.access(RIE, os.X_OK):
        missing = f"there is no {RIE} (scripts/deps net fetches it)"
    elif name not in bootstraps():
        missing = f"there is no bootstrap of {name} that would run here ({how})"
    return needs.required(not missing, missing)


@on("this build", "make build")
class ThisBuild(UnderTheEmulator, unittest.TestCase):
    name = "this build"


@on("package, x86_64", "make lambda")
class PackageX8664(UnderTheEmulator, unittest.TestCase):
    name = "package, x86_64"


@on("package, arm64", "make lambda, and qemu-user")
class PackageArm64(UnderTheEmulator, unittest.TestCase):
    name = "package, arm64"


if __name__ == "__main__":
    needs.main()
