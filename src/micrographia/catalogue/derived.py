"""What was made of images and what is still to be made; and the lease by which one process at a time makes it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, and_, delete, exists, func, insert, select, tuple_, update

from micrographia.catalogue.database import Database
from micrographia.catalogue.tables import counters, derived, derived_versions, entries, images, leases, versions
from micrographia.catalogue.writing import next_value
from micrographia.errors import UnavailableError
from micrographia.ids import EntryId, ImageId
from micrographia.model.lifecycle import State
from micrographia.model.records import ImageRecord

DerivedState = Literal["done", "trying", "failed"]
# what is accepted will be public; its pictures are there when it is
_LOOKED_AT = tuple(s.value for s in State if s.is_public or s in (State.ACCEPTED, State.HELD))
_PUBLIC = tuple(s.value for s in State if s.is_public)
_PIECE = 500


class LostLeaseError(UnavailableError):
    """Another process took the lease over: what was not recorded yet is its work now."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do something alone, for a while."""

    name: str
    fence: int
    """Counts the holders: higher than that of any holder before."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of making a product of an image."""

    image: ImageId
    product: str
    recipe: int
    state: DerivedState
    tries: int = 1
    message: str = ""
    """Why it failed."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds a lease."""

    process: str
    """host:process."""
    fence: int
    lease_seconds: float
    """How long the lease holds, unless it is renewed."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one product of the images of one version is."""

    done: int
    failed: int
    is_finished: bool
    """Whether nothing is left to make."""


class LatestImage(NamedTuple):
    """An image of the latest released version of a public entry, and what became of one of its products."""

    number: int
    """Of the entry's accession."""
    version: int
    image: int
    state: str
    """done, trying or failed; empty where nothing was tried."""


