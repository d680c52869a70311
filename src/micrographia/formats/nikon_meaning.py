"""What the metadata of an ND2 file mean: the loops of the experiment in the order of its frames, spacing, channels, objective."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from micrographia.formats.cursor import printable
from micrographia.formats.nikon_values import items, table

_TIME, _POSITIONS, _SECTIONS, _CUSTOM, _PHASES = 1, 2, 4, 7, 8
_MOST_DEPTH = 16
# axes for what is counted besides time, positions and sections
_SPARE = "qr"
_LONGEST_NAME = 100
# 1970-01-01 and 2100-01-01, midnight
_EPOCH_JULIAN_DAY, _LAST_JULIAN_DAY = 2_440_587.5, 2_488_069.5


@dataclass(frozen=True, slots=True)
class Loop:
    """One loop of the experiment."""

    axis: str
    """t, p (positions of the stage), z, or q for what a user's own loop counts."""
    count: int
    """Turns."""
    step: float | None = None
    """µm between sections, seconds between times."""
    names: tuple[str, ...] = field(default=())
    """Names of the positions; empty text where one has none."""


def loops_of(experiment: dict[str, Any]) -> list[Loop]:
    """Return the loops, outermost first, each axis once."""
    found: list[tuple[int, Loop]] = []
    for level, loop in _loops(table(experiment.get("SLxExperiment", experiment)), 0):
        if loop.count < 1:
            continue
        if not found or found[-1][0] < level:
            known = {other.axis for _, other in found}
            axis = next((a for a in (loop.axis, *_SPARE) if a not in known), "")
            if axis:
                found.append((level, replace(loop, axis=axis)))
        elif found[-1][0] == level and found[-1][1].axis == loop.axis and found[-1][1].count < loop.count:
            found[-1] = level, loop  # two experiments side by side: the longer one counts
    return [loop for _, loop in found]


def _loops(experiment: dict[str, Any], level: int) -> Iterator[tuple[int, Loop]]:
    if level > _MOST_DEPTH:
        return
    settings = table(experiment.get("uLoopPars"))
    loop = _loop(experiment.get("eType"), settings, experiment.get("pItemValid"))
    if loop is not None:
        yield level, loop
    inner = items(experiment.get("ppNextLevelEx"))
    if not inner:  # experiments in phases keep what lies inside with the first phase
        inner = [e for phase in items(settings.get("pSubLoops"))[:1] for e in items(table(phase).get("ppNextLevelEx"))]
    for item in inner:
        yield from _loops(table(table(item).get("SLxExperiment", item)), level + 1)


def _loop(kind: Any, settings: dict[str, Any], valid: Any) -> Loop | None:
    count = int(settings.get("uiCount") or 0)
    if kind == _TIME:
        return Loop("t", count, _seconds(settings))
    if kind == _PHASES:
        phases = [table(p) for p in items(settings.get("pPeriod"))]
        if isinstance(valid := settings.get("pPeriodValid"), bytes):
            phases = [p for p, is_valid in zip(phases, valid, strict=False) if is_valid]
        steps = {_seconds(p) for p in phases}
        return Loop("t", sum(int(p.get("uiCount") or 0) for p in phases), steps.pop() if len(steps) == 1 else None)
    if kind == _POSITIONS:
        points = [table(p) for p in items(settings.get("Points"))] or [{} for _ in items(settings.get("dPosX"))]
        if isinstance(valid, bytes) and len(valid) >= len(points):
            points = [p for p, is_valid in zip(points, valid, strict=False) if is_valid]
        names = tuple(printable(str(p.get("dPosName") or p.get("pPosName") or ""))[:_LONGEST_NAME] for p in points)
        return Loop("p", len(points) or count, None, names)
    if kind == _SECTIONS:
        step = _positive(settings.get("dZStep"))
        if step is None and count > 1:
            high, low = settings.get("dZHigh"), settings.get("dZLow")
            step = _positive(abs(high - low) / (count - 1)) if isinstance(high, float) and isinstance(low, float) else None
        return Loop("z", count, step)
    return Loop("q", count) if kind == _CUSTOM else None


