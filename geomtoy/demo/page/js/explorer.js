// Pointing at cells of a picture: with the mouse, a finger, or the arrow keys.

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * @param canvas gets the listeners; it must be focusable.
 * @param picture () => {at, polygons, centres}: frame, corners and middles of the cells now shown.
 * @param choose called with a point of the plane, or null when nothing is pointed at.
 */
export function explore(canvas, picture, choose) {
  let point = null;
  const moveTo = (next) => choose((point = next));
  const pointed = (event) => {
    const box = canvas.getBoundingClientRect();
    moveTo(picture().at.back(event.clientX - box.left, event.clientY - box.top));
  };
  canvas.addEventListener("pointermove", pointed);
  canvas.addEventListener("pointerdown", pointed);
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "Escape") moveTo(null);
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    moveTo(neighbour(picture().centres, point, arrow));
  });
}

/** The middle of the nearest cell in a direction; the one in the centre to begin with. */
function neighbour(centres, point, [dx, dy]) {
  const nearest = (score) => {
    let [best, least] = [null, Infinity];
    for (const centre of centres) {
      const value = score(centre);
      if (value < least) [best, least] = [centre, value];
    }
    return best;
  };
  if (point === null) return nearest(([x, y]) => x * x + y * y);
  const ahead = nearest(([x, y]) => {
    const along = (x - point[0]) * dx + (y - point[1]) * dy;
    const across = Math.abs((x - point[0]) * dy) + Math.abs((y - point[1]) * dx);
    return along > 1e-9 && across <= 1.5 * along ? along + 2 * across : Infinity;
  });
  return ahead ?? point;
}

/** Number of the cell that holds a point, -1 if none does. */
export function cellAt(polygons, [x, y]) {
  return polygons.findIndex((points) =>
    points.every(([px, py], i) => {
      const [qx, qy] = points[(i + 1) % points.length];
      return (qx - px) * (y - py) - (qy - py) * (x - px) >= 0;
    }),
  );
}
