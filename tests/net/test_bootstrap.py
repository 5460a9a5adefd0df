#!/usr/bin/env python3
"""Is `bootstrap` a Lambda runtime? It is driven through a Runtime API of the tests' own. Run by
ctest (label net-tools), or by hand: ZAGG_BUILD_DIR=build/release tests/net/test_bootstrap.py"""
import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import needs
from client import Running
from runtime_api import RuntimeApi

BUILD = os.path.abspath(os.environ.get("ZAGG_BUILD_DIR", "build/release"))
with open(f"{BUILD}/bootstrap", "rb") as program:
    TEXT = program.read()
SANITIZED = b"__asan_init" in TEXT or b"__tsan_init" in TEXT
PIDFD_GETFD = 438  # of the system calls
WARM = int(os.environ.get("ZAGG_BOOTSTRAP_WARM", "1000"))
KEYS = {"accessKeyId": "AKIAEVENT", "secretAccessKey": "event-secret", "sessionToken": "event-token"}


def environment(**more):
    """As a sandbox has it: nothing of the tests' own but what programs need to start."""
    kept = ("PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "TMPDIR",
            "LSAN_OPTIONS")
    return {**{k: os.environ[k] for k in kept if k in os.environ},
            "AWS_EC2_METADATA_DISABLED": "true", **more}


class Sandbox:
    """A bootstrap and its Runtime API, as a context."""

    def __init__(self, prefix="", before=(), **env):
        """`before`: a command that becomes the program behind it."""
        self.api = RuntimeApi(prefix)
        self.stderr = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [*before, f"{BUILD}/bootstrap"], stderr=self.stderr, stdin=subprocess.DEVNULL,
            env=environment(AWS_LAMBDA_RUNTIME_API=self.api.address, **env))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.stderr.close()

    def invoke(self, event, **how):
        text = event if isinstance(event, bytes) else json.dumps(event).encode()
        return self.api.invoke(text, **how)

    def offer(self, event, deadline_ms):
        """As invoke, without waiting for its outcome."""
        return self.api.offer(json.dumps(event).encode(), {
            "Lambda-Runtime-Aws-Request-Id": "offered",
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000 + deadline_ms))})

    def sockets(self):
        """Copies of its TCP sockets."""
        found, folder = [], f"/proc/{self.process.pid}/fd"
        handle = os.pidfd_open(self.process.pid)
        for number in os.listdir(folder):
            if os.readlink(f"{folder}/{number}").startswith("socket:"):
                copy = ctypes.CDLL(None, use_errno=True).syscall(
                    PIDFD_GETFD, handle, int(number), 0)
                assert copy >= 0, os.strerror(ctypes.get_errno())
                found.append(socket.socket(fileno=copy))
        os.close(handle)
        return found

    def log(self):
        self.stderr.seek(0)
        return self.stderr.read().decode()

    def memory_kib(self, what="VmRSS"):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith(what + ":"):
                    return int(line.split()[1])
        raise AssertionError(what)

    def places_of(self, secret):
        """Mappings in whose writable memory it stands."""
        found = []
        with open(f"/proc/{self.process.pid}/maps", encoding="ascii") as maps, \
                open(f"/proc/{self.process.pid}/mem", "rb", buffering=0) as memory:
            for line in maps:
                first, end = (int(number, 16) for number in line.split()[0].split("-"))
                # A sanitizer's terabytes are not looked through, nor what it holds back from use.
                if line.split()[1].startswith("rw") and not SANITIZED:
                    if secret in os.pread(memory.fileno(), end - first, first):
                        found.append(line.strip())
        return found


def body_of(outcome):
    """Of a response: its code and what its body says."""
    response = json.loads(outcome.body)
    assert list(response) == ["statusCode", "body"], response
    return response["statusCode"], json.loads(response["body"])


