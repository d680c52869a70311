"""What a sheet declares of each file: which glob of which part matches a path, and what the file then is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from micrographia.model.image import LengthUnit, VoxelSize
from micrographia.model.sheet import ImageSet, Map, Sheet
from micrographia.model.vocabulary import IMAGE_KIND

# accessions that may stand where a file of the deposit may stand too (models of a map)
_ACCESSION = re.compile(r"(PDB|EMD|EMPIAR|AF|MG)-[\w.-]+", re.IGNORECASE)
_MAGIC = re.compile(r"[*?\[]")


def is_glob(pattern: str) -> bool:
    """Return whether `pattern` holds a wildcard: ``*``, ``?`` or ``[``."""
    return _MAGIC.search(pattern) is not None


def escape_glob(path: str) -> str:
    """Return the glob that matches `path` alone."""
    return _MAGIC.sub(lambda m: f"[{m[0]}]", path)


@lru_cache(maxsize=4096)
def compile_glob(pattern: str) -> re.Pattern[str]:
    """Return the regular expression of a glob; whoever names a folder names everything below it.

    ``*`` and ``?`` stay inside one folder, ``**`` crosses folders, ``[abc]`` and ``[!abc]`` are sets of characters.
    """
    out: list[str] = []
    parts = pattern.removeprefix("./").rstrip("/").split("/")
    for k, part in enumerate(parts):
        last = k == len(parts) - 1
        if part == "**":
            out.append(".*" if last else "(?:[^/]+/)*")
            continue
        out.append(_component(part) + ("" if last else "/"))
    return re.compile("".join(out) + r"(?:/.*)?", re.DOTALL)


def _component(part: str) -> str:
    out: list[str] = []
    i = 0
    while i < len(part):
        c = part[i]
        i += 1
        if c == "*":
            out.append("" if out and out[-1] == "[^/]*" else "[^/]*")
        elif c == "?":
            out.append("[^/]")
        elif c == "[" and (end := part.find("]", i + (2 if part[i : i + 1] == "!" else 1))) > 0:
            inside = part[i:end]
            negate = inside.startswith("!")
            out.append(_character_set(inside[negate:], negate=negate))
            i = end + 1
        else:
            out.append(re.escape(c))
    return "".join(out)


def _character_set(inside: str, *, negate: bool) -> str:
    out: list[str] = []
    i = 0
    while i < len(inside):
        if inside[i + 1 : i + 2] == "-" and i + 2 < len(inside):
            if inside[i] <= inside[i + 2]:  # a range in reverse holds nothing
                out.append(f"{re.escape(inside[i])}-{re.escape(inside[i + 2])}")
            i += 3
        else:
            out.append(re.escape(inside[i]))
            i += 1
    if negate:
        return f"[^/{''.join(out)}]"
    return f"[{''.join(out)}]" if out else "(?!)"


@dataclass(frozen=True, slots=True)
class Declaration:
    """One file name or glob of a sheet."""

    pattern: str
    """File name or glob, relative to the sheet."""
    place: str
    """Where it stands: ``image_sets[0].files[0]``."""
    role: str
    """Id of the image set, map, annotation, screen or acquisition; empty for other files."""
    kind: str
    """What one image of it is called (map, half map, mask, micrograph, segmentation, field, …); metadata or file for what is no image."""


class Declared:
    """Every file name and glob of one sheet, ready to be asked about many paths."""

    def __init__(self, sheet: Sheet) -> None:
        self.all: tuple[Declaration, ...] = tuple(_declarations(sheet))
        self._literal: dict[str, list[int]] = {}
        # globs by the folder in front of their first wildcard: a path asks only those of its own folders
        self._globs: dict[str, list[tuple[re.Pattern[str], int]]] = {}
        for n, declaration in enumerate(self.all):
            pattern = unicodedata.normalize("NFC", declaration.pattern).removeprefix("./").rstrip("/")
            self._literal.setdefault(pattern, []).append(n)
            if is_glob(pattern):
                fixed = pattern[: _MAGIC.search(pattern).start()]  # type: ignore[union-attr]
                self._globs.setdefault(fixed.rpartition("/")[0], []).append((compile_glob(pattern), n))

    def of(self, path: str) -> tuple[Declaration, ...]:
        """Return what declares `path`, the one that names it most closely first."""
        return tuple(self.all[n] for n in self.numbers(path))

    def numbers(self, path: str) -> list[int]:
        """Return the places in `all` of what declares `path`, the one that names it most closely first."""
        path = path if path.isascii() else unicodedata.normalize("NFC", path)
        found = list(self._literal.get(path, ()))
        folder = path.rpartition("/")[0]
        globs = self._globs
        while True:
            if folder in globs:
                found += [n for expression, n in globs[folder] if expression.fullmatch(path) and n not in found]
            if not folder:
                return found
            if folder in self._literal:
                found += [n for n in self._literal[folder] if n not in found]
            folder = folder.rpartition("/")[0]


def _declarations(sheet: Sheet) -> Iterator[Declaration]:
    def each(patterns: tuple[str, ...], place: str, role: str, kind: str) -> Iterator[Declaration]:
        for n, pattern in enumerate(patterns):
            yield Declaration(pattern, f"{place}[{n}]", role, kind)

    def one(pattern: str | None, place: str, role: str, kind: str) -> Iterator[Declaration]:
        if pattern:
            yield Declaration(pattern, place, role, kind)

    for i, density_map in enumerate(sheet.maps):
        at = f"maps[{i}]"
        yield from one(density_map.file, f"{at}.file", density_map.id, "map")
        yield from each(density_map.half_maps, f"{at}.half_maps", density_map.id, "half map")
        yield from one(density_map.mask, f"{at}.mask", density_map.id, "mask")
        yield from each(density_map.masks, f"{at}.masks", density_map.id, "mask")
        yield from each(density_map.additional, f"{at}.additional", density_map.id, "additional map")
        yield from one(density_map.fsc, f"{at}.fsc", density_map.id, "metadata")
        for n, model in enumerate(density_map.models):
            if not _ACCESSION.fullmatch(model):
                yield Declaration(model, f"{at}.models[{n}]", density_map.id, "model")
    for i, annotation in enumerate(sheet.annotations):
        yield from each(annotation.files, f"annotations[{i}].files", annotation.id, annotation.kind)
    for i, image_set in enumerate(sheet.image_sets):
        yield from each(image_set.files, f"image_sets[{i}].files", image_set.id, IMAGE_KIND[image_set.kind])
    for i, screen in enumerate(sheet.screens):
        at = f"screens[{i}]"
        yield from one(screen.library, f"{at}.library", screen.id, "library")
        for n, table in enumerate(screen.features):
            yield Declaration(table.file, f"{at}.features[{n}].file", screen.id, "feature table")
        yield from each(screen.plates, f"{at}.plates", screen.id, IMAGE_KIND["plate images"])
    for i, image_set in enumerate(sheet.image_sets):
        yield from each(image_set.metadata, f"image_sets[{i}].metadata", image_set.id, "metadata")
    for i, acquisition in enumerate(sheet.acquisitions):
        detector = acquisition.detector
        yield from one(detector.gain_reference, f"acquisitions[{i}].detector.gain_reference", acquisition.id, "gain reference")
        yield from one(detector.dark_reference, f"acquisitions[{i}].detector.dark_reference", acquisition.id, "dark reference")
    yield from each(sheet.other_files, "other_files", "", "file")


_SIZE_FIELDS: tuple[tuple[str, LengthUnit], ...] = (
    ("voxel_size_a", "angstrom"),
    ("voxel_size_nm", "nanometer"),
    ("voxel_size_um", "micrometer"),
)


def declared_voxel_size(part: ImageSet | Map) -> VoxelSize | None:
    """Return the voxel or pixel size that an image set or a map declares; None when it declares none."""
    for field, unit in _SIZE_FIELDS:
        value = getattr(part, field, None)
        if value is not None:
            z, y, x = value if isinstance(value, tuple) else (value, value, value)
            return VoxelSize(z, y, x, unit)
    pixel = getattr(part, "pixel_size_a", None)
    return None if pixel is None else VoxelSize(None, pixel, pixel)
