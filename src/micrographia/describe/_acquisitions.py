"""Acquisitions from what files say: mdoc, optics groups of STAR and cryoSPARC files, OME-XML, extended headers of MRC files."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import Any

_SERIAL_EM = re.compile(r"SerialEM Version ([\w.]+)")
_DETECTORS = re.compile(r"\b(K2|K3|K4|Falcon ?\d\w?|Ceta\w*|DE-?\d+|Selectris|BioContinuum|Apollo)\b", re.IGNORECASE)


def number(value: object, *, low: float = 0.0, high: float = float("inf")) -> float | None:
    """Return a number strictly between `low` and `high`, None for anything else; six digits are kept."""
    try:
        result = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return float(f"{result:.6g}") if isfinite(result) and low < result < high else None


def tidy(part: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping without empty values, mappings within it likewise."""
    out: dict[str, Any] = {}
    for key, value in part.items():
        kept = tidy(value) if isinstance(value, Mapping) else value
        if kept not in (None, "", (), [], {}):
            out[key] = kept
    return out


def from_mdoc(metadata: Mapping[str, Any], angles: Sequence[float], total_dose: float | None) -> dict[str, Any]:
    """Return an acquisition from the metadata of an mdoc file.

    Parameters
    ----------
    metadata : mapping
        What the mdoc reader says of one file.
    angles : sequence of float
        Tilt angles, degrees, in the order of acquisition as far as it is known; of one file, or of one series of frame files.
    total_dose : float or None
        Exposure of the whole series, e⁻/Å².
    """
    titles = " ".join(str(t) for t in metadata.get("titles", ()))
    detector = _DETECTORS.search(titles)
    version = _SERIAL_EM.search(str(metadata.get("software", "")))
    sections = metadata.get("sections") or [{}]
    slit = sections[0].get("FilterSlitAndLoss")
    targets = [abs(t) for t in metadata.get("target_defocus_um", ()) if -100 < t < 0]
    is_series = metadata.get("kind") == "tilt_series" or len(angles) > 1
    return tidy(
        {
            "experiment": "electron tomography" if is_series else None,
            "microscope": {
                "name": metadata.get("microscope"),
                "voltage_kv": number(metadata.get("voltage_kv")),
                "magnification": number(metadata.get("magnification")),
                "energy_filter_ev": number(slit[0]) if isinstance(slit, list) and slit else None,
            },
            "detector": {"name": detector[0] if detector else None},
            "pixel_size_a": number(metadata.get("pixel_size_a")),
            "dose_e_per_a2": number(total_dose, high=1e6) if is_series else number(metadata.get("dose_e_per_a2"), high=1e6),
            "exposure_s": number(metadata.get("exposure_s")),
            "defocus_um": [min(targets), max(targets)] if targets else None,
            "tilt": _tilt(metadata, angles, titles) if is_series else None,
            "software": {"name": "SerialEM", "version": version[1] if version else None} if "SerialEM" in titles or version else None,
            "date": _day(metadata.get("started")),
        }
    )


