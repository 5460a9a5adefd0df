"""A client of the tests' servers: starts one, signs requests (shorter and in another way than
the servers check them), sends them."""
import hashlib
import hmac
import http.client
import json
import os
import ssl
import subprocess
import sys
import time
from urllib.parse import quote

HERE = os.path.dirname(os.path.abspath(__file__))


class Running:
    """A server of this folder, as a context."""

    def __init__(self, name, *args):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, name + ".py"), *map(str, args)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        words = self.process.stdout.readline().split()
        assert words[:1] == ["ready"], f"{name} did not start"
        self.port = int(words[1])
        self.bucket_port = int(words[2]) if len(words) > 2 else 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(60)

    def stats(self):
        return json.loads(send(self.port, "GET", "/_stats").body)

    def script(self, *rules):
        text = "\n".join(json.dumps(rule) for rule in rules).encode()
        return send(self.port, "POST", "/_script", body=text)


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.body = response.read()

    @property
    def code(self):
        """S3's code of an error."""
        text = self.body.decode()
        return text.partition("<Code>")[2].partition("</Code>")[0]

    def element(self, name):
        return self.body.decode().partition(f"<{name}>")[2].partition(f"</{name}>")[0]


def connect(port, tls_ca=None, timeout=20):
    if tls_ca is None:
        return http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    context = ssl.create_default_context(cafile=tls_ca)
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=timeout, context=context)


def send(port, method, target, headers=(), body=None, connection=None):
    """One request, on a connection of its own unless one is given."""
    link = connection or connect(port)
    try:
        link.request(method, target, body, dict(headers))
        return Answer(link.getresponse())
    finally:
        if connection is None:
            link.close()


class Signer:
    def __init__(self, access, secret, token=None, region="us-west-2", service="s3"):
        self.access, self.secret, self.token = access, secret, token
        self.region, self.service = region, service

    def headers(self, method, host, path, query=(), body=b"", extra=(), when=None, drop=()):
        """Headers of a signed request. `path` and `query` (pairs) are plain text; `drop` names
        headers that are sent without being signed."""
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(when))
        digest = hashlib.sha256(body).hexdigest()
        headers = {"host": host, "x-amz-date": stamp, "x-amz-content-sha256": digest,
                   **{n.lower(): v for n, v in dict(extra).items()}}
        if self.token is not None:
            headers["x-amz-security-token"] = self.token
        signed = sorted(name for name in headers if name not in drop)
        request = [method, quote(path, safe="/~"), encode_query(query)]
        request += [f"{name}:{headers[name]}" for name in signed]
        request += ["", ";".join(signed), headers["x-amz-content-sha256"]]
        scope = f"{stamp[:8]}/{self.region}/{self.service}/aws4_request"
        text = ["AWS4-HMAC-SHA256", stamp, scope,
                hashlib.sha256("\n".join(request).encode()).hexdigest()]
        key = ("AWS4" + self.secret).encode()
        for part in scope.split("/") + ["\n".join(text)]:
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.access}/{scope}, "
                                    f"SignedHeaders={';'.join(signed)}, Signature={key.hex()}")
        return headers


def encode_query(query):
    return "&".join(sorted(f"{quote(n, safe='~')}={quote(str(v), safe='~')}" for n, v in query))


class Bucket:
    """Signed requests to a bucket in path style."""

    def __init__(self, port, name, signer, connection=None):
        self.port, self.name, self.signer, self.connection = port, name, signer, connection

    def send(self, method, key="", query=(), body=b"", extra=(), host=None, **how):
        path = f"/{self.name}/{key}" if host is None else f"/{key}"
        host = host or f"127.0.0.1:{self.port}"
        headers = self.signer.headers(method, host, path, query, body, extra, **how)
        text = encode_query(query)
        target = quote(path, safe="/~") + ("?" + text if text else "")
        return send(self.port, method, target, headers,
                    body if method in ("PUT", "POST") else None, self.connection)
