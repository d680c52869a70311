"""Each example once, whole: its files are declared, its sheet is valid, its truth is true."""

import csv

import mrcfile
import numpy as np
import pytest
import starfile
import tifffile
import yaml

from micrographia.demo.fill import EXAMPLES, make_example
from micrographia.model.declared import Declared
from micrographia.model.sheet import Sheet


@pytest.fixture
def example(request, tmp_path):
    make_example(request.param, tmp_path / "example")
    return tmp_path / "example"


def declared_sheet(folder):
    sheet = Sheet.model_validate(yaml.safe_load((folder / "entry.yaml").read_text(encoding="utf-8")))
    declared = Declared(sheet)
    paths = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.name != "entry.yaml"]
    used = set()
    for path in paths:
        assert declared.numbers(path), f"{path} is declared nowhere"
        used.update(declared.numbers(path))
    assert used == set(range(len(declared.all))), [d for n, d in enumerate(declared.all) if n not in used]
    assert "imulated" in sheet.title + sheet.abstract
    known = {x.id for group in (sheet.image_sets, sheet.maps, sheet.annotations, sheet.screens) for x in group}
    for process in sheet.processes:
        assert known.issuperset(process.inputs + process.outputs)
        assert not set(process.inputs) & set(process.outputs), "a step that makes what it came from"
    return sheet


@pytest.mark.parametrize("example", ["single-particle"], indirect=True)
def test_single_particle_example_reconstructs_its_truth(example):
    sheet = declared_sheet(example)
    stack = mrcfile.read(example / "particles/particles.mrcs")
    rows = starfile.read(example / "particles.star")["particles"]
    assert len(rows) == len(stack) == sheet.image_sets[2].frames
    assert rows["rlnImageName"].iloc[-1] == f"{len(stack):06d}@particles/particles.mrcs"
    truth, found = (mrcfile.read(example / "maps" / name).ravel() for name in ("truth.mrc", "map.mrc"))
    assert np.corrcoef(truth, found)[0, 1] > 0.9
    consensus = sheet.maps[0]
    assert 6 < consensus.resolution_a < 14
    assert found.min() < consensus.contour_level < found.max()
    assert tifffile.imread(example / "movies/mic_001.tif").shape == (6, 1024, 1024)


@pytest.mark.parametrize("example", ["tomography"], indirect=True)
def test_tomography_example_has_density_at_its_picks(example):
    declared_sheet(example)
    tomogram, labels = (mrcfile.read(example / f"TS_01_{name}.mrc") for name in ("rec", "labels"))
    picks = starfile.read(example / "picks.star")
    at = [picks[f"rlnCoordinate{axis}"].round().astype(int) for axis in "ZYX"]
    near = np.max([labels[at[0], at[1], at[2] + dx] == 1 for dx in range(-4, 5)], axis=0)
    assert near.mean() > 0.9
    assert tomogram[labels == 3].mean() < tomogram.mean() - 2 * tomogram.std(), "gold is dark"
    assert tomogram[labels == 1].mean() < tomogram.mean() - tomogram.std(), "complexes are dark"


@pytest.mark.parametrize("example", ["volume-em"], indirect=True)
def test_volume_em_example_has_labels_on_the_same_grid(example):
    declared_sheet(example)
    shapes = {tifffile.imread(path).shape for path in example.glob("*.tif")}
    assert shapes == {(64, 256, 256)}


@pytest.mark.parametrize("example", ["screen"], indirect=True)
def test_screen_example_responds_to_the_dose(example):
    declared_sheet(example)
    assert len(list((example / "plate1").glob("*.tif"))) == 48
    wells = {row["Well"]: row for row in csv.DictReader((example / "wells.csv").read_text().splitlines())}
    reporter = [float(wells[f"A{column:02d}"]["Mean_Reporter"]) for column in range(1, 7)]
    assert reporter == sorted(reporter)
    assert int(wells["C06"]["Nuclei"]) < 0.6 * int(wells["C01"]["Nuclei"]), "compound C kills"


def test_every_example_is_tested_above():
    assert list(EXAMPLES) == ["single-particle", "tomography", "volume-em", "screen"]
