"""A comparison of two maps as people read it in a terminal."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from micrographia.cli.output import counted, plain

if TYPE_CHECKING:
    from rich.console import RenderableType

_MOST_ROWS = 20
_NOISE = {"share of the density": "3 % of the density"}


def comparison_lines(document: Mapping[str, Any], a: str, b: str) -> list[RenderableType]:
    """Return the lines that say a comparison of the maps called `a` and `b`."""
    difference, resolution = document["difference"], document["resolution_a"]
    sure = "reason" not in difference
    lines: list[RenderableType] = list(document["notes"])
    lines.append(f"Confidence {document['confidence']:.2f}, score {document['score']:.2f}.")
    if not sure:
        return [*lines, difference["reason"]]
    if (factor := document["voxel_size_factor"]) != 1:
        lines.append(f"The voxels of {plain(b)} were taken to be {factor:.4g} times as large as it says.")
    lines.append(f"{plain(b)} is put on {plain(a)} when {motion_in_words(document['transform'])}.")
    lines.append(f"In ChimeraX: {chimerax_command(document, a, b)}")
    crossings = ", ".join(f"{resolution[name]:.3g} Å ({name})" for name in ("0.5", "0.143") if resolution[name])
    lines.append(f"They agree to {crossings}." if crossings else "They agree in all detail that the voxels hold.")
    noise = _NOISE.get(difference["noise_from"], f"the noise of the {difference['noise_from']}")
    lines.append(f"Differences to {difference['resolution_a']:.3g} Å, in units (σ) of {noise}:")
    lines += _blob_lines(difference["blobs"], difference["threshold_sigma"])
    for move in difference["moves"]:
        gone, new = (n + 1 for n in move["blobs"])
        lines.append(f"Blob {gone} of A may be blob {new} of B: moved by {move['distance_a']:.1f} Å, {_place(move['vector_a'])}.")
    lines += _chain_lines(difference["chains"])
    return [*lines, *(f"Written: {plain(path)}" for path in document["files"])]


def motion_in_words(transform: Sequence[Sequence[float]]) -> str:
    """Return how a transform moves what it is applied to: mirrored, turned by an angle about an axis, shifted."""
    turn = [list(row[:3]) for row in transform[:3]]
    mirrored = _determinant(turn) < 0
    if mirrored:
        turn = [[-value for value in row] for row in turn]
    angle = math.degrees(math.acos(min(1.0, max(-1.0, (turn[0][0] + turn[1][1] + turn[2][2] - 1) / 2))))
    shift = [row[3] for row in transform[:3]]
    words = ["mirrored through the origin"] * mirrored
    words.append(f"turned by {angle:.1f}°" + (f" about the axis {_place(_axis(turn), 3)}" if 0.05 < angle < 179.9 else ""))
    words.append(f"shifted by {_place(shift)} Å")
    return ", ".join(words[:-1]) + f" and {words[-1]}"


def chimerax_command(document: Mapping[str, Any], a: str, b: str) -> str:
    """Return what to type in ChimeraX to see both maps superposed."""
    if document["chimerax"] is None:
        return f"{'' if a.startswith('MG-') else f'open {shlex.quote(a)}; '}open aligned.mrc (as -o DIR writes it)"
    files = "" if a.startswith("MG-") or b.startswith("MG-") else f"open {shlex.quote(a)}; open {shlex.quote(b)}; "
    return f"{files}{document['chimerax']}"


def _blob_lines(blobs: Sequence[Mapping[str, Any]], threshold: float) -> list[RenderableType]:
    from rich.table import Table

    if not blobs:
        return [f"  none: nothing is beyond {threshold:.1f} σ."]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("", "more in", "peak, σ", "volume, Å³", "centre (x, y, z), Å"):
        table.add_column(title, justify="left" if title == "more in" else "right")
    for n, blob in enumerate(blobs[:_MOST_ROWS], 1):
        side = "A" if blob["sign"] == "+" else "B"
        table.add_row(str(n), side, f"{blob['peak_sigma']:.1f}", f"{blob['volume_a3']:,.0f}", _place(blob["center_a"]))
    more = len(blobs) - _MOST_ROWS
    return [table, f"… and {counted(more, 'weaker blob')}."] if more > 0 else [table]


def _chain_lines(chains: Sequence[Mapping[str, Any]]) -> list[RenderableType]:
    from rich.table import Table

    if not chains:
        return []
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("chain", "atoms", "in blobs", "mean, σ"):
        table.add_column(title, justify="left" if title == "chain" else "right")
    for chain in chains:
        table.add_row(plain(chain["chain"]), f"{chain['atoms']:,}", f"{chain['share_in_blobs']:.0%}", f"{chain['mean_sigma']:+.1f}")
    return [table]


def _place(numbers: Sequence[float], digits: int = 1) -> str:
    return "(" + ", ".join(f"{value:.{digits}f}" for value in numbers) + ")"


def _axis(turn: Sequence[Sequence[float]]) -> list[float]:
    axis = [turn[2][1] - turn[1][2], turn[0][2] - turn[2][0], turn[1][0] - turn[0][1]]
    length = math.hypot(*axis)
    return [value / length for value in axis]


def _determinant(m: Sequence[Sequence[float]]) -> float:
    return (
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
        - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    )
