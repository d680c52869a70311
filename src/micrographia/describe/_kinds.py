"""What kind of image a pattern of files holds, by the words of its name, its header and the files that refer to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from micrographia.describe._patterns import NUMBER, FileFact, Pattern, Variant, stem_of
from micrographia.model.image import ImageHeader

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

# what only programs of light microscopes write
_LIGHT_FORMATS = frozenset(("czi", "lif", "nd2", "oif", "oib", "oir", "deltavision"))
MRC_FORMATS = frozenset(("mrc", "mrc.gz", "mrc.bz2"))
_MAP_SUFFIXES = (".map", ".ccp4", ".map.gz", ".ccp4.gz", ".map.bz2", ".ccp4.bz2")
# image files that no reader here opens: what they usually are
_FOREIGN = {
    ".emd": "images",
    ".tvips": "movies",
    ".img": "diffraction",
    ".cbf": "diffraction",
    ".smv": "diffraction",
    ".nd2": "fluorescence",
    ".oib": "fluorescence",
    ".oir": "fluorescence",
    ".vsi": "fluorescence",
    ".lof": "fluorescence",
    ".xrm": "X-ray projections",
    ".txrm": "X-ray projections",
    ".hed": "images",
}

_MOVIE = frozenset(("movie", "movies", "frames", "frame", "fractions", "subframes"))
_GAIN = frozenset(("gain", "gainref", "gainreference"))
_MICROGRAPH = frozenset(("micrograph", "micrographs", "mic", "mics", "dw", "aligned", "motioncorr", "motioncorrected", "foilhole"))
_TILT = frozenset(("tilt", "tiltseries", "tilts"))
_TOMOGRAM = frozenset(("tomo", "tomogram", "tomograms", "rec", "wbp", "sirt", "denoised", "reconstruction"))
_SUBTOMOGRAM = frozenset(("subtomo", "subtomogram", "subtomograms", "subvolume", "subvolumes", "pseudosubtomo"))
_LABEL = frozenset(("label", "labels", "seg", "segmentation", "segmentations", "segmented", "gt", "groundtruth", "annotation", "instances"))
_MASK = frozenset(("mask", "masks", "msk"))
_VOLUME_EM = frozenset(("fib", "fibsem", "sbf", "sbem", "sbfsem", "sem", "vem", "atum", "sstem", "tem", "em"))
_LIGHT_SHEET = frozenset(("lightsheet", "spim", "mesospim", "lsfm", "llsm", "ultramicroscope"))
_FLUORESCENCE = frozenset(
    ("signal", "dapi", "gfp", "egfp", "mcherry", "rfp", "yfp", "cfp", "fitc", "cy", "tritc", "hoechst", "alexa", "fluo", "fluorescence")
) | frozenset(("confocal", "widefield", "nuclei", "nucleus", "channel", "background"))
_X_RAY = frozenset(("xray", "sxt", "txm", "nanoct", "microct", "ct"))
_DIFFRACTION = frozenset(("diffraction", "microed", "diff", "saed"))
_ILLUSTRATION = frozenset(("figure", "fig", "screenshot", "thumb", "thumbnail", "preview", "plot", "logo", "fsc", "schematic"))
_FEWEST_PICTURES = 3
_LARGE_PICTURE = 1500
_AVERAGES = frozenset(("averages", "classes", "templates", "avgs"))
_CLASS_FILE = re.compile(r"(_classes|class_averages|class2d|templates)", re.IGNORECASE)
_HALF = re.compile(r"(?<![A-Za-z])half[_-]?(?:map|vol|volume)?[_-]?([12ABab])(?![A-Za-z0-9])|half([12])(?=_)", re.IGNORECASE)


@dataclass
class Clues:
    """What sidecars and tables say of image files; names are masked (see `Pattern.name`)."""

    tilt_series: set[str] = field(default_factory=set)
    """Names, or stems, of tilt series."""
    movies: set[str] = field(default_factory=set)
    """File names of movies."""
    particles: set[str] = field(default_factory=set)
    """File names of particle stacks."""
    subtomograms: set[str] = field(default_factory=set)
    """File names of subtomograms."""
    micrographs: set[str] = field(default_factory=set)
    """File names of micrographs."""
    tomograms: set[str] = field(default_factory=set)
    """File names of tomograms."""
    has_labels: bool = False
    """Whether the deposit has a file of labels: its other volumes are then what was segmented."""


def words(path: str) -> frozenset[str]:
    """Return the words of a file name and of the two folders around it, lower case."""
    parts = path.split("/")
    return _words("/".join([*parts[-3:-1], stem_of(parts[-1])]))


@lru_cache(maxsize=8192)
def _words(text: str) -> frozenset[str]:
    found = [w.lower() for w in _WORD.findall(text)]
    pieces = [w.lower() for w in re.split(r"[^A-Za-z]+", text) if w]
    return frozenset(found + pieces)


def half_of(name: str) -> int | None:
    """Return 1 or 2 when a file name is that of a half map, None when it is not."""
    match = _HALF.search(stem_of(name).replace(NUMBER, "1"))
    return None if match is None else 1 if (match[1] or match[2]) in "1Aa" else 2


def is_volume(header: ImageHeader) -> bool:
    """Return whether the image is one volume: z is a direction in space."""
    return header.shape_zyx[0] > 1 and not header.is_stack


def is_mask(fact: FileFact) -> bool:
    """Return whether a file is a mask by its name, and by its header's statistics where it has any."""
    if not _MASK & _words(stem_of(fact.name)):
        return False
    said = fact.images[0].header_statistics if fact.images else None
    return said is None or said.minimum > said.maximum or (said.minimum >= -0.01 and said.maximum <= 1.01)


