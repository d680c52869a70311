"""What is known of each step of a chain, under names that depend on no program: numbers as numbers, nothing that merely names a thing."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from micrographia.archive import lookup
from micrographia.archive.archive import Archive
from micrographia.archive.lookup import EntryView
from micrographia.catalogue import ImageRow
from micrographia.compare.chains import Chain, Step
from micrographia.model.sheet import Acquisition, ImageSet, Map, Sheet, Specimen
from micrographia.model.vocabulary import IMAGE_KIND

Facts = dict[str, Any]

# what programs call the same thing: RELION's job options and tables, cryoSPARC's parameters, words of sheets
_SAME: Mapping[str, str] = {
    **dict.fromkeys(("sym_name", "sym", "symmetrygroup", "point_group", "pointgroup", "imposed_symmetry"), "symmetry"),
    **dict.fromkeys(("refine_symmetry", "abinit_symmetry", "multirefine_symmetry", "symmetry_imposed"), "symmetry"),
    **dict.fromkeys(("num_particles", "nr_particles", "n_particles", "number_of_particles", "particle_count"), "particles"),
    **dict.fromkeys(("resolution", "final_resolution", "finalresolution"), "resolution_a"),
    **dict.fromkeys(
        ("b_factor", "bfactor", "adhoc_bfac", "sharp_bfactor", "bfactorusedforsharpening", "sharpening_b_factor"), "b_factor_a2"
    ),
    **dict.fromkeys(("fn_mask", "mask_file", "mask_path"), "mask"),
    **dict.fromkeys(("extract_size", "box_size_pix"), "box_size"),
}
# what the steps and the map say of the result as a whole: one place is enough
OUTCOMES = frozenset(("symmetry", "particles", "resolution_a", "b_factor_a2", "mask"))
# what can be compared between two programs
COMPARABLE = frozenset(_SAME.values())
_MOST_FACTS = 200
_MOST_IMAGES = 5_000
_DEEPEST = 4
# a path, the name of a file, the name of a job: they name things
_NAME = re.compile(r"[^\s]*[/\\][^\s]*|[^\s]+\.(?!\d+$)[A-Za-z][A-Za-z0-9]{1,6}|(?:P\d+[_/ ])?J\d+|job\d+", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def acquisition_facts(acquisition: Acquisition) -> Facts:
    """Return instrument and settings."""
    said = acquisition.model_dump(mode="json", exclude_defaults=True, exclude={"id", "date", "description", "channels"})
    microscope, detector, software = (said.pop(part, {}) for part in ("microscope", "detector", "software"))
    facts = {**{("microscope" if name == "name" else name): value for name, value in microscope.items()}}
    facts |= {f"detector_{name}" if name != "name" else "detector": value for name, value in detector.items() if "reference" not in name}
    facts |= {f"tilt_{name}": value for name, value in (said.pop("tilt", None) or {}).items()}
    facts |= said
    facts |= {name: value for name, value in (("software", software.get("name")), ("version", software.get("version"))) if value}
    if acquisition.channels:
        facts["channels"] = [channel.name for channel in acquisition.channels]
    return _bare_all(facts)


def specimen_facts(specimen: Specimen, sheet: Sheet) -> Facts:
    """Return what was imaged: organism, preparation, state, molecules and their mutations."""
    biosample = next((b for b in sheet.biosamples if b.id == specimen.biosample), None)
    molecules = specimen.molecules
    facts = {
        "organism": biosample.organism.name if biosample and biosample.organism else None,
        "strain": biosample.strain if biosample else None,
        **(biosample.variables if biosample else {}),
        "preparation": specimen.preparation,
        "state": specimen.state,
        "molecules": sorted(m.uniprot or m.rfam or m.ccd or m.name for m in molecules),
        "mutation": ", ".join(m.mutation for m in molecules if m.mutation),
        "labels": list(specimen.labels),
        "molecular_weight_kda": specimen.molecular_weight_kda,
    }
    return {name: value for name, value in facts.items() if value not in (None, "", [])}


def step_facts(step: Step) -> Facts:
    """Return program, version and every parameter of a process."""
    process = step.process
    facts: Facts = {}
    if process.software:
        facts |= {"software": process.software.name, "version": process.software.version}
    parameters = dict(islice(_flat(process.parameters), _MOST_FACTS))
    for name, value in parameters.items():
        known = canonical(name)
        if known == "b_factor_a2" and parameters.get("do_adhoc_bfac") is False:
            continue  # a B-factor that stands in the form and was not applied
        if known == "mask":
            facts["mask"] = value if isinstance(value, bool) else bool(value) and str(value).casefold() != "none"
        elif not _is_name(value):
            facts.setdefault(known, _bare(value) if known != "symmetry" else str(value).upper())
    return {name: value for name, value in facts.items() if value not in (None, "")}


def canonical(name: str) -> str:
    """Return the name under which a parameter of any program is compared."""
    plain = name.strip().casefold().removeprefix("_").removeprefix("rln")
    return _SAME.get(plain, plain if plain in COMPARABLE else name)


def images_facts(archive: Archive, accession: str, version: int, image_set: ImageSet) -> Facts:
    """Return how many images a set holds and how they are sampled: as the sheet says, else as their headers do."""
    rows, total = _images(archive, accession, version, IMAGE_KIND[image_set.kind], image_set.id)
    facts: Facts = {}
    counted = [_count(row) for row in rows]
    if rows and len(rows) == total:
        facts["particles" if image_set.kind in ("particles", "subtomograms") else "images"] = sum(counted)
    elif total:
        facts["images"] = total
    pixel = image_set.pixel_size_a or _one(_pixel_a(row) for row in rows)
    voxel = image_set.voxel_size_a
    facts |= {"pixel_size_a": pixel} if pixel else {"voxel_size_a": voxel} if voxel else {}
    sides = {row.record.header.shape_zyx[1:] for row in rows}
    if len(sides) == 1:
        ((height, width),) = sides
        facts |= {"box_size": width} if image_set.kind in ("particles", "subtomograms") else {"width_px": width, "height_px": height}
    return facts


def map_facts(archive: Archive, chain: Chain) -> Facts:
    """Return what is said of the map; symmetry, particles, sharpening and so on from the last step that tells, where the map does not."""
    density_map = chain.map
    facts: Facts = {}
    for step in chain.steps:
        facts |= {name: value for name, value in step_facts(step).items() if name in OUTCOMES}
    primary = primary_image(archive, chain.view, density_map)
    said = {
        "symmetry": density_map.symmetry.upper(),
        "resolution_a": density_map.resolution_a,
        "resolution_method": density_map.resolution_method,
        "particles": density_map.particles,
        "voxel_size_a": density_map.voxel_size_a or (_voxel_a(primary) if primary else None),
        "box_size": _box(primary) if primary else None,
        "mask": _mask(archive, chain),
    }
    return facts | {name: value for name, value in said.items() if value not in (None, "")}


def primary_image(archive: Archive, view: EntryView, density_map: Map) -> ImageRow | None:
    """Return the image of a map itself, not of its half maps or masks; None where no reader made one of its file."""
    rows, _ = _images(archive, view.record.accession, view.record.version, "map", density_map.id)
    return next((row for row in rows if row.record.path == density_map.file), None)


def first_image(archive: Archive, accession: str, version: int, image_set: ImageSet) -> ImageRow | None:
    """Return an image of a set to show; None where there is none among the first of its kind."""
    kind = IMAGE_KIND[image_set.kind]
    _, rows, _ = lookup.list_images(archive, accession, version, limit=200, kind=kind)
    return next((row for row in rows if row.record.role == image_set.id), None)


def same(a: Any, b: Any) -> bool:
    """Whether two values say the same: 300 and 300.0, RELION and relion."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, int | float) and isinstance(b, int | float):
        return math.isclose(a, b, rel_tol=1e-6) or (a != a and b != b)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, str) and isinstance(b, str):
        return " ".join(a.casefold().split()) == " ".join(b.casefold().split())
    return bool(a == b)


