"""The expression language against numpy: random texts over random columns must give what numpy
gives, bit for bit, and strings of tokens must be refused or do no harm.

Functions whose last bits numpy itself leaves open (exp, ** and their like; dot) are compared
where they are called, with their bound, and go on with zagg's value, so that everything around
them is compared exactly. argsort is numpy's stable one.

ZAGG_EXPR_CASES (1500) says how many texts of each of the two kinds, ZAGG_EXPR_SEED (1) which;
ZAGG_EXPR_CASE makes one alone and shows it. ZAGG_EXPR_EVAL names another expr_eval (a sanitizer
build)."""
import ast
import os
import random
import re
import subprocess
import struct
import sys
import time
import warnings

import numpy as np

import expr_texts
import peers

CASES = int(os.environ.get("ZAGG_EXPR_CASES", "1500"))
SEED = int(os.environ.get("ZAGG_EXPR_SEED", "1"))
ONLY = os.environ.get("ZAGG_EXPR_CASE")
EVAL = os.environ.get("ZAGG_EXPR_EVAL") or str(peers.BUILD / "tests" / "peer" / "expr_eval")
SHOWN = int(os.environ.get("ZAGG_EXPR_SHOWN", "25"))

DTYPES = ["", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
          "float32", "float64"]
FIELD, PARAM = 0, 1


class Difference(Exception):
    pass


# ---- talking to expr_eval ----

class Name:
    """A name and its values: of all rows, of all segments, or one array or value for all."""

    def __init__(self, name, values, weak=False, rank=0, uniform=False):
        self.name, self.weak, self.rank, self.uniform = name, weak, rank, uniform
        self.values = np.ascontiguousarray(values)

    def of_segment(self, s, offsets):
        if self.uniform and self.rank > 0:
            return self.values
        if self.rank > 0:
            return self.values[offsets[s]:offsets[s + 1]]
        value = self.values.reshape(-1)[0 if self.uniform else s]
        return value.item() if self.weak else value

    def packed(self):
        text = self.name.encode()
        n = self.values.shape[0] if self.rank > 0 else 1
        columns = self.values.shape[1] if self.rank == 2 else 1
        data = self.values.tobytes()
        return (struct.pack("=I", len(text)) + text +
                struct.pack("=BBBBIIQ", DTYPES.index(self.values.dtype.name), self.weak, self.rank,
                            self.uniform, n, columns, len(data)) + data)


class Failure:
    def __init__(self, stage, status, segment, text):
        self.stage, self.status, self.segment, self.text = stage, status, segment, text

    def __str__(self):
        return f"{('', 'not parsed', 'not compiled', 'failed')[self.stage]}: {self.text}"


class Value:
    """What a text gives: its type, and the values of each segment."""

    def __init__(self, dtype, weak, rank, columns, offsets, data):
        self.dtype, self.weak, self.rank = DTYPES[dtype], bool(weak), rank
        flat = np.frombuffer(data, self.dtype)
        self.segments = []
        for s in range(len(offsets) - 1):
            if rank == 0:
                self.segments.append(flat[s])
            else:
                part = flat[offsets[s] * columns:offsets[s + 1] * columns]
                self.segments.append(part if rank == 1 else
                                     part.reshape(offsets[s + 1] - offsets[s], columns))

    def python(self, s):
        return self.segments[s].item() if self.weak else self.segments[s]


