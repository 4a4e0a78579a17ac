// Section "Partition": a network of the plane, its regions, their number, and training.

import { serraUpperBound } from "./bounds.js";
import { centroid, oncePerFrame } from "./canvas.js";
import { describeCell } from "./cell_card.js";
import { enumerateRegions } from "./enumerate.js";
import { cellAt, explore } from "./explorer.js";
import { SaveButton } from "./download.js";
import { widths } from "./network.js";
import { rampOfValues } from "./output_fill.js";
import { drawPartition } from "./partition_view.js";
import { randomNetwork } from "./random.js";
import { pythonBeside, countFile } from "./python.js";
import { Trainer } from "./remote_training.js";
import { SURFACES, surfaceData } from "./targets.js";
import { ShareOfBound } from "./share_of_bound.js";
import { startSentence } from "./start_note.js";
import { theme } from "./theme.js";
import { drawTrace } from "./trace.js";
import { ViewWindow } from "./view_window.js";

const NETWORK = ["width", "depth", "bias", "seed", "grid", "target"];
const EVERY = 5;
const DATA_SIDE = 16;

export class PartitionSection {
  constructor(state) {
    this.state = state;
    this.canvas = document.querySelector("#partition-canvas");
    this.point = null;
    this.trainer = new Trainer();
    this.draw = oncePerFrame(() => this.frame());
    state.listen(NETWORK, () => this.restart());
    state.listen(["step", "colour"], () => this.wait());
    this.view = new ViewWindow(state, this.canvas); // before pointing: it takes some keys for itself
    state.listen(["zoom", "x", "y", "domain", "bar"], () => this.look());
    this.bound = new ShareOfBound(state, () => this.look());
    explore(this.canvas, () => this.picture, (point) => this.choose(point));
    this.save = new SaveButton(document.querySelector("#partition-save"), "net.npz", this.draw);
    const counting = () => countFile("net.npz", this.view.atHome ? null : "stored.window");
    this.python = pythonBeside(document.querySelector("#partition-python"), counting);
    document.querySelector("#play").addEventListener("click", () => this.play());
    new ResizeObserver(this.draw).observe(this.canvas);
  }

  /** A new network from the sliders; what was trained before is forgotten. */
  restart() {
    const { state } = this;
    const start = randomNetwork({
      dIn: 2,
      widths: new Array(state.number("depth")).fill(state.number("width")),
      biasScale: state.number("bias"),
      seed: state.number("seed"),
      grid: state.number("grid"),
    });
    const { points, values } = surfaceData(SURFACES[state.text("target")], DATA_SIDE);
    this.training = this.trainer.train(start, points, values, { every: EVERY, counting: true }, this.draw);
    this.shown = null;
    this.wait();
  }

  /** The same network, seen elsewhere or compared otherwise. */
  look() {
    this.shown = null;
    this.wait();
  }

  /** Until the picture shows what the sliders say, it is marked busy. */
  wait() {
    this.canvas.setAttribute("aria-busy", true);
    this.draw();
  }

  frame() {
    if (!this.training) return;
    const wanted = this.state.number("step");
    this.training.advance(wanted);
    const { network, step } = this.training.at(wanted);
    const fresh = this.shown?.network !== network;
    if (fresh) this.show(network, step);
    this.paint(step, wanted); // before texts change: canvases ask for their size, which costs a layout
    if (fresh) this.tell(step);
    this.save.offer(network, { step, wanted });
    this.canvas.setAttribute("aria-busy", step < wanted);
    this.playOn();
  }

  show(network, step) {
    const partition = enumerateRegions(network, this.view.sides());
    const polygons = partition.cells.map(({ loop }) => loop.map(({ x, y }) => [x, y]));
    this.shown = { network, partition, polygons, centres: polygons.map(centroid) };
    this.training.counts[step / EVERY] ??= (this.view.atHome ? partition : enumerateRegions(network)).regions;
    this.save.where = this.view.atHome ? {} : { window: partition.window };
  }

  paint(step, wanted) {
    const { shown, state } = this;
    const chosen = this.point ? cellAt(shown.polygons, this.point) : -1;
    const at = drawPartition(this.canvas, shown, { chosen, colour: state.text("colour") });
    this.picture = { at, polygons: shown.polygons, centres: shown.centres };
    const { step: latest, every } = this.training;
    drawTrace(document.querySelector("#trace"), this.training.counts, { every, step, end: this.lastStep() });
    describeCell(document.querySelector("#cell"), shown, chosen);
    document.querySelector("#training-note").textContent =
      step < wanted ? `training, step ${latest} of ${wanted} …` : "";
    document.querySelector("#counted-step").textContent = step < wanted ? ` at step ${step}` : "";
    const values = document.querySelector("#values");
    values.hidden = state.text("colour") !== "output";
    values.querySelector("#ramp").style.background = rampOfValues(theme().dark);
  }

  /** The numbers: two counts, the bound, and how signs were decided. */
  tell(step) {
    const { network, partition } = this.shown;
    const bound = serraUpperBound(widths(network), 2);
    const put = (id, text) => (document.querySelector(id).textContent = text);
    put("#regions", partition.regions.toLocaleString("en"));
    put("#linear-regions", partition.linearRegions.toLocaleString("en"));
    put("#bound", bound.toLocaleString("en"));
    put("#signs", partition.signs.toLocaleString("en"));
    put("#exact-signs", partition.exactSigns.toLocaleString("en"));
    const hidden = widths(network).length;
    document.querySelectorAll("#layers li").forEach((item, k) => (item.hidden = k >= hidden));
    this.python.refresh();
    put("#switching", switching(partition, widths(network)));
    put("#start-note", startSentence(this.training.kept[0], network, step));
    this.bound.tell(network, partition.regions);
  }

  choose(point) {
    this.point = point;
    this.draw();
  }

  lastStep() {
    return Number(this.state.controls.get("step").max);
  }

  play() {
    this.playing = !this.playing;
    if (this.playing && this.state.number("step") >= this.lastStep()) this.state.set("step", 0);
    this.playOn();
  }

  /** While playing, the scrubber moves on whenever training has caught up. */
  playOn() {
    const step = this.state.number("step");
    this.playing &&= step < this.lastStep();
    document.querySelector("#play").textContent = this.playing ? "Pause" : "Train";
    if (!this.playing) return;
    if (this.training.kept.length > step / EVERY) this.state.set("step", step + EVERY);
  }
}

/** How many units of each layer are on in one cell of the square and off in another. */
function switching({ cells }, layerWidths) {
  const first = cells[0].pattern;
  const switches = first.map(() => false);
  for (const { pattern } of cells) for (let u = 0; u < first.length; u++) if (pattern[u] !== first[u]) switches[u] = true;
  let start = 0;
  const found = layerWidths.map((n) => switches.slice(start, (start += n)).filter(Boolean).length);
  return `Units that switch within the window: ${found.map((k, i) => `${k} of ${layerWidths[i]}`).join(", ")}.`;
}
