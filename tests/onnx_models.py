"""Small ONNX models, made of nodes and constants."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def node(kind, inputs, outputs, **attributes):
    """A node from names in one string each."""
    names = outputs.split()
    return helper.make_node(kind, inputs.split(), names, name=f"to_{names[0]}", **attributes)


def model(nodes, constants, shape, opset=18, kind=TensorProto.FLOAT):
    """A model from x of a shape to y; constants are float32 where they are floats."""
    given = helper.make_tensor_value_info("x", kind, shape)
    wanted = helper.make_tensor_value_info("y", kind, None)
    graph = helper.make_graph(nodes, "graph", [given], [wanted], _initializers(constants))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def _initializers(constants):
    arrays = {name: np.asarray(value) for name, value in constants.items()}
    narrow = {k: a.astype(np.float32) if a.dtype == float else a for k, a in arrays.items()}
    return [numpy_helper.from_array(array, name) for name, array in narrow.items()]
