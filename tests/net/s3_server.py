#!/usr/bin/env python3
"""S3 as strict as AWS's, for tests: signatures are computed anew, tokens and times checked.

Path style (http://127.0.0.1:PORT/bucket/key) and virtual style (http://bucket.localhost:PORT/key,
and bucket.s3.REGION.amazonaws.com through a proxy). Also answers STS (POST /), the instance
metadata service (/latest/...) and the container endpoint (/container), so no bucket of path style
can be named "latest" or "container". GET /_stats counts, POST /_reset begins anew.
"""
import argparse
import base64
import re
import time
from urllib.parse import quote_plus, unquote

import aws_identity
import s3_sign
import s3_store
import wire
from s3_answers import NAMESPACE, check_digests, element, error_reply, iso, missing_key, \
    object_reply, parse_xml, put_condition, xml_reply, xml_text
from s3_sign import Refused
from wire import Reply

RECORDED = re.compile("x-amz-(?!date|content-sha256|security-token)|content-type|content-md5|if-")
WRITES = ("PUT", "POST", "DELETE")
MAX_SINGLE_PUT = 5 << 30


# ---- the server ----


class S3:
    def __init__(self, args):
        self.args = args
        self.keys = s3_sign.Keys(args.keys)
        self.store = s3_store.open_store(args.root)
        self.uploads = s3_store.Uploads(args.min_part)
        self.bucket_regions = dict(args.bucket_region)
        self.metadata = {}  # of objects put in this server's time: (ETag, headers) by name
        for bucket in args.bucket + args.public + args.requester_pays + args.read_only + \
                args.no_list + list(self.bucket_regions):
            self.store.create_bucket(bucket)
        self.stats = wire.Stats(puts=[], by_code={}, by_op={})
        self.identity = aws_identity.Identity(args, self.keys, self.now)

    def now(self):
        return time.time() + self.args.clock_skew

    # ---- from a request to its operation ----

    def handle(self, request):
        try:
            reply = self.identity.handle(request) or self.dispatch(request)
        except Refused as error:
            self.stats.tally("by_code", error.code)
            reply = error_reply(request, error, f"T{self.stats.requests:015d}")
        reply.headers += [("Date", wire.http_date(self.now())), ("Server", "zagg-test-s3"),
                          ("x-amz-request-id", f"T{self.stats.requests:015d}")]
        return reply

    def address(self, request):
        """(bucket, key) of either style."""
        host = request.get("host", "").rpartition(":")[0] or request.get("host", "")
        try:
            path = unquote(request.path, errors="strict")
        except UnicodeDecodeError:
            raise Refused(400, "InvalidURI", "Couldn't parse the specified URI.") from None
        virtual = re.fullmatch(r"(.+)\.(localhost|s3[.-][a-z0-9-]+\.amazonaws\.com|"
                               r"s3\.amazonaws\.com)", host)
        if virtual:
            return virtual[1], path[1:]
        bucket, _, key = path[1:].partition("/")
        return bucket, key

    def region_check(self, bucket):
        expected = self.bucket_regions.get(bucket, self.args.region)

        def check(region):
            if region == expected:
                return
            headers = [("x-amz-bucket-region", expected)]
            if self.args.region_answer == 301:
                raise Refused(301, "PermanentRedirect", "The bucket you are attempting to access "
                              "must be addressed using the specified endpoint.",
                              {"Bucket": bucket,
                               "Endpoint": f"{bucket}.s3.{expected}.amazonaws.com"}, headers)
            raise s3_sign.malformed(f"the region '{region}' is wrong; expecting '{expected}'",
                                    {"Region": expected}, headers)
        return check

    def authenticate(self, request, bucket):
        if "authorization" in request.headers:
            access = s3_sign.verify(request, self.keys, "s3", self.region_check(bucket),
                                    self.now())
        elif bucket in self.args.public and request.method not in WRITES:
            access = None
        else:
            raise Refused(403, "AccessDenied", "Access Denied")
        if not self.store.has_bucket(bucket) and request.method != "PUT":
            raise Refused(404, "NoSuchBucket", "The specified bucket does not exist",
                          {"BucketName": bucket})
        if request.method in WRITES and bucket in self.args.read_only:
            raise Refused(403, "AccessDenied", f"User {access} is not authorized to write here")
        if bucket in self.args.requester_pays and \
                request.get("x-amz-request-payer") != "requester":
            raise Refused(403, "AccessDenied", "Access Denied (bucket is requester pays)")

    OPERATIONS = {  # method, has a key, the sub-resource of the query
        ("GET", True, ""): "GetObject", ("HEAD", True, ""): "HeadObject",
        ("PUT", True, ""): "PutObject", ("DELETE", True, ""): "DeleteObject",
        ("POST", True, "uploads"): "CreateMultipartUpload",
        ("PUT", True, "uploadId"): "UploadPart", ("GET", True, "uploadId"): "ListParts",
        ("POST", True, "uploadId"): "CompleteMultipartUpload",
        ("DELETE", True, "uploadId"): "AbortMultipartUpload",
        ("GET", False, ""): "ListObjectsV2", ("GET", False, "uploads"): "ListMultipartUploads",
        ("POST", False, "delete"): "DeleteObjects", ("PUT", False, ""): "CreateBucket",
        ("HEAD", False, ""): "HeadBucket", ("GET", False, "location"): "GetBucketLocation"}

    def dispatch(self, request):
        bucket, key = self.address(request)
        self.authenticate(request, bucket)
        query = dict(s3_sign.split_query(request.query))
        resource = next((n for n in ("uploads", "uploadId", "delete", "location") if n in query),
                        "")
        known = {"uploads", "uploadId", "partNumber", "delete", "location", "x-id"}
        if not key and request.method == "GET":
            known |= {"list-type", "prefix", "delimiter", "max-keys", "continuation-token",
                      "start-after", "encoding-type", "fetch-owner", "max-uploads"}
        name = self.OPERATIONS.get((request.method, bool(key), resource))
        if name is None or not set(query) <= known:
            raise Refused(501, "NotImplemented", "A header or query you provided implies "
                          "functionality that is not implemented")
        self.stats.tally("by_op", name)
        if request.chunked:
            raise Refused(411, "MissingContentLength", "You must provide the Content-Length HTTP "
                          "header.")
        return getattr(self, name)(request, bucket, key, query)

    # ---- objects ----

    def existing(self, bucket, key):
        obj = self.store.get(bucket, key)
        if obj is None and bucket in self.args.no_list:
            raise Refused(403, "AccessDenied", "Access Denied")  # so that nobody learns of keys
        if obj is None:
            raise missing_key(key)
        return obj

    def GetObject(self, request, bucket, key, _query):
        obj = self.existing(bucket, key)
        reply = object_reply(request, obj)
        etag, metadata = self.metadata.get((bucket, key), (None, []))
        reply.headers += metadata if etag == obj.etag else []
        return reply

    HeadObject = GetObject

    def record(self, request, op, bucket, key):
        self.stats.note("puts", {"op": op, "bucket": bucket, "key": key,
                                 "size": len(request.body), "headers": {
                                     n: v for n, v in request.headers.items()
                                     if RECORDED.match(n)}})

    def keep_metadata(self, bucket, key, obj, headers):
        self.metadata[bucket, key] = obj.etag, [
            (name, value) for name, value in headers.items() if name.startswith("x-amz-meta-")]

    def check_encryption(self, request):
        sse = request.get("x-amz-server-side-encryption")
        kms_key = request.get("x-amz-server-side-encryption-aws-kms-key-id")
        if sse not in (None, "AES256", "aws:kms") or (kms_key is not None and sse != "aws:kms"):
            raise Refused(400, "InvalidArgument", "The encryption method specified is not "
                          "supported", {"ArgumentName": "x-amz-server-side-encryption",
                                        "ArgumentValue": sse or ""})
        return [("x-amz-server-side-encryption", sse)] if sse else []

    def PutObject(self, request, bucket, key, _query):
        if not self.store.has_bucket(bucket):
            raise Refused(404, "NoSuchBucket", "The specified bucket does not exist",
                          {"BucketName": bucket})
        if "content-length" not in request.headers:
            raise Refused(411, "MissingContentLength", "You must provide the Content-Length HTTP "
                          "header.")
        if "x-amz-copy-source" in request.headers:
            raise Refused(501, "NotImplemented", "no copies here")
        if len(request.body) > min(MAX_SINGLE_PUT, self.args.max_put):
            raise Refused(400, "EntityTooLarge", "Your proposed upload exceeds the maximum "
                          "allowed object size.", {"ProposedSize": len(request.body)})
        check_digests(request)
        headers = self.check_encryption(request)
        self.record(request, "PutObject", bucket, key)
        obj = self.store.put(bucket, key, request.body,
                             request.get("content-type", s3_store.DEFAULT_TYPE),
                             put_condition(request, key))
        self.keep_metadata(bucket, key, obj, request.headers)
        return Reply(200, b"", [("ETag", f'"{obj.etag}"'), *headers])

    def DeleteObject(self, _request, bucket, key, _query):
        self.store.delete(bucket, key)
        return Reply(204)

    def DeleteObjects(self, request, bucket, _key, _query):
        check_digests(request, demanded=True)
        tree = parse_xml(request.body, "Delete")
        names = [node.findtext("Key") for node in tree.findall("Object")]
        if not names or len(names) > 1000 or None in names:
            raise Refused(400, "MalformedXML", "The XML you provided was not well-formed or did "
                          "not validate against our published schema")
        answer = ""
        for name in names:
            if name in self.args.undeletable:
                answer += "<Error>" + element("Key", name) + element("Code", "AccessDenied") + \
                    element("Message", "Access Denied") + "</Error>"
                continue
            self.store.delete(bucket, name)
            if tree.findtext("Quiet") != "true":
                answer += "<Deleted>" + element("Key", name) + "</Deleted>"
        return xml_reply(f"DeleteResult {NAMESPACE}", answer)

    # ---- buckets ----

    def CreateBucket(self, _request, bucket, _key, _query):
        if not re.fullmatch("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
            raise Refused(400, "InvalidBucketName", "The specified bucket is not valid.")
        self.store.create_bucket(bucket)
        return Reply(200, b"", [("Location", f"/{bucket}")])

    def HeadBucket(self, _request, bucket, _key, _query):
        return Reply(200, b"", [("x-amz-bucket-region",
                                 self.bucket_regions.get(bucket, self.args.region))])

    def GetBucketLocation(self, _request, bucket, _key, _query):
        region = self.bucket_regions.get(bucket, self.args.region)
        return xml_reply(f"LocationConstraint {NAMESPACE}",
                         "" if region == "us-east-1" else xml_text(region))

    def page_limit(self, query):
        text = query.get("max-keys", "1000")
        if not text.isdigit() or int(text) > 2147483647:
            raise Refused(400, "InvalidArgument", "Provided max-keys not an integer or within "
                          "integer range", {"ArgumentName": "max-keys", "ArgumentValue": text})
        return min(int(text), 1000, self.args.page_size)

    def list_start(self, query):
        """Names up to this one, and those that begin with it where it ends in the delimiter,
        have been listed."""
        token = query.get("continuation-token")
        if token is None:
            return query.get("start-after", "")
        try:
            return base64.urlsafe_b64decode(token.encode()).decode()
        except ValueError:
            raise Refused(400, "InvalidArgument", "The continuation token provided is "
                          "incorrect", {"ArgumentName": "continuation-token"}) from None

    def page(self, bucket, query, limit):
        """([('key' | 'prefix', name)], more)"""
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        after = self.list_start(query).encode()
        skip_below = "continuation-token" in query and delimiter and \
            after.endswith(delimiter.encode())
        entries, last = [], None
        for key in self.store.keys(bucket):
            if not key.startswith(prefix) or key.encode() <= after or \
                    (skip_below and key.encode().startswith(after)):
                continue
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            entry = ("key", key) if cut < 0 else ("prefix", key[:cut + len(delimiter)])
            if entry == last:
                continue
            if len(entries) == limit:
                return entries, limit > 0
            entries.append(entry)
            last = entry
        return entries, False

    def ListObjectsV2(self, _request, bucket, _key, query):
        if query.get("list-type") != "2":
            raise Refused(501, "NotImplemented", "only version 2 of listing")
        if bucket in self.args.no_list:
            raise Refused(403, "AccessDenied", "Access Denied")
        encoding = query.get("encoding-type")
        if encoding not in (None, "url"):
            raise Refused(400, "InvalidArgument", "Invalid Encoding Method specified in Request")
        shown = (lambda text: quote_plus(text, safe="/*-._")) if encoding else str
        limit = self.page_limit(query)
        entries, more = self.page(bucket, query, limit)
        inner = element("Name", bucket) + element("Prefix", shown(query.get("prefix", "")))
        if "delimiter" in query:
            inner += element("Delimiter", shown(query["delimiter"]))
        if encoding:
            inner += element("EncodingType", encoding)
        inner += element("MaxKeys", query.get("max-keys", "1000"))
        inner += element("KeyCount", len(entries)) + element("IsTruncated", str(more).lower())
        if more:
            token = base64.urlsafe_b64encode(entries[-1][1].encode()).decode()
            inner += element("NextContinuationToken", token)
        for kind, name in entries:
            if kind == "prefix":
                inner += f"<CommonPrefixes>{element('Prefix', shown(name))}</CommonPrefixes>"
                continue
            obj = self.store.get(bucket, name)
            if obj is not None:  # else deleted meanwhile
                inner += "<Contents>" + element("Key", shown(name)) + \
                    element("LastModified", iso(obj.modified)) + \
                    element("ETag", f'"{obj.etag}"') + element("Size", obj.size) + \
                    element("StorageClass", "STANDARD") + "</Contents>"
        return xml_reply(f"ListBucketResult {NAMESPACE}", inner)

    # ---- uploads in parts ----

    def CreateMultipartUpload(self, request, bucket, key, _query):
        headers = self.check_encryption(request)
        self.record(request, "CreateMultipartUpload", bucket, key)
        upload_id = self.uploads.create(bucket, key, request.get("content-type",
                                                                 s3_store.DEFAULT_TYPE))
        self.uploads.open[upload_id]["headers"] = request.headers
        return xml_reply(f"InitiateMultipartUploadResult {NAMESPACE}", element("Bucket", bucket) +
                         element("Key", key) + element("UploadId", upload_id), headers=headers)

    def UploadPart(self, request, bucket, key, query):
        number = query.get("partNumber", "")
        if not number.isdigit() or not 1 <= int(number) <= 10000:
            raise Refused(400, "InvalidArgument", "Part number must be an integer between 1 and "
                          "10000, inclusive", {"ArgumentName": "partNumber",
                                               "ArgumentValue": number})
        for name in ("x-amz-acl", "x-amz-server-side-encryption", "if-none-match"):
            if name in request.headers:
                raise Refused(400, "InvalidArgument", f"{name} is not for parts of an upload",
                              {"ArgumentName": name})
        upload = self.uploads.find(bucket, key, query["uploadId"])
        check_digests(request)
        etag = self.uploads.put_part(upload, int(number), request.body)
        return Reply(200, b"", [("ETag", f'"{etag}"')])

    def CompleteMultipartUpload(self, request, bucket, key, query):
        upload = self.uploads.find(bucket, key, query["uploadId"])
        tree = parse_xml(request.body, "CompleteMultipartUpload")
        try:
            wanted = [(int(part.findtext("PartNumber")), part.findtext("ETag").strip('"'))
                      for part in tree.findall("Part")]
        except (TypeError, ValueError, AttributeError):
            raise Refused(400, "MalformedXML", "a part without number or ETag") from None
        data, etag = self.uploads.join(upload, wanted)
        obj = self.store.put(bucket, key, data, upload["type"], put_condition(request, key), etag)
        self.keep_metadata(bucket, key, obj, upload["headers"])
        self.record(request, "CompleteMultipartUpload", bucket, key)
        self.uploads.close(query["uploadId"])
        return xml_reply(f"CompleteMultipartUploadResult {NAMESPACE}",
                         element("Location", request.path) + element("Bucket", bucket) +
                         element("Key", key) + element("ETag", f'"{obj.etag}"'))

    def AbortMultipartUpload(self, _request, bucket, key, query):
        self.uploads.find(bucket, key, query["uploadId"])
        self.uploads.close(query["uploadId"])
        return Reply(204)

    def ListParts(self, _request, bucket, key, query):
        upload = self.uploads.find(bucket, key, query["uploadId"])
        inner = element("Bucket", bucket) + element("Key", key) + \
            element("UploadId", query["uploadId"]) + element("IsTruncated", "false")
        for number, (etag, data) in sorted(upload["parts"].items()):
            inner += "<Part>" + element("PartNumber", number) + element("ETag", f'"{etag}"') + \
                element("Size", len(data)) + "</Part>"
        return xml_reply(f"ListPartsResult {NAMESPACE}", inner)

    def ListMultipartUploads(self, _request, bucket, _key, query):
        inner = element("Bucket", bucket) + element("IsTruncated", "false")
        for upload_id, upload in sorted(self.uploads.open.items()):
            if upload["bucket"] == bucket and upload["key"].startswith(query.get("prefix", "")):
                inner += "<Upload>" + element("Key", upload["key"]) + \
                    element("UploadId", upload_id) + \
                    element("Initiated", iso(upload["began"])) + "</Upload>"
        return xml_reply(f"ListMultipartUploadsResult {NAMESPACE}", inner)


# ---- the command line ----


class AddKey(argparse.Action):
    def __call__(self, parser, args, values, option=None):
        args.keys.append(s3_sign.Key(*values))


class OfLastKey(argparse.Action):
    """--token and --expires belong to the --key in front of them."""

    def __call__(self, parser, args, values, option=None):
        if not args.keys:
            parser.error(f"{option} needs a --key in front of it")
        if option == "--token":
            args.keys[-1].token = values
        else:
            args.keys[-1].expires = time.time() + float(values)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    many = {"action": "append", "default": [], "metavar": "BUCKET"}
    add("--root", metavar="DIR", help="buckets are the folders of DIR (default: in memory)")
    add("--bucket", help="a bucket that is there from the start", **many)
    add("--key", nargs=2, action=AddKey, metavar=("ACCESS", "SECRET"), help="a signer")
    add("--token", action=OfLastKey, help="the session token of the last --key")
    add("--expires", action=OfLastKey, metavar="SECONDS", help="lifetime of the last --key")
    add("--region", default="us-west-2")
    add("--bucket-region", nargs=2, action="append", default=[], metavar=("BUCKET", "REGION"))
    add("--region-answer", type=int, choices=(301, 400), default=400,
        help="how another region is refused (400: AuthorizationHeaderMalformed)")
    add("--public", help="may be read unsigned", **many)
    add("--requester-pays", help="wants x-amz-request-payer", **many)
    add("--read-only", help="writes are AccessDenied", **many)
    add("--no-list", help="listing, and keys that are missing, are AccessDenied", **many)
    add("--undeletable", action="append", default=[], metavar="KEY",
        help="POST ?delete has an error for it")
    add("--page-size", type=int, default=1000, help="most names of a page of a listing")
    add("--min-part", type=int, default=5 << 20, help="least bytes of a part (not the last)")
    add("--max-put", type=int, default=MAX_SINGLE_PUT, help="most bytes of a single put")
    add("--clock-skew", type=float, default=0, metavar="SECONDS", help="the server's clock is on")
    aws_identity.add_arguments(parser)
    add("--log", action="store_true", help="requests on stderr")
    parser.set_defaults(keys=[])
    return parser.parse_args()


def main():
    args = parse_arguments()
    s3 = S3(args)
    wire.run(wire.Server(s3.handle, s3.stats, log=args.log))


if __name__ == "__main__":
    main()
