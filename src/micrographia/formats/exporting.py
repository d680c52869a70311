"""Blocks of images as files that other programs open, with the voxel size and the place in the whole."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.errors import InvalidInputError
from micrographia.formats.mrc_layout import HEADER_STRUCT, MrcHeader
from micrographia.model.image import METRES, VoxelSize
from micrographia.model.records import ImageRecord

# MRC2014: NumPy type → mode, and the type in which its samples are written
_MRC_MODES = {
    "int8": (0, "<i1"),
    "bool": (0, "<i1"),
    "int16": (1, "<i2"),
    "float32": (2, "<f4"),
    "complex64": (4, "<c8"),
    "uint16": (6, "<u2"),
    "uint8": (6, "<u2"),
    "float16": (12, "<f2"),
}
# OME-XML 2016-06, PixelType
_OME_TYPES = frozenset({"int8", "int16", "int32", "uint8", "uint16", "uint32", "float32", "float64", "complex64", "complex128"})
_OME_UNITS = {"angstrom": "Å", "nanometer": "nm", "micrometer": "µm", "millimeter": "mm"}
_NVERSION = 20141


@dataclass(frozen=True, slots=True)
class Block:
    """Part of an image with what it keeps of the whole."""

    array: NDArray[Any]
    """Every axis of `axes` is there."""
    axes: str
    voxel_size: VoxelSize | None
    """Of this block: at a lower level its voxels are larger."""
    origin: tuple[float, float, float]
    """Position (z, y, x) of its first voxel in the unit of the voxel size."""
    is_stack: bool
    label: str
    """Where it comes from."""


def block_of(record: ImageRecord, array: NDArray[Any], start: tuple[int, ...], factors: tuple[int, ...], label: str) -> Block:
    """Return `array`, which begins at `start` of an image reduced by `factors`, with its voxel size and origin in space.

    The origin of a reduced image is the centre of the first deposited voxels that its first voxel is the mean of.
    """
    at = dict(zip(record.axes, start, strict=True))
    factor = dict(zip(record.axes, factors, strict=True))
    voxel = record.voxel_size
    size = None
    origin = record.origin or (0.0, 0.0, 0.0)
    if voxel is not None:
        steps = {a: getattr(voxel, a) for a in "zyx"}
        z, y, x = (None if steps[a] is None else steps[a] * factor.get(a, 1) for a in "zyx")
        size = VoxelSize(z, y, x, voxel.unit)
        shift = [(at.get(a, 0) * factor.get(a, 1) + (factor.get(a, 1) - 1) / 2) * (steps[a] or 0.0) for a in "zyx"]
        if record.is_stack:
            shift[0] = 0.0
        origin = (origin[0] + shift[0], origin[1] + shift[1], origin[2] + shift[2])
    return Block(array, record.axes, size, origin, record.is_stack, label)


def can_be_mrc(record: ImageRecord, shape: Sequence[int]) -> bool:
    """Whether MRC can hold a block of `shape` of an image: its type, and no more than three axes longer than 1."""
    return record.dtype in _MRC_MODES and len(_kept_axes(record.axes, shape)) <= 3


def encode_mrc(block: Block) -> bytes:
    """Return a block as MRC2014, little-endian; 8-bit unsigned samples are written as 16-bit ones, which is what the format has for them.

    Raises
    ------
    InvalidInputError
        It has more than three axes longer than 1, or a type that MRC has no mode for.
    """
    array = block.array
    if array.dtype.name not in _MRC_MODES:
        raise InvalidInputError(f"MRC has no mode for {array.dtype.name}; npy and tiff keep these numbers.")
    kept = _kept_axes(block.axes, array.shape)
    if len(kept) > 3:
        raise InvalidInputError(f"MRC holds three axes; this block has {len(kept)} ({block.axes}). Fix one of them (c=0:1), or take npy.")
    mode, stored = _MRC_MODES[array.dtype.name]
    volume = array.reshape([array.shape[k] for k in kept])
    volume = volume.reshape((1,) * (3 - volume.ndim) + volume.shape)
    nz, ny, nx = volume.shape
    is_stack = block.is_stack or "z" not in block.axes
    dz, dy, dx = (d or 0.0 for d in block.voxel_size.in_angstrom()) if block.voxel_size else (0.0, 0.0, 0.0)
    to_angstrom = METRES[block.voxel_size.unit] / METRES["angstrom"] if block.voxel_size else 1.0
    mz = 1 if is_stack else nz
    header = MrcHeader._make(HEADER_STRUCT["<"].unpack(bytes(1024)))._replace(
        nx=nx, ny=ny, nz=nz, mode=mode, mx=nx, my=ny, mz=mz, xlen=nx * dx, ylen=ny * dy, zlen=mz * (dz or dx),
        alpha=90.0, beta=90.0, gamma=90.0, mapc=1, mapr=2, maps=3, ispg=0 if is_stack else 1, nversion=_NVERSION,
        xorigin=block.origin[2] * to_angstrom, yorigin=block.origin[1] * to_angstrom, zorigin=block.origin[0] * to_angstrom,
        map=b"MAP ", machst=b"DD\0\0", nlabl=1, labels=block.label.encode("ascii", "replace")[:80].ljust(80), **_statistics(volume),  # type: ignore[arg-type]
    )  # fmt: skip
    return HEADER_STRUCT["<"].pack(*header) + np.ascontiguousarray(volume, stored).tobytes()


def _kept_axes(axes: str, shape: Sequence[int]) -> list[int]:
    return [k for k, (a, n) in enumerate(zip(axes, shape, strict=True)) if a in "yx" or n > 1]


def encode_tiff(block: Block) -> bytes:
    """Return a block as TIFF in its own type: OME-TIFF, with voxel size and position, for every type that OME knows."""
    import tifffile

    out = io.BytesIO()
    array = block.array.view(np.uint8) if block.array.dtype.kind == "b" else block.array
    axes = block.axes
    if array.dtype.name not in _OME_TYPES or len(set(axes) - set("tczyxs")) or "s" in axes[:-1]:
        tifffile.imwrite(out, array, photometric="minisblack", metadata={"axes": axes.upper()})
        return out.getvalue()
    tifffile.imwrite(
        out,
        array,
        ome=True,
        photometric="rgb" if axes[-1] == "s" and array.shape[-1] in (3, 4) else "minisblack",
        metadata={"axes": axes.upper(), "Description": block.label, **_ome(block)},
    )
    return out.getvalue()


def _ome(block: Block) -> dict[str, Any]:
    if block.voxel_size is None:
        return {}
    unit = _OME_UNITS[block.voxel_size.unit]
    known: dict[str, Any] = {}
    for axis in "xy" if block.is_stack or "z" not in block.axes else "xyz":
        if step := getattr(block.voxel_size, axis):
            known |= {f"PhysicalSize{axis.upper()}": step, f"PhysicalSize{axis.upper()}Unit": unit}
    planes = 1
    for axis, length in zip(block.axes, block.array.shape, strict=True):
        planes *= length if axis in "tcz" else 1
    place = {f"Position{a.upper()}": [v] * planes for a, v in zip("zyx", block.origin, strict=True)}
    known["Plane"] = place | {f"Position{a}Unit": [unit] * planes for a in "XYZ"}
    return known


def _statistics(volume: NDArray[Any]) -> dict[str, float]:
    """What the header says of the samples; MRC2014 leaves complex ones without."""
    if volume.dtype.kind == "c" or volume.size == 0:
        return {"dmin": 0.0, "dmax": -1.0, "dmean": -2.0, "rms": -1.0}
    values = volume.astype(np.float64)
    values = values[np.isfinite(values)]
    if values.size == 0:
        return {"dmin": 0.0, "dmax": -1.0, "dmean": -2.0, "rms": -1.0}
    return {"dmin": float(values.min()), "dmax": float(values.max()), "dmean": float(values.mean()), "rms": float(values.std())}
