"""Sections, blocks and spectra of larger images than the other tests have, over HTTP."""

import io

import mrcfile
import numpy as np
import pytest
import tifffile
from PIL import Image


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
def web(web_of, truth):
    return web_of(truth)


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


def test_a_block_has_an_address_to_cite(web, images, truth):
    asked = {"image": images["tomo.mrc"]["id"], "ranges": {"z": "2:6", "x": [10, 40]}}
    answer = web.request("POST", "/api/v1/crops", json=asked)
    made = answer.json()
    path = f"/crops/{images['tomo.mrc']['id']}/z=2:6,y=0:31,x=10:40"
    assert answer.status_code == 201 and made["url"] == answer.headers["location"] == f"http://archive.example{path}"
    assert made["shape"] == [4, 31, 30]
    got = np.load(io.BytesIO(ok(web.get(made["links"]["npy"]))))
    assert np.array_equal(got, truth["tomo.mrc"][2:6, :, 10:40])
    page = ok(web.get(path)).decode()
    assert "@misc{" in page and f"{asked['image']}&#34;)[2:6, 0:31, 10:40]" in page and "format=mrc" in page
    for link in [part.split('"')[0].replace("&amp;", "&") for part in page.split('href="') if part.startswith("/api/v1/images/")]:
        assert web.get(link).status_code == 200, link


def test_another_spelling_of_an_address_leads_to_the_one(web, images):
    answer = web.get(f"/crops/{images['tomo.mrc']['id']}/x=10:40,z=2")
    assert answer.status_code == 308 and answer.headers["location"] == f"/crops/{images['tomo.mrc']['id']}/z=2:3,y=0:31,x=10:40"


@pytest.mark.parametrize("name", ["frames.tif", "colour.tif", "micrograph.mrc"])
def test_blocks_of_every_kind_have_a_page(web, images, name):
    image = images[name]
    made = web.request("POST", "/api/v1/crops", json={"image": image["id"], "ranges": {"y": "0:30"}}).json()
    page = ok(web.get(made["links"]["page"])).decode()
    preview = page.split('<image href="')[1].split('"')[0].replace("&amp;", "&")
    assert Image.open(io.BytesIO(ok(web.get(preview)))).size[1] == 30
    assert f"/crops/{image['id']}/" in ok(web.get(image["links"]["page"])).decode()


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"image": "MG-10001.1.4", "ranges": {"q": "1:2"}}, 422),
        ({"image": "MG-10001.1.4", "ranges": {"z": "5:99"}}, 422),
        ({"image": "MG-10001.1.4", "ranges": {"z": [5, 2]}}, 422),
        ({"image": "MG-10001.1.4", "ranges": {"z": [5]}}, 422),
        ({"image": "MG-10001.1.4", "bogus": 1}, 422),
        ({"image": "MG-10001.1.99"}, 404),
        ({"image": "nothing"}, 404),
        ([1], 422),
        ("x" * 20_000, 413),
    ],
)
def test_addresses_that_cannot_be_are_refused(web, asked, status):
    answer = web.request("POST", "/api/v1/crops", json=asked)
    assert answer.status_code == status and len(answer.json()["message"]) > 15


def test_a_body_that_is_no_json_is_refused(web):
    assert web.request("POST", "/api/v1/crops", content=b"\xff{").status_code == 422


@pytest.mark.parametrize("text", ["z=99:100", "nothing", "z=1:2,z=3:4", "q=1:2", "z=1:2,<script>"])
def test_pages_of_blocks_that_are_not_there(web, images, text):
    assert web.get(f"/crops/{images['tomo.mrc']['id']}/{text}").status_code == 404
