#!/usr/bin/env python3
"""A function with little memory: rows that do not fit go to the disk, and where that is not enough
the response says so before the kernel ends the process, which serves the next event. Under
`ulimit -v` and Lambda's own setting (Limited), and in a control group of the kernel's (InACgroup,
where this user may make one). Run by ctest (label net-tools), or by hand:
ZAGG_BUILD_DIR=build/release tests/net/test_bootstrap_memory.py"""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

import needs
from test_bootstrap import BUILD, CONFIG, SANITIZED, Sandbox, body_of, environment

MIB = 1 << 20
TOO_FINE = 18  # one chunk of 4^12 cells: no budget of these tests holds it
CPUS = sorted(os.sched_getaffinity(0))[:2]  # each thread has memory of its own


def limited(kib):
    return ["sh", "-c", f"ulimit -v {kib} && exec \"$0\""]


class Work:
    """Granules, their shards, and the store of a run with all the memory there is."""

    folder = None

    @classmethod
    def get(cls):
        if cls.folder is None:
            cls.folder = tempfile.mkdtemp(prefix="zagg-memory-")
            unittest.addModuleCleanup(shutil.rmtree, cls.folder)
            os.mkdir(f"{cls.folder}/tmp")
            cls.run("zagg-synth", "--quiet", "--out", "g", "--granules", "3", "--beams", "6",
                    "--photons", "200000", "--per-segment", "4000", "--gzip", "1")
            cls.config = json.loads(CONFIG)
            cls.config["data_source"].update(
                groups=["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"],
                coordinates={"latitude": "/{group}/heights/lat_ph",
                             "longitude": "/{group}/heights/lon_ph"},
                variables={"h_ph": "/{group}/heights/h_ph"})
            cls.config["aggregation"]["variables"]["h_mean"] = {
                "function": "mean", "source": "h_ph", "dtype": "float32"}
            with open(f"{cls.folder}/c.yaml", "w", encoding="utf-8") as file:
                json.dump(cls.config, file)
            cls.run("zagg", "shardmap", "build", "--config", "c.yaml", "--granules", "g", "-o",
                    "m.json")
            cls.run("zagg", "run", "-q", "--config", "c.yaml", "--catalog", "m.json", "--store",
                    "local.zarr")
            with open(f"{cls.folder}/m.json", encoding="utf-8") as file:
                cls.shards = json.load(file)
        return cls

    @classmethod
    def run(cls, program, *arguments):
        subprocess.run([f"{BUILD}/{program}", *arguments], cwd=cls.folder, check=True,
                       env=environment(), stdout=subprocess.DEVNULL)

    @classmethod
    def event(cls, store, number=0, order=8):
        """Of a shard; of the setup without a number."""
        config = json.loads(json.dumps(cls.config))
        config["output"]["grid"].update(child_order=order)
        if order == TOO_FINE:
            config["output"]["grid"].update(sharded=False)
        event = {"store_path": f"{cls.folder}/{store}", "parent_order": 6, "child_order": order,
                 "config": config}
        if number is None:
            return {"mode": "setup", "overwrite": False, **event}
        return {"chunk_idx": [0], "shard_key": cls.shards["shard_keys"][number],
                "granule_urls": [f"{cls.folder}/{g['s3']}" for g in cls.shards["granules"][number]],
                "s3_credentials": {}, **event}

    @classmethod
    def chunks(cls, store):
        """{path: bytes}"""
        found = {}
        for folder, _, names in os.walk(f"{cls.folder}/{store}"):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, f"{cls.folder}/{store}")] = file.read()
        return found


