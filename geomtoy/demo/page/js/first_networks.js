// The networks of the first minute, from where the handles are.

import { makeLayer, makeNetwork } from "./network.js";

const OFF = 0.06; // how far inside its own side the deeper border stays

const layer = (rows, biases) =>
  makeLayer(biases.length, rows[0].length, Float64Array.from(rows.flat()), Float64Array.from(biases));

/**
 * [w1, w2, b] of the unit whose line passes through a place, across the way there from the middle: 0 on the
 * line, positive beyond, growing by 1 in a step of length 1.
 */
export function unitThrough([x, y]) {
  const far = Math.hypot(x, y);
  return [x / far, y / far, -far];
}

const sum = ([w1, w2, b], [x, y]) => w1 * x + w2 * y + b;
const relu = (z) => Math.max(0, z);

/** Bias of the deeper unit, which adds the two units and is 0 at a place; null where both are too nearly off. */
export function deeperBias(units, place) {
  const total = units.reduce((all, unit) => all + relu(sum(unit, place)), 0);
  return total > OFF ? -total : null;
}

const split = (units) => [units.map(([w1, w2]) => [w1, w2]), units.map(([, , b]) => b)];

/** A unit's sum alone: no hidden layer, one affine function. */
export const affineNetwork = (unit) => makeNetwork([layer(...split([unit]))]);

/** Units whose ReLUs are added. */
export const foldedNetwork = (units) =>
  makeNetwork([layer(...split(units)), layer([units.map(() => 1)], [0])]);

/** A deeper unit that adds the ReLUs of units and has a bias of its own. */
export const deeperNetwork = (units, bias) =>
  makeNetwork([layer(...split(units)), layer([units.map(() => 1)], [bias]), layer([[1]], [0])]);
