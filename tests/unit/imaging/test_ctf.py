import numpy as np
import pytest

from micrographia.imaging.ctf import Defocus, Optics, contrast_transfer


@pytest.mark.parametrize(("voltage_kv", "wavelength_a"), [(100, 0.03701), (200, 0.02508), (300, 0.01969)])
def test_wavelength_is_the_published_one(voltage_kv, wavelength_a):
    # Williams & Carter, Transmission Electron Microscopy (2009), table 1.2
    assert Optics(voltage_kv=voltage_kv).wavelength_a == pytest.approx(wavelength_a, abs=1e-5)


def test_contrast_at_zero_frequency_is_the_amplitude_contrast():
    transfer = contrast_transfer((32, 32), pixel_size_a=2.0, optics=Optics(amplitude_contrast=0.07), defocus=Defocus(15000, 15000))
    assert transfer[0, 0] == pytest.approx(-0.07)


def test_first_zero_lies_where_defocus_puts_it():
    optics = Optics(voltage_kv=300, cs_mm=0.0, amplitude_contrast=0.0)
    transfer = contrast_transfer((512, 512), pixel_size_a=1.0, optics=optics, defocus=Defocus(20000, 20000))[0]
    zero = np.flatnonzero((transfer[:-1] < 0) & (transfer[1:] >= 0))[0] / 512
    assert zero == pytest.approx(1 / np.sqrt(optics.wavelength_a * 20000), abs=1.5 / 512)


def test_astigmatism_puts_more_defocus_along_its_axis():
    optics = Optics(cs_mm=0.0, amplitude_contrast=0.0)
    transfer = contrast_transfer((512, 512), pixel_size_a=1.0, optics=optics, defocus=Defocus(24000, 16000, 0.0))

    def first_zero(profile):
        return np.flatnonzero((profile[:-1] < 0) & (profile[1:] >= 0))[0] / 512

    assert first_zero(transfer[0, :]) == pytest.approx(1 / np.sqrt(optics.wavelength_a * 24000), abs=1.5 / 512)
    assert first_zero(transfer[:256, 0]) == pytest.approx(1 / np.sqrt(optics.wavelength_a * 16000), abs=1.5 / 512)


def test_envelope_damps_by_its_b_factor():
    place = {"pixel_size_a": 2.0, "optics": Optics(), "defocus": Defocus(15000, 15000)}
    plain, damped = contrast_transfer((64, 64), **place), contrast_transfer((64, 64), b_factor_a2=100, **place)
    np.testing.assert_allclose(damped[0, 32], plain[0, 32] * np.exp(-100 / 4 / 16), rtol=1e-4)
