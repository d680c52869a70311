from itertools import pairwise

import numpy as np
import pytest

from micrographia.model.image import RawLayout
from micrographia.model.multiscale import band_of, multiscale_of, put_together
from micrographia.model.records import ImageRecord


def record(axes, shape, dtype="int16", *, strides=None):
    layout = RawLayout(1024, strides, np.dtype(dtype).str) if strides else None
    return ImageRecord(number=1, path="a", format="mrc", kind="tomogram", axes=axes, shape=shape, dtype=dtype, layout=layout)


def c_order(shape, item_bytes=2):
    return tuple(item_bytes * int(np.prod(shape[k + 1 :])) for k in range(len(shape)))


@pytest.mark.parametrize(
    ("axes", "shape", "band"),
    [
        ("zyx", (64, 100, 100), (52, 100, 100)),
        ("zyx", (512, 512, 512), (2, 512, 512)),
        ("zyx", (512, 720, 720), (1, 720, 720)),
        ("zyx", (9, 8192, 8192), (1, 64, 8192)),
        ("yx", (40_000, 50_000), (10, 50_000)),
        ("yx", (3, 2_000_000), (1, 1 << 19)),
        ("yx", (3, 4), (3, 4)),
        ("czyx", (3, 9, 512, 512), (1, 2, 512, 512)),
    ],
)
def test_a_band_is_one_run_of_bytes(axes, shape, band):
    image = record(axes, shape, strides=c_order(shape))
    found = band_of(image, multiscale_of(image))
    assert found == band
    assert np.prod(found) * 2 <= 1 << 20
    # whole along every axis that is faster in the file than one that is cut
    assert all(n == m or all(k == 1 for k in found[:i]) for i, (n, m) in enumerate(zip(found, shape, strict=True)))


def test_bands_follow_the_order_of_the_file_not_that_of_the_axes():
    colours = record("yxs", (2000, 3000, 3), "uint8", strides=(9000, 3, 1))
    assert band_of(colours, multiscale_of(colours)) == (3, 116, 3000)
    permuted = record("zyx", (400, 300, 200), strides=(2, 800, 240_000))
    assert band_of(permuted, multiscale_of(permuted)) == (400, 300, 4)


def test_what_must_be_decoded_keeps_its_chunks():
    image = record("zyx", (100, 100, 100))
    assert band_of(image, multiscale_of(image)) == multiscale_of(image).chunk


def test_images_put_together_keep_the_levels_of_each():
    seen = multiscale_of(record("yx", (2000, 1000)))
    both = put_together(seen, {"c": 5, "z": 2})
    assert both.axes == "czyx" and both.chunk == (1, 1, *seen.chunk) and both.shard == (1, 1, *seen.shard)
    assert [level.shape for level in both.levels] == [(5, 2, *level.shape) for level in seen.levels]
    assert all(level.factors[:2] == (1, 1) for level in both.levels)
    assert all(a.shape[2] > b.shape[2] for a, b in pairwise(both.levels))
    planes = put_together(multiscale_of(record("cyx", (3, 20, 30))), {"z": 4})
    assert planes.axes == "czyx" and planes.levels[0].shape == (3, 4, 20, 30)
