import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micrographia.errors import InvalidInputError, TooLargeError
from micrographia.formats.selection import normalise
from micrographia.imaging.planes import shrink
from micrographia.model.image import RawLayout, Statistics
from micrographia.model.multiscale import multiscale_of
from micrographia.model.records import ImageRecord
from micrographia.web.stream.arrays import contiguous_run, npy_header, parse_interval, select, shrunk_section
from micrographia.web.stream.sections import at_level, level_of, parse_section, section_index


def record(axes="zyx", shape=(9, 20, 30), dtype="int16", **more):
    return ImageRecord(number=1, path="a.mrc", format="mrc", kind="tomogram", axes=axes, shape=shape, dtype=dtype, **more)


@st.composite
def selections(draw):
    shape = tuple(draw(st.lists(st.integers(1, 5), min_size=1, max_size=4)))
    index = []
    for n in shape:
        start = draw(st.integers(0, n - 1))
        stop = draw(st.integers(start + 1, n))
        index.append(draw(st.sampled_from([slice(None), start, slice(start, stop), slice(start, stop, 2)])))
    order = draw(st.permutations(range(len(shape))))
    return shape, tuple(index), order


@given(selections())
def test_a_run_holds_exactly_the_samples_selected(case):
    shape, index, order = case
    stored = np.arange(np.prod(shape), dtype="<i2").reshape([shape[k] for k in order])
    presented = stored.transpose(np.argsort(order))
    layout = RawLayout(offset=16, strides=presented.strides, dtype="<i2")
    run = contiguous_run(layout, shape, normalise(index, shape))
    wanted = np.ascontiguousarray(presented[index])
    if run is not None:
        data = b"\0" * 16 + stored.tobytes()
        assert data[run.start : run.start + run.length] == wanted.tobytes()


def test_a_section_of_a_volume_is_one_run():
    layout = RawLayout(offset=1024, strides=(1200, 60, 2), dtype="<i2")
    run = contiguous_run(layout, (9, 20, 30), normalise((4,), (9, 20, 30)))
    assert run is not None and (run.start, run.length) == (1024 + 4 * 1200, 1200)


@pytest.mark.parametrize("shape", [(), (3,), (3, 4), (1, 2, 3)])
@pytest.mark.parametrize("dtype", ["<i2", ">f4", "|u1", "<c8", "<f2"])
def test_numpy_reads_our_npy(shape, dtype):
    array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    got = np.load(io.BytesIO(npy_header(shape, np.dtype(dtype)) + array.tobytes()))
    assert got.dtype == np.dtype(dtype) and np.array_equal(got, array)


def test_an_answer_is_never_larger_than_the_limit():
    with pytest.raises(TooLargeError, match="Ask in parts"):
        select(record(shape=(10_000, 10_000, 10_000)), ())


@pytest.mark.parametrize(("text", "expected"), [("2:5", (2, 5)), (":5", (0, 5)), ("2:", (2, 9)), (":", (0, 9)), ("3", (3, 4))])
def test_intervals(text, expected):
    assert parse_interval(text, "z", 9) == slice(*expected)


@pytest.mark.parametrize("text", ["9", "5:5", "5:2", "-1:3", "a:b", "0:10", "1:2:3", "1e3", "²"])
def test_intervals_outside_are_refused_in_a_sentence(text):
    with pytest.raises(InvalidInputError, match="z has 9 indices"):
        parse_interval(text, "z", 9)


@pytest.mark.parametrize(
    "query",
    [
        {"axis": "q"},
        {"index": "9"},
        {"index": "-1"},
        {"index": "x"},
        {"format": "exe"},
        {"region": "1,2,3"},
        {"region": "0,0,31,1"},
        {"region": "0,0,0,0"},
        {"min": "nan"},
        {"min": "inf"},
        {"min": "5", "max": "4"},
        {"max_size": "1"},
        {"max_size": "99999"},
        {"level": "3"},
        {"level": "-1"},
        {"index": "9" * 5000},
        {"region": f"0,0,{'9' * 4300},1"},
        {"nonsense": "1"},
        {"c": "0"},
    ],
)
def test_a_section_that_cannot_be_is_refused(query):
    image = record()
    with pytest.raises(InvalidInputError):
        section_index(image, parse_section(query, at_level(image, level_of(query))[0]))


@pytest.mark.parametrize("image", [record(shape=(40, 300, 200)), record("yx", (4096, 300)), record(shape=(250, 300, 300), dtype="uint8")])
def test_every_level_that_zarr_lists_can_be_asked_for_as_a_section(image):
    levels = multiscale_of(image).levels
    assert len(levels) > 1
    for number, level in enumerate(levels):
        assert at_level(image, number)[0].shape == level.shape
    with pytest.raises(InvalidInputError, match=f"levels 0 to {len(levels) - 1}"):
        at_level(image, len(levels))


def test_a_smaller_picture_is_the_same_in_bands(monkeypatch):
    monkeypatch.setattr("micrographia.web.stream.arrays._BAND_BYTES", 4000)
    array = np.random.default_rng(0).normal(100, 9, (3, 205, 130)).astype(np.int16)
    image = record(shape=array.shape)
    got = shrunk_section(image, (1, slice(None), slice(None)), 50, lambda s: array[np.ix_(*s.ranges)].reshape(s.shape))
    assert np.allclose(got, shrink(array[1], 50)) and got.shape == (41, 26)


def test_what_lies_scattered_over_too_much_is_refused():
    n = 20_000
    image = record(shape=(n, n, n), layout=RawLayout(1024, (2 * n * n, 2 * n, 2), "<i2"))
    with pytest.raises(TooLargeError, match="across another axis"):
        select(image, (slice(0, 4000), slice(0, 4000), 7))
    assert select(image, (7, slice(0, 4000), slice(0, 4000))).shape == (4000, 4000)


def test_the_central_section_is_the_default():
    asked = parse_section({}, record())
    assert (asked.axis, asked.index, section_index(record(), asked)) == ("z", 4, (4, slice(None), slice(None)))


def test_a_plane_has_one_section():
    plane = record("yx", (20, 30))
    assert section_index(plane, parse_section({"axis": "z", "index": "0"}, plane)) == (slice(None), slice(None))


def test_region_is_columns_then_rows():
    asked = parse_section({"axis": "y", "index": "3", "region": "4,1,10,2"}, record())
    assert section_index(record(), asked) == (slice(1, 3), 3, slice(4, 14))


def test_other_axes_are_fixed_where_the_request_says():
    image = record("tczyx", (3, 2, 9, 20, 30), statistics=Statistics(0, 1, 0.5, 0.1))
    assert section_index(image, parse_section({"c": "1", "index": "5"}, image)) == (0, 1, 5, slice(None), slice(None))
