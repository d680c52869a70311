"""Smaller copies (levels 1 and up, sharded OME-Zarr 0.5) of a 512³ MRC file against tensorstore."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from bench.harness import Contender, compare
from bench.peers import peer_python

from micrographia.derive.pyramid import build_pyramid
from micrographia.formats.registry import inspect, open_image
from micrographia.formats.source import FileSource
from micrographia.model.records import ImageRecord


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=512, help="voxels along each axis")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        build(Path(options.only), Path(options.only).with_suffix(".once"))
        # not ru_maxrss: that counts what the process was before it became this program
        peak = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())
        print(int(peak[1]) >> 10 if peak else "unknown")
        return
    python = peer_python("tensorstore", ["tensorstore"], imports="tensorstore")
    with tempfile.TemporaryDirectory(prefix="bench-pyramid-") as folder:
        for mode, dtype in ((1, "int16"), (2, "float32")):
            measure(Path(folder) / f"{dtype}.mrc", mode, np.dtype(dtype), options.side, options.rounds, python)


def measure(path: Path, mode: int, dtype: np.dtype, side: int, rounds: int, python: Path | None) -> None:
    write_volume(path, mode, dtype, side)
    script = Path(__file__).with_name("peers_tensorstore.py")
    peers = [
        subprocess.Popen([python, script, path, path.with_suffix(f".peer{first}"), str(first)], stdin=-1, stdout=-1, text=True, bufsize=1)
        for first in ((0, 1) if python else ())
    ]
    versions = [peer.stdout.readline().strip() for peer in peers]

    def run(peer: subprocess.Popen) -> None:
        peer.stdin.write("\n")
        peer.stdin.flush()
        assert peer.stdout.readline(), "the peer died"

    compare(
        f"pyramid of {dtype.name} {side}³",
        [
            Contender("levels ≥ 1", "ours", lambda: build(path, path.with_suffix(".ours"))),
            *(
                Contender(f"tensorstore {version}, {levels}", "peer", lambda peer=peer: run(peer), target=target)
                for peer, version, levels, target in zip(peers, versions, ("all levels", "levels ≥ 1"), (2, None), strict=False)
            ),
            Contender("reading the file", "limit", lambda: path.read_bytes()),
        ],
        amount=path.stat().st_size / 1e6,
        unit="MB",
        rounds=rounds,
    )
    for peer in peers:
        peer.kill()
        peer.wait()
    alone = subprocess.run([sys.executable, "-m", "bench.pyramid", "--only", path], capture_output=True, text=True, check=True)
    print(f"  peak memory of ours, with its libraries: {alone.stdout.strip()} MiB  target ≤ 256")
    for left in path.parent.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def build(path: Path, out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    with FileSource(path) as source:
        description = inspect(source, path.name)
        header = description.images[0]
        record = ImageRecord.of(
            header, number=1, path=path.name, index=0, format_name=description.format, kind="tomogram", role="", statistics=None
        )
        build_pyramid(open_image(source, description.format, 0, header), record, out)


def write_volume(path: Path, mode: int, dtype: np.dtype, side: int) -> None:
    """Write noise, no two sections equal."""
    header = np.zeros(256, "<i4")
    header[[0, 1, 2, 3, 7, 8, 9]] = side, side, side, mode, side, side, side
    header[10:13].view("<f4")[:] = side
    header[[16, 17, 18, 22, 27]] = 1, 2, 3, 1, 20140
    header[52:54].view("S4")[:] = b"MAP ", b"DD"
    section = np.random.default_rng(0).normal(0, 300, side * side).astype(dtype)
    with open(path, "wb") as file:
        file.write(header.tobytes())
        for number in range(side):
            file.write(np.roll(section, 7 * number).tobytes())


if __name__ == "__main__":
    main()
