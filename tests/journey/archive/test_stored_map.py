"""A map comes with its half maps, its mask and its files, released or not; and is drawn at its author's level either way."""

import json
import pickle
from dataclasses import replace

import mrcfile
import numpy as np
import pytest

from micrographia.archive.curate import accept_entry
from micrographia.archive.deposit import deposit_folder
from micrographia.archive.lookup import contour_of, list_images
from micrographia.archive.release import release_entry
from micrographia.archive.stored_map import stored_map

SHEET = {
    "schema": "micrographia/entry/1",
    "title": "Of the texture of cork",
    "authors": [{"name": "Hooke, Robert"}],
    "maps": [
        {
            "id": "cork",
            "file": "map.mrc",
            "half_maps": ["map_half1.mrc", "map_half2.mrc"],
            "mask": "mask.mrc",
            "masks": ["other.mrc"],
            "fsc": "fsc.xml",
            "models": ["PDB-4V4Q", "model.pdb"],
            "contour_level": 0.25,
            "symmetry": "C1",
        }
    ],
}


@pytest.fixture
def submitted(archive, folder):
    for name in ("mask", "other"):
        with mrcfile.new(folder / f"{name}.mrc") as file:
            file.set_data((np.indices((12, 12, 12))[0] > 5).astype(np.float32))
            file.voxel_size = 1.5
            file.set_volume()
    (folder / "fsc.xml").write_text("<fsc/>")
    (folder / "model.pdb").write_text("END\n")
    (folder / "entry.yaml").write_text(json.dumps(SHEET))
    return deposit_folder(archive, folder, until="submitted").accession


def primary(archive, accession):
    return next(row for row in list_images(archive, accession, 1)[1] if row.record.kind == "map")


@pytest.mark.parametrize("is_released", [False, True])
def test_what_belongs_to_a_map_comes_with_it(archive, submitted, is_released):
    accept_entry(archive, submitted)
    if is_released:
        release_entry(archive, submitted)
    image = primary(archive, submitted)
    assert contour_of(archive, image) == 0.25
    whole = pickle.loads(pickle.dumps(stored_map(archive, image)))
    assert [h.record.path for h in whole.half_maps] == ["map_half1.mrc", "map_half2.mrc"]
    assert whole.mask.record.path == "mask.mrc" and whole.declared.symmetry == "C1"
    assert [m.name for m in whole.models] == ["model.pdb"]
    with whole.fsc.open() as source:
        assert source.read(0, 6) == b"<fsc/>"
    assert whole.half_maps[0].open()[...].shape == (12, 12, 12)


def test_one_half_map_is_none(archive, folder):
    (folder / "entry.yaml").write_text(json.dumps(SHEET | {"maps": [{"id": "cork", "file": "map.mrc", "half_maps": ["map_half1.mrc"]}]}))
    accession = deposit_folder(archive, folder, until="released").accession
    whole = stored_map(archive, primary(archive, accession))
    assert whole.half_maps == () and whole.mask is None and whole.fsc is None


def test_an_image_of_no_map_has_nothing(archive, submitted):
    mask = next(row for row in list_images(archive, submitted, 1)[1] if row.record.path == "other.mrc")
    stray = replace(mask, record=mask.record.model_copy(update={"role": ""}))
    assert stored_map(archive, stray) is None
