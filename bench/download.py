"""Whole files and 512 kB ranges over HTTP: our server alone and behind nginx, beside nginx on the same file."""

from __future__ import annotations

import argparse
import contextlib
import random
from collections.abc import Callable

from bench.harness import Contender, compare
from bench.serving import fetch, get, nginx, our_server, released_volume

_RANGE = 512 << 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=512, help="voxels along each axis of the int16 volume")
    parser.add_argument("--requests", type=int, default=600, help="ranges a round")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        volume = stack.enter_context(released_volume(options.side))
        ours = stack.enter_context(our_server(volume.home))
        behind = stack.enter_context(our_server(volume.home, MICROGRAPHIA_X_ACCEL_PREFIX="/store"))
        store = volume.home / "store"
        static = stack.enter_context(nginx(store, store, behind))
        address = f"/files/{volume.accession}/1/volume.mrc"
        plain = f"/{volume.path.relative_to(store)}"
        rng = random.Random(0)
        ranges = [f"Range: bytes={(at := rng.randrange(volume.size - _RANGE))}-{at + _RANGE - 1}\r\n" for _ in range(options.requests)]
        for clients in (1, 16):
            whole = max(clients, 4)
            tasks: list[tuple[str, list[str], float, str, float, float]] = [
                ("whole file", [""] * whole, whole * volume.size / 1e6, "MB", 0.5, 0.8),
                ("512 kB ranges", ranges, len(ranges), "requests", 0.5, 0.4),
            ]
            for what, headers, amount, unit, target, target_behind in tasks:
                contenders = [Contender("sendfile, no proxy", "ours", _fetcher(ours, address, headers, clients))]
                if static is not None:
                    contenders.append(Contender("nginx, static", "limit", _fetcher(static, plain, headers, clients), target))
                compare(f"{what}, {clients} clients", contenders, amount=amount, unit=unit)
                if static is not None:
                    contenders = [
                        Contender("nginx, X-Accel-Redirect", "ours", _fetcher(static, address, headers, clients)),
                        Contender("nginx, static", "limit", _fetcher(static, plain, headers, clients), target_behind),
                    ]
                    compare(f"{what} behind nginx, {clients} clients", contenders, amount=amount, unit=unit)


def _fetcher(port: int, path: str, headers: list[str], clients: int) -> Callable[[], int]:
    requests = [get(path, h) for h in headers]
    return lambda: fetch(port, requests, clients=clients)


if __name__ == "__main__":
    main()
