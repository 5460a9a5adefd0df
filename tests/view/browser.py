"""A headless Chromium, driven by its DevTools protocol over a pair of pipes: no port, no package."""
import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zlib

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PATIENCE_S = 120.0


def find():
    """Path of a browser, or None."""
    named = os.environ.get("ZAGG_CHROMIUM")
    if named:
        return named
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    """One page in one browser. Answers are waited for, events are kept in `events`."""

    def __init__(self, path, width=1200, height=800):
        self.profile = tempfile.TemporaryDirectory(prefix="zagg-view-",
                                                   ignore_cleanup_errors=True)
        to_read, self.to = os.pipe()
        self.come, to_write = os.pipe()
        self.events, self.buffer, self.number, self.session = [], b"", 0, None

        def hand_over():  # the browser reads commands at 3 and writes answers at 4
            ends = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (to_read, to_write)]
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self.process = subprocess.Popen(
            [path, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
             "--force-device-scale-factor=1", f"--user-data-dir={self.profile.name}",
             f"--window-size={width},{height}", "--remote-debugging-pipe", "about:blank"],
            close_fds=False, start_new_session=True, preexec_fn=hand_over, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)  # it and its helpers: a session of their own
        self.process.wait()
        os.close(self.to)
        os.close(self.come)
        self.profile.cleanup()

    # ---- protocol ----

    def message(self, until):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.come], [], [], max(0.0, until - time.monotonic()))
            data = os.read(self.come, 1 << 20) if ready else b""
            if not data:
                raise RuntimeError("the browser does not answer")
            self.buffer += data
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **params):
        self.number += 1
        command = {"id": self.number, "method": method, "params": params}
        if self.session:
            command["sessionId"] = self.session
        data = json.dumps(command).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        until = time.monotonic() + PATIENCE_S
        while True:
            answer = self.message(until)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    # ---- a page ----

    def open(self, path):
        self.events.clear()
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        self.wait("window.zaggView !== undefined && document.readyState === 'complete'")
        self.settle()

    def js(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, condition):
        """Until it holds; what can take long is the machine, not the page."""
        until = time.monotonic() + PATIENCE_S
        while not self.js(condition):
            if time.monotonic() > until:
                raise AssertionError(f"never came true: {condition}")
            time.sleep(0.02)

    def settle(self):
        """Until all that was drawn is there."""
        self.js("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(1))))")

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)
        self.settle()

    def click(self, x, y):
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y, button="left", clickCount=1)
        self.mouse("mouseReleased", x, y, button="left", clickCount=1)

    def key(self, key, text="", **more):
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowLeft": 37, "ArrowUp": 38,
                 "ArrowRight": 39, "ArrowDown": 40}
        code = codes.get(key, ord(key.upper()) if len(key) == 1 else 0)
        text = text or (key if len(key) == 1 else "\r" if key == "Enter" else "")
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=text,
                  windowsVirtualKeyCode=code, **more)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code, **more)
        self.settle()

    def type(self, text):
        self.call("Input.insertText", text=text)
        self.settle()

    def screenshot(self):
        return Picture(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def complaints(self):
        """Errors of the page so far, and what it asked of others."""
        found = []
        for e in self.events:
            p = e.get("params", {})
            if e.get("method") == "Runtime.exceptionThrown":
                found.append(json.dumps(p["exceptionDetails"])[:400])
            if e.get("method") == "Log.entryAdded" and p["entry"]["level"] == "error":
                found.append(p["entry"]["text"])
            if e.get("method") == "Network.requestWillBeSent" and not p["request"]["url"].startswith("file:"):
                found.append("asked for " + p["request"]["url"])
        return found


class Picture:
    """An 8-bit RGB or RGBA PNG, as rows of pixels."""

    def __init__(self, data):
        if data[:8] != b"\x89PNG\r\n\x1a\n":
            raise ValueError("no PNG")
        at, packed = 8, b""
        while at < len(data):
            size, kind = int.from_bytes(data[at:at + 4], "big"), data[at + 4:at + 8]
            body = data[at + 8:at + 8 + size]
            if int.from_bytes(data[at + 8 + size:at + 12 + size], "big") != zlib.crc32(kind + body):
                raise ValueError(f"checksum of {kind}")
            if kind == b"IHDR":
                self.width, self.height = (int.from_bytes(body[i:i + 4], "big") for i in (0, 4))
                self.channels = {2: 3, 6: 4}[body[9]]
                if body[8] != 8 or body[12] != 0:
                    raise ValueError("not 8 bits, or interlaced")
            if kind == b"IDAT":
                packed += body
            at += size + 12
        self.rows = self.unfilter(zlib.decompress(packed))

    def unfilter(self, raw):
        n, bpp = self.width * self.channels, self.channels
        rows, before = [], bytearray(n)
        for r in range(self.height):
            kind, row = raw[r * (n + 1)], bytearray(raw[r * (n + 1) + 1:(r + 1) * (n + 1)])
            for i in range(n if kind else 0):
                a, b = row[i - bpp] if i >= bpp else 0, before[i]
                c = before[i - bpp] if i >= bpp else 0
                row[i] = (row[i] + (a, b, (a + b) // 2, paeth(a, b, c))[kind - 1]) & 255
            rows.append(row)
            before = row
        return rows

    def pixel(self, x, y):
        at = int(x) * self.channels
        return tuple(self.rows[int(y)][at:at + 3])

    def share(self, box, test):
        """Part of the pixels in (x0, y0, x1, y1) of which `test` is true."""
        x0, y0, x1, y1 = map(int, box)
        hits = sum(test(self.pixel(x, y)) for y in range(y0, y1, 2) for x in range(x0, x1, 2))
        return hits / (len(range(y0, y1, 2)) * len(range(x0, x1, 2)))


def paeth(a, b, c):
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def near(a, b, tolerance=12):
    return all(abs(x - y) <= tolerance for x, y in zip(a, b))


def skip(reason):
    print("skipped:", reason)
    sys.exit(77)
