"""Manifests of files of many entries: what a search page gives and `micrographia get --manifest` takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from micrographia.errors import InvalidInputError, MicrographiaError
from micrographia.ids import EntryId, Sha256

_MOST_LINE_LENGTH = 1 << 16


def read_manifest(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the files that a manifest names, a line of JSON each: accession, version, path, size_bytes, sha256.

    Raises
    ------
    InvalidInputError
        There is no such file, or a line of it is no file of an entry.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            number = 0
            while line := lines.readline(_MOST_LINE_LENGTH):
                number += 1
                if line.strip():
                    yield _checked(line, f"{path.name}, line {number}")
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidInputError(f"{path} cannot be read as a manifest: {getattr(exc, 'strerror', None) or exc}.") from exc


def manifest_origin(line: dict[str, Any]) -> str:
    """Return the address of the archive that a line of a manifest comes from; empty where it does not say."""
    parts = urlsplit(str(line.get("link") or ""))
    base, _, _ = parts.path.partition("/files/")
    return f"{parts.scheme}://{parts.netloc}{base}" if parts.scheme in ("http", "https") and parts.hostname else ""


def _checked(text: str, where: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
        EntryId.parse(line["accession"])
        Sha256.parse(line["sha256"])
        if not (type(line["version"]) is int and type(line["size_bytes"]) is int and isinstance(line["path"], str)):
            raise TypeError
        if line["version"] < 1 or line["size_bytes"] < 0:
            raise ValueError
    except (ValueError, TypeError, KeyError, MicrographiaError) as exc:
        expected = '{"accession": "MG-10001", "version": 1, "path": "map.mrc", "size_bytes": 1024, "sha256": "…"}'
        raise InvalidInputError(f"{where} names no file of an entry; expected {expected}.") from exc
    return dict(line)
