// Loss and regions against the training step, one above the other: do they move together?

import { frame, prepare } from "./canvas.js";
import { theme } from "./theme.js";

/** @param seen [{step, loss, regions}] in the order of steps. */
export function drawLosses(canvas, seen) {
  const { context, width, height } = prepare(canvas);
  const colours = theme();
  const middle = height / 2;
  const end = Math.max(100, seen.at(-1).step);
  context.font = `12px ${colours.font}`;
  const strips = [
    { of: ({ loss }) => Math.log10(Math.max(loss, 1e-6)), text: ({ loss }) => `loss ${loss.toPrecision(2)}, logarithmic`,
      colour: colours.warm, top: 0, bottom: middle },
    { of: ({ regions }) => regions, text: ({ regions }) => `regions ${regions}`,
      colour: colours.accent, top: middle, bottom: height - 16 },
  ];
  for (const strip of strips) drawStrip(context, seen, strip, { width, end, colours });
  context.fillStyle = colours.muted;
  context.fillText("step 0", 4, height - 3);
  context.textAlign = "right";
  context.fillText(String(end), width - 4, height - 3);
}

function drawStrip(context, seen, { of, text, colour, top, bottom }, { width, end, colours }) {
  const values = seen.map(of);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = least === most ? 1 : 0;
  const at = frame([0, end, least - room, most + room], [4, width - 4, top + 20, bottom - 5]);
  context.textAlign = "left";
  context.fillStyle = colours.muted;
  context.fillText(text(seen.at(-1)), 4, top + 13);
  context.beginPath();
  seen.forEach(({ step }, k) => context[k ? "lineTo" : "moveTo"](at.x(step), at.y(values[k])));
  Object.assign(context, { strokeStyle: colour, lineWidth: 1.8 });
  context.stroke();
  context.beginPath();
  context.arc(at.x(seen.at(-1).step), at.y(values.at(-1)), 3.2, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
}
