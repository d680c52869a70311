"""Identifiers as types: they parse, print and compare; nothing else in the package takes them apart."""

from __future__ import annotations

import re
from typing import NamedTuple, Self

from micrographia.errors import InvalidInputError

_ENTRY = re.compile(r"MG-([1-9][0-9]{4,11})")
_IMAGE = re.compile(r"(MG-[1-9][0-9]{4,11})\.([1-9][0-9]{0,8})\.([1-9][0-9]{0,11})")
_SHA256 = re.compile(r"[0-9a-f]{64}")

FIRST_ACCESSION_NUMBER = 10001


class EntryId(str):
    """The accession of an entry: ``MG-10001``."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the accession that `text` spells; InvalidInputError when it spells none."""
        if not _ENTRY.fullmatch(text):
            raise InvalidInputError(f"{text[:80]!r} is not an accession; expected one like MG-10001.")
        return cls(text)

    @classmethod
    def from_number(cls, number: int) -> Self:
        """Return the accession with this number (at least 10001)."""
        return cls.parse(f"MG-{number}")

    @property
    def number(self) -> int:
        """The number behind the prefix."""
        return int(self[3:])


class ImageId(NamedTuple):
    """An image of one version of an entry, ``MG-10001.1.3``: accession, version, number of the image in its `images.jsonl` (from 1)."""

    accession: EntryId
    version: int
    number: int

    @classmethod
    def parse(cls, text: str) -> ImageId:
        """Return the image identifier that `text` spells; InvalidInputError when it spells none."""
        match = _IMAGE.fullmatch(text)
        if match is None:
            raise InvalidInputError(f"{text[:80]!r} is not an image identifier; expected one like MG-10001.1.3.")
        return cls(EntryId(match[1]), int(match[2]), int(match[3]))

    def __str__(self) -> str:
        return f"{self.accession}.{self.version}.{self.number}"


class Sha256(str):
    """A SHA-256 digest as 64 lower-case hexadecimal digits."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the digest that `text` spells (any case); InvalidInputError when it spells none."""
        if not _SHA256.fullmatch(text.lower()):
            raise InvalidInputError(f"{text[:80]!r} is not a SHA-256 digest; expected 64 hexadecimal digits.")
        return cls(text.lower())
