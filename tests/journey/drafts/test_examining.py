"""A draft's files are looked at once, wherever they lie and whatever happens meanwhile."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from micrographia.archive import examining
from micrographia.archive.drafting import edit_draft
from micrographia.archive.examining import examine_draft
from micrographia.derive.drafts import DraftKeeper
from micrographia.formats import looking
from micrographia.formats.workers import Workers
from micrographia.testing.mrc_files import mrc_bytes


@pytest.fixture(scope="module")
def workers():
    with Workers(1) as pool:
        yield pool


def count_looks(monkeypatch):
    """Return the paths that are looked at from now on."""
    seen, look = [], looking.look_at_all

    def counted(items, pool):
        items = list(items)
        seen.extend(item.path for item in items)
        return look(items, pool)

    monkeypatch.setattr(examining, "look_at_all", counted)
    return seen


def test_a_file_more_does_not_have_the_others_read_again(people, density, workers, monkeypatch):
    accession = people.begin()
    for n in range(5):
        people.add(accession, f"cork_{n}.txt", bytes([n]) * 100)
    people.add(accession, "cork.mrc", density)
    examine_draft(people.archive, accession, workers=workers)
    seen = count_looks(monkeypatch)
    people.add(accession, "more.txt", b"Of feathers")
    examine_draft(people.archive, accession, workers=workers)
    assert seen == ["more.txt"]
    people.add(accession, "cork_2.txt", b"Of other bytes")
    examine_draft(people.archive, accession, workers=workers)
    assert seen == ["more.txt", "cork_2.txt"]


def test_a_new_version_reads_no_image_of_the_old_one_again(people, density, monkeypatch):
    accession = people.begin()
    people.add(accession, "cork.mrc", density)
    people.post("owner", f"/api/v1/drafts/{accession}/submit")
    people.post("curator", f"/api/v1/entries/{accession}/accept")
    assert people.post("owner", f"/api/v1/entries/{accession}/release").status_code == 200
    before = people.get("anonymous", f"/api/v1/images?entry={accession}").json()["items"][0]
    people.post("owner", f"/api/v1/entries/{accession}/versions", {"note": "A title"})
    assert people.get("owner", f"/api/v1/drafts/{accession}").json()["file_count"] == 1
    seen = count_looks(monkeypatch)
    people.ask("owner", "PATCH", f"/api/v1/drafts/{accession}", json={"title": "Pith"})
    assert people.get("owner", f"/api/v1/drafts/{accession}/report").json()["errors"] == 0
    assert seen == []
    after = people.get("owner", f"/api/v1/images?entry={accession}&version=2").json()["items"][0]
    assert after["statistics"] == before["statistics"]
    assert not list(people.archive.settings.home.glob(f"drafts/{accession}/v2/content/*"))


def test_what_changes_while_it_is_looked_at_is_looked_at_too(people, density, workers, monkeypatch):
    accession = people.begin()
    people.add(accession, "cork.mrc", density)
    look, added = examining.look_at_all, threading.Event()

    def meanwhile(items, pool):
        yield from look(items, pool)
        if not added.is_set():
            added.set()
            people.add(accession, "late.txt", b"late")
            edit_draft(people.archive, accession, {"abstract": "Edited meanwhile"})

    monkeypatch.setattr(examining, "look_at_all", meanwhile)
    examine_draft(people.archive, accession, workers=workers)
    record = people.archive.drafts.record(accession)
    assert examining.is_examined(people.archive, record)
    assert record.sheet.abstract == "Edited meanwhile"
    assert record.sheet.other_files == ("late.txt",)


def test_the_keeper_reports_on_drafts_that_changed(people, density):
    accession = people.begin()
    people.add(accession, "cork.mrc", density)
    assert not people.get("owner", f"/api/v1/drafts/{accession}").json()["report"]["is_current"]
    DraftKeeper(people.archive).examine_all()
    assert people.get("owner", f"/api/v1/drafts/{accession}").json()["report"]["is_current"]
    assert people.get("owner", f"/api/v1/images?entry={accession}").json()["total"] == 1


def test_a_folder_that_is_one_image_is_one_image(people, tmp_path):
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=3)
    array = np.random.default_rng(0).integers(0, 99, (4, 30, 20)).astype(np.uint16)
    group.create_array("0", data=array, chunks=(2, 16, 16))
    axes = [{"name": a, "type": "space", "unit": "nanometer"} for a in "zyx"]
    scale = [{"type": "scale", "scale": [1.0, 1.0, 1.0]}]
    group.attrs["ome"] = {
        "version": "0.5",
        "multiscales": [{"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": scale}]}],
    }
    accession = people.begin()
    for file in (tmp_path / "a.zarr").rglob("*"):
        if file.is_file():
            people.add(accession, f"cells/{file.relative_to(tmp_path)}", file.read_bytes())
    assert people.get("owner", f"/api/v1/drafts/{accession}/report").json()["errors"] == 0
    (image,) = people.get("owner", f"/api/v1/images?entry={accession}").json()["items"]
    assert (image["path"], image["shape"], image["statistics"]["mean"]) == ("cells/a.zarr", [4, 30, 20], pytest.approx(array.mean()))


def test_a_file_that_is_no_image_is_said_and_harms_no_other(people, density):
    accession = people.begin()
    people.add(accession, "whole.mrc", density)
    people.add(accession, "torn.mrc", density[:2000])
    people.add(accession, "torn.tif", b"II*\0" + bytes(100))
    report = people.get("owner", f"/api/v1/drafts/{accession}/report").json()
    assert {f["path"] for f in report["findings"] if f["severity"] == "error"} == {"torn.mrc", "torn.tif"}
    assert people.post("owner", f"/api/v1/drafts/{accession}/submit").status_code == 422


def test_pictures_of_replaced_bytes_are_let_go(people, density):
    accession = people.begin()
    people.add(accession, "cork.mrc", density)
    people.get("owner", f"/api/v1/drafts/{accession}/report")
    (image,) = people.get("owner", f"/api/v1/images?entry={accession}").json()["items"]
    assert people.get("owner", image["links"]["thumbnail"]).status_code == 200
    made = list(people.archive.settings.derived.glob(f"*/{accession}/1/1"))
    assert made
    people.ask("owner", "PATCH", f"/api/v1/drafts/{accession}", json={"abstract": "The bytes are the same"})
    people.get("owner", f"/api/v1/drafts/{accession}/report")
    assert made[0].exists()
    array = np.ones((6, 20, 20), np.float32)
    array[2] = 5
    people.add(accession, "cork.mrc", mrc_bytes(array.tobytes(), nx=20, ny=20, nz=6, mode=2))
    people.get("owner", f"/api/v1/drafts/{accession}/report")
    assert not made[0].exists()


def test_nothing_is_submitted_while_a_file_is_on_its_way(people, density):
    accession = people.begin()
    people.add(accession, "cork.mrc", density)
    metadata = {"tus-resumable": "1.0.0", "upload-length": "10", "upload-metadata": "path bGF0ZS50eHQ="}
    assert people.ask("owner", "POST", f"/api/v1/drafts/{accession}/uploads", headers=metadata).status_code == 201
    refused = people.post("owner", f"/api/v1/drafts/{accession}/submit")
    assert refused.status_code == 422
    assert [f["path"] for f in refused.json()["findings"]] == ["late.txt"]


def test_who_asks_while_another_process_looks_waits_for_its_report(people, density):
    accession = people.begin()
    people.add(accession, "cork.mrc", density)
    examiner = people.app.application.state.site.examiner
    with ThreadPoolExecutor(2) as pool:  # a thread that holds a lock may take it again
        with people.archive.drafts.looking(accession):
            pool.submit(DraftKeeper(people.archive).examine_all).result(30)
            assert not people.archive.drafts.record(accession).examined
            waiting = pool.submit(people.get, "owner", f"/api/v1/drafts/{accession}/report")
            time.sleep(1.5)
            said = examiner.begin(people.archive, accession).unfinished().message
            assert "0 of 1" in said
            assert not waiting.done()
        assert waiting.result(30).json()["errors"] == 0
