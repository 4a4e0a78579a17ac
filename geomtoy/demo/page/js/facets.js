// The graph of a piecewise affine function as facets, one for each cell, in the order in which to paint them.

/** From where a surface is seen: turned by `azimuth` about the upright, from `tilt` above the ground; radians. */
export const FRONT = { azimuth: -0.6, tilt: 0.55 };

/** The direction on the ground that leads away from the eye. */
const away = ({ azimuth }) => [Math.sin(azimuth), Math.cos(azimuth)];

/**
 * Numbers of the cells, those behind first. Of two cells with a common edge the one beyond it is behind, and
 * as cells are convex no circle arises; where rounding closes one among slivers, they come last.
 */
export function paintersOrder({ cells, edges }, view) {
  const [dx, dy] = away(view);
  const before = cells.map(() => []);
  const waiting = new Int32Array(cells.length);
  for (const { p, q, cells: [own, other] } of edges) {
    if (other === undefined) continue;
    const across = (p.y - q.y) * dx + (q.x - p.x) * dy; // the first cell lies left of p -> q
    if (across === 0) continue;
    const [behind, front] = across > 0 ? [own, other] : [other, own];
    before[behind].push(front);
    waiting[front] += 1;
  }
  const order = cells.map((_, k) => k).filter((k) => waiting[k] === 0);
  for (let at = 0; at < order.length; at++) {
    for (const front of before[order[at]]) if (--waiting[front] === 0) order.push(front);
  }
  return [...order, ...cells.map((_, k) => k).filter((k) => waiting[k] > 0)];
}

/** Where a place (x, y, z) is seen, in units of the plane, the second coordinate upwards. */
export function projection({ azimuth, tilt }) {
  const [sin, cos, rise, lift] = [Math.sin(azimuth), Math.cos(azimuth), Math.sin(tilt), Math.cos(tilt)];
  return (x, y, z) => [x * cos - y * sin, (x * sin + y * cos) * rise + z * lift];
}

/** How much light falls on the graph of a x + b y, from 0 to 1, the lamp standing left of the eye. */
export function light([a, b], { azimuth }) {
  const [x, y, z] = [-Math.cos(azimuth) - Math.sin(azimuth), Math.sin(azimuth) - Math.cos(azimuth), 1.6];
  const cosine = (z - a * x - b * y) / (Math.hypot(x, y, z) * Math.hypot(a, b, 1));
  return 0.5 + 0.5 * cosine;
}
