import io

import mrcfile
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from micrographia.errors import InvalidInputError
from micrographia.formats.exporting import block_of, encode_mrc, encode_tiff
from micrographia.formats.mrc import inspect
from micrographia.formats.source import BytesSource
from micrographia.model.image import VoxelSize
from micrographia.model.records import ImageRecord


def record(axes="zyx", shape=(9, 20, 30), dtype="int16", **more):
    more = {"voxel_size": VoxelSize(4.0, 3.0, 2.0), "origin": (10.0, 20.0, 30.0), **more}
    return ImageRecord(number=1, path="a.mrc", format="mrc", kind="tomogram", axes=axes, shape=shape, dtype=dtype, **more)


def block(array, start=(0, 0, 0), factors=(1, 1, 1), axes="zyx", **more):
    return block_of(record(axes, array.shape, array.dtype.name, **more), array, start, factors, "MG-10001.1.1")


@given(st.sampled_from(["int8", "int16", "uint16", "float32", "complex64", "float16"]), st.tuples(*[st.integers(1, 4)] * 3))
def test_mrcfile_reads_what_we_write(dtype, shape):
    array = np.random.default_rng(0).normal(50, 20, shape).astype(dtype)
    with mrcfile.mrcinterpreter.MrcInterpreter(io.BytesIO(encode_mrc(block(array)))) as file:
        assert file.data.dtype == array.dtype and np.array_equal(file.data.reshape(shape), array)
        assert file.voxel_size.tolist() == (2.0, 3.0, 4.0)


def test_a_block_knows_its_place_in_the_whole():
    data = encode_mrc(block(np.zeros((2, 3, 4), np.float32), start=(1, 2, 3)))
    image = inspect(BytesSource(data, "a.mrc"), "a.mrc").images[0]
    assert image.origin == (14.0, 26.0, 36.0) and image.voxel_size == VoxelSize(4.0, 3.0, 2.0)


def test_at_a_lower_level_voxels_are_larger_and_their_centres_lie_between():
    made = block(np.zeros((2, 3, 4), np.float32), start=(1, 0, 0), factors=(2, 2, 2))
    assert made.voxel_size == VoxelSize(8.0, 6.0, 4.0) and made.origin == (10 + (2 + 0.5) * 4, 20 + 1.5, 30 + 1.0)


def test_units_become_angstrom_in_mrc():
    made = block(np.zeros((1, 2, 2), np.uint8), voxel_size=VoxelSize(None, 0.5, 0.5, "nanometer"), origin=None, is_stack=True)
    image = inspect(BytesSource(encode_mrc(made), "a.mrc"), "a.mrc").images[0]
    assert image.dtype == "uint16" and image.voxel_size.y == 5.0


@pytest.mark.parametrize("dtype", ["float64", "int32", "uint32", "int64"])
def test_types_that_mrc_has_not_are_refused(dtype):
    with pytest.raises(InvalidInputError, match="npy and tiff"):
        encode_mrc(block(np.zeros((1, 2, 2), dtype)))


def test_four_axes_are_too_many_for_mrc():
    with pytest.raises(InvalidInputError, match="three axes"):
        encode_mrc(block(np.zeros((2, 2, 2, 2), np.int16), (0,) * 4, (1,) * 4, "czyx"))
    assert encode_mrc(block(np.zeros((1, 2, 2, 2), np.int16), (0,) * 4, (1,) * 4, "czyx"))


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "int16", "uint16", "int32", "int64", "uint64", "float16", "float32", "float64", "complex64", "complex128"]
)
def test_tifffile_reads_what_we_write(dtype):
    array = np.random.default_rng(0).normal(50, 20, (2, 3, 4)).astype(dtype)
    got = tifffile.imread(io.BytesIO(encode_tiff(block(array))))
    assert np.array_equal(got.reshape(array.shape), array)


def test_ome_tiff_keeps_voxel_size_and_place():
    from micrographia.formats.registry import inspect as describe

    data = encode_tiff(block(np.zeros((2, 3, 4), np.float32), start=(1, 2, 3)))
    image = describe(BytesSource(data, "a.ome.tif"), "a.ome.tif").images[0]
    assert image.voxel_size.in_angstrom() == pytest.approx((4.0, 3.0, 2.0))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        assert 'PositionX="36.0"' in file.ome_metadata and 'PositionZ="14.0"' in file.ome_metadata


def test_colour_stays_colour():
    array = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    made = block(array, (0, 0, 0), (1, 1, 1), "yxs")
    assert np.array_equal(tifffile.imread(io.BytesIO(encode_tiff(made))), array)
