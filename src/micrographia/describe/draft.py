"""A folder of files → a drafted sheet: image sets, maps, annotations, screens, acquisitions and processes, as far as files tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from micrographia.describe import _cryosparc, _relion
from micrographia.describe._globs import Globs
from micrographia.describe._kinds import Clues, is_volume, kind_of, words
from micrographia.describe._maps import MapGroup, SortedVolumes, sort_volumes
from micrographia.describe._patterns import NUMBER, FileFact, Pattern, Patterns, pixel_size_a, stem_of
from micrographia.describe._screens import screen_of, wells_of
from micrographia.describe._sets import ImageGroup, group_images
from micrographia.describe._sidecars import Sidecars
from micrographia.describe._tree import Blank, Draft, Names, in_form_order
from micrographia.formats.description import FileDescription
from micrographia.formats.source import ReadWhole
from micrographia.model.declared import escape_glob
from micrographia.model.image import METRES, ImageHeader
from micrographia.model.sheet import SCHEMA, Sheet
from micrographia.model.vocabulary import EXPERIMENTS

# z counts images
_STACKS = frozenset(("movies", "micrographs", "particles", "class averages", "tilt series"))
_TABLE_SUFFIXES = frozenset((".csv", ".tsv", ".parquet", ".txt", ".xlsx"))
_LIBRARY = frozenset(("library", "layout", "platemap", "metadata", "annotation", "plates"))
_FEATURES = frozenset(("features", "measurements", "profiles", "nuclei", "cells", "objects", "processed"))


def draft_sheet(descriptions: Iterable[FileDescription], read: ReadWhole) -> Draft:
    """Return a draft that declares every file of a folder, with blanks for what no file says.

    Parameters
    ----------
    descriptions : iterable of FileDescription
        Files as `formats.survey` gives them; read once, so any number of them takes little memory.
    read : function of str
        Gives the bytes of a small file by its path: those of processing projects tell more than their headers.
    """
    patterns = Patterns()
    patterns.gather(descriptions)
    return _Assembly(patterns, read).draft()


class _Assembly:
    """The parts of a sheet as they come together."""

    def __init__(self, patterns: Patterns, read: ReadWhole) -> None:
        self._read = read
        self._patterns = sorted(patterns, key=lambda p: p.sample)
        self._file_count = patterns.file_count
        self._globs = Globs(self._patterns)
        self._names = Names()
        self._comments: dict[str, str] = {}
        self._sidecars = Sidecars(self._patterns)
        self._used: set[int] = set()
        self._parts: dict[str, list[dict[str, Any]]] = {
            key: [] for key in ("acquisitions", "image_sets", "maps", "annotations", "processes", "screens")
        }
        # where the files of each id lie, for the ends of processes: (id, folder, names of its tables)
        self._places: list[tuple[str, str]] = []
        self._tables: dict[str, str] = {}
        self._grids: list[tuple[str, str, tuple[int, int, int]]] = []

    def draft(self) -> Draft:
        clues = self._sidecars.clues
        kinds = {id(p): self._kinds(p, clues) for p in self._patterns}
        clues.has_labels = any("labels" in k for k in kinds.values())
        if clues.has_labels:
            kinds = {id(p): self._kinds(p, clues) for p in self._patterns}
        self._find_lonely_tilt_series(kinds)
        self._screens(kinds)
        groups, volumes, masks, labels, gains = group_images([p for p in self._patterns if id(p) not in self._used], kinds)
        in_order = sort_volumes(volumes, masks)
        for density_map in in_order.maps:
            self._map(density_map)
        for group in groups:
            self._image_set(group)
        self._leftovers(in_order)
        for fact in [*labels, *in_order.free_masks]:
            self._segmentation(fact)
        self._points()
        self._models()
        self._acquisitions(gains)
        self._processes()
        return Draft(self._tree(gains), self._comments, self._file_count)

    # ---- images

    def _kinds(self, pattern: Pattern, clues: Clues) -> str | dict[int, str]:
        """Return the kind of all files of a pattern, or of each of its variants where they differ."""
        found = {n: kind_of(pattern, v, clues) for n, v in enumerate(pattern.variants.values())}
        distinct = set(found.values())
        return distinct.pop() if len(distinct) == 1 else found

    def _find_lonely_tilt_series(self, kinds: dict[int, Any]) -> None:
        """A stack and an mdoc of a tilt series that are alone in their folder belong together, whatever their names."""
        for mdoc in self._sidecars.tilt_mdocs:
            if self._sidecars.is_matched(mdoc, self._patterns):
                continue
            stacks = [
                p
                for p in self._patterns
                if p.count == 1 and p.folder == mdoc.folder and p.first.header is not None and p.first.header.shape_zyx[0] > 1
            ]
            if len(stacks) == 1 and mdoc.count == 1 and kinds[id(stacks[0])] in ("tilt series", "images", "tomogram", "map", "particles"):
                kinds[id(stacks[0])] = "tilt series"
                self._sidecars.adopt(mdoc, stacks[0])

    def _screens(self, kinds: Mapping[int, Any]) -> None:
        by_folder: dict[tuple[str, str], list[Pattern]] = {}
        for pattern in self._patterns:
            header = pattern.first.header
            is_plane = header is not None and header.shape_zyx[0] == 1 and kinds[id(pattern)] in ("plane", "fluorescence", "micrographs")
            if is_plane and pattern.format not in ("mrc", "ome_zarr"):
                by_folder.setdefault((pattern.folder, pattern.suffix), []).append(pattern)
        for (folder, _), patterns in by_folder.items():
            wells = wells_of(patterns)
            if wells is None:
                continue
            self._used |= {id(p) for p in patterns}
            identifier = self._names.give(folder.rpartition("/")[2].replace(NUMBER, "") if folder else "plates", "plates")
            screen = screen_of(wells, identifier, self._globs.of(patterns), Blank)
            self._screen_tables(screen, folder)
            self._note("screens", f"{sum(p.count for p in patterns):,} images whose names tell their wells")
            self._parts["screens"].append(screen)

    def _screen_tables(self, screen: dict[str, Any], folder: str) -> None:
        features = []
        for pattern in self._patterns:
            if pattern.folder != folder or pattern.suffix not in _TABLE_SUFFIXES or pattern.count > 1 or id(pattern) in self._used:
                continue
            known = words(pattern.first.first.name)
            if _LIBRARY & known and "library" not in screen:
                screen["library"] = pattern.first.first.path
            elif _FEATURES & known:
                level = "object" if {"nuclei", "cells", "objects"} & known else "well"
                features.append({"file": pattern.first.first.path, "level": level})
            else:
                continue
            self._used.add(id(pattern))
        if features:
            screen["features"] = features

    def _map(self, group: MapGroup) -> None:
        fact = group.file
        header = fact.images[0]
        part: dict[str, Any] = {"id": self._names.give(stem_of(fact.name), fact.path), "file": fact.path}
        if group.halves:
            part["half_maps"] = [f.path for f in group.halves]
        if group.masks:
            part["mask"] = group.masks[0].path
        if group.masks[1:]:
            part["masks"] = [f.path for f in group.masks[1:]]
        if group.additional:
            part["additional"] = [f.path for f in group.additional]
        _, size = _voxel_size(header)
        if size is not None:
            part["voxel_size_a"] = _in_angstrom(header, size)
        self._sidecars.give_postprocess(fact, part)
        part.setdefault("contour_level", Blank("recommended contour level, in the map's own values"))
        part.setdefault("resolution_a", Blank("reported resolution, Å"))
        if "resolution_method" not in part:
            part["resolution_method"] = Blank("how it was estimated: FSC 0.143, FSC 0.5, …")
        part["symmetry"] = Blank("point group imposed: C1, D7, O, I, or helical parameters")
        self._note("maps", _seen(header, 1))
        self._parts["maps"].append(part)
        self._places += [(part["id"], f.path) for f in (fact, *group.halves, *group.additional)]
        self._grids.append((part["id"], fact.folder, header.shape_zyx))

    def _image_set(self, group: ImageGroup) -> None:
        header, kind = group.header, group.kind
        single = group.count == 1
        files = self._globs.of(group.patterns) if group.patterns else tuple(escape_glob(f.path) for f in group.files)
        self._used |= {id(p) for p in group.patterns}
        part: dict[str, Any] = {"id": self._set_name(group, single), "kind": kind, "files": list(files)}
        metadata = self._sidecars.metadata_of(group, self._globs)
        if metadata:
            part["metadata"] = metadata
            self._tables |= dict.fromkeys(metadata, part["id"])
        if header is not None:
            self._sizes(part, header, group)
            place = group.patterns[0].folder if group.patterns else group.files[0].folder
            self._grids.append((part["id"], place, header.shape_zyx))
        self._note("image_sets", _seen(header, group.count) + (f"; {group.remark}" if group.remark else ""))
        self._parts["image_sets"].append(part)
        self._places += [(part["id"], p.first.first.path) for p in group.patterns]
        self._places += [(part["id"], f.path) for f in group.files[:64]]
        self._sidecars.learn(part, group)

    def _set_name(self, group: ImageGroup, single: bool) -> str:
        first = group.first_path
        folder = first.rpartition("/")[0].rpartition("/")[2]
        kind = group.kind.replace(" ", "_")
        if single:
            return self._names.give(stem_of(first.rpartition("/")[2]), f"{folder}_{stem_of(first.rpartition('/')[2])}")
        stem = group.patterns[0].name.split(NUMBER)[0].strip("_-. ") if group.patterns else ""
        return self._names.give(kind, f"{kind}_{stem}" if stem else "", f"{kind}_{folder}" if folder else "", kind)

    def _sizes(self, part: dict[str, Any], header: ImageHeader, group: ImageGroup) -> None:
        is_space = group.kind not in _STACKS and (is_volume(header) or group.kind in ("tomogram", "subtomograms", "volume EM"))
        unit, size = _voxel_size(header)
        if group.same_header and size is not None and is_space:
            part[f"voxel_size_{unit}"] = size
        elif group.same_header and (pixel := pixel_size_a(header.voxel_size)):
            part["pixel_size_a"] = pixel
        elif group.same_header and not is_space and header.dtype != "bool" and "fluorescence" not in group.kind:
            part["pixel_size_a"] = Blank("size of a pixel, Å")
        elif group.same_header and is_space:
            part["voxel_size_nm"] = Blank("size of a voxel, nm: one number, or [z, y, x]")
        if group.same_header:
            _, height, width = header.shape_zyx
            part |= {"width_px": width, "height_px": height}
        if len(group.lengths) == 1 and (length := next(iter(group.lengths))) > 1:
            part["frames"] = length

    def _leftovers(self, volumes: SortedVolumes) -> None:
        by_grid: dict[tuple[str, tuple[int, int, int]], list[FileFact]] = {}
        for fact in volumes.leftovers:
            by_grid.setdefault((fact.folder, fact.images[0].shape_zyx), []).append(fact)
        for facts in by_grid.values():
            remark = "volumes of earlier iterations, or half maps without their full map"
            self._image_set(
                ImageGroup("images", [], facts, facts[0].images[0], True, {facts[0].images[0].shape_zyx[0]: len(facts)}, remark)
            )

    # ---- annotations

    def _segmentation(self, fact: FileFact) -> None:
        header = fact.images[0]
        part: dict[str, Any] = {"id": self._names.give(stem_of(fact.name), fact.path), "kind": "segmentation"}
        candidates = [identifier for identifier, folder, grid in self._grids if grid == header.shape_zyx and folder == fact.folder]
        candidates = candidates or [identifier for identifier, _, grid in self._grids if grid == header.shape_zyx]
        if not candidates and len(self._grids) == 1:
            candidates = [self._grids[0][0]]
        if candidates:
            part["of"] = candidates[0]
        part |= {"files": [escape_glob(fact.path)], "object": Blank("what is segmented: ribosome, membrane, nucleus, neuron, …")}
        part["method"] = Blank("manual, or the program that made it")
        self._note("annotations", _seen(header, 1) + ("" if candidates else "; of which image set?"))
        self._parts["annotations"].append(part)

    def _points(self) -> None:
        for pattern in self._sidecars.coordinates():
            single = pattern.count == 1
            part: dict[str, Any] = {
                "id": self._names.give(stem_of(pattern.first.first.name) if single else "picks", "picks"),
                "kind": "points",
            }
            of = self._sidecars.subject_of(pattern, self._parts["image_sets"])
            if of:
                part["of"] = of
            part |= {"files": list(self._globs.of([pattern])), "object": Blank("what was picked: ribosome, …")}
            self._used.add(id(pattern))
            rows = sum(b.get("row_count", 0) for b in pattern.first.first.metadata.get("blocks", {}).values() if b.get("is_loop"))
            self._note("annotations", f"coordinates: {rows:,} rows in {pattern.first.first.name}")
            self._parts["annotations"].append(part)
            self._places.append((part["id"], pattern.first.first.path))

    def _models(self) -> None:
        """Models of contours, points and meshes become annotations, one a pattern of file names."""
        for pattern in self._patterns:
            fact = pattern.first.first
            if pattern.format not in ("imod", "sff") or fact.images or id(pattern) in self._used or "mesh_count" not in fact.metadata:
                continue
            objects = fact.metadata.get("objects", ())
            is_points = bool(objects) and all(o["kind"] == "scattered points" and not o["mesh_count"] for o in objects)
            is_mesh = fact.metadata.get("mesh_count", 0) > 0 and not fact.metadata.get("contour_count", 0)
            single = pattern.count == 1
            part: dict[str, Any] = {
                "id": self._names.give(stem_of(fact.name) if single else "models", "models"),
                "kind": "points" if is_points else "mesh" if is_mesh else "segmentation",
            }
            grid = tuple(fact.metadata.get("image_shape", ()))
            candidates = [identifier for identifier, _, known in self._grids if known == grid]
            if len(candidates) == 1 and single:
                part["of"] = candidates[0]
            part |= {"files": list(self._globs.of([pattern])), "object": Blank("what is drawn: membrane, microtubule, vesicle, …")}
            part["method"] = Blank("manual, or the program that made it")
            self._used.add(id(pattern))
            kinds = [k for k in ("object", "segment", "contour", "point", "mesh", "shape") if fact.metadata.get(f"{k}_count")]
            counted = ", ".join(f"{fact.metadata[f'{k}_count']:,} {k}{'es' if k == 'mesh' else 's'}" for k in kinds)
            self._note("annotations", f"{counted} in {fact.name}")
            self._parts["annotations"].append(part)

    # ---- how it was made

    def _acquisitions(self, gains: list[FileFact]) -> None:
        acquisitions = self._sidecars.acquisitions(self._parts, self._names)
        if not acquisitions and (self._parts["image_sets"] or self._parts["screens"]):
            acquisitions = [({"id": self._names.give("acquisition")}, list(range(len(self._parts["image_sets"]))), "")]
        for n, (part, sets, source) in enumerate(acquisitions):
            kinds = {self._parts["image_sets"][k]["kind"] for k in sets} | ({"screen"} if self._parts["screens"] else set())
            part = _with_blanks(part, kinds, bool(self._parts["maps"]))
            if n == 0 and gains:
                part.setdefault("detector", {})["gain_reference"] = gains[0].path
            if source:
                self._comments[f"acquisitions[{n}]"] = f"from {source}"
            for k in sets:
                self._parts["image_sets"][k].setdefault("acquisition", part["id"])
            self._parts["acquisitions"].append(part)

    def _processes(self) -> None:
        chain = _relion.processes(self._sidecars.stars, self._places, self._tables, self._names)
        chain += _cryosparc.processes(self._sidecars.datasets, self._patterns, self._read, self._places, self._names)
        for part, source in chain:
            self._note("processes", f"from {source}")
            self._parts["processes"].append(part)

    # ---- the whole

    def _tree(self, gains: list[FileFact]) -> dict[str, Any]:
        experiment = _experiment(self._parts)
        declared = {id(p) for p in self._sidecars.used} | self._used
        listed = _listed(self._parts) | {f.path for f in gains[:1]}
        others = [p for p in self._patterns if id(p) not in declared and not self._is_listed(p, listed)]
        parts = self._parts
        for part in (*parts["image_sets"], *parts["maps"]):
            part.setdefault("specimen", "specimen")
        tree: dict[str, Any] = {
            "schema": SCHEMA,
            "title": Blank("title of the entry, as it should be cited"),
            "authors": [
                {
                    "name": Blank("«Last, First», in the order to be cited"),
                    "orcid": Blank("ORCID iD: 0000-0002-1825-0097"),
                    "affiliation": Blank("institution"),
                }
            ],
            "abstract": Blank("what was done and found, for a reader from another field"),
            "licence": "CC0-1.0",
            "keywords": [Blank("words to be found by")],
            "publications": [{"doi": Blank("DOI of the paper, 10.1000/xyz; delete this when there is none")}],
        }
        if experiment or not parts["acquisitions"]:
            tree["experiment"] = experiment or Blank("one of " + ", ".join(EXPERIMENTS))
        tree["biosamples"] = [
            {
                "id": "sample",
                "organism": {"name": Blank("species, scientific name"), "ncbi_taxonomy": Blank("its NCBI Taxonomy id: 562, 9606, …")},
                "description": Blank("which cells, tissue or complex"),
            }
        ]
        tree["specimens"] = [
            {
                "id": "specimen",
                "biosample": "sample",
                "preparation": Blank("how it was prepared: plunge-frozen, high-pressure frozen, fixed, stained, …"),
                "molecules": [
                    {"name": Blank("a protein, RNA, DNA or ligand of the complex"), "uniprot": Blank("its UniProt accession: P0A7V3")}
                ],
            }
        ]
        tree |= {key: value for key, value in parts.items() if value}
        if others:
            tree["other_files"] = list(_other_names(others, self._globs))
        ordered: dict[str, Any] = in_form_order(tree, Sheet)
        return ordered

    def _is_listed(self, pattern: Pattern, listed: set[str]) -> bool:
        return all(v.is_listed and all(f.path in listed for f in v.files) for v in pattern.variants.values())

    def _note(self, part: str, text: str) -> None:
        self._comments[f"{part}[{len(self._parts[part])}]"] = text


def _seen(header: ImageHeader | None, count: int) -> str:
    files = f"{count:,} file{'s' if count > 1 else ''}"
    if header is None:
        return f"{files}, stored and not interpreted"
    return f"{files}, {' × '.join(map(str, header.shape))} ({header.axes}), {header.dtype}"


def _voxel_size(header: ImageHeader) -> tuple[str, Any]:
    """Return the unit of the sheet (a, nm, um) and the voxel size in it: one number, or z, y, x; None where it is not known whole."""
    size = header.voxel_size
    if size is None or None in (size.z, size.y, size.x):
        return "a", None
    unit, factor = {"angstrom": ("a", 1.0), "nanometer": ("nm", 1.0), "micrometer": ("um", 1.0)}.get(size.unit, ("um", 1e3))
    zyx = [float(f"{v * factor:.6g}") for v in (size.z, size.y, size.x) if v]
    if len(zyx) != 3:
        return "a", None
    return unit, zyx[0] if max(zyx) <= min(zyx) * 1.001 else zyx


def _in_angstrom(header: ImageHeader, size: Any) -> Any:
    assert header.voxel_size is not None
    factor = METRES[header.voxel_size.unit] / METRES["angstrom"]
    return [float(f"{v * factor:.6g}") for v in size] if isinstance(size, list) else float(f"{size * factor:.6g}")


def _with_blanks(part: dict[str, Any], kinds: set[str], has_maps: bool) -> dict[str, Any]:
    """Add to an acquisition the blanks that a curator would ask for."""
    if "experiment" not in part:
        guess = "electron tomography" if "tilt" in part else _experiment_of(kinds, has_maps)
        part = {"id": part["id"], "experiment": guess or Blank("one of " + ", ".join(EXPERIMENTS))} | part
    is_electron = bool(kinds & {"movies", "micrographs", "particles", "tilt series", "tomogram", "subtomograms"}) or has_maps
    microscope = dict(part.get("microscope", {}))
    microscope.setdefault("name", Blank("manufacturer and model of the microscope"))
    if is_electron:
        microscope.setdefault("voltage_kv", Blank("acceleration voltage, kV"))
        microscope.setdefault("cs_mm", Blank("spherical aberration, mm"))
    detector = dict(part.get("detector", {}))
    detector.setdefault("name", Blank("manufacturer and model of the detector"))
    wanted: dict[str, Any] = {"microscope": microscope, "detector": detector}
    if is_electron:
        wanted["dose_e_per_a2"] = part.get("dose_e_per_a2", Blank("total electron exposure, e⁻/Å²"))
        wanted["defocus_um"] = part.get("defocus_um", Blank("range of defocus, µm, underfocus positive: [0.8, 2.2]"))
    return {**part, **wanted}


def _experiment_of(kinds: set[str], has_maps: bool) -> str:
    if "screen" in kinds:
        return "high-content screen"
    if "subtomograms" in kinds:
        return "subtomogram averaging"
    if kinds & {"tilt series", "tomogram"}:
        return "electron tomography"
    if "particles" in kinds or (has_maps and kinds & {"movies", "micrographs"}):
        return "single-particle"
    return "light-sheet" if kinds == {"light-sheet"} else ""


def _experiment(parts: Mapping[str, list[dict[str, Any]]]) -> str:
    """Return the experiment where no acquisition can say it: a deposit of maps alone."""
    return "single-particle" if parts["maps"] and not parts["acquisitions"] and any("half_maps" in m for m in parts["maps"]) else ""


def _listed(parts: Mapping[str, list[dict[str, Any]]]) -> set[str]:
    found: set[str] = set()
    for part in parts["maps"]:
        found |= {part["file"], *part.get("half_maps", ()), *part.get("masks", ()), *part.get("additional", ())}
        found |= {part[k] for k in ("mask", "fsc") if isinstance(part.get(k), str)}
    for part in (*parts["image_sets"], *parts["annotations"]):
        found |= {*part["files"], *part.get("metadata", ())}
    return found


# above so many names, other files are declared by their folders
_MOST_NAMES = 200


def _other_names(others: list[Pattern], globs: Globs) -> Iterable[str]:
    if len(others) <= _MOST_NAMES:
        return dict.fromkeys(name for p in others for name in globs.of([p]))
    folders = dict.fromkeys(p.real_folder.split("/")[0].replace(NUMBER, "*") for p in others)
    return [f"{f}/**" if f else "*" for f in folders]
