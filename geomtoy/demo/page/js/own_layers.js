// Layers of a network that a reader brings: from the arrays of an npz file or from a state_dict. Errors are sentences.

import { ACTIVATIONS, makeLayer } from "./network.js";

/** What this page counts; larger networks are for geomtoy in Python. */
export const LIMITS = { bytes: 4_000_000, units: 256, vertices: 400_000 };

const PLACE = ["origin", "u", "v", "window"];
const ACTIVATION = /^act[1-9]\d*_(breakpoints|slopes|value|name)$/;

/** {layers, activation, slice, window} of what geomtoy.save wrote; slice and window are null where none is named. */
export function fromArrays(arrays) {
  if ("W_Q" in arrays) throw new Error("this file holds a transformer block; use geomtoy.views in Python");
  const names = Object.keys(arrays);
  const odd = names.find((name) => !/^[Wb][1-9]\d*$/.test(name) && !ACTIVATION.test(name) && !PLACE.includes(name));
  if (odd) throw new Error(`the key ${odd} is more than a fully connected network; count it in Python with geomtoy.load`);
  const depth = names.filter((name) => name.startsWith("W")).length;
  const layers = [];
  for (let k = 1; k <= depth; k++) layers.push(layer(numbers(arrays, `W${k}`), numbers(arrays, `b${k}`), `W${k}`));
  return { layers: checked(layers), activation: activationOf(arrays, layers.length - 1), ...place(arrays) };
}

/** The one activation that all hidden layers have; a layer whose activation is not in the file has ReLU. */
function activationOf(arrays, hidden) {
  const names = Array.from({ length: hidden }, (_, k) => {
    if (!arrays[`act${k + 1}_slopes`]) return "relu";
    const [breakpoints, slopes, value] = ["breakpoints", "slopes", "value"].map((part) => [...numbers(arrays, `act${k + 1}_${part}`).values]);
    const bend = breakpoints.length === 1 && breakpoints[0] === 0 && value[0] === 0;
    return bend && Object.keys(ACTIVATIONS).find((name) => ACTIVATIONS[name].off === slopes[0] && ACTIVATIONS[name].on === slopes[1]);
  });
  if (names.every((name) => name && name === names[0])) return names[0];
  throw new Error("this page counts ReLU, leaky ReLU of slope 1/8 or the absolute value, the same in all layers; count it in Python with geomtoy.load");
}

/** The same of a state_dict as JSON: weights in their order, each with the bias of the same name or none. */
export function fromStateDict(text) {
  const state = parsed(text);
  const names = Object.keys(state).filter((name) => name.endsWith("weight"));
  const layers = names.map((name) => {
    const bias = state[name.replace(/weight$/, "bias")];
    const W = matrix(state[name], name);
    return layer(W, bias ? { shape: [bias.length], values: bias.map(Number) } : { shape: [W.shape[0]], values: new Array(W.shape[0]).fill(0) }, name);
  });
  return { layers: checked(layers), activation: "relu", slice: null, window: null };
}

function parsed(text) {
  try {
    const state = JSON.parse(text);
    if (state !== null && typeof state === "object" && !Array.isArray(state)) return state;
  } catch {
    throw new Error("this is no JSON; in Python, json.dumps({k: v.tolist() for k, v in net.state_dict().items()})");
  }
  throw new Error("a state_dict is a JSON object from names to arrays");
}

function matrix(rows, name) {
  const columns = rows?.[0]?.length;
  const even = Array.isArray(rows) && rows.every((row) => Array.isArray(row) && row.length === columns);
  if (!even || !columns) throw new Error(`${name} is not a matrix; this page counts fully connected layers`);
  return { shape: [rows.length, columns], values: rows.flat().map(Number) };
}

function numbers(arrays, name) {
  if (!arrays[name]) throw new Error(`the key ${name} is missing; a network file holds W1, b1, W2, b2, …`);
  if (!arrays[name].values) throw new Error(`${name} holds fractions as text; count it in Python with geomtoy.load`);
  return arrays[name];
}

function layer(W, b, name) {
  const [n, m] = W.shape;
  if (W.shape.length !== 2 || b.shape.length !== 1 || b.shape[0] !== n) {
    throw new Error(`${name} has shape (${W.shape}) and its bias (${b.shape}); give (n, m) and (n)`);
  }
  return makeLayer(n, m, Float64Array.from(W.values), Float64Array.from(b.values));
}

function checked(layers) {
  if (layers.length < 2) throw new Error("there are fewer than two layers; give at least one hidden layer and an output");
  layers.forEach(({ n, m, W, b }, k) => {
    if (k && m !== layers[k - 1].n) throw new Error(`layer ${k + 1} takes ${m} numbers, but layer ${k} gives ${layers[k - 1].n}`);
    if (![...W, ...b].every(Number.isFinite)) throw new Error(`layer ${k + 1} of ${n} units does not hold finite numbers`);
  });
  const units = layers.slice(0, -1).reduce((sum, { n }) => sum + n, 0);
  if (units > LIMITS.units) throw new Error(`there are ${units} hidden units; this page counts up to ${LIMITS.units}, geomtoy in Python more`);
  return layers;
}

/** The plane and the window that a file names. */
function place(arrays) {
  const row = (name) => arrays[name] && numbers(arrays, name).values;
  const slice = arrays.u ? { u: row("u"), v: row("v"), origin: row("origin") } : null;
  return { slice, window: arrays.window ? rectangle(numbers(arrays, "window")) : null };
}

function rectangle({ shape, values }) {
  if (shape.length === 1) return [values[0], values[1], -1, 1];
  const [xs, ys] = [0, 1].map((k) => [...values].filter((_, i) => i % 2 === k));
  const sides = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const corners = xs.every((x, k) => sides.slice(0, 2).includes(x) && sides.slice(2).includes(ys[k]));
  if (shape[0] !== 4 || !corners) throw new Error("the window is no upright rectangle; count it in Python with geomtoy.load");
  return sides;
}
