#!/usr/bin/env python3
"""The pages of zagg view in a real browser: what they show, what they answer to pointer and keys."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import browser  # noqa: E402

ZAGG = os.path.join(os.environ["ZAGG_BUILD_DIR"], "zagg")
SYNTH = os.path.join(os.environ["ZAGG_BUILD_DIR"], "zagg-synth")
SOURCE = pathlib.Path(os.environ["ZAGG_SOURCE_DIR"])

# Shards of order 11 at the Chesapeake Bay.
KEYS = [5347394812217655307, 5347395361973469195, 5347395911729283083, 5347396186607190027,
        5347396461485096971, 5347396736363003915, 5347397011240910859, 5347397286118817803]
NASTY = "</script><img src=x onerror=\"document.title='owned'\"><!--\u2028&lt;"
RAMP_LOW, RAMP_HIGH = (0x29, 0x1B, 0x4D), (0xF2, 0xEC, 0x96)


def granule(name):
    return {"id": name, "s3": f"s3://bucket/{name}", "https": f"https://example.org/{name}"}


def healpix_map():
    names = [f"ATL03_2019010{d}000000_01260202_007_01.h5" for d in range(1, 9)]
    lists = [[granule(n) for n in names[:i + 1]] for i in range(len(KEYS))]
    lists[3].append(granule(NASTY))
    return {"metadata": {"short_name": NASTY, "version": "007", "latitude": "authalic-wgs84"},
            "grid_signature": {"type": "healpix", "indexing_scheme": "nested", "parent_order": 11,
                               "child_order": 19, "layout": "fullsphere"},
            "shard_keys": KEYS, "granules": lists}


def polar_map():
    """Four by four shards of 100 km around the north pole."""
    return {"metadata": {}, "grid_signature": {
                "type": "rectilinear", "crs": "EPSG:3413", "shape": [400, 400],
                "affine": [1000.0, 0.0, -200000.0, 0.0, -1000.0, 200000.0],
                "chunk_shape": [100, 100]},
            "shard_keys": list(range(16)),
            "granules": [[granule(f"g{i % 5}.h5")] * 1 + [granule(f"h{k}.h5") for k in range(i)]
                         for i in range(16)]}


def catalog():
    """Footprints over the antimeridian, a week apart."""
    items = []
    for i in range(4):
        w, s = 178.0, -20.0 + i
        ring = [[w, s], [w + 5, s], [w + 5, s + 4], [w, s + 4], [w, s]]
        items.append({"type": "Feature", "stac_version": "1.0.0", "id": f"granule_{i}.h5",
                      "properties": {"datetime": f"2020-01-{1 + 7 * i:02d}T00:00:00Z"},
                      "geometry": {"type": "Polygon", "coordinates": [ring]},
                      "assets": {"data": {"href": f"https://example.org/granule_{i}.h5"}}})
    return "".join(json.dumps(item) + "\n" for item in items)


class Pages:
    def __init__(self, folder, page):
        self.folder, self.b = folder, page
        box = None
        self.box = box

    def make(self, source, name, *options):
        out = os.path.join(self.folder, name)
        subprocess.run([ZAGG, "view", source, "-o", out, "--force", *options], check=True,
                       stdout=subprocess.DEVNULL, cwd=self.folder)
        return out

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content if isinstance(content, str) else json.dumps(content))
        return path

    def show(self, source, *options):
        """Open the page of a source; where its canvas lies."""
        self.b.open(self.make(source, "page.html", *options))
        self.box = self.b.js("(() => { const r = document.getElementById('map').getBoundingClientRect();"
                             " return [r.left, r.top, r.right, r.bottom]; })()")

    def point(self, i):
        """Where item i is on the screen."""
        x, y = self.b.js(f"zaggView.pixelOf({i})")
        return x + self.box[0], y + self.box[1]

    def text(self, selector):
        return self.b.js(f"document.querySelector({json.dumps(selector)}).innerText")

    def quiet(self):
        assert self.b.complaints() == [], self.b.complaints()

    # ---- shard maps ----

    def colours_and_legend(self):
        self.show(self.write("map.json", healpix_map()), "--title", "A map")
        assert self.text("#title") == "A map"
        assert self.text("#subtitle") == "shard map: 8 shards by granules"
        assert self.text("#ticks").split() == ["1", "5", "8"], self.text("#ticks")
        picture = self.b.screenshot()
        assert browser.near(picture.pixel(*self.point(0)), RAMP_LOW), picture.pixel(*self.point(0))
        assert browser.near(picture.pixel(*self.point(7)), RAMP_HIGH), picture.pixel(*self.point(7))
        drawn = picture.share(self.box, lambda p: p != (255, 255, 255))
        assert 0.15 < drawn < 0.9, drawn
        self.quiet()

    def hover(self):
        self.show(self.write("map.json", healpix_map()))
        assert self.b.js("document.getElementById('tip').hidden")
        self.b.mouse("mouseMoved", *self.point(4))
        tip = self.text("#tip")
        label = self.b.js("zaggView.data.labels[4]")
        assert label in tip and str(KEYS[4]) in tip and "granules 5" in tip, tip
        assert self.text("#place").count("\u00b0") == 2
        self.b.mouse("mouseMoved", self.box[0] + 3, self.box[3] - 3)
        assert self.b.js("document.getElementById('tip').hidden")
        self.quiet()

    def click_lists_granules(self):
        self.show(self.write("map.json", healpix_map()))
        before = self.b.screenshot()
        self.b.click(*self.point(2))
        assert self.b.js("zaggView.state.selected") == 2
        rows = self.text("#list").split("\n")
        assert len(rows) == 3 and rows[0].startswith("ATL03_20190101"), rows
        assert str(KEYS[2]) in self.text("#values")
        assert "granules 3" in self.text("#said")
        mark = lambda p: browser.near(p, (0xD9, 0x48, 0x0F), 40)
        assert before.share(self.box, mark) == 0
        assert self.b.screenshot().share(self.box, mark) > 0
        # a granule marks every shard that reads it
        self.b.js("document.querySelector('#list button').click()")
        assert "in 8 shards" in self.text("#said"), self.text("#said")
        assert self.b.js("document.querySelector('#list button').getAttribute('aria-pressed')") == "true"
        self.b.click(self.box[0] + 60, self.box[3] - 60)  # nothing there
        assert self.b.js("zaggView.state.selected") == -1
        self.quiet()

    def hostile_names_are_text(self):
        source = self.write("map.json", healpix_map())
        self.show(source, "--title", NASTY)
        with open(os.path.join(self.folder, "page.html"), encoding="utf-8") as file:
            text = file.read()
        assert text.count("</script>") == 2 and "<img" not in text and "\u2028" not in text
        assert self.text("#title").startswith("</script><img"), self.text("#title")
        self.b.click(*self.point(3))
        assert "onerror" in self.text("#list")
        assert self.b.js("document.images.length") == 0
        assert self.b.js("document.title") != "owned"
        # even what got in would not run
        self.b.js("(() => { const s = document.createElement('script'); s.textContent ="
                  " 'document.title = \"owned\"'; document.body.append(s); })()")
        assert self.b.js("document.title") != "owned"

    def keyboard(self):
        self.show(self.write("map.json", healpix_map()))
        self.b.js("document.activeElement.blur()")
        self.b.key("Tab")
        assert self.b.js("document.activeElement.id") == "map"
        self.b.key("ArrowRight")
        first = self.b.js("zaggView.state.cursor")
        assert first >= 0 and self.b.js(f"zaggView.data.labels[{first}]") in self.text("#said")
        seen = {first}
        for key in ("ArrowUp", "ArrowLeft", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp"):
            self.b.key(key)
            seen.add(self.b.js("zaggView.state.cursor"))
        assert len(seen) >= 3, seen
        assert self.b.js("zaggView.state.selected") == -1
        self.b.key("Enter")
        cursor = self.b.js("zaggView.state.cursor")
        assert self.b.js("zaggView.state.selected") == cursor
        assert self.b.js("document.querySelectorAll('#list button').length") == len(healpix_map()["granules"][cursor])
        scale = self.b.js("zaggView.view.scale")
        self.b.key("+")
        assert self.b.js("zaggView.view.scale") > 1.4 * scale
        self.b.key("-")
        self.b.key("-")
        assert self.b.js("zaggView.view.scale") < scale
        self.b.key("0")
        assert abs(self.b.js("zaggView.view.scale") / scale - 1) < 1e-9
        x = self.b.js("zaggView.view.x")
        self.b.key("ArrowRight", modifiers=8)
        assert self.b.js("zaggView.view.x") > x
        self.b.key("Escape")
        assert self.b.js("zaggView.state.selected") == -1 and self.text("#said") == ""
        self.quiet()

    def search(self):
        self.show(self.write("map.json", healpix_map()))
        self.b.key("/")
        assert self.b.js("document.activeElement.id") == "query"
        label = self.b.js("zaggView.data.labels[5]")
        self.b.type(label)
        assert self.text("#head") == "1 found"
        self.b.key("Enter")
        assert self.b.js("zaggView.state.selected") == 5
        self.b.key("Escape")
        self.b.key("/")
        self.b.type(str(KEYS[6]))
        self.b.key("Enter")
        assert self.b.js("zaggView.state.selected") == 6
        self.b.key("Escape")
        self.b.key("/")
        self.b.type("ATL03_20190108")
        assert self.text("#head") == "1 found"
        self.b.key("Enter")
        assert "in 1 shard" in self.text("#said"), self.text("#said")
        self.b.js("document.getElementById('query').value = ''")
        self.b.type("no such thing")
        assert self.text("#head").startswith("Nothing has"), self.text("#head")
        self.quiet()

    def said_to_readers(self):
        """Names and roles that a screen reader needs."""
        self.show(self.write("map.json", healpix_map()))
        missing = self.b.js("""[...document.querySelectorAll('button, input, canvas, #ramp')].filter((e) =>
            !(e.getAttribute('aria-label') || e.textContent.trim() || (e.labels && e.labels.length)))
            .map((e) => e.outerHTML)""")
        assert missing == [], missing
        assert "8 shards by granules" in self.b.js("document.getElementById('map').getAttribute('aria-label')")
        assert "from 1" in self.b.js("document.getElementById('ramp').getAttribute('aria-label')")
        assert self.b.js("document.getElementById('said').getAttribute('aria-live')") == "polite"

    def area_and_footprints(self):
        area = {"type": "Polygon", "coordinates": [[[-76.62, 38.84], [-76.51, 38.84], [-76.51, 38.93],
                                                    [-76.62, 38.93], [-76.62, 38.84]]]}
        ring = [[-76.7, 38.7], [-76.4, 38.7], [-76.4, 39.0], [-76.7, 39.0], [-76.7, 38.7]]
        item = {"type": "Feature", "id": "ATL03_20190101000000_01260202_007_01.h5",
                "properties": {"datetime": "2019-01-01T00:00:00Z"},
                "geometry": {"type": "Polygon", "coordinates": [ring]}, "assets": {}}
        self.show(self.write("map.json", healpix_map()), "--aoi", self.write("area.geojson", area),
                  "--catalog", self.write("items.ndjson", json.dumps(item) + "\n"))
        area_ink = lambda p: browser.near(p, (0xA6, 0x1E, 0x5A), 30)
        assert self.b.screenshot().share(self.box, area_ink) > 0
        self.b.key("-")
        self.b.key("-")
        before = self.b.screenshot()
        self.b.js("document.getElementById('footprints').click()")
        self.b.settle()
        after = self.b.screenshot()
        left, top, right, bottom = map(int, self.box)
        changed = sum(before.pixel(x, y) != after.pixel(x, y)
                      for y in range(top, bottom) for x in range(left, right))
        assert 200 < changed < 20000, changed
        assert "of 8 granules the catalog has no footprint" in self.text("#notes"), self.text("#notes")
        self.quiet()

    def polar(self):
        self.show(self.write("polar.json", polar_map()))
        assert self.b.js("zaggView.data.projection.kind") == "north"
        assert self.b.js("zaggView.data.labels.length") == 16
        # the pole is the corner in which four shards meet
        corners = [self.point(i) for i in (5, 6, 9, 10)]
        middle = [sum(c[k] for c in corners) / 4 for k in (0, 1)]
        self.b.mouse("mouseMoved", *middle)
        assert self.text("#place").startswith("90.0000") or self.text("#place").startswith("89.9"), self.text("#place")
        self.show(self.write("polar.json", polar_map()), "--projection", "lonlat")
        assert self.b.js("zaggView.data.projection.kind") == "lonlat"
        self.quiet()

    # ---- catalogs and stores ----

    def catalog_over_the_antimeridian(self):
        self.show(self.write("items.ndjson", catalog()))
        assert self.b.js("zaggView.data.valueKind") == "date"
        assert self.text("#ticks").split() == ["2020-01-01", "2020-01-11", "2020-01-22"], self.text("#ticks")
        # in one piece, not at both ends of the map
        widths = self.b.js("zaggView.data.extent")
        assert self.b.js("zaggView.data.shapes.every((s) => s.length === 1)")
        assert 0.3 < (widths[2] - widths[0]) / (widths[3] - widths[1]) < 3
        x, y = self.point(1)
        self.b.mouse("mouseMoved", x, y)
        tip = self.text("#tip")
        assert "granule_" in tip and "more here: click again" in tip, tip
        self.b.click(x, y)
        one = self.b.js("zaggView.state.selected")
        self.b.click(x, y)
        assert self.b.js("zaggView.state.selected") != one
        assert "180\u00b0" in self.text("#place") or "179" in self.text("#place"), self.text("#place")
        self.quiet()

    def store(self):
        if not os.path.exists(SYNTH):
            return
        run = lambda *c: subprocess.run(c, check=True, cwd=self.folder, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        run(SYNTH, "--out", "g", "--granules", "1", "--photons", "20000")
        run(ZAGG, "run", "-q", "--config", str(SOURCE / "examples" / "demo.yaml"), "--granules", "g",
            "--store", "s")
        info = json.loads(subprocess.run([ZAGG, "inspect", "s", "--json"], check=True, cwd=self.folder,
                                         stdout=subprocess.PIPE).stdout)
        self.show("s")
        assert self.text("#title") == "s"
        total = self.b.js("zaggView.data.values.reduce((a, b) => a + b, 0)")
        assert total > 1000, total
        assert "Cells with data" in self.text("#facts")
        assert info, info
        self.b.mouse("mouseMoved", *self.point(0))
        assert "count" in self.text("#tip"), self.text("#tip")
        self.quiet()

    def nothing(self):
        empty = healpix_map()
        empty["shard_keys"], empty["granules"] = [], []
        self.show(self.write("empty.json", empty))
        assert self.text("#empty") == "There is nothing to draw."
        assert self.b.js("document.getElementById('ramp').hidden")
        self.b.mouse("mouseMoved", self.box[0] + 100, self.box[1] + 100)
        self.b.key("ArrowRight")
        self.quiet()

    def dark(self):
        self.b.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        self.show(self.write("map.json", healpix_map()))
        dark = self.b.screenshot().share(self.box, lambda p: sum(p) < 120)
        self.b.call("Emulation.setEmulatedMedia", features=[])
        assert dark > 0.3, dark
        self.quiet()

    def pictures_are_the_same_map(self):
        """The PNG of a map: the same colours, and the same bytes again."""
        source = self.write("map.json", healpix_map())
        data = [pathlib.Path(self.make(source, name)).read_bytes() for name in ("a.png", "b.png")]
        assert data[0] == data[1]
        picture = browser.Picture(data[0])
        assert (picture.width, picture.height) == (1200, 900)
        for colour in (RAMP_LOW, RAMP_HIGH):
            part = picture.share((0, 64, 1200, 816), lambda p, c=colour: browser.near(p, c))
            assert 0.01 < part < 0.2, part


TESTS = ["colours_and_legend", "hover", "click_lists_granules", "hostile_names_are_text", "keyboard",
         "search", "said_to_readers", "area_and_footprints", "polar", "catalog_over_the_antimeridian",
         "store", "nothing", "dark", "pictures_are_the_same_map"]


def main():
    path = browser.find()
    if not path:
        browser.skip(os.environ.get("ZAGG_NO_VIEW", "there is no Chromium (scripts/deps view installs one)"))
    failed = 0
    page = browser.Browser(path)
    try:
        for name in sys.argv[1:] or TESTS:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    getattr(Pages(folder, page), name)()
                    print("ok     ", name, flush=True)
                except Exception:  # the others are still worth knowing
                    failed += 1
                    print("FAILED ", name)
                    traceback.print_exc(file=sys.stdout)
    finally:
        page.close()
    print(f"{failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
