"""What an entry is found by: facets, figures to sort by, the words of its full text, and the summary that a list of results shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from micrographia.catalogue.words import limited, words
from micrographia.model.records import EntryRecord
from micrographia.model.sheet import Molecule, Sheet

# facet → what it is, in the order in which a page shows them; a value is what a link carries, its label what people read
FACETS: dict[str, str] = {
    "modality": "Kind of experiment",
    "category": "Kind of images",
    "kind": "Kind of single images",
    "has": "Has",
    "organism": "Organism",
    "protein": "Protein",
    "ligand": "Ligand",
    "licence": "Licence",
    "year": "Year of release",
    "software": "Software",
    "method": "Kind of processing",
    "microscope": "Microscope",
    "author": "Author",
}

# kinds of image sets that hold what an instrument recorded, before any reconstruction
_RAW_KINDS = frozenset(
    {"movies", "micrographs", "tilt series", "volume EM", "light-sheet", "fluorescence", "CLEM fluorescence", "plate images"}
    | {"diffraction", "X-ray projections"}
)

# which image stands for an entry in a list, best first
_COVER_KINDS = (
    "map",
    "tomogram",
    "volume",
    "light-sheet",
    "fluorescence",
    "micrograph",
    "class averages",
    "projections",
    "field",
    "tilt series",
)

# words that one entry may put into the index, per group; PostgreSQL counts at most 16,383 places in one text
_MOST_PRIMARY_WORDS = 1_000
_MOST_SECONDARY_WORDS = 4_000
_MOST_OTHER_WORDS = 8_000
_MOST_FILE_WORDS = 3_000
# words of 10⁶ numbered micrographs are not worth keeping
MOST_INDEXED_FILES = 2_000

Value = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Texts:
    """The words of an entry in three groups; a hit in an earlier one counts for more."""

    primary: tuple[str, ...]
    """Accession and title."""
    secondary: tuple[str, ...]
    """Molecules, organisms, keywords, experiment, authors, own records elsewhere."""
    other: tuple[str, ...]
    """Abstract, methods, related records, names of files."""


def cover_image(first_of_kind: Mapping[str, int]) -> int:
    """Return the number of the image that stands for an entry, from the number of the first image of each kind; 0 where there is none."""
    for kind in _COVER_KINDS:
        if kind in first_of_kind:
            return first_of_kind[kind]
    return min(first_of_kind.values(), default=0)


def entry_columns(
    record: EntryRecord, *, file_count: int, size_bytes: int, image_count: int, images_by_kind: Mapping[str, int]
) -> dict[str, Any]:
    """Return what an entry is counted, filtered and sorted by, JSON-ready."""
    values = {**_facet_values(record), "kind": _plain(images_by_kind)}
    return {
        # value, label, value, label, …: a list of pairs would take twice the time to read
        "facets": {name: [t for pair in _distinct(values[name]) for t in pair] for name in FACETS},
        # how many images, in the order of the facet's values
        "kind_counts": [count for kind, count in images_by_kind.items() if kind],
        "released_at": record.released_at,
        "resolution_a": min((m.resolution_a for m in record.sheet.maps if m.resolution_a), default=None),
        "voxel_size_a": min(_voxel_sizes_a(record.sheet), default=None),
        "title": " ".join(words(record.sheet.title))[:200],
        "file_count": file_count,
        "size_bytes": size_bytes,
        "image_count": image_count,
    }


def _voxel_sizes_a(sheet: Sheet) -> Iterable[float]:
    """Every size of a pixel or voxel that an entry states, Å."""
    yield from (a.pixel_size_a for a in sheet.acquisitions if a.pixel_size_a)
    yield from (s.pixel_size_a for s in sheet.image_sets if s.pixel_size_a)
    stated = [
        *((s.voxel_size_a, 1.0) for s in sheet.image_sets),
        *((s.voxel_size_nm, 10.0) for s in sheet.image_sets),
        *((m.voxel_size_a, 1.0) for m in sheet.maps),
    ]
    for sizes, factor in stated:
        yield from (v * factor for v in (sizes if isinstance(sizes, tuple) else (sizes,)) if v)


def entry_summary(record: EntryRecord, *, file_count: int, size_bytes: int, image_count: int, cover: int) -> dict[str, Any]:
    """Return what a list of results shows of an entry, JSON-ready."""
    sheet = record.sheet
    return {
        "version": record.version,
        "title": sheet.title,
        "authors": [a.name for a in sheet.authors],
        "abstract": sheet.abstract[:400],
        "licence": sheet.licence,
        "released_at": record.released_at,
        "experiments": list(sheet.experiments()),
        "organisms": list(dict.fromkeys(b.organism.name for b in sheet.biosamples if b.organism)),
        "categories": list(dict.fromkeys(_categories(sheet))),
        "resolution_a": min((m.resolution_a for m in sheet.maps if m.resolution_a), default=None),
        "file_count": file_count,
        "size_bytes": size_bytes,
        "image_count": image_count,
        "cover": f"{record.accession}.{record.version}.{cover}" if cover else "",
    }


def entry_texts(record: EntryRecord, paths: Iterable[str]) -> Texts:
    """Return the words by which an entry is found; `paths` are those of its files, or of some."""
    sheet = record.sheet
    secondary = [
        *sheet.keywords,
        *sheet.experiments(),
        *(t for m in _molecules(sheet) for t in _molecule_texts(m)),
        *(t for b in sheet.biosamples for t in (b.organism.name if b.organism else "", b.strain, b.tissue, b.cell_line)),
        *(t for s in sheet.specimens for t in (s.state, *s.models)),
        *(m for density_map in sheet.maps for m in density_map.models),
        *(r.to for r in sheet.related if r.relation == "supplements"),
        *(t for a in sheet.authors for t in (a.name, a.orcid or "")),
    ]
    other = [
        sheet.abstract,
        *(a.affiliation for a in sheet.authors),
        *(r.to for r in sheet.related if r.relation != "supplements"),
        *(t for p in sheet.publications for t in (p.title, p.doi, p.pubmed, p.journal)),
        *(t for f in sheet.funding for t in (f.funder, f.grant)),
        *(t for s in (*sheet.image_sets, *sheet.maps, *sheet.annotations, *sheet.screens) for t in _part_texts(s)),
        *(
            t
            for a in sheet.acquisitions
            for t in (a.microscope.name, a.detector.name, a.software.name if a.software else "", a.description)
        ),
        *(t for p in sheet.processes for t in (p.kind, p.software.name if p.software else "", *p.inputs, p.description)),
        *(t for s in sheet.specimens for t in (s.preparation, *s.labels)),
        *(t for b in sheet.biosamples for t in (b.description, *b.variables.values())),
        sheet.licence,
    ]
    return Texts(
        primary=tuple(limited([record.accession, sheet.title], _MOST_PRIMARY_WORDS)),
        secondary=tuple(limited(secondary, _MOST_SECONDARY_WORDS)),
        other=tuple(limited(other, _MOST_OTHER_WORDS) + _file_words(paths)),
    )


def _file_words(paths: Iterable[str]) -> list[str]:
    """Words of whole paths, of those that bring a word that is not there yet."""
    found: list[str] = []
    known: set[str] = set()
    for path in paths:
        if not known.issuperset(new := words(path)):
            known.update(new)
            found += new
    return found[:_MOST_FILE_WORDS]


def _part_texts(part: Any) -> Iterable[str]:
    yield part.id
    for name in ("title", "kind", "object", "method", "description"):
        yield getattr(part, name, "")


def _molecules(sheet: Sheet) -> Iterable[Molecule]:
    return (m for s in sheet.specimens for m in s.molecules)


def _molecule_texts(molecule: Molecule) -> tuple[str, ...]:
    m = molecule
    return (m.name, m.uniprot or "", m.rfam or "", m.ccd or "", m.inchikey or "", m.mutation)


def _categories(sheet: Sheet) -> Iterable[str]:
    yield from (s.kind for s in sheet.image_sets)
    if sheet.maps:
        yield "map"
    yield from (a.kind for a in sheet.annotations)


def _has(sheet: Sheet) -> Iterable[Value]:
    shown = {
        "raw": ("raw data", any(s.kind in _RAW_KINDS for s in sheet.image_sets)),
        "map": ("map", bool(sheet.maps)),
        "half_maps": ("half maps", any(len(m.half_maps) == 2 for m in sheet.maps)),
        "segmentation": ("segmentation", any(a.kind == "segmentation" for a in sheet.annotations)),
        "picks": ("picks", any(a.kind == "points" for a in sheet.annotations)),
        "screen": ("screen", bool(sheet.screens)),
    }
    return ((value, label) for value, (label, present) in shown.items() if present)


def _facet_values(record: EntryRecord) -> dict[str, Iterable[Value]]:
    sheet = record.sheet
    software = [*(a.software for a in sheet.acquisitions), *(p.software for p in sheet.processes)]
    return {
        "modality": _plain(sheet.experiments()),
        "category": _plain(_categories(sheet)),
        "has": _has(sheet),
        "organism": _plain(b.organism.name for b in sheet.biosamples if b.organism),
        "protein": ((m.uniprot or m.name, m.name) for m in _molecules(sheet) if m.kind == "protein"),
        "ligand": ((m.ccd or m.name, m.name) for m in _molecules(sheet) if m.kind == "ligand"),
        "licence": _plain([sheet.licence]),
        "year": _plain([record.released_at[:4]]),
        "software": _plain(s.name for s in software if s),
        "method": _plain(p.kind for p in sheet.processes),
        "microscope": _plain(a.microscope.name for a in sheet.acquisitions),
        "author": _plain(a.name for a in sheet.authors),
    }


def _distinct(values: Iterable[Value]) -> Iterable[Value]:
    first: dict[str, str] = {}
    for value, label in values:
        if value:
            first.setdefault(value, label)
    return first.items()


def _plain(values: Iterable[str]) -> Iterable[Value]:
    return ((v, v) for v in values)
