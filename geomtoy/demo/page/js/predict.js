// Section "Predict, then reveal".

import { centroid, frame, prepare } from "./canvas.js";
import { enumerateRegions, SQUARE } from "./enumerate.js";
import { EXERCISES } from "./exercises.js";
import { evaluate } from "./network.js";
import { drawPartition } from "./partition_view.js";
import { layerColour, onThemeChange, theme } from "./theme.js";

const UNIT_INTERVAL = [0, 1, -1, 1];

export function predictSection(list) {
  const template = document.querySelector("#exercise");
  for (const exercise of EXERCISES) list.append(card(exercise, template.content.cloneNode(true)));
}

function card(exercise, fragment) {
  const find = (selector) => fragment.querySelector(selector);
  const [form, guess, answer, canvas] = ["form", "input", ".answer", "canvas"].map(find);
  find("h3").textContent = exercise.title;
  find(".question").textContent = exercise.question;
  find("article").id = exercise.id;
  guess.id = `${exercise.id}-guess`;
  find("label").htmlFor = guess.id;
  canvas.setAttribute("aria-label", `Picture: ${exercise.title}`);
  let partition = null; // not counted before it is asked for
  const draw = () => (exercise.kind === "plane" ? drawLines : drawTents)(canvas, exercise, partition);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    partition ??= enumerateRegions(exercise.network, exercise.kind === "plane" ? SQUARE : UNIT_INTERVAL);
    answer.replaceChildren(...verdict(guess.value, partition[exercise.counted], exercise.reason));
    draw();
  });
  onThemeChange(draw);
  new ResizeObserver(draw).observe(canvas);
  return fragment;
}

function verdict(guess, count, reason) {
  const [strong, rest] = [document.createElement("strong"), document.createElement("span")];
  const right = guess !== "" && Number(guess) === count;
  strong.textContent = `${count}. `;
  rest.textContent = (guess === "" ? "" : right ? "Well predicted. " : `You said ${guess}. `) + reason;
  return [strong, rest];
}

function drawLines(canvas, exercise, partition) {
  if (partition === null) {
    drawUnits(canvas, exercise.network.layers[0]);
    return;
  }
  const polygons = partition.cells.map(({ loop }) => loop.map(({ x, y }) => [x, y]));
  const shown = { partition, polygons, centres: polygons.map(centroid) };
  const colour = exercise.counted === "regions" ? "pattern" : "linear";
  drawPartition(canvas, shown, { chosen: -1, colour });
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

function drawTents(canvas, exercise, partition) {
  const { context, width, height } = prepare(canvas);
  const colours = theme();
  const at = frame([0, 1, 0, 1], [14, width - 14, 18, height - 18]);
  const network = partition ? exercise.network : exercise.hint;
  context.strokeStyle = colours.rule;
  context.strokeRect(14, 18, width - 28, height - 36);
  context.beginPath();
  for (let i = 0; i <= 256; i++) context[i ? "lineTo" : "moveTo"](at.x(i / 256), at.y(evaluate(network, [i / 256])));
  context.strokeStyle = colours.accent;
  context.lineWidth = 2.4;
  context.stroke();
}
