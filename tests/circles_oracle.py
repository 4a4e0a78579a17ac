"""Regions of a normed network by a sweep in 240 digits: the truth for `geomtoy.circles`.

It shares no code with the package. The plane is cut by vertical lines at every abscissa, a stop, where
two borders (of any pattern that occurs), or a border and itself, may meet. Between two stops nothing
changes, so each strip's cells are the intervals of any line in it; cells of neighbouring strips are one
where an open interval of the line between them lies in both. Numbers of small networks are either 0 or
much greater than 1e-80, so "equal" means "equal to 80 digits" and each zero is a true one.
"""

from __future__ import annotations

from itertools import combinations, pairwise

import mpmath
from mpmath import mpf

mpmath.mp.dps = 240
NEAR, STEP = mpf(10) ** -80, mpf(10) ** -60


def regions(network, slice, window) -> int:
    """Number of activation regions inside a convex window."""
    return Sweep(network, slice, window).count()


class Sweep:
    """Functions of (s, t) are rows (a, b, c, e): a s + b t + c + e sigma, the norm's deviation."""

    def __init__(self, network, slice, window):
        self.net = network
        self.window = [(number(x), number(y)) for x, y in window]
        if area(self.window) < 0:
            self.window.reverse()
        norm = network.norm
        self.gain, self.bias = [[number(x) for x in row.tolist()] for row in (norm.gain, norm.bias)]
        self.y = self.normed_input(slice)
        d = len(self.y)
        if norm.centred:
            means = [sum(row[k] for row in self.y) / d for k in range(3)]
            self.y = [[row[k] - means[k] for k in range(3)] for row in self.y]
        self.q = [[sum(r[i] * r[j] for r in self.y) / d for j in range(3)] for i in range(3)]
        self.q[2][2] += number(norm.epsilon)
        self.layers = [
            ([[number(w) for w in row] for row in W.tolist()], [number(x) for x in b.tolist()])
            for W, b in network.after.layers
        ]
        self.sides = [
            [p[1] - q[1], q[0] - p[0], p[0] * q[1] - p[1] * q[0], mpf(0)]
            for p, q in zip(self.window, self.window[1:] + self.window[:1], strict=True)
        ]

    def normed_input(self, slice):
        d = self.net.d_in
        if slice is None:
            x = [[mpf(1), mpf(0), mpf(0)], [mpf(0), mpf(1), mpf(0)]]
        else:
            x = [[number(z) for z in row] for row in zip(slice.u, slice.v, slice.origin, strict=True)]
        assert len(x) == d
        if self.net.before is None:
            return x
        W, b = self.net.before
        return [
            [
                sum(number(w) * x[j][k] for j, w in enumerate(row)) + (number(c) if k == 2 else 0)
                for k in range(3)
            ]
            for row, c in zip(W.tolist(), b.tolist(), strict=True)
        ]

    def values(self, pattern):
        """Rows of the layer that follows the layers of a pattern."""
        h = [[self.gain[j] * z for z in row] + [self.bias[j]] for j, row in enumerate(self.y)]
        for layer in range(len(pattern) + 1):
            W, b = self.layers[layer]
            z = [
                [
                    sum(w * r[k] for w, r in zip(row, h, strict=True)) + (c if k == 3 else 0)
                    for k in range(4)
                ]
                for row, c in zip(W, b, strict=True)
            ]
            if layer == len(pattern):
                return z
            acts = self.net.after.units(layer + 1)
            h = [
                [
                    number(act.slopes[p]) * x + (number(act.offsets[p]) if k == 3 else 0)
                    for k, x in enumerate(r)
                ]
                for act, p, r in zip(acts, pattern[layer], z, strict=True)
            ]

    def borders(self, pattern):
        acts = self.net.after.units(len(pattern) + 1)
        return [
            [*row[:3], row[3] - number(tau)]
            for act, row in zip(acts, self.values(pattern), strict=True)
            for tau in act.breakpoints
        ]

    def sigma(self, s, t):
        p = (s, t, mpf(1))
        return mpmath.sqrt(sum(self.q[i][j] * p[i] * p[j] for i in range(3) for j in range(3)))

    def at(self, row, s, t):
        return row[0] * s + row[1] * t + row[2] + row[3] * self.sigma(s, t)

    def roots(self, row, s):
        """Zeros of a function on the line of abscissa s."""
        a, b, c, e = row
        q = self.q
        const = a * s + c
        A = b * b - e * e * q[1][1]
        B = 2 * (b * const - e * e * (q[0][1] * s + q[1][2]))
        C = const**2 - e * e * (q[0][0] * s * s + 2 * q[0][2] * s + q[2][2])
        size = max(abs(b), abs(const), abs(e), mpf(1))
        return [
            t for t in quadratic(A, B, C) if abs(self.at(row, s, t)) < NEAR * size * (1 + abs(t)) ** 2
        ]

    def pattern(self, s, t, near):
        """Patterns of all hidden layers at a point that lies on no border."""
        found = ()
        for layer in range(1, len(self.layers)):
            pieces = []
            for act, row in zip(self.net.after.units(layer), self.values(found), strict=True):
                value = self.at(row, s, t) / self.sigma(s, t)
                pieces.append(sum(value - number(tau) > near for tau in act.breakpoints))
            found += (tuple(pieces),)
        return found

    def line(self, s, near):
        """Open intervals of a vertical line inside the window: (low, high, pattern)."""
        cuts = self.inside(s)
        if cuts is None:
            return []
        low, high = cuts
        marks = [low, high]
        pieces = [(low, high)]
        for layer in range(len(self.layers) - 1):
            for a, b in pieces:
                prefix = self.pattern(s, (a + b) / 2, near)[:layer]
                self.seen.add(prefix)
                marks += [t for row in self.borders(prefix) for t in self.roots(row, s) if a < t < b]
            marks.sort()
            distinct = [marks[0]] + [y for x, y in pairwise(marks) if y - x > near]
            marks = distinct
            pieces = list(pairwise(marks))
        found = []
        for a, b in pieces:
            middle = (a + b) / 2
            pattern = self.pattern(s, middle, near)
            found.append((a, b, None if self.on_border(pattern, s, middle, near) else pattern))
        return found

    def beside(self, s):
        """Intervals of a vertical line beside a stop; each pattern ends where another begins.

        A border that is a single point, a circle of radius 0, is near enough to leave a mark there.
        """
        found = []
        for low, high, pattern in self.line(s, NEAR * NEAR):
            if found and found[-1][2] == pattern:
                low = found.pop()[0]
            found.append((low, high, pattern))
        return found

    def on_border(self, pattern, s, t, near):
        """Whether the middle of an interval lies on a border, which then is this vertical line."""
        rows = [row for k in range(len(pattern)) for row in self.borders(pattern[:k])]
        return any(max(map(abs, row)) > NEAR and abs(self.at(row, s, t)) < near for row in rows)

    def inside(self, s):
        ts = []
        for (x, y), (u, v) in zip(self.window, self.window[1:] + self.window[:1], strict=True):
            if min(x, u) - NEAR <= s <= max(x, u) + NEAR and abs(u - x) > NEAR:
                ts.append(y + (v - y) * (s - x) / (u - x))
        if not ts or max(ts) - min(ts) < STEP / 1000:
            return None
        return min(ts), max(ts)

    def abscissas(self):
        rows = [*self.sides] + [row for prefix in self.seen for row in self.borders(prefix)]
        found = [x for x, _ in self.window]
        for row in rows:
            found += self.turning(row)
        for p, q in combinations(rows, 2):
            found += self.meetings(p, q)
        left, right = (f(x for x, _ in self.window) for f in (min, max))
        found = sorted(s for s in found if left - NEAR < s < right + NEAR)
        return [found[0]] + [y for x, y in pairwise(found) if y - x > NEAR]

    def turning(self, row):
        """Abscissas where the two zeros on a vertical line are one, or one is at infinity."""
        a, b, c, e = row
        q = self.q
        if abs(e) < NEAR:
            return []
        # discriminant in t of (a s + b t + c)^2 - e^2 q, as a quadratic in s
        A = b * b - e * e * q[1][1]
        B = (2 * (b * a - e * e * q[0][1]), 2 * (b * c - e * e * q[1][2]))
        C = (a * a - e * e * q[0][0], 2 * (a * c - e * e * q[0][2]), c * c - e * e * q[2][2])
        found = quadratic(
            B[0] ** 2 - 4 * A * C[0], 2 * B[0] * B[1] - 4 * A * C[1], B[1] ** 2 - 4 * A * C[2]
        )
        if abs(A) < NEAR and abs(B[0]) > NEAR:
            found.append(-B[1] / B[0])
        return found

    def meetings(self, p, q):
        """Abscissas of points where both functions may vanish."""
        if abs(p[3]) < NEAR:
            p, q = q, p
        if abs(p[3]) < NEAR:
            det = p[0] * q[1] - p[1] * q[0]
            return [] if abs(det) < NEAR else [(p[1] * q[2] - p[2] * q[1]) / det]
        line = [x - y * q[3] / p[3] for x, y in zip(q, p, strict=True)][:3]
        a, b, c = line
        if max(abs(a), abs(b)) < NEAR:
            return []
        if abs(b) < NEAR:
            return [-c / a]
        # t = m s + k on the line; put into (p0 s + p1 t + p2)^2 = p3^2 q
        m, k = -a / b, -c / b
        u, v = p[0] + p[1] * m, p[1] * k + p[2]
        Q, e = self.q, p[3] ** 2
        A = Q[0][0] + 2 * Q[0][1] * m + Q[1][1] * m * m
        B = 2 * (Q[0][1] * k + Q[1][1] * m * k + Q[0][2] + Q[1][2] * m)
        C = Q[1][1] * k * k + 2 * Q[1][2] * k + Q[2][2]
        return quadratic(u * u - e * A, 2 * u * v - e * B, v * v - e * C)

    def count(self):
        self.seen = {()}
        while True:
            before = len(self.seen)
            stops = self.abscissas()
            lines = [[self.beside(s - STEP), self.line(s, NEAR), self.beside(s + STEP)] for s in stops]
            if len(self.seen) == before:
                return self.glue(lines)

    def glue(self, lines):
        cells = {
            (i, side, j): pattern
            for i, triple in enumerate(lines)
            for side in (0, 2)
            for j, (_, _, pattern) in enumerate(triple[side])
        }
        parts = Parts(cells)
        for i, triple in enumerate(lines):
            self.glue_across(i, triple, cells, parts)
        for i in range(len(lines) - 1):
            right, left = lines[i][2], lines[i + 1][0]
            assert [p for *_, p in right] == [p for *_, p in left], "a strip changes inside"
            for j in range(len(right)):
                parts.join((i, 2, j), (i + 1, 0, j))
        return parts.number()

    def glue_across(self, i, triple, cells, parts):
        for low, high, pattern in triple[1]:
            if pattern is None:
                continue
            middle = (low + high) / 2
            both = [
                (i, side, j)
                for side in (0, 2)
                for j, (a, b, _) in enumerate(triple[side])
                if a < middle < b
            ]
            assert all(cells[key] == pattern for key in both), "patterns jump inside a cell"
            for key in both[1:]:
                parts.join(both[0], key)


class Parts:
    """Disjoint sets of members."""

    def __init__(self, members):
        self.leader = {x: x for x in members}

    def find(self, x):
        while self.leader[x] != x:
            x = self.leader[x]
        return x

    def join(self, x, y):
        self.leader[self.find(x)] = self.find(y)

    def number(self):
        return len({self.find(x) for x in self.leader})


def quadratic(A, B, C):
    """Real roots of A x^2 + B x + C; none of what is 0 everywhere."""
    size = max(abs(A), abs(B), abs(C))
    if size < NEAR:
        return []
    A, B, C = A / size, B / size, C / size
    if abs(A) < NEAR:
        return [] if abs(B) < NEAR else [-C / B]
    D = B * B - 4 * A * C
    if D < -NEAR:
        return []
    root = mpmath.sqrt(D) if D > NEAR else mpf(0)
    return [(-B - root) / (2 * A), (-B + root) / (2 * A)]


def number(x):
    """A float, an int or a Fraction in 240 digits."""
    p, q = x.as_integer_ratio()
    return mpf(p) / q


def area(polygon):
    """Twice the signed area."""
    return sum(
        p[0] * q[1] - p[1] * q[0] for p, q in zip(polygon, polygon[1:] + polygon[:1], strict=True)
    )
