"""One entry for models of all libraries; those of scikit-learn and Keras."""

import subprocess
import sys
import warnings
from importlib.util import find_spec

import numpy as np
import pytest

import geomtoy
from geomtoy.errors import NetworkError

X = np.random.default_rng(0).normal(size=(60, 2))


@pytest.fixture
def perceptrons():
    """Fitted models of scikit-learn."""
    neural = pytest.importorskip("sklearn.neural_network")
    settings = {"hidden_layer_sizes": (6, 4), "max_iter": 20, "random_state": 0}
    with warnings.catch_warnings(action="ignore"):  # they have not converged
        return {
            "regressor": neural.MLPRegressor(**settings).fit(X, X.sum(axis=1)),
            "two classes": neural.MLPClassifier(**settings).fit(X, X[:, 0] > 0),
            "three classes": neural.MLPClassifier(**settings).fit(X, (X > 0).sum(axis=1)),
            "tanh": neural.MLPRegressor(**settings, activation="tanh").fit(X, X[:, 0]),
            "unfitted": neural.MLPRegressor(**settings),
        }


def test_perceptrons_of_scikit_learn(perceptrons):
    model = perceptrons["regressor"]
    network = geomtoy.from_model(model)
    np.testing.assert_allclose(network(X)[:, 0], model.predict(X), atol=1e-12)
    assert network.widths == (6, 4)
    for name in ("two classes", "three classes"):
        model = perceptrons[name]
        with pytest.raises(NetworkError, match="is not piecewise affine; give logits=True"):
            geomtoy.from_model(model)
        with pytest.warns(UserWarning, match="is dropped"):
            outputs = geomtoy.from_model(model, logits=True)(X)
        found = outputs[:, 0] > 0 if outputs.shape[1] == 1 else outputs.argmax(axis=1)
        np.testing.assert_array_equal(found, model.predict(X))


def test_pipelines_of_scikit_learn(perceptrons):
    pipeline = pytest.importorskip("sklearn.pipeline")
    scalers = pytest.importorskip("sklearn.preprocessing")
    for scaler in (scalers.StandardScaler(), scalers.MinMaxScaler()):
        model = pipeline.make_pipeline(scaler.fit(X), perceptrons["regressor"])
        np.testing.assert_allclose(geomtoy.from_model(model)(X)[:, 0], model.predict(X), atol=1e-12)
    far = 1e6 * X  # the random points that importers compare at are all inside
    model = pipeline.make_pipeline(scalers.MinMaxScaler(clip=True).fit(far), perceptrons["regressor"])
    np.testing.assert_allclose(geomtoy.from_model(model)(9 * far)[:, 0], model.predict(9 * far))
    with pytest.raises(NetworkError, match="QuantileTransformer is not piecewise affine or not known"):
        geomtoy.from_model(scalers.QuantileTransformer(n_quantiles=9).fit(X))


def test_models_of_scikit_learn_that_are_refused(perceptrons):
    with pytest.raises(NetworkError, match="activation 'tanh' is not piecewise linear"):
        geomtoy.from_model(perceptrons["tanh"])
    with pytest.raises(NetworkError, match=r"MLPRegressor is not fitted; call fit\(\) first"):
        geomtoy.from_model(perceptrons["unfitted"])


def test_models_of_torch_and_onnx():
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    assert geomtoy.from_model(module).widths == (3,)
    with pytest.raises(NetworkError, match=r"Sequential is no geomtoy.Network;.*from_model\(model\)"):
        geomtoy.count_regions(module)
    pytest.importorskip("onnx")
    from onnx_models import model, node

    assert geomtoy.from_model(model([node("Relu", "x", "y")], {}, [1, 2])).widths == (2,)


def test_a_network_stays_what_it_is_and_anything_else_is_refused():
    network = geomtoy.Network([([[1, 0]], [0])])
    assert geomtoy.from_model(network) is network
    with pytest.raises(NetworkError, match="dict is of no library that is known here; export"):
        geomtoy.from_model({"W1": 1})


