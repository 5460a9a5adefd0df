"""Files that are read and written whole."""
import json
import os
import pathlib

from .errors import CONFIG, BenchError


def read_json(path, what):
    """Parsed JSON of a file that is `what` ("targets", "shard map", ...)."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        raise BenchError(f"{path}: no such {what} file", CONFIG) from None
    except OSError as error:
        raise BenchError(f"{path}: cannot be read: {error.strerror}", CONFIG) from None
    except json.JSONDecodeError as error:
        raise BenchError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}",
                         CONFIG) from None
    except UnicodeDecodeError:
        raise BenchError(f"{path}: not JSON: not UTF-8 text", CONFIG) from None


def put(path, write):
    """Let `write(temporary path)` make the file, then put it in its place in one step;
    what is there and no file (/dev/stdout, a pipe) is written to instead."""
    path = pathlib.Path(path)
    try:
        if path.exists() and not path.is_file():
            write(path)
        else:
            replace(path, write)
    except OSError as error:
        raise BenchError(f"{path}: cannot be written: {error.strerror}") from None


def replace(path, write):
    path = path.resolve()  # a link stays one
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        write(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def put_text(path, text):
    put(path, lambda part: part.write_text(text, encoding="utf-8"))
