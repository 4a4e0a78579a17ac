// A point of the plane that is dragged with the mouse or a finger, or moved with the arrow keys.

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const STEP = 0.05;
const NEAR = 32; // pixels: a finger so near drags the point, elsewhere it scrolls the page

/**
 * @param at () => the frame from plane to pixels.
 * @param place () => where the point is.
 * @param move called with where it should go.
 */
export function dragged(canvas, { at, place, move }) {
  let held = false;
  const pixel = ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect();
    return [clientX - box.left, clientY - box.top];
  };
  canvas.addEventListener("pointerdown", (event) => {
    held = true;
    canvas.setPointerCapture(event.pointerId);
    move(at().back(...pixel(event)));
  });
  canvas.addEventListener("pointermove", (event) => held && move(at().back(...pixel(event))));
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (held = false));
  canvas.addEventListener(
    "touchstart",
    (event) => {
      const [x, y] = pixel(event.touches[0]);
      const [px, py] = [at().x(place()[0]), at().y(place()[1])];
      if (Math.hypot(x - px, y - py) < NEAR) event.preventDefault();
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    const size = event.shiftKey ? 10 * STEP : STEP;
    move(place().map((value, k) => value + size * arrow[k]));
  });
}
