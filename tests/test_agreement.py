"""Networks are told from others that differ little, and not from themselves computed otherwise."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geomtoy import Network
from geomtoy.activations import NAMED
from geomtoy.agreement import random_points, require_agreement
from geomtoy.errors import NetworkError


def made(seed, widths, act, spread=0.0):
    """Gaussian, with rows of different sizes."""
    rng = np.random.default_rng(seed)
    layers = [
        (rng.normal(size=(n, m)) * 10.0 ** (spread * rng.normal(size=(n, 1))), rng.normal(size=n))
        for m, n in pairwise(widths)
    ]
    return Network(layers, act)


def summed_backwards(network, x):
    """Outputs with each sum taken in the other order."""
    z = x
    for k, (W, b) in enumerate(network.float_layers):
        terms = np.concatenate([b[None, :, None] + 0 * z[:, :1, None], z[:, None] * W[None]], axis=2)
        z = np.cumsum(terms[..., ::-1], axis=2)[..., -1]
        if k < len(network.widths):
            z = network.activations[k](z)
    return z


NETWORKS = (
    st.integers(0, 10**6),
    st.integers(1, 12),
    st.integers(2, 24),
    st.sampled_from(sorted(NAMED)),
)


@given(*NETWORKS)
def test_rounding_alone_is_no_difference(seed, depth, width, act):
    network = made(seed, (2, *[width] * depth, 2), act, spread=2.0)
    points = random_points(2)
    require_agreement(network, points, summed_backwards(network, points))


@given(*NETWORKS)
def test_a_small_change_of_one_weight_is_a_difference(seed, depth, width, act):
    network = made(seed, (2, *[width] * depth, 2), act)
    points = random_points(2)
    W, b = network.layers[-1]
    changed = Network([*network.layers[:-1], (W * [[1 + 1e-5], [1]], b)], act)
    with pytest.raises(NetworkError, match="differ by"):
        require_agreement(network, points, changed(points))


def test_outputs_that_cancel_to_noise_agree():
    twins, apart = np.array([[1 / 3, 1 / 7]] * 2), np.array([[1e3, -1e3]])
    network = Network([(twins, [0.1, 0.1]), (apart, [0]), (np.ones((1, 1)), [0])])
    points = random_points(2)
    active = network.preactivations(points)[0][:, :1] > 0
    require_agreement(network, points, network(points) + 1e-12 * active)
    with pytest.raises(NetworkError, match="differ by"):
        require_agreement(network, points, network(points) + 1e-3 * active)


def test_what_cannot_be_compared_is_refused():
    network = Network([([[1e200]], [0]), ([[1e200]], [0])], "identity")
    with pytest.raises(NetworkError, match="overflow at all"):
        require_agreement(network, random_points(1), np.full((32, 1), np.inf))
    network = Network([([[1]], [0])])
    with pytest.raises(NetworkError, match="differ by"):
        require_agreement(network, random_points(1), np.full((32, 1), np.nan))
