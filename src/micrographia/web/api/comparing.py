"""``/api/v1/compare``: two maps superposed, or one held against everything archived; asked for, looked after, deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import JSONResponse, Response

from micrographia.archive.archive import Archive
from micrographia.compare import asking
from micrographia.compare.requests import Incoming, Side
from micrographia.errors import InvalidInputError
from micrographia.web.api.bodies import FAILURES, json_body
from micrographia.web.api.multipart import ReceivedForm, receive_form
from micrographia.web.api.receiving import run, settled
from micrographia.web.site import site_of

router = APIRouter(prefix="/api/v1")

PRIVATE = {"cache-control": "private, no-store", "x-robots-tag": "noindex", "referrer-policy": "no-referrer"}
"""Headers of whatever is said of a comparison: its address is a secret."""

# names of the maps that a question may bring, and the sides that they are
_SIDES = {"map": "a", "a": "a", "b": "b"}
Secret = Annotated[str, Path(description="The `id` that POST answered with; whoever has it may look.", max_length=100)]

_TEXT = {"type": "string", "description": "Accession of an entry (its primary map is meant), or identifier of one of its images."}
_FILE = {"type": "string", "format": "binary", "description": "A density map: MRC, CCP4, … It stays private and is deleted after a day."}
_VOXEL_SIZE = {"type": "number", "description": "Voxel size of what is sent, Å, in the place of what its header says."}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "map": {**_FILE, "description": f"Held against everything archived. {_FILE['description']}"},
                        "a": {**_FILE, "description": f"{_FILE['description']} Or {_TEXT['description']}"},
                        "b": {**_FILE, "description": "As `a`."},
                        "voxel_size_a": _VOXEL_SIZE,
                    },
                }
            },
            "application/json": {
                "schema": {"type": "object", "properties": {"map": _TEXT, "a": _TEXT, "b": _TEXT}},
                "example": {"a": "MG-10001", "b": "MG-10002.1.3"},
            },
        },
    }
}
_STATE = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "state": {"enum": ["queued", "running", "done", "failed"]},
        "progress": {"type": ["object", "null"], "description": "`stage` in words, and which share of all is `done`: 0 to 1."},
        "result": {"type": ["object", "null"], "description": "As `micrographia compare` and `micrographia similar` print it."},
        "failure": {"type": "object", "description": "Why nothing came out: `error` and `message`."},
        "asked": {"type": "string"},
        "deleted": {"type": "string", "description": "When all of it is deleted."},
    },
}
_TOO_OFTEN: dict[int | str, dict[str, Any]] = {429: {"description": "Too many were asked for; Retry-After says how long to wait."}}


@router.post(
    "/compare",
    status_code=202,
    summary="Compare two maps, or one with everything archived",
    responses={**FAILURES, **_TOO_OFTEN, 202: {"description": "It is being compared; look at `url` until it is done."}},
    openapi_extra=_BODY,
)
async def compare(request: Request) -> Response:
    """`map`, or `a` alone, is held against everything archived and superposed with what is most like it; `a` and `b` with each other.

    The frame is that of `map` or `a`: Å, (x, y, z), as its header places it.
    """
    secret = await receive_question(request)
    url = f"/api/v1/compare/{secret}"
    return JSONResponse({"id": secret, "url": url}, 202, {**PRIVATE, "location": url})


@router.get(
    "/compare/{comparison}",
    summary="What became of a comparison",
    responses={**FAILURES, 200: {"content": {"application/json": {"schema": _STATE}}}},
)
def state(request: Request, comparison: Secret) -> JSONResponse:
    """Its state, how far it is, and in the end its result; known to whoever has its id, for a day."""
    return JSONResponse(asking.comparison_document(site_of(request).archive, comparison), headers=PRIVATE)


@router.delete("/compare/{comparison}", status_code=204, summary="Delete a comparison", responses=FAILURES, response_class=Response)
def delete(request: Request, comparison: Secret) -> Response:
    """Nothing of it is kept: neither what was sent nor what came out."""
    asking.delete_comparison(site_of(request).archive, comparison)
    return Response(status_code=204, headers=PRIVATE)


async def receive_question(request: Request) -> str:
    """Ask what a request asks, as JSON or as a form with files, and return the secret of the comparison."""
    archive = site_of(request).archive
    async with _asking(archive) as incoming:
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            most = archive.settings.compare_mib << 20
            form = await receive_form(request, partial(_place, incoming), most_bytes=most)
        else:
            form = ReceivedForm({name: str(value) for name, value in (await json_body(request)).items() if value is not None})
        a, b = [await run(partial(_side, archive, form, side)) for side in "ab"]
        if a is None:
            raise InvalidInputError("No map was given; send one as `map`, or two as `a` and `b`: files, accessions or image identifiers.")
        voxel_size_a = asking.voxel_size_of(form.fields.get("voxel_size_a", ""))
        secret = await run(partial(asking.ask, archive, incoming, a=a, b=b, voxel_size_a=voxel_size_a))
    request.app.state.attending.wake()
    return secret


@asynccontextmanager
async def _asking(archive: Archive) -> AsyncIterator[Incoming]:
    """Open a new request, its questions to database and disk asked by threads."""
    opened = asking.asking(archive)
    incoming = await run(opened.__enter__)
    try:
        yield incoming
    finally:
        await settled(run(partial(opened.__exit__, None, None, None)))


def _place(incoming: Incoming, name: str, file_name: str) -> FilePath:
    if name not in _SIDES:
        raise InvalidInputError(f"The field {name!r} is not one of ours; files are sent as `map`, or as `a` and `b`.")
    return incoming.file(_SIDES[name], file_name)


def _side(archive: Archive, form: ReceivedForm, side: str) -> Side | None:
    """Return what is given for a side; None where nothing is."""
    names = [name for name, means in _SIDES.items() if means == side]
    files = [form.files[name].name for name in names if name in form.files]
    texts = [text for name in names if (text := form.fields.get(name, "").strip())]
    if len(files) + len(texts) > 1:
        raise InvalidInputError(f"Several maps were given as {' and '.join(names)}; expected one.")
    if files:
        return Side(file=files[0])
    return asking.archived_side(archive, texts[0]) if texts else None
