"""Networks from models in JAX: any function, Flax (NNX and linen), Equinox, Keras on its jax backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from geomtoy.constants import real
from geomtoy.errors import NetworkError
from geomtoy.extras import needs
from geomtoy.graph import network_input
from geomtoy.grids import as_shape
from geomtoy.importers.finish import Source, finished
from geomtoy.importers.jax_primitives import MOVES, PRIMITIVES, Equation
from geomtoy.network import Network
from geomtoy.normed import NormedNetwork
from geomtoy.operations import Value

with needs("train"):
    import jax
    import jax.numpy as jnp
    from jax.extend.core import Literal

INNER = ("jaxpr", "call_jaxpr", "fun_jaxpr")
"""Parameters of primitives that call a function: jit, custom derivatives, checkpoints."""

CALLS = {
    "jit",
    "pjit",
    "closed_call",
    "core_call",
    "custom_jvp_call",
    "custom_vjp_call",
    "remat",
    "remat2",
}
CALLS |= {"checkpoint", "custom_lin", "custom_vjp_call_jaxpr"}


def from_jax(
    function: Callable[[Any], Any], input_shape: int | Sequence[int]
) -> Network | NormedNetwork:
    """The function of one array, as JAX traces it; parameters are whatever it closes over.

    Args:
        function: array of `input_shape` -> array, made of the primitives in
            `geomtoy.importers.jax_primitives`.
        input_shape: of the function's argument, with its batch axis, if it has one, of length 1.
    Raises:
        NetworkError: a primitive is not piecewise affine or is set in a way we do not know; named with
            the functions that it stands in. Or the network and the function differ at random points.
    Exactness: exact for the parameters; what is computed from parameters alone is computed as JAX does,
        in their own precision, and those are the stored numbers.
    """
    shape = as_shape(input_shape)
    with jax.enable_x64(True):
        try:
            closed = jax.make_jaxpr(function)(jnp.zeros(shape, float))
        except Exception as error:  # of any kind: the model's own, its library's, or the tracer's
            first = str(error).strip().partition("\n")[0]
            raise NetworkError(f"JAX cannot trace the model at an input {shape}: {first}") from error
        trace = _Trace()
        outputs = trace.run(closed.jaxpr, closed.consts, [network_input(shape)])
        if len(outputs) != 1 or not isinstance(outputs[0], Value):
            raise NetworkError("the model does not give one array that depends on its input")

        def source(points: np.ndarray) -> np.ndarray:
            found = [jax.tree.leaves(function(jnp.asarray(point))) for point in points]
            return np.array([one for (one,) in found])

        return finished(outputs[0], Source(source, trace.dtype), False)


class _Trace:
    """Runs equations on what is known: constants by JAX, what depends on the input as a graph."""

    def __init__(self) -> None:
        self.dtype: Any = np.float64
        self._within: list[str] = []

    def run(self, jaxpr: Any, constants: Sequence[Any], given: Sequence[Any]) -> list[Any]:
        """Outputs of equations."""
        known = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*constants, *given], strict=True))
        for equation in jaxpr.eqns:
            inputs = [_read(known, one) for one in equation.invars]
            known.update(zip(equation.outvars, self._outputs(equation, inputs), strict=True))
        return [_read(known, one) for one in jaxpr.outvars]

    def _outputs(self, equation: Any, inputs: list[Any]) -> list[Any]:
        name = equation.primitive.name
        if name in CALLS:
            return self._called(equation, inputs)
        if not any(isinstance(one, Value) for one in inputs):
            found = equation.primitive.bind(*inputs, **equation.params)
            return list(found) if equation.primitive.multiple_results else [found]
        try:
            if name == "convert_element_type":
                return [self._converted(inputs[0], equation.params["new_dtype"])]
            if name in MOVES:
                found = MOVES[name](Equation(equation), *inputs)
            elif name in PRIMITIVES:
                arrays = [x if isinstance(x, Value) else _widened(x) for x in inputs]
                found = PRIMITIVES[name](Equation(equation), *arrays)
            else:
                raise NetworkError("it is not piecewise affine or not known here")
        except NetworkError as error:
            place = [name, *self._within[::-1], str(equation.source_info.name_stack)]
            raise NetworkError(f"{' in '.join(filter(None, place))}: {error}") from None
        return found if isinstance(found, list) else [found]

    def _called(self, equation: Any, inputs: list[Any]) -> list[Any]:
        """A function's own equations."""
        inner = next(equation.params[name] for name in INNER if name in equation.params)
        jaxpr, constants = getattr(inner, "jaxpr", inner), getattr(inner, "consts", ())
        self._within.append(str(equation.params.get("name", equation.primitive.name)))
        outputs = self.run(jaxpr, constants, inputs)
        self._within.pop()
        return outputs

    def _converted(self, x: Value, dtype: Any) -> Value:
        """The same; what is cast to float32 is compared in that precision."""
        if dtype not in (np.float32, np.float64):
            raise NetworkError(f"the model computes in {dtype}; set it to float32 or float64")
        self.dtype = min(self.dtype, dtype, key=lambda one: np.dtype(one).itemsize)
        return x


def _read(known: dict[Any, Any], name: Any) -> Any:
    return name.val if isinstance(name, Literal) else known[name]


def _widened(x: Any) -> np.ndarray:
    """Floats as float64, which changes no value; places and truth values as they are."""
    array = np.asarray(x)
    return array if array.dtype.kind in "iub" else real(array)
