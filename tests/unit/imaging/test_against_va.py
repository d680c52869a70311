"""Our numbers beside those of EMDB's validation analysis, the package `va`, recorded in tests/data/va.json.

Where MICROGRAPHIA_VA names the Python of an environment that has it (`pip install va six`), it is run again and must still say the same;
with UPDATE_SNAPSHOTS=1 what it says is recorded anew.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import pytest

from micrographia.formats.density import open_density
from micrographia.imaging.distribution import density_histogram, enclosed_volume, volume_at
from micrographia.imaging.fsc import fourier_shell_correlation
from micrographia.imaging.spectrum import rotationally_averaged_power
from micrographia.imaging.views import largest_variance_indices

RECORD = Path(__file__).parents[2] / "data" / "va.json"
SIDE, VOXEL_SIZE_A, CONTOUR_LEVEL = 128, 1.2, 0.05
NAMES = {"0.143": "0.143", "0.5": "0.5", "half_bit": "halfbit", "one_bit": "onebit", "three_sigma": "threesig"}


def half_maps() -> list[np.ndarray]:
    """Signal that ends near shell 58 of 64, with noise of its own in each half."""
    rng = np.random.default_rng(2022)
    k = np.fft.fftfreq(SIDE) * SIDE
    r = np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + k[: SIDE // 2 + 1] ** 2)
    spectrum = np.fft.rfftn(rng.standard_normal((SIDE,) * 3)) * np.sqrt(3 / (1 + (r / 54) ** 40))
    signal = np.fft.irfftn(spectrum, (SIDE,) * 3, axes=(0, 1, 2))
    return [(signal + rng.standard_normal(signal.shape)).astype(np.float32) for _ in range(2)]


def emd_1832(real_data: Path) -> Path:
    return real_data / "emdb-empiar_sfftk" / "images" / "emd_1832.map"


def what_va_says(folder: Path, real_map: Path) -> dict[str, Any]:
    """Run va as its users do and keep of what it writes what we compare."""
    map_path = folder / "emd_1832.map"
    map_path.write_bytes(real_map.read_bytes())
    for i, values in enumerate(half_maps(), 1):
        with mrcfile.new(folder / f"half{i}.map", data=values) as f:
            f.voxel_size = VOXEL_SIZE_A
    command = [Path(os.environ["MICROGRAPHIA_VA"]).with_name("va"), "-m", map_path.name, "-d", f"{folder}/", "-cl", str(CONTOUR_LEVEL)]
    for more in (["-hmeven", "half1.map", "-hmodd", "half2.map", "-run", "fsc"], ["-run", "all"]):
        subprocess.run([*command, *more], check=True, capture_output=True, timeout=300)

    def read(what: str, key: str) -> Any:
        return json.loads((folder / f"emd_1832.map_{what}.json").read_text())[key]

    crossings = read("fsc", "fsc")["intersections"]
    return {
        "fsc_crossings_per_a": {name: crossings[theirs]["x"] for name, theirs in NAMES.items()},
        "raps": read("raps", "rotationally_averaged_power_spectrum"),
        "density_distribution": read("density_distribution", "density_distribution"),
        "volume_estimate": read("volume_contour", "volume_estimate"),
        "largest_variance": read("largestvariance", "largest_variance_slice")["indices"],
    }


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RECORD.read_text())
    return found


@pytest.mark.slow
def test_va_says_what_is_recorded_of_it(real_data: Path, tmp_path: Path) -> None:
    if "MICROGRAPHIA_VA" not in os.environ:
        pytest.skip("MICROGRAPHIA_VA names no Python that has the package va")
    says = what_va_says(tmp_path, emd_1832(real_data))
    if os.environ.get("UPDATE_SNAPSHOTS"):
        RECORD.write_text(json.dumps(json.loads(RECORD.read_text() if RECORD.exists() else "{}") | says) + "\n")
    assert {name: value for name, value in json.loads(RECORD.read_text()).items() if name != "provenance"} == says


def test_resolution_crossings_agree_within_one_percent(recorded: dict[str, Any]) -> None:
    """Both count whole shells, va by their outer edges and we by their middles: half a shell lies between them."""
    curve = fourier_shell_correlation(*half_maps(), voxel_size_a=VOXEL_SIZE_A)
    half_a_shell = 0.5 / (SIDE * VOXEL_SIZE_A)
    for name, theirs in recorded["fsc_crossings_per_a"].items():
        ours = curve.resolution_a[name]
        assert ours is not None
        assert ours == pytest.approx(1 / theirs, rel=0.01), name
        assert ours == pytest.approx(1 / (theirs - half_a_shell), rel=0.005), name


def test_the_power_spectrum_of_emd_1832_agrees_within_one_percent(recorded: dict[str, Any], real_data: Path) -> None:
    """Within one per cent of the range of the curve; va loses a few samples of small shells to rounding."""
    density = open_density(emd_1832(real_data))
    spectrum = rotationally_averaged_power(density.values, voxel_size_a=density.voxel_size_a)
    theirs = np.array(recorded["raps"]["y"])
    assert np.allclose(spectrum.spatial_frequency_per_a, recorded["raps"]["x"], rtol=1e-6)
    assert np.abs(spectrum.log10_power - theirs).max() < 0.01 * np.ptp(theirs)
    assert np.median(np.abs(spectrum.log10_power - theirs)) < 1e-3


def test_the_histogram_of_emd_1832_agrees(recorded: dict[str, Any], real_data: Path) -> None:
    histogram = density_histogram(open_density(emd_1832(real_data)).values)
    theirs = recorded["density_distribution"]
    assert np.allclose(np.log10(np.maximum(histogram.counts, 1)), theirs["y"], rtol=0.01)
    assert np.allclose(histogram.edges[:-1], theirs["x"], atol=1e-5)
    assert histogram.mode == pytest.approx(theirs["mode"], abs=1e-5)


def test_the_volumes_and_sections_of_emd_1832_agree(recorded: dict[str, Any], real_data: Path) -> None:
    density = open_density(emd_1832(real_data))
    theirs = recorded["volume_estimate"]
    curve = enclosed_volume(density.values, voxel_size_a=density.voxel_size_a)
    assert np.allclose(curve.volume_nm3, theirs["volume"], rtol=0.01)
    assert np.allclose(curve.levels, theirs["level"], atol=1e-5)
    assert volume_at(density.values, CONTOUR_LEVEL, voxel_size_a=density.voxel_size_a) == pytest.approx(theirs["estvolume"], rel=1e-4)
    assert largest_variance_indices(density.values) == recorded["largest_variance"]
