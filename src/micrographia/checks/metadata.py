"""Rules about metadata that a reader of the entry would miss: for all entries, and for each kind of experiment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from micrographia.checks._context import Context
from micrographia.checks._rules import rule, say
from micrographia.model.finding import Finding
from micrographia.model.sheet import Acquisition, Map

_ELECTRON = frozenset(
    (
        "single-particle",
        "helical",
        "2D crystal",
        "MicroED",
        "subtomogram averaging",
        "electron tomography",
        "FIB-SEM",
        "SBF-SEM",
        "ATUM-SEM",
        "ssTEM",
    )
)
_TRANSMISSION = _ELECTRON - {"FIB-SEM", "SBF-SEM", "ATUM-SEM"}
_LIGHT = frozenset(("light-sheet", "confocal", "widefield", "super-resolution", "high-content screen"))
_X_RAY = frozenset(("soft X-ray tomography", "hard X-ray tomography"))

# (field, what it is, experiments that need it, how to read it from an acquisition); EMPIAR, EMDB and REMBI ask for the same
_OF_ACQUISITION: tuple[tuple[str, str, frozenset[str], Callable[[Acquisition], Any]], ...] = (
    ("microscope.name", "the microscope", _ELECTRON | _LIGHT | _X_RAY, lambda a: a.microscope.name),
    ("microscope.voltage_kv", "the acceleration voltage, kV", _ELECTRON, lambda a: a.microscope.voltage_kv),
    ("microscope.cs_mm", "the spherical aberration, mm", _TRANSMISSION - {"ssTEM"}, lambda a: a.microscope.cs_mm),
    ("detector.name", "the detector", _ELECTRON | _X_RAY, lambda a: a.detector.name),
    (
        "dose_e_per_a2",
        "the electron exposure, e⁻/Å²",
        frozenset(("single-particle", "helical", "MicroED", "subtomogram averaging", "electron tomography")),
        lambda a: a.dose_e_per_a2 if a.dose_e_per_a2 is not None else a.dose_per_frame_e_per_a2,
    ),
    ("defocus_um", "the range of defocus, µm", frozenset(("single-particle", "helical", "2D crystal")), lambda a: a.defocus_um),
    ("tilt", "the tilt range and scheme", frozenset(("electron tomography", "subtomogram averaging")), lambda a: a.tilt),
    ("channels", "the channels", frozenset(("confocal", "widefield", "super-resolution", "light-sheet")), lambda a: a.channels),
    ("microscope.objective", "the objective lens", _LIGHT, lambda a: a.microscope.objective),
    ("microscope.x_ray_energy_ev", "the photon energy, eV", _X_RAY, lambda a: a.microscope.x_ray_energy_ev),
)
_OF_MAP: tuple[tuple[str, str, Callable[[Map], Any]], ...] = (
    ("resolution_a", "the reported resolution, Å", lambda m: m.resolution_a),
    ("resolution_method", "how the resolution was estimated", lambda m: m.resolution_method),
    ("contour_level", "the recommended contour level", lambda m: m.contour_level),
    ("half_maps", "the two half maps", lambda m: m.half_maps),
    ("symmetry", "the symmetry imposed", lambda m: m.symmetry),
)


@rule("metadata.entry")
def of_entry(context: Context) -> Iterator[Finding]:
    """Warning (error where curation is strict): no abstract, kind of experiment, organism, preparation, or ORCID iD of any author."""
    if not context.is_written:
        return
    sheet = context.sheet
    simulated = sheet.experiments() == ("simulated",)
    wanted = [
        ("abstract", "an abstract", bool(sheet.abstract)),
        ("experiment", "the kind of experiment", bool(sheet.experiments()) or _is_blank(context, "acquisitions[", "].experiment")),
        ("biosamples", "the organism", simulated or any(b.organism for b in sheet.biosamples)),
        ("specimens", "how the specimen was prepared", simulated or any(s.preparation for s in sheet.specimens)),
    ]
    for at, what, is_there in wanted:
        if not is_there:
            yield from _missing(context, at, what)
    if sheet.authors and not any(a.orcid for a in sheet.authors) and not _is_blank(context, "authors[", "].orcid"):
        yield say(
            "warning",
            "entry.yaml:authors",
            "no author has an ORCID iD.",
            found="none",
            expected="0000-0002-1825-0097",
            hint="Get one at orcid.org.",
        )


@rule("metadata.acquisition")
def of_acquisitions(context: Context) -> Iterator[Finding]:
    """Warning (error where curation is strict): an acquisition lacks what its kind of experiment needs: voltage, dose, tilt, channels."""
    if not context.is_written:
        return
    for n, acquisition in enumerate(context.sheet.acquisitions):
        experiment = acquisition.experiment or context.sheet.experiment
        for field, what, experiments, value in _OF_ACQUISITION:
            if experiment in experiments and value(acquisition) in (None, "", ()):
                yield from _missing(context, f"acquisitions[{n}].{field}", what, f" of this {experiment} acquisition")
    experiment = context.sheet.experiment
    if not context.sheet.acquisitions and experiment in _ELECTRON | _LIGHT | _X_RAY:
        yield from _missing(context, "acquisitions", "the microscope and its settings", f" of this {experiment} experiment")


@rule("metadata.map")
def of_maps(context: Context) -> Iterator[Finding]:
    """Warning (error where curation is strict): a map lacks resolution, its method, contour level, half maps or symmetry."""
    if context.is_written:
        for n, density_map in enumerate(context.sheet.maps):
            for field, what, value in _OF_MAP:
                if value(density_map) in (None, "", ()):
                    yield from _missing(context, f"maps[{n}].{field}", what, f" of map `{density_map.id}`")


@rule("metadata.image_set")
def of_image_sets(context: Context) -> Iterator[Finding]:
    """Warning (error where curation is strict): neither the sheet nor a header says the size of a pixel of an image set."""
    if not context.is_written:
        return
    for n, image_set in enumerate(context.sheet.image_sets):
        if any((image_set.pixel_size_a, image_set.voxel_size_a, image_set.voxel_size_nm, image_set.voxel_size_um)):
            continue
        acquisition = next((a for a in context.sheet.acquisitions if a.id == image_set.acquisition), None)
        files = context.sets[image_set.id].files
        in_headers = any(f.header and f.header.voxel_size and f.header.voxel_size.x for f in files)
        if _is_blank(context, f"image_sets[{n}].voxel_size_"):
            continue
        if files and not in_headers and not (acquisition and acquisition.pixel_size_a):
            yield from _missing(context, f"image_sets[{n}].pixel_size_a", "the size of a pixel", f" of image set `{image_set.id}`")


@rule("metadata.annotation")
def of_annotations(context: Context) -> Iterator[Finding]:
    """Warning (error where curation is strict): an annotation does not say of which image set or map it is, of what, or how it was made."""
    if context.is_written:
        for n, annotation in enumerate(context.sheet.annotations):
            for field, what in (
                ("of", "what image set or map it describes"),
                ("object", "what is annotated"),
                ("method", "how it was made"),
            ):
                if not getattr(annotation, field):
                    yield from _missing(context, f"annotations[{n}].{field}", what, f" of annotation `{annotation.id}`")


def _is_blank(context: Context, start: str, end: str = "") -> bool:
    """Whether a blank, which is a finding of its own, stands at such a place."""
    return any(blank.startswith(start) and blank.endswith(end) for blank in context.blanks)


def _missing(context: Context, at: str, what: str, of: str = "") -> Iterator[Finding]:
    if any(blank == at or blank.startswith((f"{at}.", f"{at}[")) for blank in context.blanks):
        return  # a blank is a finding of its own
    key = at.rpartition(".")[2].partition("[")[0]
    message = f"{what}{of}: nothing says it."
    yield say(context.missing, f"entry.yaml:{at}", message, found="nothing", expected=what, hint=f"Write `{key}: …` in entry.yaml.")
