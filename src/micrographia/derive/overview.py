"""One small picture that shows what an image is: a central section, a projection of a map, a montage of particles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.formats.description import LazyImage
from micrographia.imaging.contrast import display_limits, to_uint8
from micrographia.imaging.planes import shrink

# more is not read for a picture; of a larger section the middle is shown
_MOST_BYTES = 192 << 20
# maps up to this many voxels are shown as projections
_MOST_PROJECTED_VOXELS = 48 << 20
_MONTAGE_SIDE = 4
_MONTAGE_MOST_PIXELS = 512
_MEAN_FRAMES = 12
_CHANNEL_COLOURS = {
    1: ((1, 1, 1),),
    2: ((0.1, 1, 0.3), (1, 0.1, 0.9)),
    3: ((0.25, 0.45, 1), (0.1, 1, 0.3), (1, 0.2, 0.2)),
    4: ((0.25, 0.45, 1), (0.1, 1, 0.3), (1, 0.2, 0.2), (0.6, 0.6, 0.6)),
}


def overview(image: LazyImage, kind: str, side: int) -> NDArray[np.uint8]:
    """Return a picture of an image, uint8, shape (y, x) or (y, x, 3), its longer side about `side` pixels or less.

    Parameters
    ----------
    image : LazyImage
    kind : str
        What the image is in the field's words: it decides what shows most of it.
    side : int, pixels
    """
    axes = image.axes
    if "s" in axes:
        return _colour(image, side)
    if kind == "segmentation" and image.dtype.kind in "iub":
        return _labels(_section(image, side * 4))
    if kind in ("particles", "class averages") and {"z", "t"} & set(axes) and min(image.shape[-2:]) <= _MONTAGE_MOST_PIXELS:
        return _montage(image, side)
    if "c" in axes and image.shape[axes.index("c")] > 1:
        return _composite(image, side)
    if kind in ("map", "half map", "additional map") and axes == "zyx" and math.prod(image.shape) <= _MOST_PROJECTED_VOXELS:
        return _grey(shrink(_projection(image), side))
    if kind == "movie":
        return _grey(shrink(_mean_of_frames(image), side))
    return _grey(shrink(_section(image, None), side))


def _section(image: LazyImage, max_side: int | None, **fixed: int) -> NDArray[Any]:
    """Central section in y and x, the middle of it where it is very large."""
    height, width = image.shape[-2:]
    most = math.isqrt(_MOST_BYTES // image.dtype.itemsize)
    index: list[object] = [fixed.get(a, n // 2) for a, n in zip(image.axes, image.shape, strict=True)]
    index[-2:] = [_middle(height, most), _middle(width, most)]
    if max_side is not None:  # nearest samples: labels have no mean
        step = max(1, math.ceil(max(min(height, most), min(width, most)) / max_side))
        index[-2:] = [slice(s.start, s.stop, step) for s in (_middle(height, most), _middle(width, most))]
    return image[tuple(index)]


def _middle(length: int, most: int) -> slice:
    start = max(0, (length - most) // 2)
    return slice(start, min(length, start + most))


def _projection(image: LazyImage) -> NDArray[Any]:
    total = np.zeros(image.shape[-2:], np.float64)
    step = max(1, (16 << 20) // max(1, image.shape[-2] * image.shape[-1] * image.dtype.itemsize))
    for start in range(0, image.shape[0], step):
        total += np.nan_to_num(image[start : start + step].real).sum(axis=0, dtype=np.float64)
    return (total / image.shape[0]).astype(np.float32)


def _mean_of_frames(image: LazyImage) -> NDArray[Any]:
    axis = next((a for a in "tz" if a in image.axes), "")
    count = image.shape[image.axes.index(axis)] if axis else 1
    picked = range(0, count, max(1, count // _MEAN_FRAMES))[:_MEAN_FRAMES]
    frames = np.stack([_section(image, None, **({axis: i} if axis else {})) for i in picked])
    mean: NDArray[Any] = np.asarray(frames.mean(axis=0, dtype=np.float32))
    return mean


def _montage(image: LazyImage, side: int) -> NDArray[np.uint8]:
    axis = "z" if "z" in image.axes else "t"
    count = image.shape[image.axes.index(axis)]
    across = min(_MONTAGE_SIDE, math.ceil(math.sqrt(count)))
    shown = [_grey(shrink(_section(image, None, **{axis: i}), max(16, side // across))) for i in range(min(count, across * across))]
    height, width = shown[0].shape
    gap = 2
    sheet = np.full((math.ceil(len(shown) / across) * (height + gap) - gap, across * (width + gap) - gap), 12, np.uint8)
    for i, picture in enumerate(shown):
        y, x = i // across * (height + gap), i % across * (width + gap)
        sheet[y : y + height, x : x + width] = picture
    return sheet


def _composite(image: LazyImage, side: int) -> NDArray[np.uint8]:
    count = min(image.shape[image.axes.index("c")], 4)
    total: NDArray[Any] | None = None
    for i, colour in enumerate(_CHANNEL_COLOURS[count]):
        grey = _grey(shrink(_section(image, None, c=i), side))[..., None] * np.asarray(colour, np.float32)
        total = grey if total is None else total + grey
    assert total is not None
    colours: NDArray[np.uint8] = np.minimum(total, 255).astype(np.uint8)
    return colours


def _colour(image: LazyImage, side: int) -> NDArray[np.uint8]:
    at = image.axes.index("s")
    index = [slice(None) if a in "syx" else n // 2 for a, n in zip(image.axes, image.shape, strict=True)]
    kept = [a for a in image.axes if a in "syx"]
    samples = np.moveaxis(image[tuple(index)], kept.index("s"), 0)[:3]
    small = shrink(samples, side)
    low, high = (0.0, 255.0) if image.dtype == np.uint8 else display_limits(small)
    grey = to_uint8(small, low, high)
    return np.ascontiguousarray(np.moveaxis(grey, 0, -1)) if len(grey) == 3 and image.shape[at] >= 3 else grey[0]


def _labels(section: NDArray[Any]) -> NDArray[np.uint8]:
    """Each label in a colour of its own, the same in every picture; 0 is black."""
    value = section.astype(np.int64)
    # hues at the golden angle: neighbours in number are far apart in colour
    hue = (value * 0.61803398875) % 1.0
    rgb = np.stack([0.55 + 0.4 * np.cos(2 * np.pi * (hue + shift)) for shift in (0, 1 / 3, 2 / 3)], axis=-1)
    colours: NDArray[np.uint8] = (np.where(value[..., None] == 0, 0, rgb) * 255).astype(np.uint8)
    return colours


def _grey(array: NDArray[Any]) -> NDArray[np.uint8]:
    return to_uint8(array, *display_limits(array))
