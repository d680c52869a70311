import numpy as np
import pytest

from micrographia.derive.overview import overview
from micrographia.formats.description import LazyImage
from micrographia.model.image import ImageHeader


class InMemory(LazyImage):
    def __init__(self, array, axes, *, is_stack=False):
        super().__init__(ImageHeader(axes=axes, shape=array.shape, dtype=str(array.dtype), is_stack=is_stack))
        self.array = array
        self.read_bytes = 0

    def read(self, ranges):
        part = self.array[np.ix_(*(list(r) for r in ranges))]
        self.read_bytes += part.nbytes
        return part


def block(*shape, dtype="f4"):
    return np.random.default_rng(7).normal(10, 3, size=shape).astype(dtype)


def test_a_volume_is_shown_by_its_central_section():
    image = InMemory(block(9, 60, 80), "zyx")
    picture = overview(image, "tomogram", 384)
    assert picture.shape == (60, 80)
    assert np.corrcoef(picture.ravel(), image.array[4].ravel())[0, 1] > 0.95
    assert image.read_bytes == image.array[4].nbytes


def test_a_map_is_shown_by_its_projection():
    array = np.zeros((20, 30, 30), np.float32)
    array[2, 5, 5] = array[17, 25, 25] = 1
    picture = overview(InMemory(array, "zyx"), "map", 384)
    assert picture[5, 5] == picture[25, 25] == 255 and picture[15, 15] == 0


@pytest.mark.parametrize(("count", "across"), [(1, 1), (4, 2), (16, 4), (300, 4)])
def test_particles_are_shown_as_a_montage(count, across):
    picture = overview(InMemory(block(count, 20, 20), "zyx", is_stack=True), "particles", 384)
    assert picture.shape == (across * 22 - 2, across * 22 - 2)


def test_channels_are_shown_in_colours():
    assert overview(InMemory(block(3, 40, 50), "cyx"), "fluorescence", 384).shape == (40, 50, 3)


def test_labels_are_shown_in_colours_and_background_black():
    labels = np.zeros((4, 32, 32), np.uint16)
    labels[:, 4:9, 4:9], labels[:, 20:30, 20:30] = 3, 4
    picture = overview(InMemory(labels, "zyx"), "segmentation", 384)
    assert not picture[0, 0].any() and (picture[5, 5] != picture[25, 25]).any()


def test_colour_samples_make_a_colour_picture():
    array = np.random.default_rng(0).integers(0, 255, (3, 30, 40), dtype=np.uint8)
    picture = overview(InMemory(array, "syx"), "image", 384)
    assert np.array_equal(picture, np.moveaxis(array, 0, -1))


def test_of_a_very_large_section_only_the_middle_is_read():
    class Huge(InMemory):
        def __init__(self):
            LazyImage.__init__(self, ImageHeader(axes="yx", shape=(200_000, 200_000), dtype="float32"))

        def read(self, ranges):
            assert np.prod([len(r) for r in ranges]) * 4 <= 192 << 20
            return np.zeros([len(r) for r in ranges], np.float32)

    assert max(overview(Huge(), "micrograph", 64).shape) <= 64
