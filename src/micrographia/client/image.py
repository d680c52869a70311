"""One image of an entry: indexed like an array, fetching only what the index asks for."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.client.transport import Document, Transport, native_dtype
from micrographia.formats.selection import Ranges, block_ranges, normalise
from micrographia.model.image import Statistics, VoxelSize

# Requests under way at once for one large array; more do not help on one connection.
_PARALLEL_READS = 4


class Image:
    """An n-dimensional array in an archive; ``image[40, 100:200, :]`` reads only those samples."""

    def __init__(self, transport: Transport, document: Document) -> None:
        self._transport = transport
        self.metadata = dict(document)

    @property
    def id(self) -> str:
        """Identifier: ``MG-10001.1.3``."""
        return str(self.metadata["id"])

    @property
    def path(self) -> str:
        """Path of the file (or OME-Zarr folder) that holds it."""
        return str(self.metadata["path"])

    @property
    def name(self) -> str:
        """Name of the array inside its file; empty where the file holds one."""
        return str(self.metadata.get("name") or "")

    @property
    def kind(self) -> str:
        """What it is: map, half map, mask, micrograph, movie, tilt series, tomogram, particles and others."""
        return str(self.metadata["kind"])

    @property
    def axes(self) -> str:
        """One letter an axis, slowest first: ``zyx``."""
        return str(self.metadata["axes"])

    @property
    def shape(self) -> tuple[int, ...]:
        """Length along each axis."""
        return tuple(int(n) for n in self.metadata["shape"])

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of samples."""
        return int(np.prod(self.shape, dtype=object))

    @property
    def dtype(self) -> np.dtype[Any]:
        """The deposited NumPy type, in this machine's byte order."""
        return native_dtype(self.metadata)

    @property
    def nbytes(self) -> int:
        """Bytes of the whole array in memory."""
        return self.size * self.dtype.itemsize

    @property
    def voxel_size(self) -> VoxelSize | None:
        """Distance between samples along z, y, x with its unit; None where no file says it."""
        given = self.metadata.get("voxel_size")
        return VoxelSize(given["z"], given["y"], given["x"], given["unit"]) if given else None

    @property
    def statistics(self) -> Statistics | None:
        """Minimum, maximum, mean, … over all samples, computed by the archive."""
        given = self.metadata.get("statistics")
        return Statistics(**{k: v for k, v in given.items() if k in Statistics.__dataclass_fields__}) if given else None

    @property
    def url(self) -> str:
        """Its page on the server; for a local archive the path of that page."""
        page = str(self.metadata["links"]["page"])
        base = self._transport.location.rstrip("/")
        return base + page if base.startswith("http") and page.startswith("/") else page

    def __getitem__(self, index: Any) -> NDArray[Any]:
        """Return the samples that integers, slices (steps and negative numbers too) and `...` select, as NumPy would."""
        selection = normalise(index, self.shape)
        if 0 in selection.shape:
            return np.empty(selection.shape, self.dtype)
        array = selection.finish(self._read(selection.ranges))
        return array if array.flags.writeable else array.copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("an image in an archive cannot become an array without a copy")
        array = self[...]
        return array if dtype is None else array.astype(dtype, copy=False)

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (self[i] for i in range(len(self)))

    def blocks(self, max_bytes: int = 1 << 24) -> Iterator[NDArray[Any]]:
        """Yield the whole image in blocks of at most about `max_bytes`, each sample once, in C order."""
        for ranges in block_ranges(self.shape, self.dtype.itemsize, max_bytes):
            yield self._read(ranges)

    def _read(self, ranges: Ranges) -> NDArray[Any]:
        """Samples at `ranges`, in bounded pieces, several at a time."""
        shape = tuple(len(r) for r in ranges)
        pieces = list(block_ranges(shape, self.dtype.itemsize, self._transport.block_bytes(self.metadata)))
        if len(pieces) == 1:
            return self._transport.read_image(self.metadata, ranges)
        array = np.empty(shape, self.dtype)

        def read(piece: Ranges) -> None:
            wanted = tuple(r[p.start : p.stop] for r, p in zip(ranges, piece, strict=True))
            array[tuple(slice(p.start, p.stop) for p in piece)] = self._transport.read_image(self.metadata, wanted)

        with ThreadPoolExecutor(_PARALLEL_READS, "micrographia-read") as pool:
            futures = [pool.submit(read, piece) for piece in pieces]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return array

    def __repr__(self) -> str:
        return f"<Image {self.id} {self.path} {self.kind} {self.axes} {self.shape} {self.dtype}>"
