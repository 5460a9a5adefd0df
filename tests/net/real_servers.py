#!/usr/bin/env python3
"""zagg, and s3_server.py, beside servers that others wrote (label net). Each case skips with a
reason where its server is not installed; README.md says how to get them."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from urllib.parse import unquote_plus

import needs
import real
from client import Bucket, Running, Signer, send

XML = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def on(name):
    """Tests of that server. Two are built from source for minutes: CI does without."""
    here = {"versitygw": real.find_versitygw, "minio": real.find_minio, "moto": real.find_moto,
            "nginx": real.find_nginx}[name]()
    reason = f"there is no {name} ({real.HOW_TO_GET[name]})"
    if name in ("versitygw", "minio"):
        return unittest.skipUnless(here, reason)
    return needs.required(here, reason)


class SameAsReal:
    """The same requests to a real server and to s3_server.py, which are to answer alike."""

    start = None

    @classmethod
    def setUpClass(cls):
        cls.real = cls.start()
        cls.own = Running("s3_server", "--key", *cls.real.keys, "--region", cls.real.region)

    @classmethod
    def tearDownClass(cls):
        cls.own.stop()
        cls.real.stop()

    def both(self, *args, signer=None, **kw):
        signer = signer or Signer(*self.real.keys, region=self.real.region)
        return [Bucket(port, "same", signer).send(*args, **kw)
                for port in (self.real.port, self.own.port)]

    def same(self, *args, codes=True, **kw):
        theirs, own = self.both(*args, **kw)
        self.assertEqual(theirs.status, own.status, (args, theirs.body, own.body))
        if codes and theirs.status >= 400 and theirs.body:
            self.assertEqual(theirs.code, own.code, args)
        return theirs, own

    def setUp(self):
        self.both("PUT")

    def test_objects(self):
        data = bytes(range(256)) * 10
        for key in ("plain", "c=1/x y+z%", "ü/日本~(1)!*'"):
            theirs, own = self.same("PUT", key, body=data)
            self.assertEqual(theirs.headers["ETag"], own.headers["ETag"])
            for text in (None, "bytes=5-9", "bytes=2000-9999", "bytes=-3"):
                theirs, own = self.same("GET", key, extra={"Range": text} if text else {})
                self.assertEqual((theirs.body, theirs.headers["Content-Range"]),
                                 (own.body, own.headers["Content-Range"]))
            self.same("HEAD", key)
            self.same("GET", key, extra={"Range": "bytes=2560-"})
            self.same("GET", key, extra={"If-Match": '"00000000000000000000000000000000"'})
            self.same("PUT", key, body=b"", extra={"If-None-Match": "*"})
        self.same("GET", "none")
        self.same("HEAD", "none")
        self.same("DELETE", "plain")
        self.same("DELETE", "plain")

    def test_signatures(self):
        access, secret = self.real.keys
        self.same("PUT", "k", body=b"v")
        self.same("GET", "k", signer=Signer(access, "wrong", region=self.real.region))
        self.same("GET", "k", signer=Signer(access, secret, region="eu-west-1"))
        self.same("GET", "k", when=1000000000)
        self.same("PUT", "k", body=b"v", codes=False,
                  extra={"x-amz-content-sha256": hashlib.sha256(b"other").hexdigest()})

    def listed(self, answer):
        """Names are encoded where the answer says so: versitygw does not, though asked to."""
        root = ElementTree.fromstring(answer.body)
        encoded = root.findtext(f"{XML}EncodingType") == "url"
        names = [[unquote_plus(node.text) if encoded else node.text
                  for node in root.iterfind("/".join(XML + name for name in path.split("/")))]
                 for path in ("Contents/Key", "CommonPrefixes/Prefix")]
        return names, root.findtext(f"{XML}IsTruncated")

    def test_listing(self):
        for key in ("l/a", "l/b/1", "l/b/2", "l/c d+e", "l/ü"):
            self.both("PUT", key, body=b"v")
        for query in ({"prefix": "l/"}, {"prefix": "l/", "delimiter": "/"}, {"prefix": "x"},
                      {"prefix": "l/", "max-keys": 2}, {"prefix": "l/", "start-after": "l/b/1"},
                      {"prefix": "l/", "encoding-type": "url"}):
            theirs, own = self.same("GET", query=[("list-type", 2), *query.items()])
            self.assertEqual(self.listed(theirs), self.listed(own), query)

    def test_uploads_in_parts(self):
        ids = [a.element("UploadId") for a in self.same("POST", "m", query=[("uploads", "")])]
        data = {1: bytes(5 << 20), 2: bytes(5 << 20), 3: b"end"}
        for i, port in enumerate((self.real.port, self.own.port)):
            bucket = Bucket(port, "same", Signer(*self.real.keys, region=self.real.region))
            etags = {n: bucket.send("PUT", "m", query=[("partNumber", n), ("uploadId", ids[i])],
                                    body=part).headers["ETag"] for n, part in data.items()}

            def complete(parts):
                body = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{etags[n]}</ETag></Part>"
                               for n in parts)
                return bucket.send("POST", "m", query=[("uploadId", ids[i])], body=(
                    f"<CompleteMultipartUpload>{body}</CompleteMultipartUpload>").encode())
            self.assertEqual(complete([2, 1]).code, "InvalidPartOrder")
            self.assertEqual(complete([1, 2, 3]).status, 200)
            self.assertEqual(bucket.send("GET", "m", extra={"Range": "bytes=10485760-"}).body,
                             b"end")


@on("versitygw")
class SameAsVersitygw(SameAsReal, unittest.TestCase):
    start = real.Versitygw


@on("minio")
class SameAsMinio(SameAsReal, unittest.TestCase):
    start = real.Minio


# ---- zagg ----

CONFIG = """
data_source:
  reader: h5coro
  driver: s3
  groups: [gt1l, gt1r, gt2l]
  coordinates: {latitude: '/{group}/heights/lat_ph', longitude: '/{group}/heights/lon_ph'}
  variables: {h_ph: '/{group}/heights/h_ph'}
  filters:
    - {dataset: '/{group}/heights/signal_conf_ph', column: 0, op: ge, value: 2}
