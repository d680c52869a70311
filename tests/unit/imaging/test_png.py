import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from micrographia.imaging.planes import plane_axes, shrink
from micrographia.imaging.png import encode_png


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_grey_pictures_come_back(picture):
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(encode_png(picture)))), picture)


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(3))))
def test_colour_pictures_come_back(picture):
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(encode_png(picture)))), picture)


@pytest.mark.parametrize(
    ("axes", "across", "plane", "fixed"),
    [
        ("zyx", "z", "yx", ""),
        ("zyx", "y", "zx", ""),
        ("tczyx", "z", "yx", "tc"),
        ("tyx", "t", "yx", ""),
        ("syx", "z", "yx", ""),
        ("yx", "z", "yx", ""),
    ],
)
def test_planes(axes, across, plane, fixed):
    assert plane_axes(axes, across) == (plane, fixed)


def test_shrinking_keeps_the_mean():
    array = np.random.default_rng(0).normal(size=(512, 384))
    small = shrink(array, 128)
    assert small.shape == (128, 96)
    assert small.mean() == pytest.approx(array.mean(), abs=1e-6)


def test_what_is_small_stays():
    array = np.zeros((5, 7), np.int16)
    assert shrink(array, 7) is array
