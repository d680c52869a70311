"""Rules about reconstructions: half maps, masks, contour level, resolution."""

from __future__ import annotations

from collections.abc import Iterator

from micrographia.checks._context import Context, File
from micrographia.checks._rules import rule, say
from micrographia.checks.header import shown
from micrographia.model.finding import Finding, Severity
from micrographia.model.image import ImageHeader
from micrographia.model.sheet import Map


def _maps(context: Context) -> Iterator[tuple[str, Map, File | None, list[File]]]:
    """Yield (place, map, its file, its half maps as far as they are there)."""
    for n, density_map in enumerate(context.sheet.maps):
        halves = [f for path in density_map.half_maps if (f := context.file(path))]
        yield f"entry.yaml:maps[{n}]", density_map, context.file(density_map.file), halves


def _grid(header: ImageHeader) -> str:
    return " × ".join(map(str, header.shape_zyx))


def _same_size(a: ImageHeader, b: ImageHeader) -> bool:
    if a.voxel_size is None or b.voxel_size is None:
        return True
    pairs = zip(a.voxel_size.in_angstrom(), b.voxel_size.in_angstrom(), strict=True)
    return all(p is None or q is None or abs(p - q) <= 1e-3 * max(p, q) for p, q in pairs)


@rule("map.not_volume")
def not_volume(context: Context) -> Iterator[Finding]:
    """Error: a map is one plane. Warning: it is stored as a stack of images, or no reader knows it."""
    for _, density_map, file, halves in _maps(context):
        for each in [f for f in (file, *halves) if f]:
            if each.header is None:
                if not any(r.severity == "error" for r in each.description.remarks):
                    yield say("warning", each.path, f"this file of map `{density_map.id}` is not interpreted.", expected="an MRC volume")
            elif each.header.shape_zyx[0] == 1:
                yield say(
                    "error",
                    each.path,
                    "a map has to be a volume.",
                    found=_grid(each.header),
                    expected="z, y and x",
                    hint="Is it an image set?",
                )
            elif each.header.is_stack:
                hint = "Set ISPG to 1 and MZ to NZ."
                yield say(
                    "warning", each.path, "the header says this is a stack of images.", found="a stack", expected="a volume", hint=hint
                )


@rule("map.half_maps_count")
def half_maps_count(context: Context) -> Iterator[Finding]:
    """Warning: a map has one half map; there are two, or none."""
    for place, density_map, _, _ in _maps(context):
        if len(density_map.half_maps) == 1:
            hint = "Add the other half map: the two are needed to compute an FSC."
            yield say("warning", f"{place}.half_maps", f"`{density_map.id}` has one half map.", found="1", expected="2", hint=hint)


@rule("map.half_maps_grid")
def half_maps_grid(context: Context) -> Iterator[Finding]:
    """Error: the two half maps differ in shape or voxel size. Warning: in origin."""
    for _, _, _, halves in _maps(context):
        if len(halves) != 2 or halves[0].header is None or halves[1].header is None:
            continue
        one, two = halves[0].header, halves[1].header
        hint = "Both halves come from one refinement: deposit them as they came out of it."
        if one.shape_zyx != two.shape_zyx:
            message = f"the shape is not that of the other half map, {halves[0].path}."
            yield say("error", halves[1].path, message, found=_grid(two), expected=_grid(one), hint=hint)
        elif not _same_size(one, two):
            message = f"voxel size {shown(two.voxel_size)}, but {halves[0].path} has {shown(one.voxel_size)}."
            hint = "Correct the header (CELLA divided by MX, MY, MZ), or deposit them as separate maps."
            yield say("error", halves[1].path, message, found=shown(two.voxel_size), expected=shown(one.voxel_size), hint=hint)
        elif (
            one.origin != two.origin
            and one.origin
            and two.origin
            and any(abs(a - b) > 1e-3 for a, b in zip(one.origin, two.origin, strict=True))
        ):
            message = f"the origin is not that of {halves[0].path}."
            yield say("warning", halves[1].path, message, found=str(two.origin), expected=str(one.origin), hint=hint)


@rule("map.half_maps_identical")
def half_maps_identical(context: Context) -> Iterator[Finding]:
    """Error: the two half maps hold the same data, so that their FSC would be 1 everywhere."""
    for _, density_map, _, halves in _maps(context):
        if len(density_map.half_maps) == 2 and density_map.half_maps[0] == density_map.half_maps[1]:
            yield say(
                "error",
                density_map.half_maps[0],
                "this file is declared as both half maps.",
                expected="two files",
                hint="Name the other half map.",
            )
        elif len(halves) == 2 and _same_data(*halves):
            hint = "Deposit the two maps that were refined from independent halves of the particles."
            message = f"this half map is identical with {halves[0].path}."
            yield say("error", halves[1].path, message, found="the same data", expected="independent half maps", hint=hint)


