#!/usr/bin/env python3
"""A proxy in front of another test server that spoils answers as a script says.

    fault_proxy.py --to PORT --script FILE      or: curl --data-binary @FILE .../_script

A script has one rule a line, in JSON: {"fault": NAME, ...}. The first rule that fits a request and
is not used up strikes. What a rule may say besides:
  "method", "path"  the request's, as regular expressions ("path": found in the target)
  "after": N        let N fitting requests pass first
  "times": N        strike N times, then no more (default 1; 0: always)
  "forward": true   status, reset and stall: the server is asked before the answer is lost
Faults:
  "503", any status an error of S3; "retry_after", "code", "body", "headers" {name: value}
  "reset"           RST; with "bytes": N after so many of the body
  "stall"           "seconds" (30) pass; with "bytes": N after so many of the body
  "short"           the connection ends after "bytes" (half) of the body
  "long"            "bytes" (1) more than were asked for
  "wrong_range"     Content-Range shifted by "by" (1)
  "wrong_total"     the total in Content-Range greater by "by" (1)
  "whole"           200 with everything to a range
  "etag"            another ETag ("value")
  "corrupt"         a byte of the body inverted, at "at" (the middle)
  "slow"            "rate" bytes/s for this answer
  "expired"         the token or key that the first struck request bears is ExpiredToken from
                    now on (times: 0), others pass; "status" (400)
  "garbage"         no HTTP
  "raw"             "text", then "more" again and again, "bytes" (0) of it in all or until the client
                    hangs up (-1), then nothing for "seconds" (0), then the end
  "long_header"     a header without end, "bytes" (1 MiB) of it
  "close"           the answer is good, then the connection ends without notice
  "tls"             the next TLS handshake fails (of a connection: no method, no path)
  "tls_garbage"     bytes that are no TLS record, after "bytes" (half) of the body
A line {"rate": P, "seed": S, "faults": [NAME...]} strikes at random, as --rate does.
"""
import argparse
import json
import os
import random
import re
import socket
import ssl
import sys
import threading
import time

import wire
from wire import Reply

RANDOM_FAULTS = ("503", "429", "reset", "short")
CODES = {429: "TooManyRequests", 500: "InternalError", 502: "BadGateway", 503: "SlowDown",
         504: "GatewayTimeout", 400: "InvalidRequest", 403: "AccessDenied", 404: "NoSuchKey"}
HOP_BY_HOP = ("connection", "keep-alive", "proxy-connection", "te", "transfer-encoding",
              "content-length", "expect")
NAMES = ("reset", "stall", "short", "long", "wrong_range", "wrong_total", "whole", "etag",
         "corrupt", "slow", "expired", "garbage", "raw", "long_header", "close", "tls",
         "tls_garbage")


class BadScript(Exception):
    pass


# ---- the script ----


class Rule:
    def __init__(self, line):
        self.fault = str(line["fault"])
        if self.fault not in NAMES and not re.fullmatch("[1-5][0-9][0-9]", self.fault):
            raise BadScript(f"there is no fault '{self.fault}'")
        self.line = line
        self.method = re.compile(line.get("method", ""))
        self.path = re.compile(line.get("path", ""))
        self.after = int(line.get("after", 0))
        self.times = int(line.get("times", 0 if self.fault == "expired" else 1))
        self.struck = 0
        self.bearer = None  # expired: whose token

    def get(self, name, default=None):
        return self.line.get(name, default)

    def strikes(self, request):
        """Called once for each request in turn, by one thread at a time."""
        if (self.fault == "tls") != (request is None):
            return False
        if request is not None and not (self.method.search(request.method) and
                                        self.path.search(request.target)):
            return False
        if self.times and self.struck == self.times:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.fault == "expired":
            bearer = request.get("x-amz-security-token") or request.get("authorization")
            self.bearer = self.bearer or bearer
            if bearer != self.bearer:
                return False
        self.struck += 1
        return True


