"""The one exception that ends zagg-bench with a line of text instead of a traceback."""

OK, FAILED, USAGE, CONFIG = 0, 1, 2, 3  # exit codes, as those of zagg


class BenchError(Exception):
    """What is wrong, in one line; `code` is the exit code."""

    def __init__(self, text, code=FAILED):
        super().__init__(text)
        self.code = code
