// The banner: a partition of a wide window, counted like every other.

import { fillPolygons, frame, prepare } from "./canvas.js";
import { patternColour } from "./colours.js";
import { enumerateRegions } from "./enumerate.js";
import { randomNetwork } from "./random.js";
import { theme } from "./theme.js";

const WINDOW = [-2.4, 2.4, -0.6, 0.6];

export function drawHero(canvas, caption) {
  const network = randomNetwork({ dIn: 2, widths: [10, 10], biasScale: 1, seed: 1 });
  const partition = enumerateRegions(network, WINDOW);
  const polygons = partition.cells.map(({ loop }) => loop.map(({ x, y }) => [x, y]));
  caption.textContent = `A random 2-10-10 network cuts this banner into exactly ${partition.regions} pieces.`;
  return () => {
    const { context, width, height } = prepare(canvas);
    const { dark, card } = theme();
    const at = frame(WINDOW, [0, width, 0, height]);
    fillPolygons(context, at, polygons, partition.cells.map(({ pattern }) => patternColour(pattern, dark)));
    context.strokeStyle = card;
    context.lineWidth = 1.2;
    context.beginPath();
    for (const { p, q } of partition.edges) {
      context.moveTo(at.x(p.x), at.y(p.y));
      context.lineTo(at.x(q.x), at.y(q.y));
    }
    context.stroke();
  };
}
