"""Down to which detail maps agree: `fsc`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from micrographia.cli.options import Json, VoxelSize, packages_of
from micrographia.cli.output import answer, console, plain

if TYPE_CHECKING:
    from rich.console import RenderableType

    from micrographia.imaging.density import DensityMap, Volume
    from micrographia.imaging.fsc import HalfMapFsc

FirstHalf = Annotated[Path, typer.Argument(metavar="HALF1", help="Map of one half of the data, MRC or CCP4.", show_default=False)]
SecondHalf = Annotated[
    Path,
    typer.Argument(
        metavar="HALF2", help="Map of the other half, on the same grid; or an atomic model, PDB or mmCIF, of the map.", show_default=False
    ),
]
Mask = Annotated[
    Path | None,
    typer.Option("--mask", metavar="MASK", help="Soft mask on the same grid, 0 outside to 1 inside. Default: one around the density."),
]

_ROWS = {"0.143": "0.143", "0.5": "0.5", "half_bit": "half bit", "one_bit": "one bit", "three_sigma": "3 σ"}


def fsc(half_1: FirstHalf, half_2: SecondHalf, mask: Mask = None, voxel_size: VoxelSize = None, as_json: Json = False) -> None:
    """Correlate two half maps, or a map and its model, in Fourier shells: as they are, in a mask, and corrected for it."""
    with packages_of("compare", "compares maps"):
        from micrographia.formats.density import open_density
    one = open_density(half_1, voxel_size_a=voxel_size)
    with_other = _with_model if _is_model(half_2) else _with_half
    found, origin = with_other(one, half_1, half_2, mask, voxel_size)
    notes = _notes(one) + found.unmasked.notes
    answer({**found.as_json(), "mask": origin, "notes": notes}, *_lines(found, origin, notes))


def _is_model(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith((".pdb", ".ent", ".cif", ".mmcif"))


def _with_model(one: DensityMap, _: Path, path: Path, mask: Path | None, voxel_size_a: float | None) -> tuple[HalfMapFsc, str | None]:
    from micrographia.formats.coordinates import read_model
    from micrographia.formats.density import open_mask
    from micrographia.imaging.model_map import model_map_fsc

    values = open_mask(mask, one, voxel_size_a=voxel_size_a) if mask else None
    found = model_map_fsc(read_model(path)[0], one, mask=values)
    return found, mask.name if mask else "automatic" if found.masked else None


def _with_half(one: DensityMap, half_1: Path, half_2: Path, mask: Path | None, voxel_size_a: float | None) -> tuple[HalfMapFsc, str | None]:
    from micrographia.formats.density import open_density
    from micrographia.imaging.density import refuse_different_grids
    from micrographia.imaging.fsc import half_map_fsc

    two = open_density(half_2, voxel_size_a=voxel_size_a)
    refuse_different_grids(one, two, (half_1.name, half_2.name))
    values, origin = _mask(one, two, mask, voxel_size_a)
    return half_map_fsc(one.values, two.values, voxel_size_a=one.voxel_size_a, mask=values), origin


def _mask(one: DensityMap, two: DensityMap, path: Path | None, voxel_size_a: float | None) -> tuple[Volume | None, str | None]:
    """Return a mask and where it is from, None where none helps."""
    from micrographia.formats.density import open_mask
    from micrographia.imaging.masking import soft_mask

    if path is not None:
        return open_mask(path, one, voxel_size_a=voxel_size_a), path.name
    found = soft_mask(one.values, two.values, voxel_size_a=one.voxel_size_a)
    return found, None if found is None else "automatic"


def _notes(density: DensityMap) -> list[str]:
    from micrographia.imaging.density import box_text

    if density.cropped_from_zyx is None:
        return []
    coarse = max(density.voxel_size_a)
    return [
        f"The boxes of {box_text(density.cropped_from_zyx)} voxels were coarsened to {box_text(density.shape_zyx)} while they were read: "
        f"voxels are {coarse:.3f} Å here, and nothing finer than {2 * coarse:.3f} Å is compared."
    ]


def _lines(found: HalfMapFsc, origin: str | None, notes: list[str]) -> list[RenderableType]:
    from rich.table import Table

    curves = {"unmasked": found.unmasked}
    if found.masked:
        curves["masked"] = found.masked
    if found.phase_randomised:
        curves["corrected"] = found.phase_randomised.corrected
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("resolution, Å")
    for name in curves:
        table.add_column(name, justify="right")
    crossings = [curve.resolution_a for curve in curves.values()]
    for key, label in _ROWS.items():
        table.add_row(label, *("–" if r[key] is None else f"{r[key]:.2f}" for r in crossings))
    lines: list[RenderableType] = [table]
    if console().is_terminal:
        lines += ["", _plot({name: curve.correlation.tolist() for name, curve in reversed(curves.items())}, found)]
    mask = {None: "no mask: nothing stands out", "automatic": "a mask around the density, found in the maps"}.get(origin, origin)
    voxel = " × ".join(f"{v:.4g}" for v in dict.fromkeys(reversed(found.unmasked.voxel_size_a)))
    return [*lines, "", f"Voxels of {voxel} Å, Nyquist {found.unmasked.nyquist_a:.2f} Å; {plain(str(mask))}.", *notes]


def _plot(curves: dict[str, list[float]], found: HalfMapFsc) -> RenderableType:
    from micrographia.cli.terminal_plot import curve_plot

    frequencies = found.unmasked.spatial_frequency_per_a.tolist()
    ticks = {f * frequencies[-1]: f"{1 / (f * frequencies[-1]):.3g} Å" for f in (0.25, 0.5, 0.75, 1)}
    return curve_plot(frequencies, curves, y_ticks=(0, 0.143, 0.5, 1), x_ticks=ticks)


COMMANDS: dict[str, Callable[..., Any]] = {"fsc": fsc}
