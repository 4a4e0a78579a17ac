// Cuts a window into the activation regions of a network, exactly.
//
// Layer after layer, every cell is a parent whose units are affine on it; unit after unit, every part of a
// parent with corners strictly on both sides of the unit's line is cut in two. A unit is continuous, so cells
// that share a vertex agree on its sign, and a shared edge is cut at one vertex. A unit that is 0 on a whole
// cell has no corner with a positive sign there: it is inactive, and cuts nothing (meaning 1 of the README).

import { AT_INFINITY, meet, meetAtInfinity, plainLine, renewed, unitLine, unitSign } from "./geometry.js";
import { mergeCells } from "./linear.js";
import { AffineMaps, mapTable } from "./maps.js";
import { onPlane } from "./network.js";

export const SQUARE = [-1, 1, -1, 1];

/** How signs are decided and vertices made: exactly. */
export const EXACT = { sign: unitSign, meet };

const [ABOVE, BELOW] = [1, 2];

/**
 * Cells are {loop, lines, pattern, maps}: vertices counter-clockwise, lines[i] carries the edge from
 * loop[i], the pattern has one 0 or 1 a hidden unit, maps are those of the output.
 *
 * @param window [left, right, bottom, top].
 * @param arithmetic EXACT, or another that sampled.js shows the errors of.
 * @returns {cells, edges, regions, linearRegions, signs, exactSigns}
 */
export function enumerateRegions(network, window = SQUARE, arithmetic = EXACT) {
  const state = newState(arithmetic);
  return { ...enumerateWithin(onPlane(network), [windowCell(window, state)], state), window };
}

/** What a run keeps; it stops with a RangeError when it has made more vertices than `most`. */
export const newState = (arithmetic = EXACT, most = Infinity) => ({
  vertices: 0, tally: { signs: 0, exactSigns: 0 }, stamp: 0, arithmetic, most,
});

/**
 * The same within given convex cells {loop, lines}, which share the vertices of their common edges.
 *
 * @param plane a network of two inputs.
 */
export function enumerateWithin(plane, start, state) {
  const hidden = plane.layers.length - 1;
  let cells = uncut(start, plane.starts[hidden], state);
  for (let layer = 0; layer < hidden; layer++) cells = cutByLayer(plane, layer, cells, state);
  const table = mapTable(plane, hidden, cells.length);
  cells.forEach((cell, k) => (cell.maps = new AffineMaps(plane, hidden, cell.maps, cell.pattern, table, k)));
  const edges = collectEdges(cells);
  const { label, count } = mergeCells(cells, edges);
  cells.forEach((cell, k) => (cell.linearRegion = label[k]));
  return { cells, edges, regions: cells.length, linearRegions: count, ...state.tally };
}

/** A window as a cell. */
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

/** Cells with vertices that no run has touched, and no unit decided. */
function uncut(start, units, state) {
  const copies = new Map();
  const copy = (vertex) => {
    if (!copies.has(vertex)) copies.set(vertex, renewed(state.vertices++, vertex));
    return copies.get(vertex);
  };
  return start.map(({ loop, lines }) => {
    return { loop: loop.map(copy), lines, pattern: new Array(units).fill(0), maps: null };
  });
}

/** The parts into which the units of a layer cut some cells; each part has its parent's maps. */
function cutByLayer(network, layer, cells, state) {
  const table = mapTable(network, layer, cells.length);
  const parents = cells.map((cell, k) => {
    cell.maps = new AffineMaps(network, layer, cell.maps, cell.pattern, table, k);
    return { maps: cell.maps, loop: cell.loop, parts: [cell] };
  });
  for (let unit = 0; unit < network.layers[layer].n; unit++) {
    state.stamp += 1;
    if (state.vertices > state.most) throw new RangeError(`more than ${state.most} vertices`);
    for (const parent of parents) cutParent(parent, unit, network.starts[layer] + unit, state);
  }
  return parents.flatMap(({ parts }) => parts);
}

