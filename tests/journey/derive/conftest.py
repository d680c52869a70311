"""A released entry with images of several kinds."""

import asyncio

import httpx
import mrcfile
import numpy as np
import pytest
import tifffile

from micrographia.archive.deposit import deposit_folder
from micrographia.settings import Settings
from micrographia.testing.examples import HOOKE
from micrographia.web.app import create_app


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "archive", workers=2)


@pytest.fixture
def folder(tmp_path):
    where = tmp_path / "cork"
    where.mkdir()
    rng = np.random.default_rng(1665)
    for name, shape in (("long", (20, 300, 24)), ("small", (12, 12, 12)), ("other", (8, 280, 40))):
        with mrcfile.new(where / f"{name}.mrc") as file:
            file.set_data(rng.normal(size=shape).astype(np.float32))
            file.voxel_size = 1.5
            file.set_volume()
    return where


@pytest.fixture
def released(archive, folder):
    return deposit_folder(archive, folder, given=HOOKE, until="released").accession


@pytest.fixture
def web(archive):
    app = create_app(archive)

    def ask(path, method="GET", **more):
        async def answer():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://archive.example") as client:
                return await client.request(method, path, **more)

        return asyncio.run(answer())

    yield ask
    app.application.state.site.close()


@pytest.fixture
def folder_with_zipped(folder):
    data = np.random.default_rng(5).integers(0, 4000, (64, 64)).astype(np.uint16)
    tifffile.imwrite(folder / "zipped.tif", data, compression="zlib")


@pytest.fixture
def images(web, released):
    return {i["path"]: i for i in web(f"/api/v1/images?entry={released}").json()["items"]}


@pytest.fixture
def broken(archive, folder_with_zipped, released, images):
    """An image whose bytes went bad after its release."""
    content = archive.catalogue.file(released, 1, "zipped.tif").content_path
    path = archive.store.local_path(released, content)
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : 2 * len(data) // 3] = bytes(len(data) // 3)
    path.chmod(0o644)
    path.write_bytes(data)
    return images["zipped.tif"]