class Zagg:
    def __init__(self):
        self.start()

    def start(self):
        self.process = subprocess.Popen([EVAL], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def get(self, form):
        size = struct.calcsize("=" + form)
        data = self.process.stdout.read(size)
        if len(data) != size:
            status = self.process.wait()
            self.start()
            raise Difference(f"expr_eval ended with status {status} (-14: it took too long)")
        return struct.unpack("=" + form, data)

    def evaluate(self, text, names, offsets, scope=FIELD):
        raw = text.encode("utf-8")
        request = [struct.pack("=I", len(raw)), raw, struct.pack("=BI", scope, len(names))]
        request += [name.packed() for name in names]
        request.append(struct.pack(f"=I{len(offsets)}Q", len(offsets) - 1, *offsets))
        try:
            self.process.stdin.write(b"".join(request))
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        stage, = self.get("B")
        if stage:
            status, segment, length = self.get("III")
            return Failure(stage, status, segment, self.process.stdout.read(length).decode())
        dtype, weak, rank, columns = self.get("BBBQ")
        ends = self.get(f"{len(offsets)}Q") if rank else offsets
        size, = self.get("Q")
        return Value(dtype, weak, rank, columns, ends, self.process.stdout.read(size))


# ---- comparing ----

def kind_of(value):
    """(dtype, weak, rank) of what numpy gave; None where it is no value."""
    if isinstance(value, (bool, int, float)) and not isinstance(value, np.generic):
        name = {bool: "bool", int: "int64", float: "float64"}[type(value)]
        return name, True, 0
    if isinstance(value, (np.generic, np.ndarray)) and value.dtype.name in DTYPES + ["float16"]:
        return value.dtype.name, False, value.ndim
    return None


def distance(a, b):
    """Units in the last place between arrays of one float type; 0 for two NaN."""
    whole = np.uint64 if a.dtype.itemsize == 8 else np.uint32
    top = whole(1) << whole(a.dtype.itemsize * 8 - 1)
    # from sign and magnitude to a line of whole numbers
    x, y = (np.where(v & top, ~v, v | top) for v in (np.atleast_1d(a).view(whole),
                                                     np.atleast_1d(b).view(whole)))
    far = (np.maximum(x, y) - np.minimum(x, y)).astype(np.float64)
    both, one = np.isnan(a) & np.isnan(b), np.isnan(a) != np.isnan(b)
    return np.where(both, 0, np.where(one, np.inf, far))


def same(want, got, zeros_alike=False, ulps=0, within=None, free=None):
    """Why arrays of one type and shape differ, or None."""
    want, got = np.asarray(want), np.asarray(got)
    if want.dtype.kind != "f":
        bad = want != got
    elif within is not None:
        with np.errstate(all="ignore"):
            close = (np.abs(want - got) <= within) | (within == np.inf)
        bad = ~(close | (want == got) | (np.isnan(want) & np.isnan(got)))
    elif ulps:
        bad = distance(want, got).reshape(want.shape) > ulps
    else:
        bad = ~((want == got) | (np.isnan(want) & np.isnan(got)))
        if not zeros_alike:
            bad |= (want == 0) & (np.signbit(want) != np.signbit(got))
    if free is not None:
        bad &= ~free
    if not np.any(bad):
        return None
    at = tuple(int(i[0]) for i in np.nonzero(np.atleast_1d(bad)))
    return f"element {at}: {np.atleast_1d(got)[at]!r}, numpy has {np.atleast_1d(want)[at]!r}"


def shown(kind):
    dtype, weak, rank = kind
    return f"{'Python ' if weak else ''}{dtype} of rank {rank}"


# ---- numpy, with zagg's value where numpy leaves one open ----

# numpy's order of equal zeros depends on lanes and CPU
ZEROS = re.compile(r"(nan)?(a?min|a?max|median|quantile|percentile)|f?(min|max)(imum)?|sort|unique|clip|ptp")


class Stage:
    """State of one evaluation by numpy."""

    def __init__(self, zagg):
        self.zagg = zagg
        self.found = []  # differences in what was called inside
        self.half = self.huge = False  # float16 or a Python number beyond 64 bits came up

    def near(self, text, want, *arguments, **bound):
        """What zagg gives for `text` over x0, x1 ...; `want` is numpy's value."""
        names = []
        for i, x in enumerate(arguments):
            if isinstance(x, (int, float)) and not isinstance(x, np.generic) and np.isfinite(x):
                text = text.replace(f"x{i}", f"({x!r})")  # the language looks at literals
                self.huge |= abs(x) >= 2**63
                continue
            x = np.asarray(x) if isinstance(x, (list, tuple)) else x
            kind = kind_of(x)
            if kind is None or kind[0] not in DTYPES or kind[2] > 2:
                self.half |= kind is not None and kind[0] == "float16"
                return want
            names.append(Name(f"x{i}", np.asarray(x, kind[0]), kind[1], kind[2], True))
        kind = kind_of(want)
        if kind is None or kind[0] == "float16":
            self.half = True
            return want
        self.huge |= isinstance(want, int) and abs(want) >= 2**63
        if self.huge:
            return want
        got = self.zagg.evaluate(text, names, [0, 0])
        where = f"{text} of {', '.join(repr(x)[:200] for x in arguments)}"
        if isinstance(got, Failure):
            self.found.append(f"{where}: {got}")
            return want
        if (got.dtype, got.weak, got.rank) != kind:
            self.found.append(f"{where}: {shown((got.dtype, got.weak, got.rank))}, "
                              f"numpy has {shown(kind)}")
            return want
        value = got.python(0)
        if np.shape(value) != np.shape(want):
            self.found.append(f"{where}: shape {np.shape(value)}, numpy has {np.shape(want)}")
            return want
        why = same(want, value, **bound)
        if why:
            self.found.append(f"{where}: {why}")
        return value.copy() if isinstance(value, np.ndarray) else value

    def astype(self, x, dtype):
        """What floats beyond the range of whole numbers become is the CPU's choice."""
        return self.converted(f"x0.astype('{np.dtype(dtype).name}')", x, np.dtype(dtype),
                              x.astype(dtype))

    def convert(self, dtype, x):
        want = dtype(x)
        if not isinstance(x, (np.ndarray, np.generic)):
            return want
        return self.converted(f"np.{np.dtype(dtype).name}(x0)", x, np.dtype(dtype), want)

    def converted(self, text, x, dtype, want):
        if x.dtype.kind != "f" or dtype.kind not in "iu":
            return want
        info = np.iinfo(dtype)
        outside = ~((x > float(info.min) - 1) & (x < float(info.max) + 1))
        return self.near(text, want, x, free=outside) if np.any(outside) else want

    def rounded(self, name, x, decimals=0):
        """Whole numbers go by way of float64 to tens, and back."""
        want = getattr(np, name)(x, decimals)
        if decimals >= 0 or getattr(x, "dtype", np.dtype(float)).kind not in "iu":
            return want
        info, ten = np.iinfo(x.dtype), 10.0**-decimals
        outside = ~((x > float(info.min) + ten) & (x < float(info.max) - ten))
        return self.near(f"np.{name}(x0, {decimals})", want, x, free=outside)

    def power(self, a, b):
        return self.power_of("x0 ** x1", a, b, a**b)

    def power_of(self, text, a, b, want):
        exact = (np.ndim(a) > 0 and np.ndim(b) == 0 and float(b) in (2.0, 0.5, -1.0)
                 or np.asarray(want).dtype.kind != "f")
        return self.near(text, want, a, b, **({} if exact else {"ulps": 4}))


def has_minus_zero(x):
    x = np.asarray(x)
    return x.dtype.kind == "f" and bool(np.any((x == 0) & np.signbit(x)))


class Namespace:
    """np, as the texts see it."""

    def __init__(self, stage):
        self.stage = stage

    def __getattr__(self, name):
        real = getattr(np, name)
        near = self.stage.near
        if name in expr_texts.CLOSE:
            return lambda x: near(f"np.{name}(x0)", real(x), x, ulps=4)
        if name in ("hypot", "arctan2"):
            return lambda x, y: near(f"np.{name}(x0, x1)", real(x, y), x, y, ulps=4)
        if name == "power":
            return lambda x, y: self.stage.power_of("np.power(x0, x1)", x, y, real(x, y))
        if name in ("dot", "corrcoef", "cov"):
            return lambda *x: self._products(name, *x)
        if name == "argsort":
            return lambda x: real(x, kind="stable")
        if name in ("signbit", "copysign"):  # which sign an undefined number has is the CPU's choice
            return lambda *x: real(*(np.where(np.isnan(v), np.nan, v)[()] if
                                     getattr(v, "dtype", np.dtype(int)).kind == "f" else v for v in x))
        if name == "arange":
            return self._arange
        if name in ("round", "around"):
            return lambda *x, **more: self.stage.rounded(name, *x, **more)
        if ZEROS.fullmatch(name):
            return lambda *x, **more: self._zeros(name, real, *x, **more)
        return real

    def _arange(self, start, stop=None, step=1, **more):
        """The language's limit on the length of arrays stands in for the machine's."""
        if stop is not None and abs(float(stop) - float(start)) > 2**20 * abs(float(step)):
            raise ValueError("are too many")
        return np.arange(*((start,) if stop is None else (start, stop, step)), **more)

    def _products(self, name, *x):
        """BLAS adds in an order of its own: within 1e-6, and what rounding of the terms allows."""
        want = getattr(np, name)(*x)
        sizes = [np.abs(np.asarray(v, np.float64)) for v in x]
        names = ", ".join(f"x{i}" for i in range(len(x)))
        if name == "dot":
            within = 1e-6 * np.dot(sizes[0], sizes[1])
        else:
            squares = np.array([np.dot(v, v) for v in sizes])
            within = 1e-6 * np.abs(want) + 1e-12 * np.max(squares)
            if name == "corrcoef":  # no digits are left where all values are nearly equal
                spread = np.array([np.var(v) for v in x]) * sizes[0].size
                within = 1e-6 if np.all(spread > 1e-6 * squares) else np.inf
        if name == "cov":
            want = np.float64(want)
        return self.stage.near(f"np.{name}({names})", want, *x, within=within)

    def _zeros(self, name, real, *x, **more):
        """Which of -0.0 and 0.0 comes first depends on lanes and CPU."""
        want = real(*x, **more)
        if not any(has_minus_zero(v) for v in x if isinstance(v, (np.ndarray, np.generic, float))):
            return want
        names = ", ".join([f"x{i}" for i in range(len(x))] + [f"{k}={v!r}" for k, v in more.items()])
        return self.stage.near(f"np.{name}({names})", want, *x, zeros_alike=True)


class Rewrite(ast.NodeTransformer):
    """Calls that Stage sees: a ** b; methods as functions; conversions."""

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if not isinstance(node.op, ast.Pow):
            return node
        return ast.Call(ast.Name("__power", ast.Load()), [node.left, node.right], [])

    def visit_Call(self, node):
        self.generic_visit(node)
        f = node.func
        if not isinstance(f, ast.Attribute):
            return node
        of_numpy = isinstance(f.value, ast.Name) and f.value.id in ("np", "numpy")
        if of_numpy and f.attr in DTYPES and len(node.args) == 1:
            return ast.Call(ast.Name("__convert", ast.Load()), [f, *node.args], [])
        if not of_numpy and f.attr == "astype" and len(node.args) == 1:
            return ast.Call(ast.Name("__astype", ast.Load()), [f.value, *node.args], [])
        if not of_numpy and f.attr in ("argsort", "min", "max", "clip"):
            module = ast.Attribute(ast.Name("np", ast.Load()), f.attr, ast.Load())
            return ast.Call(module, [f.value, *node.args], node.keywords)
        return node


BUILTINS = {"len": len, "float": float, "int": int, "abs": abs, "sum": sum}


def by_numpy(zagg, text, names, offsets, s, scope=FIELD):
    """(value or exception, Stage) of a text in one segment."""
    stage = Stage(zagg)
    np_ = Namespace(stage)
    space = {n.name: n.of_segment(s, offsets) for n in names}
    space = {**(BUILTINS if scope == FIELD else {}), "np": np_, "numpy": np_,
             "__power": stage.power, "__astype": stage.astype, "__convert": stage.convert, "__builtins__": {"__import__": __import__}, **space}
    tree = ast.fix_missing_locations(Rewrite().visit(ast.parse(text.strip(), mode="eval")))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return eval(compile(tree, "<expression>", "eval"), space), stage
        except Difference:
            raise
        except Exception as error:  # whatever numpy raises
            return error, stage


# ---- one text ----

def branches(text):
    """True where Python's result is one of several parts, each of its own type."""
    return any(isinstance(node, (ast.IfExp, ast.BoolOp)) or
               isinstance(node, ast.Compare) and len(node.ops) > 1
               for node in ast.walk(ast.parse(text.strip(), mode="eval")))



EMPTY = re.compile(r"(?<![.\w])sum\(|bincount\(")

# What the language refuses on purpose (docs/expressions.md), though numpy knows it.
REFUSED = [
    ("float16", re.compile(r"float16")),
    ("complex numbers", re.compile(r"complex number")),
    ("arrays beyond the limit", re.compile(r"are too many|is too large")),
    ("q of whole numbers", re.compile(r"needs q as floats|q must not be float32")),
    ("NaN of no whole numbers", re.compile(r"NaN, as there are no values, does not fit")),
    ("beyond 64 bits", re.compile(r"beyond 64 bits|whole numbers end at")),
]


def judge(zagg, text, names, offsets, scope=FIELD):
    """(outcome, why): equal; failed (both fail); refused (with the reason); open (the types of no
    rows are not those of some); or DIFFERS."""
    got = zagg.evaluate(text, names, offsets, scope)
    wants, stages = [], []
    for s in range(len(offsets) - 1):
        want, stage = by_numpy(zagg, text, names, offsets, s, scope)
        wants.append(want)
        stages.append(stage)
        if stage.found:
            return "DIFFERS", "; ".join(stage.found)
    why = difference(got, wants, branches(text))
    if why is None:
        return ("failed" if isinstance(got, Failure) else "equal"), ""
    if isinstance(got, Failure):
        for name, pattern in REFUSED:
            if pattern.search(got.text):
                return "refused", name
    # the sum of no rows is the int 0 in Python, weighted counts of none are int64: here types are
    # settled before values are seen
    if EMPTY.search(text) and any(a == b for a, b in zip(offsets, offsets[1:])):
        return "open", ""
    return "DIFFERS", why


def difference(got, wants, loose):
    """Why zagg's answer is not what numpy gives in each segment, or None. `loose`: the values
    count, in the type that zagg gives them."""
    errors = [w for w in wants if isinstance(w, Exception)]
    if isinstance(got, Failure):
        if not errors:
            return f"{got}; numpy has {wants[0]!r}"
        if got.stage == 3 and not isinstance(wants[got.segment], Exception):
            return f"segment {got.segment} is said to be at fault: {got}"
        return None
    if errors:
        at = next(s for s, w in enumerate(wants) if isinstance(w, Exception))
        return (f"segment {at}: {got.python(at)!r}, numpy raises {type(errors[0]).__name__}: "
                f"{errors[0]}")
    for s, want in enumerate(wants):
        kind = kind_of(want)
        if kind is None:
            return f"segment {s}: {got.python(s)!r}, numpy has {want!r}"
        if (got.dtype, got.weak, got.rank) != kind and not (loose and got.rank == kind[2]):
            return f"{shown((got.dtype, got.weak, got.rank))}, numpy has {shown(kind)}"
        value = got.segments[s]
        if np.shape(value) != np.shape(want):
            return f"segment {s}: shape {np.shape(value)}, numpy has {np.shape(want)}"
        why = same(np.asarray(want).astype(got.dtype), value)
        if why:
            return f"segment {s}, {why}"
    return None


def smallest_part(zagg, text, names, offsets):
    """The shortest part of a text that differs by itself."""
    parts = set()
    for node in ast.walk(ast.parse(text, mode="eval")):
        if isinstance(node, ast.expr) and not isinstance(node, (ast.Constant, ast.Name, ast.Slice)):
            parts.add(ast.unparse(node))
    for part in sorted(parts, key=len):
        try:
            if any(kind_of(by_numpy(zagg, part, names, offsets, s)[0]) is None
                   for s in range(len(offsets) - 1)):
                continue
            outcome, why = judge(zagg, part, names, offsets)
        except (Difference, SyntaxError) as error:
            outcome, why = type(error).__name__, str(error)
        if outcome in ("DIFFERS", "Difference"):
            return part, why
    return None


# ---- random columns ----

def values_of(rng, dtype, n):
    state = np.random.RandomState(rng.randrange(1 << 30))
    if dtype == "bool":
        return state.rand(n) < rng.choice([0.5, 0.5, 0.1, 1.0])
    if dtype.startswith("float"):
        kind = rng.random()
        x = state.randn(n) * rng.choice([1, 3, 10, 100])
        if kind < 0.3:
            x = np.rint(x)
        elif kind < 0.4:
            x = np.exp(state.randn(n) * 15)
        x = x.astype(dtype)
        for share, odd in ((0.2, np.nan), (0.05, np.inf), (0.05, -np.inf), (0.05, -0.0)):
            if rng.random() < share:
                x[state.rand(n) < 0.15] = odd
        return x
    info = np.iinfo(dtype)
    if rng.random() < 0.15:
        return np.frombuffer(state.bytes(n * info.bits // 8), dtype).copy()
    return state.randint(max(info.min, -20), 21, n).astype(dtype)


def columns(rng):
    """Random names, and the offsets of their segments."""
    n_segments = rng.choice([1, 1, 2, 3, 5])
    most = rng.choice([3, 8, 8, 30, 30, 30, 150, 150, 1200] if rng.random() < 0.97 else [20000])
    sizes = [rng.randrange(1, most + 1) for _ in range(n_segments)]
    if n_segments == 1 and rng.random() < 0.2:
        sizes = [0]
    offsets = [0]
    for size in sizes:
        offsets.append(offsets[-1] + size)
    n = offsets[-1]
    names, rows, scalars, weak, vectors, tables = [], {}, {}, [], [], []
    for i in range(rng.randrange(2, 7)):
        dtype = rng.choice(DTYPES[1:] + ["float32"] * 6 + ["float64"] * 3)
        names.append(Name(f"{rng.choice('hsxd')}{i}", values_of(rng, dtype, n), rank=1))
        rows.setdefault(dtype, []).append(names[-1].name)
    for i in range(rng.randrange(0, 3)):
        dtype = rng.choice(["float32", "float64", "int32", "float32"])
        uniform = rng.random() < 0.5
        names.append(Name(f"c{i}", values_of(rng, dtype, 1 if uniform else n_segments),
                          uniform=uniform))
        scalars.setdefault(dtype, []).append(names[-1].name)
    if rng.random() < 0.3:
        names.append(Name("n_obs", np.array(sizes, np.int64), weak=True))
        weak.append("n_obs")
    if rng.random() < 0.3:
        names.append(Name("edges", np.sort(values_of(rng, "float64", rng.randrange(0, 6))), rank=1,
                          uniform=True))
        vectors.append("edges")
    if rng.random() < 0.2:
        names.append(Name("table", values_of(rng, "float32", 12).reshape(4, 3), rank=2,
                          uniform=True))
        tables.append("table")
    return names, offsets, expr_texts.Texts(rng, rows, scalars, weak, vectors, tables)


def typed_cases(zagg, counts):
    for i in range(CASES) if ONLY is None else [int(ONLY)]:
        rng = random.Random(f"{SEED}/{i}")
        names, offsets, texts = columns(rng)
        text = texts.any()
        if len(text) > 3000:
            continue
        try:
            outcome, why = judge(zagg, text, names, offsets)
        except Difference as error:
            outcome, why = "DIFFERS", str(error)
        counts[outcome] = counts.get(outcome, 0) + 1
        if outcome == "refused":
            counts["refused: " + why] = counts.get("refused: " + why, 0) + 1
        if outcome == "DIFFERS" or ONLY is not None:
            show(zagg, i, text, why, names, offsets)


def show(zagg, i, text, why, names, offsets):
    if len(peers.failures) < SHOWN:
        part = smallest_part(zagg, text, names, offsets)
        lines = [why[:600]]
        if part:
            lines.append(f"  part: {part[0]}\n        {part[1][:600]}")
        lines.append("  " + ", ".join(f"{n.name}: {n.values.dtype.name}{list(n.values.shape)}"
                                      f"{' uniform' if n.uniform else ''}" for n in names)
                     + f"; offsets {offsets}")
        why = "\n".join(lines)
    peers.check(f"case {i}: {text}", False, why)


def main():
    started = time.monotonic()
    zagg, counts = Zagg(), {}
    typed_cases(zagg, counts)
    print("well-typed:", ", ".join(f"{n} {what}" for what, n in sorted(counts.items())),
          f"in {time.monotonic() - started:.0f} s")
    peers.finish()


if __name__ == "__main__":
    main()
