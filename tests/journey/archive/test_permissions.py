"""Who may do what with an entry that is not released."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from micrographia.archive.accounts import add_account, caller_of_token, create_token
from micrographia.archive.curate import accept_entry, hold_entry, return_entry
from micrographia.archive.deposit import deposit_folder, discard_draft
from micrographia.archive.dossier import change_dossier, events_of
from micrographia.archive.lookup import find_entry, find_image, list_files, list_images, open_image
from micrographia.archive.rebuild import rebuild
from micrographia.archive.release import release_entry
from micrographia.archive.submit import submit_entry
from micrographia.archive.withdraw import withdraw_entry
from micrographia.assembly import open_archive
from micrographia.errors import NotFoundError, NotPermittedError, WrongStateError
from micrographia.examine import Given
from micrographia.model.lifecycle import State
from micrographia.model.people import ALL_SCOPES, ANYONE, Caller, Membership, Role, Scope, Standing

HOOKE = Given(title="Cork", authors=("Hooke, Robert",))


def person(name, standing=Standing.MEMBER, scopes=ALL_SCOPES):
    return Caller(name=name, email=f"{name}@royal.example", standing=standing, scopes=frozenset(scopes))


PEOPLE = {
    "owner": person("hooke"),
    "editor": person("grew"),
    "submitter": person("oldenburg"),
    "viewer": person("boyle"),
    "curator": person("wilkins", Standing.CURATOR),
    "admin": person("brouncker", Standing.ADMIN),
    "stranger": person("newton"),
    "anyone": ANYONE,
    "owner's reading token": person("hooke", scopes={Scope.READ_PRIVATE}),
    "curator's depositing token": person("wilkins", Standing.CURATOR, {Scope.DEPOSIT}),
}
SEES = {"owner", "editor", "submitter", "viewer", "curator", "admin", "owner's reading token"}
VERBS = {
    "submit": (submit_entry, {}, {"owner", "submitter", "admin"}),
    "accept": (accept_entry, {}, {"curator", "admin"}),
    "return": (return_entry, {"comment": "Name the lens."}, {"curator", "admin"}),
    "hold": (hold_entry, {"until": str(datetime.now(UTC).date() + timedelta(days=30))}, {"owner", "curator", "admin"}),
    "release": (release_entry, {}, {"owner", "curator", "admin"}),
    "discard": (discard_draft, {}, {"owner", "admin"}),
}


@pytest.fixture
def draft(archive, folder):
    accession = deposit_folder(archive.called_by(PEOPLE["owner"]), folder, given=HOOKE).accession
    shared = [Membership(role=role, email=f"{PEOPLE[role].name}@royal.example") for role in (Role.EDITOR, Role.SUBMITTER, Role.VIEWER)]
    change_dossier(archive, accession, lambda dossier: dossier.model_copy(update={"people": (*dossier.people, *shared)}))
    return accession


@pytest.mark.parametrize("who", PEOPLE)
def test_a_draft_is_seen_by_its_people_and_curators_alone(archive, draft, who):
    asked = archive.called_by(PEOPLE[who])
    questions = (
        lambda: find_entry(asked, draft),
        lambda: find_entry(asked, draft, 1),
        lambda: list_files(asked, draft, 1),
        lambda: list_images(asked, draft),
        lambda: find_image(asked, f"{draft}.1.1"),
    )
    for question in questions:
        if who in SEES:
            assert question()
        else:
            with pytest.raises(NotFoundError):
                question()


def test_its_people_read_the_pixels_of_a_draft(archive, draft):
    asked = archive.called_by(PEOPLE["viewer"])
    assert find_entry(asked, draft).state is State.DRAFT
    assert open_image(asked, find_image(asked, f"{draft}.1.1"))[0].shape == (12, 12)


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_for_those_who_may(archive, draft, verb, who):
    function, given, allowed = VERBS[verb]
    asked = archive.called_by(PEOPLE[who])
    if who in allowed:
        try:
            function(asked, draft, **given)
        except WrongStateError:
            assert verb not in ("submit", "discard")
    else:
        with pytest.raises(NotPermittedError if who in SEES else NotFoundError):
            function(asked, draft, **given)
        assert archive.drafts.record(draft).state is State.DRAFT


def test_names_and_comments_stay_in_the_dossier(archive, draft):
    owner, curator = archive.called_by(PEOPLE["owner"]), archive.called_by(PEOPLE["curator"])
    submit_entry(owner, draft)
    return_entry(curator, draft, comment="Name the lens.")
    submit_entry(owner, draft)
    accept_entry(curator, draft)
    release_entry(owner, draft)
    withdraw_entry(curator, draft, reason="It was elder pith")
    told = [(e.verb, e.actor) for e in events_of(archive, draft)]
    assert told == [
        ("create", "hooke@royal.example"),
        ("submit", "hooke@royal.example"),
        ("return", "wilkins@royal.example"),
        ("submit", "hooke@royal.example"),
        ("accept", "wilkins@royal.example"),
        ("release", "hooke@royal.example"),
        ("withdraw", "wilkins@royal.example"),
    ]
    public = [e.model_dump_json() for e in archive.store.events(draft)]
    assert [e.verb for e in archive.store.events(draft)][-2:] == ["release", "withdraw"]
    assert not any("royal.example" in e or "lens" in e for e in public)
    assert "elder pith" in public[-1]


def test_people_outlive_the_database(archive, draft, settings):
    archive.catalogue.close()
    for file in settings.home.glob("catalogue.sqlite*"):
        file.unlink()
    again = open_archive(settings)
    try:
        rebuild(again)
        assert find_entry(again.called_by(PEOPLE["editor"]), draft).record.sheet.title == "Cork"
        with pytest.raises(NotFoundError):
            find_entry(again.called_by(PEOPLE["stranger"]), draft)
    finally:
        again.catalogue.close()


def test_a_token_is_its_person_within_its_scopes_until_it_ends(archive):
    account = add_account(archive, name="Hooke, Robert", email="Hooke@Royal.example", orcid="0000-0002-1825-0097")
    secret, token = create_token(archive, account, scopes=frozenset({Scope.DEPOSIT}), days=2)
    caller = caller_of_token(archive, secret)
    assert (caller.email, caller.orcid, caller.scopes) == ("hooke@royal.example", "0000-0002-1825-0097", {Scope.DEPOSIT})
    late = replace(archive, now=lambda: token.expires_at)
    for asked, wrong in ((late, secret), (archive, secret + "x"), (archive, "mg_")):
        with pytest.raises(NotPermittedError):
            caller_of_token(asked, wrong)
