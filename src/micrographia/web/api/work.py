"""``/api/v1/work``: background work, for curators."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from micrographia.assembly import PRODUCTS
from micrographia.derive import work
from micrographia.errors import InvalidInputError
from micrographia.web.api.bodies import FAILURES
from micrographia.web.api.receiving import read_body
from micrographia.web.site import site_of

router = APIRouter(prefix="/api/v1/work")

_MOST_JSON_BYTES = 16 << 10


class RetryRequest(BaseModel):
    """What to try again; without a word everything that failed."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    image: Annotated[str, Field(max_length=60)] = ""
    """Identifier of the image: MG-10001.1.3."""
    product: Annotated[str, Field(max_length=20)] = ""
    """Name of the product: thumbnail, pyramid, …"""


_BODY = {"requestBody": {"content": {"application/json": {"schema": RetryRequest.model_json_schema()}}}}


@router.get("", summary="Background work", responses=FAILURES)
def backlog(request: Request) -> dict[str, Any]:
    """For curators: of each product what is to do, in work, done and failed; who makes it; what failed, and why."""
    return work.work(site_of(request).archive, PRODUCTS).as_json()


@router.post("/retry", summary="Try again what failed", responses=FAILURES, openapi_extra=_BODY)
async def retry(request: Request) -> dict[str, Any]:
    """For curators: forget failures, so that the background work tries them anew."""
    try:
        asked = RetryRequest.model_validate_json(await read_body(request, _MOST_JSON_BYTES) or b"{}")
    except ValidationError as error:
        raise InvalidInputError('Expected {"image": …, "product": …}: ' + error.errors()[0]["msg"]) from error
    retried = await asyncio.to_thread(work.retry, site_of(request).archive, PRODUCTS, image=asked.image, product=asked.product)
    return {"retried": retried}
