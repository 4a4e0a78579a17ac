// Draws the plane of the small network: its cells, a unit's border, the class border, and the data.

import { tracePolygon } from "./canvas.js";
import { valueColour } from "./colours.js";
import { drawPartition } from "./partition_view.js";
import { theme } from "./theme.js";

/**
 * @param look {chosen: cell or -1, lit: {column, row} or null, boundary, data, colour}.
 * @returns the frame from plane to pixels.
 */
export function drawPlane(canvas, shown, { chosen, lit, boundary, data, colour }) {
  const at = drawPartition(canvas, shown, { chosen, colour });
  const context = canvas.getContext("2d");
  const colours = theme();
  const output = shown.network.layers.length;
  if (lit && lit.column < output) drawUnit(context, at, shown, { lit, colours });
  if (boundary) drawPieces(context, at, boundary, [[colours.card, 6], [colours.ink, lit?.column === output ? 4.5 : 3]]);
  drawPoints(context, at, data, colours);
  return at;
}

/** Cells where the unit is off fade, and its border is heavy. */
function drawUnit(context, at, { partition, polygons, network }, { lit, colours }) {
  const place = network.starts[lit.column - 1] + lit.row;
  context.beginPath();
  partition.cells.forEach(({ pattern }, k) => pattern[place] || tracePolygon(context, at, polygons[k]));
  context.fillStyle = colours.paper;
  context.globalAlpha = 0.62;
  context.fill();
  context.globalAlpha = 1;
  const border = partition.edges.filter(({ layer, unit }) => layer === lit.column && unit === lit.row);
  drawPieces(context, at, border.map(({ p, q }) => [p, q]), [[colours.card, 7], [colours.warm, 4]]);
}

function drawPieces(context, at, pieces, strokes) {
  context.beginPath();
  for (const [p, q] of pieces) {
    context.moveTo(at.x(p.x), at.y(p.y));
    context.lineTo(at.x(q.x), at.y(q.y));
  }
  for (const [colour, width] of strokes) {
    Object.assign(context, { strokeStyle: colour, lineWidth: width });
    context.stroke();
  }
}

function drawPoints(context, at, { points, values }, colours) {
  Object.assign(context, { lineWidth: 1, strokeStyle: colours.ink });
  values.forEach((value, i) => {
    context.beginPath();
    context.arc(at.x(points[2 * i]), at.y(points[2 * i + 1]), 3.2, 0, 2 * Math.PI);
    context.fillStyle = valueColour(value, colours.dark);
    context.fill();
    context.stroke();
  });
}
