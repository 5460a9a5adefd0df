#!/usr/bin/env python3
"""Five columns of one beam: zagg's HDF5 reader beside h5coro, upstream's compiled reader, h5py
and libhdf5's H5Dread.

    scripts/bench h5_read               measure and print
    scripts/bench h5_read --record      also write bench/results/h5_read_DATE.md
    scripts/bench h5_read --realtime    ahead of all other processes (chrt -f 20; root), for a
                                        machine that is not quiet

Granules of zagg-synth, one beam of --photons: as in the archive's version 6 (chunks of 10,000
photons) and 7 (100,000, paged), floats shuffled before they are deflated and not. Each
reader runs in a process of its own, in turn, --turns times, and reads --rounds times in it (h5coro,
which is slow: twice in each of two processes). The first read of a process opens the file and gets
fresh memory for what it reads; the ones after it open the file again and write over that memory,
where the reader lets one do so. All columns read must be equal.
"""
import json
import pathlib
import sys
import time

from common import (BUILD, MB, PEER, arguments, granules_of, heading, in_turn, peak_bytes, record,
                    run_quietly, synth, table, versions)

COLUMNS = ["lat_ph", "lon_ph", "h_ph", "delta_time", "signal_conf_ph"]


# ---- the Python readers, each in a process of its own ----

def python_reader(name, path, beam):
    """A function that opens the file and returns the five columns."""
    paths = [f"/{beam}/heights/{c}" for c in COLUMNS]
    if name == "h5py":
        import h5py

        def read():
            with h5py.File(path) as f:
                return [f[p][()] for p in paths]
    elif name == "h5coro":
        from h5coro import filedriver, h5coro

        def read():
            f = h5coro.H5Coro(path, filedriver.FileDriver)
            try:
                promise = f.readDatasets(paths)
                return [promise[p] for p in paths]
            finally:
                f.close()
    else:
        from h5coro import filedriver, h5coro
        from zagg.index.inline import InlineIndex

        def read():
            f = h5coro.H5Coro(path, filedriver.FileDriver)
            try:
                one = InlineIndex()._chunk_aligned_read_fn(f, planned=False)
                return [one(p) for p in paths]
            finally:
                f.close()
    return read


def worker(name, path, beam, rounds):
    """Prints what the program h5_read prints."""
    import google_crc32c
    import numpy as np
    read, wall, cpu = python_reader(name, path, beam), [], []
    for _ in range(rounds):
        start, cpu_start = time.perf_counter(), time.process_time()
        data = read()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - cpu_start)
    peak = peak_bytes("self")
    data[-1] = np.ascontiguousarray(data[-1][:, 0])
    sums = np.array([google_crc32c.value(d.tobytes()) for d in data], np.uint32)
    print(json.dumps({"wall_s": wall, "cpu_s": cpu, "rows": len(data[0]), "peak_bytes": peak,
                      "crc32c": f"{google_crc32c.value(sums.tobytes()):08x}"}))


# ---- measuring ----

def readers(peers):
    program = BUILD / "bench" / "h5_read"
    script = [PEER, pathlib.Path(__file__).resolve(), "--worker"]
    found = [("zagg, 1 thread", [program, "zagg:1"]), ("zagg, 2 threads", [program, "zagg:2"]),
             ("libhdf5 (H5Dread)", [program, "libhdf5"])]
    if peers:
        found += [("h5py", [*script, "h5py"]),
                  ("upstream's compiled reader", [*script, "inline"]),
                  ("h5coro", [*script, "h5coro"])]
    return found


def make_granule(layout, shuffle, photons):
    return granules_of(synth("h5_read", layout=layout, shuffle=shuffle, granules=1, beams=1,
                             photons=photons, per_segment=100, seed=1))[0]


def measure_file(path, options, peers):
    """For each reader: best times of a first read and of later ones, peak."""
    ahead = ["chrt", "-f", "20"] if options.realtime else []
    programs = []
    for name, command in readers(peers):
        turns, rounds = (2, 2) if name == "h5coro" else (options.turns, options.rounds)
        programs.append((name, [*ahead, *command, path, "gt1l", rounds], turns))
    results = dict(in_turn(programs, options.turns, warm_up=False,
                           run=lambda command: json.loads(run_quietly(command).splitlines()[-1])))
    sums = {r["crc32c"] for runs in results.values() for r in runs}
    if len(sums) != 1:
        sys.exit(f"bench: the readers differ: {sorted(sums)}")
    return results


def best(runs, key, later):
    return min(v for r in runs for v in (r[key][1:] if later else r[key][:1]))


def report(results):
    rows = []
    for name, runs in results.items():
        cells = [f"{best(runs, key, later):.3f}" for later in (False, True)
                 for key in ("wall_s", "cpu_s")]
        rows.append((name, *cells, f"{min(r['peak_bytes'] for r in runs) / MB:.0f}"))
    one, two = results["zagg, 1 thread"], results["zagg, 2 threads"]
    return [*table(["reader", "first read: wall s", "CPU s", "later reads: wall s", "CPU s",
                    "peak MB"], rows),
            "", f"Two threads: {best(one, 'wall_s', True) / best(two, 'wall_s', True):.2f}x "
            "less wall time in later reads, "
            f"{best(two, 'cpu_s', True) / best(one, 'cpu_s', True):.2f}x the CPU time."]


def main():
    if sys.argv[1:2] == ["--worker"]:
        worker(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
        return
    parser = arguments(__doc__, photons=3_000_000, turns=7, rounds=11)
    parser.add_argument("--realtime", action="store_true")
    options = parser.parse_args()
    peers = PEER.is_file()
    lines = [*heading(f"Five columns of a beam of {options.photons:,} photons",
                      f"{versions(peers)}; libhdf5 as packaged"),
             f"Best of {options.turns} processes in turn (h5coro: 2), warm page cache; later reads: best of "
             f"{options.rounds - 1} in each process. lat, lon, h, delta_time and the first column of "
             "signal_conf (the others read all five columns of it); what was read is equal."]
    for layout, shuffle in [("v006", "all"), ("v007", "all"), ("v006", "integers"),
                            ("v007", "integers")]:
        path = make_granule(layout, shuffle, options.photons)
        chunk = 10_000 if layout == "v006" else 100_000
        lines += ["", f"## {layout}: chunks of {chunk:,}, "
                  + ("all shuffled" if shuffle == "all" else "floats not shuffled")
                  + f", {path.stat().st_size / MB:.0f} MB", "",
                  *report(measure_file(path, options, peers))]
    text = "\n".join(lines) + "\n"
    print("\n" + text)
    if options.record:
        record("h5_read", text)


if __name__ == "__main__":
    main()
