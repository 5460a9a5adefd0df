"""HTTP/1.1 as the tests' servers need it: connections kept alive, one thread each, every
request counted, and the end of the program when its stdin closes.

Own reading and writing of messages instead of http.server, because a fault has to be able to
break them anywhere, and because signatures need paths and headers as they came.
"""
import json
import os
import socket
import struct
import sys
import threading
import time
import traceback
from collections import Counter
from email.utils import formatdate
from http import HTTPStatus

MAX_LINE = 65536
MAX_HEADERS = 200
MAX_BODY = 1 << 30
MAX_LISTED = 20000  # of each list among the counters


class BadMessage(Exception):
    """Not HTTP, or more of it than is taken."""


# ---- messages ----


class Request:
    """`target` and `path` are as sent (percent-encoded); `headers` by lower-case name, values
    of the same name joined; `raw_headers` pairs in their order."""

    def __init__(self, method, target, raw_headers):
        self.method, self.target, self.raw_headers = method, target, raw_headers
        self.headers = {}
        for name, value in raw_headers:
            name = name.lower()
            self.headers[name] = f"{self.headers[name]},{value}" if name in self.headers else value
        if target.startswith(("http://", "https://")):  # as a proxy is asked
            authority, slash, rest = target.partition("://")[2].partition("/")
            self.headers["host"] = authority
            target = slash + rest if slash else "/"
        self.path, _, self.query = target.partition("?")
        self.body = b""
        self.chunked = False
        self.connection = None

    def get(self, name, default=None):
        return self.headers.get(name, default)


class Span:
    """Bytes of a file as the body of a reply."""

    def __init__(self, path, offset, length):
        self.path, self.offset, self.length = path, offset, length

    def __len__(self):
        return self.length

    def pieces(self, size=1 << 20):
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            left = self.length
            while left > 0:
                piece = file.read(min(size, left))
                if not piece:
                    raise ConnectionError(f"{self.path} has become shorter")
                left -= len(piece)
                yield piece


