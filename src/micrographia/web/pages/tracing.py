"""The page of what differs in how two maps were made, and the form by which their raw data is asked for."""

from __future__ import annotations

import asyncio
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from micrographia.archive.asking import ask_for_raw_data, lacks_raw_data
from micrographia.archive.lookup import EntryView
from micrographia.catalogue import ImageRow
from micrographia.compare.chains import Chain, RawImages, chain_of
from micrographia.compare.facts import first_image, primary_image
from micrographia.compare.trace import Pair, Trace, trace
from micrographia.errors import InvalidInputError, NotFoundError, TooLargeError
from micrographia.web.api.showing import image_json
from micrographia.web.pages.account import form_of
from micrographia.web.pages.images import shown_image
from micrographia.web.pages.rendering import here, page
from micrographia.web.pages.wording import parameter_words
from micrographia.web.site import Site, site_of

_MOST_RAW = 12
_MOST_DIFFERENCES = 400
_LONGEST_VALUE = 300
_WORDS = {
    "amplitude_contrast": "Amplitude contrast",
    "b_factor_a2": "B-factor, Å²",
    "box_size": "Box, voxels",
    "cs_mm": "Cs, mm",
    "defocus_um": "Defocus, µm",
    "detector": "Detector",
    "detector_mode": "Detector mode",
    "dose_e_per_a2": "Dose, e⁻/Å²",
    "dose_per_frame_e_per_a2": "Dose of a frame, e⁻/Å²",
    "energy_filter_ev": "Energy filter, eV",
    "experiment": "Experiment",
    "exposure_s": "Exposure, s",
    "images": "Images",
    "kind": "Kind",
    "magnification": "Magnification",
    "mask": "Mask, fraction of the box",
    "microscope": "Microscope",
    "molecular_weight_kda": "Molecular weight, kDa",
    "molecules": "Molecules",
    "mutation": "Mutation",
    "organism": "Organism",
    "particles": "Particles",
    "pixel_size_a": "Pixel, Å",
    "preparation": "Preparation",
    "resolution_a": "Resolution, Å",
    "resolution_method": "Resolution by",
    "software": "Program",
    "state": "State",
    "symmetry": "Symmetry",
    "version": "Version",
    "voltage_kv": "Voltage, kV",
    "voxel_size_a": "Voxel, Å",
}


def trace_page(request: Request) -> Response:
    """GET /compare/trace?a=&b=: without both a form alone."""
    site, asked = site_of(request), request.query_params
    names = {side: asked.get(side, "").strip()[:140] for side in "ab"}
    if not all(names.values()):
        return page(request, "trace.html", names=names, found=None)
    try:
        found = trace(site.archive, names["a"], names["b"])
    except InvalidInputError as error:
        return page(request, "trace.html", status=422, names=names, found=None, trouble=error.message)
    fields = [d for d in found.differences if d.field != "step"]
    shown = fields[:_MOST_DIFFERENCES]
    return page(
        request,
        "trace.html",
        names=names,
        found=found,
        sides=[_side(site, chain) for chain in (found.a, found.b)],
        steps=[(step, [difference_row(d.field, d.a, d.b) for d in rows]) for step, rows in groupby(shown, key=lambda d: d.step)],
        more=len(fields) - len(shown),
        only=[(side, [d.step for d in found.differences if d.field == "step" and getattr(d, side.lower())]) for side in "AB"],
        pairs=[_pair(pair) for pair in found.pairs],
        api=f"/api/v1/trace?{urlencode(names)}",
        is_public=_is_public(found),
    )


def _is_public(found: Trace) -> bool:
    return all(chain.view.state.is_public for chain in (found.a, found.b))


def _side(site: Site, chain: Chain) -> dict[str, Any]:
    record = chain.view.record
    return {
        "name": chain.name,
        "title": chain.map.title,
        "entry": record.sheet.title,
        "accession": record.accession,
        "link": f"/entries/{record.accession}?version={record.version}#thing-{chain.map.id}",
        "image": _shown(site, primary_image(site.archive, chain.view, chain.map)),
        "raw": [_raw(site, raw) for raw in chain.raw[:_MOST_RAW]],
        "more": len(chain.raw) - _MOST_RAW,
        "is_said": all(raw.is_said for raw in chain.raw),
        "unarchived": chain.unarchived,
        "asks": bool(chain.unarchived) and lacks_raw_data(chain.view),
    }


def _raw(site: Site, raw: RawImages) -> dict[str, Any]:
    image = first_image(site.archive, raw.accession, raw.version, raw.image_set)
    return {
        "name": f"{raw.accession}/{raw.image_set.id}",
        "title": raw.image_set.title,
        "kind": raw.image_set.kind,
        "link": raw.link,
        "image": _shown(site, image),
    }


def _shown(site: Site, image: ImageRow | None) -> dict[str, Any] | None:
    return shown_image(image_json(site, image)) if image else None


def difference_row(field: str, a: Any, b: Any) -> dict[str, Any]:
    """Return what a table shows of one difference: what it is of, in words where there are any, and the two values."""
    return {"words": _WORDS.get(field, ""), "field": field, "values": [_value(v) for v in (a, b)]}


def _value(value: Any) -> str:
    """Return a value in words; empty where nothing is said."""
    if value is None:
        return ""
    words = parameter_words(value)
    return words if len(words) <= _LONGEST_VALUE else f"{words[:_LONGEST_VALUE]}…"


def _pair(pair: Pair) -> dict[str, Any]:
    def words(part: Any) -> dict[str, str] | None:
        if part is None:
            return None
        program = " ".join(str(part.facts[name]) for name in ("software", "version") if part.process and name in part.facts)
        return {"kind": part.kind, "link": part.link, "program": program}

    return {"a": words(pair.a), "b": words(pair.b), "differs": bool(pair.differences)}


def unarchived(site: Site, view: EntryView) -> dict[str, Any] | None:
    """Return what an entry's page says of raw data that are not archived, of its first map; None where they are."""
    maps, record = view.record.sheet.maps, view.record
    if not maps:
        return None

    def find() -> str:
        try:
            return chain_of(site.archive, view, maps[0]).unarchived
        except TooLargeError:
            return ""

    words = site.keep(("unarchived", record.accession, record.version), find)
    return {"words": words, "asks": lacks_raw_data(view)} if words else None


def ask_page(request: Request) -> Response:
    """GET /entries/{accession}/raw-data: ask for the raw data of an entry that has none."""
    site, accession = site_of(request), request.path_params["accession"]
    view = site.entry(accession)
    if not lacks_raw_data(view):
        raise NotFoundError(f"{accession} lacks no raw data that could be asked for.")
    if not site.archive.caller.is_known:
        return RedirectResponse(f"/sign-in?{urlencode({'next': here(request)})}", 303, headers={"cache-control": "no-store"})
    sheet = view.record.sheet
    return page(request, "ask_raw_data.html", accession=accession, title=sheet.title, asker=site.archive.caller, asked=False)


async def ask(request: Request) -> Response:
    """POST /entries/{accession}/raw-data."""
    form, site, accession = await form_of(request), site_of(request), request.path_params["accession"]
    await asyncio.to_thread(ask_for_raw_data, site.archive, accession, words=form.get("words", ""))
    title = site.entry(accession).record.sheet.title
    return page(request, "ask_raw_data.html", accession=accession, title=title, asker=site.archive.caller, asked=True)


ROUTES = [
    Route("/compare/trace", trace_page, methods=["GET"]),
    Route("/entries/{accession}/raw-data", ask_page, methods=["GET"]),
    Route("/entries/{accession}/raw-data", ask, methods=["POST"]),
]
