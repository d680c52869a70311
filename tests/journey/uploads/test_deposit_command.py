"""`micrographia deposit --server`, as a depositor types it."""

import json

import mrcfile
import numpy as np
import pytest

from micrographia.cli import main


@pytest.fixture
def deposit(server, people, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def typed(folder, *words, token=people[1][1], exit_code=0):
        with monkeypatch.context() as during, pytest.raises(SystemExit) as left:
            command = ["micrographia", "deposit", folder, "--server", server.url, "--token", token, "--json", *words]
            during.setattr("sys.argv", [*map(str, command)])
            main()
        said = capsys.readouterr()
        assert (left.value.code or 0) == exit_code, said.err[-2000:]
        return json.loads(said.out)

    return typed


@pytest.fixture
def folder(tmp_path):
    where = tmp_path / "cork"
    where.mkdir()
    with mrcfile.new(where / "cork.mrc") as file:
        file.set_data(np.random.default_rng(1665).normal(size=(8, 16, 16)).astype(np.float32))
        file.voxel_size = 2.0
        file.set_volume()
    (where / "notes.txt").write_text("Of the schematisme or texture of cork.\n")
    return where


def test_a_folder_becomes_a_draft_and_the_same_command_goes_on(deposit, folder, people):
    given = ("--title", "Cork cells", "--author", "Hooke, Robert")
    first = deposit(folder, *given)
    assert (first["status"], first["title"], first["file_count"], first["errors"]) == ("DRAFT", "Cork cells", 2, 0)
    (folder / "more.txt").write_text("Observ. XVIII\n")
    second = deposit(folder, *given, "--submit")
    assert (second["accession"], second["status"], second["file_count"]) == (first["accession"], "SUBMITTED", 3)
    assert deposit(folder, *given)["status"] == "SUBMITTED"
    archive = people[0]
    names = {file.path for file in archive.drafts.files(first["accession"])}
    assert names == {"cork.mrc", "notes.txt", "more.txt"}


def test_the_sheet_of_the_folder_is_the_sheet_of_the_draft(deposit, folder, people):
    sheet = {
        "schema": "micrographia/entry/1",
        "title": "Of the texture of cork",
        "authors": [{"name": "Hooke, Robert", "email": "hooke@royal.example"}],
        "image_sets": [{"id": "cork", "kind": "tomogram", "files": ["cork.mrc"]}],
        "other_files": ["*.txt"],
    }
    (folder / "entry.yaml").write_text(json.dumps(sheet))
    said = deposit(folder, "--title", "Another")
    record = people[0].drafts.record(said["accession"])
    assert record.sheet.title == "Of the texture of cork" and record.sheet.image_sets[0].files == ("cork.mrc",)
    assert "entry.yaml" not in {file.path for file in people[0].drafts.files(said["accession"])}


def test_errors_are_told_before_anything_is_sent(deposit, folder, people):
    before = list(people[0].drafts.accessions())
    (folder / "cork.mrc").write_bytes((folder / "cork.mrc").read_bytes()[:-100])
    said = deposit(folder, "--title", "Cork", "--author", "Hooke, Robert", exit_code=3)
    assert said["findings"] and "nothing was sent" in said["message"]
    assert list(people[0].drafts.accessions()) == before


def test_what_makes_no_sense_elsewhere_is_refused(deposit, folder):
    assert "on this machine" in deposit(folder, "--release", exit_code=3)["message"]
    assert "not a folder" in deposit(folder / "none", exit_code=3)["message"]


def test_an_admin_deposits_a_folder_where_it_lies(deposit, folder, people, server):
    import shutil

    from micrographia.archive import accounts
    from micrographia.model.people import Scope, Standing

    archive = people[0]
    account = accounts.add_account(archive, name="Wren", email="wren@royal.example", standing=Standing.ADMIN)
    token, _ = accounts.create_token(archive, account, scopes=frozenset({Scope.ADMIN, Scope.DEPOSIT}), days=1)
    there = shutil.copytree(folder, server.home.parent / "in place")
    given = ("--title", "Cork in place", "--author", "Hooke, Robert", "--in-place")
    said = deposit(there, *given, token=token)
    place = archive.drafts.local_path(said["accession"], "v1/content/cork.mrc")
    assert place.samefile(there / "cork.mrc") and said["file_count"] == 2
    assert deposit(there, *given, token=token)["accession"] == said["accession"]
    assert "admins" in deposit(folder, *given, exit_code=7)["message"]
