"""A folder becomes an entry; what is wrong is said at once and nothing is half done."""

import hashlib
import json
import shutil
import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import ocfl
import pytest

from micrographia.archive.audit import audit
from micrographia.archive.curate import accept_entry, hold_entry
from micrographia.archive.deposit import deposit_folder
from micrographia.archive.lookup import find_entry, find_file, find_image, iterate_files, list_images, open_image, stored_image
from micrographia.archive.rebuild import rebuild
from micrographia.archive.release import release_due
from micrographia.archive.revise import revise_from_folder
from micrographia.archive.withdraw import obsolete_entry, purge_entry, withdraw_entry
from micrographia.assembly import open_archive
from micrographia.errors import GoneError, InvalidInputError, NotFoundError, WrongStateError
from micrographia.model.lifecycle import State
from micrographia.model.people import ANYONE
from micrographia.testing.examples import HOOKE


def released(archive, folder, **more):
    return deposit_folder(archive, folder, given=HOOKE, until="released", **more)


def test_a_released_folder_is_found_whole(archive, folder):
    done = released(archive, folder)
    assert done.accession == "MG-10001"
    assert done.state is State.RELEASED
    files = {f.path: f for f in iterate_files(archive, done.accession, 1)}
    assert set(files) == {p.name for p in folder.iterdir()}
    for path, record in files.items():
        data = (folder / path).read_bytes()
        assert record.sha256 == hashlib.sha256(data).hexdigest()
        assert archive.store.source(done.accession, record.content_path).read(0, len(data)) == data
    total, images, _ = list_images(archive, done.accession)
    assert total == 3
    assert {i.record.kind for i in images} == {"map", "half map"}


def test_an_image_is_read_from_the_store(archive, folder):
    import mrcfile

    done = released(archive, folder)
    _, images, _ = list_images(archive, done.accession)
    image = find_image(archive, str(images[0].id))
    expected = mrcfile.read(folder / image.record.path)
    assert (open_image(archive, image)[3, 2:7, :] == expected[3, 2:7, :]).all()
    assert image.record.statistics.mean == pytest.approx(float(expected.mean()), abs=1e-6)


def test_a_folder_that_is_one_image_belongs_to_the_set_that_names_what_lies_in_it(archive, tmp_path):
    block = tmp_path / "in/embryo.n5/setup0/timepoint0/s0/0/0/0"
    block.parent.mkdir(parents=True)
    array = np.arange(120, dtype=">u2").reshape(4, 5, 6)
    block.write_bytes(struct.pack(">HH3I", 0, 3, 6, 5, 4) + array.tobytes())
    about = {"dimensions": [6, 5, 4], "blockSize": [6, 5, 4], "dataType": "uint16", "compression": {"type": "raw"}}
    (tmp_path / "in/embryo.n5/setup0/timepoint0/s0/attributes.json").write_text(json.dumps(about))
    sheet = {"title": "An embryo", "image_sets": [{"id": "embryo", "kind": "light-sheet", "files": ["embryo.n5/**"]}]}
    (tmp_path / "in/entry.yaml").write_text(json.dumps(sheet))
    done = released(archive, tmp_path / "in")
    _, (image,), _ = list_images(archive, done.accession)
    assert (image.record.path, image.record.format, image.record.role, image.record.kind) == ("embryo.n5", "n5", "embryo", "light-sheet")
    np.testing.assert_array_equal(stored_image(archive, image).open()[...], array)


def test_the_object_is_valid_ocfl(archive, folder):
    from micrographia.model.ocfl import object_path

    done = released(archive, folder)
    valid, validator = ocfl.Object().validate(objdir=f"{archive.store.location}/{object_path(done.accession)}", log_warnings=False)
    assert valid, validator.status_str()


def test_without_a_title_nothing_is_kept(archive, folder):
    with pytest.raises(InvalidInputError) as caught:
        deposit_folder(archive, folder, until="released")
    assert any("title" in f["rule"] or "title" in f["path"] for f in caught.value.findings)
    assert list(archive.drafts.accessions()) == []
    assert list(archive.store.accessions()) == []


def test_the_same_command_twice_gives_the_same_entry(archive, folder):
    first, second = released(archive, folder), released(archive, folder)
    assert (second.accession, second.already_there) == (first.accession, True)
    assert list(archive.drafts.accessions()) == []


def test_a_changed_folder_is_a_new_entry(archive, folder):
    first = released(archive, folder)
    (folder / "notes.txt").write_text("Other words.\n")
    assert released(archive, folder).accession != first.accession


