"""The page of a map's validation report: what was computed of it, beside what its depositor says."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from micrographia.compare.validation.findings import resolution_of
from micrographia.compare.validation.reading import NoReportError, find_report, maps_of, name_of
from micrographia.derive.sections import PICTURES
from micrographia.web.pages.plots import Curve, Line, line_chart
from micrographia.web.pages.rendering import asked_version, origin, page
from micrographia.web.pages.wording import length_words, short_number
from micrographia.web.site import Site, site_of

# longest side of the sections that are shown, pixels
_SIDE = 512
_THRESHOLDS = {"0.143": "0.143", "0.5": "0.5", "half_bit": "½ bit", "one_bit": "1 bit", "three_sigma": "3 σ"}
_FREQUENCY = "Spatial frequency, 1/Å"

Document = dict[str, Any]


def validation_page(request: Request) -> Response:
    """GET /entries/{accession}/validation: the report of a map, the first unless `map` says another."""
    site, accession = site_of(request), request.path_params["accession"]
    view = site.entry(accession, asked_version(request))
    names = [name_of(m) for m in maps_of(site.archive, view)]
    report, why_not = None, ""
    chosen = request.query_params.get("map", "") or next(iter(names), "")
    try:
        report = find_report(site.archive, accession, view.record.version, map_id=chosen)
    except NoReportError as exc:
        if chosen not in names:
            raise
        why_not = exc.message
    kept: Document = {} if view.is_latest else {"version": view.record.version}
    titles = {m.id: m.title or m.id for m in view.record.sheet.maps}
    choices = [{"title": titles.get(n, n), "link": _query(kept | {"map": n}), "is_shown": n == chosen} for n in names]
    choice = {"map": chosen} if len(names) > 1 else {}
    values: Document = {
        "accession": accession,
        "entry_title": view.record.sheet.title,
        "entry_link": f"/entries/{accession}{_query(kept)}",
        "map_title": titles.get(chosen, chosen),
        "choices": choices if choice else [],
        "json_link": f"/api/v1/entries/{accession}/validation{_query(kept | choice)}",
        "python": _python(f'micrographia.open("{origin(request)}")["{accession}"]', kept, choice),
        "is_public": view.state.is_public,
        "why_not": why_not,
        "r": report,
    }
    return page(request, "validation.html", **values, **(_shown(site, report) if report else {}))


def _query(given: Document) -> str:
    return f"?{urlencode(given)}" if given else ""


def _python(entry: str, kept: Document, choice: Document) -> str:
    version = f".at({kept['version']})" if kept else ""
    return f"import micrographia\n\nreport = {entry}{version}.validation({', '.join(map(repr, choice.values()))})"


def _shown(site: Site, report: Document) -> Document:
    return {
        "headline": _headline(report),
        "pictures": _pictures(site, report),
        "fsc": _fsc_chart(report),
        "resolutions": _resolutions(report),
        "models": _model_chart(report),
        "power": _power_chart(report),
        "histogram": _histogram_chart(report),
        "volume": _volume_chart(report),
        "axes": _axes(report),
    }


def _headline(report: Document) -> list[Document]:
    """What most readers come for: a name, a value, and what was declared or what it was computed with."""
    declared, shown = report["declared"], []
    measured = resolution_of(report)
    said = f"declared {declared['resolution_a']:g} Å" if declared["resolution_a"] else "none declared"
    shown.append({"name": "Resolution, FSC 0.143", "value": length_words(measured) if measured else "–", "more": said})
    symmetry = report["symmetry"]
    if symmetry:
        found = symmetry["group"] or "round"
        more = f"declared {declared['symmetry']}" if declared["symmetry"] else "none declared"
        shown.append({"name": "Symmetry", "value": found, "more": more})
    contour = (report["volume_estimate"] or {}).get("contour")
    if contour:
        mass = contour["protein_mass_kda"]
        words = f"{mass / 1000:.2f} MDa" if mass >= 1000 else f"{mass:.0f} kDa"
        shown.append(
            {
                "name": "Volume at the contour",
                "value": f"{short_number(round(contour['volume_nm3'], 1))} nm³",
                "more": f"{words} of protein",
            }
        )
    guinier = (report["raps"] or {}).get("guinier")
    if guinier:
        more = f"{guinier['coarsest_a']:.1f} to {guinier['finest_a']:.1f} Å"
        shown.append({"name": "B-factor of the fall", "value": f"{short_number(round(guinier['b_factor_a2'], 1))} Å²", "more": more})
    return shown


def _pictures(site: Site, report: Document) -> list[Document]:
    """Groups of pictures: projections, central sections, and the sections with most in them."""
    image = report["image"]
    groups = []
    row = site.image(image)
    if site.sections(row) is not None:
        shown = [p for p in PICTURES if p.startswith("projection")]
        items = [{"link": f"/previews/{image}/{p}.webp", "words": f"along {p[-1]}"} for p in shown]
        groups.append({"title": "Projections", "pictures": items})
    titles = {"central": "Central sections", "largest_variance": "Sections with the largest variance"}
    for which, indices in (report["slices"] or {}).items():
        items = [
            {
                "link": f"/api/v1/images/{image}/slice?{urlencode({'axis': axis, 'index': index, 'format': 'webp', 'max_size': _SIDE})}",
                "words": f"{axis} {index + 1} of {report['map']['shape_zyx']['zyx'.index(axis)]}",
            }
            for axis, index in indices.items()
        ]
        groups.append({"title": titles[which], "pictures": items})
    return groups


def _fsc_chart(report: Document) -> Markup:
    fsc, deposited = report["fsc"], report["deposited_fsc"]
    curves = []
    if fsc:
        frequency = fsc["spatial_frequency_per_a"]
        curves.append(Curve("Unmasked", frequency, fsc["correlation"]))
        if fsc["masked"]:
            curves.append(Curve("Masked", frequency, fsc["masked"]["correlation"]))
        if fsc["phase_randomised"]:
            curves.append(Curve("Phases randomised", frequency, fsc["phase_randomised"]["randomised_correlation"]))
            curves.append(Curve("Corrected", frequency, fsc["phase_randomised"]["correlation"]))
    if deposited and "correlation" in deposited:
        curves.append(Curve("Deposited", deposited["spatial_frequency_per_a"], deposited["correlation"]))
    measured, declared = resolution_of(report), report["declared"]["resolution_a"]
    return line_chart(
        curves,
        title="Fourier shell correlation of the half maps",
        summary=f"Fourier shell correlation, falling below 0.143 at {measured:.2f} Å." if measured else "",
        x_name=_FREQUENCY,
        y_name="Correlation",
        y_range=(-0.12, 1.05),
        is_spatial_frequency=True,
        across=[Line(0.143, "0.143"), Line(0.5, "0.5")],
        upright=[Line(1 / declared, f"declared {declared:g} Å")] if declared else (),
    )


def _model_chart(report: Document) -> Markup:
    curves = [m for m in report.get("models") or () if "correlation" in m]
    declared = report["declared"]["resolution_a"]
    return line_chart(
        [Curve(m["path"], m["spatial_frequency_per_a"], (m["masked"] or m)["correlation"]) for m in curves],
        title=f"Fourier shell correlation of the map with its model{'s' if len(curves) > 1 else ''}, masked",
        x_name=_FREQUENCY,
        y_name="Correlation",
        y_range=(-0.12, 1.05),
        is_spatial_frequency=True,
        across=[Line(0.5, "0.5")],
        upright=[Line(1 / declared, f"declared {declared:g} Å")] if declared else (),
    )


def _resolutions(report: Document) -> Document | None:
    """The table of resolutions: thresholds × curves."""
    fsc = report["fsc"]
    if not fsc:
        return None
    curves = {"Unmasked": fsc, "Masked": fsc["masked"], "Corrected": fsc["phase_randomised"]}
    shown = {name: curve["resolution_a"] for name, curve in curves.items() if curve}
    rows = [{"name": words, "values": [f"{a[key]:.2f} Å" if a[key] else "–" for a in shown.values()]} for key, words in _THRESHOLDS.items()]
    return {"names": list(shown), "rows": rows, "mask": fsc["mask"], "notes": fsc["notes"]}


def _power_chart(report: Document) -> Markup:
    raps = report["raps"]
    if not raps:
        return Markup("")
    declared = report["declared"]["resolution_a"]
    return line_chart(
        [Curve("Power", raps["spatial_frequency_per_a"], [10**p for p in raps["log10_power"]])],
        title="Rotationally averaged power",
        x_name=_FREQUENCY,
        y_name="Mean power of a Fourier sample, of the whole map 1",
        is_log=True,
        is_spatial_frequency=True,
        upright=[Line(1 / declared, f"declared {declared:g} Å")] if declared else (),
    )


def _histogram_chart(report: Document) -> Markup:
    histogram = report["density_histogram"]
    if not histogram:
        return Markup("")
    return line_chart(
        [Curve("Voxels", histogram["density"], histogram["count"], is_filled=True)],
        title="Densities",
        x_name="Density, as deposited",
        y_name="Voxels",
        is_log=True,
        upright=_contour_line(report),
    )


def _volume_chart(report: Document) -> Markup:
    volume = report["volume_estimate"]
    if not volume:
        return Markup("")
    return line_chart(
        [Curve("Volume", volume["level"], [v or float("nan") for v in volume["volume_nm3"]])],
        title="Volume against contour level",
        x_name="Contour level",
        y_name="Enclosed volume, nm³",
        is_log=True,
        upright=_contour_line(report),
    )


def _contour_line(report: Document) -> list[Line]:
    contour = report["volume_estimate"]["contour"]
    if not contour:
        return []
    words = "recommended" if contour["is_declared"] else "shown"
    return [Line(contour["level"], f"{words} {short_number(contour['level'])}")]


def _axes(report: Document) -> list[Document]:
    axes = report["symmetry"]["axes"] if report["symmetry"] else []
    return [{"fold": a["fold"], "direction": ", ".join(map(_signed, a["direction_xyz"])), "score": f"{a['score']:.2f}"} for a in axes]


def _signed(value: float) -> str:
    return f"{round(value, 3) + 0.0:.3f}".replace("-", "−")
