#!/usr/bin/env python3
"""zagg, and s3_server.py, beside servers that others wrote (label net). Each case skips with a
reason where its server is not installed; README.md says how to get them."""
import hashlib
import os
import unittest
import xml.etree.ElementTree as ElementTree
from urllib.parse import unquote_plus

import real
from client import Bucket, Running, Signer

XML = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def needs(name):
    """Skip without that server."""
    here = {"versitygw": real.find_versitygw, "minio": real.find_minio, "moto": real.find_moto,
            "nginx": real.find_nginx}[name]()
    return unittest.skipUnless(here, f"there is no {name} ({real.HOW_TO_GET[name]})")


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


@needs("versitygw")
class SameAsVersitygw(SameAsReal, unittest.TestCase):
    start = real.Versitygw


@needs("minio")
class SameAsMinio(SameAsReal, unittest.TestCase):
    start = real.Minio


if __name__ == "__main__":
    unittest.main()
