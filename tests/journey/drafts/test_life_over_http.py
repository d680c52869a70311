"""The life of an entry over HTTP, as its people meet it."""

import pytest


@pytest.fixture
def submitted(people, density):
    accession = people.begin("Zanzibar cork")
    people.add(accession, "maps/cork.mrc", density)
    assert people.post("owner", f"/api/v1/drafts/{accession}/submit").json()["status"] == "SUBMITTED"
    return accession


def test_an_entry_goes_from_draft_to_tombstone(people, submitted):
    entry = f"/api/v1/entries/{submitted}"
    assert people.get("curator", "/api/v1/curation/queue").json()["items"][0]["accession"] == submitted
    assert people.post("curator", f"{entry}/claim").json()["status"] == "SUBMITTED"
    assert people.post("curator", f"{entry}/return", {"comment": "Name the lens."}).json()["status"] == "DRAFT"
    assert people.post("owner", f"/api/v1/drafts/{submitted}/submit").json()["status"] == "SUBMITTED"
    assert people.post("curator", f"{entry}/accept").json()["status"] == "ACCEPTED"
    assert people.post("owner", f"{entry}/release").json()["status"] == "RELEASED"
    assert people.get("anonymous", entry).json()["title"] == "Zanzibar cork"
    assert people.post("owner", f"{entry}/versions", {"note": "A better title"}).status_code == 201
    assert people.ask("owner", "PATCH", f"/api/v1/drafts/{submitted}", json={"title": "Cork"}).status_code == 200
    assert people.get("anonymous", entry).json()["title"] == "Zanzibar cork"
    assert people.post("owner", f"/api/v1/drafts/{submitted}/submit").json()["version"] == 2
    assert people.post("curator", f"{entry}/accept").status_code == 200
    assert people.post("owner", f"{entry}/release").json()["version"] == 2
    assert people.get("anonymous", f"{entry}/versions").json()["total"] == 2
    difference = people.get("anonymous", f"{entry}/diff?from=1&to=2").json()
    assert difference["metadata"] == [{"field": "title", "old": "Zanzibar cork", "new": "Cork"}]
    assert all(kind["total"] == 0 for kind in difference["files"].values())
    assert people.post("curator", f"{entry}/withdraw", {"reason": "It was elder pith"}).json()["status"] == "WITHDRAWN"
    assert people.get("anonymous", entry).json()["tombstone"]["reason"] == "It was elder pith"
    verbs = [event["verb"] for event in people.get("curator", f"{entry}/events").json()["items"]]
    assert {"create", "submit", "claim", "return", "accept", "release", "revise", "withdraw"} <= set(verbs)


def test_what_files_say_of_themselves_makes_a_sheet(people, density):
    accession = people.begin()
    draft = f"/api/v1/drafts/{accession}"
    people.add(accession, "cork_half1.mrc", density)
    assert people.get("owner", f"{draft}/report").json()["errors"] == 0
    people.add(accession, "readme.txt", b"Of the schematisme or texture of cork")
    people.get("owner", f"{draft}/report")
    document = people.get("owner", draft).json()
    assert document["is_declared_by_files"]
    assert document["sheet"]["title"] == "Cork"
    assert document["sheet"]["other_files"] == ["readme.txt"]
    assert people.get("owner", f"/api/v1/images?entry={accession}").json()["total"] == 1
    suggested = people.get("owner", f"{draft}/suggestions").json()
    assert "biosamples[0].organism.name" in [blank["place"] for blank in suggested["blanks"]]


def test_a_file_that_nothing_declares_is_named(people, density):
    accession = people.begin(image_sets=[{"id": "cork", "kind": "tomogram", "files": ["cork.mrc"]}])
    people.add(accession, "cork.mrc", density)
    people.add(accession, "raw/camera.raw", bytes(1000))
    report = people.get("owner", f"/api/v1/drafts/{accession}/report").json()
    assert ("files.undeclared", "raw/camera.raw") in [(f["rule"], f["path"]) for f in report["findings"]]


def test_nothing_is_submitted_with_errors(people):
    accession = people.begin()
    refused = people.post("owner", f"/api/v1/drafts/{accession}/submit")
    assert refused.status_code == 422
    assert "files.none" in [finding["rule"] for finding in refused.json()["findings"]]


