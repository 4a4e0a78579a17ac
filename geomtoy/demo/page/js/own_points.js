// Points that the reader sets: a click or Enter adds one, a click on one takes it away.

import { readPoints, writePoints } from "./tasks.js";

const NEAR = 9; // pixels
const MOST = 120;

export class OwnPoints {
  /** @param at () => frame from plane to pixels; point () => the point that the keyboard is at, or null. */
  constructor(state, canvas, { at, point }) {
    Object.assign(this, { state, at, controls: document.querySelector("#own-controls") });
    canvas.addEventListener("click", ({ clientX, clientY }) => {
      const box = canvas.getBoundingClientRect();
      this.touch(clientX - box.left, clientY - box.top);
    });
    canvas.addEventListener("keydown", ({ key }) => {
      if (key === "Enter" && point()) this.touch(...point().map((value, i) => at()["xy"[i]](value)));
    });
    document.querySelector("#own-clear").addEventListener("click", () => state.set("points", ""));
  }

  show(on) {
    this.controls.hidden = !on;
  }

  touch(px, py) {
    if (this.controls.hidden) return;
    const points = readPoints(this.state.text("points"));
    const far = points.filter(([x, y]) => Math.hypot(this.at().x(x) - px, this.at().y(y) - py) > NEAR);
    if (far.length === points.length && far.length < MOST) {
      const place = this.at().back(px, py).map((value) => Math.round(1000 * value) / 1000);
      far.push([...place, Number(document.querySelector("#own-class").value)]);
    }
    this.state.set("points", writePoints(far));
  }
}
