// Cuts a window into the activation regions of a network, exactly.
//
// Unit after unit, every cell with corners strictly on both sides of the unit's line is cut in two. A unit
// is continuous, so cells that share a vertex agree on its sign, and a shared edge is cut at one vertex.
// A unit that is 0 on a whole cell has no corner with a positive sign there: it is inactive, and cuts
// nothing (meaning 1 of the README).

import { meet, plainLine, signAt, unitLine } from "./geometry.js";
import { mergeCells } from "./linear.js";
import { AffineMaps } from "./maps.js";
import { onPlane } from "./network.js";

export const SQUARE = [-1, 1, -1, 1];

/**
 * Cells are {loop, lines, pattern, maps}: vertices counter-clockwise, lines[i] carries the edge from
 * loop[i], the pattern has one 0 or 1 a hidden unit, maps are those of the output.
 *
 * @param window [left, right, bottom, top].
 * @returns {cells, edges, regions, linearRegions, signs, exactSigns}
 */
export function enumerateRegions(network, window = SQUARE) {
  const state = newState();
  return { ...enumerateWithin(onPlane(network), [windowCell(window, state)], state), window };
}

/** What a run keeps: vertices and signs so far. Runs that share vertices share it. */
export const newState = () => ({ vertices: 0, tally: { signs: 0, exactSigns: 0 }, stamp: 0 });

/**
 * The same within given convex cells {loop, lines}, which share the vertices of their common edges.
 *
 * @param plane a network of two inputs.
 */
export function enumerateWithin(plane, start, state) {
  let cells = start.map(({ loop, lines }) => ({ loop, lines, pattern: [], maps: null }));
  const hidden = plane.layers.length - 1;
  for (let layer = 0; layer < hidden; layer++) {
    for (const cell of cells) enter(plane, layer, cell);
    for (let unit = 0; unit < plane.layers[layer].n; unit++) cells = cutAll(cells, unit, state);
  }
  for (const cell of cells) enter(plane, hidden, cell);
  const edges = collectEdges(cells);
  const { label, count } = mergeCells(cells, edges);
  cells.forEach((cell, k) => (cell.linearRegion = label[k]));
  return { cells, edges, regions: cells.length, linearRegions: count, ...state.tally };
}

/** The window itself as a cell that nothing has cut. */
export function windowCell([left, right, bottom, top], state) {
  const lines = [
    plainLine(0, 1, -bottom),
    plainLine(1, 0, -right),
    plainLine(0, 1, -top),
    plainLine(1, 0, -left),
  ];
  const loop = lines.map((line, k) => meet(state.vertices++, lines[(k + 3) % 4], line));
  return { loop, lines };
}

/** Give a cell the maps of the next layer. */
function enter(network, layer, cell) {
  const before = cell.maps;
  const active = before === null ? null : cell.pattern.slice(-network.layers[layer].m);
  cell.maps = new AffineMaps(network, layer, before, active);
}

/** Cut all cells by one unit of their current layer. */
function cutAll(cells, unit, state) {
  const next = [];
  const cuts = new Map(); // edge -> the vertex at which this unit cuts it
  const lines = new Map(); // cells of one parent have one line
  state.stamp += 1;
  for (const cell of cells) {
    let line = lines.get(cell.maps);
    if (line === undefined) lines.set(cell.maps, (line = unitLine(cell.maps, unit)));
    let [above, below] = [false, false];
    for (const vertex of cell.loop) {
      if (vertex.stamp !== state.stamp) {
        vertex.sign = signAt(line, vertex, state.tally);
        vertex.stamp = state.stamp;
      }
      above ||= vertex.sign > 0;
      below ||= vertex.sign < 0;
    }
    if (above && below) {
      next.push(...split(cell, line, cuts, state));
    } else {
      cell.pattern.push(above ? 1 : 0);
      next.push(cell);
    }
  }
  return next;
}

/** The inactive and the active part of a cell that a line crosses. */
function split(cell, line, cuts, state) {
  const parts = [0, 1].map((bit) => ({
    loop: [],
    lines: [],
    pattern: [...cell.pattern, bit],
    maps: cell.maps,
  }));
  const add = (bit, vertex, along) => {
    parts[bit].loop.push(vertex);
    parts[bit].lines.push(along);
  };
  cell.loop.forEach((vertex, i) => {
    const following = cell.loop[(i + 1) % cell.loop.length];
    const along = cell.lines[i];
    if (vertex.sign === 0) {
      // The border passes through a corner: one part goes on, the other turns along the cut.
      const bit = following.sign > 0 ? 1 : 0;
      add(bit, vertex, along);
      add(1 - bit, vertex, line);
      return;
    }
    const bit = vertex.sign > 0 ? 1 : 0;
    add(bit, vertex, along);
    if (following.sign === -vertex.sign) {
      const cut = cutVertex(vertex, following, along, line, cuts, state);
      add(bit, cut, line);
      add(1 - bit, cut, along);
    }
  });
  return parts;
}

function cutVertex(v, w, along, line, cuts, state) {
  const key = edgeKey(v, w);
  let vertex = cuts.get(key);
  if (vertex === undefined) {
    vertex = meet(state.vertices++, along, line);
    vertex.stamp = state.stamp; // it lies on the line that is being drawn
    cuts.set(key, vertex);
  }
  return vertex;
}

const edgeKey = (v, w) => Math.min(v.id, w.id) * 2 ** 26 + Math.max(v.id, w.id);

/** Edges {p, q, layer, cells}: a side of the window has one cell, an inner edge two. */
function collectEdges(cells) {
  const edges = new Map();
  cells.forEach((cell, k) => {
    cell.loop.forEach((vertex, i) => {
      const following = cell.loop[(i + 1) % cell.loop.length];
      const key = edgeKey(vertex, following);
      const edge = edges.get(key);
      if (edge) edge.cells.push(k);
      else edges.set(key, { p: vertex, q: following, layer: cell.lines[i].layer, cells: [k] });
    });
  });
  return [...edges.values()];
}
