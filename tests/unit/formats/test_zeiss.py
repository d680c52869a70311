"""CZI: files written here by the published layout."""

from __future__ import annotations

import struct

import imagecodecs
import numpy as np
import pytest

from micrographia.formats.registry import inspect, open_image
from micrographia.formats.source import BytesSource
from micrographia.testing.damage import damaged, survives

RNG = np.random.default_rng(4)
PIXELS = {("u1", 1): 0, ("u2", 1): 1, ("f4", 1): 2, ("u1", 3): 3}
XML = b"""<ImageDocument><Metadata>
<Scaling><Items><Distance Id="X"><Value>2e-7</Value></Distance><Distance Id="Y"><Value>2e-7</Value></Distance></Items></Scaling>
<Information>
<Image><Dimensions><Channels><Channel Name="DAPI"/><Channel Name="GFP"/></Channels></Dimensions></Image>
<Instrument><Objectives><Objective Name="Plan"><LensNA>1.4</LensNA></Objective></Objectives></Instrument>
</Information></Metadata></ImageDocument>"""


def segment(name, data):
    return struct.pack("<16sqq", name, len(data), len(data)) + data


def entry(array, start, position, compression, *, level=1):
    samples = array.shape[2] if array.ndim == 3 else 1
    head = struct.pack("<2siqiiB5xi", b"DV", PIXELS[array.dtype.str[1:], samples], position, 0, compression, level > 1, len(start))
    sizes = {"Y": array.shape[0] * level, "X": array.shape[1] * level}
    stored = {"Y": array.shape[0], "X": array.shape[1]}
    return head + b"".join(struct.pack("<4siifi", k.encode(), v, sizes.get(k, 1), 0.0, stored.get(k, 1)) for k, v in start.items())


def encoded(array, compression):
    if compression == 5:
        return imagecodecs.zstd_encode(array.tobytes())
    if compression == 6:
        halves = np.frombuffer(array.tobytes(), np.uint8).reshape(-1, 2).T.tobytes()
        return b"\3\1\1" + imagecodecs.zstd_encode(halves)
    return imagecodecs.jpegxr_encode(array, level=1.0) if compression == 4 else array.tobytes()


def written(tiles, compression=0) -> bytes:
    """Each tile: array, start along each dimension (X and Y among them), level of the pyramid."""
    out = bytearray(32 + 512)
    entries = b""
    for array, start, level in tiles:
        said = entry(array, start, len(out), compression, level=level)
        data = encoded(array, compression)
        out += segment(b"ZISRAWSUBBLOCK", struct.pack("<iiq", 4, 0, len(data)) + said.ljust(max(240, len(said)), b"\0") + b"<M/>" + data)
        entries += said
    directory = len(out)
    out += segment(b"ZISRAWDIRECTORY", struct.pack("<i", len(tiles)) + bytes(124) + entries)
    xml = len(out)
    out += segment(b"ZISRAWMETADATA", struct.pack("<ii", len(XML), 0) + bytes(248) + XML)
    out[:32] = struct.pack("<16sqq", b"ZISRAWFILE", 512, 512)
    out[84:100] = struct.pack("<qq", directory, xml)
    return bytes(out)


@pytest.mark.parametrize(("compression", "dtype"), [(0, "u1"), (0, "f4"), (5, "u2"), (6, "u2"), (4, "u2"), (4, "u1")])
def test_channels_and_sections_come_back_with_their_values(compression, dtype):
    array = RNG.integers(0, 200, (2, 3, 20, 30)).astype(dtype)
    tiles = [(array[c, z], {"X": 0, "Y": 0, "C": c, "Z": z}, 1) for z in range(3) for c in range(2)]
    tiles.append((array[0, 0, ::2, ::2].copy(), {"X": 0, "Y": 0, "C": 0, "Z": 0}, 2))
    source = BytesSource(written(tiles, compression), "a.czi")
    description = inspect(source, "a.czi")
    (header,) = description.images
    assert (header.axes, header.shape, header.channels, header.dtype) == ("czyx", (2, 3, 20, 30), ("DAPI", "GFP"), array.dtype.name)
    assert header.voxel_size.as_json() == {"z": None, "y": 0.2, "x": 0.2, "unit": "micrometer"}
    assert description.metadata["objective"] == {"model": "Plan", "numerical_aperture": 1.4}
    image = open_image(source, "czi", 0, header)
    np.testing.assert_array_equal(image[...], array)
    np.testing.assert_array_equal(image[1, 0:3:2, 5:15:3, ::-2], array[1, 0:3:2, 5:15:3, ::-2])