class Bootstrap(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.config = json.loads(CONFIG)
        self.store = f"{self.folder.name}/out.zarr"

    def setup_event(self):
        return {"mode": "setup", "store_path": self.store, "parent_order": 6, "child_order": 8,
                "n_parent_cells": None, "overwrite": False, "config": self.config}

    def process_event(self, **more):
        return {"chunk_idx": [0], "shard_key": 12715069122950463494, "parent_order": 6,
                "granule_urls": [], "store_path": self.store, "s3_credentials": KEYS,
                "child_order": 8, "config": self.config, **more}

    def check_pings(self, box, n, **how):
        for _ in range(n):
            outcome = box.invoke({"mode": "ping", "store_path": self.store}, **how)
            self.assertEqual(outcome.kind, "response")
            self.assertEqual(body_of(outcome)[0], 200)

    def test_events_on_one_connection(self):
        with Sandbox() as box:
            self.assertEqual(body_of(box.invoke(self.setup_event())),
                             (200, {"ok": True, "mode": "setup"}))
            code, body = body_of(box.invoke(self.process_event()))
            self.assertEqual((code, body["error"]), (500, "No granules found"))
            self.assertEqual(body["shard_key"], 12715069122950463494)
            self.assertEqual(body_of(box.invoke({"mode": "nonsense"}))[0], 400)
            self.check_pings(box, 5)
            self.assertEqual(box.api.connections, 1)
        self.assertEqual(os.listdir(f"{self.folder.name}/out.zarr.status"), [])

    def test_prefix_chunks_and_closed_connections(self):
        with Sandbox(prefix="/.rt/process-shard") as box:
            self.check_pings(box, 3, chunked=True)
            self.check_pings(box, 3, close=True)
            self.check_pings(box, 3)

    def test_any_success_is_taken(self):
        with Sandbox() as box:
            box.api.post_status = 200
            self.check_pings(box, 3)

    def test_proxies_and_empty_variables_are_ignored(self):
        nowhere = "http://127.0.0.1:9"
        with Sandbox(http_proxy=nowhere, HTTP_PROXY=nowhere, https_proxy=nowhere, all_proxy=nowhere,
                     AWS_REGION="", AWS_SESSION_TOKEN="", AWS_ACCESS_KEY_ID="", SSL_CERT_FILE="",
                     AWS_LAMBDA_FUNCTION_MEMORY_SIZE="", ZAGG_LOG_LEVEL="", LAMBDA_TASK_ROOT="",
                     AWS_LAMBDA_LOG_GROUP_NAME="") as box:
            self.check_pings(box, 3)

    def test_memory_of_the_function(self):
        """What it sets leaves room for events, in a build with sanitizers as well."""
        with Sandbox(AWS_LAMBDA_FUNCTION_MEMORY_SIZE="512") as box:
            self.check_pings(box, 3)

    def test_events_that_are_none(self):
        with Sandbox() as box:
            for text, kind in ((b"{not json", "Runtime.UnmarshalError"),
                               (b"", "Runtime.UnmarshalError"),
                               (b"[1, 2]", "Runtime.UnmarshalError")):
                outcome = box.invoke(text)
                self.assertEqual(outcome.kind, "error")
                self.assertEqual(outcome.headers["lambda-runtime-function-error-type"], kind)
                error = json.loads(outcome.body)
                self.assertEqual(error["errorType"], kind)
                self.assertEqual(error["stackTrace"], [])
                self.assertTrue(error["errorMessage"])
            self.check_pings(box, 1)

    def test_init_error(self):
        with Sandbox(ZAGG_LOG_LEVEL="loud") as box:
            outcome = box.api.init_error.get(timeout=30)
            self.assertEqual(outcome.headers["lambda-runtime-function-error-type"], "Init.Config")
            self.assertIn("ZAGG_LOG_LEVEL", json.loads(outcome.body)["errorMessage"])
            self.assertEqual(box.process.wait(30), 1)
            self.assertEqual(box.api.sent, ["POST /init/error"])

    def test_without_a_runtime(self):
        done = subprocess.run([f"{BUILD}/bootstrap"], env=environment(AWS_LAMBDA_RUNTIME_API=""),
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("AWS_LAMBDA_RUNTIME_API is not set", done.stderr)

    def test_runtime_that_is_gone(self):
        with Sandbox() as box:
            self.check_pings(box, 1)
            box.api.server.listener.shutdown(socket.SHUT_RDWR)
            box.api.offer(b"{}", close=True)  # the next connection finds nobody
            self.assertEqual(box.process.wait(60), 1)

    def test_sigterm_between_events(self):
        with Sandbox() as box:
            self.check_pings(box, 1)
            box.process.send_signal(signal.SIGTERM)
            self.assertEqual(box.process.wait(30), 0)

    def test_trace_and_request_ids(self):
        with Sandbox() as box:
            outcome = box.invoke(self.process_event(handoff="polars"),
                                 headers={"Lambda-Runtime-Aws-Request-Id": "req-77",
                                          "Lambda-Runtime-Trace-Id": "Root=1-2-3"})
            code, body = body_of(outcome)
            self.assertEqual(code, 500)
            self.assertEqual(body["request_id"], "req-77")
            self.assertIn("handoff must be 'pandas' or 'arrow', got 'polars'", body["error"])

    def test_trace_is_that_of_the_event(self):
        """It is in the environment, and none of an event before it is left anywhere."""
        name, traces = b"_X_AMZN_TRACE_ID=", (b"Root=1-aa", b"Root=2-bbbb", b"Root=3-c")
        ping = {"mode": "ping", "store_path": self.store}
        with Sandbox() as box:
            for trace in traces:
                box.invoke(ping, headers={"Lambda-Runtime-Aws-Request-Id": "r",
                                          "Lambda-Runtime-Trace-Id": trace.decode()})
                for other in traces:
                    found = box.places_of(name + other)
                    self.assertEqual(bool(found), other == trace and not SANITIZED, found)
            box.invoke(ping)
            self.assertEqual([box.places_of(name + trace) for trace in traces], [[], [], []])

    def test_connection_sends_at_once(self):
        """TCP_NODELAY, as the kernel has it."""
        with Sandbox() as box:
            self.check_pings(box, 1)
            found = []
            for copy in box.sockets():
                with copy:
                    found.append(copy.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            self.assertEqual(found, [1])

    def test_response_that_is_too_long(self):
        """Its caller learns why, where Lambda would answer 413; the next event is served."""
        with Sandbox() as box:
            outcome = box.invoke(self.process_event(shard_key='"' * 1_600_000))
            self.assertEqual(outcome.kind, "error")
            self.assertEqual(outcome.headers["lambda-runtime-function-error-type"],
                             "Function.ResponseSizeTooLarge")
            self.assertEqual(json.loads(outcome.body)["errorType"], "Function.ResponseSizeTooLarge")
            self.check_pings(box, 1)

    def test_log_lines_bear_the_request_and_no_keys(self):
        with Sandbox(ZAGG_LOG_LEVEL="trace") as box:
            box.invoke(self.process_event(granule_urls=["/nowhere/g.h5"]),
                       headers={"Lambda-Runtime-Aws-Request-Id": "req-78"})
            lines = [json.loads(line) for line in box.log().splitlines()]
            self.assertTrue(any(line.get("request_id") == "req-78" and "/nowhere/g.h5" in
                                line["message"] for line in lines), lines)
            for secret in ("event-secret", "event-token"):
                self.assertNotIn(secret, box.log())

    def test_deadline(self):
        """A server that never answers: the error is there before the sandbox would be stopped."""
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        self.config["data_source"]["driver"] = "https"
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/g.h5"
        with Sandbox() as box:
            outcome = box.invoke(self.process_event(granule_urls=[url], run_id="r1",
                                                    s3_credentials={"edl_token": "tok-123"}),
                                 deadline_ms=10000)
            code, body = body_of(outcome)
            self.assertEqual(code, 500)
            self.assertRegex(body["error"], "^Deadline: given up after [0-9.]+ s of [0-9.]+ s; ")
            self.assertLess(outcome.seconds, 10)
            with open(f"{self.store}.status/run-r1/shard-12715069122950463494.json",
                      encoding="utf-8") as file:
                status = json.load(file)
            self.assertEqual((status["status"], status["error"]), ("failed", body["error"]))
            self.assertNotIn("tok-123", box.log())

    def test_deadline_of_a_store_that_is_silent(self):
        """Whatever it is that hangs, the response is on its way before the sandbox is stopped."""
        silent = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.addCleanup(silent.close)
        store = {"store_path": "s3://bucket/out.zarr", "output_credentials": {
            **KEYS, "endpointUrl": f"http://127.0.0.1:{silent.getsockname()[1]}"}}
        events = {"setup": {**self.setup_event(), "overwrite": True, **store},
                  "finalize": {"mode": "finalize", **store}, "ping": {"mode": "ping", **store},
                  "shard": {**self.process_event(run_id="r1"), **store},
                  "result": {**self.process_event(result_url="s3://bucket/r.json"), **store,
                             "store_path": self.store}}
        with contextlib.ExitStack() as stack:
            boxes = {name: stack.enter_context(Sandbox()) for name in events}
            offered = {name: boxes[name].offer(event, deadline_ms=20000)
                       for name, event in events.items()}
            for name, invocation in offered.items():
                with self.subTest(name):
                    outcome = invocation.outcome.get(timeout=60)
                    self.assertLess(outcome.seconds, 20)  # 16 for the event, 3.2 for its status
                    code, body = body_of(outcome)
                    self.assertEqual(code, 500)
                    if name == "result":  # its store is here
                        self.assertEqual(body["error"], "No granules found")
                    else:
                        self.assertRegex(body["error"], "^Deadline: given up after [0-9.]+ s of ")
                    self.assertEqual(body.get("mode"), events[name].get("mode"))

    def test_deadline_leaves_time_for_the_status(self):
        """A granule hangs, and what became of its shard is put into the bucket nevertheless."""
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        bucket = Running("s3_server", "--root", self.folder.name, "--key", KEYS["accessKeyId"],
                         KEYS["secretAccessKey"], "--token", KEYS["sessionToken"])
        self.addCleanup(bucket.stop)
        os.mkdir(f"{self.folder.name}/out")
        self.config["data_source"]["driver"] = "https"
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/g.h5"
        event = self.process_event(
            granule_urls=[url], run_id="r1", store_path="s3://out/a.zarr",
            s3_credentials={"edl_token": "tok-123"},
            output_credentials={**KEYS, "region": "us-west-2",
                                "endpointUrl": f"http://127.0.0.1:{bucket.port}"})
        with Sandbox() as box:
            code, body = body_of(box.invoke(event, deadline_ms=10000))
            self.assertEqual((code, body["error"][:9]), (500, "Deadline:"), box.log())
        name = "a.zarr.status/run-r1/shard-12715069122950463494.json"
        with open(f"{self.folder.name}/out/{name}", encoding="utf-8") as file:
            self.assertEqual(json.load(file)["error"], body["error"])

    def test_sigterm_in_the_middle_of_an_event(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        self.config["data_source"]["driver"] = "https"
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/g.h5"
        with Sandbox() as box:
            offered = box.api.offer(json.dumps(self.process_event(
                granule_urls=[url], s3_credentials={"edl_token": "tok-123"})).encode())
            asking, _ = silent.accept()  # for the granule
            self.addCleanup(asking.close)
            box.process.send_signal(signal.SIGTERM)
            code, body = body_of(offered.outcome.get(timeout=60))
            self.assertEqual((code, body["error"][:9]), (500, "Stopped: "))
            self.assertEqual(box.process.wait(30), 0)

    def test_keys_are_not_left_behind(self):
        """When the next event is asked for nothing of the last one is in the process."""
        with Sandbox() as box:
            for chunked in (False, True):
                box.invoke(self.process_event(granule_urls=["/nowhere/g.h5"]), chunked=chunked)
                while not box.api.sent[-1].startswith("GET "):
                    time.sleep(0.01)
                for secret in (b"event-secret", b"event-token"):
                    self.assertEqual(box.places_of(secret), [])

    def test_memory_stays_after_many_events(self):
        """Warm events leave nothing behind."""
        with Sandbox() as box:
            self.assertEqual(body_of(box.invoke(self.setup_event()))[0], 200)
            before = 0
            for i in range(WARM):
                outcome = box.invoke(self.process_event(granule_urls=["/nowhere/g.h5"]))
                self.assertEqual(body_of(outcome)[0], 500)
                if i == WARM // 10:
                    before = box.memory_kib()
            self.assertEqual(box.api.connections, 1)
            if not SANITIZED:
                self.assertLess(box.memory_kib(), before + 512)


CONFIG = """{"data_source": {"driver": "file", "groups": ["gt1l"],
 "coordinates": {"latitude": "/{group}/lat", "longitude": "/{group}/lon"},
 "variables": {"h_ph": "/{group}/h_ph"}},
 "aggregation": {"variables": {"count": {"function": "len", "source": "h_ph", "dtype": "int32",
 "fill_value": 0}}},
 "output": {"store_layout": "flat", "grid": {"type": "healpix", "indexing_scheme": "nested",
 "parent_order": 6, "child_order": 8}}, "catalog": null, "bounds": null}"""

if __name__ == "__main__":
    needs.main()
