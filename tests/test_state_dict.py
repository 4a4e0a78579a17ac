"""Plain MLPs from state dicts, read as arrays."""

import numpy as np
import pytest

from geomtoy.errors import NetworkError
from geomtoy.importers.state_dict import from_state_dict

rng = np.random.default_rng(0)
STATE = {
    "0.weight": rng.normal(size=(4, 2)).astype(np.float32),
    "0.bias": rng.normal(size=4).astype(np.float32),
    "2.weight": rng.normal(size=(3, 4)),
    "head.weight": rng.normal(size=(1, 3)),
    "head.bias": np.ones(1),
}


def test_layers_come_in_the_order_of_the_dict_and_may_lack_a_bias():
    network = from_state_dict(STATE, "abs")
    weights, biases = zip(*network.layers, strict=True)
    for W, name in zip(weights, ("0", "2", "head"), strict=True):
        np.testing.assert_array_equal(W, STATE[f"{name}.weight"])
    np.testing.assert_array_equal(biases[1], np.zeros(3))
    assert [act.name for act in network.activations] == ["abs", "abs"]


def test_a_given_source_is_compared():
    def source(x):
        hidden = abs(abs(x @ STATE["0.weight"].T + STATE["0.bias"]) @ STATE["2.weight"].T)
        return hidden @ STATE["head.weight"].T + STATE["head.bias"]

    from_state_dict(STATE, "abs", source)
    for wrong in ("relu", ["abs", "identity"]):
        with pytest.raises(NetworkError, match=r"differ by .* at a random point"):
            from_state_dict(STATE, wrong, source)
    with pytest.raises(NetworkError, match=r"outputs of shape \(32, 2\)"):
        from_state_dict(STATE, "abs", lambda x: np.hstack([source(x)] * 2))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"1.running_mean": np.zeros(4)}, "'1.running_mean' of shape"),
        ({"conv.weight": np.zeros((1, 1, 3, 3))}, "'conv.weight' of shape"),
        ({"5.bias": np.zeros(3)}, "'5.bias' of shape"),
        ({"last.weight": np.zeros((1, 7))}, "make the shapes chain"),
    ],
)
def test_what_is_no_plain_mlp_is_named(more, message):
    with pytest.raises(NetworkError, match=message):
        from_state_dict(STATE | more)


def test_an_empty_dict_is_no_network():
    with pytest.raises(NetworkError, match="at least one layer"):
        from_state_dict({})