@rule("map.half_map_is_map")
def half_map_is_map(context: Context) -> Iterator[Finding]:
    """Error: a half map holds the same data as the full map."""
    for _, density_map, file, halves in _maps(context):
        for half in halves:
            if half.path == density_map.file or (file and _same_data(file, half)):
                hint = "Deposit the unfiltered maps of the two halves (RELION: run_half1_class001_unfil.mrc)."
                message = f"this half map is identical with the full map {density_map.file}."
                yield say("error", half.path, message, found="the same data", expected="half of the particles", hint=hint)


def _same_data(a: File, b: File) -> bool:
    if a.facts is None or b.facts is None:
        return False
    if a.facts.sha256 and a.facts.sha256 == b.facts.sha256:
        return True
    # copies with another header: all seven statistics of float data agree to the last bit by no accident
    one, two = a.statistics, b.statistics
    same_shape = a.header is not None and b.header is not None and a.header.shape_zyx == b.header.shape_zyx
    return same_shape and one is not None and one == two and one.minimum != one.maximum


@rule("map.grid")
def grid(context: Context) -> Iterator[Finding]:
    """Warning: half maps, masks or additional maps are not on the grid of the map."""
    for _, density_map, file, _ in _maps(context):
        if file is None or file.header is None:
            continue
        for path in (*density_map.half_maps, density_map.mask, *density_map.masks, *density_map.additional):
            other = context.file(path)
            if other is None or other.header is None:
                continue
            here, there = file.header, other.header
            if here.shape_zyx != there.shape_zyx or not _same_size(here, there):
                found = f"{_grid(there)}, {shown(there.voxel_size)}"
                expected = f"{_grid(here)}, {shown(here.voxel_size)}"
                hint = "Viewers and FSC programs need one grid; resample it, or say in the description why it differs."
                yield say(
                    "warning",
                    other.path,
                    f"this {other.kind} is not on the grid of {file.path}.",
                    found=found,
                    expected=expected,
                    hint=hint,
                )


@rule("map.mask_range")
def mask_range(context: Context) -> Iterator[Finding]:
    """Warning: a mask holds values outside of 0 to 1."""
    for _, density_map, _, _ in _maps(context):
        for path in (density_map.mask, *density_map.masks):
            mask = context.file(path)
            density = mask.density_range if mask else None
            if mask and density and (density[0] < -0.01 or density[1] > 1.01):
                found = f"{density[0]:.4g} … {density[1]:.4g}"
                yield say(
                    "warning", mask.path, "this is no mask: its values leave 0 to 1.", found=found, expected="0 … 1", hint="Is it a map?"
                )


@rule("map.contour_level")
def contour_level(context: Context) -> Iterator[Finding]:
    """Error: the contour level lies outside the densities of the map, so that nothing, or everything, would be shown."""
    for place, density_map, file, _ in _maps(context):
        level, density = density_map.contour_level, file.density_range if file else None
        if level is None or density is None or density[0] < level < density[1]:
            continue
        # what only a header claims may be wrong
        severity: Severity = "error" if file and file.statistics else "warning"
        hint = "Give it in the map's own values, not in standard deviations."
        message = f"the contour level of `{density_map.id}` is outside the densities of {density_map.file}."
        expected = f"between {density[0]:.4g} and {density[1]:.4g}"
        yield say(severity, f"{place}.contour_level", message, found=f"{level:g}", expected=expected, hint=hint)


@rule("map.resolution")
def resolution(context: Context) -> Iterator[Finding]:
    """Warning: the reported resolution is finer than two voxels (Nyquist), or coarser than a third of the box."""
    for place, density_map, file, _ in _maps(context):
        size = file.header.voxel_size.in_angstrom() if file and file.header and file.header.voxel_size else ()
        values = [v for v in size if v]
        if density_map.resolution_a is None or not values or file is None or file.header is None:
            continue
        nyquist, box = 2 * max(values), max(values) * max(file.header.shape_zyx)
        if density_map.resolution_a < 0.99 * nyquist or density_map.resolution_a > box / 3:
            expected = f"{nyquist:.3g} Å to {box / 3:.3g} Å"
            message = f"the resolution of `{density_map.id}` does not fit its voxel size."
            hint = "Correct the resolution, or the voxel size of the header."
            yield say("warning", f"{place}.resolution_a", message, found=f"{density_map.resolution_a:g} Å", expected=expected, hint=hint)
