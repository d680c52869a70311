"""Writers of the files that the example entries consist of."""

from __future__ import annotations

import csv
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# MRC2014 modes: https://www.ccpem.ac.uk/mrc_format/mrc2014.php
_MODES = {"int8": 0, "int16": 1, "float32": 2, "uint16": 6, "float16": 12}

Table = Mapping[str, Iterable[Any]]


def write_mrc(path: Path, array: NDArray[Any], *, voxel_size_a: float, is_stack: bool = False, label: str = "Simulated") -> None:
    """Write a 2D or 3D array as little-endian MRC2014; a stack's sections are separate images (space group 0)."""
    nz, ny, nx = array.shape if array.ndim == 3 else (1, *array.shape)
    values = array.astype(np.float32)
    is_image = is_stack or array.ndim == 2
    centre = 0.0 if is_image else -voxel_size_a  # half a box is subtracted below, so that the middle voxel is the origin
    header = bytearray(1024)
    struct.pack_into("<10i", header, 0, nx, ny, nz, _MODES[array.dtype.name], 0, 0, 0, nx, ny, 1 if is_image else nz)
    struct.pack_into("<6f", header, 40, nx * voxel_size_a, ny * voxel_size_a, (1 if is_image else nz) * voxel_size_a, 90, 90, 90)
    struct.pack_into("<3i", header, 64, 1, 2, 3)
    struct.pack_into("<3f", header, 76, values.min(), values.max(), values.mean())
    struct.pack_into("<i", header, 88, 0 if is_image else 1)
    struct.pack_into("<i", header, 108, 20141)  # NVERSION
    struct.pack_into("<3f", header, 196, *(centre * (n // 2) for n in (nx, ny, nz)))
    header[208:216] = b"MAP \x44\x44\x00\x00"
    struct.pack_into("<fi80s", header, 216, float(values.std(dtype=np.float64)), 1, label.encode("ascii").ljust(80))
    with path.open("wb") as file:
        file.write(header)
        file.write(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())


def write_star(path: Path, blocks: Mapping[str, Table]) -> None:
    """Write tables as STAR loops, columns named without their ``_rln``."""
    lines = ["# version 30001", ""]
    for block, table in blocks.items():
        lines += [f"data_{block}", "", "loop_", *(f"_rln{name} #{k}" for k, name in enumerate(table, start=1))]
        lines += [" ".join(_cell(value) for value in row) for row in zip(*table.values(), strict=True)]
        lines.append("")
    path.write_text("\n".join(lines) + "\n")


def write_mdoc(path: Path, header: Mapping[str, Any], titles: Iterable[str], sections: Sequence[Mapping[str, Any]]) -> None:
    """Write a SerialEM .mdoc: one section a tilt, in the order of the stack."""
    lines = [f"{key} = {value}" for key, value in header.items()]
    lines += ["", *(line for title in titles for line in (f"[T = {title}]", ""))]
    for z, section in enumerate(sections):
        lines += [f"[ZValue = {z}]", *(f"{key} = {value}" for key, value in section.items()), ""]
    path.write_text("\n".join(lines))


def write_csv(path: Path, table: Table) -> None:
    """Write a table as comma-separated values with a header row."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows([_cell(value) for value in row] for row in zip(*table.values(), strict=True))


def _cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)
