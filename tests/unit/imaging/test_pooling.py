"""Half the resolution equals block means computed in the plainest way, for every type and odd lengths too."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as some

from micrographia.imaging.pooling import pool_mean, pool_mode

INTEGERS = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]


def blocks(array, depth):
    """The samples of each block on a last axis."""
    z, y, x = array.shape
    split = array.reshape(z // depth, depth, y // 2, 2, x // 2, 2).transpose(0, 2, 4, 1, 3, 5)
    return split.reshape(z // depth, y // 2, x // 2, -1)


def even_shapes(depth):
    half = st.tuples(st.integers(1, 3), st.integers(1, 40), st.integers(1, 5))
    return half.map(lambda s: (s[0] * depth, s[1] * 2, s[2] * 2))


@given(st.data(), st.sampled_from(INTEGERS), st.sampled_from([1, 2]))
def test_integers_are_rounded_to_the_nearest_mean(data, dtype, depth):
    source = data.draw(some.arrays(dtype, even_shapes(depth)))
    out = np.empty((source.shape[0] // depth, source.shape[1] // 2, source.shape[2] // 2), dtype)
    pool_mean(source, out, depth=depth)
    exact = blocks(source.astype(object), depth)
    count = exact.shape[-1]
    assert np.array_equal(out, ((exact.sum(axis=-1) * 2 + count) // (2 * count)).astype(dtype))


@given(st.data(), st.sampled_from([np.float16, np.float32, np.float64]), st.sampled_from([1, 2]))
def test_floats_are_means(data, dtype, depth):
    elements = st.floats(-1000, 1000, width=16)
    source = data.draw(some.arrays(dtype, even_shapes(depth), elements=elements))
    out = np.empty((source.shape[0] // depth, source.shape[1] // 2, source.shape[2] // 2), dtype)
    pool_mean(source, out, depth=depth)
    assert np.allclose(out, blocks(source, depth).mean(axis=-1, dtype=np.float64), rtol=1e-3, atol=1)


def test_a_half_float_sum_does_not_overflow():
    source = np.full((2, 2, 2), 60000, np.float16)
    out = np.empty((1, 1, 1), np.float16)
    pool_mean(source, out, depth=2)
    assert out[0, 0, 0] == np.float16(60000)


@given(st.data(), st.sampled_from([np.uint8, np.int32, np.uint64]), st.sampled_from([1, 2]))
def test_labels_are_pooled_by_their_mode(data, dtype, depth):
    source = data.draw(some.arrays(dtype, even_shapes(depth), elements=st.integers(0, 3)))
    out = np.empty((source.shape[0] // depth, source.shape[1] // 2, source.shape[2] // 2), dtype)
    pool_mode(source, out, depth=depth)
    votes = np.stack([(blocks(source, depth) == label).sum(axis=-1) for label in range(4)])
    assert np.array_equal(out, votes.argmax(axis=0))
