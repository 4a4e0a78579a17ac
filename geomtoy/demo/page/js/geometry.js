// Lines, vertices, and the one place where signs are decided: floats first, whole numbers where they fail.

import { commonShift, ratio, scaled, signOf } from "./dyadic.js";
import { floatSign, intersection } from "./filter.js";
import { STRIDE } from "./maps.js";

const COARSE = 2 ** -20;

/** a x + b y + c = 0, each coefficient off by e at most; layers count from 1. */
class Line {
  constructor([a, b, c], e, layer, unit) {
    this.a = a;
    this.b = b;
    this.c = c;
    this.e = e;
    this.layer = layer;
    this.unit = unit;
    this.maps = null;
    this.whole = null;
  }

  exact() {
    return this.whole ?? this.maps.exact(this.unit);
  }
}

/** The zero line of unit `unit` on the cell where `maps` holds. */
export function unitLine(maps, unit) {
  const line = new Line(maps.row(unit), maps.table[maps.start + STRIDE * unit + 3], maps.layer + 1, unit);
  line.maps = maps;
  return line;
}

/** A line with given coefficients, such as a side of the window; it belongs to no layer. */
export function plainLine(a, b, c) {
  const shift = commonShift([a, b, c]);
  const line = new Line([a, b, c], 0, 0, -1);
  line.whole = [a, b, c].map((value) => scaled(value, shift));
  return line;
}

/** A line with given whole coefficients, a float near each of them, off by e at most. */
export function wholeLine(whole, floats, e) {
  const line = new Line(floats, e, 0, -1);
  line.whole = whole;
  return line;
}

/** The line that all directions lie on. */
export const AT_INFINITY = plainLine(0, 0, 1);

/** A vertex at (x, y), each off by d at most: where the lines p and q meet. */
export const makeVertex = (id, [x, y, d], p, q) => ({
  id, x, y, d, p, q, whole: null, stamp: -1, sign: 0, cuts: null, cutEnd: null, nextCut: null, edges: null,
});

/** The same point as a vertex that no run has touched. */
export const renewed = (id, { x, y, d, p, q, whole }) => ({ ...makeVertex(id, [x, y, d], p, q), whole });

/** The point where two lines meet; they must not be parallel. */
export function meet(id, p, q) {
  const vertex = makeVertex(id, intersection(p, q), p, q);
  if (!(vertex.d < COARSE)) improve(vertex);
  return vertex;
}

/** A direction as a vertex: floats say nothing of it, so that its signs are decided in whole numbers. */
export const direction = (id, x, y) => ({ ...makeVertex(id, [0, 0, Infinity], null, null), whole: [x, y, 0n] });

/** The direction of a line that is to the left of a direction v, by less than half a turn. */
export function meetAtInfinity(id, v, line) {
  const [a, b] = line.exact();
  const [x, y] = v.whole;
  return x * -a - y * b > 0n ? direction(id, b, -a) : direction(id, -b, a);
}

/** Coordinates from whole numbers, for the rare vertex that floats do not know well. */
function improve(vertex) {
  const [x, y, w] = wholePoint(vertex);
  vertex.x = ratio(x, w);
  vertex.y = ratio(y, w);
  vertex.d = 2 ** -48 * (1 + Math.abs(vertex.x) + Math.abs(vertex.y));
}

/** Homogeneous coordinates as BigInts, the last of them positive. */
function wholePoint(vertex) {
  if (vertex.whole === null) {
    const [a, b, c] = vertex.p.exact();
    const [f, g, h] = vertex.q.exact();
    const w = a * g - f * b;
    const sign = w < 0n ? -1n : 1n;
    vertex.whole = [sign * (b * h - g * c), sign * (c * f - h * a), sign * w];
  }
  return vertex.whole;
}

/** Sign of a line at a vertex, always the true one. The tally counts how each was decided. */
export function signAt(line, vertex, tally) {
  tally.signs += 1;
  const sign = floatSign(line.a, line.b, line.c, line.e, vertex);
  return sign !== 0 ? sign : wholeSign(line.exact(), vertex, tally);
}

/** The same for a unit of a cell's maps, without making a line. */
export function unitSign(maps, unit, vertex, tally) {
  tally.signs += 1;
  const { table, start } = maps;
  const at = start + STRIDE * unit;
  const sign = floatSign(table[at], table[at + 1], table[at + 2], table[at + 3], vertex);
  return sign !== 0 ? sign : wholeSign(maps.exact(unit), vertex, tally);
}

function wholeSign([a, b, c], vertex, tally) {
  tally.exactSigns += 1;
  const [x, y, w] = wholePoint(vertex);
  return signOf(a * x + b * y + c * w);
}