@pytest.mark.parametrize("mode", ["link", "move"])
def test_files_may_be_linked_or_moved(archive, folder, mode):
    contents = {p.name: p.read_bytes() for p in folder.iterdir()}
    done = released(archive, folder, mode=mode)
    for path, data in contents.items():
        record = find_file(archive, done.accession, 1, path)
        assert archive.store.source(done.accession, record.content_path).read(0, len(data)) == data
    assert bool(list(folder.iterdir())) is (mode == "link")


def test_a_draft_is_nobody_elses_business(archive, folder):
    draft = deposit_folder(archive, folder, given=HOOKE)
    assert draft.state is State.DRAFT
    stranger = archive.called_by(ANYONE)
    for question in (
        lambda: find_entry(stranger, draft.accession),
        lambda: find_file(stranger, draft.accession, 1, "map.mrc"),
        lambda: find_image(stranger, f"{draft.accession}.1.1"),
        lambda: list_images(stranger, draft.accession, 1),
        lambda: list(iterate_files(stranger, draft.accession, 1)),
    ):
        with pytest.raises(NotFoundError):
            question()


def test_a_new_version_shares_what_did_not_change(archive, folder):
    done = released(archive, folder)
    (folder / "notes.txt").write_text("Corrected.\n")
    (folder / "more.txt").write_text("Added.\n")
    revise_from_folder(archive, done.accession, folder, change_note="Corrected the notes", until="released")
    files = {f.path: f.content_path for f in iterate_files(archive, done.accession, 2)}
    assert files["map.mrc"] == "v1/content/map.mrc"
    assert files["notes.txt"] == "v2/content/notes.txt"
    assert files["more.txt"] == "v2/content/more.txt"
    assert find_file(archive, done.accession, 1, "notes.txt").content_path == "v1/content/notes.txt"
    assert list_images(archive, done.accession, 2)[0] == 3
    assert [v.version for v in find_entry(archive, done.accession).versions] == [1, 2]


def test_a_withdrawn_entry_answers_with_its_tombstone(archive, folder):
    done = released(archive, folder)
    withdraw_entry(archive, done.accession, reason="Wrong sample")
    with pytest.raises(GoneError) as caught:
        find_entry(archive, done.accession)
    assert caught.value.tombstone["reason"] == "Wrong sample"
    assert caught.value.tombstone["title"] == HOOKE.title
    with pytest.raises(GoneError):
        find_file(archive, done.accession, 1, "map.mrc")
    with pytest.raises(WrongStateError):
        withdraw_entry(archive, done.accession, reason="Again")


def test_a_purged_entry_leaves_no_bytes(archive, folder):
    done = released(archive, folder)
    purge_entry(archive, done.accession, reason="Court order")
    with pytest.raises(GoneError):
        find_entry(archive, done.accession)
    assert list(archive.store.accessions()) == []


def test_an_obsolete_entry_names_its_successor(archive, folder):
    old = released(archive, folder)
    (folder / "notes.txt").write_text("Better.\n")
    new = released(archive, folder)
    obsolete_entry(archive, old.accession, superseded_by=new.accession)
    assert find_entry(archive, old.accession).document()["superseded_by"] == new.accession
    with pytest.raises(InvalidInputError):
        obsolete_entry(archive, new.accession, superseded_by="MG-99999")


def test_a_rebuild_answers_as_before(archive, folder, settings):
    kept = released(archive, folder)
    (folder / "notes.txt").write_text("Second.\n")
    gone = released(archive, folder)
    withdraw_entry(archive, gone.accession, reason="Wrong")
    (folder / "notes.txt").write_text("Third.\n")
    draft = deposit_folder(archive, folder, given=HOOKE)
    before = answers(archive, kept.accession)
    archive.catalogue.close()
    for file in settings.home.glob("catalogue.sqlite*"):
        file.unlink()
    again = open_archive(settings)
    try:
        done = rebuild(again)
        assert (done.entries, done.versions, done.drafts, done.skipped) == (2, 2, 1, ())
        assert answers(again, kept.accession) == before
        with pytest.raises(GoneError):
            find_entry(again, gone.accession)
        with pytest.raises(NotFoundError):
            find_entry(again.called_by(ANYONE), draft.accession)
        assert again.catalogue.reserve_accession() == "MG-10004"
    finally:
        again.catalogue.close()


def answers(archive, accession):
    images = [i.record.model_dump(mode="json") for i in list_images(archive, accession)[1]]
    files = [f.model_dump(mode="json") for f in iterate_files(archive, accession, 1)]
    return json.dumps([find_entry(archive, accession).document(), images, files], sort_keys=True)


