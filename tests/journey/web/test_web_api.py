import io

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="module")
def images(web, served):
    return {i["path"]: i for i in web.get("/api/v1/images", params={"entry": served.public}).json()["items"]}


def npy(answer):
    assert answer.status_code == 200, answer.text
    return np.load(io.BytesIO(answer.content))


def test_entries_are_found(web, served):
    found = web.get("/api/v1/entries", params={"q": "cork"}).json()
    assert found["total"] == 1 and found["next"] is None and found["items"][0]["accession"] == served.public
    assert web.get("/api/v1/entries", params={"q": "nothingofthekind"}).json()["items"] == []


def test_pages_follow_each_other(web):
    first = web.get("/api/v1/entries", params={"per_page": 1}).json()
    second = web.get(first["next"]).json()
    assert first["total"] >= 2
    everything = [i["accession"] for i in web.get("/api/v1/entries").json()["items"]]
    assert [i["accession"] for i in first["items"] + second["items"]] == everything[:2]


def test_search_counts_facets(web):
    facets = web.get("/api/v1/search").json()["facets"]
    assert {"value": "Quercus suber", "label": "Quercus suber", "count": 1} in facets["organism"]


def test_an_entry_says_what_it_is_and_no_address_of_its_people(web, served):
    answer = web.get(f"/api/v1/entries/{served.public}")
    assert answer.json()["title"] == 'Cork </script><img src=x onerror=alert(1)> & "cells"'
    assert answer.json()["organisms"] == ["Quercus suber"] and "royal.example" not in answer.text


def test_files_and_versions(web, served):
    files = web.get(f"/api/v1/entries/{served.public}/files").json()
    assert files["total"] == len(files["items"]) == 13
    some = web.get(f"/api/v1/entries/{served.public}/files", params={"path": "many/*", "per_page": 5}).json()
    assert len(some["items"]) == 5 and len(web.get(some["next"]).json()["items"]) == 2
    assert [v["version"] for v in web.get(f"/api/v1/entries/{served.revised}/versions").json()["items"]] == [1, 2]


def test_images_say_what_they_are(web, images):
    tomo = images["tomo.mrc"]
    assert (tomo["axes"], tomo["shape"], tomo["dtype"], tomo["kind"]) == ("zyx", [24, 40, 56], "int16", "tomogram")
    assert tomo["voxel_size"] == {"z": 2.0, "y": 2.0, "x": 2.0, "unit": "angstrom"}
    assert web.get(f"/api/v1/images/{tomo['id']}").json()["id"] == tomo["id"]
    assert web.get(tomo["links"]["page"]).status_code == web.get(tomo["links"]["file"]).status_code == 200


@pytest.mark.parametrize(("axis", "take"), [("z", lambda a: a[5]), ("y", lambda a: a[:, 5]), ("x", lambda a: a[:, :, 5])])
def test_sections_are_the_deposited_numbers(web, images, served, axis, take):
    got = npy(web.get(images["tomo.mrc"]["links"]["slice"], params={"axis": axis, "index": 5, "format": "npy"}))
    assert got.dtype == np.int16 and np.array_equal(got, take(served.array))


def test_a_region_of_a_section(web, images, served):
    got = npy(web.get(images["tomo.mrc"]["links"]["slice"], params={"index": 3, "region": "10,2,20,7", "format": "npy"}))
    assert np.array_equal(got, served.array[3, 2:9, 10:30])


@pytest.mark.parametrize(("name", "loss"), [("png", 0.999), ("webp", 0.98), ("jpg", 0.98)])
def test_pictures_show_the_section(web, images, served, name, loss):
    answer = web.get(images["tomo.mrc"]["links"]["slice"], params={"index": 7, "format": name})
    picture = np.asarray(Image.open(io.BytesIO(answer.content)).convert("L"), float)
    assert picture.shape == (40, 56) and np.corrcoef(picture.ravel(), np.clip(served.array[7], 50, 150).ravel())[0, 1] > loss - 0.03


def test_contrast_is_what_was_asked(web, images, served):
    answer = web.get(images["tomo.mrc"]["links"]["slice"], params={"index": 7, "min": 100, "max": 101})
    picture = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert np.array_equal(picture == 255, served.array[7] >= 101) and np.array_equal(picture == 0, served.array[7] <= 100)


def test_a_compressed_image_is_read_by_a_worker(web, images, served):
    assert np.array_equal(npy(web.get(images["picture.tif"]["links"]["slice"], params={"format": "npy"})), served.colour)
    assert np.array_equal(npy(web.get(images["picture.tif"]["links"]["crop"], params={"y": "3:9", "x": "5:6"})), served.colour[3:9, 5:6])


def test_blocks_keep_every_axis(web, images, served):
    got = npy(web.get(images["tomo.mrc"]["links"]["crop"], params={"z": "4:5", "y": ":10", "x": "50:"}))
    assert got.shape == (1, 10, 6) and np.array_equal(got, served.array[4:5, :10, 50:])
    assert np.array_equal(npy(web.get(images["tomo.mrc"]["links"]["crop"])), served.array)


@pytest.mark.parametrize(
    "query", ["index=24", "index=-1", "axis=q", "region=0,0,99,1", "format=exe", "min=nan", "bogus=1", "max_size=999999999"]
)
def test_what_cannot_be_is_refused_in_a_sentence(web, images, query):
    answer = web.get(f"{images['tomo.mrc']['links']['slice']}?{query}")
    assert answer.status_code == 422 and answer.json()["error"] == "InvalidInputError" and len(answer.json()["message"]) > 20


@pytest.mark.parametrize(
    "path",
    [
        "entries?page=0",
        "entries?sort=bogus",
        "entries?bogus=1",
        "entries?per_page=100000",
        "images/nothing",
        "images?entry=x",
        "entries/MG-10001?version=0",
        "images?per_page=0",
    ],
)
def test_questions_that_make_no_sense(web, path):
    answer = web.get(f"/api/v1/{path}")
    assert answer.status_code in (404, 422) and answer.json()["message"]


def test_a_section_is_fetched_once(web, images):
    first = web.get(images["tomo.mrc"]["links"]["slice"], params={"index": 2})
    again = web.get(images["tomo.mrc"]["links"]["slice"], params={"index": 2}, headers={"If-None-Match": first.headers["etag"]})
    assert (
        again.status_code == 304
        and first.headers["etag"] != web.get(images["tomo.mrc"]["links"]["slice"], params={"index": 3}).headers["etag"]
    )


def test_thumbnails_are_made_and_said_to_be(web, images):
    for image in images.values():
        answer = web.get(image["links"]["thumbnail"])
        assert answer.headers["content-type"] == "image/webp" and max(Image.open(io.BytesIO(answer.content)).size) <= 384
        assert web.get(f"/api/v1/images/{image['id']}").json()["derived"]["thumbnail"] == "done"


def test_the_description_of_the_api_is_complete(web):
    paths = web.get("/api/v1/openapi.json").json()["paths"]
    for path in (
        "entries",
        "entries/{accession}",
        "entries/{accession}/files",
        "images",
        "images/{image_id}/slice",
        "images/{image_id}/crop",
        "search",
    ):
        assert f"/api/v1/{path}" in paths
    assert "/api/v1/images/{image_id}/slice" in web.get("/api").text
