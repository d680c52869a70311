"""A served archive with a depositor and a curator, on each database, and browsers in which they are signed in."""

import signal
from types import SimpleNamespace

import mrcfile
import numpy as np
import pytest

from micrographia.archive.accounts import add_account
from micrographia.assembly import open_archive
from micrographia.model.people import Standing
from micrographia.settings import Settings

PASSWORD = "ut tensio sic vis"
DEPOSITOR, CURATOR = "hooke@royal.example", "oldenburg@royal.example"


@pytest.fixture(scope="module")
def serve_people(start, tmp_path_factory):
    """Starts a server of its own for an archive with two people."""
    processes = []

    def serve(database_url=""):
        home = tmp_path_factory.mktemp("depositing")
        archive = open_archive(Settings(home=home, workers=1, **({"database_url": database_url} if database_url else {})))
        add_account(archive, name="Hooke, Robert", email=DEPOSITOR, password=PASSWORD, orcid="0000-0002-1825-0097")
        add_account(archive, name="Oldenburg, Henry", email=CURATOR, password=PASSWORD, standing=Standing.CURATOR)
        archive.catalogue.close()
        process = start(home, **({"MICROGRAPHIA_DATABASE_URL": database_url} if database_url else {}))
        processes.append(process)
        return process.url

    yield serve
    for process in processes:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        process.stdout.close()


@pytest.fixture(scope="module")
def address(serve_people):
    return serve_people()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def each_address(request, serve_people):
    if request.param == "sqlite":
        return request.getfixturevalue("address")
    return serve_people(request.getfixturevalue("postgres").new_database())


@pytest.fixture
def visitor(browser):
    """Opens a browser window of its own, signed in or not; what a page complains of fails the test."""
    contexts, complaints = [], []

    def open_window(address, email="", **options):
        context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=address, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if email:
            sign_in(page, email)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert not complaints


def sign_in(page, email):
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/deposits")


@pytest.fixture(scope="session")
def people():
    return SimpleNamespace(depositor=DEPOSITOR, curator=CURATOR, sign_in=sign_in)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A small folder of images."""
    made = tmp_path_factory.mktemp("cork")
    density = np.random.default_rng(1665).normal(size=(16, 32, 32)).astype(np.float32)
    with mrcfile.new(made / "cork.mrc") as file:
        file.set_data(density)
        file.voxel_size = 2.0
        file.set_volume()
    (made / "notes.txt").write_text("Of the schematisme or texture of cork.\n")
    return made
