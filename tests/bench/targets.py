#!/usr/bin/env python3
"""targets.json: what is chosen, what a dry run writes, and what is said of files that are no
good."""

import json
import os
import subprocess
import sys

import support
from zagg_bench import targets

DEMO = "demo_healpix_o9"
METRICS = ("total_obs", "runtime_s", "gb_seconds", "cost_per_shard_usd",
           "cost_per_100km2_usd", "max_memory_mb", "backend", "phase_write_s")


def shardmap(**changes):
    """Three shards; keys beyond 2^63, which a double would make one of."""
    return {"shard_keys": [2**63 + 5, 2**63 + 3, 2**63 + 4], "granules": [[{}] * 2, [{}] * 2, [{}]],
            "grid_signature": {"type": "healpix", "parent_order": 9}, **changes}


class Densest(support.Case):
    def test_of_several_the_smallest_key(self):
        self.assertEqual(targets.densest(shardmap()), (2**63 + 3, 2))

    def test_most_granules_before_the_key(self):
        self.assertEqual(targets.densest(shardmap(granules=[[], [{}], [{}] * 3])),
                         (2**63 + 4, 3))

    def test_area_of_a_tile_by_its_axes(self):
        signature = {"type": "rectilinear", "affine": [20.0, 0.0, 0.0, 0.0, -10.0, 0.0],
                     "chunk_shape": [300, 50]}
        self.assertEqual(targets.shard_area_km2(signature, "map"), 3.0)


class DryRun(support.Case):
    def dry_run(self, *arguments):
        self.succeed("run", "--dry-run", "--commit", "0123456789", "--ref", "main",
                     "--out-json", self.work / "r.json", "--out-comment",
                     self.work / "c.md", *arguments)
        return self.records("r.json")

    def test_all_but_the_provisional(self):
        support.shared("data/benchmark/targets.json")
        records = self.dry_run("--event", "pr", "--pr-number", "12")
        self.assertEqual(
            {r["target"] for r in records},
            {f"{aggregator}_{grid}" for aggregator in ("gain_bias", "tdigest")
             for grid in ("healpix_o11", "healpix_o10", "rect_3km", "rect_6km")})
        self.assertEqual(sorted(r["n_granules"] for r in records),
                         [44, 44, 44, 44, 47, 47, 50, 50])
        for row in records:
            self.assertEqual([row[name] for name in METRICS], [None] * len(METRICS))
            self.assertEqual((row["event"], row["pr_number"]), ("pr", 12))
        comment = (self.work / "c.md").read_text(encoding="utf-8")
        self.assertEqual(comment.count("| n/a | n/a | $n/a |"), 8)
        self.assertTrue(comment.startswith("<!-- zagg-benchmark -->\n### Lambda benchmark"))

    def test_a_provisional_target_by_name(self):
        records = self.dry_run("--target", DEMO)
        self.assertEqual([(r["target"], r["shard_key"], r["n_granules"]) for r in records],
                         [(DEMO, 11580408307457720329, 4)])

    def test_several_by_name_in_the_order_given(self):
        support.shared("data/benchmark/targets.json")
        names = ["tdigest_rect_6km", DEMO, "scalar_healpix_o11"]
        records = self.dry_run(*(word for name in names for word in ("--target", name)))
        self.assertEqual([r["target"] for r in records], names)

    def test_the_note_stands_above_the_table(self):
        self.dry_run("--target", DEMO, "--worker-note", "Worker of another branch.")
        comment = (self.work / "c.md").read_text(encoding="utf-8")
        self.assertIn("\n> ⚠️ Worker of another branch.\n\n| target |", comment)


class Pins(support.Case):
    def setUp(self):
        super().setUp()
        self.write("map.json", shardmap())

    def densest(self, **entry):
        path = self.write("targets.json",
                          {"shardmaps": {"m": {"path": "map.json", **entry}}})
        return self.bench("densest", "--targets", path)

    def test_the_densest_is_printed_beside_the_pin(self):
        done = self.densest(shard_key=2**63 + 3, n_granules=2)
        self.assertEqual(done.stdout, f"m: {2**63 + 3}, 2 granules, of 3 shards; "
                         f"pinned {2**63 + 3}\n")
        self.assertEqual(done.returncode, 0)

    def test_one_granule_less_is_no_drift(self):
        self.assertEqual(self.densest(shard_key=2**63 + 4, n_granules=2).returncode, 0)

    def test_drift(self):
        for entry in ({"shard_key": 7}, {"shard_key": 2**63 + 3, "n_granules": 4}):
            done = self.densest(**entry)
            self.assertEqual(done.returncode, 1)
            self.assertIn("DRIFTED", done.stdout)


