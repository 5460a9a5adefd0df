#!/usr/bin/env python3
"""Runs whose shards are done elsewhere, and others into the same store: which records still hold,
who may write, what happens while results cannot be looked for; and what a person at a terminal
sees. Run by ctest (label net-tools), or by hand:
ZAGG_BUILD_DIR=build/release tests/net/test_dispatch_trust.py"""
import json
import os
import pty
import re
import resource
import shutil
import signal
import subprocess
import threading
import time
import unittest

from dispatch_runs import BUILD, SANITIZED, SECRET, Place, differences
from lambda_stub import observations

LAMBDA = ("--backend", "lambda", "--yes")
EXEC = ("--backend", "exec", "--max-workers", "2")


class Base(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.close)

    def good(self, *args):
        """JSON of a run that went well."""
        code, result, err = self.place.zagg_json(*args)
        self.assertEqual(code, 0, err)
        return result

    def wait_for(self, what, run=None):
        """Until something is so; a run that ends before is not what the test is about."""
        while not what():
            self.assertTrue(run is None or run.poll() is None, "the run is over")
            time.sleep(0.01)


class OnFiles(Base):
    """Real workers as commands, a store in a folder. Three runs: one, something that happens to
    the store, and one that must not take for done what is not there."""

    def setUp(self):
        super().setUp()
        self.n = len(self.place.write_real(most=6))
        self.place.zagg("real", "files", "local.zarr", "-q")

    def dispatch(self, *more, catalog="files"):
        return self.good("real", catalog, "there.zarr", *EXEC, *more)["cells_current"]

    def local(self, *more, catalog="files"):
        done = self.place.zagg("real", catalog, "there.zarr", "-q", *more)
        self.assertEqual(done.returncode, 0, done.stderr)

    def check_store(self):
        self.assertEqual(differences(self.place.path("local.zarr"),
                                     self.place.path("there.zarr")), [])

    def less(self, index):
        """The map, one granule taken from one shard."""
        data = json.loads(self.place.read("files.json"))
        data["granules"][index] = data["granules"][index][:-1]
        self.place.write("less.json", json.dumps(data))

    def test_untouched(self):
        self.assertEqual(self.dispatch(), 0)
        self.assertEqual(self.dispatch(), self.n)
        self.check_store()

    def test_overwritten_here(self):
        self.dispatch()
        self.local("--overwrite", "--max-cells", "2")
        self.assertEqual(self.dispatch(), 0)
        self.check_store()

    def test_replaced_by_other_means(self):
        """Neither who removed it nor who made the next one knows of records."""
        self.dispatch()
        self.place.zagg("real", "files", "other.zarr", "-q", "--max-cells", "1")
        shutil.rmtree(self.place.path("there.zarr"))
        shutil.copytree(self.place.path("other.zarr"), self.place.path("there.zarr"))
        self.assertEqual(self.dispatch(), 0)
        self.check_store()

    def test_older_state_brought_back(self):
        """From a copy that keeps the times of its files."""
        self.dispatch("--max-cells", "1")
        shutil.copytree(self.place.path("there.zarr"), self.place.path("backup.zarr"))
        self.assertEqual(self.dispatch(), 1)
        shutil.rmtree(self.place.path("there.zarr"))
        shutil.copytree(self.place.path("backup.zarr"), self.place.path("there.zarr"))
        self.assertEqual(self.dispatch(), 0)
        self.check_store()

    def test_rewritten_here(self):
        """A run on this machine that makes one shard of fewer granules, and leaves the others."""
        self.dispatch()
        self.less(1)
        key = json.loads(self.place.read("less.json"))["shard_keys"][1]
        self.local("--morton-cell", str(key), catalog="less")
        self.assertEqual(self.dispatch(), self.n - 1)
        self.check_store()
        self.assertEqual(self.dispatch(), self.n)

    def test_without_data_now(self):
        """A shard whose granules hold nothing keeps nothing of those that it was made of."""
        data = json.loads(self.place.read("files.json"))
        data["granules"][1] = []
        self.place.write("less.json", json.dumps(data))
        self.place.zagg("real", "less", "less.zarr", "-q")
        self.dispatch()
        self.assertEqual(self.dispatch(catalog="less"), self.n - 1)
        self.assertEqual(differences(self.place.path("less.zarr"), self.place.path("there.zarr")),
                         [])
        self.assertEqual(self.dispatch(), self.n - 1)
        self.check_store()
        # Nor does what a run on this machine noted of it.
        self.place.zagg("real", "files", "here.zarr", "-q")
        for args, n in (("less", *EXEC), 0), (("files",), 0), (("files",), self.n):
            self.assertEqual(self.good("real", args[0], "here.zarr", *args[1:])["cells_current"],
                             n)
        self.assertEqual(differences(self.place.path("local.zarr"), self.place.path("here.zarr")),
                         [])

    def test_another_area(self):
        """Of the same granules: what lies inside is part of the store."""
        config = self.place.read("real.yaml")
        self.place.write("real.yaml", config.replace("output:", "output:\n  aoi_mask: true"))
        data = json.loads(self.place.read("files.json"))
        data["aoi_mask"] = [[key] for key in data["shard_keys"]]
        self.place.write("files.json", json.dumps(data))
        self.assertEqual(self.dispatch(), 0)
        self.assertEqual(self.dispatch(), self.n)
        data["aoi_mask"][1] = []
        self.place.write("less.json", json.dumps(data))
        self.assertEqual(self.dispatch(catalog="less"), self.n - 1)
        self.place.zagg("real", "less", "masked.zarr", "-q")
        self.assertEqual(differences(self.place.path("masked.zarr"),
                                     self.place.path("there.zarr")), [])

    def test_clock_that_was_ahead(self):
        """The order of runs is not that of the clocks of their machines."""
        self.dispatch()
        self.less(2)
        runs = self.place.path("there.zarr.status")
        (first,) = [name for name in os.listdir(runs) if name.startswith("run-")]
        with open(f"{runs}/{first}/manifest.json", encoding="utf-8") as file:
            manifest = json.load(file)
        manifest["started_s"] += 3600
        with open(f"{runs}/{first}/manifest.json", "w", encoding="utf-8") as file:
            json.dump(manifest, file)
        self.assertEqual(self.dispatch(catalog="less"), self.n - 1)
        self.assertEqual(self.dispatch(), self.n - 1)
        self.check_store()

    def test_told_after_a_stop(self):
        """What workers reported that a stopped run did not wait for is done."""
        self.dispatch()
        runs = self.place.path("there.zarr.status")
        (first,) = [name for name in os.listdir(runs) if name.startswith("run-")]
        with open(f"{runs}/{first}/results.json", encoding="utf-8") as file:
            results = json.load(file)
        results.update(stopped=True, shards=results["shards"][2:])
        gone = os.path.join(runs, first, f"shard-{results['shards'].pop()[0]}.json")
        with open(f"{runs}/{first}/results.json", "w", encoding="utf-8") as file:
            json.dump(results, file)
        os.remove(gone)
        self.assertEqual(self.dispatch(), self.n - 1)

    # ---- one at a time ----

    def start_slow(self, *more):
        """A run whose workers wait for the file `go`."""
        command = (f"touch {self.place.dir}/begun.$ZAGG_SHARD_INDEX; "
                   f"while [ -n \"$ZAGG_SHARD_INDEX\" ] && ! [ -e {self.place.dir}/go ]; do "
                   f"sleep 0.05; done; exec {BUILD}/zagg worker -q")
        argv = [f"{BUILD}/zagg", "run", "--config", "real.yaml", "--catalog", "files.json",
                "--store", "there.zarr", "--backend", "exec", "--max-workers", "1", "--command",
                command, *more]
        # pylint: disable-next=consider-using-with
        run = subprocess.Popen(argv, cwd=self.place.dir, env=self.place.env, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.end, run)
        self.wait_for(lambda: os.path.exists(self.place.path("begun.0")), run)
        return run

    def end(self, run):
        self.place.write("go", "")
        if run.poll() is None:
            run.kill()
        run.communicate()

    def test_two_at_once(self):
        first = self.start_slow()
        for args in (EXEC, ()):
            done = self.place.zagg("real", "files", "there.zarr", *args)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertRegex(done.stderr, rf"another run is writing into it \(process {first.pid} "
                             r"on .*, run [0-9a-f]{32}\); wait for it or stop it")
        first.send_signal(signal.SIGINT)
        self.place.write("go", "")
        out, err = first.communicate()
        self.assertEqual(first.returncode, 130, err)
        self.assertIn("Interrupted: 1 of", out)
        self.assertEqual(self.dispatch(), 1)
        self.check_store()

    def test_local_run_before(self):
        """The lock is that of runs on this machine."""
        first = self.start_slow()
        first.kill()
        first.wait()
        self.place.write("go", "")
        self.local()
        self.check_store()


