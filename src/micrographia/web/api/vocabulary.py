"""``/api/v1/schema`` and ``/api/v1/vocabulary``: what helps to fill in a sheet."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from micrographia.model.organisms import find_species
from micrographia.model.sheet import sheet_json_schema
from micrographia.model.vocabulary import EXPERIMENTS, IMAGING_METHOD

router = APIRouter(prefix="/api/v1")

Begun = Annotated[str, Query(max_length=100, description="How a word of it begins.")]


@router.get("/schema", summary="The JSON schema of a deposition sheet")
def schema() -> dict[str, Any]:
    """The same as `micrographia schema` prints."""
    return sheet_json_schema()


@router.get("/vocabulary/organisms", summary="Species, with NCBI Taxonomy ids")
def organisms(q: Begun = "") -> dict[str, Any]:
    """Those that are imaged often; a sheet may name any other."""
    return {"items": [{"name": s.name, "id": s.taxonomy, "common": s.common} for s in find_species(q)]}


@router.get("/vocabulary/methods", summary="Kinds of experiment, with terms of the Biological Imaging Methods Ontology")
def methods(q: Begun = "") -> dict[str, Any]:
    """All kinds that a sheet may name; `id` is None where the ontology has no term."""
    wanted = q.casefold()
    found = ((name, *IMAGING_METHOD.get(name, (None, ""))) for name in EXPERIMENTS)
    return {"items": [{"name": n, "id": i, "term": t} for n, i, t in found if wanted in n.casefold() or wanted in t.casefold()]}
