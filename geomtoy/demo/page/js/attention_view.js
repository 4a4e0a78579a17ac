// Draws the plane that a query moves on: hard cells, certified soft cells, or a grid of samples.

import { fillPolygons, frame, prepare, tracePolygon } from "./canvas.js";
import { patternColour } from "./colours.js";
import { theme } from "./theme.js";

const SIDE = 96; // samples each way where no borders are known

/** A frame on a cleared canvas of the square [-reach, reach]^2. */
function begin(canvas, reach) {
  const { context, width, height } = prepare(canvas);
  return { context, colours: theme(), at: frame([-reach, reach, -reach, reach], [1.5, width - 1.5, 1.5, height - 1.5]) };
}

/** The MLP's borders thin; ties of scores, where the block jumps, thick. */
export function drawHard(canvas, { attention, polygons, patterns }, { reach, query }) {
  const { context, colours, at } = begin(canvas, reach);
  fillPolygons(context, at, polygons, patterns.map((pattern) => patternColour(pattern, colours.dark)));
  stroke(context, at, polygons, { closed: true, colour: colours.muted, width: 0.6 });
  stroke(context, at, attention, { closed: true, colour: colours.ink, width: 1.8 });
  drawQuery(context, at, query, colours);
  return at;
}

/** Curved borders; the ties of hard attention pale, which the borders crowd along as scores grow. */
export function drawSoft(canvas, { borders, cells }, { reach, query, attention }) {
  const { context, colours, at } = begin(canvas, reach);
  for (const { outlines, pattern } of cells) {
    context.beginPath();
    for (const points of outlines) tracePolygon(context, at, points);
    context.fillStyle = context.strokeStyle = patternColour(pattern, colours.dark);
    context.lineWidth = 0.7;
    context.fill("evenodd");
    context.stroke();
  }
  stroke(context, at, borders, { closed: false, colour: colours.ink, width: 1.1 });
  drawTies(context, at, attention, colours);
  drawQuery(context, at, query, colours);
  return at;
}

/** Patterns on a grid: what can be drawn where nothing was certified. */
export function drawSampled(canvas, patternAt, { reach, query, attention }) {
  const { context, colours, at } = begin(canvas, reach);
  const [x0, y0] = [at.x(-reach), at.y(reach)];
  const [w, h] = [(at.x(reach) - x0) / SIDE, (at.y(-reach) - y0) / SIDE];
  for (let i = 0; i < SIDE; i++) {
    for (let j = 0; j < SIDE; j++) {
      context.fillStyle = patternColour(patternAt(at.back(x0 + (i + 0.5) * w, y0 + (j + 0.5) * h)), colours.dark);
      context.fillRect(x0 + i * w, y0 + j * h, w + 0.5, h + 0.5);
    }
  }
  drawTies(context, at, attention, colours);
  drawQuery(context, at, query, colours);
  return at;
}

function drawTies(context, at, attention, colours) {
  context.globalAlpha = 0.3;
  stroke(context, at, attention, { closed: true, colour: colours.ink, width: 3 });
  context.globalAlpha = 1;
}

function stroke(context, at, lines, { closed, colour, width }) {
  context.beginPath();
  for (const points of lines) {
    points.forEach(([x, y], i) => context[i ? "lineTo" : "moveTo"](at.x(x), at.y(y)));
    if (closed) context.closePath();
  }
  Object.assign(context, { strokeStyle: colour, lineWidth: width });
  context.stroke();
}

function drawQuery(context, at, [x, y], colours) {
  context.beginPath();
  context.arc(at.x(x), at.y(y), 9, 0, 2 * Math.PI);
  Object.assign(context, { fillStyle: colours.warm, strokeStyle: colours.card, lineWidth: 3 });
  context.fill();
  context.stroke();
}
