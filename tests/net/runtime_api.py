"""The Lambda Runtime API of one sandbox, for tests: what a function's `bootstrap` asks for its
events, and where its answers go.

    api = RuntimeApi()
    process = subprocess.Popen([bootstrap], env={..., "AWS_LAMBDA_RUNTIME_API": api.address})
    outcome = api.invoke(b'{"mode": "ping"}')      # blocks; outcome.kind is "response" or "error"
"""
import queue
import threading
import time
import uuid

from wire import Reply, Server, Stats, json_reply

BASE = "/2018-06-01/runtime"
MAX_RESPONSE = 6291556


class Outcome:
    """What became of an event. `kind`: response, error, init (it failed before any event)."""

    def __init__(self, kind, body, headers, seconds):
        self.kind, self.body, self.headers, self.seconds = kind, body, headers, seconds


class Invocation:
    def __init__(self, event, headers, chunked, close):
        self.event, self.headers, self.chunked, self.close = event, headers, chunked, close
        self.begun = None
        self.outcome = queue.Queue()


class RuntimeApi:
    """`prefix`: of all paths, as cargo-lambda has it. `post_status`: what answers are told."""

    def __init__(self, prefix="", post_status=202):
        self.prefix, self.post_status = prefix, post_status
        self.waiting, self.init_error = queue.Queue(), queue.Queue()
        self.running, self.lock = {}, threading.Lock()
        self.sent = []  # "POST /...", in order
        self.server = Server(self.answer, Stats())
        self.server.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.server.port}{self.prefix}"

    @property
    def connections(self):
        return self.server.stats.connections

    def invoke(self, event, timeout_s=60, deadline_ms=None, headers=None, chunked=False,
               close=False):
        """deadline_ms: from now on; None: the bootstrap is told none. `close`: the connection ends
        behind the event."""
        given = {"Lambda-Runtime-Aws-Request-Id": str(uuid.uuid4()), **(headers or {})}
        if deadline_ms is not None:
            given["Lambda-Runtime-Deadline-Ms"] = str(int(time.time() * 1000 + deadline_ms))
        return self.offer(event, given, chunked, close).outcome.get(timeout=timeout_s)

    def offer(self, event, headers=None, chunked=False, close=False):
        """An event that nobody waits for."""
        given = headers or {"Lambda-Runtime-Aws-Request-Id": str(uuid.uuid4())}
        invocation = Invocation(event, given, chunked, close)
        self.waiting.put(invocation)
        return invocation

    # ---- the bootstrap's side ----

    def answer(self, request):
        path = request.path
        if not path.startswith(self.prefix + BASE):
            return json_reply({"errorType": "NotFound"}, 404)
        path = path[len(self.prefix + BASE):]
        self.sent.append(f"{request.method} {path}")
        if (request.method, path) == ("GET", "/invocation/next"):
            return self.next()
        if (request.method, path) == ("POST", "/init/error"):
            self.init_error.put(Outcome("init", request.body, request.headers, 0))
            return json_reply({"status": "OK"}, self.post_status)
        parts = path.split("/")
        if request.method == "POST" and len(parts) == 4 and parts[1] == "invocation":
            return self.take(parts[2], parts[3], request)
        return json_reply({"errorType": "NotFound"}, 404)

    def next(self):
        invocation = self.waiting.get()
        invocation.begun = time.monotonic()
        with self.lock:
            self.running[invocation.headers["Lambda-Runtime-Aws-Request-Id"]] = invocation
        headers = [("Content-Type", "application/json"), *invocation.headers.items()]
        reply = Reply(200, invocation.event, headers, close=invocation.close)
        if invocation.chunked:
            reply.act = send_chunked
        return reply

    def take(self, request_id, kind, request):
        with self.lock:
            invocation = self.running.get(request_id)
            if invocation is None:
                return json_reply({"errorType": "InvalidRequestID"}, 400)
            if kind == "response" and len(request.body) > MAX_RESPONSE:
                return json_reply({"errorType": "RequestEntityTooLarge"}, 413)
            del self.running[request_id]
        seconds = time.monotonic() - invocation.begun
        invocation.outcome.put(Outcome(kind, request.body, request.headers, seconds))
        return json_reply({"status": "OK"}, self.post_status)


def send_chunked(connection, _, reply):
    """In pieces that end in the middle of anything."""
    lines = [f"{name}: {value}" for name, value in reply.headers]
    head = "\r\n".join(["HTTP/1.1 200 OK", *lines, "Transfer-Encoding: chunked", "", ""]).encode()
    connection.sock.sendall(head)
    body = bytes(reply.body)
    for at in range(0, len(body), 100):
        piece = body[at:at + 100]
        connection.sock.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
    connection.sock.sendall(b"0\r\n\r\n")
    return True
