"""OCFL inventories as streams: an entry of a million files never lies in memory at once.

An inventory is JSON in any layout. Ours has one line per digest, sorted, so that the next version's inventory is made by merging lines:

::

    {"id":"MG-10001",…,"head":"v2","contentDirectory":"content",
    "manifest":{
    "<sha256>":["v1/content/map.mrc"],
    …
    },
    "versions":{
    "v1":{"created":"…","message":"…","user":{"name":"…"},"state":{
    "<sha256>":["map.mrc"],
    …
    }},
    "v2":{…
    }}
    }}

An inventory that another program wrote is read whole and laid out in these lines first.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from micrographia.errors import IntegrityError, InvalidInputError
from micrographia.model import ocfl

_HEAD = re.compile(rb'"head"\s*:\s*"v([1-9][0-9]*)"')
_OPEN_MANIFEST = b'"manifest":{'
_OPEN_VERSIONS = b'"versions":{'
_CLOSE_BLOCK = b"},"
_CLOSE_VERSION = b"}}"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Ledger:
    """The files of one version, (path, sha256, content path, size), in a private temporary database on disk.

    It sorts them by digest for the inventory and by path to find names that cannot stand beside each other.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("")  # an empty name: a temporary file that nobody else sees
        self._db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-131072;"
            "CREATE TABLE file (path TEXT PRIMARY KEY, sha256 TEXT, content TEXT, size INTEGER) WITHOUT ROWID;"
        )

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *exc: object) -> None:
        self._db.close()

    def add(self, files: Iterable[tuple[str, str, str, int]]) -> None:
        """Add files as (path, sha256, content path, size in bytes)."""
        try:
            self._db.executemany("INSERT INTO file VALUES (?, ?, ?, ?)", files)
        except sqlite3.IntegrityError as error:
            raise InvalidInputError("Two files of the version have the same path; each path may be used once.") from error

    def check_paths(self) -> None:
        """Raise InvalidInputError when the path of one file is the folder of another."""
        before = ""
        # the separator sorts before every other character of a path once it is replaced by NUL, so a folder's content follows its name
        for (path,) in self._db.execute("SELECT replace(path, '/', char(0)) AS p FROM file ORDER BY p"):
            if before and path.startswith(before + "\0"):
                raise InvalidInputError(f"{before!r} is a file and also the folder of {path!r}; rename one of them.".replace("\\x00", "/"))
            before = path

    def by_digest(self) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Yield (sha256, [(path, content path), …]) in the order of the digests."""
        rows = self._db.execute("SELECT sha256, path, content FROM file ORDER BY sha256, path")
        for sha256, group in groupby(rows, key=itemgetter(0)):
            yield sha256, [(path, content) for _, path, content in group]

    def new_size(self, path: str, version: int) -> int | None:
        """Return the size of the file at this path in bytes, None unless its bytes come with this version."""
        content = ocfl.content_path(version, path)
        row = self._db.execute("SELECT size FROM file WHERE path = ? AND content = ?", (path, content)).fetchone()
        return row[0] if row else None

    def count_new(self, version: int) -> int:
        """Return how many files bring their bytes with this version."""
        here = ocfl.content_path(version, "")
        return int(self._db.execute("SELECT count(*) FROM file WHERE content = ? || path", (here,)).fetchone()[0])

    def new_paths(self, version: int) -> Iterator[str]:
        """Yield the paths of the files that bring their bytes with this version."""
        here = ocfl.content_path(version, "")
        return (path for (path,) in self._db.execute("SELECT path FROM file WHERE content = ? || path ORDER BY path", (here,)))


def head_of(start: bytes) -> int | None:
    """Return the head version that the first bytes of an inventory name, None when they do not."""
    match = _HEAD.search(start)
    return int(match[1]) if match else None


def write_inventory(
    ledger: Ledger,
    *,
    accession: str,
    version: int,
    created: str,
    message: str,
    user: str,
    previous: Iterable[bytes] | None,
) -> Iterator[bytes]:
    """Yield the lines of a version's inventory.

    Parameters
    ----------
    ledger
        All files of the new version's state; those whose content path is not in `version` must be in the previous manifest.
    created
        UTC time, ISO 8601.
    user
        Who made the version; empty means the operator of the archive.
    previous
        Lines of the inventory of the version before; None for the first version.
    """
    old = standard_lines(previous) if previous is not None else iter(())
    header = {
        "id": accession,
        "type": ocfl.INVENTORY_TYPE,
        "digestAlgorithm": ocfl.DIGEST_ALGORITHM,
        "head": ocfl.version_folder(version),
        "contentDirectory": "content",
    }
    yield _dump(header)[:-1] + b",\n"
    yield _OPEN_MANIFEST + b"\n"
    yield from _with_commas(_merge_manifest(old_manifest(old), ledger.by_digest(), version))
    yield _CLOSE_BLOCK + b"\n" + _OPEN_VERSIONS + b"\n"
    if previous is not None:
        _expect(next(old, b""), _OPEN_VERSIONS)
        yield from _old_versions(old)
    about = {"created": created, "message": message, "user": {"name": user or "Operator of the archive"}}
    yield _dump(ocfl.version_folder(version)) + b":" + _dump(about)[:-1] + b',"state":{\n'
    yield from _with_commas(_digest_line(sha256, [path for path, _ in files]) for sha256, files in ledger.by_digest())
    yield b"}}\n}}\n"


def manifest(inventory: Iterable[bytes]) -> Iterator[tuple[str, list[str]]]:
    """Yield (sha256, content paths) of an inventory's manifest, in order; reads no further."""
    yield from old_manifest(standard_lines(inventory))


