"""Deposit files over HTTP: a draft is made, files are sent side by side and resumed, the draft is submitted."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Self

import httpx

import micrographia
from micrographia.client.answers import RETRIED, away, failure_of
from micrographia.client.sending import LocalFile, Sending, StoppedError
from micrographia.client.transport import Document
from micrographia.errors import IntegrityError, UnavailableError

_MOST_AT_ONCE = 8
_FIRST_AT_ONCE = 2
# how much faster one more file at once must make it all, to be kept
_WORTH = 1.08
_LOOK_EVERY_S = 1.0
# what a file counts beside its bytes: its requests
_FILE_COSTS_BYTES = 200_000
_ATTEMPTS = 6
_PAUSE_S = 0.5


class Depositor:
    """Somebody with a token who deposits into one archive."""

    def __init__(self, url: str, token: str, *, client: httpx.Client | None = None) -> None:
        self.location = url.rstrip("/")
        self._client = client or httpx.Client(
            timeout=httpx.Timeout(120.0, connect=10.0),
            limits=httpx.Limits(max_connections=2 * _MOST_AT_ONCE, max_keepalive_connections=2 * _MOST_AT_ONCE),
            headers={"User-Agent": f"micrographia/{micrographia.__version__}", "Authorization": f"Bearer {token}"},
        )

    def begin(self, metadata: Mapping[str, Any]) -> Document:
        """Return a new draft, whose owner is who the token speaks for."""
        return self._json("POST", "/api/v1/drafts", metadata)

    def draft(self, accession: str) -> Document:
        """Return a draft; NotFoundError where there is none of that accession (any more)."""
        return self._json("GET", f"/api/v1/drafts/{accession}")

    def edit(self, accession: str, changes: Mapping[str, Any]) -> Document:
        """Return the draft with these fields of its sheet in place of what they were."""
        return self._json("PATCH", f"/api/v1/drafts/{accession}", changes)

    def files(self, accession: str) -> list[Document]:
        """Return the files of a draft and how far they are."""
        return list(self._ask("GET", f"/api/v1/drafts/{accession}/files").json())

    def report(self, accession: str) -> Document:
        """Return what the archive's checks find in a draft."""
        return self._patiently("GET", f"/api/v1/drafts/{accession}/report")

    def submit(self, accession: str) -> Document:
        """Submit a draft; InvalidInputError with all findings where it has errors."""
        return self._patiently("POST", f"/api/v1/drafts/{accession}/submit")

    def move(self, accession: str, verb: str, **said: str) -> Document:
        """Return what became of an entry after a verb of its life: accept, return, hold, release, obsolete, withdraw, claim, comment."""
        return self._json("POST", f"/api/v1/entries/{accession}/{verb}", said)

    def upload(
        self,
        accession: str,
        files: Sequence[LocalFile],
        *,
        is_same: Callable[[LocalFile, Document], bool] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Send the files that the draft does not have yet; what an earlier call left goes on from where it was.

        Parameters
        ----------
        files
            What is to be in the draft.
        is_same
            Whether a file that the draft has whole, of the same length, is the local one; None takes it for that.
        progress
            Told the bytes that came in since the last call (fewer than none where some must be sent again).

        Raises
        ------
        IntegrityError
            The archive received other bytes than lie here.
        UnavailableError
            It cannot be reached; the same call goes on.
        """
        known = {str(file["path"]): file for file in self.files(accession)}
        waiting: deque[tuple[LocalFile, str]] = deque()
        for file in files:
            there = known.get(file.path, {})
            if there.get("size_bytes") != file.size_bytes or there.get("state") == "failed":
                waiting.append((file, ""))
            elif there["state"] == "uploading":
                waiting.append((file, self.location + str(there["upload"])))
            elif there["state"] == "verifying" or is_same is None or is_same(file, there):
                (progress or _nobody)(file.size_bytes)
            else:
                waiting.append((file, ""))
        lanes = _Lanes(self._client, f"{self.location}/api/v1/drafts/{accession}/uploads", waiting, progress or _nobody)
        self._confirm(accession, lanes.run())

    def take_in_place(self, accession: str, folder: str) -> list[Document]:
        """Have the archive take in the files of a folder of its own machine, for admins."""
        return list(self._ask("POST", f"/api/v1/drafts/{accession}/in-place", {"folder": folder}).json())

    def pull(self, accession: str, url: str) -> Document:
        """Have the archive fetch a file by itself."""
        return self._json("POST", f"/api/v1/drafts/{accession}/pulls", {"url": url})

    def wait_for(self, accession: str, paths: Collection[str], *, progress: Callable[[int], None] | None = None) -> None:
        """Wait until files that the archive brings itself are whole; IntegrityError where one of them failed."""
        done, pause = 0, 0.2
        while True:
            there = {str(file["path"]): file for file in self.files(accession) if file["path"] in paths}
            for file in there.values():
                if file["state"] == "failed":
                    raise IntegrityError(str(file["message"]))
            now = sum(int(file["offset"]) for file in there.values())
            (progress or _nobody)(now - done)
            done = now
            if all(there.get(path, {}).get("state") == "whole" for path in paths):
                return
            time.sleep(pause)
            pause = min(2 * pause, 10.0)

    def _confirm(self, accession: str, sent: Mapping[str, str]) -> None:
        """Wait until the archive has read what it must read again, and hold the digests against each other."""
        left, pause = dict(sent), 0.2
        while left:
            there = {str(file["path"]): file for file in self.files(accession) if file["path"] in left}
            for path in list(left):
                file = there.get(path)
                if file is None or file["state"] in ("failed", "uploading"):
                    raise IntegrityError(str((file or {}).get("message") or f"{path} did not arrive. Run the same command again."))
                if file["state"] == "whole" and file["sha256"] != left.pop(path):
                    raise IntegrityError(f"{path}: the archive holds other bytes than lie here. Was it changed meanwhile?")
            if left:
                time.sleep(pause)
                pause = min(2 * pause, 10.0)

    def _patiently(self, method: str, path: str) -> Document:
        """Ask until the archive is done looking at the files."""
        while True:
            try:
                return self._json(method, path)
            except UnavailableError as error:
                if "still looking" not in error.message:
                    raise

    def _json(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Document:
        answer = self._ask(method, path, body)
        try:
            return dict(answer.json())
        except (TypeError, ValueError) as error:
            raise UnavailableError(f"{answer.url} answered no JSON object; is {self.location} a Micrographia archive?") from error

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        """Return the answer; what may be better in a moment is tried again, unless it might be done twice."""
        for attempt in range(_ATTEMPTS):
            try:
                answer = self._client.request(method, self.location + path, json=body)
            except httpx.TransportError as error:
                if attempt == _ATTEMPTS - 1 or method == "POST":
                    raise away(self.location, error) from error
            else:
                if answer.is_success:
                    return answer
                if answer.status_code not in RETRIED or attempt == _ATTEMPTS - 1 or method == "POST":
                    raise failure_of(answer)
            time.sleep(_PAUSE_S * 2**attempt)
        raise AssertionError

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class _Lanes:
    """Files on their way side by side: one more at once as long as that makes it faster."""

    def __init__(self, client: httpx.Client, endpoint: str, waiting: deque[tuple[LocalFile, str]], progress: Callable[[int], None]) -> None:
        self._client, self._endpoint, self._waiting, self._progress = client, endpoint, waiting, progress
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._done = 0
        self._sent: dict[str, str] = {}
        self._failures: list[BaseException] = []

    def run(self) -> dict[str, str]:
        """Return the digest of each file that the archive has not confirmed yet."""
        lanes: list[threading.Thread] = []
        try:
            best, allowed = 0.0, _FIRST_AT_ONCE
            while True:
                while len(lanes) < min(allowed, len(lanes) + len(self._waiting)):
                    lanes.append(threading.Thread(target=self._lane, name=f"sending {len(lanes)}", daemon=True))
                    lanes[-1].start()
                before, since = self._done, time.monotonic()
                while any(lane.is_alive() for lane in lanes) and time.monotonic() - since < _LOOK_EVERY_S:
                    next(lane for lane in lanes if lane.is_alive()).join(_LOOK_EVERY_S / 4)
                if not any(lane.is_alive() for lane in lanes):
                    break
                rate = (self._done - before) / (time.monotonic() - since)
                if rate > best * _WORTH:
                    best, allowed = rate, min(allowed + 1, _MOST_AT_ONCE)
        except BaseException:  # the user's interruption: every lane leaves at its next block
            self._stop.set()
            raise
        if self._failures:
            raise self._failures[0]
        return self._sent

    def _lane(self) -> None:
        while not self._stop.is_set():
            try:
                file, upload = self._waiting.popleft()
            except IndexError:
                return
            try:
                digest, is_confirmed = Sending(self._client, self._endpoint, file, advance=self._advance, stop=self._stop).send(upload)
                if not is_confirmed:
                    with self._lock:
                        self._sent[file.path] = digest
                self._count(_FILE_COSTS_BYTES)
            except StoppedError:
                return
            except BaseException as error:  # noqa: BLE001  the edge of the thread: `run` raises it
                self._failures.append(error)
                self._stop.set()

    def _advance(self, count: int) -> None:
        self._count(count)
        with self._lock:
            self._progress(count)

    def _count(self, count: int) -> None:
        with self._lock:
            self._done += count


def _nobody(_count: int) -> None:
    """Tell nobody."""