class OnBuckets(Base):
    def setUp(self):
        super().setUp()
        self.place.start_s3()
        self.place.write_many(40)
        self.run = ("many", "many", "s3://out/a.zarr", *LAMBDA)
        self.document = self.place.store("s3://out/a.zarr/rectilinear/zarr.json")
        self.lock = self.place.store("s3://out/a.zarr.status/lock")

    def start_lambda(self, *more):
        return self.place.start_lambda("--sandboxes", 40, "--status-root", self.place.path("s3"),
                                       *more)

    def start(self, *more):
        argv = [f"{BUILD}/zagg", "run", "--config", "many.yaml", "--catalog", "many.json",
                "--store", *self.run[2:], *more]
        # pylint: disable-next=consider-using-with
        run = subprocess.Popen(argv, cwd=self.place.dir, env=self.place.env, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)

        def end():
            if run.poll() is None:
                run.kill()
            run.communicate()
        self.addCleanup(end)
        return run

    def test_replaced(self):
        self.start_lambda()
        self.assertEqual(self.good(*self.run)["cells_current"], 0)
        self.assertEqual(self.good(*self.run)["cells_current"], 40)
        shutil.rmtree(self.place.store("s3://out/a.zarr"))
        os.makedirs(os.path.dirname(self.document))
        self.place.write(self.document, "{}")  # the same bytes
        result = self.good(*self.run)
        self.assertEqual((result["cells_current"], result["resumed_from"]), (0, None))

    def test_removed(self):
        self.start_lambda()
        self.good(*self.run)
        shutil.rmtree(self.place.store("s3://out/a.zarr"))
        self.assertEqual(self.good(*self.run)["cells_current"], 0)

    def test_unreadable_manifest(self):
        """It may be that of a run which made shards of something else."""
        self.start_lambda()
        first = self.good(*self.run)["run_id"]
        data = json.loads(self.place.read("many.json"))
        data["granules"][12] = data["granules"][12][:-1]
        self.place.write("less.json", json.dumps(data))
        less = ("many", "less", *self.run[2:])
        self.assertEqual(self.good(*less)["cells_current"], 39)
        proxy = self.place.start("fault_proxy", "--to", self.place.servers[0].port)
        runs = self.place.store("s3://out/a.zarr.status")
        (second,) = [name for name in os.listdir(runs)
                     if name.startswith("run-") and name != f"run-{first}"]
        proxy.script({"fault": "403", "path": second + "/manifest", "times": 0})
        self.place.env["AWS_ENDPOINT_URL_S3"] = f"http://127.0.0.1:{proxy.port}"
        code, result, err = self.place.zagg_json(*self.run)
        self.assertEqual((code, result["cells_current"], result["resumed_from"]), (0, 0, None))
        self.assertIn("What earlier runs have finished cannot be read; all shards are done", err)
        self.assertEqual(self.good(*less)["cells_current"], 0)

    def test_two_at_once(self):
        server = self.start_lambda("--latency", 0.2)
        first = self.start("--max-workers", "2")
        self.wait_for(lambda: server.stats()["done"], first)
        done = self.place.zagg(*self.run)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(f"another run is writing into it (process {first.pid} on", done.stderr)
        self.assertEqual(done.stderr.count("error"), 1)
        first.send_signal(signal.SIGINT)
        _, err = first.communicate()
        self.assertEqual(first.returncode, 130, err)
        self.assertFalse(os.path.exists(self.lock))
        result = self.good(*self.run)
        self.assertGreater(result["cells_current"], 0)
        self.assertEqual(set(server.stats()["done"].values()), {1})

    def test_dead_owner(self):
        """Whoever was killed holds nothing any more."""
        server = self.start_lambda("--latency", 0.2)
        first = self.start("--max-workers", "2")
        self.wait_for(lambda: server.stats()["done"], first)
        first.kill()
        first.wait()
        self.assertTrue(os.path.exists(self.lock))
        _, _, err = self.place.zagg_json(*self.run)
        self.assertIn("the lock of a run that is gone was taken over", err)
        self.assertFalse(os.path.exists(self.lock))

    def test_taken_over(self):
        """A run that lost its store sends nothing any more."""
        server = self.start_lambda("--latency", 2)  # it looks after its lock every 22 s
        first = self.start("--max-workers", "1")
        self.wait_for(lambda: server.stats()["done"], first)
        self.place.write(self.lock, "{}")
        _, err = first.communicate(timeout=60)
        self.assertEqual(first.returncode, 1, err)
        self.assertIn("another run took over its lock", err)
        self.assertLess(len(server.stats()["done"]), 40)

    def test_without_the_right_to_lock(self):
        self.start_lambda()
        self.place.env["AWS_ENDPOINT_URL_S3"] = "http://127.0.0.1:" + str(self.place.start(
            "s3_server", "--root", self.place.path("s3"), "--key", "ANOTHER", SECRET).port)
        code, result, err = self.place.zagg_json(*self.run)
        self.assertEqual((code, result["cells_with_data"]),
                         (0, sum(map(bool, map(observations, range(40))))), err)
        self.assertIn("The store cannot be locked, and two runs into it will not notice", err)

    # ---- setups that empty the store ----

    def setups(self, *faults, code=0, more=()):
        server = self.start_lambda("--record", "--faults-everywhere", *faults)
        done = self.place.zagg(*self.run, "--max-cells", "1", *more)
        self.assertEqual(done.returncode, code, done.stderr)
        events = [json.loads(text) for text in server.stats()["events"]]
        return sum(e.get("mode") == "setup" for e in events), done.stderr

    def test_setup_that_may_be_under_way(self):
        for fault, code in (("--lost", 1), ("--unavailable", 5)):
            n, err = self.setups(fault, 1, code=code, more=("--overwrite",))
            self.assertEqual(n, 1)
            self.assertIn("it may be under way still and would empty the store under its shards",
                          err)

    def test_setup_that_empties_nothing(self):
        """Or is refused before it begins: again."""
        self.assertEqual(self.setups("--lost", 1)[0], 2)
        seed = next(s for s in range(100) if struck(s, 1) and not struck(s, 2))
        self.assertEqual(self.setups("--throttle", 0.5, "--seed", seed, more=("--overwrite",))[0],
                         2)

    # ---- results that cannot be looked for ----

    def test_listing_fails_for_a_while(self):
        server = self.start_lambda("--record")
        proxy = self.place.start("fault_proxy", "--to", self.place.servers[0].port)
        proxy.script({"fault": "403", "path": r"prefix=a\.zarr\.status%2Frun-[^&]", "times": 2},
                     {"fault": "403", "method": "GET", "path": r"/shard-\d+\.json", "times": 3})
        self.place.env["AWS_ENDPOINT_URL_S3"] = f"http://127.0.0.1:{proxy.port}"
        code, result, err = self.place.zagg_json(*self.run, "--transport", "event")
        self.assertEqual((code, result and result["cells_error"]), (0, 0), err)
        self.assertGreaterEqual(proxy.stats()["by_fault"]["403"], 5)
        self.assertIn("Looking for results failed, and is tried again", err)
        self.assertRegex(err, r"\d of the objects in .* cannot be read")
        self.assertEqual(set(server.stats()["done"].values()), {1})