aggregation:
  coordinates:
    morton: {dtype: uint64, fill_value: 0}
  variables:
    count: {function: len, source: h_ph, dtype: int32, fill_value: 0}
    h_mean: {function: mean, source: h_ph, dtype: float32}
output:
  store_layout: LAYOUT
  grid: {type: healpix, indexing_scheme: nested, parent_order: 11, chunk_inner: 13,
         child_order: 16}
"""
BUILD = os.path.abspath(os.environ.get("ZAGG_BUILD_DIR") or
                        os.path.join(os.path.dirname(__file__), "../../build/release"))
AUTH = 4  # exit code


class Work:
    """Granules, configs and stores of local runs, which those over a network must equal."""

    folder = None

    @classmethod
    def get(cls):
        if cls.folder is None:
            cls.folder = tempfile.mkdtemp(prefix="zagg-net-")
            unittest.addModuleCleanup(shutil.rmtree, cls.folder)
            subprocess.run([f"{BUILD}/zagg-synth", "--quiet", "--out", "g/day", "--granules", "2",
                            "--photons", "3000", "--beams", "2", "--chunk", "500"],
                           cwd=cls.folder, check=True)
            for layout in ("flat", "hive"):
                with open(f"{cls.folder}/{layout}.yaml", "w") as file:
                    file.write(CONFIG.replace("LAYOUT", layout))
                done = cls.zagg("run", "-q", "--config", f"{layout}.yaml", "--granules", "g/day",
                                "--store", f"local/{layout}")
                assert done.returncode == 0, done.stderr
        return cls

    @classmethod
    def zagg(cls, *args, **env):
        """Nothing of this machine's own keys and proxies comes in."""
        clean = {n: v for n, v in os.environ.items()
                 if not n.startswith(("AWS_", "EARTHDATA_", "ZAGG_")) and
                 n.lower() not in ("http_proxy", "https_proxy", "netrc")}
        return subprocess.run([f"{BUILD}/zagg", *args], cwd=cls.folder, capture_output=True,
                              text=True, timeout=120, env={
                                  **clean, "HOME": cls.folder,
                                  "AWS_EC2_METADATA_DISABLED": "true", **env})

    @classmethod
    def granules(cls):
        return sorted(os.listdir(f"{cls.folder}/g/day"))

    @classmethod
    def local(cls, layout):
        """{key below the store: bytes}"""
        top, found = f"{cls.folder}/local/{layout}", {}
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, top)] = file.read()
        return found


