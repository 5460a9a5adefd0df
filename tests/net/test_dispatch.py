#!/usr/bin/env python3
"""Runs whose shards are done elsewhere: `zagg run --backend lambda` on the tests' own Lambda
(lambda_server.py), which checks signatures and lets sandboxes fail, and --backend exec. Run by ctest
(label net-tools), or by hand: ZAGG_BUILD_DIR=build/release tests/net/test_dispatch.py"""
import json
import os
import pty
import re
import shlex
import subprocess
import unittest

from dispatch_runs import (BUILD, SANITIZED, SECRET, Place, differences, files_of,
                           stored_differences)
from lambda_stub import body_of, observations

LAMBDA = ("--backend", "lambda", "--yes")
MOST_MEMORY = 100 << 20


class OnLambda(unittest.TestCase):
    """Base: a bucket server; each test starts the Lambda that it needs."""

    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.close)
        self.place.start_s3()

    def check_sums(self, result, keys):
        """The summary is what the stub says of each shard, added up."""
        with_data = [k for k in keys if observations(k)]
        self.assertEqual(result["total_cells"], len(keys))
        self.assertEqual(result["cells_with_data"], len(with_data))
        self.assertEqual(result["total_obs"], sum(map(observations, keys)))
        self.assertEqual(sorted(r["shard_key"] for r in result["results"]), list(keys))

    def check_exactly_once(self, server, keys):
        done = server.stats()["done"]
        self.assertEqual({int(k) for k in done}, set(keys))
        self.assertEqual(set(done.values()), {1})


class ManyShards(OnLambda):
    N = 400 if SANITIZED else 2000

    def test_faults(self):
        """Throttled, crashed and overdue: each shard is done, once, and the sums are right."""
        self.place.write_many(self.N)
        server = self.place.start_lambda(
            "--sandboxes", 200, "--account-limit", 1000, "--throttle", 0.05, "--crash", 0.02,
            "--overtime", 0.01, "--timeout", 60, "--memory", 1024, "--latency", 0.01,
            "--status-root", self.place.path("s3"))
        code, result, err = self.place.zagg_json("many", "many", "s3://out/a.zarr", *LAMBDA,
                                                 "--max-workers", "200", "--profile")
        self.assertEqual((code, result and result["cells_error"]), (0, 0), err)
        self.check_sums(result, range(self.N))
        self.check_exactly_once(server, range(self.N))
        seen = server.stats()
        self.assertEqual(seen["crashes"], 0)
        faults = seen["by_fault"]
        for fault in ("throttle", "crash", "overtime"):
            self.assertGreater(faults[fault], 0)
        self.assertEqual(result["throttles"], seen["by_status"]["429"])
        self.assertEqual(result["retries"],
                         result["throttles"] + faults["crash"] + faults["overtime"])
        self.assertEqual(result["invocations"], self.N + result["retries"])
        self.assertEqual(seen["modes"], {"setup": 1, "finalize": 1})
        # Each overdue attempt is charged in full.
        self.assertGreaterEqual(result["lambda_time_s"],
                                60 * faults["overtime"] + sum(
                                    body_of({"shard_key": k, "granule_urls": []})["duration_s"]
                                    for k in range(self.N)))
        self.assertAlmostEqual(result["gb_seconds"], result["lambda_time_s"] * 1.0)
        self.assertEqual(result["worker_phase_max"]["aggregate"], 15 / 16)
        # One connection a worker, some of them opened again, never one a shard.
        self.assertLess(seen["connections"], 200 + self.N / 4)
        self.assertLessEqual(seen["max_in_flight"], 201)
        if not SANITIZED:
            self.assertLess(result["peak_rss_bytes"], MOST_MEMORY)
        self.assertNotIn(SECRET, err)

    def test_few_descriptors(self):
        self.place.write_many(300)
        server = self.place.start_lambda("--sandboxes", 300, "--latency", 0.05)
        limited = subprocess.run(
            ["sh", "-c", "ulimit -n 100; exec \"$0\" \"$@\"",
             os.path.join(os.path.abspath(os.environ.get("ZAGG_BUILD_DIR", "build/release")),
                          "zagg"),
             "run", "--config", "many.yaml", "--catalog", "many.json", "--store",
             "s3://out/a.zarr", *LAMBDA, "--json"],
            cwd=self.place.dir, env=self.place.env, capture_output=True, text=True, check=False)
        self.assertEqual(limited.returncode, 0, limited.stderr)
        result = json.loads(limited.stdout)
        self.assertEqual(result["workers"], 100 - 32)
        self.assertIn("68 workers at once instead of 300", limited.stderr)
        self.assertLessEqual(server.stats()["max_in_flight"], 69)
        self.check_exactly_once(server, range(300))

    def test_account_limit(self):
        self.place.write_many(150)
        self.place.start_lambda("--sandboxes", 150, "--account-limit", 1000, "--datapoint", 0,
                                "--datapoint", 860.5, "--reserved", 7)
        code, result, err = self.place.zagg_json("many", "many", "s3://out/a.zarr", *LAMBDA)
        self.assertEqual((code, result["workers"]), (0, 40), err)
        self.assertIn("Concurrency: account limit 1000, running now 860, kept free 100, "
                      "available 40", err)
        self.assertIn("7 reserved for process-shard", err)

    def test_without_rights_to_ask(self):
        self.place.write_many(30)
        self.place.start_lambda("--no-probes", "--sandboxes", 50)
        code, result, err = self.place.zagg_json("many", "many", "s3://out/a.zarr", *LAMBDA)
        self.assertEqual(code, 0, err)
        self.assertIn("lambda:GetAccountSettings", err)
        self.assertEqual((result["function_timeout_s"], result["memory_gb"]), (900, 2.0))
        self.check_sums(result, range(30))

    def test_lasting_faults(self):
        """What fails each time is told of; the next run does only that."""
        self.place.write_many(200)
        server = self.place.start_lambda("--sandboxes", 60, "--overtime", 0.05, "--oom", 0.05,
                                         "--broken", 0.05, "--oversize", 0.03, "--crash", 0.03,
                                         "--lasting", "--timeout", 30, "--status-root",
                                         self.place.path("s3"))
        code, result, err = self.place.zagg_json("many", "many", "s3://out/a.zarr", *LAMBDA)
        failed = {r["shard_key"]: r for r in result["results"] if r["error"] and
                  r["error"] != "No data after filtering"}
        self.assertEqual((code, result["cells_error"]), (6, len(failed)), err)
        self.assertEqual(set(failed), set(range(200)) -
                         {int(k) for k in server.stats()["done"]})
        kinds = {r["error"].split(":")[0] for r in failed.values()}
        self.assertLessEqual({"Lambda OOM", "Lambda timeout", "Lambda error (Unhandled)"}, kinds)
        self.assertTrue(any("no body that is a JSON object" in r["error"]
                            for r in failed.values()))
        for r in failed.values():
            if r["timeout"]:
                self.assertEqual((r["lambda_duration"] >= 60, r["retries"]), (True, 1))
        server.stop()
        self.place.servers.remove(server)
        server = self.place.start_lambda("--sandboxes", 60)
        code, again, err = self.place.zagg_json("many", "many", "s3://out/a.zarr", *LAMBDA)
        self.assertEqual((code, again["cells_current"]), (0, 200 - len(failed)), err)
        self.check_exactly_once(server, failed)
        self.assertEqual(again["resumed_from"], result["run_id"])

    def test_service_trouble(self):
        """503 and connections that break are not the end of a shard, nor of setup."""
        self.place.write_many(60)
        server = self.place.start_lambda("--sandboxes", 60, "--unavailable", 0.2, "--reset", 0.2,
                                         "--fault-tries", 2, "--faults-everywhere", "--seed", "3")
        code, result, err = self.place.zagg_json("many", "many", "s3://out/a.zarr", *LAMBDA)
        self.assertEqual(code, 0, err)
        self.assertGreater(result["retries"], 0)
        self.check_sums(result, range(60))
        self.check_exactly_once(server, range(60))