def old_manifest(old: Iterator[bytes]) -> Iterator[tuple[str, list[str]]]:
    """Yield (sha256, content paths) from standard lines, up to the end of the manifest."""
    if next(old, None) is None:  # the line of id, type, head
        return
    _expect(next(old, b""), _OPEN_MANIFEST)
    for line in old:
        if line == _CLOSE_BLOCK:
            return
        ((sha256, contents),) = json.loads(b"{" + line.rstrip(b",") + b"}").items()
        yield sha256, contents


def standard_lines(inventory: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of an inventory in the layout above, whoever wrote it."""
    given = iter(inventory)
    first, second = next(given, b""), next(given, b"")
    if second == _OPEN_MANIFEST and first.startswith(b'{"id":'):
        return chain((first, second), given)
    try:
        whole = json.loads(b"\n".join([first, second, *given]))
        return _laid_out(whole)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityError(f"An inventory is not the JSON that OCFL asks for ({error}); run audit.") from error


def _laid_out(inventory: dict[str, Any]) -> Iterator[bytes]:
    blocks = {"manifest", "versions", "fixity"}
    out = [_dump({"id": inventory["id"]} | {k: v for k, v in inventory.items() if k not in blocks})[:-1] + b",", _OPEN_MANIFEST]
    out += _lines_of(inventory["manifest"])
    out += [_CLOSE_BLOCK, _OPEN_VERSIONS]
    for name, version in sorted(inventory["versions"].items(), key=lambda item: int(item[0][1:])):
        about = {k: v for k, v in version.items() if k != "state"}
        out.append(_dump(name) + b":" + _dump(about)[:-1] + (b"," if about else b"") + b'"state":{')
        out += _lines_of(version["state"])
        out.append(_CLOSE_VERSION + b",")
    out[-1] = _CLOSE_VERSION
    out.append(b"}}")
    return iter(out)


def _lines_of(block: dict[str, list[str]]) -> list[bytes]:
    merged: dict[str, list[str]] = {}
    for digest, paths in block.items():
        merged.setdefault(digest.lower(), []).extend(paths)
    out = [_digest_line(digest, paths) + b"," for digest, paths in sorted(merged.items())]
    return [*out[:-1], out[-1].rstrip(b",")] if out else []


def _merge_manifest(
    old: Iterator[tuple[str, list[str]]], new: Iterator[tuple[str, list[tuple[str, str]]]], version: int
) -> Iterator[bytes]:
    here = ocfl.content_path(version, "")
    old_digest, old_contents = next(old, ("", []))
    for sha256, files in new:
        while old_digest and old_digest < sha256:
            yield _digest_line(old_digest, old_contents)
            old_digest, old_contents = next(old, ("", []))
        contents: list[str] = []
        if old_digest == sha256:
            contents, (old_digest, old_contents) = old_contents, next(old, ("", []))
        known = set(contents)
        fresh = []
        for path, content in files:
            if content == here + path:
                fresh.append(content)
            elif content not in known:
                raise IntegrityError(f"{path}: its bytes should lie at {content} with sha256 {sha256}, which no earlier version holds.")
        yield _digest_line(sha256, contents + fresh)
    while old_digest:
        yield _digest_line(old_digest, old_contents)
        old_digest, old_contents = next(old, ("", []))


def _old_versions(old: Iterator[bytes]) -> Iterator[bytes]:
    line = next(old, b"")
    for after in chain(old, (b"",)):
        if line == _CLOSE_VERSION and after in (b"}}", b""):
            yield b"}},\n"
            return
        yield line + b"\n"
        line = after


def _with_commas(entries: Iterable[bytes]) -> Iterator[bytes]:
    before: bytes | None = None
    for entry in entries:
        if before is not None:
            yield before + b",\n"
        before = entry
    if before is not None:
        yield before + b"\n"


def _digest_line(sha256: str, paths: Sequence[str]) -> bytes:
    return b'"' + sha256.encode() + b'":' + _dump(paths)


def _expect(line: bytes, wanted: bytes) -> None:
    if line != wanted:
        raise IntegrityError(f"An inventory has {line[:60]!r} where {wanted!r} was expected; run audit.")


def _dump(value: object) -> bytes:
    return _encode(value).encode()
