#!/usr/bin/env python3
"""Earthdata Login, a DAAC and the bucket behind it, for tests. Prints "ready PORT BUCKETPORT".

PORT: POST /api/users/find_or_create_token (Basic), GET /s3credentials and GET /data/PATH (Bearer).
Data answers with a redirect to http://127.0.0.1:BUCKETPORT/PATH and a signature in the query that
expires. Who has no good token ends at /oauth/authorize, a page with status 200. The bucket refuses
a request that brings an Authorization header, as S3 does with two ways of signing.

POST /_revoke: tokens so far are good no longer, those asked for afterwards are.
POST /_expire: the same for URLs of the bucket. POST /_bucket: redirects lead to the URL in the body
from now on (--bucket-url, of a proxy that is started later). GET /_stats, POST /_reset.
"""
import argparse
import base64
import hashlib
import hmac
import secrets
import threading
import time
from calendar import timegm
from collections import Counter
from urllib.parse import parse_qsl, unquote, urlencode

import s3_store
import wire
from s3_answers import error_reply, missing_key, object_reply
from s3_sign import Refused
from wire import Reply, json_reply, text_reply


class User:
    def __init__(self, name, password):
        self.name, self.password = name, password
        self.token = None
        self.tokens = []

    def find_or_create(self):
        if not self.tokens:
            self.tokens.append("edl-" + secrets.token_urlsafe(60))
        return self.tokens[-1]


