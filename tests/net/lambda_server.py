#!/usr/bin/env python3
"""AWS Lambda, and what CloudWatch says of it, for tests: signatures are computed anew, and a
bounded number of sandboxes does the work, each an own process behind the Runtime API, or a
stub that answers what can be told from the event. Faults strike as a seed says.

POST /2015-03-31/functions/NAME/invocations (RequestResponse, Event, DryRun), GET of the account's
settings and of the function's concurrency and configuration, GetMetricStatistics at POST /.
GET /_stats counts, POST /_reset begins anew.
"""
import argparse
import hashlib
import json
import re
import ssl
import threading
import time
import uuid
from urllib.parse import unquote

import s3_sign
import wire
from lambda_sandbox import (SYNC_BYTES, Broken, EmulatedSandbox, Sandbox, died, report,
                            timed_out)
from lambda_stub import stub_response
from s3_sign import Refused
from wire import Reply

EVENT_BYTES = 1 << 20
FAULTS = ("throttle", "crash", "overtime", "oom", "broken", "unavailable", "reset", "oversize",
          "lost", "redirect")
INVOKE = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
RUNTIME = re.compile(r"/([0-9]+)/2018-06-01/runtime/(.*)")


def error_reply(status, kind, message, headers=()):
    body = {"Type": "User", "message": message}
    if kind == "TooManyRequestsException":
        body = {"Reason": "ConcurrentInvocationLimitExceeded", "Type": "User", "message": message}
    return Reply(status, json.dumps(body).encode(),
                 [("Content-Type", "application/json"), ("x-amzn-ErrorType", kind), *headers])


# ---- the service ----


