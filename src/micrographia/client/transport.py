"""The port through which the client reaches an archive; `remote` speaks HTTP, `local` reads a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from micrographia.formats.selection import Ranges
from micrographia.ids import EntryId, ImageId

Document = Mapping[str, Any]
"""JSON of an entry, an image or a file, in the forms of `micrographia.model.documents`."""

Opened = tuple[int, Iterator[bytes]]
"""The byte at which an opened file really begins, and its bytes in pieces."""

Progress = Callable[[float, str], None]
"""Told the share that is done, 0 to 1, and what is done now."""


class Transport(Protocol):
    """What the client asks of an archive. Every call raises the classes of `micrographia.errors` and no others."""

    @property
    def location(self) -> str:
        """URL or folder."""
        ...

    def entry(self, accession: EntryId, version: int | None) -> Document:
        """Return a released version of an entry; None means the latest."""
        ...

    def versions(self, accession: EntryId) -> list[int]:
        """Return the numbers of the released versions, ascending."""
        ...

    def files(self, accession: EntryId, version: int) -> Iterator[Document]:
        """Yield the files of a version in the order of its manifest."""
        ...

    def images(self, accession: EntryId, version: int) -> Iterator[Document]:
        """Yield the images of a version in the order of their numbers."""
        ...

    def image(self, image_id: ImageId) -> Document:
        """Return one image."""
        ...

    def search(self, query: str, facets: Mapping[str, Any]) -> Iterator[Document]:
        """Yield what is found, best first; each has at least `accession` and `title`."""
        ...

    def validation(self, accession: EntryId, version: int, map_id: str) -> Document:
        """Return the validation report of a map of a version; empty `map_id`: of its first map."""
        ...

    def read_image(self, image: Document, ranges: Ranges) -> NDArray[Any]:
        """Return the samples at the indices of `ranges` (ascending, one range an axis), every axis kept."""
        ...

    def open_file(
        self, accession: EntryId, version: int, file: Document, start: int
    ) -> AbstractContextManager[tuple[int, Iterator[bytes]]]:
        """Open a file from byte `start`; where that cannot be had, from byte 0."""
        ...

    def block_bytes(self, image: Document) -> int:
        """Return how many bytes one `read_image` should ask for at most."""
        ...

    def ask(self, question: str, params: Mapping[str, Any]) -> Document:
        """Return what a server's JSON API says to a question for which files are not enough; UnavailableError where there is no server."""
        ...

    def compare(self, maps: Mapping[str, Path | str], *, voxel_size_a: float | None, progress: Progress) -> dict[str, Any]:
        """Return how two maps, `a` and `b`, compare, or what is like one, `map`: files, or names of archived maps."""
        ...

    def close(self) -> None:
        """Give back connections and files."""
        ...


def native_dtype(image: Document) -> np.dtype[Any]:
    """Return the NumPy type of an image in this machine's byte order."""
    return np.dtype(str(image["dtype"]))
