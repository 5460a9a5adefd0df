#!/usr/bin/env python3
"""Upstream's dispatcher (PyPI zagg) drives our worker, and our dispatcher upstream's worker, each
under AWS's emulator of the Lambda runtime interface, over a bucket. The stores of benchmark configs
are, byte for byte, those of both programs' runs on this machine. Also the executables of the package
(`make lambda`), those for ARM under qemu-user. Run by ctest (label net), or by hand:
ZAGG_BUILD_DIR=build/release tests/net/rie_cross.py [ThisBuild|PackageX8664|PackageArm64]"""
import json
import os
import subprocess
import unittest

import dispatch_runs
import needs
import rie
import upstream_worker
from client import Running, Signer, send
from dispatch_runs import ACCESS, BUILD, SECRET, Place

CONFIGS = os.path.join(os.path.dirname(upstream_worker.TOOLS), "data/benchmark/configs")
HEALPIX, RECT = "atl03_gain_bias_healpix_o11", "atl03_tdigest_rect_3km"
SHARDS = 3
WORKERS = 2
# The role of a function has a token always, and upstream's events want one for the granules.
ROLE = {"AWS_ACCESS_KEY_ID": "ASIAROLE", "AWS_SECRET_ACCESS_KEY": "role/secret",
        "AWS_SESSION_TOKEN": "role-token", "AWS_REGION": "us-west-2",
        "AWS_DEFAULT_REGION": "us-west-2"}
# With a token as well: next to keys without one upstream's worker sends the token of its role.
WRITER = {"accessKeyId": "ASIAWRITER", "secretAccessKey": "writer/secret",
          "sessionToken": "writer-token"}


def files_of(root):
    """Without what upstream notes of its runs."""
    return {name for name in dispatch_runs.files_of(root) if not name.endswith(".parquet")}


