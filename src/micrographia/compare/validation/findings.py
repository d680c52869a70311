"""What of a validation report deserves a second look: each rule reads the report, says what it found and expected, and advises."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from micrographia.model.finding import Finding, Report, Severity

Document = dict[str, Any]

# resolutions that differ by less are the same: masks, and where a curve crosses, differ from program to program
_SAME_RESOLUTION = 0.1
# the correction for a mask that moves the resolution by more shows that the mask makes correlation itself
_TIGHT_MASK = 0.07
_SURE = 0.8
# a part of a box that density of a particle takes
_PLAUSIBLE_SHARE = (2e-4, 0.5)
_CUT_SHARE = 0.02
_AGREES = 0.6


def findings_of(document: Document) -> tuple[Finding, ...]:
    """Return the findings about a report, worst first.

    Parameters
    ----------
    document : dict
        The report without its findings; parts that could not be made are None.
    """
    return Report.of(finding for rule in _RULES for finding in rule(document)).findings


def _half_maps(d: Document) -> Iterator[Finding]:
    """Half maps of the same data, or of nothing in common."""
    fsc = d["fsc"]
    if fsc is None:
        return
    correlation = fsc["correlation"]
    path = fsc["half_maps"][1]
    if min(correlation) > 0.9999:
        hint = "Deposit the two maps that were refined from independent halves of the particles."
        yield _say(
            "half_maps_identical", "warning", path, "the half maps are the same.", "correlation 1 in all shells", "a falling curve", hint
        )
    elif correlation[1] < 0.143:
        hint = "Do both halves come from one refinement, in one box?"
        found = f"{correlation[1]:.2f} in the first shell"
        yield _say("half_maps_disagree", "warning", path, "the half maps do not correlate even at low resolution.", found, "about 1", hint)
    elif fsc["resolution_a"]["0.143"] is None:
        hint = "Were the half maps low-pass filtered, masked tightly, or refined against each other? Deposit them unfiltered and unmasked."
        message = "the half maps correlate up to the Nyquist frequency."
        yield _say("half_maps_beyond_nyquist", "warning", path, message, f"{correlation[-1]:.2f} in the last shell", "noise, about 0", hint)


def _half_maps_of_another(d: Document) -> Iterator[Finding]:
    """Half maps that do not show the map."""
    agreement = d.get("half_map_agreement")
    if agreement is not None and agreement < _AGREES:
        hint = "Are they of another map, turned, shifted, or of the other hand?"
        message = "the mean of the half maps does not look like the map."
        yield _say("half_maps_differ", "warning", d["map"]["path"], message, f"correlation {agreement:.2f}", "about 1", hint)


def _resolution(d: Document) -> Iterator[Finding]:
    """A declared resolution that the half maps do not support, or surpass."""
    declared, measured = d["declared"].get("resolution_a"), resolution_of(d)
    if declared is None or measured is None:
        return
    found, expected = f"{declared:g} Å", f"{measured:.2f} Å"
    if declared < (1 - _SAME_RESOLUTION) * measured:
        hint = "Say in `resolution_method` which mask and threshold gave it, and deposit that mask."
        message = "the declared resolution is finer than the half maps support."
        yield _say("resolution_declared", "warning", d["map"]["path"], message, found, expected, hint)
    elif declared > (1 + 2 * _SAME_RESOLUTION) * measured:
        message = "the half maps agree in finer detail than is declared."
        yield _say("resolution_declared", "note", d["map"]["path"], message, found, expected, "Is the mask right, or is a filter left on?")


def _deposited_curve(d: Document) -> Iterator[Finding]:
    """A deposited curve that cannot be read, or ends elsewhere than that of the half maps."""
    curve, measured = d.get("deposited_fsc"), resolution_of(d)
    if curve is None:
        return
    if "unreadable" in curve:
        hint = "EMDB FSC XML and RELION's postprocess.star can be read."
        yield _say("fsc_file", "warning", curve["path"], "the FSC file could not be read.", curve["unreadable"], "an FSC curve", hint)
    elif curve["resolution_a"] and measured and abs(curve["resolution_a"] / measured - 1) > _SAME_RESOLUTION:
        found, expected = f"{curve['resolution_a']:.2f} Å", f"{measured:.2f} Å"
        message = "the deposited FSC curve ends elsewhere than that of the half maps."
        yield _say("fsc_file", "note", curve["path"], message, found, expected, "Another mask explains it: deposit the one that was used.")


def _mask(d: Document) -> Iterator[Finding]:
    """Masks that make correlation of their own, touch the box, or do not fit."""
    fsc = d["fsc"] or {}
    mask, path = fsc.get("mask") or {}, (fsc.get("mask") or {}).get("path")
    if mask.get("refused"):
        hint = "Deposit the mask on the grid of the half maps. Another was made for this report."
        yield _say("mask_refused", "warning", d["map"]["path"], "the deposited mask could not be used.", mask["refused"], "a mask", hint)
    masked, corrected = fsc.get("masked"), fsc.get("phase_randomised")
    if masked and corrected and path:
        one, two = masked["resolution_a"]["0.143"], corrected["resolution_a"]["0.143"]
        if one and two and two > (1 + _TIGHT_MASK) * one:
            message = "the mask is so tight that it correlates the half maps itself."
            found, expected = f"{one:.2f} Å, corrected for it {two:.2f} Å", "the same"
            yield _say("mask_tight", "warning", path, message, found, expected, "Use a wider mask with a softer edge.")
    if mask.get("touches_faces") and path:
        hint = "Leave room between mask and box: where the mask is cut, its edge is sharp."
        yield _say("mask_touches_box", "note", path, "the mask reaches the faces of the box.", "mask on a face", "0 on all faces", hint)


def _models(d: Document) -> Iterator[Finding]:
    """Models that cannot be read, lie elsewhere, or are of the other hand."""
    for model in d.get("models") or ():
        path, lies = model["path"], model.get("superposition") or {}
        if "unreadable" in model:
            hint = "PDB and mmCIF can be read, and have to lie in the frame of the map."
            yield _say("model_file", "warning", path, "the model could not be held against the map.", model["unreadable"], "a model", hint)
        elif lies.get("confidence", 0) > _SURE and lies["mirrored"]:
            hint = "Turn the hand of the map (and of its half maps and mask) over, or deposit the map that the model was built into."
            yield _say("model_hand", "warning", path, "the map is of the other hand than the model.", "mirrored", "the same hand", hint)
        elif lies.get("confidence", 0) > _SURE and lies["moved_a"] > 2 * max(d["map"]["voxel_size_zyx_a"]):
            hint = "Deposit the model in the frame of the map: check the origin in the header."
            found = f"{lies['moved_a']:.1f} Å away"
            yield _say("model_moved", "warning", path, "the model does not lie in the density.", found, "in the density", hint)
        elif lies:
            hint = "Is it the model that was built into this map?"
            yield _say(
                "model_differs", "warning", path, "the model agrees with the map at low resolution only.", *_model_words(model, d), hint
            )


def _model_words(model: Document, d: Document) -> tuple[str, str]:
    a = (model["masked"] or model)["resolution_a"]["0.5"]
    declared = d["declared"].get("resolution_a")
    return f"FSC 0.5 at {a:.1f} Å" if a else "no agreement", f"about {declared:g} Å" if declared else "finer detail"


def _symmetry(d: Document) -> Iterator[Finding]:
    """A declared symmetry that is not seen, or a seen one that is not declared."""
    found = d["symmetry"]
    if found is None or found["group"] is None or found["confidence"] < _SURE:
        return
    if found["group"] == "C1" and not (d["fsc"] or d["declared"].get("resolution_a")):
        return  # the detail that was looked at may be noise
    said, path = point_group(d["declared"].get("symmetry") or ""), d["map"]["path"]
    detail = f"{found['group']} at {found['resolution_a']:.1f} Å"
    if said and said != found["group"]:
        message = "the declared symmetry is not that of the map."
        hint = "Correct the symmetry, or say in the description which part of the map has it."
        severity: Severity = "warning" if said != "C1" else "note"
        yield _say("symmetry_declared", severity, path, message, detail, said, hint)
    elif not said and found["order"] > 1:
        hint = "Say in `symmetry` whether it was imposed."
        yield _say("symmetry_undeclared", "note", path, "the map has a symmetry that is not declared.", detail, "a declaration", hint)


def _voxels(d: Document) -> Iterator[Finding]:
    """Voxel sizes that headers have by default, boxes that are stretched, detail that voxels cannot hold."""
    size, path = d["map"]["voxel_size_zyx_a"], d["map"]["path"]
    if not size or not all(size):
        return
    if all(v == 1 for v in size):
        hint = "Some programs write 1 Å where they do not know: compare with the pixel size of the images."
        yield _say("voxel_size", "note", path, "voxels are exactly 1 Å.", "1 Å", "the calibrated size", hint)
    if max(size) > 1.001 * min(size):
        found = " × ".join(f"{v:g}" for v in size) + " Å"
        yield _say("voxel_size", "note", path, "voxels are no cubes.", found, "the same along z, y, x", "Is the header right?")
    declared = d["declared"].get("resolution_a")
    if declared and declared < 2 * max(size) * 0.99:
        message = "the declared resolution is finer than the voxels can hold."
        expected = f"at least {2 * max(size):.2f} Å"
        yield _say("resolution_nyquist", "warning", path, message, f"{declared:g} Å", expected, "Correct the voxel size or the resolution.")


def _contour(d: Document) -> Iterator[Finding]:
    """Contour levels that enclose almost nothing, or half of the box; density that the box cuts."""
    contour, path = (d["volume_estimate"] or {}).get("contour"), d["map"]["path"]
    if contour is None:
        return
    share, (low, high) = contour["share_of_box"], _PLAUSIBLE_SHARE
    if contour["is_declared"] and not low < share < high:
        found, expected = f"{share:.2%} of the box", f"{low:.2%} to {high:.0%}"
        message = "the recommended contour level encloses a volume that no particle has."
        yield _say("contour_level", "warning", path, message, found, expected, "Give the level at which the particle is seen whole.")
    if contour["share_of_faces"] > _CUT_SHARE:
        found = f"{contour['share_of_faces']:.1%} of the faces lie above the contour"
        yield _say(
            "box_cuts", "note", path, "density reaches the faces of the box.", found, "solvent", "Was the map cut from a larger one?"
        )


def _coarsened(d: Document) -> Iterator[Finding]:
    """Boxes so large that the report was made of a coarser copy."""
    grid = d.get("computed_on")
    if grid and grid["shape_zyx"] != d["map"]["shape_zyx"]:
        found = " × ".join(map(str, d["map"]["shape_zyx"]))
        finest = f"detail down to {2 * max(grid['voxel_size_zyx_a']):.2f} Å"
        message = "the box is so large that the report was made of a coarser copy."
        yield _say(
            "coarsened",
            "note",
            d["map"]["path"],
            message,
            f"{found} voxels",
            finest,
            "Compute the FSC of the whole with `micrographia fsc`.",
        )


_RULES: tuple[Callable[[Document], Iterator[Finding]], ...] = (
    _half_maps,
    _half_maps_of_another,
    _resolution,
    _deposited_curve,
    _mask,
    _models,
    _symmetry,
    _voxels,
    _contour,
    _coarsened,
)


def resolution_of(document: Document) -> float | None:
    """Return the resolution at which the half maps of a report fall below 0.143: corrected for the mask, else masked, else unmasked."""
    fsc = document["fsc"]
    if fsc is None:
        return None
    curves = (fsc.get("phase_randomised"), fsc.get("masked"), fsc)
    return next((a for curve in curves if curve and (a := curve["resolution_a"]["0.143"])), None)


def point_group(said: str) -> str:
    """Return a declared point group as Schoenflies writes it; empty where it is none (helical parameters, nothing)."""
    words = {"octahedral": "O", "icosahedral": "I", "tetrahedral": "T", "asymmetric": "C1"}
    text = words.get(said.strip().lower(), said.strip().upper())
    found = re.fullmatch(r"([CD])([1-9][0-9]?)|([TOI])[0-9]?", text)
    if found is None:
        return ""
    return found[3] or ("C2" if text == "D1" else text)


def _say(rule: str, severity: Severity, path: str, message: str, found: str, expected: str, hint: str) -> Finding:
    return Finding(f"validation.{rule}", severity, path, message, found, expected, hint)
