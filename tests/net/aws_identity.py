"""The other places that AWS keys come from: STS, the instance metadata service (version 2) and
the container endpoint. Keys that they give are known to the server that signs in with them."""
import secrets
import time
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import s3_sign
from s3_sign import Refused
from wire import Reply, json_reply, text_reply

ACCOUNT, ROLE = "123456789012", "test-role"
STS_NAMESPACE = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'


def add_arguments(parser):
    add = parser.add_argument
    add("--web-identity", default="web-identity-token", metavar="TOKEN",
        help="what AssumeRoleWithWebIdentity takes (default: %(default)s)")
    add("--container-token", metavar="TOKEN", help="what /container wants as Authorization")
    add("--issued-lifetime", type=float, default=3600, metavar="SECONDS",
        help="of keys from STS, the instance and the container")
    add("--no-metadata", action="store_true", help="/latest answers 404, as without an instance")


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class Identity:
    def __init__(self, args, keys, now):
        self.args, self.keys, self.now = args, keys, now
        self.metadata_tokens = set()

    def handle(self, request):
        """A Reply, or None where the request is none of ours."""
        if request.path.startswith("/latest/"):
            return self.metadata(request)
        if request.path == "/container":
            return self.container(request)
        kind = request.get("content-type", "")
        if request.method == "POST" and request.path == "/" and \
                kind.startswith("application/x-www-form-urlencoded"):
            return self.sts(request)
        return None

    # ---- instance and container ----

    def issue_json(self, extra):
        key = self.keys.issue(self.args.issued_lifetime, self.now())
        return json_reply({**extra, "AccessKeyId": key.access, "SecretAccessKey": key.secret,
                           "Token": key.token, "Expiration": iso(key.expires)})

    def metadata(self, request):
        if self.args.no_metadata:
            return text_reply(404, "Not Found")
        if request.path == "/latest/api/token":
            seconds = request.get("x-aws-ec2-metadata-token-ttl-seconds", "")
            if request.method != "PUT" or not seconds.isdigit() or \
                    not 1 <= int(seconds) <= 21600:
                return text_reply(400, "Bad Request")
            token = secrets.token_urlsafe(40)
            self.metadata_tokens.add(token)
            return text_reply(200, token, [("x-aws-ec2-metadata-token-ttl-seconds", seconds)])
        if request.method != "GET" or \
                request.get("x-aws-ec2-metadata-token") not in self.metadata_tokens:
            return text_reply(401, "Unauthorized")
        below = request.path[len("/latest/meta-data/"):]
        if below in ("iam/security-credentials", "iam/security-credentials/"):
            return text_reply(200, ROLE)
        if below == f"iam/security-credentials/{ROLE}":
            return self.issue_json({"Code": "Success", "LastUpdated": iso(self.now()),
                                    "Type": "AWS-HMAC"})
        if below == "placement/region":
            return text_reply(200, self.args.region)
        return text_reply(404, "Not Found")

    def container(self, request):
        wanted = self.args.container_token
        if request.method != "GET" or (wanted and request.get("authorization") != wanted):
            return json_reply({"code": "AccessDenied", "message": "unauthorized"}, 401)
        return self.issue_json({"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"})

    # ---- STS ----

    def sts(self, request):
        form = {name: values[0] for name, values in
                parse_qs(request.body.decode("latin-1"), keep_blank_values=True).items()}
        try:
            return self.sts_action(request, form)
        except Refused as error:
            inner = f"<Error><Type>Sender</Type><Code>{error.code}</Code>" \
                    f"<Message>{escape(error.message)}</Message></Error>"
            status = 403 if error.code == "ExpiredToken" else error.status
            return Reply(status, f"<ErrorResponse {STS_NAMESPACE}>{inner}"
                         "<RequestId>test</RequestId></ErrorResponse>".encode(),
                         [("Content-Type", "text/xml")])

    def sts_action(self, request, form):
        action = form.get("Action", "")
        if form.get("Version") != "2011-06-15":
            raise Refused(400, "InvalidAction", f"Could not find operation {action}")
        if action == "AssumeRoleWithWebIdentity":
            if form.get("WebIdentityToken") != self.args.web_identity:
                raise Refused(400, "InvalidIdentityToken", "The web identity token that was "
                              "passed could not be validated by AWS.")
            return self.assume(action, form)
        if "authorization" not in request.headers:
            raise Refused(403, "MissingAuthenticationToken", "Request is missing Authentication "
                          "Token")
        access = s3_sign.verify(request, self.keys, "sts", None, self.now())
        if action == "AssumeRole":
            return self.assume(action, form)
        if action == "GetCallerIdentity":
            return self.answer(action, f"<Arn>arn:aws:iam::{ACCOUNT}:user/{escape(access)}</Arn>"
                               f"<UserId>{escape(access)}</UserId><Account>{ACCOUNT}</Account>")
        raise Refused(400, "InvalidAction", f"Could not find operation {action}")

    def assume(self, action, form):
        arn, session = form.get("RoleArn", ""), form.get("RoleSessionName", "")
        if not arn.startswith("arn:aws:iam::") or not session:
            raise Refused(400, "ValidationError", "RoleArn or RoleSessionName is not valid")
        if arn.endswith("/forbidden"):
            raise Refused(403, "AccessDenied", f"not authorized to perform sts:{action}")
        seconds = float(form.get("DurationSeconds", 3600))
        key = self.keys.issue(min(seconds, self.args.issued_lifetime), self.now())
        role = arn.rpartition("/")[2]
        return self.answer(
            action, f"<Credentials><AccessKeyId>{key.access}</AccessKeyId><SecretAccessKey>"
            f"{key.secret}</SecretAccessKey><SessionToken>{key.token}</SessionToken><Expiration>"
            f"{iso(key.expires)}</Expiration></Credentials><AssumedRoleUser><Arn>"
            f"arn:aws:sts::{ACCOUNT}:assumed-role/{escape(role)}/{escape(session)}</Arn>"
            f"<AssumedRoleId>AROA:{escape(session)}</AssumedRoleId></AssumedRoleUser>")

    @staticmethod
    def answer(action, inner):
        body = f"<{action}Response {STS_NAMESPACE}><{action}Result>{inner}</{action}Result>" \
               f"<ResponseMetadata><RequestId>test</RequestId></ResponseMetadata></{action}Response>"
        return Reply(200, body.encode(), [("Content-Type", "text/xml")])
