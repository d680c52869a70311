"""Rules about the samples themselves: NaN, constant images, repeated sections, statistics that the header claims."""

from __future__ import annotations

from collections.abc import Iterator

from micrographia.checks._context import Context, File
from micrographia.checks._rules import file_rule, say
from micrographia.model.finding import Finding, Severity
from micrographia.model.image import Statistics


def _images(file: File) -> Iterator[tuple[str, Statistics, Statistics | None]]:
    """Yield (name, statistics of the data, statistics of the header) of the images that were read."""
    if file.facts:
        for header, statistics in zip(file.description.images, file.facts.statistics, strict=False):
            if statistics is not None:
                yield header.name, statistics, header.header_statistics


def _severity(file: File) -> Severity:
    return "error" if file.kind in ("map", "half map") else "warning"


@file_rule("data.not_finite")
def not_finite(file: File, context: Context) -> Iterator[Finding]:
    """Error for maps and half maps, else a warning: samples that are NaN or infinite."""
    for name, statistics, _ in _images(file):
        if count := statistics.nan_count + statistics.infinity_count:
            found = f"{statistics.nan_count:,} NaN, {statistics.infinity_count:,} infinite"
            message = f"{count:,} samples{f' of {name}' if name else ''} are no numbers."
            hint = "Find the step that made them (a division by zero, a mask), or replace them."
            yield say(_severity(file), file.path, message, found=found, expected="finite samples", hint=hint)


@file_rule("data.constant")
def constant(file: File, context: Context) -> Iterator[Finding]:
    """Warning (error for maps and half maps): all samples of an image are equal."""
    for name, statistics, _ in _images(file):
        if statistics.minimum == statistics.maximum and file.kind != "mask":
            message = f"all samples{f' of {name}' if name else ''} are {statistics.minimum:g}."
            hint = "Was the file written whole? Copy or compute it again."
            yield say(_severity(file), file.path, message, found=f"{statistics.minimum:g} everywhere", expected="an image", hint=hint)


@file_rule("data.repeated_sections")
def repeated_sections(file: File, context: Context) -> Iterator[Finding]:
    """Warning: frames, tilts or sections of one file are equal sample by sample."""
    pairs = file.facts.duplicate_sections if file.facts else ()
    if pairs and file.kind not in ("segmentation", "mask"):
        found = ", ".join(f"{b} = {a}" for b, a in pairs[:5]) + (", …" if len(pairs) > 5 else "")
        hint = "A camera or a copying program repeated a frame: leave the copies out, or say so in the description."
        yield say(
            "warning", file.path, f"{len(pairs)} sections repeat others exactly.", found=found, expected="different sections", hint=hint
        )


@file_rule("data.header_statistics")
def header_statistics(file: File, context: Context) -> Iterator[Finding]:
    """Warning: the header claims another density range or mean than the data have."""
    for _, here, claimed in _images(file):
        if claimed is None or claimed.minimum > claimed.maximum or claimed.minimum == claimed.maximum == claimed.mean == 0:
            continue  # MRC2014: DMAX < DMIN says «not determined»
        span = here.maximum - here.minimum
        worst = max(abs(here.minimum - claimed.minimum), abs(here.maximum - claimed.maximum), abs(here.mean - claimed.mean))
        if worst > 0.01 * span + 1e-6 * max(abs(here.minimum), abs(here.maximum)):
            found = f"{claimed.minimum:.5g} … {claimed.maximum:.5g}, mean {claimed.mean:.5g}"
            expected = f"{here.minimum:.5g} … {here.maximum:.5g}, mean {here.mean:.5g}"
            hint = "Programs that trust the header show it wrongly; mrcfile's update_header_stats corrects it."
            yield say("warning", file.path, "the header's statistics are not those of the data.", found=found, expected=expected, hint=hint)
