"""Map files → densities to compare: what is no density map is refused with a sentence, never compared."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from micrographia.errors import InvalidInputError, NotFoundError, TooLargeError
from micrographia.formats.description import LazyImage
from micrographia.formats.registry import inspect, open_image
from micrographia.formats.source import FileSource
from micrographia.imaging.density import DensityMap, box_text

# larger boxes would take gigabytes
LONGEST_SIDE = 512
_SHORTEST_SIDE = 8
# a mask has two values and soft edges between them
_FLAT_SHARE = 0.9


def open_density(path: Path, *, voxel_size_a: float | None = None) -> DensityMap:
    """Return the map in a local file.

    Parameters
    ----------
    path : Path
    voxel_size_a : float, Å, optional
        Put in the place of what the header says.

    Raises
    ------
    NotFoundError
        There is no such file.
    InvalidInputError
        It holds no density map that can be compared; the message says what was found.
    """
    if not path.is_file():
        raise NotFoundError(f"There is no file {path}.")
    with FileSource(path) as source:
        found = inspect(source, path.name)
        volumes = [i for i, header in enumerate(found.images) if header.axes == "zyx" and not header.is_stack]
        if not volumes:
            what = f"a {found.format} file without a volume" if found.format else "of no known format"
            raise InvalidInputError(f"{path.name} is {what}; expected a density map, for example MRC or CCP4.")
        image = open_image(source, found.format, volumes[0], found.images[volumes[0]])
        return read_density(image, path.name, voxel_size_a=voxel_size_a)


def read_density(image: LazyImage, name: str, *, voxel_size_a: float | None = None) -> DensityMap:
    """Return the densities of an image that is open.

    Parameters
    ----------
    image : LazyImage, axes zyx
    name : str
        What messages call it.
    voxel_size_a : float, Å, optional
        Put in the place of what the header says.

    Raises
    ------
    InvalidInputError
        It is no volume of real numbers, too small, without voxel size, not finite, constant, or a mask.
    TooLargeError
        A side is longer than can be compared.
    """
    header = image.header
    if header.axes != "zyx" or header.is_stack:
        raise InvalidInputError(f"{name} has axes {header.axes}{' and is a stack' * header.is_stack}; expected one volume, zyx.")
    if image.dtype.kind not in "iuf":
        raise InvalidInputError(f"{name} holds {header.dtype} numbers; expected real densities.")
    if min(image.shape) < _SHORTEST_SIDE:
        raise InvalidInputError(f"{name} is {box_text(image.shape)} voxels; expected at least {_SHORTEST_SIDE} along each side.")
    if max(image.shape) > LONGEST_SIDE:
        raise TooLargeError(f"{name} is {box_text(image.shape)} voxels; at most {LONGEST_SIDE} along each side are compared.")
    size = _voxel_size(header.voxel_size.in_angstrom() if header.voxel_size else (None,) * 3, name, voxel_size_a)
    values = np.ascontiguousarray(image[...], np.float32)
    _refuse_nonsense(values, name)
    z, y, x = header.origin or (0.0, 0.0, 0.0)
    scale = voxel_size_a / size_said if voxel_size_a and (size_said := header.voxel_size and header.voxel_size.x) else 1.0
    return DensityMap(values, size, (x * scale, y * scale, z * scale))


def _voxel_size(said: tuple[float | None, ...], name: str, given: float | None) -> tuple[float, float, float]:
    if given is not None:
        if not (math.isfinite(given) and given > 0):
            raise InvalidInputError(f"A voxel size of {given} Å was given; expected a positive number.")
        return given, given, given
    z, y, x = said
    if not (z and y and x):
        raise InvalidInputError(f"{name} does not say its voxel size; give it in Å with --voxel-size.")
    return z, y, x


def _refuse_nonsense(values: np.ndarray, name: str) -> None:
    bad = values.size - int(np.isfinite(values).sum())
    if bad:
        raise InvalidInputError(f"{name} has {bad:,} voxels that are NaN or infinite; expected numbers everywhere.")
    low, high = float(values.min()), float(values.max())
    if low == high:
        raise InvalidInputError(f"{name} is {low:g} everywhere: there is no density in it.")
    flat = int((values == low).sum()) + int((values == high).sum())
    if low >= 0 and flat > _FLAT_SHARE * values.size and int((values == high).sum()) > 0.001 * values.size:
        raise InvalidInputError(f"{name} looks like a mask: {flat / values.size:.0%} of its voxels are {low:g} or {high:g}. Give a map.")