class Derived:
    """The tables about derived products."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # what is to do

    def change(self) -> tuple[int, ...]:
        """Return counters that differ whenever versions were released or forgotten since."""
        with self._database.read() as connection:
            query = select(counters.c.value).where(counters.c.name.in_(("change", "epoch"))).order_by(counters.c.name)
            return tuple(connection.execute(query).scalars())

    def unfinished_versions(self, product: str, recipe: int, *, limit: int = 1000) -> list[tuple[EntryId, int]]:
        """Return accepted and public versions of whose images a product may be missing, the newest first."""
        query = select(versions.c.number, versions.c.version).where(_unfinished(product, recipe))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(versions.c.released_at.desc(), versions.c.number.desc()).limit(limit)).all()
        return [(EntryId.from_number(row.number), row.version) for row in rows]

    def unmade(
        self, accession: EntryId, version: int, product: str, recipe: int, *, after: int = 0, limit: int = 500
    ) -> tuple[list[tuple[ImageRecord, int]], int | None]:
        """Return (images of a version that are neither done nor failed, each with its tries so far; where to go on, None at the end)."""
        at = (versions.c.number == accession.number, versions.c.version == version)
        t = derived
        query = (
            select(images.c.number, images.c.document, t.c.state, t.c.tries)
            .join(versions, versions.c.listing == images.c.listing)
            .outerjoin(t, _made(product, recipe))
            .where(*at, images.c.number > after)
            .order_by(images.c.number)
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        found = [(ImageRecord.model_validate_json(r.document), r.tries or 0) for r in rows if r.state is None or r.state == "trying"]
        return found, rows[-1].number if len(rows) == limit else None

    # what was done

    def record(self, lease: Lease | None, outcomes: Iterable[Outcome]) -> None:
        """Keep what became of images; LostLeaseError, and nothing is kept, where the lease is another's."""
        rows = {(o.image, o.product): _row(o) for o in outcomes}
        with self._database.write() as connection:
            if lease is not None:
                _hold(connection, lease)
            keys = [(r["number"], r["version"], r["image"], r["product"]) for r in rows.values()]
            t = derived
            for start in range(0, len(keys), _PIECE):
                some = tuple_(t.c.number, t.c.version, t.c.image, t.c.product).in_(keys[start : start + _PIECE])
                connection.execute(delete(t).where(some))
            if rows:
                connection.execute(insert(t), list(rows.values()))

    def finish_version(self, lease: Lease, accession: EntryId, version: int, product: str, recipe: int) -> None:
        """Keep that nothing is left to make of a version."""
        key = {"number": accession.number, "version": version, "product": product}
        with self._database.write() as connection:
            _hold(connection, lease)
            _forget(connection, derived_versions, key)
            connection.execute(insert(derived_versions).values(**key, recipe=recipe))

    def forget(self, accession: EntryId, version: int | None = None, product: str | None = None) -> None:
        """Forget what was made of an entry (of a version, of one product): it is made again."""
        key = {"number": accession.number, "version": version, "product": product}
        with self._database.write() as connection:
            for table in (derived, derived_versions):
                _forget(connection, table, {k: v for k, v in key.items() if v is not None})

    def retry(self, image: ImageId | None = None, product: str = "") -> int:
        """Forget failures (all; those of an image, of a product), so that they are tried again; return how many there were."""
        wanted = [derived.c.state == "failed"]
        if image:
            place = (image.accession.number, image.version, image.number)
            wanted.append(tuple_(derived.c.number, derived.c.version, derived.c.image) == tuple_(*place))
        if product:
            wanted.append(derived.c.product == product)
        with self._database.write() as connection:
            failed = and_(*wanted)
            same = and_(
                derived_versions.c.number == derived.c.number,
                derived_versions.c.version == derived.c.version,
                derived_versions.c.product == derived.c.product,
            )
            connection.execute(delete(derived_versions).where(exists().where(failed, same)))
            next_value(connection, "change")  # keepers look again
            return int(connection.execute(delete(derived).where(failed)).rowcount)

    # questions

    def states(self, image_ids: Collection[ImageId], recipes: Mapping[str, int]) -> dict[ImageId, dict[str, str]]:
        """Return for each image what became of its products: name → done, trying or failed; absent where nothing was tried."""
        found: dict[ImageId, dict[str, str]] = {image: {} for image in image_ids}
        t = derived
        with self._database.read() as connection:
            for (accession, version), numbers in _by_version(image_ids).items():
                for start in range(0, len(numbers), _PIECE):
                    at = (t.c.number == accession.number, t.c.version == version, t.c.image.in_(numbers[start : start + _PIECE]))
                    for row in connection.execute(select(t.c.image, t.c.product, t.c.recipe, t.c.state).where(*at)):
                        if recipes.get(row.product) == row.recipe:
                            found[ImageId(accession, version, row.image)][row.product] = row.state
        return found

    def counts(self, recipes: Mapping[str, int]) -> dict[str, int]:
        """Return how many products of the present recipes are done and failed."""
        counts = self.counts_by_product(recipes).values()
        return {"done": sum(done for done, _ in counts), "failed": sum(failed for _, failed in counts)}

    def counts_by_product(self, recipes: Mapping[str, int]) -> dict[str, tuple[int, int]]:
        """Return how many images each product is done of, and how many it failed of."""
        t = derived
        query = select(t.c.product, t.c.recipe, t.c.state, func.count().label("n")).group_by(t.c.product, t.c.recipe, t.c.state)
        with self._database.read() as connection:
            found = {(r.product, r.recipe, r.state): r.n for r in connection.execute(query)}
        return {name: (found.get((name, recipe, "done"), 0), found.get((name, recipe, "failed"), 0)) for name, recipe in recipes.items()}

    def unmade_count(self, product: str, recipe: int) -> int:
        """Return of how many images of unfinished versions a product is neither done nor failed; some may not have it."""
        t = derived
        settled = exists().where(
            t.c.number == versions.c.number,
            t.c.version == versions.c.version,
            t.c.image == images.c.number,
            t.c.product == product,
            t.c.recipe == recipe,
            t.c.state.in_(("done", "failed")),
        )
        query = select(func.count()).select_from(images.join(versions, versions.c.listing == images.c.listing))
        with self._database.read() as connection:
            return int(connection.execute(query.where(_unfinished(product, recipe), ~settled)).scalar_one())

    def progress(self, accession: EntryId, version: int, recipes: Mapping[str, int]) -> dict[str, Progress]:
        """Return how far the products of a version are."""
        t, f = derived, derived_versions
        of_version = (t.c.number == accession.number, t.c.version == version, t.c.state.in_(("done", "failed")))
        counted = select(t.c.product, t.c.recipe, t.c.state, func.count().label("n")).where(*of_version)
        finished = select(f.c.product, f.c.recipe).where(f.c.number == accession.number, f.c.version == version)
        with self._database.read() as connection:
            rows = connection.execute(counted.group_by(t.c.product, t.c.recipe, t.c.state)).all()
            whole = {(r.product, r.recipe) for r in connection.execute(finished)}
        counts = {(r.product, r.recipe, r.state): r.n for r in rows}
        return {
            name: Progress(counts.get((name, recipe, "done"), 0), counts.get((name, recipe, "failed"), 0), (name, recipe) in whole)
            for name, recipe in recipes.items()
        }

    def outcomes(self, image: ImageId, recipes: Mapping[str, int]) -> dict[str, Outcome]:
        """Return what became of the products of an image; absent where nothing was tried."""
        t = derived
        at = (t.c.number == image.accession.number, t.c.version == image.version, t.c.image == image.number)
        with self._database.read() as connection:
            rows = connection.execute(select(t).where(*at)).all()
        return {r.product: _outcome(r) for r in rows if recipes.get(r.product) == r.recipe}

    def failures(self, *, limit: int = 100) -> list[Outcome]:
        """Return what could not be made, and why."""
        t = derived
        query = select(t).where(t.c.state == "failed").order_by(t.c.number, t.c.version, t.c.image, t.c.product).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [_outcome(row) for row in rows]

    def done(self, accession: EntryId, version: int, product: str, recipe: int) -> set[int]:
        """Return the numbers of the images of which a product is done."""
        t = derived
        at = (t.c.number == accession.number, t.c.version == version, t.c.product == product, t.c.recipe == recipe)
        with self._database.read() as connection:
            return set(connection.execute(select(t.c.image).where(*at, t.c.state == "done")).scalars())

    def latest_images(self, kind: str, product: str, recipe: int) -> list[LatestImage]:
        """Return all images of a kind that the latest released versions of public entries hold, by accession and number."""
        t, made = derived, _made(product, recipe)
        latest = and_(versions.c.number == entries.c.number, versions.c.version == entries.c.latest_version)
        query = (
            select(versions.c.number, versions.c.version, images.c.number.label("image"), t.c.state)
            .select_from(entries.join(versions, latest).join(images, images.c.listing == versions.c.listing).outerjoin(t, made))
            .where(entries.c.state.in_(_PUBLIC), images.c.kind == kind)
            .order_by(versions.c.number, images.c.number)
        )
        with self._database.read() as connection:
            return [LatestImage(r.number, r.version, r.image, r.state or "") for r in connection.execute(query)]

    def finished_versions(self, product: str, recipe: int) -> list[tuple[EntryId, int]]:
        """Return the versions of which nothing is left to make."""
        t = derived_versions
        with self._database.read() as connection:
            rows = connection.execute(select(t.c.number, t.c.version).where(t.c.product == product, t.c.recipe == recipe)).all()
        return [(EntryId.from_number(row.number), row.version) for row in rows]

    # the lease

    def take_lease(self, name: str, *, seconds: float) -> Lease | None:
        """Return the lease `name`, None while another living process holds it. The clocks of all hosts must agree to some seconds."""
        now, holder = _now(), this_process()
        t = leases
        with self._database.write() as connection:
            row = connection.execute(select(t).where(t.c.name == name).with_for_update()).first()
            if row is None:
                connection.execute(insert(t).values(name=name, holder="", fence=0, expires=0))
            elif row.holder and row.expires > now and not is_dead(row.holder):
                return None
            values = {"holder": holder, "fence": t.c.fence + 1, "expires": now + int(seconds * 1000)}
            fence = connection.execute(update(t).where(t.c.name == name).values(**values).returning(t.c.fence)).scalar_one()
        return Lease(name, fence)

    def holder(self, name: str) -> Holder | None:
        """Return who holds a lease; None where nobody does, or whoever did is gone."""
        with self._database.read() as connection:
            row = connection.execute(select(leases).where(leases.c.name == name)).first()
        if row is None or not row.holder or row.expires <= _now() or is_dead(row.holder):
            return None
        return Holder(row.holder, row.fence, (row.expires - _now()) / 1000)

    def renew_lease(self, lease: Lease, *, seconds: float) -> None:
        """Hold a lease longer; LostLeaseError where another has taken it."""
        with self._database.write() as connection:
            _hold(connection, lease)
            connection.execute(update(leases).where(leases.c.name == lease.name).values(expires=_now() + int(seconds * 1000)))

    def give_lease_back(self, lease: Lease) -> None:
        """Let others have a lease at once."""
        mine = (leases.c.name == lease.name, leases.c.fence == lease.fence)
        with self._database.write() as connection:
            connection.execute(update(leases).where(*mine).values(holder="", expires=0))


