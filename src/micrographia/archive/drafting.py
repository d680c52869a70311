"""A draft while its people work on it: made, edited, looked at, discarded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from micrographia.archive.archive import Archive
from micrographia.archive.doi import reserved_doi
from micrographia.archive.dossier import change_dossier
from micrographia.archive.examining import draft_digest, forget_derived
from micrographia.archive.permissions import require, require_known
from micrographia.archive.transition import event_now, find_draft, save_draft
from micrographia.describe import LoadedSheet, load_sheet, load_sheet_values
from micrographia.errors import InvalidInputError, UnavailableError, WrongStateError
from micrographia.model.finding import Finding, Report
from micrographia.model.lifecycle import State, next_state
from micrographia.model.people import Dossier, Membership, Role, Scope
from micrographia.model.records import DraftRecord, Event
from micrographia.model.sheet import Sheet

_FROM_FILES = ("image_sets", "maps", "annotations", "screens", "other_files", "acquisitions", "processes")


class EditedMeanwhileError(WrongStateError):
    """Somebody else changed it since the caller read it."""


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft as its people see it."""

    record: DraftRecord
    dossier: Dossier
    is_examined: bool
    """Whether the findings are about the sheet and the files as they are now."""
    file_count: int
    size_bytes: int

    @property
    def tag(self) -> str:
        """Changes with sheet and state."""
        return sheet_tag(self.record)

    def document(self) -> dict[str, Any]:
        """Return the JSON of the draft; the sheet stands under `sheet`, as in ``entry.yaml``."""
        record = self.record
        base, entry = f"/api/v1/drafts/{record.accession}", f"/api/v1/entries/{record.accession}"
        report = Report(record.findings)
        return {
            "accession": record.accession,
            "version": record.version,
            "status": str(record.state),
            "created": record.created_at,
            "change_note": record.change_note,
            "sheet": record.sheet.as_json(),
            "is_declared_by_files": record.is_declared_by_files,
            "file_count": self.file_count,
            "size_bytes": self.size_bytes,
            "report": {
                "is_current": self.is_examined,
                "errors": report.errors,
                "warnings": report.count("warning"),
                "notes": report.count("note"),
            },
            "hold": hold_document(record),
            "doi": record.doi or None,
            "curator": self.dossier.curator or None,
            "people": [{"role": str(p.role), "name": p.name, "email": p.email, "orcid": p.orcid} for p in self.dossier.people],
            "uploads": f"{base}/uploads",
            "links": {
                "self": base,
                "files": f"{base}/files",
                "report": f"{base}/report",
                "submit": f"{base}/submit",
                "suggestions": f"{base}/suggestions",
                "page": f"/entries/{record.accession}?version={record.version}",
                "events": f"{entry}/events",
                "images": f"/api/v1/images?entry={record.accession}&version={record.version}",
            },
        }


def sheet_tag(record: DraftRecord) -> str:
    """Return what changes with the sheet and the state of a draft, for those who edit it at the same time."""
    text = record.sheet.model_dump_json(by_alias=True)
    return hashlib.sha256(f"{record.version} {record.state} {text}".encode()).hexdigest()[:32]


def hold_document(record: DraftRecord) -> dict[str, Any] | None:
    """Return until when, or for what, a version is held."""
    if not record.hold_until:
        return None
    together = record.hold_for if record.hold_for != "publication" else None
    return {"until": record.hold_until, "on_publication": record.hold_for == "publication", "with": together or None}


def create_draft(archive: Archive, sheet: Sheet, *, findings: Sequence[Finding] = (), source: str = "") -> DraftRecord:
    """Return a new draft of a new entry, whose owner is the caller (nobody where that is the operator of the machine)."""
    caller = archive.caller
    require_known(caller, Scope.DEPOSIT)
    accession, now = archive.catalogue.reserve_accession(), archive.now()
    if archive.store.exists(accession):  # the catalogue is older than the store
        raise UnavailableError(f"{accession} is in the store but not in the catalogue, which lags behind: run `micrographia rebuild`.")
    draft = DraftRecord(
        accession=accession,
        version=1,
        created_at=now,
        doi=reserved_doi(archive.settings, accession),
        source=source,
        sheet=sheet,
        findings=tuple(findings),
        events=(event_now(archive, "create", 1, State.DRAFT),),
    )
    if not caller.is_operator:  # before the draft, which nobody else may find meanwhile
        owner = Membership(role=Role.OWNER, email=caller.email, orcid=caller.orcid, name=caller.name)
        change_dossier(archive, accession, lambda dossier: dossier.model_copy(update={"people": (owner,)}))
    archive.drafts.create(draft)
    archive.catalogue.put_draft(draft)
    return draft


