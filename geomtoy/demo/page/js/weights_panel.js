// Sliders for what a selected unit hears: each of its weights, and its bias.

import { unitName } from "./net_drawing.js";

const REACH = 3;

export class WeightsPanel {
  /** @param pull called with the unit, the unit heard (-1 for the bias), and the value wanted. */
  constructor(place, pull) {
    Object.assign(this, { place, pull, key: "" });
  }

  update(network, unit) {
    const [column, row] = unit.split(",").map(Number);
    const { m, W, b } = network.layers[column - 1];
    const sizes = [network.layers[0].m, ...network.layers.map(({ n }) => n)];
    const values = [...W.slice(row * m, (row + 1) * m), b[row]];
    if (this.key !== `${unit}:${sizes}`) this.build(unit, sizes);
    this.key = `${unit}:${sizes}`;
    values.forEach((value, k) => show(this.sliders[k], value));
  }

  /** Give the first slider of a unit the focus. */
  enter(network, unit) {
    this.update(network, unit);
    this.sliders[0].input.focus();
  }

  build(unit, sizes) {
    const column = Number(unit.split(",")[0]);
    const heard = Array.from({ length: sizes[column - 1] }, (_, j) => j);
    const title = document.createElement("h3");
    title.className = "minor";
    title.textContent = `Weights of ${unitName(unit, sizes)}`;
    this.sliders = [...heard, -1].map((from) => {
      const name = from < 0 ? "bias" : `from ${unitName(`${column - 1},${from}`, sizes)}`;
      return slider(name, `weight-${from}`, (value) => this.pull(unit, from, value));
    });
    this.place.replaceChildren(title, ...this.sliders.map(({ row }) => row));
  }
}

function slider(name, id, moved) {
  const row = document.createElement("div");
  row.className = "slider";
  const [label, output, input] = ["label", "output", "input"].map((tag) => document.createElement(tag));
  label.textContent = name;
  label.htmlFor = output.htmlFor = input.id = id;
  Object.assign(input, { type: "range", min: -REACH, max: REACH, step: 0.01 });
  input.addEventListener("input", () => moved(Number(input.value)));
  row.append(label, output, input);
  return { row, output, input };
}

/** A trained weight may lie beyond the slider's ends: the number says where. */
function show({ output, input }, value) {
  const text = value.toFixed(2).replace("-", "−");
  if (output.textContent === text) return;
  output.textContent = text;
  input.value = value;
  input.setAttribute("aria-valuetext", text);
  input.style.setProperty("--filled", `${(100 * (Number(input.value) + REACH)) / (2 * REACH)}%`);
}
