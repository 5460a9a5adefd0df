"""Random texts of the expression language: well-typed ones for comparison with numpy, and strings
of tokens that may be anything."""
import ast
import re

NUMBERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
           "float32", "float64"]
FLOATS = ["float32", "float64"]
WHOLE = [t for t in NUMBERS if t not in FLOATS]

# Functions within some units of the last place of numpy's.
CLOSE = ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin",
         "arccos", "arctan", "sinh", "cosh", "tanh", "cbrt"]

# Lists that the rules name with a dollar.
LISTS = {
    "close": CLOSE,
    "exact": """sqrt fabs rint deg2rad rad2deg radians degrees reciprocal floor ceil
        trunc""".split(),
    "any": """abs absolute square sign negative positive floor ceil trunc fix""".split(),
    "pair": """minimum maximum fmin fmax fmod remainder mod floor_divide add subtract multiply
        divide true_divide""".split(),
    "reduce": """sum prod mean average var std min max amin amax ptp median argmin argmax
        count_nonzero any all""".split(),
    "nanreduce": """nansum nanprod nanmean nanvar nanstd nanmin nanmax nanmedian nanargmin
        nanargmax""".split(),
    "method": """sum prod mean var std min max argmin argmax any all""".split(),
    "quantile": """linear lower higher nearest midpoint inverted_cdf averaged_inverted_cdf
        closest_observation interpolated_inverted_cdf hazen weibull median_unbiased
        normal_unbiased""".split(),
    "op": "+ - * / // %".split(),
    "cmp": "< <= > >= == !=".split(),
    "compare": "less less_equal greater greater_equal equal not_equal".split(),
    "type": NUMBERS,
}

