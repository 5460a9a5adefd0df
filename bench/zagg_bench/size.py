"""How much of the space for a worker each architecture's package takes."""
import pathlib
import re
import zipfile

from .errors import USAGE, BenchError
from .targets import ROOT

MIB = 2**20
LIMIT_BYTES = 16 * MIB  # what we allow a package: one executable
LAMBDA_LIMIT_BYTES = 250 * MIB  # what AWS allows, unpacked
MADE = ROOT / "build" / "lambda"


def package_bytes(path):
    """Size once unpacked: of a file, all files of a folder, or what a .zip holds."""
    path = pathlib.Path(path)
    try:
        if path.is_dir():
            return sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                return sum(entry.file_size for entry in archive.infolist())
        return path.stat().st_size
    except (OSError, zipfile.BadZipFile) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BenchError(f"{path}: cannot be measured: {reason}", USAGE) from None


def made(folder):
    """[(architecture, path)] of the packages in a folder."""
    found = [(match[1], path) for path in sorted(pathlib.Path(folder).glob("zagg-*.zip"))
             if (match := re.fullmatch(r"zagg-.*-lambda-([a-z0-9_]+)\.zip", path.name))]
    if not found:
        raise BenchError(f"{folder}: there is no package for Lambda; run `make lambda`, or name "
                         "what to measure as ARCH=PATH", USAGE)
    return found


def report(packages, limit_bytes):
    """(markdown, architectures beyond the limit) of [(architecture, path)]."""
    lines = ["### Size report", "", "| arch | package | limit | headroom | of Lambda's 250 MiB |",
             "| --- | ---: | ---: | ---: | ---: |"]
    beyond = []
    for architecture, path in packages:
        size = package_bytes(path)
        if size > limit_bytes:
            beyond.append(architecture)
        lines.append(f"| {architecture} | {size / MIB:.2f} MiB | {limit_bytes / MIB:.2f} MiB | "
                     f"{(limit_bytes - size) / MIB:.2f} MiB | {size / LAMBDA_LIMIT_BYTES:.1%} |")
    return "\n".join(lines), beyond
