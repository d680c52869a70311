"""Where rules get the facts of data from: the archive's own pass, or a look at some files of a folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from micrographia.errors import MicrographiaError
from micrographia.formats.description import FileDescription
from micrographia.formats.read_once import DataFacts, read_once

# reconstructions are few and worth reading whole; of other images the first of each kind stand for the rest
_ALWAYS = frozenset(("map", "half map", "mask", "additional map", "segmentation"))
_MOST_EACH = 16
_MOST_BYTES = 2 << 30


class FactsOf:
    """Answers with the facts of one file."""

    def __init__(self, facts: Mapping[str, DataFacts] | None, folder: Path | None) -> None:
        self._facts = facts
        self._folder = folder
        self._seen: Counter[str] = Counter()
        self._bytes = 0

    def __call__(self, description: FileDescription, kind: str) -> DataFacts | None:
        """Return what the data of a file say, None when nobody read them."""
        if self._facts is not None:
            return self._facts.get(description.path)
        if self._folder is None or not description.images or description.members or any(r.severity == "error" for r in description.remarks):
            return None
        self._seen[kind] += 1
        if self._bytes + description.size_bytes > _MOST_BYTES or (kind not in _ALWAYS and self._seen[kind] > _MOST_EACH):
            return None
        self._bytes += description.size_bytes
        try:
            return read_once(self._folder / description.path, description)
        except (OSError, MicrographiaError):
            return None  # the survey's own remarks say why
