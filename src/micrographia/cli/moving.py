"""An entry through its life: `submit`, `accept`, `return`, `hold`, `release`, `withdraw`, `obsolete`, `purge`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from micrographia.cli.options import Accession, Home, Json, Reason, open_home, server_url
from micrographia.cli.output import answer
from micrographia.errors import InvalidInputError

if TYPE_CHECKING:
    from micrographia.model.records import DraftRecord, Event

Comment = Annotated[str, typer.Option("--comment", metavar="TEXT", help="What is to be corrected.", show_default=False)]
Until = Annotated[str, typer.Option("--until", metavar="DAY", help="Day before which nobody sees it, like 2027-01-31.", show_default=False)]
Successor = Annotated[str, typer.Option("--by", metavar="ACCESSION", help="Accession of the entry that replaces it.", show_default=False)]
Elsewhere = Annotated[str | None, typer.Option("--server", metavar="URL", help="Do it in the archive at this address.")]
Token = Annotated[str, typer.Option("--token", metavar="TOKEN", help="Your token there, with scope deposit or curate.", show_default=False)]
Sure = Annotated[bool, typer.Option("--yes", help="Do not ask; there is no way back.")]


def submit(accession: Accession, home: Home = None, server: Elsewhere = None, token: Token = "", as_json: Json = False) -> None:
    """Submit a draft: its depositor says that it is complete."""
    if server is not None:
        _elsewhere(home, server, token, accession, "submit")
        return
    archive = open_home(home)
    from micrographia.archive.submit import submit_entry

    _tell_draft(submit_entry(archive, accession))


def accept(accession: Accession, home: Home = None, server: Elsewhere = None, token: Token = "", as_json: Json = False) -> None:
    """Accept a submitted draft: it may be released."""
    if server is not None:
        _elsewhere(home, server, token, accession, "accept")
        return
    archive = open_home(home)
    from micrographia.archive.curate import accept_entry

    _tell_draft(accept_entry(archive, accession))


def send_back(
    accession: Accession, comment: Comment, home: Home = None, server: Elsewhere = None, token: Token = "", as_json: Json = False
) -> None:
    """Return a submitted draft to its depositor, with a comment."""
    if server is not None:
        _elsewhere(home, server, token, accession, "return", comment=comment)
        return
    archive = open_home(home)
    from micrographia.archive.curate import return_entry

    _tell_draft(return_entry(archive, accession, comment=comment))


def hold(accession: Accession, until: Until, home: Home = None, server: Elsewhere = None, token: Token = "", as_json: Json = False) -> None:
    """Hold an accepted draft until a day."""
    if server is not None:
        _elsewhere(home, server, token, accession, "hold", until=until)
        return
    archive = open_home(home)
    from micrographia.archive.curate import hold_entry

    _tell_draft(hold_entry(archive, accession, until=until))


def release(accession: Accession, home: Home = None, server: Elsewhere = None, token: Token = "", as_json: Json = False) -> None:
    """Publish an accepted or held draft."""
    if server is not None:
        _elsewhere(home, server, token, accession, "release")
        return
    archive = open_home(home)
    from micrographia.archive.release import release_entry
    from micrographia.model.documents import citation

    record = release_entry(archive, accession)
    cite = citation(record)
    answer(
        {
            "accession": record.accession,
            "version": record.version,
            "status": "RELEASED",
            "page": f"/entries/{record.accession}",
            "citation": cite,
        },
        f"{record.accession} version {record.version} is released.",
        f"Cite it: {cite}",
    )


def withdraw(
    accession: Accession, reason: Reason, home: Home = None, server: Elsewhere = None, token: Token = "", as_json: Json = False
) -> None:
    """Withdraw a released entry, leaving a tombstone.

    The bytes are kept; nobody can read them.
    """
    if server is not None:
        _elsewhere(home, server, token, accession, "withdraw", reason=reason)
        return
    archive = open_home(home)
    from micrographia.archive.withdraw import withdraw_entry

    _tell_event(accession, withdraw_entry(archive, accession, reason=reason))


def obsolete(
    accession: Accession, by: Successor, home: Home = None, server: Elsewhere = None, token: Token = "", as_json: Json = False
) -> None:
    """Mark a released entry as replaced by another.

    It stays readable and says what replaces it.
    """
    if server is not None:
        _elsewhere(home, server, token, accession, "obsolete", superseded_by=by)
        return
    archive = open_home(home)
    from micrographia.archive.withdraw import obsolete_entry

    _tell_event(accession, obsolete_entry(archive, accession, superseded_by=by))


def purge(accession: Accession, reason: Reason, yes: Sure = False, home: Home = None, as_json: Json = False) -> None:
    """Destroy the bytes of an entry, where the law asks.

    Its tombstone and the digests of its files stay.
    """
    if not yes and not typer.confirm(f"Destroy every byte of {accession}? There is no way back.", err=True):
        raise InvalidInputError(f"{accession} was not purged; it takes a yes, or --yes.")
    archive = open_home(home)
    from micrographia.archive.withdraw import purge_entry

    _tell_event(accession, purge_entry(archive, accession, reason=reason))


def _elsewhere(home: Path | None, server: str, token: str, accession: str, verb: str, **said: str) -> None:
    """Do it in an archive elsewhere."""
    if home is not None:
        raise InvalidInputError("Both --server and --home were given; an archive is either remote or a folder.")
    if not token:
        raise InvalidInputError("--server needs --token: make one on your account's page.")
    from micrographia.client.depositing import Depositor

    with Depositor(server_url(server), token) as archive:
        document = archive.submit(accession) if verb == "submit" else archive.move(accession, verb, **said)
    held = f" until {document['hold_until']}" if document.get("hold_until") else ""
    answer(dict(document), f"{accession} version {document['version']} is {document['status']}{held}.")


def _tell_draft(record: DraftRecord) -> None:
    document = {"accession": record.accession, "version": record.version, "status": str(record.state)}
    held = f" until {record.hold_until}" if record.hold_until else ""
    answer({**document, "hold_until": record.hold_until or None}, f"{record.accession} version {record.version} is {record.state}{held}.")


def _tell_event(accession: str, event: Event) -> None:
    answer(
        {"accession": accession, "version": event.version, "status": str(event.state), "at": event.at, **event.detail},
        f"{accession} is {event.state}.",
    )


COMMANDS: dict[str, Callable[..., Any]] = {
    "submit": submit,
    "accept": accept,
    "return": send_back,
    "hold": hold,
    "release": release,
    "withdraw": withdraw,
    "obsolete": obsolete,
    "purge": purge,
}
