// Networks of a plane's two coordinates whose first layer is known in whole numbers, of which floats are rounded.

import { makeLayer, makeNetwork } from "./network.js";
import { entriesAt, product, roundingOf, toFloat, transposed, wholeMatrix } from "./whole_matrix.js";

/** @param first {W, b, shift}: rows of two weights, and biases, all over 2^shift. */
export function networkOnPlane({ W, b, shift }, rest, activation = "relu") {
  const [floatW, floatB] = [W, b].map((entries) => Float64Array.from(entries, (entry) => toFloat(entry, shift)));
  const error = floatB.map((c, u) => Math.max(...[floatW[2 * u], floatW[2 * u + 1], c].map(roundingOf)));
  const network = makeNetwork([{ ...makeLayer(b.length, 2, floatW, floatB), error }, ...rest], activation);
  network.whole[0] = { W, b, shift };
  return network;
}

/** A network of any number of inputs on the plane origin + x u + y v, exactly. */
export function throughSlice([first, ...rest], { u, v, origin }, activation) {
  const { n, m, W, b } = first;
  const ways = wholeMatrix([...u, ...v, ...origin], 3, m);
  const rows = product(wholeMatrix(W, n, m), transposed(ways)); // (n, 3)
  const bias = wholeMatrix(b, n, 1);
  const shift = Math.max(rows.shift, bias.shift);
  const [entries, added] = [entriesAt(rows, shift), entriesAt(bias, shift)];
  const linear = added.flatMap((_, k) => [entries[3 * k], entries[3 * k + 1]]);
  return networkOnPlane({ W: linear, b: added.map((c, k) => c + entries[3 * k + 2]), shift }, rest, activation);
}
