// Random networks from a seed, the same to the bit in every browser.
//
// Only integer arithmetic, + - * / and sqrt are used, which IEEE 754 fixes; log and cos are not fixed. Each
// number depends on the seed and on its own place (layer, unit, input) alone, so a wider network keeps the
// units it had and its first layer keeps their lines.

import { makeLayer, makeNetwork } from "./network.js";

/** 32 mixed bits of some integers: the finaliser of MurmurHash3 (A. Appleby), once for each. */
export function mix(...integers) {
  let h = 0x9e3779b9;
  for (const integer of integers) {
    h = (h ^ integer) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h = (h ^ (h >>> 16)) + 0x6d2b79f5;
  }
  return h >>> 0;
}

/** Twelve uniform numbers less six: mean 0, variance 1, near Gaussian, within [-6, 6]. */
export function nearNormal(...place) {
  let sum = -6;
  for (let k = 0; k < 12; k++) sum += (mix(...place, k) + 0.5) / 2 ** 32;
  return sum;
}

/**
 * Hidden weights have variance 2 / fan-in (He), those of the output 1 / fan-in, hidden biases
 * biasScale^2; the output has bias 0. With a grid g > 0 all are rounded to multiples of g.
 */
export function randomNetwork({ dIn, widths, biasScale, seed, grid = 0, activation = "relu" }) {
  const sizes = [dIn, ...widths, 1];
  const layers = sizes.slice(1).map((n, k) => {
    const [m, last] = [sizes[k], k === widths.length];
    const scale = Math.sqrt((last ? 1 : 2) / m);
    const layer = makeLayer(n, m);
    for (let u = 0; u < n; u++) {
      for (let j = 0; j < m; j++) {
        layer.W[u * m + j] = rounded(scale * nearNormal(seed, k, u, j + 1), grid);
      }
      layer.b[u] = last ? 0 : rounded(biasScale * nearNormal(seed, k, u, 0), grid);
    }
    return layer;
  });
  return makeNetwork(layers, activation);
}

const rounded = (value, grid) => (grid > 0 ? Math.round(value / grid) * grid : value);
