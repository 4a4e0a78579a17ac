// A network R^d -> R with one piecewise linear activation, as plain arrays, and the same numbers as whole ones.

import { commonShift, scaled } from "./dyadic.js";

/**
 * Slopes of a hidden unit where it is off and where it is on. Each is a whole number over 2^shift, so that
 * a weight times a slope is exact in floats too.
 */
export const ACTIVATIONS = {
  relu: { off: 0, on: 1, shift: 0 },
  leaky_relu: { off: 1 / 8, on: 1, shift: 3 },
  abs: { off: -1, on: 1, shift: 0 },
};

/**
 * Layers are {W, b, n, m}: W a Float64Array of n rows of m weights, b a Float64Array of n biases.
 * All but the last are followed by the activation. A first layer may stand for whole numbers that floats do
 * not hold: then its `error` says for each unit how far W and b may be off, and the network has `whole[0]`.
 */
export function makeNetwork(layers, activation = "relu") {
  let units = 0;
  const starts = layers.map(({ n }) => (units += n) - n); // of each layer's units in an activation pattern
  return { layers, activation, slopes: ACTIVATIONS[activation], starts, whole: layers.map(() => null) };
}

export function makeLayer(n, m, W = new Float64Array(n * m), b = new Float64Array(n)) {
  return { n, m, W, b };
}

export const inputs = (network) => network.layers[0].m;

/** Numbers of units of the hidden layers. */
export const widths = (network) => network.layers.slice(0, -1).map((layer) => layer.n);

/** W and b of one layer times 2^shift, as BigInts; made once, when a sign needs them. */
export function wholeLayer(network, k) {
  if (network.whole[k] === null) {
    const { W, b } = network.layers[k];
    const shift = Math.max(commonShift(W), commonShift(b));
    const whole = (values) => Array.from(values, (value) => scaled(value, shift));
    network.whole[k] = { W: whole(W), b: whole(b), shift };
  }
  return network.whole[k];
}

/** Preactivations of each layer at a point, the output's last; in floats, in arrays that the next call overwrites. */
export function preactivations(network, point) {
  const { layers, slopes } = network;
  network.room ??= layers.map(({ n }) => [new Float64Array(n), new Float64Array(n)]);
  let values = point;
  for (let k = 0; k < layers.length; k++) {
    const { n, m, W, b } = layers[k];
    const [before, after] = network.room[k];
    for (let u = 0; u < n; u++) {
      let sum = b[u];
      for (let j = 0, at = u * m; j < m; j++, at++) sum += W[at] * values[j];
      before[u] = sum;
      after[u] = (sum > 0 ? slopes.on : slopes.off) * sum;
    }
    values = after;
  }
  return network.room.map(([before]) => before);
}

/** Output at a point, in floats: for curves and shades, never for counts. */
export const evaluate = (network, point) => preactivations(network, point).at(-1)[0];

/** The same function of (x, y) that ignores y, so that intervals are strips of a plane. */
export function onPlane(network) {
  if (inputs(network) === 2) return network;
  const [first, ...rest] = network.layers;
  const W = new Float64Array(2 * first.n);
  for (let u = 0; u < first.n; u++) W[2 * u] = first.W[u];
  return makeNetwork([makeLayer(first.n, 2, W, first.b), ...rest], network.activation);
}
