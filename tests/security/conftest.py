"""An archive with an entry in every state and somebody in every role, asked in this process; each private word begins with `zq`."""

import asyncio
import json
from dataclasses import dataclass, field

import httpx
import numpy as np
import pytest
import tifffile

from micrographia.archive.accounts import add_account, create_token
from micrographia.archive.curate import accept_entry, hold_entry
from micrographia.archive.deposit import deposit_folder
from micrographia.archive.reviewing import make_reviewer_link, revoke_reviewer_link
from micrographia.archive.revise import revise_from_folder
from micrographia.archive.sharing import share_entry
from micrographia.archive.withdraw import obsolete_entry, purge_entry, withdraw_entry
from micrographia.assembly import PRODUCTS, open_archive
from micrographia.derive.making import derive
from micrographia.derive.product import product_folder
from micrographia.derive.products import PYRAMID, SECTIONS
from micrographia.ids import ImageId
from micrographia.model.people import Scope, Standing
from micrographia.settings import Settings
from micrographia.testing.mrc_files import mrc_bytes
from micrographia.web.app import create_app

PRIVATE = ("draft", "submitted", "accepted", "held")
GONE = ("withdrawn", "purged")
PUBLIC = ("released", "obsolete", "revised")
NOBODY = "MG-99999"
ROLES = ("owner", "editor", "submitter", "viewer")


def sheet(word):
    """A sheet that says `word` wherever it may say anything."""
    return {
        "schema": "micrographia/entry/1",
        "title": f"{word}title of a thing",
        "authors": [{"name": f"{word}author, Robert", "affiliation": f"{word}house", "email": f"{word}mail@royal.example"}],
        "abstract": f"{word}abstract",
        "keywords": [f"{word}keyword"],
        "funding": [{"funder": f"{word}funder", "grant": f"{word}grant"}],
        "experiment": "single-particle",
        "publications": [{"title": f"{word}paper", "journal": f"{word}journal"}],
        "biosamples": [{"id": f"{word}oak", "organism": {"name": f"{word}suber"}, "strain": f"{word}strain"}],
        "specimens": [{"id": f"{word}slice", "biosample": f"{word}oak", "molecules": [{"name": f"{word}suberin", "kind": "protein"}]}],
        "acquisitions": [{"id": f"{word}scope", "experiment": "single-particle", "microscope": {"name": f"{word}lens"}}],
        "image_sets": [
            {"id": f"{word}tomo", "kind": "tomogram", "files": [f"{word}tomo.mrc"], "voxel_size_a": 2.0, "title": f"{word}set"},
        ],
        "maps": [{"id": f"{word}map", "file": f"{word}map.mrc", "contour_level": 0.5, "title": f"{word}maptitle"}],
        "annotations": [
            {"id": f"{word}pores", "kind": "other", "files": [f"{word}notes.txt"], "authors": [{"name": f"{word}author, Nehemiah"}]}
        ],
        "processes": [{"id": f"{word}job", "kind": "3D refinement", "inputs": [f"{word}tomo"], "outputs": [f"{word}map"]}],
        "screens": [
            {
                "id": f"{word}screen",
                "plates": ["plate/*"],
                "pattern": r"(?P<row>[A-H])(?P<column>\d\d)_f(?P<field>\d+)_(?P<channel>DNA)",
                "geometry": {"rows": 8, "columns": 12},
                "channels": [{"name": "DNA", "target": f"{word}target"}],
                "library": f"{word}library.csv",
            }
        ],
        "other_files": ["*"],
    }


def write_folder(folder, word, seed):
    rng = np.random.default_rng(seed)
    (folder / "plate").mkdir(parents=True)
    for name in ("tomo", "map"):
        array = rng.normal(size=(6, 24, 20)).astype(np.float32)
        (folder / f"{word}{name}.mrc").write_bytes(mrc_bytes(array.tobytes(), nx=20, ny=24, nz=6, mode=2))
    tifffile.imwrite(folder / "plate/B02_f1_DNA.tif", rng.integers(0, 999, (16, 16), dtype=np.uint16))
    (folder / f"{word}notes.txt").write_text(f"{word}content of {seed}")
    (folder / f"{word}library.csv").write_text(f"row,column,compound\nB,2,{word}compound\n")
    (folder / "entry.yaml").write_text(json.dumps(sheet(word)))


@dataclass
class World:
    """The archive, its entries by state, and who asks."""

    archive: object
    app: object
    entries: dict = field(default_factory=dict)
    asks: dict = field(default_factory=dict)
    routes: list = field(default_factory=list)
    before: dict = field(default_factory=dict)
    """What lists said to anyone before there was anything private."""

    def __post_init__(self):
        self.runner = asyncio.Runner()
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://archive.example")

    def request(self, who, method, path, *, headers=(), **more):
        self.client.cookies.clear()
        return self.runner.run(self.client.request(method, path, headers={**self.asks[who], **dict(headers)}, **more))

    def get(self, who, path, **more):
        return self.request(who, "GET", path, **more)


