"""zagg and upstream zagg on granules of zagg-synth: the same store, byte for byte, also with
beams that are empty or missing, in both file layouts and at both latitudes of interest."""
import pathlib

import peers

CONFIG = """\
data_source:
  reader: h5coro
  driver: s3
  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]
  coordinates:
    latitude: "/{group}/heights/lat_ph"
    longitude: "/{group}/heights/lon_ph"
  variables:
    h_ph: "/{group}/heights/h_ph"
  filters:
    - {dataset: "/{group}/heights/signal_conf_ph", column: 0, op: ge, value: 1}
    - {dataset: "/{group}/heights/quality_ph", op: eq, value: 0}
  base_level: photons
  levels:
    photons:
      path: "/{group}/heights"
      coordinates: {latitude: lat_ph, longitude: lon_ph}
      link: null
    segments:
      path: "/{group}/geolocation"
      coordinates: {latitude: reference_photon_lat, longitude: reference_photon_lon}
      variables: {dem_h: "/{group}/geophys_corr/dem_h"}
      link:
        to: photons
        index_beg: "/{group}/geolocation/ph_index_beg"
        count: "/{group}/geolocation/segment_ph_cnt"
        index_base: 1
  read_plan: {spatial_index: segments, pad: 1}
aggregation:
  coordinates:
    cell_ids: {dtype: uint64, fill_value: 0}
    morton: {dtype: uint64, fill_value: 0}
  variables:
    count: {function: len, source: h_ph, dtype: int32, fill_value: 0}
    h_min: {function: nanmin, source: h_ph, dtype: float32}
    h_mean: {function: mean, source: h_ph, dtype: float64}
    h_var: {function: var, source: h_ph, dtype: float32}
    h_median: {function: median, source: h_ph, dtype: float32}
    dem_mean: {function: mean, source: dem_h, dtype: float32}
output:
  store_layout: flat
  grid: {type: healpix, indexing_scheme: nested, parent_order: 8, chunk_inner: 10, child_order: 14}
"""

CASES = {
    "v006": [],
    "v007 with an empty and a missing beam":
        ["--layout", "v007", "--empty-beams", "1", "--missing-beams", "1"],
    "south": ["--lat", "-77.8", "--lon", "166.7", "--seed", "5"],
}


def one(name, options, folder):
    folder.mkdir()
    granules, config, shards = folder / "granules", folder / "config.yaml", folder / "map.json"
    ours, theirs, mapped = folder / "ours", folder / "theirs", folder / "mapped"
    config.write_text(CONFIG)
    made = peers.run(f"{name}: granules", peers.BUILD / "zagg-synth", "--out", granules,
                     "--granules", "2", "--photons", "4000", "--gzip", "1", *options)
    files = sorted(granules.glob("*.h5")) if made else []
    if not files or not peers.tool(f"{name}: shard map", "make_shardmap.py", config, shards, *files):
        return
    common = ["--config", config, "--overwrite"]
    if not peers.tool(f"{name}: upstream", "run_local.py", *common, "--catalog", shards,
                      "--store", theirs, "--max-workers", "1"):
        return
    if peers.zagg(f"{name}: zagg run", "run", *common, "--catalog", shards, "--store", ours):
        peers.same_files(name, theirs, ours)
        peers.tool(f"{name}: compare_store", "compare_store.py", theirs, ours, "--attrs")
        peers.tool(f"{name}: readers", "reader_check.py", ours, "-q", "--against", theirs)
    if peers.zagg(f"{name}: zagg run --granules", "run", *common, "--granules", granules,
                  "--store", mapped):
        peers.same_files(f"{name}: own shard map", theirs, mapped)


def main():
    with peers.work_folder() as work:
        for number, (case, arguments) in enumerate(CASES.items()):
            one(case, arguments, pathlib.Path(work) / str(number))
    peers.finish()


if __name__ == "__main__":
    main()
