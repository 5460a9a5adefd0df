#!/usr/bin/env python3
"""zagg deploy on the tests' own CloudFormation and S3, which check signatures and let things fail.
Run by ctest (label net-tools), or by hand: ZAGG_BUILD_DIR=build/release tests/net/test_deploy.py"""
import hashlib
import io
import json
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest
import zipfile

from client import Running
from dispatch_runs import ACCESS, BUILD, SECRET, environment

SOURCE = os.path.abspath(os.environ.get("ZAGG_SOURCE_DIR", "."))
MACHINES = {"x86_64": 62, "arm64": 183}


def executable(arch, size=4096, interpreter=False, fill=b"zagg "):
    """The header of a 64-bit program with one segment, and something behind it."""
    head = b"\x7fELF" + bytes((2, 1, 1)) + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 2, MACHINES[arch], 1, 0x400000, 64, 0, 0, 64, 56, 1, 0, 0,
                        0)
    head += struct.pack("<IIQQQQQQ", 3 if interpreter else 1, 5, 0, 0, 0, 64, 64, 4096)
    return head + (fill * size)[:size]


def package(arch="arm64", **options):
    """Bytes of a zip as `make lambda` makes them."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as out:
        for name, mode, text in (("bootstrap", 0o100755, executable(arch, **options)),
                                 ("ca-bundle.crt", 0o100644, b"no certificates")):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            entry.external_attr = mode << 16
            out.writestr(entry, text)
    return data.getvalue()


class Case(unittest.TestCase):
    """Base: a folder with packages, a bucket for them, and a CloudFormation as each test wants."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="zagg-deploy-")
        self.addCleanup(shutil.rmtree, self.dir)
        os.makedirs(self.path("s3/artifacts"))
        self.env = environment()
        self.s3 = self.start("s3_server", "--root", self.path("s3"), "--key", ACCESS, SECRET)
        self.env["AWS_ENDPOINT_URL_S3"] = f"http://127.0.0.1:{self.s3.port}"
        self.packages = {}
        self.write_package("one.zip", fill=b"first ")
        self.write_package("two.zip", fill=b"second ")

    def path(self, name):
        return os.path.join(self.dir, name)

    def write_package(self, name, arch="arm64", **options):
        data = package(arch, **options)
        with open(self.path(name), "wb") as file:
            file.write(data)
        self.packages[name] = hashlib.sha256(data).hexdigest()

    def release(self, name, arch="arm64"):
        return f"0.1.0-{arch}-{self.packages[name][:12]}"

    def start(self, name, *args):
        server = Running(name, *args)
        self.addCleanup(server.stop)
        return server

    def start_formation(self, *args):
        server = self.start("cloudformation_server", "--key", ACCESS, SECRET, *args)
        for service in ("CLOUDFORMATION", "LAMBDA"):
            self.env[f"AWS_ENDPOINT_URL_{service}"] = f"http://127.0.0.1:{server.port}"
        return server

    def deploy(self, *args, env=None):
        """(exit code, stdout, stderr)"""
        done = subprocess.run([f"{BUILD}/zagg", "deploy", "--interval", "0.01", *args],
                              cwd=self.dir, env={**self.env, **(env or {})}, capture_output=True,
                              text=True, check=False, stdin=subprocess.DEVNULL)
        self.assertNotIn(SECRET, done.stdout + done.stderr)
        return done.returncode, done.stdout, done.stderr

    def deployed(self, *args):
        """JSON of a command that must go well."""
        code, out, err = self.deploy(*args, "--json")
        self.assertEqual(code, 0, err)
        return json.loads(out)

    def first(self, *args):
        return self.deployed("--bucket", "artifacts", "--package", "one.zip", "--output-bucket",
                             "stores", *args)

    def fails(self, code, *texts, args=("--bucket", "artifacts", "--package", "one.zip"),
              env=None):
        """A command that ends with this code and one line that holds the texts."""
        got, out, err = self.deploy(*args, env=env)
        self.assertEqual(got, code, out + err)
        last = err.splitlines()[-1]
        for text in texts:
            self.assertIn(text, last)
        self.assertTrue(last.startswith("zagg deploy: "), err)
        return err


