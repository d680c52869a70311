"""Files that come into a draft piece by piece, over days and restarts.

::

    drafts/MG-10001/uploads/<id>.json   what is coming: its path, its length, its digest where that was said
                            <id>        the bytes that are here (in a bucket <id>/<offset>, one object a part)

A byte that was acknowledged is kept whatever happens to the process. Bytes are hashed while they come; the state of a hash cannot be kept,
so after a restart the bytes are read once more when the file is whole: it is `verifying` until then.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from os import cpu_count
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from micrographia.errors import IntegrityError, InvalidInputError, NotFoundError, WrongStateError
from micrographia.store.bucket import Bucket
from micrographia.store.drafts import Drafts
from micrographia.store.folder import FolderBucket
from micrographia.store.spools import Spool, open_spool, parts_size, remove_spool

UPLOADS = "uploads"
State = Literal["uploading", "verifying", "whole", "failed"]
Checksum = Literal["sha256", "sha1", "md5"]

_ID = re.compile(r"[0-9a-f]{32}")
# digits of an identifier that its path gives
_OF_PATH = 12
# uploads whose hash is kept between their requests, the latest ones
_MOST_DIGESTS = 4096
_hashing = ThreadPoolExecutor(cpu_count() or 1, "sha256")


class UploadRecord(BaseModel):
    """What is kept of an upload beside its bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    id: str
    path: str
    """Path inside the entry."""
    version: int
    size_bytes: int
    """Length of the whole file."""
    sha256: str = ""
    """Digest that its sender said; empty where none was."""
    created_at: str
    url: str = ""
    """Where the archive fetches it from by itself; empty where somebody sends it."""
    digest: str = ""
    """SHA-256 of the bytes once the file is in the draft."""
    failure: str = ""
    """Why it did not get there, in a sentence."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload and how far it is."""

    record: UploadRecord
    offset: int
    """Bytes that are here."""
    changed_at: float
    """When the last of them came (or it was made), seconds since 1970."""

    @property
    def state(self) -> State:
        """What GET …/files says of it."""
        if self.record.failure:
            return "failed"
        if self.record.digest:
            return "whole"
        return "uploading" if self.offset < self.record.size_bytes else "verifying"


class _Hash(Protocol):
    def update(self, data: bytes | memoryview, /) -> None: ...
    def digest(self) -> bytes: ...
    def hexdigest(self) -> str: ...


class _Digest:
    """SHA-256 of the first `position` bytes of an upload."""

    def __init__(self) -> None:
        self.position = 0
        self.hash = hashlib.sha256()

    def update(self, pieces: Sequence[bytes | memoryview]) -> None:
        for piece in pieces:
            self.hash.update(piece)
            self.position += len(piece)


# of the uploads that this process serves; an upload belongs to whoever has its spool, so no two threads touch one digest
_digests: OrderedDict[str, _Digest] = OrderedDict()
_digests_lock = threading.Lock()


class Appending:
    """The bytes of one request on their way to the end of an upload; `Uploads.open` makes it."""

    def __init__(self, record: UploadRecord, spool: Spool) -> None:
        self.record = record
        self.offset = self._start = spool.size
        self._spool = spool
        with _digests_lock:
            self._digest = _digests.pop(record.id) if record.id in _digests else _Digest()
        self._hashes: Future[None] | None = None
        self._is_sound = True
        self._check: tuple[_Hash, bytes] | None = None

    def expect(self, algorithm: Checksum, digest: bytes) -> None:
        """Keep the bytes of this request only where they have this digest."""
        self._check = (hashlib.new(algorithm, usedforsecurity=False), digest)

    def add(self, pieces: Sequence[bytes | memoryview]) -> None:
        """Append bytes, while those before them are still hashed."""
        count = sum(map(len, pieces))
        if self.offset + count > self.record.size_bytes:
            raise InvalidInputError(
                f"{self.record.path}: more bytes came than its length of {self.record.size_bytes:,}. Was the file written to meanwhile?"
            )
        self._wait()
        if self._digest.position == self.offset or self._check:
            self._hashes = _hashing.submit(self._hash, pieces, self._digest.position == self.offset)
        try:
            self._spool.write(pieces)
        except BaseException:
            self._is_sound = False
            raise
        self.offset += count

    def _hash(self, pieces: Sequence[bytes | memoryview], is_next: bool) -> None:
        if is_next:
            self._digest.update(pieces)
        if self._check:
            for piece in pieces:
                self._check[0].update(piece)

    def _wait(self) -> None:
        if self._hashes is not None:
            hashes, self._hashes = self._hashes, None
            hashes.result()

    def confirm(self) -> None:
        """Hold the bytes of this request, all of which came, against the digest that was said; IntegrityError where they differ."""
        self._wait()
        if self._check and self._check[0].digest() != self._check[1]:
            raise IntegrityError(
                f"{self.record.path}: the {self.offset - self._start:,} bytes from byte {self._start:,} arrived changed: their checksum is "
                "not the one that was sent. Send them again."
            )
        self._check = None

    @property
    def is_whole(self) -> bool:
        """Whether all bytes are here."""
        return self.offset == self.record.size_bytes

    @property
    def is_hashed(self) -> bool:
        """Whether the digest of all bytes is known without reading them again."""
        self._wait()
        return self.is_whole and self._digest.position == self.offset and self._is_sound

    def sha256(self) -> str:
        """Return the digest of all bytes, which are kept now; those that were not hashed while they came are read once more."""
        self._wait()
        self._spool.flush()
        if not self._is_sound or self._digest.position > self.offset:
            self._digest, self._is_sound = _Digest(), True
        if self._digest.position < self.offset:
            for block in self._spool.blocks(self._digest.position):
                self._digest.update([block])
        return self._digest.hash.hexdigest()

    def blocks(self) -> Iterator[bytes]:
        """Yield all bytes."""
        return self._spool.blocks(0)

    def close(self) -> None:
        """Keep what came, and let others append."""
        self._wait()
        if self._check:  # their checksum was not met, or could not be told before all have come
            self._spool.truncate(self._start)
            self._is_sound = self._digest.position <= self._start
        try:
            self._spool.close()
        except BaseException:
            self._is_sound = False
            raise
        if self._is_sound and not self.is_whole:
            with _digests_lock:
                _digests[self.record.id] = self._digest
                while len(_digests) > _MOST_DIGESTS:
                    _digests.popitem(last=False)


