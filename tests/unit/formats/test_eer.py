"""EER: frames of electrons, written here by the published bit layout."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from micrographia.formats.registry import identify, inspect, open_image
from micrographia.formats.source import BytesSource
from micrographia.testing.damage import damaged, survives

RNG = np.random.default_rng(5)
XML = b'<metadata><item name="exposureTime" unit="s">2.5</item><item name="serialNumber">7</item></metadata>\0'


def encoded(frame) -> bytes:
    """Seven bits of skipped pixels, then two and two bits of the place within the pixel; 127 skips without an electron."""
    bits, last = [], -1
    for place in np.flatnonzero(frame):
        skip = int(place) - last - 1
        bits += [(127, 7)] * (skip // 127) + [(skip % 127, 7), (int(RNG.integers(16)), 4)]
        last = int(place)
    left = frame.size - last - 1
    bits += [(127, 7)] * (left // 127) + [(left % 127, 7), (0, 4)]
    number, length = 0, 0
    for value, n in bits:
        number |= value << length
        length += n
    return number.to_bytes(-(-length // 64) * 8, "little")


def movie(frames, *, integrated=False, xml=XML) -> bytes:
    """A BigTIFF file: tags 256 to 279 of a page, then the compression and the metadata of the camera."""
    pages = [(1, 16, frames.sum(0).astype("<u2").tobytes())] if integrated else []
    pages += [(65001, 1, encoded(frame)) for frame in frames]
    height, width = frames.shape[1:]
    out = bytearray(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16))
    for number, (compression, bits, data) in enumerate(pages):
        start = len(out) + 8 + 10 * 20 + 8
        shared = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, bits), (259, 3, 1, compression), (262, 3, 1, 1)]
        place = [(273, 16, 1, start), (277, 3, 1, 1), (278, 4, 1, height), (279, 16, 1, len(data))]
        tags = [*shared, *place, (65001, 7, len(xml), start + len(data))]
        out += struct.pack("<Q", len(tags)) + b"".join(struct.pack("<HHQQ", *tag) for tag in tags)
        end = start + len(data) + len(xml)
        out += struct.pack("<Q", end if number + 1 < len(pages) else 0) + data + xml
    return bytes(out)


@pytest.fixture
def frames():
    return RNG.random((5, 32, 64)) < 0.05


def test_frames_are_decoded_as_they_are_asked_for(frames):
    source = BytesSource(movie(frames), "a.eer")
    description = inspect(source, "a.eer")
    (header,) = description.images
    assert (description.format, header.axes, header.shape, header.dtype) == ("eer", "tyx", (5, 32, 64), "uint8")
    assert description.metadata["acquisition"] == {"exposureTime (s)": "2.5", "serialNumber": "7"}
    image = open_image(source, "eer", 0, header)
    np.testing.assert_array_equal(image[...], frames)
    np.testing.assert_array_equal(image[3, 4:20:3, ::-1], frames[3, 4:20:3, ::-1])
    assert sum(int(b.sum()) for b in image.blocks(2048)) == frames.sum()


def test_a_final_image_is_an_image_of_its_own(frames):
    source = BytesSource(movie(frames, integrated=True), "a.eer")
    headers = inspect(source, "a.eer").images
    assert [(h.name, h.axes, h.shape) for h in headers] == [("", "tyx", (5, 32, 64)), ("integrated", "yx", (32, 64))]
    np.testing.assert_array_equal(open_image(source, "eer", 1)[...], frames.sum(0))


def test_xml_that_attacks_is_not_read_and_the_frames_are(frames):
    source = BytesSource(movie(frames, xml=b'<metadata><!DOCTYPE a [<!ENTITY b "c">]></metadata>\0'), "a.eer")
    assert "acquisition" not in inspect(source, "a.eer").metadata
    assert open_image(source, "eer")[...].sum() == frames.sum()


def test_damage_is_a_remark(frames):
    whole = movie(frames)
    for cut in (0, 3, 100, len(whole) // 2, len(whole) - 150):
        description = inspect(BytesSource(whole[:cut], "a.eer"), "a.eer")
        assert description.images == ()
        assert description.remarks[0].severity == "error"


def test_the_suffix_tells_eer_from_tiff():
    assert identify("a.eer", b"II+\0").name == "eer"
    assert identify("a.tif", b"II+\0").name == "tiff"


def test_random_damage_is_survived(frames):
    for data in damaged(movie(frames)):
        survives(data, "a.eer")
