"""What a Lambda package of upstream would hold, for bench/lambda.py; runs in .venv-peer.

    lambda_peer.py   as JSON: bytes of zagg and of all that it asks for at run time, zipped and not;
                     the same without what Lambda's Python brings along
"""
import importlib.metadata
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import zlib

GIVEN = ["boto3"]  # and what it asks for: part of AWS's python runtimes
NOT_SHIPPED = re.compile(r"(^|/)(tests?|__pycache__)/|\.py[cdi]$|\.dist-info/|(^|/)\.\.(/|$)")


def needs(name):
    """Names of the packages that one asks for, here and without extras."""
    found = []
    for line in importlib.metadata.requires(name) or []:
        words, _, marker = line.partition(";")
        if "extra" in marker or not holds(marker):
            continue
        found.append(re.match(r"[A-Za-z0-9._-]+", words)[0])
    return found


def holds(marker):
    """Whether a marker is true on this machine; pip's own copy of the parser knows."""
    from pip._vendor.packaging.markers import Marker
    return not marker.strip() or Marker(marker).evaluate()


def closure(names):
    known, left = {}, list(names)
    while left:
        name = left.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in known:
            continue
        known[key] = importlib.metadata.distribution(name)
        left += needs(name)
    return known


def shipped(distribution):
    """Paths of the files of a distribution that a worker needs."""
    for file in distribution.files or []:
        path = pathlib.Path(distribution.locate_file(file))
        if not NOT_SHIPPED.search(str(file)) and path.is_file():
            yield path


def stripped(path, scratch):
    """Bytes of a file; of a shared library without symbols that nothing needs."""
    data = path.read_bytes()
    if data[:4] != b"\x7fELF":
        return data
    copy = scratch / "library"
    done = subprocess.run(["strip", "--strip-unneeded", "-o", copy, path], capture_output=True,
                          check=False)
    smaller = copy.read_bytes() if done.returncode == 0 else data
    return min(data, smaller, key=len)


def sizes(distributions):
    plain = zipped = 0
    with tempfile.TemporaryDirectory() as folder:
        for distribution in distributions:
            for path in shipped(distribution):
                data = stripped(path, pathlib.Path(folder))
                plain += len(data)
                zipped += len(zlib.compress(data, 6))
    return plain, zipped


def main():
    every, given = closure(["zagg"]), closure(GIVEN)
    own = sizes(d for name, d in every.items() if name not in given)
    brought = sizes(given.values())
    json.dump({"packages": len(every), "given": sorted(given), "bytes": own[0] + brought[0],
               "zip_bytes": own[1] + brought[1], "bytes_without": own[0],
               "zip_bytes_without": own[1]}, sys.stdout)


if __name__ == "__main__":
    main()
