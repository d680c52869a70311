import struct

import numpy as np
import pytest

from micrographia.formats.registry import inspect, open_image
from micrographia.formats.source import BytesSource, FileSource


def deltavision(array, order="<", *, times=1, waves=1, sequence=0, mode=6, extended=0):
    head = bytearray(1024)
    sections = array.shape[0]
    struct.pack_into(f"{order}4i", head, 0, array.shape[2], array.shape[1], sections, mode)
    struct.pack_into(f"{order}3f", head, 40, 0.1, 0.1, 0.3)
    struct.pack_into(f"{order}i", head, 92, extended)
    struct.pack_into(f"{order}h", head, 96, -16224)
    struct.pack_into(f"{order}2h", head, 180, times, sequence)
    struct.pack_into(f"{order}6h", head, 196, waves, 525, 632, 0, 0, 0)
    return bytes(head) + bytes(extended) + array.astype(f"{order}u2").tobytes()


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("sequence", "axes"), [(0, "ctz"), (1, "tzc"), (2, "tcz")])
def test_times_channels_and_sections_come_apart_in_every_sequence(order, sequence, axes):
    lengths = {"t": 3, "c": 2, "z": 4}
    stored = np.arange(24 * 30).reshape(24, 5, 6)
    source = BytesSource(deltavision(stored, order, times=3, waves=2, sequence=sequence, extended=2048), "a.dv")
    description = inspect(source, "a.dv")
    header = description.images[0]
    assert (header.axes, header.shape, header.channels) == ("tczyx", (3, 2, 4, 5, 6), ("525 nm", "632 nm"))
    assert header.voxel_size.as_json() == {"z": 0.3, "y": 0.1, "x": 0.1, "unit": "micrometer"}
    expected = stored.reshape(*[lengths[a] for a in axes], 5, 6).transpose(*[axes.index(a) for a in "tcz"], 3, 4)
    assert np.array_equal(open_image(source, "deltavision")[...], expected)


def test_numbers_that_do_not_fit_together_are_a_warning():
    description = inspect(BytesSource(deltavision(np.zeros((7, 2, 2)), times=2), "a.dv"), "a.dv")
    assert [(r.rule, r.severity) for r in description.remarks] == [("deltavision.dimensions", "warning")]
    assert description.images[0].shape == (7, 2, 2)


def test_a_cut_or_lying_file_is_one_error():
    whole = deltavision(np.zeros((7, 2, 2)))
    for data, rule in ((whole[:-1], "truncated"), (whole[:500], "unreadable"), (deltavision(np.zeros((7, 2, 2)), mode=9), "unreadable")):
        assert [r.rule for r in inspect(BytesSource(data, "a.dv"), "a.dv").remarks] == [f"deltavision.{rule}"]


def test_a_real_file(real_data):
    with FileSource(real_data / "tlambert03_mrc/toxo.dv") as source:
        image = open_image(source, "deltavision")
        assert (image.axes, image.shape) == ("czyx", (2, 17, 128, 128))
        assert image[1].mean() > 2 * image[0].mean()
