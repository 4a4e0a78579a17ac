// A ReLU network R^d -> R as plain arrays, and the same numbers as whole ones.

import { commonShift, scaled } from "./dyadic.js";

/**
 * Layers are {W, b, n, m}: W a Float64Array of n rows of m weights, b a Float64Array of n biases.
 * All but the last are followed by a ReLU. A first layer may stand for whole numbers that floats do not
 * hold: then `error` says for each unit how far W and b may be off, and the network has `whole[0]`.
 */
export function makeNetwork(layers) {
  return { layers, whole: layers.map(() => null) };
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

/** Output at a point, in floats: for curves and shades, never for counts. */
export function evaluate(network, point) {
  let values = point;
  network.layers.forEach(({ n, m, W, b }, k) => {
    const last = k === network.layers.length - 1;
    const next = new Float64Array(n);
    for (let u = 0; u < n; u++) {
      let sum = b[u];
      for (let j = 0; j < m; j++) sum += W[u * m + j] * values[j];
      next[u] = last ? sum : Math.max(0, sum);
    }
    values = next;
  });
  return values[0];
}

/** The same function of (x, y) that ignores y, so that intervals are strips of a plane. */
export function onPlane(network) {
  if (inputs(network) === 2) return network;
  const [first, ...rest] = network.layers;
  const W = new Float64Array(2 * first.n);
  for (let u = 0; u < first.n; u++) W[2 * u] = first.W[u];
  return makeNetwork([makeLayer(first.n, 2, W, first.b), ...rest]);
}
