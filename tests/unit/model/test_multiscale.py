from itertools import pairwise

import numpy as np
import pytest

from micrographia.model.image import ImageHeader, RawLayout, VoxelSize
from micrographia.model.multiscale import band_of, multiscale_of, ome_attributes, omero_attributes, put_together
from micrographia.model.records import ImageRecord
from micrographia.model.sheet import Channel


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


def channels_of(image, **more):
    return [(c["label"], c["color"], c["active"]) for c in omero_attributes(image, multiscale_of(image), **more)["channels"]]


def test_colour_samples_are_red_green_and_blue_however_the_file_keeps_them():
    primaries = [("red", "FF0000", True), ("green", "00FF00", True), ("blue", "0000FF", True)]
    assert channels_of(record("yxs", (8, 9, 3), "uint8")) == primaries
    planes = record("cyx", (4, 8, 9), "uint8").model_copy(update={"channels": ("red", "green", "blue", "alpha")})
    assert channels_of(planes) == [*primaries, ("alpha", "FF0000", False)]
    window = omero_attributes(planes, multiscale_of(planes))["channels"][0]["window"]
    assert window == {"min": 0, "max": 255, "start": 0, "end": 255}


def test_channels_have_the_colours_of_the_sheet_else_of_the_file_else_ours():
    image = record("cyx", (2, 8, 9)).model_copy(update={"channels": ("a", "b")})
    assert [c[:2] for c in channels_of(image)] == [("a", "00FF00"), ("b", "FF00FF")]
    of_file = image.model_copy(update={"metadata": {"channels": [{"colour": "ff0080"}, {"colour": "00ff80"}]}})
    assert [c[1] for c in channels_of(of_file)] == ["FF0080", "00FF80"]
    for useless in ([{"colour": "FFFFFF"}] * 2, [{"colour": "red"}, {}], [{}], "red", [1, 2]):
        assert channels_of(image.model_copy(update={"metadata": {"channels": useless}})) == channels_of(image)
    declared = (Channel(name="DNA", colour="3060ff"), Channel(name=""))
    assert [c[:2] for c in channels_of(of_file, declared=declared)] == [("DNA", "3060FF"), ("b", "00FF80")]
    assert channels_of(image, declared=declared[:1]) == channels_of(image)


def test_frames_are_no_places_even_where_the_file_calls_itself_a_volume():
    header = ImageHeader("zyx", (5, 300, 400), "uint8", VoxelSize(2.0, 1.5, 1.5))
    more = {"number": 1, "path": "a.mrc", "index": 0, "format_name": "mrc", "role": "", "statistics": None}
    movie, volume = (ImageRecord.of(header, kind=kind, **more) for kind in ("movie", "map"))
    assert movie.is_stack and not volume.is_stack
    assert [level.shape[0] for level in multiscale_of(movie).levels] == [5, 5]
    attributes = ome_attributes(movie, multiscale_of(movie), range(1))["multiscales"][0]
    assert attributes["axes"][0] == {"name": "z", "type": "space"} and attributes["axes"][1]["unit"] == "angstrom"
    assert attributes["datasets"][0]["coordinateTransformations"] == [{"type": "scale", "scale": [1.0, 1.5, 1.5]}]
