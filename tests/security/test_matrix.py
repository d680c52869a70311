"""Every route × everybody × every state: nobody learns what is not theirs to know. Generated from the application's own routes.

Strangers are held to the strictest measure: what they are told of a private entry is, to the byte, what they are told of none.
"""

import itertools
import re

import pytest

from .conftest import GONE, NOBODY, PRIVATE, PUBLIC, ROLES

STRANGERS = ("anyone", "stranger", "curator, wrong scope", "admin, wrong scope", "owner, expired", "revoked reviewer", "other's reviewer")
INSIDERS = (*ROLES, "curator", "admin", "reviewer", "blind reviewer")
# what an address may hold in place of each parameter, an entry's own first
FILES = ("{word}tomo.mrc", "plate/B02_f1_DNA.tif", "manifest.jsonl", "entry.json", "plate/", "")
KEYS = ("zarr.json", "0/zarr.json", "0/c/0/0/0", "1/zarr.json", "1/c/0/0/0", "labels/2/zarr.json", "B/2/0/zarr.json")
PICTURES = ("full/max/0/default.png", "full/!32,32/0/default.webp")
LATER = ("?version=2", "?from=1&to=2", "?from=submission")
BODIES = {
    "share": {"email": "stranger@royal.example", "role": "owner"},
    "people": {"email": "stranger@royal.example", "role": "owner"},
    "hold": {"until": "2999-01-01", "reason": "None"},
    "obsolete": {"superseded_by": "MG-10001"},
    "retry": {},
    "crops": {"ranges": {"z": "0:1"}},
    "files": {"path": "a.txt", "sha256": "0" * 64, "size_bytes": 1},
}
BODY = {"title": "taken", "comment": "no", "text": "no", "reason": "no", "note": "no", "hide_authors": False}
VERSIONS = r"(?<=version )[23]|(?<=\.)[23](?=\.)|(?<=/)[23](?=[/.])|v[23]"
TUS = {"tus-resumable": "1.0.0", "upload-length": "1", "upload-metadata": "path YS50eHQ=", "upload-offset": "0"}


def filled(template, accession, version, word):
    """Addresses of one route for one version of an entry, an image of each kind, files and parts of files."""
    choices = {
        "{accession}": (accession,),
        "{version:int}": (str(version),),
        "{key:path}": KEYS,
        "{region}/{size}/{rotation}/{quality}.{file_format}": PICTURES,
        "{identifier}": (f"{accession}.{version}.2",),
        "{image_id}": (f"{accession}.{version}.2",),
        "{image}": (f"{accession}.{version}.2", f"{accession}.{version}.2-r1"),
        "{picture}": ("section-z", "projection-z"),
        "{ranges}": ("z=0:1",),
        "{well}": ("B2",),
        "{path:path}": tuple(name.format(word=word) for name in FILES),
        "{who}": ("owner@royal.example",),
        "{link_id}": ("abcd1234",),
        "{upload}": ("0" * 32,),
        "{verb}": ("release", "share", "withdraw", "reviewer-link", "comment", "version"),
        "{secret}": ("0" * 43,),
        "{token}": ("0" * 12,),
        "{number:int}": ("1",),
        "{comparison}": ("0" * 43,),
        "{volume}": ("a",),
        "{download}": ("aligned.mrc",),
        "{name}": (f"{word}screen-plate", "plate") if "plate" in template else (f"{accession}.{version}.2",),
    }
    used = [name for name in choices if name in template]
    for values in itertools.product(*(choices[name] for name in used)):
        address = template
        for name, value in zip(used, values, strict=True):
            address = address.replace(name, value)
        assert "{" not in address, f"the matrix does not know how to fill {template}: add its parameter to `choices`"
        yield address


def addresses(world, method, accession, version, word):
    of_an_entry = [
        path for m, path in world.routes if m == method and any(f"{{{n}" in path for n in ("accession", "image", "identifier", "name"))
    ]
    found = [address for template in of_an_entry for address in filled(template, accession, version, word)]
    if method == "GET":
        found += [
            f"{a}{more}" for a in list(found) if a.endswith((accession, "/diff", "/images", "/events", "/validation")) for more in LATER
        ]
        found += [f"/api/v1/images?entry={accession}", f"/api/v1/images?entry={accession}&version={version}"]
        found += [f"/files/{accession}/{version}.zip?path={word}*", f"/api/v1/images/{accession}.{version}.2/slice?max_size=8"]
        found += [f"/entries/{accession}/images?kind=map"]
        found += [f"{path}?a={accession}&b={accession}" for path in ("/api/v1/trace", "/compare/trace")]
    return found


def asks(world, who, accession):
    if who == "other's reviewer":
        return ("reviewer", next(e for state, e in world.entries.items() if state in PRIVATE and e != accession))
    return who if who in world.asks else (who, accession)


