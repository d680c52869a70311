"""A small real folder to deposit."""

import numpy as np
import pytest


@pytest.fixture
def folder(tmp_path):
    """A folder with a map, its half maps and a text."""
    import mrcfile

    where = tmp_path / "cork"
    where.mkdir()
    rng = np.random.default_rng(1665)
    signal = rng.normal(size=(12, 12, 12)).astype(np.float32)
    for name, noise in (("map", 0.0), ("map_half1", 0.3), ("map_half2", 0.3)):
        with mrcfile.new(where / f"{name}.mrc") as file:
            file.set_data(signal + noise * rng.normal(size=signal.shape).astype(np.float32))
            file.voxel_size = 1.5
            file.set_volume()
    (where / "notes.txt").write_text("Of the schematisme or texture of cork.\n")
    return where
