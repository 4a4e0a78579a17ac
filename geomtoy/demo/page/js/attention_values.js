// What a block does with one query, in floats: weights, units, output. For pictures, never for counts.

import { evaluate, makeLayer, makeNetwork } from "./network.js";

export class PlaneBlock {
  /** @param block see attention_block.js. */
  constructor(block) {
    const { d, f, hidden, T, tokens, plane, heads, mlp } = block;
    Object.assign(this, { block, hidden, T });
    const still = Array.from({ length: T }, (_, j) => tokens.slice(j * d, (j + 1) * d));
    const rows = [0, 1, 2].map((i) => plane.slice(i * d, (i + 1) * d));
    this.base = rows.map((row) => times(mlp.W1, row, hidden)); // [coordinate][unit]
    this.keys = heads.map(({ Q, K }) =>
      still.map((x) => rows.map((row) => dot(timesFromLeft(row, Q, f), timesFromLeft(x, K, f)))),
    ); // [head][token][coordinate]: a score is affine in the query's place
    this.values = heads.map(({ V, O }) =>
      still.map((x) => times(mlp.W1, timesFromLeft(timesFromLeft(x, V, f), O, d), hidden)),
    );
  }

  /** Weights of each head on the tokens. */
  weights([x, y], sharpness) {
    return this.keys.map((tokens) => softmax(tokens.map(([a, b, c]) => a * x + b * y + c), sharpness));
  }

  /** {weights, preactivations, pattern, output} where the query is at a place. */
  at(place, sharpness) {
    const weights = this.weights(place, sharpness);
    const { b1, W2, b2 } = this.block.mlp;
    const preactivations = Float64Array.from(b1, (bias, u) => {
      let sum = bias + this.base[0][u] * place[0] + this.base[1][u] * place[1] + this.base[2][u];
      weights.forEach((row, h) => row.forEach((w, j) => (sum += w && w * this.values[h][j][u])));
      return sum;
    });
    const pattern = Array.from(preactivations, (value) => (value > 0 ? 1 : 0));
    const readout = makeNetwork([makeLayer(1, this.hidden, W2, b2)]);
    const output = evaluate(readout, preactivations.map((value) => Math.max(0, value)));
    return { weights, preactivations, pattern, output };
  }
}

/** Softmax of scores times a number; with Infinity all weight is on the first of the greatest. */
function softmax(scores, sharpness) {
  const most = Math.max(...scores);
  if (sharpness === Infinity) return scores.map((_, j) => (j === scores.indexOf(most) ? 1 : 0));
  const powers = scores.map((score) => Math.exp(sharpness * (score - most)));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

const dot = (p, q) => p.reduce((sum, value, k) => sum + value * q[k], 0);

/** A matrix of n rows times a vector. */
const times = (W, x, n) =>
  Float64Array.from({ length: n }, (_, u) => dot(x, W.subarray(u * x.length, (u + 1) * x.length)));

/** A vector times a matrix of `columns` columns. */
function timesFromLeft(x, W, columns) {
  const result = new Float64Array(columns);
  for (let i = 0; i < x.length; i++) {
    for (let k = 0; k < columns; k++) result[k] += x[i] * W[i * columns + k];
  }
  return result;
}
