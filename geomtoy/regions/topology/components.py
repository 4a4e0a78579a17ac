"""Union-find on small integers: which members are one."""

from __future__ import annotations

import numpy as np

from geomtoy.kernels import inlined, kernel


@inlined
def find(root, i):
    while root[i] != i:
        root[i] = root[root[i]]
        i = root[i]
    return i


@inlined
def join(root, p, q):
    p, q = find(root, p), find(root, q)
    root[max(p, q)] = min(p, q)


@kernel
def components(n, pairs):
    """Labels 0, 1, ... of the connected components of a graph, in the order of their least members."""
    root = np.arange(n)
    for k in range(pairs.shape[0]):
        join(root, pairs[k, 0], pairs[k, 1])
    label = np.empty(n, np.int64)
    found = 0
    for i in range(n):
        r = find(root, i)
        if r == i:
            label[i] = found
            found += 1
        else:
            label[i] = label[r]
    return label
