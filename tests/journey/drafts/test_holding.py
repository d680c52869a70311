"""How long an accepted entry waits, and for what."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from micrographia.archive.release import release_due


def day(days):
    return str((datetime.now(UTC) + timedelta(days=days)).date())


@pytest.fixture
def accept(people, density):
    def accepted(title="Cork", until="accept"):
        accession = people.begin(title)
        people.add(accession, "cork.mrc", density + title.encode())
        assert people.post("owner", f"/api/v1/drafts/{accession}/submit").status_code == 200
        if until == "accept":
            assert people.post("curator", f"/api/v1/entries/{accession}/accept").status_code == 200
        return accession

    return accepted


def state(people, accession):
    return people.archive.catalogue.entry(accession).state


def test_an_owner_holds_up_to_a_year_and_a_curator_longer_with_a_reason(people, accept):
    hold = f"/api/v1/entries/{accept()}/hold"
    assert people.post("owner", hold, {"until": day(40)}).json()["hold_until"] == day(40)
    for refused in (day(0), day(-3), day(500), "soon", ""):
        assert people.post("owner", hold, {"until": refused}).status_code == 422, refused
    assert people.post("owner", hold, {"until": day(500), "reason": "A patent"}).status_code == 422
    assert people.post("curator", hold, {"until": day(500)}).status_code == 422
    assert people.post("curator", hold, {"until": day(500), "reason": "A patent"}).json()["hold_until"] == day(500)


def test_a_hold_for_publication_ends_when_the_owner_says_so(people, accept):
    accession = accept()
    assert people.post("owner", f"/api/v1/entries/{accession}/hold", {"until": "publication"}).json()["status"] == "HELD"
    hold = people.get("owner", f"/api/v1/drafts/{accession}").json()["hold"]
    assert hold == {"until": day(366), "on_publication": True, "with": None}
    assert release_due(people.archive) == []
    assert people.post("owner", f"/api/v1/entries/{accession}/release").json()["status"] == "RELEASED"


def test_entries_are_released_together(people, accept):
    first, second = accept("Cork"), accept("Pith")
    assert people.post("owner", f"/api/v1/entries/{second}/hold", {"with": first}).json()["status"] == "HELD"
    assert release_due(people.archive) == []
    assert people.post("owner", f"/api/v1/entries/{first}/release").status_code == 200
    assert state(people, second) == "RELEASED"


def test_what_a_crash_kept_from_being_released_together_is_released_later(people, accept, monkeypatch):
    first, second = accept("Cork"), accept("Pith")
    people.post("owner", f"/api/v1/entries/{second}/hold", {"with": first})
    monkeypatch.setattr("micrographia.archive.release._release_partners", lambda *_: None)
    people.post("owner", f"/api/v1/entries/{first}/release")
    assert state(people, second) == "HELD"
    assert release_due(people.archive) == [second]


def test_nobody_waits_for_what_they_may_not_see(people, accept):
    first, hidden = accept("Cork"), accept("Pith")
    people.post("owner", f"/api/v1/entries/{first}/people", {"email": "stranger@royal.example", "role": "owner"})
    for other in (hidden, first, "MG-99999", "cork"):
        assert people.post("stranger", f"/api/v1/entries/{first}/hold", {"with": other}).status_code == 422


def test_a_held_entry_is_released_on_its_day(people, accept):
    accession = accept()
    people.post("owner", f"/api/v1/entries/{accession}/hold", {"until": day(3)})
    later = replace(people.archive, now=lambda: f"{day(3)}T00:00:00Z")
    assert release_due(people.archive) == []
    assert release_due(later) == [accession]


def test_with_warnings_a_curator_must_look(open_people, density):
    people = open_people(self_release="everyone")
    accession = people.begin()
    people.add(accession, "cork.mrc", density)
    people.post("owner", f"/api/v1/drafts/{accession}/submit")
    assert people.get("owner", f"/api/v1/drafts/{accession}").json()["report"]["warnings"] > 0
    assert people.post("owner", f"/api/v1/entries/{accession}/release").status_code == 409


CLEAN = {
    "abstract": "I took a good clear piece of cork.",
    "experiment": "simulated",
    "authors": [{"name": "Hooke, Robert", "orcid": "0000-0002-1825-0097"}],
    "other_files": ["readme.txt"],
}


@pytest.mark.parametrize(
    ("setting", "trusted", "status"), [("nobody", True, 409), ("trusted", False, 409), ("trusted", True, 200), ("everyone", False, 200)]
)
def test_clean_entries_may_be_released_by_those_whom_the_archive_trusts(open_people, setting, trusted, status):
    from sqlalchemy import update

    from micrographia.catalogue.tables import accounts

    people = open_people(self_release=setting)
    with people.archive.catalogue.write() as connection:
        connection.execute(update(accounts).where(accounts.c.email == "owner@royal.example").values(is_trusted=trusted))
    accession = people.begin(**CLEAN)
    people.add(accession, "readme.txt", b"Of the schematisme or texture of cork")
    assert people.post("owner", f"/api/v1/drafts/{accession}/submit").status_code == 200
    assert people.get("owner", f"/api/v1/drafts/{accession}").json()["report"]["warnings"] == 0
    released = people.post("owner", f"/api/v1/entries/{accession}/release")
    assert released.status_code == status, released.text
    if status == 200:
        assert "its owner" in people.get("owner", f"/api/v1/entries/{accession}/events").text
