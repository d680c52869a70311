"""The deposition sheet ``entry.yaml``: what a depositor says about a folder of files. Its JSON schema is generated from these records.

Vocabularies: REMBI (Sarkans et al. 2021), MIFA (2024), EMPIAR deposition schema, EMDB schema v3, SPDX, UniProt, NCBI Taxonomy, wwPDB CCD.
Nothing but the form is judged here: whether a title is there or a file exists is the business of `checks`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from micrographia.model.vocabulary import (
    AnnotationKind,
    Experiment,
    ImageSetKind,
    MoleculeKind,
    PublicationState,
    Relation,
)

SCHEMA: Literal["micrographia/entry/1"] = "micrographia/entry/1"


def _as_tuple(value: object) -> object:
    """One item may be written without its list."""
    return (value,) if isinstance(value, str | dict) else value


def _positive(value: float) -> float:
    if not 0 < value < float("inf"):
        raise ValueError("must be greater than 0 and finite")
    return value


def parse_orcid(value: str) -> str:
    """Return an ORCID iD as it is kept; ValueError where its check character (ISO 7064 MOD 11-2) does not fit."""
    digits = value.removeprefix("https://orcid.org/").replace("-", "").upper()
    if len(digits) != 16 or not digits[:15].isdigit():
        raise ValueError("is not an ORCID iD; expected 0000-0002-1825-0097")
    total = 0
    for digit in digits[:15]:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    if digits[15] != ("X" if check == 10 else str(check)):
        raise ValueError("is not an ORCID iD: its last character does not fit the others; a digit is mistyped")
    return "-".join(digits[i : i + 4] for i in (0, 4, 8, 12))


def _identifier(value: str) -> str:
    if not value or len(value) > 100 or any(c in "/\\" or c.isspace() or ord(c) < 32 for c in value):
        raise ValueError("must be 1 to 100 characters without spaces and slashes")
    return value


def _text(value: str) -> str:
    if any(ord(c) < 32 and c not in "\n\t" for c in value):
        raise ValueError("holds control characters")
    return value.strip()


Text = Annotated[str, AfterValidator(_text), Field(max_length=100_000)]
Identifier = Annotated[str, AfterValidator(_identifier)]
Positive = Annotated[float, AfterValidator(_positive)]
Orcid = Annotated[str, AfterValidator(parse_orcid)]
Many = BeforeValidator(_as_tuple)
Files = Annotated[tuple[str, ...], Many]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, coerce_numbers_to_str=True, populate_by_name=True)


class Author(_Part):
    """Someone who made the data, in the order to be cited."""

    name: Text
    """«Last, First», as it should stand in a citation (DataCite creatorName)."""
    orcid: Orcid | None = None
    """ORCID iD."""
    affiliation: Text = ""
    """Institution."""
    email: Text = ""
    """Never shown to the public; it does not go into the released record."""
    corresponding: bool = False
    """Whether questions go here."""


class Funding(_Part):
    """Who paid."""

    funder: Text
    """Name of the funder (Crossref Funder Registry where it has one)."""
    grant: Text = ""
    """Grant number."""


class Publication(_Part):
    """A paper that describes the data."""

    title: Text = ""
    """Title of the paper."""
    doi: Text = ""
    """DOI without resolver: 10.1000/xyz."""
    pubmed: Text = ""
    """PubMed id."""
    journal: Text = ""
    """Name of the journal or preprint server."""
    year: int | None = Field(default=None, ge=1600, le=2200)
    """Year of publication."""
    state: PublicationState = "published"
    """published, preprint or in preparation."""


class Related(_Part):
    """A link to another record, here or elsewhere."""

    to: Text
    """Accession or DOI or URL: EMD-1832, EMPIAR-10076, PDB-4V4Q, S-BIAD144, idr0086, MG-10001, 10.1000/xyz."""
    relation: Relation = "refers to"
    """How this entry relates to it."""
    image_set: Text = ""
    """Which image set of the other entry, when one is meant."""


class Organism(_Part):
    """A species."""

    name: Text
    """Scientific name (NCBI Taxonomy)."""
    ncbi_taxonomy: int | None = Field(default=None, ge=1)
    """NCBI Taxonomy id."""


class Biosample(_Part):
    """The organism, tissue or cell that was studied (REMBI Biosample)."""

    id: Identifier
    """Name used inside this sheet."""
    organism: Organism | None = None
    """Species; None for what has none (an apoferritin standard still has one, carbon film has not)."""
    strain: Text = ""
    """Strain, cultivar or genotype."""
    tissue: Text = ""
    """Organ or tissue (UBERON where it has a term)."""
    cell_line: Text = ""
    """Cell line or type (Cellosaurus, CL)."""
    description: Text = ""
    """REMBI biological entity: what of it was imaged."""
    variables: dict[str, Text] = Field(default_factory=dict)
    """REMBI intrinsic and extrinsic variables: mutation, treatment, time, …"""


class Molecule(_Part):
    """A component of the imaged complex: what lets people ask for a protein, a ligand, a mutation."""

    name: Text
    """Common name."""
    kind: MoleculeKind = "protein"
    """protein, rna, dna, ligand, …"""
    uniprot: (
        Annotated[str, Field(pattern=r"^[OPQ][0-9][A-Z0-9]{3}[0-9](-\d+)?$|^[A-NR-Z][0-9]([A-Z][A-Z0-9]{2}[0-9]){1,2}(-\d+)?$")] | None
    ) = None
    """UniProt accession."""
    rfam: Annotated[str, Field(pattern=r"^RF\d{5}$")] | None = None
    """Rfam accession."""
    ccd: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,5}$")] | None = None
    """Code of the wwPDB Chemical Component Dictionary."""
    inchikey: Annotated[str, Field(pattern=r"^[A-Z]{14}-[A-Z]{10}-[A-Z]$")] | None = None
    """InChIKey."""
    mutation: Text = ""
    """Amino-acid changes: K45E, several with commas."""
    copies: int | None = Field(default=None, ge=1)
    """Copies in the complex."""
    sequence: Text = ""
    """One-letter sequence."""


class Specimen(_Part):
    """What entered the microscope and how it was prepared (REMBI Specimen)."""

    id: Identifier
    """Name used inside this sheet."""
    biosample: Identifier | None = None
    """Id of its biosample."""
    preparation: Text = ""
    """How it was prepared: plunge-frozen, high-pressure frozen, fixed, stained, labelled, …"""
    molecules: tuple[Molecule, ...] = ()
    """Components of the complex."""
    state: Text = ""
    """Functional or conformational state."""
    models: Files = ()
    """Atomic models of it: PDB-4V4Q."""
    molecular_weight_kda: Positive | None = None
    """Molecular weight of the complex, kDa."""
    labels: Files = ()
    """Fluorophores, antibodies, gold beads."""


class Microscope(_Part):
    """The instrument."""

    name: Text = ""
    """Manufacturer and model."""
    voltage_kv: Positive | None = None
    """Acceleration voltage, kV (EMDB: acceleration_voltage)."""
    cs_mm: Annotated[float, Field(ge=0, lt=100)] | None = None
    """Spherical aberration, mm (EMDB: nominal_cs)."""
    amplitude_contrast: Annotated[float, Field(ge=0, le=1)] | None = None
    """Fraction of amplitude contrast, 0 to 1."""
    magnification: Positive | None = None
    """Nominal magnification."""
    objective: Text = ""
    """Objective lens (light microscopy): magnification, numerical aperture, immersion."""
    phase_plate: Text = ""
    """Phase plate, if one was in."""
    energy_filter_ev: Positive | None = None
    """Slit width of the energy filter, eV."""
    x_ray_energy_ev: Positive | None = None
    """Photon energy, eV (X-ray microscopy)."""


class Detector(_Part):
    """Camera or other detector."""

    name: Text = ""
    """Manufacturer and model."""
    mode: Text = ""
    """counting, super-resolution, integrating, …"""
    physical_pixel_um: Positive | None = None
    """Size of a detector pixel, µm."""
    gain_reference: str | None = None
    """File of the gain reference, in this deposit."""
    dark_reference: str | None = None
    """File of the dark reference."""


class Software(_Part):
    """A program."""

    name: Text
    """Name as its authors write it."""
    version: Text = ""
    """Version as it prints it."""


class Tilt(_Part):
    """Geometry of a tilt series."""

    axis_deg: float | None = None
    """Angle of the tilt axis to the image's y axis, degrees (SerialEM, RELION rlnTomoNominalTiltAxisAngle)."""
    scheme: Text = ""
    """dose-symmetric, bidirectional, unidirectional, …"""
    min_deg: Annotated[float, Field(ge=-180, le=180)] | None = None
    """Lowest tilt angle, degrees."""
    max_deg: Annotated[float, Field(ge=-180, le=180)] | None = None
    """Highest tilt angle, degrees."""
    step_deg: Annotated[float, Field(ge=0, le=90)] | None = None
    """Increment, degrees."""


