"""Raw data that is not archived is asked for by mail to whom the entry belongs, whose address nobody learns."""

from dataclasses import replace

import pytest

from micrographia.archive.accounts import add_account
from micrographia.archive.asking import ask_for_raw_data
from micrographia.archive.outbox import deliver_due
from micrographia.assembly import deliverers
from micrographia.errors import InvalidInputError, NotFoundError, NotPermittedError, TooManyAttemptsError, WrongStateError
from micrographia.model.people import ALL_SCOPES, ANYONE, Caller, Dossier, Membership, Role, Standing
from micrographia.testing.entries import make_draft, make_entry

ACCESSION = "MG-10001"
ASKER = Caller("Grew, Nehemiah", "grew@royal.example", standing=Standing.MEMBER, scopes=ALL_SCOPES, address="192.0.2.1")


@pytest.fixture
def entry(archive):
    """A released entry without raw images, of Hooke."""

    def put(*people, accession=ACCESSION, **sheet):
        archive.catalogue.put_version(make_entry(accession, **sheet))
        archive.catalogue.put_dossier(Dossier(accession=accession, people=people))
        return accession

    return put


@pytest.fixture
def mails(archive, settings):
    """What is sent, delivered first."""

    def read():
        deliver_due(archive, deliverers(settings))
        return [path.read_text() for path in sorted((settings.home / "outbox").glob("*.eml"))]

    return read


def ask(archive, accession=ACCESSION, caller=ASKER, **more):
    ask_for_raw_data(archive.called_by(caller), accession, **more)


OWNER = Membership(role=Role.OWNER, email="hooke@royal.example", name="Hooke, Robert")


def test_the_owner_is_told_who_asks_for_what(archive, entry, mails):
    entry(OWNER, Membership(role=Role.EDITOR, email="boyle@royal.example"))
    ask(archive, words="The movies of Figure 2,\nplease.")
    (mail,) = mails()
    assert "To: hooke@royal.example" in mail
    assert "Grew, Nehemiah <grew@royal.example> asks for the raw data behind MG-10001" in mail
    assert "> The movies of Figure 2,\n> please." in mail


def test_asked_again_in_the_same_month_nothing_more_is_sent(archive, entry, mails):
    entry(OWNER)
    ask(archive)
    ask(archive, words="Please!")
    assert len(mails()) == 1
    later = replace(archive, now=lambda: "2999-01-01T00:00:00Z")
    ask(later)
    deliver_due(later, deliverers(archive.settings))
    assert len(mails()) == 2


def test_where_the_owner_has_no_address_the_curators_are_asked(archive, entry, mails):
    add_account(archive, name="Oldenburg, Henry", email="curator@royal.example", standing=Standing.CURATOR)
    add_account(archive, name="Moxon, Joseph", email="moxon@royal.example")
    entry(Membership(role=Role.OWNER, orcid="0000-0002-1825-0097"))
    ask(archive)
    (mail,) = mails()
    assert "To: curator@royal.example" in mail


def test_nobody_to_ask_is_said(archive, entry):
    with pytest.raises(NotFoundError, match="Nobody who could be asked"):
        ask(archive, entry())


def test_who_has_not_signed_in_or_has_no_address_cannot_ask(archive, entry):
    entry(OWNER)
    with pytest.raises(NotPermittedError):
        ask(archive, caller=ANYONE)
    with pytest.raises(InvalidInputError, match="no e-mail address"):
        ask(archive, caller=replace(ASKER, email=""))
    with pytest.raises(InvalidInputError, match="at most 2,000"):
        ask(archive, words="x" * 2_001)


def test_only_what_is_public_and_lacks_raw_images_is_asked_for(archive, entry):
    entry(OWNER, image_sets=[{"id": "movies", "kind": "movies", "files": "*.tif"}])
    with pytest.raises(WrongStateError):
        ask(archive)
    archive.catalogue.put_draft(make_draft("MG-10002"))
    with pytest.raises(NotFoundError):
        ask(archive, "MG-10002")


def test_whoever_asks_for_everything_is_slowed_down(archive, entry):
    for number in range(10001, 10007):
        ask(archive, entry(OWNER, accession=f"MG-{number}"))
    with pytest.raises(TooManyAttemptsError):
        for number in range(10007, 10010):
            ask(archive, entry(OWNER, accession=f"MG-{number}"))
