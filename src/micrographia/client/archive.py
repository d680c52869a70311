"""An archive as Python sees it: entries by accession, search, images by identifier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

from micrographia.client.entry import Entry
from micrographia.client.image import Image
from micrographia.client.transport import Transport
from micrographia.ids import EntryId, ImageId


def open_archive(location: str) -> Archive:
    """Return the archive at `location`: a server's URL, an archive's folder, or a folder that is an OCFL storage root (a mirror)."""
    text = str(location)
    if text.startswith(("http://", "https://")):
        from micrographia.client.remote import RemoteTransport  # httpx loads only for those who need it

        return Archive(RemoteTransport(text))
    from micrographia.client.local import LocalTransport

    return Archive(LocalTransport(text))


class Archive:
    """Released entries of one archive; ``archive["MG-10001"]`` is an `Entry`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def location(self) -> str:
        """URL or folder."""
        return self._transport.location

    def __getitem__(self, accession: str) -> Entry:
        """Return the latest released version of an entry; NotFoundError (GoneError when it was withdrawn) where there is none."""
        return self.entry(accession)

    def entry(self, accession: str, version: int | None = None) -> Entry:
        """Return one released version of an entry; None means the latest."""
        entry_id = EntryId.parse(accession)
        return Entry(self._transport, entry_id, document=self._transport.entry(entry_id, version))

    def image(self, image_id: str) -> Image:
        """Return an image by its identifier, ``MG-10001.1.3``."""
        return Image(self._transport, self._transport.image(ImageId.parse(image_id)))

    def search(self, query: str = "", **facets: Any) -> Iterator[Entry]:
        """Yield entries that match, best first, fetching pages as they are needed.

        Parameters
        ----------
        query : str
            Words; empty finds everything.
        **facets
            Filters of the archive's search, for example ``organism="Homo sapiens"``, ``modality="single-particle"``,
            ``licence="CC0-1.0"``, ``resolution_max=4``, ``has="raw"``; a list means any of its values.
        """
        for found in self._transport.search(query, facets):
            yield Entry(self._transport, EntryId.parse(str(found["accession"])), summary=found)

    def close(self) -> None:
        """Give back connections and files."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Archive {self.location}>"
