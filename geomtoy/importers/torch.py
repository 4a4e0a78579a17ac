"""Networks from PyTorch modules; needs the optional extra `torch`."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from inspect import signature
from operator import getitem
from typing import Any

import numpy as np

from geomtoy import graph
from geomtoy.constants import as_array
from geomtoy.errors import NetworkError
from geomtoy.extras import needs
from geomtoy.graph import network_input, rearranged
from geomtoy.grids import as_shape
from geomtoy.importers.finish import Source, finished
from geomtoy.importers.torch_functions import FUNCTIONS, MOVES, PLACES, SHAPES
from geomtoy.network import Network
from geomtoy.normed import NormedNetwork
from geomtoy.operations import Value

with needs("torch"):
    import torch
    from torch import nn
    from torch.fx.node import Node, map_aggregate
    from torch.utils._pytree import tree_leaves

each: Callable[..., Any] = map_aggregate
"""A function of every entry of nested arguments."""

CASTS = {"_to_copy", "to", "type_as"}
"""Functions that change the type of a tensor."""
CHECKS = {torch.ops.aten._assert_tensor_metadata.default}
"""Functions that give nothing."""

NEED_EVAL = (nn.modules.dropout._DropoutNd, nn.modules.batchnorm._NormBase, nn.RReLU)


def from_torch(
    module: nn.Module, input_shape: int | Sequence[int] | None = None, *, logits: bool = False
) -> Network | NormedNetwork:
    """The function that a module computes in evaluation mode, as plain arrays.

    Args:
        module: any that `torch.export` traces for one input: what counts are the functions that its pass
            calls, whatever classes, wrappers, hooks and parametrizations they stand in. Those we know
            are in `geomtoy.importers.torch_functions`.
        input_shape: of one input, without the batch: (channels, height, width) for images; None if
            the first layer is Linear.
        logits: drop a last Sigmoid, Softmax or LogSoftmax, with a warning.
    Raises:
        NetworkError: a function is not piecewise affine, a layer is in training mode or is set in a way
            we do not know; named with the module it stands in. Or the network and the module differ
            at random points.
    Exactness: float32 parameters are widened exactly; see `compile_layers`. Weights that are computed
        (normed, parametrized) are computed in float64, and those are the stored numbers. A cast to
        float32 changes nothing here; one to fewer bits or to integers is refused.
    """
    _require_evaluation(module)
    copy = _copy(module)
    shape = _input_shape(copy, input_shape)
    program = _traced(copy, shape)
    output, dtype = _output(program, shape)

    def source(points: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            found = [tree_leaves(copy(point[None])) for point in torch.as_tensor(points[:, 0]).double()]
        return np.array([one.numpy() for (one,) in found])

    return finished(output, Source(source, dtype), logits)


def _copy(module: nn.Module) -> nn.Module:
    """In float64 and evaluation mode; spectral norm would go on with its iteration in training."""
    computed = {id(x): x.detach().cpu().double() for part in module.modules() for x in _results(part)}
    copy = deepcopy(module, computed).cpu()
    for part in copy.modules():
        if isinstance(part, nn.RMSNorm) and part.eps is None and part.elementwise_affine:
            part.eps = torch.finfo(part.weight.dtype).eps  # what it is before all is float64
    return copy.double().eval()


def _require_evaluation(module: nn.Module) -> None:
    """Refuse what takes the statistics of its batch, or drops at random."""
    for name, part in module.named_modules():
        if not isinstance(part, NEED_EVAL):
            continue
        where = f"layer {name} ({type(part).__name__})" if name else type(part).__name__
        if part.training:
            raise NetworkError(f"{where} is in training mode; call eval() on the module first")
        if getattr(part, "track_running_stats", True) is False:
            raise NetworkError(f"{where} has no running statistics, so it is not piecewise affine")


def _results(part: nn.Module) -> list[torch.Tensor]:
    """Tensors of a module that are no parameters, so that torch neither copies nor converts them."""
    return [x for x in vars(part).values() if isinstance(x, torch.Tensor) and x.is_floating_point()]


def _input_shape(module: nn.Module, shape: int | Sequence[int] | None) -> tuple[int, ...]:
    if shape is not None:
        return as_shape(shape)
    for part in module.modules():
        if isinstance(part, nn.Linear):
            return (part.in_features,)
        if not list(part.children()):
            break
    raise NetworkError("the input's shape does not follow from the first layer; give input_shape")


def _traced(module: nn.Module, shape: tuple[int, ...]) -> torch.export.ExportedProgram:
    """The functions that one pass calls, none of which changes a tensor in place."""
    example = torch.zeros(1, *shape, dtype=torch.float64)
    try:
        with torch.no_grad(), warnings.catch_warnings(action="ignore"), _unlogged():
            program = torch.export.export(module, (example,), strict=False)
            _require_no_autocast(program)
            return program.run_decompositions({})
    except NetworkError:
        raise
    except Exception as error:  # of any kind: the module's own, or the tracer's
        first = str(error).strip().partition("\n")[0] or type(error).__name__
        raise NetworkError(f"torch.export cannot trace the module: {first}") from error


@contextmanager
def _unlogged() -> Iterator[None]:
    """torch logs the traceback of what cannot be traced, and then raises it too."""
    log = logging.getLogger("torch._subclasses.fake_tensor")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before


def _require_no_autocast(program: torch.export.ExportedProgram) -> None:
    """Refuse what rounds the module's parameters, and is not seen in the float64 copy."""
    graphs = [one for one in program.graph_module.modules() if isinstance(one, torch.fx.GraphModule)]
    for node in (node for one in graphs for node in one.graph.nodes):
        if getattr(node.target, "__name__", "") != "wrap_with_autocast":
            continue
        _, dtype, enabled, *_ = node.args
        if enabled:
            _cast(None, dtype)