class Channel(_Part):
    """One channel of a fluorescence image or a screen."""

    name: Text
    """Name: DNA, GFP."""
    colour: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{6}$")] | None = None
    """Display colour, RRGGBB."""
    fluorophore: Text = ""
    """Fluorophore or stain."""
    excitation_nm: Positive | None = None
    """Excitation wavelength, nm."""
    emission_nm: Positive | None = None
    """Emission wavelength, nm."""
    target: Text = ""
    """What it marks."""


class Acquisition(_Part):
    """Instrument and settings (REMBI Image acquisition; EMDB microscopy and image_recording)."""

    id: Identifier
    """Name used inside this sheet."""
    experiment: Experiment | None = None
    """Kind of experiment."""
    microscope: Microscope = Microscope()
    """The instrument and its optics."""
    detector: Detector = Detector()
    """The camera."""
    pixel_size_a: Positive | None = None
    """Calibrated size of a pixel at the specimen, Å."""
    dose_e_per_a2: Annotated[float, Field(ge=0, lt=1e6)] | None = None
    """Total electron exposure, e⁻/Å²."""
    dose_per_frame_e_per_a2: Annotated[float, Field(ge=0, lt=1e6)] | None = None
    """Exposure of one movie frame or one tilt, e⁻/Å²."""
    exposure_s: Positive | None = None
    """Exposure time of one image, s."""
    defocus_um: tuple[float, float] | None = None
    """Range of defocus, µm, underfocus positive: [smallest, largest]."""
    tilt: Tilt | None = None
    """Tilt geometry."""
    channels: tuple[Channel, ...] = ()
    """Channels (light microscopy)."""
    software: Software | None = None
    """Program that ran the microscope."""
    date: Text = ""
    """Day of acquisition, ISO 8601."""
    description: Text = ""
    """Anything that has no field of its own."""


