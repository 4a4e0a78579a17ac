"""Networks from other libraries' models: `any_model` chooses the importer by type.

`onnx`, `torch`, `jax`, `jax_models`, `keras` and `scikit_learn` write what they read in the operations
of `geomtoy.graph`; `finish` compares the network with its source. `state_dict` needs plain arrays
only, and `vnnlib` reads what is to be verified.
"""