def test_a_folder_that_is_not_there_is_named(archive, tmp_path):
    with pytest.raises(InvalidInputError, match="nowhere"):
        deposit_folder(archive, tmp_path / "nowhere", given=HOOKE)


def test_deposited_bytes_do_not_follow_the_source(archive, folder):
    done = released(archive, folder)
    data = (folder / "notes.txt").read_bytes()
    shutil.rmtree(folder)
    record = find_file(archive, done.accession, 1, "notes.txt")
    assert archive.store.source(done.accession, record.content_path).read(0, record.size_bytes) == data


def test_a_voxel_size_that_no_header_says_is_the_depositors(archive, folder):
    import mrcfile

    with mrcfile.open(folder / "map.mrc", mode="r+") as file:
        file.voxel_size = 0
    (folder / "entry.yaml").write_text(
        "title: Cork\nauthors: [{name: 'Hooke, Robert'}]\n"
        "image_sets: [{id: cork, kind: volume EM, files: map.mrc, voxel_size_nm: [4, 2, 2]}]\n"
        "other_files: ['map_half*.mrc', notes.txt]\n"
    )
    done = deposit_folder(archive, folder, until="released")
    sizes = {i.record.path: i.record.voxel_size for i in list_images(archive, done.accession)[1]}
    assert sizes["map.mrc"].as_json() == {"z": 4, "y": 2, "x": 2, "unit": "nanometer"}
    assert sizes["map_half1.mrc"].as_json() == {"z": 1.5, "y": 1.5, "x": 1.5, "unit": "angstrom"}


@pytest.mark.parametrize("mode", ["copy", "move"])
def test_names_from_a_mac_are_kept_in_their_composed_form(archive, folder, mode):
    (folder / "cafe\u0301.txt").write_text("Of coffee.\n")
    done = released(archive, folder, mode=mode)
    record = find_file(archive, done.accession, 1, "caf\u00e9.txt")
    assert archive.store.source(done.accession, record.content_path).read(0, 2) == b"Of"
    assert (folder / "cafe\u0301.txt").exists() == (mode == "copy")


def test_an_archive_never_takes_in_itself(archive, folder):
    released(archive, folder)
    for inside in (archive.settings.home.parent, archive.settings.home, archive.settings.home / "store"):
        with pytest.raises(InvalidInputError, match="archive"):
            released(archive, inside, mode="move")
    assert len(list(archive.store.accessions())) == 1


def test_a_held_entry_is_released_on_its_day_by_whoever_opens_the_archive(archive, folder):
    draft = deposit_folder(archive, folder, given=HOOKE, until="submitted").accession
    accept_entry(archive, draft)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    hold_entry(archive, draft, until=tomorrow)
    assert release_due(archive) == []
    assert release_due(replace(archive, now=lambda: f"{tomorrow}T00:00:00Z")) == [draft]
    assert find_entry(archive, draft).record.released_at == f"{tomorrow}T00:00:00Z"


def test_a_replica_that_is_not_there_is_not_made(archive, folder, tmp_path):
    released(archive, folder)
    with pytest.raises(NotFoundError, match="store"):
        list(audit(archive, repair_from=str(tmp_path / "nothing")))
    assert not (tmp_path / "nothing").exists()


def test_a_tombstone_and_its_accession_outlive_the_catalogue(archive, folder):
    gone = released(archive, folder).accession
    withdraw_entry(archive, gone, reason="It is wrong.")
    purge_entry(archive, gone, reason="The law asks for it.")
    rebuild(archive)
    with pytest.raises(GoneError) as caught:
        find_entry(archive, gone)
    assert {"title", "reason", "date"} <= set(caught.value.tombstone)
    assert released(archive, folder).accession != gone


def test_only_a_released_entry_supersedes(archive, folder):
    old = released(archive, folder).accession
    (folder / "notes.txt").write_text("Other words.\n")
    draft = deposit_folder(archive, folder, given=HOOKE).accession
    with pytest.raises(InvalidInputError, match="released here"):
        obsolete_entry(archive, old, superseded_by=draft)


def test_no_address_of_a_person_is_released(archive, folder):
    (folder / "entry.yaml").write_text(
        "title: Cork\nauthors: [{name: 'Hooke, Robert', email: robert@gresham.example}]\nother_files: ['*']\n"
    )
    first = deposit_folder(archive, folder, until="released")
    root = Path(archive.store.location)
    assert not [p for p in root.rglob("*") if p.is_file() and b"gresham" in p.read_bytes()]
    assert deposit_folder(archive, folder, until="released").accession == first.accession
