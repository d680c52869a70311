"""What pages and the API say of products while they are made, when they are there, and where they cannot be made."""

import asyncio

import httpx
import pytest

from micrographia.derive.making import derive
from micrographia.derive.sections import PICTURES
from micrographia.web.app import create_app


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
def images(web, released):
    return {i["path"]: i for i in web(f"/api/v1/images?entry={released}").json()["items"]}


def test_projections_and_sections_are_shown_once_they_are_made(web, archive, images):
    volume = images["long.mrc"]
    assert web(f"/previews/{volume['id']}/section-z.webp").status_code == 404
    assert "From all sides" not in web(volume["links"]["page"]).text
    derive(archive)
    page = web(volume["links"]["page"]).text
    for picture in PICTURES:
        address = f"/previews/{volume['id']}/{picture}.webp"
        assert address in page
        answer = web(address)
        assert answer.headers["content-type"] == "image/webp" and answer.content[:4] == b"RIFF"
    assert web(f"/previews/{volume['id']}/section-t.webp").status_code == 404
