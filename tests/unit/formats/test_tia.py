"""SER: series of TIA, written here by their published layout."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from micrographia.formats.registry import inspect, open_image
from micrographia.formats.source import BytesSource, FileSource
from micrographia.testing.damage import damaged, survives


def series(arrays, *, version=0x220, axes=(), kind=0x4122, spacing=2e-10) -> bytes:
    word = "<Q" if version == 0x220 else "<I"
    width = struct.calcsize(word)
    named = b"".join(struct.pack("<IddI", n, 0.0, 1.0, 0) + b"\4\0\0\0Line\2\0\0\0nm" for n in axes)
    table = 22 + width + 4 + 4 + len(named)
    head = struct.pack("<2sHHIIII", b"II", 0x197, version, kind, 0x4152, len(arrays), len(arrays))
    out, offsets = b"", []
    for array in arrays:
        offsets.append(table + 2 * width * len(arrays) + len(out))
        code = {"u2": 2, "i4": 6, "f4": 7}[array.dtype.str[1:]]
        out += struct.pack("<ddIddIHII", 0, spacing, 0, 0, spacing, 0, code, *array.shape[::-1]) + array.tobytes()
    tags = [table + 2 * width * len(arrays) + len(out)] * len(arrays)
    head += struct.pack(word, len(head) + width + 4 + len(named)) + struct.pack("<I", len(axes)) + named
    places = b"".join(struct.pack(word, n + len(head) - table) for n in (*offsets, *tags))
    return head + places + out + struct.pack("<HxxI", 0x4152, 86400)


@pytest.mark.parametrize("version", [0x210, 0x220])
@pytest.mark.parametrize("dtype", ["<u2", "<i4", "<f4"])
def test_a_series_is_a_stack(version, dtype):
    arrays = np.arange(60).reshape(3, 4, 5).astype(dtype)
    source = BytesSource(series(arrays, version=version), "a.ser")
    description = inspect(source, "a.ser")
    (header,) = description.images
    assert (header.axes, header.shape, header.is_stack, description.metadata["date"]) == (
        "zyx",
        (3, 4, 5),
        True,
        "1970-01-02T00:00:00+00:00",
    )
    assert header.voxel_size.as_json() == {"z": None, "y": 0.2, "x": 0.2, "unit": "nanometer"}
    np.testing.assert_array_equal(open_image(source, "ser", 0, header)[...], arrays)


def test_scanned_axes_come_first():
    arrays = np.arange(120, dtype="<u2").reshape(6, 4, 5)
    source = BytesSource(series(arrays, axes=(3, 2), spacing=4e7), "a.ser")
    (header,) = inspect(source, "a.ser").images
    assert (header.axes, header.shape, header.voxel_size) == ("tzyx", (2, 3, 4, 5), None)
    np.testing.assert_array_equal(open_image(source, "ser")[...], arrays.reshape(2, 3, 4, 5))


def test_images_of_differing_size_are_images_of_their_own():
    arrays = [np.ones((4, 5), "<u2"), np.ones((6, 5), "<u2")]
    assert [h.shape for h in inspect(BytesSource(series(arrays), "a.ser"), "a.ser").images] == [(4, 5), (6, 5)]


def test_spectra_are_said_to_be_there():
    description = inspect(BytesSource(series([np.ones((4, 5), "<u2")], kind=0x4120), "a.ser"), "a.ser")
    assert [r.rule for r in description.remarks] == ["ser.spectra"]


def test_random_damage_is_survived():
    for data in damaged(series(np.ones((3, 4, 5), "<u2"), axes=(3,))):
        survives(data, "a.ser")


def test_a_real_file(real_data):
    with FileSource(real_data / "gpl/rosettasciio/tia/new/128x128x5-diffraction_preview_1.ser") as source:
        (header,) = inspect(source, "a").images
        assert (header.shape, header.dtype, header.voxel_size) == ((5, 128, 128), "int32", None)
        assert open_image(source, "ser")[0, 0, :5].tolist() == [1180, 118, 120, 175, -114]
