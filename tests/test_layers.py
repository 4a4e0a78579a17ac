"""Layers compiled to networks compute what their definitions say, exactly."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from geomtoy import Network, PiecewiseLinear, leaky_relu, load, save
from geomtoy.compiler import compile_layers
from geomtoy.errors import FileError, NetworkError
from geomtoy.layers import (
    Activation,
    Affine,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Flatten,
    Maxout,
    MaxPool2d,
    Residual,
)
from geomtoy.maxima import possible_winners, rounds, winners


def integers(*shape, seed=0):
    return np.random.default_rng(seed).integers(-9, 10, shape)


def rationals(*shape, seed=0):
    third = np.frompyfunc(lambda k: Fraction(int(k), 3), 1, 1)
    return third(integers(*shape, seed=seed))


def affine(out, into, seed=0):
    return Affine(integers(out, into, seed=seed), integers(out, seed=seed + 1))


def image_outputs(layer, image):
    """Of one image of Fractions, in the shape of the layer's output."""
    network = compile_layers([layer], image.shape)
    return network(image.reshape(1, -1))[0]


def patches(image, kernel, stride, padding, dilation):
    """(row, column, list of (channel, i, j, value or None in the padding)) of each window."""
    _, height, width = image.shape
    across = range(-padding, width + padding - dilation * (kernel - 1), stride)
    down = range(-padding, height + padding - dilation * (kernel - 1), stride)
    for top, left in product(down, across):
        yield [
            (c, i, j, image[c, y, x] if 0 <= y < height and 0 <= x < width else None)
            for c, i, j in product(range(len(image)), range(kernel), range(kernel))
            for y, x in [(top + dilation * i, left + dilation * j)]
        ]


WINDOWS = [(3, 1, 0, 1), (3, 2, 1, 1), (2, 1, 1, 2), (2, 2, 0, 1)]


