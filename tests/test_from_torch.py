"""PyTorch modules and their networks compute the same."""

import copy
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm  # noqa: E402

import geomtoy  # noqa: E402
from geomtoy import Slice, count_regions, enumerate_regions  # noqa: E402
from geomtoy.errors import NetworkError  # noqa: E402
from geomtoy.importers.state_dict import from_state_dict  # noqa: E402
from geomtoy.importers.torch import from_torch  # noqa: E402
from geomtoy.normed import NormedNetwork  # noqa: E402


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


def test_a_shape_that_does_not_fit_is_one_sentence_and_no_log(caplog):
    with pytest.raises(NetworkError, match=r"cannot trace the module: .*reduction dim"):
        from_torch(nn.Sequential(nn.Linear(2, 3)).eval(), 5)
    assert not caplog.records


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


def test_hooks_are_part_of_the_pass():
    module = stepped(lambda layer: layer)
    seen = []
    module[1].register_forward_hook(lambda _, inputs, output: seen.append(output))
    assert_imported(module)
    module[0].register_forward_hook(lambda _, inputs, output: output + 0.25)
    assert_imported(module)


class Residuals(nn.Module):
    """A custom pass with everything that a list of layers cannot say."""

    def __init__(self):
        super().__init__()
        self.first, self.middle = nn.Linear(3, 6), nn.Linear(6, 6)
        self.normed = parametrizations.weight_norm(nn.Linear(6, 6))
        self.conv = nn.Conv1d(1, 2, 3, padding="same")
        self.register_buffer("offset", torch.tensor([0.5, -0.5]))

    def forward(self, x):
        h = torch.relu(self.first(x))
        h = h + self.normed(functional.hardtanh(self.middle(h)))
        h += 0.1 * torch.where(h > 0, h, 0.25 * h) / 3
        a, b = self.conv(h[:, None]).clamp(max=2).chunk(2, dim=1)
        pooled = functional.adaptive_avg_pool1d(torch.cat([a, b], 1), 4)
        both = torch.stack([pooled.amax(2), pooled.mean(2), -pooled.min(dim=2).values], -1)
        return (
            torch.maximum(both[..., 0], both[..., 1] - both[..., 2]) @ torch.eye(2).to(x) - self.offset
        )


class Wrapper(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x.flip(-1))


def test_any_pass_that_can_be_traced_is_imported():
    torch.manual_seed(0)
    module = Wrapper(Residuals()).eval()
    assert_imported(module, 3)
    network = from_torch(module)
    cells = enumerate_regions(network, slice=Slice((0, 0, 0), (1, 0, 1), (0, 1, 1)))
    assert cells.certify().valid


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv1d(2, 3, 2, stride=2, groups=1, padding=1),
        nn.AdaptiveAvgPool1d(3),
        nn.AdaptiveMaxPool1d(2),
        nn.MaxPool1d(2, ceil_mode=True),
        nn.AvgPool1d(3, 2),
        nn.Threshold(0.5, 0.5),
        nn.Hardsigmoid(),
        nn.RReLU(),
        nn.Dropout1d(),
        nn.ConstantPad1d((1, 2), 0),
        nn.ReplicationPad1d(2),
    ],
    ids=str,
)
def test_layers_on_sequences(layer):
    assert_same(trained(layer), (2, 7))


@pytest.mark.parametrize(
    "layer",
    [nn.AdaptiveAvgPool2d((None, 2)), nn.AdaptiveMaxPool2d(3), nn.PixelShuffle(2), nn.Flatten(2)],
    ids=str,
)
def test_more_layers_on_images(layer):
    assert_same(trained(layer), (4, 5, 3))


@pytest.mark.parametrize("last", [nn.Sigmoid(), nn.Softmax(1), nn.LogSoftmax(-1)])
def test_a_last_smooth_layer_is_dropped_if_asked(last):
    before = [nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 3)]
    with pytest.raises(NetworkError, match="is not piecewise affine; give logits=True"):
        from_torch(nn.Sequential(*before, last))
    with pytest.warns(UserWarning, match="is dropped: the network gives its input"):
        network = from_torch(nn.Sequential(*before, last), logits=True)
    x = np.random.default_rng(0).normal(size=(5, 2))
    np.testing.assert_array_equal(network(x), from_torch(nn.Sequential(*before))(x))


def test_layer_norm_behind_affine_layers():
    module = nn.Sequential(nn.Linear(2, 4), nn.LayerNorm(4), nn.ReLU(), nn.Linear(4, 1)).double()
    assert isinstance(from_torch(module), NormedNetwork)
    assert_same(module, (2,))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_least_epsilon_of_a_norm_is_that_of_its_own_precision(dtype):
    module = nn.Sequential(nn.RMSNorm(3), nn.Linear(3, 2)).to(dtype)
    network = from_torch(module, 3)
    assert network.norm.epsilon == torch.finfo(dtype).eps
    x = 1e-4 * torch.randn(5, 3, dtype=dtype)
    ours, theirs = network(x.double().numpy()), module(x).detach().numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
    with pytest.raises(NetworkError, match="give it eps"):
        from_torch(nn.RMSNorm(3, elementwise_affine=False), 3)


IMAGE = (1, 3, 4)


@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (nn.Sequential(nn.Linear(2, 2), nn.GELU()), None, r"layer 1 \(GELU\): gelu is not piecewise"),
        (nn.Sequential(nn.Sequential(nn.Tanh())), 2, r"layer 0\.0 \(Tanh\): tanh is not"),
        (nn.BatchNorm1d(2).train(), 2, "BatchNorm1d is in training mode; call eval"),
        (
            nn.BatchNorm1d(2, track_running_stats=False).eval(),
            2,
            "BatchNorm1d has no running statistics",
        ),
        (nn.Sequential(nn.Dropout()), 2, r"layer 0 \(Dropout\) is in training mode; call eval"),
        (nn.Threshold(0.5, 0.0), 2, r"it jumps from 0\.0 to 0\.5"),
        (nn.AvgPool2d(2, ceil_mode=True), IMAGE, "means over windows that stick out"),
        (nn.AvgPool2d(2, divisor_override=3), IMAGE, "divisor_override=3"),
        (nn.Bilinear(2, 2, 2), 2, "torch.export cannot trace the module: "),
        (nn.Sequential(nn.ReLU(), nn.Linear(2, 1)), None, "give input_shape"),
        (nn.Sequential(nn.Linear(3, 1)), 2, "torch.export cannot trace the module"),
        (nn.MultiheadAttention(2, 1), 2, "torch.export cannot trace the module"),
        (nn.LSTM(2, 2), (3, 2), r"LSTM\): lstm is not"),
    ],
)
def test_what_is_not_known_is_named(module, shape, message):
    with pytest.raises(NetworkError, match=message):
        from_torch(module, shape)


def test_what_the_guide_shows_runs():
    page = (Path(__file__).parent.parent / "docs" / "howto" / "importing.md").read_text()
    (code,) = re.findall(r"```py\n(.*?)```", page, re.DOTALL)
    names = {"geomtoy": geomtoy}
    with pytest.warns(UserWarning, match="the last Softmax is dropped"):
        exec(code, names)
    assert names["net"].d_out == 3
