"""What a derived product is: its name, which images have it, and the function that makes it into a folder of its own."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from micrographia.archive.archive import Archive
from micrographia.archive.lookup import StoredImage, contour_of, stored_image
from micrographia.archive.stored_map import StoredMap, stored_map
from micrographia.catalogue import ImageRow
from micrographia.derive.checkpoint import NAME as CHECKPOINT
from micrographia.derive.contour import has_surface
from micrographia.errors import UnavailableError
from micrographia.ids import ImageId
from micrographia.model.records import ImageRecord

# what is being made lies here until it is whole
MAKING = ".making"
# inside it: what is on its way out
DISCARDED = "discarded-"
# inside the folder of a keeper: what a worker that died had made so far
RESUMABLE = "resumable-"
# a file that fails so often is left alone until somebody asks for another try
TRIES = 3
# bytes a second that even a slow disk and a slow decoder reach
_SLOWEST = 2 << 20


@dataclass(frozen=True, slots=True)
class Product:
    """One kind of thing that is made of images."""

    name: str
    recipe: int
    """Raise it when the same image gives other files: they are then made anew, beside the old ones."""
    applies: Callable[[ImageRecord], bool]
    """Whether an image has it."""
    make: Callable[[Job, Path], None]
    """Write it into a folder; runs in a worker process."""
    takes_map: bool = False
    """Whether it is made of a map with its half maps, mask and so on: they come with the job."""

    @property
    def folder(self) -> str:
        """Name of the folder under which all of its files lie."""
        return f"{self.name}-{self.recipe}"


def recipes_of(products: Iterable[Product]) -> dict[str, int]:
    """Return the recipe of each product by its name."""
    return {p.name: p.recipe for p in products}


@dataclass(frozen=True, slots=True)
class Job:
    """One product of one image, as a worker process on any host takes it."""

    product: Product
    image: ImageId
    stored: StoredImage
    root: Path
    """Folder of derived files."""
    fence: str
    """Folder inside `.making` that belongs to whoever gave the job."""
    contour: float | None = None
    """Level at which it is shown as a surface, where it has one."""
    map: StoredMap | None = None
    """What belongs to the map, for products that take it."""

    @property
    def record(self) -> ImageRecord:
        """What is known of the image."""
        return self.stored.record

    @property
    def seconds(self) -> float:
        """Time that making it may take."""
        return 120 + (self.record.header.size_bytes + (self.map.size_bytes if self.map else 0)) / _SLOWEST


def job_of(archive: Archive, product: Product, image: ImageRow, fence: str) -> Job:
    """Return the job of making a product of an image; NotFoundError where it was purged."""
    contour = contour_of(archive, image) if has_surface(image.record) else None
    whole = stored_map(archive, image) if product.takes_map else None
    return Job(product, image.id, stored_image(archive, image), archive.settings.derived.absolute(), fence, contour, whole)


def product_folder(root: Path, product: Product, image: ImageId) -> Path:
    """Return where a product of an image lies, or will."""
    return root / product.folder / image.accession / str(image.version) / str(image.number)


def run_job(job: Job) -> None:
    """Make a product, seen as a whole or not at all; nothing is done where it is there. Runs in a worker process."""
    final = product_folder(job.root, job.product, job.image)
    if final.exists():
        return
    mine = job.root / MAKING / job.fence
    making = mine / f"{being_made(job)}-{secrets.token_hex(8)}"
    try:
        _go_on(mine, job, making)
    except FileNotFoundError:
        raise _followed() from None
    try:
        with _open_folder(making) as folder:
            job.product.make(job, making)
            final.parent.mkdir(parents=True, exist_ok=True)
            if not _is_at(folder, making):
                raise _followed()
            with contextlib.suppress(FileExistsError):  # another was faster
                _rename(making, final)
    except FileNotFoundError:
        if not making.parent.exists():
            raise _followed() from None
        raise
    finally:
        shutil.rmtree(making, ignore_errors=True)


def being_made(job: Job) -> str:
    """Return how the names of the folders begin in which a job is at work: product, recipe, image."""
    return f"{job.product.folder}-{job.image}"


def keep_resumable(folder: Path, fence: Path) -> None:
    """Hand what a dead worker was making, if it wrote down how far it was, to the holder of `fence`, whose job goes on from there."""
    if (folder / CHECKPOINT).exists():
        with contextlib.suppress(OSError):
            folder.rename(fence / f"{RESUMABLE}{folder.name.removeprefix(RESUMABLE)}")


def _go_on(fence: Path, job: Job, making: Path) -> None:
    """Make the folder of a job: what was left of it by a worker that died, else an empty one."""
    for left in fence.glob(f"{RESUMABLE}{being_made(job)}-*"):
        with contextlib.suppress(OSError):  # another job took it
            left.rename(making)
            return
    making.mkdir()


def discard(folder: Path) -> None:
    """Remove a folder inside `.making`: at once for all who still write there, whatever their number, then file by file."""
    out = folder.parent / f"{DISCARDED}{secrets.token_hex(8)}"
    with contextlib.suppress(FileNotFoundError):
        folder.rename(out)
    shutil.rmtree(out, ignore_errors=True)


def _followed() -> UnavailableError:
    return UnavailableError("Whoever gave this job has been followed by another, which gives it again.")


@contextlib.contextmanager
def _open_folder(folder: Path) -> Iterator[int]:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield number
    finally:
        os.close(number)


def _is_at(folder: int, path: Path) -> bool:
    """Whether an open folder still lies at its path: what was discarded meanwhile lacks files, though others of its name may be there."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(folder), path.stat())
    return False


def _rename(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError:  # a folder that is there is «not empty»
        if not target.is_dir():
            raise
        raise FileExistsError(target) from None
