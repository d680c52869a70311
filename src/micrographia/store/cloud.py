"""A bucket of an object store, driven through obstore: S3 and what speaks like it.

Credentials and the endpoint come from the environment (``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, ``AWS_REGION``,
``AWS_ENDPOINT_URL``, ``AWS_ALLOW_HTTP``). Two things follow from the service:

- A copy inside one bucket is made by the service, up to 5 GiB an object (S3 CopyObject). Larger objects, and objects of another bucket,
  pass through this process in blocks, held against their digest; UploadPartCopy is not used.
- Parts of an upload that was cut off stay hidden in the bucket: give it a lifecycle rule that aborts incomplete multipart uploads.
"""

from __future__ import annotations

import hashlib
import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import obstore
import obstore.exceptions
import obstore.store

from micrographia.errors import IntegrityError, InvalidInputError, NotFoundError, UnavailableError
from micrographia.store.bucket import BLOCK_BYTES, Bucket

log = logging.getLogger(__name__)

# S3 limits: one CopyObject moves up to 5 GiB; an upload has at most 10,000 parts
COPY_BYTES = 5 << 30
_PARTS = 9_000
_PART_BYTES = 32 << 20
_BUFFER_BYTES = 128 << 20  # parts on their way, per file
_ATTEMPTS = 40
_WHOLE = "-whole"


