"""Upstream's worker as the runtime of a Lambda sandbox: its functions in the handler that is among
the peers' tools (upstream ships none), under AWS's client of the runtime interface.

    with rie.Emulator(upstream_worker.command(), folder, **upstream_worker.environment()) as box:
        box.invoke({"mode": "finalize", ...})

By hand, under the emulator: `upstream_worker.py EVENT.json ...` prints the responses.
"""
import glob
import json
import os
import sys
import tempfile

SOURCE = os.environ.get("ZAGG_SOURCE_DIR") or os.path.join(os.path.dirname(__file__), "../..")
PYTHON = os.path.abspath(f"{SOURCE}/.venv-peer/bin/python")
TOOLS = os.path.abspath(os.path.join(os.environ.get("ZAGG_SHARED") or f"{SOURCE}/../shared",
                                     "tools"))


def missing():
    """Why it cannot be run here; None when it can."""
    venv = os.path.dirname(os.path.dirname(PYTHON))
    if not os.path.exists(f"{venv}/.zagg-peers"):
        return os.environ.get("ZAGG_NO_PEER") or "there is no .venv-peer (scripts/deps peer)"
    if not glob.glob(f"{venv}/lib/python3*/site-packages/awslambdaric"):
        return "the .venv-peer is older than what it is for (scripts/deps peer)"
    if not os.path.exists(os.path.join(TOOLS, "upstream_handler.py")):
        return f"there is no upstream_handler.py in {TOOLS}"
    return None


def command():
    return [PYTHON, "-B", "-m", "awslambdaric", "upstream_handler.handler"]


def environment(local=False, **more):
    """With `local` hrefs are s3:///PATH of this machine. Buckets elsewhere than at AWS:
    AWS_ENDPOINT_URL_S3 in `more`; keys come with events."""
    found = {"PYTHONPATH": TOOLS, "LAMBDA_TASK_ROOT": TOOLS, "AWS_REGION": "us-west-2",
             "AWS_DEFAULT_REGION": "us-west-2", "AWS_ALLOW_HTTP": "true"}
    if local:
        found["ZAGG_PEER_LOCAL"] = "1"
    return {**found, **more}


def main():
    import rie  # only here: it is a test of its own
    if missing():
        sys.exit(f"skipped: {missing()}")
    with tempfile.TemporaryDirectory(prefix="zagg-upstream-") as folder, \
            rie.Emulator(command(), folder, **environment(local=True)) as box:
        for name in sys.argv[1:]:
            with open(name, "rb") as file:
                print(json.dumps(json.loads(box.send(file.read()))))


if __name__ == "__main__":
    main()
