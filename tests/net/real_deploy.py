#!/usr/bin/env python3
"""zagg deploy on moto, which others wrote: the stack of deploy/aws/template.yaml is made, changed,
rolled back and deleted (label net). Skips with a reason where there is no moto; README.md says how
to get it."""
import http.client
import json
import os
from urllib.parse import urlencode

import needs
import real
from test_deploy import BUILD, SOURCE, Case


class Asking:
    """Requests of the test itself."""

    REGION = "us-west-2"
    moto = None

    def ask(self, method, path, service, body=None):
        """moto knows the service and the region by what was signed for, and asks no more."""
        link = http.client.HTTPConnection("127.0.0.1", self.moto.port, timeout=60)
        link.request(method, path, body, headers={
            "Content-Type": "application/x-www-form-urlencoded", "Authorization": "AWS4-HMAC-SHA256 Credential=k/20261127/"
                             f"{self.REGION if service != 's3' else 'us-east-1'}/{service}"
                             "/aws4_request, SignedHeaders=host, Signature=0"})
        answer = link.getresponse()
        body = answer.read()
        link.close()
        return answer.status, body

    def iam(self, action, **form):
        status, body = self.ask("POST", "/", "iam", urlencode(
            {"Action": action, "Version": "2010-05-08", **form}))
        self.assertEqual(status, 200, body)
        return body


MOTO = needs.required(real.find_moto(), f"there is no moto ({real.HOW_TO_GET['moto']})")


@MOTO
class OnMoto(Asking, Case):
    @classmethod
    def setUpClass(cls):
        cls.moto = real.Moto()

    @classmethod
    def tearDownClass(cls):
        cls.moto.stop()

    def setUp(self):
        super().setUp()
        self.env["AWS_ENDPOINT_URL"] = self.moto.url
        del self.env["AWS_ENDPOINT_URL_S3"]
        self.assertEqual(self.ask("PUT", "/artifacts", "s3")[0], 200)

    def function(self, name="process-shard"):
        status, body = self.ask("GET", f"/2015-03-31/functions/{name}", "lambda")
        return json.loads(body)["Configuration"] if status == 200 else None

    def test_life_of_a_stack(self):
        # With all sizes: moto cannot change the package of a stack some of whose functions are
        # not there by a condition.
        made = self.first("--memory", "3008", "--size-variants", "yes", "--interval", "0.2")
        self.assertEqual((made["status"], made["version"]), ("CREATE_COMPLETE", "1"))
        function = self.function()
        # moto's stacks leave the architecture and /tmp of a function aside.
        self.assertEqual((function["Runtime"], function["MemorySize"], function["Timeout"]),
                         ("provided.al2023", 3008, 720))
        self.assertEqual(function["Role"], made["outputs"]["RoleArn"])
        self.assertIn("-ExecutionRole-", function["Role"])
        changed = self.deployed("--package", "two.zip", "--memory", "1769", "--interval", "0.2")
        self.assertEqual((changed["status"], changed["version"]), ("UPDATE_COMPLETE", "2"))
        self.assertEqual({c["name"] for c in changed["changes"]},
                         {"FunctionS3Key", "MemorySize"})
        function = self.function()
        self.assertEqual((function["MemorySize"], function["Timeout"]), (1769, 720))
        self.assertEqual(self.function("process-shard-4096-disk")["MemorySize"], 4096)
        self.assertEqual(self.function("process-shard-8192")["MemorySize"], 8192)
        listed = self.deployed("--list")
        self.assertEqual([v["version"] for v in listed["versions"]], ["$LATEST", "1", "2"])
        self.assertEqual({r["sha256"] for r in listed["releases"]}, set(self.packages.values()))
        back = self.deployed("--rollback", self.release("one.zip"), "--interval", "0.2")
        self.assertEqual((back["status"], back["version"]), ("UPDATE_COMPLETE", "3"))
        self.assertEqual(self.function()["MemorySize"], 1769)
        state = self.deployed("--status")
        self.assertTrue(state["parameters"]["FunctionS3Key"].startswith(
            f"zagg/{self.release('one.zip')}/"))
        self.assertEqual(self.deploy("--delete", "--yes", "--interval", "0.2")[0], 0)
        self.assertIsNone(self.function())
        self.assertEqual(self.deploy("--status")[0], 1)

    def test_supplied_role_and_bucket(self):
        role = "arn:aws:iam::123456789012:role/zagg-worker"
        with open(os.path.join(SOURCE, "deploy/aws/policies/trust.json"),
                  encoding="utf-8") as file:
            self.iam("CreateRole", RoleName="zagg-worker", AssumeRolePolicyDocument=file.read())
        made = self.deployed("--bucket", "artifacts", "--package", "one.zip", "--role", role,
                             "--output-bucket", "stores", "--create-output-bucket",
                             "--function-name", "mine", "--stack", "mine", "--interval", "0.2")
        self.assertEqual((made["outputs"]["RoleArn"], made["outputs"]["OutputBucket"]),
                         (role, "stores"))
        self.assertEqual(self.function("mine")["Role"], role)
        self.assertIsNone(self.function("mine-4096-disk"))
        changed = self.deployed("--stack", "mine", "--package", "one.zip", "--memory", "512",
                                "--interval", "0.2")
        self.assertEqual((changed["status"], changed["version"]), ("UPDATE_COMPLETE", "2"))
        self.assertEqual(self.function("mine")["MemorySize"], 512)
        self.assertEqual(self.ask("GET", "/stores?list-type=2", "s3")[0], 200)

    def test_the_package_of_make_lambda(self):
        package = os.path.join(BUILD, "..", "lambda")
        zips = [os.path.join(package, n) for n in sorted(os.listdir(package))
                if n.endswith(".zip")] if os.path.isdir(package) else []
        needs.require(zips, "there is no package (make lambda)")
        for path in zips:
            arch = "x86_64" if "x86_64" in path else "arm64"
            made = self.deployed("--bucket", "artifacts", "--package", path, "--stack",
                                 f"s-{arch.replace('_', '-')}", "--function-name", f"f-{arch}",
                                 "--arch", arch, "--interval", "0.2")
            self.assertIsNotNone(self.function(f"f-{arch}"))
            self.assertEqual(self.deployed("--status", "--stack", made["stack"])["parameters"]
                             ["Architecture"], arch)
            self.assertGreater(made["package"]["unpacked_bytes"], 1 << 20)


