"""SPIDER images, volumes and stacks, also as Xmipp writes them.

Read lazily and streamed without conversion: float32 samples lie uncompressed behind a header of float32 words. Fourier transforms are named
in a remark and not read.
Metadata understood: pixel size where the header has one, statistics that the header claims, date, time and title.

Source: https://spider.wadsworth.org/spider_doc/spider/docs/image_doc.html.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.formats.cursor import printable, refuse_short, refused
from micrographia.formats.description import Contents, LazyImage
from micrographia.formats.raw import RawImage
from micrographia.formats.source import ByteSource
from micrographia.model.finding import Finding
from micrographia.model.image import ImageHeader, RawLayout, Statistics, VoxelSize

# words of the header, counted from 1
_NSLICE, _NROW, _IFORM, _IMAMI, _FMAX, _FMIN, _AV, _SIG, _NSAM = 1, 2, 5, 6, 7, 8, 9, 10, 12
_LABBYT, _ISTACK, _MAXIM, _PIXSIZ = 22, 24, 26, 38
_FEWEST_BYTES = 1024
_LONGEST_SIDE = 1 << 20
_FOURIER = (-11, -12, -21, -22)


def inspect(source: ByteSource, path: str) -> Contents:
    """Return what a SPIDER header says; see `registry`."""
    if source.size < _FEWEST_BYTES:
        raise refused(source, "spider", f"{source.size} bytes", f"at least {_FEWEST_BYTES}")
    head = source.read(0, _FEWEST_BYTES)
    order = next((o for o in "<>" if _is_header(np.frombuffer(head, f"{o}f4"))), None)
    if order is None:
        raise refused(source, "spider", "words that are no SPIDER header", "sizes and a type in words 1, 2, 5, 12 and 22")
    words = np.concatenate([[0.0], np.frombuffer(head, f"{order}f4").astype(np.float64)])
    if int(words[_IFORM]) in _FOURIER:
        message = f"{path} is a Fourier transform of SPIDER; it is stored and not interpreted."
        return Contents(remarks=(Finding("spider.fourier", "warning", path, message),))
    nx, ny, nz, header_bytes = (int(words[k]) for k in (_NSAM, _NROW, _NSLICE, _LABBYT))
    nz = max(1, abs(nz))
    is_stack = words[_ISTACK] > 0
    count = int(words[_MAXIM]) if is_stack and 0 < words[_MAXIM] < 1 << 31 else 1
    image_bytes = nx * ny * nz * 4
    start, step = header_bytes * (2 if is_stack else 1), image_bytes + header_bytes
    refuse_short(source, "spider", start + (count - 1) * step + image_bytes)
    lengths = {"t": (count if nz > 1 else 1, step), "z": (nz, nx * ny * 4) if nz > 1 else (count, step), "y": (ny, nx * 4), "x": (nx, 4)}
    axes = "".join(a for a in "tzyx" if lengths[a][0] > 1 or a in "yx")
    pixel = float(words[_PIXSIZ])
    spacing = float(f"{pixel:.7g}")
    size = VoxelSize(spacing if nz > 1 else None, spacing, spacing) if 0.01 < pixel < 1e5 else None
    about = {
        name: text
        for name, first, last in (("date", 844, 856), ("time", 856, 864), ("title", 864, 1024))
        if (text := printable(head[first:last].split(b"\0", 1)[0].decode("latin-1")))
    }
    header = ImageHeader(
        axes,
        tuple(lengths[a][0] for a in axes),
        "float32",
        size,
        layout=RawLayout(start, tuple(lengths[a][1] for a in axes), f"{order}f4"),
        is_stack=is_stack and nz == 1 and count > 1,
        header_statistics=None if is_stack else _statistics(words),
        metadata=about,
    )
    return Contents((header,))


def open_image(source: ByteSource, index: int, header: ImageHeader | None) -> LazyImage:
    """Return the image as a lazy array; see `registry`."""
    return RawImage(source, header or inspect(source, source.name).images[index])


def _is_header(words: NDArray[Any]) -> bool:
    named = [float(words[k - 1]) for k in (_NSLICE, _NROW, _IFORM, _NSAM, _LABBYT)]
    if not all(isfinite(v) and v == int(v) and abs(v) <= _LONGEST_SIDE for v in named):
        return False
    slices, rows, form, samples, header_bytes = (int(v) for v in named)
    return slices != 0 and rows > 0 and samples > 0 and form in (1, 3, *_FOURIER) and header_bytes >= _FEWEST_BYTES


def _statistics(words: NDArray[Any]) -> Statistics | None:
    low, high, mean, deviation = (float(words[k]) for k in (_FMIN, _FMAX, _AV, _SIG))
    is_said = words[_IMAMI] == 1 and all(isfinite(v) for v in (low, high, mean, deviation))
    return Statistics(low, high, mean, deviation) if is_said else None
