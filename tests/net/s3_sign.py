"""AWS Signature Version 4 from the server's side: the request is made canonical once more from
what arrived, and what the client may have forgotten is refused.

Source: AWS documentation, "Create a signed AWS API request" and "Authenticating Requests:
Using the Authorization Header".
"""
import hashlib
import hmac
import secrets
import time
from calendar import timegm
from functools import lru_cache
from urllib.parse import quote, unquote_plus, unquote_to_bytes

MAX_SKEW_S = 15 * 60
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


class Refused(Exception):
    """An error answer: S3's code and text, further elements, headers."""

    def __init__(self, status, code, message, extra=(), headers=()):
        super().__init__(code)
        self.status, self.code, self.message = status, code, message
        self.extra, self.headers = dict(extra), list(headers)


class Key:
    def __init__(self, access, secret, token=None, expires=None):
        self.access, self.secret, self.token, self.expires = access, secret, token, expires


class Keys:
    """The signers that are known. Temporary ones are added while the server runs."""

    def __init__(self, keys=()):
        self.by_access = {key.access: key for key in keys}

    def issue(self, lifetime, now):
        key = Key("ASIA" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30),
                  "token-" + secrets.token_urlsafe(40), now + lifetime)
        self.by_access[key.access] = key
        return key


def encode(data, safe=""):
    """Everything but unreserved characters, with upper-case hex."""
    return quote(data, safe="-_.~" + safe)


def split_query(query):
    """Pairs, decoded; a name without '=' has an empty value."""
    pairs = []
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        pairs.append((unquote_plus(name), unquote_plus(value)))
    return pairs


def canonical_query(query):
    return "&".join(f"{n}={v}" for n, v in
                    sorted((encode(n), encode(v)) for n, v in split_query(query)))


def canonical_request(request, signed, payload_hash, service="s3"):
    """S3 makes paths canonical from what they mean; all others encode once more what came."""
    headers = "".join(f"{n}:{' '.join(request.headers[n].split())}\n" for n in signed)
    path = unquote_to_bytes(request.path) if service == "s3" else request.path
    path = encode(path, safe="/") or "/"
    return "\n".join((request.method, path, canonical_query(request.query), headers,
                      ";".join(signed), payload_hash))


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


@lru_cache(maxsize=1024)
def signing_key(secret, date, region, service):
    key = ("AWS4" + secret).encode()
    for part in (date, region, service, "aws4_request"):
        key = _hmac(key, part)
    return key


def string_to_sign(date_time, scope, canonical):
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"AWS4-HMAC-SHA256\n{date_time}\n{scope}\n{digest}"


def malformed(message, extra=(), headers=()):
    return Refused(400, "AuthorizationHeaderMalformed",
                   f"The authorization header is malformed; {message}", extra, headers)


def parse_authorization(value):
    """(access key, [date, region, service], signed headers, signature)"""
    scheme, _, rest = value.partition(" ")
    if scheme != "AWS4-HMAC-SHA256":
        raise Refused(400, "InvalidRequest", "The authorization mechanism you have provided is "
                      "not supported. Please use AWS4-HMAC-SHA256.")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    try:
        credential = fields["Credential"].rsplit("/", 4)
        signed, signature = fields["SignedHeaders"].split(";"), fields["Signature"]
    except KeyError as missing:
        raise malformed(f"it lacks {missing}.") from None
    if len(credential) != 5 or credential[4] != "aws4_request":
        raise malformed("the Credential is mal-formed; expecting "
                        "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".")
    if signed != sorted(signed) or "host" not in signed:
        raise malformed("SignedHeaders must be sorted and hold 'host'.")
    return credential[0], credential[1:4], signed, signature


def check_time(request, date, now):
    text = request.get("x-amz-date")
    if text is None:
        raise Refused(403, "AccessDenied", "AWS authentication requires a valid Date or "
                      "x-amz-date header")
    try:
        when = timegm(time.strptime(text, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise Refused(403, "AccessDenied", "AWS authentication requires a valid x-amz-date "
                      "header") from None
    if text[:8] != date:
        raise malformed("the date of the Credential is not that of x-amz-date.")
    if abs(now - when) > MAX_SKEW_S:
        raise Refused(403, "RequestTimeTooSkewed", "The difference between the request time and "
                      "the current time is too large.",
                      {"RequestTime": text, "ServerTime": time.strftime(
                          "%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
                       "MaxAllowedSkewMilliseconds": MAX_SKEW_S * 1000})
    return text


def check_headers(request, signed, service):
    """Those named must be there, and those that matter must be named."""
    for name in signed:
        if name not in request.headers:
            raise malformed(f"signed header '{name}' is not in the request.")
    unsigned = [n for n in request.headers if n.startswith("x-amz-") and n not in signed]
    if unsigned:
        raise Refused(403, "AccessDenied", "There were headers present in the request which "
                      "were not signed", {"HeadersNotSigned": ", ".join(sorted(unsigned))})
    payload_hash = request.get("x-amz-content-sha256")
    if service != "s3":
        return hashlib.sha256(request.body).hexdigest()
    if payload_hash is None:
        raise Refused(400, "InvalidRequest", "Missing required header for this request: "
                      "x-amz-content-sha256")
    if payload_hash.startswith("STREAMING-"):
        raise Refused(501, "NotImplemented", "this server takes no streamed signatures")
    return payload_hash


def check_payload(request, payload_hash):
    if payload_hash == "UNSIGNED-PAYLOAD":
        return
    actual = hashlib.sha256(request.body).hexdigest() if request.body else EMPTY_SHA256
    if payload_hash != actual:
        raise Refused(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' "
                      "header does not match what was computed.",
                      {"ClientComputedContentSHA256": payload_hash,
                       "S3ComputedContentSHA256": actual})


def check_token(request, key, now):
    token = request.get("x-amz-security-token")
    if key.token is not None and token is None:
        raise Refused(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not "
                      "exist in our records.", {"AWSAccessKeyId": key.access})
    if token is not None and token != key.token:
        raise Refused(400, "InvalidToken", "The provided token is malformed or otherwise "
                      "invalid.")
    if key.expires is not None and key.expires <= now:
        raise Refused(400, "ExpiredToken", "The provided token has expired.",
                      {"Token-0": token or ""})


def verify(request, keys, service, check_region, now):
    """The access key that signed this request; Refused where anything is wrong with it.
    `check_region(name)` refuses regions; it may be None."""
    access, scope, signed, signature = parse_authorization(request.get("authorization"))
    date, region, named = scope
    key = keys.by_access.get(access)
    if key is None:
        raise Refused(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not "
                      "exist in our records.", {"AWSAccessKeyId": access})
    date_time = check_time(request, date, now)
    if named != service:
        raise malformed(f"incorrect service \"{named}\". This endpoint belongs to \"{service}\".")
    if check_region is not None:
        check_region(region)
    payload_hash = check_headers(request, signed, service)
    canonical = canonical_request(request, signed, payload_hash, service)
    to_sign = string_to_sign(date_time, "/".join((*scope, "aws4_request")), canonical)
    expected = _hmac(signing_key(key.secret, date, region, named), to_sign).hex()
    if not hmac.compare_digest(expected, signature):
        raise Refused(403, "SignatureDoesNotMatch", "The request signature we calculated does "
                      "not match the signature you provided. Check your key and signing "
                      "method.", {"AWSAccessKeyId": access, "StringToSign": to_sign,
                                  "SignatureProvided": signature,
                                  "CanonicalRequest": canonical})
    check_token(request, key, now)
    check_payload(request, payload_hash)
    return access
