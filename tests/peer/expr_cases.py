"""expr_cases.py FILE [SEED]: chooses random texts of the expression language and writes them with
numpy's answers, as tests/golden/data/expr_random.json holds them. Only texts whose answer every
CPU gives are taken, and of those the ones that bring in a function on a type of data that no other
has; zagg is not asked."""
import ast
import json
import random
import sys

import numpy as np

import expr_texts
from expr_numpy import by_numpy, kind_of
from expr_zagg import Failure, Name

MOST = 700
SETS = 8


class Refuses:
    """In the place of zagg: by_numpy then keeps numpy's values, and notes that it asked."""

    def evaluate(self, *_):
        return Failure(3, 0, 0, "not asked")


def column(rng, dtype, n):
    state = np.random.RandomState(rng.randrange(1 << 30))
    if dtype == "bool":
        return state.rand(n) < 0.5
    if dtype in expr_texts.FLOATS:
        x = (state.randn(n) * rng.choice([1, 10, 1000])).astype(dtype)
        if rng.random() < 0.25:
            x[state.rand(n) < 0.2] = rng.choice([np.nan, np.nan, np.inf])
        return x
    return state.randint(max(np.iinfo(dtype).min, -20), 21, n).astype(dtype)


def input_set(rng, number):
    n = [1, 5, 7, 9, 12, 20, 40, 150][number]
    dtypes = rng.sample(expr_texts.NUMBERS, 4) + ["float32", "bool"]
    names, rows, scalars = [], {}, {}
    for i, dtype in enumerate(dtypes):
        names.append(Name(f"{'hsxd'[i % 4]}{i}", column(rng, dtype, n), rank=1))
        rows.setdefault(dtype, []).append(names[-1].name)
    for i, dtype in enumerate(["float32", "int32"]):
        names.append(Name(f"c{i}", column(rng, dtype, 1)))
        scalars[dtype] = [names[-1].name]
    names.append(Name("edges", np.sort(column(rng, "float64", 3)), rank=1, uniform=True))
    names.append(Name("table", column(rng, "float32", 12).reshape(4, 3), rank=2, uniform=True))
    return names, n, (rows, scalars, [], ["edges"], ["table"])


def number(x):
    if isinstance(x, (bool, np.bool_)):
        return bool(x)
    if isinstance(x, (int, np.integer)):
        return int(x)
    return float(x).hex() if np.isfinite(x) else str(float(x))


def answer(value):
    dtype, weak, rank = kind_of(value)
    if weak:
        name = {"bool": "pybool", "int64": "pyint", "float64": "pyfloat"}[dtype]
        return {"kind": name, "values": [number(value)]}
    return {"kind": "array" if rank else "scalar", "dtype": dtype, "shape": list(np.shape(value)),
            "values": [number(x) for x in np.ravel(value)]}


def features(text, names):
    """Each function, method and operator of the text, with the types of its columns."""
    types = {n.name: n.values.dtype.name for n in names}
    tree = ast.parse(text, mode="eval")
    words = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    columns = sorted({types[word] for word in words if word in types})
    what = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            what.add(node.attr)
        elif isinstance(node, (ast.operator, ast.unaryop, ast.cmpop, ast.Slice, ast.IfExp)):
            what.add(type(node).__name__)
        elif isinstance(node, ast.keyword):
            what.add(node.arg)
    return {(w, c) for w in what for c in columns[:2]}


def chosen(rng, sets):
    seen, cases = set(), []
    for number_of_set in (rng.randrange(SETS) for _ in iter(int, 1)):
        if len(cases) == MOST:
            return cases
        names, n, known = sets[number_of_set]
        text = expr_texts.Texts(rng, *known).any()
        new = features(text, names) - seen
        if not new or len(text) > 160:
            continue
        value, stage = by_numpy(Refuses(), text, names, [0, n], 0)
        if stage.asked or stage.half or stage.huge or stage.unsettled:
            continue
        entry = {"id": len(cases) + 1, "in": str(number_of_set), "expr": text}
        if isinstance(value, Exception):
            if rng.random() < 0.8:
                continue
            entry["error"] = type(value).__name__
        elif kind_of(value) is None or np.size(value) > 12:
            continue
        else:
            entry["out"] = answer(value)
        seen |= new
        cases.append(entry)
    return cases


def main():
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    sets = [input_set(rng, i) for i in range(SETS)]
    cases = chosen(rng, sets)
    inputs = {str(i): {n.name: {"dtype": n.values.dtype.name,
                                "shape": list(n.values.shape) if n.rank else [],
                                "values": [number(x) for x in n.values.ravel()]} for n in names}
              for i, (names, _, _) in enumerate(sets)}
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        out.write('{"numpy": "%s",\n"inputs": {\n' % np.__version__)
        out.write(",\n".join(f'"{k}": {json.dumps(v)}' for k, v in inputs.items()))
        out.write('},\n"cases": [\n' + ",\n".join(json.dumps(c) for c in cases) + "\n]}\n")
    print(f"{len(cases)} cases, {sum('error' in c for c in cases)} of them errors")


if __name__ == "__main__":
    main()
