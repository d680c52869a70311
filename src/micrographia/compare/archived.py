"""Maps of the archive as comparison takes them."""

from __future__ import annotations

from micrographia.archive.archive import Archive
from micrographia.archive.lookup import StoredImage, find_image, list_images
from micrographia.catalogue import ImageRow
from micrographia.compare.chains import find_map
from micrographia.errors import InvalidInputError
from micrographia.formats.density import read_density
from micrographia.imaging.density import DensityMap

_MOST = 1000


def find_density(archive: Archive, reference: str) -> ImageRow:
    """Return the image that is meant by ``MG-10001`` (its first map), ``MG-10001/consensus`` (one of them) or ``MG-10001.1.3``.

    Raises
    ------
    NotFoundError
        There is none that the caller may see.
    InvalidInputError
        It names no map.
    """
    reference = reference.strip()
    if "/" not in reference and reference.count(".") == 2:
        return find_image(archive, reference)
    view, declared = find_map(archive, reference)
    rows = list_images(archive, view.record.accession, view.record.version, kind="map", limit=_MOST)[1]
    found = next((row for row in rows if row.record.role == declared.id), None)
    if found is None:
        raise InvalidInputError(f"{declared.file} of {view.record.accession} cannot be read as an image; there is nothing to compare.")
    return found


def read_map(stored: StoredImage) -> DensityMap:
    """Return the densities of an image of the archive; in a server only inside a worker process. Failures are those of `read_density`."""
    return read_density(stored.open(), f"{stored.accession}, {stored.record.path}")
