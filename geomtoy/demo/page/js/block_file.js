// A block with the plane, tokens and window to look at, as the npz file that geomtoy.load_block reads.

import { npzFile } from "./npz.js";

/**
 * With hard attention the block as it is. With softmax its own key is put out of the way as in
 * scripts/demo_attention.py: one more coordinate is 1 for the query alone and lowers that score by `mask`.
 *
 * @param sharpness what scores are multiplied by; Infinity is hard attention.
 */
export function blockFile(block, { sharpness, reach, mask }) {
  const hard = sharpness === Infinity;
  const { d, f, hidden, T, heads, mlp } = block;
  const [D, F] = hard ? [d, f] : [d + 2, f + 1];
  const all = (name, [rows, columns], grown, last) =>
    join(heads.map((head) => padded(head[name], [rows, columns], grown, hard ? 0 : last)));
  const row = (k, last) => padded(block.plane.subarray(k * d, (k + 1) * d), [1, d], [1, D], 0).map((value, i) => (i === d && !hard ? last : value));
  const corners = [-reach, -reach, reach, -reach, reach, reach, -reach, reach];
  return npzFile([
    ["frequencies", new Float64Array(((T + 1) * D) / 2).fill(1), [T + 1, D / 2]],
    ["W_Q", all("Q", [d, f], [D, F], 1), [heads.length, D, F]],
    ["W_K", all("K", [d, f], [D, F], -mask), [heads.length, D, F]],
    ["W_V", all("V", [d, f], [D, F], 0), [heads.length, D, F]],
    ["W_O", all("O", [f, d], [F, D], 0), [heads.length, F, D]],
    ["W1", padded(mlp.W1, [hidden, d], [hidden, D], 0), [hidden, D]],
    ["b1", mlp.b1, [hidden]],
    ["W2", mlp.W2, [1, hidden]],
    ["b2", mlp.b2, [1]],
    ["norm_epsilon", [1e-6], []],
    ["scale", [hard ? 1 : sharpness], []],
    ["residual", [true], []],
    ["hard", [hard], []],
    ["tokens", padded(block.tokens, [T, d], [T, D], 0), [T, D]],
    ["u", row(0, 0), [D]],
    ["v", row(1, 0), [D]],
    ["origin", row(2, 1), [D]],
    ["window", corners, [4, 2]],
  ]);
}

/** A matrix in the corner of a larger one; where it grows both ways, `last` is at the first new place of both. */
function padded(values, [rows, columns], [grownRows, grownColumns], last) {
  const grown = new Float64Array(grownRows * grownColumns);
  for (let i = 0; i < rows; i++) grown.set(values.subarray(i * columns, (i + 1) * columns), i * grownColumns);
  if (grownRows > rows && grownColumns > columns) grown[rows * grownColumns + columns] = last;
  return grown;
}

function join(parts) {
  const all = new Float64Array(parts.length * parts[0].length);
  parts.forEach((part, k) => all.set(part, k * part.length));
  return all;
}
