"""An archive behind a URL: its JSON API, its crops, its files."""

from __future__ import annotations

import io
import json
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import numpy as np
from numpy.typing import NDArray

import micrographia
from micrographia.client.answers import RETRIED, away, failure_of
from micrographia.client.comparing import ask_server
from micrographia.client.transport import Document, Opened, Progress, native_dtype
from micrographia.errors import IntegrityError, InvalidInputError, UnavailableError
from micrographia.formats.selection import Ranges
from micrographia.ids import EntryId, ImageId
from micrographia.model.documents import file_link

_ATTEMPTS = 5
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 20.0
# One request for samples: large enough that its overhead does not count, small enough for any server's limit.
_BLOCK_BYTES = 8 << 20
_PIECE_BYTES = 1 << 20
_PAGE = 500
_SEARCH_PAGE = 100
# `.npy` header of one array, format 1.0: never longer than this for the arrays of an archive
_NPY_HEADER_BYTES = 1 << 16


class RemoteTransport:
    """HTTP client of one archive; safe to share between threads."""

    def __init__(self, url: str, *, client: httpx.Client | None = None, pause_s: float = _FIRST_PAUSE_S) -> None:
        parts = urlsplit(url)
        if not parts.hostname or parts.query or parts.fragment:
            raise InvalidInputError(f"{url[:200]!r} is not the address of an archive; expected one like https://archive.example.org.")
        self.location = url.rstrip("/")
        self._pause_s = pause_s
        self._client = client or httpx.Client(
            timeout=httpx.Timeout(60.0, connect=10.0),
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=16),
            headers={"User-Agent": f"micrographia/{micrographia.__version__}"},
            follow_redirects=True,
        )

    def entry(self, accession: EntryId, version: int | None) -> Document:
        """Return a released version of an entry; None means the latest."""
        return self._json(f"/api/v1/entries/{accession}", {"version": version} if version is not None else {})

    def versions(self, accession: EntryId) -> list[int]:
        """Return the numbers of the released versions, ascending."""
        answer = self._json(f"/api/v1/entries/{accession}/versions")
        return sorted(int(item["version"]) for item in answer["items"])

    def files(self, accession: EntryId, version: int) -> Iterator[Document]:
        """Yield the lines of the version's manifest."""
        with self._stream(file_link(accession, version, "manifest.jsonl"), {"Accept": "application/jsonl, */*"}) as response:
            try:
                for line in response.iter_lines():
                    if line:
                        yield json.loads(line)
            except httpx.HTTPError as exc:
                raise away(self.location, exc) from exc
            except ValueError as exc:
                raise UnavailableError(f"{response.url} is not a manifest; is {self.location} a Micrographia archive?") from exc

    def images(self, accession: EntryId, version: int) -> Iterator[Document]:
        """Yield the images of a version, page after page."""
        yield from self._pages("/api/v1/images", {"entry": accession, "version": version, "per_page": _PAGE})

    def image(self, image_id: ImageId) -> Document:
        """Return one image."""
        return self._json(f"/api/v1/images/{image_id}")

    def search(self, query: str, facets: Mapping[str, Any]) -> Iterator[Document]:
        """Yield what is found, page after page."""
        yield from self._pages(
            "/api/v1/entries", {"q": query, "per_page": _SEARCH_PAGE, **{k: v for k, v in facets.items() if v is not None}}
        )

    def validation(self, accession: EntryId, version: int, map_id: str) -> Document:
        """Return the validation report of a map of a version; empty `map_id`: of its first map."""
        return self._json(f"/api/v1/entries/{accession}/validation", {"version": version, **({"map": map_id} if map_id else {})})

    def read_image(self, image: Document, ranges: Ranges) -> NDArray[Any]:
        """Return the samples of one block; a step along an axis is taken here from the covering range, while that is small."""
        axes, dtype = str(image["axes"]), native_dtype(image)
        stepped = [k for k, r in enumerate(ranges) if r.step > 1 and len(r) > 1]
        if stepped and prod(r[-1] + 1 - r.start for r in ranges) * dtype.itemsize > _BLOCK_BYTES:
            k, half = stepped[0], len(ranges[stepped[0]]) // 2
            halves = (ranges[k][:half], ranges[k][half:])
            return np.concatenate([self.read_image(image, (*ranges[:k], r, *ranges[k + 1 :])) for r in halves], axis=k)
        wanted = {axis: f"{r.start}:{r[-1] + 1}" for axis, r, n in zip(axes, ranges, image["shape"], strict=True) if len(r) < n}
        covering = tuple(r[-1] + 1 - r.start for r in ranges)
        response = self._get(self._link(image, "crop"), {**wanted, "format": "npy"})
        array = _read_npy(response.content, covering, dtype)
        return array[tuple(slice(None, None, r.step) for r in ranges)]

    @contextmanager
    def open_file(self, accession: EntryId, version: int, file: Document, start: int) -> Iterator[Opened]:
        """Open a file by HTTP; a range is asked for on condition that the file is still the same."""
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers |= {"Range": f"bytes={start}-", "If-Range": f'"{file["sha256"]}"'}
        with self._stream(file_link(accession, version, str(file["path"])), headers) as response:
            yield (start if response.status_code == httpx.codes.PARTIAL_CONTENT else 0), self._pieces(response)

    def ask(self, question: str, params: Mapping[str, Any]) -> Document:
        """Return what the JSON API says to a question."""
        return self._json(f"/api/v1/{question}", params)

    def compare(self, maps: Mapping[str, Path | str], *, voxel_size_a: float | None, progress: Progress) -> dict[str, Any]:
        """Have the server compare maps, and wait for it."""
        return ask_server(self._client, self.location, maps, voxel_size_a=voxel_size_a, progress=progress)

    def block_bytes(self, image: Document) -> int:
        """Return how many bytes one request should ask for at most."""
        return _BLOCK_BYTES

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def _pieces(self, response: httpx.Response) -> Iterator[bytes]:
        try:
            yield from response.iter_raw(_PIECE_BYTES)
        except httpx.HTTPError as exc:
            raise away(self.location, exc, "The same command continues where it stopped.") from exc

    def _pages(self, path: str, params: Mapping[str, Any]) -> Iterator[Document]:
        page = self._json(path, params)
        while True:
            yield from page["items"]
            if not page.get("next"):
                return
            page = self._json(str(page["next"]))

    def _link(self, document: Document, name: str) -> str:
        link = (document.get("links") or {}).get(name)
        return str(link) if link else f"/api/v1/images/{quote(str(document['id']))}/{name}"

    def _json(self, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        response = self._get(path, params, {"Accept": "application/json"})
        try:
            return dict(response.json())
        except (TypeError, ValueError) as exc:
            raise UnavailableError(
                f"{response.url} answered {response.status_code} and no JSON object; is {self.location} a Micrographia archive?"
            ) from exc

    def _get(self, path: str, params: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None) -> httpx.Response:
        with self._stream(path, headers or {}, params) as response:
            try:
                response.read()
            except httpx.HTTPError as exc:
                raise away(self.location, exc) from exc
            return response

    @contextmanager
    def _stream(self, path: str, headers: Mapping[str, str], params: Mapping[str, Any] | None = None) -> Iterator[httpx.Response]:
        """Open a GET that succeeded; what fails for a moment is tried again, with growing pauses."""
        url = self._url(path)
        for attempt in range(_ATTEMPTS):
            request = self._client.build_request("GET", url, params=params or None, headers=dict(headers))
            try:
                response = self._client.send(request, stream=True)
            except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.TooManyRedirects) as exc:
                raise InvalidInputError(f"{url}: {exc}") from exc
            except httpx.TransportError as exc:
                if attempt == _ATTEMPTS - 1:
                    raise away(self.location, exc) from exc
                self._pause(attempt)
                continue
            try:
                if response.status_code in RETRIED and attempt < _ATTEMPTS - 1:
                    self._pause(attempt, response.headers.get("Retry-After", ""))
                    continue
                if not response.is_success:
                    raise failure_of(response)
                yield response
                return
            finally:
                response.close()

    def _url(self, path: str) -> str:
        """Return the URL of a link. Only the archive itself is asked, whatever server a document names (a proxy's inner name, say)."""
        parts = urlsplit(path)
        base = urlsplit(self.location).path
        inside = parts.path.removeprefix(base) if base and parts.path.startswith(base + "/") else parts.path
        return self.location + "/" + inside.lstrip("/") + (f"?{parts.query}" if parts.query else "")

    def _pause(self, attempt: int, retry_after: str = "") -> None:
        pause = self._pause_s * 2**attempt * random.uniform(0.7, 1.3)  # noqa: S311  # nosec B311  spreads clients, no secret
        if retry_after.isdigit() and self._pause_s:
            pause = max(pause, float(retry_after))
        time.sleep(min(pause, _LONGEST_PAUSE_S))


def _read_npy(data: bytes, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the array of a `.npy` answer, in native byte order; IntegrityError when it is not the one that was asked for."""
    file = io.BytesIO(data)
    try:
        np.lib.format.read_magic(file)
        got_shape, fortran, got = np.lib.format.read_array_header_1_0(file, max_header_size=_NPY_HEADER_BYTES)
        if got.hasobject or fortran or got.newbyteorder("=") != dtype or tuple(got_shape) != shape:
            raise ValueError(f"{got} of shape {got_shape} came")
        return np.frombuffer(data, got, offset=file.tell()).reshape(shape).astype(dtype, copy=False)
    except ValueError as exc:
        raise IntegrityError(f"The archive answered with other samples than were asked for ({dtype} of shape {shape}): {exc}.") from exc
