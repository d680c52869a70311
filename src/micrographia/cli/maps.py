"""Maps that commands compare: files, or maps of an archive here or behind a URL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from micrographia.cli.options import open_client, open_home
from micrographia.client import Image
from micrographia.errors import InvalidInputError
from micrographia.formats.density import open_density, read_density
from micrographia.formats.description import LazyImage
from micrographia.formats.selection import Ranges
from micrographia.imaging.density import DensityMap
from micrographia.model.image import ImageHeader


def open_map(
    name: str, home: Path | None, server: str | None, voxel_size_a: float | None = None, longest_side: int | None = None
) -> DensityMap:
    """Return the map in a file, or the one that ``MG-10001`` (its first), ``MG-10001/MAP`` or ``MG-10001.1.3`` means in an archive.

    Parameters
    ----------
    name : str
        A file goes before an accession that is spelled alike.
    home : Path or None
        Folder of the archive, of which whoever reads it is the operator: drafts are there too.
    server : str or None
        URL of the archive instead.
    voxel_size_a : float, Å, optional
        Put in the place of what header or archive say.
    longest_side : int, voxels, optional
        As `read_density` takes it.

    Raises
    ------
    NotFoundError
        There is no such file, entry or image.
    InvalidInputError
        It is no density map, or the entry has none of that name.
    """
    if Path(name).exists() or not name.startswith("MG-"):
        return open_density(Path(name), voxel_size_a=voxel_size_a, longest_side=longest_side)
    if not server:
        archive = open_home(home)
        from micrographia.archive.lookup import stored_image
        from micrographia.compare.archived import find_density

        row = find_density(archive, name)
        return read_density(
            stored_image(archive, row).open(), f"{row.id} ({row.record.path})", voxel_size_a=voxel_size_a, longest_side=longest_side
        )
    with open_client(home, server) as client:
        accession, _, wanted = name.partition("/")
        if accession.count(".") == 2 and not wanted:
            image = client.image(accession)
        else:
            image = _map_of(client.entry(accession).maps, accession, wanted)
        return read_density(_Opened(image), f"{image.id} ({image.path})", voxel_size_a=voxel_size_a, longest_side=longest_side)


def _map_of(maps: list[Image], accession: str, wanted: str) -> Image:
    for image in maps:
        if wanted in ("", image.metadata["role"]):
            return image
    known = ", ".join(str(image.metadata["role"]) for image in maps) or "none"
    raise InvalidInputError(f"{accession} has no map{f' {wanted}' * bool(wanted)} to compare; its maps: {known}.")


class _Opened(LazyImage):
    """An image of an archive as the readers of files give theirs."""

    def __init__(self, image: Image) -> None:
        z, y, x = image.metadata["origin"] or (0.0, 0.0, 0.0)
        is_stack = bool(image.metadata["is_stack"])
        super().__init__(ImageHeader(image.axes, image.shape, image.dtype.name, image.voxel_size, origin=(z, y, x), is_stack=is_stack))
        self._image = image

    def read(self, ranges: Ranges) -> NDArray[Any]:
        """Return the samples at the indices of `ranges`."""
        part: NDArray[Any] = self._image[tuple(slice(r.start, r.stop, r.step) for r in ranges)]
        return part
