import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, basic_indices

from micrographia.errors import InvalidInputError
from micrographia.formats.selection import block_ranges, normalise


def ours(array, index):
    selection = normalise(index, array.shape)
    return selection.finish(array[np.ix_(*[np.array(r, int) for r in selection.ranges])])


@settings(deadline=None)
@given(st.data())
def test_any_basic_index_means_what_it_means_to_numpy(data):
    shape = data.draw(array_shapes(max_dims=4, max_side=6))
    index = data.draw(basic_indices(shape, allow_newaxis=False))
    array = np.arange(np.prod(shape)).reshape(shape)
    assert np.array_equal(ours(array, index), array[index])


@pytest.mark.parametrize(
    "index", [5, -5, (0, 0, 0), (..., ...), slice(0, 2, 0), None, [1], "1", 1.0, True, slice("a", None), (0, 4)], ids=repr
)
def test_what_does_not_fit_is_refused_in_words(index):
    with pytest.raises(InvalidInputError, match=r"ndex|ndices|slice"):
        normalise(index, (4, 3))


def test_numpy_integers_are_integers():
    assert normalise(np.int64(-1), (4,)).ranges == (range(3, 4),)


@settings(deadline=None)
@given(array_shapes(max_dims=4, max_side=7), st.sampled_from([1, 2, 8]), st.integers(1, 300))
def test_blocks_cover_every_sample_once_in_order_and_stay_small(shape, item_bytes, max_bytes):
    array = np.arange(np.prod(shape)).reshape(shape)
    blocks = [array[np.ix_(*ranges)] for ranges in block_ranges(shape, item_bytes, max_bytes)]
    assert np.array_equal(np.concatenate([b.ravel() for b in blocks]), array.ravel())
    assert all(b.size * item_bytes <= max(max_bytes, item_bytes) for b in blocks)


def test_no_samples_no_blocks():
    assert list(block_ranges((3, 0, 2), 1, 10)) == []
    assert list(block_ranges((), 1, 10)) == [()]
