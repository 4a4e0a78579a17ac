// The networks of "Predict, then reveal". Answers are not written here: they are counted.

import { makeLayer, makeNetwork } from "./network.js";

const SIX = [
  [1, 0.25, 0],
  [0.75, 0.75, -0.3125],
  [0.25, 1, -0.0625],
  [-0.25, 1, 0.3125],
  [-0.75, 0.75, 0.125],
  [-1, 0.25, -0.4375],
]; // a x + b y + c: every two of these lines cross within the square

/** One hidden layer with a unit for each line. */
function lineNetwork(lines, outgoing) {
  const hidden = makeLayer(lines.length, 2);
  lines.forEach(([a, b, c], u) => {
    hidden.W.set([a, b], 2 * u);
    hidden.b[u] = c;
  });
  return makeNetwork([hidden, makeLayer(1, lines.length, Float64Array.from(outgoing))]);
}

/** Tent maps after one another: each folds [0, 1] onto itself (Telgarsky 2016, arXiv:1602.04485). */
function tents(folds) {
  const layers = [makeLayer(2, 1, new Float64Array([1, 1]), new Float64Array([0, -0.5]))];
  for (let k = 1; k < folds; k++) {
    layers.push(makeLayer(2, 2, new Float64Array([2, -4, 2, -4]), new Float64Array([0, -0.5])));
  }
  return makeNetwork([...layers, makeLayer(1, 2, new Float64Array([2, -4]))]);
}

const outgoing = [1, -2, 1.5, 1, -1, 2];

export const EXERCISES = [
  {
    id: "six",
    kind: "plane",
    counted: "regions",
    network: lineNetwork(SIX, outgoing),
    title: "Six lines",
    question: "Six units, six lines. All crossings lie in the square. How many activation regions?",
    reason: "A new line gains one region for each line it crosses, and one more: 1 + 1 + 2 + … + 6.",
  },
  {
    id: "zero",
    kind: "plane",
    counted: "regions",
    network: lineNetwork(SIX.map(([a, b]) => [a, b, 0]), outgoing),
    title: "The same lines, without bias",
    question: "All six biases are set to 0, so that every line passes through the origin. How many now?",
    reason: "Each line through one common point cuts two of the sectors: two more a line.",
  },
  {
    id: "fold",
    kind: "curve",
    counted: "linearRegions",
    network: tents(3),
    hint: tents(1),
    title: "Three folds",
    question:
      "Two units make the tent drawn here. Three such layers are put after one another. How many linear pieces?",
    reason: "Each fold doubles the pieces; six units in a single layer could make at most seven.",
  },
  {
    id: "deaf",
    kind: "plane",
    counted: "linearRegions",
    network: lineNetwork(SIX, [...outgoing.slice(0, 5), 0]),
    title: "A unit that nobody listens to",
    question:
      "Six lines again, but the last unit has outgoing weight 0. There are as many activation regions as in the first exercise. How many linear regions?",
    reason: "Across the sixth line the map stays the same, so the cells beside it join: five lines are left.",
  },
];
