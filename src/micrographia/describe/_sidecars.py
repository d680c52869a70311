"""Files that describe other files: mdoc, STAR, cryoSPARC datasets, tilt angles, XML; which images they are about and what they say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from micrographia.describe import _acquisitions
from micrographia.describe._globs import Globs
from micrographia.describe._kinds import Clues
from micrographia.describe._patterns import FileFact, Pattern, mask_numbers, stem_of
from micrographia.describe._sets import ImageGroup
from micrographia.describe._tree import Names

# files beside an image, of the same stem, that say something of it
_BESIDE = frozenset((".xml", ".json", ".tlt", ".rawtlt", ".xf", ".xtilt", ".prexg", ".aln", ".defocus", ".ctf", ".com", ".edf", ".tltxf"))
_COLUMNS = {
    "rlnImageName": "particles",
    "rlnMicrographMovieName": "movies",
    "wrpMovieName": "movies",
    "rlnMicrographName": "micrographs",
    "rlnTomoTiltSeriesName": "tilt_series",
    "rlnTomoReconstructedTomogram": "tomograms",
    "rlnTomoReconstructedTomogramDenoised": "tomograms",
}
_TABLES = frozenset(("particles", "micrographs", "movies", "tilt_series", "tilt_series_set", "tomograms", "optimisation_set"))
_TOMOGRAPHY = frozenset(("tilt series", "tomogram", "subtomograms"))
_LIGHT = frozenset(("fluorescence", "light-sheet", "CLEM fluorescence", "images", "plate images", "volume EM"))


class Sidecars:
    """All sidecars of a deposit."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.stars = [p for p in patterns if p.format == "star"]
        self.datasets = [p for p in patterns if p.format == "cryosparc"]
        self._mdocs = [p for p in patterns if p.format == "mdoc"]
        self.tilt_mdocs = [p for p in self._mdocs if _first(p).metadata.get("kind") == "tilt_series"]
        self._beside = [p for p in patterns if p.suffix in _BESIDE or p.format == "ome_xml"]
        self.used: list[Pattern] = []
        self._adopted: dict[int, list[Pattern]] = {}
        self._mdocs_of_sets: list[tuple[int, Pattern]] = []
        self._stars_of_sets: list[tuple[int, Pattern]] = []
        self._headers_of_sets: list[tuple[int, FileFact, str]] = []
        self._names_of_sets: list[set[str]] = []
        self.clues = self._find_clues()

    def _find_clues(self) -> Clues:
        clues = Clues()
        for pattern in self._mdocs:
            metadata = _first(pattern).metadata
            stem = _mdoc_stem(pattern)
            if metadata.get("kind") == "tilt_series":
                clues.tilt_series.add(stem)
                if image := metadata.get("image_file"):
                    clues.tilt_series.add(mask_numbers(str(image).replace("\\", "/").rpartition("/")[2]))
            elif metadata.get("kind") == "frame_sets":
                clues.movies.add(stem)
            for facts in _facts(pattern):
                clues.movies |= {mask_numbers(str(m)) for m in facts.metadata.get("movies", ())}
        for pattern in self._beside:
            if pattern.suffix in (".rawtlt", ".tlt"):
                clues.tilt_series.add(stem_of(pattern.name))
        for pattern in self.stars:
            for facts in _facts(pattern):
                _learn_references(clues, facts.metadata)
        for pattern in self.datasets:
            clues.particles |= {mask_numbers(n) for n in _dataset_names(_first(pattern).metadata)}
        clues.movies -= clues.tilt_series
        return clues

    def is_matched(self, mdoc: Pattern, patterns: Iterable[Pattern]) -> bool:
        """Return whether an image bears the name that an mdoc file asks for."""
        wanted = self._names_wanted(mdoc)
        return any(p.first.header is not None and (p.name in wanted or stem_of(p.name) in wanted) for p in patterns)

    def adopt(self, mdoc: Pattern, image: Pattern) -> None:
        """Say that an mdoc file is about an image whose name it does not bear."""
        self._adopted.setdefault(id(image), []).append(mdoc)

    def _names_wanted(self, mdoc: Pattern) -> set[str]:
        image = str(_first(mdoc).metadata.get("image_file") or "").replace("\\", "/").rpartition("/")[2]
        return {_mdoc_stem(mdoc), *([mask_numbers(image)] if image else [])}

    def metadata_of(self, group: ImageGroup, globs: Globs) -> list[str]:
        """Return the files that describe a group of images, and remember what they say of it."""
        names = {p.name for p in group.patterns} | {mask_numbers(f.name) for f in group.files}
        stems = {stem_of(n) for n in names}
        folders = {p.folder for p in group.patterns} | {mask_numbers(f.folder) for f in group.files}
        number = len(self._names_of_sets)
        found: list[Pattern] = []
        for mdoc in self._mdocs:
            adopted = any(mdoc in self._adopted.get(id(p), ()) for p in group.patterns)
            movies = {mask_numbers(str(m)) for m in _first(mdoc).metadata.get("movies", ())} if group.kind == "movies" else set()
            if adopted or self._names_wanted(mdoc) & (names | stems) or movies & names:
                found.append(mdoc)
                self._mdocs_of_sets.append((number, mdoc))
        for star in self.stars:
            metadata = _first(star).metadata
            if metadata.get("kind") in _TABLES and any(names & _referenced(f.metadata, group.kind) for f in _facts(star)):
                found.append(star)
                self._stars_of_sets.append((number, star))
        found += [d for d in self.datasets if names & {mask_numbers(n) for n in _dataset_names(_first(d).metadata)}]
        bare = {s.removesuffix("_ali") for s in stems} | stems
        found += [p for p in self._beside if p.folder in folders and p not in self.used and stem_of(p.name) in bare]
        new = [p for p in dict.fromkeys(found) if p not in self.used]
        self.used += new
        return [name for p in dict.fromkeys(found) for name in globs.of([p])]

    def learn(self, part: Mapping[str, Any], group: ImageGroup) -> None:
        """Remember an image set, in their order, with its first header."""
        self._names_of_sets.append({p.name for p in group.patterns} | {mask_numbers(f.name) for f in group.files})
        first = group.patterns[0].first.first if group.patterns else group.files[0]
        self._headers_of_sets.append((len(self._names_of_sets) - 1, first, str(part["kind"])))

    def give_postprocess(self, fact: FileFact, part: dict[str, Any]) -> None:
        """Add to a map the resolution and FSC file that a RELION post-processing in its folder tells."""
        for star in self.stars:
            said = _first(star)
            if said.metadata.get("kind") != "postprocess" or star.count > 1 or said.folder != fact.folder:
                continue
            values = {k: v for block in said.metadata.get("values", {}).values() for k, v in block.items()}
            if resolution := _acquisitions.number(values.get("rlnFinalResolution")):
                part |= {"fsc": said.path, "resolution_a": resolution, "resolution_method": "FSC 0.143"}
                self.used.append(star)

    def coordinates(self) -> Iterator[Pattern]:
        """Yield tables of coordinates that describe no image set of the deposit."""
        for star in self.stars:
            if star in self.used:
                continue
            metadata = _first(star).metadata
            columns = {c for block in metadata.get("blocks", {}).values() for c in block.get("columns", ())}
            is_picks = metadata.get("kind") == "coordinates" or (
                metadata.get("kind") == "particles" and bool(columns & {"rlnCoordinateX", "rlnCenteredCoordinateXAngst"})
            )
            if is_picks:
                self.used.append(star)
                yield star

    def subject_of(self, star: Pattern, image_sets: Sequence[Mapping[str, Any]]) -> str | None:
        """Return the id of the image set that coordinates were picked in."""
        wanted = {name for kind in ("micrographs", "tomogram", "movies") for name in _referenced(_first(star).metadata, kind)}
        stem = stem_of(star.name)
        for part, names in zip(image_sets, self._names_of_sets, strict=False):
            if wanted & names or any(stem.startswith(stem_of(n)) for n in names):
                return str(part["id"])
        fitting = [p for p in image_sets if p["kind"] in ("tomogram", "micrographs")]
        return str(fitting[0]["id"]) if len(fitting) == 1 else None

    # ---- acquisitions

    def acquisitions(self, parts: Mapping[str, list[dict[str, Any]]], names: Names) -> list[tuple[dict[str, Any], list[int], str]]:
        """Return (acquisition, numbers of its image sets, source) for what the sidecars and headers tell."""
        image_sets = parts["image_sets"]
        found: list[tuple[dict[str, Any], list[int], str]] = []
        taken: set[int] = set()
        by_mdoc = {n: [m for k, m in self._mdocs_of_sets if k == n] for n, _ in self._mdocs_of_sets}
        lone = [m for m in self._mdocs if m not in self.used]
        if lone and not by_mdoc:
            by_mdoc = {-1: lone}
        series = [k for k, p in enumerate(image_sets) if p["kind"] in _TOMOGRAPHY]
        for n, mdocs in by_mdoc.items():
            about = _of_mdocs(mdocs)
            sets = [n] if n >= 0 else []
            if n < 0 or image_sets[n]["kind"] in _TOMOGRAPHY:
                sets = sorted({*sets, *series} - taken)
            same = next((f for f in found if f[0] == {"id": f[0]["id"], **about}), None)
            if same:
                same[1].extend(set(sets) - taken)
            else:
                found.append(({"id": names.give("tilting" if "tilt" in about else "acquisition"), **about}, sets, _first(mdocs[0]).path))
            taken |= set(sets)
        told = [(_acquisitions.from_star(_first(s).metadata), _first(s).path) for s in self.stars]
        told += [(_acquisitions.from_cryosparc(_first(d).metadata), _first(d).path) for d in self.datasets]
        about = _acquisitions.merge([part for part, _ in told])
        if about:
            source = next(path for part, path in told if part)
            rest = [k for k in range(len(image_sets)) if k not in taken and image_sets[k]["kind"] not in _LIGHT]
            if found and not rest:
                first = found[0][0]
                first.update(_acquisitions.merge([first, about]))
            else:
                found.append(({"id": names.give("acquisition"), **about}, rest, source))
                taken |= set(rest)
        by_header: dict[str, tuple[dict[str, Any], list[int], str]] = {}
        for n, fact, _ in self._headers_of_sets:
            about = _acquisitions.from_image(fact.images[0].metadata) if fact.images and n not in taken else {}
            if about:
                by_header.setdefault(repr(about), (about, [], fact.path))[1].append(n)
        for about, sets, source in by_header.values():
            taken |= set(sets)
            found.append(({"id": names.give("acquisition", f"acquisition_{image_sets[sets[0]]['id']}"), **about}, sets, source))
        rest = [k for k in range(len(image_sets)) if k not in taken]
        if len(found) == 1:
            found[0][1].extend(rest)
        elif found and rest:
            found.append(({"id": names.give("acquisition", "other_acquisition")}, rest, ""))
        return found


