// A network drawn as units and weights, which can be pointed at, selected, and dragged to other values.
//
// Columns count from 0, the inputs; a unit is named "column,row", a weight "column,row,from", where column
// and row are those of the unit that it leads to.

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, RADIUS] = [360, 340, 12];
const PULL = 0.01; // change of a weight or bias a pixel
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class NetDrawing {
  /** @param events {hover(unit or null), select(unit), pull(unit, from, value)}: from is -1 for the bias. */
  constructor(svg, events) {
    Object.assign(this, { svg, events, sizes: [], held: null });
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    svg.addEventListener("pointerover", ({ target }) => events.hover(unitOf(target)));
    svg.addEventListener("pointerleave", () => events.hover(null));
    svg.addEventListener("focusin", ({ target }) => events.hover(unitOf(target)));
    svg.addEventListener("focusout", () => events.hover(null));
    svg.addEventListener("pointerdown", (event) => this.hold(event));
    svg.addEventListener("pointermove", (event) => this.pull(event));
    for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => this.release());
    svg.addEventListener("keydown", (event) => this.key(event));
  }

  /**
   * @param look {pattern: activation pattern or null, selected: unit}.
   */
  update(network, { pattern, selected }) {
    const sizes = [network.layers[0].m, ...network.layers.map(({ n }) => n)];
    if (sizes.join() !== this.sizes.join()) this.build(sizes);
    this.network = network;
    this.selected = selected;
    const active = activity(network, pattern);
    for (const [key, { line, label }] of this.weights) {
      const [column, row, from] = key.split(",").map(Number);
      const value = network.layers[column - 1].W[row * sizes[column - 1] + from];
      line.setAttribute("class", value < 0 ? "weight negative" : "weight");
      line.setAttribute("stroke-width", 0.5 + 2.4 * Math.min(2, Math.abs(value)));
      line.style.opacity = active(column - 1, from) === false ? 0.18 : 1;
      label.textContent = value.toFixed(2);
    }
    for (const [key, group] of this.units) {
      const [column, row] = key.split(",").map(Number);
      if (column === 0) continue;
      const on = active(column, row);
      group.setAttribute("class", `unit ${on === undefined ? "" : on ? "on" : "off"}`);
      group.setAttribute("aria-pressed", key === selected);
      group.setAttribute("tabindex", key === selected ? 0 : -1);
      const bias = network.layers[column - 1].b[row].toFixed(2);
      group.setAttribute("aria-label", `${unitName(key, sizes)}, bias ${bias}${on === undefined ? "" : on ? ", on" : ", off"}`);
    }
  }

  build(sizes) {
    this.sizes = sizes;
    [this.units, this.weights] = [new Map(), new Map()];
    this.svg.replaceChildren();
    for (let column = 1; column < sizes.length; column++) {
      for (let row = 0; row < sizes[column]; row++) {
        for (let from = 0; from < sizes[column - 1]; from++) this.addWeight(column, row, from);
      }
    }
    sizes.forEach((n, column) => {
      for (let row = 0; row < n; row++) this.addUnit(column, row);
    });
  }

  place(column, row) {
    const { sizes } = this;
    const gap = Math.min(58, (HEIGHT - 30) / sizes[column]);
    return [26 + (column * (WIDTH - 52)) / (sizes.length - 1), HEIGHT / 2 + (row - (sizes[column] - 1) / 2) * gap];
  }

  /** A line with a wide invisible one to take hold of, and its value, shown while it is pointed at. */
  addWeight(column, row, from) {
    const key = `${column},${row},${from}`;
    const [[x1, y1], [x2, y2]] = [this.place(column - 1, from), this.place(column, row)];
    const group = element("g", { "data-weight": key, class: "pull" });
    const line = element("line", { x1, y1, x2, y2 });
    const grip = element("line", { x1, y1, x2, y2, class: "grip" });
    const label = element("text", { x: x1 + 0.35 * (x2 - x1), y: y1 + 0.35 * (y2 - y1) - 5, class: "value" });
    group.append(line, grip, label);
    this.svg.append(group);
    this.weights.set(key, { line, label });
  }

  addUnit(column, row) {
    const key = `${column},${row}`;
    const [cx, cy] = this.place(column, row);
    const group = element("g", { "data-unit": key, class: "unit" });
    if (column > 0) group.setAttribute("role", "button");
    group.append(element("circle", { cx, cy, r: RADIUS }));
    if (column === 0 || column === this.sizes.length - 1) {
      const letter = element("text", { x: cx, y: cy + 4.5, class: "letter" });
      letter.textContent = column === 0 ? "xy"[row] : "f";
      group.append(letter);
    }
    this.svg.append(group);
    this.units.set(key, group);
  }

  hold(event) {
    const weight = event.target.closest("[data-weight]")?.dataset.weight;
    const unit = unitOf(event.target);
    if (!weight && !unit) return;
    const [column, row, from = -1] = (weight ?? unit).split(",").map(Number);
    const { W, b, m } = this.network.layers[column - 1];
    const start = from < 0 ? b[row] : W[row * m + from];
    this.held = { unit: `${column},${row}`, from, start, y: event.clientY, group: event.target.closest(".pull") };
    this.held.group?.classList.add("held");
    this.svg.setPointerCapture(event.pointerId);
    this.events.select(this.held.unit);
  }

  pull({ clientY }) {
    if (!this.held) return;
    const { unit, from, start, y } = this.held;
    if (Math.abs(clientY - y) > 2) this.held.moved = true;
    if (this.held.moved) this.events.pull(unit, from, Math.round(100 * (start + PULL * (y - clientY))) / 100);
  }

  release() {
    this.held?.group?.classList.remove("held");
    this.held = null;
  }

  key(event) {
    const unit = unitOf(event.target);
    if (!unit) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.events.enter();
    }
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    const [column, row] = unit.split(",").map(Number);
    const to = Math.min(this.sizes.length - 1, Math.max(1, column + arrow[0]));
    const at = Math.min(this.sizes[to] - 1, Math.max(0, row + arrow[1]));
    this.events.select(`${to},${at}`);
    this.units.get(`${to},${at}`).focus();
  }
}

const unitOf = (target) => {
  const key = target.closest("[data-unit]")?.dataset.unit;
  return key && !key.startsWith("0,") ? key : null;
};

/** "unit 2 of layer 1", or "the output". */
export function unitName(key, sizes) {
  const [column, row] = key.split(",").map(Number);
  if (column === 0) return `input ${"xy"[row]}`;
  return column === sizes.length - 1 ? "output f" : `unit ${row + 1} of layer ${column}`;
}

/** Whether a unit is on: undefined for inputs, the output, and where no pattern is given. */
function activity(network, pattern) {
  const hidden = network.layers.length - 1;
  return (column, row) =>
    pattern === null || column === 0 || column > hidden ? undefined : pattern[network.starts[column - 1] + row] === 1;
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
