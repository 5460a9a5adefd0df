"""Command line of zagg-bench."""
import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile

from . import series, size, tables
from .backends import Dispatch, Offline, Programs, Refused
from .errors import CONFIG, FAILED, OK, USAGE, BenchError
from .files import put_text, read_json
from .record import build
from .targets import ROOT, Targets, densest, load_shardmap

DEFAULT_TARGETS = ROOT / "bench" / "targets.json"

ABOUT = """\
Benchmark targets: pinned pipelines, each run on the one densest shard of a shard map, so
that changes of time, memory and cost come from the code and not from the data.

  zagg-bench run            run targets; a record, a table row for each
  zagg-bench densest        the densest shard of every map, beside the one that is pinned
  zagg-bench merge-series   keep the records of a merged commit; latest.md, metrics.json
  zagg-bench size-report    package sizes beside their limit

A first run, on granules that are made for it (half a minute):
  zagg-bench run --offline --out-json records.json --out-comment comment.md

`zagg-bench COMMAND --help` tells the options. Exit codes: 0 ok, 1 a target or check failed,
2 usage, 3 targets file, shard map, config or series cannot be used. bench/TARGETS.md explains
targets.json and the columns of a record."""
RUN_ABOUT = """\
Runs each target once and prints a line for it. Without --target: all of "targets" and none
of "provisional_targets".

  --offline   on this machine, on synthetic granules over the pinned shard
  --dry-run   nothing is run: records with empty metrics, to check files and wiring
  otherwise   the shard is dispatched to AWS Lambda by `zagg run --backend lambda`"""


def add_run(commands):
    run = commands.add_parser("run", help="run targets", description=RUN_ABOUT,
                              formatter_class=argparse.RawDescriptionHelpFormatter)
    add_targets(run)
    run.add_argument("--target", metavar="NAME", action="append", default=[],
                     help="only this one; may be given several times")
    how = run.add_mutually_exclusive_group()
    how.add_argument("--offline", action="store_true", help="on this machine")
    how.add_argument("--dry-run", action="store_true", help="run nothing")
    add_identity(run)
    add_lambda(run)
    add_offline(run)
    run.add_argument("--out-json", metavar="FILE", help="the records, as a JSON list")
    run.add_argument("--out-comment", metavar="FILE", help="the table, as Markdown")
    run.add_argument("--worker-note", metavar="TEXT", default="",
                     help="a line above the table: what the figures do not show")
    run.set_defaults(function=command_run)


def add_targets(parser):
    parser.add_argument("--targets", metavar="FILE", default=DEFAULT_TARGETS,
                        help="targets.json (default: that of bench/)")


def add_identity(run):
    group = run.add_argument_group("identity of the run, for the record")
    group.add_argument("--event", choices=("pr", "merge", "manual"), default="manual",
                       help="why it runs; only merge goes into a series (default: manual)")
    group.add_argument("--commit", metavar="SHA", help="default: HEAD of this checkout")
    group.add_argument("--ref", help="branch (default: that of this checkout)")
    group.add_argument("--pr-number", metavar="N", type=int)


def add_lambda(run):
    group = run.add_argument_group("stores and Lambda")
    group.add_argument("--store-prefix", metavar="PREFIX",
                       help="stores are PREFIX/TARGET.zarr; overwritten (offline default: "
                       "in the work folder)")
    group.add_argument("--region", metavar="R", default="us-west-2")
    group.add_argument("--function-name", metavar="F",
                       default=os.environ.get("ZAGG_LAMBDA_FUNCTION_NAME", "process-shard"))
    group.add_argument("--latitude", choices=("authalic", "geodetic"),
                       help="for shard maps that do not name theirs (docs/latitude.md)")