# What each kind of text may be: a weight, then the text. @X is a text of kind X with one level
# less; {a;b} one of the choices; $name one of a list. The first rule is for texts without levels.
#
#   F floats, I whole numbers, N numbers, M masks: a value for each row. S one value. C a condition.
#   V arrays of other lengths, T tables. n what may stand beside an array. H a histogram.
#   L, W literals. dF, dI, dN types as arguments.
RULES = {
    "F": """
        3 @f
        4 (@F) $op (@n)
        2 (@n) $op (@F)
        3 np.$exact(@F)
        3 np.$close(@F)
        2 (@F) ** {2;2;0.5;-1;3;2.0;-0.5;1.7;(@s);(@f)}
        .5 np.power(@F, {2;0.5;-1;3;1.7;@s})
        1 np.{arctan2;hypot;copysign}(@F, @n)
        1 np.where(@M, @F, @n)
        1 np.nan_to_num(@F{;;, nan=1.5;, posinf=9.0, neginf=-9;, nan=-1})
        1 np.{float32;float64;double}(@N)
        1 (@N).astype(@dF)
        1 np.interp(@F, [0.0, 1.0, 2.5], [5, @L, 7])
        1 np.full_like(@F, @S)
        1 @rF
        1 @kF""",
    "I": """
        4 @i
        3 (@I) {+;-;*;//;%} {@W;(@I)}
        2 (@I) {&;|;^} {@W;(@I)}
        1 (@I) {<<;>>} {0;1;2;3;5;8}
        .5 np.{left_shift;right_shift}(@I, {0;1;2;3})
        1 ~(@I)
        .5 np.{invert;bitwise_not}(@I)
        1 np.{bitwise_and;bitwise_or;bitwise_xor}(@I, @W)
        1 (@I) ** {0;1;2;3}
        1 (@I).astype(@dI)
        1 (@M).astype(@dI)
        1 np.{int8;int16;int32;int64;uint8;uint32;int_;intp}(@I)
        1 np.argsort(@N)
        .5 (@N).argsort()
        1 np.searchsorted(np.sort(@N), @N{;, side='right';, 'left'})
        1 np.digitize(@N, {[0, 1.5, 4];[9, 3.5, -1];edges}{;, right=True})
        1 np.{zeros_like;ones_like}(@I)
        .5 (@M) {+;*;//;%;**} (@M)
        .5 (@M) {+;*} @W""",
    "N": """
        2 @c
        4 @F
        3 @I
        3 (@N) $op (@n)
        2 np.$any(@N)
        .5 numpy.$any(@N)
        2 np.$pair(@N, @n)
        .3 np.$pair(@N, [@L])
        1 -(@N)
        1 abs(@N)
        1 np.where(@M, @n, @N)
        .5 (@N) $op (@M)
        1 @kN
        1 @rN
        1 np.sort(@N)
        1 (@N)[::-1]
        1 np.{cumsum;cumprod}(@N)
        .5 (@N).{cumsum;cumprod;round;ravel}()
        .5 np.double(@N) if @C else np.double(@V)
        1 np.take(@N, np.argsort(@N))
        1 (@N)[np.argsort(@N)]""",
    "M": """
        2 @m
        4 (@N) $cmp (@n)
        2 (@M) {&;|;^;==;!=} (@M)
        .5 (@M) $cmp (@M)
        1 ~(@M)
        1 np.{isnan;isfinite;isinf;signbit}(@N)
        1 np.{logical_and;logical_or;logical_xor}(@M, @N)
        1 np.logical_not(@N)
        1 np.$compare(@N, @n)
        1 np.isin(@N, [@W, @L, 3])
        .5 np.isin(@N, @V{;, invert=True})
        .5 np.bool_(@N)
        1 (@N).astype({'bool';np.bool_;'?'})""",
    "n": """
        4 @L
        4 @N
        2 @S""",
    "k": """
        1 np.clip(@X, {-2;-1;0;1}, {1;2;5;9})
        1 (@X).clip({-2;-1;0;1}, {1;2;5;9})
        1 np.clip(@X, {-1.5;2.5}, None)
        1 np.clip(@X, None, @n)
        1 np.clip(@X, a_min=-1, a_max=4)
        1 np.clip(@X, @n, @n)""",
    "r": """
        1 np.{round;around}(@X{;, 1;, 2;, -1;, decimals=3;, 0})
        .3 (@X).round({;1;2})""",
    "S": """
        1 @s
        6 @R
        2 (@S) $op (@S)
        1 (@S) ** {2;0.5;-1;3}
        2 np.{quantile;nanquantile}(@N, {0;1;0.5;0.25;0.1;0.99;0.0;1.0}{;;, method='$quantile'})
        2 np.{percentile;nanpercentile}(@N, {0;100;50;16.0;84;99.9;2.5}{;;, method='$quantile'})
        1 (@N)[{0;-1;2;-3}]
        .5 (@N)[np.argmax(@N)]
        .5 (@T)[{0, 1;-1, 2;1, -1}]
        1 {float;int;abs}(@S)
        1 np.$type(@S)
        1 np.{$close;$exact}(np.float64(@S))
        1 {len(@N);(@N).size;(@N).shape[0];(@N).ndim;np.size(@N)}
        .3 (@T).shape[{0;1}]
        1 sum(@N)
        .3 {sum;len}([@S, @L, @S])
        1 float(@S) if @C else float(@S)
        1 @H[0][{0;-1;2}]
        1 np.trapezoid(@F{;, dx=0.5;, @N})
        1 np.interp(@S, np.sort(np.nan_to_num(@F)), @F)
        1 np.dot(@F, @N)
        .5 np.cov(@F)
        .5 np.corrcoef(@F, @F)[0, 1]
        1 np.where(@S > @L, @S, @L)
        1 np.{minimum;maximum;hypot;arctan2}(@S, @S)
        1 np.round(@S, {0;1;2;3})
        .3 -(@S)
        .3 not @S
        .3 np.isnan(@S)""",
    "R": """
        4 np.$reduce({@N;@N;@F;@V;@M;@T})
        2 np.$nanreduce({@N;@F;@V})
        2 ({@N;@F;@V;@M}).$method()
        1 np.{var;std;nanvar;nanstd}({@N;@V}, ddof={0;1;2})
        1 np.{sum;mean;prod;nansum;nanmean;nanprod}({@N;@F}, dtype=@dF)
        .5 np.{sum;prod}(@I, dtype=@dN)
        .5 np.$reduce(@V, axis={0;-1;None})
        1 np.average(@N, weights=@f)""",
    "C": """
        3 (@S) $cmp @L
        1 (@S) $cmp @L {and;or} (@S) $cmp @L
        1 not (@S) $cmp @L
        1 @L < (@S) <= @L
        1 np.any(@M)""",
    "H": """
        4 np.histogram(@N, {4;10;1;128;33}, @B)
        1 np.histogram(@N, {4;10;1})
        1 np.histogram(@N, [0, 1, 2.5, 7])
        1 np.histogram(@N, {4;128}, range=@B)
        1 np.histogram(@N, {4;33}, (@s, @s + 10))
        1 np.histogram(@N, bins={4;10}, range=@B, density=True)""",
    "B": """
        5 {(-2, 5);(0.0, 10.0);(-128.0, 128.0);(0, 1);(3, 3)}
        1 (np.float32(-1.5), np.float32(7.1))""",
    "V": """
        1 @v
        3 (@N)[@M]
        2 (@N)[@l]
        2 @H[{0;0;1}]
        1 @H[0].astype('uint32')
        1 np.unique(@N)
        1 np.bincount(np.abs(@I) % 20{;, minlength=25})
        1 np.bincount(np.int64(@M), @F)
        1 np.diff(@N{;, 2;, n=1})
        1 np.{flatnonzero;ravel;asarray}(@N)
        1 np.{where;nonzero}(@M)[0]
        .5 (@M).nonzero()[0]
        2 np.array([@S, @S, @L]{;;, dtype='float32'})
        1 np.{concatenate;hstack}((@N, @V, [@L]))
        1 np.linspace(@s, @L, {0;1;2;5;9}{;;, endpoint=False})
        1 np.arange({5;1, 9;0, 10, 3;0.5, 4;9, 0, -2;0, 1, 0.1})
        .5 np.arange(@s, @s + 5{;, 2;, 0.7}{;;, dtype=@dN})
        1 np.{zeros;ones}({3;len(@c)}{;, dtype='int16'})
        1 np.full({0;1;4}, @S)
        1 np.quantile(@N, {[0.25, 0.5, 0.9];[0, 1];[0.1]}{;;, method='$quantile'})
        1 np.percentile(@N, {[2.5, 50, 97.5];[0, 100]})
        1 (@N)[{[0, -1];[0];np.array([1, 0, 1])}]
        .5 (@N).take([0, -1])
        1 (@T)[:, {0;1;-1}]
        1 (@T)[{0;-1}]
        1 np.{sum;mean;min;max;std;median;any}(@T, axis={0;1;-1})
        .5 (@T).{sum;mean;max;std;any}(axis={0;1})
        .5 np.$nanreduce(@T, axis={0;1})
        .5 np.average(@T, axis={0;1})
        1 np.sort(@V)
        1 (@V) $op (@S)
        .5 (@V).T
        .5 np.add([@S, 2], [@L, 0.5])
        .5 (@V)[(@V) > @L]
        .5 np.where((@V) > @L, @L, @S)""",
    "l": """
        1 {;;0;1;3;-1;-4;100}:{;;0;1;3;-1;-4;100}{;;:;:2;:-1;:-3;:3}""",
    "T": """
        1 @t
        3 np.column_stack([@N, @N, @N])
        2 np.stack([@N, @N], axis={1;-1})
        1 np.vstack([{@v;np.arange(4)}, np.ones(4)])
        1 np.array([[@S, 1, 2], [@L, 0, 4.5]])
        1 (@N)[:, None]
        1 (@T)[:, {0:2;::-1;1:}]
        1 (@T)[@l]
        1 (@T)[@M]
        1 (@T) $op (@S)
        .5 ((@N)[:, None]) {$op;$cmp} {@v;np.arange(3)}
        .5 np.where(@T > @L, @T, @L)
        .5 np.{$any;$close}(@T * 1.0)
        1 np.{zeros;ones}((2, 3))""",
    "W": """
        24 {-3;-2;-1;0;1;2;3;5;7;11}
        1 {300;70000;-129;5000000000;9223372036854775807}""",
    "L": """
        1 @W
        1 {0.5;2.0;-1.0;0.1;1e-3;100.0;1e6;-0.25;3.7;0.0;1e300;1e-45;16777217.0}
        .3 {np.pi;np.e;np.inf;-np.inf;np.nan}""",
    "d": """
        1 {'@X';np.@X;"@X"}""",
}