def steady(key, data):
    """A document of a hive without what differs from run to run, or with the granules' place."""
    if not key.endswith(".json") and key != "coverage.moc":
        return data
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", "TIME", data.decode())
    if key.endswith("shardmap.json"):
        # A path stands under both names, a URL under its own.
        return re.sub('"(s3|https)": *("[^"]*[.]h5"|null)', "HREF", text)
    if key.endswith("stats.json"):
        document = json.loads(text)
        for name in ("run_id", "phase_timings", "duration_s", "duration_total_s"):
            document.pop(name)
        return document
    return text


class OnS3:
    """Granules out of a bucket, the store into another one."""

    start = None

    @classmethod
    def setUpClass(cls):
        cls.work = Work.get()
        cls.server = cls.start()
        cls.addClassCleanup(cls.server.stop)
        signer = Signer(*cls.server.keys, region=cls.server.region)
        cls.granules = Bucket(cls.server.port, "granules", signer)
        cls.out = Bucket(cls.server.port, "stores", signer)
        for bucket in (cls.granules, cls.out):
            assert bucket.send("PUT").status == 200
        for name in cls.work.granules():
            with open(f"{cls.work.folder}/g/day/{name}", "rb") as file:
                assert cls.granules.send("PUT", f"day 1/{name}", body=file.read()).status == 200

    def zagg(self, *args, access=None, secret=None, **env):
        keys = {"AWS_ACCESS_KEY_ID": access or self.server.keys[0],
                "AWS_SECRET_ACCESS_KEY": secret or self.server.keys[1]}
        return self.work.zagg("run", "-q", *args, AWS_ENDPOINT_URL=self.server.url,
                              AWS_REGION=self.server.region, **keys, **env)

    def sources(self):
        return [f"s3://granules/day 1/{name}" for name in self.work.granules()]

    def stored(self, prefix):
        """{key below the prefix: bytes}"""
        found, token = {}, []
        while True:
            answer = self.out.send("GET", query=[("list-type", 2), ("prefix", prefix), *token])
            root = ElementTree.fromstring(answer.body)
            for node in root.iterfind(f"{XML}Contents/{XML}Key"):
                found[node.text[len(prefix):]] = self.out.send("GET", node.text).body
            if root.findtext(f"{XML}IsTruncated") != "true":
                return found
            token = [("continuation-token", root.findtext(f"{XML}NextContinuationToken"))]

    def same_store(self, layout):
        store = f"s3://stores/a=1/{layout}"
        args = ("--config", f"{layout}.yaml", "--granules", *self.sources(), "--store", store)
        done = self.zagg(*args)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.compare(layout)
        again = self.zagg(*args)  # nothing is left to do
        self.assertEqual(again.returncode, 0, again.stderr)
        self.compare(layout)
        other = self.zagg(*args, "--overwrite")
        self.assertEqual(other.returncode, 0, other.stderr)
        self.compare(layout)

    def compare(self, layout):
        local, own = self.work.local(layout), self.stored(f"a=1/{layout}/")
        self.assertGreater(len(local), 5)
        self.assertEqual(sorted(local), sorted(own))
        self.assertEqual([k for k in local if steady(k, local[k]) != steady(k, own[k])], [])

    def test_flat_store(self):
        self.same_store("flat")

    def test_hive_store(self):
        self.same_store("hive")

    def test_wrong_secret(self):
        secret = "not-the-right-secret"
        done = self.zagg("--config", "flat.yaml", "--granules", *self.sources(), "--store",
                         "s3://stores/refused", secret=secret)
        self.assertEqual(done.returncode, AUTH, done.stderr)
        self.assertIn("SignatureDoesNotMatch", done.stderr)
        self.assertNotIn(secret, done.stderr)
        self.assertEqual(self.stored("refused"), {})

    def test_missing_granule(self):
        done = self.zagg("--config", "flat.yaml", "--granules", "s3://granules/none.h5", "--store",
                         "s3://stores/none")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("none.h5", done.stderr)


