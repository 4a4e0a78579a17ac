// A knob over a canvas that is dragged, or moved with the arrow keys.

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const STEP = 0.04;
const REACH = 0.94;

export class Handle {
  /**
   * @param knob the element; it is placed within the canvas's box.
   * @param at () => the frame from plane to pixels; move(place): takes it there, or leaves it where it is.
   */
  constructor(knob, { at, place, move }) {
    Object.assign(this, { knob, at, place });
    const go = (wanted) => {
      knob.classList.remove("fresh");
      move(wanted.map((value) => Math.min(REACH, Math.max(-REACH, value))));
    };
    knob.addEventListener("pointerdown", (event) => knob.setPointerCapture(event.pointerId));
    knob.addEventListener("pointermove", (event) => {
      if (!knob.hasPointerCapture(event.pointerId)) return;
      const box = knob.parentElement.querySelector("canvas").getBoundingClientRect();
      go(this.at().back(event.clientX - box.left, event.clientY - box.top));
    });
    knob.addEventListener("keydown", (event) => {
      const arrow = ARROWS[event.key];
      if (!arrow) return;
      event.preventDefault();
      go(this.place().map((value, k) => value + STEP * arrow[k]));
    });
  }

  /** Put the knob where its place is drawn, and say what it holds. */
  show(text) {
    const [x, y] = this.place();
    this.knob.style.left = `${this.at().x(x)}px`;
    this.knob.style.top = `${this.at().y(y)}px`;
    this.knob.setAttribute("aria-valuetext", text);
    this.knob.setAttribute("aria-valuenow", Math.round(100 * Math.hypot(x, y)));
  }
}