def kind_of(pattern: Pattern, variant: Variant, clues: Clues) -> str:
    """Return a kind of image set, or gain reference, labels, map, plane (a 2D image of an unknown kind), or empty for no image."""
    header = variant.header
    if header is None:
        return _foreign_kind(pattern)
    by_reference = _referenced_kind(pattern, header, clues)
    if by_reference:
        return by_reference
    if pattern.format == "eer":
        return "movies"
    path = variant.first.path
    known, own = words(path), _words(stem_of(variant.first.name))
    z, y, x = header.shape_zyx
    if _GAIN & own and z == 1:
        return "gain reference"
    is_integer = header.dtype.startswith(("int", "uint", "bool"))
    if is_integer and (_LABEL & own or (_MASK & own and pattern.format not in MRC_FORMATS)):
        return "labels"
    if pattern.format == "sff":
        return "labels"
    if pattern.format == "amira" and is_integer and ("materials" in variant.first.metadata or "label" in header.name.lower()):
        return "labels"
    if pattern.format.startswith("picture."):
        return "" if _is_illustration(pattern, header, own, known) else "micrographs" if _MICROGRAPH & known else "plane"
    if pattern.format in MRC_FORMATS:
        return _mrc_kind(pattern, variant, known, own)
    if kind := _light_kind(header, known):
        return kind
    return "fluorescence" if pattern.format in _LIGHT_FORMATS else _other_kind(pattern, variant, known, clues, max(y, x))


def _is_illustration(pattern: Pattern, header: ImageHeader, own: frozenset[str], known: frozenset[str]) -> bool:
    """A few pictures, or ones named so, are figures and screenshots; numbered ones, or a large grey one, come from a microscope."""
    if _ILLUSTRATION & own:
        return True
    is_few = pattern.count < _FEWEST_PICTURES
    return is_few and not (_MICROGRAPH | _VOLUME_EM | _FLUORESCENCE) & known and ("c" in header.axes or max(header.shape) < _LARGE_PICTURE)


def _foreign_kind(pattern: Pattern) -> str:
    if pattern.format:
        return ""
    kind = _FOREIGN.get(pattern.suffix, "")
    own = _words(stem_of(pattern.name))
    if kind == "images" and _GAIN & own:
        return "gain reference"
    return "movies" if kind == "images" and _MOVIE & own else kind