def test_mosaics_are_put_together_and_scenes_are_images():
    array = RNG.integers(0, 200, (40, 50)).astype("u1")
    tiles = [
        (array[y : y + 20, x : x + 25].copy(), {"X": x - 7, "Y": y - 3, "S": 0, "M": m}, 1)
        for m, (y, x) in enumerate([(0, 0), (0, 25), (20, 0), (20, 25)])
    ]
    tiles.append((array[:10, :10].copy(), {"X": 500, "Y": 500, "S": 1, "M": 0}, 1))
    source = BytesSource(written(tiles), "a.czi")
    assert [(h.name, h.shape) for h in inspect(source, "a").images] == [("scene 0", (40, 50)), ("scene 1", (10, 10))]
    np.testing.assert_array_equal(open_image(source, "czi")[...], array)
    assert sum(int(block.sum()) for block in open_image(source, "czi").blocks(500)) == int(array.sum())
    np.testing.assert_array_equal(open_image(source, "czi", 1)[...], array[:10, :10])


def test_where_tiles_overlap_the_one_with_the_higher_number_lies_on_top():
    tiles = [(np.full((10, 10), m + 1, "u1"), {"X": 5 * m, "Y": 0, "M": m}, 1) for m in (1, 0)]
    image = open_image(BytesSource(written(tiles), "a.czi"), "czi")
    assert image[0].tolist() == [1] * 5 + [2] * 10


def test_colours_come_red_first():
    array = RNG.integers(0, 200, (20, 30, 3)).astype("u1")
    source = BytesSource(written([(array, {"X": 0, "Y": 0}, 1)]), "a.czi")
    (header,) = inspect(source, "a").images
    assert (header.axes, header.channels) == ("cyx", ("red", "green", "blue"))
    image = open_image(source, "czi")
    np.testing.assert_array_equal(image[...], np.moveaxis(array[..., ::-1], -1, 0))
    np.testing.assert_array_equal(image[2, :, 4], array[:, 4, 0])


@pytest.mark.parametrize(("compression", "severity"), [(2, "warning"), (120, "warning"), (3, "error")])  # LZW, a camera's own, nobody's
def test_a_compression_of_a_camera_is_kept_and_not_decoded(compression, severity):
    data = written([(np.zeros((20, 30), "u1"), {"X": 0, "Y": 0}, 1)], compression)
    assert [(r.rule, r.severity) for r in inspect(BytesSource(data, "a.czi"), "a").remarks] == [("czi.sample_type", severity)]


def test_lies_are_errors():
    whole = written([(np.zeros((20, 30), "u1"), {"X": 0, "Y": 0}, 1)])
    assert [r.rule for r in inspect(BytesSource(whole[:600], "a.czi"), "a").remarks] == ["czi.unreadable"]
    far = written([(np.zeros((20, 30), "u1"), {"X": x, "Y": x}, 1) for x in (0, 2_000_000_000)])
    assert [r.rule for r in inspect(BytesSource(far, "a.czi"), "a").remarks] == ["czi.size"]


@pytest.mark.parametrize("compression", [0, 5])
def test_random_damage_is_survived(compression):
    whole = written([(np.ones((20, 30), "u1"), {"X": 0, "Y": 0, "C": c}, 1) for c in range(2)], compression)
    for data in damaged(whole, count=300):
        survives(data, "a.czi", largest_bytes=1 << 22)
