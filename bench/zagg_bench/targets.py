"""targets.json: which pipelines are measured, each on one shard of which shard map.

    shardmaps            name: {path, shard_key, n_granules, latitude}
    targets              name: {config, shardmap, aggregator, grid_type, grid_size}
    provisional_targets  the same; run only when asked for by name

Paths are seen from the folder of targets.json; ${NAME} in them is an environment variable,
and ${ZAGG_SHARED} defaults to the folder `shared` beside the checkout. Without `shard_key`
the densest shard is taken. `latitude` is authalic or geodetic (docs/latitude.md). Keys that
begin with "_" are comments; other keys are left alone.
"""
import dataclasses
import math
import os
import pathlib
import string

from .errors import CONFIG, USAGE, BenchError
from .files import read_json

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EARTH_RADIUS_KM = 6371.0088  # mean radius of the IUGG
TARGET_KEYS = ("config", "shardmap", "aggregator", "grid_type", "grid_size")


@dataclasses.dataclass(frozen=True)
class Shard:
    """The one shard of a shard map that its targets run."""
    map_name: str
    map_path: pathlib.Path
    key: int
    granules: list
    signature: dict
    latitude: str  # "" where nothing says which

    def area_km2(self):
        return shard_area_km2(self.signature, self.map_path)


@dataclasses.dataclass(frozen=True)
class Target:
    name: str
    config: pathlib.Path
    aggregator: str
    grid_type: str
    grid_size: str
    shard: Shard


def densest(shardmap):
    """(key, number of granules) of the shard with the most granules, of the smallest key
    among several. Keys are 64 bits wide without sign, which Python's integers hold."""
    count, key = min((-len(granules), key) for key, granules
                     in zip(shardmap["shard_keys"], shardmap["granules"]))
    return key, -count


def shard_area_km2(signature, where):
    """Area of a shard of the grid that a shard map was made for: of the sphere's equal
    parts, or of a tile whose sides are metres."""
    try:
        if signature["type"] == "healpix":
            sphere = 4.0 * math.pi * EARTH_RADIUS_KM**2
            return sphere / (12.0 * 4.0 ** signature["parent_order"])
        rows, columns = signature["chunk_shape"]
        height, width = abs(signature["affine"][4]), abs(signature["affine"][0])
        return rows * height * (columns * width) / 1e6
    except (KeyError, IndexError, TypeError, ValueError):
        raise BenchError(f"{where}: grid_signature: no grid of which a shard has an area",
                         CONFIG) from None


def load_shardmap(path):
    shardmap = read_json(path, "shard map")
    keys = shardmap.get("shard_keys") if isinstance(shardmap, dict) else None
    granules = shardmap.get("granules") if isinstance(shardmap, dict) else None
    if not isinstance(keys, list) or not isinstance(granules, list) or not keys:
        raise BenchError(f"{path}: not a shard map: shard_keys and granules must be lists "
                         "that are not empty", CONFIG)
    if len(keys) != len(granules) or not all(isinstance(g, list) for g in granules):
        raise BenchError(f"{path}: granules must hold one list for each of the "
                         f"{len(keys)} shard_keys", CONFIG)
    if not all(type(key) is int and 0 <= key < 2**64 for key in keys):
        raise BenchError(f"{path}: shard_keys must be whole numbers below 2^64", CONFIG)
    return shardmap


class Targets:
    """A targets.json with the shard maps that its targets need."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.content = read_json(self.path, "targets")
        if not isinstance(self.content, dict):
            raise BenchError(f"{self.path}: not a JSON object", CONFIG)
        self.shards = {}

    def fail(self, text):
        raise BenchError(f"{self.path}: {text}", CONFIG)

    def section(self, name, needed=True):
        section = self.content.get(name)
        if section is None and not needed:
            return {}
        if not isinstance(section, dict):
            self.fail(f"{name} must be an object")
        return {k: v for k, v in section.items() if not k.startswith("_")}

    def names(self):
        """What runs when no target is asked for."""
        names = list(self.section("targets"))
        if not names:
            self.fail("targets is empty")
        return names

    def resolve(self, text, where):
        shared = ROOT / (os.environ.get("ZAGG_SHARED") or "../shared")  # as the tests have it
        known = {**os.environ, "ZAGG_SHARED": str(shared)}
        try:
            return self.path.parent / string.Template(text).substitute(known)
        except KeyError as error:
            self.fail(f"{where}: the environment has no {error.args[0]}")
        except (ValueError, TypeError):
            self.fail(f"{where}: found {text!r}; must be a path")

    def shardmap_path(self, name):
        entry = self.section("shardmaps").get(name)
        where = f"shardmaps.{name}"
        if not isinstance(entry, dict):
            self.fail(f"{where} is not there")
        return self.resolve(entry.get("path"), f"{where}.path")

    def pick(self, name, shardmap):
        """The pinned shard, else the densest; a pin that the map belies is refused."""
        entry, where = self.section("shardmaps")[name], f"shardmaps.{name}"
        key = entry.get("shard_key", densest(shardmap)[0])
        if key not in shardmap["shard_keys"] or type(key) is not int:
            self.fail(f"{where}.shard_key: {key} is no shard of {self.shardmap_path(name)}")
        granules = shardmap["granules"][shardmap["shard_keys"].index(key)]
        if entry.get("n_granules", len(granules)) != len(granules):
            self.fail(f"{where}.n_granules: found {entry['n_granules']}; the map lists "
                      f"{len(granules)} for shard {key}")
        return key, granules

    def shard(self, name):
        if name not in self.shards:
            path = self.shardmap_path(name)
            shardmap = load_shardmap(path)
            key, granules = self.pick(name, shardmap)
            latitude = self.section("shardmaps")[name].get("latitude", "")
            if latitude not in ("", "authalic", "geodetic"):
                self.fail(f"shardmaps.{name}.latitude: found {latitude!r}; must be authalic "
                          "or geodetic")
            self.shards[name] = Shard(name, path, key, granules,
                                      shardmap.get("grid_signature"), latitude)
        return self.shards[name]

    def target(self, name):
        for section in ("targets", "provisional_targets"):
            entry = self.section(section, needed=False).get(name)
            if entry is not None:
                return self.make_target(name, entry, f"{section}.{name}")
        known = [*self.section("targets"), *self.section("provisional_targets", needed=False)]
        raise BenchError(f"{self.path}: no target '{name}'; there are: {', '.join(known)}",
                         USAGE)

    def make_target(self, name, entry, where):
        if not isinstance(entry, dict):
            self.fail(f"{where} must be an object")
        for key in TARGET_KEYS:
            if not isinstance(entry.get(key), str):
                self.fail(f"{where}.{key}: found {entry.get(key)!r}; must be text")
        config = self.resolve(entry["config"], f"{where}.config")
        if not config.is_file():
            self.fail(f"{where}.config: {config}: no such file")
        return Target(name, config, entry["aggregator"], entry["grid_type"],
                      entry["grid_size"], self.shard(entry["shardmap"]))
