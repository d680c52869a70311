"""A disk that is full, or cannot be written to: said in a sentence, nothing is lost, and all goes on by itself once there is room."""

from __future__ import annotations

import os
import subprocess
import time

import pytest

MIB = 1 << 20


@pytest.fixture
def disk(tmp_path):
    """A file system of 32 MiB, and what fills it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "none", folder], capture_output=True).returncode:
        pytest.skip("this user may not mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(disk, leave=0):
    filler = disk / "filler"
    state = os.statvfs(disk)
    with filler.open("ab") as file:
        file.write(b"f" * max(0, state.f_bavail * state.f_frsize - leave))
    return filler


def assert_said(answer, *words):
    assert answer.status_code == 503, (answer.status_code, answer.text[:400])
    message = answer.json()["message"]
    assert any(word in message for word in words) and message.endswith("."), message
    assert answer.headers["retry-after"]


def test_a_full_disk_is_said_and_everything_goes_on_when_there_is_room(open_place, disk, density):
    place = open_place(disk / "archive")
    accession = place.begin("Cork")
    assert place.put(accession, "cork.mrc", density).status_code == 201
    base, entry = f"/api/v1/drafts/{accession}", f"/api/v1/entries/{accession}"
    data = os.urandom(3 * MIB)
    named = "path cmF3LnJhdw=="  # raw.raw
    where = place.tus("POST", f"{base}/uploads", Upload_Length=str(len(data)), Upload_Metadata=named, Content_Type="").headers["location"]
    filler = fill(disk, leave=MIB)
    assert_said(place.tus("PATCH", where, data, Upload_Offset="0"), "full")
    offset = int(place.tus("HEAD", where).headers["upload-offset"])
    assert 0 < offset < len(data)
    filler.unlink()
    while offset < len(data):  # what was written before stays
        offset = int(place.tus("PATCH", where, data[offset : offset + MIB], Upload_Offset=str(offset)).headers["upload-offset"])
    assert set(place.whole(accession)) == {"cork.mrc", "raw.raw"}

    def twice(who, path, **body):
        """Do it on a full disk, then with room; it is done once."""
        filler = fill(disk)
        first = place.post(who, path, **body)
        if first.status_code != 200:
            assert_said(first, "full")
            assert place.get("owner", entry).status_code == 200, "what is there is not read any more"
        filler.unlink()
        if first.status_code == 200:
            return first
        return place.post(who, path, **body)

    filler = fill(disk)
    assert_said(place.post("owner", "/api/v1/drafts", title="Pith"), "full")
    assert_said(place.put(accession, "more.txt", b"more" * 5000), "full")
    assert_said(place.ask("owner", "PATCH", base, json={"abstract": "Of cork " * 2000}), "full")
    filler.unlink()
    assert place.put(accession, "more.txt", b"more" * 5000).status_code == 201
    for who, path, body in (
        ("owner", f"{base}/submit", {}),
        ("curator", f"{entry}/accept", {}),
        ("owner", f"{entry}/hold", {"until": "publication"}),
        ("owner", f"{entry}/release", {}),
        ("curator", f"{entry}/withdraw", {"reason": "The glass was stained"}),
    ):
        done = twice(who, path, **body)
        assert done.status_code == 200 or (done.status_code in (409, 410)), (path, done.text)
    assert place.get("anonymous", entry).status_code == 410
    archive = place.archive()
    assert [event.verb for event in archive.store.events(accession)].count("withdraw") == 1
    archive.catalogue.close()


def test_a_release_that_found_no_room_may_still_be_held(open_place, disk, density):
    place = open_place(disk / "archive")
    accession = place.begin("Cork")
    place.put(accession, "cork.mrc", density)
    entry = f"/api/v1/entries/{accession}"
    place.post("owner", f"/api/v1/drafts/{accession}/submit")
    place.post("curator", f"{entry}/accept")
    for leave in (4096, 8192, 12288):
        filler = fill(disk, leave=leave)
        answer = place.post("owner", f"{entry}/release")
        filler.unlink()
        if answer.status_code == 200:
            break
        assert_said(answer, "full")
        assert place.post("owner", f"{entry}/hold", until="publication").json()["status"] == "HELD"
        place.server.kill()
        place.server.start()
        assert place.get("anonymous", entry).status_code == 404, "what is held was released by a restart"
    else:
        assert place.post("owner", f"{entry}/release").status_code == 200


def test_drafts_and_store_that_cannot_be_written_are_said_and_read(open_place, disk, density):
    place = open_place(MICROGRAPHIA_STORE_URL=str(disk / "store"), MICROGRAPHIA_DRAFTS_URL=str(disk / "drafts"))
    released, accession = place.begin("Cork"), place.begin("Pith")
    for one in (released, accession):
        place.put(one, "cork.mrc", density)
        assert place.post("owner", f"/api/v1/drafts/{one}/submit").status_code == 200
        assert place.post("curator", f"/api/v1/entries/{one}/accept").status_code == 200
    assert place.post("owner", f"/api/v1/entries/{released}/release").status_code == 200
    editable = place.begin("Bark")
    until = time.monotonic() + 20
    while subprocess.run(["mount", "-o", "remount,ro", disk], capture_output=True).returncode:  # not while something is being written
        assert time.monotonic() < until
        time.sleep(0.1)
    assert place.get("anonymous", f"/files/{released}/1/cork.mrc").content == density
    draft, entry = f"/api/v1/drafts/{editable}", f"/api/v1/entries/{accession}"
    named = "path cmF3LnJhdw=="
    for answer in (
        place.post("owner", "/api/v1/drafts", title="Reed"),
        place.put(editable, "more.txt", b"more"),
        place.tus("POST", f"{draft}/uploads", Upload_Length="9000000", Upload_Metadata=named, Content_Type=""),
        place.ask("owner", "PATCH", draft, json={"abstract": "Of cork"}),
        place.ask("owner", "DELETE", draft),
        place.post("owner", f"{draft}/submit"),
        place.post("owner", f"{entry}/hold", until="publication"),
        place.post("owner", f"{entry}/release"),
        place.post("curator", f"/api/v1/entries/{released}/withdraw", reason="The glass was stained"),
        place.post("owner", f"/api/v1/entries/{released}/versions", note="More light"),
        place.post("owner", f"{entry}/people", email="grew@royal.example", role="viewer"),
    ):
        assert_said(answer, "read-only")
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    assert place.get("anonymous", f"/api/v1/entries/{released}").status_code == 200
    assert place.get("anonymous", entry).status_code == 404
    assert place.post("owner", f"{entry}/release").status_code == 200
    assert place.put(editable, "more.txt", b"more").status_code == 201


def test_a_home_that_cannot_be_written_is_read_all_the_same(open_place, disk, density):
    place = open_place(disk / "archive")
    accession = place.begin("Cork")
    place.put(accession, "cork.mrc", density)
    place.server.stop()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    place.server.start()
    assert place.get("anonymous", "/api/v1/entries").json()["total"] == 0
    assert place.get("owner", f"/files/{accession}/1/cork.mrc").status_code == 404  # it was never looked at
    for answer in (
        place.post("owner", "/api/v1/drafts", title="Reed"),
        place.put(accession, "more.txt", b"more"),
        place.post("owner", f"/api/v1/drafts/{accession}/submit"),
    ):
        assert_said(answer, "read-only", "readonly")
    place.server.stop()
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    place.server.start()
    assert place.post("owner", f"/api/v1/drafts/{accession}/submit").json()["status"] == "SUBMITTED"
