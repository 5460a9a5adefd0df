#!/usr/bin/env python3
"""Is s3_server.py as strict as S3? Run by ctest (label net-tools), or by hand."""
import base64
import hashlib
import json
import os
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import unquote_plus

import s3_sign
import wire
from client import Bucket, Running, Signer, connect, send

ACCESS, SECRET = "AKIATEST", "se/cret+key"
XML = "{http://s3.amazonaws.com/doc/2006-03-01/}"


class Vectors(unittest.TestCase):
    """The verifier against the example that AWS's documentation works out."""

    def test_documented_get_object(self):
        request = wire.Request("GET", "/test.txt", [
            ("Host", "examplebucket.s3.amazonaws.com"), ("Range", "bytes=0-9"),
            ("x-amz-content-sha256", s3_sign.EMPTY_SHA256), ("x-amz-date", "20130524T000000Z"),
            ("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/"
             "us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
             "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")])
        keys = s3_sign.Keys([s3_sign.Key("AKIAIOSFODNN7EXAMPLE",
                                         "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")])
        self.assertEqual(s3_sign.verify(request, keys, "s3", None, 1369353600),
                         "AKIAIOSFODNN7EXAMPLE")
        request.headers["range"] = "bytes=0-8"
        with self.assertRaises(s3_sign.Refused) as refused:
            s3_sign.verify(request, keys, "s3", None, 1369353600)
        self.assertEqual(refused.exception.code, "SignatureDoesNotMatch")

    def test_documented_list(self):
        request = wire.Request("GET", "/?max-keys=2&prefix=J", [
            ("Host", "examplebucket.s3.amazonaws.com"),
            ("x-amz-content-sha256", s3_sign.EMPTY_SHA256), ("x-amz-date", "20130524T000000Z"),
            ("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/"
             "us-east-1/s3/aws4_request,SignedHeaders=host;x-amz-content-sha256;x-amz-date,"
             "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")])
        keys = s3_sign.Keys([s3_sign.Key("AKIAIOSFODNN7EXAMPLE",
                                         "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")])
        s3_sign.verify(request, keys, "s3", None, 1369353600)


class S3Case(unittest.TestCase):
    ARGS = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Running("s3_server", "--bucket", "data", "--key", ACCESS, SECRET, *cls.ARGS)
        cls.port = cls.server.port
        cls.signer = Signer(ACCESS, SECRET)
        cls.bucket = Bucket(cls.port, "data", cls.signer)

    @classmethod
    def tearDownClass(cls):
        crashes = cls.server.stats()["crashes"]
        assert cls.server.stop() == 0 and crashes == 0

    def refused(self, answer, status, code):
        self.assertEqual((answer.status, answer.code), (status, code))


