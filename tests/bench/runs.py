#!/usr/bin/env python3
"""Targets that run: offline by the programs of the build, on granules made for them; and the
way to Lambda, by a program that stands in for zagg."""
import os
import pathlib
import shlex
import subprocess

import support

BUILD = pathlib.Path(os.environ.get("ZAGG_BUILD_DIR") or support.ROOT / "build" / "release")
DEMO = "demo_healpix_o9"
# What `zagg run --backend lambda --json` reports of one shard, by dispatch.md 1.3.
LAMBDA_SUMMARY = """{"total_cells": 1, "cells_with_data": 1, "cells_error": 0,
"total_obs": 1000, "wall_time_s": 9.0, "lambda_time_s": 4.0, "gb_seconds": 8.0,
"price_per_gb_sec": 0.00002, "estimated_cost_usd": 0.00016, "function_timeout_s": 720,
"worker_max_s": 3.5, "worker_pct_timeout": 0.25, "max_memory_mb": 512,
"worker_phase_max": {"read": 2.0, "index": 0.5, "aggregate": 0.75, "write": 0.25},
"results": [{"shard_key": 11580408307457720329, "body": {}}]}"""


class Offline(support.Case):
    def offline(self, *arguments):
        self.succeed("run", "--offline", "--build", BUILD, "--out-json", self.work / "r.json",
                     "--out-comment", self.work / "c.md", "--work", self.work / "w", *arguments)
        records = self.records("r.json")
        for row in records:
            self.check(row)
        return records

    def check(self, row):
        """Real figures, and a store that holds."""
        self.assertEqual(row["backend"], "local")
        self.assertEqual(row["photons"] % (6 * row["n_granules"]), 0)
        self.assertTrue(0 < row["total_obs"] <= row["total_obs_read"] <= row["photons"])
        # every granule crosses the shard: far more than a few of them could bring
        self.assertGreater(row["total_obs"], row["photons"] / 8)
        self.assertGreater(row["cells_with_data"], 50)
        self.assertTrue(0 < row["runtime_s"] <= row["process_wall_s"])
        self.assertEqual(row["runtime_s"], row["total_wall_s"])
        self.assertTrue(1 < row["max_memory_mb"] < 2048 * 4)
        for phase in ("read", "index", "aggregate", "write"):
            self.assertGreater(row[f"phase_{phase}_s"], 0)
        self.assertTrue(row["store_objects"] > 0 and row["store_bytes"] > 0)
        self.assertEqual((row["gb_seconds"], row["cost_per_shard_usd"]), (None, None))
        store = self.work / "w" / "stores" / f"{row['target']}.zarr"
        done = subprocess.run([BUILD / "zagg", "verify", store], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_all_targets_and_a_provisional_one(self):
        support.shared("data/benchmark/targets.json")
        records = self.offline("--photons", 500)
        self.assertEqual(len(records), 8)
        obs = {r["target"]: r["total_obs"] for r in records}
        for grid in ("healpix_o11", "healpix_o10", "rect_3km", "rect_6km"):
            self.assertEqual(obs[f"gain_bias_{grid}"], obs[f"tdigest_{grid}"], grid)
        scalar = self.offline("--photons", 500, "--target", "scalar_healpix_o11")
        self.assertEqual([r["total_obs"] for r in scalar], [obs["tdigest_healpix_o11"]])
        text = (self.work / "c.md").read_text(encoding="utf-8")
        self.assertRegex(text, r"\| scalar_healpix_o11 \| [0-9,]+ \| [0-9.]+ \| \$n/a \|")

    def test_upstreams_own_targets_file(self):
        path = support.shared("data/benchmark/targets.json")
        records = self.offline("--photons", 200, "--targets", path, "--target",
                               "tdigest_healpix_o11", "--latitude", "geodetic")
        self.assertEqual([(r["shard_key"], r["n_granules"]) for r in records],
                         [(5347394812217655307, 44)])

    def test_the_checkout_alone(self):
        records = self.offline("--target", DEMO, "--photons", 3000, "--seed", 5)
        again = self.offline("--target", DEMO, "--photons", 3000, "--seed", 5)
        other = self.offline("--target", DEMO, "--photons", 3000, "--seed", 6)
        self.assertEqual(records[0]["shard_key"], 11580408307457720329)
        self.assertEqual(records[0]["n_granules"], 4)
        self.assertEqual(records[0]["total_obs"], again[0]["total_obs"])
        self.assertNotEqual(records[0]["total_obs"], other[0]["total_obs"])
        self.assertRegex((self.work / "c.md").read_text(encoding="utf-8"),
                         "### Offline benchmark — `[^`]+`\n")

    def test_nothing_stays_without_a_work_folder(self):
        self.succeed("run", "--offline", "--build", BUILD, "--target", DEMO, "--photons", 300,
                     env={"TMPDIR": str(self.work)})
        self.assertEqual(list(self.work.iterdir()), [])

    def test_a_map_of_another_grid(self):
        targets = self.write("targets.json", {
            "shardmaps": {"m": {"path": "map.json"}},
            "targets": {"t": {"config": str(support.ROOT / "examples/demo.yaml"),
                              "shardmap": "m", "aggregator": "a", "grid_type": "healpix",
                              "grid_size": "o10"}}})
        self.write("map.json", {"shard_keys": [5347405532456026122], "granules": [[{}]],
                                "grid_signature": {"type": "healpix", "parent_order": 10}})
        self.refuse(1, "t: shard_middle: shard key 5347405532456026122 ", "run", "--offline",
                    "--build", BUILD, "--targets", targets)

    def test_a_target_that_fails_leaves_the_others(self):
        config = (support.ROOT / "examples" / "demo.yaml").read_text(encoding="utf-8")
        self.write("bad.yaml", config.replace("heights/h_ph", "heights/none"))
        shardmap = support.ROOT / "bench" / "shardmaps" / "demo_healpix_o9.json"
        same = {"shardmap": "m", "aggregator": "a", "grid_type": "healpix", "grid_size": "o9"}
        targets = self.write("targets.json", {
            "shardmaps": {"m": {"path": str(shardmap)}},
            "targets": {"bad": {"config": "bad.yaml", **same},
                        "good": {"config": str(support.ROOT / "examples/demo.yaml"), **same}}})
        self.refuse(1, "zagg-bench: bad: ", "run", "--offline", "--build", BUILD, "--targets",
                    targets, "--photons", 300, "--out-json", self.work / "r.json")
        self.assertEqual([r["target"] for r in self.records("r.json")], ["good"])


class Lambda(support.Case):
    def test_no_keys(self):
        self.refuse(1, "Lambda setup: no AWS keys were found", "run",
                    "--build", BUILD, "--target", DEMO, "--store-prefix", "s3://bucket/bench")

    def stand_in(self, output, code):
        """A build folder whose zagg prints `output` and keeps what it was called with."""
        called = shlex.quote(str(self.work / "called"))
        program = self.write("zagg", "#!/bin/sh\n"
                             "[ \"$1\" != version ] || { echo zagg 9.9; exit; }\n"
                             f"printf '%s\\n' \"$@\" >{called}\n"
                             f"cat <<'end'\n{output}\nend\nexit {code}\n")
        program.chmod(0o755)
        return ["run", "--build", self.work, "--target", DEMO, "--store-prefix",
                "s3://bucket/bench/", "--out-json", self.work / "r.json"]

    def test_the_record_is_filled_from_the_summary(self):
        run = self.stand_in(LAMBDA_SUMMARY, 0)
        self.succeed(*run, "--region", "eu-west-1", "--function-name", "f", "--latitude",
                     "authalic")
        called = (self.work / "called").read_text(encoding="utf-8").split("\n")
        for option, value in (("--backend", "lambda"), ("--region", "eu-west-1"),
                              ("--function-name", "f"), ("--morton-cell", "11580408307457720329"),
                              ("--store", f"s3://bucket/bench/{DEMO}.zarr"),
                              ("--latitude", "authalic")):
            self.assertEqual(called[called.index(option) + 1], value)
        self.assertIn("--profile", called)
        row = self.records("r.json")[0]
        expected = {"backend": "lambda", "zagg_version": "9.9", "runtime_s": 3.5,
                    "gb_seconds": 8.0, "cost_per_shard_usd": 0.00016, "max_memory_mb": 512,
                    "price_per_gb_sec": 0.00002, "worker_pct_timeout": 0.25,
                    "phase_aggregate_s": 0.75, "total_wall_s": 9.0, "photons": None}
        self.assertEqual({name: row[name] for name in expected}, expected)

    def test_a_shard_that_failed(self):
        failed = '{"total_obs": 0, "cells_error": 1, "results": [{"error": "Lambda timeout"}]}'
        self.refuse(1, f"{DEMO}: zagg run: the shard failed: Lambda timeout",
                    *self.stand_in(failed, 6))
        self.assertEqual(self.records("r.json"), [])

    def test_a_shard_without_photons_and_a_summary_that_is_none(self):
        self.refuse(1, "no photon fell into the shard", *self.stand_in('{"total_obs": 0}', 0))
        self.refuse(1, "zagg run printed no summary", *self.stand_in("Done", 0))


if __name__ == "__main__":
    support.main()
