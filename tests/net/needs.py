"""What a test wants and a machine may lack. Without it the test is skipped, with a printed reason
and the exit code that ctest calls Skipped; where CI is set it fails, as CI installs everything."""
import os
import sys
import unittest

SKIPPED = 77  # SKIP_RETURN_CODE of CMakeLists.txt
CI = bool(os.environ.get("CI"))


def required(there, reason):
    """Decorates a class of tests, all of which want the same."""
    def decorate(tests):
        if there:
            return tests
        if not CI:
            return unittest.skip(reason)(tests)

        def fail(_):
            raise AssertionError(f"CI wants it: {reason}")
        tests.setUpClass = classmethod(fail)
        return tests
    return decorate


def require(there, reason):
    """In a test."""
    if there:
        return
    if CI:
        raise AssertionError(f"CI wants it: {reason}")
    raise unittest.SkipTest(reason)


def main(**options):
    """As unittest.main, but a program of which anything was skipped does not call itself passed."""
    result = unittest.main(exit=False, **options).result
    for test, reason in result.skipped:
        print(f"skipped: {test}: {reason}", flush=True)
    if not result.wasSuccessful():
        sys.exit(1)
    if result.testsRun == 0 and not result.skipped:
        sys.exit("no test of that name")
    sys.exit(SKIPPED if result.skipped else 0)