@pytest.mark.parametrize("settings", WINDOWS)
@pytest.mark.parametrize("groups", [1, 2])
def test_convolutions_are_sums_over_windows(settings, groups):
    image, weight = rationals(4, 5, 6), integers(6, 4 // groups, settings[0], settings[0], seed=1)
    bias = integers(6, seed=2)
    kernel, stride, padding, dilation = settings
    expected = [
        bias[o]
        + sum(
            int(weight[o, c % (4 // groups), i, j]) * x
            for c, i, j, x in patch
            if x is not None and c // (4 // groups) == o // (6 // groups)
        )
        for o in range(6)
        for patch in patches(image, kernel, stride, padding, dilation)
    ]
    layer = Conv2d(weight, bias, stride, padding, dilation, groups)
    np.testing.assert_array_equal(image_outputs(layer, image), expected)


@pytest.mark.parametrize("settings", WINDOWS[:3:2] + WINDOWS[3:])
@pytest.mark.parametrize("counted", [True, False])
def test_pooling_is_done_window_by_window(settings, counted):
    kernel, stride, padding, dilation = settings
    image = rationals(2, 5, 6)
    means, largest = [], []
    for channel in image:
        for patch in patches(channel[None], kernel, stride, padding, dilation):
            inside = [x for *_, x in patch if x is not None]
            means.append(sum(inside, Fraction(0)) / (len(patch) if counted else len(inside)))
            largest.append(max(inside))
    if dilation == 1:
        average = AvgPool2d(kernel, stride, padding, counted)
        np.testing.assert_array_equal(image_outputs(average, image), means)
    maximum = MaxPool2d(kernel, stride, padding, dilation)
    np.testing.assert_array_equal(image_outputs(maximum, image), largest)


def test_a_mean_over_nine_is_a_mean_over_nine():
    assert compile_layers([AvgPool2d(3)], (1, 3, 3)).layers[0][0][0, 0] == Fraction(1, 9)
    assert not compile_layers([AvgPool2d(2)], (1, 2, 2)).is_rational


@pytest.mark.parametrize(
    "layer",
    [
        lambda last: Conv2d(integers(3, 2, 2, 2), integers(3), 2, "same", channels_last=last),
        lambda last: Conv2d(integers(2, 1, 3, 3), None, 1, ((0, 2), (1, 0)), 1, 2, last),
        lambda last: AvgPool2d(2, 1, channels_last=last),
        lambda last: MaxPool2d((1, 3), (2, 1), "same", channels_last=last),
        lambda last: BatchNorm([1.0, -2.0], [3.0, 0.0], [2.0, 1.0], channels_last=last),
        lambda last: Activation(["relu", leaky_relu(0.25)], last),
    ],
)
def test_channels_last_is_the_same_with_axes_moved(layer):
    image = rationals(2, 5, 5)
    first = image_outputs(layer(False), image)
    last = image_outputs(layer(True), np.moveaxis(image, 0, -1))
    channels = 3 if len(first) == 27 else 2
    moved = np.moveaxis(last.reshape(-1, channels), -1, 0)
    np.testing.assert_array_equal(first, moved.ravel())


def test_batch_norm_is_its_formula():
    rng = np.random.default_rng(0)
    mean, scale, shift = rng.normal(size=(3, 4))
    variance = rng.uniform(0.1, 2, size=4)
    linear = Affine(rng.normal(size=(4, 3)), rng.normal(size=4))
    x = rng.normal(size=(20, 3))
    z = x @ linear.W.T + linear.b
    expected = (z - mean) / np.sqrt(variance + 1e-3) * scale + shift
    norm = BatchNorm(mean, variance, scale, shift, 1e-3)
    network = compile_layers([linear, norm])
    assert network.widths == ()
    np.testing.assert_allclose(network(x), expected, rtol=1e-12, atol=1e-12)
    network = compile_layers([linear, "relu", norm, affine(2, 4)])
    after = (np.maximum(z, 0) - mean) / np.sqrt(variance + 1e-3) * scale + shift
    np.testing.assert_allclose(network(x), after @ integers(2, 4).T + integers(2, seed=1), rtol=1e-11)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 8])
def test_maxout_and_its_winner_are_those_of_the_first_largest(k):
    network = compile_layers([Maxout(k)], 2 * k)
    x = integers(300, 2 * k) // 5
    candidates = x.reshape(300, 2, k)
    np.testing.assert_array_equal(network(x), candidates.max(axis=2))
    pieces = np.concatenate([np.empty((300, 0))] + [z > 0 for z in network.preactivations(x)], axis=1)
    last = np.isin(network.pattern_units, [units[-1] for units in network.maxima])
    won = network.patterns(pieces.astype(np.int8))[:, last]
    assert len(network.maxima) == (2 if k > 1 else 0)
    if k > 1:
        np.testing.assert_array_equal(won, candidates.argmax(axis=2))


@pytest.mark.parametrize("k", [2, 3, 4, 5, 7])
def test_possible_winners_are_all_that_are_largest(k):
    for values in product(range(3), repeat=k):
        slots, on, equal = list(range(k)), [], []
        for left, right in (pair for pairs in rounds(k) for pair in pairs):
            a, b = values[slots[left]], values[slots[right]]
            on.append(b > a)
            equal.append(b >= a)
            slots[left] = slots[right] if b > a else slots[left]
        largest = {i for i in range(k) if values[i] == max(values)}
        assert possible_winners(np.array(on), np.array(equal)) == largest
        assert winners(np.array([on]))[0] == min(largest)


def test_residuals_equal_those_rolled_out_by_hand():
    x = rationals(40, 3)
    f, g, p = affine(5, 3), affine(4, 5, seed=3), affine(4, 3, seed=6)

    def plain(layer, z):
        return z @ layer.W.T + layer.b

    branch = plain(g, np.maximum(plain(f, x), 0))
    steps = [Residual([f, "relu", g], [p]), "relu"]
    np.testing.assert_array_equal(compile_layers(steps, 3)(x), np.maximum(branch + plain(p, x), 0))
    back = affine(3, 4, seed=8)
    inner = Residual([f, "relu", g, "abs", back])
    once = x + plain(back, abs(branch))
    np.testing.assert_array_equal(compile_layers([inner], 3)(x), once)
    np.testing.assert_array_equal(compile_layers([inner, Residual([])], 3)(x), once + once)
    nested = Residual([inner, Residual(["abs"])], [Residual(["relu"])])
    expected = once + abs(once) + x + np.maximum(x, 0)
    np.testing.assert_array_equal(compile_layers([nested], 3)(x), expected)


def test_nothing_is_multiplied_that_would_be_rounded():
    tenths = np.full((2, 2), 0.1)
    network = compile_layers([Affine(tenths), Affine(tenths), Residual([Affine(tenths)])])
    assert {0.0, 0.1, 1.0} >= {float(w) for W, _ in network.layers for w in W.ravel()}
    x = np.array([[Fraction(1), Fraction(2)]])
    tenth = Fraction(0.1)
    assert network(x)[0, 0] == 6 * tenth**2 + 12 * tenth**3


@pytest.mark.parametrize("shape", ["2", -2, 0, 2.5, (2, 0), (2, None), ((1, 2), 3)], ids=str)
def test_what_is_no_shape_is_refused(shape):
    with pytest.raises(NetworkError, match=r"the input's shape is .*; give a number of values"):
        compile_layers(["relu"], shape)


def test_a_shape_may_be_numpys():
    for shape in (np.int64(4), np.array([2, 2]), (np.int32(4),)):
        assert compile_layers([Flatten(), affine(3, 4)], shape).d_in == 4


def test_float32_parameters_are_widened():
    W = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
    np.testing.assert_array_equal(compile_layers([Affine(W)]).layers[0][0], W.astype(float))


def test_lists_names_flatten_and_activations_in_any_order():
    x = integers(30, 2, 2, 1)
    clip = PiecewiseLinear((0, 6), (0, 1, 0))
    network = compile_layers([["abs", (Flatten(),)], clip, "identity", affine(3, 4)], (2, 2, 1))
    flat = np.clip(abs(x), 0, 6).reshape(30, -1)
    np.testing.assert_array_equal(
        network(x.reshape(30, -1)), flat @ integers(3, 4).T + integers(3, seed=1)
    )


@pytest.mark.parametrize(
    ("layers", "shape", "message"),
    [
        ([affine(3, 2), np.tanh], None, r"layer 1 \(tanh\): not piecewise affine"),
        ([affine(3, 2), "gelu"], None, r"layer 1 \(str\): activation 'gelu'"),
        (
            [affine(3, 2), affine(3, 2)],
            None,
            r"layer 1 \(Affine\): W has shape \(3, 2\) and the input \(3,",
        ),
        (["relu"], None, "give input_shape"),
        ([Conv2d(np.ones((1, 1, 3, 3)))], (1, 2, 2), "no window of 3 x 3 fits"),
        ([Conv2d(np.ones((1, 2, 1, 1)))], (1, 2, 2), "the kernel takes 2 channels"),
        ([Conv2d(np.ones((1, 1, 1)))], (1, 2, 2), "give \\(out, in, height, width\\)"),
        (
            [Conv2d(np.ones((1, 1, 1, 1)), padding="circular")],
            (1, 2, 2),
            "padding 'circular' is unknown",
        ),
        ([MaxPool2d(1, padding=2)], (1, 2, 2), "a window lies in the padding"),
        ([MaxPool2d(2)], 4, "give an image"),
        ([Maxout(3)], 4, "do not fit"),
        ([Maxout([[0, 4]])], 4, "do not fit"),
        ([BatchNorm([0.0], [1.0])], 4, "for 4 channels"),
        ([BatchNorm([0.0], [-1.0])], 1, "not positive"),
        ([BatchNorm([0.0] * 2, [1.0] * 2, [1.0] * 3)], 2, r"have shapes \(3,\) and \(\) for 2 channels"),
        ([Activation(["relu"] * 3)], 4, "3 activations for 4 channels"),
        ([Residual([affine(3, 2)])], 2, "give a projection"),
        ([Affine([[1.0]], [1.0, 2.0])], 1, "give \\(1,\\)"),
    ],
)
def test_what_does_not_fit_is_named(layers, shape, message):
    with pytest.raises(NetworkError, match=message):
        compile_layers(layers, shape)


@pytest.mark.parametrize(
    ("activation", "maxima", "message"),
    [
        ("relu", [()], "increasing numbers"),
        ("relu", [(1, 0)], "increasing numbers"),
        ("relu", [(0, 3)], "increasing numbers"),
        ("hard_tanh", [(0,)], "no ReLU"),
        ("relu", [(0, 1), (1,)], "two maxima"),
    ],
)
def test_maxima_of_no_such_units_are_refused(activation, maxima, message):
    with pytest.raises(NetworkError, match=message):
        Network([(np.eye(2), [0, 0]), (np.eye(2), [0, 0])], activation, maxima)


def test_files_keep_maxima(tmp_path):
    network = compile_layers(
        [affine(7, 2), Maxout([[0, 1, 2], [3, 4], [5], [6, 1, 2, 0]]), affine(1, 4)]
    )
    save(tmp_path / "net.npz", network)
    again = load(tmp_path / "net.npz").network
    assert again.maxima == network.maxima
    assert [len(units) for units in again.maxima] == [2, 1, 3]
    arrays = dict(np.load(tmp_path / "net.npz"))
    for changes, message in [
        ({"max_unit": None}, "as many units"),
        ({"max_matches": np.array([2, 1])}, "as many units"),
    ]:
        changed = {k: v for k, v in (arrays | changes).items() if v is not None}
        np.savez(tmp_path / "bad.npz", **changed)
        with pytest.raises((NetworkError, FileError), match=message):
            load(tmp_path / "bad.npz")