def _referenced_kind(pattern: Pattern, header: ImageHeader, clues: Clues) -> str:
    name, stem = pattern.name, stem_of(pattern.name)
    if name in clues.subtomograms and is_volume(header):
        return "subtomograms"
    if name in clues.particles:
        return "particles"
    if name in clues.tilt_series or stem in clues.tilt_series:
        return "tilt series"
    if name in clues.tomograms:
        return "tomogram"
    if name in clues.micrographs and header.shape_zyx[0] == 1:
        return "micrographs"
    return "movies" if name in clues.movies else ""


def _mrc_kind(pattern: Pattern, variant: Variant, known: frozenset[str], own: frozenset[str]) -> str:
    header = variant.header
    assert header is not None
    z, y, x = header.shape_zyx
    if pattern.suffix.startswith(".mrcs"):
        return "class averages" if _AVERAGES & own or _CLASS_FILE.search(variant.first.name) else _stack_kind(known, max(y, x), "particles")
    if pattern.suffix in (".st", ".ali") or (_TILT & own and z > 1) or "tilt_series" in variant.first.name.lower():
        return "tilt series"
    if z == 1:
        if _DIFFRACTION & known:
            return "diffraction"
        return "movies" if _MOVIE & own else "micrographs"
    if header.is_stack or _MOVIE & own:
        return _stack_kind(known, max(y, x), "images")
    if pattern.suffix == ".rec" or _TOMOGRAM & known:
        return "tomogram"
    if _SUBTOMOGRAM & known:
        return "subtomograms"
    if "ts" in own and 5 <= z <= 181 and max(y, x) > 4 * z:
        return "tilt series"
    flat = max(y, x) >= 200 and not 0.5 <= z / max(y, x) <= 2
    return "tomogram" if flat and pattern.suffix not in _MAP_SUFFIXES and half_of(variant.first.name) is None else "map"


def _stack_kind(known: frozenset[str], side: int, default: str) -> str:
    """Frames are large; boxed particles are small."""
    if _MOVIE & known or side >= 2000:
        return "movies"
    return "particles" if default == "images" and side <= 1024 and {"particles", "particle", "extract"} & known else default


def _light_kind(header: ImageHeader, known: frozenset[str]) -> str:
    if "clem" in known and header.channels:
        return "CLEM fluorescence"
    if _LIGHT_SHEET & known or {"light", "sheet"} <= known:
        return "light-sheet"
    has_dye = any(isinstance(c, dict) and (c.get("fluorophore") or c.get("emission_nm")) for c in header.metadata.get("channels", ()))
    return "fluorescence" if has_dye or _FLUORESCENCE & known or ("c" in header.axes and header.channels) else ""


def _other_kind(pattern: Pattern, variant: Variant, known: frozenset[str], clues: Clues, side: int) -> str:
    """TIFF, HDF5 and OME-Zarr say little of what they hold."""
    header = variant.header
    assert header is not None
    frames = max(variant.lengths, default=1)
    if _MOVIE & known and frames > 1:
        return "movies"
    if _TILT & known:
        return "tilt series"
    if _X_RAY & known or header.name.startswith(("/exchange/data", "exchange/data")):
        return "X-ray projections" if "data" in header.name else "X-ray tomogram"
    if _DIFFRACTION & known:
        return "diffraction"
    if frames == 1:
        return "micrographs" if _MICROGRAPH & known and "s" not in header.axes else "plane"
    if _TOMOGRAM & known:
        return "tomogram"
    if _VOLUME_EM & known or clues.has_labels:
        return "volume EM"
    if pattern.format == "tiff" and side >= 2000 and header.dtype in ("uint8", "uint16", "int16", "float32") and pattern.count > 1:
        return "movies"
    return "tomogram" if _is_nanometre_volume(header) else "images"


def _is_nanometre_volume(header: ImageHeader) -> bool:
    """Isotropic voxels of 0.2 to 4 nm are those of electron tomograms."""
    size = header.voxel_size
    if size is None or "c" in header.axes:
        return False
    values = [v for v in size.in_angstrom() if v]
    return len(values) == 3 and min(values) >= 2 and max(values) <= 40 and max(values) <= 1.02 * min(values)
