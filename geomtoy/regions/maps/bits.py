"""Words of 64 bits, as kernels walk through them."""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from geomtoy.kernels import inlined

EVERY = np.uint64(2**64 - 1)


@intrinsic
def _trailing_zeros(context, word):
    """Of a word that is not 0: one instruction, for which Python has no name."""

    def code(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), code


@inlined
def lowest_bit(word):
    """Place of the lowest bit that is set in a word that is not 0."""
    return np.int64(_trailing_zeros(word))  # type: ignore[call-arg]


@inlined
def without_lowest(word):
    """A word that is not 0, without that bit."""
    return word & (word - np.uint64(1))


@inlined
def bit_at(k):
    """The word with bit k alone, of the word that bit k is in."""
    return np.uint64(1) << np.uint64(k & 63)


@inlined
def has_bit(words, k):
    """Whether bit k of some words is set."""
    return words[k >> 6] & bit_at(k) != np.uint64(0)