def _of_mdocs(mdocs: Sequence[Pattern]) -> dict[str, Any]:
    """Return the acquisition that some mdoc files tell together; those of single frames make a series."""
    first = _first(mdocs[0]).metadata
    facts = [f for m in mdocs for f in _facts(m)]
    if first.get("kind") == "tilt_series":
        return _acquisitions.from_mdoc(first, first.get("tilt_angles_deg", ()), first.get("total_dose_e_per_a2"))
    angles = [a for f in facts for a in f.metadata.get("tilt_angles_deg", ())]
    series = sorted(set(angles))
    is_series = len(series) > 2 and series[-1] - series[0] > 5
    doses = [f.metadata.get("dose_e_per_a2") or 0 for f in facts]
    return _acquisitions.from_mdoc(first, angles if is_series else (), sum(doses) if is_series and len(facts) < 200 else None)


def _first(pattern: Pattern) -> FileFact:
    return pattern.first.first


def _facts(pattern: Pattern) -> Iterator[FileFact]:
    for variant in pattern.variants.values():
        yield from variant.files


def _mdoc_stem(pattern: Pattern) -> str:
    return pattern.name[: -len(".mdoc")]


def _dataset_names(metadata: Mapping[str, Any]) -> set[str]:
    return {str(n).rpartition("/")[2] for reference in metadata.get("references", ()) for n in reference.get("files", ())}


