"""Comparing maps in the browser: the form that asks, the page that waits, the page of the result, and the private files it shows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from micrographia.archive.lookup import find_image
from micrographia.compare import asking
from micrographia.compare.requests import unknown
from micrographia.errors import MicrographiaError, NotFoundError
from micrographia.imaging.comparison import CONFIDENT
from micrographia.web.api.comparing import PRIVATE, receive_question
from micrographia.web.pages.comparison_viewing import comparison_viewing
from micrographia.web.pages.plots import Curve, Line, line_chart
from micrographia.web.pages.rendering import origin, page
from micrographia.web.pages.tracing import difference_row
from micrographia.web.pages.viewing import viewer_files
from micrographia.web.pages.wording import short_number
from micrographia.web.security_headers import VIEWER_POLICY
from micrographia.web.site import Site, site_of
from micrographia.web.status_codes import status_of
from micrographia.web.stream.conditions import http_date
from micrographia.web.stream.content import Content, ContentResponse

_MOST_BLOBS = 20
# other archived maps that the viewer offers beside the best
_MOST_SHOWN = 4
_THRESHOLDS = (("0.143", "at 0.143"), ("0.5", "at 0.5"))
_DOWNLOADS = ("aligned.mrc", "difference.mrc")


def compare_page(request: Request) -> Response:
    """GET /compare."""
    return _form(request, {"a": request.query_params.get("a", "")[:60], "b": request.query_params.get("b", "")[:60]})


async def compare(request: Request) -> Response:
    """POST /compare: the form of that page, with files."""
    try:
        secret = await receive_question(request)
    except MicrographiaError as error:
        if isinstance(error, NotFoundError) or status_of(error) < 500:
            return _form(request, {}, trouble=error.message, status=status_of(error))
        raise
    return RedirectResponse(f"/compare/{secret}", 303, headers=PRIVATE)


def _form(request: Request, given: Mapping[str, str], *, trouble: str = "", status: int = 200) -> Response:
    values = {"given": given, "trouble": trouble, "most_mib": site_of(request).archive.settings.compare_mib, "origin": origin(request)}
    return page(request, "compare.html", status=status, headers={"cache-control": "no-cache"}, **values)


def comparison_page(request: Request) -> Response:
    """GET /compare/{comparison}."""
    site, secret = site_of(request), request.path_params["comparison"]
    found = asking.comparison_document(site.archive, secret)
    values: dict[str, Any] = {"c": found, "link": f"/compare/{secret}", "viewing": None, "viewer_files": viewer_files()}
    if found["state"] == "done":
        values |= _result(site, secret, found["result"])
    policy = {"content-security-policy": VIEWER_POLICY} if values["viewing"] else {}
    return page(request, "comparison.html", headers={**PRIVATE, **policy}, **values)


async def delete(request: Request) -> Response:
    """POST /compare/{comparison}/delete."""
    await asyncio.to_thread(asking.delete_comparison, site_of(request).archive, request.path_params["comparison"])
    return RedirectResponse("/compare", 303, headers=PRIVATE)


def comparison_file(request: Request) -> ASGIApp:
    """GET /compare/{comparison}/{download}: a map that came out."""
    name = request.path_params["download"]
    if name not in _DOWNLOADS:
        raise unknown()
    return _made(request, name, {"content-disposition": f'attachment; filename="{name}"'})


def comparison_volume(request: Request) -> ASGIApp:
    """GET /compare/{comparison}/{volume}.zarr/{key}: a small copy of a private map, for the viewer."""
    volume, key = request.path_params["volume"], request.path_params["key"]
    if volume not in ("a", "b", "difference") or key not in ("zarr.json", "0/zarr.json", "0/c/0/0/0"):
        raise unknown()
    return _made(request, f"{volume}.zarr/{key}", {})


def _trace(trace: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return what differs in how the two were made, in the words of a table; None where they were not both archived."""
    if trace is None:
        return None
    return {**trace, "differences": [{**difference_row(d["field"], d["a"], d["b"]), "step": d["step"]} for d in trace["differences"]]}


