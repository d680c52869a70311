"""Maps beside maps, by commands alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

SHEET = """
schema: micrographia/entry/1
title: Cork in {symmetry}
authors: [{{name: "Hooke, Robert"}}]
image_sets: [{{id: micrographs, kind: micrographs, files: notes.txt}}]
maps: [{{id: final, file: map.mrc, symmetry: {symmetry}}}]
processes: [{{id: refine, kind: 3D refinement, software: {{name: RELION}}, inputs: [micrographs], outputs: [final]}}]
"""
HOME = ("--home", "archive")


def test_trace_says_what_differs_and_with_which_images_both_began(
    run: Callable[..., Any], run_json: Callable[..., Any], folder: Path, tmp_path: Path
) -> None:
    for symmetry in ("C1", "D2"):
        shutil.copytree(folder, tmp_path / symmetry)
        (tmp_path / symmetry / "entry.yaml").write_text(SHEET.format(symmetry=symmetry))
        run("deposit", symmetry, *HOME, "--release")
    said = run_json("trace", "MG-10001", "MG-10002/final", *HOME)
    assert said["differences"] == [{"field": "symmetry", "a": "C1", "b": "D2", "step": "map"}]
    assert [(raw["accession"], raw["image_set"], raw["kind"]) for raw in said["raw"]["b"]] == [("MG-10002", "micrographs", "micrographs")]
    table = run("trace", "MG-10001", "MG-10002", *HOME).stdout
    assert "1 difference." in table and "MG-10001/final begins with MG-10001/micrographs (micrographs)." in table
    same = run("trace", "MG-10001", "MG-10001", *HOME).stdout
    assert "Nothing that is said of how MG-10001/final and MG-10001/final were made differs." in same
    assert "MG-10003" in run("trace", "MG-10001", "MG-10003", *HOME, exit_code=5).stderr
