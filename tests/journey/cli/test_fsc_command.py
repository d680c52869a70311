"""Two half maps in a shell: down to which detail they agree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from micrographia.formats.coordinates import read_model
from micrographia.imaging.density import DensityMap
from micrographia.imaging.model_map import map_from_model


def write(path: Path, values: np.ndarray, voxel_size: float = 1.5) -> None:
    with mrcfile.new(path, overwrite=True) as f:
        f.set_data(values.astype(np.float32))
        f.voxel_size = voxel_size
        f.set_volume()


@pytest.fixture
def halves(tmp_path: Path) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    z, y, x = np.indices((40, 40, 40)) - 20
    body = (z**2 + y**2 + x**2 < 100) * (1 + 4 * gaussian_filter(rng.standard_normal((40, 40, 40)), 1.5))
    maps = [gaussian_filter(body, 1) + 0.3 * rng.standard_normal((40, 40, 40)) for _ in range(2)]
    for i, values in enumerate(maps, 1):
        write(tmp_path / f"half{i}.mrc", values)
    write(tmp_path / "mask.mrc", np.clip((14 - np.sqrt(z**2 + y**2 + x**2)) / 3, 0, 1))
    return maps


def test_half_maps_get_their_resolution_without_mask_with_it_and_corrected_for_it(
    run_json: Callable[..., Any], halves: list[np.ndarray]
) -> None:
    found = run_json("fsc", "half1.mrc", "half2.mrc", "--mask", "mask.mrc")
    assert found["voxel_size_a"] == 1.5
    assert len(found["spatial_frequency_per_a"]) == len(found["correlation"]) == 21
    assert 3 < found["resolution_a"]["0.143"] < found["resolution_a"]["half_bit"] < found["resolution_a"]["0.5"] < 20
    assert found["masked"]["resolution_a"]["0.5"] < found["resolution_a"]["0.5"]
    assert found["phase_randomised"]["resolution_a"]["0.143"] >= found["masked"]["resolution_a"]["0.143"]
    assert found["mask"] == "mask.mrc"
    assert run_json("fsc", "half1.mrc", "half2.mrc")["mask"] == "automatic"
    assert run_json("fsc", "half1.mrc", "half2.mrc", "--voxel-size", 3)["resolution_a"]["0.5"] == pytest.approx(
        2 * found["resolution_a"]["0.5"], rel=1e-4
    )


def test_people_read_a_table_and_in_a_terminal_see_the_curves(
    run: Callable[..., Any], halves: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = run("fsc", "half1.mrc", "half2.mrc").stdout
    assert "unmasked" in said
    assert "Nyquist 3.00 Å" in said
    assert "⠉" not in said
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    drawn = run("fsc", "half1.mrc", "half2.mrc").stdout
    assert "⠉" in drawn
    assert "━ corrected" in drawn


def test_what_cannot_be_correlated_is_refused_with_a_sentence(run: Callable[..., Any], halves: list[np.ndarray], tmp_path: Path) -> None:
    write(tmp_path / "small.mrc", halves[0][:-1])
    assert "39 × 40 × 40; expected the same box" in run("fsc", "half1.mrc", "small.mrc", exit_code=3).stderr
    write(tmp_path / "wide.mrc", halves[1], 1.6)
    assert "1.6" in run("fsc", "half1.mrc", "wide.mrc", exit_code=3).stderr
    assert "expected a mask" in run("fsc", "half1.mrc", "half2.mrc", "--mask", "half1.mrc", exit_code=3).stderr
    assert "There is no file" in run("fsc", "half1.mrc", "half3.mrc", exit_code=5).stderr
    write(tmp_path / "flat.mrc", np.zeros((40, 40, 40)))
    assert "no density" in run("fsc", "flat.mrc", "half2.mrc", exit_code=3).stderr


def test_a_map_held_against_itself_is_said_to_mean_nothing(run_json: Callable[..., Any], halves: list[np.ndarray]) -> None:
    found = run_json("fsc", "half1.mrc", "half1.mrc")
    assert set(found["resolution_a"].values()) == {None}
    assert "says nothing of resolution" in found["notes"][0]


def test_a_map_is_held_against_its_model(run: Callable[..., Any], run_json: Callable[..., Any], tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    lines = [
        f"ATOM  {i:5d}  C   ALA A{i:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00 20.00           C"
        for i, (x, y, z) in enumerate(rng.uniform(15, 45, (80, 3)), 1)
    ]
    (tmp_path / "model.pdb").write_text("\n".join([*lines, "END", ""]))
    density = DensityMap(np.zeros((40, 40, 40), np.float32), (1.5, 1.5, 1.5))
    values = map_from_model(read_model(tmp_path / "model.pdb")[0], density, resolution_a=6)
    write(tmp_path / "map.mrc", values + 0.5 * values.std() * rng.standard_normal(values.shape))
    found = run_json("fsc", "map.mrc", "model.pdb")
    assert 3 < found["masked"]["resolution_a"]["0.5"] < found["resolution_a"]["0.5"] < 10
    assert found["phase_randomised"] is None
    assert "masked" in run("fsc", "map.mrc", "model.pdb").stdout
    write(tmp_path / "far.mrc", values, 0.2)
    assert "No atom" in run("fsc", "far.mrc", "model.pdb", exit_code=3).stderr