class ImageSet(_Part):
    """Images of one category made one way (EMPIAR imageset; REMBI study component)."""

    id: Identifier
    """Name used inside this sheet and in links to this entry."""
    kind: ImageSetKind = "images"
    """Category (EMPIAR: T1 … T14)."""
    title: Text = ""
    """What a reader should call it."""
    files: Files
    """Files, relative to the sheet; globs allowed (``movies/*.tiff``, ``**/*.mrc``)."""
    metadata: Files = ()
    """Files that describe them: STAR, mdoc, cs, xml, tlt."""
    specimen: Identifier | None = None
    """Id of the specimen."""
    acquisition: Identifier | None = None
    """Id of the acquisition."""
    pixel_size_a: Positive | None = None
    """Size of a pixel, Å."""
    voxel_size_a: Positive | tuple[Positive, Positive, Positive] | None = None
    """Size of a voxel, Å: one number, or z, y, x."""
    voxel_size_nm: Positive | tuple[Positive, Positive, Positive] | None = None
    """Size of a voxel, nm: one number, or z, y, x."""
    voxel_size_um: Positive | tuple[Positive, Positive, Positive] | None = None
    """Size of a voxel, µm: one number, or z, y, x."""
    width_px: int | None = Field(default=None, ge=1)
    """Width of an image (x), pixels."""
    height_px: int | None = Field(default=None, ge=1)
    """Height of an image (y), pixels."""
    frames: int | None = Field(default=None, ge=1)
    """Frames of a movie, tilts of a tilt series, particles of a stack, sections of a volume: images in z or t per file."""
    channels: tuple[Channel, ...] = ()
    """Channels, where they differ from the acquisition's."""
    description: Text = ""
    """Anything else."""


