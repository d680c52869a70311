"""Line charts drawn on the server: inline SVG that is as sharp on a phone as on a wall, and its numbers as a table.

Curves stretch with the page, words do not: axes, curves and labels are SVGs of their own, placed by percentages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from micrographia.web.pages.rendering import environment
from micrographia.web.pages.wording import short_number

# curves are drawn in a square of so many units, stretched to the page
_UNITS = 1000
_MOST_ROWS = 60
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# colours and dashes that style.css knows
_STYLES = 6
# factors of a power of ten by which axes are divided
_NICE_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a chart."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    """As long as `x`; the line is broken where a value is not finite."""
    is_filled: bool = False
    """Whether the area below it is filled, as for histograms."""


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line across a chart: a threshold, a declared value."""

    at: float
    name: str


@dataclass(frozen=True, slots=True)
class _Axis:
    """A range of values laid out between 0 and 1."""

    low: float
    high: float
    is_log: bool = False

    def place(self, value: float) -> float:
        """Where a value lies; NaN where it has no place."""
        if self.is_log:
            value = math.log10(value) if value > 0 else math.nan
        return (value - self.low) / (self.high - self.low)

    def ticks(self, most: int) -> list[float]:
        """Round values in the range, at most `most` of them; of a logarithmic axis the exponents."""
        if self.is_log:
            step = float(max(1, math.ceil((self.high - self.low) / most)))
        else:
            rough = (self.high - self.low) / most
            power = 10 ** math.floor(math.log10(rough))
            step = next(n * power for n in _NICE_STEPS if n * power >= rough * (1 - 1e-9))
        first = math.ceil(self.low / step - 1e-9)
        return [n * step for n in range(first, math.floor(self.high / step + 1e-9) + 1)]


def line_chart(
    curves: Sequence[Curve],
    *,
    title: str,
    x_name: str,
    y_name: str,
    summary: str = "",
    y_range: tuple[float, float] | None = None,
    is_log: bool = False,
    is_spatial_frequency: bool = False,
    across: Sequence[Line] = (),
    upright: Sequence[Line] = (),
) -> Markup:
    """Return a chart as a figure: picture, legend, and the numbers in a folded table.

    Parameters
    ----------
    curves : sequence of Curve
        What is drawn; those without a finite point are left out.
    title : str
        Says what is seen; heads the figure.
    x_name, y_name : str
        What the axes say, with units.
    summary : str
        What the chart shows in a sentence, for those who do not see it; without one its title and the names of its curves.
    y_range : (low, high), optional
        Of the vertical axis; without one that of the curves.
    is_log : bool
        Whether the vertical axis is logarithmic.
    is_spatial_frequency : bool
        Whether x is in 1/Å: resolutions in Å stand below its numbers then.
    across, upright : sequence of Line
        Horizontal lines at values of y, vertical ones at values of x.

    Returns
    -------
    Markup
        HTML; empty where there is nothing to draw.
    """
    shown = [c for c in curves if any(map(math.isfinite, c.y))]
    if not shown:
        return Markup("")
    x_axis = _x_axis(shown)
    y_axis = _y_axis(shown, y_range, across, is_log=is_log)
    values: dict[str, Any] = {
        "title": title,
        "summary": summary or f"{title}: {', '.join(c.name for c in shown)}.",
        "x_name": x_name,
        "y_name": y_name,
        "x_ticks": [_x_tick(x_axis, v, is_spatial_frequency=is_spatial_frequency) for v in x_axis.ticks(6)],
        "y_ticks": [
            {"at": _percent(1 - (v - y_axis.low) / (y_axis.high - y_axis.low)), "words": _power(v) if is_log else _number(v)}
            for v in y_axis.ticks(5)
        ],
        "curves": [{"name": c.name, "style": n % _STYLES, **_drawn(c, x_axis, y_axis)} for n, c in enumerate(shown)],
        "across": [_line(line, 1 - y_axis.place(line.at)) for line in across],
        "upright": [_line(line, x_axis.place(line.at)) for line in upright if 0 <= x_axis.place(line.at) <= 1],
        "tables": _tables(shown),
        "is_spatial_frequency": is_spatial_frequency,
        "units": _UNITS,
    }
    return Markup(environment().get_template("plot.html").render(values))  # noqa: S704  the template escapes


