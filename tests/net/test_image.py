#!/usr/bin/env python3
"""The container image of deploy/aws/Dockerfile, as buildah makes it (no engine, no network): what is
in it, and that nothing else is needed: a whole run under AWS's emulator by its entry point, as a user
without rights, in a root that has these files and no others. Run by ctest (label net), or by hand:
ZAGG_BUILD_DIR=build/release tests/net/test_image.py"""
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import unittest

import needs
import rie

SOURCE = os.path.abspath(rie.SOURCE)
CONTEXT = f"{SOURCE}/build/lambda"
FILES = {"bootstrap": 0o755, "ca-bundle.crt": 0o644, "LICENSES.txt": 0o644}
NOBODY = "65534:65534"
STORAGE = """[storage]
driver = "vfs"
runroot = "{0}/run"
graphroot = "{0}/graph"
"""


def build(arch, platform, folder):
    """The image's configuration, and the tar file of its one layer."""
    with open(f"{folder}/storage.conf", "w", encoding="ascii") as file:
        file.write(STORAGE.format(folder))
    with open(f"{folder}/policy.json", "w", encoding="ascii") as file:
        file.write('{"default": [{"type": "insecureAcceptAnything"}]}')
    done = subprocess.run(
        ["buildah", "build", "--isolation", "chroot", "--signature-policy", f"{folder}/policy.json",
         "--platform", platform, "--build-arg", f"ARCH={arch}", "-f",
         f"{SOURCE}/deploy/aws/Dockerfile", "-t", f"oci:{folder}/image", CONTEXT],
        env={"PATH": os.environ["PATH"], "HOME": folder, "TMPDIR": folder,
             "CONTAINERS_STORAGE_CONF": f"{folder}/storage.conf"},
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

    def blob(descriptor):
        with open(f"{folder}/image/blobs/{descriptor['digest'].replace(':', '/')}", "rb") as file:
            return file.read()
    with open(f"{folder}/image/index.json", encoding="ascii") as file:
        manifest = json.loads(blob(json.load(file)["manifests"][0]))
    assert len(manifest["layers"]) == 1, manifest
    return json.loads(blob(manifest["config"])), \
        tarfile.open(fileobj=io.BytesIO(blob(manifest["layers"][0])))


def here(arch):
    return all(os.path.exists(f"{CONTEXT}/{arch}/{name}") for name in FILES)


def wanted(tests):
    """Decorates: buildah as root, and the package."""
    for there, reason in (
            (here("x86_64") and here("arm64"), "there is no package (make lambda)"),
            (shutil.which("buildah"), "there is no buildah (scripts/deps net)"),
            (os.geteuid() == 0, "only root may give a process another root")):
        if not there:
            return needs.required(False, reason)(tests)
    return tests


@wanted
class Recipe(unittest.TestCase):
    def test_what_is_in_it(self):
        for arch, platform in (("x86_64", "linux/amd64"), ("arm64", "linux/arm64")):
            with self.subTest(arch), tempfile.TemporaryDirectory() as folder:
                config, layer = build(arch, platform, folder)
                self.assertEqual(f"{config['os']}/{config['architecture']}", platform)
                self.assertEqual(config["config"]["Entrypoint"], ["/var/task/bootstrap"])
                self.assertEqual(config["config"]["WorkingDir"], "/var/task")
                members = {member.name.rstrip("/"): member for member in layer}
                files = {name: member.mode & 0o777 for name, member in members.items()
                         if not member.isdir()}
                self.assertEqual(files, {f"var/task/{n}": mode for n, mode in FILES.items()})
                self.assertIn("tmp", members)
                for name in FILES:
                    with open(f"{CONTEXT}/{arch}/{name}", "rb") as file:
                        self.assertEqual(layer.extractfile(f"var/task/{name}").read(), file.read())


@unittest.skipUnless(os.uname().machine == "x86_64", "the image that is run is for x86_64")
@wanted
@rie.on("package, x86_64", "make lambda")
class InAnEmptyRoot(rie.UnderTheEmulator, unittest.TestCase):
    """What Lambda adds is there: a /tmp for anybody, and /etc/resolv.conf; and the granules of the
    test, under the names that the events have for them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.mkdir(f"{cls.folder}/image.d")
        config, layer = build("x86_64", "linux/amd64", f"{cls.folder}/image.d")
        cls.entry = config["config"]["Entrypoint"]
        cls.root = f"{cls.folder}/root"
        os.mkdir(cls.root)
        layer.extractall(cls.root)
        os.chmod(f"{cls.root}/tmp", 0o1777)
        os.mkdir(f"{cls.root}/etc")
        shutil.copy("/etc/resolv.conf", f"{cls.root}/etc/resolv.conf")
        shutil.copytree(f"{cls.folder}/g", f"{cls.root}{cls.folder}/g")
        for path, _, _ in os.walk(f"{cls.root}{os.path.dirname(cls.folder)}"):
            os.chmod(path, os.stat(path).st_mode | 0o055)

    def command(self):
        return ["env", "TMPDIR=/tmp", "chroot", f"--userspec={NOBODY}", self.root, *self.entry]


if __name__ == "__main__":
    needs.main()
