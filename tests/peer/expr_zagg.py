"""Evaluating expressions with zagg: the other end of expr_eval.c."""
import os
import struct
import subprocess

import numpy as np

import peers

EVAL = os.environ.get("ZAGG_EXPR_EVAL") or str(peers.BUILD / "tests" / "peer" / "expr_eval")
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