def _flat(parameters: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    for name, value in parameters.items():
        if isinstance(value, Mapping) and depth < _DEEPEST:
            yield from _flat(value, f"{prefix}{name}.", depth + 1)
        else:
            yield f"{prefix}{name}", value


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value.strip()) is not None


def _bare(value: Any) -> Any:
    """Return a number that was written as text as one, and a whole one without its point."""
    number = float(value) if isinstance(value, str) and _NUMBER.fullmatch(value.strip()) else value
    if not isinstance(number, float) or not math.isfinite(number):
        return value
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _bare_all(facts: Facts) -> Facts:
    return {name: _bare(value) if name != "version" else value for name, value in facts.items()}


def _images(archive: Archive, accession: str, version: int, kind: str, role: str) -> tuple[list[ImageRow], int]:
    """Return the images of one thing and how many it holds; of very many the first, and how many there are of their kind."""
    found: list[ImageRow] = []
    after, seen = "", 0
    while True:
        total, rows, following = lookup.list_images(archive, accession, version, after=after, limit=1_000, kind=kind)
        seen += len(rows)
        found += [row for row in rows if row.record.role == role]
        if not following:
            return found, len(found)
        if seen >= _MOST_IMAGES:
            return found, total if len(found) == seen else 0
        after = following


def _count(row: ImageRow) -> int:
    """Return how many images an array is: of a stack its sections."""
    return row.record.header.shape_zyx[0] if row.record.is_stack and row.record.kind != "movie" else 1


def _pixel_a(row: ImageRow) -> float | None:
    size = row.record.voxel_size
    return _short(size.in_angstrom()[2]) if size else None


def _voxel_a(row: ImageRow) -> float | list[float | None] | None:
    size = row.record.voxel_size
    if size is None:
        return None
    sides = [_short(side) for side in size.in_angstrom()]
    return sides[0] if len(set(sides)) == 1 else sides


def _box(row: ImageRow) -> int | list[int]:
    sides = list(row.record.header.shape_zyx)
    return sides[0] if len(set(sides)) == 1 else sides


def _mask(archive: Archive, chain: Chain) -> float | bool | None:
    """Return the fraction of the box that the mask lets through: the mean of its values; True where only its file is known."""
    path = chain.map.mask or next(iter(chain.map.masks), None)
    if not path:
        return None
    rows, _ = _images(archive, chain.view.record.accession, chain.view.record.version, "mask", chain.map.id)
    statistics = next((row.record.statistics for row in rows if row.record.path == path), None)
    return _short(statistics.mean, 3) if statistics and statistics.minimum >= 0 and statistics.maximum <= 1 else True


def _short(value: float | None, digits: int = 5) -> float | None:
    """Headers keep sizes in single precision: 1.1 stands there as 1.10000002."""
    return None if value is None else float(f"{value:.{digits}g}")


def _one(values: Iterator[Any]) -> Any:
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else None