class Guarded(real.Real):
    """moto that lets a few calls through to anybody, and then only what is signed by a user, whose
    policies allow it."""

    def __init__(self, free_calls):
        super().__init__()
        self.start([real.find_moto(), "-H", "127.0.0.1", "-p", str(self.port)],
                   INITIAL_NO_AUTH_ACTION_COUNT=str(free_calls))

    ready_path = "/moto-api/"  # is no such call


@MOTO
class OnGuardedMoto(Asking, Case):
    """Signatures are checked by moto (botocore), calls by deploy/aws/policies/deploy.json."""

    def setUp(self):
        super().setUp()
        self.moto = Guarded(4)
        self.addCleanup(self.moto.stop)
        self.env["AWS_ENDPOINT_URL"] = self.moto.url
        del self.env["AWS_ENDPOINT_URL_S3"]
        self.assertEqual(self.ask("PUT", "/artifacts", "s3")[0], 200)
        self.iam("CreateUser", UserName="deployer")
        self.iam("PutUserPolicy", UserName="deployer", PolicyName="deploy", PolicyDocument=self.policy())
        body = self.iam("CreateAccessKey", UserName="deployer").decode()
        self.env["AWS_ACCESS_KEY_ID"] = body.partition("<AccessKeyId>")[2].partition("<")[0]
        self.secret = body.partition("<SecretAccessKey>")[2].partition("<")[0]
        self.env["AWS_SECRET_ACCESS_KEY"] = self.secret

    @staticmethod
    def policy():
        with open(os.path.join(SOURCE, "deploy/aws/policies/deploy.json"),
                  encoding="utf-8") as file:
            text = file.read()
        for word, value in (("ARTIFACT-BUCKET", "artifacts"), ("PREFIX", "zagg")):
            text = text.replace(word, value)
        policy = json.loads(text)
        for statement in policy["Statement"]:  # moto knows whom a call is about in S3 alone
            if not statement["Sid"].endswith("Packages"):
                statement["Resource"] = "*"
        return json.dumps(policy)

    def test_rights_suffice(self):
        made = self.first("--size-variants", "yes", "--interval", "0.2")
        self.assertEqual((made["status"], made["version"]), ("CREATE_COMPLETE", "1"))
        self.deployed("--package", "two.zip", "--interval", "0.2")
        # moto takes no signature of a list of keys with a '/' in its query: no --list here.
        self.deployed("--status")
        self.assertEqual(self.deploy("--delete", "--yes", "--interval", "0.2")[0], 0)

    def test_and_reach_no_further(self):
        self.fails(4, args=("--bucket", "artifacts", "--package", "one.zip", "--prefix", "other"))
        self.first("--interval", "0.2")

    def test_wrong_secret(self):
        self.fails(4, "HTTP 403", env={"AWS_SECRET_ACCESS_KEY": self.secret[:-1] + "!"})


if __name__ == "__main__":
    needs.main(verbosity=2)