class Lambda:
    def __init__(self, args):
        self.args = args
        self.keys = s3_sign.Keys(args.keys)
        self.lock = threading.Lock()
        self.idle, self.n_sandboxes, self.tries = [], 0, {}
        self.sandboxes = {}
        self.arn = f"arn:aws:lambda:{args.region}:123456789012:function:{args.function}"
        self.stats = wire.Stats(by_fault={}, done={}, modes={}, events=[], most_sandboxes=0)
        self.runtime = None
        self.gathering, self.gathered = threading.Condition(), 0

    # ---- chance ----

    def share(self, *parts):
        """In [0, 1), the same for the same seed and parts."""
        text = ":".join(map(str, (self.args.seed, *parts)))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big") / (1 << 56)

    def fault_of(self, event):
        """Each fault strikes the first tries at a shard only, by chance; throttling, which is
        no fault of the shard, strikes every try."""
        name = event.get("mode") or str(event.get("shard_key"))
        with self.lock:
            nth = self.tries[name] = self.tries.get(name, 0) + 1
        for fault in FAULTS:
            rate = getattr(self.args, fault)
            if rate and (fault == "throttle" or self.args.lasting or
                         nth <= self.args.fault_tries) and \
                    (not event.get("mode") or self.args.faults_everywhere) and \
                    self.share(fault, name, *(() if self.args.lasting else (nth,))) < rate:
                self.stats.tally("by_fault", fault)
                return fault
        return None

    # ---- requests ----

    def handle(self, request):
        try:
            return self.dispatch(request)
        except Refused as error:
            kind = {"InvalidAccessKeyId": "UnrecognizedClientException",
                    "ExpiredToken": "ExpiredTokenException",
                    "SignatureDoesNotMatch": "InvalidSignatureException"}.get(
                        error.code, error.code)
            return error_reply(403, kind, error.message)

    def check_region(self, region):
        if region != self.args.region:
            raise s3_sign.malformed(f"the region '{region}' is wrong")

    def dispatch(self, request):
        service = "monitoring" if request.path == "/" else "lambda"
        s3_sign.verify(request, self.keys, service, self.check_region, time.time())
        invoke = INVOKE.fullmatch(request.path)
        if service == "monitoring":
            return self.statistics(request)
        if request.method == "GET":
            return self.describe(request)
        if invoke is None:
            return error_reply(404, "UnknownOperationException", "no such operation")
        return self.invoke(request, unquote(invoke[1]))

    def statistics(self, request):
        target = request.get("x-amz-target", "")
        if self.args.no_probes or target != "GraniteServiceVersion20100801.GetMetricStatistics":
            raise Refused(403, "AccessDenied", "not authorized to perform: "
                          "cloudwatch:GetMetricStatistics")
        json.loads(request.body)
        points = [{"Maximum": float(v), "Unit": "Count"} for v in self.args.datapoint]
        return wire.json_reply({"Label": "ConcurrentExecutions", "Datapoints": points})

    def describe(self, request):
        args = self.args
        if args.no_probes:
            raise Refused(403, "AccessDeniedException", "not authorized")
        if request.path == "/2016-08-19/account-settings":
            return wire.json_reply({"AccountLimit": {"ConcurrentExecutions": args.account_limit}})
        name = unquote(request.path.split("/")[3]) if request.path.count("/") > 2 else ""
        if not self.is_function(name):
            return self.unknown(name)
        if request.path.endswith("/concurrency"):
            reserved = {} if args.reserved is None else \
                {"ReservedConcurrentExecutions": args.reserved}
            return wire.json_reply(reserved)
        return wire.json_reply({"FunctionName": args.function, "FunctionArn": self.arn,
                                "MemorySize": args.memory, "Timeout": args.timeout,
                                "Architectures": [args.architecture]})

    def is_function(self, name):
        return name in (self.args.function, self.arn) or \
            name.startswith((self.args.function + ":", self.arn + ":"))

    def unknown(self, name):
        return error_reply(404, "ResourceNotFoundException",
                           f"Function not found: {self.arn.rsplit(':', 1)[0]}:{name}")

    def invoke(self, request, name):
        kind = request.get("x-amz-invocation-type", "RequestResponse")
        if not self.is_function(name):
            return self.unknown(name)
        if len(request.body) > (EVENT_BYTES if kind == "Event" else SYNC_BYTES):
            return error_reply(413, "RequestTooLargeException",
                               f"{len(request.body)} byte payload is too large")
        try:
            event = json.loads(request.body)
        except ValueError:
            return error_reply(400, "InvalidRequestContentException", "Could not parse request "
                               "body into json")
        if self.args.record:
            self.stats.note("events", request.body.decode())
        if kind == "DryRun":
            return Reply(204)
        fault = self.fault_of(event)
        if fault == "unavailable":
            return error_reply(503, "ServiceUnavailableException", "Service is unavailable")
        if fault == "redirect":
            return Reply(307, b"{}", [("Location", "http://127.0.0.1:9/")])
        if fault == "reset":
            return Reply(200, act=lambda connection, _request, _reply: connection.reset())
        sandbox = None if fault == "throttle" else self.take_sandbox()
        if sandbox is None:
            return error_reply(429, "TooManyRequestsException", "Rate Exceeded.")
        if fault == "lost":  # done, and nobody is told
            self.work(sandbox, request.body, event, fault)
            return Reply(200, act=lambda connection, _request, _reply: connection.reset())
        if kind == "Event":
            threading.Thread(target=self.work, args=(sandbox, request.body, event, fault),
                             daemon=True).start()
            time.sleep(self.args.accept_delay * self.share("accept", request.body))
            return Reply(202)
        if not event.get("mode"):
            self.wait_for_others()
        return self.work(sandbox, request.body, event, fault)

    def wait_for_others(self):
        """Until as many shards have been under way at once as asked for."""
        with self.gathering:
            self.gathered += 1
            self.gathering.notify_all()
            self.gathering.wait_for(lambda: self.gathered >= self.args.together)

    # ---- work ----

    def take_sandbox(self):
        with self.lock:
            if self.idle:
                return self.idle.pop()
            if self.n_sandboxes >= self.args.sandboxes:
                return None
            self.n_sandboxes += 1
            kind = EmulatedSandbox if self.args.emulator else Sandbox
            sandbox = kind(self, self.n_sandboxes)
            self.sandboxes[sandbox.number] = sandbox
            with self.stats.lock:
                self.stats.special["most_sandboxes"] = max(
                    self.n_sandboxes, self.stats.special["most_sandboxes"])
            return sandbox

    def work(self, sandbox, body, event, fault):
        request_id = str(uuid.uuid4())
        headers = [("Content-Type", "application/json"), ("X-Amz-Executed-Version", "$LATEST"),
                   ("x-amzn-RequestId", request_id)]
        try:
            data = self.do(sandbox, request_id, body, event, fault)
        except Broken as broken:
            kind, text = broken.args
            data = text if kind is None else report(kind, text)
            headers.append(("X-Amz-Function-Error", "Unhandled"))
        finally:
            with self.lock:
                self.idle.append(sandbox)
        if self.args.latency:
            time.sleep(self.args.latency)
        return Reply(200, data, headers)

    def do(self, sandbox, request_id, body, event, fault):
        if fault == "oversize":
            raise Broken("Function.ResponseSizeTooLarge", "Response payload size exceeded "
                         f"maximum allowed payload size ({SYNC_BYTES} bytes).")
        if fault == "broken":
            return b'{"statusCode": 200, "body": "no json"}'
        if self.args.bootstrap:
            data = sandbox.do(request_id, body, fault)
        else:
            if fault in ("crash", "oom"):
                raise Broken(*died(request_id, fault))
            if fault == "overtime":
                time.sleep(self.args.fault_wait)
                raise Broken(*timed_out(request_id, self.args.timeout))
            data = stub_response(event, request_id, self.args.status_root)
        name = event.get("mode")
        self.stats.tally("modes" if name else "done", name or str(event.get("shard_key")))
        return data

    def serve_runtime(self, request):
        match = RUNTIME.fullmatch(request.path)
        sandbox = self.sandboxes.get(int(match[1])) if match else None
        if sandbox is None:
            return Reply(404)
        if match[2] == "invocation/next":
            return sandbox.next()
        parts = match[2].split("/")
        if len(parts) == 3 and parts[0] == "invocation" and parts[2] in ("response", "error"):
            return sandbox.take(parts[1], parts[2], request.body)
        return wire.json_reply({"status": "OK"}, 202)


