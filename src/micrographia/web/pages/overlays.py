"""What belongs over an image: picks from STAR files, segmentations and maps of the same entry, angles of tilts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.archive import lookup
from micrographia.catalogue import ImageRow
from micrographia.errors import MicrographiaError
from micrographia.formats.mdoc import read_mdoc
from micrographia.formats.star import StarTable, read_star
from micrographia.model.records import FileRecord, ImageRecord
from micrographia.model.sheet import Annotation
from micrographia.web.api.showing import image_json
from micrographia.web.site import Site

# a page must answer at once: larger tables are for programs
_MOST_STAR_BYTES = 16 << 20
_MOST_STAR_FILES = 2000
_MOST_BESIDE = 12
_ANGLE_LISTS = (".tlt", ".rawtlt")
_MOST_ANGLE_BYTES = 64 << 10
_COORDINATES = ("rlnCoordinateX", "rlnCoordinateY", "rlnCoordinateZ")
_OF_IMAGE = ("rlnMicrographName", "rlnTomoName")
# what programs append to the name of a micrograph for its picks: mic1_autopick.star
_PICK_ENDINGS = ("_autopick", "_manualpick", "_picks", "_pick", "_coords", "_particles", "_box")


@dataclass(frozen=True, slots=True)
class PointSet:
    """Points of one annotation in one image."""

    label: str
    diameter_a: float | None
    xyz: NDArray[np.float64]
    """Pixels from the first sample's centre, shape (count, 3); z is NaN in a plane."""
    frames: NDArray[np.int64]
    """Of each point the section of the stack that it was picked in, counted from 0; −1 where its table names the whole file."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Another image of the same entry that a viewer can draw over or beside this one."""

    row: ImageRow
    zarr: str
    label: str


def images_beside(site: Site, row: ImageRow, kinds: Sequence[str], *, same_role: bool = False) -> list[Beside]:
    """Return the entry's other images of these kinds; with `same_role` those that the sheet declares together with it."""
    found = []
    for kind in kinds:
        rows = lookup.list_images(site.archive, row.id.accession, row.id.version, limit=_MOST_BESIDE, kind=kind)[1]
        for other in rows:
            zarr = image_json(site, other)["links"].get("zarr")
            if other.id != row.id and zarr and (not same_role or other.record.role == row.record.role):
                found.append(Beside(other, zarr, PurePosixPath(other.record.path).name + _suffix(other.record)))
    return found[:_MOST_BESIDE]


def point_sets(site: Site, row: ImageRow) -> list[PointSet]:
    """Return the points that annotations put into an image; what cannot be read is left out."""
    sheet = site.entry(row.id.accession, row.id.version).record.sheet
    wanted = [a for a in sheet.annotations if a.kind == "points" and a.of in (row.record.role, None)]
    return [p for a in wanted if (p := _point_set(site, row, a)) is not None]


def tilt_captions(site: Site, row: ImageRow, count: int) -> list[str] | None:
    """Return angle and dose of each section, as far as the file or its sheet says them; None where nothing is known."""
    metadata = row.record.metadata
    angles, doses = (_one_each(metadata.get(key), count) for key in ("tilt_angles_deg", "dose_e_per_a2"))
    if angles is None and row.record.kind == "tilt series":
        angles, doses = _mdoc_tilts(site, row, count)
        angles = angles or _listed_tilts(site, row, count)
    if doses is None and row.record.kind == "movie":
        doses = _movie_doses(site, row, count)
    if angles is None and doses is None:
        return None
    captions = []
    for n in range(count):
        parts = [f"{angles[n]:+.1f}°".replace("-", "−")] if angles else []
        parts += [f"{doses[n]:.3g} e⁻/Å²"] if doses else []
        captions.append(" · ".join(parts))
    return captions


def _mdoc_tilts(site: Site, row: ImageRow, count: int) -> tuple[list[float] | None, list[float] | None]:
    """Angles, and doses that the specimen had borne after each tilt, from the .mdoc beside the stack."""
    for name in (f"{row.record.path}.mdoc", str(PurePosixPath(row.record.path).with_suffix(".mdoc"))):
        try:
            file = lookup.find_file(site.archive, row.id.accession, row.id.version, name)
            mdoc = read_mdoc(site.archive.store.source(row.id.accession, file.content_path))
        except MicrographiaError:
            continue
        doses = _one_each(mdoc.numbers("ExposureDose"), count)
        prior = _one_each(mdoc.numbers("PriorRecordDose"), count)
        borne = [p + d for p, d in zip(prior, doses, strict=True)] if prior and doses else doses
        return _one_each(mdoc.numbers("TiltAngle"), count), borne
    return None, None