class Script:
    def __init__(self, text="", rate=0, seed=0, faults=RANDOM_FAULTS):
        self.lock = threading.Lock()
        self.rules, self.rate, self.faults = [], rate, faults
        self.random = random.Random(seed)
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                self.add(number, line)

    def add(self, number, text):
        try:
            line = json.loads(text)
            if "rate" in line and "fault" not in line:
                self.rate, self.faults = line["rate"], line.get("faults", RANDOM_FAULTS)
                self.random = random.Random(line.get("seed", 0))
            else:
                self.rules.append(Rule(line))
        except (ValueError, TypeError, KeyError, AttributeError, re.error) as error:
            raise BadScript(f"line {number}: {error!r}") from None

    def strike(self, request):
        """The rule for a request (None: for a new connection), or None."""
        with self.lock:
            for rule in self.rules:
                if rule.strikes(request):
                    return rule
            if request is not None and self.rate and self.random.random() < self.rate:
                return Rule({"fault": self.random.choice(self.faults)})
        return None


# ---- the server behind ----


class Answer:
    """What the server said. Headers that concern one connection are left out."""

    def __init__(self, status, headers, body, length):
        self.status, self.headers, self.body, self.length = status, headers, body, length

    def get(self, name):
        return next((v for n, v in self.headers if n.lower() == name), None)

    def set(self, name, value):
        self.headers = [(n, v) for n, v in self.headers if n.lower() != name.lower()]
        self.headers.append((name, value))


