"""Networks behind a norm, used: against quadratics and certified series, saved, counted, drawn."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from flint import acb, fmpq, fmpq_poly

import geomtoy
from geomtoy import Network, Slice, cli
from geomtoy.block_arrays import BlockArrays
from geomtoy.errors import FileError, GeomtoyError
from geomtoy.normed import Norm, NormedNetwork
from geomtoy.regions.results.export import to_arrays, to_geojson
from geomtoy.views.mlp_input import mlp_network
from geomtoy.views.plane import count_regions_on_plane


def layer(seed, n=7, d=4, epsilon=Fraction(1, 8), centred=True):
    """One layer behind a norm, of numbers with few digits, on a plane."""
    rng = np.random.default_rng(seed)
    W, b = rng.integers(-9, 10, (n, d)) / 8, rng.integers(-9, 10, n) / 8
    norm = Norm(np.ones(d), rng.integers(-2, 3, d) / 8, epsilon, centred)
    plane = Slice(*(rng.integers(-9, 10, (3, d)) / 4))
    return NormedNetwork(None, norm, Network([(W, b), (np.ones((1, n)), [0.0])])), plane


# Quadratics: n . y + c sigma = 0 squared. Everything below is rational until roots are isolated.


class Quadratics:
    """Borders of one layer as conics in (s, t), and their common points from resultants."""

    def __init__(self, network, plane):
        (W, b), norm = network.after.layers[0], network.norm
        y = [[Fraction(z) for z in row] for row in zip(plane.u, plane.v, plane.origin, strict=True)]
        d = len(y)
        if norm.centred:
            y = [[z - sum(r[k] for r in y) / d for k, z in enumerate(row)] for row in y]
        self.square = [
            [sum(r[i] * r[j] for r in y) / d + (norm.epsilon if i == j == 2 else 0) for j in range(3)]
            for i in range(3)
        ]
        shift = [Fraction(x) for x in norm.bias.tolist()]
        self.rows = [
            (
                [sum(Fraction(w) * r[k] for w, r in zip(row, y, strict=True)) for k in range(3)],
                sum(Fraction(w) * z for w, z in zip(row, shift, strict=True)) + Fraction(c),
            )
            for row, c in zip(W.tolist(), b.tolist(), strict=True)
        ]

    def conic(self, unit, s):
        """Coefficients in t of (a s + b t + c)^2 - e^2 sigma^2 at an abscissa."""
        (a, b, c), e = self.rows[unit]
        q, k = self.square, a * s + c
        return (
            k * k - e * e * (q[0][0] * s * s + 2 * q[0][2] * s + q[2][2]),
            2 * (b * k - e * e * (q[0][1] * s + q[1][2])),
            b * b - e * e * q[1][1],
        )

    def resultant(self, i, j):
        """Polynomial of degree 4 whose zeros are the abscissas of common points, by interpolation."""
        places = [Fraction(k) for k in range(-2, 3)]
        values = []
        for s in places:
            p, q = self.conic(i, s), self.conic(j, s)
            values.append(
                (p[0] * q[2] - p[2] * q[0]) ** 2
                - (p[0] * q[1] - p[1] * q[0]) * (p[1] * q[2] - p[2] * q[1])
            )
        total = fmpq_poly([0])
        for k, (s, value) in enumerate(zip(places, values, strict=True)):
            term = fmpq_poly([fmpq(value.numerator, value.denominator)])
            for other in places[:k] + places[k + 1 :]:
                gap = s - other
                term *= fmpq_poly([fmpq(-int(other)), fmpq(1)]) / fmpq(int(gap))
            total += term
        return total

    def at(self, unit, s, t):
        (a, b, c), e = self.rows[unit]
        q = self.square
        inner = (
            float(q[0][0]) * s * s + 2 * float(q[0][1]) * s * t + float(q[1][1]) * t * t
            + 2 * float(q[0][2]) * s + 2 * float(q[1][2]) * t + float(q[2][2])
        )  # fmt: skip
        return float(a) * s + float(b) * t + float(c) + float(e) * np.sqrt(inner)

    def common(self, i, j):
        """Common points of two borders in the open square."""
        found = []
        for root, _ in self.resultant(i, j).complex_roots():
            if not (acb(root).imag.contains(0) and abs(float(acb(root).real.mid())) < 1):
                continue
            s = float(acb(root).real.mid())
            p, q = (np.array(self.conic(k, Fraction(s)), float) for k in (i, j))
            t = -(p[0] * q[2] - p[2] * q[0]) / (p[1] * q[2] - p[2] * q[1])
            if abs(t) < 1 and max(abs(self.at(k, s, t)) for k in (i, j)) < 1e-6:
                found.append((s, t))
        return found


@pytest.mark.parametrize("seed", [0, 2, 4, 6, 7])
def test_crossings_are_the_common_points_of_quadratics(seed):
    network, plane = layer(seed, centred=seed % 3 > 0)
    cells = geomtoy.enumerate_regions(network, slice=plane)
    oracle = Quadratics(network, plane)
    expected = [p for i, j in combinations(range(7), 2) for p in oracle.common(i, j)]
    inside = cells.vertices[(np.abs(cells.vertices) < 1 - 1e-9).all(axis=1)]
    assert len(inside) == len(expected) > 0
    for point in expected:
        assert np.abs(inside - point).max(axis=1).min() < 1e-6


def test_exact_vertices_lie_exactly_on_quadratics():
    network, plane = layer(1)
    cells, oracle = geomtoy.enumerate_regions(network, slice=plane), Quadratics(network, plane)
    for edge, (layer_of, unit) in enumerate(zip(cells.edge_layer, cells.edge_unit, strict=True)):
        if layer_of == 0 or cells.edges[edge, 0] < 0:
            continue
        (s0, s1, E), (t0, t1, _) = cells.exact_vertex(int(cells.edges[edge, 0]))
        (a, b, c), e = oracle.rows[unit]
        p = [(s0, s1), (t0, t1), (Fraction(1), Fraction(0))]
        value = [a * x + b * y + c * z for x, y, z in zip(*p, strict=True)]
        square = product(value, value, E)
        sigma = [Fraction(0), Fraction(0)]
        for i in range(3):
            for j in range(3):
                term = product(p[i], p[j], E)
                sigma = [z + oracle.square[i][j] * w for z, w in zip(sigma, term, strict=True)]
        gap = [x - e * e * y for x, y in zip(square, sigma, strict=True)]
        assert gap[0] ** 2 == gap[1] ** 2 * E, "x + y sqrt(E) is not zero"


def product(x, y, E):
    return x[0] * y[0] + x[1] * y[1] * E, x[0] * y[1] + x[1] * y[0]


# The certified series of soft blocks


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("centred", [True, False])
def test_circles_agree_with_the_certified_series(seed, centred):
    """A block that attends to nothing is its norm and its MLP: two engines, one count."""
    rng = np.random.default_rng(seed)
    d, m = 6, 10
    mlp = Network([(rng.normal(size=(m, d)), rng.normal(size=m)), (np.ones((1, m)), [0.0])])
    zeros = np.zeros((1, d, 2))
    block = BlockArrays(
        np.zeros((3, d // 2)), zeros, zeros, zeros, np.zeros((1, 2, d)), mlp,
        norm_gain=1 + rng.normal(size=d) / 10, norm_bias=rng.normal(size=d) / 10,
        norm_epsilon=2.0**-10, centred_norm=centred,
    )  # fmt: skip
    plane = Slice(*rng.normal(size=(3, d)))
    soft = count_regions_on_plane(block, plane, tokens=rng.normal(size=(2, d)))
    assert soft.certified
    assert soft.regions == geomtoy.count_regions(mlp_network(block), slice=plane).regions


# Degenerate planes, level sets


@pytest.mark.parametrize(
    ("plane", "epsilon", "sentence"),
    [
        (Slice((0, 1, 2), (1, 1, 1), (0, 0, 1)), 1, "changes along one direction of the plane only"),
        (Slice((0, 1, 2), (1, 0, 0), (0, 1, 0)), 0, "epsilon are 0 at a point of the plane"),
    ],
)
def test_planes_without_circles_are_refused_by_name(plane, epsilon, sentence):
    after = Network([(np.eye(3), np.zeros(3)), (np.ones((1, 3)), [0.0])])
    network = NormedNetwork(None, Norm(np.ones(3), np.zeros(3), Fraction(epsilon)), after)
    with pytest.raises(GeomtoyError, match=sentence):
        geomtoy.count_regions(network, slice=plane)


def test_a_norm_that_no_plane_suits_is_refused_by_name():
    after = Network([(np.eye(2), np.zeros(2)), (np.ones((1, 2)), [0.0])])
    pair = Norm(np.ones(2), np.zeros(2), Fraction(1))
    with pytest.raises(GeomtoyError, match="LayerNorm of two numbers keeps but one direction"):
        geomtoy.count_regions(NormedNetwork(None, pair, after))
    constant = (np.zeros((2, 2)), np.ones(2))
    rms = Norm(np.ones(2), np.zeros(2), Fraction(1), centred=False)
    with pytest.raises(GeomtoyError, match="does not change on the plane"):
        geomtoy.count_regions(NormedNetwork(constant, rms, after))


@pytest.mark.parametrize(
    "ask", [geomtoy.enumerate_level_set, geomtoy.enumerate_decision_boundary], ids=["level", "classes"]
)
def test_level_sets_behind_a_norm_are_refused_by_name(ask):
    network, plane = layer(0)
    with pytest.raises(GeomtoyError, match="behind a norm a level set is made of arcs"):
        ask(network, slice=plane)


# Files and the command line


@pytest.mark.parametrize("before", [None, (np.array([[1, 0], [0, 1], [2, 1], [1, 3]]) / 8, np.ones(4))])
def test_a_network_behind_a_norm_is_read_as_it_was_saved(tmp_path, before):
    network, plane = layer(2, epsilon=Fraction(1, 3))
    network = NormedNetwork(before, network.norm, network.after)
    where = None if before else plane
    geomtoy.save(tmp_path / "net.npz", network, slice=where)
    read = geomtoy.load(tmp_path / "net.npz")
    assert read.network.norm.epsilon == Fraction(1, 3)
    assert read.network.norm.centred == network.norm.centred
    expected = geomtoy.count_regions(network, slice=where, linear=False)
    assert geomtoy.count_regions(read.network, slice=read.slice, linear=False) == expected


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"norm_gain": None}, "the key norm_gain is missing"),
        ({"norm_W": np.eye(4)}, "the key norm_b is missing"),
        ({"norm_epsilon": np.ones(2)}, "norm_epsilon is not one number"),
        ({"norm_centred": np.array("yes")}, "norm_centred not a bool"),
    ],
)
def test_half_a_norm_is_refused(tmp_path, change, sentence):
    network, plane = layer(2)
    geomtoy.save(tmp_path / "net.npz", network, slice=plane)
    with np.load(tmp_path / "net.npz") as file:
        arrays = {**file, **change}
    np.savez(tmp_path / "net.npz", **{k: v for k, v in arrays.items() if v is not None})
    with pytest.raises(FileError, match=sentence):
        geomtoy.load(tmp_path / "net.npz")


def test_the_command_line_takes_a_network_behind_a_norm(tmp_path, capsys):
    network, plane = layer(3)
    net = str(tmp_path / "net.npz")
    geomtoy.save(net, network, slice=plane)
    cells = geomtoy.enumerate_regions(network, slice=plane)
    assert cli.main(["count", net]) == 0
    assert json.loads(capsys.readouterr().out)["regions"] == len(cells)
    for name in ("cells.npz", "cells.geojson"):
        assert cli.main(["regions", net, "-o", str(tmp_path / name)]) == 0
    assert cli.main(["plot", net, "-o", str(tmp_path / "net.png")]) == 0
    assert len(json.loads((tmp_path / "cells.geojson").read_text())["features"]) == len(cells)
    assert (np.load(tmp_path / "cells.npz")["cell_start"] == to_arrays(cells)["cell_start"]).all()
    rings = [feature["geometry"]["coordinates"] for feature in to_geojson(cells)["features"]]
    assert sum(map(signed_area, rings)) == pytest.approx(4, abs=1e-2)


def signed_area(rings):
    corners = [np.array(ring) for ring in rings]
    return sum(float((p[:-1, 0] * p[1:, 1] - p[:-1, 1] * p[1:, 0]).sum()) / 2 for p in corners)
