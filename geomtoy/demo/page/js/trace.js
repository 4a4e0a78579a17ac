// A small chart: exact counts at the training steps that were visited.

import { frame, prepare } from "./canvas.js";
import { theme } from "./theme.js";

export function drawTrace(canvas, counts, { every, step, end }) {
  const { context, width, height } = prepare(canvas);
  const colours = theme();
  const seen = counts.filter(Boolean);
  const [least, most] = [Math.min(...seen), Math.max(...seen)];
  const at = frame([0, end, least - 1, most + 1], [6, width - 6, 24, height - 22]);
  context.strokeStyle = colours.rule;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(at.x(0), height - 20);
  context.lineTo(at.x(end), height - 20);
  context.stroke();
  context.fillStyle = colours.muted;
  context.font = `12px ${colours.font}`;
  context.fillText("step 0", at.x(0), height - 3);
  const range = least < most ? `${least} to ${most} regions` : `${most} regions; press Train`;
  context.fillText(range, at.x(0), 14);
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
