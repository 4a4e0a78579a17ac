// Draws a partition of a square: fills, borders by layer, and the cell that is pointed at.

import { fillPolygons, frame, prepare, tracePolygon } from "./canvas.js";
import { patternColour } from "./colours.js";
import { affineFill } from "./output_fill.js";
import { layerColour, theme } from "./theme.js";

/** Draw; returns the frame from plane to pixels. */
export function drawPartition(canvas, { partition, polygons, centres }, { chosen, colour }) {
  const { context, width, height } = prepare(canvas);
  const colours = theme();
  const at = frame(partition.window, [1, width - 1, 1, height - 1]);
  const fills = FILLS[colour](context, at, { partition, polygons, centres }, colours.dark);
  fillPolygons(context, at, polygons, fills, { hairline: false });
  drawBorders(context, at, partition.edges, colours);
  if (chosen >= 0) drawChosen(context, at, partition, polygons, chosen, colours);
  return at;
}

/** What a cell's colour tells: its pattern, its linear region (that of one of its cells), or its output. */
const FILLS = {
  pattern: (_, __, { partition: { cells } }, dark) => cells.map(({ pattern }) => patternColour(pattern, dark)),
  linear: (_, __, { partition: { cells } }, dark) =>
    cells.map(({ linearRegion }) => patternColour(cells[linearRegion].pattern, dark)),
  output: (context, at, { partition: { cells }, polygons, centres }, dark) =>
    cells.map(({ maps }, k) => affineFill(context, at, maps.row(0), { corners: polygons[k], centre: centres[k], dark })),
};

/** Deeper borders first, so that the straight lines of the first layer lie on top. */
function drawBorders(context, at, edges, colours) {
  const byLayer = [];
  for (const edge of edges) (byLayer[edge.layer] ??= []).push(edge);
  for (let layer = byLayer.length - 1; layer >= 0; layer--) {
    context.beginPath();
    for (const { p, q } of byLayer[layer] ?? []) {
      context.moveTo(at.x(p.x), at.y(p.y));
      context.lineTo(at.x(q.x), at.y(q.y));
    }
    context.strokeStyle = layerColour(colours, layer);
    context.lineWidth = layer === 1 ? 1.6 : 1;
    context.stroke();
  }
}

/** The chosen cell with a heavy outline, its neighbours with dots. */
function drawChosen(context, at, partition, polygons, chosen, colours) {
  context.fillStyle = colours.ink;
  for (const k of neighboursOf(partition, chosen)) {
    const [x, y] = middle(polygons[k]);
    context.beginPath();
    context.arc(at.x(x), at.y(y), 2.5, 0, 2 * Math.PI);
    context.fill();
  }
  context.beginPath();
  tracePolygon(context, at, polygons[chosen]);
  context.strokeStyle = colours.card;
  context.lineWidth = 6;
  context.stroke();
  context.strokeStyle = colours.ink;
  context.lineWidth = 2.5;
  context.stroke();
}

const middle = (points) =>
  points.reduce(([sx, sy], [x, y]) => [sx + x / points.length, sy + y / points.length], [0, 0]);

/** Numbers of the cells across the edges of a cell. */
export function neighboursOf(partition, chosen) {
  return partition.edges
    .filter(({ cells }) => cells.length === 2 && cells.includes(chosen))
    .map(({ cells: [p, q] }) => (p === chosen ? q : p));
}
