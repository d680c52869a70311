"""Describing a folder of 100,000 small files against finding them, asking their length and reading 1 kB of each."""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from bench.harness import Contender, compare
from bench.ingest import write_mrc

from micrographia.formats.survey import survey

IN_A_FOLDER = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-walk-") as folder:
        top = Path(folder) / "data"
        make(top, options.files)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        def ours() -> None:
            assert sum(1 for _ in survey(top)) == options.files

        def plain() -> None:
            assert walk(str(top)) == options.files

        def find() -> None:
            subprocess.run(
                ["find", str(top), "-type", "f", "-size", "+0", "-exec", "head", "-qc", "1024", "{}", "+"],
                check=True,
                stdout=subprocess.DEVNULL,
            )

        compare(
            "describe",
            [
                Contender("survey", "ours", ours),
                Contender("walk + stat + read 1 kB, Python", "peer", plain, target=0.2),
                Contender("find + head -c 1024", "limit", find),
            ],
            amount=options.files,
            unit="files",
            rounds=options.rounds,
        )
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"peak memory of this process {after >> 10} MiB, {after - before >> 10} MiB of it taken during the run", file=sys.stdout)


def make(top: Path, count: int) -> None:
    """Write micrographs of 16 × 16 samples in folders of a thousand."""
    one = top.parent / "one.mrc"
    write_small(one)
    data = one.read_bytes()
    for number in range(count):
        folder = top / f"GridSquare_{number // IN_A_FOLDER}"
        if number % IN_A_FOLDER == 0:
            folder.mkdir(parents=True)
        with open(folder / f"FoilHole_{number % IN_A_FOLDER}_fractions.mrc", "wb") as file:
            file.write(data)


def write_small(path: Path) -> None:
    write_mrc(path, 1, np.dtype("<i2"), 0)
    data = bytearray(path.read_bytes()[: 1024 + 512])
    words = np.frombuffer(data, "<i4", 3)
    words[:] = 16, 16, 1
    path.write_bytes(data)


def walk(top: str) -> int:
    count = 0
    for folder, _, files in os.walk(top):
        for name in files:
            path = f"{folder}/{name}"
            os.stat(path)
            with open(path, "rb", buffering=0) as file:
                file.read(1024)
            count += 1
    return count
