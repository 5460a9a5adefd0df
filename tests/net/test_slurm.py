#!/usr/bin/env python3
"""`zagg run --backend slurm` on a cluster that the test starts (slurm_cluster.py). Run by ctest
(label net), or by hand: ZAGG_BUILD_DIR=build/release tests/net/test_slurm.py"""
import os
import signal
import subprocess
import time
import unittest

import needs
import slurm_cluster
from dispatch_runs import BUILD, Place, differences

SLOW = "sleep 0.3; "
MISSING = slurm_cluster.available()


@needs.required(not MISSING, f"Slurm: {MISSING} (scripts/deps net)")
class OnSlurm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(slurm_cluster.Cluster()) if \
            hasattr(cls, "enterClassContext") else cls.enter(slurm_cluster.Cluster())

    @classmethod
    def enter(cls, context):
        cls.addClassCleanup(context.__exit__, None, None, None)
        return context.__enter__()

    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.close)
        self.place.env.update(self.cluster.env)

    def local(self):
        done = self.place.zagg("real", "files", "local.zarr", "-q")
        self.assertEqual(done.returncode, 0, done.stderr)

    def check_store(self):
        self.assertEqual(differences(self.place.path("local.zarr"),
                                     self.place.path("there.zarr")), [])

    def run_slurm(self, *more):
        return self.place.zagg_json("real", "files", "there.zarr", "--backend", "slurm", *more)

    def test_small(self):
        self.place.write_real(most=6)
        self.local()
        code, result, err = self.run_slurm("--partition", "main", "--max-workers", "3")
        self.assertEqual((code, result and result["cells_error"]), (0, 0), err)
        self.check_store()
        code, again, err = self.run_slurm()
        self.assertEqual((code, again and again["cells_current"]), (0, 6), err)
        left = [name for folder, _, names in os.walk(self.place.dir) for name in names
                if "zagg-run-" in folder and name.endswith(".json")]
        self.assertEqual(left, [])  # events are gone: they may hold keys

    def test_no_such_partition(self):
        self.place.write_real(most=2)
        code, _, err = self.run_slurm("--partition", "nowhere")
        self.assertEqual(code, 1)
        self.assertIn("sbatch failed", err)

    def test_node_failure_and_resume(self):
        """40 shards; a node fails with tasks on it, the run is interrupted; the next one
        completes the store."""
        keys = self.place.write_real(photons=12000, most=40)
        self.assertEqual(len(keys), 40)
        self.local()
        argv = [f"{BUILD}/zagg", "run", "--config", "real.yaml", "--catalog", "files.json",
                "--store", "there.zarr", "--backend", "slurm", "--command",
                f"{SLOW}{BUILD}/zagg worker -q"]
        with subprocess.Popen(argv, cwd=self.place.dir, env=self.place.env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
            self.wait_for_objects(4)
            self.cluster.fail_node("n1")
            self.wait_for_objects(12)
            self.cluster.heal_node("n1")
            run.send_signal(signal.SIGINT)
            out, err = run.communicate(timeout=120)
        self.assertEqual(run.returncode, 130, err)
        self.assertIn("of 40 cells done", out)
        code, again, err = self.run_slurm()
        self.assertEqual((code, again and again["cells_error"]), (0, 0), err)
        self.assertGreaterEqual(again["cells_current"], 12)
        self.assertLess(again["cells_current"], 40)
        self.check_store()

    def wait_for_objects(self, n):
        until = time.monotonic() + 120
        while time.monotonic() < until:
            found = [name for folder, _, names in os.walk(self.place.path("there.zarr.status"))
                     for name in names if name.startswith("shard-")]
            if len(found) >= n:
                return
            time.sleep(0.05)
        self.fail(f"{n} shards have not ended:\n{self.cluster.logs()}")


if __name__ == "__main__":
    needs.main()
