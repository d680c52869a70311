"""How a search is made narrower and wider: facets, ranges, what is chosen, other ways to look at the same results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from micrographia.catalogue import FacetCount, Histogram, SearchPage, SearchQuery
from micrographia.catalogue.facets import FACETS
from micrographia.web.pages.wording import bytes_words, short_number

FACET_VALUES = 10
_OPEN_FACETS = frozenset({"modality", "category", "has", "organism", "protein"})
# how the answer is shown, not what is asked
SHOWING = frozenset({"view", "opened", "part", "page", "per_page"})

Parameters = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Range:
    """A figure of which two ends may be given."""

    name: str
    """Of the parameters, without _min and _max."""
    figure: str
    """Of SearchPage.histograms."""
    words: str
    unit: str
    hint: str


RANGES = (
    Range("resolution", "resolution_a", "Resolution", "Å", ""),
    Range("voxel_size", "voxel_size_a", "Pixel or voxel size", "Å", ""),
    Range("size", "size_bytes", "Size", "", "500 MB"),
)
RANGE_NAMES = frozenset(f"{r.name}_{end}" for r in RANGES for end in ("min", "max"))


def address(parameters: Parameters) -> str:
    """Return the address of the results page with these parameters."""
    return "/entries" + (f"?{urlencode(parameters)}" if parameters else "")


def question(parameters: Parameters) -> list[tuple[str, str]]:
    """Return those parameters that say what is asked, without those that say how the answer is shown."""
    return [p for p in parameters if p[0] not in SHOWING]


def facets(found: SearchPage, parameters: Parameters, query: SearchQuery) -> list[dict[str, Any]]:
    """Return the facets that tell the results apart."""
    return [
        _facet(name, values, parameters, query)
        for name, values in found.facets.items()
        if name == query.opened or (values and (len(values) > 1 or values[0].selected or values[0].count < found.total))
    ]


def _facet(name: str, values: Sequence[FacetCount], parameters: Parameters, query: SearchQuery) -> dict[str, Any]:
    is_opened = name == query.opened
    kept = [p for p in parameters if p[0] not in ("opened", "part")]
    return {
        "key": name,
        "name": FACETS[name],
        "open": name in _OPEN_FACETS or is_opened or (name == "kind" and query.of_images) or any(v.selected for v in values),
        "options": [_option(name, v, parameters) for v in values],
        "opened": is_opened,
        "part": query.opened_part if is_opened else "",
        "kept": kept,
        "more": address([*kept, ("opened", name)]) if not is_opened and len(values) >= FACET_VALUES else "",
    }


def _option(name: str, value: FacetCount, parameters: Parameters) -> dict[str, Any]:
    pair = (name, value.value)
    following = [p for p in parameters if p != pair] if value.selected else [*parameters, pair]
    return {"words": value.label, "count": value.count, "chosen": value.selected, "link": address(following)}


def ranges(found: SearchPage, parameters: Parameters, query: SearchQuery) -> list[dict[str, Any]]:
    """Return the ranges with how their figures are spread."""
    given = dict(parameters)
    asked = {
        "resolution": (query.resolution_min_a, query.resolution_max_a),
        "voxel_size": (query.voxel_size_min_a, query.voxel_size_max_a),
        "size": (query.size_min_bytes, query.size_max_bytes),
    }
    return [
        {
            "name": r.name,
            "words": r.words,
            "unit": r.unit,
            "hint": r.hint,
            "low": given.get(f"{r.name}_min", ""),
            "high": given.get(f"{r.name}_max", ""),
            "spread": _spread(found.histograms.get(r.figure), r, *asked[r.name]),
        }
        for r in RANGES
    ]


def _spread(histogram: Histogram | None, of: Range, low: float | None, high: float | None) -> dict[str, Any] | None:
    if histogram is None or len(histogram.counts) < 2:
        return None
    count, factor, most = len(histogram.counts), histogram.high / histogram.low, max(histogram.counts)
    centres = [histogram.low * factor ** ((i + 0.5) / count) for i in range(count)]
    bars = [
        {"x": i, "height": round(max(2.0, 20 * (n / most) ** 0.5), 1), "in": (low is None or c >= low) and (high is None or c <= high)}
        for i, (c, n) in enumerate(zip(centres, histogram.counts, strict=True))
        if n
    ]
    ends = [_figure_words(v, of) for v in (histogram.low, histogram.high)]
    return {"bars": bars, "count": count, "words": f"{ends[0]} to {ends[1]}"}


def _figure_words(value: float, of: Range) -> str:
    return f"{short_number(float(f'{value:.3g}'))} {of.unit}" if of.unit else bytes_words(int(value))


def chosen(parameters: Parameters, found: SearchPage) -> list[dict[str, Any]]:
    """Return what narrows the results now, each with the address that takes it away."""
    labels: Mapping[tuple[str, str], str] = {(name, v.value): v.label for name, values in found.facets.items() for v in values}
    words = {f"{r.name}_{end}": f"{r.words} {way}" for r in RANGES for end, way in (("min", "from"), ("max", "up to"))}
    units = {f"{r.name}_{end}": r.unit for r in RANGES for end in ("min", "max")}
    shown = []
    for pair in parameters:
        if name := FACETS.get(pair[0]) or words.get(pair[0]):
            value = f"{labels.get(pair, pair[1])} {units.get(pair[0], '')}".strip()
            shown.append({"name": name, "value": value, "link": address([p for p in parameters if p != pair])})
    return shown


def ways(parameters: Parameters, found: SearchPage, *, of_images: bool, is_table: bool) -> list[dict[str, Any]]:
    """Return the ways to look at the same results: entries as a list, as a table, their images."""
    plain = [p for p in parameters if p[0] not in ("view", "of", "page")]
    return [
        {"words": "Entries", "count": found.total, "chosen": not of_images and not is_table, "link": address(plain)},
        {"words": "Table", "count": None, "chosen": is_table, "link": address([*plain, ("view", "table")])},
        {"words": "Images", "count": found.image_total, "chosen": of_images, "link": address([*plain, ("of", "images")])},
    ]


def column_heads(parameters: Parameters, sort: str) -> list[dict[str, str]]:
    """Return the heads of the table, each with the address that sorts by it, and the other way round where it is sorted so already."""
    kept = [p for p in parameters if p[0] not in ("sort", "page")]
    heads = []
    for words, name, is_descending, css in (
        ("Title", "title", False, ""),
        ("Method", "", False, ""),
        ("Organism", "", False, ""),
        ("Resolution", "resolution", False, "number"),
        ("Voxel", "voxel_size", False, "number"),
        ("Images", "images", True, "number"),
        ("Size", "size", True, "number"),
        ("Released", "released", True, "number"),
    ):
        is_sorted = bool(name) and sort.removeprefix("-") == name
        falls = is_descending != sort.startswith("-")
        link = address([*kept, ("sort", f"-{name}" if sort == name else name)]) if name else ""
        heads.append({"words": words, "link": link, "css": css, "sorted": ("descending" if falls else "ascending") if is_sorted else ""})
    return heads
