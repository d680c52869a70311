"""One released version of an entry: what it says of itself, its files and its images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from micrographia.client.download import Wanted, download_files
from micrographia.client.image import Image
from micrographia.client.sequences import LazySequence, matches
from micrographia.client.transport import Document, Transport
from micrographia.errors import NotFoundError
from micrographia.ids import EntryId
from micrographia.model.documents import file_link


@dataclass(frozen=True, slots=True)
class File:
    """One deposited file."""

    path: str
    """Path inside the entry, `/` between folders."""
    size_bytes: int
    """Length in bytes."""
    sha256: str
    """SHA-256 digest."""
    media_type: str
    """IANA media type."""
    format: str
    """Name of the format; empty means «stored, not interpreted»."""
    role: str
    """Id of the image set, map or annotation that declares it."""
    url: str
    """Where it lies: URL, or path from the root of a server."""


class Images(LazySequence[Image]):
    """The images of an entry."""

    def of_kind(self, kind: str) -> list[Image]:
        """Return the images of one kind: map, half map, micrograph, tilt series, tomogram and others."""
        return [image for image in self if image.kind == kind]


class Entry:
    """One released version of an entry. Its metadata are fetched when they are first asked for."""

    def __init__(
        self, transport: Transport, accession: EntryId, *, document: Document | None = None, summary: Document | None = None
    ) -> None:
        self._transport = transport
        self.accession = accession
        self.summary: Document = document or summary or {}
        if document is not None:
            self.__dict__["metadata"] = dict(document)

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """Everything that the archive says of this version, as its API shows it."""
        return dict(self._transport.entry(self.accession, self.summary.get("version")))

    @property
    def title(self) -> str:
        """Title."""
        return str(self.summary.get("title") or self.metadata["title"])

    @property
    def version(self) -> int:
        """Number of this version, from 1."""
        return int(self.summary.get("version") or self.metadata["version"])

    @cached_property
    def versions(self) -> list[int]:
        """Numbers of all released versions."""
        return self._transport.versions(self.accession)

    def at(self, version: int) -> Entry:
        """Return another released version."""
        return Entry(self._transport, self.accession, document=self._transport.entry(self.accession, version))

    @property
    def authors(self) -> list[str]:
        """Names of the authors, «Last, First», in the order to be cited."""
        return [str(author["name"]) for author in self.metadata["authors"]]

    @property
    def licence(self) -> str:
        """SPDX identifier of the licence."""
        return str(self.metadata["licence"]["id"])

    @property
    def abstract(self) -> str:
        """What was done and found."""
        return str(self.metadata.get("abstract") or "")

    @property
    def citation(self) -> str:
        """How to cite this version."""
        return str(self.metadata["citation"])

    @cached_property
    def files(self) -> LazySequence[File]:
        """Deposited files: ``files[0]``, ``files["map.mrc"]``, ``files.glob("*.mrc")``."""
        return LazySequence(self._list_files, int(self.metadata["file_count"]), "file")

    @cached_property
    def images(self) -> Images:
        """Images in those files: ``images[0]``, ``images["map.mrc"]``, ``images.of_kind("map")``."""
        return Images(self._list_images, int(self.metadata["image_count"]), "image")

    @property
    def maps(self) -> list[Image]:
        """The images that are primary maps."""
        return self.images.of_kind("map")

    def validation(self, map_id: str = "") -> dict[str, Any]:
        """Return the validation report of a map: FSC, power spectrum, densities, volume against contour, symmetry, findings.

        Parameters
        ----------
        map_id : str
            Id of the map in the entry's sheet, or its path; empty means the first map.

        Raises
        ------
        NotFoundError
            There is no such map or no report, or it is still being made; the message says which.
        """
        return dict(self._transport.validation(self.accession, self.version, map_id))

    def download(
        self,
        glob: str | Sequence[str] = "*",
        *,
        to: str | Path = ".",
        workers: int = 4,
        progress: bool | Callable[[int], None] = True,
    ) -> list[Path]:
        """Download files: in parallel, resumed where an earlier attempt stopped, verified against their SHA-256.

        Parameters
        ----------
        glob : str or sequence of str
            Paths or globs; `*` also matches `/`.
        to : folder
            Made where it is absent; nothing is ever written outside of it. Files that are already there and whole are not fetched again.
        workers : int
            Files fetched at the same time.
        progress : bool or callable
            True shows a bar on stderr; a function is called with every number of bytes that came.

        Returns
        -------
        list of Path
            Where the files are, in the order of the manifest.

        Raises
        ------
        NotFoundError
            A glob matches no file.
        IntegrityError
            A file is not what its SHA-256 says, twice.
        UnavailableError
            The archive cannot be reached or the disk is full; the same call continues later.
        """
        patterns = [glob] if isinstance(glob, str) else list(glob)
        chosen = [f for f in self._transport.files(self.accession, self.version) if any(matches(f["path"], p) for p in patterns)]
        for pattern in patterns:
            if not any(matches(f["path"], pattern) for f in chosen):
                raise NotFoundError(f"{self.accession} version {self.version} has no file that matches {pattern!r}.")
        wanted = [Wanted(f["path"], int(f["size_bytes"]), f["sha256"], self._opener(f)) for f in chosen]
        return download_files(wanted, Path(to), workers=workers, progress=progress)

    def _opener(self, file: Document) -> Any:
        return lambda start: self._transport.open_file(self.accession, self.version, file, start)

    def _list_files(self) -> Iterator[File]:
        for f in self._transport.files(self.accession, self.version):
            link = self._transport.location.rstrip("/") + file_link(self.accession, self.version, f["path"])
            url = link if link.startswith("http") else file_link(self.accession, self.version, f["path"])
            yield File(
                f["path"], int(f["size_bytes"]), f["sha256"], f.get("media_type") or "", f.get("format") or "", f.get("role") or "", url
            )

    def _list_images(self) -> Iterator[Image]:
        for image in self._transport.images(self.accession, self.version):
            yield Image(self._transport, image)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entry) and (self.accession, self.version) == (other.accession, other.version)

    def __hash__(self) -> int:
        return hash((self.accession, self.version))

    def __repr__(self) -> str:
        return f"<Entry {self.accession} version {self.version}: {self.title}>"
