"""Rules about the sheet itself: title, authors, licence, ids and what they refer to."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from micrographia.checks._context import Context
from micrographia.checks._rules import rule, say
from micrographia.model.finding import Finding
from micrographia.model.sheet import Sheet
from micrographia.model.vocabulary import LICENCES

_OTHER_ENTRY = re.compile(r"MG-[1-9]\d{4,11}(/.+)?")
# accessions of records elsewhere, DOIs and URLs
_RELATED = re.compile(
    r"(EMD-\d{4,6}|EMPIAR-\d{5,6}|PDB-[0-9A-Za-z]{4}|PDB-pdb_[0-9a-z]{8}|S-BI[A-Z]+\d+|S-BSST\d+|idr\d{4}|MG-\d{5,12}|CZCDP-\d+|"
    r"(doi:|https://doi\.org/)?10\.\d{4,9}/\S+|https?://\S+)",
    re.IGNORECASE,
)
_DOI = re.compile(r"10\.\d{4,9}/\S+")


def _place(at: str) -> str:
    return f"entry.yaml:{at}"


@rule("sheet.title")
def title(context: Context) -> Iterator[Finding]:
    """Error: the entry has no title."""
    if context.is_written and not context.sheet.title:
        hint = "Write `title: …` in entry.yaml, or give --title."
        yield say("error", _place("title"), "the entry has no title.", found="nothing", expected="a title", hint=hint)


@rule("sheet.authors")
def authors(context: Context) -> Iterator[Finding]:
    """Error: the entry has no author with a name."""
    if context.is_written and not any(a.name for a in context.sheet.authors):
        hint = 'Write `authors: [{name: "Last, First"}]` in entry.yaml, or give --author "Last, First".'
        yield say("error", _place("authors"), "the entry has no author.", found="nobody", expected="at least one author", hint=hint)


@rule("sheet.files")
def declares_files(context: Context) -> Iterator[Finding]:
    """Error: the sheet declares no file."""
    if context.is_written and not context.declared.all:
        hint = "Add image_sets, maps, annotations, screens or other_files; `micrographia describe` drafts them."
        yield say("error", "entry.yaml", "the sheet declares no file.", found="0 files", expected="at least one", hint=hint)


@rule("sheet.author_name")
def author_names(context: Context) -> Iterator[Finding]:
    """Note: an author's name is not written «Last, First», so that citations may sort it wrongly."""
    for n, author in enumerate(context.sheet.authors):
        if author.name and "," not in author.name:
            hint = "A group or institution may stay as it is."
            yield say("note", _place(f"authors[{n}].name"), "this name has no comma.", found=author.name, expected="Last, First", hint=hint)


@rule("sheet.licence")
def licence(context: Context) -> Iterator[Finding]:
    """Note: a licence other than CC0 1.0. Warning: one that is not known here, or that keeps others from using the data."""
    given = context.sheet.licence
    if not context.has_sheet or given == "CC0-1.0":
        return
    expected = "CC0-1.0"
    if given in LICENCES:
        hint = "CC0-1.0 lets anybody reuse the data without a contract; keep this one if you have a reason."
        yield say("note", _place("licence"), f"the licence is {given}.", found=given, expected=expected, hint=hint)
        return
    near = difflib.get_close_matches(given, LICENCES, 1, 0.5)
    hint = f"Did you mean {near[0]}?" if near else "Write the SPDX identifier of an open licence."
    expected = "one of " + ", ".join(LICENCES)
    yield say("warning", _place("licence"), f"{given!r} is not a licence known here.", found=given, expected=expected, hint=hint)


@rule("sheet.blank")
def blanks(context: Context) -> Iterator[Finding]:
    """Warning (error where curation is strict): a «?» that describe left for a person still stands in the sheet."""
    if context.is_written:
        nobody = not any(a.name for a in context.sheet.authors)
        for at in context.blanks:
            if at == "title" or (nobody and at.startswith("authors[") and at.endswith("].name")):
                continue  # an error of its own
            hint = "Write what is known, or delete the line."
            yield say(context.missing, _place(at), f"`{at.rpartition('.')[2]}` is still blank.", found="?", expected="a value", hint=hint)


@rule("sheet.ids_unique")
def ids_unique(context: Context) -> Iterator[Finding]:
    """Error: two parts of the sheet bear the same id."""
    sheet = context.sheet
    groups = ([b.id for b in sheet.biosamples], [s.id for s in sheet.specimens], [a.id for a in sheet.acquisitions], _things(sheet))
    for group in groups:
        for identifier, count in Counter(group).items():
            if count > 1:
                message = f"the id `{identifier}` is given {count} times."
                yield say("error", _place(identifier), message, found=f"{count} times", expected="once", hint="Give each its own id.")


@rule("sheet.reference")
def references(context: Context) -> Iterator[Finding]:
    """Error: a specimen, acquisition, biosample or `of` that no part of the sheet bears as its id."""
    sheet = context.sheet
    specimens, acquisitions = {s.id for s in sheet.specimens}, {a.id for a in sheet.acquisitions}
    for n, specimen in enumerate(sheet.specimens):
        yield from _resolve(specimen.biosample, f"specimens[{n}].biosample", {b.id for b in sheet.biosamples}, "biosample")
    for n, image_set in enumerate(sheet.image_sets):
        yield from _resolve(image_set.specimen, f"image_sets[{n}].specimen", specimens, "specimen")
        yield from _resolve(image_set.acquisition, f"image_sets[{n}].acquisition", acquisitions, "acquisition")
    for n, density_map in enumerate(sheet.maps):
        yield from _resolve(density_map.specimen, f"maps[{n}].specimen", specimens, "specimen")
    subjects = {s.id for s in sheet.image_sets} | {m.id for m in sheet.maps}
    for n, annotation in enumerate(sheet.annotations):
        yield from _resolve(annotation.of, f"annotations[{n}].of", subjects, "image set or map")