def _listed_tilts(site: Site, row: ImageRow, count: int) -> list[float] | None:
    """Angles from the list of them, one a line, that is declared with the series or named like it."""
    sheet = site.entry(row.id.accession, row.id.version).record.sheet
    declared: Sequence[str] = next((s.metadata for s in sheet.image_sets if s.id == row.record.role), ())
    beside = [str(PurePosixPath(row.record.path).with_suffix(suffix)) for suffix in _ANGLE_LISTS]
    for glob in (*beside, *(g for g in declared if g.endswith(_ANGLE_LISTS))):
        for file in lookup.list_files(site.archive, row.id.accession, row.id.version, glob=glob, limit=_MOST_BESIDE):
            try:
                text = site.archive.store.source(row.id.accession, file.content_path).read(0, min(file.size_bytes, _MOST_ANGLE_BYTES))
                angles = _one_each([float(word) for word in text.split()], count)
            except (MicrographiaError, ValueError):
                continue
            if angles:
                return angles
    return None


def _movie_doses(site: Site, row: ImageRow, count: int) -> list[float] | None:
    """Accumulated dose at the end of each frame."""
    sheet = site.entry(row.id.accession, row.id.version).record.sheet
    acquired = next((s.acquisition for s in sheet.image_sets if s.id == row.record.role), None)
    acquisition = next((a for a in sheet.acquisitions if a.id == acquired), None)
    if acquisition is None:
        return None
    per_frame = acquisition.dose_per_frame_e_per_a2
    if per_frame is None and acquisition.dose_e_per_a2:
        per_frame = acquisition.dose_e_per_a2 / count
    return [per_frame * (n + 1) for n in range(count)] if per_frame else None


def _one_each(values: Any, count: int) -> list[float] | None:
    if not isinstance(values, list) or len(values) != count:
        return None
    return [float(v) for v in values] if all(isinstance(v, int | float) and math.isfinite(v) for v in values) else None


def _suffix(record: ImageRecord) -> str:
    return f" · {record.name}" if record.name else ""


def _point_set(site: Site, row: ImageRow, annotation: Annotation) -> PointSet | None:
    parts: list[tuple[NDArray[np.float64], NDArray[np.int64]]] = []
    for file in _candidate_files(site, row, annotation):
        try:
            source = site.archive.store.source(row.id.accession, file.content_path)
            blocks = read_star(source, (*_COORDINATES, *_OF_IMAGE))
        except MicrographiaError:
            continue
        table = next((t for b in blocks.values() if (t := b.table_with(_COORDINATES[0])) and _COORDINATES[1] in t), None)
        if table is not None:
            parts.append(_positions(table, row.record, is_named=_names(file.path, row.record)))
    if not sum(len(xyz) for xyz, _ in parts):
        return None
    xyz, frames = (np.concatenate(column) for column in zip(*parts, strict=True))
    return PointSet(annotation.object or annotation.id, annotation.diameter_a, xyz, frames)


def _candidate_files(site: Site, row: ImageRow, annotation: Annotation) -> Iterator[FileRecord]:
    """Yield the STAR files of an annotation: the one named after the image where there is one, else those that may hold rows of it."""
    files = [
        file
        for glob in annotation.files
        for file in lookup.list_files(site.archive, row.id.accession, row.id.version, glob=glob, limit=_MOST_STAR_FILES)
        if file.path.endswith(".star") and file.size_bytes <= _MOST_STAR_BYTES
    ]
    named = [f for f in files if _names(f.path, row.record)]
    yield from named or files[:1]


def _positions(table: StarTable, record: ImageRecord, *, is_named: bool) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Coordinates of the rows that are of an image, and the section of each where rows name sections: `3@stack.mrcs`."""
    columns = [table.numbers(c) if c in table else np.full(table.row_count, np.nan) for c in _COORDINATES]
    xyz, frames = np.stack(columns, axis=-1), np.full(table.row_count, -1, np.int64)
    of_image = next((c for c in _OF_IMAGE if c in table), None)
    if of_image is None:
        return (xyz, frames) if is_named or "z" in record.axes else (xyz[:0], frames[:0])
    stem, texts = _stem(record.path), table.text(of_image)
    parts = {text: text.rpartition("@") for text in np.unique(texts)}
    mine = {text: _stem(name) == stem or stem.startswith(f"{_stem(name)}_") for text, (_, _, name) in parts.items()}
    numbers = {text: int(number) - 1 if number.isascii() and number.isdigit() else -1 for text, (number, _, _) in parts.items()}
    kept = np.array([mine[text] for text in texts], bool)
    return xyz[kept], np.array([numbers[text] for text in texts], np.int64)[kept]


def _names(path: str, record: ImageRecord) -> bool:
    stem, wanted = _stem(path), _stem(record.path)
    return stem == wanted or any(stem == wanted + ending for ending in _PICK_ENDINGS)


def _stem(path: str) -> str:
    return PurePosixPath(path).name.partition(".")[0]
