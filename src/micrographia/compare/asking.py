"""Asking for a comparison, looking what became of it, taking it back: what a caller may, and how much of it.

Whoever knows the secret of a comparison may look at it, as far as they may see the maps of the archive that it is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from micrographia.archive.archive import Archive
from micrographia.archive.lookup import find_image
from micrographia.archive.sessions import network_of
from micrographia.catalogue import sessions
from micrographia.compare.archived import find_density
from micrographia.compare.requests import Asked, Incoming, Question, Requests, Side, unknown
from micrographia.compare.trace import trace
from micrographia.errors import InvalidInputError, MicrographiaError, NotFoundError, TooManyAttemptsError, UnavailableError

# one comparison is some seconds of a processor
_MOST_AN_HOUR = 60
_MOST_AT_ONCE = 6
_MOST_WAITING = 200
_HOUR_MS = 3_600_000


@contextmanager
def asking(archive: Archive) -> Iterator[Incoming]:
    """Open a new request, before anything is received for it.

    Raises
    ------
    TooManyAttemptsError
        The caller's network asked too often, or has too many that are not answered yet.
    UnavailableError
        There is no room for more.
    """
    requests, network = Requests(archive.settings.home), network_of(archive.caller.address)
    unfinished = [question for _, question in requests.unfinished()]
    if sum(question.asked_from == network for question in unfinished) >= _MOST_AT_ONCE:
        raise TooManyAttemptsError(f"{_MOST_AT_ONCE} comparisons of yours are not answered yet. Wait for one of them.", wait_s=20)
    if len(unfinished) >= _MOST_WAITING or requests.size_bytes() >= archive.settings.compare_gib << 30:
        raise UnavailableError("Too many comparisons are asked for at this time. Try again later.")
    _count(archive, network)
    with requests.begin() as incoming:
        yield incoming


def ask(archive: Archive, incoming: Incoming, *, a: Side, b: Side | None = None, voxel_size_a: float | None = None) -> str:
    """Ask for the comparison of two maps, or of one with all that are archived; returns its secret."""
    network = network_of(archive.caller.address)
    return incoming.put(Question(archive.now(), network, a, b, voxel_size_a))


def archived_side(archive: Archive, name: str) -> Side:
    """Return a map of the archive as one side of a comparison; failures are those of `find_density`."""
    return Side(image=str(find_density(archive, name).id))


def find_comparison(archive: Archive, secret: str) -> Asked:
    """Return a comparison; NotFoundError where there is none, no more, or where it is about what the caller may not see."""
    asked = Requests(archive.settings.home).find(secret)
    question = asked.question()
    if question.expires_at <= archive.now():
        raise unknown()
    sides = (asked.result() or {}).get("sides", {}).values()
    for image in {question.a.image, question.b.image if question.b else "", *(side["image"] for side in sides)} - {""}:
        try:
            find_image(archive, image)
        except NotFoundError as exc:
            raise unknown() from exc
    return asked


def comparison_document(archive: Archive, secret: str) -> dict[str, Any]:
    """Return what became of a comparison: state, progress, and in the end its result, or the failure that ended it."""
    asked = find_comparison(archive, secret)
    question, failure, progress = asked.question(), asked.failure(), None
    kept = None if failure else asked.result()
    if kept:
        state, progress = "done", {"stage": "Done", "done": 1.0}
    elif failure:
        state = "failed"
    elif progress := asked.progress():
        state = "running"
    else:
        before = sum(other.asked_at < question.asked_at for _, other in Requests(archive.settings.home).unfinished())
        state, progress = "queued", {"stage": f"Waiting; {before} before it" if before else "Waiting", "done": 0.0}
    links = {"page": f"/compare/{secret}", "self": f"/api/v1/compare/{secret}"}
    links |= {name: f"/compare/{secret}/{name}.mrc" for name in ("aligned", "difference") if kept and (asked.made / f"{name}.mrc").exists()}
    result = _told(archive, kept) if kept else None
    document = {"id": secret, "state": state, "progress": progress, "result": result, "links": links}
    return document | {"asked": question.asked_at, "deleted": question.expires_at} | ({"failure": failure} if failure else {})


def _told(archive: Archive, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is told of a result; how differently two archived maps were made is looked up for whoever asks."""
    public: dict[str, Any] = kept["public"]
    sides = kept["sides"]
    if not all(sides.get(side, {}).get("image") for side in "ab"):
        return public
    try:
        return public | {"trace": trace(archive, sides["a"]["image"], sides["b"]["image"]).as_json()}
    except MicrographiaError:  # images that the sheets of their entries call no map
        return public


def delete_comparison(archive: Archive, secret: str) -> None:
    """Delete a comparison, what was sent for it and what came out."""
    find_comparison(archive, secret).remove()


def voxel_size_of(text: str) -> float | None:
    """Return a voxel size that was typed, Å; None for an empty text."""
    if not text.strip():
        return None
    try:
        size = float(text)
    except ValueError:
        size = 0.0
    if not 0.01 <= size <= 1000:
        raise InvalidInputError(f"The voxel size is {text[:40]!r}; expected Å, between 0.01 and 1000.")
    return size


def _count(archive: Archive, network: str) -> None:
    """Count one more question of a network; TooManyAttemptsError where they are too many."""
    now_ms, subject = int(datetime.fromisoformat(archive.now()).timestamp() * 1000), f"compare:{network}"
    with archive.catalogue.write() as connection:
        before = sessions.attempts_on(connection, subject, since_ms=now_ms - _HOUR_MS)
        if before.count >= _MOST_AN_HOUR:
            raise TooManyAttemptsError(f"{_MOST_AN_HOUR} comparisons were asked for within an hour. Try again later.", wait_s=600)
        sessions.add_attempt(connection, subject, now_ms)
