"""The contrast transfer function of the transmission electron microscope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Optics:
    """Constants of the microscope that shape the transfer of contrast."""

    voltage_kv: float = 300.0
    """Acceleration voltage, kV."""
    cs_mm: float = 2.7
    """Spherical aberration, mm."""
    amplitude_contrast: float = 0.1
    """Fraction of amplitude contrast, 0 to 1."""

    @property
    def wavelength_a(self) -> float:
        """Relativistic wavelength of the electrons, Å."""
        volts = self.voltage_kv * 1e3
        # h / sqrt(2 m e V (1 + e V / 2 m c²)); constants: CODATA 2018
        return 12.2642596 / float(np.sqrt(volts * (1 + 0.978475598e-6 * volts)))


@dataclass(frozen=True, slots=True)
class Defocus:
    """Defocus of one image, underfocus positive (rlnDefocusU, rlnDefocusV, rlnDefocusAngle)."""

    u_a: float
    """Along the axis at `angle_deg`, Å."""
    v_a: float
    """Across it, Å."""
    angle_deg: float = 0.0
    """Angle of the u axis to x, degrees."""


def contrast_transfer(
    shape_yx: tuple[int, int], *, pixel_size_a: float, optics: Optics, defocus: Defocus, b_factor_a2: float = 0.0
) -> NDArray[np.float32]:
    """Return the transfer function in the layout of `numpy.fft.rfft2` of an image of this shape.

    Parameters
    ----------
    shape_yx : tuple of int
    pixel_size_a : float, Å per pixel
    optics, defocus
    b_factor_a2 : float, Å²
        Envelope exp(-B k² / 4).

    Returns
    -------
    float32 array, shape (y, x // 2 + 1)
        Negative at low frequency when underfocused: what scatters looks dark.

    Notes
    -----
    ``-sin(χ + arcsin A)`` with ``χ = π λ k² (Δf - λ² k² Cs / 2)``: Rohou & Grigorieff (2015), J. Struct. Biol. 192, 216, equations 2 to 4.
    """
    ky = np.fft.fftfreq(shape_yx[0], pixel_size_a)[:, None]
    kx = np.fft.rfftfreq(shape_yx[1], pixel_size_a)
    k2 = ky**2 + kx**2
    azimuth = np.arctan2(ky, kx) - np.deg2rad(defocus.angle_deg)
    defocus_a = 0.5 * (defocus.u_a + defocus.v_a + (defocus.u_a - defocus.v_a) * np.cos(2 * azimuth))
    wavelength = optics.wavelength_a
    chi = np.pi * wavelength * k2 * (defocus_a - 0.5 * wavelength**2 * k2 * optics.cs_mm * 1e7)
    transfer = -np.sin(chi + np.arcsin(optics.amplitude_contrast)) * np.exp(-0.25 * b_factor_a2 * k2)
    return np.asarray(transfer, np.float32)
