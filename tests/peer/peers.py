"""What the peer tests share: running zagg, upstream and the store tools, and comparing."""
import os
import pathlib
import subprocess
import sys
import tempfile

BUILD = pathlib.Path(os.environ["ZAGG_BUILD_DIR"])
SHARED = pathlib.Path(os.environ["ZAGG_SHARED"]).resolve()
GOLDEN = pathlib.Path(os.environ.get("ZAGG_GOLDEN") or SHARED / "golden").resolve()
TOOLS = pathlib.Path(os.environ["ZAGG_TOOLS"]).resolve()

SKIPPED = 77  # SKIP_RETURN_CODE of CMakeLists.txt
failures, skipped = [], []


def check(name, ok, detail=""):
    """One named case; finish() fails when any of them did."""
    print(f"{'ok  ' if ok else 'FAIL'} {name}" + (f": {detail}" if detail and not ok else ""))
    if not ok:
        failures.append(name)
    return ok


def skip(reason):
    """Something is left out, which CI does not allow; finish() then does not call it passed."""
    print(f"skipped: {reason}")
    skipped.append(reason)
    if os.environ.get("CI"):
        check("nothing is skipped in CI", False, reason)


def finish():
    print(f"{len(failures)} cases failed")
    sys.exit(1 if failures else SKIPPED if skipped else 0)


def run(name, *command):
    """True when the command exits 0; its last output is shown when it does not."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    return check(name, done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-3000:]}"
                 f"{done.stderr[-3000:]}")


def zagg(name, *arguments):
    return run(name, BUILD / "zagg", *arguments)


def tool(name, script, *arguments):
    return run(name, sys.executable, TOOLS / script, *arguments)


def files_of(store):
    """Relative path -> bytes, without upstream's own record of its run."""
    return {str(p.relative_to(store)): p.read_bytes() for p in sorted(pathlib.Path(store).rglob("*"))
            if p.is_file() and p.suffix != ".parquet"}


def same_files(name, expected, actual):
    """Two stores hold the same files with the same bytes, and at least some."""
    want, got = files_of(expected), files_of(actual)
    wrong = [f for f in sorted(want.keys() | got.keys()) if want.get(f) != got.get(f)]
    check(f"{name}: same files", bool(want) and not wrong,
          f"{len(want)} files, these differ: {', '.join(wrong[:8])}")


def work_folder():
    return tempfile.TemporaryDirectory(prefix="zagg-peer-")
