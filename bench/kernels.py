#!/usr/bin/env python3
"""Instructions that zagg's own kernels take, counted by valgrind's callgrind: figures without noise.

    bench/kernels.py              counts beside the committed ones; fails past +5 %
    bench/kernels.py --update     count and write bench/results/kernels.json
    bench/kernels.py --only points,digest

Each kernel of bench/kernels.c runs alone over its fixed input; set-up is not counted. Kernels with code
for several kinds of CPU are counted for each kind that valgrind knows (ZAGG_ISA; it knows no AVX-512,
and shows every CPU as one of its own). "inflate" is libdeflate's code and never fails. More than 5 %
fails only where compiler and libraries are those of the committed figures; otherwise the change is
just told. Without valgrind nothing is counted (exit code 77).
"""
import argparse
import concurrent.futures
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

from common import BUILD, RESULTS, ROOT, run_quietly, table

PROGRAM = BUILD / "bench" / "kernels"
COMMITTED = RESULTS / "kernels.json"
DISPATCHED = {"points", "unshuffle8", "unshuffle4"}
NOT_OURS = {"inflate"}
ALLOWED = 1.05
SKIPPED = 77


def isas():
    """What ZAGG_ISA may be here, as valgrind shows the CPU."""
    if platform.machine() != "x86_64":
        return ["scalar", "neon"] if platform.machine() == "aarch64" else ["scalar"]
    flags = open("/proc/cpuinfo", encoding="ascii", errors="replace").read()
    return ["scalar", "avx2"] if re.search(r"\bavx2\b", flags) else ["scalar"]


def tools():
    """Compiler and libraries that the counts depend on."""
    cache = (BUILD / "CMakeCache.txt").read_text()
    compiler = re.search(r"^CMAKE_C_COMPILER:\w+=(.*)$", cache, re.M).group(1)
    flags = " ".join(re.findall(r"^CMAKE_C_FLAGS(?:_RELWITHDEBINFO)?:\w+=(.*)$", cache, re.M))
    found = {"compiler": run_quietly([compiler, "--version"]).splitlines()[0],
             "flags": flags.strip(), "libc": " ".join(platform.libc_ver()),
             "machine": f"{platform.machine()} {' '.join(isas())}",
             "valgrind": run_quietly(["valgrind", "--version"]).strip()}
    for name in ("libdeflate", "libzstd", "yaml-0.1", "json-c"):
        found[name] = run_quietly(["pkg-config", "--modversion", name]).strip()
    return found


def count(job):
    """Instructions of one kernel with one kind of code."""
    name, isa = job
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
                   "--toggle-collect=bench_kernel_measured", str(PROGRAM), name]
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              env={**os.environ, "ZAGG_ISA": isa})
        if done.returncode != 0:
            sys.exit(f"bench: kernel {name}: exit {done.returncode}\n{done.stderr[-1000:]}")
        total = re.search(r"^(?:summary|totals): (\d+)", open(out, encoding="utf-8").read(), re.M)
    if not total or int(total.group(1)) == 0:
        sys.exit(f"bench: kernel {name}: callgrind counted nothing")
    return int(total.group(1))


def count_all(only):
    """{kernel/isa: instructions an element}."""
    names = dict(line.split() for line in run_quietly([PROGRAM]).splitlines())
    unknown = set(only) - set(names)
    if unknown:
        sys.exit(f"bench: no kernel {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    jobs = [(name, isa) for name in names if not only or name in only
            for isa in (isas() if name in DISPATCHED else isas()[-1:])]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        counts = list(pool.map(count, jobs))
    return {f"{name} {isa}" if name in DISPATCHED else name: round(n / int(names[name]), 3)
            for (name, isa), n in zip(jobs, counts)}


def compare(counts, now, committed):
    """Rows of the table, and the kernels that take more than they may."""
    same = committed.get("tools") == now
    rows, worse = [], []
    for name, value in counts.items():
        before = committed.get("instructions", {}).get(name)
        change = f"{100 * (value / before - 1):+.2f} %" if before else "new"
        if before and value > before * ALLOWED and same and name not in NOT_OURS:
            worse.append(f"{name} {change}")
        rows.append((name, f"{value:.2f}", f"{before:.2f}" if before else "-", change))
    return rows, worse


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="kernels, separated by commas")
    parser.add_argument("--update", action="store_true", help="write bench/results/kernels.json")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        print("bench: no valgrind here (scripts/deps brings it): instructions are not counted")
        sys.exit(SKIPPED)
    now = tools()
    counts = count_all([name for name in options.only.split(",") if name])
    committed = json.loads(COMMITTED.read_text()) if COMMITTED.is_file() else {}
    rows, worse = compare(counts, now, committed)
    print("\n".join(table(["kernel", "instructions an element", "committed", "change"], rows)))
    if options.update:
        kept = committed.get("instructions", {}) if committed.get("tools") == now else {}
        COMMITTED.write_text(json.dumps({"tools": now, "instructions": {**kept, **counts}},
                                        indent=1) + "\n")
        print(f"bench: wrote {COMMITTED.relative_to(ROOT)}")
        return
    differing = [k for k in now if committed.get("tools", {}).get(k) != now[k]]
    if committed and differing:
        print(f"bench: other {', '.join(differing)} than the committed figures: changes are only told")
    if worse:
        sys.exit(f"bench: more than {100 * (ALLOWED - 1):.0f} % more instructions: {'; '.join(worse)}"
                 " (bench/kernels.py --update, where that is meant)")


if __name__ == "__main__":
    main()
