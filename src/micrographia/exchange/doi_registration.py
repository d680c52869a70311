"""DOIs at DataCite: findable at release, renewed with each version, no longer findable once withdrawn (DataCite REST API)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx

from micrographia.archive.archive import Archive
from micrographia.archive.doi import media_types
from micrographia.catalogue.outbox import Message
from micrographia.errors import InvalidInputError, UnavailableError
from micrographia.exchange.datacite import datacite_document
from micrographia.model.lifecycle import State

_PATIENCE_S = 30.0
_MEDIA_TYPE = "application/vnd.api+json"


def register_doi(archive: Archive, message: Message) -> None:
    """Tell DataCite what an entry is now; once more tells the same.

    Raises
    ------
    UnavailableError
        DataCite does not answer, or the change that this tells of is not seen yet.
    InvalidInputError
        DataCite refuses it, and will.
    """
    accession, version, state = message.document["accession"], message.document["version"], State(message.document["state"])
    row = archive.catalogue.entry(accession)
    if row is None or row.latest_version < version or (row.state is State.RELEASED and state is not State.RELEASED):
        raise UnavailableError(f"{accession} is not {state} yet.")
    record = archive.catalogue.entry_document(accession, row.latest_version)
    if record is None or not record.doi:  # released before there were DOIs here, or purged
        return
    settings = archive.settings
    is_public = row.state.is_public
    attributes = datacite_document(
        record,
        url=settings.url,
        archive=settings.title,
        formats=media_types(archive, accession, row.latest_version),
        state=row.state,
        detail=row.detail,
    )
    _put(archive, record.doi, {**attributes, "event": "publish" if is_public else "hide"})


def _put(archive: Archive, doi: str, attributes: dict[str, Any]) -> None:
    settings = archive.settings
    document = {"data": {"id": doi, "type": "dois", "attributes": attributes}}
    try:
        answer = httpx.put(
            f"{settings.datacite_url.rstrip('/')}/dois/{quote(doi)}",
            json=document,
            headers={"content-type": _MEDIA_TYPE, "accept": _MEDIA_TYPE},
            auth=(settings.datacite_user, settings.datacite_password),
            timeout=_PATIENCE_S,
        )
    except httpx.HTTPError as exc:
        raise UnavailableError(f"DataCite does not answer ({type(exc).__name__}).") from exc
    if answer.status_code == 422:
        raise InvalidInputError(f"DataCite refuses the metadata of {doi}: {answer.text[:300]}")
    if not answer.is_success:  # a wrong password is set right by somebody, too
        raise UnavailableError(f"DataCite answers {answer.status_code} for {doi}.")
