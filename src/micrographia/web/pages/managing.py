"""Work on an entry: the curators' queue, and the page where its people and curators do what it needs next.

Every form posts the name of a verb; the verb itself decides whether it may.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from micrographia.archive import comparing, curate, history, lookup, reviewing, sharing
from micrographia.archive.archive import Archive
from micrographia.archive.permissions import may, require, role_of
from micrographia.archive.release import release_entry
from micrographia.archive.revise import begin_version
from micrographia.archive.withdraw import obsolete_entry, withdraw_entry
from micrographia.errors import InvalidInputError, NotFoundError
from micrographia.ids import EntryId
from micrographia.model.finding import Finding, Report
from micrographia.model.lifecycle import State, allowed_verbs
from micrographia.model.people import Role
from micrographia.model.records import Event
from micrographia.web.pages.account import form_of
from micrographia.web.pages.rendering import origin, page
from micrographia.web.pages.wording import STATE_WORDS
from micrographia.web.site import site_of

_MOST_FINDINGS = 200
_VERB_WORDS: Mapping[str, str] = {
    "create": "began the draft",
    "edit": "changed it",
    "submit": "submitted it",
    "claim": "took it on",
    "return": "returned it",
    "accept": "accepted it",
    "hold": "put it on hold",
    "release": "released it",
    "revise": "began a new version",
    "withdraw": "withdrew it",
    "obsolete": "marked it as superseded",
    "comment": "wrote",
    "share": "changed who may see or edit it",
}

Form = Mapping[str, str]


def queue_page(request: Request) -> Response:
    """GET /curation: what waits for a curator, the longest waiting first."""
    archive = site_of(request).archive
    rows = curate.curation_queue(archive)
    items = [
        {
            "accession": row.accession,
            "version": row.version,
            "title": row.title or "Untitled",
            "state": STATE_WORDS[row.state],
            "is_waiting": row.state is State.SUBMITTED,
            "day": row.created_at[:10],
            "files": row.file_count,
            "size_bytes": row.size_bytes,
            "hold_until": row.hold_until,
            "curator": archive.drafts.dossier(row.accession).curator,
        }
        for row in rows
    ]
    return page(request, "curation.html", waiting=[i for i in items if i["is_waiting"]], decided=[i for i in items if not i["is_waiting"]])


def manage_page(request: Request, *, new_link: str = "") -> Response:
    """GET /manage/{accession}: where an entry stands, what was said about it, and what one may do next."""
    archive = site_of(request).archive
    accession = request.path_params["accession"]
    require(archive, _known(accession), "comment")  # reviewers read the entry alone
    row = archive.catalogue.entry(EntryId.parse(accession))
    if row is None:
        raise NotFoundError(f"There is no entry {accession}.")
    draft = archive.catalogue.draft_document(accession)
    view = lookup.find_entry(archive, accession, draft.version if draft else None)
    state = draft.state if draft else row.state
    verbs = [verb for verb in allowed_verbs(state) if may(archive, accession, verb)]
    dossier = archive.drafts.dossier(accession)
    findings = draft.findings if draft else view.record.findings
    sees_all = may(archive, accession, "share")
    is_curator = archive.caller.is_curator
    return page(
        request,
        "manage.html",
        accession=accession,
        version=view.record.version,
        title=view.record.sheet.title or "Untitled",
        state=STATE_WORDS[state],
        is_draft=draft is not None,
        edits=state is State.DRAFT and may(archive, accession, "edit"),
        verbs=verbs,
        hold_until=draft.hold_until if draft else "",
        hold_for=draft.hold_for if draft else "",
        curator=dossier.curator,
        claims=state is State.SUBMITTED and may(archive, accession, "claim"),
        report=Report(findings),
        findings=[_finding(accession, view.record.version, f) for f in findings[:_MOST_FINDINGS]],
        changes=_changes(archive, accession) if is_curator and draft and draft.state is not State.DRAFT else None,
        conversation=[said_words(event) for event in history.conversation(archive, accession)],
        events=[said_words(event) for event in reversed(history.private_events(archive, accession))] if sees_all else [],
        people=dossier.people if sees_all else (),
        links=[link for link in dossier.links if not link.revoked_at] if sees_all else [],
        roles=[role for role in Role if role is not Role.OWNER or archive.caller.is_admin or role_of(archive, accession) is Role.OWNER],
        sees_all=sees_all,
        is_curator=is_curator,
        new_link=new_link,
    )


def _known(accession: str) -> EntryId:
    try:
        return EntryId.parse(accession)
    except Exception as exc:
        raise NotFoundError(f"There is no entry {accession[:80]}.") from exc


async def act(request: Request) -> Response:
    """POST /manage/{accession}/{verb}: do it, and come back."""
    form = await form_of(request)
    accession, verb = request.path_params["accession"], request.path_params["verb"]
    archive = site_of(request).archive
    if verb == "reviewer-link":  # its secret is shown this once, and stands in no address of ours
        secret, _ = await asyncio.to_thread(reviewing.make_reviewer_link, archive, accession, hide_authors="hide_authors" in form)
        return await asyncio.to_thread(manage_page, request, new_link=f"{origin(request)}/review/{secret}")
    do = _VERBS.get(verb)
    if do is None:
        raise NotFoundError(f"There is nothing called {verb[:40]!r} that one could do here.")
    await asyncio.to_thread(do, archive, accession, form)
    back = "/curation" if form.get("back") == "/curation" else f"/manage/{accession}"
    return RedirectResponse(back, 303, headers={"cache-control": "no-store"})


def _return(archive: Archive, accession: str, form: Form) -> None:
    try:
        said = [
            {**dict(zip(("rule", "path"), json.loads(name.removeprefix("on:")), strict=True)), "comment": text}
            for name, text in form.items()
            if name.startswith("on:") and text.strip()
        ]
    except (ValueError, TypeError, RecursionError) as exc:
        raise InvalidInputError("A comment is about no finding; open the page anew.") from exc
    curate.return_entry(archive, accession, comment=form.get("comment", ""), findings=said)


def _hold(archive: Archive, accession: str, form: Form) -> None:
    kind = form.get("when", "date")
    curate.hold_entry(
        archive,
        accession,
        until=form.get("until", "") if kind == "date" else "publication" if kind == "publication" else "",
        together_with=form.get("with", "").strip() if kind == "with" else "",
        reason=form.get("reason", ""),
    )


_VERBS: Mapping[str, Callable[[Archive, str, Form], object]] = {
    "claim": lambda archive, accession, _: curate.claim_entry(archive, accession),
    "accept": lambda archive, accession, _: curate.accept_entry(archive, accession),
    "return": _return,
    "hold": _hold,
    "release": lambda archive, accession, _: release_entry(archive, accession),
    "comment": lambda archive, accession, form: curate.comment_entry(archive, accession, text=form.get("text", "")),
    "share": lambda archive, accession, form: sharing.share_entry(
        archive, accession, role=form.get("role", ""), **_who(form.get("who", "")), name=form.get("name", "")
    ),
    "unshare": lambda archive, accession, form: sharing.unshare_entry(archive, accession, form.get("who", "")),
    "revoke": lambda archive, accession, form: reviewing.revoke_reviewer_link(archive, accession, form.get("id", "")),
    "version": lambda archive, accession, form: begin_version(archive, accession, note=form.get("note", "")),
    "withdraw": lambda archive, accession, form: withdraw_entry(archive, accession, reason=form.get("reason", "")),
    "obsolete": lambda archive, accession, form: obsolete_entry(archive, accession, superseded_by=form.get("superseded_by", "").strip()),
}


def _who(text: str) -> dict[str, str]:
    return {"email": text.strip()} if "@" in text else {"orcid": text.strip()}


def _finding(accession: str, version: int, finding: Finding) -> dict[str, Any]:
    is_file = bool(finding.path) and not finding.path.startswith("entry.yaml")
    return {
        **finding.as_json(),
        "link": f"/files/{accession}/{version}/{finding.path}" if is_file else "",
        "field": finding.path.partition(":")[2] if finding.path.startswith("entry.yaml:") else "",
        "key": "on:" + json.dumps([finding.rule, finding.path]),
    }


def _changes(archive: Archive, accession: str) -> dict[str, Any] | None:
    found = comparing.compare_submissions(archive, accession)
    return found if found["from"] else None


def _conversation(archive: Archive, accession: str) -> list[dict[str, Any]]:
    return [said_words(event) for event in history.conversation(archive, accession)] if may(archive, accession, "comment") else []


def said_words(event: Event) -> dict[str, Any]:
    """Return what a page shows of an event."""
    detail = dict(event.detail)
    return {
        "who": event.actor or "the archive",
        "at": event.at,
        "did": _VERB_WORDS.get(event.verb, event.verb),
        "address": event.address,
        "text": str(detail.pop("comment", "") or detail.pop("text", "")),
        "on": [f for f in detail.pop("findings", []) if isinstance(f, Mapping)],
        "detail": ", ".join(f"{name} {value}" for name, value in detail.items()),
    }


ROUTES = [
    Route("/curation", queue_page, methods=["GET"]),
    Route("/manage/{accession}", manage_page, methods=["GET"]),
    Route("/manage/{accession}/{verb}", act, methods=["POST"]),
]
