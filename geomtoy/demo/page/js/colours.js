// A colour for each activation pattern, from the pattern alone: it stays while a network trains.
//
// As in geomtoy/plots/colours.py, switching one unit turns the hue by at least 90 degrees and moves the
// lightness by one of three levels, so neighbours differ for every kind of colour vision.

import { crc32 } from "./npz.js";

const LIGHT = [
  [0.96, 0.028],
  [0.9, 0.048],
  [0.835, 0.06],
]; // lightness and chroma: light colours have little room for chroma
const DARK = [
  [0.32, 0.038],
  [0.4, 0.045],
  [0.48, 0.052],
];

const hashes = [];

function unitHash(unit) {
  while (hashes.length <= unit) {
    hashes.push(crc32(new TextEncoder().encode(`unit ${hashes.length}`)));
  }
  return hashes[unit];
}

export function patternColour(pattern, dark) {
  let hue = 0;
  let level = 0;
  for (let unit = 0; unit < pattern.length; unit++) {
    if (!pattern[unit]) continue;
    const hash = unitHash(unit);
    hue += 90 + (hash % 181);
    level += 1 + (Math.floor(hash / 181) % 2);
  }
  return fill(hue % 360, level % LIGHT.length, dark);
}

const fills = new Map();

/** The colour of a hue in whole degrees and a level; there are few, so each is worked out once. */
function fill(hue, level, dark) {
  const key = (dark ? 360 : 0) + hue + 720 * level;
  if (!fills.has(key)) fills.set(key, oklch(...(dark ? DARK : LIGHT)[level], hue));
  return fills.get(key);
}

/** Blue for -1, the paper for 0, orange for 1. */
export function valueColour(value, dark) {
  const strength = Math.min(1, Math.abs(value));
  const [far, near] = dark ? [0.62, 0.24] : [0.62, 0.97];
  return oklch(near + (far - near) * strength, 0.14 * strength, value < 0 ? 245 : 55);
}

/** sRGB of a perceptual colour (B. Ottosson, 2020), clipped. */
function oklch(lightness, chroma, degrees) {
  const [a, b] = [Math.cos, Math.sin].map((f) => chroma * f((degrees * Math.PI) / 180));
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return `rgb(${linear.map(channel).join(" ")})`;
}

function channel(value) {
  const v = Math.min(1, Math.max(0, value));
  return Math.round(255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055));
}