def parsed(rules):
    lines = [line.strip().split(" ", 1) for line in rules.strip().splitlines()]
    return [float(line[0]) for line in lines], [line[1] for line in lines]


RULES = {kind: parsed(rules) for kind, rules in RULES.items()}
SYMBOL = re.compile(r"@([a-zA-Z])([FINX]?)|\{([^{}]*)\}|\$([a-z]+)")
ALIASES = {"F": FLOATS, "I": WHOLE, "N": NUMBERS}
WITH_ARGUMENT = "dkr"  # the kind behind them is theirs


class Texts:
    """Texts over names of known kinds: `rows` and `scalars` map a dtype to names, `vectors` are
    arrays of their own length, `tables` have two axes."""

    def __init__(self, rng, rows, scalars, weak, vectors, tables):
        self.rng = rng
        self.rows, self.scalars, self.weak = rows, scalars, weak
        self.vectors, self.tables = vectors, tables

    def column(self, dtypes):
        names = [name for dtype in dtypes for name in self.rows.get(dtype, [])]
        return self.rng.choice(names) if names else None

    def leaf(self, kind):
        """A text of a kind that is written small: a name, where there is one."""
        number = self.column(NUMBERS) or "np.zeros(3)"
        if kind == "c":
            return number
        if kind == "f":
            return self.column(FLOATS) or f"({number}).astype('{self.rng.choice(FLOATS)}')"
        if kind == "i":
            limited = f"np.clip(np.nan_to_num({number}), 0, 100)"
            return self.column(WHOLE) or f"{limited}.astype('{self.rng.choice(WHOLE)}')"
        if kind == "m":
            return self.column(["bool"]) or f"{number} > {self.text('L', 0)}"
        if kind == "s":
            names = [name for of_type in self.scalars.values() for name in of_type] + self.weak
            others = [self.text("L", 0), f"len({number})"]
            return self.rng.choice((names or others) * 3 + others)
        if kind == "v":
            return self.rng.choice(self.vectors or ["np.arange(5)"])
        return self.rng.choice(self.tables or ["np.zeros((2, 3))"])

    def text(self, kind, depth, argument=""):
        """A text of a kind; `argument` is what @X stands for in its rules."""
        if kind == "d":
            name = self.rng.choice(ALIASES[argument])
            return self.rng.choice([f"'{name}'", f"np.{name}", f'"{name}"'])
        if kind not in RULES:
            return self.leaf(kind)
        weights, texts = RULES[kind]
        first = depth <= 0 and kind in "FIMSVTN"
        rule = texts[0] if first else self.rng.choices(texts, weights)[0]
        rule = rule.replace("@X", "@" + argument)
        return self.expanded(rule, depth if kind in "nkrRCHBLW" else depth - 1)

    def expanded(self, rule, depth):
        def one(match):
            kind, argument, choices, name = match.groups()
            if kind and kind in WITH_ARGUMENT:
                return self.text(kind, depth, argument)
            if kind:
                return self.text(kind, depth) + argument
            if name:
                return self.rng.choice(LISTS[name])
            return self.expanded(self.rng.choice(choices.split(";")), depth)
        return SYMBOL.sub(one, rule)

    def any(self):
        kind = self.rng.choices("NMSVT", [4, 2, 5, 3, 1])[0]
        return self.text(kind, self.rng.choice([1, 1, 2, 2, 2, 3, 3, 4]))