def said(answer, accession):
    """All that an answer says, the accession itself left out."""
    headers = sorted((k, v) for k, v in answer.headers.items() if k != "content-length")
    return answer.status_code, *(re.sub(rf"{accession}\b", "MG-…", text) for text in (str(headers), answer.text))


def body_of(address):
    return {**BODY, **BODIES.get(re.split(r"[/?]", address.rstrip("/"))[-1], {})}


def word_of(state):
    return "zqnew" if state == "revised" else f"zq{state}"


@pytest.mark.parametrize("state", PRIVATE)
def test_what_people_fetched_is_told_to_no_stranger(world, state):
    accession, word = world.entries[state], word_of(state)
    for address in addresses(world, "GET", accession, 1, word):
        seen = world.get("owner", address)  # it stays in memory, and derived products are made
        for who in STRANGERS:
            answer = world.get(asks(world, who, accession), address)
            of_nothing = world.get(asks(world, who, accession), address.replace(accession, NOBODY))
            assert said(answer, accession) == said(of_nothing, NOBODY), (who, address)
            assert "zq" not in answer.text.replace(word, "", address.count(word) * 9), (who, address)
            assert answer.status_code in (401, 403, 404, 405, 422), (who, address)
        if seen.status_code < 400:
            assert seen.headers["cache-control"] == "private, no-store", address
            assert "access-control-allow-origin" not in seen.headers, address


@pytest.mark.parametrize("state", PRIVATE)
@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_no_stranger_learns_or_changes_anything_by_other_methods(world, state, method):
    accession, word = world.entries[state], word_of(state)
    known = "GET" if method in ("PUT", "TRACE", "PROPFIND", "OPTIONS", "HEAD") else method
    before = kept(world, accession)
    for address in addresses(world, known, accession, 1, word):
        for who in STRANGERS[:3]:
            headers = TUS if "/uploads" in address else {}
            body = {} if method in ("HEAD", "OPTIONS", "TRACE") else {"json": body_of(address)}
            answers = [
                world.request(asks(world, who, accession), method, address.replace(accession, of), headers=headers, **body)
                for of in (accession, NOBODY)
            ]
            assert said(answers[0], accession) == said(answers[1], NOBODY), (who, address)
            assert not answers[0].is_success or method == "OPTIONS", (who, address)
    assert kept(world, accession) == before


@pytest.mark.parametrize("who", ["viewer", "reviewer", "blind reviewer", "curator, wrong scope", "stranger", "submitter"])
@pytest.mark.parametrize("state", (*PRIVATE, *PUBLIC, *GONE))
def test_nobody_changes_what_is_not_theirs(world, state, who):
    accession = world.entries[state]
    asking = asks(world, who, accession)
    if who.endswith("reviewer") and state not in (*PRIVATE, "revised"):
        pytest.skip("reviewers come before release")
    before = kept(world, accession)
    for method, address in [(m, a) for m in ("POST", "PATCH", "DELETE") for a in addresses(world, m, accession, 1, word_of(state))]:
        if (  # who sees an entry may comment on it, and whoever has signed in may ask for raw data
            "comment" in address
            or "/raw-data" in address
            or (who == "submitter" and "/manage" not in address and not address.startswith("/api/v1/entries"))
        ):
            continue
        headers = TUS if "/uploads" in address else {}
        answer = world.request(asking, method, address, headers=headers, json=body_of(address))
        assert answer.status_code in (401, 403, 404, 405, 409, 410, 412, 415, 422), (address, answer.status_code)
    assert kept(world, accession) == before


def kept(world, accession):
    """All that the archive keeps of an entry."""
    archive = world.archive
    draft = archive.drafts.record(accession).model_dump_json() if archive.drafts.exists(accession) else ""
    files = sorted(f.path for f in archive.drafts.files(accession)) if draft else []
    row = archive.catalogue.entry(accession)
    return draft, files, archive.drafts.dossier(accession).model_dump_json(), row, archive.catalogue.members(accession)


@pytest.mark.parametrize("who", ["anyone", "stranger", "curator, wrong scope", "owner, expired"])
def test_lists_counts_and_feeds_are_as_if_there_were_nothing_private(world, who):
    for path, before in world.before.items():
        answer = world.get(who, path)
        assert "zq" not in answer.text.replace("zq" + path.partition("zq")[2].removesuffix("*"), ""), path
        assert not any(re.search(rf"{world.entries[s]}\b", answer.text) for s in (*PRIVATE, *GONE)), path
        if who == "anyone":
            assert said(answer, NOBODY) == said(before, NOBODY), path