def every_route(app):
    """(method, path template) of all routes of the application, from its own tables."""
    found, waiting = set(), list(app.application.router.routes)
    while waiting:
        route = waiting.pop()
        if inner := getattr(route, "original_router", None):
            waiting += inner.routes
        elif getattr(route, "methods", None):
            found |= {(method, route.path) for method in route.methods}
    return sorted(found)


def every_list(routes):
    """All addresses that name no entry, with questions that private words would answer."""
    plain = [path for method, path in routes if method == "GET" and "{" not in path]
    asked = [
        f"{path}?q={word}"
        for path in ("/entries", "/entries.atom", "/api/v1/entries", "/api/v1/search", "/api/v1/search/files", "/api/v1/search/export")
        for word in ("zqdrafttitle", "zqheldauthor", "zqdraft*", "zqdrafttitl", "zqacceptedsuber", "zqwithdrawntitle", "zqnewtitle", "open")
    ]
    more = [
        "/api/v1/search?of=images",
        "/api/v1/images?kind=map",
        "/entries?of=images",
        "/api/v1/search/export?format=json",
        "/sitemap-1.xml",
    ]
    return [*plain, *asked, *more]


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    where = tmp_path_factory.mktemp("security")
    archive = open_archive(Settings(home=where / "archive", workers=1, keeper="off"))
    world = World(archive, create_app(archive))
    _let_in(world)

    def deposit(state, until, word):
        write_folder(where / state, word, sum(state.encode()))
        world.entries[state] = deposit_folder(archive, where / state, until=until).accession

    for state in PUBLIC:
        deposit(state, "released", f"open{state}")
    obsolete_entry(archive, world.entries["obsolete"], superseded_by=world.entries["released"])
    derive(archive, PRODUCTS)  # lists say what is made of images: it is all there, whichever test asks for it first
    world.before = {path: world.get("anyone", path) for path in every_list(every_route(world.app))}
    for state, until in (("draft", "draft"), *((state, "submitted") for state in PRIVATE[1:])):
        deposit(state, until, f"zq{state}")
    for state in ("accepted", "held"):
        accept_entry(archive, world.entries[state])
    hold_entry(archive, world.entries["held"], until="publication")
    for state in GONE:
        deposit(state, "released", f"zq{state}")
    withdraw_entry(archive, world.entries["withdrawn"], reason="The orbit was wrong")
    purge_entry(archive, world.entries["purged"], reason="The law asks for it")
    write_folder(where / "new", "zqnew", 7)
    revise_from_folder(archive, world.entries["revised"], where / "new", change_note="zqnewnote", until="draft")
    for accession in world.entries.values():
        _share(world, accession)
    for state in (*PRIVATE, "revised"):
        _derive(archive, world.entries[state], 2 if state == "revised" else 1)
    world.routes = every_route(world.app)
    yield world
    world.runner.run(world.client.aclose())
    world.runner.close()
    world.app.application.state.site.close()
    archive.catalogue.close()


def _let_in(world):
    archive, bearer = world.archive, "authorization"
    world.asks["anyone"] = {}
    people = {**dict.fromkeys((*ROLES, "stranger"), Standing.MEMBER), "curator": Standing.CURATOR, "admin": Standing.ADMIN}
    everything = {Standing.MEMBER: {Scope.DEPOSIT}, Standing.CURATOR: {Scope.CURATE}, Standing.ADMIN: {Scope.ADMIN}}
    for who, standing in people.items():
        account = add_account(archive, name=f"{who.title()} Person", email=f"{who}@royal.example", standing=standing)
        secret, _ = create_token(archive, account, scopes=frozenset(everything[standing]), days=2)
        world.asks[who] = {bearer: f"Bearer {secret}"}
        if standing is not Standing.MEMBER:  # of the right person, for something else
            secret, _ = create_token(archive, account, scopes=frozenset({Scope.DEPOSIT}), days=2)
            world.asks[f"{who}, wrong scope"] = {bearer: f"Bearer {secret}"}
        if who == "owner":
            past = type(archive)(**{f: getattr(archive, f) for f in archive.__slots__} | {"now": lambda: "2020-01-01T00:00:00Z"})
            secret, _ = create_token(past, account, scopes=frozenset({Scope.DEPOSIT}), days=1)
            world.asks["owner, expired"] = {bearer: f"Bearer {secret}"}


def _share(world, accession):
    archive = world.archive
    for role in ROLES:
        share_entry(archive, accession, role=role, email=f"{role}@royal.example")
    if not archive.drafts.exists(accession):
        return
    for who, hide in (("reviewer", False), ("blind reviewer", True), ("revoked reviewer", False)):
        secret, link = make_reviewer_link(archive, accession, hide_authors=hide)
        world.asks[who, accession] = {"cookie": f"micrographia_review={secret}"}
        if who == "revoked reviewer":
            revoke_reviewer_link(archive, accession, link.id)


def _derive(archive, accession, version):
    """Products of a private image that lie on the disk already."""
    for product in (PYRAMID, SECTIONS):
        folder = product_folder(archive.settings.derived.absolute(), product, ImageId(accession, version, 2))
        folder.mkdir(parents=True)
        for name in ("1/zarr.json", "1/c/0/0/0", "section-z.webp", "projection-z.webp"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(f"zqderived of {accession}")
