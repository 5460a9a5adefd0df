"""Random texts of the expression language: well-typed ones for comparison with numpy, and strings
of tokens that may be anything."""

NUMBERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
           "float32", "float64"]
FLOATS = ["float32", "float64"]
WHOLE = [t for t in NUMBERS if t not in FLOATS]

EXACT_FLOAT = ["sqrt", "fabs", "rint", "deg2rad", "rad2deg", "radians", "degrees", "reciprocal",
               "floor", "ceil", "trunc"]
CLOSE = ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin",
         "arccos", "arctan", "sinh", "cosh", "tanh", "cbrt"]
EXACT_ANY = ["abs", "absolute", "square", "sign", "negative", "positive", "floor", "ceil", "trunc",
             "fix"]
REDUCERS = ["sum", "prod", "mean", "average", "var", "std", "min", "max", "amin", "amax", "ptp",
            "median", "argmin", "argmax", "count_nonzero", "any", "all"]
NAN_REDUCERS = ["nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmin", "nanmax", "nanmedian",
                "nanargmin", "nanargmax"]
METHODS = ["sum", "prod", "mean", "var", "std", "min", "max", "argmin", "argmax", "any", "all"]
QUANTILE_METHODS = ["linear", "lower", "higher", "nearest", "midpoint", "inverted_cdf",
                    "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf",
                    "hazen", "weibull", "median_unbiased", "normal_unbiased"]
ARITHMETIC = ["+", "-", "*", "/", "//", "%"]
COMPARERS = ["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"]
COMPARISONS = ["<", "<=", ">", ">=", "==", "!="]
PAIRS = ["minimum", "maximum", "fmin", "fmax", "fmod", "remainder", "mod", "floor_divide", "add",
         "subtract", "multiply", "divide", "true_divide"]


