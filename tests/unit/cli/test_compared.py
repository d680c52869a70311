"""The words for a transform, checked against the matrix that they describe."""

import re

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from micrographia.cli.compared import chimerax_command, comparison_lines, motion_in_words


def transform(turn, shift=(1.0, -2.0, 3.0)):
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn, shift
    return matrix.tolist()


@pytest.mark.parametrize("mirror", [1, -1])
@pytest.mark.parametrize("rotvec", [(0.5, 0.2, -0.9), (0.0, 3.0, 0.0), (-1.5, 1.2, 0.3)])
def test_the_motion_in_words_is_the_transform(rotvec, mirror):
    words = motion_in_words(transform(mirror * Rotation.from_rotvec(rotvec).as_matrix()))
    angle, x, y, z, *shift = map(float, re.findall(r"-?\d+\.\d+", words))
    assert np.allclose(np.deg2rad(angle) * np.array([x, y, z]), rotvec, atol=0.01)
    assert shift == [1, -2, 3]
    assert words.startswith("mirrored") == (mirror == -1)


def test_no_turn_and_half_a_turn_have_no_axis_to_tell():
    assert motion_in_words(transform(np.eye(3))) == "turned by 0.0° and shifted by (1.0, -2.0, 3.0) Å"
    assert "axis" not in motion_in_words(transform(np.diag([1, -1, -1])))


def test_chimerax_opens_files_and_moves_the_second_or_opens_what_was_aligned():
    document = {"chimerax": "view matrix models #2,1,0,0,1,0,1,0,-2,0,0,1,3"}
    assert chimerax_command(document, "a b.mrc", "b.mrc").endswith(
        "open 'a b.mrc'; open b.mrc; view matrix models #2,1,0,0,1,0,1,0,-2,0,0,1,3"
    )
    assert chimerax_command(document, "MG-10001", "b.mrc").startswith("view matrix")
    assert chimerax_command({"chimerax": None}, "a.mrc", "b.mrc").startswith("open a.mrc; open aligned.mrc")
    assert chimerax_command({"chimerax": None}, "MG-10001", "b.mrc").startswith("open aligned.mrc")


def test_moves_and_maps_without_blobs_are_told():
    difference = {
        "blobs": [],
        "moves": [{"distance_a": 5.0, "vector_a": [3, 4, 0], "blobs": [0, 1]}],
        "chains": [],
        "threshold_sigma": 5.1,
        "resolution_a": 8.0,
        "noise_from": "half maps",
    }
    document = {
        "transform": transform(np.eye(3)),
        "mirrored": False,
        "voxel_size_factor": 1.0,
        "chimerax": "view matrix models #2,1,0,0,1,0,1,0,-2,0,0,1,3",
        "confidence": 0.9,
        "score": 0.8,
        "notes": ["Odd."],
        "files": [],
    }
    document |= {"difference": difference, "resolution_a": {"0.5": None, "0.143": 7.0}}
    said = [str(line) for line in comparison_lines(document, "a.mrc", "b.mrc")]
    assert said[0] == "Odd." and "They agree to 7 Å (0.143)." in said
    assert "  none: nothing is beyond 5.1 σ." in said
    assert "Blob 1 of A may be blob 2 of B: moved by 5.0 Å, (3.0, 4.0, 0.0)." in said