class Daac:
    def __init__(self, args):
        self.args = args
        self.store = s3_store.open_store(args.root)
        self.users = {user.name: user for user in args.users}
        for user in args.users:
            user.tokens = [user.token] if user.token else []
        self.lock = threading.Lock()
        self.secret = secrets.token_bytes(32)
        self.generation = 0  # of URLs: older ones have expired
        self.url_uses = {}  # by signature
        self.token_uses = Counter()
        self.n_keys = 0
        self.stats = wire.Stats(
            auth_headers_seen_on_bucket=0, bucket_requests=0, redirects=0, logins=0,
            login_pages=0, s3credentials=0, by_code={})
        self.server = wire.Server(self.handle, self.stats, log=args.log)
        self.bucket = wire.Server(self.handle_bucket, self.stats, log=args.log)
        for server in (self.server, self.bucket):
            server.control[("POST", "/_revoke")] = self.revoke
            server.control[("POST", "/_expire")] = self.expire
            server.control[("POST", "/_bucket")] = self.lead_to

    def revoke(self, _request):
        with self.lock:
            for user in self.users.values():
                user.tokens.clear()
        return Reply(204)

    def expire(self, _request):
        self.generation += 1
        return Reply(204)

    def lead_to(self, request):
        self.args.bucket_url = request.body.decode() or None
        return Reply(204)

    # ---- Earthdata Login and the DAAC ----

    def handle(self, request):
        route = (request.method, request.path)
        if route == ("POST", "/api/users/find_or_create_token"):
            return self.find_or_create_token(request)
        if route == ("GET", "/oauth/authorize"):
            self.stats.count("login_pages")
            return Reply(200, b"<!DOCTYPE html><html><head><title>Earthdata Login</title></head>"
                         b"<body><form>Username Password</form></body></html>\n",
                         [("Content-Type", "text/html; charset=utf-8")])
        if request.method not in ("GET", "HEAD"):
            return text_reply(405, "Method Not Allowed\n")
        if request.path == "/s3credentials":
            return self.with_user(request, self.s3credentials)
        if request.path.startswith("/data/"):
            return self.with_user(request, self.data)
        return text_reply(404, "Not Found\n")

    def find_or_create_token(self, request):
        self.stats.count("logins")
        scheme, _, value = request.get("authorization", "").partition(" ")
        try:
            name, _, password = base64.b64decode(value).decode().partition(":")
        except ValueError:
            name = password = ""
        user = self.users.get(name)
        if scheme != "Basic" or user is None or user.password != password:
            return json_reply({"error": "invalid_credentials",
                               "error_description": "Invalid user credentials"}, 401)
        with self.lock:
            token = user.find_or_create()
        expires = time.strftime("%m/%d/%Y", time.gmtime(time.time() + 60 * 86400))
        return json_reply({"access_token": token, "token_type": "Bearer",
                           "expiration_date": expires})

    def with_user(self, request, answer):
        scheme, _, token = request.get("authorization", "").partition(" ")
        with self.lock:
            user = next((u for u in self.users.values() if token in u.tokens), None)
            if user is not None and 0 < self.args.token_uses <= self.token_uses[token]:
                user.tokens.remove(token)
                user = None
            self.token_uses[token] += 1
        if scheme != "Bearer" or user is None:
            query = urlencode({"client_id": "test-client", "response_type": "code",
                               "redirect_uri": f"http://{request.get('host')}/login",
                               "state": request.target})
            return Reply(302, b"", [("Location", f"http://{request.get('host')}"
                                     f"/oauth/authorize?{query}")])
        if user.name in self.args.no_eula:
            return text_reply(403, "EULA Acceptance Failure: accept the licence of this data at "
                              "https://urs.earthdata.nasa.gov/approve_app?client_id=test-client\n")
        return answer(request, user)

    def s3credentials(self, _request, user):
        self.stats.count("s3credentials")
        with self.lock:
            keys = self.args.s3_key or [("ASIATEST", "test-secret", "test-token")]
            access, secret, token = keys[min(self.n_keys, len(keys) - 1)]
            self.n_keys += 1
        expires = time.gmtime(time.time() + self.args.lifetime)
        return json_reply({"accessKeyId": access, "secretAccessKey": secret,
                           "sessionToken": token,
                           "expiration": time.strftime("%Y-%m-%d %H:%M:%S+00:00", expires)})

    def data(self, request, user):
        path = request.path[len("/data"):]
        if self.args.direct:
            return self.object(request, path)
        self.stats.count("redirects")
        query = {"A-userid": user.name, "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
                 "X-Amz-Credential": "ASIATEST/20260101/us-west-2/s3/aws4_request",
                 "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
                 "X-Amz-Expires": self.args.url_lifetime, "X-Amz-Security-Token": "test-token",
                 "X-Amz-SignedHeaders": "host", "id": secrets.token_hex(8),
                 "generation": self.generation}
        query["X-Amz-Signature"] = self.signature(path, query)
        base = self.args.bucket_url or f"http://127.0.0.1:{self.bucket.port}"
        return Reply(self.args.redirect_status, b"",
                     [("Location", f"{base}{path}?{urlencode(query)}"),
                      ("Cache-Control", "private, max-age=60")])

    # ---- the bucket ----

    def signature(self, path, query):
        text = path + urlencode({name: v for name, v in query.items() if name != "X-Amz-Signature"})
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()

    def check_url(self, request):
        query = dict(parse_qsl(request.query))
        given = query.get("X-Amz-Signature")
        if given is None:
            raise Refused(403, "AccessDenied", "Access Denied")
        with self.lock:
            uses = self.url_uses[given] = self.url_uses.get(given, 0) + 1
        if not hmac.compare_digest(given, self.signature(request.path, query)):
            raise Refused(403, "SignatureDoesNotMatch", "The request signature we calculated "
                          "does not match the signature you provided.")
        began = timegm(time.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ"))
        if query["generation"] != str(self.generation) or 0 < self.args.url_uses < uses or \
                time.time() > began + float(query["X-Amz-Expires"]):
            raise Refused(403, "AccessDenied", "Request has expired",
                          {"X-Amz-Expires": query["X-Amz-Expires"]})

    def handle_bucket(self, request):
        self.stats.count("bucket_requests")
        try:
            if "authorization" in request.headers:
                self.stats.count("auth_headers_seen_on_bucket")
                raise Refused(400, "InvalidArgument", "Only one auth mechanism allowed; only the "
                              "X-Amz-Algorithm query parameter, Signature query string parameter "
                              "or the Authorization header should be specified")
            if request.method not in ("GET", "HEAD"):
                raise Refused(405, "MethodNotAllowed", "only reading here")
            self.check_url(request)
            return self.object(request, request.path)
        except Refused as error:
            return self.refuse(request, error)

    def refuse(self, request, error):
        self.stats.tally("by_code", error.code)
        return error_reply(request, error, "test")

    def object(self, request, path):
        """The file below --root, whose first folder is the bucket of the store."""
        bucket, _, key = unquote(path).lstrip("/").partition("/")
        try:
            obj = self.store.get(bucket, key) if self.store.has_bucket(bucket) else None
            if obj is None:
                raise missing_key(key)
            return object_reply(request, obj)
        except Refused as error:
            return self.refuse(request, error)


# ---- the command line ----


class AddUser(argparse.Action):
    def __call__(self, parser, args, values, option=None):
        args.users.append(User(*values))


class TokenOfLastUser(argparse.Action):
    def __call__(self, parser, args, values, option=None):
        if not args.users:
            parser.error("--token needs a --user in front of it")
        args.users[-1].token = values


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--root", metavar="DIR", required=True,
        help="/data/FOLDER/FILE is DIR/FOLDER/FILE")
    add("--user", nargs=2, action=AddUser, metavar=("NAME", "PASSWORD"))
    add("--token", action=TokenOfLastUser, help="a bearer token that the last --user has")
    add("--no-eula", action="append", default=[], metavar="NAME",
        help="a user who has not accepted the licence: 403")
    add("--s3-key", nargs=3, action="append", default=[], metavar=("ACCESS", "SECRET", "TOKEN"),
        help="what /s3credentials gives; of several each once, the last from then on")
    add("--lifetime", type=float, default=3600, metavar="SECONDS", help="of these keys, as told")
    add("--url-lifetime", type=int, default=3600, metavar="SECONDS", help="of bucket URLs")
    add("--url-uses", type=int, default=0, metavar="N", help="a bucket URL is good for N requests")
    add("--token-uses", type=int, default=0, metavar="N", help="a token is good for N requests")
    add("--redirect-status", type=int, default=303, choices=(302, 303, 307))
    add("--bucket-url", metavar="URL", help="where redirects lead, such as a proxy in front")
    add("--direct", action="store_true", help="the DAAC gives the data itself")
    add("--log", action="store_true", help="requests on stderr")
    parser.set_defaults(users=[])
    return parser.parse_args()


def main():
    daac = Daac(parse_arguments())
    wire.run(daac.server, daac.bucket)


if __name__ == "__main__":
    main()
