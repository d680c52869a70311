"""Sections, blocks and spectra of larger images than the other tests have, over HTTP."""

import io

import mrcfile
import numpy as np
import pytest
import tifffile
from PIL import Image

from micrographia.archive.deposit import deposit_folder
from micrographia.assembly import open_archive
from micrographia.examine import Given
from micrographia.settings import Settings
from micrographia.web.app import create_app


@pytest.fixture(scope="module")
def truth():
    rng = np.random.default_rng(1665)
    waves = np.add.outer(np.sin(np.arange(417) / 20), np.cos(np.arange(601) / 30))
    return {
        "tomo.mrc": (rng.normal(100, 20, (21, 31, 301))).astype(np.int16),
        "micrograph.mrc": (1000 * waves + rng.normal(0, 50, waves.shape)).astype(np.float32),
        "frames.tif": rng.integers(0, 4000, (5, 40, 60), dtype=np.uint16),
        "colour.tif": rng.integers(0, 255, (70, 90, 3), dtype=np.uint8),
    }


@pytest.fixture(scope="module")
def web(tmp_path_factory, truth, client_of):
    where = tmp_path_factory.mktemp("streams")
    folder = where / "in"
    folder.mkdir()
    for name, array in truth.items():
        if name.endswith(".mrc"):
            with mrcfile.new(folder / name) as file:
                file.set_data(array)
                file.voxel_size = 2.5
                file.header.origin = (10.0, 20.0, 30.0)
                if array.ndim == 3:
                    file.set_volume()
        else:
            tifffile.imwrite(folder / name, array, compression="zlib", photometric="rgb" if array.shape[-1] == 3 else "minisblack")
    archive = open_archive(Settings(home=where / "archive", workers=1))
    deposit_folder(archive, folder, given=Given(title="Micrographs of cork", authors=("Hooke, Robert",)), until="released")
    app = create_app(archive)
    yield client_of(app)
    app.application.state.site.close()
    archive.catalogue.close()


@pytest.fixture(scope="module")
def images(web):
    return {i["path"]: i for i in web.get("/api/v1/images").json()["items"]}


def ok(answer):
    assert answer.status_code == 200, answer.text
    return answer.content


def means(array, factor):
    for axis in range(array.ndim):
        starts = np.arange(0, array.shape[axis], factor)
        counts = np.diff(np.append(starts, array.shape[axis]))
        array = np.add.reduceat(array.astype(float), starts, axis=axis) / counts.reshape(
            [-1 if k == axis else 1 for k in range(array.ndim)]
        )
    return array


@pytest.mark.parametrize(("axis", "take"), [("z", lambda a: a[7]), ("y", lambda a: a[:, 7]), ("x", lambda a: a[..., 7])])
def test_a_section_of_a_lower_level_is_the_mean_of_the_deposited_numbers(web, images, truth, axis, take):
    got = np.load(
        io.BytesIO(ok(web.get(images["tomo.mrc"]["links"]["slice"], params={"axis": axis, "index": 7, "level": 1, "format": "npy"})))
    )
    assert got.dtype == np.int16 and np.abs(got - take(means(truth["tomo.mrc"], 2))).max() <= 0.5


def test_a_lower_level_has_pictures_regions_and_an_end(web, images, truth):
    link = images["micrograph.mrc"]["links"]["slice"]
    assert Image.open(io.BytesIO(ok(web.get(link, params={"level": 1})))).size == (301, 209)
    got = np.load(io.BytesIO(ok(web.get(link, params={"level": 1, "region": "3,5,20,10", "format": "npy"}))))
    assert np.allclose(got, means(truth["micrograph.mrc"], 2)[5:15, 3:23], atol=1e-2)
    for query in ({"level": 2, "region": "150,0,2,2"}, {"level": 3}, {"level": -1}, {"level": "one"}):
        answer = web.get(link, params=query)
        assert answer.status_code == 422 and len(answer.json()["message"]) > 20


def test_a_section_as_tiff_is_exact_and_has_a_scale(web, images, truth):
    data = ok(web.get(images["tomo.mrc"]["links"]["slice"], params={"axis": "y", "index": 3, "format": "tiff"}))
    assert np.array_equal(tifffile.imread(io.BytesIO(data)), truth["tomo.mrc"][:, 3])
    data = ok(web.get(images["colour.tif"]["links"]["slice"], params={"format": "tiff"}))
    assert np.array_equal(tifffile.imread(io.BytesIO(data)), truth["colour.tif"][..., 1])


@pytest.mark.parametrize("level", [0, 1])
def test_a_block_as_mrc_keeps_voxel_size_and_place(web, images, truth, level):
    link = images["tomo.mrc"]["links"]["crop"]
    answer = web.get(link, params={"z": "2:6", "y": "3:9", "x": "10:40", "level": level, "format": "mrc"})
    expected = truth["tomo.mrc"] if level == 0 else means(truth["tomo.mrc"], 2)
    with mrcfile.mrcinterpreter.MrcInterpreter(io.BytesIO(ok(answer))) as file:
        assert np.abs(file.data - expected[2:6, 3:9, 10:40]).max() <= 0.5 * level
        assert file.voxel_size.tolist() == (2.5 * 2**level,) * 3
        assert file.header.origin.tolist() == tuple(
            o + 2.5 * (n * 2**level + (2**level - 1) / 2) for o, n in zip((10, 20, 30), (10, 3, 2), strict=True)
        )
    assert (
        'filename="MG-10001.1.' in answer.headers["content-disposition"] and "z2-6_y3-9_x10-40.mrc" in answer.headers["content-disposition"]
    )


def test_a_block_as_tiff_is_exact(web, images, truth):
    data = ok(web.get(images["frames.tif"]["links"]["crop"], params={"y": "3:9", "format": "tiff"}))
    assert np.array_equal(tifffile.imread(io.BytesIO(data)), truth["frames.tif"][:, 3:9])


@pytest.mark.parametrize(
    "query", [{"format": "exe"}, {"z": "5:99"}, {"q": "1:2"}, {"z": "5:2"}, {"level": 9}, {"z": "a"}, {"z": "-1:4"}, {"x": "9" * 5000}]
)
def test_a_block_that_cannot_be_is_refused(web, images, query):
    answer = web.get(images["tomo.mrc"]["links"]["crop"], params=query)
    assert answer.status_code == 422 and len(answer.json()["message"]) > 20


def test_a_power_spectrum_is_a_picture(web, images):
    picture = Image.open(io.BytesIO(ok(web.get(f"/api/v1/images/{images['micrograph.mrc']['id']}/power"))))
    assert picture.size == (601, 417) and np.asarray(picture).std() > 3
    assert web.get(f"/api/v1/images/{images['frames.tif']['id']}/power", params={"index": 3}).status_code == 200
    for name, query in (("frames.tif", {"index": 99}), ("frames.tif", {"min": "1"}), ("micrograph.mrc", {"format": "png"})):
        assert web.get(f"/api/v1/images/{images[name]['id']}/power", params=query).status_code == 422