def struck(seed, nth):
    """Whether lambda_server.py throttles the nth setup, one of two by chance."""
    from lambda_server import Lambda  # pylint: disable=import-outside-toplevel

    class Args:  # pylint: disable=too-few-public-methods
        args = type("Seed", (), {"seed": str(seed)})
    return Lambda.share(Args, "throttle", "setup", nth) < 0.5


@unittest.skipIf(SANITIZED, "shadow memory counts too")
@unittest.skipIf(resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 4096, "few files may be open")
class ManyConnections(Base):
    """As many invocations under way at once as there are without --max-workers, each with a
    connection of its own."""

    MOST_MEMORY = 100 << 20
    MOST_OVER_TLS = 160 << 20  # OpenSSL's share of a connection is some 60 KB

    def measure(self, n, most, *more):
        self.place.start_s3()
        self.place.write_many(n + 50)
        self.place.start_lambda("--sandboxes", 2 * n, "--together", n, *more)
        result = self.good("many", "many", "s3://out/a.zarr", *LAMBDA)
        self.assertEqual((result["workers"], result["cells_error"]), (n, 0))
        print(f"{n} invocations at once {' '.join(map(str, more[:1]))}: peak "
              f"{result['peak_rss_bytes'] / 1e6:.1f} MB, {result['wall_time_s']:.1f} s")
        self.assertLess(result["peak_rss_bytes"], most)

    def test_plain(self):
        self.measure(1700, self.MOST_MEMORY)

    def test_tls(self):
        certs = self.place.path("certs")
        os.mkdir(certs)
        subprocess.run([os.path.join(os.path.dirname(__file__), "make_certs.sh"), certs],
                       check=True)
        self.place.env["SSL_CERT_FILE"] = f"{certs}/ca.pem"
        self.place.scheme = "https"
        self.measure(1700, self.MOST_OVER_TLS, "--tls", f"{certs}/server.pem",
                     f"{certs}/server.key")


