"""What bench/remote.py needs upstream's and h5py's code for; runs in .venv-peer.

    remote_peer.py needs CONFIG MAP BUCKET GRANULE...   the shard map of one shard, and on stdout, as
                                                        JSON, the stored chunks that it needs
    remote_peer.py map CONFIG MAP BUCKET N GRANULE...   the shard map of up to N shards, the fullest first;
                                                        on stdout how many
    remote_peer.py run ...                              upstream's command line, keys from the environment
"""
import json
import os
import sys


def slices_of(grid, shard, beam, plan_read, np):
    """Rows of the photons of a beam that the shard reads."""
    place = beam["geolocation"]
    lat, lon = place["reference_photon_lat"][:], place["reference_photon_lon"][:]
    first, count = place["ph_index_beg"][:], place["segment_ph_cnt"][:]
    filled = count > 0
    total = int((first[filled] - 1 + count[filled]).max()) if filled.any() else 0
    mask = grid.shards_of(grid.assign(lat, lon)) == np.uint64(shard)
    plan = plan_read(lat, lon, first, count, total, index_base=1, pad=1, coarse_mask=mask)
    return [(0, total)] if plan.full_read else plan.base_slices


def stored(dataset, slices):
    """Address and bytes of each chunk with rows of the slices; None: all of them."""
    low = dataset.id
    if dataset.chunks is None:
        return [(low.get_offset(), low.get_storage_size())] if low.get_storage_size() else []
    rows, found = dataset.chunks[0], []
    for i in range(low.get_num_chunks()):
        chunk = low.get_chunk_info(i)
        at = chunk.chunk_offset[0]
        if slices is None or any(at < end and begin < at + rows for begin, end in slices):
            found.append((chunk.byte_offset, chunk.size))
    return found


def needed(path, grid, shard, plan_read, np, h5py):
    """Chunks of the photons and of the records of one granule."""
    photons, records = [], []
    with h5py.File(path) as file:
        for name in sorted(n for n in file if n.startswith("gt")):
            beam = file[name]
            for column in ("reference_photon_lat", "reference_photon_lon", "ph_index_beg",
                           "segment_ph_cnt"):
                records += stored(beam["geolocation"][column], None)
            slices = slices_of(grid, shard, beam, plan_read, np)
            for column in ("lat_ph", "lon_ph", "h_ph", "signal_conf_ph") if slices else ():
                photons += stored(beam["heights"][column], slices)
    return {"photons": photons, "records": records}


def shards_met(path, grid, np, h5py):
    """Reference points of each shard in a granule."""
    met = {}
    with h5py.File(path) as file:
        for name in (n for n in file if n.startswith("gt")):
            place = file[name]["geolocation"]
            keys, counts = np.unique(grid.shards_of(grid.assign(
                place["reference_photon_lat"][:], place["reference_photon_lon"][:])),
                return_counts=True)
            for key, count in zip(keys, counts):
                met[int(key)] = met.get(int(key), 0) + int(count)
    return met


def fullest(met):
    """Shards by how many granules and points they have, the smallest key first among equals."""
    keys = sorted({key for found in met.values() for key in found})
    return sorted(keys, key=lambda k: (-sum(k in m for m in met.values()),
                                       -sum(m.get(k, 0) for m in met.values()), k))


def write_map(out, bucket, grid, met, shards):
    records = {p: {"id": os.path.basename(p), "s3": f"s3://{bucket}/{os.path.basename(p)}",
                   "https": "https://localhost/none"} for p in met}
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"metadata": {"source": "synthetic", "short_name": "ATL03", "version": "007"},
                   "grid_signature": grid.spatial_signature(), "shard_keys": shards,
                   "granules": [[records[p] for p in met if shard in met[p]] for shard in shards]},
                  file)


def grid_and_points(config, paths):
    import h5py
    import numpy as np
    from zagg.config import load_config
    from zagg.grids import from_config
    grid = from_config(load_config(config))
    return grid, {path: shards_met(path, grid, np, h5py) for path in paths}


def needs(config, out, bucket, paths):
    import h5py
    import numpy as np
    from zagg.read_plan import plan_read
    grid, met = grid_and_points(config, paths)
    shard = fullest(met)[0]
    write_map(out, bucket, grid, met, [shard])
    print(json.dumps({os.path.basename(p): needed(p, grid, shard, plan_read, np, h5py)
                      for p in paths if shard in met[p]}))


def several(config, out, bucket, n, paths):
    grid, met = grid_and_points(config, paths)
    shards = sorted(fullest(met)[:int(n)])
    write_map(out, bucket, grid, met, shards)
    print(len(shards))


# Of h5coro, those that read what describes the data; all others read stored chunks.
METADATA_READERS = ("readField", "readArray", "readSuperblock")


def watch(log):
    """Note what each request of h5coro is for: OFFSET BYTES metadata|data."""
    import threading
    from h5coro.h5coro import H5Coro
    from h5coro.s3driver import S3Driver
    request, read, now = H5Coro.ioRequest, S3Driver.read, threading.local()

    def watched_request(self, *args, **kwargs):
        reader = sys._getframe(1).f_code.co_name
        now.kind = "metadata" if reader in METADATA_READERS else "data"
        return request(self, *args, **kwargs)

    def watched_read(self, offset, size):
        log.write(f"{offset} {size} {now.kind}\n")
        return read(self, offset, size)

    H5Coro.ioRequest, S3Driver.read = watched_request, watched_read


def run(arguments):
    import zagg.runner
    from zagg.__main__ import main
    zagg.runner.get_nsidc_s3_credentials = lambda: {}  # boto3 takes those of the environment
    sys.argv = ["zagg", *arguments]
    if not os.environ.get("REMOTE_PEER_LOG"):
        return main()
    with open(os.environ["REMOTE_PEER_LOG"], "w", encoding="ascii") as log:
        watch(log)
        return main()


if __name__ == "__main__":
    if sys.argv[1] == "needs":
        needs(*sys.argv[2:5], sys.argv[5:])
    elif sys.argv[1] == "map":
        several(*sys.argv[2:6], sys.argv[6:])
    else:
        run(sys.argv[2:])
