"""A draft while it is made: plain mappings with blanks in them, and a comment for any place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from micrographia.describe._text import place
from micrographia.describe.sheet_file import models_of
from micrographia.model.sheet import Sheet


@dataclass(frozen=True, slots=True)
class Blank:
    """What no file says and a person has to write."""

    wanted: str
    """What is wanted: meaning, unit, vocabulary."""


@dataclass(frozen=True)
class Draft:
    """A drafted sheet."""

    tree: Mapping[str, Any]
    """The form in its own order, with `Blank` where a person has to write."""
    comments: Mapping[str, str] = field(default_factory=dict)
    """What came from which file, by place."""
    file_count: int = 0
    """Files seen."""

    @property
    def sheet(self) -> Sheet:
        """The draft without its blanks."""
        return Sheet.model_validate(without_blanks(self.tree))

    @property
    def wanted(self) -> dict[str, str]:
        """What a person has to write, by place."""
        return {at: blank.wanted for at, blank in _blanks(self.tree, "")}

    @property
    def blanks(self) -> tuple[str, ...]:
        """Places that wait for a person: ``authors[0].name``."""
        return tuple(at for at, _ in _blanks(self.tree, ""))


def without_blanks(value: Any) -> Any:
    """Return `value` without blanks and without what held nothing else; None when nothing is left."""
    if isinstance(value, Blank):
        return None
    if isinstance(value, Mapping):
        kept = {k: w for k, v in value.items() if (w := without_blanks(v)) is not None}
        return kept if kept or not value else None
    if isinstance(value, list | tuple):
        items = [w for v in value if (w := without_blanks(v)) is not None]
        return items if items or not value else None
    return value


def _blanks(value: Any, at: str) -> Iterator[tuple[str, Blank]]:
    if isinstance(value, Blank):
        yield at, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _blanks(inner, place(at, key))
    elif isinstance(value, list | tuple):
        for n, inner in enumerate(value):
            yield from _blanks(inner, place(at, n))


def in_form_order(value: Any, model: type[BaseModel]) -> Any:
    """Return a part of the form with its keys in the order of its record, parts within it likewise."""
    if isinstance(value, list | tuple):
        return [in_form_order(v, model) for v in value]
    if not isinstance(value, Mapping):
        return value
    ordered = {}
    for name, field_ in model.model_fields.items():
        key = field_.alias or name
        if key in value:
            inner = next(models_of(field_.annotation), None)
            ordered[key] = in_form_order(value[key], inner) if inner else value[key]
    return ordered


class Names:
    """Gives out ids, each once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def give(self, *wishes: str) -> str:
        """Return the first wish that is free, as an id; the last wish with a number when none is."""
        slugs = [s for s in map(slug, wishes) if s] or ["set"]
        for wish in slugs:
            if wish not in self._taken:
                self._taken.add(wish)
                return wish
        n = 2
        while f"{slugs[-1]}_{n}" in self._taken:
            n += 1
        self._taken.add(f"{slugs[-1]}_{n}")
        return f"{slugs[-1]}_{n}"


def slug(text: str) -> str:
    """Return a text as an id: letters, digits, `_`, `-`, `.`, at most 60 characters."""
    return re.sub(r"[^\w.-]+", "_", text).strip("_.-")[:60]
