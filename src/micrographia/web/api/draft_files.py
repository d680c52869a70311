"""``/api/v1/drafts/{accession}/files``: what is in a draft, and on its way there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import JSONResponse, Response, StreamingResponse

from micrographia.archive import in_place, pulls, uploads
from micrographia.errors import InvalidInputError
from micrographia.web.api.receiving import read_body, run
from micrographia.web.api.routes import FAILURES, Accession
from micrographia.web.site import site_of

router = APIRouter(prefix="/api/v1/drafts/{accession}")

_MOST_JSON_BYTES = 16 << 10
_FAILURES: dict[int | str, dict[str, Any]] = {
    **FAILURES,
    401: {"description": "Sign in, or send a token."},
    403: {"description": "This is not for you."},
    409: {"description": "The entry is no draft (any more)."},
}


class KnownFile(BaseModel):
    """A file whose bytes the entry may have already."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    path: Annotated[str, Field(max_length=1000)]
    """Path inside the entry."""
    sha256: Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$")]
    """SHA-256 digest of its bytes."""
    size_bytes: Annotated[int, Field(ge=0)]
    """Its length."""


@router.get("/files", summary="Files of a draft", responses=_FAILURES)
async def files(request: Request, accession: Accession) -> Any:
    """A list of {path, size_bytes, sha256, state, offset}; the state is uploading, verifying, whole or failed."""
    archive = site_of(request).archive
    listed = uploads.draft_files(archive, accession)
    first = await run(lambda: next(listed, None))  # a refusal comes before the first byte of the answer
    address = request.url.path.rpartition("/")[0] + "/uploads"
    return StreamingResponse(_json_list(first, listed, address), media_type="application/json")


def _json_list(first: Any, rest: Iterator[Any], address: str) -> Iterator[bytes]:
    yield b"["
    item, comma = first, b""
    block: list[bytes] = []
    while item is not None:
        if upload := item.get("upload"):
            item = {**item, "upload": f"{address}/{upload}"}
        block.append(comma + json.dumps(item).encode())
        comma = b",\n"
        if len(block) == 1000:
            yield b"".join(block)
            block.clear()
        item = next(rest, None)
    yield b"".join(block) + b"]"


def _body_of(kind: type[BaseModel]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": kind.model_json_schema()}}}}


@router.post(
    "/files",
    status_code=201,
    summary="Add a file whose bytes the entry has already",
    responses=_FAILURES,
    openapi_extra=_body_of(KnownFile),
)
async def link(request: Request, accession: Accession) -> Any:
    """Nothing is sent: 404 where neither the draft nor the version before holds such bytes, and then they are to be uploaded."""
    archive = site_of(request).archive
    asked = await _asked(request, KnownFile)
    file = await run(partial(uploads.link_known_file, archive, accession, asked.path, sha256=asked.sha256, size_bytes=asked.size_bytes))
    return JSONResponse({"path": file.path, "size_bytes": file.size_bytes, "sha256": file.sha256, "state": "whole"}, 201)


@router.delete("/files/{path:path}", status_code=204, summary="Take a file out of a draft", responses=_FAILURES, response_class=Response)
async def take_out(request: Request, accession: Accession, path: str) -> Response:
    """Also one that is still on its way."""
    await run(partial(uploads.remove_draft_file, site_of(request).archive, accession, path))
    return Response(status_code=204)


class Pull(BaseModel):
    """A file that the archive is to fetch by itself."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    url: Annotated[str, Field(max_length=4000)]
    """https://…, or s3://bucket/key of a public bucket."""
    path: Annotated[str, Field(max_length=1000)] = ""
    """Path inside the entry; the last part of the address without it."""
    sha256: Annotated[str, Field(pattern="^([0-9a-fA-F]{64})?$")] = ""
    """SHA-256 digest that it must have."""


class InPlace(BaseModel):
    """A folder of the archive's own machine."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    folder: Annotated[str, Field(max_length=4000)]
    """Its absolute path."""


@router.post("/pulls", status_code=202, summary="Have a file fetched by the archive", responses=_FAILURES, openapi_extra=_body_of(Pull))
async def pull(request: Request, accession: Accession) -> Any:
    """From hosts that the operator allows. It comes behind the request: GET …/files says how far it is."""
    asked = await _asked(request, Pull)
    archive = site_of(request).archive
    record = await run(partial(pulls.begin_pull, archive, accession, asked.url, path=asked.path, sha256=asked.sha256))
    request.app.state.finishing.add(accession, record.id)
    return JSONResponse({"path": record.path, "size_bytes": record.size_bytes, "sha256": record.sha256, "state": "uploading"}, 202)


@router.post("/in-place", status_code=202, summary="Take in files where they lie", responses=_FAILURES, openapi_extra=_body_of(InPlace))
async def take_in_place(request: Request, accession: Accession) -> Any:
    """For admins: a folder of the archive's storage, by hard links. The files are hashed behind the request."""
    asked = await _asked(request, InPlace)
    records = await run(partial(in_place.take_in_place, site_of(request).archive, accession, Path(asked.folder)))
    for record in records:
        request.app.state.finishing.add(accession, record.id)
    return JSONResponse([{"path": r.path, "size_bytes": r.size_bytes, "state": "verifying"} for r in records], 202)


_Asked = TypeVar("_Asked", bound=BaseModel)


async def _asked(request: Request, kind: type[_Asked]) -> _Asked:
    try:
        return kind.model_validate_json(await read_body(request, _MOST_JSON_BYTES))
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInputError(f"{'.'.join(map(str, first['loc'])) or 'The request'}: {first['msg']}.") from error
