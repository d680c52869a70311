"""The archived maps most like one map: nearest shapes, the best rotation of each, then superposition of the most alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.archive.archive import Archive
from micrographia.archive.lookup import StoredImage, stored_image
from micrographia.compare.shape_index import ShapeIndex, open_index, shape_of_image
from micrographia.errors import InvalidInputError
from micrographia.formats.density import read_density
from micrographia.ids import ImageId
from micrographia.imaging.alignment import Superposition, prepare, superpose
from micrographia.imaging.comparison import CONFIDENT, Progress
from micrographia.imaging.density import DensityMap
from micrographia.imaging.scale_search import scaled
from micrographia.imaging.shape import Shape, rotational_likeness, shape_of

# so many of the nearest shapes are turned against the query's
_TURNED = 100
# longer sides are coarsened to this while candidates are read: enough to tell whether they fit, in little memory
_LONGEST_SIDE = 256
# vectors so near, but for the size, are of one form; so many such maps are tried at the query's size
_SAME_FORM, _FORMS = 0.12, 2
# superposing ends when so many in a row turned out not to be similar
_DISAPPOINTMENTS = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """An archived map that may be like the query, as a worker process takes it."""

    image: ImageId
    stored: StoredImage
    likeness: float
    """Of the shapes, in the best rotation; 1 at most."""


@dataclass(frozen=True, slots=True)
class SameForm:
    """An archived map of the query's form but another size, as a worker process takes it."""

    image: ImageId
    stored: StoredImage
    scale: float
    """By which the query would be enlarged to have its size."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """What the archived shapes tell of a query."""

    candidates: tuple[Candidate, ...]
    """The released maps whose shapes are most alike, the likest first."""
    forms: tuple[SameForm, ...]
    """Those whose form is that of the query, but for the size, the nearest first."""
    unprepared: int
    """Released maps that have no shape yet."""


@dataclass(frozen=True, slots=True, eq=False)
class SimilarMap:
    """An archived map, superposed on the query."""

    image: ImageId
    score: float
    """Fourier shell correlation over the detail that both hold, 0 … 1."""
    confidence: float
    """0 … 1: how sure it is that both show the same thing."""
    mirrored: bool
    """Whether it fits after mirroring."""
    transform: NDArray[np.float64]
    """4 × 4: takes positions of the archived map (Å; x, y, z) into the query's frame."""

    @property
    def superposition(self) -> Superposition:
        """The same, as comparison takes what is known already."""
        return Superposition(self.transform, self.mirrored, self.score, self.confidence, None)

    def as_json(self) -> dict[str, Any]:
        """Return it as the API and the command line say it."""
        return {
            "accession": str(self.image.accession),
            "image": str(self.image),
            "score": round(self.score, 4),
            "confidence": round(self.confidence, 4),
            "mirrored": self.mirrored,
            "transform": [[round(v, 8) for v in row] for row in self.transform.tolist()],
        }


@dataclass(frozen=True, slots=True)
class Rescaled:
    """An archived map that the query would be like if its voxels had another size."""

    image: ImageId
    scale: float
    """By which the voxel size of the query would be multiplied, to some percent."""
    voxel_size_a: tuple[float, float]
    """Longest edge of a voxel of the query, as its header says it and as it would be then, Å."""
    confidence: float
    """Of the superposition, then."""

    @property
    def note(self) -> str:
        """A sentence that offers the other voxel size."""
        said, then = self.voxel_size_a
        told = f"It would be like {self.image} with voxels of about {then:.3g} Å instead of {said:.3g} Å"
        return f"{told} (confidence {self.confidence:.2f}): if its header is wrong, give that voxel size."


@dataclass(frozen=True, slots=True)
class SimilarMaps:
    """What a search by shape found."""

    results: tuple[SimilarMap, ...]
    """The most confident first; those that are not similar follow, with their low confidence."""
    unprepared: int
    """Released maps that were not searched, because their shape is still to be made."""
    rescaled: Rescaled | None = None
    """Where none is similar: what would be, were the voxel size of the query wrong."""

    @property
    def similar(self) -> bool:
        """Whether any is called similar."""
        return any(result.confidence >= CONFIDENT for result in self.results)

    def as_json(self) -> dict[str, Any]:
        """Return it as the API and the command line say it."""
        return {"results": [result.as_json() for result in self.results], "similar": self.similar}


