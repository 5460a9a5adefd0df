#!/usr/bin/env python3
"""Flame graph of a program, as one SVG: where the CPU time of a command goes.

    bench/flame.py OUT.svg COMMAND...         record COMMAND with perf and draw it

Needs perf (Debian: linux-perf) and a program with frame pointers or symbols; the release build
has both symbols and unwind tables, so that perf is asked to unwind by DWARF. Width is the share of samples;
the text of a box is its function, its tooltip says how many samples. Boxes narrower than half a
pixel are left out. Nothing in the picture moves or needs a script.
"""
import argparse
import collections
import html
import pathlib
import re
import subprocess
import sys
import tempfile

WIDTH, ROW, MARGIN, LETTER = 1200, 17, 10, 6.6
HZ = 1999
# Which part of the work a function belongs to, by its name or its library.
PARTS = [
    ("inflate", "#c8553d", re.compile(r"deflate")),
    ("cells of points", "#588b8b", re.compile(r"nested|grid_cells|points|extent|shard_index")),
    ("rows and grouping", "#d9a441", re.compile(r"row_store|zg_group|grouping|group_part|scatter|hand_over|deliver$|spill")),
    ("reducers", "#7a6c9d", re.compile(r"reduc|pairwise|extreme|median|digest|aggregate|field")),
    ("store", "#4f772d", re.compile(r"zarr|sink|store|sha256|nettle|fsync|ext4|write")),
    ("reading", "#3d6b99", re.compile(r"h5|unshuffle|gather|pread|file_read|slab|filter_values|read_whole")),
]
OTHER = ("other", "#8a8a8a")


def part_of(name):
    for part, colour, pattern in PARTS:
        if pattern.search(name):
            return part, colour
    return OTHER


def record(command):
    """Stacks and their sample counts, outermost function first."""
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder) / "perf.data"
        done = subprocess.run(["perf", "record", "-q", "-F", str(HZ), "--call-graph", "dwarf,16384",
                               "-o", data, "--", *command], stdout=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            sys.exit(f"flame: perf record ended with {done.returncode}")
        text = subprocess.run(["perf", "script", "-i", data, "-F", "ip,sym,dso"],
                              capture_output=True, text=True, check=True).stdout
    stacks = collections.Counter()
    for sample in text.split("\n\n"):
        frames = [frame_name(line) for line in sample.splitlines() if line.strip()]
        if frames:
            stacks[tuple(reversed(frames))] += 1
    return stacks


def frame_name(line):
    """Function of a line of perf script; of a library without symbols, the library."""
    found = re.match(r"\s*[0-9a-f]+ (.*?)(?:\+0x[0-9a-f]+)? \((.*)\)$", line)
    if not found:
        return "?"
    symbol, library = found.groups()
    if symbol in ("[unknown]", ""):
        return pathlib.Path(library).name.split(".so")[0]
    return symbol


def tree_of(stacks):
    """Nested {name: [samples, children]}; a library that calls itself is one box."""
    root = {}
    for frames, count in stacks.items():
        level, last = root, None
        for name in frames:
            if name == last:
                continue
            node = level.setdefault(name, [0, {}])
            node[0] += count
            level, last = node[1], name
    return root


def boxes(tree, depth, left, scale, out):
    for name, (count, children) in sorted(tree.items()):
        width = count * scale
        if width >= 0.5:
            out.append((name, count, depth, left, width))
            boxes(children, depth + 1, left, scale, out)
        left += width


def draw(stacks, title):
    total = sum(stacks.values())
    placed = []
    boxes(tree_of(stacks), 0, MARGIN, (WIDTH - 2 * MARGIN) / total, placed)
    depth = max(b[2] for b in placed) + 1
    height = depth * ROW + 78
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
             f'font-family="monospace" font-size="11" role="img" aria-label="{html.escape(title)}">',
             f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
             f'<text x="{MARGIN}" y="20" font-size="14">{html.escape(title)}</text>']
    at = MARGIN
    for part, colour in [(p, c) for p, c, _ in PARTS] + [OTHER]:
        lines.append(f'<rect x="{at}" y="30" width="11" height="11" fill="{colour}"/>'
                     f'<text x="{at + 16}" y="40">{part}</text>')
        at += 40 + LETTER * len(part)
    for name, count, row, left, width in placed:
        y = height - MARGIN - (row + 1) * ROW
        shown = name[:max(0, int((width - 6) / LETTER))]
        lines.append(f'<g><title>{html.escape(name)}: {count} samples, '
                     f'{100 * count / total:.1f} %</title><rect x="{left:.1f}" y="{y}" '
                     f'width="{width:.1f}" height="{ROW - 1}" fill="{part_of(name)[1]}" '
                     f'fill-opacity="0.75"/>')
        if len(shown) > 2:
            lines.append(f'<text x="{left + 3:.1f}" y="{y + 12}">{html.escape(shown)}</text>')
        lines.append("</g>")
    return "\n".join([*lines, "</svg>", ""])


def self_time(stacks):
    """Share of samples of each part, by the function that was running."""
    total, parts = sum(stacks.values()), collections.Counter()
    for frames, count in stacks.items():
        part = next((p for p in (part_of(f)[0] for f in reversed(frames)) if p != "other"), "other")
        parts[part] += count
    return [(part, count / total) for part, count in parts.most_common()]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if not options.command:
        parser.error("no command to record")
    stacks = record(options.command)
    title = f"{pathlib.Path(options.command[0]).name} {options.command[1]}: CPU time, " \
            f"{sum(stacks.values())} samples at {HZ} Hz"
    options.out.write_text(draw(stacks, title))
    for part, share in self_time(stacks):
        print(f"{part:20} {100 * share:5.1f} %")


if __name__ == "__main__":
    main()
