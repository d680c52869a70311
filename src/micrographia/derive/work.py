"""What is still to be made, what is being made and by whom, what could not be made; and another try for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from micrographia.archive.archive import Archive
from micrographia.archive.permissions import require_curator
from micrographia.catalogue import Holder, Outcome
from micrographia.derive.keeper import LEASE
from micrographia.derive.product import MAKING, Product, recipes_of
from micrographia.errors import InvalidInputError
from micrographia.ids import ImageId

# so many images are looked at one by one to say which of them lack a product; of more all are counted
_COUNTED = 1000
_FAILURES = 200


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far one product is, over all images."""

    name: str
    done: int
    failed: int
    pending: int
    """Images that lack it and were not given up."""
    is_estimate: bool
    """Whether `pending` counts images that may turn out not to have it."""
    in_work: int
    """Being made at this moment."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A product that could not be made."""

    image: str
    entry: str
    path: str
    product: str
    tries: int
    message: str


@dataclass(frozen=True, slots=True)
class Work:
    """All background work of an archive at one moment."""

    products: tuple[Backlog, ...]
    keeper: Holder | None
    """The process that makes things; None where none is at it."""
    failed: int
    failures: tuple[Failure, ...]
    """The first of those that failed."""

    def as_json(self) -> dict[str, Any]:
        """Return it as the API and the command line say it."""
        keeper = self.keeper and {"process": self.keeper.process, "lease_seconds": round(self.keeper.lease_seconds, 1)}
        failures = {"total": self.failed, "items": [asdict(f) for f in self.failures]}
        return {"products": [asdict(p) for p in self.products], "keeper": keeper, "failures": failures}


def work(archive: Archive, products: Sequence[Product]) -> Work:
    """Return what is to do, in work, done and failed; for curators."""
    require_curator(archive.caller)
    derived = archive.catalogue.derived
    counts, keeper = derived.counts_by_product(recipes_of(products)), derived.holder(LEASE)
    making = _in_work(archive.settings.derived / MAKING / str(keeper.fence)) if keeper else {}
    backlogs = []
    for product in products:
        pending, is_estimate = _pending(archive, product)
        done, failed = counts[product.name]
        backlogs.append(Backlog(product.name, done, failed, pending, is_estimate, making.get(product.name, 0)))
    failures = derived.failures(limit=_FAILURES)
    return Work(tuple(backlogs), keeper, sum(b.failed for b in backlogs), tuple(_failure(archive, f) for f in failures))


def retry(archive: Archive, products: Sequence[Product], *, image: str = "", product: str = "") -> int:
    """Have what failed tried again (all of it; of one image; one product) and return how many products that are; for curators."""
    require_curator(archive.caller)
    if product and product not in (names := [p.name for p in products]):
        raise InvalidInputError(f"There is no product {product[:40]!r}; there are {', '.join(names)}.")
    return archive.catalogue.derived.retry(ImageId.parse(image) if image else None, product)


def _pending(archive: Archive, product: Product) -> tuple[int, bool]:
    derived = archive.catalogue.derived
    total = derived.unmade_count(product.name, product.recipe)
    if total > _COUNTED:
        return total, True
    lacking = 0
    for accession, version in derived.unfinished_versions(product.name, product.recipe):
        records = derived.unmade(accession, version, product.name, product.recipe, limit=_COUNTED)[0]
        lacking += sum(product.applies(record) for record, _ in records)
    return lacking, False


def _in_work(folder: Path) -> dict[str, int]:
    names = [p.name.partition("-")[0] for p in folder.iterdir()] if folder.is_dir() else []
    return {name: names.count(name) for name in set(names)}


def _failure(archive: Archive, outcome: Outcome) -> Failure:
    row = archive.catalogue.image(outcome.image)
    path = row.record.path if row else ""
    return Failure(str(outcome.image), str(outcome.image.accession), path, outcome.product, outcome.tries, outcome.message)