class Life(Case):
    def test_from_first_to_last(self):
        server = self.start_formation()
        made = self.first("--memory", "4096")
        self.assertEqual((made["action"], made["status"], made["changed"], made["version"]),
                         ("create", "CREATE_COMPLETE", True, "1"))
        self.assertEqual(made["outputs"]["OutputBucket"], "stores")
        key = f"zagg/{self.release('one.zip')}/{self.packages['one.zip']}.zip"
        self.assertEqual(made["object"], "s3://artifacts/" + key)
        with open(self.path("s3/artifacts/" + key), "rb") as file:
            self.assertEqual(hashlib.sha256(file.read()).hexdigest(), self.packages["one.zip"])
        form = server.stats()["forms"][0]
        with open(os.path.join(SOURCE, "deploy/aws/template.yaml"), encoding="utf-8") as file:
            self.assertEqual(form["TemplateBody"], file.read())
        self.assertEqual((form["OnFailure"], len(form["ClientRequestToken"])), ("DELETE", 32))

        again = self.deployed("--package", "one.zip")
        self.assertEqual((again["changed"], again["changes"], again["version"]), (False, [], "1"))

        newer = self.deployed("--package", "two.zip", "--timeout", "900")
        self.assertEqual((newer["action"], newer["version"]), ("update", "2"))
        self.assertEqual({c["name"]: (c["before"], c["after"]) for c in newer["changes"]}, {
            "FunctionS3Key": (key, key.replace(self.release("one.zip"), self.release("two.zip"))
                              .replace(self.packages["one.zip"], self.packages["two.zip"])),
            "Timeout": ("720", "900")})
        state = self.deployed("--status")
        self.assertEqual((state["status"], state["parameters"]["MemorySize"],
                          state["parameters"]["Timeout"]), ("UPDATE_COMPLETE", "4096", "900"))

        listed = self.deployed("--list")
        self.assertEqual({r["release"]: r["in_use"] for r in listed["releases"]},
                         {self.release("one.zip"): False, self.release("two.zip"): True})
        self.assertEqual([(v["version"], v["release"]) for v in listed["versions"][1:]],
                         [("1", self.release("one.zip")), ("2", self.release("two.zip"))])

        back = self.deployed("--rollback", "1")
        self.assertEqual((back["release"], back["version"]), (self.release("one.zip"), "3"))
        self.assertEqual(self.deployed("--status")["parameters"]["FunctionS3Key"], key)
        form = server.stats()["forms"][-1]
        self.assertEqual(form["UsePreviousTemplate"], "true")
        self.assertNotIn("TemplateBody", form)
        forth = self.deployed("--rollback", self.release("two.zip"))
        self.assertEqual(forth["version"], "4")

        code, out, err = self.deploy("--delete", "--yes")
        self.assertEqual(code, 0, err)
        self.assertIn("packages stay in s3://artifacts", out)
        self.assertIn("DELETE_COMPLETE", err)
        self.fails(1, "there is no stack zagg in us-west-2", args=("--status",))
        self.assertEqual(server.stats()["crashes"], 0)
        self.assertEqual(self.s3.stats()["crashes"], 0)

    def test_what_people_read(self):
        self.start_formation()
        code, out, err = self.deploy("--bucket", "artifacts", "--package", "one.zip")
        self.assertEqual(code, 0, err)
        for text in ("Stack zagg in us-west-2: to be made", "one.zip: arm64",
                     "no --output-bucket", "Stack zagg: CREATE_COMPLETE after", "process-shard",
                     f"1 ({self.release('one.zip')})"):
            self.assertIn(text, out)
        # Events as they happen, each once.
        self.assertEqual(err.count("CREATE_COMPLETE              ProcessFunction"), 1, err)
        self.assertEqual(err.count("CREATE_COMPLETE              zagg"), 1, err)
        code, out, err = self.deploy("--package", "two.zip", "--memory", "1024")
        self.assertIn("MemorySize            2048 -> 1024", out)
        self.assertNotIn("CREATE_", err)
        code, out, err = self.deploy("--list")
        self.assertRegex(out, self.release("two.zip") + r" .* versions 2  in use\n")
        self.assertRegex(out, self.release("one.zip") + r" .* versions 1\n")
        code, out, err = self.deploy("--status")
        self.assertIn("UPDATE_COMPLETE since 2026-11-27T13:00:00.000Z", out)

    def test_roles_and_sizes(self):
        server = self.start_formation()
        role = "arn:aws:iam::123456789012:role/mine"
        made = self.first("--role", role, "--size-variants", "yes", "--function-name", "other",
                          "--stack", "mine", "--prefix", "a/b", "--log-days", "7", "--disk",
                          "1024", "--service-role", role + "-cfn", "--create-output-bucket")
        self.assertEqual(made["outputs"]["RoleArn"], role)
        self.assertTrue(made["object"].startswith("s3://artifacts/a/b/0.1.0-"))
        state = self.deployed("--status", "--stack", "mine")["parameters"]
        self.assertEqual((state["CreateExecutionRole"], state["SizeVariants"],
                          state["EphemeralStorage"], state["LogRetentionDays"],
                          state["CreateOutputBucket"]), ("false", "true", "1024", "7", "true"))
        self.assertEqual(server.stats()["forms"][0]["RoleARN"], role + "-cfn")
        # The prefix is the stack's from now on.
        self.assertTrue(self.deployed("--stack", "mine", "--package", "two.zip")["object"]
                        .startswith("s3://artifacts/a/b/0.1.0-"))
        self.assertEqual(len(self.deployed("--stack", "mine", "--list")["releases"]), 2)
        self.deployed("--stack", "mine", "--package", "two.zip", "--role", "create")
        self.assertEqual(self.deployed("--status", "--stack", "mine")["parameters"]
                         ["ExecutionRoleArn"], "")

    def test_another_architecture(self):
        self.start_formation()
        self.first()
        self.write_package("x86.zip", "x86_64")
        changed = self.deployed("--package", "x86.zip")
        self.assertIn({"name": "Architecture", "before": "arm64", "after": "x86_64"},
                      changed["changes"])
        back = self.deployed("--rollback", self.release("one.zip"))
        self.assertIn({"name": "Architecture", "before": "x86_64", "after": "arm64"},
                      back["changes"])

    def test_template(self):
        code, out, _ = self.deploy("--template")
        with open(os.path.join(SOURCE, "deploy/aws/template.yaml"), encoding="utf-8") as file:
            self.assertEqual((code, out), (0, file.read()))


