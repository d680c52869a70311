"""The one place where everything is plugged together from the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from micrographia.archive.archive import Archive
from micrographia.archive.mail import deliver_mail
from micrographia.archive.outbox import Deliver
from micrographia.archive.settling import bring_to_end
from micrographia.catalogue import Catalogue
from micrographia.compare.products import PRODUCTS as FOR_COMPARISON
from micrographia.derive.product import Product
from micrographia.derive.products import FOR_VIEWERS
from micrographia.errors import UnavailableError
from micrographia.exchange.doi_registration import register_doi
from micrographia.model.people import ANYONE
from micrographia.settings import Settings
from micrographia.store import Drafts, Store

PRODUCTS: tuple[Product, ...] = (*FOR_VIEWERS, *FOR_COMPARISON)
"""What an archive makes of its images, in the order in which it is made: what viewers need first."""


def deliverers(settings: Settings) -> Mapping[str, Deliver]:
    """Return how each kind of message of the outbox is told; a kind for which nothing is set up is not."""
    return {"mail": deliver_mail, **({"doi": register_doi} if settings.datacite_url else {})}


def open_archive(settings: Settings) -> Archive:
    """Return the archive that `settings` describe, made where it is missing.

    What a crash interrupted is completed, and entries whose hold has ended are released.

    Raises
    ------
    UnavailableError
        The home, store or database cannot be opened.
    """
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise UnavailableError(f"{settings.home}: the archive's folder cannot be made: {exc.strerror}.") from exc
    archive = Archive(
        store=Store.open(settings.store_location),
        drafts=Drafts.open(settings.drafts_location),
        catalogue=Catalogue.open(settings.database),
        settings=settings,
    )
    bring_to_end(archive)
    return archive


def compare_in_folder(
    home: Path, maps: Mapping[str, Path | str], voxel_size_a: float | None, progress: Callable[[float, str], None]
) -> dict[str, Any]:
    """Compare maps with each other, or one with what is released in the archive in `home`; the client calls it by its entry point."""
    from micrographia.compare.given import compare_given  # loads scipy

    archive = open_archive(Settings.from_environment(home=home))
    try:
        return compare_given(archive.called_by(ANYONE), maps, voxel_size_a, progress)
    finally:
        archive.catalogue.close()
