"""Power spectra of micrographs: the Thon rings of the contrast transfer function."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.imaging.contrast import real_part_to_show

POWER_SIDE = 1024


def power_spectrum(picture: NDArray[Any]) -> NDArray[np.float32]:
    """Logarithm of the power of each spatial frequency of a picture, zero frequency at [y // 2, x // 2].

    Parameters
    ----------
    picture : array, shape (y, x)
        NaN and infinities count as the mean.

    Returns
    -------
    float32 array of the same shape
        Natural logarithm of the power; the zero frequency is that of its neighbours, so that it does not outshine the rest.
    """
    values = real_part_to_show(picture).astype(np.float32)
    finite = np.isfinite(values)
    mean = float(values[finite].mean(dtype=np.float64)) if finite.any() else 0.0
    values = np.where(finite, values - np.float32(mean), np.float32(0))
    height, width = values.shape
    # a window that falls to zero at the edges: without it they draw a cross
    values *= np.outer(np.hanning(height), np.hanning(width)).astype(np.float32)
    spectrum = np.fft.fftshift(np.abs(np.fft.fft2(values)) ** 2)
    middle = (height // 2, width // 2)
    spectrum[middle] = spectrum[middle[0], (middle[1] + 1) % width]
    logarithm: NDArray[np.float32] = np.log(spectrum + np.finfo(np.float32).tiny).astype(np.float32)
    return logarithm
