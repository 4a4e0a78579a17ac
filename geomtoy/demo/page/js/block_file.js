// A block with the plane, tokens and window to look at, as the npz file that geomtoy.load_block reads.

import { npzFile } from "./npz.js";

/**
 * @param sharpness what scores are multiplied by; Infinity is hard attention.
 * @param reach the window is [-reach, reach]^2.
 */
export function blockFile(block, { sharpness, reach }) {
  const { d, f, hidden, T, heads, tokens, plane, mlp } = block;
  const hard = sharpness === Infinity;
  const all = (name) => join(heads.map((head) => head[name]));
  const row = (k) => plane.subarray(k * d, (k + 1) * d);
  return npzFile([
    ["frequencies", new Float64Array(((T + 1) * d) / 2).fill(1), [T + 1, d / 2]],
    ["W_Q", all("Q"), [heads.length, d, f]],
    ["W_K", all("K"), [heads.length, d, f]],
    ["W_V", all("V"), [heads.length, d, f]],
    ["W_O", all("O"), [heads.length, f, d]],
    ["W1", mlp.W1, [hidden, d]],
    ["b1", mlp.b1, [hidden]],
    ["W2", mlp.W2, [1, hidden]],
    ["b2", mlp.b2, [1]],
    ["norm_epsilon", [1e-6], []],
    ["scale", [hard ? 1 : sharpness], []],
    ["residual", [true], []],
    ["hard", [hard], []],
    ["tokens", tokens, [T, d]],
    ["u", row(0), [d]],
    ["v", row(1), [d]],
    ["origin", row(2), [d]],
    ["window", [-reach, -reach, reach, -reach, reach, reach, -reach, reach], [4, 2]],
  ]);
}

function join(parts) {
  const all = new Float64Array(parts.length * parts[0].length);
  parts.forEach((part, k) => all.set(part, k * part.length));
  return all;
}
