"""Python client: open an archive (a server's URL or a folder), read entries, slice images, download files."""

from __future__ import annotations

from micrographia.client.archive import Archive, open_archive
from micrographia.client.entry import Entry, File
from micrographia.client.image import Image

__all__ = ["Archive", "Entry", "File", "Image", "open_archive"]
