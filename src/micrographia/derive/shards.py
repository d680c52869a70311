"""Sharded Zarr 3 arrays, written chunk by chunk in any order; nothing but the index of unfinished shards is kept in memory."""

from __future__ import annotations

import json
import os
import struct
import threading
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
from numcodecs import blosc
from numpy.typing import NDArray

# Zarr sharding specification, section "binary shard format": an index entry of all ones says that the chunk is not there
_ABSENT = 0xFFFF_FFFF_FFFF_FFFF
_LEVEL = 5
# threads of ours share the work; those of the codec would get in their way
blosc.use_threads = False


@dataclass(slots=True)
class _Shard:
    path: Path
    index: NDArray[np.uint64]
    missing: int
    """Chunks that are still to come."""
    end: int = 0


class ShardedArray:
    """One array on its way to disk. Every chunk must be written once; `close` writes the metadata.

    Threads may encode; chunks are written by one of them, so that the same array always gives the same files.

    Parameters
    ----------
    folder : Path
        Where the array goes; made here.
    shape, chunk, shard : tuple of int
        Lengths of the array, of one chunk, and of one shard (whole chunks).
    dtype : numpy.dtype
        Type of the samples, in the machine's byte order.
    axes : str
        Names of the axes.
    """

    def __init__(
        self, folder: Path, *, shape: tuple[int, ...], chunk: tuple[int, ...], shard: tuple[int, ...], dtype: np.dtype[Any], axes: str
    ) -> None:
        self.shape, self.chunk, self.dtype = shape, chunk, dtype
        self._folder = folder
        self._shard = shard
        self._axes = axes
        self._per_shard = tuple(s // c for s, c in zip(shard, chunk, strict=True))
        self._open: dict[tuple[int, ...], _Shard] = {}
        self._local = threading.local()
        folder.mkdir(exist_ok=True)

    def encode(self, block: NDArray[Any]) -> bytes:
        """Return the chunk that holds `block`; a block smaller than a chunk lies at the array's end."""
        chunk = self._buffer()
        if block.shape != self.chunk:
            chunk[...] = 0
        chunk[tuple(slice(n) for n in block.shape)] = block
        encoded: bytes = blosc.compress(chunk, b"lz4", _LEVEL, blosc.BITSHUFFLE)
        return encoded

    def write(self, at: tuple[int, ...], encoded: bytes) -> None:
        """Write the chunk with the index `at`."""
        key = tuple(i // g for i, g in zip(at, self._per_shard, strict=True))
        shard = self._open.get(key) or self._begin(key)
        _append(shard.path, encoded, shard.end)
        shard.index[tuple(i % g for i, g in zip(at, self._per_shard, strict=True))] = shard.end, len(encoded)
        shard.end += len(encoded)
        shard.missing -= 1
        if not shard.missing:
            index = shard.index.tobytes()
            _append(shard.path, index + struct.pack("<I", google_crc32c.value(index)), shard.end)
            del self._open[key]

    def state(self) -> tuple[list[list[int]], NDArray[np.uint64]]:
        """Return what is unfinished: of each shard its key, the chunks missing and its end; and their indices."""
        keys = [[*key, shard.missing, shard.end] for key, shard in self._open.items()]
        return keys, np.stack([s.index for s in self._open.values()]) if self._open else np.empty(0, "<u8")

    def restore(self, keys: list[list[int]], indices: NDArray[np.uint64]) -> None:
        """Go on from a state; what was written behind it is cut off."""
        for (*key, missing, end), index in zip(keys, indices, strict=True):
            shard = self._open[tuple(key)] = self._begin(tuple(key))
            shard.index[...], shard.missing, shard.end = index, missing, end
            os.truncate(shard.path, end)

    def close(self) -> None:
        """Write the array's metadata."""
        if self._open:
            raise RuntimeError(f"{len(self._open)} shards of {self._folder} lack chunks")
        (self._folder / "zarr.json").write_text(json.dumps(self._metadata()))

    def _buffer(self) -> NDArray[Any]:
        buffer: NDArray[Any] | None = getattr(self._local, "buffer", None)
        if buffer is None:
            buffer = self._local.buffer = np.empty(self.chunk, self.dtype)
        return buffer

    def _begin(self, key: tuple[int, ...]) -> _Shard:
        counts = [-(-n // c) for n, c in zip(self.shape, self.chunk, strict=True)]
        chunks = prod(min(g, n - k * g) for g, n, k in zip(self._per_shard, counts, key, strict=True))
        path = self._folder.joinpath("c", *map(str, key))
        # a folder that was taken away while we write stays away
        for folder in reversed(path.parents[: len(key)]):
            folder.mkdir(exist_ok=True)
        shard = self._open[key] = _Shard(path, np.full((*self._per_shard, 2), _ABSENT, "<u8"), chunks)
        return shard

    def _metadata(self) -> dict[str, Any]:
        little = {"name": "bytes", "configuration": {"endian": "little"}}
        compressed = {"cname": "lz4", "clevel": _LEVEL, "shuffle": "bitshuffle", "typesize": self.dtype.itemsize, "blocksize": 0}
        sharding = {
            "chunk_shape": list(self.chunk),
            "codecs": [little, {"name": "blosc", "configuration": compressed}],
            "index_codecs": [little, {"name": "crc32c"}],
            "index_location": "end",
        }
        return array_metadata(
            self.shape, self._shard, self.dtype, self._axes, codecs=[{"name": "sharding_indexed", "configuration": sharding}]
        )


def array_metadata(
    shape: tuple[int, ...], chunk: tuple[int, ...], dtype: np.dtype[Any], axes: str, *, codecs: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the ``zarr.json`` of a Zarr 3 array whose files each hold `chunk`."""
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(shape),
        "data_type": dtype.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunk)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": False if dtype.kind == "b" else 0.0 if dtype.kind == "f" else 0,
        "codecs": codecs,
        "attributes": {},
        "dimension_names": list(axes),
        "storage_transformers": [],
    }


def _append(path: Path, data: bytes, at: int) -> None:
    # opened each time: a large image has more shards under way than a process may have files
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (0 if at else os.O_TRUNC), 0o644)
    try:
        view = memoryview(data)
        while view:
            written = os.pwrite(fd, view, at)
            view, at = view[written:], at + written
    finally:
        os.close(fd)