def _tilt(metadata: Mapping[str, Any], angles: Sequence[float], titles: str) -> dict[str, Any]:
    tilt: dict[str, Any] = {"axis_deg": metadata.get("tilt_axis_deg"), "scheme": tilt_scheme(metadata, angles, titles)}
    if angles:
        ordered = sorted(angles)
        steps = sorted(b - a for a, b in itertools.pairwise(ordered) if b - a > 0.05)
        tilt |= {"min_deg": round(ordered[0], 2), "max_deg": round(ordered[-1], 2)}
        if steps:
            tilt["step_deg"] = round(steps[len(steps) // 2] * 2) / 2 or round(steps[len(steps) // 2], 2)
    return tilt


def tilt_scheme(metadata: Mapping[str, Any], angles: Sequence[float], titles: str = "") -> str:
    """Return the order in which the angles were taken: dose-symmetric, bidirectional, unidirectional, or empty when nothing tells."""
    if re.search(r"\bdosym\b", titles):
        return "dose-symmetric"
    sections = metadata.get("sections") or []
    dated = [(moment, s["TiltAngle"]) for s in sections if "TiltAngle" in s and (moment := _moment(s.get("DateTime")))]
    taken = [angle for _, angle in sorted(dated)] if len(dated) == len(sections) > 2 else list(angles)
    if len(taken) < 5:
        return ""
    signs = [b > a for a, b in itertools.pairwise(taken)]
    turns = sum(a != b for a, b in itertools.pairwise(signs))
    if len(dated) != len(sections) and turns == 0:
        return ""  # sorted by angle: the order of acquisition is lost
    return "unidirectional" if turns == 0 else "bidirectional" if turns <= 2 else "dose-symmetric"


def from_star(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return an acquisition from optics groups and ranges of a STAR file."""
    optics = (metadata.get("optics") or [{}])[0]
    ranges = metadata.get("ranges") or {}

    def one(column: str) -> float | None:
        if column in optics:
            return number(optics[column])
        low, high = ranges.get(column, (None, None))
        return number(low) if low is not None and low == high else None

    defocus = [v for c in ("rlnDefocusU", "rlnDefocusV") for v in ranges.get(c, ())]
    found = [number(v / 1e4, low=-1e3, high=1e3) for v in (min(defocus), max(defocus))] if defocus else []
    magnification, detector = one("rlnMagnification"), one("rlnDetectorPixelSize")
    pixel = one("rlnMicrographOriginalPixelSize") or (detector * 1e4 / magnification if detector and magnification else None)
    tilts = ranges.get("rlnTomoNominalStageTiltAngle")
    axis = ranges.get("rlnTomoNominalTiltAxisAngle")
    return tidy(
        {
            "microscope": {
                "voltage_kv": one("rlnVoltage"),
                "cs_mm": one("rlnSphericalAberration"),
                "amplitude_contrast": one("rlnAmplitudeContrast"),
            },
            "pixel_size_a": number(pixel),
            "defocus_um": found if found and None not in found and found[0] != 0 else None,
            "tilt": {"axis_deg": axis[0] if axis else None, "min_deg": round(tilts[0], 2), "max_deg": round(tilts[1], 2)}
            if tilts
            else None,
        }
    )


def from_cryosparc(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return an acquisition from the CTF columns of a cryoSPARC dataset."""
    ranges = metadata.get("ranges") or {}

    def one(column: str) -> float | None:
        low, high = ranges.get(column, (None, None))
        return number(low) if low is not None and low == high else None

    defocus = [v for c in ("ctf/df1_A", "ctf/df2_A") for v in ranges.get(c, ())]
    return tidy(
        {
            "microscope": {
                "voltage_kv": one("ctf/accel_kv"),
                "cs_mm": one("ctf/cs_mm"),
                "amplitude_contrast": one("ctf/amp_contrast"),
            },
            "pixel_size_a": one("micrograph_blob/psize_A"),
            "defocus_um": [number(min(defocus) / 1e4), number(max(defocus) / 1e4)] if defocus and min(defocus) > 0 else None,
        }
    )


def from_image(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return an acquisition from the metadata of an image: OME-XML, extended header of an MRC file."""
    ome = metadata.get("ome", metadata)
    channels = [_channel(c) for c in ome.get("channels", ()) if isinstance(c, Mapping)]
    angles = [a for a in metadata.get("tilt_angles_deg") or () if isinstance(a, int | float)]
    is_series = len(set(angles)) > 2
    return tidy(
        {
            "experiment": "electron tomography" if is_series else None,
            "microscope": {
                "name": _text(metadata.get("microscope")) or _maker(ome.get("instrument")),
                "voltage_kv": number(metadata.get("voltage_kv")),
                "magnification": number(_one(metadata.get("magnification"))),
                "objective": _objective(ome.get("objective")),
            },
            "detector": {"name": _text(metadata.get("detector"))},
            "dose_e_per_a2": None if is_series else number(_one(metadata.get("dose_e_per_a2")), high=1e6),
            "tilt": _tilt(metadata, angles, "") if is_series else None,
            "channels": [c for c in channels if len(c) > 1],
            "software": {"name": _text(metadata.get("software"))} if metadata.get("software") else None,
            "date": _text(ome.get("acquired"))[:10],
        }
    )


def _one(value: object) -> object:
    """Return a value that is the same for all sections, None for a list."""
    return None if isinstance(value, list) else value


def _maker(instrument: object) -> str:
    if not isinstance(instrument, Mapping):
        return ""
    return " ".join(_text(instrument.get(k)) for k in ("manufacturer", "model") if instrument.get(k))


def _objective(objective: object) -> str:
    if not isinstance(objective, Mapping):
        return ""
    power, aperture = number(objective.get("magnification")), number(objective.get("numerical_aperture"))
    parts = [_maker(objective), f"{power:g}×" if power else "", f"NA {aperture:g}" if aperture else "", _text(objective.get("immersion"))]
    return " ".join(p for p in parts if p)


def _channel(channel: Mapping[str, Any]) -> dict[str, Any]:
    colour = str(channel.get("colour") or channel.get("color") or "").lstrip("#")[:6]
    return tidy(
        {
            "name": _text(channel.get("name")) or _text(channel.get("fluorophore")) or "channel",
            "colour": colour if re.fullmatch(r"[0-9A-Fa-f]{6}", colour) else None,
            "fluorophore": _text(channel.get("fluorophore")),
            "excitation_nm": number(channel.get("excitation_nm")),
            "emission_nm": number(channel.get("emission_nm")),
        }
    )


def merge(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one acquisition from several sources; what came first stands."""
    out: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            if isinstance(value, Mapping):
                out[key] = {**value, **out.get(key, {})}
            else:
                out.setdefault(key, value)
    return out


def _text(value: object) -> str:
    return "".join(c for c in value if c.isprintable())[:200] if isinstance(value, str) else ""


def _moment(value: object) -> datetime | None:
    for form in ("%d-%b-%y  %H:%M:%S", "%d-%b-%Y  %H:%M:%S", "%d-%b-%y %H:%M:%S", "%Y-%m-%d %H:%M:%S"):
        try:
            return datetime.strptime(str(value), form)
        except ValueError:
            continue
    return None


def _day(value: object) -> str:
    moment = _moment(value)
    return moment.date().isoformat() if moment else ""