class Events(unittest.TestCase):
    def setUp(self):
        if SANITIZED:
            self.skipTest("a sanitizer's shadow memory counts too")
        self.work = Work.get()
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, CPUS)
        self.addCleanup(os.sched_setaffinity, 0, allowed)

    def box(self, mib, before=()):
        return Sandbox(before=before, AWS_LAMBDA_FUNCTION_MEMORY_SIZE=str(mib),
                       TMPDIR=f"{self.work.folder}/tmp")

    @staticmethod
    def written(box):
        """Bytes that the process gave to files and sockets."""
        with open(f"/proc/{box.process.pid}/io", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("wchar:"))

    def check_spilled(self, box, store):
        """All shards, of which at least one does not fit: the store is that of a local run."""
        self.assertEqual(body_of(box.invoke(self.work.event(store, None)))[0], 200)
        rows, before = 0, self.written(box)
        for number in range(len(self.work.shards["shard_keys"])):
            code, body = body_of(box.invoke(self.work.event(store, number)))
            self.assertEqual(code, 200, body)
            rows += body["total_obs"]
        self.assertEqual(rows, 3 * 6 * 200000)
        self.assertGreater(self.written(box) - before, 4 * MIB)
        want, have = self.work.chunks("local.zarr"), self.work.chunks(store)
        self.assertGreater(len(want), 2)
        self.assertLess(sum(map(len, have.values())), MIB)  # what was written is not the store
        self.assertEqual(sorted(want), sorted(have))
        self.assertEqual([key for key in want if want[key] != have[key]], [])

    def check_refused(self, box, store):
        """The error has a name, and the process lives and serves the next event."""
        setup = self.work.event(store, None, TOO_FINE)
        self.assertEqual(body_of(box.invoke(setup))[0], 200)
        code, body = body_of(box.invoke(self.work.event(store, 0, TOO_FINE)))
        self.assertEqual((code, body["error"][:15]), (500, "Out of memory: "))
        self.assertIsNone(box.process.poll())
        self.assertEqual(body_of(box.invoke({"mode": "ping", "store_path": self.work.folder +
                                             "/ping.zarr"}))[0], 200)


class Limited(Events):
    def test_rows_go_to_the_disk(self):
        with self.box(48, limited(400000)) as box:
            self.check_spilled(box, "spilled.zarr")

    def test_function_of_little_memory(self):
        with self.box(128) as box:
            self.check_refused(box, "refused.zarr")
            self.assertLess(box.memory_kib("VmHWM"), 128 << 10)

    def test_address_space(self):
        """Lambda's setting is far away: it is `ulimit -v` that ends an allocation."""
        with self.box(8192, limited(400000)) as box:
            self.check_refused(box, "ulimit.zarr")
            self.assertLess(box.memory_kib("VmPeak"), 400001)


class Cgroup:
    """A control group of `mib`, below this process's own, as a context; SkipTest where none can be
    made."""

    def __init__(self, mib):
        self.path, self.limit = None, mib * MIB

    @staticmethod
    def parents():
        """Folder of each hierarchy that knows memory, and the name of its limit."""
        own = {}
        with open("/proc/self/cgroup", encoding="ascii") as file:
            for line in file:
                _, names, path = line.rstrip("\n").split(":", 2)
                own.update(dict.fromkeys(names.split(","), path))
        with open("/proc/mounts", encoding="utf-8") as file:
            for line in file:
                _, mount, kind, options = line.split()[:4]
                if kind == "cgroup" and "memory" in options.split(","):
                    yield mount + own.get("memory", ""), "memory.limit_in_bytes"
                elif kind == "cgroup2":
                    yield mount + own.get("", ""), "memory.max"

    def __enter__(self):
        reasons = ["no hierarchy of control groups knows memory"]
        for parent, limit in self.parents():
            path = f"{parent}/zagg-test-{os.getpid()}"
            try:
                os.mkdir(path)
            except OSError as error:
                reasons.append(str(error))
                continue
            try:
                with open(f"{path}/{limit}", "w", encoding="ascii") as file:
                    file.write(str(self.limit))
                self.path = path
                return self
            except OSError as error:
                reasons.append(str(error))
                os.rmdir(path)
        raise unittest.SkipTest(f"no control group can be made here: {reasons[-1]}")

    def __exit__(self, *_):
        os.rmdir(self.path)

    def killed(self):
        for name in ("memory.events", "memory.oom_control"):
            if os.path.exists(f"{self.path}/{name}"):
                with open(f"{self.path}/{name}", encoding="ascii") as file:
                    return dict(line.split() for line in file)["oom_kill"]
        raise AssertionError("it does not tell what was killed")

    def entering(self):
        return ["sh", "-c", f"echo $$ >{self.path}/cgroup.procs && exec \"$0\""]


class InACgroup(Events):
    def test_rows_go_to_the_disk(self):
        with Cgroup(48) as group:
            with self.box(48, group.entering()) as box:
                self.check_spilled(box, "group.zarr")
            self.assertEqual(group.killed(), "0")

    def test_error_comes_before_the_kill(self):
        with Cgroup(128) as group:
            with self.box(128, group.entering()) as box:
                self.check_refused(box, "grouprefused.zarr")
            self.assertEqual(group.killed(), "0")


if __name__ == "__main__":
    needs.main()