def begin_draft(archive: Archive, values: Mapping[str, Any]) -> DraftRecord:
    """Return a new draft with a sheet that may say almost nothing yet; InvalidInputError, with all findings, where it says nonsense."""
    return create_draft(archive, checked_sheet(values))


def edit_draft(archive: Archive, accession: str, changes: Mapping[str, Any], *, tag: str = "") -> DraftRecord:
    """Return the draft with these fields of its sheet in place of what they were; null empties one.

    Raises
    ------
    InvalidInputError
        A field says nonsense; all findings come with it, and nothing is changed.
    EditedMeanwhileError
        The draft is not the one with this `tag` any more.
    """
    require(archive, accession, "edit")
    with archive.drafts.lock(accession):
        record = find_draft(archive, accession, "edit")
        next_state("edit", record.state, accession=accession)
        if tag and tag != sheet_tag(record):
            raise EditedMeanwhileError(f"{accession} was changed meanwhile; read it again, then make your change.", status=record.state)
        values = {**record.sheet.as_json(), **changes}
        sheet = checked_sheet({name: value for name, value in values.items() if value is not None})
        if sheet == record.sheet:
            return record
        event = event_now(archive, "edit", record.version, detail={"fields": sorted(changes)})
        touched = any(getattr(sheet, name) != getattr(record.sheet, name) for name in _FROM_FILES)
        record = record.model_copy(
            update={
                "sheet": sheet,
                "events": _with_edit(record, event),
                "is_declared_by_files": record.is_declared_by_files and not touched,
            }
        )
        save_draft(archive, record)
        return record


def replace_sheet(archive: Archive, accession: str, text: bytes) -> DraftRecord:
    """Return the draft with the sheet that the text of an ``entry.yaml`` holds; InvalidInputError with all findings otherwise."""
    sheet = _accepted(load_sheet(text))
    absent = {name: None for name in Sheet.model_fields if name != "schema_"}
    return edit_draft(archive, accession, {**absent, **sheet.as_json()})


def _with_edit(record: DraftRecord, event: Event) -> tuple[Event, ...]:
    """Return the events with one more, unless the last one says it: who saves as they type does not fill the trail."""
    last = record.events[-1] if record.events else event
    if (last.verb, last.actor) == ("edit", event.actor) and set(event.detail["fields"]) <= set(last.detail.get("fields", ())):
        return record.events
    return (*record.events, event)


def find_draft_view(archive: Archive, accession: str) -> DraftView:
    """Return a draft as its people and curators see it."""
    require(archive, accession, "read")
    record = find_draft(archive, accession, "edit")
    dossier = archive.drafts.dossier(accession)
    is_current = record.state is not State.DRAFT or record.examined == draft_digest(archive, record)
    row = archive.catalogue.version(accession, record.version)
    if is_current and row is not None:
        return DraftView(record, dossier, True, row.file_count, row.size_bytes)
    file_count = size_bytes = 0
    for file in archive.drafts.files(accession):
        file_count += 1
        size_bytes += file.size_bytes
    return DraftView(record, dossier, is_current, file_count, size_bytes)


def discard_draft(archive: Archive, accession: str) -> None:
    """Delete a draft with its files; its accession is not given away again."""
    require(archive, accession, "discard")
    with archive.drafts.lock(accession):
        record = find_draft(archive, accession, "discard")
        next_state("discard", record.state, accession=accession)
        archive.drafts.delete(accession)
        forget_derived(archive, accession, record.version)
        if record.version == 1:
            archive.drafts.delete_dossier(accession)
        archive.catalogue.delete_draft(accession)


def checked_sheet(values: Mapping[str, Any]) -> Sheet:
    """Return the sheet that plain values make; InvalidInputError with all findings where they make none."""
    return _accepted(load_sheet_values(dict(values)))


def _accepted(loaded: LoadedSheet) -> Sheet:
    errors = [finding for finding in loaded.findings if finding.severity == "error"]
    if errors:
        count = f"{len(errors)} mistake{'s' * (len(errors) > 1)}"
        raise InvalidInputError(f"The sheet has {count}: {errors[0].message} Nothing was changed.", [f.as_json() for f in loaded.findings])
    return loaded.sheet
