"""OIR: files written here by the layout that is known of it."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from micrographia.formats.registry import inspect, open_image
from micrographia.formats.source import BytesSource
from micrographia.testing.damage import damaged, survives

IDS = ("0a1b2c3d-0000-1111-2222-333344445555", "ffeeddcc-0000-1111-2222-333344445555")
IMAGE = f"""<?xml version="1.0" encoding="UTF-8"?><lsmimage:imageProperties xmlns:lsmimage="l" xmlns:commonphase="p" xmlns:commonparam="c">
<commonphase:channel id="{IDS[0]}" order="2"><commonphase:name>CH2</commonphase:name></commonphase:channel>
<commonphase:channel id="{IDS[1]}" order="1"><commonphase:name>DAPI</commonphase:name>
<commonphase:startWavelength>430</commonphase:startWavelength><commonphase:endWavelength>470</commonphase:endWavelength></commonphase:channel>
<commonparam:axis enable="true"><commonparam:axis>ZSTACK</commonparam:axis><commonparam:maxSize>%d</commonparam:maxSize></commonparam:axis>
<commonparam:length><commonparam:x>0.1</commonparam:x><commonparam:y>0.2</commonparam:y></commonparam:length></lsmimage:imageProperties>"""
INFO = """<?xml version="1.0"?><fileinfo:fileInformation xmlns:fileinfo="f"><fileinfo:creationDateTime>2024-01-02T06:00:00Z
</fileinfo:creationDateTime></fileinfo:fileInformation>"""


def written(array, *, part_rows=3, planned=None, left_out=()) -> bytes:
    """`array` is t, z, c, y, x; each plane lies in parts of a few rows."""
    times, sections, _, height, width = array.shape
    out, places = bytearray(96), []

    def put(kind, data, length=None):
        places.append(len(out))
        out.extend(struct.pack("<II", len(data) if length is None else length, kind) + data)

    put(0, b"junk" + (IMAGE % (planned or sections)).encode() + b"\0\0" + INFO.encode())
    for t, z in np.ndindex(times, sections):
        positions = "".join(
            f"<axisValue><axisType>{axis}</axisType><position>{value}</position></axisValue>"
            for axis, value in (("ZSTACK", 0.5 * z), ("TIMELAPSE", 250.0 * t))
        )
        size = f"<width>{width}</width><height>{height}</height><depth>{array.itemsize}</depth><bitCounts>12</bitCounts>"
        put(1, f'<?xml version="1.0"?><frameProperties>{size}{positions}</frameProperties>'.encode())
        for c in range(array.shape[2]):
            for part, row in enumerate(range(0, height, part_rows)):
                if (t, z) in left_out:
                    continue
                name = f"z{z + 1:03}t{t + 1:03}_0_1_{IDS[c]}_{part}".encode()
                put(3, struct.pack("<III", 0, 0, len(name)) + name)
                put(4, array[t, z, c, row : row + part_rows].tobytes())
    index = len(out)
    out += b"\xff\xff\xff\xff" + struct.pack(f"<{len(places)}Q", *places)
    out[:48] = b"OLYMPUSRAWFORMAT" + bytes(16) + struct.pack("<QQ", len(out), index)
    return bytes(out)


ARRAY = np.random.default_rng(5).integers(0, 4096, (2, 3, 2, 8, 10)).astype("<u2")


def test_channels_sections_and_times_come_back_with_their_values():
    source = BytesSource(written(ARRAY), "a.oir")
    description = inspect(source, "a.oir")
    assert description.remarks == ()
    (header,) = description.images
    assert (header.axes, header.shape, header.channels) == ("tczyx", (2, 2, 3, 8, 10), ("DAPI", "CH2"))
    assert header.voxel_size.as_json() == {"z": 0.5, "y": 0.2, "x": 0.1, "unit": "micrometer"}
    about = header.metadata
    assert (about["time_increment_s"], about["significant_bits"], about["acquired"]) == (0.25, 12, "2024-01-02T06:00:00Z")
    assert about["channels"][0]["emission_range_nm"] == [430.0, 470.0]
    image = open_image(source, "oir", 0, header)
    expected = ARRAY.transpose(0, 2, 1, 3, 4)[:, ::-1]
    np.testing.assert_array_equal(image[...], expected)
    np.testing.assert_array_equal(image[1, :, ::-1, 1:7:2, 3:8], expected[1, :, ::-1, 1:7:2, 3:8])


def test_planes_in_further_files_are_zeros_and_that_is_said():
    source = BytesSource(written(ARRAY[:1], planned=4, left_out=[(0, 1)]), "a.oir")
    description = inspect(source, "a.oir")
    assert [r.rule for r in description.remarks] == ["oir.missing_planes"]
    image = open_image(source, "oir", 0, description.images[0])
    assert image.shape == (2, 4, 8, 10)
    assert image[0, :, 0, 0].tolist() == [ARRAY[0, 0, 1, 0, 0], 0, ARRAY[0, 2, 1, 0, 0], 0]


def test_lies_are_refused():
    whole = written(ARRAY)
    assert [r.rule for r in inspect(BytesSource(whole[:-1], "a.oir"), "a").remarks] == ["oir.unreadable"]
    huge = whole.replace(b"<width>10</width>", b"<width>9999999999</width>")
    assert inspect(BytesSource(huge, "a.oir"), "a").images == ()


@pytest.mark.parametrize("head_bytes", [96, 8000])
def test_random_damage_is_survived(head_bytes):
    for data in damaged(written(ARRAY), head_bytes=head_bytes):
        survives(data, "a.oir")
