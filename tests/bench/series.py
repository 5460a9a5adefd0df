#!/usr/bin/env python3
"""The series that merged records go into, latest.md, metrics.json; and the size report."""
import unittest
import zipfile

import support
from zagg_bench import record, series, size

try:
    import pyarrow
    import pyarrow.parquet
except ImportError:
    pyarrow = None


def row(commit, target, obs=5, event="merge", **changes):
    full = dict.fromkeys(record.COLUMNS)
    return {**full, "timestamp": "2026-01-02T03:04:05Z", "commit": commit, "event": event,
            "target": target, "shard_key": 2**63 + 11, "total_obs": obs, "runtime_s": 1.25,
            "memory_gb": 2.0, "price_per_gb_sec": 1.5e-05, **changes}


class Merge(support.Case):
    def test_only_merges_and_the_last_of_a_commit_and_target(self):
        old = [row("a", "x", 1), row("a", "y", 2)]
        new = [row("a", "x", 3), row("b", "x", 4), row("b", "x", 5), row("c", "x", 6, "pr"),
               row("a", "y", 7, "manual")]
        self.assertEqual([(r["commit"], r["target"], r["total_obs"])
                          for r in series.merge(old, new)],
                         [("a", "y", 2), ("a", "x", 3), ("b", "x", 5)])

    def merge(self, name, records, *more):
        path = self.write("records.json", records)
        return self.succeed("merge-series", "--series", self.work / name, "--records", path,
                            *more)

    def check_file(self, name):
        """The same rows come back from the file, again and again."""
        first, second = row("a", "x"), row("b", "x", None, runtime_s=None, note="new column")
        self.merge(name, [first, row("p", "x", event="pr")])
        self.assertEqual(series.load(self.work / name), [first])
        out = self.merge(name, [second])
        self.assertIn("1 -> 2 rows; 1 of 1 records", out)
        rows = series.load(self.work / name)
        self.assertEqual([{c: r.get(c) for c in second} for r in rows],
                         [{**first, "note": None}, second])
        self.merge(name, [second])
        self.assertEqual(series.load(self.work / name), rows)
        self.assertEqual(list(rows[1])[:23], list(record.SHARED_COLUMNS))
        self.assertIsInstance(rows[0]["shard_key"], int)

    def test_ndjson(self):
        self.check_file("series.ndjson")

    def test_csv(self):
        self.check_file("series.csv")

    @unittest.skipIf(pyarrow is None, "this Python has no pyarrow")
    def test_parquet(self):
        self.check_file("series.parquet")

    @unittest.skipIf(pyarrow is None, "this Python has no pyarrow")
    def test_parquet_of_pandas(self):
        """Upstream's series: whole numbers beside nulls are doubles there, nulls NaN."""
        table = pyarrow.table({"commit": ["a", "b"], "event": ["merge"] * 2, "target": ["x"] * 2,
                               "total_obs": [7.0, float("nan")], "codec": ["inner", None]})
        pyarrow.parquet.write_table(table, self.work / "s.parquet")
        rows = series.load(self.work / "s.parquet")
        self.assertEqual([(r["total_obs"], r["codec"]) for r in rows], [(7, "inner"), (None, None)])
        self.merge("s.parquet", [row("b", "x", 9)])
        rows = series.load(self.work / "s.parquet")
        self.assertEqual([(r["total_obs"], r["codec"], r["shard_key"]) for r in rows],
                         [(7, "inner", None), (9, None, 2**63 + 11)])

    @unittest.skipUnless(pyarrow is None, "this Python has pyarrow")
    def test_parquet_without_pyarrow(self):
        path = self.write("records.json", [])
        self.refuse(2, "Parquet needs pyarrow", "merge-series", "--series",
                    self.work / "s.parquet", "--records", path)

    def test_latest_and_metrics_are_those_of_the_newest_commit(self):
        self.merge("s.ndjson", [row("a" * 40, "x"), row("b" * 40, "x", 1234), row("b" * 40, "y")],
                   "--out-latest", self.work / "latest.md", "--out-metrics",
                   self.work / "metrics.json")
        text = (self.work / "latest.md").read_text(encoding="utf-8")
        self.assertTrue(text.startswith("### Latest Lambda benchmark — `bbbbbbb`\n"), text)
        self.assertIn("| x | 1,234 | 1.2 |", text)
        self.assertNotIn("aaaaaaa", text)
        self.assertEqual([r["target"] for r in self.records("metrics.json")], ["x", "y"])

    def test_nothing_merged_yet(self):
        self.merge("s.ndjson", [row("a", "x", event="pr")], "--out-latest",
                   self.work / "latest.md")
        self.assertEqual((self.work / "latest.md").read_text(encoding="utf-8"),
                         "No benchmark records were produced.\n")

    def refused(self, code, text, series_text=None, records="[]", name="s.ndjson"):
        if series_text is not None:
            self.write(name, series_text)
        path = self.write("records.json", records)
        self.refuse(code, text, "merge-series", "--series", self.work / name, "--records", path)

    def test_files_that_are_no_good(self):
        self.refused(2, "a series is a file .ndjson, .csv, .parquet", name="s.txt")
        self.refused(3, "s.ndjson:2: not JSON", '{}\n{"a"\n')
        self.refused(3, "s.ndjson:1: not a JSON object", "[]\n")
        self.refused(3, "must be a list of records", "{}\n", "{}")
        self.refused(3, "s.csv:2: total_obs: found 'many'; must be a number",
                     "commit,total_obs\na,many\n", name="s.csv")


