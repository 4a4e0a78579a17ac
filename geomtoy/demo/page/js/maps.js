// What the units of one layer compute on one cell: affine maps, in floats with error bounds and, where
// a sign asks for it, in whole numbers.

import { SLACK, TINY, U } from "./filter.js";
import { wholeLayer } from "./network.js";

/** Five numbers a unit: a, b, c of a x + b y + c, a bound on the error of each, and the largest size of them. */
export const STRIDE = 5;

/** Room for the maps of one layer on many cells; one array, as thousands of small ones are slow to make. */
export const mapTable = (network, layer, cells) => new Float64Array(cells * network.layers[layer].n * STRIDE);

const scratch = { units: new Int32Array(64), slopes: new Float64Array(64) };

export class AffineMaps {
  /**
   * @param layer number of the layer, from 0.
   * @param before AffineMaps of the layer before on the same cell; null for the first.
   * @param pattern activation pattern of the cell, in which the layer before is decided.
   * @param table mapTable in which these maps are number `index`.
   */
  constructor(network, layer, before, pattern, table, index) {
    this.network = network;
    this.layer = layer;
    this.before = before;
    this.pattern = pattern;
    this.table = table;
    this.start = index * network.layers[layer].n * STRIDE;
    this.whole = null;
    if (before === null) this.copyWeights();
    else this.compose();
  }

  /** [a, b, c] of a unit. */
  row(u) {
    const at = this.start + STRIDE * u;
    return [this.table[at], this.table[at + 1], this.table[at + 2]];
  }

  copyWeights() {
    const { n, m, W, b, error } = this.network.layers[this.layer];
    for (let u = 0; u < n; u++) this.put(u, W[u * m], W[u * m + 1], b[u], error ? error[u] : 0);
  }

  put(u, a, b, c, error) {
    const { table, start } = this;
    const at = start + STRIDE * u;
    table[at] = a;
    table[at + 1] = b;
    table[at + 2] = c;
    table[at + 3] = error;
    table[at + 4] = Math.max(Math.abs(a), Math.abs(b), Math.abs(c));
  }

  compose() {
    const { n, m, W, b } = this.network.layers[this.layer];
    const { table, start } = this.before;
    const count = this.gatherHeard(m);
    const { units, slopes } = scratch;
    for (let u = 0; u < n; u++) {
      let x = 0;
      let y = 0;
      let z = b[u];
      let spread = 0;
      let size = Math.abs(z);
      for (let k = 0; k < count; k++) {
        const at = start + STRIDE * units[k];
        const slope = slopes[k];
        const w = W[u * m + units[k]];
        const strength = Math.abs(w * slope);
        x += w * table[at] * slope; // a product with a slope is not rounded
        y += w * table[at + 1] * slope;
        z += w * table[at + 2] * slope;
        spread += strength * table[at + 3];
        size += strength * table[at + 4];
      }
      // A sum of k products and a number is off by at most gamma_(k+1) times the sum of sizes.
      this.put(u, x, y, z, count ? (spread + (count + 2) * U * size) * SLACK + (count + 2) * TINY : 0);
    }
  }

  /** Write the units of the layer before that are heard on this cell, and their slopes, to the scratch arrays. */
  gatherHeard(m) {
    const { network, layer, pattern } = this;
    const { off, on } = network.slopes;
    const first = network.starts[layer - 1];
    if (scratch.units.length < m) Object.assign(scratch, { units: new Int32Array(m), slopes: new Float64Array(m) });
    let count = 0;
    for (let j = 0; j < m; j++) {
      const slope = pattern[first + j] ? on : off;
      if (slope === 0) continue;
      scratch.units[count] = j;
      scratch.slopes[count++] = slope;
    }
    return count;
  }

  /** The row of unit u as three BigInts, all times the same power of two. */
  exact(u) {
    this.whole ??= [];
    this.whole[u] ??= this.before === null ? this.first(u) : this.composed(u);
    return this.whole[u];
  }

  first(u) {
    const { W, b } = wholeLayer(this.network, this.layer);
    return [W[2 * u], W[2 * u + 1], b[u]];
  }

  composed(u) {
    const { network, layer, pattern } = this;
    const { m } = network.layers[layer];
    const { W, b } = wholeLayer(network, layer);
    const { off, on, shift: slopeShift } = network.slopes;
    let shift = layer * slopeShift;
    for (let k = 0; k < layer; k++) shift += wholeLayer(network, k).shift;
    const slopes = [off, on].map((slope) => BigInt(slope * 2 ** slopeShift));
    let [x, y, z] = [0n, 0n, b[u] << BigInt(shift)];
    for (let j = 0; j < m; j++) {
      const w = W[u * m + j] * slopes[pattern[network.starts[layer - 1] + j]];
      if (w === 0n) continue;
      const [p, q, r] = this.before.exact(j);
      x += w * p;
      y += w * q;
      z += w * r;
    }
    return [x, y, z];
  }

  /** Whether all units compute the same on two cells. */
  sameOutputs(other) {
    const { n } = this.network.layers[this.layer];
    for (let u = 0; u < n; u++) if (!this.same(other, u)) return false;
    return true;
  }

  /** Whether two maps of unit u on two cells are the same function. */
  same(other, u) {
    const i = this.start + STRIDE * u;
    const j = other.start + STRIDE * u;
    const e = this.table[i + 3];
    const f = other.table[j + 3];
    let equal = true;
    for (let k = 0; k < 3; k++) {
      const gap = Math.abs(this.table[i + k] - other.table[j + k]);
      if (gap > (e + f + U * gap) * SLACK + TINY) return false;
      equal &&= gap === 0;
    }
    if (equal && e === 0 && f === 0) return true;
    const [p, q] = [this.exact(u), other.exact(u)];
    return p.every((value, k) => value === q[k]);
  }
}
