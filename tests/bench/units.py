"""Parts of bench/ that figures depend on: charts, comparing counts, the table of aims."""
import os
import sys
import unittest
import xml.dom.minidom

sys.path.insert(0, os.path.join(os.environ["ZAGG_SOURCE_DIR"], "bench"))
import common
import figures
import kernels
import svg


class Charts(unittest.TestCase):
    def test_a_chart_is_xml_that_tells_its_data(self):
        text = svg.chart("Time & <more>", ("photons", "s"), {"zagg": [(1e5, 0.1), (1e8, 9)]})
        root = xml.dom.minidom.parseString(text).documentElement
        told = root.getElementsByTagName("desc")[0].firstChild.data
        self.assertEqual(root.getAttribute("role"), "img")
        self.assertIn("zagg: 100000 0.1, 1e+08 9", told)
        self.assertEqual(len(root.getElementsByTagName("circle")), 3)  # two points and the key

    def test_larger_values_lie_further_right_and_up(self):
        text = svg.chart("t", ("x", "y"), {"zagg": [(1, 1), (10, 10)]})
        circles = xml.dom.minidom.parseString(text).getElementsByTagName("circle")
        (x0, y0), (x1, y1) = ((float(c.getAttribute("cx")), float(c.getAttribute("cy")))
                              for c in circles[:2])
        self.assertLess(x0, x1)
        self.assertGreater(y0, y1)


class Counts(unittest.TestCase):
    COMMITTED = {"tools": {"compiler": "a"}, "instructions": {"points": 100.0, "inflate": 100.0}}

    def worse(self, tools, **counts):
        return kernels.compare(counts, tools, self.COMMITTED)[1]

    def test_fails_past_five_percent_with_the_same_tools(self):
        self.assertEqual(self.worse({"compiler": "a"}, points=104.9), [])
        self.assertEqual(self.worse({"compiler": "a"}, points=105.1), ["points +5.10 %"])

    def test_other_tools_are_only_told(self):
        self.assertEqual(self.worse({"compiler": "b"}, points=200.0), [])

    def test_inflate_is_not_ours(self):
        self.assertEqual(self.worse({"compiler": "a"}, inflate=200.0), [])


class Tables(unittest.TestCase):
    def test_aims_are_met_from_the_right_side(self):
        rows = figures.summary([
            {"work": "a", "what": "s", "aim": 1.0, "value": 0.5, "peers": {"slow": 5.0}},
            {"work": "b", "what": "Mpoint/s", "aim": 25, "value": 20, "more": True, "peers": {"p": 10}}])
        self.assertIn("| met | slow 5 (10.0x) |", rows[2])
        self.assertIn("| **missed** | p 10 (2.0x) |", rows[3])

    def test_rates_are_told_apart_by_points_and_program(self):
        text = "| points | by | Mpoint/s | off |\n|---|---|---|---|\n| tracks | zagg | 25.0 | 0 |\n"
        self.assertEqual(figures.rates_of(text), {"tracks": {"zagg": 25.0}})

    def test_phases_are_added_up_over_shards(self):
        shard = {"phase_timings": {"read": 1.0, "write": 0.5}}
        self.assertEqual(common.phases({"results": [shard, shard, {}]}), {"read": 2.0, "write": 1.0})


if __name__ == "__main__":
    unittest.main()
