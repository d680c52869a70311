"""Comparison of maps in CPU time: FSC beside two transforms, alignment beside EMalign and BOTalign, search by shape, and `va`."""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import mrcfile
import numpy as np
import scipy.fft
from bench.harness import Contender, compare
from bench.peers import peer_python
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from micrographia.compare.shape_index import ShapeIndex
from micrographia.imaging.fsc import fourier_shell_correlation
from micrographia.imaging.shape import rotational_likeness, shape_of
from micrographia.testing.assemblies import Complex, globular, helical, hinge, symmetric
from micrographia.testing.map_pairs import render

ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
SCRIPT = Path(__file__).with_name("peers_alignment.py")
# va takes a frequency into the shell above it, others into the nearest
VA_SHELLS_OFF = 0.5
VA_NAMES = {"0.143": "0.143", "0.5": "0.5", "half_bit": "halfbit", "one_bit": "onebit"}


@dataclass
class Aligner:
    """A program that superposes two files."""

    name: str
    python: Path
    knows_shifts: bool = True
    runs: list[dict] = field(default_factory=list)
    errors_deg: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench compare", description=__doc__)
    parser.add_argument("--only", choices=("fsc", "alignment", "shape", "va"), action="append")
    parser.add_argument("--pairs", type=int, default=4, help="pairs of maps that every program superposes")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):  # libraries read it when they are loaded
        os.execve(sys.executable, [sys.executable, "-m", "bench", "compare", *sys.argv[1:]], os.environ | ONE_THREAD)
    steps: dict[str, Callable[[argparse.Namespace], None]] = {"fsc": fsc, "alignment": alignment, "shape": shape, "va": va}
    print(f"CPU time, one thread; load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for name in options.only or steps:
        steps[name](options)


def fsc(options: argparse.Namespace) -> None:
    for side in (256, 512):
        halves = [noisy_ball(side, seed) for seed in (1, 2)]
        contenders = [
            Contender("fourier_shell_correlation", "ours", lambda h=halves: fourier_shell_correlation(*h, voxel_size_a=1.0)),
            Contender("two scipy.fft.rfftn, float32", "limit", lambda h=halves: [scipy.fft.rfftn(v) for v in h], 1 / 1.15),
        ]
        if side == 256:  # at 512³ it takes 5 GiB and most of a minute
            contenders.append(Contender("plain numpy", "peer", lambda h=halves: plain_fsc(*h)))
        rates = compare(f"FSC of {side}³", contenders, amount=2e-6 * side**3, unit="Mvoxel", rounds=options.rounds, clock=time.process_time)
        for name, rate in rates.items():
            print(f"  {name}: {2e-6 * side**3 / rate:.3g} CPU-s")


def noisy_ball(side: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    z, y, x = np.ogrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j, -1 : 1 : side * 1j]
    ball = (z * z + y * y + x * x < 0.3).astype(np.float32)
    return ball + rng.standard_normal(ball.shape, dtype=np.float32)


def plain_fsc(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """What one writes down in a few lines of numpy."""
    f, g = np.fft.rfftn(a), np.fft.rfftn(b)
    n = a.shape[0]
    z, y, x = np.meshgrid(np.fft.fftfreq(n), np.fft.fftfreq(n), np.fft.rfftfreq(n), indexing="ij")
    shell = np.rint(np.sqrt(z * z + y * y + x * x) * n).astype(int).ravel()
    twice = np.where((x == 0) | (x == 0.5), 1.0, 2.0)

    def summed(values: np.ndarray) -> np.ndarray:
        return np.bincount(shell, (twice * values).ravel())[: n // 2 + 1]

    return summed((f * g.conj()).real) / np.sqrt(summed(abs(f) ** 2) * summed(abs(g) ** 2))


def complexes(count: int) -> list[Complex]:
    made: tuple[Callable[[int], Complex], ...] = (globular, lambda seed: hinge(seed, 30), lambda seed: symmetric("C3", seed), helical)
    return [made[i % len(made)](2000 + i) for i in range(count)]


def alignment(options: argparse.Namespace) -> None:
    """Every program gets the same two files; the one that finds rotations alone gets B in the middle of its box."""
    aligners = [
        Aligner("micrographia", Path(sys.executable)),
        *peers("emalign", ["EMalign==1.0.5", "numpy<2"], "src.align_volumes_3d", ("emalign", "emalign-filtered")),
        *peers("aspire", ["aspire==0.14"], "aspire", ("botalign",), knows_shifts=False),
    ]
    with tempfile.TemporaryDirectory(prefix="bench-compare-") as place:
        for number, complex_ in enumerate(complexes(options.pairs)):
            paths, turns = write_pair(Path(place), complex_, number)
            for aligner in aligners:
                files = paths["a"], paths["b" if aligner.knows_shifts else "centred"]
                command = [aligner.python, "-W", "ignore", SCRIPT, aligner.name, *files]
                # ASPIRE writes logs into the folder where it runs
                run = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=place).stdout)
                aligner.runs.append(run)
                aligner.errors_deg.append(error_deg(run["rotation"], turns))
    ours = aligners[0]
    print(f"alignment of 128³, {options.pairs} pairs, 8 Å, SNR 1: CPU-s, median (min–max)")
    print(f"  {'':<28}{'start':>7}{'read':>7}{'align':>22}  ours/this  error of each, degrees")
    for aligner in aligners:
        seconds = [run["align_s"] for run in aligner.runs]
        ratios = [theirs["align_s"] / mine["align_s"] for mine, theirs in zip(ours.runs, aligner.runs, strict=True)]
        start, read = (statistics.median(run[key] for run in aligner.runs) for key in ("start_s", "read_s"))
        spread = f"{statistics.median(seconds):.2f} ({min(seconds):.2f}–{max(seconds):.2f})"
        found = ", ".join(f"{e:.2f}" for e in aligner.errors_deg)
        name = f"{aligner.name} {aligner.runs[0]['version']}"
        print(f"  {name:<28}{start:>7.2f}{read:>7.2f}{spread:>22}  {statistics.median(ratios):>7.1f} ×  {found}")
    first = statistics.median(run["first_s"] for run in ours.runs)
    print(f"  target ≤ 1.5 CPU-s; the first of a process, with the tables that it keeps, {first:.2f}")


def peers(name: str, packages: list[str], imports: str, programs: tuple[str, ...], *, knows_shifts: bool = True) -> Iterator[Aligner]:
    python = peer_python(name, packages, imports=imports)
    return iter([Aligner(program, python, knows_shifts) for program in programs] if python else [])


def write_pair(folder: Path, complex_: Complex, seed: int) -> tuple[dict[str, Path], np.ndarray]:
    """Return paths of A, B and B in the middle of its box, and the rotations of B onto A that are true, one for each symmetry."""
    rng = np.random.default_rng(seed)
    box_a = 2.8 * complex_.blobs.radius_a
    motions = np.tile(np.eye(4), (3, 1, 1))
    turns = Rotation.random(2, random_state=rng).as_matrix()
    motions[:, :3, :3] = turns[[0, 1, 1]]
    motions[1, :3, 3] = rng.uniform(-0.06, 0.06, 3) * box_a
    paths = {}
    for name, motion in zip(("a", "b", "centred"), motions, strict=True):
        made = render(complex_.blobs, rng, motion=motion, side=128, box_a=box_a, resolution_a=8.0, snr=1.0)
        paths[name] = write(folder / f"{name}{seed}.mrc", made.values, made.voxel_size_a[0])
    return paths, turns[0] @ complex_.operators @ turns[1].T


def write(path: Path, values: np.ndarray, voxel_size_a: float) -> Path:
    mrcfile.write(path, values.astype(np.float32), voxel_size=voxel_size_a, overwrite=True)
    return path


def error_deg(found: list[list[float]] | None, turns: np.ndarray) -> float:
    if found is None:  # it took B for a mirror image
        return 180.0
    return float(np.rad2deg(Rotation.from_matrix(np.array(found) @ turns.transpose(0, 2, 1)).magnitude().min()))


def shape(options: argparse.Namespace) -> None:
    rng = np.random.default_rng(0)
    maps = [render(c.blobs, rng, side=128, box_a=2.8 * c.blobs.radius_a, resolution_a=8.0, snr=1.0) for c in complexes(2)]
    one, other = (shape_of(m) for m in maps)
    vectors = rng.standard_normal((50_000, one.vector.size)).astype(one.vector.dtype)
    keys = np.ones((len(vectors), 3), np.int64)
    keys[:, 0] = 10_001 + np.arange(len(vectors))
    index = ShapeIndex(keys, vectors)
    for title, run, target_ms in (
        ("descriptor of a map of 128³", lambda: shape_of(maps[0]), 50),
        (f"scan of 50,000 descriptors of {one.vector.size} numbers", lambda: index.nearest(one.vector, 50), 50),
        ("re-rank of one", lambda: rotational_likeness(one, other), 5),
    ):
        run()
        took = sorted(1e3 * cpu_s(run) for _ in range(4 * options.rounds))
        reached = "reached" if statistics.median(took) <= target_ms else "MISSED"
        print(f"{title}: {statistics.median(took):.3g} ms ({took[0]:.3g}–{took[-1]:.3g})  target ≤ {target_ms}  {reached}")


def cpu_s(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def va(options: argparse.Namespace) -> None:
    """FSC of two half maps as the validation of EMDB makes it."""
    python = peer_python("va", ["va", "six"], imports="va")
    if python is None:
        return
    with tempfile.TemporaryDirectory(prefix="bench-va-") as place:
        folder = Path(place)
        whole = render(complexes(1)[0].blobs, np.random.default_rng(0), side=256, box_a=256.0, resolution_a=3.0).values
        rng = np.random.default_rng(1)
        halves = [whole + 0.5 * whole.std() * gaussian_filter(rng.standard_normal(whole.shape, dtype=np.float32), 0.5) for _ in range(2)]
        paths = [write(folder / f"half{i}.map", half, 1.0) for i, half in enumerate(halves, 1)]
        write(folder / "map.map", sum(halves) / 2, 1.0)
        flags = ["-d", f"{folder}/", "-m", "map.map", "-hmeven", "half1.map", "-hmodd", "half2.map", "-cl", "1"]
        command = [python.with_name("va"), *flags, "-met", "singleparticle", "-s", "3", "-run", "fsc"]
        theirs_s = child_cpu_s(command)
        ours_s = child_cpu_s([sys.executable, "-m", "micrographia", "fsc", *paths, "--json"], stdout=folder / "ours.json")
        theirs = json.loads((folder / "map.map_fsc.json").read_text())["fsc"]["intersections"]
        ours = json.loads((folder / "ours.json").read_text())["resolution_a"]
        print(f"FSC of half maps of 256³, whole commands: ours {ours_s:.2f} CPU-s, va {theirs_s:.2f} CPU-s (it reads the map itself too)")
        for name, other in VA_NAMES.items():
            at = theirs[other]["x"]
            there = 1 / (at - VA_SHELLS_OFF / 256)
            print(f"  {name}: {ours[name]:.3f} Å, va {there:.3f} Å ({1 / at:.3f} as it counts shells), {ours[name] / there - 1:+.2%}")


def child_cpu_s(command: list[object], *, stdout: Path = Path(os.devnull)) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with stdout.open("wb") as out:
        subprocess.run(list(map(str, command)), stdout=out, stderr=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
