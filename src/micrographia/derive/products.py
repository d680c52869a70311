"""The products that viewers need, in the order in which they are made; those of the wings join them in `assembly.PRODUCTS`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from micrographia.catalogue import ImageRow
from micrographia.derive.product import Job, Product, recipes_of
from micrographia.derive.sections import has_sections, write_sections
from micrographia.derive.thumbnails import write_thumbnails
from micrographia.model.multiscale import RECIPE, has_levels
from micrographia.model.records import ImageRecord


def _always(_: ImageRecord) -> bool:
    return True


def _make_pyramid(job: Job, folder: Path) -> None:
    # whoever opens an archive loads this module; the codecs only who makes pyramids
    from micrographia.derive.pyramid import build_pyramid

    build_pyramid(job.stored.open(), job.record, folder)


def _make_sections(job: Job, folder: Path) -> None:
    levels = job.root / PYRAMID.folder / job.image.accession / str(job.image.version) / str(job.image.number)
    write_sections(job.stored, levels, folder)


THUMBNAIL = Product("thumbnail", 3, _always, write_thumbnails)
PYRAMID = Product("pyramid", RECIPE, has_levels, _make_pyramid)
SECTIONS = Product("sections", 1, has_sections, _make_sections)
FOR_VIEWERS = (THUMBNAIL, PYRAMID, SECTIONS)
RECIPES: Mapping[str, int] = recipes_of(FOR_VIEWERS)


def progress_of(row: ImageRow, states: dict[str, str]) -> dict[str, str]:
    """Return what an image's document says of what viewers need: done, pending, failed, or none where the image has no such product."""
    known = {"done": "done", "failed": "failed"}
    return {p.name: known.get(states.get(p.name, ""), "pending") if p.applies(row.record) else "none" for p in FOR_VIEWERS}
