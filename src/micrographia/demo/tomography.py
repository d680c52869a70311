"""Example entry: a tilt series, its tomogram, picks and segmentation of vesicles among many copies of the phantom complex."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from micrographia.demo._sheet import write_sheet
from micrographia.demo._write import write_mdoc, write_mrc, write_star
from micrographia.imaging.ctf import Defocus, Optics, contrast_transfer
from micrographia.imaging.phantoms import Floats, Image, euler_matrix, gaussian_blur, phantom_complex, random_euler_angles_deg, scatter
from micrographia.imaging.reconstruction import back_project, tilt_projections

VOXEL_A = 12.0
SHAPE_ZYX = (48, 256, 256)
TILTS_DEG = tuple(float(a) for a in range(-60, 61, 3))
DOSE_PER_TILT = 3.0
DEFOCUS_A = 45_000.0
COMPLEXES = 90
OPTICS = Optics()
# vesicles: centre z, y, x and radius, voxels
VESICLES = ((24, 108, 92, 62.0), (22, 196, 190, 36.0), (27, 56, 206, 30.0))


@dataclass(frozen=True, slots=True)
class _Scene:
    density: Image
    labels: NDArray[np.int8]
    centres_zyx: Floats
    angles_deg: Floats


def make_tomography(folder: Path, seed: int = 1665) -> None:
    """Write the files and the sheet of the tomography example into `folder`."""
    rng = np.random.default_rng(seed)
    scene = _scene(rng, seed)
    tilts = _tilt_series(scene.density, rng)
    write_mrc(folder / "TS_01.mrc", tilts.astype(np.int16), voxel_size_a=VOXEL_A, is_stack=True, label="Simulated tilt series")
    _write_mdoc(folder / "TS_01.mrc.mdoc")
    contrast = tilts / tilts.mean(axis=(1, 2), keepdims=True) - 1
    tomogram = back_project(_low_passed(contrast), TILTS_DEG, SHAPE_ZYX[0])
    scaled = np.clip(np.rint(tomogram * (4000 / tomogram.std())), -32768, 32767).astype(np.int16)
    write_mrc(folder / "TS_01_rec.mrc", scaled, voxel_size_a=VOXEL_A, label="Weighted back-projection, simulated")
    write_mrc(folder / "TS_01_labels.mrc", scene.labels, voxel_size_a=VOXEL_A, label="Truth: 1 complex, 2 membrane, 3 gold")
    _write_picks(folder / "picks.star", scene)
    write_sheet(folder, "tomography", complexes=len(scene.centres_zyx))


def _low_passed(stack: Image) -> Image:
    """Return each section blurred by 0.6 pixels: what a low-pass filter does before back-projection."""
    return np.stack([gaussian_blur(np.asarray(section, np.float32), 0.6) for section in stack])


def _scene(rng: np.random.Generator, seed: int) -> _Scene:
    z, y, x = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in SHAPE_ZYX), indexing="ij")
    density, labels = np.zeros(SHAPE_ZYX, np.float32), np.zeros(SHAPE_ZYX, np.int8)
    free = (z > 8) & (z < SHAPE_ZYX[0] - 9)
    for cz, cy, cx, radius in VESICLES:
        azimuth = np.arctan2(y - cy, x - cx)
        wobble = radius * (1 + 0.05 * np.sin(3 * azimuth + cx) + 0.03 * np.cos(5 * azimuth))
        distance = np.sqrt(((z - cz) * 1.7) ** 2 + (y - cy) ** 2 + (x - cx) ** 2) - wobble
        # two leaflets of head groups, 38 Å apart
        density += np.where(free, 0.8 * (np.exp(-(((distance - 1.6) / 0.75) ** 2)) + np.exp(-(((distance + 1.6) / 0.75) ** 2))), 0)
        labels[free & (np.abs(distance) < 2.6)] = 2
    taken = gaussian_blur((labels == 2).astype(np.float32), 4.0) > 0.03
    centres = scatter(6 * COMPLEXES, tuple(float(n) for n in SHAPE_ZYX), 15.0, rng, margin=12.0)
    centres = np.array([c for c in centres if not taken[tuple(np.rint(c).astype(int))]])[:COMPLEXES]
    angles = random_euler_angles_deg(len(centres), rng)
    complexes = _complexes(centres, angles, seed)
    labels[complexes > 0.25 * complexes.max()] = 1
    density += complexes * (1.6 / np.percentile(complexes[complexes > 0], 99))
    for cz, cy, cx in scatter(9, tuple(float(n) for n in SHAPE_ZYX), 40.0, rng, margin=11.0):
        bead = (z - cz) ** 2 + (y - cy) ** 2 + (x - cx) ** 2 < 3.2**2
        density[bead], labels[bead] = 9.0, 3
    return _Scene(density, labels, centres, angles)


def _complexes(centres_zyx: Floats, angles_deg: Floats, seed: int) -> Image:
    """Return the density of all complexes: their Gaussians counted into voxels and blurred to the voxel size."""
    blobs = phantom_complex(seed)
    total = np.zeros(SHAPE_ZYX, np.float32)
    for centre, angles in zip(centres_zyx, angles_deg, strict=True):
        positions = blobs.rotated(euler_matrix(*angles)).positions_xyz_a
        index = np.rint(positions[:, ::-1] / VOXEL_A + centre).astype(int)
        inside = np.all((index >= 0) & (index < SHAPE_ZYX), axis=1)
        np.add.at(total, tuple(index[inside].T), blobs.weights[inside])
    return gaussian_blur(total, 0.7)


def _tilt_series(density: Image, rng: np.random.Generator) -> Image:
    """Return the counts of each tilt: attenuated contrast through the transfer function, with shot noise."""
    transfer = contrast_transfer(SHAPE_ZYX[1:], pixel_size_a=VOXEL_A, optics=OPTICS, defocus=Defocus(DEFOCUS_A, DEFOCUS_A))
    projections = tilt_projections(density - density.mean(), TILTS_DEG)
    thickness = np.exp(-0.35 * (1 / np.cos(np.deg2rad(TILTS_DEG)) - 1))[:, None, None]
    contrast = np.fft.irfft2(np.fft.rfft2(0.022 * projections) * transfer, SHAPE_ZYX[1:])
    dose = DOSE_PER_TILT * VOXEL_A**2 * thickness
    return rng.poisson(dose * np.maximum(1 + contrast, 0.02)).astype(np.float32)


def _exposure_order() -> list[int]:
    """Return for each tilt, from lowest to highest, when it was exposed: dose-symmetric (Hagen, Wan & Briggs 2017), in steps of one."""
    by_size = sorted(range(len(TILTS_DEG)), key=lambda k: (abs(TILTS_DEG[k]), -TILTS_DEG[k]))
    return [by_size.index(k) for k in range(len(TILTS_DEG))]


def _write_mdoc(path: Path) -> None:
    _, height, width = SHAPE_ZYX
    size = f"{width} {height}"
    header = {"PixelSpacing": VOXEL_A, "Voltage": round(OPTICS.voltage_kv), "ImageFile": "TS_01.mrc", "ImageSize": size, "DataMode": 1}
    sections = [
        {
            "TiltAngle": angle,
            "PixelSpacing": VOXEL_A,
            "ExposureDose": DOSE_PER_TILT,
            "PriorRecordDose": DOSE_PER_TILT * order,
            "Defocus": -DEFOCUS_A / 1e4,
            "TargetDefocus": -DEFOCUS_A / 1e4,
            "RotationAngle": 0,
            "ExposureTime": 1,
        }
        for angle, order in zip(TILTS_DEG, _exposure_order(), strict=True)
    ]
    titles = ["SerialEM: simulated by Micrographia, no microscope", "    Tilt axis angle = 0.0, binning = 1  spot = 1  camera = 0"]
    write_mdoc(path, header, titles, sections)


def _write_picks(path: Path, scene: _Scene) -> None:
    z, y, x = scene.centres_zyx.T
    rot, tilt, psi = scene.angles_deg.T
    table = {
        "TomoName": ["TS_01"] * len(z),
        "CoordinateX": x,
        "CoordinateY": y,
        "CoordinateZ": z,
        "AngleRot": rot,
        "AngleTilt": tilt,
        "AnglePsi": psi,
    }
    write_star(path, {"particles": table})