class Uploads:
    """The uploads of the drafts."""

    def __init__(self, drafts: Drafts) -> None:
        self._drafts = drafts
        self._bucket: Bucket = drafts.bucket

    def save(self, accession: str, record: UploadRecord) -> None:
        """Keep what is coming, or what became of it."""
        text = record.model_dump_json(exclude_defaults=True).encode()
        self._bucket.write(f"{self._key(accession, record.id)}.json", text, staging=self._drafts.staging(accession))

    def find(self, accession: str, upload: str) -> Upload:
        """Return an upload; NotFoundError where there is none."""
        unknown = NotFoundError(f"{accession} has no such upload: it is expired or was taken back. Begin it anew.")
        text = self._bucket.read_start(f"{self._key(accession, upload)}.json", -1) if _ID.fullmatch(upload) else None
        if text is None:
            raise unknown
        return self._seen(accession, UploadRecord.model_validate_json(text))

    def all(self, accession: str, *, path: str = "") -> Iterator[Upload]:
        """Yield the uploads of a draft (or of one path), those that are in it already among them."""
        begin = new_upload_id(path)[:_OF_PATH] if path else ""
        folder = f"{self._drafts.folder(accession)}/{UPLOADS}"
        for key, _ in sorted(self._bucket.files(folder)):
            name = key.removeprefix(f"{folder}/")
            if name.startswith(begin) and name.endswith(".json") and (text := self._bucket.read_start(key, -1)) is not None:
                yield self._seen(accession, UploadRecord.model_validate_json(text))

    def _seen(self, accession: str, record: UploadRecord) -> Upload:
        key = self._key(accession, record.id)
        made_at = datetime.fromisoformat(record.created_at).timestamp()
        if record.digest:
            return Upload(record, record.size_bytes, made_at)
        if not isinstance(self._bucket, FolderBucket):
            return Upload(record, parts_size(self._bucket.files(key)), made_at)
        try:
            found = self._bucket.path(key).lstat()
        except FileNotFoundError:
            return Upload(record, 0, made_at)
        return Upload(record, found.st_size, max(made_at, found.st_mtime))

    def open(self, accession: str, upload: str, *, offset: int | None = None) -> Appending:
        """Return an upload for the caller alone, to append to it or to end it; it must be closed.

        Raises
        ------
        BusyError
            Another request has it.
        WrongStateError
            It ends elsewhere than at `offset`, or is in the draft already, or failed.
        """
        record = self.find(accession, upload).record
        if record.digest or record.failure:
            raise WrongStateError(record.failure or f"{record.path} is whole: nothing can be added to it.")
        appending = Appending(record, open_spool(self._bucket, self._key(accession, upload)))
        if offset is not None and offset != appending.offset:
            appending.close()
            raise WrongStateError(
                f"{record.path}: {appending.offset:,} bytes are here, and bytes from byte {offset:,} on were sent. Ask for its offset."
            )
        return appending

    def remove(self, accession: str, upload: str) -> None:
        """Forget an upload and its bytes."""
        key = self._key(accession, upload)
        remove_spool(self._bucket, f"{key}.json")
        self.remove_bytes(accession, upload)

    def remove_bytes(self, accession: str, upload: str) -> None:
        """Forget the bytes of an upload."""
        with _digests_lock:
            _digests.pop(upload, None)
        remove_spool(self._bucket, self._key(accession, upload))

    def clear_ownerless(self, accession: str) -> None:
        """Delete bytes whose record is gone, or says that they are in the draft: a process died over them."""
        folder = f"{self._drafts.folder(accession)}/{UPLOADS}"
        keys = [key for key, _ in self._bucket.files(folder)]
        for upload in {key.removeprefix(f"{folder}/").partition("/")[0] for key in keys if not key.endswith(".json")}:
            text = self._bucket.read_start(f"{folder}/{upload}.json", -1)
            if text is None or UploadRecord.model_validate_json(text).digest:
                self.remove_bytes(accession, upload)

    def local_path(self, accession: str, upload: str) -> Path | None:
        """Return where the bytes lie on this machine, None in a bucket."""
        return self._bucket.local_path(self._key(accession, upload))

    def _key(self, accession: str, upload: str) -> str:
        return f"{self._drafts.folder(accession)}/{UPLOADS}/{upload}"


def new_upload_id(path: str) -> str:
    """Return an identifier that nobody guesses; those of one path begin alike, so that they are found without reading all."""
    return hashlib.sha256(path.encode()).hexdigest()[:_OF_PATH] + secrets.token_hex(10)
