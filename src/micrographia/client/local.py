"""An archive in a folder, read straight from its OCFL objects: no database, no server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

from numpy.typing import NDArray
from pydantic import ValidationError

from micrographia.client.transport import Document, Opened, Progress
from micrographia.errors import GoneError, IntegrityError, InvalidInputError, NotFoundError, UnavailableError
from micrographia.formats.description import LazyImage
from micrographia.formats.selection import Ranges
from micrographia.formats.source import ByteSource, ByteTree, FileSource, MappingTree
from micrographia.ids import EntryId, ImageId
from micrographia.model import ocfl
from micrographia.model.documents import entry_document, file_document, image_document
from micrographia.model.lifecycle import State
from micrographia.model.records import ENTRY_FILE, IMAGES_FILE, MANIFEST_FILE, EntryRecord, Event, FileRecord, ImageRecord

T = TypeVar("T")

_PIECE_BYTES = 1 << 20
_OPEN_IMAGES = 32
_WORD = re.compile(r"\w+")
_HEAD = re.compile(rb'"head"\s*:\s*"v([1-9][0-9]*)"')
_HEAD_BYTES = 1 << 16


class LocalTransport:
    """Reader of an archive's folder, or of a folder that is an OCFL storage root (a mirror of a store)."""

    def __init__(self, location: str) -> None:
        self.location = location
        self._root = _storage_root(Path(location))
        self._open_image = lru_cache(maxsize=_OPEN_IMAGES)(self._open_image_anew)

    def entry(self, accession: EntryId, version: int | None) -> Document:
        """Return a released version of an entry; None means the latest."""
        latest = self._latest(accession)
        state, event = self._state(accession)
        if event and not state.is_public:
            self._refuse_gone(accession, latest, event)
        chosen = latest if version is None else version
        if not 1 <= chosen <= latest:
            raise NotFoundError(f"{accession} has no version {version}; its released versions are 1 to {latest}.")
        successor = str(event.detail.get("superseded_by") or "") if event and state is State.OBSOLETE else ""
        return entry_document(self._record(accession, chosen), state=state, latest_version=latest, superseded_by=successor or None)

    def versions(self, accession: EntryId) -> list[int]:
        """Return the numbers of the released versions, ascending."""
        return list(range(1, self._latest(accession) + 1))

    def files(self, accession: EntryId, version: int) -> Iterator[Document]:
        """Yield the files of a version, each with its place in the object as `content_path`."""
        for record in self._lines(accession, version, MANIFEST_FILE, FileRecord.model_validate_json):
            yield {**file_document(accession, version, record), "content_path": record.content_path}

    def images(self, accession: EntryId, version: int) -> Iterator[Document]:
        """Yield the images of a version in the order of their numbers."""
        for record in self._lines(accession, version, IMAGES_FILE, ImageRecord.model_validate_json):
            yield image_document(accession, version, record)

    def image(self, image_id: ImageId) -> Document:
        """Return one image."""
        return image_document(image_id.accession, image_id.version, self._image_record(image_id))

    def search(self, query: str, facets: Mapping[str, Any]) -> Iterator[Document]:
        """Yield the entries that hold every word of `query`, the newest first and the obsolete last."""
        words = _WORD.findall(query.casefold())
        found = [d for d in self._public_entries() if all(word in json.dumps(d, ensure_ascii=False).casefold() for word in words)]
        found.sort(key=lambda d: (d["status"] == State.RELEASED, d["released"], EntryId(d["accession"]).number), reverse=True)
        yield from (d for d in found if all(_has(d, name, value) for name, value in facets.items()))

    def validation(self, accession: EntryId, version: int, map_id: str) -> Document:
        """Raise NotFoundError: reports are no part of the store."""
        raise NotFoundError(
            f"{self.location} is read as a store, where no validation report of {accession} lies. Ask the archive's server for it."
        )

    def read_image(self, image: Document, ranges: Ranges) -> NDArray[Any]:
        """Return the samples at the indices of `ranges`, every axis kept."""
        return self._open_image(str(image["id"])).read(ranges)

    @contextmanager
    def open_file(self, accession: EntryId, version: int, file: Document, start: int) -> Iterator[Opened]:
        """Open a file from byte `start`."""
        with self._source(accession, str(file["content_path"])) as source:
            yield start, _pieces(source, start)

    def block_bytes(self, image: Document) -> int:
        """Return how many bytes one read should ask for at most; a local read needs no pieces."""
        return 1 << 62

    def ask(self, question: str, params: Mapping[str, Any]) -> Document:
        """Refuse: a folder is read without what answers such questions."""
        raise UnavailableError(f"{self.location} is a folder, and {question} is a question to a server: open its address instead.")

    def compare(self, maps: Mapping[str, Path | str], *, voxel_size_a: float | None, progress: Progress) -> dict[str, Any]:
        """Compare maps in this process, by what the whole package brings for that; this room knows nothing of it."""
        found = next(iter(entry_points(group="micrographia.comparison")), None)
        if found is None or not (Path(self.location) / "catalogue.sqlite").is_file():
            raise UnavailableError(f"{self.location} is no folder of a whole archive, which takes comparing; give that, or an address.")
        try:
            in_folder = found.load()
        except ModuleNotFoundError as exc:
            raise UnavailableError(f"Comparing maps needs {exc.name}: pip install 'micrographia[server]'.") from exc
        result: dict[str, Any] = in_folder(Path(self.location), maps, voxel_size_a, progress)
        return result

    def close(self) -> None:
        """Give back the files of opened images."""
        self._open_image.cache_clear()

    def _public_entries(self) -> Iterator[Document]:
        for accession in self._accessions():
            with suppress(GoneError):
                yield self.entry(accession, None)

    def _accessions(self) -> Iterator[EntryId]:
        for path in self._root.glob("???/???/MG-*"):
            if (path / ocfl.OBJECT_NAMASTE).is_file():
                yield EntryId.parse(path.name)

    def _object(self, accession: EntryId) -> Path:
        return self._root / ocfl.object_path(accession)

    def _latest(self, accession: EntryId) -> int:
        """Head of the object's inventory: what was not committed there does not exist."""
        try:
            with (self._object(accession) / ocfl.INVENTORY).open("rb") as inventory:
                start = inventory.read(_HEAD_BYTES)
                match = _HEAD.search(start)
                head = int(match[1]) if match else ocfl.version_number(str(json.loads(start + inventory.read()).get("head")))
        except (FileNotFoundError, NotADirectoryError):
            self._refuse_purged(accession)
            raise NotFoundError(f"There is no entry {accession} in {self.location}.") from None
        except ValueError as exc:
            raise IntegrityError(f"{accession}: its {ocfl.INVENTORY} is not JSON. Audit the archive.") from exc
        if head is None:
            raise IntegrityError(f"{accession}: its {ocfl.INVENTORY} names no version as its head. Audit the archive.")
        return head

    def _state(self, accession: EntryId) -> tuple[State, Event | None]:
        """State of a released entry and the event that led to it: the log's last word."""
        path = self._object(accession) / ocfl.EVENTS_FILE
        events = list(_read_lines(path, Event.model_validate_json)) if path.is_file() else []
        for event in reversed(events):
            if event.state in (State.OBSOLETE, State.WITHDRAWN, State.PURGED):
                return event.state, event
        return State.RELEASED, None

    def _refuse_purged(self, accession: EntryId) -> None:
        path = self._root / ocfl.TOMBSTONES / accession / "tombstone.json"
        if path.is_file():
            raise _gone(accession, _read_whole(path, Event.model_validate_json))

    def _refuse_gone(self, accession: EntryId, latest: int, event: Event) -> None:
        raise _gone(accession, event, title=self._record(accession, latest).sheet.title)

    def _record(self, accession: EntryId, version: int) -> EntryRecord:
        path = self._object(accession) / ocfl.content_path(version, ENTRY_FILE)
        try:
            return EntryRecord.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as exc:
            raise IntegrityError(f"{accession} version {version}: its {ENTRY_FILE} cannot be read. Audit the archive.") from exc

    def _lines(self, accession: EntryId, version: int, name: str, parse: Callable[[bytes], T]) -> Iterator[T]:
        self.entry(accession, version)
        yield from _read_lines(self._object(accession) / ocfl.content_path(version, name), parse)

    def _image_record(self, image_id: ImageId) -> ImageRecord:
        for record in self._lines(image_id.accession, image_id.version, IMAGES_FILE, ImageRecord.model_validate_json):
            if record.number == image_id.number:
                return record
        raise NotFoundError(f"There is no image {image_id} in {self.location}.")

    def _open_image_anew(self, text: str) -> LazyImage:
        from micrographia.formats.registry import open_image  # parsers load only for those who read images here

        image_id = ImageId.parse(text)
        record = self._image_record(image_id)
        source = self._bytes_of(image_id.accession, image_id.version, record.path)
        return open_image(source, record.format, record.index, record.header)

    def _bytes_of(self, accession: EntryId, version: int, path: str) -> ByteSource | ByteTree:
        """The file at `path`, or the folder (OME-Zarr) of that name."""
        members: dict[str, ByteSource | Callable[[], ByteSource]] = {}
        for file in self._lines(accession, version, MANIFEST_FILE, FileRecord.model_validate_json):
            if file.path == path:
                return self._source(accession, file.content_path, name=path.rpartition("/")[2])
            if file.path.startswith(path + "/"):
                members[file.path.removeprefix(path + "/")] = lambda content=file.content_path: self._source(accession, content)  # type: ignore[misc]
        if not members:
            raise IntegrityError(f"{accession} version {version}: {path} is not in its manifest. Audit the archive.")
        return MappingTree(path.rpartition("/")[2], members)

    def _source(self, accession: EntryId, content_path: str, name: str | None = None) -> FileSource:
        ocfl.split_content_path(content_path)
        path = self._object(accession) / content_path
        if not path.resolve().is_relative_to(self._object(accession).resolve()):
            raise IntegrityError(f"{accession}: {content_path} leads out of the object. Audit the archive.")
        try:
            return FileSource(path, name)
        except OSError as exc:
            raise IntegrityError(f"{accession}: {content_path} cannot be read ({exc.strerror}). Audit the archive.") from exc