class Upstream:
    """A connection to it, for one connection of a client."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.sock.makefile("rb", 65536)

    def close(self):
        self.stream.close()
        self.sock.close()

    def ask(self, request, without=()):
        """Everything that may be signed goes on as it came, Host included."""
        lines = [f"{request.method} {request.target} HTTP/1.1"]
        lines += [f"{n}: {v}" for n, v in request.raw_headers
                  if n.lower() not in HOP_BY_HOP and n.lower() not in without]
        body = request.body
        if request.chunked:
            lines.append("Transfer-Encoding: chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        elif "content-length" in request.headers:
            lines.append(f"Content-Length: {len(body)}")
        self.sock.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        return self.read_answer(request.method)

    def read_answer(self, method):
        first, headers = wire.read_head(self.stream) or ("", [])
        words = first.split(" ", 2)
        if len(words) < 2:
            raise ConnectionError("the server behind has hung up")
        status = int(words[1])
        if status == 100:
            return self.read_answer(method)
        by_name = {name.lower(): value for name, value in headers}
        length = int(by_name.get("content-length", 0))
        if method == "HEAD" or status in (204, 304):
            body = b""
        elif "transfer-encoding" in by_name:
            body = wire.read_chunked(self.stream)
            length = len(body)
        else:
            body = wire.read_exactly(self.stream, length)
        kept = [(n, v) for n, v in headers if n.lower() not in HOP_BY_HOP]
        return Answer(status, kept, body, length)


# ---- what is sent ----


class Plan:
    """An answer, and where it goes wrong: after `cut` bytes of the body (None: nowhere) it
    `ends` ("", "fin", "reset", "stall", "garbage")."""

    def __init__(self, answer, cut=None, ends="", rate=0, stall=0):
        self.answer, self.cut, self.ends, self.rate, self.stall = answer, cut, ends, rate, stall
        self.raw_head = None

    def sent(self):
        size = len(self.answer.body)
        return size if self.cut is None or self.ends == "stall" else min(size, self.cut)

    def head(self, close):
        if self.raw_head is not None:
            return self.raw_head
        answer = self.answer
        length = None if answer.status in (204, 304) else answer.length
        return Reply(answer.status, headers=answer.headers, close=close).head(length)

    def act(self, connection, _request, reply):
        sock, body, cut = connection.sock, self.answer.body, self.cut
        head = self.head(reply.close)
        if cut is None:
            self.send(sock, head, body)
            return not reply.close and self.ends != "fin"
        self.send(sock, head, body[:cut])
        if self.ends == "stall":
            time.sleep(self.stall)
            self.send(sock, b"", body[cut:])
            return not reply.close
        if self.ends == "garbage":  # behind the back of the TLS layer
            with socket.socket(fileno=os.dup(sock.fileno())) as plain:
                plain.sendall(b"\x17\x03\x03\x00\x40" + bytes(64))
        if self.ends == "reset":
            connection.reset()
        return False

    def send(self, sock, head, body):
        if not self.rate:
            if len(body) < 65536:
                sock.sendall(head + body)
            else:
                sock.sendall(head)
                sock.sendall(body)
            return
        sock.sendall(head)
        began, step = time.monotonic(), max(1, min(16384, int(self.rate / 50)))
        for at in range(0, len(body), step):
            sock.sendall(body[at:at + step])
            ahead = (at + step) / self.rate - (time.monotonic() - began)
            if ahead > 0:
                time.sleep(ahead)


def shift_range(answer, by, of_total):
    match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", answer.get("content-range") or "")
    if match:
        first, last, total = map(int, match.groups())
        ends = (first, last, total + by) if of_total else (first + by, last + by, total)
        answer.set("Content-Range", "bytes {}-{}/{}".format(*ends))


class RawPlan(Plan):
    """What a rule says, byte for byte."""

    def __init__(self, rule):
        super().__init__(Answer(0, [], b"", 0), cut=0)
        self.rule = rule

    def act(self, connection, _request, _reply):
        sock, rule = connection.sock, self.rule
        sock.sendall(rule.get("text", "").encode("latin-1"))
        more, left = rule.get("more", "").encode("latin-1"), int(rule.get("bytes", 0))
        block = more * (65536 // max(1, len(more)) + 1)
        while left < 0 or left > 0:  # ends with the client, too
            sock.sendall(block[:left] if 0 < left < len(block) else block)
            left = left if left < 0 else max(0, left - len(block))
        time.sleep(rule.get("seconds", 0))
        return False


class Proxy:
    def __init__(self, args):
        self.args = args
        self.script = self.initial_script()
        self.stats = wire.Stats(by_fault={})
        tls = None
        if args.tls:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(*args.tls)
        self.server = wire.Server(self.handle, self.stats, tls=tls, log=args.log,
                                  on_accept=self.accept)
        self.server.control[("POST", "/_script")] = self.take_script

    def initial_script(self):
        args, text = self.args, ""
        if args.script:
            with open(args.script) as file:
                text = file.read()
        try:
            return Script(text, args.rate, args.seed, args.faults.split(","))
        except BadScript as error:
            sys.exit(f"fault_proxy: {args.script}: {error}")

    def take_script(self, request):
        try:
            self.script = Script(request.body.decode())
        except (BadScript, UnicodeDecodeError) as error:
            return wire.text_reply(400, f"{error}\n")
        return Reply(204)

    def accept(self, sock):
        rule = self.script.strike(None) if self.server.tls is not None else None
        if rule is None:
            return True
        self.stats.tally("by_fault", "tls")
        sock.recv(65536)  # the client's hello; else the answer would meet a reset
        sock.sendall(b"no TLS is spoken here\r\n")
        return False

    def upstream(self, request):
        connection = request.connection
        if getattr(connection, "upstream", None) is None:
            connection.upstream = Upstream(self.args.to)
            connection.on_close = connection.upstream.close
        return connection.upstream

    def handle(self, request):
        rule = self.script.strike(request)
        if self.args.latency:
            time.sleep(self.args.latency / 1000)
        if rule is not None:
            self.stats.tally("by_fault", rule.fault)
        plan = self.plan(request, rule)
        plan.rate = plan.rate or self.args.bandwidth
        reply = Reply(plan.answer.status, act=plan.act)
        reply.sent = plan.sent()
        return reply

    def plan(self, request, rule):
        fault = rule.fault if rule is not None else ""
        if fault.isdigit() or fault == "expired":
            return self.plan_status(request, rule)
        if fault == "raw":
            return RawPlan(rule)
        if fault in ("garbage", "long_header"):
            plan = Plan(Answer(502, [], b"", 0), cut=0)
            plan.raw_head = b"\x00\x01 this is not HTTP\r\n\r\n" if fault == "garbage" else \
                b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * int(rule.get("bytes", 1 << 20))
            return plan
        if fault in ("reset", "stall") and rule.get("bytes") is None:
            return self.plan_silence(request, rule)
        answer = self.upstream(request).ask(request, ("range",) if fault == "whole" else ())
        return self.spoil(answer, rule) if rule is not None else Plan(answer)

    def plan_status(self, request, rule):
        if rule.get("forward"):
            self.upstream(request).ask(request)
        expired = rule.fault == "expired"
        status = int(rule.get("status", 400)) if expired else int(rule.fault)
        code = rule.get("code") or ("ExpiredToken" if expired else CODES.get(status, "Injected"))
        body = rule.get("body")
        if body is None:
            body = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>' + code + \
                "</Code><Message>injected by the test</Message></Error>"
        headers = [("Content-Type", "application/xml"), *rule.get("headers", {}).items()]
        if rule.get("retry_after") is not None:
            headers.append(("Retry-After", str(rule.get("retry_after"))))
        body = body.encode()
        return Plan(Answer(status, headers, b"" if request.method == "HEAD" else body, len(body)))

    def plan_silence(self, request, rule):
        """Nothing is sent at all, or nothing for a while."""
        if rule.fault == "stall" and not rule.get("forward"):
            time.sleep(rule.get("seconds", 30))
            return Plan(self.upstream(request).ask(request))
        if rule.get("forward"):
            answer = self.upstream(request).ask(request)
            if rule.fault == "stall":
                time.sleep(rule.get("seconds", 30))
                return Plan(answer)
        plan = Plan(Answer(0, [], b"", 0), cut=0, ends="reset")
        plan.raw_head = b""
        return plan

    def spoil(self, answer, rule):
        fault, half = rule.fault, len(answer.body) // 2
        cut = int(rule.get("bytes") if rule.get("bytes") is not None else half)
        if fault == "short":
            return Plan(answer, cut, "fin")
        if fault in ("reset", "stall"):
            return Plan(answer, cut, fault, stall=rule.get("seconds", 30))
        if fault == "tls_garbage":
            return Plan(answer, cut, "garbage" if self.server.tls is not None else "reset")
        if fault == "long":
            extra = int(rule.get("bytes", 1))
            answer.body += bytes(extra)
            answer.length += extra
        elif fault in ("wrong_range", "wrong_total"):
            shift_range(answer, int(rule.get("by", 1)), fault == "wrong_total")
        elif fault == "etag":
            answer.set("ETag", rule.get("value", '"00000000000000000000000000000000"'))
        elif fault == "corrupt" and answer.body:
            body = bytearray(answer.body)
            body[min(int(rule.get("at", half)), len(body) - 1)] ^= 0xff
            answer.body = bytes(body)
        rate = rule.get("rate", 1000) if fault == "slow" else 0
        return Plan(answer, ends="fin" if fault == "close" else "", rate=rate)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--to", type=int, required=True, metavar="PORT", help="the server behind, on 127.0.0.1")
    add("--script", metavar="FILE")
    add("--rate", type=float, default=0, metavar="P", help="chance of a fault, 0 to 1")
    add("--seed", type=int, default=0)
    add("--faults", default=",".join(RANDOM_FAULTS), metavar="NAME,...", help="those of --rate")
    add("--latency", type=float, default=0, metavar="MS", help="before each answer")
    add("--bandwidth", type=float, default=0, metavar="BYTES/S", help="of each connection")
    add("--tls", nargs=2, metavar=("CERT", "KEY"), help="speak TLS (make_certs.sh)")
    add("--log", action="store_true", help="requests on stderr")
    return parser.parse_args()


def main():
    wire.run(Proxy(parse_arguments()).server)


if __name__ == "__main__":
    main()