class Events(OnLambda):
    def events(self, *more):
        server = self.place.start_lambda("--sandboxes", 20, "--record")
        done = self.place.zagg("many", "many", "s3://out/a.zarr", *LAMBDA, *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        texts = server.stats()["events"]
        for text in texts:  # as Python writes them
            self.assertEqual(text, json.dumps(json.loads(text)))
        return [json.loads(text) for text in texts]

    def setUp(self):
        super().setUp()
        self.place.write_many(30)

    def test_order(self):
        setup, *shards, finalize = self.events("--max-workers", "1")
        self.assertEqual(list(setup), ["mode", "store_path", "parent_order", "child_order",
                                       "n_parent_cells", "overwrite", "config"])
        self.assertEqual(finalize["mode"], "finalize")
        counts = [len(e["granule_urls"]) for e in shards]
        self.assertEqual(counts, sorted(counts, reverse=True))
        self.assertEqual(list(shards[0]), ["chunk_idx", "shard_key", "parent_order",
                                           "granule_urls", "store_path", "s3_credentials",
                                           "config", "handoff"])
        self.assertEqual(list(shards[0]["s3_credentials"]),
                         ["accessKeyId", "secretAccessKey", "sessionToken"])
        self.assertEqual(shards[0]["config"]["catalog"], None)

    def test_nothing_to_finalize(self):
        """A flat store without consolidated metadata: upstream's workers would add them."""
        text = self.place.read("many.yaml")
        self.place.write("many.yaml", text.replace("consolidate_metadata: true", ""))
        setup, *shards = self.events()
        self.assertEqual(setup["mode"], "setup")
        self.assertEqual([e.get("mode") for e in shards], [None] * 30)

    def test_handoff_and_profile(self):
        shards = self.events("--handoff", "pandas", "--profile")[1:-1]
        self.assertNotIn("handoff", shards[0])
        self.assertIs(shards[0]["profile"], True)

    def test_output_credentials(self):
        self.place.write("keys.json", json.dumps({
            "aws_access_key_id": self.place.env["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": self.place.env["AWS_SECRET_ACCESS_KEY"],
            "endpoint_url": self.place.env["AWS_ENDPOINT_URL_S3"]}))
        for event in self.events("--output-creds", "keys.json"):
            self.assertEqual(list(event["output_credentials"]),
                             ["accessKeyId", "secretAccessKey", "region", "endpointUrl"])

    def test_function_by_arn(self):
        """Its name is encoded twice in what is signed."""
        server = self.place.start_lambda("--sandboxes", 20)
        arn = "arn:aws:lambda:us-west-2:123456789012:function:process-shard:prod"
        done = self.place.zagg("many", "many", "s3://out/a.zarr", *LAMBDA, "--function-name", arn)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("POST /2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-west-2%3A123456789012"
                      "%3Afunction%3Aprocess-shard%3Aprod/invocations", server.stats()["paths"])

    def test_name_of_environment(self):
        self.place.env["ZAGG_LAMBDA_FUNCTION_NAME"] = "other"
        self.place.start_lambda("--function", "other-4096")
        with open(self.place.path("many.yaml"), "a", encoding="utf-8") as file:
            file.write("worker: {memory: 4096}\n")
        done = self.place.zagg("many", "many", "s3://out/a.zarr", *LAMBDA)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_event_transport(self):
        """Also where a worker is done before its event is known to be accepted."""
        server = self.place.start_lambda("--sandboxes", 30, "--record", "--throttle", 0.05,
                                         "--accept-delay", 5, "--status-root",
                                         self.place.path("s3"))
        code, result, err = self.place.zagg_json("many", "many", "s3://out/e.zarr", *LAMBDA,
                                                 "--transport", "event")
        self.assertEqual(code, 0, err)
        self.assertEqual(result["total_obs"], sum(map(observations, range(30))))
        self.check_exactly_once(server, range(30))
        events = [json.loads(t) for t in server.stats()["events"]]
        self.assertEqual({e["run_id"] for e in events if "shard_key" in e}, {result["run_id"]})
        code, again, err = self.place.zagg_json("many", "many", "s3://out/e.zarr", *LAMBDA,
                                                "--transport", "event")
        self.assertEqual((code, again["cells_current"]), (0, 30), err)


    def test_event_transport_loses_answers(self):
        """Objects that are there before their events are known to be accepted are not
        overlooked: no shard waits for one that was seen already."""
        server = self.place.start_lambda("--sandboxes", 30, "--lost", 0.5, "--fault-tries", 2,
                                         "--timeout", 1, "--status-root", self.place.path("s3"))
        code, result, err = self.place.zagg_json("many", "many", "s3://out/e.zarr", *LAMBDA,
                                                 "--transport", "event")
        self.assertEqual(code, 0, err)
        self.check_sums(result, range(30))
        self.assertGreater(server.stats()["by_fault"]["lost"], 5)

    def test_keys_of_an_archive(self):
        """They go along while they last for the function's timeout and five minutes more, and
        are asked for anew before."""
        text = self.place.read("many.yaml")
        self.place.write("many.yaml", text.replace(
            "data_source:\n", "data_source:\n  credentials_provider: nsidc\n"))
        for timeout, fresh in ((60, "ASIAFIRST"), (900, "ASIASECOND")):
            daac = self.place.start(
                "daac_server", "--root", self.place.dir, "--user", "ann", "pw", "--token", "t-1",
                "--lifetime", 1000, *(w for name in ("FIRST", "SECOND") for w in
                                      ("--s3-key", f"ASIA{name}", f"of-{name}", "token")))
            self.place.env.update(EARTHDATA_TOKEN="t-1", ZAGG_S3CREDENTIALS_URL=
                                  f"http://127.0.0.1:{daac.port}/s3credentials")
            server = self.place.start_lambda("--sandboxes", 30, "--record", "--timeout", timeout)
            done = self.place.zagg("many", "many", "s3://out/a.zarr", *LAMBDA, "--no-resume", "-v")
            self.assertEqual(done.returncode, 0, done.stderr)
            events = [json.loads(t) for t in server.stats()["events"]]
            self.assertEqual({e["s3_credentials"]["accessKeyId"] for e in events
                              if "shard_key" in e}, {fresh})
            asked = daac.stats()["s3credentials"]
            self.assertTrue(asked == 1 if fresh == "ASIAFIRST" else asked > 1, asked)
            for secret in ("of-FIRST", "of-SECOND", "t-1\n"):
                self.assertNotIn(secret, done.stderr + done.stdout)

    def test_region_and_endpoint_of_the_config(self):
        """They go along with keys of the store; what the keys name themselves stays."""
        endpoint = self.place.env.pop("AWS_ENDPOINT_URL_S3")
        with open(self.place.path("many.yaml"), "a", encoding="utf-8") as file:
            file.write(f"  region: eu-west-3\n  endpoint_url: {endpoint}\n")
        keys = {"aws_access_key_id": self.place.env["AWS_ACCESS_KEY_ID"],
                "aws_secret_access_key": self.place.env["AWS_SECRET_ACCESS_KEY"]}
        self.place.write("keys.json", json.dumps(keys))
        server = self.place.start_lambda("--sandboxes", 20, "--record", "--region", "eu-west-3",
                                         "--status-root", self.place.path("s3"))
        for more in ((), ("--region", "us-west-2")):
            done = self.place.zagg("many", "many", "s3://out/a.zarr", *LAMBDA, "--output-creds",
                                   "keys.json", "--no-resume", *more)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("records", done.stderr)
        self.assertIn("a.zarr.status", os.listdir(self.place.store("s3://out")))
        for text in server.stats()["events"]:
            block = json.loads(text)["output_credentials"]
            self.assertEqual((block["region"], block["endpointUrl"]), ("eu-west-3", endpoint))
        done = self.place.zagg("many", "many", "s3://out/a.zarr", *LAMBDA, "--region", "eu-west-1")
        self.assertIn("eu-west", done.stderr)
        self.assertNotEqual(done.returncode, 0)

    def test_long_events(self):
        """What Lambda does not queue is not sent; --transport sync takes it."""
        text = json.loads(self.place.read("many.json"))
        long = [{"id": f"g{i}", "s3": f"s3://granules/{'x' * 200}{i}.h5", "https": None}
                for i in range(1300)]
        text["granules"][7] = long
        self.place.write("many.json", json.dumps(text))
        server = self.place.start_lambda("--sandboxes", 30, "--status-root", self.place.path("s3"))
        run = ("many", "many", "s3://out/e.zarr", *LAMBDA, "--transport")
        code, result, err = self.place.zagg_json(*run, "event")
        failed = [r for r in result["results"] if "use --transport sync" in (r["error"] or "")]
        self.assertEqual((code, [r["shard_key"] for r in failed]), (6, [7]), err)
        self.assertRegex(failed[0]["error"],
                         r"the event takes [0-9]+ bytes, more than the 256000 that can be sent")
        self.assertEqual(result["invocations"], 29)
        code, result, err = self.place.zagg_json(*run, "sync")
        self.assertEqual((code, result["cells_current"]), (0, 29), err)
        self.check_exactly_once(server, range(30))

    def test_summary_lines(self):
        """In upstream's words."""
        self.place.start_lambda("--sandboxes", 20, "--memory", 2048)
        done = self.place.zagg("many", "many", "s3://out/s.zarr", *LAMBDA, "--profile")
        self.assertEqual(done.returncode, 0, done.stderr)
        seconds = sum(body_of({"shard_key": k, "granule_urls": []})["duration_s"]
                      for k in range(30))
        data = [k for k in range(30) if observations(k)]
        self.assertRegex(done.stdout, "\n".join((
            fr"\nDone: {len(data)} cells with data, {sum(map(observations, data)):,} obs, 0 errors"
            r", [0-9.]+s",
            fr"Lambda compute: {seconds:.0f}s total, {2 * seconds:.0f} GB-s, ~\$"
            fr"{2 * seconds * 0.0000133334:.2f}",
            r"Worker phases \(max across cells\): read [0-9]+s, index [0-9]+s, aggregate "
            r"[0-9]+s, write [0-9]+s", "Output: s3://out/s.zarr\n$")))

    def test_result_keys(self):
        """Upstream's, in its order, in front of ours."""
        self.place.start_lambda("--sandboxes", 20)
        keys = ["total_cells", "cells_with_data", "cells_error", "total_obs", "wall_time_s",
                "store_path", "backend", "results", "lambda_time_s", "gb_seconds",
                "price_per_gb_sec", "estimated_cost_usd", "setup_s", "fanout_s", "finalize_s",
                "function_timeout_s", "worker_max_s", "worker_median_s", "worker_pstdev_s",
                "worker_pct_timeout", "max_memory_mb", "function_name"]
        run = ("many", "many", "s3://out/k.zarr", *LAMBDA, "--no-resume")
        for more, phases in (((), []), (("--profile",), ["worker_phase_max"])):
            _, result, err = self.place.zagg_json(*run, *more)
            self.assertEqual(list(result)[:len(keys) + len(phases)], keys + phases, err)
            self.assertEqual("worker_phase_max" in result, bool(phases))
        self.assertEqual(list(result["results"][0]), [
            "shard_key", "status_code", "body", "wall_time", "lambda_duration", "error",
            "retries", "timeout", "granule_count"])
        _, dry, err = self.place.zagg_json(*run, "--dry-run")
        self.assertEqual(list(dry), ["dry_run", "total_cells", "granules_per_cell_min",
                                     "granules_per_cell_max", "granules_per_cell_avg",
                                     "store_path"], err)

    def test_rate_is_of_what_is_done(self):
        """Shards of an earlier run took no time, and promise nothing of the others."""
        self.place.write_many(110)
        self.place.start_lambda("--sandboxes", 1, "--latency", 0.03, "--status-root",
                                self.place.path("s3"))
        run = ("many", "many", "s3://out/r.zarr", *LAMBDA, "--max-workers", "1")
        self.assertEqual(self.place.zagg(*run, "--max-cells", "95").returncode, 0)
        done = self.place.zagg(*run)
        rates = [float(r) for r in re.findall(r"\[ +100/110\] ([0-9.]+) cells/s", done.stderr)]
        self.assertEqual(len(rates), 1, done.stderr)
        self.assertLess(rates[0], 34)

    def test_redirected_events(self):
        """What is no acceptance is not waited for."""
        server = self.place.start_lambda("--sandboxes", 30, "--redirect", 0.2, "--lasting",
                                         "--timeout", 1, "--status-root", self.place.path("s3"))
        code, result, err = self.place.zagg_json("many", "many", "s3://out/e.zarr", *LAMBDA,
                                                 "--transport", "event")
        failed = [r for r in result["results"] if r["error"] and "HTTP 307" in r["error"]]
        self.assertEqual((code, len(failed)), (6, server.stats()["by_fault"]["redirect"]), err)
        self.assertFalse(any(r["timeout"] for r in failed))


class Refusals(OnLambda):
    def setUp(self):
        super().setUp()
        self.place.write_many(1300)

    def refused(self, code, words, *args, store="s3://out/a.zarr"):
        done = self.place.zagg("many", "many", store, "--backend", "lambda", *args)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(words, done.stderr)
        return done

    def test_cost(self):
        server = self.place.start_lambda("--memory", 4096, "--sandboxes", 1300)
        done = self.refused(1, "Aborted: max-cost gate declined (rerun with --yes to skip the "
                            "prompt).")
        self.assertIn("Max cost ceiling: ~$62.40 (1300 units x 4 GB x 900s, arm64)", done.stderr)
        self.refused(3, "more than the $10.00 that --max-cost allows", "--max-cost", "10")
        self.assertEqual(server.stats()["modes"], {})
        self.assertEqual(files_of(self.place.path("s3/out")), [])

    def ask(self, answer):
        """(exit code, what is seen) of a run on a terminal, where `answer` is typed."""
        argv = [f"{BUILD}/zagg", "run", "--config", "many.yaml", "--catalog", "many.json",
                "--store", "s3://out/a.zarr", "--backend", "lambda", "--max-cells", "20"]
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.place.dir)
            os.execve(argv[0], argv, self.place.env)
        seen = b""
        try:
            while True:
                seen += os.read(terminal, 4096)
                if answer and seen.endswith(b"Proceed with Lambda fan-out? [y/N] "):
                    os.write(terminal, answer)
                    answer = None
        except OSError:  # the other end is closed
            pass
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.decode()

    def test_prompt(self):
        server = self.place.start_lambda("--sandboxes", 20)
        for answer, code in ((b"\n", 1), (b"no\n", 1), (b"\x04", 1), (b"\x03", 130)):
            got, seen = self.ask(answer)
            self.assertEqual(got, code, seen)
            self.assertIn("Max cost ceiling: ~$0.48 (20 units x 2 GB x 900s, arm64)", seen)
            self.assertIn("Aborted: max-cost gate declined", seen)
        self.assertEqual(server.stats()["modes"], {})
        got, seen = self.ask(b"y\n")
        self.assertEqual(got, 0, seen)
        self.check_exactly_once(server, range(20))

    def test_places(self):
        self.place.start_lambda()
        self.refused(3, "Lambda backend requires s3:// store path, got: here.zarr", "--yes",
                     store="here.zarr")
        text = self.place.read("many.json")
        self.place.write("many.json", text.replace("s3://granules/", "/data/"))
        self.refused(3, "files of this machine, which a Lambda function cannot read", "--yes")

    def test_no_function(self):
        self.place.start_lambda("--function", "another")
        done = self.refused(1, "Function not found", "--yes")
        self.assertIn("Lambda setup", done.stderr)

    def test_keys(self):
        self.place.start_lambda()
        self.place.env["AWS_SECRET_ACCESS_KEY"] = "wrong-one"
        done = self.refused(4, "InvalidSignatureException", "--yes", "--no-resume")
        self.assertIn("the keys are of: environment", done.stderr)
        self.assertNotIn("wrong-one", done.stderr)

    def test_setup_fails(self):
        self.place.start_lambda("--crash", 1, "--faults-everywhere")
        self.refused(1, "Lambda setup failed: {\"errorType\": \"Runtime.ExitError\"", "--yes")

    def test_dry_run(self):
        server = self.place.start_lambda()
        done = self.place.zagg("many", "many", "s3://out/a.zarr", "--backend", "lambda",
                               "--dry-run")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("[DRY RUN] Would process 1300 cells", done.stdout)
        self.assertEqual(server.stats()["requests"], 0)


class Stopping(OnLambda):
    def test_interrupted_and_resumed(self):
        self.place.write_many(200)
        server = self.place.start_lambda("--sandboxes", 10, "--latency", 0.05, "--status-root",
                                         self.place.path("s3"))
        code, out, err = self.place.interrupt(
            lambda: len(server.stats()["done"]) > 30, "many", "many", "s3://out/a.zarr", *LAMBDA,
            "--max-workers", "10")
        self.assertEqual(code, 130, err)
        done = len(server.stats()["done"])
        self.assertLess(done, 200)
        self.assertIn(f"Interrupted: {done} of 200 cells done", out)
        code, again, err = self.place.zagg_json("many", "many", "s3://out/a.zarr", *LAMBDA)
        self.assertEqual((code, again["cells_current"]), (0, done), err)
        self.check_exactly_once(server, range(200))

    def test_killed_and_resumed(self):
        """Its status objects tell what a run did that could not say so itself."""
        self.place.write_many(100)
        server = self.place.start_lambda("--sandboxes", 10, "--latency", 0.03, "--status-root",
                                         self.place.path("s3"))
        self.place.zagg("many", "many", "s3://out/a.zarr", *LAMBDA, "--max-cells", "40")
        runs = os.listdir(self.place.store("s3://out/a.zarr.status"))
        os.remove(self.place.store(f"s3://out/a.zarr.status/{runs[0]}/results.json"))
        code, again, err = self.place.zagg_json("many", "many", "s3://out/a.zarr", *LAMBDA)
        self.assertEqual((code, again["cells_current"]), (0, 40), err)
        self.check_exactly_once(server, range(100))

    def test_what_counts_as_done(self):
        """Other granules, another config, --no-resume and --overwrite: done again."""
        self.place.write_many(10)
        self.place.start_lambda("--status-root", self.place.path("s3"))
        run = ("many", "many", "s3://out/a.zarr", *LAMBDA)
        self.assertEqual(self.place.zagg_json(*run)[1]["cells_current"], 0)
        self.assertEqual(self.place.zagg_json(*run)[1]["cells_current"], 10)
        self.assertEqual(self.place.zagg_json(*run, "--no-resume")[1]["cells_current"], 0)
        text = self.place.read("many.json")
        self.place.write("many.json", text.replace('"id": "g0"', '"id": "other"'))
        self.assertEqual(self.place.zagg_json(*run)[1]["cells_current"], 9)
        self.place.write("many.json", text)  # that shard is made of others now
        self.assertEqual(self.place.zagg_json(*run)[1]["cells_current"], 9)
        self.assertEqual(self.place.zagg_json(*run)[1]["cells_current"], 10)
        self.assertEqual(self.place.zagg_json(*run, "--overwrite")[1]["cells_current"], 0)
        self.assertEqual(self.place.zagg_json(*run)[1]["cells_current"], 10)
        config = self.place.read("many.yaml")
        self.place.write("many.yaml", config.replace("resolution: 1,", "resolution: 2,"))
        self.assertEqual(self.place.zagg_json(*run, "--max-cells", "5")[1]["cells_current"], 0)
        self.place.write("many.yaml", config)  # whose five shards are not in the store any more
        self.assertEqual(self.place.zagg_json(*run)[1]["cells_current"], 5)

    def test_done_once_and_failed_later(self):
        """A shard that was done again and failed may be gone from the store; a run whose setup
        failed has touched none."""
        self.place.write_many(10)
        run = ("many", "many", "s3://out/a.zarr", *LAMBDA)

        def with_lambda(*args, more=()):
            server = self.place.start_lambda("--status-root", self.place.path("s3"), *args)
            code, result, err = self.place.zagg_json(*run, *more)
            server.stop()
            self.place.servers.remove(server)
            return code, result and result["cells_current"], err

        self.assertEqual(with_lambda()[:2], (0, 0))
        code, _, err = with_lambda("--crash", 1, "--faults-everywhere", more=("--no-resume",))
        self.assertIn("Lambda setup failed", err)
        self.assertEqual(with_lambda()[:2], (0, 10))
        code, _, err = with_lambda("--crash", 1, "--lasting", more=("--no-resume",))
        self.assertEqual(code, 6, err)
        self.assertEqual(with_lambda()[:2], (0, 0))
        self.assertEqual(with_lambda()[:2], (0, 10))


class RealWorkers(OnLambda):
    """Sandboxes of the real bootstrap, and workers as commands: the stores are the local one's."""

    def compare(self, layout, transport, *args):
        self.place.write_real(layout=layout)
        local = self.place.zagg("real", "real", "s3://out/local.zarr", "-q")
        self.assertEqual(local.returncode, 0, local.stderr)
        self.server = self.place.start_bootstraps(*args)
        code, result, err = self.place.zagg_json(
            "real", "real", "s3://out/there.zarr", *LAMBDA, "--transport", transport)
        self.assertEqual((code, result and result["cells_error"]), (0, 0), err)
        self.assertGreater(result["cells_with_data"], 3)
        return differences(self.place.store("s3://out/local.zarr"),
                           self.place.store("s3://out/there.zarr"))

    def test_flat(self):
        self.assertEqual(self.compare("flat", "sync"), [])

    def test_flat_by_events(self):
        self.assertEqual(self.compare("flat", "event"), [])

    def test_hive(self):
        """But for times, and what tells of the run."""
        self.compare("hive", "sync", "--record")
        self.assertEqual(stored_differences(self.place.store("s3://out/local.zarr"),
                                            self.place.store("s3://out/there.zarr")), [])
        shards = json.loads(self.place.read("real.json"))
        texts = set(self.server.stats()["events"][1:-1])  # some were throttled before
        self.assertEqual(len(texts), len(shards["shard_keys"]))
        for text in texts:
            event = json.loads(text)
            self.assertEqual(text, json.dumps(event))
            self.assertEqual(list(event["submap"]), ["grid_signature", "metadata", "granules"])
            self.assertEqual(event["submap"], {
                "grid_signature": None, "metadata": shards["metadata"],
                "granules": shards["granules"][shards["shard_keys"].index(event["shard_key"])]})

    def test_hive_by_events(self):
        """An event that Lambda would not take goes without the shard's part of the map."""
        self.place.write_real(layout="hive", most=2)
        shards = json.loads(self.place.read("real.json"))
        shards["metadata"]["long"] = "x" * 250 * 1024
        self.place.write("real.json", json.dumps(shards))
        server = self.place.start_bootstraps("--record")
        code, result, err = self.place.zagg_json("real", "real", "s3://out/there.zarr", *LAMBDA,
                                                 "--transport", "event")
        self.assertEqual((code, result and result["cells_error"]), (0, 0), err)
        self.assertEqual([event for event in map(json.loads, server.stats()["events"])
                          if "submap" in event], [])

    def test_endpoint_of_the_config(self):
        """Workers find the store there as well, by their own keys."""
        self.place.write_real(most=4)
        endpoint = self.place.env.pop("AWS_ENDPOINT_URL_S3")
        with open(self.place.path("real.yaml"), "a", encoding="utf-8") as file:
            file.write(f"  endpoint_url: {endpoint}\n  consolidate_metadata: true\n")
        done = self.place.zagg("real", "files", "s3://out/there.zarr", "--backend", "exec", "-q")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.place.zagg("real", "files", "s3://out/local.zarr", "-q")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(differences(self.place.store("s3://out/local.zarr"),
                                     self.place.store("s3://out/there.zarr")), [])

    def test_killed_workers(self):
        """Sandboxes that die in the middle of a shard leave a store as if they had not."""
        self.place.write_real(photons=20000)
        self.place.zagg("real", "real", "s3://out/local.zarr", "-q")
        server = self.place.start_bootstraps("--crash", 0.3, "--overtime", 0.2, "--fault-wait", 0.05)
        code, result, err = self.place.zagg_json("real", "real", "s3://out/there.zarr", *LAMBDA)
        self.assertEqual((code, result and result["cells_error"]), (0, 0), err)
        self.assertGreater(sum(server.stats()["by_fault"].values()), 0)
        self.assertEqual(differences(self.place.store("s3://out/local.zarr"),
                                     self.place.store("s3://out/there.zarr")), [])

    def test_exec(self):
        self.place.write_real()
        self.place.zagg("real", "files", "local.zarr", "-q")
        code, result, err = self.place.zagg_json("real", "files", "there.zarr", "--backend",
                                                 "exec", "--max-workers", "3")
        self.assertEqual((code, result and result["cells_error"]), (0, 0), err)
        self.assertEqual(differences(self.place.path("local.zarr"),
                                     self.place.path("there.zarr")), [])
        code, again, _ = self.place.zagg_json("real", "files", "there.zarr", "--backend", "exec")
        self.assertEqual((code, again["cells_current"]), (0, result["total_cells"]))


    def test_events_as_files(self):
        """What a Kubernetes Indexed Job or an array of AWS Batch does with them."""
        self.place.write_real(most=5)
        self.place.zagg("real", "files", "local.zarr", "-q")
        run = ("real", "files", "there.zarr", "--backend", "exec")
        os.mkdir(self.place.path("e"))
        for name in ("0.json", "elsewhere"):  # what was there is neither kept nor followed
            self.place.write(f"e/{name}", "old")
            os.chmod(self.place.path(f"e/{name}"), 0o644)
        os.rename(self.place.path("e/elsewhere"), self.place.path("elsewhere"))
        os.symlink("../elsewhere", self.place.path("e/1.json"))
        done = self.place.zagg(*run, "--events", "e")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Events: 5 shards in e", done.stdout)
        names = files_of(self.place.path("e"))
        self.assertEqual(names, [f"{i}.json" for i in range(5)] + ["finalize.json", "setup.json"])
        for name in names:
            self.assertEqual(os.lstat(self.place.path(f"e/{name}")).st_mode & 0o170077, 0o100000)
        for name in ("setup", 3, 1, 0, 4):
            self.place.run_ok([f"{BUILD}/zagg", "worker", "-q", f"e/{name}.json"])
        code, again, err = self.place.zagg_json(*run)
        self.assertEqual((code, again["cells_current"], again["cells_with_data"]), (0, 4, 1), err)
        self.assertEqual(differences(self.place.path("local.zarr"),
                                     self.place.path("there.zarr")), [])


    def test_events_of_earlier(self):
        """The second time there are fewer: those of the first are gone. What is no event stays."""
        self.place.write_real(most=5)
        run = ("real", "files", "there.zarr", "--backend", "exec", "--events", "e")
        self.assertEqual(self.place.zagg(*run).returncode, 0)
        for name in ("setup", 0, 1, 2):
            self.place.run_ok([f"{BUILD}/zagg", "worker", "-q", f"e/{name}.json"])
        others = {"7.json": "[2019]", "8.txt": "{\"mode\": \"setup\"}", "x.json": "{\"mode\": \""}
        for name, text in others.items():
            self.place.write(f"e/{name}", text)
        os.symlink("../real.json", self.place.path("e/9.json"))
        os.mkdir(self.place.path("e/10.json"))
        done = self.place.zagg(*run)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Events: 2 shards in e", done.stdout)
        self.assertIn("e: 7 events removed that were there", done.stderr)
        self.assertEqual(set(os.listdir(self.place.path("e"))),
                         {"setup.json", "0.json", "1.json", "finalize.json", "9.json", "10.json",
                          *others})
        for name, text in others.items():
            self.assertEqual(self.place.read(f"e/{name}"), text)

    def test_events_that_cannot_be_written(self):
        """None are left: they may hold keys. What earlier runs did is done still."""
        n = len(self.place.write_real(most=5))
        run = ("real", "files", "there.zarr", "--backend", "exec")
        self.assertEqual(self.place.zagg(*run).returncode, 0)
        os.makedirs(self.place.path("e/3.json"))
        done = self.place.zagg(*run, "--no-resume", "--events", "e")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write e/3.json", done.stderr)
        self.assertEqual(os.listdir(self.place.path("e")), ["3.json"])
        self.assertEqual(self.place.zagg_json(*run)[1]["cells_current"], n)


class Commands(OnLambda):
    def run_exec(self, command, *more):
        return self.place.zagg_json("many", "many", "s3://out/x.zarr", "--backend", "exec",
                                    "--command", command, *more)

    def setUp(self):
        super().setUp()
        self.place.write_many(12)
        here = os.path.dirname(os.path.abspath(__file__))
        self.stub = (f"PYTHONDONTWRITEBYTECODE=1 PYTHONPATH={here} python3 -c 'import json,sys,"
                     "lambda_stub; sys.stdout.buffer.write(lambda_stub.stub_response("
                     f"json.load(sys.stdin), \"0\", \"{self.place.path('s3')}\"))'")

    def test_stub(self):
        code, result, err = self.run_exec(self.stub, "--max-workers", "4")
        self.assertEqual(code, 0, err)
        self.check_sums(result, range(12))

    def test_crashes_are_tried_again(self):
        once = (f'if [ -n "$ZAGG_SHARD_INDEX" ] && mkdir {self.place.dir}/once.$ZAGG_SHARD_INDEX '
                f"2>/dev/null && [ -e {self.place.dir}/begun ]; then kill -9 $$; fi; "
                f"touch {self.place.dir}/begun; {self.stub}")
        code, result, err = self.run_exec(once, "--max-workers", "2")
        self.assertEqual(code, 0, err)
        self.assertGreaterEqual(result["retries"], 10)
        self.check_sums(result, range(12))

    def test_output_closed_early(self):
        """A command that hangs without output keeps nobody from going on: the others end, and it
        has its time."""
        hang = f'if [ "$ZAGG_SHARD_INDEX" = 3 ]; then exec sleep 1000 >&-; fi; {self.stub}'
        code, result, err = self.run_exec(hang, "--max-workers", "2", "--timeout", "10",
                                          "--max-retries", "1")
        failed = [r for r in result["results"] if r["timeout"]]
        self.assertEqual((code, result["cells_error"], len(failed)), (6, 1, 1), err)
        self.assertEqual(failed[0]["error"],
                         "Worker timeout: Task timed out after 10 s (--timeout)")
        self.assertEqual(failed[0]["lambda_duration"], 10)

    def test_output_held_open(self):
        """What a command leaves behind is not waited for."""
        code, result, err = self.run_exec(
            f"{self.stub}; sleep 1000 2>/dev/null & echo $! >>{self.place.path('left')}",
            "--max-workers", "4")
        for pid in self.place.read("left").split():
            os.kill(int(pid), 9)
        self.assertEqual(code, 0, err)
        self.check_sums(result, range(12))

    def test_timeouts(self):
        """Tried once more, and no oftener."""
        count = f"echo $ZAGG_SHARD_INDEX >>{self.place.path('tries')}; sleep 1000"
        hang = f'if [ "$ZAGG_SHARD_INDEX" = 3 ]; then {count}; fi; {self.stub}'
        code, result, err = self.run_exec(hang, "--max-workers", "3", "--timeout", "10")
        self.assertEqual((code, result["cells_error"], result["timeouts"]), (6, 1, 1), err)
        self.assertEqual(self.place.read("tries").split(), ["3", "3"])
        done = self.place.zagg("many", "many", "s3://out/y.zarr", "--backend", "exec", "--command",
                               "sleep 1000", "--timeout", "1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Worker setup failed: Task timed out after 1 s (--timeout)", done.stderr)

    def test_few_files(self):
        """No more commands at once than this process may have pipes to."""
        command = f"ulimit -n 40; exec {BUILD}/zagg run --config many.yaml --catalog many.json " \
                  "--store s3://out/x.zarr --backend exec --max-workers 12 --json --command " + \
                  shlex.quote(self.stub)
        done = subprocess.run(["/bin/sh", "-c", command], cwd=self.place.dir, env=self.place.env,
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("8 workers at once instead of 12, by the limit of open files", done.stderr)
        self.check_sums(json.loads(done.stdout), range(12))

    def test_share_of_the_machine(self):
        """Workers know of how many they are one, and take as much of the machine."""
        told = f"echo $ZAGG_WORKER_COUNT >>{self.place.path('counts')}; {self.stub}"
        code, _, err = self.run_exec(told, "--max-workers", "3")
        self.assertEqual(code, 0, err)
        self.assertEqual(set(self.place.read("counts").split()), {"3"})

        def share(*options, **more):
            done = subprocess.run([f"{BUILD}/zagg", "worker", "-v", *options], input="{}", text=True,
                                  env={**self.place.env, **more}, capture_output=True, check=False)
            return [line for line in done.stderr.splitlines() if "workers of this machine" in line]

        self.assertEqual(share(), [])
        self.assertEqual(share(ZAGG_WORKER_COUNT="1"), [])
        for args, words in (((), "1 threads, 32 MiB"), (("--max-workers", "7"), "7 threads, 32 MiB"),
                            (("--memory", "3G"), "1 threads, 3072 MiB")):
            line, = share(*args, ZAGG_WORKER_COUNT="4096")
            self.assertIn(f"One of 4096 workers of this machine: {words}", line)
        line, = share(ZAGG_WORKER_COUNT="2", AWS_LAMBDA_FUNCTION_MEMORY_SIZE="512")
        self.assertIn("threads, 0 MiB", line)

    def test_no_such_command(self):
        done = self.place.zagg("many", "many", "s3://out/x.zarr", "--backend", "exec",
                               "--command", "/no/such/program")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no response, exit status 127", done.stderr)


SBATCH = """#!/bin/sh
echo "sbatch: lua: your project has 3 hours left" >&2
echo "$@" >>"$PLACE/sbatch.log"
for word; do
    case $word in --array=*) last=${word#--array=0-} last=${last%%%*} ;; */job.sh) job=$word ;; esac
    first=$word
done
i=0
while [ $i -le $last ]; do
    SLURM_ARRAY_TASK_ID=$i sh "$job" "$first" >/dev/null 2>&1 &
    i=$((i + 1))
done
echo "4711;north"
"""
SQUEUE = """#!/bin/sh
echo "$@" >>"$PLACE/squeue.log"
echo "slurm_load_jobs error: Unable to contact slurm controller (connect failure)" >&2
exit 1
"""


class SlurmInTrouble(OnLambda):
    def test_silent_controller(self):
        """What plugins say is no job; a controller that does not answer has not lost any."""
        self.place.write_many(3)
        self.place.env.update(PLACE=self.place.dir,
                              PATH=self.place.path("bin") + ":" + os.environ["PATH"])
        os.mkdir(self.place.path("bin"))
        here = os.path.dirname(os.path.abspath(__file__))
        # Longer than it takes to give up a task that is not in the queue. Files of events hold no
        # keys, for which the stub asks.
        worker = (f"#!/bin/sh\n[ $# = 0 ] || sleep 8\nPYTHONPATH={here} python3 -B -c 'import json,"
                  "sys,lambda_stub; event = json.load(sys.stdin); "
                  "event[\"s3_credentials\"] = dict.fromkeys(lambda_stub.SECRET_KEYS, \"\"); "
                  "sys.stdout.buffer.write(lambda_stub.stub_response("
                  f"event, \"0\", \"{self.place.path('s3')}\"))' "
                  "<${1:-/dev/stdin} >${3:-/dev/stdout}\n")
        for name, text in (("sbatch", SBATCH), ("squeue", SQUEUE), ("worker", worker)):
            self.place.write(f"bin/{name}", text)
            os.chmod(self.place.path(f"bin/{name}"), 0o755)
        code, result, err = self.place.zagg_json("many", "many", "s3://out/x.zarr", "--backend",
                                                 "slurm", "--command", "worker")
        self.assertEqual((code, result and result["cells_error"]), (0, 0), err)
        self.check_sums(result, range(3))
        self.assertIn("Slurm job 4711: 3 tasks", err)
        self.assertIn("squeue failed (exit 1), and is tried again: slurm_load_jobs error", err)
        with open(self.place.path("sbatch.log"), encoding="utf-8") as file:
            self.assertEqual(len(file.readlines()), 1)
        with open(self.place.path("squeue.log"), encoding="utf-8") as file:
            self.assertIn("--jobs=4711 ", file.read())


if __name__ == "__main__":
    unittest.main()