def test_a_sheet_with_mistakes_is_refused_as_a_whole(people):
    accession = people.begin()
    refused = people.ask("owner", "PATCH", f"/api/v1/drafts/{accession}", json={"title": "Pith", "licens": "CC0-1.0"})
    assert refused.status_code == 422
    assert refused.json()["findings"][0]["rule"] == "sheet.unknown_key"
    assert people.get("owner", f"/api/v1/drafts/{accession}").json()["sheet"]["title"] == "Cork"


def test_of_two_edits_of_the_same_state_the_second_is_refused(people):
    draft = f"/api/v1/drafts/{people.begin()}"
    tag = {"if-match": people.get("owner", draft).headers["etag"]}
    assert people.ask("owner", "PATCH", draft, json={"abstract": "One"}, headers=tag).status_code == 200
    assert people.ask("owner", "PATCH", draft, json={"abstract": "Other"}, headers=tag).status_code == 412
    assert people.get("owner", draft).json()["sheet"]["abstract"] == "One"


def test_a_discarded_draft_is_gone(people):
    draft = f"/api/v1/drafts/{people.begin()}"
    assert people.ask("stranger", "DELETE", draft).status_code == 404
    assert people.ask("owner", "DELETE", draft).status_code == 204
    assert people.get("owner", draft).status_code == 404


WRONG = {
    "accept": ("curator", {}),
    "return": ("curator", {"comment": "Name it"}),
    "hold": ("owner", {"until": "2999-01-01"}),
    "release": ("owner", {}),
    "claim": ("curator", {}),
    "versions": ("owner", {"note": "More"}),
    "withdraw": ("curator", {"reason": "Pith"}),
    "obsolete": ("owner", {"superseded_by": "MG-10001"}),
}


@pytest.mark.parametrize("verb", [verb for verb in WRONG if verb not in ("hold", "obsolete")])
def test_a_verb_that_does_not_fit_a_draft_says_what_does(people, verb):
    accession = people.begin()
    who, body = WRONG[verb]
    answer = people.post(who, f"/api/v1/entries/{accession}/{verb}", body)
    assert answer.status_code == 409, answer.text
    assert answer.json()["status"] == "DRAFT"
    assert "submit" in answer.json()["allowed"]


@pytest.mark.parametrize("verb", WRONG)
def test_strangers_are_told_that_there_is_nothing(people, submitted, verb):
    body = WRONG[verb][1]
    assert people.post("stranger", f"/api/v1/entries/{submitted}/{verb}", body).status_code in (404, 422)
    assert people.post("anonymous", f"/api/v1/entries/{submitted}/{verb}", body).status_code in (401, 404, 422)


def test_a_reviewer_sees_the_entry_without_its_authors_until_the_link_is_revoked(people, submitted):
    entry = f"/api/v1/entries/{submitted}"
    link = people.post("owner", f"{entry}/reviewer-links", {"hide_authors": True}).json()
    cookie = people.get("anonymous", link["url"]).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    cookies = {"micrographia_review": link["url"].rpartition("/")[2]}
    page = people.get("anonymous", f"/entries/{submitted}", cookies=cookies)
    assert "Zanzibar" in page.text
    assert "Hooke" not in page.text
    assert page.headers["x-robots-tag"] == "noindex"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "Hooke" not in people.get("anonymous", entry, cookies=cookies).text
    for closed in (f"/api/v1/drafts/{submitted}", f"{entry}/people", f"{entry}/events", f"{entry}/reviewer-links"):
        assert people.get("anonymous", closed, cookies=cookies).status_code in (401, 404)
    assert people.post("anonymous", f"{entry}/release", cookies=cookies).status_code in (401, 403)
    assert people.ask("owner", "DELETE", f"{entry}/reviewer-links/{link['id']}").status_code == 204
    assert people.get("anonymous", entry, cookies=cookies).status_code == 404
    assert people.get("anonymous", link["url"]).status_code == 404


def test_an_entry_has_exactly_one_owner(people):
    accession = people.begin()
    path = f"/api/v1/entries/{accession}/people"
    assert people.ask("owner", "DELETE", f"{path}/owner@royal.example").status_code == 409
    assert people.post("owner", path, {"email": "stranger@royal.example", "role": "viewer"}).status_code == 200
    assert people.get("stranger", f"/api/v1/drafts/{accession}").status_code == 200
    assert people.post("stranger", path, {"email": "stranger@royal.example", "role": "owner"}).status_code == 403
    given = people.post("owner", path, {"email": "stranger@royal.example", "role": "owner"}).json()["items"]
    assert {p["email"]: p["role"] for p in given} == {"owner@royal.example": "editor", "stranger@royal.example": "owner"}
    assert people.post("owner", path, {"email": "owner@royal.example", "role": "owner"}).status_code == 403


