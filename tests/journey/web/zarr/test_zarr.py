"""Every image streams as OME-Zarr with the numbers of the deposited file, to the clients that people use."""

import time

import httpx
import mrcfile
import numpy as np
import ome_zarr_models.v05
import pytest

from micrographia.archive.deposit import deposit_folder
from micrographia.assembly import open_archive
from micrographia.settings import Settings
from micrographia.testing.examples import HOOKE

RNG = np.random.default_rng(1665)


def test_level_zero_is_the_deposited_array(streamed, opened):
    assert set(streamed.truth) == set(streamed.addresses)
    for path, expected in streamed.truth.items():
        group = opened(streamed.addresses[path])
        found = np.asarray(group["0"][...])
        assert found.dtype.newbyteorder("=") == expected.dtype.newbyteorder("="), path
        assert found.shape == expected.shape and np.array_equal(found, expected), path
        ome_zarr_models.v05.Image.from_zarr(group)
        part = tuple(slice(n // 3, n // 3 + 5) for n in expected.shape)
        assert np.array_equal(group["0"][part], expected[part]), path


def test_axes_scale_and_unit_are_those_of_the_file(streamed, opened):
    url, items = streamed.url, streamed.images
    for path, size, unit in (
        ("mrc_int16.mrc", [2.5, 2.0, 1.5], "angstrom"),
        ("long.mrc", [3.0, 3.0, 3.0], "angstrom"),
        ("cells.ome.zarr", [0.5, 0.25, 0.25], "micrometer"),
    ):
        multiscale = opened(url + items[path]["links"]["zarr"]).attrs["ome"]["multiscales"][0]
        assert [(a["name"], a["type"], a["unit"]) for a in multiscale["axes"]] == [(a, "space", unit) for a in "zyx"]
        assert multiscale["datasets"][0]["coordinateTransformations"] == [{"type": "scale", "scale": pytest.approx(size)}]


def test_levels_below_are_means_and_lie_where_they_belong(streamed, opened):
    url, truth, items = streamed.url, streamed.truth, streamed.images
    group = opened(url + items["long.mrc"]["links"]["zarr"])
    multiscale = group.attrs["ome"]["multiscales"][0]
    assert [d["path"] for d in multiscale["datasets"]] == ["0", "1", "2", "3"]
    one = np.asarray(group["1"])
    blocks = truth["long.mrc"][:8, :300].reshape(4, 2, 150, 2, 35, 2).mean(axis=(1, 3, 5))
    assert one.shape == (5, 151, 35) and np.abs(one[:4, :150] - blocks).max() <= 0.5
    second = {t["type"]: t[t["type"]] for t in multiscale["datasets"][1]["coordinateTransformations"]}
    assert second == {"scale": [6.0] * 3, "translation": [1.5] * 3}
    limits = group.attrs["ome"]["omero"]["channels"][0]["window"]
    assert limits["min"] <= limits["start"] < limits["end"] <= limits["max"]


def test_segmentations_are_labels_of_what_they_were_drawn_on(streamed, opened):
    url, truth, items = streamed.url, streamed.truth, streamed.images
    group = opened(url + items["long.mrc"]["links"]["zarr"])
    (name,) = group["labels"].attrs["ome"]["labels"]
    label = group[f"labels/{name}"]
    assert np.array_equal(label["0"][...], truth["long_labels.mrc"])
    assert set(np.unique(label["1"][...])) <= {0, 1}
    ome_zarr_models.v05.ImageLabel.from_zarr(label)
    assert httpx.get(f"{url}{items['strips.tif']['links']['zarr']}/labels/zarr.json").status_code == 404


@pytest.mark.parametrize("mode", [3, 4])
def test_complex_samples_are_not_offered(streamed, mode):
    image = streamed.images[f"complex_{mode}.mrc"]
    assert image["links"]["zarr"] is None
    answer = httpx.get(f"{streamed.url}/zarr/{image['id']}/zarr.json")
    assert answer.status_code == 404 and "complex" in answer.json()["message"]


def test_what_is_absent_is_said_fast(streamed):
    url, items = streamed.url, streamed.images
    root = url + items["long.mrc"]["links"]["zarr"]
    absent = ["0/c/9/9/9", "0/c/0/0", "0/c/00/0/0", "0/c/-1/0/0", "9/zarr.json", "1/c/7/7/7", "1/c", "1", ".zattrs", "nothing"]
    absent += ["labels/99/zarr.json", "0/c/99999999999999999999/0/0", "%2e%2e/1/zarr.json", "c/0"]
    with httpx.Client() as client:
        for key in absent:
            assert client.get(f"{root}/{key}").status_code == 404, key
        assert client.get(root.replace("-r1", "-r99") + "/zarr.json").status_code == 404
        assert client.get(f"{url}/zarr/MG-99999.1.1/zarr.json").status_code == 404
        took = sorted(client.get(f"{root}/0/c/9/9/9").elapsed.total_seconds() for _ in range(30))
    assert took[len(took) // 2] < 0.01  # the way there and back included


def test_heads_ranges_and_other_sites(streamed):
    url, items = streamed.url, streamed.images
    root = url + items["mrc_int16.mrc"]["links"]["zarr"]
    with httpx.Client() as client:
        for key, length in (("0/c/0/0/0", 64**3 * 2), ("0/c/1/0/1", 64**3 * 2)):
            whole = client.get(f"{root}/{key}")
            assert len(whole.content) == length and whole.headers["access-control-allow-origin"] == "*"
            head = client.head(f"{root}/{key}")
            assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(length))
            part = client.get(f"{root}/{key}", headers={"Range": "bytes=100-299"})
            assert (part.status_code, part.content) == (206, whole.content[100:300])
            assert client.get(f"{root}/{key}", headers={"Range": "bytes=-50"}).content == whole.content[-50:]
            assert client.get(f"{root}/{key}", headers={"Range": f"bytes={length}-"}).status_code == 416
            again = client.get(f"{root}/{key}", headers={"If-None-Match": whole.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
        level = url + items["long.mrc"]["links"]["zarr"] + "/1/c/0/0/0"
        assert client.head(level).headers["accept-ranges"] == "bytes"
        assert client.get(level, headers={"Range": "bytes=-20"}).content == client.get(level).content[-20:]
        assert client.get(f"{url}/zarr/{items['long.mrc']['id']}/zarr.json").json()["node_type"] == "group"


def test_a_server_makes_what_is_missing_by_itself(tmp_path, start, opened):
    folder = tmp_path / "in"
    folder.mkdir()
    with mrcfile.new(folder / "long.mrc") as file:
        file.set_data(RNG.normal(size=(3, 300, 20)).astype(np.float32))
        file.set_volume()
    archive = open_archive(Settings(home=tmp_path / "archive", workers=1))
    deposit_folder(archive, folder, given=HOOKE, until="released")
    archive.catalogue.close()
    process = start(tmp_path / "archive")
    try:
        for _ in range(200):
            (item,) = httpx.get(f"{process.url}/api/v1/images").json()["items"]
            if set(item["derived"].values()) == {"done"}:
                break
            time.sleep(0.1)
        assert item["derived"] == {"thumbnail": "done", "pyramid": "done", "sections": "done"}
        assert len(opened(process.url + item["links"]["zarr"]).attrs["ome"]["multiscales"][0]["datasets"]) > 1
    finally:
        process.terminate()
        assert process.wait(20) == 0
        process.stdout.close()
