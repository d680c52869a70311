"""The table of formats: how each is recognised, how it is read, and what of its metadata is understood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["image", "table", "annotation", "sidecar"]
Reading = Literal["", "raw", "raw or pieces", "pieces", "forwards", "whole"]


@dataclass(frozen=True, slots=True)
class Format:
    """One row of the table."""

    name: str
    """Short name, kept in manifests: ``mrc``."""
    title: str
    """Name for people."""
    media_type: str
    """IANA media type, or one with x- where there is none."""
    suffixes: tuple[str, ...]
    """File name endings, lower case, with the dot."""
    kind: Kind
    """image: holds arrays; table: rows (particles, picks); annotation: contours, meshes; sidecar: describes other files."""
    module: str
    """Module of this package that reads it."""
    isolated: bool = False
    """Parse only in a worker process with limits when the file comes from a stranger."""
    reading: Reading = ""
    """How a part of an image is read. raw: by exact byte ranges; raw or pieces: so where it lies uncompressed, else as pieces;
    pieces: the frames, tiles or blocks that are touched are decoded; forwards: decoded from the start up to the part; whole: decoded as a
    whole, within a bound."""
    understood: str = ""
    """Which metadata are understood, for people."""
    magic: Callable[[bytes], bool] | None = None
    """Whether a file that starts with these bytes is of this format."""
    folder: bool = False
    """Whether the format is a folder of files."""
    container: str = ""
    """Name of the format that its files are by their first bytes too; their own suffix then says more."""
    companion: Callable[[str], str] | None = None
    """Name of the file beside a file or folder that says more of it, by its own name."""


def _is_mrc(head: bytes) -> bool:
    return head[208:211] == b"MAP" and len(head) >= 1024


def _is_deltavision(head: bytes) -> bool:
    return head[96:98] in (b"\xa0\xc0", b"\xc0\xa0") and len(head) >= 1024


def _is_nifti(head: bytes) -> bool:
    return head[344:348] == b"n+1\0" or head[4:8] == b"n+2\0"


def _is_amira(head: bytes) -> bool:
    return head[:12] in (b"# AmiraMesh ", b"# HyperMesh ") or head[:8] == b"# Avizo "


def _is_leica(head: bytes) -> bool:
    return head[:4] == b"\x70\0\0\0" and head[8:9] == b"\x2a" and head[13:15] == b"<\0"


def _is_zeiss(head: bytes) -> bool:
    return head[:10] == b"ZISRAWFILE"


def _is_nikon(head: bytes) -> bool:
    return head[:4] == b"\xda\xce\xbe\x0a" and b"ND2 FILE SIGNATURE" in head[:64]


def _is_sff(head: bytes) -> bool:
    return head[:5] == b"<?xml" and b"<segmentation" in head


def _is_tiff(head: bytes) -> bool:
    return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def _xml_beside(name: str) -> str:
    return f"{name.rpartition('.')[0] or name}.xml"


FORMATS: tuple[Format, ...] = (
    Format(
        "mrc",
        "MRC2014 / CCP4 map",
        "application/x-mrc",
        (".mrc", ".mrcs", ".map", ".ccp4", ".rec", ".st", ".ali"),
        "image",
        "mrc",
        magic=_is_mrc,
        reading="raw",
        understood="voxel size, origin, order of axes, labels, statistics that the header claims; tilt, dose, defocus of each section",
    ),
    Format(
        "mrc.gz",
        "MRC map, gzip",
        "application/gzip",
        (".mrc.gz", ".mrcs.gz", ".map.gz", ".ccp4.gz", ".rec.gz", ".st.gz"),
        "image",
        "compressed",
        isolated=True,
        reading="forwards",
        understood="as MRC",
    ),
    Format(
        "mrc.bz2",
        "MRC map, bzip2",
        "application/x-bzip2",
        (".mrc.bz2", ".mrcs.bz2", ".map.bz2", ".ccp4.bz2", ".rec.bz2", ".st.bz2"),
        "image",
        "compressed",
        isolated=True,
        reading="forwards",
        understood="as MRC",
    ),
    Format(
        "deltavision",
        "DeltaVision",
        "application/x-deltavision",
        (".dv", ".r3d"),
        "image",
        "deltavision",
        magic=_is_deltavision,
        reading="raw",
        understood="voxel size, times, wavelengths of channels, title",
    ),
    Format(
        "dm",
        "DigitalMicrograph DM3, DM4",
        "application/x-digitalmicrograph",
        (".dm3", ".dm4"),
        "image",
        "digital_micrograph",
        reading="raw",
        understood="voxel size and other calibrations, high tension, magnification, stage tilt, exposure, date, camera",
    ),
    Format(
        "ser",
        "TIA series",
        "application/x-tia-ser",
        (".ser",),
        "image",
        "tia",
        magic=lambda h: h[:4] == b"II\x97\x01",
        reading="raw",
        understood="voxel size or other calibration, scanned axes, date",
    ),
    Format(
        "lif",
        "Leica LIF",
        "application/x-leica-lif",
        (".lif",),
        "image",
        "leica",
        isolated=True,
        magic=_is_leica,
        reading="raw",
        understood="voxel size, names of images and channels, objective, microscope",
    ),
    Format(
        "czi",
        "Zeiss CZI",
        "application/x-zeiss-czi",
        (".czi",),
        "image",
        "zeiss",
        isolated=True,
        magic=lambda h: h[:10] == b"ZISRAWFILE",
        reading="pieces",
        understood="voxel size, names of channels, scenes, mosaics, objective, date, software",
    ),
    Format(
        "nd2",
        "Nikon ND2",
        "application/x-nikon-nd2",
        (".nd2",),
        "image",
        "nikon",
        isolated=True,
        magic=_is_nikon,
        reading="raw or pieces",
        understood="voxel size, interval, names and wavelengths of channels, positions, significant bits, objective, date, software",
    ),
    Format(
        "oir",
        "Olympus, Evident OIR",
        "application/x-olympus-oir",
        (".oir",),
        "image",
        "evident",
        isolated=True,
        magic=lambda h: h[:16] == b"OLYMPUSRAWFORMAT",
        reading="pieces",
        understood="voxel size, interval, names and wavelengths of channels, significant bits, date",
    ),
    Format(
        "oib",
        "Olympus OIB",
        "application/x-olympus-oib",
        (".oib",),
        "image",
        "olympus",
        isolated=True,
        reading="pieces",
        understood="voxel size, interval, names and wavelengths of channels, significant bits, objective, date, microscope, software",
    ),
    Format(
        "nifti",
        "NIfTI",
        "application/x-nifti",
        (".nii",),
        "image",
        "nifti",
        magic=_is_nifti,
        reading="raw",
        understood="voxel size, affine transform, description, time between volumes",
    ),
    Format(
        "nifti.gz",
        "NIfTI, gzip",
        "application/gzip",
        (".nii.gz",),
        "image",
        "compressed",
        isolated=True,
        reading="forwards",
        understood="as NIfTI",
    ),
    Format(
        "spider",
        "SPIDER",
        "application/x-spider",
        (".spi", ".xmp"),
        "image",
        "spider",
        reading="raw",
        understood="pixel size, statistics that the header claims, date, title",
    ),
    Format(
        "amira",
        "Amira mesh",
        "application/x-amira",
        (".am",),
        "image",
        "amira",
        isolated=True,
        magic=_is_amira,
        reading="raw or pieces",
        understood="voxel size, materials, content line",
    ),
    Format(
        "sff",
        "EMDB-SFF segmentation",
        "application/x-emdb-sff",
        (".sff",),
        "image",
        "sff",
        isolated=True,
        magic=_is_sff,
        reading="whole",
        understood="name, software, transforms, segments with their numbers and names",
    ),
    Format(
        "imod",
        "IMOD model",
        "application/x-imod",
        (".mod",),
        "annotation",
        "imod",
        magic=lambda h: h[:6] == b"IMODV1",
        understood="image size, pixel size, objects with names, colours, counts of contours and points",
    ),
    Format(
        "tiff",
        "TIFF, OME-TIFF, ImageJ",
        "image/tiff",
        (".tif", ".tiff", ".btf", ".tf8", ".tf2", ".lsm"),
        "image",
        "tiff",
        isolated=True,
        magic=_is_tiff,
        reading="raw or pieces",
        understood="voxel size, channels, axes, interval, objective (OME-XML, ImageJ, LSM), resolution tags, microscope headers",
    ),
    Format(
        "eer",
        "EER movie",
        "image/tiff",
        (".eer",),
        "image",
        "eer",
        isolated=True,
        container="tiff",
        reading="pieces",
        understood="exposure, dose, date, camera, sensor size",
    ),
    Format(
        "hdf5",
        "HDF5",
        "application/x-hdf5",
        (".h5", ".hdf5", ".hdf", ".ims", ".nxs", ".emd"),
        "image",
        "hdf5",
        isolated=True,
        magic=lambda h: h[:8] == b"\x89HDF\r\n\x1a\n",
        companion=_xml_beside,
        reading="raw or pieces",
        understood="voxel size and axes (Imaris, BigDataViewer, Velox, NCEM, ilastik, CREMI, data-exchange); attributes",
    ),
    *(
        Format(
            f"picture.{name}",
            title,
            f"image/{name}",
            suffixes,
            "image",
            "picture",
            isolated=True,
            magic=magic,
            reading="whole",
            understood="resolution of PNG and JPEG where it is finer than a printer's",
        )
        for name, title, suffixes, magic in (
            ("png", "PNG", (".png",), lambda h: h[:8] == b"\x89PNG\r\n\x1a\n"),
            ("jpeg", "JPEG", (".jpg", ".jpeg"), lambda h: h[:3] == b"\xff\xd8\xff"),
            ("bmp", "BMP", (".bmp",), lambda h: h[:2] == b"BM" and h[6:10] == bytes(4)),
            ("webp", "WebP", (".webp",), lambda h: h[:4] == b"RIFF" and h[8:12] == b"WEBP"),
        )
    ),
    Format(
        "ome_zarr",
        "OME-Zarr",
        "application/x-zarr",
        (".zarr",),
        "image",
        "ome_zarr",
        isolated=True,
        folder=True,
        reading="pieces",
        understood="voxel size, origin, axes, channels, labels, plates, series, OME-XML",
    ),
    Format(
        "ozx",
        "OME-Zarr in a zip",
        "application/zip",
        (".ozx", ".zarr.zip"),
        "image",
        "ome_zarr",
        isolated=True,
        reading="pieces",
        understood="as OME-Zarr",
    ),
    Format(
        "n5",
        "N5, BigDataViewer N5",
        "application/x-n5",
        (".n5",),
        "image",
        "n5",
        isolated=True,
        folder=True,
        companion=_xml_beside,
        reading="pieces",
        understood="voxel size, origin, axes, names, channels, angles and tiles of setups",
    ),
    Format(
        "oif",
        "Olympus OIF",
        "application/x-olympus-oif",
        (".oif.files",),
        "image",
        "olympus",
        isolated=True,
        folder=True,
        companion=lambda name: name[: -len(".files")],
        reading="pieces",
        understood="as OIB; from the main file beside the folder",
    ),
    Format(
        "oif_main",
        "Olympus OIF, main file",
        "application/x-olympus-oif",
        (".oif",),
        "sidecar",
        "olympus",
        isolated=True,
        understood="dyes, wavelengths, interval, date, microscope, software",
    ),
    Format(
        "star",
        "STAR",
        "text/x-star",
        (".star", ".tomostar"),
        "table",
        "star",
        understood="RELION's, Warp's and mmCIF's tables: columns, row counts, optics, files referred to",
    ),
    Format(
        "mdoc",
        "SerialEM mdoc",
        "text/plain",
        (".mdoc",),
        "sidecar",
        "mdoc",
        understood="tilt angles and axis, pixel size, dose, defocus, voltage, movies, microscope",
    ),
    Format(
        "cryosparc",
        "cryoSPARC dataset",
        "application/x-cryosparc",
        (".cs",),
        "table",
        "cryosparc",
        isolated=True,
        understood="columns, optics, pixel sizes, files referred to",
    ),
    Format(
        "ome_xml",
        "OME-XML",
        "application/xml",
        (".ome.xml", ".ome", ".companion.ome"),
        "sidecar",
        "ome_xml",
        isolated=True,
        understood="sizes, voxel sizes, channels, objective, instruments, plates",
    ),
)
