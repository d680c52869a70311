import mrcfile
import numpy as np
import pytest

from micrographia.errors import InvalidInputError, NotFoundError, TooLargeError
from micrographia.formats.density import open_density

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


def test_a_file_that_is_no_map_or_not_there_is_said(tmp_path):
    (tmp_path / "a.mrc").write_text("not a map")
    with pytest.raises(InvalidInputError, match="expected a density map"):
        open_density(tmp_path / "a.mrc")
    with pytest.raises(NotFoundError):
        open_density(tmp_path / "b.mrc")


def test_a_box_beyond_the_limit_is_refused(tmp_path):
    with pytest.raises(TooLargeError, match="at most 512"):
        open_density(write(tmp_path / "a.mrc", np.broadcast_to(np.float32(1), (8, 8, 600)).copy()))
