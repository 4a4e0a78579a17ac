"""ONNX graphs and their networks compute the same: operator by operator, and in graphs of any form."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx import helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402
from onnx_models import model, node  # noqa: E402

import geomtoy  # noqa: E402
from geomtoy.cli import main  # noqa: E402
from geomtoy.errors import FileError, NetworkError  # noqa: E402
from geomtoy.importers.onnx import from_onnx  # noqa: E402
from geomtoy.normed import NormedNetwork  # noqa: E402

rng = np.random.default_rng(0)


def f(*shape):
    return rng.normal(size=shape)


def widened(source):
    """The same model in float64, for an evaluator that shares no code with onnxruntime."""
    wide = onnx.ModelProto.FromString(source.SerializeToString())
    for init in wide.graph.initializer:
        array = numpy_helper.to_array(init)
        if array.dtype == np.float32:
            init.CopyFrom(numpy_helper.from_array(array.astype(np.float64), init.name))
    wide.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.DOUBLE
    return ReferenceEvaluator(wide)


def assert_same(source, shape, **settings):
    network = from_onnx(source, **settings)
    points = f(20, *shape)
    evaluator = widened(source)
    expected = [evaluator.run(None, {"x": point[None]})[0].ravel() for point in points]
    np.testing.assert_allclose(network(points.reshape(20, -1)), expected, rtol=1e-9, atol=1e-9)
    return network


VECTORS = {
    "Gemm": ([node("Gemm", "x W b", "y", alpha=0.5, beta=2.0)], {"W": f(4, 3), "b": f(3)}),
    "Gemm of tensors": ([node("Gemm", "x W x", "y", beta=0.3)], {"W": f(4, 4)}),
    "Gemm of constants": ([node("Gemm", "b W x", "y", alpha=0.3)], {"W": f(4, 4), "b": f(1, 4)}),
    "Gemm turned": ([node("Gemm", "x W", "y", transB=1)], {"W": f(3, 4)}),
    "MatMul": ([node("MatMul", "x W", "y")], {"W": f(4, 3)}),
    "Add": ([node("Add", "b x", "y")], {"b": f(4)}),
    "Sub": ([node("Sub", "b x", "y")], {"b": f(4)}),
    "Sub tensors": ([node("Relu", "x", "a"), node("Sub", "a x", "y")], {}),
    "Mul": ([node("Mul", "x b", "y")], {"b": f(4)}),
    "Div": ([node("Div", "x b", "y")], {"b": f(4)}),
    "Neg": ([node("Neg", "x", "y")], {}),
    "Sum": ([node("Sum", "x x b", "y")], {"b": f(4)}),
    "Relu": ([node("Relu", "x", "y")], {}),
    "LeakyRelu": ([node("LeakyRelu", "x", "y", alpha=0.3)], {}),
    "PRelu": ([node("PRelu", "x b", "y")], {"b": f(4)}),
    "Clip": ([node("Clip", "x l h", "y")], {"l": -0.5, "h": 0.75}),
    "Clip below": ([node("Clip", "x l", "y")], {"l": 0.0}),
    "Clip to a tensor": (
        [node("ReduceMax", "x", "m", keepdims=0), node("Clip", "b m", "y")],
        {"b": f(1, 4)},
    ),
    "Clip upside down": ([node("Clip", "x l h", "y")], {"l": 1.0, "h": 0.5}),
    "Mean": ([node("Neg", "x", "a"), node("Mean", "a b x", "y")], {"b": f(4)}),
    "Where of constants": ([node("Where", "c x b", "y")], {"b": f(4), "c": [True, False, False, True]}),
    "Abs": ([node("Abs", "x", "y")], {}),
    "HardSigmoid": ([node("HardSigmoid", "x", "y")], {}),
    "Max": ([node("Neg", "x", "a"), node("Max", "a b x", "y")], {"b": f(4)}),
    "Min": ([node("Neg", "x", "a"), node("Min", "x b a", "y")], {"b": f(1)}),
    "Concat": ([node("Neg", "x", "a"), node("Concat", "x a b", "y", axis=1)], {"b": f(1, 2)}),
    "Split": (
        [node("Split", "x s", "a b", axis=1), node("Concat", "b x a", "y", axis=1)],
        {"s": [1, 3]},
    ),
    "Slice": ([node("Slice", "x s e a t", "y")], {"s": [3], "e": [-9], "a": [1], "t": [-2]}),
    "Gather": ([node("Gather", "x i", "y", axis=1)], {"i": [3, 3, 0]}),
    "Unsqueeze": ([node("Unsqueeze", "x a", "b"), node("Squeeze", "b a", "y")], {"a": [1]}),
    "Expand": ([node("Unsqueeze", "x a", "b"), node("Expand", "b s", "y")], {"a": [2], "s": [1, 4, 2]}),
    "Tile": ([node("Tile", "x r", "y")], {"r": [1, 2]}),
    "ReduceMean": ([node("ReduceMean", "x a", "y")], {"a": [1]}),
    "ReduceSum": ([node("ReduceSum", "x a", "y", keepdims=0)], {"a": [-1]}),
    "ReduceMax": ([node("ReduceMax", "x a", "y")], {"a": [1]}),
    "ReduceMin": ([node("ReduceMin", "x a", "y", keepdims=0)], {"a": [-1]}),
    "all axes": ([node("ReduceSum", "x a", "y")], {"a": np.zeros(0, int)}),
    "no axes": (
        [node("ReduceSum", "x a", "y", noop_with_empty_axes=1)],
        {"a": np.zeros(0, int)},
    ),
    "Identity": ([node("Identity", "x", "a"), node("Dropout", "a", "y")], {}),
    "folded": (
        [node("Add", "W W", "V"), node("Transpose", "V", "U"), node("MatMul", "x U", "y")],
        {"W": f(3, 4)},
    ),
}


@pytest.mark.parametrize(("nodes", "constants"), VECTORS.values(), ids=VECTORS)
def test_operators_on_vectors(nodes, constants):
    assert_same(model(nodes, constants, ["N", 4]), (4,))


IMAGES = {
    "Conv": (
        [node("Conv", "x W b", "y", pads=[1, 0, 2, 1], strides=[2, 1])],
        {"W": f(4, 2, 3, 2), "b": f(4)},
    ),
    "Conv groups": ([node("Conv", "x W", "y", group=2, dilations=[2, 1])], {"W": f(4, 1, 2, 2)}),
    "Conv same": (
        [node("Conv", "x W", "y", auto_pad="SAME_UPPER", strides=[2, 2])],
        {"W": f(1, 2, 2, 3)},
    ),
    "BatchNormalization": (
        [node("BatchNormalization", "x s t m v", "y", epsilon=0.01)],
        {"s": f(2), "t": f(2), "m": f(2), "v": f(2) ** 2},
    ),
    "MaxPool": ([node("MaxPool", "x", "y", kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 0])], {}),
    "MaxPool ceil": ([node("MaxPool", "x", "y", kernel_shape=[2, 2], strides=[2, 3], ceil_mode=1)], {}),
    "AveragePool": ([node("AveragePool", "x", "y", kernel_shape=[3, 3], pads=[1, 1, 1, 1])], {}),
    "AveragePool counted": (
        [node("AveragePool", "x", "y", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)],
        {},
    ),
    "GlobalAveragePool": ([node("GlobalAveragePool", "x", "y")], {}),
    "GlobalMaxPool": ([node("GlobalMaxPool", "x", "y")], {}),
    "Flatten": ([node("Flatten", "x", "y")], {}),
    "Reshape": ([node("Reshape", "x s", "y")], {"s": [0, -1, 3]}),
    "Transpose": ([node("Transpose", "x", "y", perm=[0, 2, 3, 1])], {}),
    "Pad": ([node("Pad", "x p", "y")], {"p": [0, 0, 1, 0, 0, 0, 2, 1]}),
    "Pad reflect": ([node("Pad", "x p", "y", mode="reflect")], {"p": [0, 0, 1, 0, 0, 0, 2, 1]}),
    "ReduceMax": ([node("ReduceMax", "x a", "y", keepdims=0)], {"a": [1, 3]}),
    "Add channels": ([node("Add", "x b", "y")], {"b": f(2, 1, 1)}),
    "MatMul left": ([node("MatMul", "W x", "y")], {"W": f(3, 5)}),
    "shapes": (
        [
            node("Shape", "x", "s"),
            node("Gather", "s zero", "n"),
            node("Unsqueeze", "n axis", "first"),
            node("Concat", "first rest", "t", axis=0),
            node("Reshape", "x t", "y"),
        ],
        {"zero": 0, "axis": [0], "rest": [-1]},
    ),
}


@pytest.mark.parametrize(("nodes", "constants"), IMAGES.values(), ids=IMAGES)
def test_operators_on_images(nodes, constants):
    assert_same(model(nodes, constants, ["N", 2, 5, 6]), (2, 5, 6))


def test_one_axis_of_space():
    nodes = [
        node("Conv", "x W b", "a", pads=[1, 1]),
        node("MaxPool", "a", "c", kernel_shape=[2], strides=[2]),
        node("AveragePool", "c", "y", kernel_shape=[3]),
    ]
    assert_same(model(nodes, {"W": f(4, 2, 3), "b": f(4)}, [1, 2, 9]), (2, 9))


def residual(last=()):
    nodes = [
        node("Gemm", "x A a", "h"),
        node("Relu", "h", "r"),
        node("MatMul", "r B", "s"),
        node("Add", "s b", "t"),
        node("LeakyRelu", "t", "u"),
        node("Add", "u r", "v"),
        node("Concat", "v h", "w", axis=1),
        node("Max", "v h", "m"),
        node("Concat", "m w", "z", axis=1),
        node("Gemm", "z C", "out" if last else "y"),
        *last,
    ]
    constants = {"A": f(2, 5), "a": f(5), "B": f(5, 5), "b": f(5), "C": f(15, 3)}
    return model(nodes, constants, ["N", 2])


def test_a_residual_graph_and_its_regions():
    network = assert_same(residual(), (2,))
    cells = geomtoy.enumerate_regions(network)
    assert cells.certify().valid
    centre = cells.polygon(0).mean(axis=0)
    np.testing.assert_allclose(
        cells.A_omega[0] @ centre + cells.b_omega[0], network(centre[None])[0], atol=1e-12
    )


@pytest.mark.parametrize("kind", ["Softmax", "LogSoftmax", "Sigmoid"])
def test_a_last_smooth_function_is_dropped_if_asked(kind):
    rng.bit_generator.state = np.random.default_rng(1).bit_generator.state
    plain = residual()
    rng.bit_generator.state = np.random.default_rng(1).bit_generator.state
    source = residual([node(kind, "out", "y")])
    with pytest.raises(NetworkError, match=f"a {kind} is not piecewise affine; give logits=True"):
        from_onnx(source)
    with pytest.warns(UserWarning, match=f"the last {kind} is dropped"):
        network = from_onnx(source, logits=True)
    points = f(5, 2)
    np.testing.assert_array_equal(network(points), from_onnx(plain)(points))


def test_a_norm_behind_affine_layers():
    nodes = [
        node("Gemm", "x A", "h"),
        node("LayerNormalization", "h s t", "n"),
        node("Relu", "n", "r"),
        node("Gemm", "r C", "y"),
    ]
    source = model(nodes, {"A": f(2, 5), "s": f(5), "t": f(5), "C": f(5, 1)}, [1, 2])
    assert isinstance(assert_same(source, (2,)), NormedNetwork)


REFUSED = {
    "Tanh": ([node("Tanh", "x", "y")], r"node 'to_y' \(Tanh\) is not piecewise affine"),
    "Mul": ([node("Mul", "x x", "y")], r"node 'to_y' \(Mul\): two tensors are multiplied"),
    "MatMul": ([node("Transpose", "x", "t"), node("MatMul", "x t", "y")], "two tensors are multiplied"),
    "Div": ([node("Div", "c x", "y")], "divided by a tensor"),
    "Sigmoid": ([node("Sigmoid", "x", "a"), node("Neg", "a", "y")], "a Sigmoid is not piecewise"),
    "constant": ([node("Neg", "c", "y")], "does not depend on the input"),
    "half": (
        [node("Cast", "x", "h", to=10), node("Cast", "h", "w", to=1), node("Sub", "x w", "y")],
        "cast to something else than float32 or float64",
    ),
    "integers": (
        [node("Cast", "x", "h", to=7), node("Cast", "h", "w", to=1), node("Add", "x w", "y")],
        "cast to something else than float32 or float64",
    ),
    "random": ([node("RandomNormal", "", "r", shape=[4]), node("Add", "x r", "y")], "it is random"),
    "outside": ([node("Gather", "x i", "y", axis=1)], "an entry is taken that axis 1 of shape"),
    "of another": (
        [node("MatMul", "x I", "h"), node("Greater", "h z", "g"), node("Where", "g x z", "y")],
        "no functions of what is compared",
    ),
    "not computed": ([node("LSTM", "c", "d"), node("Add", "x d", "y")], "onnxruntime refuses"),
    "zero": ([node("Sub", "c c", "o"), node("Div", "x o", "y")], "divided by 0"),
}


@pytest.mark.parametrize(("nodes", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_known_is_named(nodes, message):
    with pytest.raises(NetworkError, match=message):
        from_onnx(model(nodes, {"c": f(1, 4), "i": [7], "z": 0.0, "I": np.eye(4)}, [1, 4]))


@pytest.mark.parametrize("kind", ["FLOAT16", "INT64", "BOOL"])
def test_inputs_of_other_kinds_are_named(kind):
    source = model([node("Identity", "x", "y")], {}, [1, 2], kind=getattr(onnx.TensorProto, kind))
    with pytest.raises(NetworkError, match=r"the input is .*; give a model of float32 or float64"):
        from_onnx(source)


def test_constants_in_other_forms_are_named():
    source = model([node("Add", "x c", "y")], {"c": f(2)}, [1, 2])
    damaged, elsewhere, sparse = (onnx.ModelProto.FromString(source.SerializeToString()) for _ in "abc")
    damaged.graph.initializer[0].raw_data = b"abc"
    elsewhere.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL
    del sparse.graph.initializer[:]
    values, indices = numpy_helper.from_array(f(1), "c"), numpy_helper.from_array(np.array([1]), "i")
    sparse.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [2]))
    for bad, message in (
        (damaged, "the constant 'c' is damaged"),
        (elsewhere, "the constant 'c' is damaged or its file is missing"),
        (sparse, "'c' is stored in a form that is not known here|onnxruntime refuses"),
    ):
        with pytest.raises(NetworkError, match=message):
            from_onnx(bad)


def test_a_branch_by_constants_is_named():
    branches = [
        helper.make_graph(
            [node(kind, "h", f"to_{kind}")],
            kind,
            [],
            [helper.make_tensor_value_info(f"to_{kind}", 1, None)],
        )
        for kind in ("Relu", "Neg")
    ]
    last = node("If", "c", "y", then_branch=branches[0], else_branch=branches[1])
    with pytest.raises(NetworkError, match=r"\(If\): this constant cannot be computed"):
        from_onnx(model([node("Abs", "x", "h"), last], {"c": True}, [1, 2]))


def test_a_graph_with_open_lengths_or_several_inputs_is_refused():
    nodes = [node("Relu", "x", "y")]
    with pytest.raises(NetworkError, match="shape of input 'x' is open; give input_shape"):
        from_onnx(model(nodes, {}, ["N", "d"]))
    assert from_onnx(model(nodes, {}, ["N", "d"]), input_shape=(1, 3)).d_in == 3
    two = model([node("Add", "x z", "y")], {}, [1, 2])
    two.graph.input.append(helper.make_tensor_value_info("z", 1, [1, 2]))
    with pytest.raises(NetworkError, match="one input; this graph has 'x', 'z'"):
        from_onnx(two)


def test_parameters_are_exactly_those_of_the_file():
    W = f(3, 2).astype(np.float32)
    network = from_onnx(model([node("Gemm", "x W", "y", transB=1)], {"W": W}, [1, 2]))
    np.testing.assert_array_equal(network.layers[0][0], W.astype(float))


def test_a_model_that_differs_from_its_graph_is_refused(monkeypatch):
    from geomtoy.importers import onnx as importer

    monkeypatch.setattr(importer._Runtime, "__call__", lambda self, x: np.maximum(x, -1e-4)[:, 0])
    with pytest.raises(NetworkError, match="differ by"):
        from_onnx(model([node("Relu", "x", "y")], {}, [1, 2]))


def test_files_are_loaded_and_counted(tmp_path, capsys):
    path = tmp_path / "net.onnx"
    onnx.save(residual(), path)
    stored = geomtoy.load(path)
    assert main(["count", str(path)]) == 0
    assert f'"regions": {geomtoy.count_regions(stored.network).regions},' in capsys.readouterr().out
    (tmp_path / "bad.onnx").write_bytes(b"nothing")
    with pytest.raises(FileError, match=r"bad\.onnx is not a readable ONNX file"):
        geomtoy.load(tmp_path / "bad.onnx")
    with pytest.raises(FileError, match=r"no\.onnx does not exist"):
        geomtoy.load(tmp_path / "no.onnx")
    onnx.save(model([node("Erf", "x", "y")], {}, [1, 2]), path)
    assert main(["count", str(path)]) == 2
    assert "net.onnx: node 'to_y' (Erf) is not piecewise affine" in capsys.readouterr().err