def find_similar(archive: Archive, query: DensityMap, *, limit: int = 10, progress: Progress = lambda share, stage: None) -> SimilarMaps:
    """Return the released maps most like a map, each superposed on it.

    Parameters
    ----------
    archive : Archive
    query : DensityMap
        Of any box, voxel size, orientation and hand.
    limit : int
        Results at most. Superposing ends earlier when three in a row are not similar.
    progress : callable, optional
        Called with the share that is done, 0 … 1, and what is done now.

    Raises
    ------
    InvalidInputError
        The map is constant, or nothing in it stands out.
    """
    progress(0.0, "reading the shape of the map")
    shape = shape_of(query)
    progress(0.05, "looking through the archived shapes")
    near = nearest_maps(archive, shape, limit=limit)
    results = superposed(query, near.candidates, progress=lambda share, stage: progress(0.1 + 0.8 * share, stage))
    similar = SimilarMaps(results, near.unprepared)
    if similar.similar:
        return similar
    progress(0.9, "trying other voxel sizes")
    return replace(similar, rescaled=rescaled(query, near.forms))


def nearest_maps(archive: Archive, shape: Shape, *, limit: int = 10) -> Nearest:
    """Return which released maps are most like a shape, and which are but for their size.

    Parameters
    ----------
    archive : Archive
    shape : Shape
        Of the query.
    limit : int
        Candidates at most.
    """
    if limit < 1:
        raise InvalidInputError(f"{limit} results were asked for; expected at least 1.")
    index = open_index(archive)
    return Nearest(_candidates(archive, index, shape, limit), _same_forms(archive, index, shape), index.unprepared)


def _candidates(archive: Archive, index: ShapeIndex, shape: Shape, limit: int) -> tuple[Candidate, ...]:
    root = archive.settings.derived.absolute()
    near = index.nearest(shape.vector, max(_TURNED, limit))
    likeness = {image: rotational_likeness(shape, known) for image in near if (known := shape_of_image(root, image))}
    found = []
    for image in sorted(likeness, key=lambda i: -likeness[i])[:limit]:
        row = archive.catalogue.image(image)
        if row is not None:  # else it was purged just now
            found.append(Candidate(image, stored_image(archive, row), likeness[image]))
    return tuple(found)


def _same_forms(archive: Archive, index: ShapeIndex, shape: Shape) -> tuple[SameForm, ...]:
    root, found = archive.settings.derived.absolute(), []
    for image in index.nearest_form(shape.vector, _SAME_FORM, _FORMS):
        known, row = shape_of_image(root, image), archive.catalogue.image(image)
        if known is not None and row is not None:
            found.append(SameForm(image, stored_image(archive, row), known.radius_of_gyration_a / shape.radius_of_gyration_a))
    return tuple(found)


def rescaled(query: DensityMap, forms: Sequence[SameForm]) -> Rescaled | None:
    """Return the first map on which the query lies well when it is enlarged or shrunk; in a server only inside a worker process."""
    size_a = max(query.voxel_size_a)
    for form in forms:
        fit = superpose(prepare(scaled(query, form.scale)), _read(form.stored))
        if fit.confidence >= CONFIDENT:
            return Rescaled(form.image, form.scale, (size_a, size_a * form.scale), fit.confidence)
    return None


def superposed(query: DensityMap, found: Sequence[Candidate], *, progress: Progress = lambda share, stage: None) -> tuple[SimilarMap, ...]:
    """Superpose candidates on the query and rank them by confidence; in a server only inside a worker process, because it reads them."""
    prepared = prepare(query)
    results: list[SimilarMap] = []
    disappointments = 0
    for number, candidate in enumerate(found):
        progress(number / len(found), f"superposing {candidate.image.accession}")
        fit = superpose(prepared, _read(candidate.stored))
        results.append(SimilarMap(candidate.image, fit.score, fit.confidence, fit.mirrored, fit.transform))
        disappointments = 0 if fit.confidence >= CONFIDENT else disappointments + 1
        if disappointments == _DISAPPOINTMENTS:
            break
    return tuple(sorted(results, key=lambda r: (-r.confidence, -r.score)))


def _read(stored: StoredImage) -> DensityMap:
    return read_density(stored.open(), Path(stored.record.path).name, longest_side=_LONGEST_SIDE)
