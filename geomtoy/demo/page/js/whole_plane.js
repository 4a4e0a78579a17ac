// The whole plane, counted exactly: four quadrants whose outer corners are directions, not far away points.

import { EXACT, enumerateWithin, newState } from "./enumerate.js";
import { AT_INFINITY, direction, meet, plainLine } from "./geometry.js";
import { onPlane } from "./network.js";

/**
 * {regions, linearRegions} on all of the plane. A region is convex, so it is known by its pattern, however
 * many quadrants it reaches into; linear regions are joined across the axes like across every edge.
 */
export function countWholePlane(network, most = Infinity) {
  const state = newState(EXACT, most);
  const { cells, linearRegions } = enumerateWithin(onPlane(network), quadrants(state), state);
  return { regions: new Set(cells.map(({ pattern }) => pattern.join(""))).size, linearRegions };
}

function quadrants(state) {
  const [across, up] = [plainLine(0, 1, 0), plainLine(1, 0, 0)];
  const origin = meet(state.vertices++, across, up);
  const ways = [[1n, 0n], [0n, 1n], [-1n, 0n], [0n, -1n]].map(([x, y]) => direction(state.vertices++, x, y));
  return ways.map((way, k) => {
    const [first, last] = k % 2 ? [up, across] : [across, up];
    return { loop: [origin, way, ways[(k + 1) % 4]], lines: [first, AT_INFINITY, last] };
  });
}
