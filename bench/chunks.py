"""Raw chunks of 64³ voxels cut out of a deposited file beside nginx with ready-made files; keys that are not there; chunks of a bucket."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import random
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from bench.harness import Contender, compare
from bench.serving import Volume, fetch, get, nginx, our_server, released_volume

from micrographia.assembly import open_archive
from micrographia.formats.raw import read_ranges
from micrographia.model.image import RawLayout
from micrographia.model.multiscale import RECIPE, band_of, multiscale_of
from micrographia.model.records import ImageRecord
from micrographia.settings import Settings
from micrographia.store.bucket import open_bucket
from micrographia.testing.s3_server import s3_server, weed
from micrographia.web.app import create_app

_SIDE = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=512, help="voxels along each axis")
    parser.add_argument("--requests", type=int, default=1000)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        volume = stack.enter_context(released_volume(options.side))
        ready_made = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-chunks-")))
        ready_made.chmod(0o755)
        keys = _cut(volume, ready_made)
        ours = stack.enter_context(our_server(volume.home))
        static = stack.enter_context(nginx(ready_made, volume.home / "store", ours))
        _chunks(volume, ours, static, random.Random(0).choices(keys, k=options.requests))
    with released_volume(_SIDE) as small:
        _absent(small, options.requests)
    _bands(options.side)


def _cut(volume: Volume, folder: Path) -> list[str]:
    """Write every chunk as a file of its own."""
    voxels = np.memmap(volume.path, "<i2", "r", 1024, (volume.n,) * 3)
    keys = []
    for z, y, x in np.ndindex(*(-(-volume.n // _SIDE),) * 3):
        key = f"{z}/{y}/{x}"
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        chunk = np.zeros((_SIDE,) * 3, "<i2")
        part = voxels[tuple(slice(i * _SIDE, (i + 1) * _SIDE) for i in (z, y, x))]
        chunk[tuple(slice(n) for n in part.shape)] = part
        path.write_bytes(chunk.tobytes())
        keys.append(key)
    return keys


def _chunks(volume: Volume, ours: int, static: int | None, keys: list[str]) -> None:
    cut = [get(f"/zarr/{volume.accession}.1.1-r{RECIPE}/0/c/{key}") for key in keys]
    ready = [get(f"/{key}") for key in keys]
    for clients in (1, 16):
        contenders = [Contender("chunk cut out of the file", "ours", lambda c=clients: fetch(ours, cut, clients=c))]
        if static is not None:
            limit = Contender("nginx, the same bytes as ready files", "limit", lambda c=clients: fetch(static, ready, clients=c), 0.4)
            contenders.append(limit)
        compare(f"chunk of {_SIDE}³ int16, {clients} clients", contenders, amount=len(keys), unit="requests")


def _absent(volume: Volume, count: int) -> None:
    """Time from the request in our hands to the answer, with no network in between."""
    archive = open_archive(Settings(home=volume.home))
    app = create_app(archive)
    base = f"/zarr/{volume.accession}.1.1-r{RECIPE}"
    for key in ("0/c/9/9/9", ".zattrs", "9/zarr.json", "labels/zarr.json"):
        took = asyncio.run(_time(app, f"{base}/{key}", count))
        microseconds = [round(1e6 * t) for t in (min(took), statistics.median(took), sorted(took)[int(0.99 * len(took))])]
        print(f"absent key {key}: {microseconds[0]} µs at least, {microseconds[1]} µs median, {microseconds[2]} µs p99; target ≤ 1000")
    app.application.state.site.close()
    archive.catalogue.close()


async def _time(app: object, path: str, count: int) -> list[float]:
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [(b"host", b"a")]}
    scope |= {"http_version": "1.1", "scheme": "http", "server": ("a", 80), "client": ("b", 1), "root_path": "", "asgi": {"version": "3.0"}}
    statuses: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(int(str(message["status"])))

    took = []
    for _ in range(count):
        start = time.perf_counter()
        await app(dict(scope), receive, send)  # type: ignore[operator]
        took.append(time.perf_counter() - start)
    assert set(statuses) == {404}
    return took[1:]


def _bands(n: int) -> None:
    """Read a part of a volume in a bucket by the chunks that hold it: runs of bytes, and cubes."""
    if weed() is None:
        print("the S3 server (weed) is not installed: chunks of a bucket are not measured")
        return
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(s3_server(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-s3-")))))
        os.environ.update(server.environment)
        bucket = open_bucket(f"s3://{server.bucket}/bench")
        for shape in ((_SIDE, n, n), (8, 4096, 4096)):
            bucket.write("volume", np.random.default_rng(0).integers(-999, 999, shape, dtype="<i2").tobytes(), staging="staging")
            layout = RawLayout(0, (2 * shape[1] * shape[2], 2 * shape[2], 2), "<i2")
            image = ImageRecord(
                number=1, path="volume", format="mrc", kind="tomogram", axes="zyx", shape=shape, dtype="int16", layout=layout
            )
            source, seen = bucket.source("volume"), multiscale_of(image)
            assert seen is not None
            window = (slice(5, 6), slice(0, 256), slice(0, 256))
            bands, cubes = (_holding(window, shape, chunk) for chunk in (band_of(image, seen), seen.chunk))
            compare(
                f"256² samples of a section of {shape[1]}² from a bucket",
                [
                    Contender(f"{len(bands)} bands", "ours", lambda s=source, p=bands, y=layout: [read_ranges(s, y, r) for r in p]),
                    Contender(f"{len(cubes)} cubes", "peer", lambda s=source, p=cubes, y=layout: [read_ranges(s, y, r) for r in p], 1),
                ],
                amount=1,
                unit="sections",
                rounds=1,
                warm_up=0,
            )


def _holding(window: tuple[slice, ...], shape: tuple[int, ...], chunk: tuple[int, ...]) -> list[tuple[range, ...]]:
    """Ranges of each chunk that holds something of a window."""
    firsts = [range(s.start // c, -(-s.stop // c)) for s, c in zip(window, chunk, strict=True)]
    return [tuple(range(i * c, min((i + 1) * c, n)) for i, c, n in zip(at, chunk, shape, strict=True)) for at in itertools.product(*firsts)]


if __name__ == "__main__":
    main()