# ---- the program ----


class AddKey(argparse.Action):
    def __call__(self, parser, args, values, option=None):
        args.keys.append(s3_sign.Key(values[0], values[1], *values[2:3]))


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--key", nargs="+", action=AddKey, metavar="ACCESS SECRET [TOKEN]", help="a signer")
    add("--region", default="us-west-2")
    add("--function", default="process-shard")
    add("--memory", type=int, default=2048, help="MB")
    add("--timeout", type=int, default=900, help="seconds")
    add("--architecture", default="arm64")
    add("--sandboxes", type=int, default=10, help="at once; what is beyond is throttled")
    add("--account-limit", type=int, default=10000)
    add("--reserved", type=int)
    add("--datapoint", type=float, action="append", default=[], help="of ConcurrentExecutions")
    add("--no-probes", action="store_true", help="whoever asks about the account is refused")
    add("--slow-start", type=float, default=0, metavar="SECONDS")
    add("--latency", type=float, default=0, metavar="SECONDS")
    add("--accept-delay", type=float, default=0, metavar="SECONDS",
        help="at most, until an Event is said to be accepted; it is done meanwhile")
    add("--together", type=int, default=0, metavar="N",
        help="no shard is answered before N have been under way at once")
    add("--tls", nargs=2, metavar=("CERT", "KEY"), help="speak TLS (make_certs.sh)")
    add("--seed", default="1")
    for fault in FAULTS:
        add("--" + fault, type=float, default=0, metavar="RATE")
    add("--fault-tries", type=int, default=1, help="faults strike the first N tries at a shard")
    add("--lasting", action="store_true", help="a shard that was struck is struck every time")
    add("--faults-everywhere", action="store_true", help="setup and finalize as well")
    add("--fault-wait", type=float, default=0.05, metavar="SECONDS",
        help="until an injected crash or timeout")
    add("--status-root", metavar="DIR",
        help="the stub leaves status objects; buckets are the folders of DIR")
    add("--record", action="store_true", help="keep the events, for /_stats")
    add("--env", action="append", default=[], metavar="NAME=VALUE", help="of the sandboxes")
    add("--log", action="store_true", help="requests, and what sandboxes say, on stderr")
    add("--emulator", action="store_true", help="sandboxes are AWS's own emulator of the "
        "runtime interface, which runs what bootstrap says")
    add("bootstrap", nargs="*", help="what a sandbox runs (default: the stub)")
    parser.set_defaults(keys=[])
    return parser.parse_args()


def main():
    service = Lambda(parse_arguments())
    service.runtime = wire.Server(service.serve_runtime, wire.Stats())
    tls = None
    if service.args.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*service.args.tls)
    front = wire.Server(service.handle, service.stats, tls=tls, log=service.args.log)

    def end(*_):
        for sandbox in list(service.sandboxes.values()):
            sandbox.kill()

    wire.run(front, service.runtime, at_end=end)


if __name__ == "__main__":
    main()
