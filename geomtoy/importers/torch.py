"""Networks from PyTorch modules; needs the optional extra `torch`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, cast

from geomtoy.activations import PiecewiseLinear, leaky_relu
from geomtoy.agreement import random_points, require_agreement
from geomtoy.compiler import compile_layers
from geomtoy.errors import NetworkError
from geomtoy.importers.state_dict import to_array
from geomtoy.layers import Activation, Affine, AvgPool2d, BatchNorm, Conv2d, Flatten, MaxPool2d
from geomtoy.network import Network

try:
    import torch
    from torch import nn
    from torch.nn.utils import parametrize
    from torch.nn.utils.prune import BasePruningMethod
    from torch.nn.utils.spectral_norm import SpectralNorm
    from torch.nn.utils.weight_norm import WeightNorm
except ImportError:
    raise ImportError("PyTorch is not installed; run: pip install 'geomtoy[torch]'") from None


def from_torch(module: nn.Module, input_shape: int | Sequence[int] | None = None) -> Network:
    """The function that a module computes in evaluation mode, as plain arrays.

    Args:
        module: an `nn.Sequential`, nested at will, or one layer: Linear, Conv2d, BatchNorm1d and 2d,
            ReLU, LeakyReLU, PReLU, ReLU6, Hardtanh, MaxPool2d, AvgPool2d, Flatten, Identity, Dropout;
            normed, pruned and parametrized weights are read as the next forward pass would have them.
        input_shape: of one input, without the batch: (channels, height, width) for images; None if
            the first layer is Linear.
    Raises:
        NetworkError: a layer is not piecewise affine, is in training mode or is set in a way we do not
            know; named. Or the network and the module differ at random points.
    Exactness: float32 parameters are widened exactly; see `compile_layers`.
    """
    source = _copy(module)
    network = cast(Network, compile_layers(_layers(source, "the module"), input_shape))  # no norm
    points = random_points(network.d_in)
    shape = (-1,) if input_shape is None or isinstance(input_shape, int) else input_shape
    with torch.no_grad():
        outputs = source(torch.as_tensor(points).reshape(len(points), *shape))
    require_agreement(network, points, outputs.flatten(1).numpy())
    return network


def torch_layers(module: nn.Module) -> list[Any]:
    """The layers of a module as `geomtoy.layers`, for instance to put them into a `Residual`.

    Nothing is compared with the module; `geomtoy.agreement` does so for what is made of them.

    Raises:
        NetworkError: as `from_torch`.
    """
    return _layers(_copy(module), "the module")


def _copy(module: nn.Module) -> nn.Module:
    """In float64, with the weights that hooks compute before each pass computed now.

    Only dropout and batch norms keep their training mode, to be refused by name.
    """
    computed = {id(x): x.detach().cpu().double() for part in module.modules() for x in _results(part)}
    copy = deepcopy(module, computed).cpu().double()
    with torch.no_grad():
        for part in copy.modules():
            part.training &= isinstance(part, NEED_EVAL)  # spectral norm would iterate
            for hook in part._forward_pre_hooks.values():
                if isinstance(hook, WeightNorm | SpectralNorm | BasePruningMethod):
                    hook(part, ())
    return copy


def _results(part: nn.Module) -> list[torch.Tensor]:
    """Tensors of a module that are no parameters, so that torch neither copies nor converts them."""
    return [x for x in vars(part).values() if isinstance(x, torch.Tensor) and x.is_floating_point()]


def _layers(module: nn.Module, where: str) -> list[Any]:
    if type(module) is nn.Sequential:
        # A module that is used twice comes twice here, and once among named_children().
        found = [_layers(child, f"layer {name}") for name, child in module._modules.items()]
        return [layer for layers in found for layer in layers]
    kind = parametrize.type_before_parametrizations(module)
    name = kind.__name__
    if kind not in LAYERS:
        raise NetworkError(f"{where} is {name}, which is not piecewise affine or not known here")
    if module.training and isinstance(module, NEED_EVAL):
        raise NetworkError(f"{where} is {name} in training mode; call eval() on the module first")
    try:
        return LAYERS[kind](module)
    except NetworkError as error:
        raise NetworkError(f"{where} is {name} {error}") from None


def _linear(module: Any) -> list[Any]:
    return [Affine(to_array(module.weight), _optional(module.bias))]


def _conv(module: Any) -> list[Any]:
    _only(module, padding_mode="zeros")
    settings = (module.stride, module.padding, module.dilation, module.groups)
    return [Conv2d(to_array(module.weight), _optional(module.bias), *settings)]


def _batch_norm(module: Any) -> list[Any]:
    if module.running_mean is None:
        raise NetworkError("without running statistics; train it with track_running_stats=True")
    scale, shift = (
        otherwise if p is None else to_array(p)
        for p, otherwise in ((module.weight, 1), (module.bias, 0))
    )
    mean, variance = to_array(module.running_mean), to_array(module.running_var)
    return [BatchNorm(mean, variance, scale, shift, module.eps)]


def _max_pool(module: Any) -> list[Any]:
    _only(module, ceil_mode=False, return_indices=False)
    return [MaxPool2d(module.kernel_size, module.stride, module.padding, module.dilation)]


def _avg_pool(module: Any) -> list[Any]:
    _only(module, ceil_mode=False, divisor_override=None)
    return [AvgPool2d(module.kernel_size, module.stride, module.padding, module.count_include_pad)]


def _flatten(module: Any) -> list[Any]:
    _only(module, start_dim=1, end_dim=-1)
    return [Flatten()]


def _prelu(module: Any) -> list[Any]:
    slopes = [leaky_relu(slope) for slope in to_array(module.weight).tolist()]
    return [Activation(slopes if len(slopes) > 1 else slopes[0])]


def _clip(module: Any) -> list[Any]:
    low, high = module.min_val, module.max_val
    return [PiecewiseLinear((low, high), (0, 1, 0), value=low, name="hard_tanh")]


def _only(module: Any, **settings: Any) -> None:
    for name, value in settings.items():
        if getattr(module, name) != value:
            raise NetworkError(f"with {name}={getattr(module, name)!r}; only {value!r} is known here")


def _optional(tensor: Any) -> Any:
    return None if tensor is None else to_array(tensor)


NEED_EVAL = (nn.Dropout, nn.BatchNorm1d, nn.BatchNorm2d)

LAYERS: dict[type[nn.Module], Callable[[Any], list[Any]]] = {
    nn.Linear: _linear,
    nn.Conv2d: _conv,
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    nn.ReLU: lambda _: ["relu"],
    nn.LeakyReLU: lambda module: [leaky_relu(module.negative_slope)],
    nn.PReLU: _prelu,
    nn.ReLU6: _clip,
    nn.Hardtanh: _clip,
    nn.MaxPool2d: _max_pool,
    nn.AvgPool2d: _avg_pool,
    nn.Flatten: _flatten,
    nn.Identity: lambda _: [],
    nn.Dropout: lambda _: [],
}
