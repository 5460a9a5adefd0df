"""Granules closest to the times of other stores: upstream's closest_obs_shardmap and `zagg shardmap
closest` make the same maps of the same catalog and covers of time."""
import json
import pathlib
import re
import subprocess
import sys

import mortie
import numpy as np

import peers

sys.path.append(str(pathlib.Path(sys.prefix) / "arrow"))
from zagg import coverage_toc  # noqa: E402
from zagg.catalog import load_polygon  # noqa: E402
from zagg.catalog.closest_obs import closest_obs_shardmap  # noqa: E402
from zagg.catalog.shardmap import ShardMap  # noqa: E402
from zagg.catalog.sources import Catalog  # noqa: E402
from zagg.config import load_config  # noqa: E402
from zagg.grids import from_config  # noqa: E402
from zagg.grids.morton import morton_decimal  # noqa: E402

DATA = peers.GOLDEN / "catalog" / "data"
AREA = DATA / "AOP_NEON.geojson"
ORDER = 9


def write_cover(folder, shards, orders, rng):
    """A store that has nothing but a cover: passes at random in 2025, some in runs, around some leap
    seconds, too."""
    folder.mkdir()
    blocks = {}
    for shard, order in zip(shards, orders):
        times = np.datetime64("2025-01-01", "ns") + rng.integers(0, 365 * 86400 * 10**9, 12).astype("timedelta64[ns]")
        times = np.concatenate([times, times[:4] + np.timedelta64(9, "m"),
                                np.array(["2016-12-31T23:59:59", "2017-01-01T00:00:00", "1999-01-01T00:00:00",
                                          "1972-06-30T23:59:59", "1971-12-31T23:00:00"], "datetime64[ns]")])
        words = coverage_toc.quantize_words(mortie.time2toc(mortie.from_datetime64(times)), order)
        blocks[morton_decimal(shard)] = coverage_toc._encode_cover_block(words, order)
    section = {"spec": coverage_toc.COVER_SPEC, "order": ORDER, "temporal_order": coverage_toc.TEMPORAL_COVER_ORDER,
               "cap": coverage_toc.COVER_CAP, "fields": ["h"], "element": {"dtype": "uint64", "shape": [-1]},
               "encoding": "base64", "shards": blocks}
    (folder / "coverage.toc").write_text(json.dumps(section))
    return section


def plain(path):
    """A map without what only tells how it was made."""
    text = json.loads(path.read_text())
    for key in ("build_wall_s", "latitude"):
        text["metadata"].pop(key, None)
    return text


def main():
    rng = np.random.default_rng(5)
    with peers.work_folder() as name:
        folder = pathlib.Path(name)
        config = folder / "c.yaml"
        base = (peers.SHARED / "data" / "benchmark" / "configs" / "atl03_tdigest_healpix_o10.yaml").read_text()
        config.write_text(re.sub(r"parent_order: \d+", f"parent_order: {ORDER}", base))
        grid = from_config(load_config(str(config)))
        catalog = DATA / "cat_s2_neon_2025.parquet"
        spatial = ShardMap.build(Catalog.from_geoparquet(str(catalog)), grid, region=load_polygon(str(AREA)),
                                 backend="mortie")
        keys = [int(k) for k in spatial.shard_keys]
        beyond = keys[-1] + (1 << (60 - 2 * ORDER))
        write_cover(folder / "a", [*keys[:-1], beyond], [24] * len(keys), rng)
        write_cover(folder / "b", keys[1:], [24, 17, 14][:len(keys) - 1], rng)
        if not peers.zagg("build", "shardmap", "build", "-q", "--config", config, "--catalog", catalog, "--polygon",
                          AREA, "--backend", "mortie", "-o", folder / "s2.json"):
            peers.finish()
        cases = {"two stores": ([], {}), "two days": (["--max-time-offset", "2d"], {"max_time_offset": np.timedelta64(2, "D")}),
                 "minutes": (["--max-time-offset", "30m"], {"max_time_offset": np.timedelta64(30, "m")}),
                 "an area": (["--polygon", AREA], {"aoi": str(AREA)})}
        for case, (options, keywords) in cases.items():
            stores = [str(folder / "a"), str(folder / "b")]
            theirs = closest_obs_shardmap(Catalog.from_geoparquet(str(catalog)), stores, grid=grid, backend="mortie",
                                          **({"aoi": load_polygon(str(AREA))} | keywords if "aoi" in keywords else keywords))
            theirs.to_json(str(folder / "theirs.json"))
            if not peers.zagg(f"{case}: closest", "shardmap", "closest", folder / "s2.json", folder / "ours.json", "--force",
                              "-q", "--reference", stores[0], "--reference", stores[1], *options):
                continue
            want, got = plain(folder / "theirs.json"), plain(folder / "ours.json")
            peers.check(f"{case}: shards", got["shard_keys"] == want["shard_keys"])
            peers.check(f"{case}: granules", got["granules"] == want["granules"])
            peers.check(f"{case}: metadata", got["metadata"] == want["metadata"],
                        f"{got['metadata']}\n{want['metadata']}")
            ledger = got["metadata"]["closest_obs"]
            print(f"{case}: {ledger['epochs_paired']} of {ledger['epochs_total']} epochs")
        refused = subprocess.run([peers.BUILD / "zagg", "shardmap", "closest", folder / "s2.json", folder / "x.json",
                                        "--reference", folder / "a", "--max-granules-per-shard", "1"],
                                       capture_output=True, text=True, check=False)
        peers.check("too many granules", refused.returncode == 3 and "more than the 1 allowed" in refused.stderr,
                    refused.stderr)
    peers.finish()


if __name__ == "__main__":
    main()
