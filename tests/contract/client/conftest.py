"""One archive with everything in it that a reader may meet, reached in each way: its folder, its store alone, its server."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile

import micrographia
from micrographia.archive.deposit import deposit_folder
from micrographia.archive.revise import revise_from_folder
from micrographia.archive.withdraw import obsolete_entry, purge_entry, withdraw_entry
from micrographia.assembly import open_archive
from micrographia.client import Archive
from micrographia.examine import Given
from micrographia.settings import Settings


def write_sources(folder: Path) -> None:
    rng = np.random.default_rng(1665)
    (folder / "sub dir").mkdir(parents=True)
    with mrcfile.new(folder / "map.mrc") as file:
        file.set_data(rng.normal(size=(20, 24, 28)).astype(">f4"))
        file.voxel_size = 1.5
        file.set_volume()
    with mrcfile.new(folder / "big_endian.mrc") as file:
        file.set_data(rng.integers(-99, 99, (5, 6, 7)).astype("i2"))
        file.set_volume()
    sections = rng.integers(0, 65535, (3, 33, 35)).astype("u2")
    tifffile.imwrite(folder / "sub dir/deflated é#.tif", sections, photometric="minisblack", compression="deflate")
    (folder / "notes.txt").write_text("Of the schematisme or texture of cork.\n")
    (folder / "empty.dat").write_bytes(b"")


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources") / "cork"
    write_sources(folder)
    return folder


@pytest.fixture(scope="session")
def home(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Entries 10001 (two versions), 10002 (obsolete), 10003 (withdrawn), 10004 (a private draft), 10005 (purged)."""
    where = tmp_path_factory.mktemp("home")
    archive = open_archive(Settings(home=where / "archive", workers=1))

    def deposit(title: str, until: str = "released") -> str:
        folder = where / title.replace(" ", "_")
        folder.mkdir()
        (folder / "text.txt").write_text(title)
        return deposit_folder(archive, folder, given=Given(title, ("Hooke, Robert",)), until=until).accession

    given = Given("Schematisme of cork", ("Hooke, Robert", "Leeuwenhoek, Antoni van"))
    assert deposit_folder(archive, sources, given=given, until="released").accession == "MG-10001"
    (sources / "notes.txt").write_text("Of the texture of cork, corrected.\n")
    revise_from_folder(archive, "MG-10001", sources, change_note="Corrected the notes.", until="released")
    assert [deposit("Flea"), deposit("Louse"), deposit("Gnat", "draft"), deposit("Mite")] == [f"MG-1000{n}" for n in (2, 3, 4, 5)]
    obsolete_entry(archive, "MG-10002", superseded_by="MG-10001")
    withdraw_entry(archive, "MG-10003", reason="It was a louse of the Royal Society's.")
    purge_entry(archive, "MG-10005", reason="The law asked.")
    archive.catalogue.close()
    return where / "archive"


@pytest.fixture(scope="session")
def url(home: Path) -> Iterator[str]:
    command = [sys.executable, "-c", "from micrographia.cli import main; main()", "serve", "--home", str(home), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, f"the server said {line!r}"
        yield found[0]
        server.terminate()
        assert server.wait(20) == 0


@pytest.fixture(params=["folder", "store", "server"])
def archive(request: pytest.FixtureRequest, home: Path) -> Iterator[Archive]:
    location = {"folder": lambda: str(home), "store": lambda: str(home / "store"), "server": lambda: request.getfixturevalue("url")}
    with micrographia.open(location[request.param]()) as opened:
        yield opened
