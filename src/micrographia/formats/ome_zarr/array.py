"""The lazy array of a Zarr array: zarr-python reads the chunks, through a store that only reads and only inside the tree."""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from math import prod
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.abc.store import ByteRequest, OffsetByteRequest, RangeByteRequest, Store, SuffixByteRequest
from zarr.core.buffer import Buffer, BufferPrototype, default_buffer_prototype

from micrographia.errors import InvalidInputError, MicrographiaError
from micrographia.formats.chunks import chunk_ranges
from micrographia.formats.description import LazyImage, UnreadableError
from micrographia.formats.ome_zarr.nodes import LONGEST_CHUNK_BYTES, ArrayFacts, Node
from micrographia.formats.selection import Ranges
from micrographia.formats.source import ByteTree
from micrographia.model.image import ImageHeader

# one decoder a process: whoever wants more starts more workers
zarr.config.set({"async.concurrency": 4, "threading.max_workers": 1})

# what zarr-python and its codecs raise on malformed metadata and chunks
_ERRORS = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError, NotImplementedError, OSError, RuntimeError,
    TypeError, ValueError, lzma.LZMAError, struct.error, zlib.error,
)  # fmt: skip


class TreeStore(Store):
    """A read-only Zarr store over a tree of byte sources."""

    supports_writes = False
    supports_deletes = False
    supports_listing = True

    def __init__(self, tree: ByteTree) -> None:
        super().__init__(read_only=True)
        self._tree = tree

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TreeStore) and other._tree is self._tree

    def __hash__(self) -> int:
        return id(self._tree)

    async def get(self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None) -> Buffer | None:
        """Return the bytes of a key, or a part of them; None when there is none."""
        try:
            source = self._tree.open(key)
        except InvalidInputError:  # a path out of the tree
            return None
        if source is None:
            return None
        start, end = 0, source.size
        if isinstance(byte_range, RangeByteRequest):
            start, end = byte_range.start, min(byte_range.end, source.size)
        elif isinstance(byte_range, OffsetByteRequest):
            start = byte_range.offset
        elif isinstance(byte_range, SuffixByteRequest):
            start = max(0, source.size - byte_range.suffix)
        if end - start > 2 * LONGEST_CHUNK_BYTES:
            raise UnreadableError("ome_zarr.chunk_size", f"{key} has {end - start} bytes, more than a chunk may have.")
        return (prototype or default_buffer_prototype()).buffer.from_bytes(source.read(start, max(0, end - start)))

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        """Return the parts of several keys."""
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    async def exists(self, key: str) -> bool:
        """Return whether there is such a key."""
        return await self.get(key, byte_range=RangeByteRequest(0, 0)) is not None

    async def set(self, key: str, value: Buffer) -> None:
        """Refuse: the store is read-only."""
        raise NotImplementedError

    async def delete(self, key: str) -> None:
        """Refuse: the store is read-only."""
        raise NotImplementedError

    async def list(self) -> AsyncIterator[str]:
        """Yield all keys."""
        for key in self._tree.list():
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """Yield the keys that start with `prefix`."""
        async for key in self.list():
            if key.startswith(prefix):
                yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """Yield what lies directly below the folder `prefix`."""
        folder = prefix.rstrip("/") + "/" if prefix else ""
        for name in dict.fromkeys(key[len(folder) :].split("/", 1)[0] for key in self._tree.list(prefix)):
            yield name


class ZarrImage(LazyImage):
    """A Zarr array; `order` says for each presented axis its place in the array."""

    def __init__(self, tree: ByteTree, header: ImageHeader, node: Node, facts: ArrayFacts, order: tuple[int, ...]) -> None:
        super().__init__(header)
        self._name = f"{tree.name}/{node.path}"
        self._facts = facts
        self._order = order
        try:
            self._array = zarr.open_array(TreeStore(tree), path=node.path, mode="r", zarr_format=node.zarr_format)
        except _ERRORS as exc:
            raise self._unreadable(exc) from exc

    def read(self, ranges: Ranges) -> NDArray[Any]:
        """Return the samples at the indices of `ranges`, with every axis kept; UnreadableError when a chunk cannot be decoded."""
        stored = [slice(None)] * len(ranges)
        for picked, place in zip(ranges, self._order, strict=True):
            stored[place] = slice(picked.start, picked[-1] + 1, picked.step)
        try:
            array = np.asarray(self._array[tuple(stored)])
        except MicrographiaError:
            raise
        except _ERRORS as exc:
            raise self._unreadable(exc) from exc
        return array.transpose(self._order).astype(self.dtype, copy=False)

    def blocks(self, max_bytes: int = 1 << 24) -> Iterator[NDArray[Any]]:
        """Yield the image in blocks of whole shards or chunks of about `max_bytes`."""
        unit = self._facts.shards or self._facts.chunks
        if prod(unit) * self.dtype.itemsize > max_bytes:
            unit = self._facts.chunks
        for ranges in chunk_ranges(self.shape, tuple(unit[place] for place in self._order), self.dtype.itemsize, max_bytes):
            yield self.read(ranges)

    def _unreadable(self, exc: BaseException) -> UnreadableError:
        return UnreadableError(
            "ome_zarr.unreadable",
            f"{self._name} cannot be decoded.",
            found=f"{type(exc).__name__}: {exc}"[:200],
            expected="chunks as the metadata describe them",
            hint="Copy it again from where it was made.",
        )
