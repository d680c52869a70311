"""Many people at once, on both databases and in a bucket; and processes that are killed."""

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from micrographia.archive.audit import audit
from micrographia.archive.examining import is_examined
from micrographia.derive.drafts import DraftKeeper
from micrographia.testing.s3_server import s3_server, weed

DEPOSITORS = 16


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def shared(request, open_people):
    if request.param == "sqlite":
        return open_people()
    return open_people(database_url=request.getfixturevalue("postgres").new_database())


def test_sixteen_depositors_do_not_get_into_each_others_way(shared, density):
    def deposit(n):
        accession = shared.begin(f"Cork {n}")
        steps = []
        for page in range(3):
            shared.add(accession, f"page_{page}.txt", f"{n} {page}".encode() * 50)
        shared.add(accession, "cork.mrc", density[:-4] + bytes([n, 0, 0, 0]))
        steps.append(shared.ask("owner", "PATCH", f"/api/v1/drafts/{accession}", json={"abstract": f"Piece {n}"}))
        steps.append(shared.post("owner", f"/api/v1/drafts/{accession}/submit"))
        steps.append(shared.post("curator", f"/api/v1/entries/{accession}/accept"))
        steps.append(shared.post("owner", f"/api/v1/entries/{accession}/release"))
        assert [step.status_code for step in steps] == [200] * 4, [step.text[:300] for step in steps if step.status_code != 200]
        return accession

    with ThreadPoolExecutor(DEPOSITORS) as pool:
        accessions = list(pool.map(deposit, range(DEPOSITORS)))
    assert len(set(accessions)) == DEPOSITORS
    assert shared.get("anonymous", "/api/v1/entries").json()["total"] == DEPOSITORS
    titles = {shared.get("anonymous", f"/api/v1/entries/{a}").json()["title"] for a in accessions}
    assert titles == {f"Cork {n}" for n in range(DEPOSITORS)}
    assert list(audit(shared.archive)) == []


def test_of_many_who_submit_the_same_draft_one_does(people, density):
    accession = people.begin()
    people.add(accession, "cork.mrc", density)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: people.post("owner", f"/api/v1/drafts/{accession}/submit").status_code, range(8)))
    assert sorted(answers) == [200] + [409] * 7
    assert [e.verb for e in people.archive.drafts.record(accession).events].count("submit") == 1


@pytest.mark.s3
def test_drafts_in_a_bucket_live_like_those_in_a_folder(open_people, serve, density, tmp_path, monkeypatch):
    if weed() is None:
        pytest.skip("the S3 server (weed) is not installed")
    (tmp_path / "s3").mkdir()
    with s3_server(tmp_path / "s3") as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        places = {"store_url": f"s3://{server.bucket}/store", "drafts_url": f"s3://{server.bucket}/drafts"}
        people = open_people(**places)
        # a process of its own: its workers must inherit the way to the bucket
        url = serve(people.archive, **{f"MICROGRAPHIA_{name.upper()}": place for name, place in places.items()})
        live_in_a_bucket(people, url, density)


def live_in_a_bucket(people, url, density):
    def ask(who, method, path, **more):
        return httpx.request(method, url + path, headers=people.headers[who], timeout=60, **more)

    accession = people.begin()
    people.add(accession, "cork.mrc", density)
    draft, entry = f"/api/v1/drafts/{accession}", f"/api/v1/entries/{accession}"
    assert ask("owner", "POST", f"{draft}/submit").status_code == 200
    assert ask("curator", "POST", f"{entry}/accept").status_code == 200
    assert ask("owner", "POST", f"{entry}/release").status_code == 200
    assert ask("owner", "POST", f"{entry}/versions", json={"note": "A text"}).status_code == 201
    people.add(accession, "note.txt", b"Of cork", version=2)
    assert ask("owner", "GET", f"{draft}/report").json()["errors"] == 0
    assert ask("owner", "GET", f"/files/{accession}/2/cork.mrc").content == density
    assert ask("anonymous", "GET", f"/files/{accession}/2/cork.mrc").status_code == 404


EXAMINE = (
    "import sys; from pathlib import Path; from micrographia.assembly import open_archive; from micrographia.settings import Settings;"
    "from micrographia.derive.drafts import DraftKeeper;"
    "archive = open_archive(Settings(home=Path(sys.argv[1]), workers=1)); print('begun', flush=True); DraftKeeper(archive).examine_all()"
)


def test_an_examination_that_is_killed_goes_on_where_it_was(people, density):
    accession = people.begin()
    for n in range(150):
        people.add(accession, f"maps/cork_{n}.mrc", density[:-4] + n.to_bytes(4, "little"))
    moments = random.Random(1665)
    for _ in range(4):
        command = [sys.executable, "-c", EXAMINE, str(people.archive.settings.home)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert process.stdout.readline() == "begun\n"
        time.sleep(moments.uniform(0.1, 1.5))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert people.archive.drafts.record(accession).sheet.title == "Cork"
    DraftKeeper(people.archive).examine_all()
    assert is_examined(people.archive, people.archive.drafts.record(accession))
    images = list(people.archive.drafts.images(accession))
    assert [image.number for image in images] == list(range(1, 151))
    assert [image.path for image in images[:3]] == ["maps/cork_0.mrc", "maps/cork_1.mrc", "maps/cork_2.mrc"]
    assert all(image.statistics for image in images)
