"""Map files → densities to compare: what is no density map is refused with a sentence, never compared."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.errors import InvalidInputError, NotFoundError, TooLargeError
from micrographia.formats.description import LazyImage
from micrographia.formats.exporting import Block, encode_mrc
from micrographia.formats.registry import inspect, open_image
from micrographia.formats.source import FileSource
from micrographia.imaging.density import DensityMap, Volume, box_text
from micrographia.model.image import VoxelSize

# longer sides are coarsened to this while they are read: comparing a larger box would take gigabytes
LONGEST_SIDE = 512
# and what would take gigabytes even then is refused
LONGEST_SIDE_READ = 2048
_SHORTEST_SIDE = 8
# a mask has two values and soft edges between them; wide ones are told by these values being 0 and 1
_FLAT_SHARE, _FLAT_SHARE_0_TO_1 = 0.9, 0.5
# a filter that softened a mask leaves its inside this near to 1, as a part of its range
_NEARLY = 1e-4
# squares of densities beyond these leave the range of float32
_MAGNITUDES = 1e-18, 1e18
_BAND_BYTES = 1 << 24


def open_density(path: Path, *, voxel_size_a: float | None = None, longest_side: int | None = None) -> DensityMap:
    """Return the map in a local file.

    Parameters
    ----------
    path : Path
    voxel_size_a : float, Å, optional
        Put in the place of what the header says.
    longest_side : int, voxels, optional
        As `read_density` takes it.

    Raises
    ------
    NotFoundError
        There is no such file.
    InvalidInputError
        It holds no density map that can be compared; the message says what was found.
    TooLargeError
        A side is longer than is read.
    """
    with _open_volume(path) as image:
        return read_density(image, path.name, voxel_size_a=voxel_size_a, longest_side=longest_side)


def open_mask(path: Path, of: DensityMap, *, voxel_size_a: float | None = None) -> Volume:
    """Return the mask in a local file, for a map.

    Parameters
    ----------
    path : Path
    of : DensityMap
        The map; a mask that has the box of its file is coarsened as it was.
    voxel_size_a : float, Å, optional
        Put in the place of what the header says.

    Returns
    -------
    float32 array in [0, 1], shape of the map

    Raises
    ------
    NotFoundError
        There is no such file.
    InvalidInputError
        It holds no mask, or that of another box.
    """
    with _open_volume(path) as image:
        return read_mask(image, path.name, of, voxel_size_a=voxel_size_a)


def read_mask(image: LazyImage, name: str, of: DensityMap, *, voxel_size_a: float | None = None) -> Volume:
    """Return the mask in an image that is open, for a map; as `open_mask` does."""
    from micrographia.imaging.masking import refuse_no_mask  # loads scipy

    shape = of.cropped_from_zyx or of.shape_zyx
    if image.shape != shape or image.dtype.kind not in "iufb":
        raise InvalidInputError(
            f"{name} holds {box_text(image.shape)} {image.header.dtype} numbers, the map has {box_text(shape)} voxels; "
            "expected a mask of the same box."
        )
    said = image.header.voxel_size.in_angstrom() if image.header.voxel_size else (None,) * 3
    size = _voxel_size(said, name, voxel_size_a) if voxel_size_a or all(said) else of.voxel_size_a
    values, size, _ = _read_values(image, name, size, max(of.shape_zyx))
    if not np.allclose(size, of.voxel_size_a, rtol=1e-3):
        raise InvalidInputError(
            f"{name} has voxels of {size[2]:.4g} Å, the map has {of.voxel_size_a[2]:.4g} Å; expected a mask of the same box."
        )
    if of.cropped_from_zyx:
        values = values.clip(0, 1)
    refuse_no_mask(values, of.shape_zyx, name)
    return values


def write_density(path: Path, density: DensityMap, label: str) -> None:
    """Write a map as MRC2014 with its voxel size and origin; `label` says in its header what it is."""
    z, y, x = density.voxel_size_a
    block = Block(density.values, "zyx", VoxelSize(z, y, x, "angstrom"), density.origin_xyz_a[::-1], is_stack=False, label=label)
    path.write_bytes(encode_mrc(block))


@contextmanager
def _open_volume(path: Path) -> Iterator[LazyImage]:
    if not path.is_file():
        raise NotFoundError(f"There is no file {path}.")
    with FileSource(path) as source:
        found = inspect(source, path.name)
        volumes = [i for i, header in enumerate(found.images) if header.axes == "zyx" and not header.is_stack]
        if not volumes:
            wrong = next((remark for remark in found.remarks if remark.severity == "error"), None)
            if wrong is not None:
                raise InvalidInputError(f"{wrong.message} {wrong.hint}".strip())
            what = f"a {found.format} file without a volume" if found.format else "of no known format"
            if found.images and found.images[0].is_stack:
                what = f"a stack of {found.images[0].shape[0]} images"
            raise InvalidInputError(f"{path.name} is {what}; expected a density map, for example MRC or CCP4.")
        yield open_image(source, found.format, volumes[0], found.images[volumes[0]])


def read_density(image: LazyImage, name: str, *, voxel_size_a: float | None = None, longest_side: int | None = None) -> DensityMap:
    """Return the densities of an image that is open.

    Parameters
    ----------
    image : LazyImage, axes zyx
    name : str
        What messages call it.
    voxel_size_a : float, Å, optional
        Put in the place of what the header says.
    longest_side : int, voxels, optional
        Longer sides are coarsened to this; without one to `LONGEST_SIDE`.

    Raises
    ------
    InvalidInputError
        It is no volume of real numbers, too small, without voxel size, not finite, constant, or a mask.
    TooLargeError
        A side is longer than is read.

    Notes
    -----
    Longer sides are cropped in Fourier space while the sections are read, so that memory is that of the coarser map.
    """
    header = image.header
    if header.axes != "zyx" or header.is_stack:
        raise InvalidInputError(f"{name} has axes {header.axes}{' and is a stack' * header.is_stack}; expected one volume, zyx.")
    if image.dtype.kind not in "iuf":
        raise InvalidInputError(f"{name} holds {header.dtype} numbers; expected real densities.")
    if min(image.shape) < _SHORTEST_SIDE:
        raise InvalidInputError(f"{name} is {box_text(image.shape)} voxels; expected at least {_SHORTEST_SIDE} along each side.")
    size = _voxel_size(header.voxel_size.in_angstrom() if header.voxel_size else (None,) * 3, name, voxel_size_a)
    values, size, extremes = _read_values(image, name, size, longest_side or LONGEST_SIDE)
    extremes.refuse_nonsense(name)
    z, y, x = header.origin or (0.0, 0.0, 0.0)
    scale = voxel_size_a / size_said if voxel_size_a and (size_said := header.voxel_size and header.voxel_size.x) else 1.0
    depth, height, width = image.shape
    return DensityMap(
        values, size, (x * scale, y * scale, z * scale), cropped_from_zyx=(depth, height, width) if values.shape != image.shape else None
    )


def _voxel_size(said: tuple[float | None, ...], name: str, given: float | None) -> tuple[float, float, float]:
    if given is not None:
        if not (math.isfinite(given) and given > 0):
            raise InvalidInputError(f"A voxel size of {given} Å was given; expected a positive number.")
        return given, given, given
    z, y, x = said
    if not (z and y and x):
        raise InvalidInputError(f"{name} does not say its voxel size. Correct its header, or give the voxel size in Å.")
    return z, y, x


def _read_values(
    image: LazyImage, name: str, voxel_size_a: tuple[float, float, float], longest_side: int
) -> tuple[Volume, tuple[float, float, float], _Extremes]:
    """Return the densities on the grid that is compared, its voxel size, and what the values of the file are like."""
    longest = max(image.shape)
    if longest > LONGEST_SIDE_READ:
        raise TooLargeError(f"{name} is {box_text(image.shape)} voxels; at most {LONGEST_SIDE_READ} along each side are read.")
    extremes = _Extremes()
    if longest <= longest_side:
        values = np.ascontiguousarray(image[...], np.float32)
        extremes.update(values)
        return values, voxel_size_a, extremes
    depth, height, width = (max(_SHORTEST_SIDE, round(n * longest_side / longest)) for n in image.shape)
    from micrographia.imaging.fourier import crop_bands  # loads scipy

    values = crop_bands(_bands(image, extremes), image.shape[0], (depth, height, width))
    z, y, x = (v * n / m for v, n, m in zip(voxel_size_a, image.shape, values.shape, strict=True))
    return values, (z, y, x), extremes


def _bands(image: LazyImage, extremes: _Extremes) -> Iterator[Volume]:
    """Yield sections in bands, down to the first that holds no numbers."""
    step = max(1, _BAND_BYTES // (4 * image.shape[1] * image.shape[2]))
    for z in range(0, image.shape[0], step):
        band = np.ascontiguousarray(image[z : z + step], np.float32)
        extremes.update(band)
        if extremes.bad_count:
            return
        yield band


class _Extremes:
    """Lowest and highest value of a map that is seen in bands, and how many voxels have them, or nearly so."""

    def __init__(self) -> None:
        self.bad_count = self.voxel_count = 0
        self._low, self._low_count = math.inf, 0
        self._high, self._high_count = -math.inf, 0

    def update(self, band: NDArray[Any]) -> None:
        self.bad_count += band.size - int(np.isfinite(band).sum())
        self.voxel_count += band.size
        low, high = min(self._low, float(band.min())), max(self._high, float(band.max()))
        near = _NEARLY * (high - low)
        # what was counted near an extreme is forgotten once another lies further out
        self._low_count = int((band <= low + near).sum()) + (self._low_count if self._low <= low + near else 0)
        self._high_count = int((band >= high - near).sum()) + (self._high_count if self._high >= high - near else 0)
        self._low, self._high = low, high

    def refuse_nonsense(self, name: str) -> None:
        if self.bad_count:
            raise InvalidInputError(f"{name} has {self.bad_count:,} voxels that are NaN or infinite; expected numbers everywhere.")
        if self._low == self._high:
            raise InvalidInputError(f"{name} is {self._low:g} everywhere: there is no density in it.")
        if not _MAGNITUDES[0] <= (largest := max(-self._low, self._high)) <= _MAGNITUDES[1]:
            raise InvalidInputError(f"{name} has densities of up to {largest:g}; expected something nearer to 1. Scale the map.")
        flat = self._low_count + self._high_count
        share_of_masks = _FLAT_SHARE_0_TO_1 if (self._low, self._high) == (0, 1) else _FLAT_SHARE
        if self._low >= 0 and flat > share_of_masks * self.voxel_count and self._high_count > 0.001 * self.voxel_count:
            share = f"{flat / self.voxel_count:.0%} of its voxels are {self._low:g} or {self._high:g}"
            raise InvalidInputError(f"{name} looks like a mask: {share}. Give a map.")
