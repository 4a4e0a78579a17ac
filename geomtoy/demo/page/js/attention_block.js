// One block with hard or soft attention and the plane that its query moves on, from the page's data.
//
// Of the stored block, fewer heads or tokens are the first of more, so that a slider adds some.

import { readFloats } from "./packed.js";

/**
 * @param stored data.block of scripts/demo_attention.py.
 * @returns {d, f, hidden, T, tokens, plane, heads: [{Q, K, V, O}], mlp: {W1, b1, W2, b2}}: Float64Arrays,
 *   row after row; the plane is (u, v, origin), tokens are the T that stand still.
 */
export function blockOf(stored, nHeads, context) {
  const { d, f, hidden } = stored;
  const all = Object.fromEntries(Object.entries(stored.arrays).map(([name, text]) => [name, readFloats(text)]));
  const part = (name, h) => all[name].slice(h * d * f, (h + 1) * d * f);
  const scale = Math.sqrt(nHeads * f);
  const heads = Array.from({ length: nHeads }, (_, h) => ({
    Q: part("Q", h),
    K: part("K", h),
    V: part("V", h),
    O: part("O", h).map((value) => value / scale),
  }));
  const T = context - 1;
  const tokens = all.tokens.slice(0, T * d);
  const { W1, b1, W2, b2, plane } = all;
  return { d, f, hidden, T, tokens, plane, heads, mlp: { W1, b1, W2, b2 } };
}