class Signatures(S3Case):
    ARGS = ("--key", "ASIATEMP", "s2", "--token", "the-token", "--expires", 600,
            "--key", "ASIAOLD", "s3", "--token", "old-token", "--expires", -1,
            "--public", "open", "--requester-pays", "payers", "--read-only", "fixed",
            "--no-list", "blind", "--bucket-region", "east", "us-east-1")

    def as_key(self, access, secret, token=None, region="us-west-2", bucket="data"):
        return Bucket(self.port, bucket, Signer(access, secret, token, region)).send("GET", "k")

    def test_good_and_bad_keys(self):
        self.assertEqual(self.bucket.send("PUT", "k", body=b"value").status, 200)
        self.assertEqual(self.bucket.send("GET", "k").body, b"value")
        self.refused(self.as_key(ACCESS, "wrong"), 403, "SignatureDoesNotMatch")
        self.refused(self.as_key("AKIANONE", SECRET), 403, "InvalidAccessKeyId")
        self.refused(send(self.port, "GET", "/data/k"), 403, "AccessDenied")

    def test_tokens(self):
        self.bucket.send("PUT", "k", body=b"value")
        self.assertEqual(self.as_key("ASIATEMP", "s2", "the-token").status, 200)
        self.refused(self.as_key("ASIATEMP", "s2"), 403, "InvalidAccessKeyId")
        self.refused(self.as_key("ASIATEMP", "s2", "x"), 400, "InvalidToken")
        self.refused(self.as_key("ASIAOLD", "s3", "old-token"), 400, "ExpiredToken")

    def test_time_and_payload(self):
        late = self.bucket.send("GET", "k", when=time.time() - 16 * 60)
        self.refused(late, 403, "RequestTimeTooSkewed")
        self.assertNotEqual(self.bucket.send("GET", "k", when=time.time() - 14 * 60).status, 403)
        host = f"127.0.0.1:{self.port}"
        headers = self.signer.headers("PUT", host, "/data/k", body=b"other")
        self.refused(send(self.port, "PUT", "/data/k", headers, b"value"), 400,
                     "XAmzContentSHA256Mismatch")
        headers = self.signer.headers("GET", host, "/data/k")
        del headers["x-amz-content-sha256"]
        self.assertEqual(send(self.port, "GET", "/data/k", headers).status, 400)
        hashed = {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
        self.assertEqual(self.bucket.send("PUT", "k", body=b"v", extra=hashed).status, 200)

    def test_what_must_be_signed(self):
        unsigned = self.bucket.send("PUT", "k", body=b"v", extra={"x-amz-acl": "private"},
                                    drop=("x-amz-acl",))
        self.refused(unsigned, 403, "AccessDenied")
        self.refused(self.bucket.send("GET", "k", drop=("host",)), 400,
                     "AuthorizationHeaderMalformed")
        # Sent as it was not signed: S3 encodes anew what it decoded.
        headers = self.signer.headers("GET", f"127.0.0.1:{self.port}", "/data/c=1")
        self.assertEqual(send(self.port, "GET", "/data/c%3D1", headers).code, "NoSuchKey")

    def test_regions(self):
        wrong = self.as_key(ACCESS, SECRET, region="eu-west-1")
        self.refused(wrong, 400, "AuthorizationHeaderMalformed")
        self.assertEqual(wrong.element("Region"), "us-west-2")
        other = self.as_key(ACCESS, SECRET, bucket="east")
        self.assertEqual(other.headers["x-amz-bucket-region"], "us-east-1")
        self.refused(self.as_key(ACCESS, SECRET, region="us-east-1", bucket="east"), 404,
                     "NoSuchKey")

    def test_kinds_of_buckets(self):
        def in_bucket(name, *args, **kw):
            return Bucket(self.port, name, self.signer).send(*args, **kw)
        self.refused(in_bucket("nowhere", "GET", "k"), 404, "NoSuchBucket")
        self.assertEqual(in_bucket("open", "PUT", "k", body=b"v").status, 200)
        self.assertEqual(send(self.port, "GET", "/open/k").body, b"v")
        self.assertEqual(send(self.port, "GET", "/open?list-type=2").status, 200)
        self.refused(send(self.port, "PUT", "/open/k", body=b"w"), 403, "AccessDenied")
        self.refused(in_bucket("payers", "PUT", "k", body=b"v"), 403, "AccessDenied")
        pays = {"x-amz-request-payer": "requester"}
        self.assertEqual(in_bucket("payers", "PUT", "k", body=b"v", extra=pays).status, 200)
        self.refused(in_bucket("fixed", "PUT", "k", body=b"v"), 403, "AccessDenied")
        self.refused(in_bucket("blind", "GET", "k"), 403, "AccessDenied")
        self.refused(in_bucket("blind", "GET", query=[("list-type", 2)]), 403, "AccessDenied")

    def test_virtual_style(self):
        self.bucket.send("PUT", "a/b=c", body=b"here")
        host = f"data.localhost:{self.port}"
        self.assertEqual(self.bucket.send("GET", "a/b=c", host=host).body, b"here")
        host = "data.s3.us-west-2.amazonaws.com"
        self.assertEqual(self.bucket.send("GET", "a/b=c", host=host).body, b"here")


class Identity(S3Case):
    ARGS = ("--container-token", "ct")

    def sts(self, signer, **form):
        body = "&".join(f"{n}={v}" for n, v in {"Version": "2011-06-15", **form}.items()).encode()
        kind = {"content-type": "application/x-www-form-urlencoded"}
        headers = kind if signer is None else signer.headers(
            "POST", f"127.0.0.1:{self.port}", "/", body=body, extra=kind)
        return send(self.port, "POST", "/", headers, body)

    def works(self, access, secret, token):
        bucket = Bucket(self.port, "data", Signer(access, secret, token))
        return bucket.send("GET", "none").code == "NoSuchKey"

    def test_sts(self):
        signer = Signer(ACCESS, SECRET, service="sts")
        self.assertIn("user/AKIATEST", self.sts(signer, Action="GetCallerIdentity").element("Arn"))
        self.assertEqual(self.sts(None, Action="GetCallerIdentity").code,
                         "MissingAuthenticationToken")
        role = {"RoleArn": "arn:aws:iam::1:role/r", "RoleSessionName": "s"}
        for answer in (self.sts(signer, Action="AssumeRole", **role),
                       self.sts(None, Action="AssumeRoleWithWebIdentity",
                                WebIdentityToken="web-identity-token", **role)):
            self.assertTrue(self.works(answer.element("AccessKeyId"),
                                       answer.element("SecretAccessKey"),
                                       answer.element("SessionToken")))
        bad = self.sts(None, Action="AssumeRoleWithWebIdentity", WebIdentityToken="x", **role)
        self.assertEqual(bad.code, "InvalidIdentityToken")

    def test_instance(self):
        folder = "/latest/meta-data/iam/security-credentials/"
        self.assertEqual(send(self.port, "GET", folder).status, 401)
        ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
        token = send(self.port, "PUT", "/latest/api/token", ttl).body.decode()
        given = {"X-aws-ec2-metadata-token": token}
        role = send(self.port, "GET", folder, given).body.decode()
        keys = json.loads(send(self.port, "GET", folder + role, given).body)
        self.assertTrue(self.works(keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"]))

    def test_container(self):
        self.assertEqual(send(self.port, "GET", "/container").status, 401)
        answer = send(self.port, "GET", "/container", {"Authorization": "ct"})
        keys = json.loads(answer.body)
        self.assertTrue(self.works(keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"]))


class Objects(S3Case):
    ARGS = ("--min-part", 5, "--page-size", 3, "--bucket", "odd", "--undeletable", "kept")

    def test_ranges(self):
        data = bytes(range(100))
        etag = self.bucket.send("PUT", "r", body=data).headers["ETag"]
        self.assertEqual(etag, f'"{hashlib.md5(data).hexdigest()}"')
        for text, first, last in (("bytes=10-19", 10, 19), ("bytes=90-200", 90, 99),
                                  ("bytes=95-", 95, 99), ("bytes=-7", 93, 99)):
            answer = self.bucket.send("GET", "r", extra={"Range": text})
            self.assertEqual((answer.status, answer.body), (206, data[first:last + 1]))
            self.assertEqual(answer.headers["Content-Range"], f"bytes {first}-{last}/100")
        beyond = self.bucket.send("GET", "r", extra={"Range": "bytes=100-"})
        self.refused(beyond, 416, "InvalidRange")
        self.assertEqual(beyond.headers["Content-Range"], "bytes */100")
        two = self.bucket.send("GET", "r", extra={"Range": "bytes=0-1,4-5"})
        self.assertEqual((two.status, two.body), (200, data))
        head = self.bucket.send("HEAD", "r")
        self.assertEqual((head.headers["Content-Length"], head.body), ("100", b""))
        self.assertEqual(self.bucket.send("HEAD", "none").status, 404)

    def test_conditions(self):
        old = self.bucket.send("PUT", "c", body=b"1").headers["ETag"]
        self.assertEqual(self.bucket.send("GET", "c", extra={"If-Match": old}).status, 200)
        self.assertEqual(self.bucket.send("GET", "c", extra={"If-None-Match": old}).status, 304)
        new = {"If-None-Match": "*"}
        self.refused(self.bucket.send("PUT", "c", body=b"2", extra=new), 412,
                     "PreconditionFailed")
        self.assertEqual(self.bucket.send("PUT", "c-new", body=b"2", extra=new).status, 200)
        self.assertEqual(self.bucket.send("PUT", "c", body=b"2",
                                          extra={"If-Match": old}).status, 200)
        for method in ("GET", "PUT"):
            self.refused(self.bucket.send(method, "c", extra={"If-Match": old}), 412,
                         "PreconditionFailed")

    def test_one_of_many_makes_it(self):
        def put(n):
            return self.bucket.send("PUT", "race", body=b"%d" % n,
                                    extra={"If-None-Match": "*"}).status
        with ThreadPoolExecutor(8) as pool:
            self.assertEqual(sorted(pool.map(put, range(8))), [200] + [412] * 7)

    def test_headers_of_puts(self):
        extra = {"x-amz-acl": "bucket-owner-full-control", "x-amz-server-side-encryption": "AES256"}
        answer = self.bucket.send("PUT", "acl", body=b"v", extra=extra)
        self.assertEqual(answer.headers["x-amz-server-side-encryption"], "AES256")
        put = [p for p in self.server.stats()["puts"] if p["key"] == "acl"][0]
        self.assertEqual((put["op"], put["headers"]), ("PutObject", extra))
        self.refused(self.bucket.send("PUT", "acl", extra={"Content-MD5": "AAAA"}), 400,
                     "BadDigest")

    def list(self, name, **query):
        """All pages: keys and prefixes, and how many pages."""
        bucket = Bucket(self.port, name, self.signer)
        keys, prefixes, token, pages = [], [], {}, 0
        while True:
            answer = bucket.send("GET", query=[("list-type", 2), *query.items(), *token.items()])
            root = ElementTree.fromstring(answer.body)
            pages += 1
            keys += [node.text or "" for node in root.iterfind(f"{XML}Contents/{XML}Key")]
            prefixes += [node.text for node in
                         root.iterfind(f"{XML}CommonPrefixes/{XML}Prefix")]
            if root.findtext(f"{XML}IsTruncated") != "true":
                return keys, prefixes, pages
            token = {"continuation-token": root.findtext(f"{XML}NextContinuationToken")}

    def test_listing_with_odd_keys(self):
        odd = Bucket(self.port, "odd", self.signer)
        keys = ["a b+c%d", "c=1/x", "d/&<>\"'", "d/e/f", "d/e/g", "d//h", "t~(x)!*", "z/é/日本", "~",
                "d/e", "emoji \U0001f600"]
        for key in keys:
            self.assertEqual(odd.send("PUT", key, body=key.encode()).status, 200, key)
            self.assertEqual(odd.send("GET", key).body, key.encode())
        in_order = sorted(keys, key=str.encode)
        self.assertEqual(self.list("odd"), (in_order, [], 4))
        encoded = self.list("odd", **{"encoding-type": "url"})[0]
        self.assertEqual([unquote_plus(key) for key in encoded], in_order)
        self.assertIn("a+b%2Bc%25d", encoded)
        keys, prefixes, pages = self.list("odd", delimiter="/")
        self.assertEqual((prefixes, pages), (["c=1/", "d/", "z/"], 3))
        self.assertEqual(self.list("odd", prefix="d/", delimiter="/")[:2],
                         (["d/&<>\"'", "d/e"], ["d//", "d/e/"]))
        self.assertEqual(self.list("odd", prefix="d/e/", **{"start-after": "d/e/f"})[0],
                         ["d/e/g"])
        self.assertEqual(self.list("odd", prefix="none")[0], [])

    def test_delete(self):
        for key in ("x1", "x2", "kept"):
            self.bucket.send("PUT", key, body=b"v")
        body = b"<Delete>" + b"".join(b"<Object><Key>%s</Key></Object>" % k for k in
                                      (b"x1", b"x2", b"kept", b"none")) + b"</Delete>"
        self.refused(self.bucket.send("POST", query=[("delete", "")], body=body), 400,
                     "InvalidRequest")
        md5 = {"Content-MD5": base64.b64encode(hashlib.md5(body).digest()).decode()}
        answer = self.bucket.send("POST", query=[("delete", "")], body=body, extra=md5)
        self.assertEqual((answer.body.count(b"<Deleted>"), answer.body.count(b"<Error>")), (3, 1))
        self.assertEqual(self.bucket.send("GET", "x1").status, 404)
        self.assertEqual(self.bucket.send("DELETE", "x1").status, 204)

    def complete(self, key, upload, parts):
        body = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{etag}</ETag></Part>"
                       for n, etag in parts)
        return self.bucket.send("POST", key, query=[("uploadId", upload)], body=(
            f"<CompleteMultipartUpload>{body}</CompleteMultipartUpload>").encode())

    def begin(self, key):
        answer = self.bucket.send("POST", key, query=[("uploads", "")])
        return answer.element("UploadId")

    def part(self, key, upload, number, data):
        return self.bucket.send("PUT", key, query=[("partNumber", number), ("uploadId", upload)],
                                body=data)

    def test_multipart(self):
        upload = self.begin("m p")
        etags = {n: self.part("m p", upload, n, data).headers["ETag"]
                 for n, data in ((2, b"world"), (1, b"hello"), (3, b"!"))}
        listed = self.bucket.send("GET", "m p", query=[("uploadId", upload)])
        self.assertEqual(listed.body.count(b"<Part>"), 3)
        self.assertIn(upload.encode(), self.bucket.send("GET", query=[("uploads", "")]).body)
        parts = sorted(etags.items())
        self.refused(self.complete("m p", upload, parts[::-1]), 400, "InvalidPartOrder")
        self.refused(self.complete("m p", upload, [(1, '"x"')]), 400, "InvalidPart")
        self.refused(self.complete("m p", upload, [(1, etags[1]), (4, etags[1])]), 400,
                     "InvalidPart")
        self.assertEqual(self.bucket.send("GET", "m p").status, 404)
        done = self.complete("m p", upload, parts)
        self.assertEqual(done.status, 200)
        self.assertTrue(done.element("ETag").endswith('-3"') or "-3&quot;" in
                        done.element("ETag"))
        self.assertEqual(self.bucket.send("GET", "m p").body, b"helloworld!")
        self.refused(self.complete("m p", upload, parts), 404, "NoSuchUpload")

    def test_multipart_rules(self):
        upload = self.begin("small")
        etags = [self.part("small", upload, n, b"tiny").headers["ETag"] for n in (1, 2)]
        self.refused(self.complete("small", upload, list(enumerate(etags, 1))), 400,
                     "EntityTooSmall")
        self.assertEqual(self.part("small", upload, 0, b"x").code, "InvalidArgument")
        self.assertEqual(self.bucket.send("DELETE", "small",
                                          query=[("uploadId", upload)]).status, 204)
        self.refused(self.part("small", upload, 1, b"x"), 404, "NoSuchUpload")

    def test_counters(self):
        with closing(connect(self.port)) as link:
            send(self.port, "POST", "/_reset")
            bucket = Bucket(self.port, "data", self.signer, link)
            bucket.send("PUT", "n", body=b"12345")
            bucket.send("GET", "n", extra={"Range": "bytes=0-1"})
            bucket.send("GET", "absent")
        stats = self.server.stats()
        self.assertEqual((stats["requests"], stats["connections"]), (3, 1))
        self.assertEqual(stats["by_method"], {"PUT": 1, "GET": 2})
        self.assertEqual(stats["by_status"], {"200": 1, "206": 1, "404": 1})
        self.assertEqual((stats["bytes_in"], stats["ranges"]), (5, ["/data/n bytes=0-1"]))
        self.assertEqual(stats["by_op"], {"PutObject": 1, "GetObject": 2})

    def test_many_requests_a_second(self):
        def some(_):
            with closing(connect(self.port)) as link:
                bucket = Bucket(self.port, "data", self.signer, link)
                return {bucket.send("GET", "fast").status for _ in range(50)}
        self.bucket.send("PUT", "fast", body=bytes(1000))
        began = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            self.assertEqual(set().union(*pool.map(some, range(4))), {200})
        rate = 200 / (time.monotonic() - began)
        print(f"s3_server: {rate:.0f} signed requests/s, the client's time included")
        self.assertGreater(rate, 50)


class Folder(unittest.TestCase):
    def test_a_folder_is_its_buckets(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(f"{root}/data/sub")
            with open(f"{root}/data/sub/f", "wb") as file:
                file.write(bytes(3 << 20))
            with Running("s3_server", "--root", root, "--key", ACCESS, SECRET) as server:
                bucket = Bucket(server.port, "data", Signer(ACCESS, SECRET))
                answer = bucket.send("GET", "sub/f")
                self.assertEqual(len(answer.body), 3 << 20)
                part = bucket.send("GET", "sub/f", extra={
                    "Range": "bytes=1-2", "If-Match": answer.headers["ETag"]})
                self.assertEqual((part.status, part.body), (206, b"\0\0"))
                etag = bucket.send("PUT", "new/deep/g", body=b"g").headers["ETag"]
                self.assertEqual(bucket.send("HEAD", "new/deep/g").headers["ETag"], etag)
                with open(f"{root}/data/new/deep/g", "rb") as file:
                    self.assertEqual(file.read(), b"g")
                bucket.send("DELETE", "new/deep/g")
                self.assertEqual(os.listdir(f"{root}/data"), ["sub"])
                self.assertEqual(bucket.send("PUT", "sub/../x", body=b"").status, 501)
                self.assertEqual(bucket.send("PUT", "sub/f/x", body=b"").status, 501)
                with open(f"{root}/data/sub/f", "ab") as file:
                    file.write(b"more")
                changed = bucket.send("GET", "sub/f", extra={"If-Match": answer.headers["ETag"]})
                self.assertEqual(changed.status, 412)


if __name__ == "__main__":
    unittest.main()
