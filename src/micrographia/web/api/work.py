"""``/api/v1/work``: background work, for curators."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from micrographia.derive import work
from micrographia.web.api.bodies import FAILURES
from micrographia.web.site import site_of

router = APIRouter(prefix="/api/v1")


class RetryRequest(BaseModel):
    """What to try again; without a word everything that failed."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    image: Annotated[str, Field(max_length=60)] = ""
    """Identifier of the image: MG-10001.1.3."""
    product: Annotated[str, Field(max_length=20)] = ""
    """thumbnail, pyramid or sections."""


@router.get("/work", summary="Background work", responses=FAILURES)
def backlog(request: Request) -> dict[str, Any]:
    """For curators: of each product what is to do, in work, done and failed; who makes it; what failed, and why."""
    return work.work(site_of(request).archive).as_json()


@router.post("/work/retry", summary="Try again what failed", responses=FAILURES)
def retry(request: Request, asked: RetryRequest | None = None) -> dict[str, Any]:
    """For curators: forget failures, so that the background work tries them anew."""
    asked = asked or RetryRequest()
    return {"retried": work.retry(site_of(request).archive, image=asked.image, product=asked.product)}
