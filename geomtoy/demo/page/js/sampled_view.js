// Marks what a count missed, with rings, and what it invented, with crosses.

import { tracePolygon } from "./canvas.js";
import { theme } from "./theme.js";

const RADIUS = 7;

export function drawMarks(canvas, plane, { polygons, centres }, { missed, invented }) {
  const context = canvas.getContext("2d");
  const inside = (pixel, size) => Math.min(size - RADIUS - 2, Math.max(RADIUS + 2, pixel));
  const at = {
    x: (x) => inside(plane.x(x), canvas.clientWidth),
    y: (y) => inside(plane.y(y), canvas.clientHeight),
  }; // a mark is seen whole
  const colours = theme();
  context.beginPath();
  for (const k of missed) tracePolygon(context, plane, polygons[k]);
  context.fillStyle = colours.warm;
  context.fill();
  const marks = [[colours.card, 5.5], [colours.warm, 2.5]];
  for (const [colour, width] of marks) {
    context.beginPath();
    for (const k of missed) ring(context, at.x(centres[k][0]), at.y(centres[k][1]));
    Object.assign(context, { strokeStyle: colour, lineWidth: width });
    context.stroke();
  }
  for (const [colour, width] of [marks[0], [colours.ink, 2.5]]) {
    context.beginPath();
    for (const { x, y } of invented) cross(context, at.x(x), at.y(y));
    Object.assign(context, { strokeStyle: colour, lineWidth: width });
    context.stroke();
  }
}

function ring(context, x, y) {
  context.moveTo(x + RADIUS, y);
  context.arc(x, y, RADIUS, 0, 2 * Math.PI);
}

function cross(context, x, y) {
  for (const side of [-1, 1]) {
    context.moveTo(x - RADIUS, y - side * RADIUS);
    context.lineTo(x + RADIUS, y + side * RADIUS);
  }
}
