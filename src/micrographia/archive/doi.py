"""DOIs of entries: reserved with the draft, so that they can stand in the paper; told to DataCite when the entry is released."""

from __future__ import annotations

from sqlalchemy import Connection

from micrographia.archive.archive import Archive
from micrographia.archive.outbox import put_in_outbox
from micrographia.catalogue import reading
from micrographia.ids import EntryId
from micrographia.model.lifecycle import State
from micrographia.settings import Settings


def reserved_doi(settings: Settings, accession: str) -> str:
    """Return the DOI of an entry: 10.5072/mg-10001."""
    return f"{settings.doi_prefix}/{accession.lower()}"


def announce(archive: Archive, connection: Connection, accession: str, version: int, state: State) -> None:
    """Write down, within a transaction, that an entry has become `state` with this version, for whoever registers DOIs."""
    document = {"accession": str(accession), "version": version, "state": str(state)}
    put_in_outbox(connection, "doi", f"doi:{accession}:{version}:{state}", document, archive.now())


def media_types(archive: Archive, accession: str, version: int) -> list[str]:
    """Return the media types of the files of a version."""
    with archive.catalogue.read() as connection:
        return reading.media_types(connection, EntryId.parse(accession).number, version)
