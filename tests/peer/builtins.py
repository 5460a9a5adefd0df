"""The built-in configs, run by zagg and by upstream on granules of zagg-synth: the same stores,
byte for byte. Expressions, vectors, digests with their companions, composition words, values a
chunk. What a config asks for beyond one flat store is taken out for both."""
import pathlib

import yaml

import peers
import store_sets

ATL03 = ["atl03_scalar_healpix", "atl03_gain_bias_healpix", "atl03_tdigest_healpix",
         "atl03_tdigest_located_healpix", "atl03_tdigest_strata_healpix",
         "atl03_waveform_counts", "atl03_waveform_chunk"]
ATL06 = ["atl06", "atl06_nullable"]
# Rectilinear grids as large as the globe: upstream's axis y has chunks of the length of x.
AXES = {"rectilinear/x/zarr.json", "rectilinear/x/c/0", "rectilinear/y/zarr.json",
        "rectilinear/y/c/0"}


def same_stores(name, theirs, ours):
    want, got = peers.files_of(theirs), peers.files_of(ours)
    wrong = [f for f in sorted(want.keys() | got.keys())
             if f not in AXES and want.get(f) != got.get(f)]
    peers.check(f"{name}: same files", len(want) > 3 and not wrong,
                f"{len(want)} files, these differ: {', '.join(wrong[:8])}")


def one(name, files, folder):
    folder.mkdir()
    config, shards = folder / "config.yaml", folder / "map.json"
    theirs, ours = folder / "theirs", folder / "ours"
    config.write_text(yaml.safe_dump(store_sets.plain(name), sort_keys=False))
    if not store_sets.write_map(config, shards, files):
        return
    common = ["--config", config, "--overwrite", "--catalog", shards, "--max-cells", "2"]
    if not peers.tool(f"{name}: upstream", "run_local.py", *common, "--store", theirs,
                      "--max-workers", "1"):
        return
    for handoff in ("arrow", "pandas"):
        if peers.zagg(f"{name}: zagg run, {handoff}", "run", *common, "--store", ours,
                      "--handoff", handoff):
            same_stores(f"{name}, {handoff}", theirs, ours)


def product(product_name, cases, folder):
    granules = store_sets.granules(folder / f"{product_name}-granules", product_name)
    for case in cases:
        if granules:
            one(case, granules, folder / case)


with peers.work_folder() as work:
    product("atl03", ATL03, pathlib.Path(work))
    product("atl06", ATL06, pathlib.Path(work))
peers.finish()
