"""N5 folders: plain ones (N5 Viewer, Paintera, COSEM, N5 for ImageJ) and those of BigDataViewer, whose XML beside them names the setups.

Read lazily: blocks that an index touches only; those that are not there are zeros. Not streamed without conversion. Of a pyramid level 0
is shown. One image a dataset; of BigDataViewer one a setup, with its times as an axis. Compressions: raw, gzip, zlib, bzip2, xz, lz4,
zstd, blosc. Blocks of varying length (label multisets) are named in a remark and not read.
Metadata understood: spacing and units in the ways of those programs, axes, position, names of setups with their channel, angle, tile and
illumination.

Source: the N5 specification 4.0 (github.com/saalfeldlab/n5) and BigDataViewer's description of its N5 and XML.
"""

from __future__ import annotations

from micrographia.formats.n5.reader import inspect, open_image

__all__ = ["inspect", "open_image"]
