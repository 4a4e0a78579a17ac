// Section "Your network": a file or a pasted state_dict, counted in a worker.

import { serraUpperBound } from "./bounds.js";
import { centroid, frame, oncePerFrame, prepare } from "./canvas.js";
import { downloadNetwork } from "./download.js";
import { makeNetwork, widths } from "./network.js";
import { readNpz } from "./npz_read.js";
import { fromArrays, fromStateDict, LIMITS } from "./own_layers.js";
import { drawPartition } from "./partition_view.js";
import { pythonBeside } from "./python.js";
import { randomNetwork } from "./random.js";
import { openWorker } from "./remote_training.js";
import { onThemeChange, theme } from "./theme.js";

const NAME = "own.npz";
const put = (id, text) => (document.querySelector(id).textContent = text);

export class OwnSection {
  constructor(state) {
    Object.assign(this, { state, worker: null, shown: null, source: null });
    this.canvas = document.querySelector("#own-canvas");
    this.draw = oncePerFrame(() => this.frame());
    state.listen(["reach"], () => this.source && this.count());
    new ResizeObserver(this.draw).observe(this.canvas);
    onThemeChange(this.draw);
    const { units, bytes, vertices } = LIMITS;
    put("#own-limits", `Up to ${units} hidden units, ${bytes / 1e6} MB and ${vertices.toLocaleString("en")} corners.`);
    this.listen();
    this.python = pythonBeside(document.querySelector("#own-python"), () => this.program());
    this.example();
  }

  listen() {
    const [file, drop, text] = ["#own-file", "#own", "#own-json"].map((id) => document.querySelector(id));
    file.addEventListener("change", () => file.files[0] && this.open(file.files[0]));
    drop.addEventListener("dragover", (event) => event.preventDefault());
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files[0]) this.open(event.dataTransfer.files[0]);
    });
    document.querySelector("#own-read").addEventListener("click", () => this.take("the pasted network", () => fromStateDict(text.value)));
    document.querySelector("#own-stop").addEventListener("click", () => this.stop("Stopped."));
    document.querySelector("#own-save").addEventListener("click", () => {
      const { layers, activation, slice, window } = this.source;
      downloadNetwork(makeNetwork(layers, activation), NAME, { window: layers[0].m === 1 ? window.slice(0, 2) : window, slice });
    });
  }

  async open(file) {
    if (file.size > LIMITS.bytes) this.refuse(`${file.name} has ${file.size.toLocaleString("en")} bytes; this page reads up to ${LIMITS.bytes.toLocaleString("en")}`);
    else this.take(file.name, async () => fromArrays(await readNpz(await file.arrayBuffer())));
  }

  /** Read a network and count it; a sentence says what is wrong with it. */
  async take(name, read) {
    try {
      this.source = { name, ...(await read()) };
    } catch (error) {
      this.refuse(error.message);
      return;
    }
    const inputs = this.source.layers[0].m;
    if (inputs > 2) this.source.slice ??= firstTwo(inputs);
    this.named = this.source.window;
    this.count();
  }

  refuse(why) {
    put("#own-status", `Not read: ${why}.`);
  }

  /** What is there before a reader brings something. */
  example() {
    const { layers } = randomNetwork({ dIn: 2, widths: [8, 8], biasScale: 0.5, seed: 2 });
    this.take("A random example", () => ({ layers, activation: "relu", slice: null, window: null }));
  }

  count() {
    const reach = this.state.number("reach");
    const window = (this.source.window = this.named ?? [-reach, reach, -reach, reach]);
    this.stop("");
    this.worker = openWorker();
    this.canvas.setAttribute("aria-busy", true);
    put("#own-status", `Counting ${this.source.name} …`);
    document.querySelector("#own-stop").hidden = false;
    this.worker.onmessage = ({ data }) => this.done(data);
    const { layers, activation, slice } = this.source;
    this.worker.postMessage({ own: { layers, activation, slice, window } });
  }

  stop(said) {
    this.worker?.terminate();
    this.worker = null;
    document.querySelector("#own-stop").hidden = true;
    this.canvas.setAttribute("aria-busy", false);
    put("#own-status", said);
  }

  done(found) {
    this.stop(found.failed ?? this.about());
    if (found.failed) return;
    const polygons = found.cells.map(({ loop }) => loop.map(({ x, y }) => [x, y]));
    this.shown = { partition: found, polygons, centres: polygons.map(centroid) };
    put("#own-regions", found.regions.toLocaleString("en"));
    put("#own-linear", found.linearRegions.toLocaleString("en"));
    const { layers, activation } = this.source;
    const most = serraUpperBound(widths({ layers }), Math.min(2, layers[0].m)).toLocaleString("en");
    const bound = activation === "relu" ? `, of at most ${most}` : ""; // it counts on units that are 0 where they are off
    put("#own-whole", `On the whole ${layers[0].m === 1 ? "line" : "plane"} ${found.whole.regions.toLocaleString("en")} activation and ` +
      `${found.whole.linearRegions.toLocaleString("en")} linear regions${bound}.`);
    this.canvas.setAttribute("aria-label", `Picture of ${this.source.name}: ${found.regions} activation regions`);
    this.python.refresh();
    this.draw();
  }

  about() {
    const { name, layers, slice, window } = this.source;
    const sizes = [layers[0].m, ...layers.map(({ n }) => n)].join("-");
    const where = slice ? ", on a plane of its inputs" : "";
    return `${name}: ${sizes}${where}, in the window [${interval(window.slice(0, 2))}]${layers[0].m === 1 ? "" : ` × [${interval(window.slice(2))}]`}.`;
  }

  frame() {
    if (!this.shown) return;
    if (this.shown.partition.graph) drawGraph(this.canvas, this.shown.partition);
    else drawPartition(this.canvas, this.shown, { chosen: -1, colour: "pattern" });
  }

  /** The download holds the network with its plane and window, so that one program fits all. */
  program() {
    return [
      `# ${NAME}: the button "Download ${NAME}"`,
      "import geomtoy",
      "",
      `stored = geomtoy.load("${NAME}")`,
      "for window in (stored.window, None):",
      "    print(geomtoy.count_regions(stored.network, slice=stored.slice, window=window))",
    ];
  }
}

const interval = (ends) => ends.join(", ").replaceAll("-", "−");

/** The plane of the first two inputs, the others 0. */
function firstTwo(inputs) {
  const unit = (k) => Float64Array.from({ length: inputs }, (_, i) => (i === k ? 1 : 0));
  return { u: unit(0), v: unit(1), origin: unit(-1) };
}

/** The graph of a network of one input, with its corners. */
function drawGraph(canvas, { graph, window: [left, right] }) {
  const { context, width, height } = prepare(canvas);
  const colours = theme();
  const values = graph.map(([, y]) => y);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = 0.08 * (high - low || 1);
  const at = frame([left, right, low - room, high + room], [12, width - 12, 12, height - 12]);
  context.beginPath();
  for (const [x, y] of graph) context.lineTo(at.x(x), at.y(y));
  Object.assign(context, { strokeStyle: colours.accent, lineWidth: 2.4, fillStyle: colours.warm });
  context.stroke();
  for (const [x, y] of graph.slice(1, -1)) {
    context.beginPath();
    context.arc(at.x(x), at.y(y), 3.5, 0, 2 * Math.PI);
    context.fill();
  }
}