class Reply:
    """`body` is bytes or a Span. `act(connection, request, reply)`, where given, sends
    something in place of this reply and says whether the connection stays open."""

    def __init__(self, status, body=b"", headers=(), close=False, act=None):
        self.status, self.body, self.headers = status, body, list(headers)
        self.close, self.act = close, act
        self.sent = 0  # bytes of the body; `act` says beforehand what it will send

    def head(self, length):
        try:
            reason = HTTPStatus(self.status).phrase
        except ValueError:
            reason = "Status"
        lines = [f"HTTP/1.1 {self.status} {reason}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        if self.close:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def json_reply(value, status=200):
    return Reply(status, json.dumps(value).encode(), [("Content-Type", "application/json")])


def text_reply(status, text, headers=()):
    return Reply(status, text.encode(), [("Content-Type", "text/plain"), *headers])


def http_date(seconds):
    return formatdate(seconds, usegmt=True)


# ---- reading ----


def read_head(stream):
    """First line and headers (pairs) of a message; None where the connection has ended."""
    line = stream.readline(MAX_LINE)
    if not line:
        return None
    first, pairs = line.decode("latin-1").rstrip("\r\n"), []
    while True:
        line = stream.readline(MAX_LINE)
        if line in (b"\r\n", b"\n"):
            return first, pairs
        name, colon, value = line.decode("latin-1").partition(":")
        if not line.endswith(b"\n") or not colon or len(pairs) == MAX_HEADERS:
            raise BadMessage("headers that cannot be read")
        pairs.append((name, value.strip()))


def read_exactly(stream, length):
    data = stream.read(length)
    if len(data) != length:
        raise ConnectionError("the body has ended early")
    return data


def read_chunked(stream):
    pieces, total = [], 0
    while True:
        size = int(stream.readline(MAX_LINE).partition(b";")[0], 16)
        total += size
        if total > MAX_BODY:
            raise BadMessage("body too large")
        if size == 0:
            while stream.readline(MAX_LINE) not in (b"\r\n", b"\n", b""):
                pass
            return b"".join(pieces)
        pieces.append(read_exactly(stream, size))
        stream.readline(MAX_LINE)


def read_request(stream, sock):
    """The next request of a connection, or None."""
    head = read_head(stream)
    if head is None:
        return None
    words = head[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadMessage("not a request of HTTP/1")
    request = Request(words[0], words[1], head[1])
    length = request.get("content-length")
    request.chunked = "transfer-encoding" in request.headers
    if request.get("expect", "").lower() == "100-continue" and (length or request.chunked):
        sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if request.chunked:
        request.body = read_chunked(stream)
    elif length:
        if not length.isdigit() or int(length) > MAX_BODY:
            raise BadMessage("Content-Length")
        request.body = read_exactly(stream, int(length))
    return request


# ---- counters ----


class Stats:
    """What GET /_stats shows. Bytes are those of bodies. Control requests do not count, nor do
    connections that bore nothing else."""

    def __init__(self, **own):
        self.lock = threading.Lock()
        self.own = own  # counters (0), lists ([]) and tables ({}) of one kind of server
        self.reset()

    def reset(self):
        with self.lock:
            self.requests = self.bytes_in = self.bytes_out = self.connections = 0
            self.in_flight, self.max_in_flight, self.crashes = 0, 0, 0
            self.by_method, self.by_status = Counter(), Counter()
            self.ranges, self.paths = [], []
            self.special = {name: list(v) if isinstance(v, list) else Counter() if v == {} else v
                            for name, v in self.own.items()}

    def begin(self, request, new_connection):
        with self.lock:
            self.requests += 1
            self.connections += new_connection
            self.by_method[request.method] += 1
            self.bytes_in += len(request.body)
            self.in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)
            if len(self.paths) < MAX_LISTED:
                self.paths.append(f"{request.method} {request.target}")
            if "range" in request.headers and len(self.ranges) < MAX_LISTED:
                self.ranges.append(f"{request.path} {request.headers['range']}")

    def answered(self, reply):
        """Counted before it is sent: who has the answer finds it counted."""
        with self.lock:
            self.by_status[str(reply.status)] += 1
            self.bytes_out += reply.sent

    def end(self):
        with self.lock:
            self.in_flight = max(0, self.in_flight - 1)

    def count(self, name, n=1):
        with self.lock:
            self.special[name] += n

    def note(self, name, item):
        with self.lock:
            if len(self.special[name]) < MAX_LISTED:
                self.special[name].append(item)

    def tally(self, table, name):
        with self.lock:
            self.special[table][name] += 1

    def as_json(self):
        with self.lock:
            names = ("requests", "by_method", "by_status", "bytes_in", "bytes_out", "connections",
                     "max_in_flight", "crashes", "ranges", "paths")
            return json.dumps({**{n: getattr(self, n) for n in names}, **self.special})


# ---- connections ----


class Connection:
    def __init__(self, server, sock):
        self.server, self.sock = server, sock
        self.stream = sock.makefile("rb", 65536)
        self.counted = False
        self.on_close = None

    def serve(self):
        while True:
            request = read_request(self.stream, self.sock)
            if request is None:
                return
            request.connection = self
            if not self.answer(request):
                return

    def answer(self, request):
        """False: the connection is to end."""
        server, stats = self.server, self.server.stats
        control = server.control.get((request.method, request.path))
        if control is not None:
            self.send(request, control(request))
            return "close" not in request.get("connection", "").lower()
        stats.begin(request, not self.counted)
        self.counted = True
        try:
            reply = server.reply_to(request)
            reply.close |= "close" in request.get("connection", "").lower()
            if server.log:
                print(request.method, request.target, reply.status, file=sys.stderr)
            if reply.act is None and request.method != "HEAD":
                reply.sent = len(reply.body)
            stats.answered(reply)
            if reply.act is not None:
                return reply.act(self, request, reply)
            self.send(request, reply)
            return not reply.close
        finally:
            stats.end()

    def send(self, request, reply):
        if reply.status in (204, 304):
            self.sock.sendall(reply.head(None))
            return
        head = reply.head(len(reply.body))
        if request.method == "HEAD":
            self.sock.sendall(head)
        elif isinstance(reply.body, Span):
            self.sock.sendall(head)
            for piece in reply.body.pieces():
                self.sock.sendall(piece)
        else:
            self.send_bytes(head, reply.body)

    def send_bytes(self, head, body):
        """One segment where it fits: no waiting for an acknowledgement in between."""
        if len(body) < 65536:
            self.sock.sendall(head + body)
        else:
            self.sock.sendall(head)
            self.sock.sendall(body)

    def reset(self):
        """End it with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        if self.on_close is not None:
            self.on_close()
        for end in (self.stream, self.sock):
            try:
                end.close()
            except OSError:
                pass


class Server:
    """Listens on a port of 127.0.0.1. `handle(request)` gives a Reply; several threads call it.
    `on_accept(socket)` may spoil a connection by returning False."""

    def __init__(self, handle, stats, tls=None, log=False, on_accept=None):
        self.handle, self.stats, self.tls, self.log = handle, stats, tls, log
        self.on_accept = on_accept
        self.control = {("GET", "/_stats"): self.show_stats,
                        ("POST", "/_reset"): self.reset_stats}
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]

    def show_stats(self, _):
        return Reply(200, self.stats.as_json().encode(), [("Content-Type", "application/json")])

    def reset_stats(self, _):
        self.stats.reset()
        return Reply(204)

    def start(self):
        threading.Thread(target=self.accept_all, daemon=True).start()

    def accept_all(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:  # gone before it was taken, or no descriptors just now
                time.sleep(0.01)
                continue
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        connection = None
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.on_accept is not None and not self.on_accept(sock):
                sock.close()
                return
            if self.tls is not None:
                sock = self.tls.wrap_socket(sock, server_side=True)
            connection = Connection(self, sock)
            connection.serve()
        except BadMessage as error:
            sock.sendall(Reply(400, close=True).head(0))
            print("bad request:", error, file=sys.stderr)
        except (OSError, ValueError):  # the client has gone, or hung up on purpose
            pass
        finally:
            if connection is not None:
                connection.close()
            sock.close()

    def reply_to(self, request):
        try:
            return self.handle(request)
        except OSError:
            raise
        except Exception:  # a defect of the server: tests look at `crashes`
            traceback.print_exc()
            with self.stats.lock:
                self.stats.crashes += 1
            return text_reply(500, "the test server has a defect, see its stderr\n")


def run(*servers, at_end=None):
    """Serve until stdin closes, which it also does when who started us has died."""
    for server in servers:
        server.start()
    print("ready", *(server.port for server in servers), flush=True)
    try:
        while sys.stdin.buffer.read1(4096):
            pass
    except KeyboardInterrupt:
        pass
    if at_end is not None:
        at_end()
    os._exit(0)