def add_offline(run):
    group = run.add_argument_group("--offline")
    group.add_argument("--photons", metavar="N", type=positive, default=2000,
                       help="in each of the six beams of a granule (default: 2000)")
    group.add_argument("--seed", metavar="N", type=int, default=0,
                       help="another seed, other photons (default: 0)")
    group.add_argument("--work", metavar="DIR",
                       help="keep granules and stores here (default: a temporary folder)")
    group.add_argument("--build", metavar="DIR",
                       default=os.environ.get("ZAGG_BUILD_DIR", ROOT / "build" / "release"),
                       help="where zagg and zagg-synth are (default: build/release)")


def positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found '{text}'; must be a whole number above 0")
    return int(text)


def git(*arguments):
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True,
                          check=False)
    return done.stdout.strip() or "unknown"


def context_of(options, backend):
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": options.commit or git("rev-parse", "HEAD"),
        "ref": options.ref or git("rev-parse", "--abbrev-ref", "HEAD"),
        "event": options.event, "pr_number": options.pr_number, "zagg_version": "",
        "backend": backend,
    }


def dry_records(options, chosen):
    context = context_of(options, None)
    return [build(context, target, {}) for target in chosen], OK


def describe(record):
    return (f"{record['target']}: {record['total_obs']:,} obs, "
            f"{record['n_granules']} granules, {record['runtime_s']:.3f} s")


def run_all(options, chosen, backend, programs):
    """Records of the targets that succeeded; what is wrong with the others is printed."""
    context = {**context_of(options, backend.name), "zagg_version": programs.version()}
    records, code = [], OK
    for target in chosen:
        try:
            records.append(build(context, target, backend.run(target)))
            print(describe(records[-1]), flush=True)
        except BenchError as error:
            print(f"zagg-bench: {target.name}: {error}", file=sys.stderr)
            code = FAILED
            if isinstance(error, Refused):
                break
    return records, code


def offline_records(options, chosen):
    programs = Programs(options.build)
    if options.work:
        return run_all(options, chosen, Offline(programs, options, options.work), programs)
    with tempfile.TemporaryDirectory(prefix="zagg-bench-") as work:
        return run_all(options, chosen, Offline(programs, options, work), programs)


def dispatched_records(options, chosen):
    programs = Programs(options.build)
    return run_all(options, chosen, Dispatch(programs, options), programs)


def command_run(options):
    targets = Targets(options.targets)
    chosen = [targets.target(name) for name in options.target or targets.names()]
    if options.dry_run:
        records, code = dry_records(options, chosen)
    elif options.offline:
        records, code = offline_records(options, chosen)
    else:
        records, code = dispatched_records(options, chosen)
    text = tables.comment(records, options.worker_note)
    if options.out_json:
        put_text(options.out_json, json.dumps(records, indent=2) + "\n")
    if options.out_comment:
        put_text(options.out_comment, text)
    elif records:
        print("\n" + text)
    return code


def add_densest(commands):
    parser = commands.add_parser(
        "densest", help="the densest shard of every map",
        description="Prints the densest shard of every shard map (most granules, then the "
        "smallest key) beside the pinned one. Exit code 1 when a pinned shard has drifted: "
        "its map lists over a granule more for another, or over a granule more or less than "
        "targets.json says.")
    add_targets(parser)
    parser.set_defaults(function=command_densest)


def drifted(entry, shardmap):
    """Maps are rebuilt from a catalog that lives: a difference of one granule is none."""
    key, count = densest(shardmap)
    pinned = entry.get("shard_key", key)
    if pinned not in shardmap["shard_keys"]:
        return True
    has = len(shardmap["granules"][shardmap["shard_keys"].index(pinned)])
    return abs(count - has) > 1 or abs(entry.get("n_granules", has) - has) > 1


def command_densest(options):
    targets, code = Targets(options.targets), OK
    for name, entry in targets.section("shardmaps").items():
        shardmap = load_shardmap(targets.shardmap_path(name))
        key, count = densest(shardmap)
        moved = drifted(entry, shardmap)
        print(f"{name}: {key}, {count} granules, of {len(shardmap['shard_keys'])} shards; "
              f"pinned {entry.get('shard_key', 'none')}{': DRIFTED' if moved else ''}")
        code = FAILED if moved else code
    return code


