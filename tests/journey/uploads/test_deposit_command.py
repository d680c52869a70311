"""`micrographia deposit --server`, as a depositor types it."""

import json

import mrcfile
import numpy as np
import pytest

from micrographia.cli import main


@pytest.fixture
def deposit(server, people, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def typed(folder, *words, exit_code=0):
        with monkeypatch.context() as during, pytest.raises(SystemExit) as left:
            command = ["micrographia", "deposit", folder, "--server", server.url, "--token", people[1][1], "--json", *words]
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
