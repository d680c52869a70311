"""Thumbnails: made when first asked for or at release, kept as files, made again when they are deleted."""

from __future__ import annotations

import io
import logging
import secrets
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from micrographia.archive.archive import Archive
from micrographia.archive.lookup import StoredImage, stored_image
from micrographia.catalogue import ImageRow
from micrographia.derive.overview import overview
from micrographia.errors import MicrographiaError
from micrographia.formats.workers import Workers
from micrographia.ids import ImageId

# raise it when pictures come out differently: old files are then left alone and new ones made
RECIPE = "thumbnail-1"
SIDES = {"small": 384, "large": 960}
# smaller images are enlarged to this, so that a 64² particle is not a stamp
_SMALLEST_SIDE = 256
_QUALITY = 80
_log = logging.getLogger("micrographia.derive")


class Thumbnails:
    """The thumbnails of one archive. Safe for threads and for several processes on one folder.

    Parameters
    ----------
    archive : Archive
    workers : Workers
        Where images are read whose formats are parsed only at arm's length.
    """

    def __init__(self, archive: Archive, workers: Workers) -> None:
        self._archive = archive
        self._workers = workers
        self._busy: dict[Path, threading.Lock] = {}
        self._lock = threading.Lock()

    def path(self, image_id: ImageId, size: str = "small") -> Path:
        """Return where the thumbnail lies, or will."""
        name = f"{image_id.number}{'' if size == 'small' else '-' + size}.webp"
        return self._archive.settings.derived / RECIPE / image_id.accession / str(image_id.version) / name

    def state(self, image_id: ImageId) -> str:
        """Return done, failed or pending."""
        path = self.path(image_id)
        if path.exists():
            return "done"
        return "failed" if path.with_suffix(".failed").exists() else "pending"

    def get(self, image: ImageRow, size: str = "small") -> Path | None:
        """Return the file of a thumbnail, made now if it is not there; None when the image cannot be shown."""
        path = self.path(image.id, size)
        if path.exists():
            return path
        if path.with_suffix(".failed").exists():
            return None
        with self._lock:
            lock = self._busy.setdefault(path, threading.Lock())
        try:
            with lock:
                return path if path.exists() else self._make(image, path, SIDES[size])
        finally:
            with self._lock:
                self._busy.pop(path, None)

    def _make(self, image: ImageRow, path: Path, side: int) -> Path | None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            stored = stored_image(self._archive, image)
            if image.record.layout is None:
                picture = self._workers.call(draw_overview, stored, side)
            else:
                picture = overview(stored.open(self._archive.store), image.record.kind, side)
            _write(path, _encode(picture))
        except MicrographiaError as exc:
            _log.warning("%s (%s): no thumbnail: %s", image.id, image.record.path, exc.message)
            _write(path.with_suffix(".failed"), exc.message.encode())
            return None
        return path


def draw_overview(stored: StoredImage, side: int) -> NDArray[np.uint8]:
    """Return the picture of a stored image; runs in a worker process."""
    return overview(stored.open(), stored.record.kind, side)


def _encode(picture: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    shown = Image.fromarray(picture)
    if max(shown.size) < _SMALLEST_SIDE:
        factor = _SMALLEST_SIDE / max(shown.size)
        shown = shown.resize((max(1, round(shown.width * factor)), max(1, round(shown.height * factor))), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    shown.save(out, "WEBP", quality=_QUALITY, method=4)
    return out.getvalue()


def _write(path: Path, data: bytes) -> None:
    """Write as a whole or not at all."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
