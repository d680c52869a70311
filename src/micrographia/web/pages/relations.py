"""What an entry was made from and what others made from it, with the titles of what lies in this archive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from micrographia.archive import lookup
from micrographia.archive.lookup import EntryView
from micrographia.catalogue import ProcessLink
from micrographia.errors import GoneError, NotFoundError
from micrographia.model.links import resolve
from micrographia.web.site import Site

_MOST_SHOWN = 30

Relation = dict[str, str]


def relations(site: Site, view: EntryView, document: Mapping[str, Any]) -> dict[str, list[Relation]]:
    """Return what an entry says of others (`related`), and what other public entries say of it (`users`)."""
    users = lookup.used_by(site.archive, view.record.accession)
    return {
        "related": [_titled(site, r) for r in _first_of_each(_outgoing(document))],
        "users": [_titled(site, r) for r in _first_of_each(_incoming(users))],
    }


def _outgoing(document: Mapping[str, Any]) -> Iterable[Relation]:
    for related in document["related"]:
        yield {"words": related.get("relation", "refers to"), "to": related["to"], "item": related.get("image_set", "")}
    for process in document["processes"]:
        for name in process.get("inputs", ()):
            accession, slash, item = name.partition("/")
            if slash and accession.startswith("MG-"):
                yield {"words": f"{process['kind']} from", "to": accession, "item": item}


def _incoming(users: Iterable[ProcessLink]) -> Iterable[Relation]:
    for user in users:
        words = f"{user.kind} in" if user.process else f"{user.kind}: said by"
        yield {"words": words, "to": str(user.accession), "item": user.item}


def _first_of_each(relations_: Iterable[Relation]) -> list[Relation]:
    distinct = {tuple(r.values()): r for r in relations_}
    return list(distinct.values())[:_MOST_SHOWN]


def _titled(site: Site, relation: Relation) -> Relation:
    title = ""
    if relation["to"].startswith("MG-"):
        try:
            title = site.entry(relation["to"]).record.sheet.title
        except (NotFoundError, GoneError):  # withdrawn, or never public: it is named, no more
            return {**relation, "link": "", "title": ""}
    return {**relation, "link": resolve(relation["to"]), "title": title}