/** Cut a parent's parts by a unit, whose place in patterns is `place`. */
function cutParent(parent, unit, place, state) {
  const { maps, loop, parts } = parent;
  const side = sides(loop, maps, unit, state);
  if (side !== (ABOVE | BELOW)) {
    if (side === ABOVE) for (const part of parts) part.pattern[place] = 1;
    return; // most units miss most cells
  }
  const line = unitLine(maps, unit);
  parent.parts = [];
  for (const part of parts) {
    const own = sides(part.loop, maps, unit, state);
    if (own === (ABOVE | BELOW)) {
      parent.parts.push(part, split(part, line, place, state));
    } else {
      if (own === ABOVE) part.pattern[place] = 1;
      parent.parts.push(part);
    }
  }
}

/** On which sides of a unit's line a loop has vertices; each vertex is decided once. */
function sides(loop, maps, unit, { stamp, tally, arithmetic }) {
  let found = 0;
  for (const vertex of loop) {
    if (vertex.stamp !== stamp) {
      vertex.sign = arithmetic.sign(maps, unit, vertex, tally);
      vertex.stamp = stamp;
    }
    if (vertex.sign > 0) found |= ABOVE;
    else if (vertex.sign < 0) found |= BELOW;
  }
  return found;
}

/** Corners and lines of the inactive and the active part while a cell is cut; kept, as new arrays are slow. */
const room = [0, 1].map(() => ({ loop: [], lines: [], size: 0 }));

function add(bit, vertex, along) {
  const part = room[bit];
  part.loop[part.size] = vertex;
  part.lines[part.size] = along;
  part.size += 1;
}

/** Cut a cell by a line that crosses it: it becomes its inactive part, and the active one is returned. */
function split(cell, line, place, state) {
  const { loop, lines } = cell;
  room[0].size = room[1].size = 0;
  for (let i = 0; i < loop.length; i++) {
    const vertex = loop[i];
    const following = loop[i + 1 < loop.length ? i + 1 : 0];
    if (vertex.sign === 0) {
      // The border passes through a corner: one part goes on, the other turns along the cut.
      const bit = following.sign > 0 ? 1 : 0;
      add(bit, vertex, lines[i]);
      add(1 - bit, vertex, line);
      continue;
    }
    const bit = vertex.sign > 0 ? 1 : 0;
    add(bit, vertex, lines[i]);
    if (following.sign === -vertex.sign) {
      const cut = cutVertex(vertex, following, lines[i], line, state);
      add(bit, cut, line);
      add(1 - bit, cut, lines[i]);
    }
  }
  const [off, on] = room.map((part) => [part.loop.slice(0, part.size), part.lines.slice(0, part.size)]);
  const active = { loop: on[0], lines: on[1], pattern: cell.pattern.slice(), maps: cell.maps };
  active.pattern[place] = 1;
  [cell.loop, cell.lines] = off;
  return active;
}

/**
 * The vertex at which an edge is cut. No edge is cut twice: its halves are other edges. Each vertex heads a
 * list of the cuts of edges that go from it to later vertices.
 */
function cutVertex(v, w, along, line, state) {
  const [low, high] = v.id < w.id ? [v, w] : [w, v];
  for (let cut = low.cuts; cut !== null; cut = cut.nextCut) if (cut.cutEnd === high) return cut;
  const vertex =
    along === AT_INFINITY
      ? meetAtInfinity(state.vertices++, v, line)
      : state.arithmetic.meet(state.vertices++, along, line);
  vertex.stamp = state.stamp; // it lies on the line that is being drawn
  vertex.cutEnd = high;
  vertex.nextCut = low.cuts;
  low.cuts = vertex;
  return vertex;
}

/** Edges {p, q, layer, unit, cells}: a side of the window has one cell, an inner edge two. */
function collectEdges(cells) {
  const edges = [];
  for (let k = 0; k < cells.length; k++) {
    const { loop, lines } = cells[k];
    for (let i = 0; i < loop.length; i++) {
      const [p, q] = [loop[i], loop[i + 1 < loop.length ? i + 1 : 0]];
      const [low, high] = p.id < q.id ? [p, q] : [q, p];
      let edge = low.edges;
      while (edge !== null && edge.p !== high && edge.q !== high) edge = edge.next;
      if (edge !== null) {
        edge.cells = [edge.cells[0], k];
        continue;
      }
      low.edges = { p, q, layer: lines[i].layer, unit: lines[i].unit, cells: [k], next: low.edges };
      edges.push(low.edges);
    }
  }
  return edges;
}
