"""The kernels without their certificate: plain float64 signs, orders and maps, and no error bounds.

Only for measuring what the bounds cost. `install` puts these functions in place of the package's own in
one process, before anything is compiled; the package itself has no such switch. Its counts are then
those of ordinary float64 geometry; nothing that such a process calls certified is.
"""

from __future__ import annotations

import sys

import numpy as np
from numba import njit
from numba.core.dispatcher import Dispatcher


@njit(inline="always")
def intersection(a1, b1, c1, e1, a2, b2, c2, e2):
    W = a1 * b2 - a2 * b1
    return (b1 * c2 - b2 * c1) / W, (c1 * a2 - c2 * a1) / W, 0.0


@njit(inline="always")
def position(a, b, e, x, y, d, direction):
    if abs(b) >= abs(a):
        return (-x if b > 0 else x) * direction, 0.0
    return (y if a > 0 else -y) * direction, 0.0


@njit(nogil=True)
def sort_group(order, key, error, low, high, floor, g, clusters):
    if high - low < 24:
        for i in range(low + 1, high):
            k, j = order[i], i
            while j > low and key[order[j - 1]] > key[k]:
                order[j] = order[j - 1]
                j -= 1
            order[j] = k
    else:
        order[low:high] = order[low:high][np.argsort(key[order[low:high]])]


@njit(nogil=True)
def filtered_signs(which, signs, open_count, x, y, w, d, cell, rows, error, segment):
    for v in which:
        A, B, C = rows[cell[v], 0], rows[cell[v], 1], rows[cell[v], 2]
        xv, yv, wv = x[v], y[v], w[v]
        row = signs[v]
        for i in range(rows.shape[2]):
            z = A[i] * xv + B[i] * yv + C[i] * wv
            row[i] = np.int8(z > 0.0) - np.int8(z < 0.0)


@njit(nogil=True)
def longest_chain(f0, f1, bits, tree):
    return 0


@njit(nogil=True)
def first_cell(out, E, rows, error, bits, switching, updates, WT, bias, cuts, rounded, scratch):
    out[0] = 0.0
    out[1] = 0.0
    out[2] = bias
    unit, factor, _ = scratch
    m = 0
    for j in range(WT.shape[0]):
        piece = cuts.first[j] + j
        for cut in range(cuts.first[j], cuts.first[j + 1]):
            piece += np.int64((bits[cut >> 6] >> np.uint64(cut & 63)) & np.uint64(1))
        s, o = cuts.slope[piece], cuts.offset[piece]
        if s != 0.0 or o != 0.0:
            unit[m] = j
            factor[m, 0], factor[m, 1], factor[m, 2] = s * rows[0, j], s * rows[1, j], s * rows[2, j] + o
            m += 1
    _add_units(out, WT, unit, factor, m)


@njit(nogil=True, fastmath={"contract"})
def _add_units(out, WT, unit, factor, m):
    """As the package's, four at a time."""
    A, B, C = out[0], out[1], out[2]
    n = A.shape[0]
    k = 0
    while k + 4 <= m:
        w0, w1, w2, w3 = WT[unit[k]], WT[unit[k + 1]], WT[unit[k + 2]], WT[unit[k + 3]]
        a0, b0, c0, _ = factor[k]
        a1, b1, c1, _ = factor[k + 1]
        a2, b2, c2, _ = factor[k + 2]
        a3, b3, c3, _ = factor[k + 3]
        for i in range(n):
            x0, x1, x2, x3 = w0[i], w1[i], w2[i], w3[i]
            A[i] += a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
            B[i] += b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
            C[i] += c0 * x0 + c1 * x1 + c2 * x2 + c3 * x3
        k += 4
    for r in range(k, m):
        w = WT[unit[r]]
        a, b, c, _ = factor[r]
        for i in range(n):
            A[i] += a * w[i]
            B[i] += b * w[i]
            C[i] += c * w[i]


def install() -> None:
    """Have this process compile the plain kernels, and keep none of them in the cache."""
    assert not any(name.startswith("geomtoy") for name in sys.modules), "install before any import"
    Dispatcher.enable_caching = lambda self: None
    from geomtoy.regions import filter, maps, meetings, signs, subdivide

    places = {
        "intersection": (intersection, (filter, meetings, subdivide)),
        "position": (position, (filter, meetings, subdivide)),
        "sort_group": (sort_group, (filter, meetings)),
        "filtered_signs": (filtered_signs, (signs,)),
        "_longest_chain": (longest_chain, (maps,)),
        "_first_cell": (first_cell, (maps,)),
    }
    for name, (plain, modules) in places.items():
        for module in modules:
            assert hasattr(module, name), f"{module.__name__} has no {name} any more"
            setattr(module, name, plain)
