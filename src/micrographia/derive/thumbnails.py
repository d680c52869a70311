"""Thumbnails: two small pictures that show what an image is."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from micrographia.derive.contour import surface_picture
from micrographia.derive.overview import overview
from micrographia.derive.product import Job

SIDES = {"small": 384, "large": 960}
# smaller images are enlarged to this, so that a 64² particle is not a stamp
_SMALLEST_SIDE = 256
_QUALITY = 80
# twice the small one: its edges are smooth
_SURFACE_SIDE = 768


def write_thumbnails(job: Job, folder: Path) -> None:
    """Write the pictures of an image, ``small.webp`` and ``large.webp``."""
    image = job.stored.open()
    surface = surface_picture(image, job.record, job.contour, _SURFACE_SIDE) if job.contour is not None else None
    for size, side in SIDES.items():
        picture = overview(image, job.record.kind, side) if surface is None else surface
        (folder / f"{size}.webp").write_bytes(encode_webp(picture, most=side))


def encode_webp(picture: NDArray[np.uint8], *, most: int = 4096) -> bytes:
    """Return a WebP of a picture, enlarged where it is very small, smaller where a side is longer than `most` pixels."""
    from PIL import Image

    shown = Image.fromarray(picture)
    if max(shown.size) > most:
        shown.thumbnail((most, most), Image.Resampling.BOX)
    if max(shown.size) < _SMALLEST_SIDE:
        factor = _SMALLEST_SIDE / max(shown.size)
        shown = shown.resize((max(1, round(shown.width * factor)), max(1, round(shown.height * factor))), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    shown.save(out, "WEBP", quality=_QUALITY, method=4)
    return out.getvalue()
