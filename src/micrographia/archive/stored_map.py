"""What belongs to a map — half maps, mask, FSC curve, models, and what its depositor says of it — as a worker process takes it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from micrographia.archive.archive import Archive
from micrographia.archive.lookup import StoredImage, declared_map, stored_image
from micrographia.archive.stored import StoredBytes
from micrographia.catalogue import ImageRow
from micrographia.model.sheet import Map

# of one kind in an entry that are looked through for those of a map
_MOST_IMAGES = 1000


@dataclass(frozen=True, slots=True)
class StoredMap:
    """The surroundings of a map's primary image."""

    declared: Map
    half_maps: tuple[StoredImage, ...]
    """None or two; what else was declared as such is left out."""
    mask: StoredImage | None
    fsc: StoredBytes | None
    """File of the FSC curve."""
    models: tuple[StoredBytes, ...]
    """Atomic models in this entry; those of other archives are left out."""

    @property
    def size_bytes(self) -> int:
        """Bytes of all images, as arrays."""
        return sum(image.record.header.size_bytes for image in (*self.half_maps, *([self.mask] if self.mask else [])))


def stored_map(archive: Archive, image: ImageRow) -> StoredMap | None:
    """Return what belongs to a map; None where its entry declares no map of this image."""
    declared = declared_map(archive, image)
    if declared is None:
        return None
    halves = _images(archive, image, "half map")
    masks = [m for m in _images(archive, image, "mask") if m.record.path == declared.mask]
    return StoredMap(
        declared,
        halves if len(halves) == 2 else (),
        masks[0] if masks else None,
        _file(archive, image, declared.fsc) if declared.fsc else None,
        tuple(filter(None, (_file(archive, image, path) for path in declared.models))),
    )


def _images(archive: Archive, beside: ImageRow, kind: str) -> tuple[StoredImage, ...]:
    page = archive.catalogue.images(beside.id.accession, beside.id.version, kind=kind, limit=_MOST_IMAGES)
    return tuple(stored_image(archive, row) for row in page.items if row.record.role == beside.record.role)


def _file(archive: Archive, beside: ImageRow, path: str) -> StoredBytes | None:
    record = archive.catalogue.file(beside.id.accession, beside.id.version, path)
    if record is None:
        return None
    # files of an unreleased version lie where its images do
    return replace(stored_image(archive, beside).bytes, name=path.rpartition("/")[2], content=record.content_path)
