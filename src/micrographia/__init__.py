"""Micrographia: an archive for 3D electron microscopy and bioimages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from micrographia.client import Archive

__version__ = "0.1.0"
__all__ = ["__version__", "open"]


def open(location: str) -> Archive:  # noqa: A001  `micrographia.open(…)` reads as it should
    """Open an archive: the URL of a server, or the folder of a local archive (or a mirror of its store).

    >>> import micrographia
    >>> archive = micrographia.open("http://127.0.0.1:8000")  # doctest: +SKIP
    """
    from micrographia.client import open_archive

    return open_archive(location)
