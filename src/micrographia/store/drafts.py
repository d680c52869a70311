"""The private area: drafts with their records, and the bytes that are on their way in.

::

    drafts/MG-10001/draft.json       the record, rewritten atomically
                    files.jsonl      a line a file that is whole; later lines go before earlier ones
                    images.jsonl     a line an image
                    facts.jsonl      what was found in each file, so that none is read twice
                    v1/content/…     the files, under their paths; release moves the folder v1
                    incoming/        unfinished bytes
    drafts/.dossiers/MG-10001.json   what outlives the draft and is not public: people, reviewer links, events with names
    drafts/.begun/MG-10001.json      an event on its way into the log of a released entry and into the catalogue
    drafts/.locks/MG-10001           held while a process works on the entry

Files are noted in groups: bytes first, then the lines that say they are whole. A killed deposit loses at most the notes of its last group
and finds everything else when it is run again.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from micrographia.errors import InvalidInputError, NotFoundError, UnavailableError, WrongStateError
from micrographia.formats.source import ByteSource
from micrographia.ids import EntryId
from micrographia.model import ocfl
from micrographia.model.people import Dossier
from micrographia.model.records import DraftRecord, Event, FileRecord, ImageRecord
from micrographia.store.bucket import Bucket, json_lines, lines, open_bucket
from micrographia.store.disk import PRIVATE_FOLDER, disk_errors, make_folders, sync_all
from micrographia.store.folder import FolderBucket
from micrographia.store.incoming import IncomingFile, Mode, take_in
from micrographia.store.locks import Locks, bucket_locks, folder_locks

_RECORD = "draft.json"
_FILES = "files.jsonl"
_IMAGES = "images.jsonl"
_FACTS = "facts.jsonl"
_INCOMING = "incoming"
_DELETED = ".deleted"
_DOSSIERS = ".dossiers"
_BEGUN = ".begun"
# a group of files is made durable and noted when it has so many files or bytes
_GROUP_FILES = 2000
_GROUP_BYTES = 1 << 30


class _Group:
    """Files that are in their places and not yet noted."""

    def __init__(self) -> None:
        self.files: list[FileRecord] = []
        self.images: list[ImageRecord] = []
        self.size_bytes = 0
        self.moved: list[Path] = []
        self.lock = threading.RLock()


class Drafts:
    """Drafts in a folder or a bucket; nobody but the archive's own processes may read it."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.location = bucket.location
        self._groups: dict[str, _Group] = {}
        self._locks: Locks = folder_locks(bucket) if isinstance(bucket, FolderBucket) else bucket_locks(bucket)

    @classmethod
    def open(cls, location: str) -> Drafts:
        """Return the drafts at a folder (made if absent, readable by its owner alone) or URL."""
        drafts = cls(open_bucket(location))
        if isinstance(drafts.bucket, FolderBucket):
            with disk_errors(location):
                make_folders(drafts.bucket.root.parent)
                drafts.bucket.root.mkdir(exist_ok=True)
                if drafts.bucket.root.stat().st_mode & 0o777 != PRIVATE_FOLDER:
                    drafts.bucket.root.chmod(PRIVATE_FOLDER)
                drafts.bucket.clear_left_behind(_DELETED)
                drafts.bucket.clear_left_behind(f"{_DOSSIERS}/{_INCOMING}")
        return drafts

    # --- records

    def create(self, record: DraftRecord) -> None:
        """Begin a draft; WrongStateError when the accession has one, whichever process made it."""
        folder = self.folder(record.accession)
        with self.lock(record.accession), disk_errors(record.accession):
            if isinstance(self.bucket, FolderBucket):
                make_folders(self.bucket.path(folder), PRIVATE_FOLDER)
            is_new = self.bucket.create(f"{folder}/{_RECORD}", _record_json(record), staging=self.staging(record.accession))
        if not is_new:
            raise WrongStateError(f"{record.accession} has a draft already.", status="DRAFT")

    def exists(self, accession: str) -> bool:
        """Whether the accession has a draft."""
        return self.bucket.size(f"{self.folder(accession)}/{_RECORD}") is not None

    def record(self, accession: str) -> DraftRecord:
        """Return the record of a draft; NotFoundError when there is none."""
        text = self.bucket.read_start(f"{self.folder(accession)}/{_RECORD}", -1)
        if text is None:
            raise NotFoundError(f"{accession} has no draft.")
        return DraftRecord.model_validate_json(text)

    def save(self, record: DraftRecord) -> None:
        """Put a changed record in place of the old one; the files added so far are noted first."""
        self.flush(record.accession)
        if not self.exists(record.accession):
            raise NotFoundError(f"{record.accession} has no draft.")
        self.bucket.write(f"{self.folder(record.accession)}/{_RECORD}", _record_json(record), staging=self.staging(record.accession))

    def delete(self, accession: str) -> None:
        """Destroy a draft with all its files, if it is there."""
        folder = self.folder(accession)
        self._groups.pop(folder, None)
        with disk_errors(accession):
            if not isinstance(self.bucket, FolderBucket):  # it does not vanish at once: the record goes last, so that all of it goes
                for name in list(self.bucket.folders(folder)):
                    self.bucket.delete_folder(f"{folder}/{name}", staging=_DELETED)
            self.bucket.delete_folder(folder, staging=_DELETED)

    def tidy(self) -> None:
        """Clear what killed processes left: unfinished bytes, folders that never became a draft. What holds somebody's files stays."""
        for name in list(self.bucket.folders("")):
            with suppress(InvalidInputError, UnavailableError):
                accession = EntryId.parse(name)
                self.bucket.clear_left_behind(self.staging(accession))
                if not self.exists(accession):
                    with self.lock(accession, wait=False):
                        if not self.exists(accession) and not any("/content/" in key for key, _ in self.bucket.files(name)):
                            self.delete(accession)

    def accessions(self) -> Iterator[EntryId]:
        """Yield the accessions that have a draft, sorted."""
        for name in self.bucket.folders(""):
            with suppress(InvalidInputError):
                accession = EntryId.parse(name)
                if self.exists(accession):
                    yield accession

    # --- what is said of a released entry

    def begin_event(self, accession: str, event: Event) -> None:
        """Note that an event is about to be written to an object's log and the catalogue, so that one killed between is found."""
        text = event.model_dump_json(exclude_defaults=True).encode() + b"\n"
        self.bucket.write(f"{_BEGUN}/{self.folder(accession)}.json", text, staging=f"{_DOSSIERS}/{_INCOMING}")

    def end_event(self, accession: str) -> None:
        """Forget it: it stands in both."""
        self.bucket.delete(f"{_BEGUN}/{self.folder(accession)}.json")

    def begun_event(self, accession: str) -> Event | None:
        """Return the event that was begun and not ended; None where there is none."""
        text = self.bucket.read_start(f"{_BEGUN}/{self.folder(accession)}.json", -1)
        return None if text is None else Event.model_validate_json(text)

    def begun_events(self) -> Iterator[EntryId]:
        """Yield the accessions of such events."""
        for key, _ in sorted(self.bucket.files(_BEGUN)):
            with suppress(InvalidInputError):
                yield EntryId.parse(key.removeprefix(f"{_BEGUN}/").removesuffix(".json"))

    # --- dossiers

    def dossier(self, accession: str) -> Dossier:
        """Return the dossier of an entry, empty where none was kept."""
        text = self.bucket.read_start(f"{_DOSSIERS}/{self.folder(accession)}.json", -1)
        return Dossier(accession=self.folder(accession)) if text is None else Dossier.model_validate_json(text)

    def save_dossier(self, dossier: Dossier) -> None:
        """Put a dossier in place of the old one."""
        if isinstance(self.bucket, FolderBucket):
            make_folders(self.bucket.path(_DOSSIERS), PRIVATE_FOLDER)
        text = dossier.model_dump_json(exclude_defaults=True, indent=1).encode() + b"\n"
        self.bucket.write(f"{_DOSSIERS}/{self.folder(dossier.accession)}.json", text, staging=f"{_DOSSIERS}/{_INCOMING}")

    def delete_dossier(self, accession: str) -> None:
        """Forget the dossier of an entry that was never released."""
        self.bucket.delete(f"{_DOSSIERS}/{self.folder(accession)}.json")

    def dossiers(self) -> Iterator[Dossier]:
        """Yield all dossiers."""
        for key, _ in sorted(self.bucket.files(_DOSSIERS)):
            name = key.removeprefix(f"{_DOSSIERS}/").removesuffix(".json")
            with suppress(InvalidInputError):
                yield self.dossier(EntryId.parse(name))

    @contextmanager
    def looking(self, accession: str) -> Iterator[None]:
        """Look at the files of a draft alone, while others may work on it; UnavailableError where somebody looks at them already."""
        with self._locks.hold(f"{self.folder(accession)}.looking", wait=False):
            yield

    @contextmanager
    def lock(self, accession: str, *, wait: bool = True) -> Iterator[None]:
        """Work on the entry alone; UnavailableError while another process or thread does (with `wait`, when it still does after 30 s).

        The entry need not have a draft. The lock ends with the process that holds it, and a thread may take it again inside itself.
        """
        with self._locks.hold(self.folder(accession), wait=wait):
            self.bucket.clear_left_behind(self.staging(accession))
            yield

    # --- files on their way in

    @contextmanager
    def incoming(self, accession: str, version: int, path: str, *, size_bytes: int | None = None) -> Iterator[IncomingFile]:
        """Give a place for the bytes of one file; without a `commit` inside the context nothing stays.

        Bytes come by ``write``; on a folder the caller may write the local file ``.path`` instead, or ``adopt`` a file of the same file
        system. The file appears under its path whole or not at all. In a bucket a file beyond 280 GB needs its `size_bytes` said.
        """
        content = ocfl.content_path(version, ocfl.safe_path(path))
        folder = self.folder(accession)
        with disk_errors(f"{accession}: {path}"):
            writer = self.bucket.writer(f"{folder}/{content}", staging=self.staging(accession), durable=False, size_bytes=size_bytes)
            file = IncomingFile(content, writer, lambda record, images, moved: self._note(folder, record, images, moved))
            try:
                yield file
            finally:
                writer.abort()

    def add_file(
        self,
        accession: str,
        version: int,
        path: str,
        source: Path,
        *,
        mode: Mode = "copy",
        media_type: str = "application/octet-stream",
        format: str = "",  # noqa: A002  the record's own word
        role: str = "",
    ) -> FileRecord:
        """Take a local file in, hashing its bytes as they pass; returns its record.

        Parameters
        ----------
        path
            Path inside the entry.
        mode
            copy; link (a hard link: no bytes move, the file must not be written again and becomes read-only at release); move (link, then
            the source is removed once the file is noted). link and move need drafts on the source's file system.
        """
        with self.incoming(accession, version, path) as file:
            sha256, size_bytes = take_in(source, file, mode)
            record = FileRecord(
                path=ocfl.safe_path(path),
                size_bytes=size_bytes,
                sha256=sha256,
                media_type=media_type,
                content_path=file.content_path,
                format=format,
                role=role,
            )
            file.commit(record)
        return record

    def _note(self, folder: str, record: FileRecord, images: Sequence[ImageRecord], moved: Path | None) -> None:
        group = self._groups.setdefault(folder, _Group())
        with group.lock:
            group.files.append(record)
            group.images.extend(images)
            group.size_bytes += record.size_bytes
            if moved is not None:
                group.moved.append(moved)
            full = len(group.files) >= _GROUP_FILES or group.size_bytes >= _GROUP_BYTES
        if full:
            self.flush(folder)

    def flush(self, accession: str) -> None:
        """Make the files that were added so far durable, and note them; done by itself now and then, by `save` and before a release."""
        folder = self.folder(accession)
        group = self._groups.get(folder)
        if group is None:
            return
        with group.lock, disk_errors(f"{accession}: its draft"):
            if group.files and isinstance(self.bucket, FolderBucket):
                places = [self.bucket.path(f"{folder}/{file.content_path}") for file in group.files]
                sync_all(places, self.bucket.path(folder))
            for name, records in ((_IMAGES, group.images), (_FILES, group.files)):
                if records:
                    self.bucket.append(f"{folder}/{name}", b"".join(json_lines(records)))
            for source in group.moved:
                source.unlink(missing_ok=True)
            group.files, group.images, group.moved, group.size_bytes = [], [], [], 0

    # --- files that are in

    def files(self, accession: str) -> Iterator[FileRecord]:
        """Yield the files of a draft in the order they came; of several notes about one path the last is true."""
        return map(FileRecord.model_validate_json, self._last(accession, _FILES, _path_in))

    def images(self, accession: str) -> Iterator[ImageRecord]:
        """Yield the images of a draft in the order they came; of several notes about one array of one file the last is true."""
        return map(ImageRecord.model_validate_json, self._last(accession, _IMAGES, _array_in))

    def write_files(self, accession: str, files: Iterable[FileRecord]) -> None:
        """Note these files in place of all that were noted; bytes of files that are left out are cleared at release."""
        self.flush(accession)
        self.bucket.replace_log(f"{self.folder(accession)}/{_FILES}", json_lines(files), staging=self.staging(accession))

    def write_images(self, accession: str, images: Iterable[ImageRecord]) -> None:
        """Note these images in place of all that were noted."""
        self.flush(accession)
        self.bucket.replace_log(f"{self.folder(accession)}/{_IMAGES}", json_lines(images), staging=self.staging(accession))

    def append(self, accession: str, files: Iterable[FileRecord], images: Iterable[ImageRecord]) -> None:
        """Note further files and images whose bytes are in: files shared with an earlier version, images that are a folder."""
        self.flush(accession)
        for name, records in ((_IMAGES, images), (_FILES, files)):
            for block in json_lines(records):
                self.bucket.append(f"{self.folder(accession)}/{name}", block)

    def facts(self, accession: str) -> Iterator[bytes]:
        """Yield the lines that were noted of what was found in the files."""
        yield from lines(self.bucket.read_log(f"{self.folder(accession)}/{_FACTS}"))

    def append_facts(self, accession: str, found: bytes) -> None:
        """Note whole lines of what was found in files."""
        self.bucket.append(f"{self.folder(accession)}/{_FACTS}", found)

    def files_digest(self, accession: str) -> str:
        """Return the digest of the notes of files: another one whenever a file came, went or changed."""
        self.flush(accession)
        digest = hashlib.sha256()
        for block in self.bucket.read_log(f"{self.folder(accession)}/{_FILES}"):
            digest.update(block)
        return digest.hexdigest()

    def remove_file(self, accession: str, path: str) -> None:
        """Take a file out of a draft, with its images and, when the draft holds them, its bytes; NotFoundError when it has no such file."""
        gone = [file for file in self.files(accession) if file.path == path]
        if not gone:
            raise NotFoundError(f"The draft of {accession} has no file {path}.")
        self.write_images(accession, [image for image in self.images(accession) if image.path != path])
        self.write_files(accession, (file for file in list(self.files(accession)) if file.path != path))
        self.bucket.delete(f"{self.folder(accession)}/{gone[0].content_path}")

    def source(self, accession: str, content_path: str) -> ByteSource:
        """Return a file of the draft for reading by ranges."""
        return self.bucket.source(self._content_key(accession, content_path))

    def local_path(self, accession: str, content_path: str) -> Path | None:
        """Return where a file of the draft lies on this machine, None in a bucket."""
        return self.bucket.local_path(self._content_key(accession, content_path))

    # --- places

    def folder(self, accession: str) -> str:
        """Return the key of a draft's folder."""
        return EntryId.parse(accession)

    def staging(self, accession: str) -> str:
        """Return the key of the folder for unfinished bytes."""
        return f"{self.folder(accession)}/{_INCOMING}"

    def _content_key(self, accession: str, content_path: str) -> str:
        ocfl.split_content_path(content_path)
        return f"{self.folder(accession)}/{content_path}"

    def _last(self, accession: str, name: str, key: Callable[[bytes], object | None]) -> Iterator[bytes]:
        """Yield the lines of a log that no later line of the same key replaces; a line torn by a crash is passed over."""
        self.flush(accession)
        log = f"{self.folder(accession)}/{name}"
        place: dict[object, int] = {}
        count = 0
        for number, line in enumerate(lines(self.bucket.read_log(log))):
            if (named := key(line)) is not None:
                place[named] = number
                count += 1
        all_last = len(place) == count
        if all_last:
            place.clear()
        for number, line in enumerate(lines(self.bucket.read_log(log))):
            named = key(line)
            if named is not None and (all_last or place[named] == number):
                yield line


def _path_in(line: bytes) -> bytes | None:
    """Return a file's line up to the end of its path, which comes first; None of a torn line (it has no inner braces)."""
    return line.partition(b'","')[0] if line.endswith(b"}") else None


def _array_in(line: bytes) -> tuple[str, int] | None:
    """Return (path, index) of an image's line, None of a torn one."""
    try:
        image = json.loads(line)
    except ValueError:
        return None
    return image["path"], image.get("index", 0)


def _record_json(record: DraftRecord) -> bytes:
    data = record.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    data = {**data, "state": record.state, "sheet": record.sheet.as_json()}
    return json.dumps(data, ensure_ascii=False, indent=1).encode() + b"\n"
