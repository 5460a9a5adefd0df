"""Covers of random polygons against upstream's, word for word: stars of every size anywhere,
boxes of whole degrees, rings around the globe. None has a vertex at a pole or touches itself,
where upstream drops or floods cells (docs/decisions.md)."""
import subprocess

import mortie
import numpy as np

import peers

PROGRAM = peers.BUILD / "tests" / "peer" / "cover_words"
STARS, BOXES, RINGS = 1200, 300, 150


def star(rng):
    """Simple polygon of 3 to 40 corners around a point of the sphere, and an order for it."""
    radius = 1.2 * 10 ** rng.uniform(-4, -0.3)
    n = int(rng.integers(3, 41))
    azimuth = np.sort(rng.uniform(0, 2 * np.pi, n))
    r = radius * (1 - rng.uniform(0, 0.7) * rng.uniform(0, 1, n))
    lat, lon = np.arcsin(rng.uniform(-1, 1)), rng.uniform(-np.pi, np.pi)
    lats = np.arcsin(np.clip(np.sin(lat) * np.cos(r) + np.cos(lat) * np.sin(r) * np.cos(azimuth),
                             -1, 1))
    lons = lon + np.arctan2(np.sin(azimuth) * np.sin(r) * np.cos(lat),
                            np.cos(r) - np.sin(lat) * np.sin(lats))
    order = int(np.clip(np.log2(rng.uniform(2, 100) / radius), 1, 18))
    return order, np.degrees(lats), np.degrees(lons)


def box(rng):
    """Whole degrees, so that edges lie on meridians and cells' corners."""
    south, west = int(rng.integers(-80, 60)), int(rng.integers(-180, 180))
    high, wide = (int(v) for v in rng.integers(1, 20, 2))
    lats = np.array([south, south, south + high, south + high], dtype=float)
    lons = np.array([west, west + wide, west + wide, west], dtype=float)
    return int(rng.integers(3, 9)), lats, lons


def ring(rng):
    """All around the globe: no hemisphere holds it."""
    lons = np.linspace(-180, 180, int(rng.integers(8, 60)), endpoint=False)
    wave = np.sin(np.radians(lons) * rng.integers(1, 4))
    return int(rng.integers(2, 7)), rng.uniform(-60, 60) + rng.uniform(0, 25) * wave, lons


def line(order, lats, lons):
    points = " ".join(f"{float(a)!r} {float(b)!r}" for a, b in zip(lats, lons))
    return f"{order} {len(lats)} {points}"


def compare(name, polygons):
    text = "\n".join(line(*p) for p in polygons) + "\n"
    done = subprocess.run([PROGRAM], input=text, capture_output=True, text=True, check=False)
    rows = done.stdout.splitlines()
    if not peers.check(f"{name}: all covered", done.returncode == 0 and len(rows) == len(polygons),
                       done.stderr):
        return
    wrong = []
    for row, (order, lats, lons) in zip(rows, polygons):
        ours = np.array(row.split(), dtype=np.uint64)
        theirs = np.sort(np.asarray(mortie.morton_coverage(lats, lons, order=order)))
        if not np.array_equal(ours, theirs):
            wrong.append(f"order {order}: {len(ours)} words instead of {len(theirs)}: "
                         f"{line(order, lats, lons)[:300]}")
    peers.check(f"{name}: {len(polygons)} covers are equal", not wrong, "\n".join(wrong[:5]))


def main():
    rng = np.random.default_rng(6)
    compare("stars", [star(rng) for _ in range(STARS)])
    compare("boxes", [box(rng) for _ in range(BOXES)])
    compare("rings", [ring(rng) for _ in range(RINGS)])
    peers.finish()


main()
