"""Conditional requests (RFC 9110, section 13): whether what the client has is still the same."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate, parsedate_to_datetime


def http_date(seconds: float) -> str:
    """Return a POSIX time as an HTTP date."""
    return formatdate(seconds, usegmt=True)


def precondition_failed(headers: Mapping[str, str], etag: str, modified: float) -> bool:
    """Whether If-Match or If-Unmodified-Since forbids an answer (status 412)."""
    if (wanted := headers.get("if-match")) is not None:
        return wanted.strip() != "*" and etag not in _tags(wanted)
    since = _seconds(headers.get("if-unmodified-since"))
    return since is not None and modified > since


def not_modified(headers: Mapping[str, str], etag: str, modified: float) -> bool:
    """Whether the client has these bytes already (status 304)."""
    if (known := headers.get("if-none-match")) is not None:
        return known.strip() == "*" or _opaque(etag) in {_opaque(tag) for tag in _tags(known)}
    since = _seconds(headers.get("if-modified-since"))
    return since is not None and modified <= since


def range_applies(headers: Mapping[str, str], etag: str, modified: float) -> bool:
    """Whether the Range header counts: there is no If-Range, or it names exactly these bytes."""
    condition = headers.get("if-range")
    if condition is None:
        return True
    if '"' in condition:
        return condition.strip() == etag and not etag.startswith("W/")
    return _seconds(condition) == modified


def _tags(value: str) -> set[str]:
    return {tag.strip() for tag in value.split(",")}


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/")


def _seconds(value: str | None) -> float | None:
    if value is None:
        return None
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
