// Counts a reader's network; runs in a worker.

import { EXACT, enumerateWithin, newState, windowCell } from "./enumerate.js";
import { evaluate, makeNetwork, onPlane } from "./network.js";
import { LIMITS } from "./own_layers.js";
import { throughSlice } from "./plane_network.js";
import { countWholePlane } from "./whole_plane.js";

/** What the picture and the numbers need, as plain data: counts, polygons, patterns, edges; of one input, its graph. */
export function countOwn({ layers, activation, slice, window }) {
  const network = slice ? throughSlice(layers, slice, activation) : makeNetwork(layers, activation);
  try {
    return { ...counted(network, window), whole: countWholePlane(network, LIMITS.vertices) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { failed: `There are ${error.message}; this page stops there. Take a smaller window, or count it in Python.` };
  }
}

function counted(network, window) {
  const state = newState(EXACT, LIMITS.vertices);
  const { cells, edges, regions, linearRegions } = enumerateWithin(onPlane(network), [windowCell(window, state)], state);
  const point = ({ x, y }) => ({ x, y });
  return {
    regions,
    linearRegions,
    window,
    graph: network.layers[0].m === 1 ? graph(network, cells) : null,
    cells: cells.map(({ loop, pattern, linearRegion }) => ({ loop: loop.map(point), pattern, linearRegion })),
    edges: edges.map(({ p, q, layer, cells }) => ({ p: point(p), q: point(q), layer, cells })),
  };
}

/** Corners of the graph of a function of one number, from left to right. */
function graph(network, cells) {
  const places = new Set(cells.flatMap(({ loop }) => loop.map(({ x }) => x)));
  return [...places].sort((p, q) => p - q).map((x) => [x, evaluate(network, [x])]);
}
