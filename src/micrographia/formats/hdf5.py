"""HDF5, the safe subset: every numeric dataset that looks like an image, found by walking hard links only.

A file can make the library read other files (external links, external storage, virtual datasets): those are refused before anything
of them is opened or read. The file itself is read through a file object, so the library never sees a path.
Datasets that lie in one piece get a RawLayout; chunked ones are read by h5py, chunks that the index touches only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from math import prod
from threading import Lock
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5z
from numpy.typing import NDArray

from micrographia.errors import InvalidInputError
from micrographia.formats.bdv_xml import Setup, setups_of
from micrographia.formats.chunks import chunk_ranges
from micrographia.formats.description import Contents, LazyImage, UnreadableError, unsupported
from micrographia.formats.file_object import SourceFile
from micrographia.formats.hdf5_links import reached, walk
from micrographia.formats.hdf5_meaning import Meaning, file_metadata, meaning_of
from micrographia.formats.raw import RawImage
from micrographia.formats.selection import Ranges
from micrographia.formats.source import ByteSource
from micrographia.model.finding import Finding
from micrographia.model.image import ImageHeader, RawLayout

_MOST_IMAGES = 10_000
# smaller arrays are tables, points, spectra
_FEWEST_SAMPLES = 64
_SHORTEST_SIDE = 8
_LONGEST_CHUNK_BYTES = 256 << 20
# declared : stored beyond which a file is a bomb; gzip reaches 1,032
_HIGHEST_RATIO = 20_000
_SMALL_BYTES = 1 << 30
# lower resolution levels of Imaris and BigDataViewer pyramids
_LOWER_LEVEL = re.compile(r"(^|/)(ResolutionLevel [1-9]\d*/|t\d+/s\d+/[1-9]\d*/cells$)")
_SETUP = re.compile(r"^t\d+/s(\d{1,9})/0/cells$")
# what h5py and the library raise on malformed files
_ERRORS = (ArithmeticError, AttributeError, LookupError, MemoryError, NotImplementedError, OSError, RuntimeError, TypeError, ValueError)


def inspect(source: ByteSource, path: str, companion: ByteSource | None = None) -> Contents:
    """Return the images of an HDF5 file; what would read another file is an error among the remarks.

    `companion` is the XML of BigDataViewer beside it, which names its setups.
    """
    with _opened(source) as file:
        found = walk(file)
        remarks = [_outside(path, name, what) for name, what in found.outside[:_MOST_IMAGES]]
        if not found.is_whole:
            message = f"{path} has more objects than are looked at; images among the rest are not shown."
            remarks.append(Finding("hdf5.many_objects", "warning", path, message))
        images = []
        setups = setups_of(companion)
        for name, dataset in found.datasets.items():
            try:
                header = _header(source, file, name, dataset)
            except UnreadableError as exc:
                remarks.append(exc.finding(path))
                continue
            if header is not None:
                images.append(_named(header, setups))
        if not images and not remarks:
            remarks.append(
                Finding(
                    "hdf5.no_image", "warning", path, f"{path} holds no array that looks like an image.", f"{len(found.datasets)} datasets"
                )
            )
        return Contents(tuple(images[:_MOST_IMAGES]), file_metadata(file, found.datasets), tuple(remarks))


def open_image(source: ByteSource, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the image at this place of `inspect`'s images."""
    if header is None:
        images = inspect(source, source.name).images
        if not 0 <= index < len(images):
            raise InvalidInputError(f"{source.name} has {len(images)} images; there is no image {index}.")
        header = images[index]
    return RawImage(source, header) if header.layout else Hdf5Image(source, header)


class Hdf5Image(LazyImage):
    """A chunked dataset, read by h5py."""

    def __init__(self, source: ByteSource, header: ImageHeader) -> None:
        super().__init__(header)
        self._name = source.name
        self._lock = Lock()
        path = str(header.metadata["dataset"])
        with _errors_named(source.name):
            self._file = _open(source)
            dataset = reached(self._file, path)
            if not isinstance(dataset, h5py.Dataset):
                raise InvalidInputError(f"{path[:200]!r} is no dataset inside {source.name}.")
            self._dataset = dataset
            self._meaning = meaning_of(self._file, path, dataset)
            if self._meaning.shape != header.shape:
                raise UnreadableError("hdf5.unreadable", f"{source.name}: {path} is not what its description says.")

    def read(self, ranges: Ranges) -> NDArray[Any]:
        """Return the samples at the indices of `ranges`, with every axis kept; UnreadableError when they cannot be decoded."""
        stored = [slice(0, 1)] * self._dataset.ndim
        for picked, place in zip(ranges, self._meaning.order, strict=True):
            stored[place] = slice(picked.start, picked[-1] + 1, picked.step)
        with self._lock, _errors_named(self._name):
            array = np.asarray(self._dataset[tuple(stored)])
        lost = [k for k in range(array.ndim) if k not in self._meaning.order]
        array = array.transpose([*lost, *self._meaning.order]).reshape([len(r) for r in ranges])
        return array.astype(self.dtype, copy=False)

    def blocks(self, max_bytes: int = 1 << 24) -> Iterator[NDArray[Any]]:
        """Yield the image in slabs of whole chunks, as far as `max_bytes` allows, so that each chunk is decoded about once."""
        chunks = self._dataset.chunks or (1,) * self._dataset.ndim
        stored = tuple(chunks[place] for place in self._meaning.order)
        for ranges in chunk_ranges(self.shape, stored, self.dtype.itemsize, max_bytes):
            yield self.read(ranges)


