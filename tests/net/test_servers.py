#!/usr/bin/env python3
"""Do the DAAC and the proxy that spoils answers do what they say? Run by ctest (label net-tools),
or by hand. test_s3_server.py: the same for S3."""
import base64
import http.client
import json
import os
import ssl
import subprocess
import tempfile
import time
import unittest
from contextlib import closing
from urllib.parse import urlsplit

from client import HERE, Bucket, Running, Signer, connect, send

ACCESS, SECRET = "AKIATEST", "se/cret+key"


class Daac(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        os.makedirs(f"{cls.folder.name}/ATL03")
        with open(f"{cls.folder.name}/ATL03/g.h5", "wb") as file:
            file.write(b"granule bytes")
        cls.server = Running(
            "daac_server", "--root", cls.folder.name, "--user", "ann", "pw", "--user", "ben", "pw2",
            "--token", "given", "--user", "eve", "pw3", "--token", "eve-token", "--no-eula", "eve",
            "--s3-key", "A1", "S1", "T1", "--s3-key", "A2", "S2", "T2", "--url-uses", 2)
        cls.port = cls.server.port

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stats()["crashes"] == 0
        cls.server.stop()
        cls.folder.cleanup()

    def get(self, path, token):
        return send(self.port, "GET", path, {"Authorization": f"Bearer {token}"} if token else {})

    def login(self, name, password):
        basic = base64.b64encode(f"{name}:{password}".encode()).decode()
        return send(self.port, "POST", "/api/users/find_or_create_token",
                    {"Authorization": f"Basic {basic}"})

    def test_login(self):
        self.assertEqual(self.login("ann", "no").status, 401)
        token = json.loads(self.login("ann", "pw").body)["access_token"]
        self.assertEqual(token, json.loads(self.login("ann", "pw").body)["access_token"])
        self.assertEqual(self.get("/data/ATL03/g.h5", token).status, 303)
        send(self.port, "POST", "/_revoke")
        self.assertEqual(self.get("/data/ATL03/g.h5", token).status, 302)
        again = json.loads(self.login("ann", "pw").body)["access_token"]
        self.assertNotEqual(token, again)
        self.assertEqual(self.get("/data/ATL03/g.h5", again).status, 303)

    def test_without_a_good_token(self):
        for token in (None, "nonsense"):
            answer = self.get("/data/ATL03/g.h5", token)
            self.assertEqual(answer.status, 302)
            where = urlsplit(answer.headers["Location"])
            self.assertEqual(where.path, "/oauth/authorize")
            page = send(where.port, "GET", f"{where.path}?{where.query}")
            self.assertEqual((page.status, page.headers["Content-Type"][:9]), (200, "text/html"))

    def test_licence(self):
        with Running("daac_server", "--root", self.folder.name, "--user", "eve", "p", "--token",
                     "t", "--no-eula", "eve") as server:
            answer = send(server.port, "GET", "/data/ATL03/g.h5", {"Authorization": "Bearer t"})
        self.assertEqual(answer.status, 403)
        self.assertIn(b"EULA", answer.body)

    def bucket_url(self):
        token = json.loads(self.login("ben", "pw2").body)["access_token"]
        where = urlsplit(self.get("/data/ATL03/g.h5", token).headers["Location"])
        self.assertEqual(where.port, self.server.bucket_port)
        return f"{where.path}?{where.query}"

    def test_bucket(self):
        url, port = self.bucket_url(), self.server.bucket_port
        self.assertEqual(send(port, "GET", url).body, b"granule bytes")
        self.assertEqual(send(port, "GET", url, {"Range": "bytes=0-3"}).body, b"gran")
        self.assertEqual(send(port, "GET", url).code, "AccessDenied")  # used up
        url = self.bucket_url()
        self.assertEqual(send(port, "GET", url.replace("=ben", "=eve")).code,
                         "SignatureDoesNotMatch")
        self.assertEqual(send(port, "GET", "/ATL03/g.h5").code, "AccessDenied")
        before = self.server.stats()["auth_headers_seen_on_bucket"]
        self.assertEqual(send(port, "GET", url, {"Authorization": "Bearer x"}).status, 400)
        self.assertEqual(self.server.stats()["auth_headers_seen_on_bucket"], before + 1)
        send(self.port, "POST", "/_expire")
        self.assertEqual(send(port, "GET", url).code, "AccessDenied")

    def test_s3credentials(self):
        token = json.loads(self.login("ann", "pw").body)["access_token"]
        keys = [json.loads(self.get("/s3credentials", token).body) for _ in range(3)]
        self.assertEqual([k["accessKeyId"] for k in keys], ["A1", "A2", "A2"])
        self.assertEqual(set(keys[0]), {"accessKeyId", "secretAccessKey", "sessionToken",
                                        "expiration"})


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.certs = tempfile.TemporaryDirectory()
        subprocess.run([f"{HERE}/make_certs.sh", cls.certs.name], check=True)
        cls.behind = Running("s3_server", "--public", "open", "--key", ACCESS, SECRET)
        cls.proxy = Running("fault_proxy", "--to", cls.behind.port)
        cls.signer = Signer(ACCESS, SECRET)
        cls.data = bytes(range(200))
        Bucket(cls.proxy.port, "open", cls.signer).send("PUT", "k", body=cls.data)

    @classmethod
    def tearDownClass(cls):
        assert cls.behind.stats()["crashes"] == cls.proxy.stats()["crashes"] == 0
        cls.proxy.stop()
        cls.behind.stop()
        cls.certs.cleanup()

    def setUp(self):
        self.proxy.script()

    def get(self, **headers):
        return send(self.proxy.port, "GET", "/open/k", headers)

    def test_signatures_pass_through(self):
        bucket = Bucket(self.proxy.port, "open", self.signer)
        answer = bucket.send("GET", "k", extra={"Range": "bytes=3-4"})
        self.assertEqual((answer.status, answer.body), (206, self.data[3:5]))
        self.assertEqual(bucket.send("HEAD", "k").headers["Content-Length"], "200")
        self.assertEqual(bucket.send("DELETE", "none").status, 204)

    def test_statuses(self):
        self.proxy.script({"fault": "503", "retry_after": 2, "times": 2}, {"fault": "429"},
                          {"fault": "403", "method": "PUT"}, {"fault": "404", "path": "other"})
        answers = [self.get() for _ in range(4)]
        self.assertEqual([a.status for a in answers], [503, 503, 429, 200])
        self.assertEqual((answers[0].headers["Retry-After"], answers[0].code), ("2", "SlowDown"))
        self.assertEqual(self.proxy.script({"fault": "unheard"}).status, 400)

    def test_after_and_always(self):
        self.proxy.script({"fault": "500", "after": 2, "times": 0})
        self.assertEqual([self.get().status for _ in range(5)], [200, 200, 500, 500, 500])

    def test_ends(self):
        self.proxy.script({"fault": "reset"}, {"fault": "reset", "bytes": 10}, {"fault": "short"},
                          {"fault": "garbage"}, {"fault": "long_header"})
        for error in (ConnectionResetError, ConnectionResetError, http.client.IncompleteRead,
                      http.client.BadStatusLine, http.client.LineTooLong):
            with self.assertRaises(error):
                self.get()
        self.assertEqual(self.get().body, self.data)

    def test_wrong_answers(self):
        self.proxy.script({"fault": "wrong_range", "by": 5}, {"fault": "wrong_total"},
                          {"fault": "whole"}, {"fault": "etag"}, {"fault": "corrupt", "at": 0},
                          {"fault": "long"})
        span = {"Range": "bytes=10-19"}
        self.assertEqual(self.get(**span).headers["Content-Range"], "bytes 15-24/200")
        self.assertEqual(self.get(**span).headers["Content-Range"], "bytes 10-19/201")
        self.assertEqual((lambda a: (a.status, a.body))(self.get(**span)), (200, self.data))
        self.assertEqual(self.get().headers["ETag"], f'"{"0" * 32}"')
        self.assertEqual(self.get().body, b"\xff" + self.data[1:])
        self.assertEqual(len(self.get(**span).body), 11)

    def test_time(self):
        self.proxy.script({"fault": "stall", "seconds": 0.3},
                          {"fault": "stall", "seconds": 0.3, "bytes": 50},
                          {"fault": "slow", "rate": 500})
        for least in (0.3, 0.3, 0.35):
            began = time.monotonic()
            self.assertEqual(self.get().body, self.data)
            self.assertGreater(time.monotonic() - began, least)

    def test_a_put_whose_answer_is_lost(self):
        self.proxy.script({"fault": "reset", "method": "PUT", "forward": True},
                          {"fault": "500", "method": "PUT", "forward": True})
        bucket = Bucket(self.proxy.port, "open", self.signer)
        with self.assertRaises(ConnectionResetError):
            bucket.send("PUT", "lost", body=b"v")
        self.assertEqual(bucket.send("GET", "lost").body, b"v")
        self.assertEqual(bucket.send("PUT", "lost", body=b"w").status, 500)
        self.assertEqual(bucket.send("GET", "lost").body, b"w")

    def test_a_token_that_expires_on_the_way(self):
        self.proxy.script({"fault": "expired", "after": 1})
        statuses = [self.get(Authorization=name).code for name in ("a", "a", "b", "a")]
        self.assertEqual([s == "ExpiredToken" for s in statuses], [False, True, False, True])

    def test_a_connection_closed_after_a_good_answer(self):
        self.proxy.script({"fault": "close"})
        with closing(connect(self.proxy.port)) as link:
            answer = send(0, "GET", "/open/k", connection=link)
            self.assertEqual((answer.body, answer.headers["Connection"]), (self.data, None))
            self.assertEqual(link.sock.recv(1), b"")

    def test_random_faults_are_the_same_again(self):
        rule = {"rate": 0.3, "seed": 7, "faults": ["503", "500"]}
        runs = []
        for _ in range(2):
            self.proxy.script(rule)
            runs.append([self.get().status for _ in range(30)])
        self.assertEqual(runs[0], runs[1])
        self.assertEqual(set(runs[0]), {200, 500, 503})

    def test_latency_and_bandwidth(self):
        with Running("fault_proxy", "--to", self.behind.port, "--latency", 100, "--bandwidth",
                     1000) as slow:
            began = time.monotonic()
            answer = send(slow.port, "GET", "/open/k")
            self.assertGreater(time.monotonic() - began, 0.25)
        self.assertEqual(answer.body, self.data)

    def test_tls(self):
        ca, other = (f"{self.certs.name}/{name}.pem" for name in ("ca", "other_ca"))
        with Running("fault_proxy", "--to", self.behind.port, "--tls",
                     f"{self.certs.name}/server.pem", f"{self.certs.name}/server.key") as proxy:
            def get(trusted):
                with closing(connect(proxy.port, trusted)) as link:
                    return send(0, "GET", "/open/k", connection=link).body
            self.assertEqual(get(ca), self.data)
            with self.assertRaises(ssl.SSLCertVerificationError):
                get(other)
            send_script(proxy, ca, {"fault": "tls"}, {"fault": "tls_garbage", "bytes": 100})
            with self.assertRaises(ssl.SSLError):
                get(ca)
            with self.assertRaises((ssl.SSLError, http.client.IncompleteRead)):
                get(ca)
            self.assertEqual(get(ca), self.data)


def send_script(proxy, ca, *rules):
    with closing(connect(proxy.port, ca)) as link:
        text = "\n".join(json.dumps(rule) for rule in rules).encode()
        assert send(0, "POST", "/_script", body=text, connection=link).status == 204


class EndOfLife(unittest.TestCase):
    def test_servers_end_with_who_started_them(self):
        for name, args in (("s3_server", ()), ("fault_proxy", ("--to", 1))):
            server = Running(name, *args)
            self.assertEqual(server.stop(), 0)

    def test_help(self):
        for name in ("s3_server", "daac_server", "fault_proxy"):
            text = subprocess.run([f"{HERE}/{name}.py", "--help"], capture_output=True, text=True,
                                  check=True).stdout
            self.assertIn("usage", text)


if __name__ == "__main__":
    unittest.main()
