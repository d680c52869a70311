"""Rules about annotations: segmentations on the grid of their images, with whole numbers as labels."""

from __future__ import annotations

from collections.abc import Iterator

from micrographia.checks._context import Context, File
from micrographia.checks._rules import rule, say
from micrographia.model.finding import Finding


def _segmentations(context: Context) -> Iterator[tuple[str | None, File]]:
    for annotation in context.sheet.annotations:
        if annotation.kind == "segmentation":
            for file in context.files_of(annotation.id, "segmentation"):
                if file.header is not None:
                    yield annotation.of, file


def _grids(subject: str | None, context: Context) -> set[tuple[int, int, int]]:
    gathered = context.sets.get(subject or "")
    if gathered:
        return {f.header.shape_zyx for f in gathered.files if f.header}
    return {f.header.shape_zyx for f in context.files_of(subject or "", "map") if f.header}


@rule("annotation.grid")
def grid(context: Context) -> Iterator[Finding]:
    """Warning: a segmentation has another shape than the images it describes."""
    for subject, file in _segmentations(context):
        assert file.header is not None
        grids = _grids(subject, context)
        if grids and file.header.shape_zyx not in grids:
            found = " × ".join(map(str, file.header.shape_zyx))
            expected = " or ".join(" × ".join(map(str, g)) for g in sorted(grids)[:3])
            hint = "Say in its description how it is placed, or deposit it on the grid of the images."
            yield say(
                "warning",
                file.path,
                f"this segmentation does not have the shape of `{subject}`.",
                found=found,
                expected=expected,
                hint=hint,
            )


@rule("annotation.labels")
def labels(context: Context) -> Iterator[Finding]:
    """Warning: a segmentation holds fractions or complex numbers; labels are whole numbers (probabilities are an image set)."""
    for _, file in _segmentations(context):
        assert file.header is not None
        density = file.density_range
        is_binary = density is not None and density[0] >= 0 and density[1] <= 1
        if file.header.dtype.startswith(("float", "complex")) and not is_binary:
            hint = "Store labels as integers; give probabilities as an image set."
            yield say(
                "warning", file.path, "labels are whole numbers.", found=file.header.dtype, expected="uint8, uint16, uint32, …", hint=hint
            )


@rule("annotation.not_interpreted")
def not_interpreted(context: Context) -> Iterator[Finding]:
    """Note: an annotation is in a format that no reader here knows; it is stored as it is."""
    for annotation in context.sheet.annotations:
        for file in context.files_of(annotation.id, annotation.kind):
            if not file.description.format:
                yield say(
                    "note",
                    file.path,
                    "this annotation is stored and not interpreted.",
                    hint="Add a copy as MRC, TIFF, OME-Zarr or STAR to have it shown.",
                )
