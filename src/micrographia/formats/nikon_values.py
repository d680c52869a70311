"""The two ways in which NIS-Elements writes nested values: a binary one (since version 3) and XML, both as plain dicts and lists.

Source: the layout as T. Lambert's nd2 (BSD) describes it. Names keep their prefix that tells the type: ``uiWidth``, ``dCalibration``.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

_LONGEST_BYTES = 64 << 20
_MOST_VALUES = 2_000_000
_MOST_DEPTH = 48
_COMPRESSED, _LIST, _TEXT, _BYTES = 76, 11, 8, 9
# bytes in front of what is compressed: the kind, and a length that zlib tells too
_COMPRESSED_HEADER_BYTES = 12
_NUMBERS = {1: "<B", 2: "<i", 3: "<I", 4: "<q", 5: "<Q", 6: "<d", 7: "<Q"}
_XML_NUMBERS = {"lx_int32": int, "lx_int64": int, "lx_uint32": int, "lx_uint64": int, "double": float, "float": float}


def decoded(data: bytes) -> Any:
    """Return the values of a chunk: dicts where they have names, lists where they have none; ValueError when they are malformed."""
    try:
        if data[:1] == b"<":
            return _from_xml(fromstring(data.rstrip(b"\0"), forbid_dtd=True), 0)
        if data[:1] == bytes([_COMPRESSED]):
            data = _inflated(data[_COMPRESSED_HEADER_BYTES:])
        return _Binary(data).values(1, 0)
    except (ParseError, DefusedXmlException, zlib.error, struct.error, UnicodeDecodeError, LookupError) as exc:
        raise ValueError(f"{type(exc).__name__}: {exc}") from exc


def items(value: Any) -> list[Any]:
    """Return the members of a list, or of a dict that stands for one (``a0``, ``a1``, …)."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def table(value: Any) -> dict[str, Any]:
    """Return a dict, also where it is the only member of a list; an empty one for anything else."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, dict) else {}


def _inflated(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    inflated = stream.decompress(data, _LONGEST_BYTES)
    if stream.unconsumed_tail:
        raise ValueError(f"more than {_LONGEST_BYTES} bytes of metadata")
    return inflated


class _Binary:
    """Each value: its kind, the length of its name, the name, the value. A list tells how many follow and where they end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0
        self._count = 0

    def values(self, count: int, depth: int) -> Any:
        if depth > _MOST_DEPTH:
            raise ValueError(f"values nested more than {_MOST_DEPTH} deep")
        named: dict[str, Any] = {}
        unnamed: list[Any] = []
        for _ in range(count):
            if self._position >= len(self._data):
                break
            self._count += 1
            if self._count > _MOST_VALUES:
                raise ValueError(f"more than {_MOST_VALUES} values")
            start = self._position
            kind, length = self._take(1)[0], self._take(1)[0]
            name = self._take(2 * length).decode("utf-16-le").rstrip("\0")
            value = self._value(kind, start, depth)
            if name:
                named[name] = value
            else:
                unnamed.append(value)
        return named or unnamed

    def _value(self, kind: int, start: int, depth: int) -> Any:
        if kind in _NUMBERS:
            form = _NUMBERS[kind]
            return struct.unpack(form, self._take(struct.calcsize(form)))[0]
        if kind == _TEXT:
            end = self._position
            while self._data[end : end + 2] not in (b"\0\0", b""):
                end += 2
            return self._take(end + 2 - self._position)[:-2].decode("utf-16-le", "replace")
        if kind == _BYTES:
            return self._take(struct.unpack("<Q", self._take(8))[0])
        if kind != _LIST:
            raise ValueError(f"a value of the unknown kind {kind}")
        count, length = struct.unpack("<IQ", self._take(12))
        value = self.values(count, depth + 1)
        # behind a list lie the places of its members
        self._position = max(self._position, start + length) + 8 * count
        return value

    def _take(self, length: int) -> bytes:
        end = self._position + length
        if end > len(self._data):
            raise ValueError(f"a value of {length} bytes where {len(self._data) - self._position} are left")
        data, self._position = self._data[self._position : end], end
        return data


def _from_xml(node: Element, depth: int) -> Any:
    if depth > _MOST_DEPTH:
        raise ValueError(f"values nested more than {_MOST_DEPTH} deep")
    kind, text = node.get("runtype") or "", node.get("value")
    if text is not None:
        if kind == "bool":
            return text.lower() in ("true", "1")
        return _XML_NUMBERS.get(kind, str)(text)
    named: dict[str, Any] = {}
    unnamed: list[Any] = []
    for child in node:
        value = _from_xml(child, depth + 1)
        if child.tag in ("no_name", "variant"):
            if value not in ({}, []):
                unnamed.append(value)
        else:
            named[child.tag] = value
    return named or unnamed
