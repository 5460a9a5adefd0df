#!/usr/bin/env python3
"""`zagg run --backend slurm` on a cluster that the test starts (slurm_cluster.py). Run by ctest
(label net), or by hand: ZAGG_BUILD_DIR=build/release tests/net/test_slurm.py"""
import os
import shutil
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
class OnCluster(unittest.TestCase):
    OPTIONS = ""

    @classmethod
    def setUpClass(cls):
        cls.cluster = slurm_cluster.Cluster(options=cls.OPTIONS)
        cls.addClassCleanup(cls.cluster.__exit__)
        cls.cluster.__enter__()

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


class OnSlurm(OnCluster):
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
        self.assertIn("what has not begun is cancelled", err)
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


COUNTING = """#!/bin/sh
# How many there are, this one with them.
mkdir running.$$.$SLURM_JOB_ID
ls -d running.* | wc -l >>counts
sleep 0.5
"$ZAGG" worker -q "$@"
rc=$?
rmdir running.$$.$SLURM_JOB_ID
exit $rc
"""
SECOND_FAILS = """#!/bin/sh
mkdir "$PLACE/once" 2>/dev/null && exec "$SBATCH" "$@"
echo "sbatch: error: Batch job submission failed: too many" >&2
exit 1
"""


class InSmallArrays(OnCluster):
    OPTIONS = "MaxArraySize=8"

    def write_program(self, name, text):
        os.makedirs(self.place.path("bin"), exist_ok=True)
        self.place.write(f"bin/{name}", text)
        os.chmod(self.place.path(f"bin/{name}"), 0o755)

    def test_width_of_all_arrays(self):
        """As many tasks run at once as were asked for, in however many arrays they are."""
        keys = self.place.write_real(photons=12000, most=20)
        self.assertEqual(len(keys), 20)
        self.local()
        self.write_program("worker", COUNTING)
        self.place.env["ZAGG"] = f"{BUILD}/zagg"
        code, result, err = self.run_slurm("--max-workers", "3", "--command", "bin/worker")
        self.assertEqual((code, result and result["cells_error"]), (0, 0), err)
        for n in (8, 4):
            self.assertIn(f": {n} tasks", err)
        counts = [int(n) for n in self.place.read("counts").split()]
        self.assertEqual(len(counts), 20 + 1)  # setup is done here; there is nothing to finalize
        self.assertLessEqual(max(counts), 3)
        self.check_store()

    def test_no_more_can_be_sent(self):
        """A run that ends before its tasks do takes them out of the queue."""
        self.place.write_real(photons=12000, most=16)
        self.write_program("sbatch", SECOND_FAILS)
        sbatch = shutil.which("sbatch", path=self.place.env["PATH"])
        self.place.env.update(SBATCH=sbatch, PLACE=self.place.dir, PATH=self.place.path("bin") +
                              ":" + self.place.env["PATH"])
        code, _, err = self.run_slurm(
            "--command", f"[ -z \"$SLURM_JOB_ID\" ] || sleep 300; {BUILD}/zagg worker -q")
        self.assertEqual(code, 1, err)
        self.assertIn("sbatch failed (exit 1): sbatch: error: Batch job submission failed", err)
        self.assertRegex(err, "Slurm job [0-9]+: cancelled")
        until = time.monotonic() + 60
        while self.cluster.run("squeue", "--noheader", "--states=PENDING,RUNNING").stdout:
            self.assertLess(time.monotonic(), until, "tasks are left")
            time.sleep(0.2)


if __name__ == "__main__":
    needs.main()
