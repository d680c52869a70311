"""`deposit --server`: a folder of this machine becomes a draft of an archive elsewhere."""

from __future__ import annotations

import hashlib
import stat
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from micrographia.cli.findings import findings_table, summary
from micrographia.cli.output import Progress, answer, counted, note, size
from micrographia.client.depositing import Depositor
from micrographia.client.remembered import RememberedDraft, remember_draft, remembered_draft
from micrographia.client.sending import LocalFile
from micrographia.client.transport import Document
from micrographia.errors import InvalidInputError, NotFoundError, WrongStateError
from micrographia.examine import Examination, Given, examine_structure, refuse_errors
from micrographia.model.finding import Finding, Report
from micrographia.settings import Settings

if TYPE_CHECKING:
    from rich.console import RenderableType

# what the archive drafts from the files itself, where nobody has written a sheet: it goes on to do so when files come or go
_FROM_FILES = ("image_sets", "maps", "annotations", "screens", "other_files", "acquisitions", "processes")


def deposit_elsewhere(
    folder: Path, server: str, token: str, *, given: Given, submit: bool, in_place: bool = False, urls: Sequence[str] = ()
) -> None:
    """Examine a folder, send its files into a draft of the archive at `server`, and submit it where that was asked for.

    Parameters
    ----------
    in_place
        The folder lies on the archive's own storage, under the same path: nothing is sent.
    urls
        Further files, which the archive fetches itself.
    """
    with Progress() as line, Depositor(server, token) as depositor:
        line.begin("reading headers")
        examination = examine_structure(folder, settings=Settings.from_environment(), given=given, deposit=True, progress=line.advance)
        refuse_errors(examination.report, "nothing was sent")
        draft, remembered = _draft(depositor, folder, examination)
        accession = str(draft["accession"])
        if draft["status"] == "DRAFT":
            files = list(_files(folder, examination))
            if in_place:
                _take_in_place(depositor, accession, folder, files)
            else:
                line.begin(f"sending {accession}", unit="bytes", total=sum(file.size_bytes for file in files))
                depositor.upload(accession, files, is_same=lambda file, there: _is_same(file, there, remembered), progress=line.advance)
            if urls:
                line.begin("the archive fetches files", unit="bytes")
                known = {str(file["path"]) for file in depositor.files(accession)}
                depositor.wait_for(accession, [_pulled(depositor, accession, url, known) for url in urls], progress=line.advance)
            line.begin("the archive looks at the files")
            report = _report(depositor.report(accession))
            if submit:
                depositor.submit(accession)
        else:
            note(f"{accession} is {draft['status']}: nothing was sent.")
            report = Report()
        draft = depositor.draft(accession)
    _tell(server, draft, report)


def _draft(depositor: Depositor, folder: Path, examination: Examination) -> tuple[Document, RememberedDraft]:
    """Return the draft that an earlier run began, with the sheet as it is now, else a new one."""
    sheet = examination.sheet.as_json()
    if examination.sheet_text is None:
        sheet = {name: value for name, value in sheet.items() if name not in _FROM_FILES}
    remembered = remembered_draft(depositor.location, folder)
    if remembered is not None:
        try:
            draft = depositor.draft(remembered.accession)
        except (NotFoundError, WrongStateError):  # discarded, or released: this is another deposit
            remembered = None
        else:
            return (depositor.edit(remembered.accession, sheet) if draft["status"] == "DRAFT" else draft), remembered
    draft = depositor.begin(sheet)
    return draft, remember_draft(depositor.location, folder, str(draft["accession"]))


def _files(folder: Path, examination: Examination) -> Iterator[LocalFile]:
    for description in examination.descriptions:
        for path in description.members or (description.path,):
            where = folder / path
            found = where.lstat()
            if not stat.S_ISREG(found.st_mode):
                raise InvalidInputError(f"{where} is no plain file any more.")
            yield LocalFile(unicodedata.normalize("NFC", path), where, found.st_size)


def _take_in_place(depositor: Depositor, accession: str, folder: Path, files: Sequence[LocalFile]) -> None:
    known = {str(file["path"]): file["state"] for file in depositor.files(accession)}
    if any(known.get(file.path) not in ("whole", "verifying") for file in files):
        depositor.take_in_place(accession, str(folder.resolve()))
    depositor.wait_for(accession, {file.path for file in files})


def _pulled(depositor: Depositor, accession: str, url: str, known: Collection[str]) -> str:
    """Return the path of a file that is fetched; one that an earlier run had fetched is not fetched again."""
    path = unquote(urlsplit(url).path).rpartition("/")[2]
    return path if path in known else str(depositor.pull(accession, url)["path"])


def _is_same(file: LocalFile, there: Document, remembered: RememberedDraft) -> bool:
    """Whether the archive has these bytes: nothing about the file changed since the draft was begun, or its digest is the same."""
    if file.where.lstat().st_ctime_ns < remembered.begun_ns:
        return True
    with file.where.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == str(there["sha256"])


def _report(document: Document) -> Report:
    findings: Sequence[dict[str, Any]] = document["findings"]
    return Report.of([Finding(**{name: str(value) for name, value in finding.items()}) for finding in findings])  # type: ignore[arg-type]


def _tell(server: str, draft: Document, report: Report) -> None:
    accession, status = draft["accession"], str(draft["status"])
    count, size_bytes = int(draft.get("file_count", 0)), int(draft.get("size_bytes", 0))
    lines: list[RenderableType] = [findings_table(report)] if report.findings else []
    lines.append(f"{accession} is a private {status} of {server}: {counted(count, 'file')}, {size(size_bytes)}; {summary(report)}.")
    if status == "DRAFT":
        lines.append("Next:    the same command with --submit, once nothing is left to correct.")
    answer(
        {
            "accession": accession,
            "version": draft.get("version", 1),
            "status": status,
            "title": draft.get("sheet", {}).get("title", ""),
            "file_count": count,
            "size_bytes": size_bytes,
            **report.as_json(),
        },
        *lines,
    )