@rule("sheet.process_reference")
def process_references(context: Context) -> Iterator[Finding]:
    """Error: an input or output of a process that is no id of an image set, map, annotation or process, and no «MG-10001/movies»."""
    sheet = context.sheet
    known = set(_things(sheet))
    for n, process in enumerate(sheet.processes):
        for name in ("inputs", "outputs"):
            for k, identifier in enumerate(getattr(process, name)):
                if not _OTHER_ENTRY.fullmatch(identifier):
                    yield from _resolve(identifier, f"processes[{n}].{name}[{k}]", known, "image set, map, annotation or process")
        if both := set(process.inputs) & set(process.outputs):
            message = f"`{sorted(both)[0]}` is both input and output of `{process.id}`."
            hint = "Give what came out its own id."
            yield say("warning", _place(f"processes[{n}]"), message, found=sorted(both)[0], expected="different ids", hint=hint)


def _things(sheet: Sheet) -> list[str]:
    """Return the ids of everything that a process may take or make."""
    images = [s.id for s in sheet.image_sets] + [m.id for m in sheet.maps] + [a.id for a in sheet.annotations]
    return images + [s.id for s in sheet.screens] + [p.id for p in sheet.processes]


def _resolve(identifier: str | None, at: str, known: Iterable[str], what: str) -> Iterator[Finding]:
    known = set(known)
    if identifier is None or identifier in known:
        return
    near = difflib.get_close_matches(identifier, known, 1, 0.5)
    hint = (
        f"Did you mean `{near[0]}`?"
        if near
        else f"Add such a part, or name one that is there: {', '.join(sorted(known)[:10]) or 'there is none'}."
    )
    yield say("error", _place(at), f"there is no {what} `{identifier}`.", found=identifier, expected=f"the id of a {what}", hint=hint)


@rule("sheet.related")
def related(context: Context) -> Iterator[Finding]:
    """Note: a related record that is written neither as an accession, a DOI nor a URL, so that no link can be made of it."""
    for n, other in enumerate(context.sheet.related):
        if other.to and not _RELATED.fullmatch(other.to):
            expected = "EMD-1832, EMPIAR-10076, PDB-4V4Q, S-BIAD144, idr0086, MG-10001, a DOI or a URL"
            yield say("note", _place(f"related[{n}].to"), "no link can be made of this.", found=other.to, expected=expected)


@rule("sheet.doi")
def dois(context: Context) -> Iterator[Finding]:
    """Warning: the DOI of a publication is not of the form 10.1000/xyz."""
    for n, publication in enumerate(context.sheet.publications):
        doi = publication.doi.removeprefix("https://doi.org/").removeprefix("doi:")
        if doi and not _DOI.fullmatch(doi):
            hint = "Copy it from the paper's first page."
            yield say("warning", _place(f"publications[{n}].doi"), "this is not a DOI.", found=doi, expected="10.1000/xyz", hint=hint)


@rule("sheet.date")
def dates(context: Context) -> Iterator[Finding]:
    """Warning: a date that is not written as ISO 8601 (2026-01-31)."""
    stated = [(f"acquisitions[{n}].date", a.date) for n, a in enumerate(context.sheet.acquisitions)]
    stated += [(f"processes[{n}].date", p.date) for n, p in enumerate(context.sheet.processes)]
    for at, text in stated:
        if text and not _is_date(text):
            yield say(
                "warning",
                _place(at),
                "this is not a date that programs can read.",
                found=text,
                expected="2026-01-31",
                hint="Write year-month-day.",
            )


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return re.fullmatch(r"\d{4}(-\d{2})?", text) is not None
    return True


@rule("sheet.range")
def ranges(context: Context) -> Iterator[Finding]:
    """Warning: a value that no instrument has: a voltage outside 1 to 3000 kV, a defocus outside ±50 µm, tilts in reverse."""
    for n, acquisition in enumerate(context.sheet.acquisitions):
        at, voltage, defocus, tilt = f"acquisitions[{n}]", acquisition.microscope.voltage_kv, acquisition.defocus_um, acquisition.tilt
        if voltage is not None and not 1 <= voltage <= 3000:
            hint = "Give it in kV: 300, not 300000."
            yield say(
                "warning",
                _place(f"{at}.microscope.voltage_kv"),
                "no microscope has this voltage.",
                found=f"{voltage:g} kV",
                expected="1 to 3000 kV",
                hint=hint,
            )
        if defocus is not None and (defocus[0] > defocus[1] or max(map(abs, defocus)) > 50):
            hint = "Give [smallest, largest] in µm, underfocus positive."
            found = f"[{defocus[0]:g}, {defocus[1]:g}] µm"
            yield say(
                "warning", _place(f"{at}.defocus_um"), "this is no range of defocus.", found=found, expected="such as [0.8, 2.2]", hint=hint
            )
        if tilt is not None and tilt.min_deg is not None and tilt.max_deg is not None and tilt.min_deg > tilt.max_deg:
            found = f"{tilt.min_deg:g}° to {tilt.max_deg:g}°"
            yield say(
                "warning", _place(f"{at}.tilt"), "the lowest tilt is above the highest.", found=found, hint="Exchange min_deg and max_deg."
            )
