// Draws a block along time, and the plane that a query moves on.

import { fillPolygons, frame, prepare, tracePolygon } from "./canvas.js";
import { patternColour } from "./colours.js";
import { drawAxes, drawCurve, sineCurve } from "./fit_view.js";
import { HIGH, LOW } from "./interval.js";
import { theme } from "./theme.js";

export function drawAlong(canvas, record) {
  const { context, width, height } = prepare(canvas);
  const colours = theme();
  context.font = `12px ${colours.font}`;
  const at = frame([LOW, HIGH, -1.3, 1.3], [34, width - 8, 8, height - 40]);
  drawAxes(context, at, colours, { height, tick: 1 });
  drawCurve(context, at, sineCurve, { colour: colours.muted, width: 1.5, dashes: [5, 5] });
  drawCurve(context, at, record.curve, { colour: colours.accent, width: 2.2, dashes: [] });
  drawTicks(context, at, record.borders, height, colours);
}

/** One tick below the curve for each border. */
function drawTicks(context, at, borders, height, colours) {
  context.beginPath();
  for (const t of borders) {
    context.moveTo(at.x(t), height - 36);
    context.lineTo(at.x(t), height - 24);
  }
  context.strokeStyle = colours.warm;
  context.lineWidth = 1.2;
  context.stroke();
}

/** The MLP's borders thin, ties of scores, where the block jumps, thick. */
export function drawHard(canvas, hard, reach, chosen) {
  const { context, width, height } = prepare(canvas);
  const colours = theme();
  const at = frame([-reach, reach, -reach, reach], [1.5, width - 1.5, 1.5, height - 1.5]);
  fillPolygons(context, at, hard.polygons, hard.patterns.map((p) => patternColour(p, colours.dark)));
  outline(context, at, hard.polygons, colours.muted, 0.6);
  outline(context, at, hard.outlines, colours.ink, 1.8);
  if (chosen >= 0) {
    outline(context, at, [hard.polygons[chosen]], colours.card, 5.5);
    outline(context, at, [hard.polygons[chosen]], colours.warm, 2.6);
  }
  return at;
}

function outline(context, at, polygons, colour, lineWidth) {
  context.beginPath();
  for (const points of polygons) tracePolygon(context, at, points);
  Object.assign(context, { strokeStyle: colour, lineWidth });
  context.stroke();
}
