// Section "A first minute": one unit, a second, a fold, a deeper bend; each is dragged before it is named.

import { centroid, oncePerFrame, polygonArea } from "./canvas.js";
import { decisionBoundary } from "./decision.js";
import { enumerateRegions } from "./enumerate.js";
import { affineNetwork, deeperBias, deeperNetwork, foldedNetwork, unitThrough } from "./first_networks.js";
import { Handle } from "./handle.js";
import { drawPartition } from "./partition_view.js";
import { drawSurface, turning } from "./surface_view.js";
import { theme } from "./theme.js";

const NEAREST = 0.08; // of a handle to the middle, where a line would have no direction
const SMALL = 0.03; // a piece without room for its dots
const REACH = 1.3; // value that is drawn highest

export class FirstMinute {
  constructor(state) {
    this.state = state;
    this.section = document.querySelector("#first");
    this.find = (selector) => this.section.querySelector(selector);
    [this.canvas, this.surface] = ["#first-canvas", "#first-surface"].map(this.find);
    this.scenes = [...this.section.querySelectorAll(".scenes li")];
    this.places = [[-0.24, 0.16], [0.2, 0.14], [0.05, 0.74]];
    this.touched = 0;
    this.draw = oncePerFrame(() => this.frame());
    this.view = turning(this.surface, this.draw);
    this.handles = this.places.map((_, k) => {
      const knob = this.find(`#handle${k + 1}`);
      return new Handle(knob, { at: () => this.at, place: () => this.places[k], move: (place) => this.move(k, place) });
    });
    this.find("#first-back").addEventListener("click", () => this.go(this.scene() - 1));
    this.find("#first-next").addEventListener("click", () => this.go(this.scene() + 1));
    state.listen(["scene"], () => this.enter());
    for (const canvas of [this.canvas, this.surface]) new ResizeObserver(this.draw).observe(canvas);
  }

  /** From 1. */
  scene() {
    return this.state.number("scene");
  }

  go(scene) {
    this.state.set("scene", Math.min(this.scenes.length, Math.max(1, scene)));
    this.scenes[this.scene() - 1].querySelector("h3").focus({ preventScroll: true });
  }

  enter() {
    const scene = this.scene();
    this.scenes.forEach((one, k) => (one.hidden = k + 1 !== scene));
    this.handles.forEach(({ knob }, k) => (knob.hidden = k >= HANDLES[scene - 1]));
    this.find("#first-back").disabled = scene === 1;
    this.find("#first-next").hidden = scene === this.scenes.length;
    this.find("#first-on").hidden = scene < this.scenes.length;
    this.find("#first-at").textContent = `${scene} of ${this.scenes.length}`;
    this.touched = HANDLES[scene - 1] - 1;
    this.draw();
  }

  move(k, place) {
    const fits = k < 2 ? Math.hypot(...place) > NEAREST : deeperBias(this.units(), place) !== null;
    if (!fits) return;
    this.places[k] = place;
    this.touched = k;
    this.draw();
  }

  units() {
    return this.places.slice(0, 2).map(unitThrough);
  }

  /** The network that cuts the plane and the one whose graph is drawn. */
  networks() {
    const units = this.units();
    const scene = this.scene();
    if (scene <= 2) return [foldedNetwork(units.slice(0, scene)), affineNetwork(units[this.touched])];
    const network = scene === 3 ? foldedNetwork(units) : deeperNetwork(units, this.bias());
    return [network, network];
  }

  /** The deeper unit keeps its bias where lines move below its handle, and the handle follows its border. */
  bias() {
    const bias = deeperBias(this.units(), this.places[2]);
    this.lastBias = bias ?? this.lastBias ?? -0.4;
    return this.lastBias;
  }

  frame() {
    const [cutting, graph] = this.networks();
    const plane = shownOf(cutting);
    this.at = drawPartition(this.canvas, plane, { chosen: -1, colour: "pattern" });
    drawPatterns(this.canvas, this.at, plane);
    const sheet = shownOf(graph);
    const boundary = cutting === graph ? null : decisionBoundary(sheet.partition);
    drawSurface(this.surface, sheet, { view: this.view, reach: REACH, boundary });
    const formulas = [...this.units().map(formula), `unit 1 + unit 2 ${signed(this.bias())}`];
    this.handles.forEach((handle, k) => handle.show(formulas[k]));
    this.tell(plane.partition, formulas);
  }

  tell({ regions, linearRegions }, formulas) {
    const numbers = { regions, linear: linearRegions, sum: formulas[this.touched] };
    for (const place of this.scenes[this.scene() - 1].querySelectorAll("[data-number]")) {
      place.textContent = numbers[place.dataset.number];
    }
    this.canvas.setAttribute("aria-label", `The square, cut into ${regions} pieces`);
  }
}

const HANDLES = [1, 2, 2, 3]; // knobs of each scene

function shownOf(network) {
  const partition = enumerateRegions(network);
  const polygons = partition.cells.map(({ loop }) => loop.map(({ x, y }) => [x, y]));
  return { network, partition, polygons, centres: polygons.map(centroid) };
}

/** On each piece, a filled dot for a unit that is on and a hollow one for a unit that is off. */
function drawPatterns(canvas, at, { partition, polygons, centres }) {
  const context = canvas.getContext("2d");
  const colours = theme();
  Object.assign(context, { textAlign: "center", textBaseline: "middle", fillStyle: colours.ink });
  context.font = `18px ${colours.font}`;
  partition.cells.forEach(({ pattern }, k) => {
    if (polygonArea(polygons[k]) < SMALL) return;
    const dots = pattern.map((bit) => (bit ? "●" : "○")).join("");
    context.fillText(dots, at.x(centres[k][0]), at.y(centres[k][1]));
  });
}

const signed = (value) => `${value < 0 ? "−" : "+"} ${Math.abs(value).toFixed(2)}`;
const formula = ([w1, w2, b]) => `${w1.toFixed(2).replace("-", "−")} x ${signed(w2)} y ${signed(b)}`;
