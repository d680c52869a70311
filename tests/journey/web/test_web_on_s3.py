"""The same application when the released bytes lie in a bucket."""

import io
import zipfile

import httpx
import mrcfile
import numpy as np
import pytest
import zarr
from obstore.store import HTTPStore
from zarr.storage import ObjectStore

from micrographia.archive.deposit import deposit_folder
from micrographia.assembly import open_archive
from micrographia.examine import Given
from micrographia.settings import Settings
from micrographia.testing.s3_server import s3_server, weed

pytestmark = pytest.mark.s3


def write_mrc(path, array):
    with mrcfile.new(path) as file:
        file.set_data(array)
        file.set_volume()


@pytest.fixture(scope="module")
def remote(tmp_path_factory, start):
    if weed() is None:
        pytest.skip("the S3 server (weed) is not installed")
    with s3_server(tmp_path_factory.mktemp("s3")) as server, pytest.MonkeyPatch.context() as environment:
        for name, value in server.environment.items():
            environment.setenv(name, value)
        bucket = f"s3://{server.bucket}"
        settings = Settings(home=tmp_path_factory.mktemp("home"), store_url=f"{bucket}/store", drafts_url=f"{bucket}/drafts", workers=1)
        archive = open_archive(settings)
        # a process of its own: its workers must inherit the way to the bucket
        process = start(settings.home, MICROGRAPHIA_STORE_URL=settings.store_url, MICROGRAPHIA_DRAFTS_URL=settings.drafts_url)
        with httpx.Client(base_url=process.url, timeout=60) as web:
            yield archive, web
        process.terminate()
        assert process.wait(20) == 0
        process.stdout.close()
        archive.catalogue.close()


def test_files_sections_pictures_and_zip_come_out_of_a_bucket(remote, served, tmp_path):
    archive, web = remote
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("tomo.mrc", "picture.tif"):
        (folder / name).write_bytes((served.folder / name).read_bytes())
    (folder / "camera.raw").write_bytes(bytes(range(256)) * 40_000)
    accession = deposit_folder(archive, folder, given=Given(title="In a bucket", authors=("Hooke, Robert",)), until="released").accession
    data = (folder / "camera.raw").read_bytes()
    base = f"/files/{accession}/1/camera.raw"
    assert web.get(base).content == data
    assert web.get(base, headers={"Range": "bytes=5000000-9999999"}).content == data[5000000:10000000]
    assert web.get(base, headers={"Range": "bytes=-7"}).content == data[-7:]
    assert web.head(base).headers["content-length"] == str(len(data))
    assert "multipart" in web.get(base, headers={"Range": "bytes=0-9,20-29"}).headers["content-type"]
    images = {i["path"]: i for i in web.get("/api/v1/images", params={"entry": accession}).json()["items"]}
    got = np.load(io.BytesIO(web.get(images["tomo.mrc"]["links"]["slice"], params={"index": 5, "format": "npy"}).content))
    assert np.array_equal(got, served.array[5])
    got = np.load(io.BytesIO(web.get(images["picture.tif"]["links"]["crop"], params={"y": "1:9"}).content))
    assert np.array_equal(got, served.colour[1:9])
    assert web.get(images["picture.tif"]["links"]["thumbnail"]).status_code == 200
    assert web.get(f"/entries/{accession}").status_code == web.get(images["tomo.mrc"]["links"]["page"]).status_code == 200
    assert len(web.get(f"/files/{accession}/1/manifest.jsonl").text.splitlines()) == 3
    unpacked = zipfile.ZipFile(io.BytesIO(web.get(f"/files/{accession}/1.zip").content))
    assert unpacked.read(f"{accession}-v1/camera.raw") == data


def test_chunks_of_a_bucket_are_runs_of_bytes(remote, served, tmp_path):
    archive, web = remote
    folder = tmp_path / "in"
    folder.mkdir()
    volume = np.random.default_rng(1665).normal(size=(9, 310, 600)).astype(np.float32)
    write_mrc(folder / "large.mrc", volume)
    (folder / "picture.tif").write_bytes((served.folder / "picture.tif").read_bytes())
    accession = deposit_folder(archive, folder, given=Given(title="Bands", authors=("Hooke, Robert",)), until="released").accession
    images = {i["path"]: i for i in web.get("/api/v1/images", params={"entry": accession}).json()["items"]}
    address = images["large.mrc"]["links"]["zarr"]
    assert address.endswith("-r1b")
    group = zarr.open_group(ObjectStore(HTTPStore.from_url(f"{web.base_url}{address}", client_options={"allow_http": True})), mode="r")
    assert group["0"].chunks == (1, 310, 600) and np.array_equal(group["0"][...], volume)
    # another grid has another address: no cache can take one for the other
    assert web.get(address.replace("-r1b", "-r1") + "/zarr.json").status_code == 404
    assert web.get(address.replace("-r1b", "") + "/0/c/8/0/0").content == volume[8].tobytes()
    picture = images["picture.tif"]["links"]["zarr"]
    assert web.get(picture + "/0/c/0/0").status_code == 200
