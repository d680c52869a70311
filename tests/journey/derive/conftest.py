"""A released entry with images of several kinds."""

import mrcfile
import numpy as np
import pytest

from micrographia.archive.deposit import deposit_folder
from micrographia.assembly import open_archive
from micrographia.settings import Settings
from micrographia.testing.examples import HOOKE


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "archive", workers=2)


@pytest.fixture
def archive(settings):
    opened = open_archive(settings)
    yield opened
    opened.catalogue.close()


@pytest.fixture
def folder(tmp_path):
    where = tmp_path / "cork"
    where.mkdir()
    rng = np.random.default_rng(1665)
    for name, shape in (("long", (20, 300, 24)), ("small", (12, 12, 12)), ("other", (8, 280, 40))):
        with mrcfile.new(where / f"{name}.mrc") as file:
            file.set_data(rng.normal(size=shape).astype(np.float32))
            file.voxel_size = 1.5
            file.set_volume()
    return where


@pytest.fixture
def released(archive, folder):
    return deposit_folder(archive, folder, given=HOOKE, until="released").accession
