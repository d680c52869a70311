"""Rules about STAR files and cryoSPARC datasets: columns that are needed, files that they refer to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from micrographia.checks._context import Context, File
from micrographia.checks._rules import rule, say
from micrographia.model.finding import Finding

# kind of image set or annotation → any one of these sets of columns makes a table useful for it
_NEEDED: dict[str, tuple[frozenset[str], ...]] = {
    "particles": (frozenset(("rlnImageName",)),),
    "micrographs": (frozenset(("rlnMicrographName",)),),
    "movies": (frozenset(("rlnMicrographMovieName",)), frozenset(("wrpMovieName",))),
    "points": (
        frozenset(("rlnCoordinateX", "rlnCoordinateY")),
        frozenset(("rlnCenteredCoordinateXAngst", "rlnCenteredCoordinateYAngst", "rlnCenteredCoordinateZAngst")),
    ),
}
# columns whose files a deposit of such images should hold
_OF_DEPOSIT = frozenset(
    ("rlnImageName", "rlnMicrographMovieName", "wrpMovieName", "rlnTomoReconstructedTomogram", "rlnTomoTiltSeriesStarFile")
)
_PARTICLE_KINDS = frozenset(("particles", "subtomograms", "class averages"))


def references(file: File) -> Iterator[dict[str, Any]]:
    """Yield what a table refers to: {column, files: {path: highest index or null}}."""
    yield from file.description.metadata.get("references", ())


@rule("star.reference")
def reference(context: Context) -> Iterator[Finding]:
    """Warning: a table refers to images that are not in the deposit (sought from the project's root, and by the ends of paths)."""
    for file in context.tables:
        is_declared = file.kind in ("metadata", "points")
        for each in references(file):
            if each["column"] not in _OF_DEPOSIT and not (is_declared and _is_of_set(file, each["column"], context)):
                continue
            absent = [name for name in each["files"] if not context.paths.holds(str(name))]
            if not absent or (not is_declared and len(absent) == len(each["files"])):
                continue  # a table of another job, none of whose images is deposited
            found = ", ".join(absent[:3]) + (", …" if len(absent) > 3 else "")
            hint = "Add the files, or correct the paths: they are sought from the project's root and by the ends of their names."
            message = f"{len(absent):,} of {len(each['files']):,} files that {each['column']} names are not in the deposit."
            yield say("warning", file.path, message, found=found, expected="files of this deposit", hint=hint)


def _is_of_set(file: File, column: str, context: Context) -> bool:
    """Whether the column names the images of the very set that the table describes."""
    image_set = context.set_of.get(file.role)
    wanted = {
        "micrographs": "rlnMicrographName",
        "movies": "rlnMicrographMovieName",
        "particles": "rlnImageName",
        "tomogram": "rlnTomoReconstructedTomogram",
    }
    return image_set is not None and wanted.get(image_set.kind) == column


@rule("star.columns")
def columns(context: Context) -> Iterator[Finding]:
    """Warning: a STAR file lacks the columns that tables of its image set or annotation need."""
    for file in context.tables:
        if (
            file.description.format != "star"
            or not file.declarations
            or file.description.metadata.get("kind") in ("job", "pipeline", "optimisation_set")
        ):
            continue
        image_set = context.set_of.get(file.role)
        needed = _NEEDED.get("points" if file.kind == "points" else image_set.kind if image_set and file.kind == "metadata" else "")
        blocks = file.description.metadata.get("blocks", {})
        there = {c for block in blocks.values() for c in block.get("columns", ())}
        if needed and not any(n <= there for n in needed):
            expected = " or ".join(" + ".join(sorted(n)) for n in needed)
            found = ", ".join(sorted(there)[:8]) or "no columns"
            hint = "Is it the right table for this part of the sheet?"
            yield say("warning", file.path, f"columns that `{file.role}` needs are missing.", found=found, expected=expected, hint=hint)


@rule("star.rows")
def rows(context: Context) -> Iterator[Finding]:
    """Warning: a STAR file that describes images or points has no rows."""
    for file in context.tables:
        blocks = file.description.metadata.get("blocks", {})
        if (
            file.description.format == "star"
            and file.kind in ("metadata", "points")
            and not any(b.get("row_count") for b in blocks.values())
        ):
            yield say(
                "warning", file.path, "this table has no rows.", found="0 rows", expected="one row or more", hint="Was it written whole?"
            )
