"""Example entry: a block of tissue as volume electron microscopy sees it, with its segmentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from micrographia.demo._sheet import write_sheet
from micrographia.imaging.phantom_cells import phantom_tissue

SHAPE_ZYX = (64, 256, 256)
VOXEL_NM = 16.0


def make_volume_em(folder: Path, seed: int = 1665) -> None:
    """Write the files and the sheet of the volume-EM example into `folder`."""
    tissue = phantom_tissue(SHAPE_ZYX, seed)
    _write_tiff(folder / "block.tif", tissue.image, compression=None)
    _write_tiff(folder / "cells.tif", tissue.cells, compression="zlib")
    _write_tiff(folder / "structures.tif", tissue.structures, compression="zlib")
    write_sheet(folder, "volume-em", cells=len(np.unique(tissue.cells)) - 1)


def _write_tiff(path: Path, volume: NDArray[Any], *, compression: str | None) -> None:
    """Write a volume as Fiji would, voxel size and all."""
    tifffile.imwrite(
        path,
        volume,
        imagej=True,
        compression=compression,
        resolution=(1e3 / VOXEL_NM, 1e3 / VOXEL_NM),
        metadata={"axes": "ZYX", "spacing": VOXEL_NM / 1e3, "unit": "um"},
    )
