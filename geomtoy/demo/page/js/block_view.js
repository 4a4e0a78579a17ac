// Draws a block as it treats one query: tokens, the heads with their attention weights, units, output.

import { prepare } from "./canvas.js";
import { layerColour, theme } from "./theme.js";

const FAINT = 0.03; // weights below it are not drawn

/** @param state {weights, pattern, output}, see attention_values.js. */
export function drawBlock(canvas, { weights, pattern, output }) {
  const { context, width, height } = prepare(canvas);
  const colours = theme();
  context.font = `13px ${colours.font}`;
  const T = weights[0].length;
  const places = {
    token: (j) => [spread(j, T + 1, width), height - 44],
    head: (h) => [spread(h, weights.length, width), height * 0.56],
    unit: (u) => [spread(u, pattern.length, width), height * 0.26],
    output: [width / 2, 34],
  };
  drawWeights(context, weights, places, colours);
  drawReading(context, weights, { pattern, places, colours });
  drawTokens(context, weights, places, colours);
  drawUnits(context, pattern, places, colours);
  label(context, `output ${output.toFixed(2).replace("-", "−")}`, places.output, colours.ink);
  label(context, "tokens that stand still, and the query", [width / 2, height - 8], colours.muted);
}

const spread = (k, n, width) => 24 + ((width - 48) * (k + 0.5)) / n;

/** From each token a line to each head, as thick as the weight. */
function drawWeights(context, weights, places, colours) {
  weights.forEach((row, h) => {
    const [hx, hy] = places.head(h);
    context.strokeStyle = layerColour(colours, h + 1);
    row.forEach((w, j) => {
      if (w < FAINT) return;
      const [x, y] = places.token(j);
      context.globalAlpha = 0.25 + 0.75 * w;
      context.lineWidth = 0.5 + 5 * w;
      curve(context, [x, y - 8], [hx, hy + 13]);
    });
    context.globalAlpha = 1;
  });
}

/** Heads, and the query itself on the residual way, feed the units; the active ones feed the output. */
function drawReading(context, weights, { pattern, places, colours }) {
  const units = pattern.map((_, u) => places.unit(u));
  const middle = [places.output[0], places.unit(0)[1] + 34];
  Object.assign(context, { strokeStyle: colours.muted, lineWidth: 1.2 });
  weights.forEach((_, h) => curve(context, [places.head(h)[0], places.head(h)[1] - 13], middle));
  context.strokeStyle = colours.warm;
  const query = places.token(weights[0].length);
  curve(context, [query[0], query[1] - 8], middle);
  units.forEach((place, u) => {
    context.strokeStyle = pattern[u] ? colours.accent : colours.rule;
    context.lineWidth = 1;
    curve(context, middle, [place[0], place[1] + 7]);
    if (pattern[u]) curve(context, [place[0], place[1] - 7], [places.output[0], places.output[1] + 12]);
  });
}

function curve(context, [x0, y0], [x1, y1]) {
  const half = (y0 + y1) / 2;
  context.beginPath();
  context.moveTo(x0, y0);
  context.bezierCurveTo(x0, half, x1, half, x1, y1);
  context.stroke();
}

function drawTokens(context, weights, places, colours) {
  const T = weights[0].length;
  const radius = Math.max(2.5, Math.min(8, 150 / T));
  for (let j = 0; j <= T; j++) dot(context, places.token(j), { radius: j < T ? radius : 9, fill: j < T ? colours.ink : colours.warm });
  weights.forEach((_, h) => {
    dot(context, places.head(h), { radius: 13, fill: colours.card, line: layerColour(colours, h + 1) });
    label(context, String(h + 1), [places.head(h)[0], places.head(h)[1] + 5], colours.ink);
  });
}

function drawUnits(context, pattern, places, colours) {
  pattern.forEach((bit, u) =>
    dot(context, places.unit(u), { radius: 6, fill: bit ? colours.accent : colours.card, line: colours.accent }),
  );
}

function dot(context, [x, y], { radius, fill, line = fill }) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  Object.assign(context, { fillStyle: fill, strokeStyle: line, lineWidth: 2 });
  context.fill();
  context.stroke();
}

function label(context, text, [x, y], colour) {
  context.fillStyle = colour;
  context.textAlign = "center";
  context.fillText(text, x, y);
}
