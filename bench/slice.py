"""Sections of a volume over HTTP: as numbers beside tiled and nginx, as pictures beside Pillow alone."""

from __future__ import annotations

import argparse
import contextlib
import io
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from bench.harness import Contender, compare
from bench.serving import Volume, fetch, get, nginx, our_server, released_volume, tiled
from PIL import Image

from micrographia.imaging.contrast import to_uint8
from micrographia.imaging.png import encode_png


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=512, help="voxels along each axis")
    parser.add_argument("--requests", type=int, default=400)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        volume = stack.enter_context(released_volume(options.side))
        ready_made = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-sections-")))
        ready_made.chmod(0o755)
        for i in range(volume.n):
            np.save(ready_made / f"{i}.npy", np.memmap(volume.path, "<i2", "r", 1024, (volume.n,) * 3)[i])
        ours = stack.enter_context(our_server(volume.home))
        static = stack.enter_context(nginx(ready_made, volume.home / "store", ours))
        peer = stack.enter_context(tiled(volume))
        _sections(volume, ours, static, peer, options.requests)
        _pictures(volume, ours, options.requests)


def _sections(volume: Volume, ours: int, static: int | None, peer: int | None, count: int) -> None:
    picked = random.Random(0).choices(range(volume.n), k=count)
    address = f"/api/v1/images/{volume.accession}.1.1/slice?axis=z&format=npy&index="
    for clients in (1, 16):
        contenders = [Contender("npy section", "ours", _fetcher(ours, [get(f"{address}{i}") for i in picked], clients))]
        if peer is not None:
            few = max(clients, count // 4)  # it is slow

            def slow(few: int = few, clients: int = clients) -> None:
                requests = [get(f"/api/v1/array/full/volume?slice={i}", "Accept: application/octet-stream\r\n") for i in picked[:few]]
                fetch(peer, requests, clients=clients)

            _compare_unequal(volume, ours, [get(f"{address}{i}") for i in picked], slow, few, clients)
        if static is not None:
            ready = _fetcher(static, [get(f"/{i}.npy") for i in picked], clients)
            contenders.append(Contender("nginx, the same bytes as ready files", "limit", ready, 0.6))
        compare(f"npy section of {volume.n}² int16, {clients} clients", contenders, amount=count, unit="requests")


def _compare_unequal(volume: Volume, ours: int, requests: list[bytes], slow: Callable[[], None], few: int, clients: int) -> None:
    """Both do `few` requests, so that the same work is compared."""
    compare(
        f"npy section of {volume.n}² int16 beside tiled, {clients} clients",
        [
            Contender("npy section", "ours", _fetcher(ours, requests[:few], clients)),
            Contender("tiled 0.2 on a memory map", "peer", slow, 20),
        ],
        amount=few,
        unit="requests",
        rounds=3,
    )


def _pictures(volume: Volume, ours: int, count: int) -> None:
    section = np.memmap(volume.path, "<i2", "r", 1024, (volume.n,) * 3)[volume.n // 2]
    grey = to_uint8(np.asarray(section), -1000.0, 1000.0)
    rounds = 20
    compare(
        f"PNG of {volume.n}², encoding alone",
        [
            Contender("PNG", "ours", lambda: [encode_png(grey) for _ in range(rounds)]),
            Contender("Pillow, level 1", "peer", lambda: [_pillow(grey) for _ in range(rounds)], 5),
        ],
        amount=rounds,
        unit="pictures",
    )
    picked = random.Random(1).choices(range(volume.n), k=count // 4)
    address = f"/api/v1/images/{volume.accession}.1.1/slice?axis=z&format=png&index="
    for clients in (1, 16):
        compare(
            f"PNG section over HTTP, read, contrast and all, {clients} clients",
            [
                Contender("PNG section", "ours", _fetcher(ours, [get(f"{address}{i}") for i in picked], clients)),
                Contender("Pillow, level 1, encoding alone", "peer", lambda: [_pillow(grey) for _ in picked]),
            ],
            amount=len(picked),
            unit="requests",
            rounds=3,
        )


def _pillow(grey: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(grey).save(out, "PNG", compress_level=1)
    return out.getvalue()


def _fetcher(port: int, requests: list[bytes], clients: int) -> Callable[[], int]:
    return lambda: fetch(port, requests, clients=clients)


if __name__ == "__main__":
    main()
