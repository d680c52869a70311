"""The released objects: one OCFL object an entry, immutable versions, read by anybody."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from micrographia.errors import GoneError, InvalidInputError, NotFoundError, WrongStateError
from micrographia.formats.source import ByteSource
from micrographia.ids import EntryId
from micrographia.model import ocfl
from micrographia.model.records import ENTRY_FILE, IMAGES_FILE, MANIFEST_FILE, EntryRecord, Event, FileRecord, ImageRecord
from micrographia.store import audit, inventory, publication
from micrographia.store.bucket import Bucket, lines, open_bucket
from micrographia.store.drafts import Drafts


class Store:
    """An OCFL 1.1 storage root in a folder or a bucket.

    Reading needs no lock. Who publishes, recovers or purges an entry holds its draft's lock.
    """

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.location = bucket.location
        self.on_step: Callable[[str], None] = _no_step
        """Called with the name of each step of a publication or purge before the next begins; tests crash here."""

    @classmethod
    def open(cls, location: str, *, create: bool = True) -> Store:
        """Return the store at a folder or URL, made if absent.

        NotFoundError where it is absent and `create` is False; InvalidInputError where something else lies.
        """
        store = cls(open_bucket(location))
        store.bucket.clear_left_behind(ocfl.STAGING)
        declared = store.bucket.read_start(ocfl.ROOT_NAMASTE, 64)
        if declared is None:
            if not create:
                raise NotFoundError(f"{location} is not an archive's store: it has no {ocfl.ROOT_NAMASTE}.")
            store._make_root()
        config = f"extensions/{ocfl.LAYOUT}/config.json"
        layout = store.bucket.read_start(config, 4096)
        if layout is None or json.loads(layout) != ocfl.LAYOUT_CONFIG:
            raise InvalidInputError(
                f"{location} is an OCFL storage root of another layout: {config} was expected to hold {ocfl.LAYOUT_CONFIG}."
            )
        return store

    @property
    def is_local(self) -> bool:
        """Whether the released bytes are files of this machine."""
        return self.bucket.local_path(ocfl.ROOT_NAMASTE) is not None

    def _make_root(self) -> None:
        # a crash while the root was made leaves only these; the declaration comes last
        ours = ("extensions/", ocfl.LAYOUT_FILE, ocfl.ROOT_NAMASTE)
        stranger = next((file for file in self.bucket.files("") if not file[0].startswith(ours)), None)
        if stranger is not None and self.bucket.size(ocfl.ROOT_NAMASTE) is None:  # another process may have made it just now
            raise InvalidInputError(
                f"{self.location} is neither empty nor an OCFL storage root (it holds {stranger[0][:200]}); choose an empty folder."
            )
        layout = {"extension": ocfl.LAYOUT, "description": ocfl.LAYOUT_DESCRIPTION}
        for key, text in (
            (f"extensions/{ocfl.LAYOUT}/config.json", json.dumps(ocfl.LAYOUT_CONFIG, indent=2)),
            (ocfl.LAYOUT_FILE, json.dumps(layout, indent=2)),
            (ocfl.ROOT_NAMASTE, ocfl.ROOT_NAMASTE[2:]),
        ):
            self.bucket.write(key, text.encode() + b"\n", staging=ocfl.STAGING)

    # --- which entries and versions there are

    def exists(self, accession: str) -> bool:
        """Whether the entry has a released version (its root inventory is there)."""
        return self.bucket.size(self._key(accession, ocfl.INVENTORY)) is not None

    def versions(self, accession: str) -> int:
        """Return the number of the newest released version, 0 when there is none."""
        key = self._key(accession, ocfl.INVENTORY)
        start = self.bucket.read_start(key, 4096)
        if start is None:
            return 0
        head = inventory.head_of(start)
        if head is None:  # written by another program, which put `head` elsewhere
            head = inventory.head_of(self.bucket.read(key))
        return head or 0

    def accessions(self) -> Iterator[EntryId]:
        """Yield the accessions that have a released version, in the order of the storage tree."""
        for first in self.bucket.folders(""):
            if first == "extensions":
                continue
            for second in self.bucket.folders(first):
                for name in self.bucket.folders(f"{first}/{second}"):
                    try:
                        accession = EntryId.parse(name)
                    except InvalidInputError:
                        continue
                    if self.exists(accession):
                        yield accession

    # --- reading

    def read_file(self, accession: str, content_path: str) -> bytes:
        """Return the bytes of a small file of the object."""
        return self.bucket.read(self._content_key(accession, content_path))

    def source(self, accession: str, content_path: str) -> ByteSource:
        """Return a file of the object for reading by ranges."""
        return self.bucket.source(self._content_key(accession, content_path))

    def local_path(self, accession: str, content_path: str) -> Path | None:
        """Return where the file lies on this machine, None when it lies in a bucket."""
        return self.bucket.local_path(self._content_key(accession, content_path))

    def stream(self, accession: str, content_path: str) -> Iterator[bytes]:
        """Yield the bytes of a file of the object in blocks."""
        return self.bucket.stream(self._content_key(accession, content_path))

    def entry(self, accession: str, version: int) -> EntryRecord:
        """Return the metadata of a released version."""
        return EntryRecord.model_validate_json(b"".join(self._own_file(accession, version, ENTRY_FILE)))

    def files(self, accession: str, version: int) -> Iterator[FileRecord]:
        """Yield the deposited files of a released version."""
        return map(FileRecord.model_validate_json, lines(self._own_file(accession, version, MANIFEST_FILE)))

    def images(self, accession: str, version: int) -> Iterator[ImageRecord]:
        """Yield the images of a released version, in the order of their numbers."""
        return map(ImageRecord.model_validate_json, lines(self._own_file(accession, version, IMAGES_FILE)))

    def _own_file(self, accession: str, version: int, name: str) -> Iterator[bytes]:
        try:
            return self.stream(accession, ocfl.content_path(version, name))
        except NotFoundError as error:
            tombstone = self.tombstone(accession)
            if tombstone is not None:
                raise GoneError(f"{accession} was purged.", tombstone) from error
            raise NotFoundError(f"{accession} has no released version {version}.") from error

    # --- writing

    def publish(
        self,
        drafts: Drafts,
        accession: str,
        version: int,
        *,
        entry: EntryRecord,
        files: Callable[[], Iterable[FileRecord]],
        images: Callable[[], Iterable[ImageRecord]],
        message: str,
        user: str,
    ) -> None:
        """Make a draft's version the newest released one.

        May be called again after any crash, with the same arguments, until it returns; a version that is whole already is left as it is.

        Parameters
        ----------
        drafts
            Where the new files lie, under ``v{version}/content``.
        entry
            Written as ``entry.json``.
        files, images
            Functions that give the records from the start each time; written as ``manifest.jsonl`` and ``images.jsonl``.
        message, user
            Why and by whom, for the inventory.
        """
        if self.tombstone(accession) is not None:
            raise WrongStateError(f"{accession} was purged; nothing can be released under that accession again.", status="PURGED")
        publication.Publication(self, drafts, EntryId.parse(accession), version).run(entry, files, images, message=message, user=user)

    def recover(self, accession: str) -> int:
        """Complete a root inventory that lags behind a whole version folder, clear what never became whole.

        Returns the newest version, 0 for none. Hold the draft's lock: a publication that is under way elsewhere looks like a broken one.
        """
        if self.tombstone(accession) is not None:
            publication.finish_purge(self, accession)
            return 0
        return publication.recover(self, accession)

    def append_event(self, accession: str, event: Event) -> None:
        """Add an event to the object's log; one that is the log's already is not added twice."""
        line = event.model_dump_json(exclude_defaults=True).encode() + b"\n"

        def added(log: bytes) -> bytes:
            whole = log[: log.rfind(b"\n") + 1]
            return log if line in whole.splitlines(keepends=True) else whole + line

        if not self.exists(accession) and self.tombstone(accession) is None:
            raise NotFoundError(f"{accession} has no released version whose log could be written.")
        self.bucket.update(self._events_key(accession), added, staging=ocfl.STAGING)

    def events(self, accession: str) -> list[Event]:
        """Return what happened to a released (or purged) entry, oldest first."""
        log = self.bucket.read_start(self._events_key(accession), -1)
        return [Event.model_validate_json(line) for line in lines([log or b""])]

    def purge(self, accession: str, tombstone: Mapping[str, object]) -> None:
        """Destroy an entry's bytes; its tombstone, its events and the digests of its files stay, without the names of files.

        The object leaves the storage root, which stays valid; what remains lies in the root's ``extensions/micrographia-tombstones/``.
        May be called again after a crash.
        """
        if self.tombstone(accession) is None:
            if not self.exists(accession):
                raise NotFoundError(f"{accession} has no released version to purge.")
            publication.bury(self, accession, tombstone)
        publication.finish_purge(self, accession)

    def purged(self) -> Iterator[EntryId]:
        """Yield the accessions of which only a tombstone is left."""
        for name in self.bucket.folders(ocfl.TOMBSTONES):
            with suppress(InvalidInputError):
                accession = EntryId.parse(name)
                if self.tombstone(accession) is not None:
                    yield accession

    def tombstone(self, accession: str) -> dict[str, object] | None:
        """Return what is left to say of a purged entry, None for all others."""
        text = self.bucket.read_start(f"{ocfl.TOMBSTONES}/{EntryId.parse(accession)}/tombstone.json", -1)
        return None if text is None else json.loads(text)

    def audit(
        self,
        accessions: Sequence[str] | None = None,
        *,
        replica: Store | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Iterator[audit.Damage]:
        """Read every byte again; yield each damaged, missing or undeclared file, repaired from `replica` where it has the right bytes.

        Parameters
        ----------
        accessions
            Entries to read; one that should be here and is not is damage too. None means all.
        progress
            Called with the number of bytes read since the last call.
        """
        return audit.audit(self, accessions, replica, progress=progress)

    # --- places

    def _key(self, accession: str, name: str) -> str:
        return f"{ocfl.object_path(accession)}/{name}"

    def _content_key(self, accession: str, content_path: str) -> str:
        ocfl.split_content_path(content_path)
        return self._key(accession, content_path)

    def _events_key(self, accession: str) -> str:
        if self.tombstone(accession) is not None:
            return f"{ocfl.TOMBSTONES}/{accession}/events.jsonl"
        return self._key(accession, ocfl.EVENTS_FILE)


def _no_step(name: str) -> None:
    pass
