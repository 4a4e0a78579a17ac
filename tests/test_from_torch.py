"""PyTorch modules and their networks compute the same."""

import copy
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm  # noqa: E402

from geomtoy import Slice, count_regions, enumerate_regions  # noqa: E402
from geomtoy.compiler import compile_layers  # noqa: E402
from geomtoy.errors import NetworkError  # noqa: E402
from geomtoy.importers.state_dict import from_state_dict  # noqa: E402
from geomtoy.importers.torch import from_torch, torch_layers  # noqa: E402
from geomtoy.layers import Residual  # noqa: E402


def trained(*layers):
    """In float64, after one batch that moves the statistics, in evaluation mode."""
    return nn.Sequential(*layers).double()


def assert_same(module, shape):
    torch.manual_seed(0)
    module(torch.randn(16, *shape).double())
    module.eval()
    x = torch.randn(40, *shape).double()
    ours = from_torch(module, shape)(x.numpy().reshape(40, -1))
    np.testing.assert_allclose(ours, module(x).detach().numpy().reshape(40, -1), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    "act",
    [
        nn.ReLU(),
        nn.LeakyReLU(0.2),
        nn.PReLU(),
        nn.PReLU(5),
        nn.ReLU6(),
        nn.Hardtanh(-0.5, 2),
        nn.Identity(),
        nn.Dropout(),
        nn.BatchNorm1d(5),
        nn.BatchNorm1d(5, affine=False),
    ],
    ids=str,
)
def test_layers_on_vectors(act):
    assert_same(trained(nn.Linear(3, 5), act, nn.Linear(5, 2, bias=False)), (3,))


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2),
        nn.Conv2d(2, 3, (1, 2), dilation=2, bias=False),
        nn.Conv2d(2, 3, (3, 5), padding="same"),
        nn.BatchNorm2d(2),
        nn.PReLU(2),
        nn.MaxPool2d(2),
        nn.MaxPool2d(3, 2, padding=1),
        nn.MaxPool2d(2, 1, dilation=2),
        nn.AvgPool2d(2),
        nn.AvgPool2d(3, 2, padding=1),
        nn.AvgPool2d(3, 1, padding=1, count_include_pad=False),
    ],
    ids=str,
)
def test_layers_on_images(layer):
    assert_same(trained(layer), (2, 5, 6))


def convolutional():
    return trained(
        nn.Conv2d(1, 2, 3, padding=1),
        nn.BatchNorm2d(2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Sequential(nn.Conv2d(2, 2, 2), nn.LeakyReLU(), nn.Dropout(), nn.AvgPool2d((1, 2), 1)),
        nn.Flatten(),
        nn.Linear(2, 2),
    )


def test_a_convolutional_network_and_its_regions():
    module = convolutional()
    assert_same(module, (1, 4, 6))
    network = from_torch(module, (1, 4, 6))
    assert len(network.maxima) == 12
    rng = np.random.default_rng(0)
    cells = enumerate_regions(network, slice=(plane := Slice(*rng.normal(size=(3, 24)))))
    centres = np.array([cells.polygon(k).mean(axis=0) for k in range(len(cells))])
    images = torch.tensor(plane.embed(centres)).reshape(-1, 1, 4, 6)
    ours = np.einsum("noi,ni->no", cells.A_omega, centres) + cells.b_omega
    np.testing.assert_allclose(ours, module(images).detach().numpy(), atol=1e-11)


def test_float32_weights_are_widened_and_state_dicts_agree():
    module = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1)).eval()
    network = from_torch(module)
    assert network.widths == (4,)
    np.testing.assert_array_equal(network.layers[0][0], module[0].weight.detach().double().numpy())
    again = from_state_dict(module.state_dict())
    for (W, b), (V, c) in zip(network.layers, again.layers, strict=True):
        np.testing.assert_array_equal(W, V)
        np.testing.assert_array_equal(b, c)
    half = from_state_dict({"w.weight": torch.ones(1, 2, dtype=torch.bfloat16) / 4})
    np.testing.assert_array_equal(half.layers[0][0], [[0.25, 0.25]])


