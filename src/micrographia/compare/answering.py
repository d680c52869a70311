"""What a server does for a comparison that was asked for; whatever reads or computes on maps runs in a worker process, with limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from micrographia.archive.archive import Archive
from micrographia.archive.lookup import StoredImage, find_image, stored_image
from micrographia.compare.archived import read_map
from micrographia.compare.requests import Asked, Question, Side
from micrographia.compare.showing import write_small_copy
from micrographia.compare.similar import Candidate, SameForm, SimilarMap, SimilarMaps, nearest_maps, rescaled, superposed
from micrographia.formats.density import open_density, write_density
from micrographia.formats.workers import Workers
from micrographia.imaging.comparison import Progress, compare_maps
from micrographia.imaging.density import DensityMap
from micrographia.imaging.shape import Shape, shape_of

# shares of the time: reading the maps, superposing what is found, writing what came out
_READING, _SEARCHING, _WRITING = 0.1, 0.6, 0.1
_MOST_FOUND = 10


@dataclass(frozen=True, slots=True)
class Source:
    """A map as a worker takes it."""

    name: str
    """What people call it."""
    image: str = ""
    """Its identifier in the archive; empty where it was sent."""
    stored: StoredImage | None = None
    """Where it lies in the archive."""
    path: Path | None = None
    """Where what was sent lies."""
    voxel_size_a: float | None = None
    """In the place of what the header of what was sent says."""

    def open(self) -> DensityMap:
        """Return its densities."""
        if self.stored is not None:
            return read_map(self.stored)
        assert self.path is not None
        return open_density(self.path, voxel_size_a=self.voxel_size_a)


@dataclass(frozen=True, slots=True)
class Job:
    """A map, and what it is compared with, as a worker takes them."""

    asked: Asked
    made: Path
    """Folder for what comes out."""
    a: Source
    b: Source | None = None
    """None: with the best of `found`."""
    found: tuple[Candidate, ...] = ()
    forms: tuple[SameForm, ...] = ()
    """What it may be like, with other voxels, where none of `found` is like it."""
    unprepared: int = 0
    """Released maps that were not searched."""


def answer(archive: Archive, asked: Asked, question: Question, made: Path, workers: Workers) -> dict[str, Any]:
    """Compare what was asked for; files go into `made`. The document returned is kept: what is told of it is under `public`."""
    asked.tell("Reading the maps", 0.0)
    a = _source(archive, asked, question, "a", question.a)
    if question.b is not None:
        return workers.call(compare_two, Job(asked, made, a, _source(archive, asked, question, "b", question.b)))
    shape = workers.call(read_shape, a)
    asked.tell("Looking through the archived shapes", _READING)
    near = nearest_maps(archive, shape, limit=_MOST_FOUND + 1)
    others = tuple(c for c in near.candidates if str(c.image) != a.image)[:_MOST_FOUND]
    forms = tuple(f for f in near.forms if str(f.image) != a.image)
    return workers.call(compare_with_found, Job(asked, made, a, found=others, forms=forms, unprepared=near.unprepared))


def read_shape(source: Source) -> Shape:
    """Return the shape of a map; runs in a worker process."""
    return shape_of(source.open())


def compare_two(job: Job) -> dict[str, Any]:
    """Compare two maps; runs in a worker process."""
    assert job.b is not None
    return _compared(job, job.a.open(), job.b, _part(job.asked, _READING, 1 - _WRITING))


def compare_with_found(job: Job) -> dict[str, Any]:
    """Superpose a map with archived ones, and compare it with the best if that is like it; runs in a worker process."""
    a = job.a.open()
    fits = superposed(a, job.found, progress=_part(job.asked, _READING, _SEARCHING)) if job.found else ()
    similar = SimilarMaps(fits, job.unprepared)
    public: dict[str, Any] = {**similar.as_json(), "unprepared": job.unprepared, "notes": []}
    if not similar.similar:
        job.asked.tell("Trying other voxel sizes", _SEARCHING)
        other = rescaled(a, job.forms)
        public["notes"] = [other.note] if other else []
        return {"public": public, "sides": {"a": _side("a", job.a, a, job.made)}, "difference": None}
    stored = next(c.stored for c in job.found if c.image == fits[0].image)
    best = Source(_named(stored), str(fits[0].image), stored)
    document = _compared(job, a, best, _part(job.asked, _SEARCHING, 1 - _WRITING), fits[0])
    return {**document, "public": {**public, "comparison": document["public"]}}


def _compared(job: Job, a: DensityMap, b_source: Source, progress: Progress, fit: SimilarMap | None = None) -> dict[str, Any]:
    b = b_source.open()
    compared = compare_maps(a, b, superposition=fit.superposition if fit else None, progress=progress)
    job.asked.tell("Writing what came out", 1 - _WRITING)
    sides = {side: _side(side, source, density, job.made) for side, source, density in (("a", job.a, a), ("b", b_source, b))}
    document: dict[str, Any] = {"public": compared.as_json(), "sides": sides, "difference": None}
    if compared.difference is not None:
        aligned, difference = replace(compared.a, values=compared.aligned.values), compared.difference.sigma
        write_density(job.made / "aligned.mrc", aligned, f"{b_source.name} on the grid of {job.a.name}")
        write_density(job.made / "difference.mrc", difference, f"{job.a.name} minus {b_source.name}, in sigma")
        document["difference"] = write_small_copy(difference, job.made / "difference.zarr")
    return document


def _part(asked: Asked, start: float, end: float) -> Progress:
    """Return what tells the progress of a part of the work as that of the whole."""
    return lambda share, stage: asked.tell(stage[:1].upper() + stage[1:], start + share * (end - start))


def _source(archive: Archive, asked: Asked, question: Question, name: str, side: Side) -> Source:
    """Return a side of a question; NotFoundError where its map was withdrawn since."""
    if not side.image:
        return Source(side.file, path=asked.upload(name), voxel_size_a=question.voxel_size_a)
    stored = stored_image(archive, find_image(archive, side.image))
    return Source(_named(stored), side.image, stored)


def _named(stored: StoredImage) -> str:
    return f"{stored.accession}, {stored.record.path.rpartition('/')[2]}"


def _side(side: str, source: Source, density: DensityMap, made: Path) -> dict[str, Any]:
    """Return what a page tells of a side; of what was sent a small copy is kept to look at."""
    small = None if source.image else write_small_copy(density, made / f"{side}.zarr")
    return {"side": side, "name": source.name, "image": source.image, "small": small}
