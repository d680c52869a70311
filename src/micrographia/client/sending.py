"""One local file on its way to a draft by resumable upload (tus 1.0.0): cut as often as it may be, it goes on where it was."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import BinaryIO

import httpx

from micrographia.client.answers import RETRIED, away, failure_of
from micrographia.errors import IntegrityError, InvalidInputError, MicrographiaError, NotFoundError, UnavailableError

_BLOCK_BYTES = 1 << 20
# a file up to this length travels with the request that begins it
SMALL_BYTES = 4 << 20
# one request carries so much; a proxy that takes less says so, and is sent the smaller ones
_REQUEST_BYTES = 1 << 30
_SMALLER_REQUEST_BYTES = 32 << 20
# failures in a row without a byte of progress
_ATTEMPTS = 8
_LONGEST_PAUSE_S = 30.0
_CONFLICTS = frozenset({409, 423, 460})
_hashing = ThreadPoolExecutor(4, "sha256")


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file that is to be deposited."""

    path: str
    """Path inside the entry."""
    where: Path
    """Where it lies on this machine."""
    size_bytes: int
    """Its length."""


class StoppedError(Exception):
    """Another file failed for good, or the user interrupted."""


class Sending:
    """One file and how far it is."""

    def __init__(
        self, client: httpx.Client, endpoint: str, file: LocalFile, *, advance: Callable[[int], None], stop: Event, pause_s: float = 0.5
    ) -> None:
        self._client, self._endpoint, self._file = client, endpoint, file
        self._advance, self._stop, self._pause_s = advance, stop, pause_s
        self._request_bytes = _REQUEST_BYTES
        self._url = ""
        self._told = 0
        self._hash = hashlib.sha256()
        self._hashed = 0

    def send(self, upload: str = "") -> tuple[str, bool]:
        """Return the digest of the file once the archive has all of it, and whether the archive has confirmed it.

        Parameters
        ----------
        upload : str
            Address of an upload that an earlier run left.
        """
        self._url = upload
        failures, furthest = 0, 0
        while True:
            try:
                said = self._go_on()
                local = self._hash.hexdigest()
                if said not in ("", local):
                    raise IntegrityError(
                        f"{self._file.path}: the archive received other bytes ({said}) than lie here ({local}). Send it again."
                    )
                return local, bool(said)
            except (UnavailableError, NotFoundError) as error:
                if isinstance(error, NotFoundError) and not self._url:
                    raise
                if isinstance(error, NotFoundError):  # it is expired: begin anew
                    self._url = ""
                failures = 0 if self._told > furthest else failures + 1
                furthest = max(furthest, self._told)
                if failures >= _ATTEMPTS:
                    raise
                pause = min(self._pause_s * 2**failures * random.uniform(0.7, 1.3), _LONGEST_PAUSE_S)  # noqa: S311  # nosec B311
                if self._stop.wait(pause):
                    raise StoppedError from error

    def _go_on(self) -> str:
        """Return the digest that the archive found, empty while it has not; UnavailableError where it is worth another try."""
        with self._file.where.open("rb", buffering=0) as source:
            if not self._url:
                if self._file.size_bytes <= SMALL_BYTES:
                    return self._send_small(source)
                answer = self._ask("POST", self._endpoint, {"Upload-Length": str(self._file.size_bytes), "Upload-Metadata": self._metadata})
                self._url, offset = str(httpx.URL(self._endpoint).join(answer.headers["location"])), 0
            else:
                answer = self._ask("HEAD", self._url, {})
                offset = int(answer.headers["upload-offset"])
            self._hash_until(source, offset)
            while True:
                self._tell(offset)
                if offset == self._file.size_bytes:
                    return _digest_in(answer)
                length = min(self._request_bytes, self._file.size_bytes - offset)
                headers = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream", "Content-Length": str(length)}
                answer = self._ask("PATCH", self._url, headers, self._body(source, offset, length))
                offset = int(answer.headers["upload-offset"])

    def _send_small(self, source: BinaryIO) -> str:
        data = source.read(self._file.size_bytes + 1)
        if len(data) != self._file.size_bytes:
            raise self._changed()
        self._hash, self._hashed = hashlib.sha256(data), len(data)
        headers = {"Upload-Length": str(len(data)), "Upload-Metadata": self._metadata, "Content-Type": "application/offset+octet-stream"}
        answer = self._ask("POST", self._endpoint, headers, data)
        self._tell(len(data))
        return _digest_in(answer)

    def _body(self, source: BinaryIO, offset: int, length: int) -> Iterator[bytes]:
        """Yield part of the file, hashing beside it what was not hashed yet."""
        hashing: Future[None] | None = None
        end = offset + length
        source.seek(offset)
        while offset < end:
            if self._stop.is_set():
                raise StoppedError
            block = source.read(min(_BLOCK_BYTES, end - offset))
            if not block:
                raise self._changed()
            if hashing is not None:
                hashing.result()
            hashing = _hashing.submit(self._hash_block, block, offset)
            yield block
            offset += len(block)
            self._tell(offset)
        if hashing is not None:
            hashing.result()

    def _hash_block(self, block: bytes, offset: int) -> None:
        new = offset + len(block) - self._hashed
        if new > 0:
            self._hash.update(memoryview(block)[-new:])
            self._hashed += new

    def _hash_until(self, source: BinaryIO, offset: int) -> None:
        """Hash what an earlier run has sent."""
        source.seek(self._hashed)
        while self._hashed < offset:
            if self._stop.is_set():
                raise StoppedError
            block = source.read(min(_BLOCK_BYTES, offset - self._hashed))
            if not block:
                raise self._changed()
            self._hash_block(block, self._hashed)

    def _ask(self, method: str, url: str, headers: dict[str, str], body: bytes | Iterator[bytes] | None = None) -> httpx.Response:
        try:
            answer = self._client.request(method, url, headers={"Tus-Resumable": "1.0.0", **headers}, content=body)
        except httpx.TransportError as error:
            raise away(self._endpoint, error, "The same command continues where it stopped.") from error
        if answer.is_success:
            return answer
        refused = failure_of(answer)
        if answer.status_code == 413 and not answer.headers.get("tus-resumable") and self._request_bytes > _SMALLER_REQUEST_BYTES:
            self._request_bytes = _SMALLER_REQUEST_BYTES
            raise UnavailableError(refused.message)
        if answer.status_code in RETRIED or answer.status_code in _CONFLICTS:
            raise UnavailableError(refused.message)
        raise refused

    def _tell(self, offset: int) -> None:
        self._advance(offset - self._told)
        self._told = offset

    @property
    def _metadata(self) -> str:
        return f"path {base64.b64encode(self._file.path.encode()).decode()}"

    def _changed(self) -> MicrographiaError:
        return InvalidInputError(
            f"{self._file.where} changed while it was sent. Wait until the program that writes it is done, then run it again."
        )


def _digest_in(answer: httpx.Response) -> str:
    """Return the SHA-256 digest that an answer tells; empty where it tells none."""
    text = answer.headers.get("repr-digest", "")
    return base64.b64decode(text[9:-1]).hex() if text.startswith("sha-256=:") else ""