def test_events_are_no_formulas_in_a_spreadsheet(people, submitted):
    people.archive.catalogue.members(submitted)
    people.post("owner", f"/api/v1/entries/{submitted}/comment", {"text": "=HYPERLINK(1)"})
    table = people.get("curator", f"/api/v1/entries/{submitted}/events?format=csv")
    assert table.headers["content-type"].startswith("text/csv")
    assert not any(cell.startswith(("=", "+", "@")) for line in table.text.splitlines() for cell in line.split(","))
    assert people.get("stranger", f"/api/v1/entries/{submitted}/events").status_code == 404
    assert people.get("anonymous", f"/api/v1/entries/{submitted}/events").status_code == 401


def test_a_reviewer_link_ends_with_the_release(people, submitted):
    entry = f"/api/v1/entries/{submitted}"
    link = people.post("owner", f"{entry}/reviewer-links", {}).json()
    cookies = {"micrographia_review": link["url"].rpartition("/")[2]}
    assert "Hooke" in people.get("anonymous", entry, cookies=cookies).text
    people.post("curator", f"{entry}/accept")
    assert people.post("owner", f"{entry}/release").status_code == 200
    people.post("owner", f"{entry}/versions", {"note": "Secret thoughts"})
    people.ask("owner", "PATCH", f"/api/v1/drafts/{submitted}", json={"title": "Secret thoughts"})
    for path in (f"{entry}?version=2", f"{entry}/diff?from=1&to=2", f"/entries/{submitted}?version=2"):
        assert people.get("owner", path).status_code == 200, path
        assert people.get("anonymous", path, cookies=cookies).status_code == 404, path
    assert people.get("owner", f"{entry}/reviewer-links").json()["items"][0]["revoked"]


def test_the_page_of_differences_shows_both_sides_and_escapes_them(people, submitted):
    entry = f"/api/v1/entries/{submitted}"
    people.post("curator", f"{entry}/accept")
    people.post("owner", f"{entry}/release")
    people.post("owner", f"{entry}/versions", {"note": "<b>note</b>"})
    people.ask("owner", "PATCH", f"/api/v1/drafts/{submitted}", json={"title": "<script>alert(1)</script>"})
    people.ask("owner", "DELETE", f"/api/v1/drafts/{submitted}/files/maps/cork.mrc")
    people.add(submitted, "moved/cork.txt", b"Of cork", version=2)
    people.get("owner", f"/api/v1/drafts/{submitted}/report")
    page = people.get("owner", f"/entries/{submitted}/diff?from=1&to=2")
    assert page.status_code == 200
    for words in ("Zanzibar cork", "&lt;script&gt;alert(1)", "moved/cork.txt", "maps/cork.mrc", "&lt;b&gt;note"):
        assert words in page.text, words
    assert "<script>alert" not in page.text
    assert people.get("anonymous", f"/entries/{submitted}/diff?from=1&to=2").status_code == 404


def test_a_curator_sees_what_changed_since_the_last_submission(people, submitted):
    entry = f"/api/v1/entries/{submitted}"
    people.post(
        "curator",
        f"{entry}/return",
        {"comment": "Name it better", "findings": [{"rule": "map.x", "path": "maps/cork.mrc", "comment": "?"}]},
    )
    people.ask("owner", "PATCH", f"/api/v1/drafts/{submitted}", json={"title": "Texture of cork"})
    people.add(submitted, "note.txt", b"Of cork")
    assert people.post("owner", f"/api/v1/drafts/{submitted}/submit").status_code == 200
    changed = people.get("curator", f"{entry}/diff?from=submission").json()
    assert {"field": "title", "old": "Zanzibar cork", "new": "Texture of cork"} in changed["metadata"]
    assert changed["files_changed"]
    assert changed["file_count"] == {"old": 1, "new": 2}
    assert people.get("owner", f"{entry}/diff?from=submission").status_code == 403
    said = people.get("owner", f"{entry}/conversation").json()["items"]
    assert [(e["verb"], e["detail"].get("comment")) for e in said][1] == ("return", "Name it better")


def test_what_a_spreadsheet_takes_for_a_formula_is_quoted():
    from micrographia.web.api.exporting import neutral

    assert [neutral(text) for text in ("=1+1", "@a", "-1", "+1", "\t=1", "cork")] == ["'=1+1", "'@a", "'-1", "'+1", "'\t=1", "cork"]
