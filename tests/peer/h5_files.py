"""The HDF5 reader against h5py: files of random content in every format version, layout,
filter, type and group form must read equal, or be refused by the name of what is not read;
and damaged copies of them must do no harm.

ZAGG_H5_FILES (150) and ZAGG_H5_DAMAGED (400) say how many, ZAGG_H5_SEED (1) which; a file
is made again by its number alone. ZAGG_H5_DUMP names another h5_dump (a sanitizer build),
ZAGG_H5_LIMIT_MB (256) bounds its memory on damaged files, 0 not at all."""
import hashlib
import os
import pathlib
import random
import subprocess

import h5py
import numpy as np

import peers

FILES = int(os.environ.get("ZAGG_H5_FILES", "150"))
DAMAGED = int(os.environ.get("ZAGG_H5_DAMAGED", "400"))
SEED = int(os.environ.get("ZAGG_H5_SEED", "1"))
LIMIT_MB = os.environ.get("ZAGG_H5_LIMIT_MB", "256")
DUMP = os.environ.get("ZAGG_H5_DUMP") or str(peers.BUILD / "tests" / "peer" / "h5_dump")
AT_ONCE = 25

VERSIONS = [("earliest", "v108"), ("earliest", "v110"), ("v108", "v108"),
            ("v110", "v110"), ("v110", "latest"), ("v112", "v112"), ("v114", "v114"),
            ("latest", "latest"), ("earliest", "latest")]
NUMBERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"]
WORDS = ["lat_ph", "lon_ph", "h_ph", "signal_conf_ph", "delta_time", "ø", "a b", "données",
         "x" * 70, "0", "segment", "q.r", "gt1l"]


# ---- writing ----

def name_for(rng, group):
    while True:
        name = rng.choice(WORDS) + (str(rng.randrange(1000)) if rng.random() < 0.7 else "")
        if name not in group:
            return name


def number_type(rng):
    if rng.random() < 0.06:
        return np.dtype("?")
    return np.dtype(rng.choice("<<>") + rng.choice(NUMBERS))


def values_of(rng, dtype, shape):
    state = np.random.RandomState(rng.randrange(1 << 30))
    n = int(np.prod(shape, dtype=np.int64))
    kind = rng.random()
    raw = state.bytes(n * dtype.itemsize)
    if dtype == np.dtype("?"):
        return (np.frombuffer(raw, "u1") % 2).astype("?").reshape(shape)
    if kind < 0.3:  # any bits, NaN and infinities with them
        return np.frombuffer(raw, dtype).reshape(shape)
    if kind < 0.8:
        return np.arange(n).astype(dtype).reshape(shape)
    return np.full(shape, state.randint(0, 100)).astype(dtype)


def fill_of(rng, dtype):
    if rng.random() < 0.5:
        return None
    return np.array(rng.randrange(100)).astype(dtype)[()]


def shape_for(rng):
    rank = rng.choice([0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 4])
    size = 0 if rng.random() < 0.04 else rng.choice([1, 5, 30, 300, 3000])
    shape, left = [], 20000
    for _ in range(rank):
        shape.append(rng.randrange(min(size, left) + 1) if rng.random() < 0.9 else 1)
        left //= max(1, shape[-1])
        size //= 8
    return tuple(shape)


