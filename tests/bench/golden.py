#!/usr/bin/env python3
"""Densest shards, areas, records and texts are upstream's (dispatch/seed_benchmark.json)."""
import math
import pathlib

import support
from zagg_bench import record, tables, targets

SEED = "dispatch/seed_benchmark.json"
# Column of a record: the key of the summary that it comes from.
SUMMARY_KEYS = {"total_obs": "total_obs", "runtime_s": "worker_max_s",
                "gb_seconds": "gb_seconds", "cost_per_shard_usd": "estimated_cost_usd",
                "function_timeout_s": "function_timeout_s",
                "worker_pct_timeout": "worker_pct_timeout",
                "price_per_gb_sec": "price_per_gb_sec", "max_memory_mb": "max_memory_mb"}
RUN_KEYS = ("timestamp", "commit", "ref", "event", "pr_number", "zagg_version")


def target_of(row):
    """A target as the record tells it, of a HEALPix map like o11."""
    signature = {"type": "healpix", "parent_order": int(row["grid_size"][1:])}
    shard = targets.Shard("map", pathlib.Path("map.json"), row["shard_key"],
                          [{}] * row["n_granules"], signature, "")
    return targets.Target(row["target"], pathlib.Path("config.yaml"), row["aggregator"],
                          row["grid_type"], row["grid_size"], shard)


def rebuilt(row):
    summary = {key: row[column] for column, key in SUMMARY_KEYS.items()}
    context = {key: row[key] for key in RUN_KEYS}
    return record.build(context, target_of(row), {"summary": summary})


class Golden(support.Case):
    def test_record_has_the_columns_in_order_and_ours_after_them(self):
        for name in ("record", "record_empty"):
            expected = support.golden(SEED)[name]
            row = rebuilt(expected)
            self.assertEqual(list(row)[:len(expected)], list(expected))
            self.assertEqual({column: row[column] for column in expected}, expected)
            self.assertIsNone(row["phase_read_s"])

    def test_runtime_falls_back_to_the_total_and_then_to_the_wall(self):
        expected = support.golden(SEED)["record"]
        for summary, runtime_s in (({"lambda_time_s": 4.0, "wall_time_s": 5.0}, 4.0),
                                   ({"wall_time_s": 5.0}, 5.0), ({}, None)):
            row = record.build({}, target_of(expected), {"summary": summary})
            self.assertEqual(row["runtime_s"], runtime_s)

    def test_cost_is_that_of_the_summary(self):
        seed = support.golden("dispatch/seed_cost.json")
        self.assertEqual(seed["memory_gb"], record.LAMBDA_MEMORY_GB)
        self.assertEqual(seed["price"], record.LAMBDA_USD_PER_GB_SECOND)
        target = target_of(support.golden(SEED)["record"])
        for case in seed["cases"]:
            row = record.build({}, target, {"summary": case})
            self.assertEqual(row["cost_per_shard_usd"], case["estimated_cost_usd"])
            self.assertEqual(row["runtime_s"], case["worker_max_s"] or case["lambda_time_s"])
            self.assertEqual(row["cost_per_100km2_usd"], case["estimated_cost_usd"] * 100.0
                             / row["shard_area_km2"])

    def test_comment_and_latest(self):
        seed = support.golden(SEED)
        # the second row of the comment is a record whose metrics are null or NaN
        row, empty = seed["record"], seed["record_empty"]
        note = next(line[len("> ⚠️ "):] for line in seed["comment"].splitlines()
                    if line.startswith("> ⚠️ "))
        for missing in (None, math.nan):
            second = {**empty, **{c: missing for c in empty if empty[c] is None}}
            self.assertEqual(tables.comment([row, second], note), seed["comment"])
        self.assertEqual(tables.latest([row]), seed["latest"])
        self.assertEqual(tables.comment([]), seed["comment_empty"])
        self.assertNotIn("⚠️", tables.comment([row]))

    def test_share_of_the_memory(self):
        for peak_mb, memory_gb, share in support.golden(SEED)["mem_pct"]:
            self.assertEqual(record.memory_share(peak_mb, memory_gb), share)


class Maps(support.Case):
    def test_densest_shards(self):
        folder = support.shared("data/benchmark/shardmaps")
        for name, expected in support.golden(SEED)["densest"].items():
            shardmap = targets.load_shardmap(folder / f"sm_{name}.json")
            self.assertEqual(targets.densest(shardmap),
                             (expected["shard_key"], expected["n_granules"]), name)
            self.assertEqual(len(shardmap["shard_keys"]), expected["n_shards"])

    def test_both_targets_files_pin_the_densest_shards_of_the_same_areas(self):
        seed = support.golden(SEED)
        for path in (support.TARGETS, support.shared("data/benchmark/targets.json")):
            manifest = targets.Targets(path)
            self.assertEqual(set(manifest.names()), set(seed["area"]))
            for name in manifest.names():
                shard = manifest.target(name).shard
                self.assertEqual(shard.key, seed["densest"][shard.map_name]["pinned"])
                self.assertEqual(shard.area_km2().hex(), seed["area"][name]["hex"])


if __name__ == "__main__":
    support.main()
