"""Files of FSC curves that depositors bring: EMDB FSC XML, as cryoSPARC and the PDBe FSC server write it, and RELION's postprocess.star."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from numpy.typing import NDArray

from micrographia.formats.cursor import refused
from micrographia.formats.source import ByteSource
from micrographia.formats.star import read_star

Floats = NDArray[np.float64]

# a curve of a box of 2048 voxels takes a hundredth of it
_MOST_BYTES = 16 << 20
_MOST_POINTS = 20_000
# columns of RELION's data_fsc, the most telling first
_CORRELATIONS = (
    "rlnFourierShellCorrelationCorrected",
    "rlnFourierShellCorrelationMaskedMaps",
    "rlnFourierShellCorrelation",
    "rlnFourierShellCorrelationUnmaskedMaps",
)


@dataclass(frozen=True, slots=True, eq=False)
class FscTable:
    """A curve as its file has it."""

    spatial_frequency_per_a: Floats
    """Rising, 1/Å."""
    correlation: Floats
    kind: str
    """What its file calls it."""


def read_fsc_curve(source: ByteSource) -> FscTable:
    """Return the curve in a file.

    Raises
    ------
    UnreadableError
        It is none of the two forms, or has fewer than three points.
    """
    if source.size > _MOST_BYTES:
        raise refused(source, "fsc", f"{source.size:,} bytes", f"a curve in at most {_MOST_BYTES:,}")
    data = source.read(0, source.size)
    frequency, correlation, kind = _from_xml(source, data) if data.lstrip()[:1] == b"<" else _from_star(source)
    sound = np.isfinite(frequency) & np.isfinite(correlation) & (frequency >= 0)
    order = np.argsort(frequency[sound], kind="stable")
    if order.size < 3 or order.size > _MOST_POINTS:
        raise refused(source, "fsc", f"a curve of {order.size} points", f"3 to {_MOST_POINTS:,}")
    return FscTable(frequency[sound][order], correlation[sound][order], kind)


def _from_xml(source: ByteSource, data: bytes) -> tuple[Floats, Floats, str]:
    """Read ``<fsc><coordinate><x>1/Å</x><y>correlation</y></coordinate>…</fsc>`` (EMDB's emdb_fsc.xsd)."""
    try:
        root = fromstring(data)
        points = [(float(c.findtext("x", "nan")), float(c.findtext("y", "nan"))) for c in root.iter("coordinate")]
    except (ParseError, DefusedXmlException, ValueError) as exc:
        raise refused(source, "fsc", str(exc)[:200], "EMDB FSC XML") from exc
    table = np.array(points, np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1], (root.get("title") or "FSC")[:200]


def _from_star(source: ByteSource) -> tuple[Floats, Floats, str]:
    wanted = ("rlnResolution", *_CORRELATIONS)
    table = next((t for block in read_star(source, wanted).values() if (t := block.table_with("rlnResolution"))), None)
    kind = next((c for c in _CORRELATIONS if table is not None and c in table), None)
    if table is None or kind is None:
        raise refused(source, "fsc", "no table of rlnResolution and a rlnFourierShellCorrelation", "RELION's postprocess.star")
    return table.numbers("rlnResolution"), table.numbers(kind), kind.removeprefix("rln")