def test_a_new_version_is_unknown_until_it_is_released(world):
    accession = world.entries["revised"]
    for address in addresses(world, "GET", accession, 2, "zqnew"):
        world.get("owner", address)
        for who in STRANGERS[:5]:
            answer = world.get(asks(world, who, accession), address)
            of_none = world.get(asks(world, who, accession), address.replace(f"{accession}.2", f"{accession}.3").replace("/2", "/3"))
            assert "zq" not in answer.text.replace("zqnew", "", address.count("zqnew") * 9), (who, address)
            if of_none.url != answer.url:
                told, told_of_none = (re.sub(VERSIONS, "N", str(said(a, accession))) for a in (answer, of_none))
                assert told == told_of_none, (who, address)


@pytest.mark.parametrize("state", GONE)
@pytest.mark.parametrize("who", ["anyone", "stranger", "owner", "viewer", "curator", "admin"])
def test_of_what_was_withdrawn_nothing_is_told_but_its_tombstone(world, state, who):
    accession, word = world.entries[state], word_of(state)
    for address in addresses(world, "GET", accession, 1, word):
        answer = world.get(who, address)
        trail = address.rstrip("/").endswith(("/events", "/people", "/reviewer-links", "/conversation")) or "/events?" in address
        is_frame = trail or address.startswith("/deposit/")
        assert answer.status_code in (401, 403, 404, 405, 409, 410, 422) or (is_frame and answer.status_code == 200), address
        if not trail:
            told = answer.text.replace(f"{word}title", "").replace(word, "", address.count(word) * 9)
            assert "zq" not in told, address


@pytest.mark.parametrize("state", PRIVATE)
def test_no_stranger_has_anything_private_compared(world, state):
    accession, public = world.entries[state], world.entries["released"]
    for who, reference in itertools.product(STRANGERS, (accession, f"{accession}.1.2", f"{accession}/{word_of(state)}map")):
        with world.archive.catalogue.write() as connection:
            connection.exec_driver_sql("DELETE FROM attempts")
        for body in ({"map": reference}, {"a": reference, "b": public}, {"a": public, "b": reference}):
            of_none = {name: named.replace(accession, NOBODY) for name, named in body.items()}
            answers = [world.request(asks(world, who, accession), "POST", "/api/v1/compare", json=j) for j in (body, of_none)]
            assert said(answers[0], accession) == said(answers[1], NOBODY), (who, body)
            assert answers[0].status_code in (401, 404), (who, body)


@pytest.mark.parametrize("who", INSIDERS)
def test_people_see_their_entry_before_release(world, who):
    for state in PRIVATE:
        accession = world.entries[state]
        asking = asks(world, who, accession)
        for address in (f"/entries/{accession}", f"/api/v1/entries/{accession}", f"/api/v1/images?entry={accession}"):
            answer = world.get(asking, address)
            assert answer.status_code == 200, address
            assert f"zq{state}" in answer.text, address
        assert world.get(asking, f"/files/{accession}/1/zq{state}notes.txt").text.startswith(f"zq{state}content")
        assert world.get(asking, f"/zarr/{accession}.1.2/0/c/0/0/0").status_code == 200


def test_a_blind_reviewer_reads_no_name_anywhere(world):
    for state in (*PRIVATE, "revised"):
        accession, version = world.entries[state], 2 if state == "revised" else 1
        asking, word = asks(world, "blind reviewer", accession), word_of(state)
        for address in (*addresses(world, "GET", accession, version, word), "/", "/entries", "/about"):
            answer = world.get(asking, address)
            for secret in ("author", "house", "mail@", "funder", "grant"):
                assert f"{word}{secret}" not in answer.text, address
            assert "owner@royal" not in answer.text.replace("owner%40royal.example", "").replace(address, ""), address
            assert "Owner Person" not in answer.text, address
            assert answer.headers["x-robots-tag"] == "noindex", address


def test_a_reviewer_sees_no_work_on_the_entry(world):
    for state, who in itertools.product(PRIVATE, ("reviewer", "blind reviewer")):
        accession = world.entries[state]
        for address in (
            f"/manage/{accession}",
            f"/api/v1/drafts/{accession}",
            f"/api/v1/drafts/{accession}/report",
            f"/deposit/{accession}",
        ):
            assert world.get(asks(world, who, accession), address).status_code in (401, 404), address


def test_whoever_waits_for_an_entry_does_not_learn_of_its_new_version(world):
    begun = world.request("stranger", "POST", "/api/v1/drafts", json={"title": "Waiting", "authors": [{"name": "Hooke, Robert"}]})
    own = begun.json()["accession"]
    told = []
    for state in ("released", "revised"):
        answer = world.request("stranger", "POST", f"/api/v1/entries/{own}/hold", json={"with": world.entries[state]})
        told.append(said(answer, world.entries[state]))
        assert answer.status_code == 422
        assert "zq" not in answer.text
    assert told[0] == told[1]
