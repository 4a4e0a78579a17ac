// Draws a block along time.

import { frame, prepare } from "./canvas.js";
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