# All that a text may call or name, whatever else numpy has: nothing here reads, writes, imports or
# runs a text.
FUNCTIONS = set("""
    abs absolute add all amax amin any arange arccos arcsin arctan arctan2 argmax argmin
    argsort around array asarray astype average bincount bitwise_and bitwise_not bitwise_or
    bitwise_xor cbrt ceil clip column_stack concatenate copysign corrcoef cos cosh
    count_nonzero cov cumprod cumsum deg2rad degrees diff digitize divide dot equal exp exp2
    expm1 fabs fix flatnonzero floor floor_divide fmax fmin fmod full full_like greater
    greater_equal histogram hstack hypot interp invert isfinite isin isinf isnan left_shift
    less less_equal linspace log log10 log1p log2 logical_and logical_not logical_or
    logical_xor max maximum mean median min minimum mod multiply nan_to_num nanargmax
    nanargmin nanmax nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd
    nansum nanvar negative nonzero not_equal ones ones_like percentile positive power prod
    ptp quantile rad2deg radians ravel reciprocal remainder right_shift rint round
    searchsorted sign signbit sin sinh size sort sqrt square stack std subtract sum take tan
    tanh trapezoid true_divide trunc unique var vstack where zeros zeros_like
""".split())
TYPES = set("""
    bool bool_ int8 int16 int32 int64 int_ intp uint8 uint16 uint32 uint64 float32 single float64
    double
""".split())
CONSTANTS = {"pi", "e", "inf", "nan", "newaxis"}
ATTRIBUTES = {"size", "shape", "ndim", "T", "dtype"}
ARRAY_METHODS = set("""
    all any argmax argmin argsort astype clip cumprod cumsum max mean min nonzero prod ravel round
    std sum take var
""".split())
PLAIN_NODES = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Subscript, ast.Slice,
               ast.Tuple, ast.List, ast.IfExp, ast.Load, ast.unaryop, ast.boolop, ast.operator,
               ast.cmpop)


