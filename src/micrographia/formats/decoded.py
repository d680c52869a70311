"""The lazy array of what can only be decoded as a whole: once, when the first part of it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.formats.description import LazyImage
from micrographia.formats.selection import Ranges
from micrographia.model.image import ImageHeader


class DecodedImage(LazyImage):
    """An image that `decode` returns as an array of the header's shape and type."""

    def __init__(self, header: ImageHeader, decode: Callable[[], NDArray[Any]]) -> None:
        super().__init__(header)
        self._decode = decode
        self._lock = Lock()
        self._array: NDArray[Any] | None = None

    def read(self, ranges: Ranges) -> NDArray[Any]:
        """Return the samples at the indices of `ranges`, with every axis kept."""
        with self._lock:
            if self._array is None:
                self._array = self._decode()
        return self._array[np.ix_(*ranges)]
