"""One compilation for functions that are one program, another for any that is not."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from geomtoy.training.compiled import compiled


def adding(constant):
    return lambda x: x + constant


def test_the_same_program_is_compiled_once():
    x = jnp.arange(3.0)
    assert compiled(adding(2.0), x) is compiled(adding(2.0), 5 * x)
    np.testing.assert_array_equal(compiled(adding(2.0), x)(x), x + 2)


def test_other_numbers_inside_make_another_program():
    for size in (3, 20_000):
        x, one, other = jnp.zeros(size), jnp.arange(size), jnp.arange(size).at[-1].set(7)
        np.testing.assert_array_equal(compiled(adding(one), x)(x), one)
        np.testing.assert_array_equal(compiled(adding(other), x)(x), other)


def test_names_of_what_goes_in_and_out_count():
    x = jnp.zeros(2)
    assert set(compiled(lambda x: {"a": x}, x)(x)) == {"a"}
    assert set(compiled(lambda x: {"b": x}, x)(x)) == {"b"}
    assert compiled(lambda d: d["a"], {"a": x})({"a": x + 1})[0] == 1
    assert compiled(lambda d: d["b"], {"b": x})({"b": x + 1})[0] == 1


def test_what_goes_in_unused_counts_too():
    for kind in (jnp.float32, jnp.float64):
        x = jnp.zeros(2, kind)
        assert compiled(lambda x: {}, x)(x) == {}
