"""Upstream's dispatcher (PyPI zagg, in .venv-peer), for tests: a whole run on the Lambda that
AWS_ENDPOINT_URL_LAMBDA names. Its log goes to stderr, its summary as JSON into the last line.

Two things are not upstream's: events carry the keys of --key for the granules, for which it would ask a
DAAC; and it does not wait for the statistics of the run, a Parquet file that our worker does not
write (it waits 40 s for that, says so, and goes on).
"""
import argparse
import json
import logging
import sys

import zagg.runner
from zagg.config import load_config


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config")
    parser.add_argument("map")
    parser.add_argument("store")
    parser.add_argument("--key", nargs=3, required=True, metavar=("ACCESS", "SECRET", "TOKEN"))
    parser.add_argument("--output-creds", metavar="FILE")
    parser.add_argument("--transport", default="sync")
    parser.add_argument("--workers", type=int)
    args = parser.parse_args()
    names = ("accessKeyId", "secretAccessKey", "sessionToken")
    zagg.runner.get_nsidc_s3_credentials = lambda: dict(zip(names, args.key))
    zagg.runner._RUN_STATS_VERIFY_WINDOW_S = 0
    creds = None
    if args.output_creds:
        with open(args.output_creds, encoding="utf-8") as file:
            creds = json.load(file)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    summary = zagg.runner.agg(
        load_config(args.config), catalog=args.map, store=args.store, backend="lambda",
        max_workers=args.workers, invocation=args.transport, output_credentials=creds)
    print(json.dumps(summary, default=str))


if __name__ == "__main__":
    main()
