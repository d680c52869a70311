"""Superposition of two maps: pose found, error, confidence and CPU time, over pairs with a true answer. `--tuning` uses other pairs."""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from micrographia.imaging.alignment import prepare, superpose
from micrographia.imaging.density import DensityMap
from micrographia.testing.assemblies import Complex, from_model, parametric
from micrographia.testing.families import MODELS
from micrographia.testing.map_pairs import Pair, make_pair

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
# the pairs that are reported; nothing is tuned on them, nor on complexes made with these seeds
REPORTED_SEEDS = range(1000, 1120)
TUNING_SEEDS = range(120)
FOUND_DEG = 3.0
MISSING = 0.2
# every so many pairs, B is of the other hand
MIRRORED_EVERY = 8


@dataclass(frozen=True)
class Result:
    complex_: str
    seed: int
    resolutions_a: tuple[float, float]
    error_deg: float
    error_a: float
    score: float
    confidence: float
    cpu_s: float
    prepare_s: float

    @property
    def found(self) -> bool:
        return self.error_deg < FOUND_DEG


def complexes(seed: int) -> list[Complex]:
    """Sixteen kinds of assembly and the atomic models at hand."""
    return [*parametric(seed), *(from_model(REAL_DATA / m) for m in MODELS if (REAL_DATA / m).is_file())]


def pairs(seeds: range, side: int, missing: float) -> Iterator[tuple[Complex, int, Pair]]:
    known = complexes(seeds.start)
    for number, seed in enumerate(seeds):
        complex_ = known[number % len(known)]
        mirrored = number % MIRRORED_EVERY == MIRRORED_EVERY - 1
        yield complex_, seed, make_pair(complex_, seed, side=side, missing_mass=missing, mirrored=mirrored)


def unrelated(seeds: range, side: int) -> Iterator[tuple[str, DensityMap, DensityMap]]:
    """Maps of different complexes, and of nothing."""
    for (one, first, pair), (other, second, against) in itertools.pairwise(pairs(seeds, side, 0.0)):
        yield f"{one.name} {first} against {other.name} {second}", pair.a, against.b
    rng = np.random.default_rng(seeds.start)
    for (one, first, pair), grid in zip(pairs(seeds[:20], side, 0.0), (32, 48, 64, 80) * 5, strict=False):
        noise = rng.standard_normal((grid,) * 3).astype(np.float32)
        yield f"{one.name} {first} against noise", pair.a, DensityMap(noise, (pair.a.size_xyz_a[0] / grid,) * 3)


def measured(complex_: Complex, seed: int, pair: Pair) -> Result:
    start = time.process_time()
    a, b = prepare(pair.a), prepare(pair.b)
    between = time.process_time()
    found = superpose(a, b)
    end = time.process_time()
    degrees, angstrom = pair.error_of(found.transform)
    return Result(complex_.name, seed, pair.resolutions_a, degrees, angstrom, found.score, found.confidence, end - start, between - start)


def report(title: str, results: list[Result]) -> None:
    found = [r for r in results if r.found]
    degrees = np.array([r.error_deg for r in results])
    cpu = np.array([r.cpu_s for r in results])
    print(f"\n{title}: {len(found)} of {len(results)} found ({100 * len(found) / len(results):.1f} %)")
    print(f"  error, degrees: median {np.median(degrees):.2f}, p90 {np.percentile(degrees, 90):.2f}")
    prepared = np.median([r.prepare_s for r in results])
    print(f"  CPU-s a pair:   median {np.median(cpu):.2f}, p90 {np.percentile(cpu, 90):.2f} (preparing both {prepared:.2f})")
    print(f"  {confidences('confidence where found', [r.confidence for r in found])}")
    for r in results:
        if not r.found:
            print(
                f"  missed: {r.complex_} seed {r.seed}, {r.resolutions_a[0]:.1f} and {r.resolutions_a[1]:.1f} Å: "
                f"{r.error_deg:.1f}°, {r.error_a:.1f} Å off, score {r.score:.2f}, confidence {r.confidence:.2f}"
            )
        elif r.confidence < 0.5:
            print(f"  doubted: {r.complex_} seed {r.seed}, {r.error_deg:.1f}° off, score {r.score:.2f}, confidence {r.confidence:.2f}")


def confidences(what: str, values: list[float]) -> str:
    if not values:
        return f"{what}: none"
    low, tenth, median, ninetieth, high = np.percentile(values, [0, 10, 50, 90, 100])
    above = 100 * np.mean(np.array(values) >= 0.5)
    return f"{what}: min {low:.2f}, p10 {tenth:.2f}, median {median:.2f}, p90 {ninetieth:.2f}, max {high:.2f}; {above:.1f} % ≥ 0.5"


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench superposition", description=__doc__)
    parser.add_argument("--tuning", action="store_true", help="the pairs for development instead of those reported")
    parser.add_argument("--side", type=int, default=64, help="voxels along the box of A")
    parser.add_argument("--pairs", type=int, default=len(REPORTED_SEEDS))
    parser.add_argument("--only", choices=("complete", "missing", "unrelated"), default=None)
    given = parser.parse_args()
    seeds = (TUNING_SEEDS if given.tuning else REPORTED_SEEDS)[: given.pairs]
    small = make_pair(next(parametric(7)), 7, side=32)
    start = time.process_time()
    superpose(small.a, small.b)
    print(f"first superposition of a process, tables included: {time.process_time() - start:.2f} CPU-s; side {given.side}, seeds {seeds}")
    if given.only in (None, "complete"):
        report("Complete maps", [measured(*p) for p in pairs(seeds, given.side, 0.0)])
    if given.only in (None, "missing"):
        report(f"{MISSING:.0%} of B's mass missing", [measured(*p) for p in pairs(seeds, given.side, MISSING)])
    if given.only in (None, "unrelated"):
        found = [(superpose(a, b), name) for name, a, b in unrelated(seeds, given.side)]
        print(f"\n{len(found)} unrelated: {confidences('confidence', [f.confidence for f, _ in found])}")
        for f, name in found:
            if f.confidence >= 0.5:
                print(f"  believed: {name}, score {f.score:.2f}, confidence {f.confidence:.2f}")


if __name__ == "__main__":
    main()
