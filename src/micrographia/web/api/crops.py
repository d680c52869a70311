"""``POST /api/v1/crops``: the address under which a block of an image can be cited."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import JSONResponse
from starlette.types import Message

from micrographia.errors import InvalidInputError, NotFoundError, TooLargeError
from micrographia.web.api.routes import FAILURES
from micrographia.web.api.showing import image_json
from micrographia.web.pages.rendering import origin
from micrographia.web.site import site_of
from micrographia.web.stream.crop_addresses import Interval, crop_address, crop_query, parse_ranges

router = APIRouter(prefix="/api/v1")

_MOST_BODY_BYTES = 16 << 10
_FORMATS = ("npy", "tiff", "mrc")


class CropRequest(BaseModel):
    """A block of an image that somebody wants to cite."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    image: Annotated[str, Field(max_length=60)]
    """Identifier of the image: MG-10001.1.3."""
    ranges: Annotated[dict[str, Interval], Field(max_length=8)] = Field(default_factory=dict)
    """Axis → "start:stop" or [start, stop]; an axis that is not named is taken whole."""


_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": CropRequest.model_json_schema()}}}}


@router.post("/crops", status_code=201, summary="An address to cite a block by", responses=FAILURES, openapi_extra=_BODY)
async def make_crop(request: Request) -> Any:
    """Nothing is stored: the address itself says which block of which image of which version it is, and never changes its meaning."""
    try:
        asked = CropRequest.model_validate_json(await _body(request))
    except ValidationError as exc:
        said = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in exc.errors()[:3])
        raise InvalidInputError(f'Expected {{"image": "MG-10001.1.3", "ranges": {{"z": "0:64"}}}}. {said}.') from exc
    site = site_of(request)
    try:
        image = await site.remembered(("image", asked.image), lambda: site.image(asked.image))
    except InvalidInputError as exc:
        raise NotFoundError(exc.message) from exc
    ranges = parse_ranges(asked.ranges, image.record)
    path = crop_address(image.id, ranges)
    query = "&".join(f"{axis}={interval}" for axis, interval in crop_query(ranges).items())
    link = image_json(site, image)["links"]["crop"]
    url = f"{origin(request)}{path}"
    document = {
        "url": url,
        "image": str(image.id),
        "ranges": {axis: [r.start, r.stop] for axis, r in ranges.items()},
        "shape": [r.stop - r.start for r in ranges.values()],
        "links": {"page": path, **{name: f"{link}?{query}&format={name}" for name in _FORMATS}},
    }
    return JSONResponse(document, status_code=201, headers={"location": url})


async def _body(request: Request) -> bytes:
    body = b""
    message: Message = {"more_body": True}
    while message.get("more_body"):
        message = await request.receive()
        body += message.get("body", b"")
        if len(body) > _MOST_BODY_BYTES:
            raise TooLargeError(f"A block is named in less than {_MOST_BODY_BYTES:,} bytes; more came.")
    return body
