"""The MRC2014 header and its extended headers as tables, with units.

Sources: Cheng et al. (2015) MRC2014, J. Struct. Biol. 192, 146, and https://www.ccpem.ac.uk/mrc-format/mrc2014/; FEI1 and FEI2: the EPU
manual and «MRC2014 file image format specification» of Thermo Fisher; SERI, AGAR, IMOD's flags: https://bio3d.colorado.edu/imod/doc/mrc_format.txt
"""

from __future__ import annotations

import struct
from typing import Annotated, NamedTuple, get_type_hints

import numpy as np

HEADER_BYTES = 1024

_Int16 = Annotated[int, "h"]
_Int32 = Annotated[int, "i"]
_Float32 = Annotated[float, "f"]


class MrcHeader(NamedTuple):
    """The 1024 bytes, in the order of the file; each type carries its `struct` code."""

    nx: _Int32
    """Columns (fastest)."""
    ny: _Int32
    """Rows."""
    nz: _Int32
    """Sections (slowest)."""
    mode: _Int32
    """Type of the values."""
    nxstart: _Int32
    """Place of the first column in the unit cell, voxels."""
    nystart: _Int32
    """Of the first row."""
    nzstart: _Int32
    """Of the first section."""
    mx: _Int32
    """Sampling of the cell along X."""
    my: _Int32
    """Along Y."""
    mz: _Int32
    """Along Z; sections of one volume in a stack of volumes."""
    xlen: _Float32
    """Cell length along X, Å."""
    ylen: _Float32
    """Along Y, Å."""
    zlen: _Float32
    """Along Z, Å."""
    alpha: _Float32
    """Cell angle, degrees."""
    beta: _Float32
    """Cell angle, degrees."""
    gamma: _Float32
    """Cell angle, degrees."""
    mapc: _Int32
    """Axis of the columns: 1 X, 2 Y, 3 Z."""
    mapr: _Int32
    """Axis of the rows."""
    maps: _Int32
    """Axis of the sections."""
    dmin: _Float32
    """Minimum."""
    dmax: _Float32
    """Maximum; below dmin: not determined."""
    dmean: _Float32
    """Mean; below both: not determined."""
    ispg: _Int32
    """Space group: 0 image stack, 1 volume, 401–630 stack of volumes."""
    nsymbt: _Int32
    """Bytes of the extended header."""
    extra1: Annotated[bytes, "8s"]
    exttyp: Annotated[bytes, "4s"]
    """Type of the extended header."""
    nversion: _Int32
    """10 × year + version of the standard: 20140, 20141."""
    extra2: Annotated[bytes, "16s"]
    nint: _Int16
    """SERI: bytes a section; AGAR: integers a section."""
    nreal: _Int16
    """SERI: flags of what is stored; AGAR: reals a section."""
    extra3: Annotated[bytes, "20s"]
    imod_stamp: _Int32
    """1146047817 where the next word holds IMOD's flags."""
    imod_flags: _Int32
    """1 signed bytes, 4 ORIGIN has the sign of the standard."""
    extra4: Annotated[bytes, "36s"]
    xorigin: _Float32
    """ORIGIN: position of the first voxel, Å."""
    yorigin: _Float32
    """Å."""
    zorigin: _Float32
    """Å."""
    map: Annotated[bytes, "4s"]
    """«MAP »."""
    machst: Annotated[bytes, "4s"]
    """Machine stamp: byte order."""
    rms: _Float32
    """Standard deviation; negative: not determined."""
    nlabl: _Int32
    """Labels in use."""
    labels: Annotated[bytes, "800s"]
    """10 labels of 80 characters."""


_CODES = "".join(hint.__metadata__[0] for hint in get_type_hints(MrcHeader, include_extras=True).values())
HEADER_STRUCT = {order: struct.Struct(order + _CODES) for order in "<>"}

IMOD_STAMP = 1146047817
IMOD_SIGNED_BYTES = 1
IMOD_STANDARD_ORIGIN = 4


class Mode(NamedTuple):
    """How the samples of one mode lie in the file."""

    sample_bytes: float
    """Bytes a sample."""
    stored: str
    """NumPy type without byte order; empty where samples must be decoded."""
    shown: str
    """NumPy type of the array that a reader gives."""


