#!/usr/bin/env python3
"""`zagg run` of the nine benchmark configs ($ZAGG_SHARED/data/benchmark) on every backend: local,
lambda (the tests' own, whose sandboxes are the real bootstrap), exec and slurm. One input, in a
bucket; the stores must be the local one's file for file, but for times and what tells of the run
(dispatch_runs.stored). Run by ctest (label net), or by hand, all configs or one:
ZAGG_BUILD_DIR=build/release tests/net/test_backends.py OnEveryBackend.test_tdigest_rect_3km"""
import json
import os
import shutil
import unittest

import needs
import slurm_cluster
from dispatch_runs import BUILD, Place, stored, stored_differences

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.environ.get("ZAGG_SHARED") or os.path.join(HERE, "../../../shared")
BENCHMARK = os.path.join(SHARED, "data/benchmark")
NO_SLURM = slurm_cluster.available()
# Over the site of the benchmark, where zagg-synth puts its granules unless it is told otherwise.
GRANULES = ("--granules", "3", "--photons", "1500", "--per-segment", "25", "--spread", "60",
            "--gzip", "1")
BACKENDS = {"lambda": ("--yes",), "exec": ("--max-workers", "2"),
            "slurm": ("--partition", "main", "--max-workers", "4")}


def configs():
    """Name of each config, without the product."""
    folder = os.path.join(BENCHMARK, "configs")
    return sorted(name.removeprefix("atl03_").removesuffix(".yaml")
                  for name in os.listdir(folder)) if os.path.isdir(folder) else []


@needs.required(configs(), f"benchmark configs in {BENCHMARK}")
class OnEveryBackend(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Place()
        cls.addClassCleanup(cls.place.close)
        cls.place.run_ok([f"{BUILD}/zagg-synth", "--quiet", "--out", "s3/granules", *GRANULES])
        cls.place.start_s3()
        cls.place.start_bootstraps()
        if not NO_SLURM:
            cluster = slurm_cluster.Cluster()
            cls.addClassCleanup(cluster.__exit__)
            cls.place.env.update(cluster.__enter__().env)

    def write_map(self, name):
        """The shards of the benchmark's map that the granules reach."""
        grid = "_".join(name.split("_")[-2:])
        with open(f"{BENCHMARK}/shardmaps/sm_{grid}.json", encoding="utf-8") as file:
            theirs = json.load(file)
        latitude = ["--latitude", "geodetic"] if grid.startswith("healpix") else []
        self.place.run_ok([f"{BUILD}/zagg", "shardmap", "build", "-q", "--config", f"{name}.yaml",
                           "--granules", "s3/granules", *latitude, "-o", f"{name}.json"])
        shards = json.loads(self.place.read(f"{name}.json"))
        self.assertEqual(shards["grid_signature"], theirs["grid_signature"])
        self.assertLessEqual(set(shards["shard_keys"]), set(theirs["shard_keys"]))
        self.assertGreater(len(shards["shard_keys"]), 2)
        for granule in (g for granules in shards["granules"] for g in granules):
            granule.update(s3=f"s3://granules/{granule['id']}", https=None)
        self.place.write(f"{name}.json", json.dumps(shards))

    def run_on(self, name, backend, *more):
        store = f"s3://out/{backend}.zarr"
        code, result, err = self.place.zagg_json(name, name, store, "-q", "--backend", backend,
                                                 *more)
        self.assertEqual((code, result and result["cells_error"]), (0, 0), err)
        return self.place.store(store), result["total_obs"]

    def check(self, name):
        shutil.copy(f"{BENCHMARK}/configs/atl03_{name}.yaml", self.place.path(f"{name}.yaml"))
        self.write_map(name)
        local, observations = self.run_on(name, "local")
        self.addCleanup(self.remove_stores)
        self.assertGreater(observations, 20000)
        self.assertGreater(len(stored(local)), 8)
        for backend, more in BACKENDS.items():
            with self.subTest(backend):
                needs.require(backend != "slurm" or not NO_SLURM,
                              f"Slurm: {NO_SLURM} (scripts/deps net)")
                there, same = self.run_on(name, backend, *more)
                self.assertEqual(same, observations)
                self.assertEqual(stored_differences(local, there), [])

    def remove_stores(self):
        for name in os.listdir(self.place.path("s3/out")):
            shutil.rmtree(self.place.path(f"s3/out/{name}"))

    def test_nine(self):
        """Those are all that there are."""
        self.assertEqual(len(configs()), 9)


for each in configs():
    setattr(OnEveryBackend, f"test_{each}", lambda self, name=each: self.check(name))


if __name__ == "__main__":
    needs.main()
