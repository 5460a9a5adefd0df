"""What S3's answers look like, and what it checks of a request: shared by the servers."""
import base64
import hashlib
import re
import time
import xml.etree.ElementTree as ElementTree
import zlib
from xml.sax.saxutils import escape

from s3_sign import Refused
from wire import Reply, http_date

NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


# ---- XML ----


def xml_text(text):
    """Characters that XML 1.0 cannot have are written as S3 does, which no parser takes."""
    text = escape(str(text), {"\r": "&#13;", '"': "&quot;"})
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f]", lambda m: f"&#x{ord(m[0]):x};", text)


def element(name, value):
    return f"<{name}>{xml_text(value)}</{name}>"


def xml_reply(root, inner, status=200, headers=()):
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>{inner}</{root.split()[0]}>'
    return Reply(status, body.encode("utf-8", "surrogateescape"),
                 [("Content-Type", "application/xml"), *headers])


def parse_xml(body, root):
    """Its root element without namespaces, or MalformedXML."""
    try:
        tree = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        tree = None
    if tree is not None:
        for node in tree.iter():
            node.tag = node.tag.rpartition("}")[2]
    if tree is None or tree.tag != root:
        raise Refused(400, "MalformedXML", "The XML you provided was not well-formed or did not "
                      "validate against our published schema")
    return tree


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


def missing_key(key):
    return Refused(404, "NoSuchKey", "The specified key does not exist.", {"Key": key})


# ---- conditions and checks of bodies ----


def precondition_failed(condition):
    return Refused(412, "PreconditionFailed", "At least one of the pre-conditions you specified "
                   "did not hold", {"Condition": condition})


def put_condition(request, key):
    """What a put demands of the object that it replaces."""
    none_match, match = request.get("if-none-match"), request.get("if-match")
    if none_match not in (None, "*"):
        raise Refused(501, "NotImplemented", "A header you provided implies functionality that "
                      "is not implemented", {"Header": "If-None-Match"})

    def check(existing):
        if none_match is not None and existing is not None:
            raise precondition_failed("If-None-Match")
        if match is not None and existing is None:
            raise missing_key(key)
        if match is not None and match.strip('"') != existing.etag:
            raise precondition_failed("If-Match")
    return check


def check_digests(request, demanded=False):
    """Content-MD5 and x-amz-checksum-*: each that is there must be right."""
    body, found = request.body, False
    own = {"content-md5": lambda: hashlib.md5(body).digest(),
           "x-amz-checksum-sha256": lambda: hashlib.sha256(body).digest(),
           "x-amz-checksum-sha1": lambda: hashlib.sha1(body).digest(),
           "x-amz-checksum-crc32": lambda: zlib.crc32(body).to_bytes(4, "big")}
    for name, compute in own.items():
        if name in request.headers:
            found = True
            if base64.b64encode(compute()).decode() != request.headers[name]:
                raise Refused(400, "BadDigest", f"The {name} you specified did not match what we "
                              "received.")
    if demanded and not found:
        raise Refused(400, "InvalidRequest", "Missing required header for this request: "
                      "Content-MD5 OR x-amz-checksum-*")


def parse_range(text, size):
    """(offset, length), None for the whole object, or InvalidRange. As S3: several ranges or
    nonsense give the whole."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", text.strip()) if text else None
    if match is None or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if first == "":
        begin, end = max(0, size - int(last)), size
    else:
        begin, end = int(first), min(int(last or size - 1), size - 1) + 1
        if last and int(last) < int(first):
            return None
    if begin >= size or begin >= end:
        raise Refused(416, "InvalidRange", "The requested range is not satisfiable",
                      {"RangeRequested": text, "ActualObjectSize": size},
                      [("Content-Range", f"bytes */{size}")])
    return begin, end - begin


# ---- replies ----


def error_reply(request, error, request_id):
    inner = element("Code", error.code) + element("Message", error.message)
    for name, value in {**error.extra, "Resource": request.path,
                        "RequestId": request_id}.items():
        inner += element(name, value)
    reply = xml_reply("Error", inner, error.status, error.headers)
    if request.method == "HEAD":  # a client learns the status, and no more
        reply.body = b""
    return reply


def object_reply(request, obj):
    """GET and HEAD of an object, its conditions and its range."""
    match, none_match = request.get("if-match"), request.get("if-none-match")
    if match not in (None, "*") and match.strip('"') != obj.etag:
        raise precondition_failed("If-Match")
    headers = [("ETag", f'"{obj.etag}"'), ("Last-Modified", http_date(obj.modified)),
               ("Accept-Ranges", "bytes"), ("Content-Type", obj.content_type)]
    if none_match is not None and none_match.strip('"') in ("*", obj.etag):
        return Reply(304, b"", headers)
    span = parse_range(request.get("range"), obj.size)
    if span is None:
        return Reply(200, obj.read(0, obj.size), headers)
    headers.append(("Content-Range", f"bytes {span[0]}-{sum(span) - 1}/{obj.size}"))
    return Reply(206, obj.read(*span), headers)
