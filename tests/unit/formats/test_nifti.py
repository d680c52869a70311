"""NIfTI as nibabel writes it."""

from __future__ import annotations

import gzip

import nibabel
import numpy as np
import pytest

from micrographia.formats.registry import inspect, open_image
from micrographia.formats.source import BytesSource
from micrographia.testing.damage import damaged, survives

KINDS = {1: nibabel.Nifti1Image, 2: nibabel.Nifti2Image}


def written(array, version=1, unit="mm", spacing=(0.5, 0.25, 2.0)) -> bytes:
    image = KINDS[version](array, np.diag([*spacing, 1.0]))
    image.header.set_xyzt_units(unit, "sec")
    image.header["descrip"] = b"mouse 4"
    return image.to_bytes()


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("dtype", ["u1", "<i2", ">i2", "<f4", "<u2", ">f8", "c8"])
def test_volumes_come_back_with_their_values(version, dtype):
    array = np.arange(60).reshape(5, 4, 3).astype(dtype)
    source = BytesSource(written(array, version), "a.nii")
    description = inspect(source, "a.nii")
    (header,) = description.images
    assert (description.format, header.axes, header.shape, header.metadata["description"]) == ("nifti", "zyx", (3, 4, 5), "mouse 4")
    assert header.voxel_size.as_json() == {"z": 2.0, "y": 0.25, "x": 0.5, "unit": "millimeter"}
    image = open_image(source, "nifti", 0, header)
    np.testing.assert_array_equal(image[...], array.T)
    np.testing.assert_array_equal(image[1, ::2, 4], array.T[1, ::2, 4])


def test_time_and_channels_and_colour():
    array = np.arange(2 * 3 * 4 * 5 * 6).reshape(6, 5, 4, 3, 2).astype("i2")
    source = BytesSource(written(array, unit="micron"), "a.nii")
    (header,) = inspect(source, "a").images
    assert (header.axes, header.shape, header.voxel_size.unit) == ("tczyx", (3, 2, 4, 5, 6), "micrometer")
    np.testing.assert_array_equal(open_image(source, "nifti")[...], array.transpose(3, 4, 2, 1, 0))
    colour = np.zeros((6, 5, 4), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    colour["G"] = np.arange(120).reshape(6, 5, 4)
    source = BytesSource(written(colour), "a.nii")
    (header,) = inspect(source, "a").images
    assert (header.axes, header.shape, header.channels) == ("czyx", (3, 4, 5, 6), ("red", "green", "blue"))
    np.testing.assert_array_equal(open_image(source, "nifti")[1], colour["G"].T)


def test_gzip_is_decoded_as_a_stream():
    array = np.arange(60).reshape(5, 4, 3).astype("f4")
    source = BytesSource(gzip.compress(written(array)), "a.nii.gz")
    description = inspect(source, "a.nii.gz")
    assert (description.format, description.images[0].layout) == ("nifti.gz", None)
    np.testing.assert_array_equal(open_image(source, "nifti.gz", 0, description.images[0])[...], array.T)
    broken = BytesSource(source.read(0, 60), "a.nii.gz")
    assert [r.rule for r in inspect(broken, "a").remarks] == ["nifti.unreadable"]


@pytest.mark.parametrize(("code", "severity"), [(1, "warning"), (1536, "warning"), (3, "error")])
def test_numbers_of_128_bits_and_single_bits_are_kept_and_not_decoded(code, severity):
    data = bytearray(written(np.zeros((5, 4, 3), "f4")))
    data[70:72] = code.to_bytes(2, "little")
    assert [(r.rule, r.severity) for r in inspect(BytesSource(bytes(data), "a.nii"), "a").remarks] == [("nifti.sample_type", severity)]


def test_a_file_that_is_cut_off_is_an_error():
    data = written(np.zeros((5, 4, 3), "f4"))
    assert [r.rule for r in inspect(BytesSource(data[:-1], "a.nii"), "a").remarks] == ["nifti.truncated"]
    assert [r.rule for r in inspect(BytesSource(data[:100], "a.nii"), "a").remarks] == ["nifti.unreadable"]


@pytest.mark.parametrize("version", [1, 2])
def test_random_damage_is_survived(version):
    for data in damaged(written(np.ones((5, 4, 3), "f4"), version), head_bytes=600):
        survives(data, "a.nii")