class Size(support.Case):
    def package(self, name, size_bytes):
        path = self.work / name
        path.write_bytes(bytes(size_bytes))
        return path

    def test_a_line_for_each_architecture(self):
        small, large = self.package("a", size.MIB), self.package("b", 3 * size.MIB)
        out = self.succeed("size-report", f"x86_64={small}", f"arm64={large}", "--limit", "4")
        self.assertIn("| x86_64 | 1.00 MiB | 4.00 MiB | 3.00 MiB | 0.4% |\n", out)
        self.assertIn("| arm64 | 3.00 MiB | 4.00 MiB | 1.00 MiB | 1.2% |\n", out)

    def test_beyond_the_limit(self):
        small, large = self.package("a", size.MIB), self.package("b", size.MIB + 1)
        packages = [f"x86_64={small}", f"arm64={large}", "--limit", "1"]
        self.refuse(1, "beyond the limit of 1 MiB: arm64\n", "size-report", *packages)
        self.assertIn("| -0.00 MiB |", self.bench("size-report", *packages).stdout)

    def test_default_limit(self):
        over = self.package("a", size.LIMIT_BYTES + 1)
        self.refuse(1, "beyond the limit of 16 MiB: x86_64", "size-report", f"x86_64={over}")

    def test_folders_and_archives_count_unpacked(self):
        (self.work / "f" / "lib").mkdir(parents=True)
        self.package("f/bootstrap", 1000)
        self.package("f/lib/more", 24)
        with zipfile.ZipFile(self.work / "z.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(self.work / "f" / "bootstrap", "bootstrap")
        self.assertEqual(size.package_bytes(self.work / "f"), 1024)
        self.assertEqual(size.package_bytes(self.work / "z.zip"), 1000)
        self.assertLess((self.work / "z.zip").stat().st_size, 1000)

    def test_packages_that_were_made(self):
        for arch in ("x86_64", "arm64"):
            with zipfile.ZipFile(self.work / f"zagg-1.2.3-lambda-{arch}.zip", "w") as archive:
                archive.writestr("bootstrap", bytes(2 * size.MIB))
                archive.writestr("ca-bundle.crt", bytes(size.MIB))
        self.package("zagg-1.2.3.zip", 5)
        out = self.succeed("size-report", "--made", self.work)
        for arch in ("x86_64", "arm64"):
            self.assertIn(f"| {arch} | 3.00 MiB | 16.00 MiB | 13.00 MiB | 1.2% |", out)
        self.refuse(1, "beyond the limit of 2 MiB: arm64, x86_64", "size-report", "--made",
                    self.work, "--limit", "2")
        self.refuse(2, "none: there is no package for Lambda", "size-report", "--made",
                    self.work / "none")

    def test_what_cannot_be_measured(self):
        self.refuse(2, "none: cannot be measured", "size-report", f"x={self.work}/none")
        self.refuse(2, "bad.zip: cannot be measured", "size-report",
                    f"x={self.write('bad.zip', 'text')}")
        self.refuse(2, "must be ARCH=PATH", "size-report", "zagg")


if __name__ == "__main__":
    support.main()