class Map(_Part):
    """A 3D reconstruction (EMDB map)."""

    id: Identifier
    """Name used inside this sheet."""
    file: str
    """The primary map."""
    title: Text = ""
    """What a reader should call it."""
    half_maps: Annotated[tuple[str, ...], Many, Field(max_length=2)] = ()
    """The two half maps."""
    mask: str | None = None
    """Mask used for the resolution estimate or the refinement."""
    masks: Files = ()
    """Further masks."""
    additional: Files = ()
    """Additional maps: sharpened, unsharpened, locally filtered."""
    fsc: str | None = None
    """File of the FSC curve (EMDB FSC XML, RELION postprocess.star)."""
    specimen: Identifier | None = None
    """Id of the specimen."""
    voxel_size_a: Positive | tuple[Positive, Positive, Positive] | None = None
    """Size of a voxel, Å: one number, or z, y, x."""
    contour_level: float | None = None
    """Recommended contour, in the map's own values."""
    symmetry: Text = ""
    """Point group imposed (Schoenflies: C1, D7, O, I) or helical parameters."""
    resolution_a: Positive | None = None
    """Reported resolution, Å."""
    resolution_method: Text = ""
    """How it was estimated: FSC 0.143, FSC 0.5, …"""
    particles: int | None = Field(default=None, ge=1)
    """Particles in the final reconstruction."""
    models: Files = ()
    """Atomic models built into it: PDB-4V4Q, or files of this deposit."""
    description: Text = ""
    """Anything else."""


class Annotation(_Part):
    """Something drawn on or measured from images (MIFA)."""

    id: Identifier
    """Name used inside this sheet."""
    kind: AnnotationKind
    """segmentation, points, tracks, mesh, class labels, transform."""
    of: Identifier | None = None
    """Id of the image set or map it describes."""
    files: Files
    """Files; globs allowed."""
    object: Text = ""
    """What is annotated: ribosome, membrane, nucleus (GO, CL, UBERON terms welcome)."""
    method: Text = ""
    """manual, crowd-sourced, or the program that made it (MIFA annotation method)."""
    authors: tuple[Author, ...] = ()
    """Who made it, where they are not the entry's authors."""
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    """Confidence, 0 to 1 (MIFA)."""
    ground_truth: bool = False
    """Whether it is meant to be trained on or scored against."""
    diameter_a: Positive | None = None
    """Diameter of the objects, Å (picks)."""
    labels: dict[str, Text] = Field(default_factory=dict)
    """Meaning of label values."""
    description: Text = ""
    """Anything else."""


class Process(_Part):
    """A step that made things from things: an edge of provenance."""

    id: Identifier
    """Name used inside this sheet."""
    kind: Text
    """motion correction, CTF estimation, particle picking, particle extraction, 2D classification, 3D refinement, post-processing, …"""
    software: Software | None = None
    """Program and version."""
    inputs: Files = ()
    """Ids of image sets, maps and annotations, of a process whose results are not deposited, or «MG-10001/movies» of another entry."""
    outputs: Files = ()
    """Ids of what it made."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Parameters, by the program's own names."""
    job: Text = ""
    """The program's own name of the job: Refine3D/job025, P12_J24."""
    date: Text = ""
    """When it ran, ISO 8601."""
    description: Text = ""
    """Anything else."""


class Geometry(_Part):
    """Rows and columns of a plate."""

    rows: int = Field(ge=1, le=128)
    """Rows: 8, 16, 32."""
    columns: int = Field(ge=1, le=128)
    """Columns: 12, 24, 48."""


class FeatureTable(_Part):
    """Numbers per well, field or object."""

    file: str
    """CSV, TSV or Parquet."""
    level: Literal["plate", "well", "field", "object"] = "well"
    """What one row is about."""


