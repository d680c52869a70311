"""What rules know: the sheet, the file at hand, and what was gathered of all files in bounded memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from micrographia.formats.description import FileDescription
from micrographia.formats.read_once import DataFacts
from micrographia.formats.source import ReadWhole
from micrographia.model.declared import Declaration, Declared
from micrographia.model.finding import Severity
from micrographia.model.image import ImageHeader, Statistics
from micrographia.model.sheet import ImageSet, Sheet

# files of these kinds are kept whole for rules that compare them
_KEPT_KINDS = frozenset(
    ("map", "half map", "mask", "additional map", "gain reference", "dark reference", "metadata", "library", "feature table")
) | frozenset(("segmentation", "points", "tracks", "mesh", "class labels", "transform", "other"))
MOST_KEPT = 5_000
_MOST_SHAPES = 32
# names kept for suggestions
_MOST_NAMES = 5_000
_MASK = (1 << 64) - 1


class Paths:
    """All paths as hashes of their endings: eight bytes each, whatever their number and length."""

    def __init__(self) -> None:
        self._hashes = array("Q")
        self._sorted: np.ndarray[tuple[int], np.dtype[np.uint64]] | None = None
        self.names: list[str] = []

    def add(self, path: str) -> None:
        """Remember a path."""
        append = self._hashes.append
        append(hash(path) & _MASK)
        at = path.find("/")
        while at >= 0:
            append(hash(path[at + 1 :]) & _MASK)
            at = path.find("/", at + 1)
        if len(self.names) < _MOST_NAMES:
            self.names.append(path)

    def holds(self, reference: str) -> bool:
        """Return whether some path ends as `reference` ends: whole, or without folders in front of it."""
        if self._sorted is None:
            self._sorted = np.sort(np.frombuffer(self._hashes, np.uint64)) if self._hashes else np.empty(0, np.uint64)
        reference = reference.replace("\\", "/").lstrip("./")
        while True:
            wanted = np.uint64(hash(reference) & _MASK)
            at = int(np.searchsorted(self._sorted, wanted))
            if at < len(self._sorted) and self._sorted[at] == wanted:
                return True
            _, slash, reference = reference.partition("/")
            if not slash:
                return False


@dataclass(slots=True)
class File:
    """The file at hand."""

    description: FileDescription
    declarations: tuple[Declaration, ...]
    """What declares it, closest first."""
    facts: DataFacts | None
    """What its data say; None where they were not read."""

    @property
    def path(self) -> str:
        """Path inside the deposit."""
        return self.description.path

    @property
    def kind(self) -> str:
        """What it is by its closest declaration: map, half map, micrograph, metadata, …; empty when nothing declares it."""
        return self.declarations[0].kind if self.declarations else ""

    @property
    def role(self) -> str:
        """Id of the part of the sheet that declares it."""
        return self.declarations[0].role if self.declarations else ""

    @property
    def header(self) -> ImageHeader | None:
        """Header of its first image."""
        return self.description.images[0] if self.description.images else None

    @property
    def statistics(self) -> Statistics | None:
        """Statistics of its first image, from the data."""
        return self.facts.statistics[0] if self.facts and self.facts.statistics else None

    @property
    def density_range(self) -> tuple[float, float] | None:
        """Lowest and highest value: from the data, else from what the header claims; None when neither says it."""
        said = self.statistics or (self.header.header_statistics if self.header else None)
        return (said.minimum, said.maximum) if said and said.minimum <= said.maximum else None


@dataclass(slots=True)
class SetFacts:
    """What was gathered of the files of one image set."""

    count: int = 0
    shapes: dict[tuple[int, int], int] = field(default_factory=dict)
    """Files by (y, x)."""
    lengths: dict[int, int] = field(default_factory=dict)
    """Files by their length along z or t."""
    files: list[File] = field(default_factory=list)
    """The first of them."""


class Context:
    """What is known of the deposit."""

    def __init__(
        self,
        sheet: Sheet | None,
        *,
        strict: bool,
        drafted: bool,
        blanks: Iterable[str],
        facts: Mapping[str, DataFacts],
        read: ReadWhole | None,
    ) -> None:
        self.sheet = sheet if sheet is not None else Sheet()
        self.has_sheet = sheet is not None
        self.is_written = self.has_sheet and not drafted
        """Whether a person answers for the sheet."""
        self.strict = strict
        self.blanks = tuple(blanks)
        self.read = read
        self.declared = Declared(self.sheet)
        self.matched = bytearray(len(self.declared.all))
        self.kept: dict[str, File] = {}
        self.by_role: dict[tuple[str, str], list[File]] = {}
        self.sets: dict[str, SetFacts] = {s.id: SetFacts() for s in self.sheet.image_sets}
        self.set_of: dict[str, ImageSet] = {s.id: s for s in self.sheet.image_sets}
        self.paths = Paths()
        self.tables: list[File] = []
        self.lengths: dict[str, int] = {}
        self.digests: dict[bytes, str] = {}
        self.composed: dict[str, str] = {}
        """Paths beyond ASCII, by their form in Unicode NFC."""
        self.file_count = 0
        self._facts = facts
        self._wants_lengths = any(s.metadata for s in self.sheet.image_sets)

    @property
    def missing(self) -> Severity:
        """Severity of missing metadata: an error where curation is strict."""
        return "error" if self.strict else "warning"

    def take(self, description: FileDescription) -> File:
        """Gather what later rules need of a file, and return it."""
        path = description.path
        self.file_count += 1
        self.paths.add(path)
        for member in description.members:
            self.paths.add(member)
        numbers = self.declared.numbers(path)
        for number in numbers:
            self.matched[number] = 1
        for member in description.members if not numbers else ():
            for number in self.declared.numbers(member):
                self.matched[number] = 1
        declarations = tuple(self.declared.all[n] for n in numbers)
        kind = declarations[0].kind if declarations else ""
        file = File(description, declarations, self._facts.get(path))
        self._keep(file, kind)
        return file

    def _keep(self, file: File, kind: str) -> None:
        description = file.description
        if kind in _KEPT_KINDS and len(self.kept) < MOST_KEPT:
            self.kept[file.path] = file
            self.by_role.setdefault((file.role, kind), []).append(file)
        if description.format in ("star", "mdoc", "cryosparc") and len(self.tables) < MOST_KEPT:
            self.tables.append(file)
        for declaration in file.declarations:
            gathered = self.sets.get(declaration.role)
            if gathered is None or declaration.kind == "metadata" or not description.images:
                continue
            header = description.images[0]
            z, y, x = header.shape_zyx
            length = max(z, header.shape[header.axes.index("t")] if "t" in header.axes else 1)
            gathered.count += 1
            if len(gathered.shapes) < _MOST_SHAPES:
                gathered.shapes[y, x] = gathered.shapes.get((y, x), 0) + 1
            if len(gathered.lengths) < _MOST_SHAPES:
                gathered.lengths[length] = gathered.lengths.get(length, 0) + 1
            if len(gathered.files) < (MOST_KEPT if kind == "tilt series" else 16):
                gathered.files.append(file)
            if self._wants_lengths and kind in ("particles", "subtomogram", "class averages"):
                self.lengths[file.path] = length
            break

    def files_of(self, role: str, kind: str) -> list[File]:
        """Return the kept files that the part `role` declares as `kind`."""
        return self.by_role.get((role, kind), [])

    def file(self, path: str | None) -> File | None:
        """Return a kept file by its path, or by a glob that matches it alone."""
        return None if path is None else self.kept.get(path.removeprefix("./"))
