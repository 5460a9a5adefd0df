#!/usr/bin/env python3
"""What records, hashes and durability cost: a run by an earlier zagg beside one by this build.

    bench/trust.py --before PROGRAM --config FILE --granules DIR

The store lies in the folder of the command, so that its file system is the one measured. Shards: the
one with most rows, and the 22 with most. In turn on the same machine and input; medians. Last, the run
again, which leaves all shards out.
"""
import json
import os
import pathlib

from common import (ZAGG, arguments, heading, in_turn, measure, median, record, remove_store,
                    result_of, table, versions)

MAP, STORE = pathlib.Path("trust-map.json"), pathlib.Path("trust-store")


def run(program, options, threads, *more):
    return measure([program, "run", "-q", "--config", options.config, "--store", STORE,
                    "--max-workers", threads, *more])


def shards_by_rows(options):
    remove_store(STORE)
    result = result_of(run(ZAGG, options, 2, "--granules", options.granules, "--json"))
    return [r["shard_key"] for r in sorted(result["results"], key=lambda r: -r["total_obs"])]


def write_map(keys, granules):
    records = [{"id": p.name, "s3": str(p.resolve())} for p in sorted(pathlib.Path(granules).glob("*.h5"))]
    MAP.write_text(json.dumps({"shard_keys": keys, "granules": [records] * len(keys),
                               "grid_signature": None, "metadata": {"latitude": "authalic-wgs84"}}))


def compare(options, keys, threads):
    """A row of the table: these shards by these threads."""
    def one(how):
        program, afresh = how
        if afresh:
            remove_store(STORE)
        return run(program, options, threads, "--catalog", MAP)

    write_map(keys, options.granules)
    measured = in_turn([("before", (options.before, True), options.rounds),
                        ("with records", (ZAGG, True), options.rounds),
                        ("run again", (ZAGG, False), options.rounds)],
                       options.rounds, one, warm_up=False)
    files = sum(len(names) for _, _, names in os.walk(STORE))
    cells = []
    for _, runs in measured:
        walls = [1e3 * r["wall_s"] for r in runs]
        cells.append(f"{1e3 * median(runs, 'wall_s'):.0f} ({min(walls):.0f}-{max(walls):.0f})")
    return (len(keys), files, threads, *cells)


def main():
    parser = arguments(__doc__, rounds=9)
    for name in ("before", "config", "granules"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    keys = shards_by_rows(options)
    rows = [compare(options, some, threads) for some in (keys[:1], keys[:22]) for threads in (1, 2)]
    remove_store(STORE)
    MAP.unlink()
    lines = [*heading("What records, hashes and durability cost", versions(False)),
             f"Medians (least-most) of {options.rounds} runs in turn.", "",
             *table(["shards", "files", "threads", "before, ms", "with records, ms",
                     "run again, ms"], rows)]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.record:
        record("trust", text)


if __name__ == "__main__":
    main()