class OnTerminal(Base):
    """Standard input and error are a terminal."""

    LINE = re.compile(r"\r\x1b\[K(\d+)/60 shards, (\d+) under way, [\d,]+ obs, [\d.]+ shards/s, "
                      r"~\$(\d+\.\d\d), ETA \d+ s")

    def setUp(self):
        super().setUp()
        self.place.start_s3()
        self.place.write_many(60)
        self.place.env.pop("NO_COLOR", None)
        self.server = self.place.start_lambda("--sandboxes", 8, "--latency", 0.15, "--memory",
                                              10240, "--status-root", self.place.path("s3"))

    def on_terminal(self, answer, *more):
        """(exit code, standard output, what was on the screen)"""
        ours, theirs = pty.openpty()
        argv = [f"{BUILD}/zagg", "run", "--config", "many.yaml", "--catalog", "many.json",
                "--store", "s3://out/a.zarr", "--backend", "lambda", "--max-workers", "8", *more]
        shown = []
        with subprocess.Popen(argv, cwd=self.place.dir, env=self.place.env, text=True,
                              stdin=theirs, stdout=subprocess.PIPE, stderr=theirs) as run:
            os.close(theirs)

            def watch():
                try:
                    while data := os.read(ours, 4096):
                        shown.append(data.decode())
                        if answer and "[y/N] " in "".join(shown):
                            os.write(ours, answer.encode())
                            return watch_rest()
                except OSError:  # the other end is closed
                    pass
                return None

            def watch_rest():
                while data := os.read(ours, 4096):
                    shown.append(data.decode())

            thread = threading.Thread(target=watch)
            thread.start()
            out = run.stdout.read()
            run.wait()
            thread.join()
        os.close(ours)
        return run.returncode, out, "".join(shown)

    def test_progress(self):
        code, out, shown = self.on_terminal("y\n")
        self.assertEqual(code, 0, shown)
        self.assertIn("Max cost ceiling: ~$7.20 (60 units x 10 GB x 900s, arm64)\r\n"
                      "Proceed with Lambda fan-out? [y/N] ", shown)
        lines = self.LINE.findall(shown)
        self.assertGreater(len(lines), 2, shown)
        done = [int(line[0]) for line in lines]
        self.assertEqual((done, done[-1]), (sorted(done), 60))
        self.assertGreater(max(int(line[1]) for line in lines), 1)
        costs = [float(line[2]) for line in lines]
        self.assertEqual(costs, sorted(costs))
        # The line is taken off the screen, and the summary has the screen for itself.
        self.assertTrue(shown.rstrip().endswith("\r\x1b[K") or "\r\x1b[K" in
                        shown[shown.rindex("ETA"):], shown)
        self.assertIn("Lambda compute:", out)
        self.assertNotIn("ETA", out)

    def test_declined(self):
        for answer in ("\n", "n\n", "\x04"):
            code, out, shown = self.on_terminal(answer)
            self.assertEqual((code, out), (1, ""), shown)
            self.assertIn("Aborted: max-cost gate declined", shown)
        self.assertEqual(self.server.stats()["modes"], {})

    def test_not_asked(self):
        code, _, shown = self.on_terminal(None, "--yes")
        self.assertEqual(code, 0, shown)
        self.assertNotIn("Proceed", shown)

    def test_quiet(self):
        code, _, shown = self.on_terminal(None, "--yes", "--quiet")
        self.assertEqual((code, shown), (0, ""))


if __name__ == "__main__":
    unittest.main()
