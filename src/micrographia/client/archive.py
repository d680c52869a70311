"""An archive as Python sees it: entries by accession, search, images by identifier."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from typing import Any, Self

from micrographia.client.comparing import ComparedMap, as_given
from micrographia.client.download import Wanted, download_files
from micrographia.client.entry import Entry
from micrographia.client.image import Image
from micrographia.client.transport import Document, Opened, Progress, Transport
from micrographia.errors import InvalidInputError, NotFoundError
from micrographia.ids import EntryId, ImageId

# a manifest may name millions of files
_FILES_AT_ONCE = 2_000


def open_archive(location: str) -> Archive:
    """Return the archive at `location`: a server's URL, an archive's folder, or a folder that is an OCFL storage root (a mirror)."""
    text = str(location)
    if text.startswith(("http://", "https://")):
        from micrographia.client.remote import RemoteTransport  # httpx loads only for those who need it

        return Archive(RemoteTransport(text))
    from micrographia.client.local import LocalTransport

    return Archive(LocalTransport(text))


class Archive:
    """Released entries of one archive; ``archive["MG-10001"]`` is an `Entry`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def location(self) -> str:
        """URL or folder."""
        return self._transport.location

    def __getitem__(self, accession: str) -> Entry:
        """Return the latest released version of an entry; NotFoundError (GoneError when it was withdrawn) where there is none."""
        return self.entry(accession)

    def entry(self, accession: str, version: int | None = None) -> Entry:
        """Return one released version of an entry; None means the latest."""
        entry_id = EntryId.parse(accession)
        return Entry(self._transport, entry_id, document=self._transport.entry(entry_id, version))

    def image(self, image_id: str) -> Image:
        """Return an image by its identifier, ``MG-10001.1.3``."""
        return Image(self._transport, self._transport.image(ImageId.parse(image_id)))

    def search(self, query: str = "", **facets: Any) -> Iterator[Entry]:
        """Yield entries that match, best first, fetching pages as they are needed.

        Parameters
        ----------
        query : str
            Words; empty finds everything.
        **facets
            Filters of the archive's search, for example ``organism="Homo sapiens"``, ``modality="single-particle"``,
            ``licence="CC0-1.0"``, ``resolution_max=4``, ``has="raw"``; a list means any of its values.
        """
        for found in self._transport.search(query, facets):
            yield Entry(self._transport, EntryId.parse(str(found["accession"])), summary=found)

    def trace(self, a: str, b: str) -> Document:
        """Return what differs in how two maps were made, and the raw images with which both chains of processes begin.

        Parameters
        ----------
        a, b : str
            Accession of an entry (its first map), ``MG-10001/consensus``, or the identifier of an image of a map.

        Returns
        -------
        mapping
            ``differences`` (each ``field``, ``a``, ``b``, ``step``), ``steps``, ``raw`` and ``unarchived`` of each side.

        Raises
        ------
        UnavailableError
            The archive was opened as a folder: ``micrographia trace --home`` answers there.
        """
        return self._transport.ask("trace", {"a": a, "b": b})

    def similar(
        self, compared: ComparedMap, *, voxel_size_a: float | None = None, progress: Progress = lambda share, stage: None
    ) -> dict[str, Any]:
        """Return the archived maps most like a map, each superposed on it, and how the map compares with the best of them.

        Parameters
        ----------
        compared : str, Path or tuple
            A file; a map of the archive (``MG-10001``, ``MG-10001/consensus``, ``MG-10001.1.3``); or (array of shape (z, y, x), voxel
            size in Å[, origin (x, y, z) in Å]). What is sent to a server stays private, and is deleted after a day.
        voxel_size_a : float, Å, optional
            In the place of what the file says.
        progress : callable, optional
            Told the share that is done, 0 to 1, and what is done now.

        Returns
        -------
        dict
            ``results`` (each ``accession``, ``image``, ``score``, ``confidence``, ``mirrored``, ``transform``), ``similar`` (whether any
            reaches a confidence of 0.5) and then ``comparison``, as `compare` returns it.

        Raises
        ------
        InvalidInputError, TooLargeError
            It is no map that can be compared; the message says why.
        UnavailableError
            The server does not answer; or a folder is no whole archive, or what compares is not installed.
        """
        with as_given(compared) as given:
            return self._transport.compare({"map": given}, voxel_size_a=voxel_size_a, progress=progress)

    def compare(
        self, a: ComparedMap, b: ComparedMap, *, voxel_size_a: float | None = None, progress: Progress = lambda share, stage: None
    ) -> dict[str, Any]:
        """Superpose map `b` on map `a`, say down to which detail they agree, and where they differ.

        Parameters
        ----------
        a, b : str, Path or tuple
            As in `similar`.
        voxel_size_a : float, Å, optional
            Of the files, in the place of what they say.
        progress : callable, optional
            Told the share that is done, 0 to 1, and what is done now.

        Returns
        -------
        dict
            ``transform`` (4 × 4; takes `b` into the frame of `a`: Å, x, y, z), ``mirrored``, ``score``, ``confidence``, ``fsc``,
            ``resolution_a``, ``difference`` with its ``blobs``; of a server also ``links`` to aligned and difference map.

        Raises
        ------
        NotFoundError
            There is no such map in the archive.
        InvalidInputError, TooLargeError, UnavailableError
            As in `similar`.
        """
        with as_given(a) as first, as_given(b) as second:
            return self._transport.compare({"a": first, "b": second}, voxel_size_a=voxel_size_a, progress=progress)

    def download_manifest(
        self, lines: Iterable[Document], to: str | Path = ".", *, workers: int = 4, progress: bool | Callable[[int], None] = False
    ) -> Iterator[list[Path]]:
        """Fetch the files that the lines of a manifest name, each below a folder of its entry; yield where they lie, some at a time.

        Parameters
        ----------
        lines : iterable of mappings
            Each with accession, version, path, size_bytes and sha256; see `read_manifest`.
        to : folder
            Made where it is absent. Files that are already there and whole are not fetched again.
        workers : int
            Files fetched at the same time.
        progress : bool or callable
            As in `Entry.download`.

        Raises
        ------
        InvalidInputError
            The manifest names two versions of one entry.
        """
        versions: dict[str, int] = {}
        iterator = iter(lines)
        while some := list(islice(iterator, _FILES_AT_ONCE)):
            for line in some:
                if versions.setdefault(str(line["accession"]), int(line["version"])) != line["version"]:
                    raise InvalidInputError(f"The manifest names two versions of {line['accession']}; fetch them into two folders.")
            wanted = [
                Wanted(f"{line['accession']}/{line['path']}", int(line["size_bytes"]), str(line["sha256"]), opener)
                for line, opener in zip(some, self._openers(some), strict=True)
            ]
            yield download_files(wanted, Path(to), workers=workers, progress=progress)

    def _openers(self, lines: Sequence[Document]) -> list[Callable[[int], AbstractContextManager[Opened]]]:
        records: dict[tuple[str, int], dict[str, Document]] = {}

        def opener(line: Document) -> Callable[[int], AbstractContextManager[Opened]]:
            accession, version, path = EntryId.parse(str(line["accession"])), int(line["version"]), str(line["path"])
            file = line
            if "://" not in self.location:  # a folder is read by its own records
                if (accession, version) not in records:
                    self._transport.entry(accession, version)  # public, or not at all
                    records[accession, version] = {str(f["path"]): f for f in self._transport.files(accession, version)}
                if path not in records[accession, version]:
                    raise NotFoundError(f"{accession} version {version} has no file {path[:300]!r}.")
                file = records[accession, version][path]
            return lambda start: self._transport.open_file(accession, version, file, start)

        return [opener(line) for line in lines]

    def close(self) -> None:
        """Give back connections and files."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Archive {self.location}>"
