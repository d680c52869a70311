"""Controlled words of the deposition sheet, with the terms of other archives beside them."""

from __future__ import annotations

from typing import Literal, get_args

Experiment = Literal[
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
    "soft X-ray tomography",
    "hard X-ray tomography",
    "CLEM",
    "CLXM",
    "light-sheet",
    "confocal",
    "widefield",
    "super-resolution",
    "high-content screen",
    "simulated",
    "other",
]

ImageSetKind = Literal[
    "movies",
    "micrographs",
    "particles",
    "class averages",
    "tilt series",
    "tomogram",
    "subtomograms",
    "volume EM",
    "light-sheet",
    "fluorescence",
    "CLEM fluorescence",
    "diffraction",
    "X-ray tomogram",
    "X-ray projections",
    "plate images",
    "calibration",
    "images",
]

# made from what a microscope recorded, or taken beside it: an entry with these alone holds no raw data
NOT_RECORDED: frozenset[str] = frozenset(("particles", "class averages", "subtomograms", "tomogram", "calibration"))

# what one image of such a set is called, in the API's `kind`
IMAGE_KIND: dict[str, str] = {
    "movies": "movie",
    "micrographs": "micrograph",
    "particles": "particles",
    "class averages": "class averages",
    "tilt series": "tilt series",
    "tomogram": "tomogram",
    "subtomograms": "subtomogram",
    "volume EM": "volume",
    "light-sheet": "light-sheet",
    "fluorescence": "fluorescence",
    "CLEM fluorescence": "fluorescence",
    "diffraction": "diffraction",
    "X-ray tomogram": "tomogram",
    "X-ray projections": "projections",
    "plate images": "field",
    "calibration": "calibration",
    "images": "image",
}

AnnotationKind = Literal["segmentation", "points", "tracks", "mesh", "class labels", "transform", "other"]

MoleculeKind = Literal["protein", "rna", "dna", "ligand", "lipid", "saccharide", "complex", "other"]

PublicationState = Literal["published", "preprint", "in preparation"]

Relation = Literal[
    "supplements",  # the other is the archive's record of the same work (EMD-… for a map, PDB-… for a model)
    "reprocesses",  # made again from the raw data of the other
    "continues",
    "is part of",
    "has part",
    "compares",
    "obsoletes",
    "refers to",
]

ResolutionMethod = Literal[
    "FSC 0.143", "FSC 0.5", "FSC half-bit", "FSC 3 sigma", "FSC model", "diffraction", "layer lines", "visual", "other"
]

# SPDX identifiers of licences that let data be reused; CC0-1.0 is the default, the others are accepted with a note
LICENCES: dict[str, str] = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "CC-BY-NC-4.0": "https://creativecommons.org/licenses/by-nc/4.0/",
    "CC-BY-NC-SA-4.0": "https://creativecommons.org/licenses/by-nc-sa/4.0/",
    "ODC-By-1.0": "https://opendatacommons.org/licenses/by/1-0/",
    "PDDL-1.0": "https://opendatacommons.org/licenses/pddl/1-0/",
}

# experiment → EMPIAR experiment_type number (EMPIAR deposition schema, 2024); absent: EMPIAR has no such type
EMPIAR_EXPERIMENT_TYPE: dict[str, int] = {
    "soft X-ray tomography": 1,
    "simulated": 2,
    "single-particle": 3,
    "helical": 3,
    "2D crystal": 3,
    "subtomogram averaging": 3,
    "electron tomography": 3,
    "SBF-SEM": 4,
    "FIB-SEM": 5,
    "CLEM": 7,
    "CLXM": 8,
    "MicroED": 9,
    "ATUM-SEM": 11,
    "hard X-ray tomography": 12,
    "ssTEM": 13,
}

# experiment → (term of the Biological Imaging Methods Ontology, its label); absent: it has no such term
IMAGING_METHOD: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("single-particle", "helical", "2D crystal", "subtomogram averaging", "electron tomography", "MicroED", "ssTEM"),
        ("FBbi:00000258", "transmission electron microscopy (TEM)"),
    ),
    "FIB-SEM": ("FBbi:00050000", "focused ion beam scanning electron microscopy (FIB-SEM)"),
    "SBF-SEM": ("FBbi:00000585", "serial block face SEM (SBFSEM)"),
    "ATUM-SEM": ("FBbi:00000257", "scanning electron microscopy (SEM)"),
    "soft X-ray tomography": ("FBbi:00001003", "X-ray tomography"),
    "hard X-ray tomography": ("FBbi:00001003", "X-ray tomography"),
    "light-sheet": ("FBbi:00000369", "SPIM"),
    "confocal": ("FBbi:00000251", "confocal microscopy"),
    "widefield": ("FBbi:00000246", "fluorescence microscopy"),
    "super-resolution": ("FBbi:00000321", "resolution-enhancing method"),
}

EXPERIMENTS: tuple[str, ...] = get_args(Experiment)
IMAGE_SET_KINDS: tuple[str, ...] = get_args(ImageSetKind)
