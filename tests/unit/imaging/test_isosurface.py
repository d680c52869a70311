"""The surface of a density as a picture: shapes that one knows come out where they are, and what has no surface gives none."""

import time
import tracemalloc

import numpy as np
import pytest

from micrographia.imaging.isosurface import draw_isosurface, pool_cubes


def ball(n, radius, centre=(0.0, 0.0, 0.0)):
    axes = np.meshgrid(*[np.linspace(-1, 1, n, dtype=np.float32)] * 3, indexing="ij")
    distance = np.sqrt(sum((a - c) ** 2 for a, c in zip(axes, centre, strict=True)))
    return (radius - distance).astype(np.float32)


def drawn(picture):
    """Where a picture is not background."""
    return (picture != picture[0, 0]).any(axis=2)


def test_a_ball_is_a_disc_lit_from_above():
    picture = draw_isosurface(ball(48, 0.6), 0.0, 128)
    assert picture.shape == (128, 128, 3)
    rows, columns = np.nonzero(drawn(picture))
    diameter = np.ptp(rows) + 1
    assert diameter == pytest.approx(np.ptp(columns) + 1, abs=2)
    assert 0.8 * 128 < diameter < 128
    assert drawn(picture).sum() == pytest.approx(np.pi * diameter**2 / 4, rel=0.03)
    brightness = picture.sum(axis=2)
    assert brightness[:50][drawn(picture)[:50]].mean() > 1.5 * brightness[78:][drawn(picture)[78:]].mean()


def test_what_lies_above_in_z_is_drawn_above():
    picture = draw_isosurface(np.maximum(ball(40, 0.2, (-0.6, 0, 0)), ball(40, 0.35, (0.5, 0, 0))), 0.0, 96)
    widths = drawn(picture).sum(axis=1)
    assert widths[:48].max() > 1.3 * widths[48:].max()


def test_voxels_need_not_be_cubes():
    flat = ball(48, 0.6)[::4]
    squeezed, true = (drawn(draw_isosurface(flat, 0.0, 96, spacing=s)) for s in ((1, 1, 1), (4, 1, 1)))
    height = [np.ptp(np.nonzero(d)[0]) / np.ptp(np.nonzero(d)[1]) for d in (squeezed, true)]
    assert height[0] < 0.8
    assert height[1] == pytest.approx(1, abs=0.05)


def test_a_ball_cut_by_its_box_has_a_lid():
    volume = ball(40, 0.8)[:20]
    assert drawn(draw_isosurface(volume, 0.0, 96)).mean() > 0.2


@pytest.mark.parametrize(
    ("volume", "level"),
    [
        (np.zeros((20, 20, 20), np.float32), 0.5),
        (np.ones((20, 20, 20), np.float32), 0.5),
        (np.full((20, 20, 20), np.nan, np.float32), 0.5),
        (np.random.default_rng(2).normal(size=(64, 64, 64)).astype(np.float32), 2.5),
    ],
    ids=["nothing inside", "all inside", "not a number", "noise"],
)
def test_where_there_is_no_surface_to_see_there_is_no_picture(volume, level):
    assert draw_isosurface(volume, level, 96) is None


def test_a_large_map_takes_little_time_and_memory():
    volume = ball(256, 0.7)
    tracemalloc.start()
    began = time.perf_counter()
    assert draw_isosurface(volume, 0.0, 512) is not None
    seconds, peak = time.perf_counter() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < 10  # one or two on an idle machine
    assert peak < 3 * volume.nbytes


def test_cubes_are_pooled_and_ends_cut_off():
    volume = np.arange(5 * 4 * 4, dtype=np.int16).reshape(5, 4, 4)
    small = pool_cubes(volume, 2)
    assert small.shape == (2, 2, 2)
    assert small[0, 0, 0] == volume[:2, :2, :2].mean()
