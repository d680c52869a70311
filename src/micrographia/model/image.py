"""What is known of one n-dimensional array inside a deposited file: geometry, where its bytes lie, statistics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

LengthUnit = Literal["angstrom", "nanometer", "micrometer", "millimeter"]

# metres in one unit; names are those of UDUNITS-2 as OME-Zarr 0.5 asks
METRES: Mapping[str, float] = {"angstrom": 1e-10, "nanometer": 1e-9, "micrometer": 1e-6, "millimeter": 1e-3}


@dataclass(frozen=True, slots=True)
class VoxelSize:
    """Distance between neighbouring samples along the last three axes; None along an axis where no file says it."""

    z: float | None
    y: float | None
    x: float | None
    unit: LengthUnit = "angstrom"

    def in_angstrom(self) -> tuple[float | None, float | None, float | None]:
        """Return (z, y, x) in Å."""
        factor = METRES[self.unit] / METRES["angstrom"]
        return tuple(None if v is None else v * factor for v in (self.z, self.y, self.x))  # type: ignore[return-value]

    def as_json(self) -> dict[str, float | str | None]:
        """Return ``{"z", "y", "x", "unit"}``."""
        return {"z": self.z, "y": self.y, "x": self.x, "unit": self.unit}


@dataclass(frozen=True, slots=True)
class RawLayout:
    """Where the samples of an uncompressed array lie in its file: byte = offset + Σ index[k] · strides[k]."""

    offset: int
    """Byte of the sample [0, 0, …]."""
    strides: tuple[int, ...]
    """Bytes from one sample to the next along each axis as presented (may be negative)."""
    dtype: str
    """NumPy type with byte order: ``<i2``, ``>f4``, ``|u1``."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Statistics of the finite samples of an image, as stored (complex: of the modulus)."""

    minimum: float
    maximum: float
    mean: float
    standard_deviation: float
    nan_count: int = 0
    infinity_count: int = 0
    low: float | None = None
    """0.5th percentile (estimated from a sample of the voxels): the default black of a picture."""
    high: float | None = None
    """99.5th percentile: the default white."""


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """One array of a file as its header describes it; reading it cost no pixel."""

    axes: str
    """One letter an axis, slowest first, ending in yx or zyx: ``zyx``, ``yx``, ``tczyx`` (c channel, t time or frame, s colour sample)."""
    shape: tuple[int, ...]
    """Length along each axis."""
    dtype: str
    """NumPy name without byte order: ``int16``, ``float32``, ``complex64``."""
    voxel_size: VoxelSize | None = None
    """None when the file says nothing or nonsense (zero, negative, NaN)."""
    name: str = ""
    """Name of the array inside its file (HDF5 path, OME series); empty where the file holds one."""
    layout: RawLayout | None = None
    """Set when the array lies uncompressed in the file, so that any part can be read without a parser."""
    origin: tuple[float, float, float] | None = None
    """Physical position (z, y, x) of sample [0, 0, 0] in the unit of the voxel size (MRC ORIGIN, else nstart × voxel size)."""
    is_stack: bool = False
    """Whether z counts separate 2D images (frames, tilts, particles) and is no direction in space."""
    channels: tuple[str, ...] = ()
    """Names of the channels along c."""
    header_statistics: Statistics | None = None
    """What the header itself claims (MRC: amin, amax, amean, rms); may lie."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """JSON-ready facts of the file that describe how the image was made: tilt angles, exposure, objective, software, labels."""

    @property
    def size_bytes(self) -> int:
        """Bytes of the whole array in memory."""
        total = np.dtype(self.dtype).itemsize
        for n in self.shape:
            total *= n
        return total

    @property
    def shape_zyx(self) -> tuple[int, int, int]:
        """Lengths along z, y, x; 1 where an axis is absent."""
        length = dict(zip(self.axes, self.shape, strict=True))
        return length.get("z", 1), length.get("y", 1), length.get("x", 1)