class Texts:
    """Texts over names of known kinds: `rows` and `scalars` map a dtype to names, `vectors` are
    arrays of their own length, `tables` have two axes."""

    def __init__(self, rng, rows, scalars, weak, vectors, tables):
        self.rng = rng
        self.rows, self.scalars, self.weak = rows, scalars, weak
        self.vectors, self.tables = vectors, tables

    def one_of(self, *choices):
        """The text of one of (weight, function)."""
        total = sum(weight for weight, _ in choices)
        at = self.rng.random() * total
        for weight, make in choices:
            at -= weight
            if at < 0:
                return make()
        return choices[-1][1]()

    def pick(self, values):
        return self.rng.choice(values)

    def bracket(self, text):
        return text if text.isidentifier() else f"({text})"

    # ---- literals and leaves ----

    def whole_literal(self):
        if self.rng.random() < 0.04:
            return self.pick(["300", "70000", "-129", "5000000000", "9223372036854775807"])
        return str(self.rng.randrange(-3, 12))

    def literal(self):
        if self.rng.random() < 0.5:
            return self.whole_literal()
        return self.pick(["0.5", "2.0", "-1.0", "0.1", "1e-3", "100.0", "1e6", "-0.25", "3.7", "0.0",
                          "1e300", "1e-45", "np.pi", "np.e", "np.inf", "-np.inf", "np.nan", "16777217.0"])

    def column(self, dtypes):
        names = [n for t in dtypes for n in self.rows.get(t, [])]
        return self.pick(names) if names else None

    # ---- arrays with a value for each row ----

    def floats(self, depth):
        """float32 or float64."""
        name = self.column(FLOATS)
        leaf = name or f"{self.bracket(self.numbers(0))}.astype('{self.pick(FLOATS)}')"
        if depth <= 0:
            return leaf
        d = depth - 1
        return self.one_of(
            (3, lambda: leaf),
            (4, lambda: self.binary(self.floats(d), self.pick(ARITHMETIC), self.number(d))),
            (2, lambda: self.binary(self.number(d), self.pick(ARITHMETIC), self.floats(d))),
            (3, lambda: f"np.{self.pick(EXACT_FLOAT)}({self.floats(d)})"),
            (3, lambda: f"np.{self.pick(CLOSE)}({self.floats(d)})"),
            (2, lambda: self.power(self.floats(d))),
            (1, lambda: f"np.{self.pick(['arctan2', 'hypot', 'copysign'])}"
                        f"({self.floats(d)}, {self.number(d)})"),
            (1, lambda: f"np.where({self.mask(d)}, {self.floats(d)}, {self.number(d)})"),
            (1, lambda: self.nan_to_num(d)),
            (1, lambda: f"np.{self.pick(FLOATS)}({self.numbers(d)})"),
            (1, lambda: f"({self.numbers(d)}).astype({self.dtype(FLOATS)})"),
            (1, lambda: f"np.interp({self.floats(d)}, [0.0, 1.0, 2.5], [5, {self.literal()}, 7])"),
            (1, lambda: f"np.full_like({self.floats(d)}, {self.scalar(d)})"),
            (1, lambda: self.rounded(self.floats(d))),
            (1, lambda: self.clipped(self.floats(d), d)),
        )

    def nan_to_num(self, d):
        more = self.pick(["", "", ", nan=1.5", ", posinf=9.0, neginf=-9", ", nan=-1"])
        return f"np.nan_to_num({self.floats(d)}{more})"

    def wholes(self, depth):
        """Whole numbers."""
        name = self.column(WHOLE)
        leaf = name or f"({self.numbers(0)}).astype('{self.pick(['int32', 'int64', 'uint8'])}')"
        if name is None and depth <= 0:
            clean = f"np.clip(np.nan_to_num({self.column(FLOATS) or 'np.zeros(3)'}), -100, 100)"
            return f"{clean}.astype({self.dtype(['int8', 'int16', 'int32', 'int64'])})"
        if depth <= 0:
            return leaf
        d = depth - 1
        return self.one_of(
            (4, lambda: self.wholes(0)),
            (3, lambda: self.binary(self.wholes(d), self.pick(["+", "-", "*", "//", "%"]),
                                    self.pick([self.whole_literal(), self.wholes(d)]))),
            (2, lambda: self.binary(self.wholes(d), self.pick(["&", "|", "^"]),
                                    self.pick([self.whole_literal(), self.wholes(d)]))),
            (1, lambda: self.binary(self.wholes(d), self.pick(["<<", ">>"]),
                                    str(self.rng.randrange(0, 9)))),
            (1, lambda: f"~{self.bracket(self.wholes(d))}"),
            (1, lambda: f"({self.wholes(d)}) ** {self.rng.randrange(0, 4)}"),
            (1, lambda: f"({self.wholes(d)}).astype({self.dtype(WHOLE)})"),
            (1, lambda: f"({self.mask(d)}).astype({self.dtype(WHOLE)})"),
            (1, lambda: f"np.{self.pick(['int8', 'int16', 'int32', 'int64', 'uint8', 'uint32'])}"
                        f"({self.wholes(d)})"),
            (1, lambda: f"np.argsort({self.numbers(d)})"),
            (1, lambda: f"np.searchsorted(np.sort({self.numbers(d)}), {self.numbers(d)}"
                        f"{self.pick(['', chr(44) + ' side=' + repr('right')])})"),
            (1, lambda: f"np.digitize({self.numbers(d)}, [0, 1.5, 4]"
                        f"{self.pick(['', ', right=True'])})"),
            (1, lambda: f"np.{self.pick(['zeros_like', 'ones_like'])}({self.wholes(d)})"),
            (0.5, lambda: f"np.{self.pick(['left_shift', 'right_shift'])}({self.wholes(d)}, {self.pick('0123')})"),
            (0.5, lambda: f"np.{self.pick(['invert', 'bitwise_not'])}({self.wholes(d)})"),
            (0.5, lambda: f"({self.numbers(d)}).argsort()"),
            (0.5, lambda: f"np.{self.pick(['int_', 'intp'])}({self.wholes(d)})"),
            (0.5, lambda: self.binary(self.mask(d), self.pick(["+", "*", "//", "%", "**"]), self.mask(d))),
            (0.5, lambda: self.binary(self.mask(d), self.pick(["+", "*"]), self.whole_literal())),
            (1, lambda: f"np.{self.pick(['bitwise_and', 'bitwise_or', 'bitwise_xor'])}"
                        f"({self.wholes(d)}, {self.whole_literal()})"),
        )

    def numbers(self, depth):
        """Numbers of any type but bool."""
        name = self.column(NUMBERS)
        if depth <= 0:
            return name or "np.zeros(3)"
        d = depth - 1
        return self.one_of(
            (2, lambda: name or self.floats(d)),
            (4, lambda: self.floats(depth)),
            (3, lambda: self.wholes(depth)),
            (3, lambda: self.binary(self.numbers(d), self.pick(ARITHMETIC), self.number(d))),
            (2, lambda: f"np.{self.pick(EXACT_ANY)}({self.numbers(d)})"),
            (2, lambda: f"np.{self.pick(PAIRS)}({self.numbers(d)}, {self.number(d)})"),
            (1, lambda: f"-{self.bracket(self.numbers(d))}"),
            (1, lambda: f"abs({self.numbers(d)})"),
            (1, lambda: f"np.where({self.mask(d)}, {self.number(d)}, {self.numbers(d)})"),
            (1, lambda: self.clipped(self.numbers(d), d)),
            (1, lambda: self.rounded(self.numbers(d))),
            (1, lambda: f"np.sort({self.numbers(d)})"),
            (1, lambda: f"({self.numbers(d)})[::-1]"),
            (1, lambda: f"np.{self.pick(['cumsum', 'cumprod'])}({self.numbers(d)})"),
            (0.5, lambda: f"({self.numbers(d)}).{self.pick(['cumsum', 'cumprod', 'round', 'ravel'])}()"),
            (0.5, lambda: f"numpy.{self.pick(EXACT_ANY)}({self.numbers(d)})"),
            (0.5, lambda: f"{self.binary(self.numbers(d), self.pick(ARITHMETIC), self.mask(d))}"),
            (0.5, lambda: f"np.double({self.numbers(d)})"),
            (0.5, lambda: f"({self.table(d)})[:, 0] if {self.condition(d)} else np.double({self.numbers(d)})"),
            (0.3, lambda: f"np.{self.pick(PAIRS)}({self.numbers(d)}, [{self.literal()}])"),
            (1, lambda: f"np.take({self.numbers(d)}, np.argsort({self.numbers(d)}))"),
            (1, lambda: f"({self.numbers(d)})[np.argsort({self.numbers(d)})]"),
        )

    def mask(self, depth):
        name = self.column(["bool"])
        d = depth - 1
        compared = lambda: self.binary(self.numbers(d), self.pick(COMPARISONS), self.number(d))
        if depth <= 0:
            return name or f"{self.column(NUMBERS) or 'np.zeros(3)'} > {self.literal()}"
        return self.one_of(
            (2, lambda: name or compared()),
            (4, compared),
            (2, lambda: f"({self.mask(d)}) {self.pick(['&', '|', '^', '==', '!='])} ({self.mask(d)})"),
            (1, lambda: f"~({self.mask(d)})"),
            (1, lambda: f"np.{self.pick(['isnan', 'isfinite', 'isinf'])}({self.numbers(d)})"),
            (1, lambda: f"np.{self.pick(['logical_and', 'logical_or', 'logical_xor'])}"
                        f"({self.mask(d)}, {self.numbers(d)})"),
            (1, lambda: f"np.logical_not({self.numbers(d)})"),
            (1, lambda: f"np.{self.pick(COMPARERS)}({self.numbers(d)}, {self.number(d)})"),
            (0.5, lambda: f"np.signbit({self.numbers(d)})"),
            (0.5, lambda: f"np.bool_({self.numbers(d)})"),
            (0.5, lambda: f"np.isin({self.numbers(d)}, {self.vector(d)}, invert=True)"),
            (0.5, lambda: self.binary(self.mask(d), self.pick(COMPARISONS), self.mask(d))),
            (1, lambda: f"np.isin({self.numbers(d)}, [{self.whole_literal()}, {self.literal()}, 3])"),
            (1, lambda: f"({self.numbers(d)}).astype(bool)"),
        )

    def binary(self, a, op, b):
        return f"{self.bracket(a)} {op} {self.bracket(b)}"

    def power(self, a):
        exponent = self.one_of((4, lambda: self.pick(["2", "0.5", "-1", "3", "2.0", "-0.5", "1.7"])),
                               (1, lambda: self.scalar(0)), (1, lambda: self.column(FLOATS) or "2"))
        if self.rng.random() < 0.2:
            return f"np.power({a}, {exponent})"
        return f"{self.bracket(a)} ** {self.bracket(exponent)}"

    def number(self, depth):
        """What may stand beside an array."""
        return self.one_of((4, self.literal), (4, lambda: self.numbers(depth)),
                           (2, lambda: self.scalar(depth)))

    def clipped(self, a, d):
        lo, hi = sorted(self.rng.sample(range(-2, 9), 2))
        return self.one_of(
            (1, lambda: f"np.clip({a}, {lo}, {hi})"),
            (1, lambda: f"({a}).clip({lo}, {hi})"),
            (1, lambda: f"np.clip({a}, {lo}.5, None)"),
            (1, lambda: f"np.clip({a}, a_min={lo}, a_max={hi})"),
            (1, lambda: f"np.clip({a}, {self.number(d)}, {self.number(d)})"),
            (1, lambda: f"np.clip({a}, None, {self.number(d)})"))

    def rounded(self, a):
        decimals = self.pick(["", ", 1", ", 2", ", -1", ", decimals=3", ", 0"])
        return f"np.{self.pick(['round', 'round', 'around'])}({a}{decimals})"

    def dtype(self, names):
        name = self.pick(names)
        return self.pick([f"'{name}'", f"np.{name}", f'"{name}"'])

    # ---- one value ----

    def scalar(self, depth):
        names = [n for t in self.scalars.values() for n in t] + self.weak
        if depth <= 0:
            return self.one_of((3, lambda: self.pick(names) if names else self.literal()),
                               (1, self.literal), (1, lambda: f"len({self.numbers(0)})"))
        d = depth - 1
        return self.one_of(
            (1, lambda: self.scalar(0)),
            (6, lambda: self.reduced(d)),
            (2, lambda: self.binary(self.scalar(d), self.pick(ARITHMETIC), self.scalar(d))),
            (1, lambda: f"({self.scalar(d)}) ** {self.pick(['2', '0.5', '-1', '3'])}"),
            (2, lambda: self.quantile(d)),
            (1, lambda: f"({self.numbers(d)})[{self.pick(['0', '-1', '2', '-3'])}]"),
            (1, lambda: f"{self.pick(['float', 'int', 'abs'])}({self.scalar(d)})"),
            (1, lambda: f"np.{self.pick(NUMBERS)}({self.scalar(d)})"),
            (1, lambda: f"np.{self.pick(CLOSE + EXACT_FLOAT)}(np.float64({self.scalar(d)}))"),
            (1, lambda: self.pick(["len({})", "({}).size", "({}).shape[0]", "({}).ndim",
                                   "np.size({})"]).format(self.numbers(d))),
            (1, lambda: f"sum({self.numbers(d)})"),
            (0.3, lambda: f"sum([{self.scalar(d)}, {self.literal()}, {self.scalar(d)}])"),
            (0.3, lambda: f"len([{self.scalar(d)}, {self.literal()}])"),
            (0.5, lambda: f"{self.table(d)}.shape[{self.pick('01')}]"),
            (0.5, lambda: f"({self.table(d)})[{self.pick(['0, 1', '-1, 2', '1, -1'])}]"),
            (0.5, lambda: f"({self.numbers(d)})[np.argmax({self.numbers(d)})]"),
            (0.5, lambda: f"np.{self.pick(REDUCERS)}({self.table(d)})"),
            (0.3, lambda: f"-{self.bracket(self.scalar(d))}"),
            (0.3, lambda: f"not {self.scalar(d)}"),
            (0.3, lambda: f"np.isnan({self.scalar(d)})"),
            (1, lambda: f"float({self.scalar(d)}) if {self.condition(d)} else float({self.scalar(d)})"),
            (1, lambda: f"{self.histogram(d)}[0][{self.pick(['0', '-1', '2'])}]"),
            (1, lambda: f"np.trapezoid({self.floats(d)}{self.pick(['', ', dx=0.5'])})"),
            (1, lambda: f"np.trapezoid({self.floats(d)}, {self.numbers(d)})"),
            (1, lambda: f"np.interp({self.scalar(d)}, np.sort(np.nan_to_num({self.floats(d)})), {self.floats(d)})"),
            (1, lambda: f"np.{self.pick(['dot', 'dot'])}({self.floats(d)}, {self.numbers(d)})"),
            (0.5, lambda: f"np.cov({self.floats(d)})"),
            (0.5, lambda: f"np.corrcoef({self.floats(d)}, {self.floats(d)})[0, 1]"),
            (1, lambda: f"np.where({self.scalar(d)} > {self.literal()}, {self.scalar(d)}, {self.literal()})"),
            (1, lambda: f"np.{self.pick(['minimum', 'maximum', 'hypot', 'arctan2'])}"
                        f"({self.scalar(d)}, {self.scalar(d)})"),
            (1, lambda: f"np.round({self.scalar(d)}, {self.rng.randrange(4)})"),
        )

    def reduced(self, d):
        a = self.one_of((4, lambda: self.numbers(d)), (2, lambda: self.floats(d)),
                        (1, lambda: self.vector(d)), (0.5, lambda: self.mask(d)))
        return self.one_of(
            (4, lambda: f"np.{self.pick(REDUCERS)}({a})"),
            (2, lambda: f"np.{self.pick(NAN_REDUCERS)}({a})"),
            (2, lambda: f"({a}).{self.pick(METHODS)}()"),
            (1, lambda: f"np.{self.pick(['var', 'std', 'nanvar', 'nanstd'])}({a}, ddof={self.pick('012')})"),
            (1, lambda: f"np.{self.pick(['sum', 'mean', 'prod', 'nansum', 'nanmean', 'nanprod'])}"
                        f"({a}, dtype={self.dtype(FLOATS)})"),
            (0.5, lambda: f"np.{self.pick(['sum', 'prod'])}({self.wholes(d)}, dtype={self.dtype(NUMBERS)})"),
            (1, lambda: f"np.average({a}, weights={self.floats(0)})"))

    def quantile(self, d):
        name = self.pick(["quantile", "nanquantile", "percentile", "nanpercentile"])
        share = self.pick(["0", "1", "0.5", "0.25", "0.1", "0.99", "0.0", "1.0"])
        if "percentile" in name:
            share = self.pick(["0", "100", "50", "16.0", "84", "99.9", "2.5"])
        method = f", method='{self.pick(QUANTILE_METHODS)}'" if self.rng.random() < 0.4 else ""
        return f"np.{name}({self.numbers(d)}, {share}{method})"

    def condition(self, d):
        compared = lambda: f"{self.bracket(self.scalar(d))} {self.pick(COMPARISONS)} {self.literal()}"
        return self.one_of(
            (3, compared),
            (1, lambda: f"{compared()} {self.pick(['and', 'or'])} {compared()}"),
            (1, lambda: f"not {compared()}"),
            (1, lambda: f"{self.literal()} < {self.bracket(self.scalar(d))} <= {self.literal()}"),
            (1, lambda: f"np.any({self.mask(d)})"))

    # ---- arrays of another length, and tables ----

    def histogram(self, d):
        n = self.pick(["4", "10", "1", "128", "33"])
        bounds = self.pick(["(-2, 5)", "(0.0, 10.0)", "(-128.0, 128.0)", "(0, 1)", "(3, 3)",
                            "(np.float32(-1.5), np.float32(7.1))"])
        bins = self.one_of(
            (4, lambda: f"{n}, {bounds}"), (1, lambda: n), (1, lambda: "[0, 1, 2.5, 7]"),
            (1, lambda: f"{n}, range={bounds}"),
            (1, lambda: f"{n}, ({self.scalar(0)}, {self.scalar(0)} + 10)"),
            (1, lambda: f"bins={n}, range={bounds}, density=True"))
        return f"np.histogram({self.numbers(d)}, {bins})"

    def vector(self, depth):
        own = self.pick(self.vectors) if self.vectors else "np.arange(5)"
        if depth <= 0:
            return own
        d = depth - 1
        return self.one_of(
            (1, lambda: own),
            (3, lambda: f"({self.numbers(d)})[{self.bracket(self.mask(d))}]"),
            (2, lambda: f"({self.numbers(d)})[{self.slice()}]"),
            (2, lambda: f"{self.histogram(d)}[{self.pick('001')}]"),
            (1, lambda: f"{self.histogram(d)}[0].astype('uint32')"),
            (1, lambda: f"np.unique({self.numbers(d)})"),
            (1, lambda: f"np.bincount(np.abs({self.wholes(d)}) % 20{self.pick(['', ', minlength=25'])})"),
            (1, lambda: f"np.bincount(np.int64({self.mask(d)}), {self.floats(d)})"),
            (1, lambda: f"np.diff({self.numbers(d)}{self.pick(['', ', 2', ', n=1'])})"),
            (1, lambda: f"np.{self.pick(['flatnonzero', 'ravel', 'asarray'])}({self.numbers(d)})"),
            (1, lambda: f"np.{self.pick(['where', 'nonzero'])}({self.mask(d)})[0]"),
            (2, lambda: f"np.array([{self.scalar(d)}, {self.scalar(d)}, {self.literal()}]"
                        f"{self.pick(['', '', ', dtype=' + repr('float32')])})"),
            (1, lambda: f"np.{self.pick(['concatenate', 'hstack'])}"
                        f"(({self.numbers(d)}, {self.vector(d)}, [{self.literal()}]))"),
            (1, lambda: f"np.linspace({self.scalar(0)}, {self.literal()}, {self.rng.randrange(0, 9)})"),
            (1, lambda: f"np.arange({self.pick(['5', '1, 9', '0, 10, 3', '0.5, 4', '9, 0, -2', '0, 1, 0.1'])})"),
            (0.5, lambda: f"np.arange({self.scalar(0)}, {self.scalar(0)} + 5{self.pick(['', ', 2', ', 0.7'])}"
                          f"{self.pick(['', ', dtype=' + self.dtype(NUMBERS)])})"),
            (1, lambda: f"np.{self.pick(['zeros', 'ones'])}({self.pick(['3', 'len(' + self.numbers(0) + ')'])}"
                        f"{self.pick(['', ', dtype=' + repr('int16')])})"),
            (1, lambda: f"np.full({self.rng.randrange(0, 5)}, {self.scalar(d)})"),
            (1, lambda: f"np.{self.pick(['quantile', 'percentile'])}({self.numbers(d)}, {self.pick(['[0.25, 0.5, 0.9]', '[0, 1]', '[0.1]'])}"
                        f"{self.pick(['', '', ', method=' + repr(self.pick(QUANTILE_METHODS))])})"),
            (1, lambda: f"({self.numbers(d)})[{self.pick(['[0, -1]', '[0]', 'np.array([1, 0, 1])'])}]"),
            (1, lambda: f"({self.table(d)})[:, {self.pick(['0', '1', '-1'])}]"),
            (1, lambda: f"({self.table(d)})[{self.pick(['0', '-1'])}]"),
            (1, lambda: f"np.{self.pick(['sum', 'mean', 'min', 'max', 'std', 'median', 'any'])}"
                        f"({self.table(d)}, axis={self.pick(['0', '1', '-1'])})"),
            (1, lambda: f"np.sort({self.vector(d)})"),
            (0.5, lambda: f"np.average({self.table(d)}, axis={self.pick('01')})"),
            (0.5, lambda: f"np.{self.pick(REDUCERS)}({self.vector(d)}, axis={self.pick(['0', '-1', 'None'])})"),
            (0.5, lambda: f"({self.table(d)}).{self.pick(['sum', 'mean', 'max', 'std', 'any'])}(axis={self.pick('01')})"),
            (0.5, lambda: f"np.{self.pick(NAN_REDUCERS)}({self.table(d)}, axis={self.pick('01')})"),
            (0.5, lambda: f"({self.numbers(d)}).take([0, -1])"),
            (0.5, lambda: f"({self.mask(d)}).nonzero()[0]"),
            (0.5, lambda: f"({self.vector(d)}).T"),
            (0.5, lambda: f"np.add([{self.scalar(d)}, 2], [{self.literal()}, 0.5])"),
            (0.5, lambda: f"({self.vector(d)})[({self.vector(d)}) > {self.literal()}]"),
            (0.5, lambda: f"np.where(({self.vector(d)}) > {self.literal()}, {self.literal()}, {self.scalar(d)})"),
            (1, lambda: self.binary(self.vector(d), self.pick(ARITHMETIC), self.scalar(d))),
        )

    def slice(self):
        part = lambda: self.pick(["", "", "0", "1", "3", "-1", "-4", "100"])
        step = self.pick(["", "", ":", ":2", ":-1", ":-3", ":3"])
        return f"{part()}:{part()}{step}"

    def table(self, depth):
        own = self.pick(self.tables) if self.tables else "np.zeros((2, 3))"
        if depth <= 0:
            return own
        d = depth - 1
        return self.one_of(
            (1, lambda: own),
            (3, lambda: f"np.column_stack([{self.numbers(d)}, {self.numbers(d)}, {self.numbers(d)}])"),
            (2, lambda: f"np.stack([{self.numbers(d)}, {self.numbers(d)}], axis={self.pick(['1', '-1'])})"),
            (1, lambda: f"np.vstack([{self.pick(self.vectors or ['np.arange(4)'])}, np.ones(4)])"),
            (1, lambda: f"np.array([[{self.scalar(d)}, 1, 2], [{self.literal()}, 0, 4.5]])"),
            (1, lambda: f"({self.numbers(d)})[:, None]"),
            (1, lambda: f"({self.table(d)})[:, {self.pick(['0:2', '::-1', '1:'])}]"),
            (1, lambda: f"({self.table(d)})[{self.slice()}]"),
            (1, lambda: f"({self.table(d)})[{self.bracket(self.mask(d))}]"),
            (1, lambda: self.binary(self.table(d), self.pick(ARITHMETIC), self.scalar(d))),
            (0.5, lambda: self.binary(f"({self.numbers(d)})[:, None]", self.pick(ARITHMETIC + COMPARISONS),
                                      self.pick(self.vectors or ["np.arange(3)"]))),
            (0.5, lambda: f"np.where({self.table(d)} > {self.literal()}, {self.table(d)}, {self.literal()})"),
            (0.5, lambda: f"np.{self.pick(EXACT_ANY + CLOSE)}({self.table(d)} * 1.0)"),
            (1, lambda: f"np.{self.pick(['zeros', 'ones'])}((2, 3))"),
        )

    def any(self):
        depth = self.pick([1, 1, 2, 2, 2, 3, 3, 4])
        return self.one_of((4, lambda: self.numbers(depth)), (2, lambda: self.mask(depth)),
                           (5, lambda: self.scalar(depth)), (3, lambda: self.vector(depth)),
                           (1, lambda: self.table(depth)))


