"""Example entry: movies → micrographs → particles → half maps → map of one phantom complex."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from micrographia.demo._sheet import write_sheet
from micrographia.demo._write import write_mrc, write_star
from micrographia.imaging.ctf import Defocus, Optics, contrast_transfer
from micrographia.imaging.phantom_cells import smooth_noise
from micrographia.imaging.phantoms import (
    Blobs,
    Floats,
    Image,
    density_map,
    euler_matrix,
    phantom_complex,
    projection,
    random_euler_angles_deg,
    scatter,
    soft_mask,
)
from micrographia.imaging.reconstruction import reconstruct

PIXEL_A = 2.4
BOX = 80
MICROGRAPH = 1024
MICROGRAPHS = 5
MOVIES = 2
FRAMES = 6
PARTICLES_EACH = 64
DOSE_E_PER_A2 = 40.0
OPTICS = Optics(voltage_kv=300.0, cs_mm=2.7, amplitude_contrast=0.1)
B_FACTOR_A2 = 40.0
# strength of the phase contrast: several times a protein's, so that a few hundred particles show what real work needs 10⁵ for
CONTRAST_A2 = 0.7


@dataclass(frozen=True, slots=True)
class _Exposure:
    """One micrograph and the truth about it."""

    name: str
    defocus: Defocus
    centres_yx: Floats
    angles_deg: Floats
    micrograph: Image


def make_single_particle(folder: Path, seed: int = 1665) -> None:
    """Write the files and the sheet of the single-particle example into `folder`."""
    rng = np.random.default_rng(seed)
    for name in ("movies", "micrographs", "particles", "picks", "maps", "motion"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    blobs = phantom_complex(seed)
    exposures = [_expose(folder, number, blobs, rng) for number in range(1, MICROGRAPHS + 1)]
    facts = _particles_and_maps(folder, exposures, blobs)
    _write_micrographs_star(folder, exposures)
    particles = sum(len(e.centres_yx) for e in exposures)
    write_sheet(folder, "single-particle", particles=particles, **facts)


def _expose(folder: Path, number: int, blobs: Blobs, rng: np.random.Generator) -> _Exposure:
    """Simulate one exposure, write its movie (of the first few), micrograph and picks."""
    name = f"mic_{number:03d}"
    field = MICROGRAPH * PIXEL_A
    centres_yx = scatter(PARTICLES_EACH, (field, field), 185.0, rng, margin=BOX * PIXEL_A / 2) / PIXEL_A
    angles = random_euler_angles_deg(len(centres_yx), rng)
    mean_a = rng.uniform(11000, 21000)
    defocus = Defocus(round(mean_a + 250), round(mean_a - 250), round(rng.uniform(0, 180), 1))
    potential = np.zeros((MICROGRAPH, MICROGRAPH), np.float32)
    for (cy, cx), angle in zip(centres_yx, angles, strict=True):
        row, column = round(cy), round(cx)
        shift = np.array([(cx - column) * PIXEL_A, (cy - row) * PIXEL_A, 0.0])
        view = projection(blobs.rotated(euler_matrix(*angle), shift), shape_yx=(BOX, BOX), pixel_size_a=PIXEL_A)
        potential[row - BOX // 2 : row + BOX // 2, column - BOX // 2 : column + BOX // 2] += view
    transfer = contrast_transfer(potential.shape, pixel_size_a=PIXEL_A, optics=OPTICS, defocus=defocus, b_factor_a2=B_FACTOR_A2)
    spectrum = np.fft.rfft2(CONTRAST_A2 * potential) * transfer
    ice = 1 + 0.008 * smooth_noise(potential.shape, 140.0, rng)
    dose = DOSE_E_PER_A2 * PIXEL_A**2
    if number <= MOVIES:
        micrograph = _movie(folder, name, spectrum, dose * ice / FRAMES, rng)
    else:
        micrograph = rng.poisson(dose * ice * np.maximum(1 + np.fft.irfft2(spectrum), 0.05)).astype(np.float32)
    write_mrc(folder / "micrographs" / f"{name}.mrc", micrograph.astype(np.float16), voxel_size_a=PIXEL_A, label="Simulated micrograph")
    columns = {"CoordinateX": np.round(centres_yx[:, 1]), "CoordinateY": np.round(centres_yx[:, 0])}
    write_star(folder / "picks" / f"{name}_picks.star", {"": columns})
    return _Exposure(name, defocus, centres_yx, angles, micrograph)


def _movie(folder: Path, name: str, spectrum: NDArray[np.complex128], dose: Floats, rng: np.random.Generator) -> Image:
    """Write drifting frames and the drift; return the sum of the frames moved back."""
    steps = rng.normal(0, 0.25, (FRAMES, 2)) + np.array([2.2, 1.4]) * np.exp(-np.arange(FRAMES) / 1.5)[:, None]
    drift_yx = np.cumsum(steps, axis=0) - steps[0]
    frames = np.stack([rng.poisson(dose * np.maximum(1 + np.fft.irfft2(spectrum * _shift(d)), 0.05)) for d in drift_yx])
    tifffile.imwrite(
        folder / "movies" / f"{name}.tif",
        frames.astype(np.uint8),
        photometric="minisblack",
        compression="zlib",
        metadata=None,
        resolution=(1e8 / PIXEL_A, 1e8 / PIXEL_A),
        resolutionunit="CENTIMETER",
    )
    shifts = {"MicrographFrameNumber": range(1, FRAMES + 1), "MicrographShiftX": drift_yx[:, 1], "MicrographShiftY": drift_yx[:, 0]}
    size: dict[str, list[Any]] = {
        "ImageSizeX": [MICROGRAPH],
        "ImageSizeY": [MICROGRAPH],
        "ImageSizeZ": [FRAMES],
        "MicrographOriginalPixelSize": [PIXEL_A],
    }
    general = {"MicrographMovieName": [f"movies/{name}.tif"], **size}
    write_star(folder / "motion" / f"{name}.star", {"general": general, "global_shift": shifts})
    back = sum(np.fft.rfft2(frame) * _shift(-d) for frame, d in zip(frames, drift_yx, strict=True))
    return np.asarray(np.fft.irfft2(back), np.float32)


def _shift(shift_yx: Floats) -> NDArray[np.complex128]:
    """Return what moves a micrograph by so many pixels when its transform is multiplied with it."""
    ky, kx = np.fft.fftfreq(MICROGRAPH)[:, None], np.fft.rfftfreq(MICROGRAPH)
    return np.asarray(np.exp(-2j * np.pi * (ky * shift_yx[0] + kx * shift_yx[1])))


def _particles_and_maps(folder: Path, exposures: list[_Exposure], blobs: Blobs) -> dict[str, object]:
    """Cut out the particles, reconstruct both halves at the true angles, write all; return what the sheet says of the maps."""
    stack: list[Image] = []
    views: list[tuple[Image, Floats, Image]] = []
    rows: list[tuple[object, ...]] = []
    for exposure in exposures:
        transfer = -contrast_transfer((BOX, BOX), pixel_size_a=PIXEL_A, optics=OPTICS, defocus=exposure.defocus, b_factor_a2=B_FACTOR_A2)
        for (cy, cx), angles in zip(exposure.centres_yx, exposure.angles_deg, strict=True):
            row, column = round(cy), round(cx)
            particle = _cut(exposure.micrograph, row, column)
            stack.append(particle)
            origin_yx = np.array([row - cy, column - cx])
            views.append((_centred(particle, origin_yx), euler_matrix(*angles), transfer))
            d = exposure.defocus
            image = f"{len(stack):06d}@particles/particles.mrcs"
            place = (image, f"micrographs/{exposure.name}.mrc", 1, float(column), float(row))
            origin = (origin_yx[1] * PIXEL_A, origin_yx[0] * PIXEL_A)
            rows.append((*place, d.u_a, d.v_a, d.angle_deg, *angles, *origin, len(stack) % 2 + 1))
    write_mrc(folder / "particles" / "particles.mrcs", np.stack(stack).astype(np.float16), voxel_size_a=PIXEL_A, is_stack=True)
    columns = "ImageName MicrographName OpticsGroup CoordinateX CoordinateY DefocusU DefocusV DefocusAngle AngleRot AngleTilt AnglePsi"
    names = [*columns.split(), "OriginXAngst", "OriginYAngst", "RandomSubset"]
    write_star(folder / "particles.star", {"optics": _optics(True), "particles": dict(zip(names, zip(*rows, strict=True), strict=True))})
    return _write_maps(folder, views, blobs)


def _cut(micrograph: Image, row: int, column: int) -> Image:
    """Return one particle, protein bright, background of mean 0 and standard deviation 1."""
    half = BOX // 2
    particle = -micrograph[row - half : row + half, column - half : column + half]
    y, x = np.ogrid[-half:half, -half:half]
    background = particle[y**2 + x**2 > half**2]
    return np.asarray((particle - background.mean()) / background.std(), np.float32)


def _centred(particle: Image, origin_yx: Floats) -> Image:
    ky, kx = np.fft.fftfreq(BOX)[:, None], np.fft.rfftfreq(BOX)
    phase = np.exp(-2j * np.pi * (ky * origin_yx[0] + kx * origin_yx[1]))
    return np.fft.irfft2(np.fft.rfft2(particle) * phase, particle.shape).astype(np.float32)


def _write_maps(folder: Path, views: list[tuple[Image, Floats, Image]], blobs: Blobs) -> dict[str, object]:
    maps = folder / "maps"
    truth = density_map(blobs, shape_zyx=(BOX, BOX, BOX), voxel_size_a=PIXEL_A)
    mask = soft_mask(truth, blur=3.5, level=0.06)
    halves = [reconstruct(views[k::2], box=BOX, damping=4.0) for k in (1, 0)]
    for k, half in enumerate(halves, start=1):
        write_mrc(maps / f"half{k}.mrc", half, voxel_size_a=PIXEL_A, label=f"Half map {k}, simulated particles")
    correlation = _shell_correlation(halves[0] * mask, halves[1] * mask)
    resolution_a = _write_fsc(folder, correlation)
    refined = 0.5 * (halves[0] + halves[1])
    write_mrc(maps / "refined.mrc", refined, voxel_size_a=PIXEL_A, label="Mean of the half maps, simulated particles")
    density = _filtered(refined, correlation) * mask
    write_mrc(maps / "map.mrc", density.astype(np.float32), voxel_size_a=PIXEL_A, label="Map, simulated particles")
    write_mrc(maps / "mask.mrc", mask, voxel_size_a=PIXEL_A, label="Soft mask around the true density")
    write_mrc(maps / "truth.mrc", truth, voxel_size_a=PIXEL_A, label="True density of the phantom complex")
    levels = {"contour_level": 2.5 * density.std(), "refined_contour_level": 2.5 * refined.std()}
    return {"resolution_a": resolution_a, **{name: f"{level:.3g}" for name, level in levels.items()}}


def _shells() -> NDArray[np.int64]:
    k = np.fft.fftfreq(BOX) * BOX
    radius = np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + k[: BOX // 2 + 1] ** 2)
    return np.asarray(np.rint(radius), np.int64)


def _shell_correlation(a: Image, b: Image) -> Floats:
    """Return the correlation of two maps per shell (Harauz & van Heel 1986), up to Nyquist."""
    fa, fb, shell = np.fft.rfftn(a), np.fft.rfftn(b), _shells().ravel()
    cross, aa, bb = (np.bincount(shell, v.ravel()) for v in ((fa * fb.conj()).real, np.abs(fa) ** 2, np.abs(fb) ** 2))
    return np.asarray((cross / np.sqrt(aa * bb))[: BOX // 2 + 1])


def _filtered(density: Image, correlation: Floats) -> Image:
    """Return the map weighted per shell by what its halves agree on: sqrt(2 FSC / (1 + FSC)) (Rosenthal & Henderson 2003)."""
    below = int(np.argmax(correlation < 0.143)) or len(correlation)
    agreed = np.where(np.arange(len(correlation)) < below, np.clip(correlation, 0, 1), 0)
    weight = np.append(np.sqrt(2 * agreed / (1 + agreed)), 0.0)
    spectrum = np.fft.rfftn(density) * weight[np.minimum(_shells(), len(correlation))]
    return np.fft.irfftn(spectrum, density.shape, axes=(0, 1, 2)).astype(np.float32)


def _write_fsc(folder: Path, correlation: Floats) -> float:
    """Write the curve as RELION's postprocess.star and return the resolution at 0.143, Å."""
    frequency = np.arange(len(correlation)) / (BOX * PIXEL_A)
    below = int(np.argmax(correlation < 0.143)) or len(correlation) - 1
    resolution_a = 1 / frequency[below]
    curve = {
        "SpectralIndex": range(len(correlation)),
        "Resolution": frequency,
        "AngstromResolution": [999.0, *(1 / frequency[1:])],
        "FourierShellCorrelationMaskedMaps": correlation,
    }
    write_star(folder / "postprocess.star", {"general": {"FinalResolution": [resolution_a]}, "fsc": curve})
    return round(float(resolution_a), 2)


def _optics(particles: bool) -> dict[str, list[Any]]:
    table: dict[str, list[Any]] = {
        "OpticsGroup": [1],
        "OpticsGroupName": ["opticsGroup1"],
        "Voltage": [OPTICS.voltage_kv],
        "SphericalAberration": [OPTICS.cs_mm],
        "AmplitudeContrast": [OPTICS.amplitude_contrast],
    }
    if particles:
        return table | {"ImagePixelSize": [PIXEL_A], "ImageSize": [BOX], "ImageDimensionality": [2], "CtfDataAreCtfPremultiplied": [0]}
    return table | {"MicrographPixelSize": [PIXEL_A]}


def _write_micrographs_star(folder: Path, exposures: list[_Exposure]) -> None:
    table: dict[str, list[Any]] = {
        "MicrographName": [f"micrographs/{e.name}.mrc" for e in exposures],
        "OpticsGroup": [1] * len(exposures),
        "DefocusU": [e.defocus.u_a for e in exposures],
        "DefocusV": [e.defocus.v_a for e in exposures],
        "DefocusAngle": [e.defocus.angle_deg for e in exposures],
    }
    write_star(folder / "micrographs_ctf.star", {"optics": _optics(False), "micrographs": table})
