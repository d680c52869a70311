"""Rules about headers against what the sheet declares: voxel size, dimensions, frames."""

from __future__ import annotations

from collections.abc import Iterator

from micrographia.checks._context import Context, File
from micrographia.checks._rules import file_rule, rule, say
from micrographia.model.declared import declared_voxel_size
from micrographia.model.finding import Finding
from micrographia.model.image import ImageHeader, VoxelSize
from micrographia.model.sheet import ImageSet, Map

# headers keep four or five digits, and some programs round
_TOLERANCE = 0.01
_SMALLEST_A, _LARGEST_A = 0.05, 1e8


def shown(size: VoxelSize | None) -> str:
    """Return a voxel size in words."""
    if size is None:
        return "no voxel size"
    values = [v for v in (size.z, size.y, size.x) if v is not None]
    unit = {"angstrom": "Å", "nanometer": "nm", "micrometer": "µm", "millimeter": "mm"}[size.unit]
    if values and max(values) - min(values) <= 1e-4 * max(values):
        return f"{values[0]:.5g} {unit}"
    return " × ".join("?" if v is None else f"{v:.5g}" for v in (size.z, size.y, size.x)) + f" {unit} (z × y × x)"


@file_rule("header.voxel_size_absurd")
def voxel_size_absurd(file: File, context: Context) -> Iterator[Finding]:
    """Warning: a voxel of less than 0.05 Å or more than 1 cm."""
    for header in file.description.images[:4]:
        size = header.voxel_size
        values = [] if size is None else [v for v in size.in_angstrom() if v is not None]
        if values and not _SMALLEST_A <= min(values) <= max(values) <= _LARGEST_A:
            hint = "Correct the header (MRC: CELLA divided by MX, MY, MZ), or state the size in entry.yaml."
            yield say(
                "warning", file.path, "no microscope has voxels of this size.", found=shown(size), expected="0.05 Å to 1 cm", hint=hint
            )


@file_rule("header.voxel_size_declared")
def voxel_size_declared(file: File, context: Context) -> Iterator[Finding]:
    """Warning: the sheet declares another voxel or pixel size than the header has (more than 1 % apart)."""
    header, part = file.header, _part_of(file, context)
    if header is None or part is None or header.voxel_size is None or file.kind in ("mask", "metadata"):
        return
    stated = declared_voxel_size(part)
    is_stack = header.is_stack or "z" not in header.axes
    for axis, wanted, here in zip("zyx", stated.in_angstrom() if stated else (), header.voxel_size.in_angstrom(), strict=False):
        if wanted is None or here is None or (axis == "z" and is_stack) or abs(wanted - here) <= _TOLERANCE * wanted:
            continue
        hint = "Correct whichever is wrong; readers of the file see the header."
        message = f"the header's voxel size along {axis} is {here:.5g} Å, the sheet says {wanted:.5g} Å."
        yield say("warning", file.path, message, found=shown(header.voxel_size), expected=f"{wanted:.5g} Å", hint=hint)
        return


@file_rule("header.dimensions_declared")
def dimensions_declared(file: File, context: Context) -> Iterator[Finding]:
    """Error: the sheet declares another width, height or number of frames than the file has."""
    image_set = context.set_of.get(file.role)
    header = file.header
    if image_set is None or header is None or file.kind == "metadata":
        return
    for field, stated, here in _dimensions(image_set, header):
        if stated is not None and stated != here:
            hint = "Correct the sheet, or keep images of different sizes in image sets of their own."
            message = f"`{field}` of image set `{image_set.id}` does not fit this file."
            yield say("error", file.path, message, found=here, expected=stated, hint=hint)


def _dimensions(image_set: ImageSet, header: ImageHeader) -> tuple[tuple[str, int | None, int], ...]:
    z, y, x = header.shape_zyx
    lengths = (z, header.shape[header.axes.index("t")] if "t" in header.axes else 1)
    frames = image_set.frames if image_set.frames in lengths else max(lengths)  # of a volume at each of several times either may be meant
    return (("width_px", image_set.width_px, x), ("height_px", image_set.height_px, y), ("frames", image_set.frames, frames))


@rule("header.mixed_sizes")
def mixed_sizes(context: Context) -> Iterator[Finding]:
    """Note: micrographs or movies of one image set differ in width or height."""
    for n, image_set in enumerate(context.sheet.image_sets):
        shapes = context.sets[image_set.id].shapes
        if len(shapes) > 1 and image_set.kind in ("micrographs", "movies", "particles", "tilt series"):
            found = ", ".join(f"{x} × {y} ({count:,})" for (y, x), count in sorted(shapes.items(), key=lambda s: -s[1])[:5])
            hint = "Were they taken with other settings? Then let each have an image set of its own."
            yield say(
                "note",
                f"entry.yaml:image_sets[{n}]",
                f"images of `{image_set.id}` differ in size.",
                found=found,
                expected="one size",
                hint=hint,
            )


@rule("header.gain_shape")
def gain_shape(context: Context) -> Iterator[Finding]:
    """Warning: the gain or dark reference has another shape than the movies (turned by 90° and super-resolution are allowed)."""
    for acquisition in context.sheet.acquisitions:
        for field in ("gain_reference", "dark_reference"):
            reference = context.file(getattr(acquisition.detector, field))
            if reference is None or reference.header is None:
                continue
            _, y, x = reference.header.shape_zyx
            movies = [
                s
                for s in context.sheet.image_sets
                if s.acquisition == acquisition.id and s.kind in ("movies", "tilt series", "micrographs")
            ]
            shapes = {shape for s in movies if s.kind == "movies" for shape in context.sets[s.id].shapes}
            fitting = {(h * f, w * f) for h, w in shapes for f in (1, 2)} | {(h // 2, w // 2) for h, w in shapes}
            if shapes and (y, x) not in fitting and (x, y) not in fitting:
                expected = ", ".join(f"{w} × {h}" for h, w in sorted(shapes)[:3])
                hint = "Is it the reference of another detector mode?"
                message = f"the {field.replace('_', ' ')} of `{acquisition.id}` does not have the shape of the movies."
                yield say("warning", reference.path, message, found=f"{x} × {y}", expected=expected, hint=hint)


def _part_of(file: File, context: Context) -> ImageSet | Map | None:
    if file.role in context.set_of:
        return context.set_of[file.role]
    return next((m for m in context.sheet.maps if m.id == file.role), None) if file.kind in ("map", "half map", "additional map") else None
