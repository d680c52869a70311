import numpy as np

from micrographia.imaging.power import power_spectrum


def test_a_grating_has_its_frequency():
    x = np.arange(128)
    grating = np.sin(2 * np.pi * x / 8)[None, :] + np.zeros((128, 1))
    spectrum = power_spectrum(grating.astype(np.float32))
    assert sorted(np.argsort(spectrum[64])[-6:].tolist()) == [47, 48, 49, 79, 80, 81]


def test_what_is_not_finite_counts_as_the_mean():
    picture = np.random.default_rng(0).normal(5, 1, (32, 48)).astype(np.float32)
    picture[3, 4], picture[5, 5] = np.nan, np.inf
    spectrum = power_spectrum(picture)
    assert spectrum.shape == (32, 48) and np.isfinite(spectrum).all() and np.argmax(spectrum) != 16 * 48 + 24


def test_an_empty_picture_has_a_spectrum_that_can_be_shown():
    assert np.isfinite(power_spectrum(np.full((16, 16), np.nan, np.float32))).all()