def _x_axis(curves: Sequence[Curve]) -> _Axis:
    found = [v for c in curves for v in c.x if math.isfinite(v)]
    low, high = min(found), max(found)
    return _Axis(low, high if high > low else low + 1)


def _y_axis(curves: Sequence[Curve], given: tuple[float, float] | None, across: Sequence[Line], *, is_log: bool) -> _Axis:
    if given is not None:
        return _Axis(*given)
    found = [v for c in curves for v in c.y if math.isfinite(v) and (v > 0 or not is_log)] + [line.at for line in across]
    if is_log:
        exponents = [math.log10(v) for v in found] or [0.0]
        first, last = math.floor(min(exponents)), math.ceil(max(exponents))
        return _Axis(first, max(last, first + 1), is_log=True)
    low, high = min(found), max(found)
    margin = 0.04 * (high - low) or abs(high) or 1.0
    return _Axis(low - margin if low < 0 or low > margin else low, high + margin)


def _drawn(curve: Curve, x_axis: _Axis, y_axis: _Axis) -> dict[str, str]:
    """Return the path of a curve and of the area below it, in units; what leaves the chart is cut at its edge."""
    parts: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(curve.x, curve.y, strict=True):
        at = (x_axis.place(x) * _UNITS, (1 - y_axis.place(y)) * _UNITS) if math.isfinite(x) and math.isfinite(y) else (math.nan, math.nan)
        if math.isfinite(at[0] + at[1]):
            parts[-1].append((round(at[0], 1), round(min(max(at[1], 0), _UNITS), 1)))
        elif parts[-1]:
            parts.append([])
    lines = ["M" + "L".join(f"{x:g} {y:g}" for x, y in part) for part in parts if part]
    areas = [f"{line}L{part[-1][0]:g} {_UNITS}L{part[0][0]:g} {_UNITS}Z" for line, part in zip(lines, parts, strict=False)]
    return {"line": "".join(lines), "area": "".join(areas) if curve.is_filled else ""}


def _line(line: Line, place: float) -> dict[str, Any]:
    # words stand on the side where there is room
    return {"at": _percent(min(max(place, 0), 1)), "name": line.name, "is_late": place > 0.68, "is_low": place > 0.1}


def _x_tick(axis: _Axis, value: float, *, is_spatial_frequency: bool) -> dict[str, str]:
    below = f"{1 / value:.3g}" if is_spatial_frequency and value > 0 else "∞" if is_spatial_frequency else ""
    return {"at": _percent(axis.place(value)), "words": _number(value), "below": below}


def _number(value: float) -> str:
    return short_number(round(value, 12) or 0.0)


def _power(exponent: float) -> str:
    return "10" + str(int(exponent)).translate(_SUPERSCRIPTS)


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"


def _tables(curves: Sequence[Curve]) -> list[dict[str, Any]]:
    """Return the numbers: curves of the same x side by side, of long ones every so many rows."""
    groups: list[list[Curve]] = []
    for curve in curves:
        same = next((g for g in groups if list(g[0].x) == list(curve.x)), None)
        if same is None:
            groups.append([curve])
        else:
            same.append(curve)
    tables = []
    for group in groups:
        step = math.ceil(len(group[0].x) / _MOST_ROWS)
        rows = list(zip(group[0].x, *(c.y for c in group), strict=True))[::step]
        tables.append({"names": [c.name for c in group], "rows": [[short_number(float(v)) for v in row] for row in rows], "step": step})
    return tables
