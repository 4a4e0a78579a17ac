// Lines, vertices, and the one place where signs are decided: floats first, whole numbers where they fail.

import { commonShift, ratio, scaled, signOf } from "./dyadic.js";
import { floatSign, intersection } from "./filter.js";

const COARSE = 2 ** -20;

/** The zero line of unit `unit` on the cell where `maps` holds; layers count from 1. */
export function unitLine(maps, unit) {
  const [a, b, c] = maps.rows.subarray(3 * unit, 3 * unit + 3);
  const layer = maps.layer + 1;
  return { a, b, c, e: maps.error[unit], layer, unit, exact: () => maps.exact(unit) };
}

/** A line with given coefficients, such as a side of the window; it belongs to no layer. */
export function plainLine(a, b, c) {
  const shift = commonShift([a, b, c]);
  const whole = [a, b, c].map((value) => scaled(value, shift));
  return { a, b, c, e: 0, layer: 0, unit: -1, exact: () => whole };
}

/** The point where two lines meet; they must not be parallel. */
export function meet(id, p, q) {
  const [x, y, d] = intersection(p, q);
  const vertex = { id, x, y, d, p, q, whole: null, stamp: -1, sign: 0 };
  if (!(d < COARSE)) improve(vertex);
  return vertex;
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
  if (sign !== 0) return sign;
  tally.exactSigns += 1;
  const [a, b, c] = line.exact();
  const [x, y, w] = wholePoint(vertex);
  return signOf(a * x + b * y + c * w);
}
