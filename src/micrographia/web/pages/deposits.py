"""A person's own entries: where each stands, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from micrographia.archive.mine import OwnEntry, own_entries
from micrographia.archive.permissions import require_known
from micrographia.model.lifecycle import State
from micrographia.model.people import Role, Scope
from micrographia.web.pages.rendering import page
from micrographia.web.pages.wording import STATE_WORDS, day_words
from micrographia.web.site import site_of

_NEXT: Mapping[State, str] = {
    State.DRAFT: "Complete it, then submit it.",
    State.SUBMITTED: "A curator looks at it; nothing to do for you.",
    State.ACCEPTED: "Release it, or hold it until a day.",
    State.HELD: "Released by itself on {hold}; you may release it earlier.",
}


def deposits_page(request: Request) -> Response:
    """GET /deposits."""
    archive = site_of(request).archive
    require_known(archive.caller, Scope.DEPOSIT)
    mine = own_entries(archive)
    return page(
        request,
        "deposits.html",
        unreleased=[_shown(entry) for entry in mine if entry.draft],
        released=[_shown(entry) for entry in mine if not entry.draft],
    )


def _shown(entry: OwnEntry) -> dict[str, object]:
    row = entry.row
    return {
        "accession": entry.accession,
        "link": f"/deposit/{entry.accession}" if entry.state is State.DRAFT and entry.draft else f"/manage/{entry.accession}",
        "title": row.title or "Untitled",
        "version": row.version,
        "role": "" if entry.role is Role.OWNER else f"you are its {entry.role}",
        "state": STATE_WORDS[entry.state],
        "css": {State.DRAFT: "warm", State.ACCEPTED: "accent"}.get(entry.state, ""),
        "next": _NEXT.get(entry.state, "").format(hold=day_words(row.hold_until)) if entry.role is Role.OWNER else "",
        "files": row.file_count,
        "size_bytes": row.size_bytes,
        "day": row.released_at or row.created_at,
    }


ROUTES = [Route("/deposits", deposits_page)]
