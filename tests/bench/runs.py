#!/usr/bin/env python3
"""Targets that run: offline by the programs of the build, on granules made for them; and on Lambda,
by a program that stands in for zagg, and by zagg on the tests' own Lambda with the worker of the build."""
import json
import os
import pathlib
import shlex
import subprocess
import sys

import support

sys.path.insert(0, str(support.ROOT / "tests" / "net"))
import dispatch_runs  # noqa: E402: it is found there

SANITIZED = any(os.environ.get(name) for name in ("ASAN_OPTIONS", "TSAN_OPTIONS"))
BUILD = pathlib.Path(os.environ.get("ZAGG_BUILD_DIR") or support.ROOT / "build" / "release")
DEMO = "demo_healpix_o9"
# What `zagg run --backend lambda --json` reports of one shard, by dispatch.md 1.3.
LAMBDA_SUMMARY = """{"total_cells": 1, "cells_with_data": 1, "cells_error": 0,
"total_obs": 1000, "wall_time_s": 9.0, "lambda_time_s": 4.0, "gb_seconds": 8.0,
"price_per_gb_sec": 0.00002, "estimated_cost_usd": 0.00016, "function_timeout_s": 720,
"worker_max_s": 3.5, "worker_pct_timeout": 0.25, "max_memory_mb": 512,
"worker_phase_max": {"read": 2.0, "index": 0.5, "aggregate": 0.75, "write": 0.25},
"backend": "lambda", "memory_gb": 0.5, "architecture": "x86_64", "peak_rss_bytes": 9000000,
"results": [{"shard_key": 11580408307457720329, "body": {"cells_with_data": 77}}]}"""


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
                    "phase_aggregate_s": 0.75, "total_wall_s": 9.0, "photons": None,
                    "memory_gb": 0.5, "architecture": "x86_64", "cells_with_data": 77}
        self.assertEqual({name: row[name] for name in expected}, expected)
        self.assertEqual(called[called.index("--max-retries") + 1], "1")

    def test_memory_is_that_of_the_worker(self):
        """Where it told none, that of zagg itself is no answer."""
        self.succeed(*self.stand_in(LAMBDA_SUMMARY.replace('"max_memory_mb": 512,', ""), 0))
        self.assertIsNone(self.records("r.json")[0]["max_memory_mb"])

    def test_a_shard_that_failed(self):
        failed = '{"total_obs": 0, "cells_error": 1, "results": [{"error": "Lambda timeout"}]}'
        self.refuse(1, f"{DEMO}: zagg run: the shard failed: Lambda timeout",
                    *self.stand_in(failed, 6))
        self.assertEqual(self.records("r.json"), [])

    def test_a_shard_without_photons_and_a_summary_that_is_none(self):
        self.refuse(1, "no photon fell into the shard", *self.stand_in('{"total_obs": 0}', 0))
        self.refuse(1, "zagg run printed no summary", *self.stand_in("Done", 0))


class OnLambda(support.Case):
    """A bucket with granules, a map of three shards over them, and a Lambda of 512 MB."""

    def setUp(self):
        super().setUp()
        self.place = dispatch_runs.Place()
        self.addCleanup(self.place.close)
        self.place.start_s3()
        self.keys = self.place.write_real(most=3)
        shards = json.loads(self.place.read("real.json"))
        shards["granules"][1].pop()  # so that which one is the densest hangs on the granules
        shards["grid_signature"] = {"type": "healpix", "indexing_scheme": "nested",
                                    "parent_order": 11, "child_order": 16, "layout": "fullsphere"}
        self.place.write("real.json", json.dumps(shards))
        self.place.write("targets.json", json.dumps({
            "shardmaps": {"m": {"path": "real.json"}},
            "targets": {"t": {"config": "real.yaml", "shardmap": "m", "aggregator": "scalar",
                              "grid_type": "healpix", "grid_size": "o11"}}}))
        self.run = ["run", "--build", BUILD, "--targets", self.place.path("targets.json"),
                    "--store-prefix", "s3://out/bench", "--out-json", self.work / "r.json",
                    "--out-comment", self.work / "c.md"]

    def start(self, *arguments):
        role = [word for name in ("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID",
                                  "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED")
                for word in ("--env", f"{name}={self.place.env[name]}")]
        return self.place.start_lambda(
            "--memory", 2048 if SANITIZED else 512, "--timeout", 60, "--architecture", "x86_64",
            "--function", "bench-worker", *role, *arguments, "--", BUILD / "bootstrap")

    def test_a_record_of_a_real_shard(self):
        server = self.start()
        self.succeed(*self.run, "--function-name", "bench-worker", env=self.place.env)
        key = min(self.keys[0], self.keys[2])
        local = json.loads(self.place.run_ok(
            [BUILD / "zagg", "run", "-q", "--json", "--config", "real.yaml", "--catalog", "real.json",
             "--store", "local.zarr", "--morton-cell", str(key)]))
        row, memory_gb = self.records("r.json")[0], 2 if SANITIZED else 0.5
        shard = local["results"][0]
        expected = {"backend": "lambda", "target": "t", "shard_key": key, "n_granules": 2,
                    "total_obs": local["total_obs"], "memory_gb": memory_gb,
                    "cells_with_data": shard["cells_with_data"], "function_timeout_s": 60,
                    "architecture": "x86_64", "price_per_gb_sec": 0.0000166667}
        self.assertEqual({name: row[name] for name in expected}, expected)
        self.assertTrue(0 < row["runtime_s"] < row["total_wall_s"] < row["process_wall_s"])
        self.assertAlmostEqual(row["gb_seconds"], row["runtime_s"] * memory_gb)
        self.assertAlmostEqual(row["cost_per_shard_usd"],
                               row["gb_seconds"] * row["price_per_gb_sec"])
        self.assertAlmostEqual(row["worker_pct_timeout"], row["runtime_s"] / 60)
        self.assertTrue(1 < row["max_memory_mb"] < memory_gb * 1024)
        for phase in ("read", "index", "aggregate", "write"):
            self.assertGreater(row[f"phase_{phase}_s"], 0, phase)
        self.assertEqual(server.stats()["done"], {str(key): 1})
        self.assertEqual(dispatch_runs.differences(self.place.store("s3://out/bench/t.zarr"),
                                                   self.place.path("local.zarr")), [])
        self.assertIn(f"_x86_64 · {memory_gb:.1f} GB · $1.66667e-05/GB-s",
                      (self.work / "c.md").read_text(encoding="utf-8"))

    def test_a_worker_that_dies_has_no_record(self):
        server = self.start("--oom", 1, "--lasting")
        self.refuse(1, "t: zagg run: the shard failed: Lambda OOM", *self.run, "--function-name",
                    "bench-worker", env=self.place.env)
        self.assertEqual(self.records("r.json"), [])
        self.assertEqual(server.stats()["by_fault"], {"oom": 1})


if __name__ == "__main__":
    support.main()
