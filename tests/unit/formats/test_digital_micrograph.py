"""DM3 and DM4: tags are written here by their published layout."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from micrographia.formats.registry import inspect, open_image
from micrographia.formats.source import BytesSource, FileSource
from micrographia.testing.damage import damaged, survives

CODES = {"h": 2, "i": 3, "H": 4, "I": 5, "f": 6, "d": 7}


class Writer:
    def __init__(self, version=4, order="<"):
        self.order, self.size, self.version = order, ">Q" if version == 4 else ">I", version

    def value(self, value):
        if isinstance(value, np.ndarray):
            data = value.astype(value.dtype.newbyteorder(self.order)).tobytes()
            return self.numbers(20, CODES[value.dtype.char], value.size) + data
        if isinstance(value, str):
            data = value.encode("utf-16-le" if self.order == "<" else "utf-16-be")
            return self.numbers(20, 4, len(value)) + data
        if isinstance(value, tuple):
            return self.numbers(15, 0, len(value), *(n for _ in value for n in (0, 5))) + struct.pack(f"{self.order}{len(value)}I", *value)
        form = "d" if isinstance(value, float) else "I"
        return self.numbers(CODES[form]) + struct.pack(f"{self.order}{form}", value)

    def numbers(self, *numbers):
        return b"%%%%" + b"".join(struct.pack(self.size, n) for n in (len(numbers), *numbers))

    def group(self, members):
        items = members.items() if isinstance(members, dict) else [("", m) for m in members]
        out = b"\1\0" + struct.pack(self.size, len(items))
        for label, member in items:
            is_group = isinstance(member, dict | list)
            body = self.group(member) if is_group else self.value(member)
            out += struct.pack(">BH", 20 if is_group else 21, len(label)) + label.encode("latin-1")
            out += (struct.pack(">Q", len(body)) if self.version == 4 else b"") + body
        return out

    def file(self, tree):
        body = self.group(tree)
        return struct.pack(">I", self.version) + struct.pack(self.size, len(body)) + struct.pack(">I", self.order == "<") + body


def image(array, code, *, units=("nm", "nm", "nm"), scale=0.25):
    sides = array.shape[::-1]
    calibration = [{"Origin": 0.0, "Scale": scale, "Units": unit} for unit, _ in zip(units, sides, strict=False)]
    return {
        "ImageData": {
            "Calibrations": {"Dimension": calibration},
            "Data": array.ravel(),
            "DataType": code,
            "Dimensions": [int(n) for n in sides],
        },
        "ImageTags": {
            "Microscope Info": {"Voltage": 300000.0, "Indicated Magnification": 81000.0, "Microscope": "Krios"},
            "rect": (1, 2, 3, 4),
        },
        "Name": "grid 4",
    }


def written(*images, version=4, order="<", thumbnails=True):
    thumb = image(np.zeros((4, 4), "u4"), 23)
    tree = {"ImageList": [*([thumb] if thumbnails else []), *images]}
    if thumbnails:
        tree["Thumbnails"] = [{"ImageIndex": 0}]
    return BytesSource(Writer(version, order).file(tree), f"a.dm{version}")


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("dtype", "code"), [("i2", 1), ("u2", 10), ("f4", 2), ("i4", 7)])
def test_images_come_back_with_their_values(version, order, dtype, code):
    array = np.arange(60).reshape(3, 4, 5).astype(dtype)
    source = written(image(array, code), version=version, order=order)
    description = inspect(source, "a")
    (header,) = description.images
    assert (header.axes, header.shape, header.dtype, header.is_stack, header.name) == ("zyx", (3, 4, 5), array.dtype.name, False, "grid 4")
    assert header.voxel_size.as_json() == {"z": 0.25, "y": 0.25, "x": 0.25, "unit": "nanometer"}
    assert header.metadata == {"voltage_kv": 300.0, "magnification": 81000.0, "microscope": "Krios"}
    np.testing.assert_array_equal(open_image(source, "dm", 0, header)[...], array)


def test_an_axis_that_is_no_length_makes_a_stack():
    source = written(image(np.zeros((3, 4, 5), "f4"), 2, units=("nm", "nm", "eV")))
    (header,) = inspect(source, "a").images
    assert (header.is_stack, header.voxel_size.z) == (True, None)
    assert header.metadata["calibration"][2] == {"scale": 0.25, "unit": "eV"}


def test_colour_comes_as_channels():
    array = np.arange(20, dtype="u4").reshape(4, 5) * 0x010203
    source = written(image(array, 23), thumbnails=False)
    (header,) = inspect(source, "a").images
    assert (header.axes, header.shape, header.channels) == ("cyx", (3, 4, 5), ("red", "green", "blue"))
    expected = np.stack([array >> 16 & 255, array >> 8 & 255, array & 255])
    np.testing.assert_array_equal(open_image(source, "dm")[...], expected)


def test_what_is_missing_or_unknown_is_a_remark():
    array = np.zeros((8, 9), "f4")
    for code, severity in ((5, "warning"), (99, "error")):  # packed half transforms; nothing that is known
        assert [(r.rule, r.severity) for r in inspect(written(image(array, code)), "a").remarks] == [("dm.sample_type", severity)]
    short = image(array, 2)
    short["ImageData"]["Dimensions"] = [9, 9]
    assert [r.rule for r in inspect(written(short), "a").remarks] == ["dm.unreadable"]
    assert [r.rule for r in inspect(written(image(np.zeros(9, "f4"), 2)), "a").remarks] == ["dm.no_image"]


@pytest.mark.parametrize("version", [3, 4])
def test_random_damage_is_survived(version):
    source = written(image(np.ones((8, 9), "f4"), 2), version=version)
    for data in damaged(source.read(0, source.size)):
        survives(data, "a.dm3")


def test_real_files(real_data):
    folder = real_data / "gpl/rosettasciio/digitalmicrograph/2D"
    with FileSource(folder / "test-MonarcCL_mono-image.dm4") as source:
        (header,) = inspect(source, "a").images
        assert header.metadata["voltage_kv"] == 3.0
        assert open_image(source, "dm")[...].tolist() == [[10, 9], [10, 10]]
    with FileSource(folder / "test_diffraction_pattern_tags_removed.dm3") as source:
        (header,) = inspect(source, "a").images
        assert (header.shape, header.voxel_size, header.metadata["detector"]) == ((87, 87), None, "BM-UltraScan")
