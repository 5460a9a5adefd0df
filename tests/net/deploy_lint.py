#!/usr/bin/env python3
"""The template of the stack before cfn-lint, which knows CloudFormation's rules and the schemas of
its resources (label net). Nothing is found in it, and what is wrong would be."""
import os
import subprocess
import tempfile
import unittest

import needs
import real

SOURCE = os.path.abspath(os.environ.get("ZAGG_SOURCE_DIR", "."))
TEMPLATE = os.path.join(SOURCE, "deploy/aws/template.yaml")


def lint(path):
    done = subprocess.run([real.find_cfn_lint(), "--regions", "us-west-2", "eu-central-1",
                           "--include-checks", "I", "--", path], capture_output=True, text=True,
                          check=False)
    return done.returncode, done.stdout + done.stderr


@needs.required(real.find_cfn_lint(), f"there is no cfn-lint ({real.HOW_TO_GET['cfn-lint']})")
class Template(unittest.TestCase):
    def test_clean(self):
        code, found = lint(TEMPLATE)
        self.assertEqual((code, found.strip()), (0, ""))

    def test_mistakes_are_found(self):
        with open(TEMPLATE, encoding="utf-8") as file:
            text = file.read()
        wrong = {"Runtime: provided.al2023": "Runtime: provided.al2077",
                 "MemorySize: 8192": "MemorySize: 81920",
                 "MaximumRetryAttempts: 0": "MaximumRetryAttempts: 9"}
        for before, after in wrong.items():
            self.assertIn(before, text)
            text = text.replace(before, after, 1)
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            code, found = lint(file.name)
        self.assertNotEqual(code, 0)
        for value in ("provided.al2077", "81920", "9"):
            self.assertRegex(found, rf"(?m)^E\d+ .*\b{value}\b")


if __name__ == "__main__":
    needs.main(verbosity=2)
