"""A sandbox of Lambda for bench/lambda.py: AWS's emulator with one worker, which it starts when the
first event comes, and what can be seen of both from outside."""
import os
import pathlib
import re
import shutil
import socket
import sys
import tempfile
import time

from common import BUILD, ROOT, peak_bytes, say

os.environ.setdefault("ZAGG_BUILD_DIR", str(BUILD))
os.environ.setdefault("ZAGG_SOURCE_DIR", str(ROOT))
sys.path.insert(0, str(ROOT / "tests" / "net"))
import rie  # noqa: E402: it is found there

REPORT = re.compile(r"^REPORT .*\tBilled Duration: ([0-9]+) ms", re.M)
MB_PER_CPU = 1769  # AWS gives one processor for so many MB


class Sandbox(rie.Emulator):
    """One emulator and its worker, as a context. `mb`: the size that the worker is told."""

    def __init__(self, command, mb=2048, **more):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="zagg-lambda-"))
        self.sent, self.pids = 0, []
        super().__init__([str(word) for word in command], str(self.folder),
                         AWS_LAMBDA_FUNCTION_MEMORY_SIZE=str(mb), AWS_LAMBDA_FUNCTION_TIMEOUT="900",
                         **more)

    def __enter__(self):
        super().__enter__()
        if self.workers():
            sys.exit("bench: the emulator starts its worker before an event comes: what is "
                     "measured here is no cold start")
        return self

    def __exit__(self, *failure):
        super().__exit__(*failure)
        if failure[0] is not None:
            say((self.folder / "rie.log").read_text(errors="replace")[-2000:])
        shutil.rmtree(self.folder)

    def workers(self):
        """Processes of the worker: all below the emulator."""
        found, left = [], [self.process.pid]
        while left:
            for task in pathlib.Path(f"/proc/{left.pop()}/task").glob("*/children"):
                try:
                    more = [int(word) for word in task.read_text().split()]
                except OSError:
                    continue
                found += more
                left += more
        return found

    def cpu_s(self):
        """User and system seconds of the worker so far, threads that ended included."""
        return sum(time.clock_gettime(~pid << 3 | 2) for pid in self.workers())

    def peak_bytes(self):
        return sum(peak_bytes(pid) or 0 for pid in self.workers())

    def timed(self, event):
        """Seconds from an event's sending to the first byte of the response, and the response."""
        head = (f"POST /2015-03-31/functions/function/invocations HTTP/1.1\r\nHost: localhost\r\n"
                f"Connection: close\r\nContent-Length: {len(event)}\r\n\r\n").encode()
        with socket.create_connection(("127.0.0.1", self.port)) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            start = time.perf_counter()
            link.sendall(head + event)
            answer = link.recv(65536)
            seconds = time.perf_counter() - start
            while chunk := link.recv(65536):
                answer += chunk
        self.sent += 1
        head, _, body = answer.partition(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            sys.exit(f"bench: the emulator answers {answer[:500]!r}")
        return seconds, body

    def billed_s(self):
        """Seconds that the emulator bills for the last event; for the first one with the start of
        the worker."""
        for _ in range(6000):
            found = REPORT.findall((self.folder / "rie.log").read_text(errors="replace"))
            if len(found) == self.sent:
                return int(found[-1]) / 1e3
            time.sleep(0.01)
        sys.exit(f"bench: {self.sent} events, but the emulator reports {len(found)}")
