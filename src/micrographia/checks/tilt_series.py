"""Rules about tilt series: as many angles as sections, and the angles that the sheet declares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from micrographia.checks._context import Context, File
from micrographia.checks._rules import rule, say
from micrographia.model.finding import Finding
from micrographia.model.sheet import ImageSet

_ANGLE_LISTS = (".tlt", ".rawtlt")
_MOST_LIST_BYTES = 1 << 20
_TOLERANCE_DEG = 1.0


def _stem(path: str) -> str:
    name = PurePosixPath(path).name
    for suffix in (".mdoc", ".mrc", ".st", ".ali", ".mrcs", ".tif", ".tiff", ".rawtlt", ".tlt", ".ome"):
        name = name.removesuffix(suffix)
    return name.removesuffix("_ali")


def _series(context: Context) -> Iterator[tuple[int, ImageSet, list[File]]]:
    for n, image_set in enumerate(context.sheet.image_sets):
        if image_set.kind == "tilt series":
            yield n, image_set, [f for f in context.sets[image_set.id].files if f.header]


def _angles(context: Context, image_set: ImageSet, file: File, alone: bool) -> Iterator[tuple[str, list[float]]]:
    """Yield (where it stands, angles) of everything that tells the angles of a series: mdoc, lists of angles, its own header."""
    said = file.header.metadata.get("tilt_angles_deg") if file.header else None
    if said:
        yield "its extended header", [a for a in said if isinstance(a, int | float)]
    for other in context.files_of(image_set.id, "metadata"):
        if not alone and _stem(other.path) != _stem(file.path):
            continue
        metadata = other.description.metadata
        if other.description.format == "mdoc" and metadata.get("kind") == "tilt_series":
            angles = metadata.get("tilt_angles_deg") or [s.get("TiltAngle", 0.0) for s in metadata.get("sections", ())]
            yield other.path, [float(a) for a in angles if isinstance(a, int | float)]
        elif other.path.endswith(_ANGLE_LISTS) and (listed := _read_list(context, other)) is not None:
            yield other.path, listed


def _read_list(context: Context, file: File) -> list[float] | None:
    """Return the numbers of a list of angles, one a line; None where it cannot be read as one."""
    if context.read is None or file.description.size_bytes > _MOST_LIST_BYTES:
        return None
    try:
        lines = (context.read(file.path) or b"?").decode("ascii").split("\n")
        return [float(line.split()[0]) for line in lines if line.strip()]
    except ValueError:
        return None


@rule("tilt_series.count")
def count(context: Context) -> Iterator[Finding]:
    """Warning: a tilt series has another number of sections than its mdoc, list of angles or extended header has angles."""
    for _, image_set, files in _series(context):
        for file in files:
            assert file.header is not None
            sections = max(file.header.shape_zyx[0], file.header.shape[0] if len(file.header.shape) > 2 else 1)
            for where, angles in _angles(context, image_set, file, alone=len(files) == 1):
                if len(angles) != sections:
                    hint = "Is it the file of another series, or were sections left out? Say so, or deposit the one that fits."
                    message = f"{sections} sections, but {where} has {len(angles)} tilt angles."
                    yield say("warning", file.path, message, found=f"{sections} sections", expected=f"{len(angles)} angles", hint=hint)


@rule("tilt_series.no_angles")
def no_angles(context: Context) -> Iterator[Finding]:
    """Warning (error where curation is strict): nothing tells the tilt angles of a series: no mdoc, list of angles or extended header."""
    for n, image_set, files in _series(context):
        has_table = any(
            f.description.format in ("mdoc", "star") or f.path.endswith(_ANGLE_LISTS) for f in context.files_of(image_set.id, "metadata")
        )
        if files and not has_table and not any(f.header and f.header.metadata.get("tilt_angles_deg") for f in files):
            hint = "Add the .mdoc or .rawtlt file under `metadata` of this image set."
            message = f"nothing tells the tilt angles of `{image_set.id}`."
            yield say(
                context.missing, f"entry.yaml:image_sets[{n}].metadata", message, found="no angles", expected="an mdoc or a list", hint=hint
            )


@rule("tilt_series.range")
def declared_range(context: Context) -> Iterator[Finding]:
    """Warning: the tilt range that the sheet declares is not that of the angles (more than 1° apart)."""
    acquisitions = {a.id: (k, a) for k, a in enumerate(context.sheet.acquisitions)}
    said: set[tuple[str, str]] = set()
    for _, image_set, files in _series(context):
        k, acquisition = acquisitions.get(image_set.acquisition or "", (0, None))
        if acquisition is None or acquisition.tilt is None:
            continue
        for file in files:
            for where, angles in _angles(context, image_set, file, alone=len(files) == 1):
                for field, stated, here in (
                    ("min_deg", acquisition.tilt.min_deg, min(angles, default=None)),
                    ("max_deg", acquisition.tilt.max_deg, max(angles, default=None)),
                ):
                    # series of one session differ: only what lies outside of the declared range contradicts it
                    if stated is None or here is None:
                        continue
                    beyond = stated - here if field == "min_deg" else here - stated
                    if beyond > _TOLERANCE_DEG and (acquisition.id, field) not in said:
                        said.add((acquisition.id, field))
                        message = f"{where} has tilts outside of the declared range."
                        at = f"entry.yaml:acquisitions[{k}].tilt.{field}"
                        yield say("warning", at, message, found=f"{here:.2f}°", expected=f"{stated:g}°", hint="Correct the range.")


@rule("tilt_series.repeated_angles")
def repeated_angles(context: Context) -> Iterator[Finding]:
    """Warning: most sections of a series have the same angle: the list was not filled in."""
    for _, image_set, files in _series(context):
        for file in files:
            for where, angles in _angles(context, image_set, file, alone=len(files) == 1):
                distinct = len({round(a, 1) for a in angles})
                if len(angles) >= 5 and distinct <= len(angles) // 2:
                    found = f"{distinct} different of {len(angles)}"
                    message = f"{where} repeats the same tilt angles."
                    yield say(
                        "warning",
                        file.path,
                        message,
                        found=found,
                        expected="one angle a section",
                        hint="Find the list of angles of this series.",
                    )
