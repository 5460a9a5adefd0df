"""The retained series: a row for each commit and target, of merged commits only.

The name of the file says how it is stored: .ndjson (one JSON object a line), .csv, or
.parquet where pyarrow can be imported. Columns that this version does not know are kept.
"""
import csv
import json
import pathlib

from .errors import CONFIG, USAGE, BenchError
from .files import put
from .record import COLUMNS, NUMBER, WHOLE, is_missing


def read_ndjson(path):
    rows = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                rows.append(parse_line(line, path, number))
    return rows


def parse_line(line, path, number):
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise BenchError(f"{path}:{number}: not JSON: {error.msg}", CONFIG) from None
    if not isinstance(row, dict):
        raise BenchError(f"{path}:{number}: not a JSON object", CONFIG)
    return row


def write_ndjson(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def parse_cell(name, text, where):
    """An empty cell is null, of text columns too."""
    if text == "" or text is None:
        return None
    try:
        return COLUMNS.get(name, str)(text)
    except ValueError:
        raise BenchError(f"{where}: {name}: found '{text}'; must be a number",
                         CONFIG) from None


def read_csv(path):
    with open(path, encoding="utf-8", newline="") as file:
        return [{name: parse_cell(name, text, f"{path}:{number}")
                 for name, text in row.items() if name is not None}
                for number, row in enumerate(csv.DictReader(file), 2)]


def write_csv(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, column_names(rows), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def pyarrow_modules(path):
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise BenchError(f"{path}: Parquet needs pyarrow, which this Python cannot import; "
                         "name the series .ndjson or .csv, or pip install pyarrow",
                         USAGE) from None
    return pyarrow, pyarrow.parquet


def read_parquet(path):
    return pyarrow_modules(path)[1].read_table(path).to_pylist()


def arrow_field(pyarrow, name, rows):
    """Shard keys pass 2^63; columns of other versions keep the type that they have."""
    kind = COLUMNS.get(name)
    if name == "shard_key":
        return pyarrow.field(name, pyarrow.uint64())
    if kind is WHOLE:
        return pyarrow.field(name, pyarrow.int64())
    if kind is NUMBER:
        return pyarrow.field(name, pyarrow.float64())
    if kind is not None:
        return pyarrow.field(name, pyarrow.string())
    return pyarrow.field(name, pyarrow.array([row.get(name) for row in rows]).type)


def write_parquet(path, rows):
    pyarrow, parquet = pyarrow_modules(path)
    names = column_names(rows)
    schema = pyarrow.schema([arrow_field(pyarrow, name, rows) for name in names])
    table = pyarrow.Table.from_pylist(
        [{name: row.get(name) for name in names} for row in rows], schema)
    parquet.write_table(table, path)


FORMATS = {".ndjson": (read_ndjson, write_ndjson), ".csv": (read_csv, write_csv),
           ".parquet": (read_parquet, write_parquet)}


def column_names(rows):
    """Ours in their order, then what else the rows have."""
    others = dict.fromkeys(name for row in rows for name in row if name not in COLUMNS)
    return [*COLUMNS, *others]


def functions(path):
    suffix = pathlib.Path(path).suffix
    if suffix not in FORMATS:
        raise BenchError(f"{path}: a series is a file {', '.join(FORMATS)}", USAGE)
    return FORMATS[suffix]


def clean(name, value):
    """Tables of doubles hold NaN for null, and so made doubles of whole numbers."""
    if is_missing(value):
        return None
    return int(value) if COLUMNS.get(name) is WHOLE else value


def load(path):
    """Rows of a series; none where there is no file yet."""
    read = functions(path)[0]
    try:
        rows = read(path)
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, not Parquet
        raise BenchError(f"{path}: cannot be read: {error}", CONFIG) from None
    return [{name: clean(name, value) for name, value in row.items()} for row in rows]


def save(path, rows):
    write = functions(path)[1]
    put(path, lambda part: write(part, rows))


def merge(rows, records):
    """Rows with the merged ones of `records`; of several for the same commit and target the
    last stays, at the place of the last."""
    merged = [r for r in records if r.get("event") == "merge"]
    last = {}
    for row in [*rows, *merged]:
        identity = (row.get("commit"), row.get("target"))
        last.pop(identity, None)
        last[identity] = row
    return list(last.values())


def newest(rows):
    """The rows of the commit that came last."""
    return [row for row in rows if row.get("commit") == rows[-1].get("commit")]
