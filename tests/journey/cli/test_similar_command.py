"""Maps like one map, by commands alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np

from micrographia.assembly import open_archive
from micrographia.compare.shapes import SHAPE
from micrographia.derive.making import derive
from micrographia.imaging.density import DensityMap
from micrographia.settings import Settings
from micrographia.testing.assemblies import symmetric
from micrographia.testing.map_pairs import make_pair

HOME = ("--home", "archive")


def write_map(path: Path, density: DensityMap) -> None:
    path.parent.mkdir(exist_ok=True)
    with mrcfile.new(path) as file:
        file.set_data(density.values)
        file.voxel_size = density.voxel_size_a[0]
        file.set_volume()


def test_similar_ranks_released_maps_and_says_which_are_not_searched(
    run: Callable[..., Any], run_json: Callable[..., Any], tmp_path: Path
) -> None:
    pair = make_pair(symmetric("C5", 2), 31, side=32, resolution_a=(10.0, 12.0), snr=(3.0, 4.0))
    write_map(tmp_path / "in" / "map.mrc", pair.a)
    write_map(tmp_path / "query.mrc", pair.b)
    run("deposit", "in", *HOME, "--release", "--title", "A ring of five", "--author", "Hooke, Robert")
    before = run("similar", "query.mrc", *HOME)
    assert "No released map is prepared" in before.stdout
    assert "1 released map is not prepared yet" in before.stderr and "micrographia derive" in before.stderr
    archive = open_archive(Settings(home=tmp_path / "archive", workers=1))
    assert derive(archive, (SHAPE,)).made == 1
    archive.catalogue.close()
    table = run("similar", "query.mrc", *HOME)
    assert "MG-10001.1.1" in table.stdout and "A ring of five" in table.stdout and not table.stderr
    found = run_json("similar", "query.mrc", *HOME, "--limit", 1)
    assert found["similar"] and [r["accession"] for r in found["results"]] == ["MG-10001"]

    write_map(tmp_path / "flat.mrc", DensityMap(np.zeros((16, 16, 16), np.float32), (2.0, 2.0, 2.0)))
    assert "0 everywhere" in run("similar", "flat.mrc", *HOME, "--json", exit_code=3).stderr
    write_map(tmp_path / "noise.mrc", DensityMap(np.random.default_rng(1).normal(size=(24, 24, 24)).astype(np.float32), (4.0, 4.0, 4.0)))
    assert "No similar map." in run("similar", "noise.mrc", *HOME).stdout
    assert "no file" in run("similar", "missing.mrc", *HOME, exit_code=5).stderr
