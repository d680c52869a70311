"""Which segmentations of an entry lie over an image of it."""

from __future__ import annotations

from pathlib import PurePosixPath

from micrographia.archive.archive import Archive
from micrographia.catalogue import ImageRow
from micrographia.model.multiscale import multiscale_of
from micrographia.model.records import EntryRecord

# an entry of more images than that is not searched through for overlays
_MOST_IMAGES = 2000


def segmentations_of(archive: Archive, entry: EntryRecord, image: ImageRow) -> list[ImageRow]:
    """Return the label images that are declared `of` the image set or map of an image and have its shape.

    Where the set holds several images, a segmentation belongs to the one whose file name it begins with.
    """
    drawn = {a.id for a in entry.sheet.annotations if a.kind == "segmentation" and a.of and a.of == image.record.role}
    seen = multiscale_of(image.record)
    if not drawn or seen is None:
        return []
    page = archive.catalogue.images(image.id.accession, image.id.version, limit=_MOST_IMAGES)
    siblings = sum(i.record.role == image.record.role for i in page.items)
    stem = PurePosixPath(image.record.path).name.partition(".")[0]
    found = []
    for other in page.items:
        record = other.record
        shape = multiscale_of(record)
        if record.role not in drawn or shape is None or record.dtype[:3] not in ("int", "uin"):
            continue
        fits = (shape.axes, shape.levels[0].shape) == (seen.axes, seen.levels[0].shape)
        if fits and (siblings == 1 or PurePosixPath(record.path).name.startswith(stem)):
            found.append(other)
    return found
