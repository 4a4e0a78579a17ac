"""Constants of other libraries keep their value, or are refused, at the one door and behind it."""

from decimal import Decimal
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, from_dtype

from geomtoy import Network, graph
from geomtoy.chain import compile_value
from geomtoy.constants import real
from geomtoy.errors import NetworkError
from geomtoy.importers.state_dict import from_state_dict

ODD = 2**53 + 1
"""The least integer that is no float64."""
DTYPES = [np.float16, np.float32, np.float64, np.int8, np.uint8, np.int64, np.uint64, np.bool_]


def rationals(array):
    return [Fraction(x) if isinstance(x, Fraction) else Fraction(x.item()) for x in np.ravel(array)]


@given(data=st.data(), dtype=st.sampled_from(DTYPES))
def test_no_number_changes_at_the_door(data, dtype):
    dtype = np.dtype(dtype)
    finite = {"allow_nan": False, "allow_infinity": False} if dtype.kind == "f" else {}
    given = data.draw(arrays(dtype, array_shapes(max_side=3), elements=from_dtype(dtype, **finite)))
    found = real(given)
    assert found.shape == given.shape
    assert found.dtype in (np.float64, object)
    assert rationals(found) == [Fraction(x) for x in given.ravel().tolist()]


@given(st.lists(st.integers(-(2**200), 2**200) | st.fractions(), min_size=1))
def test_python_numbers_are_what_they_are(numbers):
    found = real(np.array(numbers, object))
    assert rationals(found) == numbers
    assert (found.dtype == object) == any(Fraction(float(x)) != x for x in numbers)


def test_short_and_long_floats_and_decimals_are_what_they_are():
    third = np.longdouble(1) / 3
    assert real(third).item() == Fraction(*third.as_integer_ratio()) != Fraction(float(third))
    assert real(Decimal("0.1")).item() == Fraction(1, 10)
    short = np.array([0.1, -3.0], ml_dtypes.bfloat16)
    np.testing.assert_array_equal(real(short), [0.10009765625, -3.0])
    np.testing.assert_array_equal(real([-np.inf, 1]), [-np.inf, 1])


@pytest.mark.parametrize("constant", [1j, np.complex64([1j]), "1", np.datetime64("2020"), [None]])
def test_what_is_no_real_number_is_refused(constant):
    with pytest.raises(NetworkError, match=r"a constant is of type|give finite numbers"):
        real(constant)


X = graph.network_input((2,))
BIG = np.array([ODD, 3])

BUILT = {
    "sum": (lambda c: graph.added(X, c), [[1, 0], [0, 1]], [ODD, 3]),
    "difference": (lambda c: graph.subtracted(X, c), [[1, 0], [0, 1]], [-ODD, -3]),
    "from it": (lambda c: graph.subtracted(c, X), [[-1, 0], [0, -1]], [ODD, 3]),
    "product": (lambda c: graph.multiplied(X, c), [[ODD, 0], [0, 3]], [0, 0]),
    "quotient": (lambda c: graph.divided(X, c), [[Fraction(1, ODD), 0], [0, Fraction(1, 3)]], [0, 0]),
    "matrix": (lambda c: graph.matrix_product(X, c), [[ODD, 3]], [0]),
    "constant": (lambda c: graph.constant(X, c), [[0, 0], [0, 0]], [ODD, 3]),
}


@pytest.mark.parametrize("dtype", [np.int64, np.uint64, object])
@pytest.mark.parametrize(("build", "W", "b"), BUILT.values(), ids=BUILT)
def test_graphs_hold_the_same_numbers(build, W, b, dtype):
    value = build(BIG.astype(dtype))
    ((found, shift),) = compile_value(graph.reshaped(value, (value.size,))).layers
    assert rationals(found) == [Fraction(x) for x in np.ravel(np.array(W, object))]
    assert rationals(shift) == [Fraction(x) for x in b]


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
@pytest.mark.parametrize("bounded", [graph.larger, graph.smaller])
def test_bounds_hold_the_same_numbers(bounded, dtype):
    network = compile_value(bounded(X, BIG.astype(dtype)))
    found = {abs(kind.breakpoints[0]) for kind in network.units(1)}
    assert found == {ODD, 3}


@pytest.mark.parametrize(
    ("values", "dtype"), [([[ODD]], "int64"), ([[2**63 + 1]], "uint64"), ([[0.1]], "bfloat16")]
)
def test_tensors_of_a_state_dict(values, dtype):
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(values, dtype=getattr(torch, dtype))
    network = from_state_dict({"0.weight": tensor})
    assert rationals(network.layers[0][0]) == [Fraction(tensor.item())]


def test_networks_are_made_of_parameters_that_are_still_trained():
    torch = pytest.importorskip("torch")
    layer = torch.nn.Linear(2, 3, dtype=torch.bfloat16)
    ((W, b),) = Network([(layer.weight, layer.bias)]).layers
    np.testing.assert_array_equal(W, layer.weight.detach().double().numpy())
    np.testing.assert_array_equal(b, layer.bias.detach().double().numpy())


@pytest.mark.parametrize("make", ["complex", "sparse"])
def test_tensors_that_are_no_real_arrays_are_refused(make):
    torch = pytest.importorskip("torch")
    tensor = {
        "complex": lambda: torch.tensor([[1j]]),
        "sparse": lambda: torch.ones(1, 1).to_sparse(),
    }[make]()
    with pytest.raises(NetworkError, match=r"complex64|is no array"):
        from_state_dict({"0.weight": tensor})


@pytest.mark.parametrize("name", ["mean", "variance", "scale", "shift"])
def test_statistics_that_are_no_real_numbers_are_refused(name):
    from geomtoy.layers import BatchNorm

    given = {"mean": np.ones(2), "variance": np.ones(2)} | {name: np.full(2, 1j)}
    with pytest.raises(NetworkError, match=f"the batch norm's {name} has type complex128"):
        BatchNorm(**given).factors((2,))
