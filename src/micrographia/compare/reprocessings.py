"""Everything made from the raw data of one entry: its own maps, and those of public entries whose chains lead back to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

from micrographia.archive import lookup
from micrographia.archive.archive import Archive
from micrographia.archive.lookup import EntryView
from micrographia.catalogue import ImageRow
from micrographia.compare.chains import Chain, chain_of
from micrographia.compare.facts import Facts, map_facts, primary_image, step_facts
from micrographia.compare.validation.findings import resolution_of
from micrographia.compare.validation.reading import find_report
from micrographia.errors import NotFoundError, TooLargeError

_MOST_ENTRIES = 100
_MOST_MAPS = 200


class FscPoints(NamedTuple):
    """A curve: corrected for the mask where it could be, else masked, else of the whole box."""

    spatial_frequency_per_a: Sequence[float]
    correlation: Sequence[float]


@dataclass(frozen=True, slots=True)
class Reprocessing:
    """A map that was made from raw data of an entry, its own or another's."""

    chain: Chain
    image: ImageRow | None
    """The map itself; None where no reader made an image of its file."""
    used: tuple[str, ...]
    """Ids of the image sets of that entry on the chain; empty where only the entry as a whole is named."""
    software: tuple[str, ...]
    """Programs with their versions in the order of the steps, without repeats."""
    facts: Facts
    """What is said of the map: resolution, particles, symmetry; see `map_facts`."""
    report: dict[str, Any] | None
    """Its validation report; None while there is none."""

    @property
    def accession(self) -> str:
        """The entry that holds the map."""
        return self.chain.view.record.accession

    @property
    def steps(self) -> tuple[str, ...]:
        """Kinds of its steps, earliest first."""
        return tuple(step.process.kind for step in self.chain.steps)

    @property
    def fsc(self) -> FscPoints | None:
        """The Fourier shell correlation of its half maps; without half maps the deposited one; None where there is neither."""
        report = self.report or {}
        half_maps, deposited = report.get("fsc"), report.get("deposited_fsc") or {}
        if half_maps:
            curve = half_maps["phase_randomised"] or half_maps["masked"] or half_maps
            return FscPoints(half_maps["spatial_frequency_per_a"], curve["correlation"])
        if "correlation" in deposited:
            return FscPoints(deposited["spatial_frequency_per_a"], deposited["correlation"])
        return None

    def as_json(self) -> dict[str, Any]:
        """Return the JSON of a row of the table."""
        record, density_map = self.chain.view.record, self.chain.map
        fsc = self.fsc
        return {
            "accession": record.accession,
            "version": record.version,
            "map": density_map.id,
            "image": str(self.image.id) if self.image else None,
            "title": record.sheet.title,
            "released": record.released_at,
            "image_sets": list(self.used),
            "software": list(self.software),
            "steps": list(self.steps),
            **{name: self.facts.get(name) for name in ("particles", "symmetry", "resolution_a", "resolution_method")},
            "fsc_0143_a": resolution_of(self.report) if self.report else None,
            "fsc": fsc._asdict() if fsc else None,
            "links": {
                "page": f"/entries/{record.accession}?version={record.version}#thing-{density_map.id}",
                "validation": f"/api/v1/entries/{record.accession}/validation?{urlencode({'map': density_map.id})}",
            },
        }


def reprocessings(archive: Archive, view: EntryView) -> list[Reprocessing]:
    """Return the maps made from the image sets of an entry, its own first, then those of other public entries by accession.

    Chains of reprocessing count: what was made from particles that another entry extracted from these movies is among them. An entry is
    in it too that says as a whole that it reprocesses this one.
    """
    found: list[Reprocessing] = []
    for candidate in _candidates(archive, view):
        for density_map in candidate.record.sheet.maps:
            if len(found) == _MOST_MAPS:
                return found
            try:
                chain = chain_of(archive, candidate, density_map)
            except TooLargeError:  # its own page says so
                continue
            if view.record.accession in chain.entries:
                found.append(_row(archive, chain, view.record.accession))
    return found


def reprocessings_document(rows: list[Reprocessing]) -> dict[str, Any]:
    """Return the JSON of the table, each row with the addresses that compare and trace it with the first one."""
    items = [row.as_json() for row in rows]
    for item in items[1:]:
        pair = {side: f"{of['accession']}/{of['map']}" for side, of in (("a", items[0]), ("b", item))}
        item["links"]["trace"] = f"/api/v1/trace?{urlencode(pair)}"
    return {"total": len(items), "items": items}


def _candidates(archive: Archive, view: EntryView) -> Iterator[EntryView]:
    """Yield the entry, and the public ones that name it or one another of these."""
    yield view
    own = view.record.accession
    known, frontier = {own}, [own]
    while frontier and len(known) < _MOST_ENTRIES:
        users = sorted({str(link.accession) for name in frontier for link in lookup.used_by(archive, name)} - known, key=_number)
        frontier = users[: _MOST_ENTRIES - len(known)]
        known.update(frontier)
        for accession in frontier:
            try:
                yield lookup.find_entry(archive, accession)
            except NotFoundError:  # withdrawn just now
                continue


def _row(archive: Archive, chain: Chain, accession: str) -> Reprocessing:
    known = [step_facts(step) for step in chain.steps]
    software = (" ".join(str(facts[name]) for name in ("software", "version") if name in facts) for facts in known)
    return Reprocessing(
        chain=chain,
        image=primary_image(archive, chain.view, chain.map),
        used=tuple(sorted(item for entry, item in chain.reached if entry == accession)),
        software=tuple(dict.fromkeys(filter(None, software))),
        facts=map_facts(archive, chain),
        report=_report(archive, chain),
    )


def _report(archive: Archive, chain: Chain) -> dict[str, Any] | None:
    record = chain.view.record
    try:
        return find_report(archive, record.accession, record.version, map_id=chain.map.id)
    except NotFoundError:
        return None


def _number(accession: str) -> int:
    return int(accession.partition("-")[2])