class Errors(support.Case):
    """Each ends in one line that names the file and the key."""

    def setUp(self):
        super().setUp()
        self.write("map.json", shardmap())
        self.write("config.yaml", "")
        self.good = {
            "shardmaps": {"m": {"path": "map.json"}},
            "targets": {"t": {"config": "config.yaml", "shardmap": "m", "aggregator": "a",
                              "grid_type": "healpix", "grid_size": "o9"}}}

    def refused(self, text, *arguments, code=3):
        path = self.write("targets.json", self.good)
        self.refuse(code, text, "run", "--dry-run", "--targets", path, *arguments)

    def test_the_good_one(self):
        path = self.write("targets.json", self.good)
        self.succeed("run", "--dry-run", "--targets", path)

    def test_file(self):
        path = self.work / "none.json"
        self.refuse(3, f"{path}: no such targets file", "run", "--targets", path)
        path = self.write("bad.json", '{"targets": {\n "a": ]}')
        self.refuse(3, f"{path}:2:7: not JSON", "run", "--targets", path)
        path = self.write("list.json", [])
        self.refuse(3, "not a JSON object", "run", "--targets", path)

    def test_no_targets(self):
        self.good["targets"] = {}
        self.refused("targets is empty")

    def test_unknown_target(self):
        self.good["provisional_targets"] = {"_comment": "text", "p": {}}
        self.refused("no target 'x'; there are: t, p", "--target", "x", code=2)
        self.refused("no target '_comment'", "--target", "_comment", code=2)

    def test_keys_of_a_target(self):
        self.good["targets"]["t"]["grid_size"] = 9
        self.refused("targets.t.grid_size: found 9; must be text")
        self.good["targets"]["t"] = {"config": "config.yaml"}
        self.refused("targets.t.shardmap: found None")

    def test_config_and_map_that_are_not_there(self):
        self.good["targets"]["t"]["config"] = "none.yaml"
        self.refused(f"targets.t.config: {self.work}/none.yaml: no such file")
        self.good["targets"]["t"].update(config="config.yaml", shardmap="n")
        self.refused("shardmaps.n is not there")
        self.good["shardmaps"]["n"] = {"path": "none.json"}
        self.refused(f"{self.work}/none.json: no such shard map file")

    def test_paths(self):
        self.good["shardmaps"]["m"]["path"] = "${ZAGG_BENCH_UNSET}/map.json"
        self.refused("shardmaps.m.path: the environment has no ZAGG_BENCH_UNSET")
        self.good["shardmaps"]["m"]["path"] = 7
        self.refused("shardmaps.m.path: found 7; must be a path")

    def test_the_shared_folder_is_seen_from_the_checkout(self):
        support.shared("data/benchmark/targets.json")
        relative = os.path.relpath(support.SHARED, support.ROOT)
        self.succeed("run", "--dry-run", env={"ZAGG_SHARED": relative})
        self.refuse(3, "/nowhere/data/benchmark/", "run", "--dry-run",
                    env={"ZAGG_SHARED": "/nowhere"})

    def test_pins(self):
        entry = self.good["shardmaps"]["m"]
        entry["shard_key"] = 7
        self.refused("shardmaps.m.shard_key: 7 is no shard of")
        entry.update(shard_key=2**63 + 4, n_granules=2)
        self.refused(f"found 2; the map lists 1 for shard {2**63 + 4}")
        entry.update(n_granules=1, latitude="polar")
        self.refused("shardmaps.m.latitude: found 'polar'")

    def test_shard_maps(self):
        for changes, text in (({"shard_keys": []}, "must be lists that are not empty"),
                              ({"granules": [[]]}, "one list for each of the 3"),
                              ({"granules": [1, 2, 3]}, "one list for each of the 3"),
                              ({"shard_keys": [1, 2, 2**64]}, "below 2^64"),
                              ({"shard_keys": [1, 2, 0.5]}, "below 2^64"),
                              ({"grid_signature": None}, "grid_signature: no grid"),
                              ({"grid_signature": {"type": "rectilinear", "chunk_shape": [1, 2],
                                                   "affine": [1]}}, "grid_signature: no grid")):
            self.write("map.json", shardmap(**changes))
            self.refused(text)

    def test_options(self):
        for text, arguments in (
                ("not allowed with", ["--offline", "--dry-run"]),
                ("--store-prefix is needed", ["--target", DEMO]),
                ("must be a whole number above 0", ["--offline", "--photons", "0"]),
                ("nobuild/zagg: not built", ["--offline", "--target", DEMO, "--build",
                                             self.work / "nobuild"])):
            self.refuse(2, text, "run", *arguments)
        self.refuse(2, "invalid choice: 'nope'", "nope")

    def test_result_that_cannot_be_written(self):
        taken = self.write("taken", "")
        path = self.write("targets.json", self.good)
        self.refuse(1, f"{taken}/r.json: cannot be written", "run", "--dry-run", "--targets",
                    path, "--out-json", taken / "r.json")


class Output(support.Case):
    RUN = ("run", "--dry-run", "--target", DEMO)

    def test_links_and_what_is_no_file_stay_what_they_are(self):
        link = self.work / "link.json"
        link.symlink_to("r.json")
        self.succeed(*self.RUN, "--out-json", link)
        self.assertTrue(link.is_symlink())
        self.assertEqual(len(self.records("r.json")), 1)
        pipe = self.work / "pipe"
        os.mkfifo(pipe)
        with open(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), "rb") as reader:
            self.succeed(*self.RUN, "--out-json", pipe)
            self.assertEqual(len(json.loads(reader.read())), 1)
        self.assertEqual(sorted(p.name for p in self.work.iterdir()),
                         ["link.json", "pipe", "r.json"])

    def test_standard_output_that_nobody_reads(self):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([sys.executable, support.PROGRAM, *self.RUN], stdout=write,
                              stderr=subprocess.PIPE, encoding="utf-8", check=False)
        os.close(write)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "zagg-bench: standard output was closed\n")


class Help(support.Case):
    def test_every_command_has_one(self):
        for command in ([], ["run"], ["densest"], ["merge-series"], ["size-report"]):
            self.assertIn("usage: zagg-bench", self.succeed(*command, "--help"))
        done = self.bench()
        self.assertEqual(done.returncode, 2)
        self.assertIn("zagg-bench run --offline", done.stdout)


if __name__ == "__main__":
    support.main()
