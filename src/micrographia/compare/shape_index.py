"""The shapes of all public maps in one file that is searched at once."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from micrographia.archive.archive import Archive
from micrographia.compare.shapes import FILE, SHAPE, has_shape
from micrographia.derive.product import product_folder
from micrographia.ids import EntryId, ImageId
from micrographia.imaging.shape import VECTOR_LENGTH, Shape, Vector, read_shape

_INDEX = "index.npz"
# of the maps that are not prepared, so many are looked at one by one
_COUNTED = 1000

Keys = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ShapeIndex:
    """The shapes of all maps that anyone may see, one row a map."""

    keys: Keys
    """Number of the entry, version and number of the image, shape (n, 3)."""
    vectors: Vector
    """float32, shape (n, VECTOR_LENGTH); NaN for a map without a shape."""
    unprepared: int = 0
    """Released maps whose shape is still to be made."""

    def nearest(self, vector: Vector, count: int) -> list[ImageId]:
        """Return the images with the nearest vectors, the nearest first, all compared."""
        return self._lowest(self._squared(vector), count)

    def nearest_form(self, vector: Vector, most: float, count: int) -> list[ImageId]:
        """Return the images whose vectors are at most so far away when the size, the last number, is left out; the nearest first."""
        squared = self._squared(vector) - np.nan_to_num(self.vectors[:, -1] - vector[-1]) ** 2
        return self._lowest(np.where(squared <= most**2, squared, np.inf), count)

    def _squared(self, vector: Vector) -> Vector:
        apart = self.vectors - vector
        squared: Vector = np.nan_to_num(np.einsum("ij,ij->i", apart, apart), nan=np.inf)
        return squared

    def _lowest(self, squared: Vector, count: int) -> list[ImageId]:
        best = np.argpartition(squared, count)[:count] if count < len(squared) else np.arange(len(squared))
        best = best[np.isfinite(squared[best])]
        ordered = self.keys[best[np.argsort(squared[best], kind="stable")]]
        return [ImageId(EntryId.from_number(int(n)), int(version), int(image)) for n, version, image in ordered]


def open_index(archive: Archive) -> ShapeIndex:
    """Return the shapes of the maps of the latest released version of every public entry.

    What was gathered before is kept in a file; maps that came since are added to it, and those that are public no more are left out.
    """
    rows = archive.catalogue.derived.latest_images("map", SHAPE.name, SHAPE.recipe)
    keys = np.array([row[:3] for row in rows if row.state == "done"], np.int64).reshape(-1, 3)
    lacking = [ImageId(EntryId.from_number(row.number), row.version, row.image) for row in rows if row.state in ("", "trying")]
    return ShapeIndex(keys, _gathered(archive.settings.derived.absolute(), keys), _with_shape(archive, lacking))


def shape_of_image(root: Path, image: ImageId) -> Shape | None:
    """Return the shape of an archived map that lies under the folder of derived files; None where it has none, or none any more."""
    try:
        with (product_folder(root, SHAPE, image) / FILE).open("rb") as file:
            return read_shape(file)
    except FileNotFoundError:
        return None


def _with_shape(archive: Archive, images: list[ImageId]) -> int:
    rows = [archive.catalogue.image(image) for image in images[:_COUNTED]]
    return sum(row is not None and has_shape(row.record) for row in rows) + max(0, len(images) - _COUNTED)


def _gathered(root: Path, keys: Keys) -> Vector:
    """Return the vectors of images; the file of those that were gathered is brought up to date."""
    path = root / SHAPE.folder / _INDEX
    held_keys, held = _read_index(path)
    if np.array_equal(held_keys, keys):
        return held
    place = {tuple(key): row for row, key in enumerate(held_keys.tolist())}
    rows = np.array([place.get(tuple(key), -1) for key in keys.tolist()], np.int64)
    vectors = np.full((len(keys), VECTOR_LENGTH), np.nan, np.float32)
    vectors[rows >= 0] = held[rows[rows >= 0]]
    for new in np.flatnonzero(rows < 0):
        number, version, image = keys[new].tolist()
        shape = shape_of_image(root, ImageId(EntryId.from_number(number), version, image))
        if shape is not None:
            vectors[new] = shape.vector
    with contextlib.suppress(OSError):  # who may not write here reads the small files each time
        _write_index(path, keys, vectors)
    return vectors


def _read_index(path: Path) -> tuple[Keys, Vector]:
    try:
        with np.load(path, allow_pickle=False) as held:
            return held["keys"], held["vectors"]
    except FileNotFoundError:
        return np.empty((0, 3), np.int64), np.empty((0, VECTOR_LENGTH), np.float32)


def _write_index(path: Path, keys: Keys, vectors: Vector) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        with making.open("wb") as file:
            np.savez(file, keys=keys, vectors=vectors)
        making.replace(path)
    finally:
        making.unlink(missing_ok=True)
