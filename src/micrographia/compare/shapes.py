"""The shape of an archived map, made like its pictures: a small file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from micrographia.derive.product import Job, Product
from micrographia.errors import InvalidInputError, TooLargeError
from micrographia.formats.density import read_density
from micrographia.model.records import ImageRecord

FILE = "shape.npz"
_NONE = "none.txt"


def has_shape(record: ImageRecord) -> bool:
    """Whether an image is a map that can be found by its shape: a reconstruction in real numbers, of known voxel size."""
    is_volume = record.kind == "map" and record.axes == "zyx" and not record.is_stack and np.dtype(record.dtype).kind in "iuf"
    return is_volume and record.voxel_size is not None


def _make(job: Job, folder: Path) -> None:
    # a second of imports, which only the worker that computes needs
    from micrographia.imaging.shape import shape_of, write_shape

    try:
        shape = shape_of(read_density(job.stored.open(), job.record.path))
    except (InvalidInputError, TooLargeError) as exc:  # a mask, a flat map: there is nothing to try again
        (folder / _NONE).write_text(exc.message)
        return
    with (folder / FILE).open("wb") as file:
        write_shape(shape, file)


SHAPE = Product("shape", 1, has_shape, _make)
