"""Sandboxes of lambda_server.py. `args` of its program says what they are like."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error

import rie
import wire
from wire import Reply

SYNC_BYTES = 6291556


def report(kind, message):
    """How the service tells of an invocation without a response."""
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


class Broken(Exception):
    """An invocation that ends without a response; its text is the report's."""


def died(request_id, fault):
    if fault == "oom":
        return ("Runtime.OutOfMemory", f"RequestId: {request_id} Error: Runtime exited with "
                "error: signal: killed")
    return ("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: "
            "exit status 1")


def timed_out(request_id, timeout):
    return ("Sandbox.Timedout",
            f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds")


class Sandbox:
    """One process of the worker, or none with the stub. Events come one after another."""

    def __init__(self, server, number):
        self.server, self.number = server, number
        self.news = threading.Condition()
        self.event = self.answer = self.process = None
        self.request_id = self.deadline = None
        self.ready = False

    def start(self):
        args = self.server.args
        environment = dict(os.environ, **dict(v.split("=", 1) for v in args.env))
        environment.update(
            AWS_LAMBDA_RUNTIME_API=f"127.0.0.1:{self.server.runtime.port}/{self.number}",
            AWS_LAMBDA_FUNCTION_NAME=args.function,
            AWS_LAMBDA_FUNCTION_MEMORY_SIZE=str(args.memory),
            AWS_REGION=args.region, LAMBDA_TASK_ROOT=os.getcwd(), _HANDLER="worker")
        self.process = subprocess.Popen(args.bootstrap, env=environment, start_new_session=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=None if args.log else subprocess.DEVNULL)
        threading.Thread(target=self.watch, args=(self.process,), daemon=True).start()

    def watch(self, process):
        """Whoever waits for an answer of a process that is gone is told."""
        process.wait()
        with self.news:
            if self.process is process:
                self.process = None
                self.news.notify_all()

    def kill(self):
        with self.news:
            process, self.process, self.event = self.process, None, None
        if process is not None:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()

    def do(self, request_id, body, fault):
        """The response, or Broken."""
        args = self.server.args
        timeout = args.fault_wait if fault == "overtime" else args.timeout
        with self.news:
            if self.process is None:
                time.sleep(args.slow_start)
                self.start()
            self.event, self.answer, self.request_id = body, None, request_id
            self.deadline = time.time() + args.timeout
            self.news.notify_all()
            taken = self.news.wait_for(lambda: self.event is None or self.process is None, 30)
            if fault in ("crash", "oom"):
                self.news.wait(args.fault_wait * self.server.share(request_id))
            elif taken:
                self.news.wait_for(lambda: self.answer or self.process is None, timeout)
            answer = self.answer
        if fault in ("crash", "oom") or answer is None:
            gone = self.process is None
            self.kill()
            if fault in ("crash", "oom") or gone:
                raise Broken(*died(request_id, fault))
            raise Broken(*timed_out(request_id, args.timeout))
        kind, data = answer
        if kind == "error":
            raise Broken(None, data)
        if len(data) > SYNC_BYTES:
            raise Broken("Function.ResponseSizeTooLarge", "Response payload size exceeded "
                         f"maximum allowed payload size ({SYNC_BYTES} bytes).")
        return data

    # ---- the Runtime API ----

    def next(self):
        with self.news:
            self.news.wait_for(lambda: self.event is not None or self.process is None)
            event, self.event = self.event, None
            self.news.notify_all()
            if event is None:
                return Reply(500, close=True)
            return Reply(200, event, [
                ("Content-Type", "application/json"),
                ("Lambda-Runtime-Aws-Request-Id", self.request_id),
                ("Lambda-Runtime-Deadline-Ms", str(int(self.deadline * 1000))),
                ("Lambda-Runtime-Invoked-Function-Arn", self.server.arn),
                ("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700")])

    def take(self, request_id, kind, data):
        with self.news:
            if request_id != self.request_id or self.answer is not None:
                return wire.json_reply({"errorType": "InvalidStateTransition",
                                        "errorMessage": "Transition is not allowed"}, 403)
            self.answer = (kind, data)
            self.news.notify_all()
        return wire.json_reply({"status": "OK"}, 202)


class EmulatedSandbox:
    """AWS's own emulator with the worker in it: a runtime interface that others wrote, for one
    event at a time."""

    def __init__(self, server, number):
        self.server, self.number = server, number
        self.folder = self.box = None

    def start(self):
        args = self.server.args
        self.folder = tempfile.mkdtemp(prefix="zagg-sandbox-")
        self.box = rie.Emulator(args.bootstrap, self.folder, **{
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(args.timeout), "AWS_REGION": args.region,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(args.memory),
            **dict(v.split("=", 1) for v in args.env)})
        self.box.__enter__()

    def kill(self):
        """What it said goes to stderr, where that was asked for."""
        if self.box is None:
            return
        self.box.__exit__()
        if self.server.args.log:
            with open(f"{self.folder}/rie.log", encoding="utf-8", errors="replace") as log:
                print(log.read(), file=sys.stderr)
        shutil.rmtree(self.folder)
        self.box = None

    def do(self, request_id, body, _fault):
        """The response, or Broken. Faults come from what runs in it alone."""
        if self.box is None:
            self.start()
        try:
            data = self.box.send(body, self.server.args.timeout + 60)
        except (urllib.error.HTTPError, ConnectionError):
            self.kill()
            raise Broken(*died(request_id, None)) from None
        if data.startswith(b"Task timed out"):
            raise Broken(*timed_out(request_id, self.server.args.timeout))
        if b'"errorType"' in data and "errorType" in json.loads(data):
            raise Broken(None, data)
        return data