KERAS = """
import os
os.environ["KERAS_BACKEND"] = "jax"
import numpy as np, keras, geomtoy
from keras import layers as L
i = keras.Input((6, 5, 1))
h = L.Conv2D(2, 3, activation="relu", padding="same")(i)
h = L.BatchNormalization()(L.MaxPooling2D()(h))
h = L.AveragePooling2D(2)(L.add([h, L.LeakyReLU()(h)]))
h = L.PReLU()(L.ReLU(max_value=6)(L.Dense(4)(L.Dropout(0.5)(L.Flatten()(h)))))
class Residual(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = L.Dense(3, "relu")
    def call(self, x):
        return x + self.inner(x)
residual = Residual()
residual(np.zeros((1, 3)))
dense = keras.Sequential([keras.Input((2,)), L.Dense(8, "relu"), L.Dense(1)])
for model, shape in [(keras.Model(i, h), None), (residual, 3), (dense, None)]:
    network = geomtoy.from_model(model, shape)
    size = (9, network.d_in)
    x = np.random.default_rng(0).normal(size=size).astype("f4")
    batch = x.reshape(9, 6, 5, 1) if network.d_in == 30 else x
    expected = np.asarray(model(batch)).reshape(9, -1)
    np.testing.assert_allclose(network(x.astype(float)), expected, rtol=1e-4, atol=1e-4)
class Within(keras.Model):
    def __init__(self):
        super().__init__()
        self.last, self.first = L.Dense(2), L.Dense(3, "sigmoid")
    def call(self, x):
        return self.last(self.first(x))
within, twice = Within(), L.Dense(3, "softmax")
within(np.zeros((1, 3)))
both = keras.Sequential([keras.Input((3,)), twice, L.Dense(3), twice])
for model, shape in [(Residual(), None), (Residual(), 3), (within, 3), (both, 3)]:
    try:
        geomtoy.from_model(model, shape, logits=True)
    except geomtoy.GeomtoyError as error:
        print(str(error).partition(" by ")[0])
"""


def test_keras_models_of_any_composition():
    if find_spec("keras") is None:  # importing it here would ask for its default backend, TensorFlow
        pytest.skip("Keras is not installed")
    done = subprocess.run([sys.executable, "-c", KERAS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "Residual is not built; call it once on an input",
        "Residual is not built; call it once on an input",
        "the model and the imported network differ",
        "the model and the imported network differ",
    ]


ELSEWHERE = """
import os
os.environ["KERAS_BACKEND"] = "torch"
import warnings, numpy as np, keras, geomtoy
from keras import layers as L
i = keras.Input((2,))
h = L.Dense(4, "relu")(i)
model = keras.Model(i, L.Dense(3, "softmax")(L.Concatenate()([h, i])))
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    network = geomtoy.from_model(model, logits=True)
x = np.random.default_rng(0).normal(size=(9, 2)).astype("f4")
outputs = network(x.astype(float))
shares = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
np.testing.assert_allclose(shares, keras.ops.convert_to_numpy(model(x)), rtol=1e-4, atol=1e-5)
print([str(w.message) for w in said if "dropped" in str(w.message)])
class Own(keras.Model):
    def call(self, x):
        return 2 * x
own = Own()
own(np.zeros((1, 2), "f4"))
try:
    geomtoy.from_model(own, 2)
except geomtoy.GeomtoyError as error:
    print(error)
"""


def test_keras_on_another_backend_is_read_by_a_process_with_jax():
    for package in ("keras", "torch"):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    done = subprocess.run([sys.executable, "-c", ELSEWHERE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    dropped, refused = done.stdout.splitlines()
    assert dropped == "['the last softmax is dropped: the network gives its input']"
    assert refused.startswith(
        "a process with Keras on jax cannot read the model: Could not locate class"
    )
    assert refused.endswith("KERAS_BACKEND=jax, or export the model to ONNX")
