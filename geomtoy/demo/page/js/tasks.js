// What the small network learns: surfaces, and two classes of points. The same to the bit in every browser.

import { mix } from "./random.js";
import { sine, SURFACES } from "./targets.js";

const SIDE = 10;
const EACH = 50; // points of a class

/** Points (Float64Array, one after the other) and values there; classes have the values -1 and 1. */
export function taskData(name, own) {
  if (name in SURFACES) return { ...surfaceData(SURFACES[name]), classes: false };
  const samples = name === "own" ? own : CLASSES[name]();
  const points = Float64Array.from(samples.flatMap(([x, y]) => [x, y]));
  return { points, values: Float64Array.from(samples, ([, , value]) => value), classes: true };
}

/** The middles of SIDE x SIDE squares, and the values of a surface there. */
function surfaceData(surface) {
  const middle = (k) => (2 * k + 1) / SIDE - 1;
  const places = Array.from({ length: SIDE * SIDE }, (_, i) => [middle(i % SIDE), middle(Math.floor(i / SIDE))]);
  return { points: Float64Array.from(places.flat()), values: Float64Array.from(places, ([x, y]) => surface(x, y)) };
}

const uniform = (...place) => (mix(...place) + 0.5) / 2 ** 32;
const onCircle = (radius, angle) => [radius * sine(angle + Math.PI / 2), radius * sine(angle)];

/** [x, y, class] of each point; place k of class c is drawn from its own numbers. */
const ofClasses = (place) =>
  [1, -1].flatMap((value, c) => Array.from({ length: EACH }, (_, k) => [...place(c, k), value]));

const CLASSES = {
  /** Two arms around one another. */
  spiral: () =>
    ofClasses((c, k) => {
      const t = (k + 1) / EACH;
      const [x, y] = onCircle(0.9 * t, 2.2 * Math.PI * t);
      return c === 0 ? [x, y] : [-x, -y];
    }),
  /** One class where x and y have the same sign, with a gap along the axes. */
  xor: () =>
    ofClasses((c, k) => {
      const [x, y] = [0, 1].map((i) => 0.08 + 0.84 * uniform(1, c, k, i));
      const sign = k % 2 === 0 ? 1 : -1;
      return c === 0 ? [sign * x, sign * y] : [sign * x, -sign * y];
    }),
  /** A disc within a ring. */
  rings: () =>
    ofClasses((c, k) => {
      const [t, angle] = [uniform(2, c, k, 0), 2 * Math.PI * uniform(2, c, k, 1)];
      return onCircle(c === 0 ? 0.4 * Math.sqrt(t) : 0.62 + 0.26 * t, angle - Math.PI);
    }),
};

/** Points set by hand as text for the address, and back: "0.25,-0.5,1;…". */
export const writePoints = (points) => points.map((one) => one.join(",")).join(";");
export const readPoints = (text) => text.split(";").filter(Boolean).map((one) => one.split(",").map(Number));