def _storage_root(location: Path) -> Path:
    for root in (location / "store", location):
        if (root / ocfl.ROOT_NAMASTE).is_file():
            return root
    if not location.exists():
        raise NotFoundError(f"{location} does not exist; give an archive's folder, an OCFL storage root, or a server's URL.")
    raise NotFoundError(f"{location} holds no archive: neither it nor its folder store/ has a file {ocfl.ROOT_NAMASTE}.")


def _pieces(source: FileSource, start: int) -> Iterator[bytes]:
    while start < source.size:
        piece = source.read(start, min(_PIECE_BYTES, source.size - start))
        start += len(piece)
        yield piece


def _gone(accession: EntryId, event: Event, *, title: str = "") -> GoneError:
    tombstone = {"accession": str(accession), "status": str(event.state), "title": title, "date": event.at, **event.detail}
    why = f": {event.detail['reason']}" if event.detail.get("reason") else "."
    return GoneError(f"{accession} was {str(event.state).lower()} on {event.at[:10]}{why}", tombstone)


def _read_whole(path: Path, parse: Callable[[bytes], T]) -> T:
    try:
        return parse(path.read_bytes())
    except (OSError, ValidationError) as exc:
        raise IntegrityError(f"{path} cannot be read. Audit the archive.") from exc


def _read_lines(path: Path, parse: Callable[[bytes], T]) -> Iterator[T]:
    try:
        with path.open("rb") as lines:
            for line in lines:
                if line.strip():
                    yield parse(line)
    except (OSError, ValidationError) as exc:
        raise IntegrityError(f"{path} cannot be read. Audit the archive.") from exc


def _has(document: Document, facet: str, wanted: Any) -> bool:
    """Whether an entry has one of the wanted values of a facet; only those that its own record answers are known here."""
    held: dict[str, Callable[[], list[str]]] = {
        "organism": lambda: list(document["organisms"]),
        "modality": lambda: list(document["experiments"]),
        "licence": lambda: [document["licence"]["id"]],
        "year": lambda: [document["released"][:4]],
    }
    if facet not in held:
        raise InvalidInputError(f"A folder can be searched by words and by {', '.join(held)}; {facet!r} needs a server or the catalogue.")
    values = {str(v).casefold() for v in ([wanted] if isinstance(wanted, str | int) else wanted)}
    return any(v.casefold() in values for v in held[facet]())