TOKENS = (["+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "~", "<<", ">>", "<", "<=", ">", ">=",
           "==", "!=", "(", ")", "[", "]", ",", ":", ".", "=", "...", "@", ":=", "{", "}", ";", "\\",
           "!", "?", "$", "`", "->", "lambda", "if", "else", "and", "or", "not", "in", "is", "for",
           "None", "True", "False", "import", "yield", "await", "f'{h}'", "b'x'", "r'a'", "'float32'",
           '"int8"', "'", '"', "'''", "#", "0", "1", "-1", "2.5", "1e3", "1e400", ".5", "5.", "0x10",
           "1_000", "1__0", "007", "1j", "9" * 25, "np", "numpy", "np.", "np.pi", "np.nan",
           "np.float32", "np.save", "np.load", "np.lib", "np.linalg.norm", "np.f2py", "np.ctypeslib",
           "np.frompyfunc", "np.vectorize", "np.array", "np.zeros", "np.sum", "np.max", "np.where",
           "np.histogram", "np.random", "__import__", "__class__", "__builtins__", "h.__class__",
           "h.tofile", "h.dump", "h.base", "h.ctypes", "h.dtype", "h.T", "h.shape", "h.size", "h.sum",
           "eval", "exec", "open", "getattr", "globals", "vars", "dir", "len", "float", "int", "abs",
           "sum", "min", "max", "axis", "ddof", "dtype", "out", "h", "i4", "flags", "unknown", "_",
           "\t", "\n", "  ", "é", "\u00a0", "\u200b", "x" * 300, "(" * 70, "-" * 70]
          + ["h"] * 6 + ["np."] * 3 + ["(", ")"] * 3 + ["h[0]", "np.mean(h)", "h > 2", "(h, 1)"])


def token_string(rng, base):
    """A random string of tokens, or `base` with some of its pieces changed."""
    if rng.random() < 0.4:
        glue = rng.choice(["", " "])
        return glue.join(rng.choice(TOKENS) for _ in range(rng.randrange(1, 14)))
    pieces = []
    for c in base:  # words, spaces and single marks
        if pieces and (c.isalnum() or c in "_.") and (pieces[-1][-1].isalnum() or pieces[-1][-1] in "_."):
            pieces[-1] += c
        else:
            pieces.append(c)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(pieces) + 1)
        kind = rng.random()
        if kind < 0.3:
            pieces.insert(at, rng.choice(TOKENS))
        elif at == len(pieces):
            continue
        elif kind < 0.5:
            del pieces[at]
        elif kind < 0.75:
            pieces[at] = rng.choice(TOKENS)
        elif kind < 0.9:
            other = rng.randrange(len(pieces))
            pieces[at], pieces[other] = pieces[other], pieces[at]
        else:
            pieces[at] = pieces[at] * 2
        if not pieces:
            pieces = [rng.choice(TOKENS)]
    return "".join(pieces)
