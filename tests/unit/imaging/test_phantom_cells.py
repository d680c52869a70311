import numpy as np
import pytest

from micrographia.imaging.phantom_cells import MEMBRANE, MITOCHONDRION, OUTSIDE, STRUCTURES, phantom_nuclei, phantom_tissue


@pytest.fixture(scope="module")
def tissue():
    return phantom_tissue((24, 96, 96), seed=5)


def test_tissue_is_the_same_for_the_same_seed(tissue):
    assert np.array_equal(tissue.image, phantom_tissue((24, 96, 96), seed=5).image)


def test_labels_use_only_known_structures_and_agree_about_the_outside(tissue):
    assert set(np.unique(tissue.structures)) <= set(STRUCTURES)
    assert np.array_equal(tissue.cells == 0, tissue.structures == OUTSIDE)


def test_membranes_and_mitochondria_are_darker_than_the_rest(tissue):
    mean = {s: tissue.image[tissue.structures == s].mean() for s in (1, MEMBRANE, MITOCHONDRION)}
    assert mean[MEMBRANE] < mean[1] - 15
    assert mean[MITOCHONDRION] < mean[1] - 15


def test_reporter_ratio_is_seen_in_the_image():
    def measured(ratio):
        field = phantom_nuclei((128, 128), count=12, ratio=ratio, rng=np.random.default_rng(2))
        inside = field.labels > 0
        assert len(field.ratios) == field.labels.max()
        return field.images[1][inside].mean()

    assert measured(0.4) < measured(1.5) < measured(3.0)
