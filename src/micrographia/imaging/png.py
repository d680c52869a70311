"""Pictures in PNG, fast: the filter UP in numpy, deflate by ISA-L."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# PNG specification (W3C, third edition), 11.2.1: colour type 0 is greyscale, 2 is truecolour
_COLOUR_TYPE = {1: 0, 3: 2}
_FILTER_UP = 2


def encode_png(picture: npt.NDArray[np.uint8]) -> bytes:
    """PNG of an 8-bit picture.

    Parameters
    ----------
    picture : uint8 array, shape (y, x) for grey or (y, x, 3) for red, green, blue
    """
    height, width = picture.shape[:2]
    samples = 1 if picture.ndim == 2 else picture.shape[2]
    rows = np.ascontiguousarray(picture).reshape(height, width * samples)
    filtered = np.empty((height, width * samples + 1), np.uint8)
    filtered[:, 0] = _FILTER_UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPE[samples], 0, 0, 0)
    return b"".join((_SIGNATURE, _chunk(b"IHDR", header), _chunk(b"IDAT", _deflate(filtered)), _chunk(b"IEND", b"")))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return b"".join((struct.pack(">I", len(body)), kind, body, struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))))


def _deflate(data: npt.NDArray[np.uint8]) -> bytes:
    try:
        from isal import isal_zlib
    except ImportError:  # the client is installed without it
        return zlib.compress(data.data, 1)
    compressed: bytes = isal_zlib.compress(data, 1)
    return compressed
