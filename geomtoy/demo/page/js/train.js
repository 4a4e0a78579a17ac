// Adam on the mean squared error over all points, in float64, the same to the bit in every browser.

import { evaluate, makeLayer, makeNetwork } from "./network.js";

const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/** One training run that can be continued: its networks at the steps it has passed are kept. */
export class Training {
  /**
   * @param start network at step 0.
   * @param points Float64Array, the inputs of one point after the other.
   * @param values Float64Array, what to learn there.
   * @param every steps between networks that are kept.
   */
  constructor(start, points, values, { every, rate = 0.01 }) {
    Object.assign(this, { points, values, every, rate, step: 0, activation: start.activation });
    const last = start.layers.length - 1;
    const straight = { off: 1, on: 1 };
    this.layers = start.layers.map((layer, k) => new TrainedLayer(layer, k < last ? start.slopes : straight));
    this.kept = [start];
  }

  /** Train on until the network of a step is kept, or time (ms, on the clock `now`) is over. */
  advance(step, now = () => 0, until = 1) {
    while (this.kept.length <= step / this.every && now() < until) {
      this.update();
      if (this.step % this.every === 0) this.kept.push(this.snapshot());
    }
  }

  /** The kept network at a step or the latest before it, and its step. */
  at(step) {
    const k = Math.min(Math.floor(step / this.every), this.kept.length - 1);
    return { network: this.kept[k], step: k * this.every };
  }

  snapshot() {
    const copies = this.layers.map(({ n, m, W, b }) => makeLayer(n, m, W.slice(), b.slice()));
    return makeNetwork(copies, this.activation);
  }

  update() {
    const { points, values, layers } = this;
    const [dIn, count] = [layers[0].m, values.length];
    for (let i = 0; i < count; i++) {
      let x = points.subarray(i * dIn, (i + 1) * dIn);
      for (const layer of layers) x = layer.forward(x);
      let gradient = new Float64Array([(2 * (x[0] - values[i])) / count]);
      for (let k = layers.length - 1; k >= 0; k--) {
        gradient = layers[k].backward(gradient, k > 0);
      }
    }
    this.step += 1;
    const [fade1, fade2] = [1 - power(BETA1, this.step), 1 - power(BETA2, this.step)];
    for (const layer of layers) layer.adam(this.rate, fade1, fade2);
  }
}

/** Mean squared error of a network. */
export function meanSquaredError(network, points, values) {
  const dIn = network.layers[0].m;
  const square = (value, i) => (evaluate(network, points.subarray(i * dIn, (i + 1) * dIn)) - value) ** 2;
  return values.reduce((sum, value, i) => sum + square(value, i), 0) / values.length;
}

/** By repeated multiplication, as Math.pow may round differently elsewhere. */
function power(base, exponent) {
  let result = 1;
  for (let k = 0; k < exponent; k++) result *= base;
  return result;
}

/** A layer with its gradients, Adam's moments, and room for what passes through. */
class TrainedLayer {
  constructor({ n, m, W, b }, { off, on }) {
    Object.assign(this, { n, m, W: W.slice(), b: b.slice(), off, on });
    const room = (size) => new Float64Array(size);
    this.moments = [
      { p: this.W, gradient: room(n * m), mean: room(n * m), square: room(n * m) },
      { p: this.b, gradient: room(n), mean: room(n), square: room(n) },
    ];
    this.input = room(m);
    this.output = room(n);
    this.slope = room(n);
    this.upstream = room(m);
  }

  forward(x) {
    const { n, m, W, b, output, slope, off, on } = this;
    this.input.set(x);
    for (let u = 0; u < n; u++) {
      let sum = b[u];
      for (let j = 0, at = u * m; j < m; j++, at++) sum += W[at] * x[j];
      slope[u] = sum > 0 ? on : off;
      output[u] = slope[u] * sum;
    }
    return output;
  }

  backward(gradient, pass) {
    const { n, m, W, input, slope, upstream } = this;
    const [weights, biases] = this.moments.map((moment) => moment.gradient);
    upstream.fill(0);
    for (let u = 0; u < n; u++) {
      const g = gradient[u] * slope[u];
      if (g === 0) continue;
      biases[u] += g;
      for (let j = 0, at = u * m; j < m; j++, at++) {
        weights[at] += g * input[j];
        if (pass) upstream[j] += g * W[at];
      }
    }
    return upstream;
  }

  adam(rate, fade1, fade2) {
    for (const { p, gradient, mean, square } of this.moments) {
      for (let i = 0; i < p.length; i++) {
        const g = gradient[i];
        mean[i] = BETA1 * mean[i] + (1 - BETA1) * g;
        square[i] = BETA2 * square[i] + (1 - BETA2) * g * g;
        p[i] -= (rate * (mean[i] / fade1)) / (Math.sqrt(square[i] / fade2) + EPSILON);
        gradient[i] = 0;
      }
    }
  }
}
