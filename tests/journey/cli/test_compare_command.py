"""Two maps compared by the command line: files, and maps of an archive."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gemmi
import mrcfile
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from micrographia.formats.density import open_density, write_density
from micrographia.imaging.density import DensityMap
from micrographia.imaging.phantoms import Blobs
from micrographia.testing.assemblies import globular
from micrographia.testing.map_pairs import render

WHOLE = globular(11).blobs
TAKEN = np.linalg.norm(WHOLE.positions_xyz_a - WHOLE.positions_xyz_a[np.argmax(WHOLE.positions_xyz_a[:, 2])], axis=1) < 13
LESS = Blobs(WHOLE.positions_xyz_a[~TAKEN], WHOLE.sigmas_a[~TAKEN], WHOLE.weights[~TAKEN])
MOTION = np.eye(4)
MOTION[:3, :3] = Rotation.from_rotvec([0.9, -0.4, 1.3]).as_matrix()


def drawn(blobs: Blobs, seed: int, motion: Any = None, origin: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> DensityMap:
    rng = np.random.default_rng(seed)
    return render(blobs, rng, motion=motion, side=36, box_a=126.0, resolution_a=10.0, snr=4.0, origin_xyz_a=origin)


A, B = drawn(WHOLE, 1, origin=(10.0, -20.0, 5.0)), drawn(LESS, 2, MOTION)


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    write_density(tmp_path / "a.mrc", A, "a")
    write_density(tmp_path / "b.mrc", B, "b")
    return tmp_path


def test_two_files_are_superposed_correlated_and_subtracted(maps: Path, run_json: Callable[..., Any]) -> None:
    document = run_json("compare", "a.mrc", "b.mrc", "-o", "out")
    turn = np.array(document["transform"])[:3, :3]
    assert np.allclose(turn, MOTION[:3, :3].T, atol=0.04)
    assert document["confidence"] > 0.5 and document["mirrored"] is False
    assert set(document["fsc"]) >= {"voxel_size_a", "spatial_frequency_per_a", "correlation", "resolution_a", "masked", "phase_randomised"}
    blob = document["difference"]["blobs"][0]
    assert blob["sign"] == "+"
    assert math.dist(blob["center_a"], WHOLE.positions_xyz_a[TAKEN].mean(0) + A.middle_xyz_a) < 5
    assert document["files"] == ["out/aligned.mrc", "out/difference.mrc"]
    aligned, difference = (open_density(maps / path) for path in document["files"])
    for written in (aligned, difference):
        assert written.origin_xyz_a == A.origin_xyz_a and written.size_xyz_a == pytest.approx(A.size_xyz_a)
    assert aligned.shape_zyx == A.shape_zyx
    assert difference.values.max() == pytest.approx(blob["peak_sigma"], abs=0.01)
    assert np.corrcoef(aligned.values.ravel(), A.values.ravel())[0, 1] > 0.6


def test_people_read_motion_command_resolution_blobs_and_chains(maps: Path, run: Callable[..., Any]) -> None:
    structure, model = gemmi.Structure(), gemmi.Model(1)
    for name, kept in (("body", ~TAKEN), ("tip", TAKEN)):
        chain = model.add_chain(gemmi.Chain(name))
        for n, place in enumerate(WHOLE.positions_xyz_a[kept] + A.middle_xyz_a, 1):
            residue = gemmi.Residue()
            residue.name, residue.seqid = "ALA", gemmi.SeqId(n, " ")
            atom = gemmi.Atom()
            atom.name, atom.pos, atom.element = "CA", gemmi.Position(*place), gemmi.Element("C")
            residue.add_atom(atom)
            chain.add_residue(residue)
    structure.add_model(model)
    structure.setup_entities()
    structure.make_mmcif_document().write_file(str(maps / "model.cif"))
    said = run("compare", "a.mrc", "b.mrc", "--model", "model.cif").stdout
    angle = np.degrees(Rotation.from_rotvec([0.9, -0.4, 1.3]).magnitude())
    assert f"turned by {angle:.0f}"[:-1] in said and "shifted by" in said
    assert "open a.mrc; open b.mrc; view matrix models #2," in said
    assert "They agree to" in said and "Å³" in said
    tip, body = (line.split() for line in said.splitlines() if line.split()[:1] in (["tip"], ["body"]))
    assert tip[0] == "tip" and int(tip[2].rstrip("%")) > 80 > 30 > int(body[2].rstrip("%"))


def test_maps_of_an_archive_and_drafts_of_its_operator_are_named_by_their_accession(
    tmp_path: Path, maps: Path, run: Callable[..., Any], run_json: Callable[..., Any]
) -> None:
    folder = tmp_path / "deposit"
    folder.mkdir()
    (maps / "a.mrc").rename(folder / "a.mrc")
    accession = run_json("deposit", folder, "--home", "archive", "--title", "A", "--author", "Hooke, Robert")["accession"]
    documents = [run_json("compare", name, "b.mrc", "--home", "archive") for name in (accession, f"{accession}.1.1")]
    assert documents[0] == documents[1] and documents[0]["difference"]["blobs"][0]["sign"] == "+"
    assert "is no map" in run("compare", f"{accession}/nothing", "b.mrc", "--home", "archive", exit_code=3).stderr
    run("compare", "MG-99999", "b.mrc", "--home", "archive", exit_code=5)


def test_unlike_maps_are_said_to_be_unlike_and_no_difference_is_written(maps: Path, run: Callable[..., Any]) -> None:
    noise = replace(B, values=np.random.default_rng(3).standard_normal((36, 36, 36)).astype(np.float32))
    write_density(maps / "noise.mrc", noise, "noise")
    said = run("compare", "a.mrc", "noise.mrc", "-o", "out").stdout
    assert "not superposed with confidence" in said and "ChimeraX" not in said
    assert not (maps / "out").exists()


def test_half_maps_judge_the_difference_by_their_noise(maps: Path, run_json: Callable[..., Any], run: Callable[..., Any]) -> None:
    for name, blobs, motion in (("a", WHOLE, None), ("b", LESS, MOTION)):
        for half in (1, 2):
            write_density(maps / f"{name}{half}.mrc", drawn(blobs, 10 + half, motion), "half")
    halves = ("--half-maps-a", "a1.mrc", "a2.mrc", "--half-maps-b", "b1.mrc", "b2.mrc")
    assert run_json("compare", "a.mrc", "b.mrc", *halves)["difference"]["noise_from"] == "half maps"
    write_density(maps / "a2.mrc", replace(A, values=A.values[:-2]), "half")
    assert "expected the same box" in run("compare", "a.mrc", "b.mrc", *halves, exit_code=3).stderr


def spoiled(values: np.ndarray) -> np.ndarray:
    values = values.copy()
    values[3, 3, 3] = np.nan
    return values


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (np.zeros_like, "0 everywhere"),
        (lambda v: np.full_like(v, 7), "7 everywhere"),
        (spoiled, "1 voxels that are NaN"),
        (lambda v: (v > np.quantile(v, 0.95)).astype("f4"), "looks like a mask"),
    ],
)
def test_what_is_no_map_is_refused_with_a_sentence(maps: Path, run: Callable[..., Any], change: Callable[..., Any], said: str) -> None:
    write_density(maps / "bad.mrc", replace(A, values=change(A.values)), "bad")
    for names in (("a.mrc", "bad.mrc"), ("bad.mrc", "a.mrc")):
        assert said in run("compare", *names, exit_code=3).stderr


def test_a_truncated_or_missing_file_and_one_without_voxel_size_are_refused(maps: Path, run: Callable[..., Any]) -> None:
    whole = (maps / "b.mrc").read_bytes()
    (maps / "cut.mrc").write_bytes(whole[: len(whole) // 2])
    assert "more than it holds" in run("compare", "a.mrc", "cut.mrc", exit_code=3).stderr
    run("compare", "a.mrc", "none.mrc", exit_code=5)
    (maps / "text.mrc").write_text("no map")
    run("compare", "a.mrc", "text.mrc", exit_code=3)
    with mrcfile.open(maps / "b.mrc", "r+") as file:
        file.voxel_size = 0
    assert "voxel size" in run("compare", "a.mrc", "b.mrc", exit_code=3).stderr
    run("compare", "a.mrc", "b.mrc", "--voxel-size-b", "3.5")


def test_the_model_must_be_one(maps: Path, run: Callable[..., Any]) -> None:
    (maps / "model.pdb").write_text("no model\n")
    assert "no atoms" in run("compare", "a.mrc", "b.mrc", "--model", "model.pdb", exit_code=3).stderr
    run("compare", "a.mrc", "b.mrc", "--model", "none.pdb", exit_code=5)


def test_a_tomogram_is_pointed_out_for_its_size(maps: Path, run_json: Callable[..., Any]) -> None:
    write_density(maps / "tomogram.mrc", replace(B, values=np.random.default_rng(5).standard_normal((20, 64, 64)).astype("f4"),
                                                 voxel_size_a=(14.0,) * 3), "tomogram")  # fmt: skip
    document = run_json("compare", "a.mrc", "tomogram.mrc")
    assert document["confidence"] < 0.5 and document["difference"]["blobs"] == []
    assert any("as a tomogram does" in note for note in document["notes"])
