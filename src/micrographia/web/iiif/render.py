"""Pictures from samples: the region that is asked for is read in bands and averaged while it is read, however large it is."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.errors import TooLargeError
from micrographia.formats.selection import normalise
from micrographia.imaging.contrast import display_limits, real_part_to_show, to_uint8
from micrographia.imaging.levels import pool_to_show
from micrographia.imaging.png import encode_png
from micrographia.web.iiif.identifier import View
from micrographia.web.iiif.parameters import PictureRequest
from micrographia.web.site import Site

Read = Callable[[tuple[object, ...]], NDArray[Any]]

_BAND_BYTES = 32 << 20
# the contrast of a picture is that of a copy so small: noise that no screen shows does not count
_CONTRAST_SIDE = 1024
_MOST_PROJECTED_BYTES = 512 << 20
_KEPT_BYTES = 256 << 20
# pictures that read or write much, at once: what each may take in memory is bounded, so all together are
_LARGE = threading.BoundedSemaphore(2)
_LARGE_PIXELS = 8 << 20


class Kept:
    """What took long to make, by name, as long as there is room for it."""

    def __init__(self, most_bytes: int = _KEPT_BYTES) -> None:
        self._items: OrderedDict[object, tuple[Any, int]] = OrderedDict()
        self._most = most_bytes
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: object, make: Callable[[], Any], size_bytes: Callable[[Any], int] = lambda _: 64) -> Any:
        """Return what is kept under `key`, made now if there is nothing."""
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
                return self._items[key][0]
        made = make()
        size = size_bytes(made)
        with self._lock:
            if key not in self._items and size <= self._most:
                self._items[key] = (made, size)
                self._bytes += size
                while self._bytes > self._most:
                    self._bytes -= self._items.popitem(last=False)[1][1]
        return made


_kept = Kept()


class Picture:
    """A view of a stored image whose regions can be rendered.

    Parameters
    ----------
    view : View
    axes, shape : str, tuple of int
        Of the image.
    item_bytes : int
        Of one sample.
    read : function
        Returns the samples that an index expression selects.
    kept_as : object
        Name under which limits and projections are kept; unique to the image.
    """

    def __init__(self, view: View, *, axes: str, shape: tuple[int, ...], item_bytes: int, read: Read, kept_as: object) -> None:
        self.view = view
        self._axes = axes
        self._shape = shape
        self._item_bytes = item_bytes
        self._read = read
        self._kept_as = (kept_as, view.plane, tuple((a, str(i)) for a, i in sorted(view.picked.items())), view.projection)

    def render(self, asked: PictureRequest) -> bytes:
        """Return the picture that is asked for as a file."""
        if asked.region[2] * asked.region[3] > _LARGE_PIXELS or asked.size[0] * asked.size[1] > _LARGE_PIXELS:
            with _LARGE:
                return encode(self._finished(asked), asked.format, bitonal=asked.quality == "bitonal")
        return encode(self._finished(asked), asked.format, bitonal=asked.quality == "bitonal")

    def limits(self) -> tuple[float, float]:
        """Return black and white, the same for every region and size."""
        view = self.view
        if view.low is not None and view.high is not None:
            return view.low, view.high
        low, high = self._automatic()
        return low if view.low is None else view.low, high if view.high is None else view.high

    def _automatic(self) -> tuple[float, float]:
        def find() -> tuple[float, float]:
            factor = -(-max(self.view.height, self.view.width) // _CONTRAST_SIDE)
            parts = [part for _, part in self._bands((0, 0, self.view.width, self.view.height), factor, factor)]
            small = np.concatenate(parts, axis=-2)
            if self.view.colours and small.dtype == np.uint8:
                return 0.0, 255.0
            return display_limits(small)

        if self.view.colours and self._item_bytes == 1:
            return 0.0, 255.0
        limits: tuple[float, float] = _kept.get(("limits", self._kept_as), find)
        return limits

    def _finished(self, asked: PictureRequest) -> NDArray[np.uint8]:
        picture = self._scaled(asked.region, asked.size)
        view = self.view
        if view.inverted:
            picture = 255 - picture
        if view.tint is not None and picture.ndim == 2 and asked.quality in ("default", "color"):
            scale = np.arange(256)[:, None] * np.asarray(view.tint) / 255.0
            picture = np.rint(scale).astype(np.uint8)[picture]
        if asked.quality in ("gray", "bitonal") and picture.ndim == 3:
            # ITU-R BT.601 luma
            picture = np.rint(picture @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
        if asked.quality == "color" and picture.ndim == 2:
            picture = np.repeat(picture[..., None], 3, axis=2)
        if asked.quality == "bitonal":
            picture = np.where(picture >= 128, np.uint8(255), np.uint8(0))
        if asked.mirrored:
            picture = picture[:, ::-1]
        return np.ascontiguousarray(np.rot90(picture, -asked.quarter_turns))

    def _scaled(self, region: tuple[int, int, int, int], size: tuple[int, int]) -> NDArray[np.uint8]:
        """The region in grey levels (or colours, last) at a size: whole numbers of pixels averaged first, the rest by interpolation."""
        _, _, width, height = region
        factor_x, factor_y = max(1, width // size[0]), max(1, height // size[1])
        low, high = self.limits()
        rows, columns = -(-height // factor_y), -(-width // factor_x)
        levels = np.empty((rows, columns, 3) if self.view.colours else (rows, columns), np.uint8)
        for start, part in self._bands(region, factor_y, factor_x):
            grey = to_uint8(part, low, high)
            levels[start : start + grey.shape[-2]] = np.moveaxis(grey, 0, -1) if self.view.colours else grey
        if (columns, rows) == size:
            return levels
        from PIL import Image

        is_larger = size[0] > width or size[1] > height
        resample = Image.Resampling.BICUBIC if is_larger else Image.Resampling.BILINEAR
        box = (0.0, 0.0, width / factor_x, height / factor_y)
        return np.asarray(Image.fromarray(levels).resize(size, resample, box=box))

    def _bands(self, region: tuple[int, int, int, int], factor_y: int, factor_x: int) -> Iterator[tuple[int, NDArray[Any]]]:
        """Yield (first row, rows) of a region reduced by whole factors; colours come first."""
        x, y, width, height = region
        row_bytes = width * self._item_bytes * (3 if self.view.colours else 1)
        step = max(1, _BAND_BYTES // row_bytes // factor_y) * factor_y
        for start in range(0, height, step):
            rows = slice(y + start, y + min(start + step, height))
            yield start // factor_y, pool_to_show(self._samples(rows, slice(x, x + width)), factor_y, factor_x)

    def _samples(self, rows: slice, columns: slice) -> NDArray[Any]:
        view = self.view
        if view.projection:
            projected: NDArray[Any] = _kept.get(("projection", self._kept_as), self._projected, lambda a: a.nbytes)
            return projected[..., rows, columns]
        part = self._read(self._index(rows, columns))
        if not view.colours:
            return part
        kept = [a for a in self._axes if a in view.plane or a == view.colours]
        return np.moveaxis(part, kept.index(view.colours), 0)

    def _index(self, rows: slice, columns: slice, **more: object) -> tuple[object, ...]:
        picked: dict[str, object] = {**self.view.picked, self.view.plane[0]: rows, self.view.plane[1]: columns, **more}
        return tuple(picked[a] for a in self._axes)

    def _projected(self) -> NDArray[np.float32]:
        """Mean, maximum or minimum of all sections, a few at a time."""
        view = self.view
        count = self._shape[self._axes.index(view.across)]
        section_bytes = view.height * view.width * self._item_bytes * (3 if view.colours else 1)
        if count * section_bytes > _MOST_PROJECTED_BYTES:
            raise TooLargeError(
                f"A projection of {count * section_bytes:,} bytes is too much; at most {_MOST_PROJECTED_BYTES:,} are projected."
            )
        step = max(1, _BAND_BYTES // section_bytes)
        total: NDArray[Any] | None = None
        for start in range(0, count, step):
            part = self._read(self._index(slice(None), slice(None), **{view.across: slice(start, min(start + step, count))}))
            kept = [a for a in self._axes if a in view.plane or a in (view.across, view.colours)]
            part = np.moveaxis(real_part_to_show(part), kept.index(view.across), 0)
            if view.projection == "mean":
                reduced = np.nan_to_num(part).sum(axis=0, dtype=np.float64)
                total = reduced if total is None else total + reduced
            else:
                combine = np.fmax if view.projection == "max" else np.fmin
                reduced = combine.reduce(part, axis=0)
                total = reduced if total is None else combine(total, reduced)
        assert total is not None
        if view.projection == "mean":
            total = total / count
        if view.colours:
            total = np.moveaxis(total, [a for a in self._axes if a in view.plane or a == view.colours].index(view.colours), 0)
        return total.astype(np.float32)


def picture_of(site: Site, image: Any, view: View) -> Picture:
    """Return the picture of a released image that `view` names."""
    stored, _ = site.stored(image)
    record = image.record

    def read(index: tuple[object, ...]) -> NDArray[Any]:
        return site.read(stored, normalise(index, record.shape))

    item_bytes = np.dtype(record.dtype).itemsize
    return Picture(view, axes=record.axes, shape=record.shape, item_bytes=item_bytes, read=read, kept_as=(stored.location, image.id))


def encode(picture: NDArray[np.uint8], name: str, *, bitonal: bool = False) -> bytes:
    """Return a picture, grey (y, x) or in colour (y, x, 3), as a file of the format `name`: jpg, png, webp, tif."""
    if name == "png" and not bitonal:
        return encode_png(picture)
    from PIL import Image

    shown = Image.fromarray(picture)
    out = io.BytesIO()
    if name == "jpg":
        shown.save(out, "JPEG", quality=90)
    elif name == "webp":
        shown.save(out, "WEBP", quality=85, method=1)
    elif name == "tif":
        (shown.convert("1") if bitonal else shown).save(out, "TIFF", compression="group4" if bitonal else "tiff_adobe_deflate")
    else:
        shown.convert("1").save(out, "PNG")
    return out.getvalue()
