"""Which part of a deposition sheet declares a file: globs resolved, fast enough for a million paths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from micrographia.model.sheet import Sheet
from micrographia.model.vocabulary import IMAGE_KIND

Section = Literal["image_sets", "maps", "annotations", "screens", "acquisitions", "other_files"]
_WILDCARD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Declaration:
    """One place of the sheet that names files."""

    section: Section
    """Part of the sheet."""
    id: str
    """Id of the image set, map, annotation, screen or acquisition; empty for other files."""
    field: str
    """Field that names the files: files, metadata, file, half_maps, mask, …"""
    pattern: str
    """Path or glob, relative to the sheet."""
    kind: str
    """What an image in such a file is: map, half map, mask, micrograph, tilt series, …; empty for files that hold no images."""
    place: str
    """Where it stands: ``entry.yaml:maps[0].half_maps[1]``."""


class Declarations:
    """All files that a sheet declares."""

    def __init__(self, sheet: Sheet) -> None:
        self.all = tuple(_declarations(sheet))
        self._exact: dict[str, list[Declaration]] = {}
        self._globs: list[tuple[re.Pattern[str], Declaration]] = []
        for declaration in self.all:
            if _WILDCARD.search(declaration.pattern):
                self._globs.append((glob_pattern(declaration.pattern), declaration))
            else:
                self._exact.setdefault(normal_path(declaration.pattern), []).append(declaration)

    def of(self, path: str) -> list[Declaration]:
        """Return the declarations that name `path` or a folder above it, exact ones first."""
        found = list(self._exact.get(path, ()))
        if len(self._exact) > len(found):
            above = path
            while "/" in above:
                above = above.rpartition("/")[0]
                found += self._exact.get(above, ())
        found += [declaration for pattern, declaration in self._globs if pattern.fullmatch(path)]
        return found

    def first(self, path: str) -> Declaration | None:
        """Return the declaration that says what `path` is: the first that names images, else the first."""
        found = self.of(path)
        return next((d for d in found if d.kind), found[0] if found else None)


def normal_path(path: str) -> str:
    """Return the path as the archive writes it: no leading ``./``, no trailing slash."""
    return path.removeprefix("./").rstrip("/")


@lru_cache(maxsize=4096)
def glob_pattern(pattern: str) -> re.Pattern[str]:
    """Return the regular expression of a glob: ``*`` and ``?`` stay inside a folder, ``**/`` crosses folders, a matched folder means all below it."""
    out, i, pattern = [], 0, normal_path(pattern)
    while i < len(pattern):
        if pattern.startswith("**/", i):
            out.append("(?:[^/]+/)*")
            i += 3
        elif pattern.startswith("**", i):
            out.append(".*")
            i += 2
        elif pattern[i] == "*":
            out.append("[^/]*")
            i += 1
        elif pattern[i] == "?":
            out.append("[^/]")
            i += 1
        elif pattern[i] == "[" and (end := pattern.find("]", i + 2)) > 0:
            inside = pattern[i + 1 : end]
            out.append(f"[{'^' if inside[0] in '!^' else ''}{re.escape(inside.lstrip('!^')).replace(chr(92) + '-', '-')}]")
            i = end + 1
        else:
            out.append(re.escape(pattern[i]))
            i += 1
    try:
        return re.compile("".join(out) + "(?:/.*)?", re.DOTALL)
    except re.error:  # an odd set such as [z-a]: taken literally
        return re.compile(re.escape(pattern) + "(?:/.*)?", re.DOTALL)


def _declarations(sheet: Sheet) -> Iterator[Declaration]:
    for i, image_set in enumerate(sheet.image_sets):
        place = f"entry.yaml:image_sets[{i}]"
        for j, pattern in enumerate(image_set.files):
            yield Declaration("image_sets", image_set.id, "files", pattern, IMAGE_KIND[image_set.kind], f"{place}.files[{j}]")
        for j, pattern in enumerate(image_set.metadata):
            yield Declaration("image_sets", image_set.id, "metadata", pattern, "", f"{place}.metadata[{j}]")
    for i, map_ in enumerate(sheet.maps):
        place = f"entry.yaml:maps[{i}]"
        yield Declaration("maps", map_.id, "file", map_.file, "map", f"{place}.file")
        for field, kind, paths in (
            ("half_maps", "half map", map_.half_maps),
            ("masks", "mask", map_.masks),
            ("additional", "additional map", map_.additional),
        ):
            for j, path in enumerate(paths):
                yield Declaration("maps", map_.id, field, path, kind, f"{place}.{field}[{j}]")
        if map_.mask:
            yield Declaration("maps", map_.id, "mask", map_.mask, "mask", f"{place}.mask")
        if map_.fsc:
            yield Declaration("maps", map_.id, "fsc", map_.fsc, "", f"{place}.fsc")
        for j, model in enumerate(map_.models):
            if "." in model:  # a file; PDB-4V4Q is a link
                yield Declaration("maps", map_.id, "models", model, "", f"{place}.models[{j}]")
    for i, annotation in enumerate(sheet.annotations):
        kind = "segmentation" if annotation.kind == "segmentation" else ""
        for j, pattern in enumerate(annotation.files):
            yield Declaration("annotations", annotation.id, "files", pattern, kind, f"entry.yaml:annotations[{i}].files[{j}]")
    for i, screen in enumerate(sheet.screens):
        place = f"entry.yaml:screens[{i}]"
        for j, pattern in enumerate(screen.plates):
            yield Declaration("screens", screen.id, "plates", pattern, "field", f"{place}.plates[{j}]")
        if screen.library:
            yield Declaration("screens", screen.id, "library", screen.library, "", f"{place}.library")
        for j, table in enumerate(screen.features):
            yield Declaration("screens", screen.id, "features", table.file, "", f"{place}.features[{j}].file")
    for i, acquisition in enumerate(sheet.acquisitions):
        for field in ("gain_reference", "dark_reference"):
            if path := getattr(acquisition.detector, field):
                kind = field.replace("_", " ")
                yield Declaration("acquisitions", acquisition.id, field, path, kind, f"entry.yaml:acquisitions[{i}].detector.{field}")
    for j, pattern in enumerate(sheet.other_files):
        yield Declaration("other_files", "", "other_files", pattern, "", f"entry.yaml:other_files[{j}]")
