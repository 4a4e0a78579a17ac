// What the units of one layer compute on one cell: affine maps, in floats with error bounds and, where
// a sign asks for it, in whole numbers.

import { SLACK, TINY, U } from "./filter.js";
import { wholeLayer } from "./network.js";

export class AffineMaps {
  /**
   * @param layer number of the layer, from 0.
   * @param before AffineMaps of the layer before on the same cell; null for the first.
   * @param active which units of the layer before are active there.
   */
  constructor(network, layer, before, active) {
    this.network = network;
    this.layer = layer;
    this.before = before;
    this.active = active;
    const { n } = network.layers[layer];
    this.rows = new Float64Array(3 * n);
    this.error = new Float64Array(n);
    this.whole = new Array(n).fill(null);
    for (let u = 0; u < n; u++) this.fill(u);
  }

  fill(u) {
    const { m, W, b, error } = this.network.layers[this.layer];
    const { rows, before } = this;
    if (before === null) {
      rows[3 * u] = W[u * m];
      rows[3 * u + 1] = W[u * m + 1];
      rows[3 * u + 2] = b[u];
      if (error) this.error[u] = error[u]; // stored numbers themselves have none
      return;
    }
    let [x, y, z, spread, size, terms] = [0, 0, b[u], 0, Math.abs(b[u]), 0];
    for (let j = 0; j < m; j++) {
      const w = W[u * m + j];
      if (!this.active[j] || w === 0) continue;
      const [p, q, r] = [before.rows[3 * j], before.rows[3 * j + 1], before.rows[3 * j + 2]];
      x += w * p;
      y += w * q;
      z += w * r;
      spread += Math.abs(w) * before.error[j];
      size += Math.abs(w) * Math.max(Math.abs(p), Math.abs(q), Math.abs(r));
      terms += 1;
    }
    rows[3 * u] = x;
    rows[3 * u + 1] = y;
    rows[3 * u + 2] = z;
    // A sum of k products and a number is off by at most gamma_(k+1) times the sum of sizes.
    if (terms > 0) this.error[u] = (spread + (terms + 2) * U * size) * SLACK + (terms + 2) * TINY;
  }

  /** The row of unit u as three BigInts, all times the same power of two. */
  exact(u) {
    this.whole[u] ??= this.before === null ? this.first(u) : this.composed(u);
    return this.whole[u];
  }

  first(u) {
    const { W, b } = wholeLayer(this.network, this.layer);
    return [W[2 * u], W[2 * u + 1], b[u]];
  }

  composed(u) {
    const { m } = this.network.layers[this.layer];
    const { W, b } = wholeLayer(this.network, this.layer);
    let shift = 0;
    for (let k = 0; k < this.layer; k++) shift += wholeLayer(this.network, k).shift;
    let [x, y, z] = [0n, 0n, b[u] << BigInt(shift)];
    for (let j = 0; j < m; j++) {
      const w = W[u * m + j];
      if (!this.active[j] || w === 0n) continue;
      const [p, q, r] = this.before.exact(j);
      x += w * p;
      y += w * q;
      z += w * r;
    }
    return [x, y, z];
  }

  /** Whether two maps of unit u on two cells are the same function. */
  same(other, u) {
    const [e, f] = [this.error[u], other.error[u]];
    let equal = true;
    for (let k = 3 * u; k < 3 * u + 3; k++) {
      const gap = Math.abs(this.rows[k] - other.rows[k]);
      if (gap > (e + f + U * gap) * SLACK + TINY) return false;
      equal &&= gap === 0;
    }
    if (equal && e === 0 && f === 0) return true;
    const [p, q] = [this.exact(u), other.exact(u)];
    return p.every((value, k) => value === q[k]);
  }
}