def _made(product: str, recipe: int) -> Any:
    """Join what is recorded of a product to the image of the version that it was made of."""
    t = derived
    return and_(
        t.c.number == versions.c.number,
        t.c.version == versions.c.version,
        t.c.image == images.c.number,
        t.c.product == product,
        t.c.recipe == recipe,
    )


def _unfinished(product: str, recipe: int) -> Any:
    """Versions that are looked at, and of whose images a product may be missing."""
    t = derived_versions
    finished = exists().where(
        t.c.number == versions.c.number, t.c.version == versions.c.version, t.c.product == product, t.c.recipe == recipe
    )
    return and_(versions.c.state.in_(_LOOKED_AT), ~finished)


def _hold(connection: Connection, lease: Lease) -> None:
    """Lock the lease's row; whoever would take it over waits for this transaction."""
    mine = (leases.c.name == lease.name, leases.c.fence == lease.fence)
    if connection.execute(select(leases.c.fence).where(*mine).with_for_update()).first() is None:
        raise LostLeaseError(f"Another process is the {lease.name} now; this one stops.")


def this_process() -> str:
    """Return what names this process among those of all hosts."""
    return f"{socket.gethostname()}:{os.getpid()}"


def is_dead(holder: str) -> bool | None:
    """Whether `holder` was a process of this host that is no more: nobody need wait for it. None where it is of another host."""
    host, _, process = holder.rpartition(":")
    if host != socket.gethostname() or not process.isdigit():
        return None
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _row(outcome: Outcome) -> dict[str, Any]:
    image = outcome.image
    message = outcome.message.replace("\0", "\ufffd").encode("utf-8", "replace").decode()[:2000]
    place = {"number": image.accession.number, "version": image.version, "image": image.number, "product": outcome.product}
    return place | {"recipe": outcome.recipe, "state": outcome.state, "tries": outcome.tries, "message": message}


def _outcome(row: Any) -> Outcome:
    image = ImageId(EntryId.from_number(row.number), row.version, row.image)
    return Outcome(image, row.product, row.recipe, row.state, row.tries, row.message)


def _forget(connection: Connection, table: Any, key: Mapping[str, object]) -> None:
    connection.execute(delete(table).where(*(table.c[name] == value for name, value in key.items())))


def _by_version(image_ids: Iterable[ImageId]) -> dict[tuple[EntryId, int], list[int]]:
    grouped: dict[tuple[EntryId, int], list[int]] = {}
    for image in image_ids:
        grouped.setdefault((image.accession, image.version), []).append(image.number)
    return grouped


def _now() -> int:
    return int(time.time() * 1000)
