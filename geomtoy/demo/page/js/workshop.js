// Section "Workshop": a small network, drawn; its plane, its surface, and what it learns.

import { centroid, oncePerFrame } from "./canvas.js";
import { decisionBoundary } from "./decision.js";
import { SaveButton } from "./download.js";
import { enumerateRegions } from "./enumerate.js";
import { cellAt, explore } from "./explorer.js";
import { drawLosses } from "./loss_chart.js";
import { NetDrawing } from "./net_drawing.js";
import { evaluate, makeLayer, makeNetwork } from "./network.js";
import { OwnPoints } from "./own_points.js";
import { randomNetwork } from "./random.js";
import { Trainer } from "./remote_training.js";
import { drawSurface, turning } from "./surface_view.js";
import { readPoints, taskData } from "./tasks.js";
import { meanSquaredError } from "./train.js";
import { WeightsPanel } from "./weights_panel.js";
import { drawPlane } from "./workshop_view.js";

const START = ["task", "activation", "units1", "units2", "units3", "workseed", "moved", "points"];
const LAST = 3000;
const STRIDE = 4; // steps a frame while playing

const find = (id) => document.querySelector(`#work-${id}`);
const put = (id, text) => (find(id).textContent = text);

export class WorkshopSection {
  constructor(state) {
    Object.assign(this, { state, selected: "1,0", lit: null, point: null, playing: false });
    [this.canvas, this.surface] = [find("canvas"), find("surface")];
    this.trainer = new Trainer();
    this.draw = oncePerFrame(() => this.frame());
    this.view = turning(this.surface, this.draw);
    const pull = (unit, from, value) => this.pull(unit, from, value);
    this.panel = new WeightsPanel(find("weights"), pull);
    this.drawing = new NetDrawing(find("net"), {
      hover: (unit) => this.put({ lit: unit }),
      select: (unit) => this.put({ selected: unit }),
      enter: () => this.panel.enter(this.shown.network, this.selected),
      pull,
    });
    state.listen(START, () => this.restart());
    state.listen(["rate"], () => (this.run.rate = state.number("rate")));
    state.listen(["workcolour"], this.draw);
    explore(this.canvas, () => this.picture, (point) => this.put({ point }));
    this.canvas.addEventListener("pointerleave", () => this.put({ point: null }));
    this.own = new OwnPoints(state, this.canvas, { at: () => this.picture.at, point: () => this.point });
    this.save = new SaveButton(find("save"), "small.npz", this.draw);
    find("play").addEventListener("click", () => this.play(!this.playing));
    find("step").addEventListener("click", () => this.goTo(this.step + 1));
    find("reset").addEventListener("click", () => this.reset());
    for (const canvas of [this.canvas, this.surface, find("chart")]) new ResizeObserver(this.draw).observe(canvas);
  }

  put(change) {
    Object.assign(this, change);
    this.draw();
  }

  /** Call `listener` with each network that is shown. */
  watch(listener) {
    this.listener = listener;
  }

  network() {
    return this.shown?.network;
  }

  /** The network that sliders and moved weights describe, untrained. */
  restart() {
    const { state } = this;
    const widths = ["units1", "units2", "units3"].map((id) => state.number(id)).filter((n) => n > 0);
    const network = randomNetwork({
      dIn: 2, widths, biasScale: 0.5, seed: state.number("workseed"), activation: state.text("activation"),
    });
    for (const text of state.text("moved").split(";").filter(Boolean)) move(network, ...readMove(text));
    this.data = taskData(state.text("task"), readPoints(state.text("points")));
    this.own.show(state.text("task") === "own");
    this.begin(network);
  }

  /** Train on from a network as step 0. */
  begin(network) {
    const { points, values } = this.data;
    const options = { every: 1, rate: this.state.number("rate") };
    this.run = this.trainer.train(network, points, values, options, this.draw);
    Object.assign(this, { step: 0, seen: [], shown: null });
    this.selected = within(this.selected, network);
    this.play(false);
  }

  reset() {
    if (this.state.text("moved")) this.state.set("moved", "");
    else this.restart();
  }

  /** Give a weight, or a bias where `from` is -1, another value. Links keep that of an untrained network. */
  pull(unit, from, value) {
    if (this.step === 0) {
      const place = `${unit},${from}:`;
      const others = this.state.text("moved").split(";").filter((text) => text && !text.startsWith(place));
      this.state.set("moved", [...others, place + value].join(";"));
      return;
    }
    const copies = this.shown.network.layers.map(({ n, m, W, b }) => makeLayer(n, m, W.slice(), b.slice()));
    const network = makeNetwork(copies, this.shown.network.activation);
    move(network, unit, from, value);
    this.begin(network);
    put("note", "Step 0 is now the network as you moved it; a link keeps moves before training only.");
  }

