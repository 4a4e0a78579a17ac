// Draws a fitted curve with its joints over the regions per interval.

import { frame, prepare } from "./canvas.js";
import { LOW, HIGH } from "./interval.js";
import { sine } from "./targets.js";
import { theme } from "./theme.js";

const SIDE = 34;

export function drawFit(canvas, record) {
  const { context, width, height } = prepare(canvas);
  const colours = theme();
  const split = Math.round(height * 0.66);
  context.font = `12px ${colours.font}`;
  const reach = heightOf(record.curve);
  const at = frame([LOW, HIGH, -reach, reach], [SIDE, width - 8, 8, split]);
  drawAxes(context, at, colours, { height, tick: tickFor(reach) });
  context.save();
  context.beginPath();
  context.rect(SIDE, 4, width - 8 - SIDE, split);
  context.clip();
  drawJoints(context, at, record.borders, { reach, colours });
  drawCurve(context, at, sineCurve, { colour: colours.muted, width: 1.5, dashes: [5, 5] });
  drawCurve(context, at, record.curve, { colour: colours.accent, width: 2.4, dashes: [] });
  drawDots(context, at, record, colours);
  context.restore();
  drawBins(context, record.bins, [SIDE, width - 8, split + 26, height - 24], colours);
}

/** Half the height of the axis: all of the curve is seen, and of a good fit some room above. */
const heightOf = (curve) => Math.max(1.6, 1.1 * Math.max(...curve.map(Math.abs)));

/** The largest of 1, 2, 5, 10, 20, … below an axis's end. */
function tickFor(reach) {
  const ten = 10 ** Math.floor(Math.log10(reach));
  return ten * [5, 2, 1].find((k) => k * ten <= reach);
}

export const sineCurve = Array.from({ length: 257 }, (_, i) => sine(LOW + ((HIGH - LOW) * i) / 256));

export function drawCurve(context, at, values, { colour, width, dashes }) {
  context.beginPath();
  values.forEach((y, i) => {
    const x = LOW + ((HIGH - LOW) * i) / (values.length - 1);
    context[i ? "lineTo" : "moveTo"](at.x(x), at.y(y));
  });
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(dashes);
  context.stroke();
  context.setLineDash([]);
}

function drawJoints(context, at, borders, { reach, colours }) {
  context.beginPath();
  for (const x of borders) {
    context.moveTo(at.x(x), at.y(-reach));
    context.lineTo(at.x(x), at.y(reach));
  }
  context.strokeStyle = colours.rule;
  context.lineWidth = 1;
  context.stroke();
}

/** A dot on the curve at each joint. */
function drawDots(context, at, { borders, curve }, colours) {
  for (const x of borders) {
    const place = ((x - LOW) / (HIGH - LOW)) * (curve.length - 1);
    const k = Math.min(curve.length - 2, Math.floor(place));
    const y = curve[k] + (place - k) * (curve[k + 1] - curve[k]);
    context.beginPath();
    context.arc(at.x(x), at.y(y), 3.2, 0, 2 * Math.PI);
    context.fillStyle = colours.card;
    context.fill();
    context.strokeStyle = colours.warm;
    context.lineWidth = 1.8;
    context.stroke();
  }
}

export function drawAxes(context, at, colours, { height, tick }) {
  context.fillStyle = colours.muted;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const y of [-tick, 0, tick]) context.fillText(String(y).replace("-", "−"), SIDE - 8, at.y(y));
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  ["−2π", "−π", "0", "π", "2π"].forEach((label, k) => {
    context.textAlign = ["left", "center", "center", "center", "right"][k];
    context.fillText(label, at.x(LOW + (k * (HIGH - LOW)) / 4), height - 6);
  });
  context.strokeStyle = colours.rule;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(at.x(LOW), at.y(0));
  context.lineTo(at.x(HIGH), at.y(0));
  context.stroke();
}

/** Bars with their numbers. */
function drawBins(context, bins, [x0, x1, y0, y1], colours) {
  const at = frame([0, bins.length, 0, Math.max(4, ...bins)], [x0, x1, y0, y1]);
  context.textAlign = "center";
  bins.forEach((count, k) => {
    const [left, top] = [at.x(k) + 2, at.y(count)];
    context.fillStyle = colours.accent;
    context.globalAlpha = 0.28;
    context.fillRect(left, top, at.x(k + 1) - at.x(k) - 4, y1 - top);
    context.globalAlpha = 1;
    context.fillStyle = colours.ink;
    context.fillText(String(count), at.x(k + 0.5), top - 4);
  });
}
