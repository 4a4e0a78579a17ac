// The output on a cell as a colour: an affine function, so a linear gradient.

import { valueColour } from "./colours.js";

const STEP = 1 / 16; // between stops; the colour is not linear in the value, in between it nearly is

/**
 * A fill style with the colour of a x + b y + c at each place of a cell.
 *
 * @param at frame from plane to pixels.
 * @param corners of the cell, and its centre.
 */
export function affineFill(context, at, [a, b, c], { corners, centre, dark }) {
  const value = ([x, y]) => a * x + b * y + c;
  const values = corners.map(value);
  const [low, high] = [shown(Math.min(...values)), shown(Math.max(...values))];
  if (high - low < STEP / 16) return valueColour(value(centre), dark);
  const unit = 1 / (a * a + b * b); // a step along (a, b) / |(a, b)|^2 raises the value by 1
  const place = (v) => [0, 1].map((i) => centre[i] + (v - value(centre)) * unit * [a, b][i]);
  const [from, to] = [place(low), place(high)];
  const gradient = context.createLinearGradient(at.x(from[0]), at.y(from[1]), at.x(to[0]), at.y(to[1]));
  for (const v of stops(low, high)) gradient.addColorStop((v - low) / (high - low), valueColour(v, dark));
  return gradient;
}

/** Colours do not change beyond -1 and 1. */
const shown = (v) => Math.min(1, Math.max(-1, v));

/** The ends and all multiples of STEP between. */
function stops(low, high) {
  const found = [low];
  for (let k = Math.floor(low / STEP) + 1; k * STEP < high; k++) found.push(k * STEP);
  return [...found, high];
}

/** The colours from -1 to 1 as a CSS gradient, for the legend. */
export function rampOfValues(dark) {
  return `linear-gradient(to right, ${stops(-1, 1).map((v) => valueColour(v, dark)).join(", ")})`;
}
