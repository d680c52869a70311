"""Rules about particle stacks and the tables that describe them."""

from __future__ import annotations

from collections.abc import Iterator

from micrographia.checks._context import Context, File
from micrographia.checks._rules import rule, say
from micrographia.checks.star import references
from micrographia.model.finding import Finding

_KINDS = ("particles", "subtomograms", "class averages")


def _tables(context: Context) -> Iterator[File]:
    for image_set in context.sheet.image_sets:
        if image_set.kind in _KINDS:
            yield from (f for f in context.files_of(image_set.id, "metadata") if f.description.format in ("star", "cryosparc"))


@rule("particles.index")
def index(context: Context) -> Iterator[Finding]:
    """Error: a table names a particle that its stack does not hold (000123@stack.mrcs with fewer than 123 images)."""
    by_name: dict[str, list[str]] = {}
    for path in context.lengths:
        by_name.setdefault(path.rpartition("/")[2], []).append(path)
    for file in _tables(context):
        for each in references(file):
            for name, highest in each["files"].items():
                stacks = by_name.get(str(name).rpartition("/")[2], ())
                fitting = [s for s in stacks if s.endswith(str(name)) or str(name).endswith(s)] or list(stacks)
                if highest and len(fitting) == 1 and highest > context.lengths[fitting[0]]:
                    length = context.lengths[fitting[0]]
                    hint = "The stack was cut off, or the table belongs to another one."
                    message = f"{file.path} names image {highest} of this stack, which has {length}."
                    yield say("error", fitting[0], message, found=f"{length} images", expected=f"at least {highest}", hint=hint)


@rule("particles.count")
def count(context: Context) -> Iterator[Finding]:
    """Warning: a table lists more particles than all stacks of its image set hold together."""
    for file in _tables(context):
        rows = max(
            (b.get("row_count", 0) for b in file.description.metadata.get("blocks", {}).values() if "rlnImageName" in b.get("columns", ())),
            default=0,
        )
        gathered = context.sets.get(file.role)
        held = sum(length * n for length, n in gathered.lengths.items()) if gathered and len(gathered.lengths) < 32 else 0
        if held and rows > held:
            hint = "Add the missing stacks, or the table that fits them."
            yield say(
                "warning",
                file.path,
                f"{rows:,} particles are listed, {held:,} are here.",
                found=f"{rows:,}",
                expected=f"at most {held:,}",
                hint=hint,
            )


@rule("particles.optics")
def optics(context: Context) -> Iterator[Finding]:
    """Warning: box or pixel size of the optics groups are not those of the stacks."""
    for file in _tables(context):
        gathered = context.sets.get(file.role)
        groups = file.description.metadata.get("optics") or ()
        boxes = {int(float(g["rlnImageSize"])) for g in groups if _is_number(g.get("rlnImageSize"))}
        shapes = set(gathered.shapes) if gathered else set()
        if boxes and shapes and not any(x in boxes for _, x in shapes):
            found, expected = ", ".join(f"{x} px" for _, x in sorted(shapes)), ", ".join(f"{b} px" for b in sorted(boxes))
            message = "the box size of its optics groups is not that of the stacks."
            yield say(
                "warning", file.path, message, found=found, expected=expected, hint="Is it the table of these stacks, or of a binned copy?"
            )
        pixels = {float(g["rlnImagePixelSize"]) for g in groups if _is_number(g.get("rlnImagePixelSize"))}
        here = {size.in_angstrom()[2] for f in (gathered.files if gathered else ()) if f.header and (size := f.header.voxel_size)} - {None}
        if pixels and here and not any(abs(p - h) <= 0.01 * p for p in pixels for h in here if h):
            found = ", ".join(f"{h:.4g} Å" for h in sorted(h for h in here if h))
            expected = ", ".join(f"{p:.4g} Å" for p in sorted(pixels))
            message = "the pixel size of its optics groups is not that of the stacks' headers."
            yield say("warning", file.path, message, found=found, expected=expected, hint="Correct whichever is wrong.")


def _is_number(text: object) -> bool:
    try:
        return float(str(text)) > 0
    except ValueError:
        return False
