"""What the tests of zagg-bench share: where things are, and its runs."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = ROOT / "bench" / "zagg-bench"
TARGETS = ROOT / "bench" / "targets.json"
SHARED = ROOT / (os.environ.get("ZAGG_SHARED") or "../shared")
GOLDEN = ROOT / os.environ["ZAGG_GOLDEN"] if os.environ.get("ZAGG_GOLDEN") else SHARED / "golden"
os.environ["ZAGG_SHARED"] = str(SHARED)  # targets.json and zagg-bench see the same folder

sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "bench"))


def needed(path, may_miss):
    """`path`, or the test is skipped where it is not there; CI must have it."""
    if path.exists():
        return path
    if os.environ.get("CI") and not may_miss:
        raise AssertionError(f"{path} is missing")
    raise unittest.SkipTest(f"{path} is not there")


def shared(relative):
    return needed(SHARED / relative, False)


def golden(relative):
    path = needed(GOLDEN / relative, bool(os.environ.get("ZAGG_GOLDEN")))
    return json.loads(path.read_text(encoding="utf-8"))


class Case(unittest.TestCase):
    """A test with a scratch folder."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="zagg-bench-test-")
        self.addCleanup(folder.cleanup)
        self.work = pathlib.Path(folder.name)

    def bench(self, *arguments, env=None):
        return subprocess.run([sys.executable, str(PROGRAM), *map(str, arguments)],
                              capture_output=True, encoding="utf-8",
                              env={**os.environ, **(env or {})}, check=False)

    def succeed(self, *arguments, env=None):
        done = self.bench(*arguments, env=env)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def refuse(self, code, text, *arguments, env=None):
        """It ends with `code` and one line that has `text` in it."""
        done = self.bench(*arguments, env=env)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertRegex(done.stderr, r"\Azagg-bench[^\n]*\n\Z")
        self.assertIn(text, done.stderr)

    def write(self, name, content):
        path = self.work / name
        path.write_text(content if isinstance(content, str) else json.dumps(content),
                        encoding="utf-8")
        return path

    def records(self, name):
        return json.loads((self.work / name).read_text(encoding="utf-8"))


main = unittest.main
