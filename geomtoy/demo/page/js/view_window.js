// Which part of the plane is shown: zoomed and moved with buttons, the wheel, the mouse or keys.

const HOME = { zoom: "1", x: "0", y: "0" };
const FAR = 64; // the window stays within this of the origin
const KEYS = { "+": 1, "=": 1, "-": -1 };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const STEP = 0.25; // of half a window

/** Rounded to whole multiples of 2^-12, so that an address says exactly what is shown. */
const rounded = (value) => Math.round(Math.min(FAR, Math.max(-FAR, value)) * 4096) / 4096;

export class ViewWindow {
  constructor(state, canvas) {
    Object.assign(this, { state, canvas });
    this.levels = state.controls.get("zoom").dataset.values.split(" ").map(Number);
    for (const [id, way] of [["#zoom-in", 1], ["#zoom-out", -1]]) {
      document.querySelector(id).addEventListener("click", () => this.zoom(way));
    }
    document.querySelector("#zoom-home").addEventListener("click", () => this.home());
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
    this.drags();
    state.listen(Object.keys(HOME), () => this.tell());
  }

  /** [left, right, bottom, top]. */
  sides() {
    const [x, y] = [this.state.number("x"), this.state.number("y")];
    const half = 1 / this.state.number("zoom");
    return [x - half, x + half, y - half, y + half];
  }

  get atHome() {
    return Object.entries(HOME).every(([name, text]) => this.state.text(name) === text);
  }

  home() {
    for (const [name, text] of Object.entries(HOME)) this.state.put(name, text);
    this.state.changed(Object.keys(HOME));
  }

  moveTo(x, y) {
    this.state.put("x", rounded(x));
    this.state.put("y", rounded(y));
    this.state.changed(["x", "y"]);
  }

  /** One level in or out, keeping a point of the plane where it is on the screen. */
  zoom(way, keep = [this.state.number("x"), this.state.number("y")]) {
    const level = this.levels.indexOf(this.state.number("zoom")) + way;
    if (level < 0 || level >= this.levels.length) return;
    const ratio = this.state.number("zoom") / this.levels[level];
    const [x, y] = ["x", "y"].map((name, k) => rounded(keep[k] + (this.state.number(name) - keep[k]) * ratio));
    this.state.put("zoom", this.levels[level]);
    this.state.put("x", x);
    this.state.put("y", y);
    this.state.changed(Object.keys(HOME));
  }

  /** With Ctrl, which is also what pinching sends; the wheel alone scrolls the page. */
  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.turned = (this.turned ?? 0) + event.deltaY;
    if (Math.abs(this.turned) < 40) return;
    this.zoom(this.turned < 0 ? 1 : -1, this.placeOf(event));
    this.turned = 0;
  }

  placeOf(event) {
    const box = this.canvas.getBoundingClientRect();
    const [left, right, bottom, top] = this.sides();
    const [px, py] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    return [left + px * (right - left), top - py * (top - bottom)];
  }

  key(event) {
    const arrow = event.shiftKey && ARROWS[event.key];
    if (KEYS[event.key]) this.zoom(KEYS[event.key]);
    else if (event.key === "0") this.home();
    else if (arrow) this.moveTo(...this.shifted(arrow));
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  shifted([dx, dy]) {
    const step = STEP / this.state.number("zoom");
    return [this.state.number("x") + step * dx, this.state.number("y") + step * dy];
  }

  /** The mouse drags the plane; a finger scrolls the page. */
  drags() {
    let from = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse" && event.button === 0) from = { at: this.placeOf(event), x: event.clientX, y: event.clientY, far: false };
    });
    addEventListener("pointermove", (event) => {
      if (!from) return;
      from.far ||= Math.hypot(event.clientX - from.x, event.clientY - from.y) > 5;
      if (!from.far) return;
      const now = this.placeOf(event);
      this.moveTo(this.state.number("x") + from.at[0] - now[0], this.state.number("y") + from.at[1] - now[1]);
    });
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => (from = null));
  }

  tell() {
    const number = (value) => String(Math.round(value * 100) / 100).replace("-", "−");
    const [left, right, bottom, top] = this.sides().map(number);
    document.querySelector("#window-text").textContent = `x from ${left} to ${right}, y from ${bottom} to ${top}`;
  }
}
