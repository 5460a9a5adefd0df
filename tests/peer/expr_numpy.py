"""Evaluating expressions with numpy, and comparing what it gives with zagg's values.

Functions whose last bits numpy itself leaves open (exp, ** and their like; dot) are compared
where they are called, with their bound, and go on with zagg's value, so that everything around
them is compared exactly. The same holds for what differs between CPUs: which of two zeros comes
first, what floats beyond the range of whole numbers become. argsort is numpy's stable one."""
import ast
import re
import warnings

import numpy as np

import expr_texts
from expr_zagg import DTYPES, FIELD, Difference, Failure, Name


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

# What the language refuses on purpose (docs/expressions.md), though numpy knows it.
REFUSED = [
    ("float16", re.compile(r"float16")),
    ("areas of two lengths", re.compile(r"x and y of different length")),
    ("complex numbers", re.compile(r"complex number")),
    ("arrays beyond the limit", re.compile(r"are too many|is too large")),
    ("q of whole numbers", re.compile(r"needs q as floats|q must not be float32")),
    ("NaN of no whole numbers", re.compile(r"NaN, as there are no values, does not fit")),
    ("beyond 64 bits", re.compile(r"beyond 64 bits|whole numbers end at")),
]


def refusal(failure):
    """The name of a refusal on purpose, or None."""
    return next((name for name, pattern in REFUSED if pattern.search(failure.text)), None)


# numpy's order of equal zeros depends on lanes and CPU
ZEROS = re.compile(r"(nan)?(a?min|a?max|median|quantile|percentile)|f?(min|max)(imum)?|sort|unique|"
                   r"clip|ptp")


CLOSENESS = [0, 0.0]  # values compared in units of the last place, and the largest distance


class Stage:
    """State of one evaluation by numpy."""

    def __init__(self, zagg):
        self.zagg = zagg
        self.found = []  # differences in what was called inside
        self.half = self.huge = False  # float16 or a Python number beyond 64 bits came up
        self.asked = False  # zagg was
        self.unsettled = False  # a type hung on there being no values; a search was in no order

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
        self.asked = True
        got = self.zagg.evaluate(text, names, [0, 0])
        where = f"{text} of {', '.join(repr(x)[:200] for x in arguments)}"
        if isinstance(got, Failure):
            if not refusal(got):
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
        if "ulps" in bound:
            CLOSENESS[0] += np.size(want)
            far = distance(np.asarray(want), np.asarray(value))
            CLOSENESS[1] = max(CLOSENESS[1], float(np.max(far, initial=0)))
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

    def sum(self, x):
        self.unsettled |= len(x) == 0  # the int 0 for Python
        return sum(x)

    def power(self, a, b):
        whole = isinstance(a, int) and isinstance(b, int)
        if whole and abs(a) > 1 and b * abs(a).bit_length() > 4000:
            self.huge = True  # Python would compute it
            raise OverflowError("beyond 64 bits")
        return self.power_of("x0 ** x1", a, b, a**b)

    def power_of(self, text, a, b, want):
        exact = (np.ndim(a) > 0 and np.ndim(b) == 0 and float(b) in (2.0, 0.5, -1.0)
                 or np.asarray(want).dtype.kind != "f")
        return self.near(text, want, a, b, **({} if exact else {"ulps": 4}))


def has_minus_zero(x):
    x = np.asarray(x)
    return x.dtype.kind == "f" and bool(np.any((x == 0) & np.signbit(x)))


def without_sign(x):
    """Which sign an undefined number has is the CPU's choice."""
    if getattr(x, "dtype", np.dtype(int)).kind != "f":
        return x
    return np.where(np.isnan(x), np.nan, x)[()]


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
        if name in ("signbit", "copysign"):
            return lambda *x: real(*(without_sign(v) for v in x))
        if name == "arange":
            return self._arange
        if name == "bincount":
            return self._bincount
        if name == "searchsorted":
            return self._searchsorted
        if name in ("round", "around"):
            return lambda *x, **more: self.stage.rounded(name, *x, **more)
        if ZEROS.fullmatch(name):
            return lambda *x, **more: self._zeros(name, real, *x, **more)
        return real

    def _bincount(self, x, *more, **named):
        self.stage.unsettled |= len(x) == 0  # int64 also with weights
        return np.bincount(x, *more, **named)

    def _searchsorted(self, a, *more, **named):
        floats = np.asarray(a).dtype.kind == "f"
        self.stage.unsettled |= not np.array_equal(a, np.sort(a), equal_nan=floats)
        return np.searchsorted(a, *more, **named)

    def _arange(self, start, stop=None, step=1, **more):
        """The language's limit on the length of arrays stands in for the machine's."""
        if stop is not None and step and (float(stop) - float(start)) / float(step) > 2**20:
            raise ValueError("are too many")
        return np.arange(*((start,) if stop is None else (start, stop, step)), **more)

    def _products(self, name, *x):
        """BLAS adds in an order of its own: within 1e-6, and what rounding of the terms allows."""
        want = getattr(np, name)(*x)
        sizes = [np.abs(np.asarray(v, np.float64)) for v in x]
        names = ", ".join(f"x{i}" for i in range(len(x)))
        if name == "dot":  # float32 is added in float32 there
            scale = np.dot(sizes[0], sizes[1]) * max(1, sizes[0].size / 500)
            within = 1e-6 * scale if scale < 1e37 or want.dtype.itemsize == 8 else np.inf
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
        names = ", ".join([f"x{i}" for i in range(len(x))] +
                          [f"{key}={value!r}" for key, value in more.items()])
        return self.stage.near(f"np.{name}({names})", want, *x, zeros_alike=True)


class Rewrite(ast.NodeTransformer):
    """Calls that Stage sees: a ** b; methods as functions; conversions."""

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.MatMult):
            dot = ast.Attribute(ast.Name("np", ast.Load()), "dot", ast.Load())
            return ast.Call(dot, [node.left, node.right], [])
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
        if not of_numpy and f.attr == "clip" and len(node.args) + len(node.keywords) == 1:
            node.args.append(ast.Constant(None))
        if not of_numpy and f.attr in ("argsort", "min", "max", "clip"):
            module = ast.Attribute(ast.Name("np", ast.Load()), f.attr, ast.Load())
            return ast.Call(module, [f.value, *node.args], node.keywords)
        return node


def one_line(text):
    """The text for Python, which takes no line ends outside of brackets."""
    return text.strip().replace("\n", " ")


BUILTINS = {"len": len, "float": float, "int": int, "abs": abs, "sum": sum}


def by_numpy(zagg, text, names, offsets, s, scope=FIELD):
    """(value or exception, Stage) of a text in one segment."""
    stage = Stage(zagg)
    np_ = Namespace(stage)
    space = {n.name: n.of_segment(s, offsets) for n in names}
    space = {**({**BUILTINS, "sum": stage.sum} if scope == FIELD else {}), "np": np_, "numpy": np_,
             "__power": stage.power, "__astype": stage.astype, "__convert": stage.convert,
             "__builtins__": {"__import__": __import__},  # methods of arrays import
             **space}
    tree = ast.fix_missing_locations(Rewrite().visit(ast.parse(one_line(text), mode="eval")))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return eval(compile(tree, "<expression>", "eval"), space), stage
        except Difference:
            raise
        except Exception as error:  # whatever numpy raises
            return error, stage
