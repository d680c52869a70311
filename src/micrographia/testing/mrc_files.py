"""MRC files with any header, for tests."""

from __future__ import annotations

from micrographia.formats.mrc_layout import HEADER_STRUCT, MrcHeader


def mrc_bytes(data: bytes = b"", order: str = "<", **fields: object) -> bytes:
    """Return a header and `data`: 3 × 4 × 5 float32 voxels of 2 Å unless the fields say another thing.

    Parameters
    ----------
    data : bytes
        What follows the first 1024 bytes.
    order : str
        ``<`` or ``>``.
    **fields
        Fields of `MrcHeader`.
    """
    usual: dict[str, object] = {
        "nx": 3,
        "ny": 4,
        "nz": 5,
        "mode": 2,
        "mapc": 1,
        "mapr": 2,
        "maps": 3,
        "ispg": 1,
        "nversion": 20141,
        "map": b"MAP ",
        "machst": b"DD\0\0" if order == "<" else b"\x11\x11\0\0",
        "dmin": 0.0,
        "dmax": -1.0,
        "rms": -1.0,
    } | fields
    for axis, length in (("x", usual["nx"]), ("y", usual["ny"]), ("z", usual["nz"])):
        assert isinstance(length, int)
        usual.setdefault(f"m{axis}", length)
        usual.setdefault(f"{axis}len", 2.0 * length)
    blank = MrcHeader._make(HEADER_STRUCT["<"].unpack(bytes(1024)))
    return HEADER_STRUCT[order].pack(*blank._replace(**usual)) + data  # type: ignore[arg-type]
