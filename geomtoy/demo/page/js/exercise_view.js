// Pictures of exercises: before an answer what the question needs, after it what was counted.

import { centroid, frame, prepare, tracePolygon } from "./canvas.js";
import { patternColour } from "./colours.js";
import { SQUARE } from "./enumerate.js";
import { evaluate } from "./network.js";
import { drawPartition } from "./partition_view.js";
import { layerColour, theme } from "./theme.js";

/**
 * @param shown what was counted, once it may be seen; else null.
 * @param before of attention, the cells that the question starts from.
 */
export function drawExercise(canvas, exercise, shown, before) {
  if (exercise.kind === "curve") drawCurve(canvas, shown ? exercise.network : (exercise.shownFirst ?? exercise.network));
  else if (exercise.kind === "attention") drawCells(canvas, shown ?? before);
  else if (shown) drawCounted(canvas, shown, exercise.colour ?? "pattern");
  else drawUnits(canvas, exercise.network.layers[0]);
}

function drawCounted(canvas, partition, colour) {
  const polygons = partition.cells.map(({ loop }) => loop.map(({ x, y }) => [x, y]));
  drawPartition(canvas, { partition, polygons, centres: polygons.map(centroid) }, { chosen: -1, colour });
}

/** The lines of a layer's units across the square, uncounted. */
function drawUnits(canvas, { n, W, b }) {
  const { context, width, height } = prepare(canvas);
  const colours = theme();
  const at = frame(SQUARE, [1, width - 1, 1, height - 1]);
  context.strokeStyle = colours.ink;
  context.strokeRect(1, 1, width - 2, height - 2);
  context.save();
  context.beginPath();
  context.rect(1, 1, width - 2, height - 2);
  context.clip();
  context.beginPath();
  for (let u = 0; u < n; u++) {
    const [p, q] = [W[2 * u], W[2 * u + 1]];
    const size = p * p + q * q;
    const [x, y] = [(-b[u] * p) / size, (-b[u] * q) / size]; // the line's point nearest to the origin
    const far = 3 / Math.sqrt(size); // longer than the square's diagonal, both ways
    context.moveTo(at.x(x - far * q), at.y(y + far * p));
    context.lineTo(at.x(x + far * q), at.y(y - far * p));
  }
  context.strokeStyle = layerColour(colours, 1);
  context.lineWidth = 1.6;
  context.stroke();
  context.restore();
}

function drawCurve(canvas, network) {
  const { context, width, height } = prepare(canvas);
  const colours = theme();
  const at = frame([0, 1, 0, 1], [14, width - 14, 18, height - 18]);
  context.strokeStyle = colours.rule;
  context.strokeRect(14, 18, width - 28, height - 36);
  context.beginPath();
  for (let i = 0; i <= 256; i++) context[i ? "lineTo" : "moveTo"](at.x(i / 256), at.y(evaluate(network, [i / 256])));
  context.strokeStyle = colours.accent;
  context.lineWidth = 2.4;
  context.stroke();
}

/** Attention cells, coloured by the token that is chosen. */
function drawCells(canvas, { attention, reach }) {
  const { context, width, height } = prepare(canvas);
  const colours = theme();
  const at = frame([-reach, reach, -reach, reach], [1.5, width - 1.5, 1.5, height - 1.5]);
  for (const { choices, loop } of attention) {
    context.beginPath();
    tracePolygon(context, at, loop.map(({ x, y }) => [x, y]));
    context.fillStyle = patternColour(oneHot(choices[0]), colours.dark);
    Object.assign(context, { strokeStyle: colours.ink, lineWidth: 1.6 });
    context.fill();
    context.stroke();
  }
}

const oneHot = (token) => Array.from({ length: token + 1 }, (_, k) => (k === token ? 1 : 0));
