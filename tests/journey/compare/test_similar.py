"""A map finds its complex among released maps, turned, shifted, resampled and noisy; and nothing that is not public."""

import json
import shutil

import mrcfile
import numpy as np
import pytest

from micrographia.archive.curate import accept_entry
from micrographia.archive.deposit import deposit_folder
from micrographia.archive.release import release_entry
from micrographia.archive.withdraw import withdraw_entry
from micrographia.assembly import open_archive
from micrographia.compare.shape_index import open_index
from micrographia.compare.shapes import SHAPE
from micrographia.compare.similar import find_similar, nearest_maps
from micrographia.derive.making import derive
from micrographia.errors import InvalidInputError
from micrographia.imaging.density import DensityMap
from micrographia.imaging.shape import shape_of
from micrographia.settings import Settings
from micrographia.testing.assemblies import globular, symmetric
from micrographia.testing.examples import HOOKE
from micrographia.testing.map_pairs import make_pair

COMPLEXES = (globular(3, domains=5), symmetric("C5", 2), symmetric("D3", 4))
PAIRS = [make_pair(c, 30 + n, side=36, resolution_a=(8.0, 12.0), snr=(2.0, 4.0)) for n, c in enumerate(COMPLEXES)]


def write_map(path, density):
    path.parent.mkdir(parents=True, exist_ok=True)
    with mrcfile.new(path) as file:
        file.set_data(density.values)
        file.voxel_size = density.voxel_size_a[0]
        file.set_volume()
        for axis, value in zip("xyz", density.origin_xyz_a, strict=True):
            setattr(file.header.origin, axis, value)


def deposit(archive, where, density, until="released"):
    write_map(where / "map.mrc", density)
    return deposit_folder(archive, where, given=HOOKE, until=until).accession


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An archive of three released maps, and one that is accepted, all of them prepared."""
    home = tmp_path_factory.mktemp("similar")
    archive = open_archive(Settings(home=home / "archive", workers=1))
    for number, pair in enumerate(PAIRS):
        deposit(archive, home / f"in{number}", pair.a)
    private = deposit(archive, home / "private", make_pair(COMPLEXES[0], 77, side=36, snr=(4.0, 5.0)).a, "submitted")
    accept_entry(archive, private)
    assert derive(archive, (SHAPE,)).failed == 0
    archive.catalogue.close()
    return home / "archive"


@pytest.fixture
def archive(made, tmp_path):
    """A copy of it."""
    shutil.copytree(made, tmp_path / "archive", symlinks=True)
    opened = open_archive(Settings(home=tmp_path / "archive", workers=1))
    yield opened
    opened.catalogue.close()


def test_each_complex_is_found_and_superposed(archive):
    for number, pair in enumerate(PAIRS):
        found = find_similar(archive, pair.b)
        assert found.similar and found.unprepared == 0
        best = found.results[0]
        assert str(best.image) == f"MG-{10001 + number}.1.1"
        # the archived map is A of the pair, and its transform goes the other way
        error_deg, error_a = pair.error_of(np.linalg.inv(best.transform))
        assert error_deg < 3 and error_a < 5
        assert not best.mirrored


def test_a_mirror_image_is_found_and_called_one(archive):
    pair = make_pair(COMPLEXES[0], 31, side=36, resolution_a=(8.0, 12.0), snr=(2.0, 4.0), mirrored=True)
    best = find_similar(archive, pair.b, limit=1).results[0]
    assert str(best.image) == "MG-10001.1.1" and best.mirrored and np.linalg.det(best.transform[:3, :3]) < 0


def test_noise_is_similar_to_nothing(archive):
    noise = np.random.default_rng(1).standard_normal((40, 40, 40)).astype(np.float32)
    found = find_similar(archive, DensityMap(noise, (4.0, 4.0, 4.0)))
    assert not found.similar and found.rescaled is None
    assert all(result.confidence < 0.5 for result in found.results)


def test_the_document_is_json_with_what_was_promised(archive):
    told = json.loads(json.dumps(find_similar(archive, PAIRS[1].b, limit=2).as_json()))
    assert set(told) == {"results", "similar"} and told["similar"] is True
    assert len(told["results"]) == 2
    for result in told["results"]:
        assert set(result) == {"accession", "image", "score", "confidence", "mirrored", "transform"}
        assert np.shape(result["transform"]) == (4, 4)


def test_a_wrong_voxel_size_hides_a_map_and_the_right_one_is_offered(archive):
    query = PAIRS[0].b
    wrong = DensityMap(query.values, tuple(1.6 * v for v in query.voxel_size_a), query.origin_xyz_a)
    found = find_similar(archive, wrong)
    assert not found.similar
    assert str(found.rescaled.image) == "MG-10001.1.1" and found.rescaled.scale == pytest.approx(1 / 1.6, rel=0.04)


def test_stages_are_told_in_order(archive):
    shares = []
    find_similar(archive, PAIRS[1].b, limit=2, progress=lambda share, stage: shares.append((share, stage)))
    assert [share for share, _ in shares] == sorted(share for share, _ in shares)
    assert "MG-10002" in shares[2][1]


def test_a_map_that_is_not_released_is_no_candidate_for_anybody(archive):
    shape = shape_of(PAIRS[0].b)
    assert {str(c.image.accession) for c in nearest_maps(archive, shape).candidates} == {"MG-10001", "MG-10002", "MG-10003"}
    release_entry(archive, "MG-10004")
    assert "MG-10004" in {c.image.accession for c in nearest_maps(archive, shape).candidates}
    withdraw_entry(archive, "MG-10004", reason="The lens was dirty.")
    assert "MG-10004" not in {c.image.accession for c in nearest_maps(archive, shape).candidates}


def test_released_maps_that_are_not_prepared_are_counted(archive, tmp_path):
    deposit(archive, tmp_path / "new", PAIRS[2].b)
    assert find_similar(archive, PAIRS[2].b, limit=1).unprepared == 1
    derive(archive, (SHAPE,))
    found = find_similar(archive, PAIRS[2].b, limit=1)
    assert found.unprepared == 0 and str(found.results[0].image) == "MG-10005.1.1"


def test_a_mask_is_prepared_and_never_found(archive, tmp_path):
    z, y, x = np.indices((24, 24, 24)) - 12
    deposit(archive, tmp_path / "mask", DensityMap((z**2 + y**2 + x**2 < 64).astype(np.float32), (4.0, 4.0, 4.0)))
    assert derive(archive, (SHAPE,)).failed == 0
    near = nearest_maps(archive, shape_of(PAIRS[0].b))
    assert near.unprepared == 0 and "MG-10005" not in {c.image.accession for c in near.candidates}


def test_what_was_gathered_is_gathered_again_where_it_is_lost_and_read_where_it_is_not(archive):
    first = open_index(archive)
    path = archive.settings.derived / SHAPE.folder / "index.npz"
    written = path.stat().st_mtime_ns
    np.testing.assert_array_equal(open_index(archive).vectors, first.vectors)
    assert path.stat().st_mtime_ns == written
    path.unlink()
    np.testing.assert_array_equal(open_index(archive).vectors, first.vectors)
    assert path.exists()


def test_less_than_one_result_is_refused(archive):
    with pytest.raises(InvalidInputError, match="at least 1"):
        find_similar(archive, PAIRS[0].b, limit=0)
