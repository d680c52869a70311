import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, basic_indices

from micrographia.errors import IntegrityError, InvalidInputError
from micrographia.formats.raw import RawImage, read_layout
from micrographia.formats.source import BytesSource
from micrographia.model.image import ImageHeader, RawLayout


class CountingSource(BytesSource):
    """Remembers which ranges were read."""

    def __init__(self, data):
        super().__init__(data, "counted")
        self.ranges = []

    def read(self, start, length):
        self.ranges.append((start, length))
        return super().read(start, length)

    @property
    def bytes_read(self):
        return sum(length for _, length in self.ranges)


def volume(shape=(40, 50, 60), dtype="<f4"):
    array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    return array, CountingSource(b"x" * 100 + array.tobytes()), RawLayout(100, array.strides, array.dtype.str)


@settings(deadline=None)
@given(st.data())
def test_any_part_of_any_layout_equals_numpy(data):
    shape = data.draw(array_shapes(max_dims=4, max_side=6))
    dtype = data.draw(st.sampled_from(["|u1", "<i2", ">i2", ">f4", "<c8"]))
    order = data.draw(st.permutations(range(len(shape))))
    flips = data.draw(st.tuples(*[st.booleans()] * len(shape)))
    stored = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    shown = stored.transpose(order)[tuple(slice(None, None, -1 if f else 1) for f in flips)]
    offset = 7 + sum(-s * (n - 1) for s, n in zip(shown.strides, shown.shape, strict=True) if s < 0)
    layout = RawLayout(offset, shown.strides, stored.dtype.str)
    index = data.draw(basic_indices(shown.shape, allow_newaxis=False))
    part = read_layout(BytesSource(bytes(7) + stored.tobytes(), "a"), layout, shown.shape, index)
    assert part.dtype.isnative
    assert np.array_equal(part, shown[index])


@pytest.mark.parametrize(
    ("index", "most_ranges", "most_bytes"),
    [
        (..., 1, 40 * 50 * 60 * 4),
        (7, 1, 50 * 60 * 4),
        ((7, slice(3, 9)), 1, 6 * 60 * 4),
        ((7, 3, 5), 1, 4),
        ((slice(None), 3, 5), 40, 40 * 4),
        ((slice(None), slice(3, 9), slice(None)), 40, 40 * 6 * 60 * 4),
        ((7, slice(None), 5), 1, 50 * 60 * 4),
        ((7, slice(10, 20), slice(10, 20)), 1, 10 * 60 * 4),
    ],
)
def test_reads_no_more_than_it_needs(index, most_ranges, most_bytes):
    array, source, layout = volume()
    assert np.array_equal(read_layout(source, layout, array.shape, index), array[index])
    assert len(source.ranges) <= most_ranges
    assert source.bytes_read <= most_bytes


def test_a_crop_of_a_large_section_reads_its_rows_alone():
    array, source, layout = volume((2, 64, 8192), "<i2")
    assert np.array_equal(read_layout(source, layout, array.shape, (1, slice(8, 40), slice(100, 200))), array[1, 8:40, 100:200])
    assert source.bytes_read == 32 * 100 * 2


def test_ranges_come_in_the_order_of_the_file():
    array, source, layout = volume()
    read_layout(source, layout, array.shape, (slice(None, None, -3), slice(4, None, -2), 7))
    assert source.ranges == sorted(source.ranges)


def test_a_source_that_fetches_several_ranges_together_is_asked_for_them_together():
    array, source, layout = volume()
    asked = []

    class Remote(BytesSource):
        def read_many(self, ranges):
            asked.append(len(ranges))
            return [self.read(*r) for r in ranges]

    remote = Remote(source.read(0, source.size), "remote")
    assert np.array_equal(read_layout(remote, layout, array.shape, (slice(None), 3, 5)), array[:, 3, 5])
    assert asked == [40]


def test_a_layout_beyond_the_end_is_refused():
    array, source, layout = volume()
    with pytest.raises(IntegrityError, match="counted"):
        read_layout(source, RawLayout(layout.offset + 1, layout.strides, layout.dtype), array.shape, ...)


def test_an_empty_selection_reads_nothing():
    array, source, layout = volume()
    assert read_layout(source, layout, array.shape, (3, slice(5, 5))).shape == (0, 60)
    assert source.ranges == []


def test_a_raw_image_is_lazy_and_comes_in_blocks_in_the_order_of_the_file():
    array, source, layout = volume()
    image = RawImage(source, ImageHeader("zyx", (60, 50, 40), "float32", layout=RawLayout(100, layout.strides[::-1], "<f4")))
    assert (image.shape, image.axes, image.dtype) == ((60, 50, 40), "zyx", np.float32)
    assert source.ranges == []
    assert np.array_equal(image[3, -2], array.T[3, -2])
    source.ranges.clear()
    blocks = list(image.blocks(50 * 60 * 4))
    assert source.ranges == sorted(source.ranges)
    assert source.bytes_read == array.nbytes
    assert sum(b.size for b in blocks) == array.size
    with pytest.raises(InvalidInputError):
        RawImage(source, ImageHeader("zyx", (1, 2, 3), "float32"))