class Crossed:
    """Granules and keys, and what the runs of this machine give."""
    name = None

    @classmethod
    def setUpClass(cls):
        cls.place = Place()
        cls.addClassCleanup(cls.place.close)
        bucket = cls.place.start("s3_server", "--root", cls.place.path("s3"), "--key", ACCESS,
                                 SECRET, "--key", ROLE["AWS_ACCESS_KEY_ID"],
                                 ROLE["AWS_SECRET_ACCESS_KEY"], "--token",
                                 ROLE["AWS_SESSION_TOKEN"], "--key", *list(WRITER.values())[:2],
                                 "--token", WRITER["sessionToken"])
        cls.endpoint = f"http://127.0.0.1:{bucket.port}"
        cls.place.env.update(AWS_ENDPOINT_URL_S3=cls.endpoint, AWS_ENDPOINT_URL_STS=cls.endpoint,
                             AWS_ALLOW_HTTP="true", AWS_REGION="us-west-2",
                             AWS_DEFAULT_REGION="us-west-2")
        cls.place.write("creds.json", json.dumps({
            **WRITER, "region": "us-west-2", "endpointUrl": cls.endpoint}))
        cls.place.run_ok([f"{BUILD}/zagg-synth", "--quiet", "--out", "s3/granules",
                          "--granules", "2", "--photons", "6000"])
        for name in (HEALPIX, RECT):
            cls.prepare(name)

    @classmethod
    def prepare(cls, name):
        """NAME.yaml, NAME.json (granules in the bucket), NAME-here.json, the store NAME.ours."""
        with open(os.path.join(CONFIGS, f"{name}.yaml"), encoding="utf-8") as file:
            text = file.read()
        flat = text.replace("\noutput:\n", "\noutput:\n  store_layout: flat\n")
        assert flat != text
        cls.place.write(f"{name}.yaml", flat)
        cls.place.run_ok([f"{BUILD}/zagg", "shardmap", "build", "--config", f"{name}.yaml",
                          "--granules", "s3/granules", "--force", "-o", "whole.json"])
        shards = json.loads(cls.place.read("whole.json"))
        pairs = sorted(zip(shards["shard_keys"], shards["granules"]), key=lambda p: -len(p[1]))
        shards["shard_keys"], shards["granules"] = zip(*pairs[:SHARDS])
        for kind, prefix in ((name, "s3://granules"),
                             (f"{name}-here", "s3://" + cls.place.path("s3/granules"))):
            for granule in sum(shards["granules"], []):
                granule["s3"] = f"{prefix}/{os.path.basename(granule['https'])}"
            cls.place.write(f"{kind}.json", json.dumps(shards))
        done = cls.place.zagg(name, f"{name}-here", f"{name}.ours", "-q")
        assert done.returncode == 0, done.stderr

    def start_lambda(self, command, environment):
        environment = {**environment, **ROLE, "AWS_ENDPOINT_URL_S3": self.endpoint}
        server = self.place.start_lambda(
            "--sandboxes", 2 * SHARDS, "--emulator", "--record",
            *(word for pair in environment.items() for word in ("--env", "=".join(pair))), "--",
            *command)
        self.addCleanup(self.place.servers.remove, server)
        self.addCleanup(server.stop)
        return server

    def peer(self, script, *arguments):
        """Upstream's standard output."""
        done = subprocess.run([upstream_worker.PYTHON, "-B", script, *arguments],
                              cwd=self.place.dir, env=self.place.env, capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        return done.stdout

    def check_store(self, name, store):
        want, have = self.place.path(f"{name}.ours"), self.place.path(store)
        self.assertGreater(len(files_of(want)), 10)
        self.assertEqual(files_of(want), files_of(have))
        self.assertEqual([key for key in dispatch_runs.differences(want, have)
                          if not key.endswith(".parquet")], [])

    def check_events(self, server, name):
        """Each shard was sent once and done once."""
        seen = server.stats()
        keys = json.loads(self.place.read(f"{name}.json"))["shard_keys"]
        self.assertEqual(seen["done"], {str(key): 1 for key in keys})
        self.assertEqual((seen["crashes"], seen["modes"]["setup"]), (0, 1))
        return [json.loads(text) for text in seen["events"]]

    def check_summary(self, result, name):
        """What upstream's dispatcher takes from responses, and ours."""
        self.assertEqual((result["cells_with_data"], result["cells_error"]), (SHARDS, 0))
        self.assertEqual([r["status_code"] for r in result["results"]], [200] * SHARDS)
        self.assertGreater(min(r["lambda_duration"] for r in result["results"]), 0)
        self.assertGreater(result["max_memory_mb"], 1)
        self.assertGreater(result["gb_seconds"], 0)
        self.assertEqual(result["function_timeout_s"], 900)
        for one in result["results"]:
            self.assertEqual(one["body"]["granule_count"], one["granule_count"])
            self.assertEqual(one["body"]["files_processed"], one["granule_count"])

    def check_writer(self, events):
        for event in events:
            given = event["output_credentials"]
            self.assertEqual({key: given[key] for key in WRITER}, WRITER)

    def drive_us(self, name, *more):
        """Upstream's dispatcher, our worker."""
        store = f"{name}-{'-'.join(more).strip('-').replace('/', '')}.zarr"
        server = self.start_lambda(rie.bootstraps()[self.name], {})
        output = self.peer(os.path.join(os.path.dirname(__file__), "upstream_dispatch.py"),
                           f"{name}.yaml", f"{name}.json", f"s3://out/{store}", "--workers",
                           str(WORKERS), "--key", *list(ROLE.values())[:3], *more)
        self.check_summary(json.loads(output.splitlines()[-1]), name)
        self.check_store(name, f"s3/out/{store}")
        return self.check_events(server, name)

    def test_upstream_drives_us(self):
        self.drive_us(HEALPIX)

    def test_upstream_drives_us_with_keys(self):
        """Those for the store go along."""
        events = self.drive_us(RECT, "--output-creds", "creds.json")
        self.check_writer(events)


@rie.on("this build", "make build")
class Sandboxes(unittest.TestCase):
    """What the pool of emulators tells of runtimes that end badly, again and again."""

    def check(self, command, timeout_s, kind):
        path = "/2015-03-31/functions/process-shard/invocations"
        with Running("lambda_server", "--key", ACCESS, SECRET, "--sandboxes", 1, "--timeout",
                     timeout_s, "--emulator", "--", *command) as server:
            for _ in range(2):
                headers = Signer(ACCESS, SECRET, service="lambda").headers(
                    "POST", f"127.0.0.1:{server.port}", path, body=b"{}")
                answer = send(server.port, "POST", path, headers, b"{}")
                self.assertEqual(answer.headers["X-Amz-Function-Error"], "Unhandled")
                self.assertEqual(json.loads(answer.body)["errorType"], kind)
            self.assertEqual(server.stats()["crashes"], 0)

    def test_ends(self):
        self.check(["sh", "-c", "exit 3"], 60, "Runtime.ExitError")
        self.check(["sleep", "600"], 1, "Sandbox.Timedout")


@needs.required(not upstream_worker.missing(), upstream_worker.missing())
@rie.on("this build", "make build")
class ThisBuild(Crossed, unittest.TestCase):
    name = "this build"

    def test_runs_here(self):
        for name in (HEALPIX, RECT):
            self.peer(f"{upstream_worker.TOOLS}/run_local.py", "--config", f"{name}.yaml",
                      "--catalog", f"{name}-here.json", "--store", f"{name}.theirs")
            self.check_store(name, f"{name}.theirs")

    def test_transports(self):
        """Results as objects beside the store: upstream's default, and its newer one."""
        for transport in ("async", "event"):
            with self.subTest(transport):
                self.drive_us(HEALPIX, "--transport", transport)

    def drive_upstream(self, name, *more):
        """Our dispatcher, upstream's worker."""
        server = self.start_lambda(upstream_worker.command(), upstream_worker.environment())
        code, result, err = self.place.zagg_json(
            name, name, f"s3://out/{name}-upstream.zarr", "--backend", "lambda", "--yes",
            "--max-workers", str(WORKERS), *more)
        self.assertEqual(code, 0, err)
        self.check_summary(result, name)
        self.check_store(name, f"s3/out/{name}-upstream.zarr")
        return self.check_events(server, name)

    def test_we_drive_upstream(self):
        self.drive_upstream(HEALPIX)

    def test_we_drive_upstream_with_keys(self):
        events = self.drive_upstream(RECT, "--output-creds", "creds.json")
        self.check_writer(events)


@needs.required(not upstream_worker.missing(), upstream_worker.missing())
@rie.on("package, x86_64", "make lambda")
class PackageX8664(Crossed, unittest.TestCase):
    name = "package, x86_64"


@needs.required(not upstream_worker.missing(), upstream_worker.missing())
@rie.on("package, arm64", "make lambda, and qemu-user")
class PackageArm64(Crossed, unittest.TestCase):
    name = "package, arm64"


if __name__ == "__main__":
    needs.main()