class DryRuns(Case):
    def test_nothing_is_changed(self):
        server = self.start_formation()
        plan = self.first("--dry-run")
        self.assertEqual((plan["action"], plan["dry_run"], plan["not_asked"]),
                         ("create", True, None))
        self.assertNotIn("status", plan)
        self.first()
        plan = self.deployed("--package", "two.zip", "--dry-run")
        self.assertEqual((plan["action"], [c["name"] for c in plan["changes"]]),
                         ("update", ["FunctionS3Key"]))
        plan = self.deployed("--rollback", "1", "--dry-run")
        self.assertEqual(plan["changes"], [])
        code, out, _ = self.deploy("--delete", "--dry-run")
        self.assertEqual(code, 0)
        self.assertIn("to be deleted", out)
        actions = server.stats()["actions"]
        self.assertEqual([a for a in actions if a.endswith("Stack")], ["CreateStack"])
        self.assertEqual(len(os.listdir(self.path("s3/artifacts/zagg"))), 1)

    def test_without_an_account(self):
        code, out, err = self.deploy(
            "--bucket", "artifacts", "--package", "one.zip", "--dry-run",
            env={"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""})
        self.assertEqual(code, 0, err)
        self.assertIn("the account was not asked: ", out)
        self.assertIn(f"s3://artifacts/zagg/{self.release('one.zip')}/", out)


class Faults(Case):
    def test_throttled(self):
        server = self.start_formation("--throttle", 3)
        self.assertEqual(self.first()["status"], "CREATE_COMPLETE")
        actions = server.stats()["actions"]
        self.assertEqual(actions.count("CreateStack"), 4)

    def test_throttled_for_good(self):
        server = self.start_formation("--throttle", 1000)
        self.fails(5, "Throttling", "Rate exceeded")
        self.assertEqual(server.stats()["actions"], ["DescribeStacks"] * 8)

    def test_lost_answers(self):
        """A change is begun once, whatever becomes of the answer."""
        server = self.start_formation("--lose", "CreateStack", "--lose", "UpdateStack")
        self.assertEqual(self.first()["status"], "CREATE_COMPLETE")
        self.assertEqual(self.deployed("--package", "two.zip")["status"], "UPDATE_COMPLETE")
        actions = server.stats()["actions"]
        self.assertEqual((actions.count("CreateStack"), actions.count("UpdateStack")), (2, 2))

    def test_failing_creation(self):
        self.start_formation("--fail", "ExecutionRole:API: iam:CreateRole User is not authorized "
                             "to perform: iam:CreateRole")
        err = self.fails(1, "the stack ended as DELETE_COMPLETE", "ExecutionRole (AWS::IAM::Role)",
                         "CREATE_FAILED: API: iam:CreateRole", "policies/deploy.json")
        self.assertIn("  CREATE_FAILED                ExecutionRole: API", err)
        self.fails(1, "there is no stack", args=("--status",))

    def test_failing_update(self):
        self.start_formation("--fail", "ProcessFunction:Memory is too large", "--fail-action",
                             "UpdateStack", "--page-size", 2)
        self.first()
        before = self.deployed("--status")["parameters"]
        err = self.fails(1, "the stack ended as UPDATE_ROLLBACK_COMPLETE", "ProcessFunction "
                         "(AWS::Lambda::Function): UPDATE_FAILED: Memory is too large",
                         args=("--package", "two.zip"))
        self.assertIn("Resource update cancelled", err)
        self.assertNotIn("CREATE_", err)
        code, out, _ = self.deploy("--status", "--json")
        state = json.loads(out)
        self.assertEqual((code, state["parameters"]), (1, before))
        self.assertEqual([f["resource"] for f in state["failures"]], ["ProcessFunction"])
        # A stack that was rolled back can be changed again.
        self.fails(1, "UPDATE_FAILED", args=("--package", "two.zip"))

    def test_failing_deletion(self):
        self.start_formation("--fail", "WorkerLog:it is locked", "--fail-action", "DeleteStack")
        self.first()
        self.fails(1, "the stack ended as DELETE_FAILED", "it is locked", args=("--delete", "-y"))
        self.fails(3, "is DELETE_FAILED and cannot be changed: delete it",
                   args=("--package", "two.zip"))

    def test_no_stack_yet(self):
        server = self.start_formation()
        self.fails(3, "there is no stack zagg yet", "--bucket", args=("--package", "two.zip"))
        self.assertEqual(server.stats()["forms"], [])

    def test_no_rights(self):
        server = self.start_formation("--deny", "CreateStack")
        self.fails(4, "not authorized to perform: cloudformation:CreateStack",
                   "policies/deploy.json", "environment")
        self.assertNotIn("DescribeStackEvents", server.stats()["actions"])

    def test_wrong_keys(self):
        self.start_formation()
        self.fails(4, "HTTP 403", env={"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN"})
        self.fails(4, "HTTP 403", env={"AWS_SECRET_ACCESS_KEY": "no/secret"})

    def test_stuck(self):
        self.start_formation("--stuck")
        self.fails(1, "still CREATE_IN_PROGRESS", "zagg deploy --status",
                   args=("--bucket", "artifacts", "--package", "one.zip", "--wait", "0.2"))
        self.fails(3, "is being changed (CREATE_IN_PROGRESS)",
                   args=("--package", "two.zip"))

    def test_interrupted(self):
        server = self.start_formation("--stuck")
        with subprocess.Popen([f"{BUILD}/zagg", "deploy", "--interval", "0.01", "--bucket",
                               "artifacts", "--package", "one.zip"], cwd=self.dir, env=self.env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
            while run.poll() is None and \
                    server.stats()["actions"].count("DescribeStackEvents") < 3:
                time.sleep(0.01)
            run.send_signal(signal.SIGINT)
            _, err = run.communicate()
        self.assertEqual(run.returncode, 130, err)
        self.assertIn("CloudFormation goes on", err.splitlines()[-1])

    def test_busy_function(self):
        self.start_formation("--conflicts", 3)
        self.assertEqual(self.first()["version"], "1")

    def test_other_code_than_was_sent(self):
        """What others put into the place of a package becomes no version."""
        self.start_formation("--other-code")
        self.fails(1, "CodeSHA256 is different")
        self.assertEqual(len(self.deployed("--list")["versions"]), 1)

    def test_no_bucket(self):
        self.start_formation()
        self.fails(5, "there is no bucket nowhere", args=("--bucket", "nowhere", "--package",
                                                           "one.zip"))

    def test_hostile_answers(self):
        """Whatever is answered, it is one line and no crash."""
        texts = {
            "no.xml": b"nothing of the kind",
            "entities.xml": b'<!DOCTYPE a [<!ENTITY b "cccc">]><a>&b;</a>',
            "deep.xml": b"<a>" * 5000,
            "empty.xml": b"",
            "cut.xml": b"<DescribeStacksResponse><DescribeStacksResult><Stacks><member>",
            "none.xml": b"<DescribeStacksResponse><DescribeStacksResult><Stacks/>"
                        b"</DescribeStacksResult></DescribeStacksResponse>",
            "endless.xml": b"<DescribeStacksResponse><DescribeStacksResult><Stacks><member>"
                           b"<Parameters>" + b"<member><ParameterKey>a</ParameterKey></member>" *
                           1000 + b"</Parameters></member></Stacks></DescribeStacksResult>"
                           b"</DescribeStacksResponse>",
            "long.xml": b"<DescribeStacksResponse><a>" + b"x" * 100000,
        }
        for name, text in texts.items():
            with open(self.path(name), "wb") as file:
                file.write(text)
            for action in ("DescribeStacks", "CreateStack"):
                with self.subTest(name=name, action=action):
                    self.start_formation("--hostile", action, self.path(name))
                    self.fails(1, "CloudFormation: ")


class Refusals(Case):
    def test_packages(self):
        self.start_formation()
        self.write_package("x86.zip", "x86_64")
        self.write_package("dynamic.zip", interpreter=True)
        with open(self.path("text.zip"), "w", encoding="utf-8") as file:
            file.write("no zip")
        for name, code, text in (("x86.zip", 3, "made for x86_64, not for arm64"),
                                 ("dynamic.zip", 3, "needs a dynamic linker"),
                                 ("text.zip", 3, "no zip"), ("none.zip", 1, "No such file")):
            self.fails(code, name, text, args=("--bucket", "artifacts", "--package", name,
                                               "--arch", "arm64"))
        self.fails(1, "there is no build/lambda/zagg-", "make lambda", args=("--bucket",
                                                                             "artifacts"))

    def test_command_lines(self):
        for args in (("--memory", "64"), ("--timeout", "901"), ("--disk", "100"),
                     ("--arch", "mips"), ("--role", "me"), ("--stack", "1a"),
                     ("--bucket", "s3://b"), ("--prefix", "/a"), ("--function-name", "a:b"),
                     ("--size-variants", "maybe"), ("--log-days", "2"), ("--wait", "x"),
                     ("--status", "--list"), ("--delete", "--memory", "512"), ("extra",)):
            code, _, err = self.deploy(*args)
            self.assertEqual((code, len(err.splitlines())), (2, 1), (args, err))

    def test_delete_asks(self):
        self.start_formation()
        self.first()
        self.fails(1, "was not deleted", "--yes", args=("--delete",))
        self.assertEqual(self.deployed("--status")["status"], "CREATE_COMPLETE")

    def test_rollback_to_what_is_not_there(self):
        self.start_formation()
        self.first()
        self.fails(1, "no version 7", args=("--rollback", "7"))
        self.fails(1, "0.0.9-arm64-000000000000", "--list",
                   args=("--rollback", "0.0.9-arm64-000000000000"))
        self.deployed("--package", "two.zip")
        shutil.rmtree(self.path(f"s3/artifacts/zagg/{self.release('one.zip')}"))
        self.fails(1, "is not in s3://artifacts/zagg", args=("--rollback", "1"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