class CloudBucket:
    """Keys below a prefix of a bucket."""

    def __init__(self, url: str) -> None:
        self.location = url.rstrip("/")
        parts = urlsplit(self.location)
        if parts.query or parts.fragment or not parts.netloc:
            raise InvalidInputError(f"{url} is not the URL of a bucket; expected one like s3://bucket/prefix.")
        self._service = f"{parts.scheme}://{parts.netloc}"
        self._prefix = parts.path.strip("/")
        # with it the service holds every upload against its digest; without it some trust what they get
        options: dict[str, Any] = {"checksum_algorithm": "sha256"} if parts.scheme in ("s3", "s3a") else {}
        try:
            self._store = obstore.store.from_url(self._service, **options)
        except (obstore.exceptions.BaseError, ValueError) as error:
            raise InvalidInputError(f"{url} cannot be opened as a bucket: {error}") from error

    def _key(self, key: str) -> str:
        return f"{self._prefix}/{key}".strip("/")

    def _own(self, full_key: str) -> str:
        return full_key[len(self._prefix) + 1 :] if self._prefix else full_key

    @contextmanager
    def _asking(self, key: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise NotFoundError(f"There is no file {key} in {self.location}.") from error
        except (obstore.exceptions.PermissionDeniedError, obstore.exceptions.UnauthenticatedError) as error:
            raise UnavailableError(f"{self.location} refuses {key}: check the credentials in the AWS_… variables. ({error})") from error
        except (obstore.exceptions.AlreadyExistsError, obstore.exceptions.PreconditionError):
            raise
        except obstore.exceptions.BaseError as error:
            raise UnavailableError(f"{self.location} did not answer for {key}: {str(error)[:500]}") from error

    # --- reading

    def read(self, key: str) -> bytes:
        """Return all bytes of a small file; NotFoundError when there is none."""
        with self._asking(key):
            return bytes(obstore.get(self._store, self._key(key)).bytes())

    def read_start(self, key: str, length: int) -> bytes | None:
        """Return up to `length` first bytes (-1: all); None when there is no such file."""
        size = self.size(key)
        if not size:
            return None if size is None else b""
        if length < 0:
            return self.read(key)
        with self._asking(key):
            return bytes(obstore.get_range(self._store, self._key(key), start=0, end=min(length, size)))

    def stream(self, key: str) -> Iterator[bytes]:
        """Yield the bytes of a file in blocks; NotFoundError when there is none."""
        with self._asking(key):
            blocks = obstore.get(self._store, self._key(key)).stream(min_chunk_size=BLOCK_BYTES)
        return self._blocks(key, blocks)

    def _blocks(self, key: str, blocks: Iterable[Any]) -> Iterator[bytes]:
        with self._asking(key):
            for block in blocks:
                yield bytes(block)

    def source(self, key: str) -> CloudSource:
        """Return the file for reading by ranges; NotFoundError when there is none."""
        size = self.size(key)
        if size is None:
            raise NotFoundError(f"There is no file {key} in {self.location}.")
        return CloudSource(self, key, size)

    def read_range(self, key: str, start: int, length: int) -> bytes:
        """Return `length` bytes from byte `start`."""
        with self._asking(key):
            return bytes(obstore.get_range(self._store, self._key(key), start=start, length=length))

    def local_path(self, key: str) -> Path | None:
        """Return None: nothing lies on this machine."""
        return None

    def size(self, key: str) -> int | None:
        """Return the length of a file in bytes, None when there is none."""
        head = self._head(key)
        return None if head is None else int(head["size"])

    def _head(self, key: str) -> Any:
        try:
            with self._asking(key):
                return obstore.head(self._store, self._key(key))
        except NotFoundError:
            return None

    # --- writing

    def writer(self, key: str, *, staging: str, durable: bool = True, size_bytes: int | None = None) -> CloudWriter:
        """Return a writer for `key`; a file beyond 280 GB needs its `size_bytes` said, and memory for one part: 1/9,000 of it."""
        if "\\" in key:
            raise InvalidInputError(
                f"{key!r} has a backslash in it, which some object stores take for the end of a folder; rename the file."
            )
        part = max(_PART_BYTES, -(-(size_bytes or 0) // _PARTS))
        return CloudWriter(self, key, part)

    def write(self, key: str, data: bytes, *, staging: str) -> None:
        """Put a small file, whole or not at all, over what may be there."""
        with self._asking(key):
            obstore.put(self._store, self._key(key), data, use_multipart=False)

    def create(self, key: str, data: bytes, *, staging: str) -> bool:
        """Put a small file that must not be there yet; False when it is."""
        return self._put_if(key, data, "create")

    def update(self, key: str, change: Callable[[bytes], bytes], *, staging: str) -> None:
        """Replace a small file by a function of what it holds, tried again when another writer was faster."""
        for _ in range(_ATTEMPTS):
            before, mode = b"", "create"
            try:
                with self._asking(key):
                    answer = obstore.get(self._store, self._key(key))
                    before, mode = bytes(answer.bytes()), {"e_tag": answer.meta["e_tag"]}  # type: ignore[assignment]
            except NotFoundError:
                pass
            after = change(before)
            if (after == before and mode != "create") or self._put_if(key, after, mode):
                return
            time.sleep(random.uniform(0.01, 0.1))  # noqa: S311  two writers should not meet again
        raise UnavailableError(f"{key} in {self.location} is being written by others all the time. Try again.")

    def _put_if(self, key: str, data: bytes, mode: Any) -> bool:
        try:
            with self._asking(key):
                obstore.put(self._store, self._key(key), data, mode=mode)
        except (obstore.exceptions.AlreadyExistsError, obstore.exceptions.PreconditionError):
            return False
        return True

    # --- logs: one object a group of lines, as nothing can be appended to an object

    def append(self, key: str, data: bytes) -> None:
        """Add whole lines to a log."""
        segments = self._segments(key)
        self.write(f"{key}/{_number(segments[-1]) + 1 if segments else 1:08d}", data, staging="")

    def replace_log(self, key: str, blocks: Iterable[bytes], *, staging: str) -> None:
        """Put a log in place of what was there: one segment that says that it is the whole, then the older ones go."""
        segments = self._segments(key)
        writer = self.writer(f"{key}/{_number(segments[-1]) + 1 if segments else 1:08d}{_WHOLE}", staging=staging)
        try:
            for block in blocks:
                writer.write(block)
            writer.commit()
        finally:
            writer.abort()
        for segment in segments:
            self.delete(segment)

    def read_log(self, key: str) -> Iterator[bytes]:
        """Yield the bytes of a log in blocks; nothing when there is none."""
        segments = self._segments(key)
        start = max((place for place, segment in enumerate(segments) if segment.endswith(_WHOLE)), default=0)
        for segment in segments[start:]:
            yield from self.stream(segment)

    def _segments(self, key: str) -> list[str]:
        return sorted(segment for segment, _ in self.files(key))

    # --- folders

    def files(self, folder: str) -> Iterator[tuple[str, int]]:
        """Yield (key, size) of every file below a folder, at any depth."""
        for meta in self._listed(folder):
            yield self._own(meta["path"]), int(meta["size"])

    def _listed(self, folder: str) -> Iterator[Any]:
        with self._asking(folder):
            for batch in obstore.list(self._store, prefix=self._key(folder) or None):
                yield from batch

    def folders(self, folder: str) -> Iterator[str]:
        """Yield the names of the folders directly in a folder, sorted."""
        with self._asking(folder):
            listed = obstore.list_with_delimiter(self._store, prefix=self._key(folder) or None)
        yield from sorted(str(prefix).rstrip("/").rpartition("/")[2] for prefix in listed["common_prefixes"])

    def delete(self, key: str) -> None:
        """Delete a file, if it is there."""
        try:
            with self._asking(key):
                obstore.delete(self._store, self._key(key))
        except NotFoundError:
            pass

    def delete_folder(self, folder: str, *, staging: str) -> None:
        """Delete all files below a folder."""
        with self._asking(folder):
            for batch in obstore.list(self._store, prefix=self._key(folder)):
                obstore.delete(self._store, [meta["path"] for meta in batch])

    def clear_left_behind(self, staging: str) -> None:
        """Do nothing: unfinished uploads are the lifecycle rule's."""

    def settle(self, folder: str) -> None:
        """Do nothing: a bucket has neither modes nor empty folders."""

    def bring(self, key: str, source: Bucket, source_key: str, *, sha256: str, resume: bool, staging: str) -> None:
        """Copy a file here; the service does it where it can, else the bytes pass through and are held against their digest."""
        if not isinstance(source, CloudBucket):
            self._stream_in(key, source, source_key, sha256, source.size(source_key))
            return
        origin = source._head(source_key)
        if origin is None:
            raise NotFoundError(f"There is no file {source_key} in {source.location}.")
        here = self._head(key) if resume else None
        # an object appears whole; one that is younger than its origin and as long was copied from what the origin holds now
        if here is not None and here["size"] == origin["size"] and here["last_modified"] > origin["last_modified"]:
            return
        if source._service != self._service or origin["size"] > COPY_BYTES:
            log.info("%s cannot be copied by the service (another bucket, or over 5 GiB): its bytes pass through this process.", source_key)
            self._stream_in(key, source, source_key, sha256, origin["size"])
            return
        with self._asking(source_key):
            obstore.copy(self._store, source._key(source_key), self._key(key))

    def _stream_in(self, key: str, source: Bucket, source_key: str, sha256: str, size_bytes: int | None) -> None:
        writer = self.writer(key, staging="", size_bytes=size_bytes)
        try:
            digest = hashlib.sha256()
            for block in source.stream(source_key):
                digest.update(block)
                writer.write(block)
            if digest.hexdigest() != sha256:
                raise IntegrityError(
                    f"{source_key} in {source.location} has sha256 {digest.hexdigest()}; {sha256} was expected. Run audit."
                )
            writer.commit()
        finally:
            writer.abort()


class CloudSource:
    """An object read by ranges."""

    def __init__(self, bucket: CloudBucket, key: str, size: int) -> None:
        self._bucket = bucket
        self._key = key
        self.name = key.rpartition("/")[2]
        self.size = size

    def read(self, start: int, length: int) -> bytes:
        """Return exactly `length` bytes from byte `start`; IntegrityError when the object is shorter."""
        if start < 0 or length < 0 or start + length > self.size:
            raise IntegrityError(f"{self.name}: {length} bytes from byte {start} were asked for; the source holds {self.size} bytes.")
        if length == 0:
            return b""
        data = self._bucket.read_range(self._key, start, length)
        if len(data) != length:
            raise IntegrityError(f"{self.name}: {length} bytes from byte {start} were asked for; {len(data)} came.")
        return data


class CloudWriter:
    """Bytes on their way into an object: one upload, in parts where there are many."""

    path = None

    def __init__(self, bucket: CloudBucket, key: str, part_bytes: int) -> None:
        self._bucket = bucket
        self._key = key
        self._part_bytes = part_bytes
        self._upload: Any = None

    def write(self, data: bytes | memoryview) -> int:
        """Add bytes at the end."""
        if self._upload is None:
            self._upload = obstore.open_writer(
                self._bucket._store,
                self._bucket._key(self._key),
                buffer_size=self._part_bytes,
                max_concurrency=max(1, _BUFFER_BYTES // self._part_bytes),
            )
        with self._bucket._asking(self._key):
            return int(self._upload.write(bytes(data)))

    def commit(self) -> None:
        """Make the object appear."""
        if self._upload is None:
            self.write(b"")
        upload, self._upload = self._upload, None
        with self._bucket._asking(self._key):
            upload.close()

    def abort(self) -> None:
        """Forget the unfinished bytes; parts that were sent already stay hidden until the bucket's lifecycle rule clears them."""
        self._upload = None


def _number(segment: str) -> int:
    return int(segment.rpartition("/")[2].removesuffix(_WHOLE))