class ThroughFaults(OnS3, unittest.TestCase):
    """s3_server.py behind a proxy that spoils every tenth answer."""

    class Pair:
        name, keys, region = "s3_server", (real.ACCESS, real.SECRET), "us-west-2"

        def __init__(self):
            self.behind = Running("s3_server", "--key", *self.keys, "--page-size", 5)
            self.proxy = Running("fault_proxy", "--to", self.behind.port, "--rate", 0.1, "--seed",
                                 3, "--faults", "503,500,429,reset,short,close")
            self.port, self.url = self.behind.port, f"http://127.0.0.1:{self.proxy.port}"

        def stop(self):
            struck = sum(self.proxy.stats()["by_fault"].values())
            crashes = self.proxy.stats()["crashes"] + self.behind.stats()["crashes"]
            self.proxy.stop()
            self.behind.stop()
            assert struck > 10 and crashes == 0, (struck, crashes)

    start = Pair


@on("versitygw")
class OnVersitygw(OnS3, unittest.TestCase):
    start = real.Versitygw


@on("minio")
class OnMinio(OnS3, unittest.TestCase):
    start = real.Minio

    def test_session_token(self):
        body = b"Action=AssumeRole&DurationSeconds=3600&Version=2011-06-15"
        headers = Signer(*self.server.keys, region=self.server.region, service="sts").headers(
            "POST", f"127.0.0.1:{self.server.port}", "/", body=body,
            extra={"content-type": "application/x-www-form-urlencoded"})
        answer = send(self.server.port, "POST", "/", headers, body)
        keys = [answer.element(name) for name in ("AccessKeyId", "SecretAccessKey")]
        token = answer.element("SessionToken")
        for given, code in ((token, 0), (token[:-4] + "AAAA", AUTH)):
            done = self.zagg("--config", "flat.yaml", "--granules", *self.sources(), "--store",
                             "s3://stores/session", "--overwrite", access=keys[0],
                             secret=keys[1], AWS_SESSION_TOKEN=given)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertNotIn(given, done.stderr)


@on("moto")
class OnMoto(OnS3, unittest.TestCase):
    start = real.Moto
    test_wrong_secret = None  # it checks no signatures


@on("nginx")
class OnNginx(unittest.TestCase):
    """Granules of a DAAC that redirects to a bucket."""

    @classmethod
    def setUpClass(cls):
        cls.work = Work.get()
        cls.server = real.Nginx(f"{cls.work.folder}/g")
        cls.addClassCleanup(cls.server.stop)

    def zagg(self, store, token):
        urls = [f"{self.server.url}/data/day/{name}" for name in self.work.granules()]
        return self.work.zagg("run", "-q", "--config", "flat.yaml", "--granules", *urls, "--store",
                              store, EARTHDATA_TOKEN=token,
                              ZAGG_EARTHDATA_HOSTS=f"127.0.0.1:{self.server.port}")

    def test_same_store(self):
        done = self.zagg("nginx", self.server.token)
        self.assertEqual(done.returncode, 0, done.stderr)
        differ = subprocess.run(["diff", "-r", "local/flat", "nginx"], cwd=self.work.folder,
                                capture_output=True, text=True).stdout
        self.assertEqual(differ, "")
        bucket = [line for line in self.server.seen() if line[0] == str(self.server.bucket_port)]
        self.assertTrue(bucket)
        self.assertEqual({line[1] for line in bucket}, {"206"})
        self.assertEqual([line for line in bucket if "Bearer" in line[4]], [])

    def test_refused_token(self):
        done = self.zagg("refused", "not-this-token")
        self.assertEqual(done.returncode, AUTH, done.stderr)
        self.assertNotIn("not-this-token", done.stderr)
        self.assertFalse(os.path.exists(f"{self.work.folder}/refused/zarr.json"))


if __name__ == "__main__":
    needs.main(verbosity=2)  # with the reasons of skips