def test_a_residual_block_is_put_together_by_hand():
    branch = trained(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 3)).eval()
    x = torch.randn(20, 3).double()
    network = compile_layers([Residual(torch_layers(branch))], 3)
    np.testing.assert_allclose(network(x.numpy()), (x + branch(x)).detach().numpy(), atol=1e-12)


def assert_imported(module, d_in=2):
    """The network is the module, whose own pass comes last: it would refresh what is stale."""
    x = np.random.default_rng(1).normal(size=(30, d_in))
    found = from_torch(module)(x)
    with torch.no_grad():
        expected = copy.copy(module)(torch.tensor(x, dtype=torch.float32))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_a_module_used_twice_is_two_layers():
    torch.manual_seed(0)
    act, middle = nn.ReLU(), nn.Linear(16, 16)
    once = [nn.Linear(2, 16), act, middle, act, nn.Linear(16, 1)]
    apart = [once[0], nn.ReLU(), middle, nn.ReLU(), once[-1]]
    shared, other = (from_torch(nn.Sequential(*layers)) for layers in (once, apart))
    assert shared.widths == (16, 16)
    assert count_regions(shared).regions == count_regions(other).regions
    block = nn.Sequential(middle, act)
    assert_imported(nn.Sequential(once[0], act, block, nn.Sequential(block, block), once[-1]))


def stepped(change):
    """A module whose first layer is changed, after a step of training."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch would have us use parametrizations
        first = change(nn.Linear(2, 8))
    module = nn.Sequential(first, nn.ReLU(), nn.Linear(8, 1))
    optimiser = torch.optim.SGD(module.parameters(), lr=0.5)
    module(torch.randn(20, 2)).square().mean().backward()
    optimiser.step()
    return module


CHANGES = {
    "weight_norm": weight_norm,
    "spectral_norm": spectral_norm,
    "pruned": lambda layer: prune.random_unstructured(layer, "weight", 0.5),
    "pruned twice": lambda layer: prune.l1_unstructured(
        prune.random_unstructured(layer, "weight", 0.3), "weight", 0.3
    ),
    "parametrized": parametrizations.weight_norm,
    "spectral": parametrizations.spectral_norm,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_weights_that_are_computed_are_those_of_the_next_pass(change):
    module = stepped(change)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    from_torch(module)
    assert all(part.training for part in module.modules())
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert_imported(module.eval())


def test_a_module_that_does_more_than_its_type_says_is_refused():
    module = stepped(lambda layer: layer)
    seen = []
    module[1].register_forward_hook(lambda _, inputs, output: seen.append(output))
    assert_imported(module)
    module[0].register_forward_hook(lambda _, inputs, output: output + 1e-6)
    with pytest.raises(NetworkError, match=r"differ by .* at a random point"):
        from_torch(module)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (nn.Sequential(nn.Linear(2, 2), nn.GELU()), "layer 1 is GELU, which is not piecewise affine"),
        (nn.Sequential(nn.Sequential(nn.LayerNorm(2))), "layer 0 is LayerNorm"),
        (nn.Softmax(1), "the module is Softmax"),
        (nn.BatchNorm1d(2).train(), "BatchNorm1d in training mode; call eval"),
        (nn.Dropout(), "Dropout in training mode"),
        (nn.BatchNorm1d(2, track_running_stats=False).eval(), "BatchNorm1d without running statistics"),
        (nn.MaxPool2d(2, ceil_mode=True), "MaxPool2d with ceil_mode=True"),
        (nn.AvgPool2d(2, divisor_override=3), "AvgPool2d with divisor_override=3"),
        (nn.Conv2d(1, 1, 1, padding_mode="circular"), "Conv2d with padding_mode='circular'"),
        (nn.Flatten(0), "Flatten with start_dim=0"),
        (nn.Sequential(nn.ReLU(), nn.Linear(2, 1)), "give input_shape"),
    ],
)
def test_what_is_not_known_is_named(module, message):
    with pytest.raises(NetworkError, match=message):
        from_torch(module)