def add_merge(commands):
    parser = commands.add_parser(
        "merge-series", help="keep the records of a merged commit",
        description="Appends records with event merge to the series; of several for the same "
        "commit and target the last stays. The series is .ndjson, .csv or, where Python has "
        "pyarrow, .parquet.")
    parser.add_argument("--series", metavar="FILE", required=True,
                        help="made when it is not there")
    parser.add_argument("--records", metavar="FILE", nargs="+", required=True,
                        help="what `zagg-bench run --out-json` wrote")
    parser.add_argument("--out-latest", metavar="FILE", help="table of the newest commit")
    parser.add_argument("--out-metrics", metavar="FILE",
                        help="records of the newest commit as JSON (metrics.json)")
    parser.set_defaults(function=command_merge)


def load_records(path):
    records = read_json(path, "records")
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        raise BenchError(f"{path}: must be a list of records", CONFIG)
    return records


def command_merge(options):
    before = series.load(options.series)
    records = [r for path in options.records for r in load_records(path)]
    rows = series.merge(before, records)
    series.save(options.series, rows)
    merged = sum(r.get("event") == "merge" for r in records)
    print(f"{options.series}: {len(before)} -> {len(rows)} rows; {merged} of {len(records)} "
          "records are of a merge")
    newest = series.newest(rows) if rows else []
    if options.out_latest:
        put_text(options.out_latest, tables.latest(newest) + "\n")
    if options.out_metrics:
        put_text(options.out_metrics, json.dumps(newest, indent=2) + "\n")
    return OK


def package(text):
    architecture, equals, path = text.partition("=")
    if not (architecture and equals and path):
        raise argparse.ArgumentTypeError(f"found '{text}'; must be ARCH=PATH")
    return architecture, path


def mebibytes(text):
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"found '{text}'; must be a number above 0")
    return int(value * size.MIB)


def add_size(commands):
    parser = commands.add_parser(
        "size-report", help="package sizes beside their limit",
        description="Unpacked size of each architecture's worker: a program, a folder or a "
        ".zip. Without names: the packages for Lambda that `make lambda` made. Exit code 1 when "
        "one is beyond the limit.")
    parser.add_argument("packages", metavar="ARCH=PATH", type=package, nargs="*")
    parser.add_argument("--made", metavar="DIR", default=size.MADE,
                        help="where packages are, when none is named (default: build/lambda)")
    parser.add_argument("--limit", metavar="MIB", type=mebibytes, default=size.LIMIT_BYTES,
                        help="for each (default: 16; Lambda itself allows 250)")
    parser.set_defaults(function=command_size)


def command_size(options):
    text, beyond = size.report(options.packages or size.made(options.made), options.limit)
    print(text)
    if beyond:
        raise BenchError(f"beyond the limit of {options.limit / size.MIB:g} MiB: "
                         f"{', '.join(beyond)}")
    return OK


class Parser(argparse.ArgumentParser):
    """argparse, but wrong use is answered in one line."""

    def error(self, message):
        print(f"{self.prog}: {message} (see {self.prog} --help)", file=sys.stderr)
        sys.exit(USAGE)


def parser():
    top = Parser(prog="zagg-bench", description=ABOUT, usage="zagg-bench COMMAND [OPTIONS]",
                 formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", prog="zagg-bench",
                                  help=argparse.SUPPRESS)
    for add in (add_run, add_densest, add_merge, add_size):
        add(commands)
    return top


def main(arguments=None):
    top = parser()
    options = top.parse_args(arguments)
    if options.command is None:
        top.print_help()
        return USAGE
    try:
        code = options.function(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for Python's own flush
        print("zagg-bench: standard output was closed", file=sys.stderr)
        return FAILED
    except BenchError as error:
        print(f"zagg-bench: {error}", file=sys.stderr)
        return error.code