def outside(text, names):
    """Why a text is not of the language as Python's own parser sees it, or None. `names` are what
    may stand by itself."""
    try:
        tree = ast.parse(text.strip().replace("\n", " "), mode="eval")
    except (SyntaxError, ValueError) as error:
        return f"Python refuses it: {error}"
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            good = node.id in names
        elif isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id in ("np", "numpy"):
                good = (node.attr in TYPES | CONSTANTS or
                        node.attr in FUNCTIONS and id(node) in called)
            else:
                good = node.attr in ATTRIBUTES or node.attr in ARRAY_METHODS and id(node) in called
        elif isinstance(node, ast.Constant):
            good = node.value is Ellipsis or isinstance(node.value, (int, float, str, type(None)))
        elif isinstance(node, ast.Call):
            good = isinstance(node.func, (ast.Name, ast.Attribute))
        elif isinstance(node, ast.Compare):
            wrong = (ast.In, ast.NotIn, ast.Is, ast.IsNot)
            good = not any(isinstance(op, wrong) for op in node.ops)
        elif isinstance(node, ast.keyword):
            good = node.arg is not None
        else:
            good = isinstance(node, PLAIN_NODES)
        if not good:
            return f"{type(node).__name__} is outside: {ast.unparse(node)[:80]}"
    return None


TOKENS = r"""
    + - * / // % ** & | ^ ~ << >> < <= > >= == != ( ) [ ] , : . = ... @ := { } ; \ ! ? $ ` ->
    lambda if else and or not in is for None True False import yield await f'{h}' b'x' r'a'
    'float32' "int8" ' " ''' # 0 1 -1 2.5 1e3 1e400 .5 5. 0x10 1_000 1__0 007 1j np numpy np.
    np.pi np.nan np.float32 np.save np.load np.lib np.linalg.norm np.f2py np.ctypeslib
    np.frompyfunc np.vectorize np.array np.zeros np.sum np.max np.where np.histogram np.random
    __import__ __class__ __builtins__ h.__class__ h.tofile h.dump h.base h.ctypes h.dtype h.T
    h.shape h.size h.sum eval exec open getattr globals vars dir len float int abs sum min max
    axis ddof dtype out h i4 flags unknown _ h h h h h np. np. np. ( ) ( ) ( ) h[0] np.mean(h)
""".split() + ["h > 2", "(h, 1)", "\t", "\n", "  ", "é", "\u00a0", "\u200b", "x" * 300, "(" * 70,
               "-" * 70, "9" * 25]


def is_word(c):
    return c.isalnum() or c in "_."


def token_string(rng, base):
    """A random string of tokens, or `base` with some of its pieces changed."""
    if rng.random() < 0.3:
        glue = rng.choice(["", " "])
        return glue.join(rng.choice(TOKENS) for _ in range(rng.randrange(1, 14)))
    pieces = []
    for c in base:  # words, spaces and single marks
        if pieces and is_word(c) and is_word(pieces[-1][-1]):
            pieces[-1] += c
        else:
            pieces.append(c)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
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