def spacing(picture: dict[str, Any], loops: list[Loop]) -> list[float | None]:
    """Return z, y, x in µm."""
    across = _positive(picture.get("dCalibration")) if picture.get("bCalibrated") else None
    return [next((loop.step for loop in loops if loop.axis == "z"), None), across, across]


def channels(picture: dict[str, Any], samples: int) -> tuple[tuple[str, ...], bool]:
    """Return the names of the channels as presented, and whether they are colours of one picture, which the file keeps blue first."""
    names = [_name(plane) for plane in _planes(picture)]
    if len(names) <= 1 and samples == 3:
        return ("red", "green", "blue"), True
    if len(names) != samples or not all(names):
        return (), False
    return tuple(names), False


def facts(picture: dict[str, Any], text: dict[str, Any], attributes: dict[str, Any], loops: list[Loop]) -> dict[str, Any]:
    """Return objective, wavelengths, bits, interval and date as far as the file says them."""
    found: dict[str, Any] = {}
    if bits := int(attributes.get("uiBpcSignificant") or 0):
        found["significant_bits"] = bits
    objective: dict[str, Any] = {"model": printable(str(picture.get("wsObjectiveName") or ""))[:200]}
    for key, name in (("magnification", "dObjectiveMag"), ("numerical_aperture", "dObjectiveNA"), ("refractive_index", "dRefractIndex1")):
        objective[key] = _positive(picture.get(name))
    found["objective"] = {key: value for key, value in objective.items() if value}
    found["channels"] = [
        {"name": _name(plane), **({"emission_nm": length} if (length := _wavelength(plane)) else {})} for plane in _planes(picture)
    ]
    step = next((loop.step for loop in loops if loop.axis == "t"), None)
    if step is not None:
        found["time_increment_s"] = step
    words = table(text.get("SLxImageTextInfo", text))
    found["software"] = printable(str(words.get("TextInfoItem_14") or ""))[:200]
    found["acquired"] = _date(picture.get("dTimeAbsolute"))  # the date among the texts is spelled as in the user's country
    return {key: value for key, value in found.items() if value}


def without(loops: list[Loop], frame_count: int) -> list[Loop]:
    """Return the loops as far as `frame_count` frames go: the outermost is cut where the experiment was stopped."""
    inside = 1
    for loop in loops[1:]:
        inside *= loop.count
    turns = -(-frame_count // inside)
    return [replace(loops[0], count=min(loops[0].count, turns)), *loops[1:]] if loops else []


def _planes(picture: dict[str, Any]) -> list[dict[str, Any]]:
    planes = table(picture.get("sPicturePlanes"))
    return [table(plane) for plane in items(planes.get("sPlaneNew") or planes.get("sPlane"))]


def _name(plane: dict[str, Any]) -> str:
    return printable(str(plane.get("sDescription") or ""))[:_LONGEST_NAME]


def _wavelength(plane: dict[str, Any]) -> float | None:
    """Return the emission of the dye, or of the filter in front of the camera, where its spectrum is highest."""
    filters = items(table(plane.get("pFilterPath")).get("m_pFilter"))
    for owner in (plane.get("pFluorescentProbe"), *filters[:1]):
        points = [table(p) for p in items(table(table(owner).get("m_EmissionSpectrum")).get("pPoint"))]
        known = [(p.get("dTValue") or 0.0, length) for p in points if (length := _positive(p.get("dWavelength"))) is not None]
        if known:
            return max(known)[1]
    return None


def _seconds(settings: dict[str, Any]) -> float | None:
    milliseconds = _positive(settings.get("dPeriod")) or _positive(settings.get("dAvgPeriodDiff"))
    return None if milliseconds is None else float(f"{milliseconds / 1000:.7g}")


def _date(julian_day: Any) -> str:
    if not isinstance(julian_day, float) or not _EPOCH_JULIAN_DAY < julian_day < _LAST_JULIAN_DAY:
        return ""
    return datetime.fromtimestamp(round((julian_day - _EPOCH_JULIAN_DAY) * 86_400), UTC).isoformat().replace("+00:00", "Z")


def _positive(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value <= 0:
        return None
    return float(f"{value:.9g}")