MODES: dict[int, Mode] = {
    0: Mode(1, "i1", "int8"),
    1: Mode(2, "i2", "int16"),
    2: Mode(4, "f4", "float32"),
    3: Mode(4, "", "complex64"),  # pairs of int16
    4: Mode(8, "c8", "complex64"),
    6: Mode(2, "u2", "uint16"),
    12: Mode(2, "f2", "float16"),
    16: Mode(3, "u1", "uint8"),  # red, green, blue (IMOD)
    101: Mode(0.5, "", "uint8"),  # two samples a byte, low half first; rows begin on a whole byte
}

KNOWN_EXTENDED_HEADERS = frozenset((b"CCP4", b"MRCO", b"SERI", b"AGAR", b"FEI1", b"FEI2", b"HDF5"))


class FeiField(NamedTuple):
    """One field of an FEI1/FEI2 record that is kept."""

    offset: int
    """Byte inside the record of a section."""
    code: str
    """NumPy code without byte order."""
    key: str
    """Name in the metadata of the image, with the unit."""
    factor: float
    """Factor from the file's unit (SI) to that of the name; 0 for text."""
    mask: int
    """Which bitmask word (1, 2) says whether the field is set."""
    bit: int
    """Its bit there."""


# length of an FEI1 record; FEI2 adds to it
FEI_RECORD_BYTES = 768
FEI_MASK_OFFSETS = {1: 8, 2: 297}
FEI_FIELDS: tuple[FeiField, ...] = (
    FeiField(20, "S16", "microscope", 0, 1, 1),
    FeiField(52, "S16", "software", 0, 1, 3),
    FeiField(68, "S16", "software_version", 0, 1, 4),
    FeiField(84, "f8", "voltage_kv", 1e-3, 1, 5),
    FeiField(92, "f8", "dose_e_per_a2", 1e-20, 1, 6),
    FeiField(100, "f8", "tilt_angles_deg", 1, 1, 7),
    FeiField(116, "f8", "stage_x_um", 1e6, 1, 9),
    FeiField(124, "f8", "stage_y_um", 1e6, 1, 10),
    FeiField(132, "f8", "stage_z_um", 1e6, 1, 11),
    FeiField(140, "f8", "tilt_axis_deg", 1, 1, 12),
    FeiField(156, "f8", "pixel_size_x_a", 1e10, 1, 14),
    FeiField(164, "f8", "pixel_size_y_a", 1e10, 1, 15),
    FeiField(220, "f8", "defocus_um", 1e6, 1, 22),
    FeiField(236, "f8", "applied_defocus_um", 1e6, 1, 24),
    FeiField(289, "f8", "magnification", 1, 1, 31),
    FeiField(355, "f8", "slit_width_ev", 1, 2, 8),
    FeiField(419, "f8", "exposure_s", 1, 2, 16),
    FeiField(435, "S16", "detector", 0, 2, 19),
)

# SERI: flag, bytes; the order in which they lie
SERI_ITEMS: tuple[tuple[int, int], ...] = (
    (1, 2),
    (2, 6),
    (4, 4),
    (8, 2),
    (16, 2),
    (32, 4),
    (64, 4),
    (128, 4),
    (256, 2),
    (512, 4),
    (1024, 2),
)

# the 32 reals a section of the FEI and UCSF tomography programs, before FEI1 (metres, volts)
OLD_FEI_REALS: tuple[tuple[int, str, float], ...] = (
    (0, "tilt_angles_deg", 1),
    (2, "stage_x_um", 1e6),
    (3, "stage_y_um", 1e6),
    (4, "stage_z_um", 1e6),
    (7, "defocus_um", 1e6),
    (8, "exposure_s", 1),
    (10, "tilt_axis_deg", 1),
    (11, "pixel_size_x_a", 1e10),
    (12, "magnification", 1),
    (13, "voltage_kv", 1e-3),
    (15, "applied_defocus_um", 1e6),
)


def fei_dtype(order: str, record_bytes: int) -> np.dtype[np.void]:
    """Return the type of one FEI record of that length: the fields kept and the two bitmasks (always little-endian), at their offsets."""
    fields = [(f.key, f.code if f.code[0] == "S" else order + f.code, f.offset) for f in FEI_FIELDS]
    fields += [(f"mask{number}", "<u4", at) for number, at in FEI_MASK_OFFSETS.items()]
    names, formats, offsets = zip(*fields, strict=True)
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": record_bytes})