def chunking(rng, shape):
    """Chunks (not all too small) and largest dimensions that cover all indexes."""
    least = max(1, int(np.prod(shape)) // 4000)
    while True:
        chunks = tuple(rng.randrange(1, max(2, int(d * rng.choice([0.05, 0.3, 1, 1.3])) + 1))
                       for d in shape)
        if np.prod(chunks) >= least:
            break
    kind = rng.random()
    if kind < 0.15:
        chunks = tuple(max(1, d) for d in shape)
    most = list(shape)
    if kind > 0.4:
        most = [rng.choice([d, d, d + rng.randrange(1, 20), None]) for d in shape]
    if kind > 0.6:
        most[rng.randrange(len(most))] = None
    most = [m or None for m in most]
    # libhdf5 wants chunks inside dimensions that cannot grow
    chunks = tuple(c if m is None else max(1, min(c, m)) for c, m in zip(chunks, most))
    return chunks, tuple(most)


def filters_for(rng):
    wanted = {}
    if rng.random() < 0.6:
        wanted["compression"] = "gzip"
        wanted["compression_opts"] = rng.choice([0, 1, 4, 9])
    elif rng.random() < 0.1:
        wanted["compression"] = "lzf"
    if rng.random() < 0.5:
        wanted["shuffle"] = True
    if rng.random() < 0.3:
        wanted["fletcher32"] = True
    return wanted


def write_part(rng, dataset, dtype):
    """A box of values, which leaves other chunks unallocated."""
    box = []
    for d in dataset.shape:
        a, b = sorted((rng.randrange(d + 1), rng.randrange(d + 1)))
        box.append(slice(a, b))
    shape = tuple(s.stop - s.start for s in box)
    if 0 not in shape:
        dataset[tuple(box)] = values_of(rng, dtype, shape)


def write_raw_chunks(rng, dataset):
    """Some chunks as they come, with filters left out for each of them."""
    itemsize = dataset.dtype.itemsize
    n_bytes = int(np.prod(dataset.chunks)) * itemsize
    n_filters = dataset.id.get_create_plist().get_nfilters()
    for _ in range(rng.randrange(1, 4)):
        at = tuple(rng.randrange((d - 1) // c + 1) * c
                   for d, c in zip(dataset.shape, dataset.chunks))
        state = np.random.RandomState(rng.randrange(1 << 30))
        dataset.id.write_direct_chunk(at, state.bytes(n_bytes), (1 << n_filters) - 1)


def change_extent(rng, dataset, dtype):
    for _ in range(rng.randrange(1, 3)):
        most = dataset.maxshape
        axis = rng.randrange(len(most))
        top = most[axis] if most[axis] is not None else dataset.shape[axis] + 50
        dataset.resize(rng.randrange(1, max(2, top + 1)), axis)
        if rng.random() < 0.5:
            write_part(rng, dataset, dtype)


def plain_dataset(rng, group, name):
    dtype, shape = number_type(rng), shape_for(rng)
    fill = fill_of(rng, dtype)
    if rng.random() < 0.15 and np.prod(shape) * dtype.itemsize < 60000:  # compact
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.COMPACT)
        made = h5py.h5d.create(group.id, name.encode(), h5py.h5t.py_create(dtype, logical=True),
                               h5py.h5s.create_simple(shape) if shape
                               else h5py.h5s.create(h5py.h5s.SCALAR), plist)
        dataset = h5py.Dataset(made)
    else:
        dataset = group.create_dataset(name, shape, dtype, fillvalue=fill)
    if rng.random() < 0.85:
        dataset[...] = values_of(rng, dtype, shape)


def chunked_dataset(rng, group, name):
    dtype, shape = number_type(rng), shape_for(rng)
    if not shape or len(shape) > 3:
        return plain_dataset(rng, group, name)
    chunks, most = chunking(rng, shape)
    filters = filters_for(rng)
    fill = fill_of(rng, dtype)
    if not filters and rng.random() < 0.4:  # the implicit index is for early allocation
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk(chunks)
        plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        if fill is not None:
            plist.set_fill_value(np.array(fill))
        space = h5py.h5s.create_simple(
            shape, tuple(h5py.h5s.UNLIMITED if m is None else m for m in most))
        made = h5py.h5d.create(group.id, name.encode(),
                               h5py.h5t.py_create(dtype, logical=True), space, plist)
        dataset = h5py.Dataset(made)
    else:
        dataset = group.create_dataset(name, shape, dtype, chunks=chunks, maxshape=most,
                                       fillvalue=fill, **filters)
    kind = rng.random()
    if kind < 0.6:
        dataset[...] = values_of(rng, dtype, shape)
    elif kind < 0.9:
        for _ in range(rng.randrange(1, 4)):
            write_part(rng, dataset, dtype)
    if filters and 0 not in shape and rng.random() < 0.2:
        write_raw_chunks(rng, dataset)
    elif most != shape and rng.random() < 0.3:
        change_extent(rng, dataset, dtype)
    return None


def many_chunks(rng, group, name):
    """So many that indexes have several levels, super blocks or pages."""
    n = rng.choice([700, 1500, 3000, 9000])
    kind = rng.randrange(4)
    dtype = number_type(rng)
    filters = filters_for(rng) if n < 2000 else {}
    if kind == 3:
        shape, chunks, most = (n // 8, 8), (1, rng.choice([1, 2, 8])), (None, None)
    elif kind == 2:
        shape, chunks, most = (4, n // 2), (rng.choice([1, 3]), 1), (4, None)
    else:
        shape, chunks, most = (n,), (1,), (n,) if kind else (None,)
    dataset = group.create_dataset(name, shape, dtype, chunks=chunks, maxshape=most, **filters)
    if n < 4000 and rng.random() < 0.6:
        dataset[...] = values_of(rng, dtype, shape)
    else:
        for _ in range(3):
            a = rng.randrange(shape[0])
            dataset[a:a + 40] = values_of(rng, dtype, dataset[a:a + 40].shape)


def odd_dataset(rng, group, name, folder):
    """What is not read, or is seldom met."""
    kind = rng.randrange(12)
    n = rng.randrange(1, 40)
    if kind == 0:
        group.create_dataset(name, data=np.arange(n, dtype="f2"))
    elif kind == 1:
        group.create_dataset(name, data=np.array([b"abc"] * n))
    elif kind == 2:
        group.create_dataset(name, data=["ø" * i for i in range(n)], dtype=h5py.string_dtype())
    elif kind == 3:
        group.create_dataset(name, data=np.zeros(n, [("a", "<i4"), ("b", "<f8")]))
    elif kind == 4:
        group.create_dataset(name, data=np.arange(n) * 1j)
    elif kind == 5:
        group.create_dataset(name, data=h5py.Empty("f4"))
    elif kind == 6:
        base = rng.choice(["i1", "u2", ">i4", "i8"])
        enum = h5py.enum_dtype({"low": 0, "high": 3, "other": 9}, basetype=base)
        group.create_dataset(name, data=np.array([0, 3, 9] * n), dtype=enum)
    elif kind == 7:
        group.create_dataset(name, data=np.arange(n), chunks=(n,), scaleoffset=0)
    elif kind == 8:
        outside = [(str(folder / "raw.bin"), 0, h5py.h5f.UNLIMITED)]
        group.create_dataset(name, (n,), "i4", external=outside)
    elif kind == 9:
        group.file[f"type{len(group.file)}"] = np.dtype("i4")
        committed = group.file[f"type{len(group.file) - 1}"]
        group.create_dataset(name, (n,), committed)
    elif kind == 10 and group.file.libver[1] != "v108":
        layout = h5py.VirtualLayout((n,), "i4")
        layout[...] = h5py.VirtualSource("elsewhere.h5", "x", (n,))
        group.create_virtual_dataset(name, layout)
    else:
        group.create_dataset(name, (n, 3), h5py.vlen_dtype("i4"))


def add_attributes(rng, thing):
    for i in range(rng.choice([1, 3, 12, 40])):
        kind = rng.randrange(5)
        value = ["text " * rng.randrange(60), rng.random(), np.arange(rng.randrange(1, 500)),
                 ["a", "bc", "d" * 50], np.float32(i)][kind]
        thing.attrs[f"attribute {i}"] = value


def add_links(rng, root, group, paths):
    for _ in range(rng.randrange(1, 4)):
        kind, name = rng.randrange(5), name_for(rng, group)
        if kind == 0 and paths:
            group[name] = h5py.SoftLink(rng.choice(paths))
        elif kind == 1:
            group[name] = h5py.SoftLink("/no/such/place")
        elif kind == 2:
            group[name] = h5py.ExternalLink("other.h5", "/x")
        elif kind == 3 and paths:
            group[name] = root[rng.choice(paths)]
        else:
            other = name_for(rng, group)
            group[name] = h5py.SoftLink(other)  # relative, to what may come to be there


def fill_group(rng, root, group, paths, folder, budget):
    for _ in range(rng.randrange(1, budget)):
        name = name_for(rng, group)
        kind = rng.random()
        if kind < 0.15:
            odd_dataset(rng, group, name, folder)
        elif kind < 0.2:
            many_chunks(rng, group, name)
        elif kind < 0.5:
            plain_dataset(rng, group, name)
        else:
            chunked_dataset(rng, group, name)
        if isinstance(group[name], h5py.Dataset):
            paths.append(group.name.rstrip("/") + "/" + name)
            if rng.random() < 0.2:
                add_attributes(rng, group[name])
    if rng.random() < 0.3:
        add_links(rng, root, group, paths)
    if rng.random() < 0.15:
        victim = rng.choice(list(group))
        paths[:] = [p for p in paths if p != group.name.rstrip("/") + "/" + victim]
        del group[victim]


def write_groups(rng, root, folder):
    paths = []
    fill_group(rng, root, root, paths, folder, 6)
    for _ in range(rng.randrange(4)):
        group = root.create_group(name_for(rng, root),
                                  track_order=rng.random() < 0.5 or None)
        for _ in range(rng.choice([0, 0, 1, 2, 30])):
            group = group.create_group(name_for(rng, group))
        fill_group(rng, root, group, paths, folder, 5)
        if rng.random() < 0.3:
            add_attributes(rng, group)
    if rng.random() < 0.2:
        crowd = root.create_group("crowd", track_order=rng.random() < 0.5 or None)
        for i in range(rng.choice([9, 60, 400, 1500])):
            if i % 10:
                crowd[f"link {i} " + "l" * rng.randrange(60)] = h5py.SoftLink("/nowhere")
            else:
                crowd.create_dataset(f"set {i}", data=np.arange(i % 7))


def write_file(seed, folder):
    rng = random.Random(f"{SEED}/{seed}")
    path = folder / f"random_{seed}.h5"
    low, high = rng.choice(VERSIONS)
    options = {"libver": (low, high)}
    if rng.random() < 0.4 and high != "v108":
        options["fs_strategy"] = rng.choice(["fsm", "page", "aggregate", "none"])
        if options["fs_strategy"] in ("fsm", "page"):
            options["fs_persist"] = rng.random() < 0.6
        if options["fs_strategy"] == "page":
            options["fs_page_size"] = rng.choice([512, 4096, 65536, 262144])
    if rng.random() < 0.15:
        options["userblock_size"] = rng.choice([512, 1024, 65536])
        if options.get("fs_strategy") == "page":
            options["userblock_size"] = options["fs_page_size"]
    with h5py.File(path, "w", track_order=rng.random() < 0.3, **options) as root:
        write_groups(rng, root, folder)
    if rng.random() < 0.2:  # opened again and changed, which leaves free space
        with h5py.File(path, "r+", libver=(low, high)) as root:
            if len(root):
                del root[rng.choice(list(root))]
            fill_group(rng, root, root, [], folder, 3)
    return path, (low, high)


# ---- comparing ----

def refused(dataset):
    """What a dataset has that is not read; None where there is nothing of that kind."""
    dtype, space, plist = dataset.dtype, dataset.id.get_space(), dataset.id.get_create_plist()
    if dataset.id.get_type().committed():
        return "shared message"
    if space.get_simple_extent_type() == h5py.h5s.NULL:
        return "null"
    if dtype.kind not in "iufb" or (dtype.kind == "f" and dtype.itemsize < 4):
        return "elements of type|floats of"
    if plist.get_layout() == h5py.h5d.VIRTUAL:
        return "virtual"
    if plist.get_layout() == h5py.h5d.CONTIGUOUS and plist.get_external_count():
        return "external files"
    for i in range(plist.get_nfilters()):
        if plist.get_filter(i)[0] not in (1, 2, 3):
            return "filter"
    return None


def expected_dataset(path, dataset):
    why = refused(dataset)
    if why:
        return ("X", path, "unsupported", why)
    dtype = dataset.dtype
    shape = ",".join(str(d) for d in dataset.shape)
    if len(dataset.shape) > 2:
        return ("N", path, dtype.name, shape)
    data = np.asarray(dataset[()]).astype(dtype.newbyteorder("<"))
    return ("D", path, dtype.name, shape, hashlib.sha256(data.tobytes()).hexdigest())


def expected(root, group, prefix, found):
    """The lines of h5_dump, in no particular order. What X says need only be part of it."""
    for name in group:
        path = f"{prefix}/{name}"
        link = group.get(name, getlink=True)
        thing = None
        if isinstance(link, h5py.ExternalLink):
            found[path] = ("X", path, "unsupported", "external link")
            continue
        try:
            thing = group[name]
        except (KeyError, RuntimeError, OSError):
            # a soft link may lead to an external one, which is refused before it leads nowhere
            found[path] = ("X", path, "notfound|format|unsupported",
                           "no '|soft links|a dataset|not a|external link")
            continue
        if isinstance(thing, h5py.Group):
            found[path] = ("G", path)
            expected(root, thing, path, found)
        elif isinstance(thing, h5py.Dataset):
            found[path] = expected_dataset(path, thing)
        else:
            found[path] = ("X", path, "notfound", "not a dataset")
    return found


def same(want, got):
    if want[0] != got[0]:
        return False
    if want[0] != "X":
        return want == got
    return (any(s in got[2].lower() for s in want[2].split("|")) and
            any(s in got[3] for s in want[3].split("|")))


def compare(path, versions, lines):
    with h5py.File(path, "r") as root:
        want = expected(root, root, "", {})
    got = {line[1]: line for line in lines}
    wrong = [p for p in sorted(want.keys() | got.keys())
             if p not in want or p not in got or not same(want[p], got[p])]
    if wrong:
        p = wrong[0]
        peers.check(f"{path.name} {versions}", False,
                    f"{len(wrong)} of {len(want)} differ, first {p!r}:\n"
                    f"  h5py {want.get(p)}\n  ours {got.get(p)}")
    kinds = {}
    for line in want.values():
        kinds[line[0]] = kinds.get(line[0], 0) + 1
    return kinds


def dump(paths):
    """File -> lines of h5_dump, split into their fields."""
    done = subprocess.run([DUMP, *map(str, paths)], capture_output=True, check=False)
    files, lines = {}, []
    for line in done.stdout.decode().split("\n"):
        fields = tuple(line.split("\t"))
        if fields[0] == "F":
            lines = files.setdefault(fields[1], [])
        elif fields[0]:
            lines.append(fields)
    if done.returncode not in (0, 1) or len(files) != len(paths):
        peers.check("h5_dump", False, f"exit {done.returncode}\n{done.stderr.decode()[-3000:]}")
    return files


def compare_all(folder):
    total, kept = {}, []
    for start in range(0, FILES, AT_ONCE):
        made = [write_file(i, folder) for i in range(start, min(start + AT_ONCE, FILES))]
        lines = dump([path for path, _ in made])
        for path, versions in made:
            for kind, n in compare(path, versions, lines.get(str(path), [])).items():
                total[kind] = total.get(kind, 0) + n
            small = path.stat().st_size < 200000
            if small and len(kept) < 60:
                kept.append(path)
            elif not peers.failures:
                path.unlink()
    peers.check(f"{FILES} random files", total.get("D", 0) > FILES and not peers.failures,
                f"{total}")
    print(f"     groups {total.get('G')}, read {total.get('D')}, of more dimensions "
          f"{total.get('N')}, refused or leading nowhere {total.get('X')}")
    return kept


def damage_all(kept):
    limit = ["--limit-mb", LIMIT_MB] if LIMIT_MB != "0" else []
    done = subprocess.run([DUMP, *limit, "--damage", str(SEED), str(DAMAGED), *map(str, kept)],
                          capture_output=True, text=True, check=False)
    print("     " + done.stdout.strip())
    peers.check(f"{DAMAGED} damaged files", bool(kept) and done.returncode == 0,
                f"exit {done.returncode}\n{done.stderr[-3000:]}")


with peers.work_folder() as work:
    FOLDER = pathlib.Path(work)
    print(f"     h5py {h5py.__version__}, HDF5 {h5py.version.hdf5_version}")
    damage_all(compare_all(FOLDER))
peers.finish()