def _open(source: ByteSource) -> h5py.File:
    # the cache of chunks must hold one chunk for neighbouring reads, and no more
    return h5py.File(SourceFile(source), "r", rdcc_nbytes=16 << 20, locking=False)


@contextmanager
def _opened(source: ByteSource) -> Iterator[h5py.File]:
    with _errors_named(source.name), _open(source) as file:
        yield file


@contextmanager
def _errors_named(name: str) -> Iterator[None]:
    try:
        yield
    except (UnreadableError, InvalidInputError):
        raise
    except _ERRORS as exc:
        raise UnreadableError(
            "hdf5.unreadable",
            f"{name} cannot be read as HDF5.",
            found=f"{type(exc).__name__}: {exc}"[:200],
            expected="a whole HDF5 file",
            hint="Was it closed properly and copied whole? h5dump or h5repack say more.",
        ) from exc


def _outside(path: str, name: str, what: str) -> Finding:
    return Finding(
        "hdf5.external",
        "error",
        path,
        f"{path}: {name} is {what}, which reads another file; this archive does not follow it.",
        found=what,
        expected="data inside the file",
        hint="Copy the data into the file (h5repack, or h5py's copy with expand_external) and deposit that.",
    )


def _header(source: ByteSource, file: h5py.File, path: str, dataset: h5py.Dataset) -> ImageHeader | None:
    """Return the header of a dataset, None when it does not look like an image."""
    sides = sorted(n for n in dataset.shape or () if n != 1)
    if not 2 <= len(sides) <= 5 or len(dataset.shape) > 8 or _LOWER_LEVEL.search(path):
        return None
    if sides[0] == 0 or prod(sides) < _FEWEST_SAMPLES or (len(sides) == 2 and sides[0] < _SHORTEST_SIDE):
        return None
    try:
        dtype = np.dtype(dataset.dtype)
    except (TypeError, ValueError):  # a type that NumPy has not
        return None
    if dtype.kind not in "biufc" or dtype.itemsize > 16:
        return None
    meaning = meaning_of(file, path, dataset)
    _refuse_lies(source, path, dataset, dtype)
    metadata: dict[str, Any] = {"dataset": path, **meaning.metadata}
    if dataset.compression or dataset.chunks:
        metadata["chunks"] = list(dataset.chunks or ())
        metadata["compression"] = dataset.compression or "none"
    return ImageHeader(
        meaning.axes,
        meaning.shape,
        dtype.name,
        voxel_size=meaning.voxel_size,
        name=path,
        layout=_layout(dataset, dtype, meaning),
        is_stack=meaning.is_stack,
        channels=meaning.channels,
        metadata=metadata,
    )


def _named(header: ImageHeader, setups: Mapping[int, Setup]) -> ImageHeader:
    """Return the header with what BigDataViewer's XML says of its setup."""
    match = _SETUP.match(header.name.lstrip("/"))
    setup = setups.get(int(match[1])) if match else None
    if match is None or setup is None:
        return header
    about = {"number": int(match[1]), "name": setup.name, **setup.attributes}
    if header.dtype == "int16":  # BigDataViewer's samples are unsigned, whatever it tells HDF5
        layout = replace(header.layout, dtype=header.layout.dtype.replace("i", "u")) if header.layout else None
        header = replace(header, dtype="uint16", layout=layout)
    return replace(header, voxel_size=setup.voxel_size or header.voxel_size, metadata={**header.metadata, "setup": about})


def _layout(dataset: h5py.Dataset, dtype: np.dtype[Any], meaning: Meaning) -> RawLayout | None:
    offset = dataset.id.get_offset()
    if offset is None or dataset.id.get_create_plist().get_layout() != h5d.CONTIGUOUS:
        return None
    strides = [dtype.itemsize * prod(dataset.shape[k + 1 :]) for k in range(dataset.ndim)]
    return RawLayout(offset, tuple(strides[place] for place in meaning.order), dtype.str)


def _refuse_lies(source: ByteSource, path: str, dataset: h5py.Dataset, dtype: np.dtype[Any]) -> None:
    """Refuse a dataset that is larger than the file can hold, or cannot be decoded within bounds."""
    declared = dtype.itemsize * prod(dataset.shape)
    plist = dataset.id.get_create_plist()
    offset = dataset.id.get_offset()
    if plist.get_layout() == h5d.CONTIGUOUS and offset is not None and offset + declared > source.size:
        raise UnreadableError(
            "hdf5.size",
            f"{source.name}: {path} reaches beyond the end of the file.",
            found=f"{source.size} bytes",
            expected=f"{offset + declared} bytes",
        )
    if declared > max(_SMALL_BYTES, _HIGHEST_RATIO * dataset.id.get_storage_size()):
        found = f"{declared} bytes of samples in {dataset.id.get_storage_size()} bytes of the file"
        raise UnreadableError(
            "hdf5.size", f"{source.name}: {path} claims more than the file holds.", found=found, expected="a size that the file can hold"
        )
    if dataset.chunks and prod(dataset.chunks) * dtype.itemsize > _LONGEST_CHUNK_BYTES:
        found = f"chunks of {prod(dataset.chunks) * dtype.itemsize} bytes"
        raise unsupported(f"{source.name}: {path}", "hdf5.chunk_size", found, f"at most {_LONGEST_CHUNK_BYTES} bytes")
    for i in range(plist.get_nfilters()):
        code, _, _, name = plist.get_filter(i)
        if not h5z.filter_avail(code):
            label = name.decode("utf-8", "replace").strip() or f"number {code}"
            hint = "h5repack -f GZIP=4 makes a copy that can be seen."
            raise unsupported(f"{source.name}: {path}", "hdf5.filter", f"filter {label}", "gzip, lzf, szip", hint=hint)