class Screen(_Part):
    """A high-content screen."""

    id: Identifier
    """Name used inside this sheet."""
    plates: Files
    """Folders or files of the plates; globs allowed."""
    pattern: Text = ""
    """Regular expression with named groups row, column, field, channel that reads a file name."""
    geometry: Geometry | None = None
    """Rows and columns of a plate."""
    channels: tuple[Channel, ...] = ()
    """Channels in the order of the pattern's numbers."""
    library: str | None = None
    """Table of what each well got."""
    features: tuple[FeatureTable, ...] = ()
    """Tables of measured features."""
    images_held_at: Text | None = None
    """A link, where the images themselves lie in another archive."""
    description: Text = ""
    """Anything else."""


class Sheet(_Part):
    """The deposition sheet: everything that a depositor says about one entry."""

    schema_: Annotated[Literal["micrographia/entry/1"], Field(alias="schema")] = SCHEMA
    """Name and version of this form."""
    title: Text = ""
    """Title of the entry; required to submit."""
    authors: tuple[Author, ...] = ()
    """Authors in the order to be cited; at least one is required to submit."""
    abstract: Text = ""
    """What was done and found, for a reader from another field."""
    licence: Text = "CC0-1.0"
    """SPDX identifier; CC0-1.0 unless there is a reason."""
    keywords: Files = ()
    """Words to be found by."""
    funding: tuple[Funding, ...] = ()
    """Who paid."""
    publications: tuple[Publication, ...] = ()
    """Papers about these data."""
    related: tuple[Related, ...] = ()
    """Records elsewhere: EMDB, EMPIAR, PDB, BioImage Archive, IDR, other entries here."""
    experiment: Experiment | None = None
    """Kind of experiment, where the acquisitions do not say it."""
    biosamples: tuple[Biosample, ...] = ()
    """Organisms, tissues, cells."""
    specimens: tuple[Specimen, ...] = ()
    """What entered the microscope."""
    acquisitions: tuple[Acquisition, ...] = ()
    """Instruments and settings."""
    image_sets: tuple[ImageSet, ...] = ()
    """Images."""
    maps: tuple[Map, ...] = ()
    """Reconstructions."""
    annotations: tuple[Annotation, ...] = ()
    """Segmentations, picks, tracks, …"""
    processes: tuple[Process, ...] = ()
    """How one was made from another."""
    screens: tuple[Screen, ...] = ()
    """High-content screens."""
    other_files: Files = ()
    """Files that belong to the deposit and to none of the above: read-me, scripts, models. Globs allowed."""

    def experiments(self) -> tuple[str, ...]:
        """Return the kinds of experiment that the sheet names, without repeats."""
        named = [self.experiment, *(a.experiment for a in self.acquisitions)]
        return tuple(dict.fromkeys(e for e in named if e))

    def map_with(self, role: str) -> Map | None:
        """Return the map whose id is the role of an image; None where there is none."""
        return next((m for m in self.maps if m.id == role), None)

    def without_addresses(self) -> Sheet:
        """Return the sheet as the public may have it: without e-mail addresses."""

        def quiet(authors: tuple[Author, ...]) -> tuple[Author, ...]:
            return tuple(author.model_copy(update={"email": ""}) for author in authors)

        annotations = tuple(a.model_copy(update={"authors": quiet(a.authors)}) for a in self.annotations)
        return self.model_copy(update={"authors": quiet(self.authors), "annotations": annotations})

    def without_people(self) -> Sheet:
        """Return the sheet as a reviewer may have it who is not to know whose it is: without authors and who paid."""
        annotations = tuple(a.model_copy(update={"authors": ()}) for a in self.annotations)
        return self.model_copy(update={"authors": (), "funding": (), "annotations": annotations})

    def as_json(self) -> dict[str, Any]:
        """Return the sheet as a mapping without empty fields, in the form's own order."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"schema": SCHEMA}


def sheet_json_schema() -> dict[str, Any]:
    """Return the JSON schema (2020-12) of ``entry.yaml``, generated from the records above."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA,
        **Sheet.model_json_schema(by_alias=True),
    }
