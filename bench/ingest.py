"""One pass over a file (SHA-256, statistics, repeated sections, copy) against sha256sum of the same file."""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from bench.harness import Contender, compare

from micrographia.formats.read_once import read_once
from micrographia.formats.registry import inspect
from micrographia.formats.source import FileSource
from micrographia.imaging.statistics import statistics_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=512, help="size of each file, MB")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-ingest-") as folder:
        for mode, dtype in ((1, "<i2"), (2, "<f4"), (0, "i1")):
            measure(Path(folder) / f"{np.dtype(dtype).name}.mrc", mode, np.dtype(dtype), options.mb, options.rounds)
    print(f"peak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB")


def measure(path: Path, mode: int, dtype: np.dtype, megabytes: int, rounds: int) -> None:
    write_mrc(path, mode, dtype, megabytes)
    with FileSource(path) as source:
        description = inspect(source, path.name)
    copy = path.with_suffix(".copy")

    def with_copy() -> None:
        with open(copy, "wb", buffering=0) as file:
            read_once(path, description, write=file.write)
        os.unlink(copy)

    def measured_only() -> None:
        with FileSource(path) as source:
            layout = description.images[0].layout
            assert layout
            for start in range(layout.offset, source.size, 4 << 20):
                statistics_of([np.frombuffer(source.read(start, min(4 << 20, source.size - start)), dtype)])

    def hashed_only() -> None:
        digest = hashlib.sha256()
        with open(path, "rb", buffering=0) as file:
            while block := file.read(4 << 20):
                digest.update(block)

    compare(
        f"ingest of {dtype.name}",
        [
            Contender("hash + statistics + sections", "ours", lambda: read_once(path, description)),
            Contender("the same and a copy", "limit", with_copy),
            Contender("sha256sum", "peer", lambda: subprocess.run(["sha256sum", path], check=True, stdout=subprocess.DEVNULL), target=0.8),
            Contender("hashlib.sha256 alone", "limit", hashed_only),
            Contender("statistics alone", "limit", measured_only),
        ],
        amount=description.size_bytes / 1e6,
        unit="MB",
        rounds=rounds,
    )
    os.unlink(path)


def write_mrc(path: Path, mode: int, dtype: np.dtype, megabytes: int) -> None:
    """Write noise as a stack of 1024 × 1024 sections, no two equal."""
    sections = max(1, megabytes * 1_000_000 // (dtype.itemsize << 20))
    header = np.zeros(256, "<i4")
    header[[0, 1, 2, 3, 7, 8, 9]] = 1024, 1024, sections, mode, 1024, 1024, sections
    header[10:13].view("<f4")[:] = 1024, 1024, sections
    header[[16, 17, 18, 22, 27]] = 1, 2, 3, 1, 20140
    header[52:54].view("S4")[:] = b"MAP ", b"DD"
    section = np.random.default_rng(0).normal(50, 15, 1 << 20).astype(dtype)
    with open(path, "wb") as file:
        file.write(header.tobytes())
        for number in range(sections):
            file.write(np.roll(section, number).tobytes())