def _made(request: Request, name: str, headers: Mapping[str, str]) -> ASGIApp:
    path = asking.find_comparison(site_of(request).archive, request.path_params["comparison"]).made / name
    try:
        there = path.stat()
    except FileNotFoundError:
        raise unknown() from None
    etag = f'"{there.st_mtime_ns:x}-{there.st_size:x}"'
    kind = "application/json" if name.endswith(".json") else "application/octet-stream"
    said = {**PRIVATE, "etag": etag, "last-modified": http_date(there.st_mtime), **headers}
    return ContentResponse(Content(there.st_size, etag, there.st_mtime, kind, path, headers=said))


def _result(site: Site, secret: str, result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page of a result shows; of a superposition that does not convince nothing but that."""
    stored = asking.find_comparison(site.archive, secret).result() or {}
    compared = result.get("comparison") if "results" in result else result
    alike = [row for row in result.get("results", ()) if row["confidence"] >= CONFIDENT]
    ranked = [found for row in alike if (found := _ranked(site, row))]
    values: dict[str, Any] = {
        "a": stored["sides"]["a"],
        "b": stored["sides"].get("b"),
        "is_search": "results" in result,
        "ranked": ranked,
        "compared": None,
        "trace": _trace(result.get("trace")),
        "unprepared": result.get("unprepared", 0),
        "notes": result.get("notes", ()) if "results" in result else (),
    }
    if compared is None or compared["confidence"] < CONFIDENT:
        return values
    b, matrix = stored["sides"]["b"], compared["transform"]
    others = [({"image": r["image"], "name": r["label"]}, r["transform"]) for r in ranked if r["image"] != b["image"]][:_MOST_SHOWN]
    return values | {
        "compared": compared,
        "viewing": comparison_viewing(site, f"/compare/{secret}", stored, [(b, matrix), *others]),
        "chart": _chart(compared["fsc"]),
        "resolutions": [(words, _resolution(compared, name)) for name, words in _THRESHOLDS],
        "blobs": compared["difference"]["blobs"][:_MOST_BLOBS],
        "more_blobs": max(0, len(compared["difference"]["blobs"]) - _MOST_BLOBS),
        "matrix": "\n".join(" ".join(f"{v:9.{3 if n == 3 else 6}f}" for n, v in enumerate(row)) for row in matrix),
        "chimerax": compared.get("chimerax") or "",
    }


def _resolution(compared: Mapping[str, Any], threshold: str) -> str:
    """Return where the curve falls below a threshold, in words."""
    value = compared["resolution_a"].get(threshold)
    if value is not None:
        return f"{short_number(value)} Å"
    return "finer than the voxels show" if compared["fsc"]["correlation"][-1] > float(threshold) else "they agree nowhere so well"


def _ranked(site: Site, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return one archived map that is like the query; None where the reader may not see it (any more)."""
    try:
        image = find_image(site.archive, row["image"])
        view = site.entry(image.id.accession, image.id.version)
    except NotFoundError:
        return None
    label = f"{row['accession']}, {image.record.path.rpartition('/')[2]}"
    return {**row, "title": view.record.sheet.title, "label": label}


def _chart(fsc: Mapping[str, Any]) -> Markup:
    curves = [Curve("as they are", fsc["spatial_frequency_per_a"], fsc["correlation"])]
    if masked := fsc.get("masked"):
        curves.append(Curve("inside a mask around both", fsc["spatial_frequency_per_a"], masked["correlation"]))
    thresholds = (Line(0.5, "0.5"), Line(0.143, "0.143"))
    return line_chart(
        curves,
        title="Fourier shell correlation of the two maps, superposed",
        x_name="Spatial frequency, 1/Å",
        y_name="Correlation",
        y_range=(min(0.0, *fsc["correlation"]), 1.0),
        is_spatial_frequency=True,
        across=thresholds,
    )


ROUTES = [
    Route("/compare", compare_page, methods=["GET"]),
    Route("/compare", compare, methods=["POST"]),
    Route("/compare/{comparison}", comparison_page, methods=["GET"]),
    Route("/compare/{comparison}/delete", delete, methods=["POST"]),
    Route("/compare/{comparison}/{volume}.zarr/{key:path}", comparison_volume, methods=["GET"]),
    Route("/compare/{comparison}/{download}", comparison_file, methods=["GET"]),
]
