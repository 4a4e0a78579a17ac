// A small chart: exact counts at the training steps that were visited.

import { frame, prepare } from "./canvas.js";
import { theme } from "./theme.js";

export function drawTrace(canvas, counts, { every, step, end }) {
  const { context, width, height } = prepare(canvas);
  const colours = theme();
  const top = Math.max(10, ...counts.filter(Boolean)) * 1.15;
  const at = frame([0, end, 0, top], [6, width - 6, 6, height - 18]);
  context.strokeStyle = colours.rule;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(at.x(0), at.y(0));
  context.lineTo(at.x(end), at.y(0));
  context.stroke();
  context.fillStyle = colours.muted;
  context.font = `12px ${colours.font}`;
  context.fillText("step 0", at.x(0), height - 3);
  context.textAlign = "right";
  context.fillText(String(end), at.x(end), height - 3);
  drawLine(context, at, counts, every, colours.accent);
  drawPoint(context, at, step, counts[step / every], colours);
}

function drawLine(context, at, counts, every, colour) {
  context.beginPath();
  let pen = "moveTo";
  counts.forEach((count, k) => {
    if (count === undefined) return;
    context[pen](at.x(k * every), at.y(count));
    pen = "lineTo";
  });
  context.strokeStyle = colour;
  context.lineWidth = 1.8;
  context.stroke();
}

function drawPoint(context, at, step, count, colours) {
  if (count === undefined) return;
  context.beginPath();
  context.arc(at.x(step), at.y(count), 4, 0, 2 * Math.PI);
  context.fillStyle = colours.accent;
  context.fill();
}
