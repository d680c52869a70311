"""Example entry: a small high-content screen in which a reporter protein moves into the nucleus with the dose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from micrographia.demo._sheet import write_sheet
from micrographia.demo._write import write_csv
from micrographia.imaging.phantom_cells import Nuclei, phantom_nuclei

FIELD = 256
PIXEL_UM = 0.65
DOSES_UM = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0)
CHANNELS = ("DNA", "reporter")


@dataclass(frozen=True, slots=True)
class _Compound:
    """What one row of the plate got."""

    name: str
    half_effect_um: float
    """Dose of half effect (EC50), µM; infinite for what does nothing."""
    highest_ratio: float
    kills: float
    """Fraction of the cells lost at the highest dose."""


COMPOUNDS = (
    _Compound("phantom compound A", 0.1, 3.2, 0.1),
    _Compound("phantom compound B", 0.8, 3.2, 0.0),
    _Compound("phantom compound C (toxic)", 0.3, 1.4, 0.7),
    _Compound("vehicle", float("inf"), 0.4, 0.0),
)


def make_plate(folder: Path, seed: int = 1665) -> None:
    """Write the files and the sheet of the screen example into `folder`."""
    rng = np.random.default_rng(seed)
    (folder / "plate1").mkdir(parents=True, exist_ok=True)
    library: list[tuple[object, ...]] = []
    objects: list[tuple[object, ...]] = []
    for well, compound, dose in _wells():
        share = dose / (dose + compound.half_effect_um)  # Hill equation with coefficient 1
        count = round(55 * (1 - compound.kills * share))
        field = phantom_nuclei((FIELD, FIELD), count=count, ratio=0.4 + (compound.highest_ratio - 0.4) * share, rng=rng)
        for image, channel in zip(field.images, CHANNELS, strict=True):
            _write_field(folder / "plate1" / f"{well}_{channel}.tif", image)
        library.append((well, compound.name, dose, "negative control" if dose == 0 or compound.name == "vehicle" else "treated"))
        objects += _measure(well, field)
    _write_tables(folder, library, objects)
    write_sheet(folder, "screen")


def _wells() -> Iterator[tuple[str, _Compound, float]]:
    for row, compound in zip("ABCD", COMPOUNDS, strict=True):
        for column, dose in enumerate(DOSES_UM, start=1):
            yield f"{row}{column:02d}", compound, dose


def _write_field(path: Path, image: NDArray[np.uint16]) -> None:
    per_cm = 1e4 / PIXEL_UM
    tifffile.imwrite(path, image, photometric="minisblack", resolution=(per_cm, per_cm), resolutionunit="CENTIMETER", metadata=None)


def _measure(well: str, field: Nuclei) -> Iterator[tuple[object, ...]]:
    """Measure each nucleus in the images themselves; the true ratio stands beside it."""
    labels = field.labels.ravel()
    area = np.bincount(labels)
    dna, reporter = (np.bincount(labels, image.ravel()) / np.maximum(area, 1) for image in field.images)
    for number in range(1, len(area)):
        if area[number]:
            yield well, number, int(area[number]), dna[number], reporter[number], field.ratios[number - 1]


def _write_tables(folder: Path, library: list[tuple[object, ...]], objects: list[tuple[object, ...]]) -> None:
    def table(names: str, rows: list[tuple[object, ...]]) -> dict[str, tuple[object, ...]]:
        return dict(zip(names.split(), zip(*rows, strict=True), strict=True))

    write_csv(folder / "library.csv", table("Well Compound Concentration_uM Control", library))
    write_csv(folder / "nuclei.csv", table("Well Nucleus Area_px Mean_DNA Mean_Reporter True_Ratio", objects))
    wells: list[tuple[object, ...]] = []
    for well in dict.fromkeys(row[0] for row in objects):
        rows = np.array([row[2:] for row in objects if row[0] == well], np.float64)
        wells.append((well, len(rows), *rows.mean(axis=0)))
    write_csv(folder / "wells.csv", table("Well Nuclei Area_px Mean_DNA Mean_Reporter True_Ratio", wells))
