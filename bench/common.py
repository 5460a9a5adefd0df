"""What every benchmark script here needs: where things are, and what ran on what."""
import datetime
import os
import pathlib
import platform
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "bench"
PEER = ROOT / ".venv-peer" / "bin" / "python"


def machine():
    model = platform.processor() or "unknown CPU"
    for line in open("/proc/cpuinfo", encoding="utf-8", errors="replace"):
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return (f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, load "
            f"{os.getloadavg()[0]:.1f}")


def commit():
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown commit"


def record(name, text):
    """Keep a result: bench/results/NAME_DATE.md."""
    path = ROOT / "bench" / "results" / f"{name}_{datetime.date.today().isoformat()}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    print(f"bench: wrote {path.relative_to(ROOT)}")
