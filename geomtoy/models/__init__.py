"""Models in Flax NNX and their export to plain arrays; import from the modules: some need no jax.

- `mlp`, `attention`, `layer`, `block`, `decoder`: modules, each with its frozen config
- `time_encoding`: how a time becomes tokens
- `export`, `block_export`: plain arrays of trained modules; `named`: parameters by name
- `stack`: networks of one shape as arrays with a leading axis, without jax
- `gaussian`: random networks as plain arrays, without jax
- `checkpoint`: toy models on disk
"""
