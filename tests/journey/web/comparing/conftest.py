"""An archive with two maps of one complex, one of another and one on hold, served in this process; it answers when told to."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from micrographia.archive.accounts import add_account, create_token
from micrographia.archive.curate import accept_entry, hold_entry
from micrographia.archive.deposit import deposit_folder
from micrographia.archive.sharing import share_entry
from micrographia.assembly import PRODUCTS, open_archive
from micrographia.derive.making import derive
from micrographia.examine import Given
from micrographia.formats.density import write_density
from micrographia.model.people import Scope, Standing
from micrographia.settings import Settings
from micrographia.testing.assemblies import globular, symmetric
from micrographia.testing.map_pairs import make_pair
from micrographia.web.app import create_app


@dataclass
class Comparing:
    """The archive, its entries, files of maps, and who asks."""

    archive: object
    app: object
    folder: Path
    pair: object
    """Two maps of one complex; the first is `whole`."""
    entries: dict = field(default_factory=dict)
    asks: dict = field(default_factory=lambda: {"anyone": {}})

    def request(self, method, path, *, who="anyone", headers=(), **more):
        async def ask():
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://archive.example") as client:
                return await client.request(method, path, headers={**self.asks[who], **dict(headers)}, **more)

        return asyncio.run(ask())

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path="/api/v1/compare", **more):
        return self.request("POST", path, **more)

    def send(self, *names, fields=(), **more):
        """Ask with files, of which each is sent under a name: a=file.mrc."""
        files = {side: (name, (self.folder / name).read_bytes()) for side, name in names}
        return self.post(files=files, data=dict(fields), **more)

    def answer(self):
        return self.app.application.state.attending.answer_all()

    def answered(self, response, who="anyone"):
        """What became of a question, once it is answered."""
        assert response.status_code == 202, response.text
        self.answer()
        return self.get(response.json()["url"], who=who).json()


@pytest.fixture(scope="package")
def comparing(tmp_path_factory):
    where = tmp_path_factory.mktemp("comparing")
    archive = open_archive(Settings(home=where / "archive", workers=1, keeper="off"))
    whole = globular(5)
    pair = make_pair(whole, 3, side=40, resolution_a=(8.0, 10.0), snr=(30.0, 40.0), largest_shift=0.05)
    made = Comparing(archive, create_app(archive), where, pair)
    maps = {"whole": pair.a, "held": pair.b, "other": make_pair(symmetric("C5", 2), 4, side=40, snr=(30.0, 40.0)).a}
    for name, density in maps.items():
        source = where / name
        source.mkdir()
        write_density(source / f"{name}.mrc", density, name)
        until = "submitted" if name == "held" else "released"
        given = Given(title=f"Map {name}", authors=("Hooke, Robert",))
        made.entries[name] = deposit_folder(archive, source, given=given, until=until).accession
    write_density(where / "query.mrc", pair.b, "query")
    accept_entry(archive, made.entries["held"])
    hold_entry(archive, made.entries["held"], until="publication")
    for who in ("owner", "stranger"):
        account = add_account(archive, name=f"{who.title()} Person", email=f"{who}@royal.example", standing=Standing.MEMBER)
        secret, _ = create_token(archive, account, scopes=frozenset({Scope.DEPOSIT}), days=2)
        made.asks[who] = {"authorization": f"Bearer {secret}"}
    share_entry(archive, made.entries["held"], role="owner", email="owner@royal.example")
    derive(archive, PRODUCTS)
    yield made
    made.app.application.state.attending.stop()
    made.app.application.state.site.close()
    archive.catalogue.close()


@pytest.fixture(autouse=True)
def unhurried(request):
    """Nobody has asked too often yet."""
    if "comparing" in request.fixturenames:
        with request.getfixturevalue("comparing").archive.catalogue.write() as connection:
            connection.exec_driver_sql("DELETE FROM attempts")