def _referenced(metadata: Mapping[str, Any], kind: str) -> set[str]:
    """Return the masked names of the files of a kind that a STAR file refers to."""
    wanted = {"particles": "particles", "class averages": "particles", "subtomograms": "particles", "movies": "movies"}.get(kind)
    wanted = wanted or {"micrographs": "micrographs", "tilt series": "tilt_series", "tomogram": "tomograms"}.get(kind)
    names: set[str] = set()
    for reference in metadata.get("references", ()):
        meaning = _COLUMNS.get(reference["column"])
        if meaning == wanted or (wanted in ("micrographs", "tomograms") and meaning == "micrographs"):
            names |= {mask_numbers(str(f).rpartition("/")[2]) for f in reference["files"]}
    return names


def _learn_references(clues: Clues, metadata: Mapping[str, Any]) -> None:
    is_tomography = any(r["column"].startswith("rlnTomo") for r in metadata.get("references", ()))
    is_tomography = is_tomography or any("rlnTomoName" in b.get("columns", ()) for b in metadata.get("blocks", {}).values())
    for reference in metadata.get("references", ()):
        meaning = _COLUMNS.get(reference["column"])
        if meaning is None or metadata.get("kind") in ("job", "pipeline"):
            continue
        names = {mask_numbers(str(f).rpartition("/")[2]) for f in reference["files"]}
        if meaning == "particles" and is_tomography:
            meaning = "subtomograms"
        getattr(clues, meaning).update(names)
        if meaning == "subtomograms":
            clues.particles.update(names)
