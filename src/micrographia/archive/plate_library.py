"""What each well of a plate got, as the library of its screen says."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping

from micrographia.archive import lookup
from micrographia.archive.archive import Archive
from micrographia.archive.plates import Plate, parse_well
from micrographia.checks.screen import number_of
from micrographia.errors import NotFoundError
from micrographia.model.records import EntryRecord

Facts = tuple[tuple[str, str], ...]

_MOST_BYTES = 64 << 20
_MOST_FACTS = 12
_LONGEST_FACT = 200
# what tables call the columns that say which well a row is about
_WELL = frozenset(("well", "wellid", "wellname", "wellposition", "position"))
_ROW = frozenset(("row", "wellrow", "platerow"))
_COLUMN = frozenset(("column", "col", "wellcolumn", "wellcol", "platecolumn"))
_PLATE = frozenset(("plate", "plateid", "platename", "platebarcode", "barcode"))
# accessions of ontology terms say nothing to a reader who sees the term beside
_UNSAID = re.compile(r"term source|^unnamed|url$", re.IGNORECASE)


def library_of(archive: Archive, entry: EntryRecord, plate: Plate) -> Mapping[tuple[int, int], Facts]:
    """Return (name, value) of what each well of a plate got, by (row, column) from 0; nothing where no table says it."""
    path = plate.screen.library or ""
    if not path.endswith((".csv", ".tsv", ".txt")):
        return {}
    try:
        file = lookup.find_file(archive, entry.accession, entry.version, path)
    except NotFoundError:  # the sheet names a file that was not deposited
        return {}
    if not 0 < file.size_bytes <= _MOST_BYTES:
        return {}
    text = lookup.open_file(archive, entry.accession, file.content_path).read(0, file.size_bytes).decode("utf-8-sig", "replace")
    return read_library(text, {plate.title.casefold(), plate.name.casefold()})


def read_library(text: str, names: set[str]) -> dict[tuple[int, int], Facts]:
    """Return what each well got from the text of a table, of the rows whose plate has one of these names (in lower case).

    A table without a column of plates is about every plate.
    """
    first = text.partition("\n")[0]
    delimiter = max("\t,;", key=first.count)
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    everywhere: dict[tuple[int, int], Facts] = {}
    here: dict[tuple[int, int], Facts] = {}
    try:
        header = [name.strip() for name in next(table, [])]
        plain = [re.sub(r"[^a-z]", "", name.casefold()) for name in header]
        at = {key: next((i for i, n in enumerate(plain) if n in known), None) for key, known in _PLACES.items()}
        shown = [i for i, name in enumerate(header) if i not in at.values() and name and not _UNSAID.search(name)]
        for row in table:
            cells = dict(enumerate(row))
            well = _well_of(cells, at)
            if well is None:
                continue
            facts = tuple((header[i], value[:_LONGEST_FACT]) for i in shown if (value := cells.get(i, "").strip()))[:_MOST_FACTS]
            is_here = at["plate"] is not None and cells.get(at["plate"], "").strip().casefold() in names
            (here if is_here else everywhere).setdefault(well, facts)
    except csv.Error:  # no table after all
        return {}
    return here or (everywhere if at["plate"] is None else {})


_PLACES: Mapping[str, frozenset[str]] = {"well": _WELL, "row": _ROW, "column": _COLUMN, "plate": _PLATE}


def _well_of(cells: Mapping[int, str], at: Mapping[str, int | None]) -> tuple[int, int] | None:
    if at["well"] is not None:
        return parse_well(cells.get(at["well"], ""))
    if at["row"] is None or at["column"] is None:
        return None
    row, column = number_of(cells.get(at["row"], "").strip()), number_of(cells.get(at["column"], "").strip())
    return (row - 1, column - 1) if row and column else None
