// Two ways of counting regions that are not exact, and what they miss and invent beside the exact count.

import { enumerateRegions, SQUARE } from "./enumerate.js";
import { makeVertex } from "./geometry.js";
import { STRIDE } from "./maps.js";
import { preactivations } from "./network.js";

/** Floats without error bounds: a value within the tolerance of 0 is taken for 0. */
const rounding = (tolerance) => ({
  sign({ table, start }, unit, { x, y }) {
    const at = start + STRIDE * unit;
    const value = table[at] * x + table[at + 1] * y + table[at + 2];
    return value > tolerance ? 1 : value < -tolerance ? -1 : 0;
  },
  meet(id, p, q) {
    const w = p.a * q.b - q.a * p.b;
    return makeVertex(id, [(p.b * q.c - q.b * p.c) / w, (p.c * q.a - q.c * p.a) / w, 0], p, q);
  },
});

/**
 * Each way gives {found, missed, invented}: how many regions it counts, the numbers of exact cells that it does
 * not see, and places {x, y} of what it counts besides. found = exact - missed + invented.
 */
export function countByFloats(exact, network, tolerance) {
  const { cells } = enumerateRegions(network, SQUARE, rounding(tolerance));
  return compared(exact, cells.map(({ pattern, loop }) => ({ key: keyOf(pattern), place: middle(loop) })));
}

/** Different activation patterns at the middles of side x side pixels. */
export function countByPixels(exact, network, side) {
  const seen = new Map();
  const coordinate = (k) => (2 * k + 1) / side - 1;
  for (let i = 0; i < side * side; i++) {
    const place = { x: coordinate(i % side), y: coordinate(Math.floor(i / side)) };
    const key = patternAt(network, [place.x, place.y]);
    if (!seen.has(key)) seen.set(key, { key, place });
  }
  return compared(exact, [...seen.values()]);
}

/** A pattern of at most 52 units as a whole number that floats hold. */
const keyOf = (pattern) => pattern.reduce((key, bit) => 2 * key + bit, 0);

function patternAt(network, point) {
  let key = 0;
  const layers = preactivations(network, point);
  for (let k = 0; k < layers.length - 1; k++) for (const z of layers[k]) key = 2 * key + (z > 0 ? 1 : 0);
  return key;
}

function compared({ cells }, counted) {
  const unseen = new Map(cells.map(({ pattern }, k) => [keyOf(pattern), k]));
  const invented = counted.filter(({ key }) => !unseen.delete(key)).map(({ place }) => place);
  return { found: counted.length, missed: [...unseen.values()], invented };
}

/** Mean of the corners that floats know. */
function middle(loop) {
  const known = loop.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const mean = (name) => known.reduce((sum, vertex) => sum + vertex[name] / known.length, 0);
  return { x: mean("x"), y: mean("y") };
}
