// Hard attention while the query moves on a plane, counted exactly: each head cuts the plane into a power
// diagram, and where all heads have chosen the MLP cuts the rest. As geomtoy/views/hard_attention.py, the
// query's own key being masked.

import { enumerateWithin, newState, windowCell } from "./enumerate.js";
import { makeLayer } from "./network.js";
import { networkOnPlane } from "./plane_network.js";
import { AffineFunctions, powerCells } from "./power_diagram.js";
import { entriesAt, product, rowOf, transposed, wholeMatrix } from "./whole_matrix.js";

/**
 * @param block see attention_block.js.
 * @param window [left, right, bottom, top].
 * @returns {attention: [{choices, loop, cells}], regions}
 */
export function enumerateHardAttention(block, window) {
  const state = newState();
  const whole = wholeBlock(block);
  let parts = [{ choices: [], ...windowCell(window, state) }];
  for (const scores of whole.scores) {
    parts = parts.flatMap((part) =>
      powerCells(scores, part, state).map(({ winner, loop, lines }) => ({ choices: [...part.choices, winner], loop, lines })),
    );
  }
  const attention = parts.map((part) => {
    const plane = whole.mlpWhere(part.choices);
    return { choices: part.choices, loop: part.loop, cells: enumerateWithin(plane, [part], state).cells };
  });
  return { attention, regions: attention.reduce((sum, { cells }) => sum + cells.length, 0) };
}

/** What the heads compare, and the MLP on the plane, in whole numbers. */
function wholeBlock({ d, f, hidden, tokens, plane, heads, mlp }) {
  const [query, still] = [wholeMatrix(plane, 3, d), wholeMatrix(tokens, tokens.length / d, d)];
  const [first, bias] = [wholeMatrix(mlp.W1, hidden, d), wholeMatrix(mlp.b1, hidden, 1)];
  const base = product(first, transposed(query)); // (hidden, 3): of the query itself
  const matrices = heads.map(({ Q, K, V, O }) => ({
    Q: wholeMatrix(Q, d, f), K: wholeMatrix(K, d, f), V: wholeMatrix(V, d, f), O: wholeMatrix(O, f, d),
  }));
  const read = matrices.map(() => new Map()); // head -> token -> what its value adds to the hidden layer
  const valueOf = (h, j) => {
    if (!read[h].has(j)) {
      const value = product(product(rowOf(still, j), matrices[h].V), matrices[h].O);
      read[h].set(j, product(first, transposed(value)));
    }
    return read[h].get(j);
  };
  const scores = matrices.map(({ Q, K }) => {
    const all = transposed(product(product(product(query, Q), transposed(K)), transposed(still)));
    return new AffineFunctions(all.entries, all.shift);
  });
  const mlpWhere = (choices) => planeNetwork(base, bias, choices.map((j, h) => valueOf(h, j)), mlp);
  return { scores, mlpWhere };
}

/** The MLP as a network of the plane's two coordinates; its first layer is kept in whole numbers too. */
function planeNetwork(base, bias, values, mlp) {
  const shift = Math.max(base.shift, bias.shift, ...values.map((value) => value.shift));
  const rows = entriesAt(base, shift);
  const constants = [bias, ...values].map((value) => entriesAt(value, shift));
  const n = base.rows;
  const [W, b] = [[], []];
  for (let u = 0; u < n; u++) {
    W.push(rows[3 * u], rows[3 * u + 1]);
    b.push(constants.reduce((sum, column) => sum + column[u], rows[3 * u + 2]));
  }
  return networkOnPlane({ W, b, shift }, [makeLayer(1, n, mlp.W2, mlp.b2)]);
}