def _output(program: Any, shape: tuple[int, ...]) -> tuple[Value, Any]:
    """What the module makes of its input, as a graph, and the precision to compare it in."""
    known: dict[str, Any] = {}
    stored = {**program.state_dict, **program.constants}
    for spec in program.graph_signature.input_specs:
        known[spec.arg.name] = stored[spec.target] if spec.target else network_input((1, *shape))
    for node in program.graph.nodes:
        if node.op == "call_function" and node.target not in CHECKS:
            known[node.name] = _called(node, known)
        elif node.op == "get_attr":
            known[node.name] = None  # a graph, for what is refused
        elif node.op == "output":
            outputs = [known[one.name] if isinstance(one, Node) else one for one in node.args[0]]
    if len(outputs) != 1 or not isinstance(outputs[0], Value):
        raise NetworkError("the module does not give one tensor that depends on its input")
    return outputs[0], _precision(program.graph.nodes, known)


def _called(node: Any, known: dict[str, Any]) -> Any:
    """What a function makes of what is known."""
    args, kwargs = (
        each(given, lambda x: known[x.name] if isinstance(x, Node) else x)
        for given in (node.args, dict(node.kwargs))
    )
    values: list[Value] = []
    each((args, kwargs), lambda x: values.append(x) if isinstance(x, Value) else None)
    if node.target is getitem:
        if isinstance(args[0], list) and args[1] >= len(args[0]):
            raise NetworkError(f"{_where(node)}: the indices of a maximum are not continuous")
        return args[0][args[1]]
    try:
        return _result(node, args, kwargs, values)
    except NetworkError as error:
        raise NetworkError(f"{_where(node)}: {error}") from None


def _result(node: Node, args: Any, kwargs: Any, values: list[Value]) -> Any:
    """The same, with the tensors among the arguments that depend on the input."""
    function: Any = node.target
    if not isinstance(function, torch._ops.OpOverload):
        raise NetworkError(f"{function} is not known here")
    name = function._schema.name.partition("::")[2]
    if not values:
        if torch.Tag.nondeterministic_seeded in function.tags:
            raise NetworkError(f"{name} is random")
        with torch.no_grad():
            return function(*args, **kwargs)
    if name in SHAPES:
        return function(*each((args, kwargs), _zeros)[0], **kwargs)
    if name in MOVES:
        args, kwargs = each((args, kwargs), lambda x: _as_value(x, values[0]))
    if name in MOVES or (name in PLACES and len(values) == 1 and values[0] is args[0]):
        return _moved(function, args, kwargs)
    if name in CASTS:
        return _cast(args[0], _dtype(node))
    if name not in FUNCTIONS:
        raise NetworkError(f"{name} is not piecewise affine or not known here")
    return _applied(name, _as_arrays(args), _as_arrays(kwargs))


def _applied(name: str, args: Any, kwargs: Any) -> Any:
    """What our function of a name makes of arguments; one that it has not is refused."""
    if kwargs.get("dtype") is not None:
        _cast(args[0], kwargs["dtype"])
    kwargs = {key: one for key, one in kwargs.items() if key != "dtype"}
    try:
        signature(FUNCTIONS[name]).bind(*args, **kwargs)
    except TypeError:
        raise NetworkError(f"{name} is not known here with such arguments") from None
    return FUNCTIONS[name](*args, **kwargs)


def _cast(x: Any, dtype: torch.dtype) -> Any:
    """The same; see `_precision`."""
    if dtype not in (torch.float32, torch.float64):
        raise NetworkError(f"the module computes in {dtype}; use torch.float32 or torch.float64")
    return x


def _precision(nodes: Any, known: dict[str, Any]) -> Any:
    """float32 if what depends on the input is cast to that."""
    tensors = [node for node in nodes if isinstance(known.get(node.name), Value)]
    narrow = any(_dtype(node) == torch.float32 for node in tensors)
    return np.float32 if narrow else np.float64


def _dtype(node: Node) -> Any:
    return getattr(node.meta.get("val"), "dtype", None)


def _zeros(x: Any) -> Any:
    return torch.zeros(x.shape, dtype=torch.float64) if isinstance(x, Value) else x


def _as_value(x: Any, other: Value) -> Any:
    return graph.constant(other, x) if isinstance(x, torch.Tensor) else x


def _as_arrays(given: Any) -> Any:
    return each(given, lambda x: as_array(x) if isinstance(x, torch.Tensor) else x)


def _moved(function: Any, args: Any, kwargs: Any) -> Any:
    """What a function does that only moves entries: the same as to their numbers."""
    values: list[Value] = []
    each((args, kwargs), lambda x: values.append(x) if isinstance(x, Value) else None)

    def move(*numbers: np.ndarray) -> Any:
        given = iter(numbers)
        replaced = each(
            (args, kwargs), lambda x: torch.from_numpy(next(given)) if isinstance(x, Value) else x
        )
        found = function(*replaced[0], **replaced[1])
        return [one.numpy() for one in found] if isinstance(found, list | tuple) else found.numpy()

    return rearranged(values, move)


def _where(node: Any) -> str:
    """The module that a function is called in."""
    path, kind = list(node.meta.get("nn_module_stack", {"": ("", "")}).values())[-1]
    name = (kind if isinstance(kind, str) else kind.__name__).rpartition(".")[2]
    return f"layer {path} ({name})" if path else f"the module ({name})"
