"""What a reader says of a file, and the lazy array that it gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.errors import InvalidInputError
from micrographia.formats.selection import Ranges, block_ranges, normalise
from micrographia.model.finding import Finding, Severity
from micrographia.model.image import ImageHeader


class UnreadableError(InvalidInputError):
    """A file is not what its format asks; becomes one finding with severity error (`inspect` never raises it)."""

    severity: Severity = "error"

    def __init__(self, rule: str, message: str, *, found: str = "", expected: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        self.found = found
        self.expected = expected
        self.hint = hint

    def finding(self, path: str) -> Finding:
        """Return the failure as a finding about the file at `path`."""
        return Finding(self.rule, self.severity, path, self.message, self.found, self.expected, self.hint)

    def __reduce__(self) -> tuple[Any, ...]:  # crosses process borders
        return _unreadable, (type(self), self.rule, self.message, self.found, self.expected, self.hint)


class UnsupportedCodingError(UnreadableError):
    """A file may well be what its format asks, but nothing here decodes it: a warning, for it is kept all the same."""

    severity = "warning"


def unsupported(
    name: str, rule: str, found: str, expected: str, *, hint: str = "Deposit beside it a copy in another coding, if it should be seen."
) -> UnsupportedCodingError:
    """Return the failure that `name` (a file, or an image in it) is coded in a way that nothing here decodes."""
    message = f"{name} has a coding that is not supported: it is stored as it is; no pictures or streams of it."
    return UnsupportedCodingError(rule, message, found=found[:200], expected=expected, hint=hint)


def _unreadable(kind: type[UnreadableError], rule: str, message: str, found: str, expected: str, hint: str) -> UnreadableError:
    return kind(rule, message, found=found, expected=expected, hint=hint)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a format module's `inspect` returns."""

    images: tuple[ImageHeader, ...] = ()
    """Arrays in the file; `open_image` takes their place in this tuple as `index`."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """JSON-ready facts of the file as a whole (STAR: blocks and columns; mdoc: sections; HDF5: attributes)."""
    remarks: tuple[Finding, ...] = ()
    """What the reader noticed; rules are named after the format: ``mrc.voxel_size``."""
    members: tuple[str, ...] = ()
    """Files of a folder that is one image (OME-Zarr), relative to it."""


@dataclass(frozen=True, slots=True)
class FileDescription:
    """One file of a folder as its header describes it."""

    path: str
    """Path inside the deposit, `/` between folders."""
    size_bytes: int
    """Length in bytes; of an OME-Zarr folder the sum of its files."""
    format: str
    """Name in the registry; empty means «stored, not interpreted»."""
    media_type: str
    """IANA media type, as far as it is known."""
    images: tuple[ImageHeader, ...] = ()
    """Arrays in the file."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """JSON-ready facts of the file as a whole."""
    remarks: tuple[Finding, ...] = ()
    """What the reader noticed."""
    members: tuple[str, ...] = ()
    """Files of an OME-Zarr folder, as paths inside the deposit."""


class LazyImage(ABC):
    """An array inside a file that reads only what an index asks for.

    A format implements `read`; indexing and blocks come with it. Arrays come in the machine's byte order, axes as the header says.
    """

    def __init__(self, header: ImageHeader) -> None:
        self.header = header

    @property
    def shape(self) -> tuple[int, ...]:
        """Length along each axis."""
        return self.header.shape

    @property
    def axes(self) -> str:
        """One letter an axis, slowest first."""
        return self.header.axes

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy type in the machine's byte order."""
        return np.dtype(self.header.dtype)

    @abstractmethod
    def read(self, ranges: Ranges) -> NDArray[Any]:
        """Return the samples at the indices of `ranges` (ascending, one range an axis), with every axis kept."""

    def __getitem__(self, index: object) -> NDArray[Any]:
        """Return the samples that integers, slices and `...` select; InvalidInputError when the index does not fit."""
        selection = normalise(index, self.shape)
        if 0 in selection.shape:
            return np.empty(selection.shape, self.dtype)
        return selection.finish(self.read(selection.ranges))

    def blocks(self, max_bytes: int = 1 << 24) -> Iterator[NDArray[Any]]:
        """Yield the whole image in blocks of about `max_bytes`, each sample once, in an order that suits the file."""
        for ranges in block_ranges(self.shape, self.dtype.itemsize, max_bytes):
            yield self.read(ranges)
