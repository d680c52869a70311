"""What the extended header of an MRC file says of each section: tilt angle, dose, defocus, pixel size, microscope."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from micrographia.formats.mrc_layout import (
    FEI_FIELDS,
    FEI_RECORD_BYTES,
    HEADER_BYTES,
    OLD_FEI_REALS,
    SERI_ITEMS,
    MrcHeader,
    fei_dtype,
)
from micrographia.formats.source import ByteSource

# of a longer stack only the first section is read: lists of that length belong into a table, not into a record
_MOST_SECTIONS = 4096
# one value a section even where all are equal: consumers count them
_ALWAYS_LISTS = frozenset(("tilt_angles_deg",))


def section_metadata(source: ByteSource, header: MrcHeader, order: str) -> dict[str, Any]:
    """Return the facts of the sections, JSON-ready: a list with one value a section, or one value where all sections agree.

    Keys carry their units; see `mrc_layout.FEI_FIELDS`. An extended header of an unknown type gives nothing.
    """
    kind = header.exttyp
    if kind in (b"FEI1", b"FEI2"):
        columns = _fei(source, header, order)
    elif kind == b"SERI" or (not kind.strip(b"\0 ") and _is_seri(header)):
        columns = _seri(source, header, order)
    elif kind == b"AGAR" or (not kind.strip(b"\0 ") and header.nint == 0 and header.nreal == 32):
        columns = _agar(source, header, order)
    else:
        return {}
    return {key: _compact(key, values) for key, values in columns.items() if len(values)}


def _sections(header: MrcHeader, record_bytes: int) -> int:
    count = min(header.nz, header.nsymbt // record_bytes if record_bytes > 0 else 0)
    return count if count <= _MOST_SECTIONS else 1


def _records(source: ByteSource, header: MrcHeader, dtype: np.dtype[Any]) -> NDArray[Any]:
    count = _sections(header, dtype.itemsize)
    return np.frombuffer(source.read(HEADER_BYTES, count * dtype.itemsize), dtype, count)


def _fei(source: ByteSource, header: MrcHeader, order: str) -> dict[str, NDArray[Any]]:
    if header.nsymbt < FEI_RECORD_BYTES:
        return {}
    record_bytes = int(np.frombuffer(source.read(HEADER_BYTES, 4), f"{order}i4")[0])
    if not FEI_RECORD_BYTES <= record_bytes <= header.nsymbt:
        return {}
    records = _records(source, header, fei_dtype(order, record_bytes))
    columns = {}
    for field in FEI_FIELDS:
        if not (records[f"mask{field.mask}"] >> np.uint32(field.bit) & 1).all():
            continue
        values = records[field.key]
        columns[field.key] = values * field.factor if field.factor else values
    return columns


def _is_seri(header: MrcHeader) -> bool:
    """Whether `nint` and `nreal` fit together as SerialEM writes them (the rule of IMOD)."""
    return header.nint > 0 < header.nreal < 2048 and sum(size for flag, size in SERI_ITEMS if header.nreal & flag) == header.nint


def _seri(source: ByteSource, header: MrcHeader, order: str) -> dict[str, NDArray[Any]]:
    if not _is_seri(header) or header.nint % 2:
        return {}
    words = _records(source, header, np.dtype((f"{order}i2", header.nint // 2))).astype(np.float64)
    places: dict[int, int] = {}
    at = 0
    for flag, size in SERI_ITEMS:
        if header.nreal & flag:
            places[flag] = at
            at += size // 2
    columns: dict[str, NDArray[Any]] = {}
    if 1 in places:
        columns["tilt_angles_deg"] = words[:, places[1]] / 100
    if 4 in places:
        columns["stage_x_um"], columns["stage_y_um"] = words[:, places[4]] / 25, words[:, places[4] + 1] / 25
    if 8 in places:
        columns["magnification"] = words[:, places[8]] * 100
    if 32 in places:  # two shorts as mantissa and exponent
        high, low = words[:, places[32]], words[:, places[32] + 1]
        mantissa = np.abs(high) * 256 + np.abs(low) % 256
        columns["dose_e_per_a2"] = np.sign(high) * mantissa * 2.0 ** (np.sign(low) * (np.abs(low) // 256))
    return columns


def _agar(source: ByteSource, header: MrcHeader, order: str) -> dict[str, NDArray[Any]]:
    if header.nint < 0 or not 0 < header.nreal <= 256:
        return {}
    record = np.dtype([("integers", f"{order}i4", (header.nint,)), ("reals", f"{order}f4", (header.nreal,))])
    reals = _records(source, header, record)["reals"].astype(np.float64)
    if header.nint == 0 and header.nreal == 32:
        return {key: reals[:, at] * factor for at, key, factor in OLD_FEI_REALS if reals[:, at].any() or key in _ALWAYS_LISTS}
    return {"tilt_angles_deg": reals[:, 0]}


def _compact(key: str, values: NDArray[Any]) -> Any:
    items = [_json(v) for v in values.tolist()]
    return items if key in _ALWAYS_LISTS or any(item != items[0] for item in items) else items[0]


def _json(value: Any) -> Any:
    if isinstance(value, bytes):
        return "".join(c for c in value.split(b"\0", 1)[0].decode("latin-1") if c.isprintable()).strip()
    return float(f"{value:.7g}") if np.isfinite(value) else None
