import tracemalloc

import mrcfile
import numpy as np
import pytest
from scipy import ndimage
from scipy.ndimage import gaussian_filter

from micrographia.errors import InvalidInputError, NotFoundError, TooLargeError
from micrographia.formats import density as density_module
from micrographia.formats.density import open_density, open_mask, write_density
from micrographia.imaging.density import DensityMap

RNG = np.random.default_rng(1)


def write(path, values, voxel_size=2.0, origin=(0, 0, 0), nstart=(0, 0, 0)):
    with mrcfile.new(path, overwrite=True) as f:
        f.set_data(values)
        f.set_volume()
        f.voxel_size = voxel_size
        f.header.origin.x, f.header.origin.y, f.header.origin.z = origin
        f.nstart = nstart
    return path


def noise(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def test_a_map_keeps_its_values_voxels_and_place(tmp_path):
    values = noise(12, 10, 8)
    density = open_density(write(tmp_path / "a.mrc", values, (1.0, 2.0, 3.0), origin=(7, -5, 3)))
    assert np.array_equal(density.values, values)
    assert density.voxel_size_a == (3.0, 2.0, 1.0)
    assert density.origin_xyz_a == (7.0, -5.0, 3.0)
    assert np.allclose(density.middle_xyz_a, (7 + 4, -5 + 10, 3 + 18))


def test_without_an_origin_the_start_in_the_cell_places_the_map(tmp_path):
    assert open_density(write(tmp_path / "a.mrc", noise(9, 9, 9), 2.0, nstart=(-4, 1, 2))).origin_xyz_a == (-8.0, 2.0, 4.0)


def test_a_voxel_size_that_is_given_replaces_the_headers_and_scales_its_origin(tmp_path):
    path = write(tmp_path / "a.mrc", noise(9, 9, 9), 2.0, nstart=(-4, 1, 2))
    density = open_density(path, voxel_size_a=3.0)
    assert density.voxel_size_a == (3.0, 3.0, 3.0)
    assert density.origin_xyz_a == (-12.0, 3.0, 6.0)


@pytest.mark.parametrize(
    ("values", "voxel_size", "said"),
    [
        (np.zeros((9, 9, 9), np.float32), 2.0, "everywhere"),
        (np.full((9, 9, 9), np.nan, np.float32), 2.0, "NaN"),
        ((noise(20, 20, 20) > 0.5).astype(np.float32), 2.0, "mask"),
        (gaussian_filter(np.pad(np.ones((12, 12, 12), np.float32), 8), 1.5, truncate=2), 2.0, "mask"),
        (1e30 * noise(9, 9, 9), 2.0, "Scale the map"),
        (noise(4, 9, 9), 2.0, "at least 8"),
        (noise(9, 9, 9), 0.0, "voxel size"),
        (noise(9, 9, 9).astype(np.complex64), 2.0, "complex64"),
    ],
)
def test_what_is_no_density_map_is_refused_with_a_sentence(tmp_path, values, voxel_size, said):
    with np.errstate(all="ignore"), pytest.warns() if np.isnan(values).any() else np.errstate():
        path = write(tmp_path / "a.mrc", values, voxel_size)
    with pytest.raises(InvalidInputError, match=said):
        open_density(path)


def test_a_stack_of_images_is_no_map(tmp_path):
    with mrcfile.new(tmp_path / "tilts.mrc") as f:
        f.set_data(noise(41, 16, 16))
        f.set_image_stack()
    with pytest.raises(InvalidInputError, match="is a stack of 41 images; expected a density map"):
        open_density(tmp_path / "tilts.mrc")


def test_a_file_that_is_no_map_or_not_there_is_said(tmp_path):
    (tmp_path / "a.mrc").write_text("not a map")
    with pytest.raises(InvalidInputError, match="not an MRC file"):
        open_density(tmp_path / "a.mrc")
    with pytest.raises(NotFoundError):
        open_density(tmp_path / "b.mrc")


def wave(shape, k):
    z, y, x = (np.arange(n) / n for n in shape)
    return np.cos(2 * np.pi * (k[0] * z[:, None, None] + k[1] * y[:, None] + k[2] * x) + 0.3).astype(np.float32)


def test_a_long_box_is_coarsened_while_it_is_read_and_keeps_its_place_and_size(tmp_path):
    path = write(tmp_path / "a.mrc", wave((40, 30, 640), (3, 2, 9)) + wave((40, 30, 640), (0, 0, 300)), 2.0, origin=(7, -5, 3))
    density = open_density(path)
    assert density.shape_zyx == (32, 24, 512)
    assert density.cropped_from_zyx == (40, 30, 640)
    assert density.voxel_size_a == (2.5, 2.5, 2.5)
    assert density.origin_xyz_a == (7.0, -5.0, 3.0)
    assert np.allclose(density.values, wave((32, 24, 512), (3, 2, 9)), atol=1e-5)


def test_coarsening_takes_the_memory_of_the_coarse_sections_only(tmp_path, monkeypatch):
    monkeypatch.setattr(density_module, "LONGEST_SIDE", 32)
    monkeypatch.setattr(density_module, "_BAND_BYTES", 1 << 18)
    path = write(tmp_path / "a.mrc", noise(128, 128, 128))
    open_density(path)
    tracemalloc.start()
    density = open_density(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert density.shape_zyx == (32, 32, 32)
    sections = 128 * 32 * 32 * 4
    assert peak < sections + 8 * (1 << 18)
    assert peak < 128**3 * 4 / 3


@pytest.mark.parametrize(("value", "said"), [(np.nan, "1 voxels that are NaN"), (0, "is 0 everywhere")])
def test_nonsense_in_a_long_box_is_refused_too(tmp_path, value, said):
    values = np.zeros((8, 8, 520), np.float32)
    values[3, 4, 5] = value
    with np.errstate(all="ignore"), pytest.warns() if np.isnan(value) else np.errstate():
        path = write(tmp_path / "a.mrc", values)
    with pytest.raises(InvalidInputError, match=said):
        open_density(path)


def test_a_box_beyond_what_is_read_is_refused(tmp_path):
    with pytest.raises(TooLargeError, match="at most 2048"):
        open_density(write(tmp_path / "a.mrc", noise(8, 8, 2050)))


def test_a_mask_is_read_on_the_grid_of_its_map_and_what_is_none_is_refused(tmp_path):
    density = open_density(write(tmp_path / "a.mrc", noise(20, 20, 20)))
    soft = np.zeros((20, 20, 20), np.float32)
    soft[5:15, 5:15, 5:15] = 1
    soft[4] = 0.5
    assert np.array_equal(open_mask(write(tmp_path / "m.mrc", soft), density), soft)
    with pytest.raises(InvalidInputError, match="expected a mask"):
        open_mask(tmp_path / "a.mrc", density)
    with pytest.raises(InvalidInputError, match="20 × 20 × 19"):
        open_mask(write(tmp_path / "m.mrc", soft[:, :, 1:]), density)
    with pytest.raises(InvalidInputError, match="voxels of 3 Å"):
        open_mask(write(tmp_path / "m.mrc", soft, 3.0), density)
    with pytest.raises(InvalidInputError, match="looks like a mask"):
        open_density(write(tmp_path / "m.mrc", (soft == 1).astype(np.float32)))


@pytest.mark.parametrize("length", [48, 520], ids=["read at once", "read in bands"])
def test_a_mask_that_a_filter_softened_is_told_though_its_inside_is_only_nearly_1(tmp_path, length):
    mask = np.zeros((48, 48, length), np.float32)
    mask[12:-12, 12:-12, 12:-12] = 1
    soft = ndimage.gaussian_filter(mask, 1) * np.random.default_rng(1).uniform(1 - 5e-5, 1, mask.shape).astype(np.float32)
    soft[24, 24, 24] = 1
    with pytest.raises(InvalidInputError, match="looks like a mask"):
        open_density(write(tmp_path / "m.mrc", soft))


def test_a_map_that_lies_high_above_zero_is_no_mask(tmp_path):
    assert open_density(write(tmp_path / "a.mrc", 1e4 + noise(20, 20, 20))).shape_zyx == (20, 20, 20)


def test_a_mask_of_a_long_box_is_coarsened_with_its_map(tmp_path):
    density = open_density(write(tmp_path / "a.mrc", noise(10, 10, 640)))
    soft = np.zeros((10, 10, 640), np.float32)
    soft[:, :, 100:300] = 1
    mask = open_mask(write(tmp_path / "m.mrc", soft), density)
    assert mask.shape == density.shape_zyx == (8, 8, 512)
    assert mask[:, :, 90:230].min() > 0.95
    assert mask[:, :, 260:].max() < 0.05


def test_a_map_that_is_written_is_read_again_where_it_was(tmp_path):
    density = DensityMap(noise(8, 9, 10), (3.0, 2.0, 1.5), (-4.0, 5.5, 6.0))
    write_density(tmp_path / "a.mrc", density, "µ of a test")
    again = open_density(tmp_path / "a.mrc")
    assert np.array_equal(again.values, density.values)
    assert again.voxel_size_a == density.voxel_size_a and again.origin_xyz_a == density.origin_xyz_a
    with mrcfile.open(tmp_path / "a.mrc") as file:
        assert file.header.nxstart == 0 and file.header.label[0].startswith(b"? of a test")


def test_a_truncated_file_says_that_its_end_is_missing(tmp_path):
    path = write(tmp_path / "a.mrc", noise(9, 9, 9))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InvalidInputError, match="the end is missing"):
        open_density(path)
