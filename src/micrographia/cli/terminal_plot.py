"""Curves in a terminal, drawn with Braille patterns: eight dots a character."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rich.text import Text

# bits of U+2800 by row and column of dots
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
_COLOURS = ("cyan", "yellow", "magenta")


def curve_plot(
    x: Sequence[float],
    curves: Mapping[str, Sequence[float]],
    *,
    y_ticks: Sequence[float],
    x_ticks: Mapping[float, str],
    width: int = 64,
    height: int = 16,
) -> Text:
    """Return curves over a common x axis that begins at 0.

    Parameters
    ----------
    x : sequence of float
        Ascending.
    curves : mapping of name to values, as many as `x`
        Up to three are told apart by colour; the first lies on top.
    y_ticks : sequence of float
        Values that get a label and a dotted line; lowest and highest are the ends of the axis.
    x_ticks : mapping of position to label
    width, height : int
        Characters of the area between the axes.
    """
    from rich.text import Text

    low, high = min(y_ticks), max(y_ticks)

    def row(value: float) -> int:
        return round((1 - (min(max(value, low), high) - low) / (high - low)) * (4 * height - 1))

    dots = {name: np.zeros((4 * height, 2 * width), bool) for name in curves}
    at = np.linspace(0, x[-1], 2 * width)
    for name, y in curves.items():
        _draw(dots[name], [row(v) for v in np.interp(at, x, y)])
    ruled = np.zeros((4 * height, 2 * width), bool)
    for tick in y_ticks:
        ruled[row(tick), ::4] = True
    labels = {row(tick) // 4: f"{tick:g}" for tick in y_ticks}
    text = Text(no_wrap=True)
    for line in range(height):
        text.append(f"{labels.get(line, ''):>6} ")
        for column in range(width):
            text.append(*_cell([(d, colour) for d, colour in zip(dots.values(), _COLOURS, strict=False)], ruled, line, column))
        text.append("\n")
    axis = [" "] * (width + 12)
    for position, label in x_ticks.items():
        start = round(position / x[-1] * (width - 1)) + 7 - len(label) // 2
        axis[start : start + len(label)] = label
    text.append("".join(axis).rstrip() + "\n" + " " * 7)
    for name, colour in zip(curves, _COLOURS, strict=False):
        text.append(f"━ {name}   ", colour)
    return text


def _draw(dots: NDArray[np.bool_], rows: Sequence[int]) -> None:
    """Join the points of neighbouring columns."""
    before = rows[0]
    for column, now in enumerate(rows):
        dots[min(before, now) + (before < now) : max(before, now) + (before <= now), column] = True
        dots[now, column] = True
        before = now


def _cell(layers: list[tuple[NDArray[np.bool_], str]], ruled: NDArray[np.bool_], line: int, column: int) -> tuple[str, str]:
    window = np.s_[4 * line : 4 * line + 4, 2 * column : 2 * column + 2]
    shown = np.logical_or.reduce([d[window] for d, _ in layers])
    colour = next((c for d, c in layers if d[window].any()), "dim")
    bits = int(_BITS[shown if shown.any() else ruled[window]].sum())
    return (chr(0x2800 + bits) if bits else " "), colour
