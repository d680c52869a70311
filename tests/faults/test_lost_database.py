"""The database is deleted: `rebuild` brings all entries back from store and drafts, and what was private stays so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from micrographia.archive.accounts import add_account, caller_of
from micrographia.archive.dossier import events_of
from micrographia.archive.lookup import find_entry
from micrographia.archive.permissions import role_of
from micrographia.archive.rebuild import rebuild
from micrographia.archive.release import release_due
from micrographia.model.people import Role, Scope

DAY = str((datetime.now(UTC) + timedelta(days=30)).date())
STATES = ("DRAFT", "SUBMITTED", "HELD", "RELEASED", "WITHDRAWN")


def test_entries_come_back_as_they_were_and_as_private_as_they_were(open_place, density):
    place = open_place()
    entries = {}
    for state in STATES:
        accession = entries[state] = place.begin(f"Cork {state}")
        place.put(accession, "cork.mrc", density + state.encode())
        entry = f"/api/v1/entries/{accession}"
        steps = [
            ("owner", f"/api/v1/drafts/{accession}/submit", {}, 1),
            ("curator", f"{entry}/accept", {}, 2),
            ("owner", f"{entry}/hold", {"until": DAY}, 2),
            ("owner", f"{entry}/release", {}, 3),
            ("curator", f"{entry}/withdraw", {"reason": "The glass was stained"}, 4),
        ]
        for who, path, body, least in steps:
            if STATES.index(state) >= least and not (path.endswith("hold") and state != "HELD"):
                answer = place.post(who, path, **body)
                assert answer.status_code == 200, answer.text
    held = f"/api/v1/entries/{entries['HELD']}"
    assert place.post("owner", f"{held}/people", email="grew@royal.example", role="viewer").status_code < 300
    link = place.post("owner", f"{held}/reviewer-links", hide_authors=True).json()["url"]
    events = {state: place.get("owner", f"/api/v1/entries/{a}/events").json() for state, a in entries.items()}
    place.server.stop()
    for file in place.home.glob("catalogue.sqlite*"):
        file.unlink()

    archive = place.archive()
    rebuilt = rebuild(archive)
    assert (rebuilt.entries, rebuilt.drafts, rebuilt.skipped) == (2, 3, ())
    place.server.start()
    answers = {state: place.get("anonymous", f"/api/v1/entries/{a}").status_code for state, a in entries.items()}
    assert answers == {"DRAFT": 404, "SUBMITTED": 404, "HELD": 404, "RELEASED": 200, "WITHDRAWN": 410}
    for state, accession in entries.items():
        assert place.get("anonymous", f"/files/{accession}/1/cork.mrc").status_code == answers[state]
    refused = place.get("owner", f"/api/v1/drafts/{entries['HELD']}")
    assert refused.status_code == 401 and refused.json()["message"], "accounts and tokens are gone, and that is said"
    path = link[link.index("/", 8) :]
    assert place.ask("anonymous", "GET", path, headers={"accept": "text/html"}, follow_redirects=False).status_code in (200, 303), path

    owner = add_account(archive, name="Owner", email="owner@royal.example")
    grew = add_account(archive, name="Grew, Nehemiah", email="grew@royal.example")
    for account, role in ((owner, Role.OWNER), (grew, Role.VIEWER)):
        asked = archive.called_by(caller_of(account, frozenset({Scope.DEPOSIT, Scope.READ_PRIVATE})))
        assert role_of(asked, entries["HELD"]) is role
        view = find_entry(asked, entries["HELD"])
        assert view.state == "HELD"
    for state, accession in entries.items():
        there = [event.verb for event in events_of(archive, accession)]
        told = events[state]["items"]
        assert sorted(there) == sorted(event["verb"] for event in told), state
    assert archive.drafts.record(entries["HELD"]).hold_until == DAY
    assert release_due(archive) == []
    assert release_due(replace(archive, now=lambda: f"{DAY}T00:00:00Z")) == [entries["HELD"]]
    assert archive.catalogue.reserve_accession() not in entries.values()
    archive.catalogue.close()
