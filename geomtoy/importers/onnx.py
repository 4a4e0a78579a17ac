"""Networks from ONNX files; needs the optional extra `onnx`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from geomtoy.constants import real
from geomtoy.errors import FileError, NetworkError
from geomtoy.extras import needs
from geomtoy.graph import network_input
from geomtoy.grids import as_shape
from geomtoy.importers.finish import Source, finished
from geomtoy.importers.onnx_operators import OPERATORS, Node
from geomtoy.network import Network
from geomtoy.normed import NormedNetwork
from geomtoy.operations import Value

with needs("onnx"):
    import onnx
    import onnx.inliner
    import onnxruntime
    from google.protobuf.message import DecodeError
    from onnx import numpy_helper
    from onnx.reference import ReferenceEvaluator
    from onnxruntime.capi import onnxruntime_pybind11_state as runtime_errors

REFUSALS = (
    runtime_errors.Fail,
    runtime_errors.InvalidArgument,
    runtime_errors.InvalidGraph,
    runtime_errors.NotImplemented,
    runtime_errors.RuntimeException,
)

RANDOM = {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform"}
RANDOM |= {"RandomUniformLike"}

Known = dict[str, Value | np.ndarray]


def from_onnx(
    source: str | Path | onnx.ModelProto,
    *,
    input_shape: Sequence[int] | None = None,
    logits: bool = False,
) -> Network | NormedNetwork:
    """The function of an ONNX graph with one input and one output, for one input at a time.

    Args:
        source: a file or a model; a graph of any form made of the operators in
            `geomtoy.importers.onnx_operators`, with constants computed from constants by any operator.
        input_shape: of the graph's input, with its first axis 1 where that counts examples; needed
            where the file leaves other lengths open.
        logits: drop a last Sigmoid, Softmax or LogSoftmax, with a warning.
    Raises:
        FileError: there is no such file, or it is no ONNX model.
        NetworkError: an operator is not piecewise affine or is set in a way we do not know; named with
            its node. Or the network and onnxruntime differ at random points.
    Exactness: exact for the stored parameters, float32 ones widened; see `compile_layers`.
    """
    if isinstance(source, onnx.ModelProto):
        return _network(source, input_shape, logits)
    try:
        return _network(_read(Path(source)), input_shape, logits)
    except NetworkError as error:
        raise NetworkError(f"{source}: {error}") from None


def _network(
    model: onnx.ModelProto, input_shape: Sequence[int] | None, logits: bool
) -> Network | NormedNetwork:
    model = onnx.inliner.inline_local_functions(model)
    graph = model.graph
    known: Known = {init.name: _stored(init) for init in graph.initializer}
    (given,) = _only("input", [one for one in graph.input if one.name not in known])
    (wanted,) = _only("output", graph.output)
    runtime = _Runtime(model, given)  # refuses what is no valid graph
    known[given.name] = network_input(_shape(given, input_shape))
    for k, node in enumerate(graph.node):
        _run(model, k, node, known)
    output = known[wanted.name]
    if not isinstance(output, Value):
        raise NetworkError("the output does not depend on the input")
    return finished(output, Source(runtime, runtime.dtype), logits)


def _read(path: Path) -> onnx.ModelProto:
    try:
        return onnx.load(path)
    except FileNotFoundError:
        raise FileError(f"{path} does not exist; give the path of an ONNX file") from None
    except (DecodeError, OSError, ValueError, onnx.checker.ValidationError):
        raise FileError(f"{path} is not a readable ONNX file") from None


def _only(what: str, found: Sequence[Any]) -> Sequence[Any]:
    if len(found) != 1:
        names = ", ".join(repr(one.name) for one in found) or "none"
        raise NetworkError(f"a network has one {what}; this graph has {names}")
    return found


def _shape(given: Any, asked: Sequence[int] | None) -> tuple[int, ...]:
    """Of the input; an open first length counts examples and is 1."""
    if asked is not None:
        return as_shape(asked)
    lengths = [one.dim_value for one in given.type.tensor_type.shape.dim]
    lengths[:1] = [length or 1 for length in lengths[:1]]
    if not all(lengths):
        raise NetworkError(f"the shape of input {given.name!r} is open; give input_shape")
    return tuple(lengths)


def _run(model: onnx.ModelProto, k: int, proto: onnx.NodeProto, known: Known) -> None:
    """Put what a node gives among what is known."""
    where = f"node {proto.name or k!r} ({proto.op_type})"
    if unknown := [name for name in proto.input if name and name not in known]:
        raise NetworkError(f"{where}: {unknown[0]!r} is stored in a form that is not known here")
    inputs = [known[name] if name else None for name in proto.input]
    if not any(isinstance(one, Value) for one in inputs):
        try:
            known.update(_computed(model, proto, known))
        except Exception as error:  # of any kind: the evaluator's own
            first = str(error).strip().partition("\n")[0]
            raise NetworkError(f"{where}: this constant cannot be computed: {first}") from error
        return
    if proto.op_type not in OPERATORS or proto.domain not in ("", "ai.onnx"):
        raise NetworkError(f"{where} is not piecewise affine or not known here")
    attributes = {one.name: onnx.helper.get_attribute_value(one) for one in proto.attribute}
    node = Node(proto.op_type, attributes, len(proto.output))
    try:
        results = OPERATORS[proto.op_type](node, *inputs)
    except NetworkError as error:
        raise NetworkError(f"{where}: {error}") from None
    results = results if isinstance(results, list) else [results]
    known.update(dict(zip(proto.output, results, strict=False)))


def _computed(model: onnx.ModelProto, proto: onnx.NodeProto, known: Known) -> Known:
    """Constants from constants, by the operator's own definition."""
    if proto.op_type in RANDOM:
        raise NetworkError("it is random")
    given = [onnx.ValueInfoProto(name=name) for name in proto.input if name]
    found = [onnx.ValueInfoProto(name=name) for name in proto.output if name]
    alone = onnx.helper.make_graph([proto], "constants", given, found)
    evaluator = ReferenceEvaluator(onnx.helper.make_model(alone, opset_imports=model.opset_import))
    results = evaluator.run(None, {one.name: known[one.name] for one in given})
    return {one.name: _widened(result) for one, result in zip(found, results, strict=True)}


def _stored(init: onnx.TensorProto) -> np.ndarray:
    try:
        return _widened(numpy_helper.to_array(init))
    except (ValueError, TypeError, OSError, onnx.checker.ValidationError):
        raise NetworkError(f"the constant {init.name!r} is damaged or its file is missing") from None


def _widened(array: Any) -> np.ndarray:
    """Floats of any width as float64, which changes no value; anything else as it is."""
    array = np.asarray(array)
    return real(array) if array.dtype.kind in "fV" else array


class _Runtime:
    """The model as onnxruntime computes it, one input after another."""

    def __init__(self, model: onnx.ModelProto, given: Any) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        self._name = given.name
        self.dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(given.type.tensor_type.elem_type))
        if self.dtype not in (np.float32, np.float64):
            raise NetworkError(f"the input is {self.dtype}; give a model of float32 or float64")
        try:
            self._session = onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except REFUSALS as error:
            raise NetworkError(f"onnxruntime refuses the model: {error}") from None

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Outputs at points (n, *shape)."""
        try:
            return np.array(
                [self._session.run(None, {self._name: np.asarray(point)})[0] for point in points]
            )
        except REFUSALS as error:
            first = str(error).partition("\n")[0]
            raise NetworkError(f"onnxruntime cannot run the model: {first}") from error
