"""The client has maps compared by a server, and by the folder of an archive; what it is told is the same."""

import os

import mrcfile
import numpy as np
import pytest
from typer.testing import CliRunner

import micrographia
from micrographia.cli.application import application
from micrographia.errors import InvalidInputError, NotFoundError, UnavailableError


@pytest.fixture(scope="module")
def address(comparing, start):
    process = start(comparing.archive.settings.home)
    yield process.url
    process.terminate()
    assert process.wait(20) == 0
    process.stdout.close()


@pytest.fixture(params=["server", "folder"])
def archive(request, comparing):
    location = request.getfixturevalue("address") if request.param == "server" else str(comparing.archive.settings.home)
    with micrographia.open(location) as archive:
        yield archive


def test_a_map_is_found_and_compared(archive, comparing):
    told = []
    found = archive.similar(comparing.folder / "query.mrc", progress=lambda share, stage: told.append((share, stage)))
    assert found["similar"]
    assert found["results"][0]["accession"] == comparing.entries["whole"]
    degrees, _ = comparing.pair.error_of(np.linalg.inv(found["comparison"]["transform"]))
    assert degrees < 3
    assert all(0 <= share <= 1 and stage for share, stage in told)
    assert len(told) > 1


def test_files_accessions_and_arrays_are_compared(archive, comparing):
    with mrcfile.open(comparing.folder / "query.mrc") as file:
        array = file.data.copy()
    given = (array, comparing.pair.b.voxel_size_a[0], comparing.pair.b.origin_xyz_a)
    for b in (str(comparing.folder / "query.mrc"), given):
        found = archive.compare(comparing.entries["whole"], b)
        degrees, away_a = comparing.pair.error_of(np.array(found["transform"]))
        assert degrees < 3
        assert away_a < 2 * comparing.pair.a.voxel_size_a[0]
        assert found["difference"]["blobs"] == sorted(found["difference"]["blobs"], key=lambda blob: -blob["peak_sigma"])


def test_what_cannot_be_compared_is_the_failure_that_it_is(archive, comparing):
    (comparing.folder / "no.mrc").write_bytes(b"no map")
    with pytest.raises(InvalidInputError, match=r"no\.mrc is not an MRC file"):
        archive.similar(comparing.folder / "no.mrc")
    with pytest.raises(InvalidInputError, match="no file"):
        archive.similar(comparing.folder / "absent.mrc")
    with pytest.raises(InvalidInputError, match="2 axes"):
        archive.similar((np.zeros((8, 8), np.float32), 2.0))
    for private in (comparing.entries["held"], "MG-99999"):
        with pytest.raises(NotFoundError):
            archive.compare(comparing.entries["whole"], private)


def test_a_store_alone_is_no_archive_to_compare_with(comparing):
    with (
        micrographia.open(str(comparing.archive.settings.home / "store")) as mirror,
        pytest.raises(UnavailableError, match="whole archive"),
    ):
        mirror.similar(comparing.folder / "query.mrc")


def test_the_command_asks_a_server(address, comparing):
    environment = {**os.environ, "COLUMNS": "120"}
    told = CliRunner(env=environment).invoke(application, ["similar", str(comparing.folder / "query.mrc"), "--server", address])
    assert told.exit_code == 0, told.output
    assert comparing.entries["whole"] in told.output
    assert "Map whole" in told.output
    assert f"{address}/compare/" in told.output
