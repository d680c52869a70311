"""Three central sections and three projections of a volume, as small pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from micrographia.archive.lookup import StoredImage
from micrographia.derive.thumbnails import encode_webp
from micrographia.imaging.contrast import display_limits, to_uint8
from micrographia.imaging.planes import shrink
from micrographia.model.multiscale import multiscale_of
from micrographia.model.records import ImageRecord

_KINDS = frozenset({"map", "half map", "additional map", "mask", "tomogram", "volume"})
_SIDE = 512
# names of the pictures: a projection along an axis, the section across it in the middle
PICTURES = tuple(f"{what}-{axis}" for what in ("projection", "section") for axis in "zyx")
_SLAB_BYTES = 16 << 20


class _Volume(Protocol):
    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def __getitem__(self, index: Any) -> Any: ...


def has_sections(image: ImageRecord) -> bool:
    """Whether an image is a volume of which sections are shown."""
    seen = multiscale_of(image)
    return seen is not None and seen.axes == "zyx" and seen.pools_z and image.kind in _KINDS


def write_sections(stored: StoredImage, levels: Path, folder: Path) -> None:
    """Write ``section-z.webp``, ``projection-z.webp`` and so on for y and x; of large volumes from their smaller copies."""
    for axis, name in enumerate("zyx"):
        volume = _at_most(stored, levels, _SIDE)
        section = np.asarray(volume[(slice(None),) * axis + (volume.shape[axis] // 2,)])
        _write(folder / f"section-{name}.webp", section)
    for name, projection in zip("zyx", _projections(_at_most(stored, levels, _SIDE // 2)), strict=True):
        _write(folder / f"projection-{name}.webp", projection)


def _at_most(stored: StoredImage, levels: Path, longest: int) -> _Volume:
    """Return the finest copy that is no longer than `longest` along any axis; the deposited array where there is none."""
    seen = multiscale_of(stored.record)
    assert seen is not None
    for number, level in enumerate(seen.levels):
        if number and max(level.shape) <= longest and (levels / str(number)).is_dir():
            import zarr

            volume: _Volume = zarr.open_array(str(levels / str(number)), mode="r", zarr_format=3)
            return volume
        if max(level.shape) <= longest:
            break
    return stored.open()


def _projections(volume: _Volume) -> Iterator[NDArray[np.float32]]:
    """Means along z, y and x, gathered in one pass."""
    depth, height, width = volume.shape
    along_z = np.zeros((height, width))
    along_y, along_x = np.zeros((depth, width)), np.zeros((depth, height))
    step = max(1, _SLAB_BYTES // (height * width * volume.dtype.itemsize))
    for z in range(0, depth, step):
        slab = np.nan_to_num(np.asarray(volume[z : z + step]))
        along_z += slab.sum(axis=0, dtype=np.float64)
        along_y[z : z + step] = slab.mean(axis=1, dtype=np.float64)
        along_x[z : z + step] = slab.mean(axis=2, dtype=np.float64)
    yield from ((along_z / depth).astype(np.float32), along_y.astype(np.float32), along_x.astype(np.float32))


def _write(path: Path, picture: NDArray[Any]) -> None:
    small = shrink(picture, _SIDE)
    path.write_bytes(encode_webp(to_uint8(small, *display_limits(small))))
