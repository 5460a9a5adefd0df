"""The built-in configs against upstream's, and upstream's validation against ours: what one
refuses the other refuses too, over every value in turn of every key of a field, of
chunk_precompute and of the clock."""
import copy
import importlib.resources
import json
import logging
import subprocess

import yaml
import zagg.config as upstream

import peers

CHECK = peers.BUILD / "tests" / "peer" / "config_check"
PACKAGED = importlib.resources.files("zagg.configs")
# Upstream's for pipelines that this version does not run.
NOT_CARRIED = {"atl03_tdigest_healpix_hive", "gedi01b_waveform_healpix_hive", "merra2_storm",
               "sentinel2_l2a"}
OURS = {"atl03_scalar_healpix"}

DIGEST = "zagg.stats.tdigest.build_tdigest"
ENVELOPE = "zagg.stats.toc.cell_envelope"
COMPOSITION = "zagg.stats.composition.pack_composition"
GONE = object()

# ---- built-ins ----


def same(a, b):
    """Equal as trees: kinds of values and order of keys too."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def shown(*arguments):
    command = [peers.BUILD / "zagg", "config", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def check_builtins():
    listed = [line.split()[0] for line in shown("list").splitlines()]
    packaged = {f.name.removesuffix(".yaml") for f in PACKAGED.iterdir()
                if f.name.endswith(".yaml")}
    peers.check("built-ins: all but those of other pipelines",
                set(listed) == packaged - NOT_CARRIED | OURS, f"{listed}, {sorted(packaged)}")
    for name in listed:
        tree = yaml.safe_load(shown("show", name))
        if name not in OURS:
            theirs = yaml.safe_load((PACKAGED / f"{name}.yaml").read_text())
            peers.check(f"built-in {name}: upstream's tree", same(tree, theirs))
        peers.check(f"built-in {name}: upstream accepts it", not upstream_refuses(tree))


# ---- validation ----

def upstream_refuses(config):
    """The reason, or None."""
    try:
        upstream.validate_config(upstream.load_config_from_dict(copy.deepcopy(config)))
    except Exception as e:  # wrong containers leave as any kind of error
        return f"{type(e).__name__}: {e}"
    return None


BASE = {
    "data_source": {
        "groups": ["gt1l"],
        "coordinates": {"latitude": "/{group}/la", "longitude": "/{group}/lo"},
        "variables": {"h": "/{group}/h", "s": "/{group}/s", "t": "/{group}/t"},
    },
    "aggregation": {
        "coordinates": {"morton": {"dtype": "uint64", "fill_value": 0}},
        "chunk_precompute": {"lo": {"expression": "np.min(h)"}},
        "variables": {"n": {"function": "len", "source": "h", "dtype": "int32",
                            "fill_value": 0}},
    },
    "output": {
        "time_source": {"field": "t", "epoch": "2018-01-01T00:00:00"},
        "grid": {"type": "healpix", "parent_order": 6, "child_order": 12},
    },
}

FIELDS = {
    "scalar": {"function": "min", "source": "h"},
    "average": {"function": "average", "source": "h", "params": {"weights": "1 / s"}},
    "expression": {"expression": "np.max(h) - lo"},
    "vector": {"kind": "vector", "trailing_shape": 3, "function": "sort", "source": "h"},
    "vector by expression": {"kind": "vector", "trailing_shape": [3], "expression": "h[:3]",
                             "dtype": "float64"},
    "ragged by expression": {"kind": "ragged", "inner_shape": 1, "expression": "np.sort(h)"},
    "digest": {"kind": "ragged", "inner_shape": [2], "function": DIGEST, "source": "h",
               "params": {"delta": 64}},
    "located": {"kind": "ragged", "inner_shape": 2, "function": DIGEST, "source": "h",
                "location": "leaf_id", "temporal": "per-centroid"},
    "where": {"kind": "ragged", "inner_shape": 2, "function": f"{DIGEST}_where", "source": "h",
              "params": {"where": "s > 1"}},
    "flux": {"kind": "ragged", "inner_shape": 2, "source": "h", "weights": "flux",
             "function": "zagg.stats.waveform.build_waveform_digest",
             "params": {"counts": "s", "noise_mean": "s", "noise_stddev": "s"},
             "attrs": {"gain": {"name": "unit", "version": "1"}}},
    "envelope": {"function": ENVELOPE, "source": "toc_word", "temporal": "per-cell",
                 "dtype": "uint64", "fill_value": 0},
    "composition": {"function": COMPOSITION, "source": "h", "dtype": "uint64", "fill_value": 0,
                    "params": {"threshold": 2},
                    "attrs": {"composition": {"of": "digest", "threshold": 2}}},
    "single": {"function": "zagg.stats.waveform.single_shot_value", "source": "s"},
}

LANES = ["land", "ocean", "sea_ice", "land_ice", "inland_water", "low", "med", "high"]
VALUES = {
    "function": [GONE, "min", "np.nanmax", "numpy.quantile", "len", "count", "nope", "np.pi", "",
                 DIGEST, f"{DIGEST}_pairwise", f"{DIGEST}_where", ENVELOPE, COMPOSITION,
                 "zagg.stats.tdigest.nope"],
    "expression": [GONE, "np.max(h)", "h.mean()", "nope + 1", "lo", "", "np.max(toc_word)"],
    "source": [GONE, None, "h", "nope", "toc_word", "lo"],
    "kind": [GONE, None, "scalar", "vector", "ragged", "table", 3, True],
    "trailing_shape": [GONE, None, 3, [3], [2, 2], 0, -1, [], [0], [1.0], [True], "3", True, 2.0],
    "inner_shape": [GONE, None, 2, [2], 0, [], [2.0], "2", False, {}],
    "dtype": [GONE, None, "float32", "float64", "uint64", "int8", "bool", "float33", "uint_64"],
    "fill_value": [GONE, None, 0, 0.0, 1, False, "NaN", -1.5, "0"],
    "resolution": [GONE, None, "cell", "chunk", "shard", 1],
    "location": [GONE, None, "leaf_id", "h", "nope", "", 3, ["h"]],
    "temporal": [GONE, None, "per-cell", "per-centroid", "coordinate", "yearly", 3],
    "weights": [GONE, None, "counts", "flux", "mass", 1, ""],
    "overview_delta": [GONE, None, 1, 512, 0, -3, 2.0, True, "64"],
    "attrs": [GONE, None, {}, [], "a", 3, {"units": "m"}, {"a": {"b": [1, None, True]}},
              {"ragged": 1}, {"temporal": 1}, {"located": {}}, {"times": "x"}, {"weights": "flux"},
              {"gain": {"name": "a", "version": 1}}, {"gain": {"name": "a"}}, {"gain": "unit"},
              {"composition": 3}, {"composition": {}}, {"composition": {"of": "digest"}},
              {"composition": {"of": "x"}}, {"composition": {"of": "nope"}},
              {"composition": {"of": "n"}}, {"composition": {"spec": "zagg-composition/1"}},
              {"composition": {"spec": "zagg-composition/2"}}, {"composition": {"lanes": LANES}},
              {"composition": {"lanes": LANES[::-1]}}, {"composition": {"lanes": LANES[:4]}},
              {"composition": {"threshold": 2}}, {"composition": {"threshold": 2.0}},
              {"composition": {"threshold": 3}}],
    "params": [GONE, {}, {"q": 0.5}, {"q": "0.5"}, {"q": "h"}, {"q": "lo"}, {"q": "zz"},
               {"q": [0.1, 0.9]}, {"where": "s > 1"}, {"locations": "h"}, {"temporal": "h"},
               {"threshold": 3}, {"threshold": 2.0}, {"delta": None}],
}

CLOCKS = {
    "field": [GONE, None, "t", "nope", "toc_word", "", 3, ["t"]],
    "epoch": [GONE, "2018-01-01", "2018-01-01T00:00:00Z", "2018-01-01 12:30:00.25+01:00",
              "yesterday", "2018-13-01", "2018-01-01T25:00:00", "", 3],
    "scale": [GONE, None, "gps", "tai", "utc", "", "GPS", 1],
    "units": [GONE, None, "seconds", "days", "hours", "", 1],
    "more": [1],
}

WINDOWS = {"schedule": "yearly", "time_field": "t", "epoch": "2018-01-01", "scale": "gps"}
WINDOW_VALUES = {"time_field": ["t", "s"], "epoch": ["2018-01-01T00:00:00", "2018-01-02"],
                 "scale": ["gps", "tai", "utc", GONE], "units": [GONE, "seconds", "days"],
                 "schedule": ["none", "daily"]}

ENTRIES = [{"expression": "np.min(h)"}, {"function": "min", "source": "h"}, {"function": "nope"},
           {"function": "min", "source": "nope"}, {"expression": "lo2"}, {"expression": "nope"},
           {"expression": "np.min(h)", "function": "min"}, {}, 3, None, [],
           {"expression": "np.min(h)", "dtype": "float32"},
           {"expression": "np.min(h)", "dtype": "float33"},
           {"function": "quantile", "source": "h", "params": {"q": 0.5}},
           {"function": "quantile", "source": "h", "params": {"q": "zz"}},
           {"function": "quantile", "source": "h", "params": {"q": "s"}}]


def with_field(field, **more):
    config = copy.deepcopy(BASE)
    config["aggregation"]["variables"]["x"] = field
    config["aggregation"]["variables"]["digest"] = FIELDS["digest"]
    for key, value in more.items():
        config["output"][key] = value
    return config


def changed(mapping, key, value):
    out = copy.deepcopy(mapping)
    out.pop(key, None)
    if value is not GONE:
        out[key] = copy.deepcopy(value)
    return out


def cases():
    """Name and config."""
    for kind, field in FIELDS.items():
        yield kind, with_field(field)
        yield f"{kind}, no clock", with_field(field, time_source=None)
        for key, values in VALUES.items():
            for i, value in enumerate(values):
                yield f"{kind}, {key} {i}", with_field(changed(field, key, value))
        # two at a time where rules meet
        for a, b in (("kind", "location"), ("kind", "temporal"), ("kind", "weights"),
                     ("resolution", "location"), ("resolution", "temporal"),
                     ("function", "temporal"), ("function", "location"), ("weights", "attrs"),
                     ("fill_value", "attrs"), ("dtype", "temporal"), ("fill_value", "temporal"),
                     ("params", "attrs"), ("kind", "attrs")):
            for i, x in enumerate(VALUES[a]):
                for k, y in enumerate(VALUES[b]):
                    yield (f"{kind}, {a} {i}, {b} {k}",
                           with_field(changed(changed(field, a, x), b, y)))
    for suffix in ("locations", "times"):
        for place in ("variables", "coordinates"):
            config = with_field(FIELDS["located"])
            config["aggregation"][place][f"x_{suffix}"] = (
                FIELDS["scalar"] if place == "variables" else {})
            yield f"x_{suffix} in {place}", config
    rect = with_field(FIELDS["located"])
    rect["output"]["grid"] = {"type": "rectilinear", "crs": "EPSG:4326", "resolution": 1,
                              "bounds": [0, 0, 2, 2]}
    yield "located, rectilinear", rect
    clock = BASE["output"]["time_source"]
    for key, values in CLOCKS.items():
        for i, value in enumerate(values):
            block = changed(clock, key, value)
            yield f"clock, {key} {i}", with_field(FIELDS["scalar"], time_source=block)
            yield f"clock of words, {key} {i}", with_field(FIELDS["located"], time_source=block)
    for key, values in WINDOW_VALUES.items():
        for i, value in enumerate(values):
            windows = changed(WINDOWS, key, value)
            for clocked in (clock, None):
                yield (f"windows, {key} {i}, {'' if clocked else 'no '}clock",
                       with_field(FIELDS["located"], time_source=clocked, windowing=windows))
    for i, entry in enumerate(ENTRIES):
        for name in ("lo2", "h", "leaf_id", "toc_word", " "):
            config = with_field(FIELDS["scalar"])
            config["aggregation"]["chunk_precompute"][name] = entry
            yield f"chunk_precompute '{name}' {i}", config
    for column in ("toc_word", "ok"):
        for place in ("variables", "coordinates"):
            config = with_field(FIELDS["scalar"])
            config["data_source"][place][column] = "/x"
            yield f"{column} in {place}", config
    for encoding in (None, "microseconds", "toc", "legacy"):
        yield f"time_encoding {encoding}", with_field(FIELDS["scalar"], time_encoding=encoding)


def check_rules():
    made = list(cases())
    with peers.work_folder() as folder:
        path = f"{folder}/configs.json"
        with open(path, "w", encoding="utf-8") as f:
            json.dump([config for _, config in made], f)
        lines = subprocess.run([CHECK, path], check=True, capture_output=True,
                               text=True).stdout.splitlines()
    peers.check("an answer for each config", len(lines) == len(made))
    wrong, refused = [], 0
    for (name, config), line in zip(made, lines):
        theirs = upstream_refuses(config)
        ours = None if line == "ok" else line.partition("\t")[2]
        refused += ours is not None
        if (theirs is None) != (ours is None):
            wrong.append(f"{name}: upstream {theirs or 'accepts'}; zagg {ours or 'accepts'}")
        if name in FIELDS:
            peers.check(f"a {name} field is accepted", ours is None, ours)
    print("\n".join(wrong[:25]), end="\n" if wrong else "")
    peers.check(f"rules: {len(made)} configs, {refused} refused by both", not wrong,
                f"{len(wrong)} judged otherwise")


logging.disable(logging.WARNING)  # upstream warns of pairings that it accepts
check_builtins()
check_rules()
peers.finish()
