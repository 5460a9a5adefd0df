"""The expression language against numpy: random texts over random columns must give what numpy
gives, bit for bit, and strings of tokens must be refused or do no harm.

expr_texts.py makes the texts, expr_numpy.py says where numpy leaves a value open.

ZAGG_EXPR_CASES (5000) says how many texts of each of the two kinds, ZAGG_EXPR_SEED (1) which;
ZAGG_EXPR_CASE makes one alone and shows it. ZAGG_EXPR_EVAL names another expr_eval (a sanitizer
build)."""
import ast
import os
import random
import time

import numpy as np

import expr_texts
import peers
from expr_numpy import (BUILTINS, CLOSENESS, by_numpy, kind_of, one_line, refusal, same,
                        shown)
from expr_zagg import DTYPES, FIELD, PARAM, Difference, Failure, Name, Zagg

CASES = int(os.environ.get("ZAGG_EXPR_CASES", "5000"))
SEED = int(os.environ.get("ZAGG_EXPR_SEED", "1"))
ONLY = os.environ.get("ZAGG_EXPR_CASE")
SHOWN = int(os.environ.get("ZAGG_EXPR_SHOWN", "25"))


# ---- one text ----

def branches(text):
    """True where Python's result is one of several parts, each of its own type."""
    return any(isinstance(node, (ast.IfExp, ast.BoolOp)) or
               isinstance(node, ast.Compare) and len(node.ops) > 1
               for node in ast.walk(ast.parse(one_line(text), mode="eval")))



def judge(zagg, text, names, offsets, scope=FIELD):
    """(outcome, why): equal; failed (both fail); refused (with the reason); DIFFERS; or open: types
    that hang on there being no values, searching in what is not sorted, Python's whole numbers
    beyond 64 bits, clip with one limit."""
    got = zagg.evaluate(text, names, offsets, scope)
    wants, stages = [], []
    for s in range(len(offsets) - 1):
        want, stage = by_numpy(zagg, text, names, offsets, s, scope)
        wants.append(want)
        stages.append(stage)
        if stage.found:
            return "DIFFERS", "; ".join(stage.found)
    why = difference(got, wants, branches(text))
    if why is not None and (any(stage.huge or stage.unsettled for stage in stages) or
                            "positional argument: 'a_max'" in why):
        return "open", ""
    if why is None:
        return ("failed" if isinstance(got, Failure) else "equal"), ""
    if isinstance(got, Failure):
        if refusal(got):
            return "refused", refusal(got)
        if got.stage == 2 and branches(text):  # types are checked where nothing is evaluated, too
            return "refused", "in a branch not taken"
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
        leaf = isinstance(node, (ast.Constant, ast.Name, ast.Slice))
        if isinstance(node, ast.expr) and not leaf:
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
        what = f"refused ({why})" if outcome == "refused" else outcome
        counts[what] = counts.get(what, 0) + 1
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


def fixed_columns(rng):
    """Two segments of what the token strings name."""
    columns_of = {"float32": ["h"], "int32": ["i4"], "bool": ["flags"], "float64": ["x"]}
    names = [Name(name, values_of(rng, dtype, 12), rank=1)
             for dtype, of_type in columns_of.items() for name in of_type]
    names += [Name("c", np.float32([1.5, 7.0])), Name("n_obs", np.array([5, 7]), weak=True)]
    texts = expr_texts.Texts(rng, columns_of, {"float32": ["c"]}, ["n_obs"], [], [])
    return names, [0, 5, 12], texts


def judge_tokens(zagg, text, names, offsets, scope):
    """(outcome, why) of a text that may be anything: UNSAFE where it is compiled, and is not of
    the language for Python."""
    got = zagg.evaluate(text, names, offsets, scope)
    if isinstance(got, Failure) and got.stage == 1:
        return "not parsed", ""
    if isinstance(got, Failure) and got.stage == 2:
        return "not compiled", ""
    words = {"np", "numpy", *(n.name for n in names), *(BUILTINS if scope == FIELD else ())}
    why = expr_texts.outside(text, words)
    if why:
        return "UNSAFE", why
    if isinstance(got, Failure):
        return "failed", ""
    outcome, why = judge(zagg, text, names, offsets, scope)
    # the outcomes of a branch are of one type here
    return ("open", "") if outcome == "DIFFERS" and branches(text) else (outcome, why)


def token_cases(zagg, counts):
    for i in range(CASES) if ONLY is None else []:
        rng = random.Random(f"{SEED}/tokens/{i}")
        names, offsets, texts = fixed_columns(rng)
        text = expr_texts.token_string(rng, texts.any())
        scope = rng.choice([FIELD, FIELD, FIELD, PARAM])
        try:
            outcome, why = judge_tokens(zagg, text, names, offsets, scope)
        except Difference as error:
            outcome, why = "DIFFERS", str(error)
        counts[outcome] = counts.get(outcome, 0) + 1
        if outcome in ("DIFFERS", "UNSAFE"):
            peers.check(f"tokens {i}: {text!r}", False, why[:600])


def report(kind, counts, started):
    print(f"{kind}:", ", ".join(f"{n} {what}" for what, n in sorted(counts.items())),
          f"in {time.monotonic() - started:.0f} s")


def main():
    started = time.monotonic()
    zagg, counts = Zagg(), {}
    typed_cases(zagg, counts)
    report("well-typed", counts, started)
    print(f"functions: {CLOSENESS[0]} values, at most {CLOSENESS[1]:.0f} ulp from numpy's")
    started, counts = time.monotonic(), {}
    token_cases(zagg, counts)
    report("token strings", counts, started)
    peers.finish()


if __name__ == "__main__":
    main()
