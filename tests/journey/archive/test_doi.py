"""DOIs: reserved with the draft, told to DataCite with each change, against a server that answers as its REST API does."""

import base64
import json
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from datacite import schema45

from micrographia.archive.deposit import deposit_folder
from micrographia.archive.lookup import find_entry
from micrographia.archive.outbox import deliver_due
from micrographia.archive.revise import revise_from_folder
from micrographia.archive.withdraw import obsolete_entry, withdraw_entry
from micrographia.assembly import deliverers
from micrographia.catalogue import outbox
from micrographia.examine import Given

HOOKE = Given(title="Cork", authors=("Hooke, Robert",))
DOI = "10.5072/mg-10001"


class DataCite(BaseHTTPRequestHandler):
    """Keeps what it is told, in the states of DataCite: findable, registered."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        server, body = self.server, json.loads(self.rfile.read(int(self.headers["content-length"])))
        user = base64.b64decode(self.headers["authorization"].split()[1]).decode()
        status, told = server.status, body["data"]["attributes"]
        if user != "MICRO.GRAPHIA:secret of DataCite":
            status = 401
        server.asked += 1
        if status == 200:
            event = told.pop("event")
            server.dois[told["doi"]] = {**told, "state": {"publish": "findable", "hide": "registered"}[event]}
            assert self.path == f"/dois/{told['doi']}"
        answer = json.dumps({"data": {}} if status == 200 else {"errors": [{"title": "no"}]}).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def datacite():
    server = ThreadingHTTPServer(("127.0.0.1", 0), DataCite)
    server.dois, server.status, server.asked = {}, 200, 0
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def archive(archive, datacite):
    url = f"http://127.0.0.1:{datacite.server_address[1]}"
    settings = replace(archive.settings, datacite_url=url, datacite_user="MICRO.GRAPHIA", datacite_password="secret of DataCite")
    return replace(archive, settings=settings)


def deliver(archive, **by):
    then = (datetime.fromisoformat(archive.now()) + timedelta(**by)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return deliver_due(replace(archive, now=lambda: then), deliverers(archive.settings))


def told(datacite, doi=DOI):
    document = dict(datacite.dois[doi])
    state = document.pop("state")
    schema45.validate(document)
    return state, document


def test_a_doi_is_reserved_with_the_draft_and_findable_at_release(archive, datacite, folder):
    draft = deposit_folder(archive, folder, given=HOOKE).accession
    assert archive.drafts.record(draft).doi == DOI
    shown = find_entry(archive, draft).document()
    assert shown["doi"] == DOI and shown["citation"].endswith(f"https://doi.org/{DOI}")
    assert deliver(archive) == 0 and datacite.asked == 0
    deposit_folder(archive, folder, given=HOOKE, until="released")
    assert find_entry(archive, draft).record.doi == DOI
    assert deliver(archive) == 1 and deliver(archive) == 0
    state, document = told(datacite)
    assert state == "findable" and document["url"] == "http://127.0.0.1:8000/entries/MG-10001" and document["version"] == "1"
    assert document["titles"] == [{"title": "Cork"}] and document["creators"][0]["familyName"] == "Hooke"
    assert "4 files" in document["sizes"] and "text/plain" in document["formats"]


def test_a_new_version_renews_and_a_withdrawal_leaves_a_tombstone(archive, datacite, folder):
    entry = deposit_folder(archive, folder, given=HOOKE, until="released").accession
    (folder / "more.txt").write_text("A second thought.\n")
    revise_from_folder(archive, entry, folder, change_note="A second thought", until="released")
    assert deliver(archive) == 2
    assert told(datacite)[1]["version"] == "2"
    withdraw_entry(archive, entry, reason="It was elder pith")
    assert deliver(archive) == 1
    state, document = told(datacite)
    assert state == "registered" and {"description": "Withdrawn: It was elder pith", "descriptionType": "Other"} in document["descriptions"]
    assert "Withdrawn" in [d["dateType"] for d in document["dates"]]


def test_a_release_told_late_does_not_undo_a_withdrawal(archive, datacite, folder):
    entry = deposit_folder(archive, folder, given=HOOKE, until="released").accession
    datacite.status = 503
    assert deliver(archive) == 0
    withdraw_entry(archive, entry, reason="It was elder pith")
    datacite.status = 200
    deliver(archive, minutes=1)
    deliver(archive, hours=1)
    assert told(datacite)[0] == "registered"


def test_what_takes_its_place_is_told(archive, datacite, folder):
    old = deposit_folder(archive, folder, given=HOOKE, until="released").accession
    (folder / "notes.txt").write_text("Anew.\n")
    new = deposit_folder(archive, folder, given=Given(title="Cork anew", authors=("Hooke, Robert",)), until="released").accession
    obsolete_entry(archive, old, superseded_by=new)
    assert deliver(archive) == 3
    state, document = told(datacite)
    related = document["relatedIdentifiers"]
    assert state == "findable" and related[0]["relationType"] == "IsObsoletedBy" and related[0]["relatedIdentifier"].endswith(new)


def test_datacite_that_is_away_is_told_later_and_a_wrong_password_shows_nowhere(archive, datacite, folder, caplog):
    deposit_folder(archive, folder, given=HOOKE, until="released")
    wrong = replace(archive, settings=replace(archive.settings, datacite_password="a wrong password"))
    assert deliver(wrong) == 0
    assert "a wrong password" not in caplog.text + repr(wrong.settings) and "401" in caplog.text
    with archive.catalogue.read() as connection:
        (row,) = outbox.messages(connection)
    assert row.state == "waiting" and "wrong password" not in row.message
    assert deliver(archive, hours=1) == 1 and told(datacite)[0] == "findable"


def test_without_datacite_the_messages_wait_for_it(archive, datacite, folder):
    unset = replace(archive, settings=replace(archive.settings, datacite_url=""))
    deposit_folder(unset, folder, given=HOOKE, until="released")
    for day in range(40):
        assert deliver(unset, days=day) == 0
    with archive.catalogue.read() as connection:
        (row,) = outbox.messages(connection)
    assert (row.state, row.tries) == ("waiting", 0)
    assert deliver(archive) == 1 and told(datacite)[0] == "findable"


def test_a_release_that_a_crash_cut_is_told_once(archive, datacite, folder, monkeypatch):
    from micrographia.archive.release import recover
    from micrographia.store import Drafts

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Drafts, "delete", die)
        with pytest.raises(KeyboardInterrupt):
            deposit_folder(archive, folder, given=HOOKE, until="released")
    recover(archive)
    assert deliver(archive) == 1
