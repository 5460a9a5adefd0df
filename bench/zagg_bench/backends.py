"""Where the shard of a target runs. Both kinds start `zagg run --json`, whose summary fills
the record.

Offline    this machine. Granules are made over the shard by zagg-synth, as many as the shard
           map lists for it; targets that share a shard share them.
Dispatch   AWS Lambda: real granules, named by the shard map.
"""
import json
import pathlib
import platform
import resource
import shutil
import subprocess
import time

from .errors import USAGE, BenchError
from .files import put_text

SEGMENT_M = 20  # length of an ATL03 segment, as zagg-synth makes them
BEAMS = 6


class Refused(BenchError):
    """zagg refused the command line: the next target would fare no better."""


class Programs:
    """The programs of a build folder."""

    def __init__(self, build):
        self.build = pathlib.Path(build)

    def path(self, name):
        path = self.build / name
        if not path.is_file():
            raise BenchError(f"{path}: not built; run `make build`, or name another folder "
                             "by --build", USAGE)
        return str(path)

    def run(self, name, *arguments):
        return subprocess.run([self.path(name), *map(str, arguments)], capture_output=True,
                              text=True, errors="replace", check=False)

    def need(self, name, *arguments):
        """Standard output of a helper that must succeed."""
        done = self.run(name, *arguments)
        if done.returncode != 0:
            raise BenchError(last_line(done.stderr) or f"{name}: exit {done.returncode}")
        return done.stdout

    def version(self):
        return self.need("zagg", "version").split()[1]


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


def parse_summary(done):
    """The JSON object that `zagg run --json` ended with."""
    try:
        summary = json.loads(done.stdout)
    except json.JSONDecodeError:
        raise BenchError("zagg run printed no summary") from None
    short = sum(summary.get(name) or 0 for name in ("cells_error", "cells_incomplete"))
    if done.returncode != 0 or short:
        raise BenchError(f"zagg run: the shard failed: {shard_error(summary, done)}")
    if not summary.get("total_obs"):
        raise BenchError("zagg run: no photon fell into the shard")
    return summary


def shard_error(summary, done):
    errors = [r.get("error") for r in summary.get("results") or [] if r.get("error")]
    return errors[0] if errors else last_line(done.stderr) or f"exit {done.returncode}"


def run_zagg(programs, arguments, hint=""):
    """Summary of one `zagg run`, and the time and processor time of the process."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = programs.run("zagg", "run", *arguments)
    wall_s = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode == USAGE:
        raise Refused(last_line(done.stderr) + hint)
    if not done.stdout.strip():
        raise BenchError(last_line(done.stderr) or f"zagg run: exit {done.returncode}")
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"summary": parse_summary(done),
            "columns": {"process_wall_s": wall_s, "process_cpu_s": cpu_s}}


class Dispatch:
    """Shards run by Lambda. Setup and cost are zagg's business; a worker that fails is not tried
    again, for the record would be of the better try."""
    name = "lambda"

    def __init__(self, programs, options):
        self.programs, self.options = programs, options
        if not options.store_prefix:
            raise BenchError("--store-prefix is needed, or --offline or --dry-run", USAGE)

    def run(self, target):
        shard, options = target.shard, self.options
        latitude = options.latitude or shard.latitude
        return run_zagg(self.programs, [
            "--config", target.config, "--catalog", shard.map_path,
            "--morton-cell", shard.key, "--store", store_of(options.store_prefix, target),
            "--backend", "lambda", "--region", options.region,
            "--function-name", options.function_name, "--max-retries", 1, "--overwrite",
            "--profile", "--yes", "--json", "--quiet",
            *(["--latitude", latitude] if latitude else [])],
            " (--offline runs the targets on this machine, on synthetic granules)")


def store_of(prefix, target):
    return f"{str(prefix).rstrip('/')}/{target.name}.zarr"


class Offline:
    """Shards run here, on granules that are made for them below `work`."""
    name = "local"

    def __init__(self, programs, options, work):
        self.programs, self.options = programs, options
        self.work = pathlib.Path(work).resolve()
        self.maps = {}  # name of the shard map: map of its one shard, over made granules

    def run(self, target):
        shard = target.shard
        if shard.map_name not in self.maps:
            self.maps[shard.map_name] = self.make_map(target)
        prefix = self.options.store_prefix or self.work / "stores"
        run = run_zagg(self.programs, [
            "--config", target.config, "--catalog", self.maps[shard.map_name],
            "--store", store_of(prefix, target), "--driver", "file", "--overwrite",
            "--json", "--quiet"])
        run["columns"]["architecture"] = platform.machine()
        run["columns"]["photons"] = self.photons(shard)
        return run

    def photons(self, shard):
        return len(shard.granules) * BEAMS * self.options.photons

    def latitude(self, shard):
        """Which of the two makes no difference to the work; the map must name one."""
        return self.options.latitude or shard.latitude or "authalic"

    def make_map(self, target):
        shard = target.shard
        granules = self.make_granules(target)
        path = self.work / f"{shard.map_name}.json"
        put_text(path, json.dumps({
            "metadata": {"source": "zagg-bench --offline", "latitude": self.latitude(shard)},
            "grid_signature": shard.signature,
            "shard_keys": [shard.key],
            "granules": [[{"id": g.name, "s3": f"s3://{g}"} for g in granules]]}))
        return path

    def make_granules(self, target):
        """As many granules as the map lists, each of which crosses the shard: tracks are
        half as long again as a side of it, and the passes so near to its middle (zagg-synth
        keeps them within 3.5 spreads) that the middle pair of beams meets it."""
        shard = target.shard
        lat_deg, lon_deg = self.programs.need(
            "bench/shard_middle", target.config, shard.key, self.latitude(shard)).split()
        side_m = 1e3 * shard.area_km2() ** 0.5
        segments = max(8, round(1.5 * side_m / SEGMENT_M))
        folder = self.work / "granules" / shard.map_name
        shutil.rmtree(folder, ignore_errors=True)
        self.programs.need(
            "zagg-synth", "--out", folder, "--granules", len(shard.granules), "--photons",
            self.options.photons, "--per-segment", max(1, self.options.photons // segments),
            "--lat", lat_deg, "--lon", lon_deg, "--spread", round(side_m / 8), "--gzip", 1,
            "--seed", self.options.seed, "--quiet")
        return sorted(folder.glob("*.h5"))
