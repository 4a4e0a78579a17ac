// Draws the graph of a network over a square as facets that one can turn.

import { prepare } from "./canvas.js";
import { valueColour } from "./colours.js";
import { FRONT, light, paintersOrder, projection } from "./facets.js";
import { affineFill } from "./output_fill.js";
import { theme } from "./theme.js";

const RISE = 0.62; // height of the largest value, in units of the plane
const FLOOR = -0.78;
const CORNERS = [[-1, -1], [1, -1], [1, 1], [-1, 1]];

/**
 * @param shown {partition, polygons, centres}; reach: the value that is drawn highest.
 * @param extras {data: {points, values}, boundary, chosen}, each may be missing.
 */
export function drawSurface(canvas, { partition, polygons, centres }, { view, reach, data, boundary, chosen = -1 }) {
  const { context, width, height } = prepare(canvas);
  const colours = theme();
  const seen = projection(view);
  const size = Math.min(width / 2.9, height / 2.78);
  const place = (x, y, z) => {
    const [u, v] = seen(x, y, z);
    return [width / 2 + size * u, 0.47 * height - size * v];
  };
  drawFloor(context, place, colours);
  const rows = partition.cells.map(({ maps }) => maps.row(0));
  const heightAt = ([a, b, c], [x, y]) => (RISE * (a * x + b * y + c)) / reach;
  context.lineWidth = 0.8;
  for (const k of paintersOrder(partition, view)) {
    const row = rows[k];
    const lifted = ([x, y]) => place(x, y, heightAt(row, [x, y]));
    const corners = polygons[k].map(lifted);
    const slopes = row.slice(0, 2).map((slope) => (RISE * slope) / reach);
    const colour = shaded(context, row, { corners: polygons[k], centre: centres[k], lifted, dark: colours.dark });
    facet(context, corners, { colour, shade: 1 - light(slopes, view), colours });
    if (k === chosen) outline(context, corners, colours.warm);
  }
  if (boundary) drawBoundary(context, boundary.map((ends) => ends.map(({ x, y }) => place(x, y, 0))), colours);
  if (data) drawData(context, data, { place: (x, y, v) => place(x, y, (RISE * v) / reach), colours });
}

/** The colours of the output on a facet: seen from aside its affine function is one of the picture's places too. */
function shaded(context, [a, b, c], { corners, centre, lifted, dark }) {
  const [[x, y], [right, down], [far, deep]] = [[0, 0], [1, 0], [0, 1]].map(([dx, dy]) => lifted([centre[0] + dx, centre[1] + dy]));
  const [ux, uy, vx, vy] = [right - x, down - y, far - x, deep - y];
  const turn = ux * vy - uy * vx;
  const value = a * centre[0] + b * centre[1] + c;
  if (Math.abs(turn) < 1) return valueColour(value, dark); // seen edge on
  const row = [(a * vy - b * uy) / turn, (b * ux - a * vx) / turn];
  const pixels = { x: (px) => px, y: (py) => py };
  const onPicture = [...row, value - row[0] * x - row[1] * y];
  return affineFill(context, pixels, onPicture, { corners: corners.map(lifted), centre: [x, y], dark });
}

function trace(context, corners) {
  context.beginPath();
  corners.forEach(([x, y], i) => context[i ? "lineTo" : "moveTo"](x, y));
  context.closePath();
}

function facet(context, corners, { colour, shade, colours }) {
  trace(context, corners);
  context.fillStyle = colour;
  context.fill();
  context.fillStyle = colours.dark ? `rgb(0 0 0 / ${0.7 * shade})` : `rgb(30 30 60 / ${0.5 * shade})`;
  context.fill();
  context.strokeStyle = colours.dark ? "rgb(255 255 255 / 0.4)" : "rgb(0 0 0 / 0.45)";
  context.stroke();
}

function outline(context, corners, colour) {
  trace(context, corners);
  context.strokeStyle = colour;
  context.lineWidth = 2.6;
  context.stroke();
  context.lineWidth = 0.8;
}

/** The square itself, below the surface, with its axes. */
function drawFloor(context, place, colours) {
  trace(context, CORNERS.map(([x, y]) => place(x, y, FLOOR)));
  context.strokeStyle = colours.rule;
  context.lineWidth = 1.2;
  context.stroke();
  context.fillStyle = colours.muted;
  context.font = `italic 13px ${colours.font}`;
  context.textAlign = "center";
  for (const [text, x, y] of [["x", 1.14, -1], ["y", -1, 1.14]]) context.fillText(text, ...place(x, y, FLOOR));
}

function drawBoundary(context, pieces, colours) {
  for (const [colour, width] of [[colours.card, 4.5], [colours.ink, 2]]) {
    context.beginPath();
    for (const [p, q] of pieces) {
      context.moveTo(...p);
      context.lineTo(...q);
    }
    Object.assign(context, { strokeStyle: colour, lineWidth: width });
    context.stroke();
  }
}

function drawData(context, { points, values }, { place, colours }) {
  context.lineWidth = 1;
  context.strokeStyle = colours.ink;
  values.forEach((value, i) => {
    context.beginPath();
    context.arc(...place(points[2 * i], points[2 * i + 1], value), 2.6, 0, 2 * Math.PI);
    context.fillStyle = valueColour(value, colours.dark);
    context.fill();
    context.stroke();
  });
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const STEP = 0.12;

/** Turn a surface by dragging or with the arrow keys; returns the view, which changes. */
export function turning(canvas, draw) {
  const view = { ...FRONT };
  const turn = (dx, dy) => {
    view.azimuth -= dx;
    view.tilt = Math.min(1.45, Math.max(0.1, view.tilt + dy));
    draw();
  };
  canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) turn(0.01 * event.movementX, 0.01 * event.movementY);
  });
  canvas.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    turn(...arrow.map((d) => STEP * d));
  });
  return view;
}