  play(playing) {
    this.playing = playing && this.data.values.length > 0;
    if (this.playing && this.step >= LAST) this.begin(this.run.kept[0]);
    find("play").textContent = playing ? "Pause" : "Train";
    this.goTo(this.step);
  }

  goTo(step) {
    this.step = this.data.values.length ? Math.min(LAST, step) : 0;
    this.run.advance(this.step);
    this.canvas.setAttribute("aria-busy", true);
    this.draw();
  }

  frame() {
    if (!this.run) return;
    const { network, step } = this.run.at(this.step);
    if (this.shown?.network !== network) this.show(network, step);
    this.paint();
    this.save.offer(network, { step, wanted: this.step });
    this.canvas.setAttribute("aria-busy", this.playing || step < this.step);
    if (!this.playing) return;
    if (this.step >= LAST) this.play(false);
    else if (step === this.step) this.goTo(step + STRIDE);
  }

  show(network, step) {
    const partition = enumerateRegions(network);
    const polygons = partition.cells.map(({ loop }) => loop.map(({ x, y }) => [x, y]));
    const boundary = this.data.classes ? decisionBoundary(partition) : null;
    const highest = Math.max(1, ...partition.cells.flatMap(({ maps }, k) => heights(maps.row(0), polygons[k])));
    const reach = Math.sqrt(highest); // a steep corner leaves the picture sooner than it flattens the rest
    this.shown = { network, step, partition, polygons, centres: polygons.map(centroid), boundary, reach };
    const loss = meanSquaredError(network, this.data.points, this.data.values);
    this.seen = this.seen.filter((one) => one.step < step);
    this.seen.push({ step, loss, regions: partition.regions });
    this.tell(loss);
    this.listener?.(network);
  }

  paint() {
    const { shown, data, point, selected } = this;
    const chosen = point ? cellAt(shown.polygons, point) : -1;
    const [column, row] = (this.lit ?? "0,0").split(",").map(Number);
    const lit = this.lit ? { column, row } : null;
    const look = { chosen, lit, boundary: shown.boundary, data, colour: this.state.text("workcolour") };
    const at = drawPlane(this.canvas, shown, look);
    this.picture = { at, polygons: shown.polygons, centres: shown.centres };
    drawSurface(this.surface, shown, { view: this.view, reach: shown.reach, data, boundary: shown.boundary, chosen });
    if (Number.isFinite(this.seen[0].loss)) drawLosses(find("chart"), this.seen);
    const pattern = chosen < 0 ? null : shown.partition.cells[chosen].pattern;
    this.drawing.update(shown.network, { pattern, selected });
    this.panel.update(shown.network, selected);
    put("cell", chosen < 0 ? HINT : activeSentence(pattern, shown.network));
  }

  tell(loss) {
    const { network, step, partition, boundary } = this.shown;
    put("steps", step);
    put("regions", partition.regions);
    put("linear", partition.linearRegions);
    put("loss", Number.isNaN(loss) ? "–" : loss.toPrecision(3));
    put("boundary", boundary ? boundarySentence(network, boundary, this.data) : "");
    if (step > 0) put("note", "");
  }
}

const HINT = "Point at a cell: its units light up. Point at a unit: its border lights up.";

const heights = ([a, b, c], corners) => corners.map(([x, y]) => Math.abs(a * x + b * y + c));

/** "1,0,-1:0.5" as ["1,0", -1, 0.5]. */
function readMove(text) {
  const [column, row, from, value] = text.split(/[,:]/).map(Number);
  return [`${column},${row}`, from, value];
}

/** Write a weight or bias into a network; one that it does not have is left out, as widths may have changed. */
function move({ layers }, unit, from, value) {
  const [column, row] = unit.split(",").map(Number);
  const layer = layers[column - 1];
  if (!layer || row >= layer.n || from >= layer.m) return;
  if (from < 0) layer.b[row] = value;
  else layer.W[row * layer.m + from] = value;
}

/** The unit itself if the network has it, else the first. */
function within(unit, { layers }) {
  const [column, row] = unit.split(",").map(Number);
  return row < (layers[column - 1]?.n ?? 0) ? unit : "1,0";
}

function activeSentence(pattern, { layers, starts }) {
  const counts = layers.slice(0, -1).map(({ n }, k) => {
    const on = pattern.slice(starts[k], starts[k] + n).filter(Boolean).length;
    return `${on} of ${n} in layer ${k + 1}`;
  });
  return `On this cell are on: ${counts.join(", ")}.`;
}

function boundarySentence(network, boundary, { points, values }) {
  const right = values.filter((value, i) => value * evaluate(network, points.subarray(2 * i, 2 * i + 2)) > 0).length;
  const pieces = boundary.length === 1 ? "1 straight piece" : `${boundary.length} straight pieces`;
  return `The border between the classes has ${pieces}; ${right} of ${values.length} points lie on their side.`;
}
