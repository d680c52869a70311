"""OME-Zarr 0.4 and 0.5, in a folder or in a zip (.ozx): images, labels, plates, and the series that bioformats2raw writes.

One image a multiscale, of which the archive shows level 0; chunks are read through the tree, those that an index touches only.
Codecs are those of a list: Zarr can name any, and some of those that exist run code.
"""

from __future__ import annotations

from micrographia.formats.ome_zarr.reader import inspect, open_image

__all__ = ["inspect", "open_image"]
