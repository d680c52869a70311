"""Files that the archive fetches by itself: from addresses that its operator allows, never from inside its own network.

A name is resolved once, every address that it has must be public, and the connection goes to one of those that were checked; a redirect is
a new address. What came is kept, and a pull that was cut goes on.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from micrographia.archive.archive import Archive
from micrographia.archive.uploads import begin_upload, finish_upload, require_draft
from micrographia.errors import InvalidInputError, NotPermittedError, UnavailableError
from micrographia.store.uploads import Appending, UploadRecord, Uploads

_BLOCK_BYTES = 1 << 20
_MOST_REDIRECTS = 5
_DEFAULT_PORTS = {"https": 443, "http": 80}


def is_public_address(address: str) -> bool:
    """Whether an IP address is one of the internet at large."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return ip.is_global and not ip.is_multicast


@dataclass(frozen=True, slots=True)
class PullRules:
    """Where files may be fetched from."""

    hosts: tuple[str, ...]
    """Names, or patterns like ``*.example.org``; with ``:port`` where it is not the usual one."""
    schemes: tuple[str, ...] = ("https",)
    is_allowed_address: Callable[[str], bool] = is_public_address


def rules_of(archive: Archive) -> PullRules:
    """Return the rules that the settings give."""
    return PullRules(tuple(host.strip().lower() for host in archive.settings.pull_hosts.split(",") if host.strip()))


def begin_pull(
    archive: Archive, accession: str, url: str, *, path: str = "", sha256: str = "", rules: PullRules | None = None
) -> UploadRecord:
    """Return the upload of a file that the archive is to fetch itself; `go_on_with_pull` brings its bytes.

    Parameters
    ----------
    url
        ``https://…``, or ``s3://bucket/key`` of a public bucket.
    path
        Path inside the entry; the last part of the address without it.

    Raises
    ------
    NotPermittedError
        Nothing may be fetched from there.
    UnavailableError
        It does not answer.
    """
    require_draft(archive, accession, "edit")
    url = _web_address(url)
    with _opened(url, 0, rules or rules_of(archive)) as answer:
        size = answer.headers.get("content-length", "")
        if not size.isdigit():
            raise InvalidInputError(f"{url} does not say how long it is; only files of a known length are fetched.")
    name = path or unquote(httpx.URL(url).path).rpartition("/")[2]
    return begin_upload(archive, accession, name, size_bytes=int(size), sha256=sha256, url=url)


def go_on_with_pull(archive: Archive, accession: str, upload: str, *, rules: PullRules | None = None) -> str:
    """Put a file into its place, fetching first what is missing of one that the archive fetches itself, and return its digest.

    Raises
    ------
    UnavailableError
        It was cut off; what came is kept and the next call goes on.
    InvalidInputError
        What is there now is not what was to be fetched: the upload has failed.
    """
    uploads = Uploads(archive.drafts)
    with contextlib.closing(uploads.open(accession, upload)) as appending:
        record = appending.record
        if not appending.is_whole and record.url:
            try:
                with _opened(record.url, appending.offset, rules or rules_of(archive)) as answer:
                    _append(appending, answer)
            except (InvalidInputError, NotPermittedError) as error:
                uploads.save(accession, record.model_copy(update={"failure": error.message}))
                uploads.remove_bytes(accession, upload)
                raise
        return finish_upload(archive, accession, appending)


def _append(appending: Appending, answer: httpx.Response) -> None:
    record, start = appending.record, appending.offset
    told = answer.headers.get("content-range", "") if answer.status_code == 206 else ""
    if start and told.rpartition("/")[2] != str(record.size_bytes):
        raise InvalidInputError(f"{record.url} cannot be fetched from its byte {start:,} on, or has changed. Begin it anew.")
    try:
        for block in answer.iter_raw(_BLOCK_BYTES):
            appending.add([block])
    except httpx.HTTPError as error:
        raise UnavailableError(f"{record.url} was cut off: {error}. What came is kept.") from error
    if not appending.is_whole:
        raise UnavailableError(f"{record.url} ended after {appending.offset:,} of {record.size_bytes:,} bytes. What came is kept.")


@contextlib.contextmanager
def _opened(url: str, start: int, rules: PullRules) -> Iterator[httpx.Response]:
    """Open a file from a byte; every address on the way is held against the rules before anything is sent to it."""
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with httpx.Client(trust_env=False, follow_redirects=False, timeout=httpx.Timeout(60.0, connect=10.0)) as client:
        for _ in range(_MOST_REDIRECTS + 1):
            host, address = _allowed(url, rules)
            try:
                place = httpx.URL(url)
                request = client.build_request(
                    "GET",
                    place.copy_with(host=address),
                    headers={**headers, "Host": place.netloc.decode()},
                    extensions={"sni_hostname": host},
                )
                answer = client.send(request, stream=True)
            except httpx.InvalidURL as error:
                raise InvalidInputError(f"{url[:200]!r} is not an address.") from error
            except httpx.TransportError as error:
                raise UnavailableError(f"{url} does not answer: {error}.") from error
            try:
                if answer.is_redirect:
                    url = _joined(url, answer.headers.get("location", ""))
                    continue
                if answer.status_code >= 500 or answer.status_code == 429:
                    raise UnavailableError(f"{url} answered {answer.status_code}. It is tried again.")
                if answer.status_code not in (200, 206):
                    raise InvalidInputError(f"{url} answered {answer.status_code}: there is no file that everybody may read.")
                yield answer
                return
            finally:
                answer.close()
    raise InvalidInputError(f"{url} leads on and on.")


def _allowed(url: str, rules: PullRules) -> tuple[str, str]:
    """Return the host of a URL and the checked address to connect to; NotPermittedError where nothing may be fetched from it."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise InvalidInputError(f"{url[:200]!r} is not an address.") from error
    usual = _DEFAULT_PORTS.get(parts.scheme)
    named = host if port in (None, usual) else f"{host}:{port}"
    if parts.scheme not in rules.schemes or parts.username is not None or not host:
        raise NotPermittedError(f"{url[:200]} is not fetched: an address {rules.schemes[0]}://host/path without a password is expected.")
    if not any(fnmatchcase(named, pattern) for pattern in rules.hosts):
        raise NotPermittedError(f"Nothing is fetched from {named} here. The archive's operator can allow it (MICROGRAPHIA_PULL_HOSTS).")
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port or usual, type=socket.SOCK_STREAM)}
    except (OSError, ValueError) as error:
        raise UnavailableError(f"{host} is not found: {error}.") from error
    if not found or not all(rules.is_allowed_address(address) for address in found):
        raise NotPermittedError(f"Nothing is fetched from {named}: it is an address inside a network, not of the internet.")
    return host, sorted(found, key=lambda address: ":" in address)[0]


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise InvalidInputError(f"{url} leads to {location[:200]!r}, which is not an address.") from error


def _web_address(url: str) -> str:
    """Return the HTTPS address of a public object for an s3:// one."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return f"https://{bucket}.s3.amazonaws.com/{key}" if url.startswith("s3://") else url
