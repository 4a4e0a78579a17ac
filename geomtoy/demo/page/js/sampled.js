// Section "Exact against sampled": the same network counted by other means, with what they miss and invent.

import { centroid, oncePerFrame } from "./canvas.js";
import { SaveButton } from "./download.js";
import { enumerateRegions } from "./enumerate.js";
import { countByFloats, countByPixels } from "./inexact.js";
import { drawPartition } from "./partition_view.js";
import { randomNetwork } from "./random.js";
import { drawMarks } from "./sampled_view.js";

const WIDTHS = [6, 6, 6];
const KINDS = {
  zero: { biasScale: 0, grid: 0 },
  thirds: { biasScale: 0.7, grid: 1 / 3 },
  halves: { biasScale: 0.7, grid: 0.5 },
  both: { biasScale: 0, grid: 0.5 },
  random: { biasScale: 0.5, grid: 0 },
};
const LATER = 250; // ms of rest before the workshop's network is counted again

const find = (id) => document.querySelector(`#sampled-${id}`);

export class SampledSection {
  /** @param workshop whose network may be counted too. */
  constructor(state, workshop) {
    Object.assign(this, { state, workshop, canvas: find("canvas") });
    this.draw = oncePerFrame(() => this.frame());
    state.listen(["sampleof", "sampleseed"], () => this.restart());
    state.listen(["countby", "pixels", "tolerance"], this.draw);
    workshop.watch((network) => this.follow(network));
    this.save = new SaveButton(find("save"), "sampled.npz", this.draw);
    new ResizeObserver(this.draw).observe(this.canvas);
  }

  restart() {
    const kind = this.state.text("sampleof");
    const seed = this.state.number("sampleseed");
    const network = kind === "workshop" ? this.workshop.network() : randomNetwork({ dIn: 2, widths: WIDTHS, seed, ...KINDS[kind] });
    if (network) this.count(network);
  }

  follow(network) {
    if (this.state.text("sampleof") !== "workshop") return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.count(network), LATER);
  }

  count(network) {
    const partition = enumerateRegions(network);
    const polygons = partition.cells.map(({ loop }) => loop.map(({ x, y }) => [x, y]));
    this.shown = { network, partition, polygons, centres: polygons.map(centroid), rows: new Map() };
    this.draw();
  }

  /** What a way of counting, "pixels 64" or "floats 0.001", finds; counted once. */
  counted(way) {
    const { network, partition, rows } = this.shown;
    const [kind, size] = way.split(" ");
    const by = kind === "pixels" ? countByPixels : countByFloats;
    if (!rows.has(way)) rows.set(way, by(partition, network, Number(size)));
    return rows.get(way);
  }

  frame() {
    if (!this.shown) return;
    const by = this.state.text("countby");
    const way = by === "exact" ? null : `${by} ${this.state.text(by === "pixels" ? "pixels" : "tolerance")}`;
    find("pixels").hidden = by !== "pixels";
    find("tolerance").hidden = by !== "floats";
    const at = drawPartition(this.canvas, this.shown, { chosen: -1, colour: "pattern" });
    const result = way && this.counted(way);
    if (result) drawMarks(this.canvas, at, this.shown, result);
    this.tell(result, way);
    this.fill(way);
    this.save.offer(this.shown.network, { step: 0, wanted: 0 });
  }

  tell(result, way) {
    const { regions } = this.shown.partition;
    find("count").textContent = result ? result.found : regions;
    find("kind").textContent = result ? ` regions by ${WAYS[way.split(" ")[0]](way.split(" ")[1])}` : " regions, exactly";
    find("verdict").textContent = result ? verdict(result, regions) : `All ${regions} are there, and no other.`;
    const marks = result ? `; ${result.missed.length} marked as missed, ${result.invented.length} as invented` : "";
    this.canvas.setAttribute("aria-label", `The square, cut into ${regions} pieces${marks}`);
  }

  /** The table of all ways. */
  fill(chosen) {
    const { regions } = this.shown.partition;
    const lists = { pixels: "pixels", floats: "tolerance" };
    const ways = Object.entries(lists).flatMap(([kind, id]) => values(this.state, id).map((size) => `${kind} ${size}`));
    const rows = ways.map((way) => {
      const { found, missed, invented } = this.counted(way);
      const [kind, size] = way.split(" ");
      return tableRow([WAYS[kind](size), found, missed.length, invented.length], way === chosen);
    });
    find("rows").replaceChildren(tableRow(["exactly", regions, 0, 0], chosen === null), ...rows);
  }
}

const WAYS = {
  pixels: (side) => `${side} × ${side} pixels`,
  floats: (tolerance) => (tolerance === "0" ? "floats, no tolerance" : `floats, tolerance ${tolerance}`),
};

const values = (state, id) => state.controls.get(id).dataset.values.split(" ");

function verdict({ found, missed, invented }, regions) {
  const off = found === regions ? "The number is right" : `Off by ${Math.abs(found - regions)}`;
  const wrong = missed.length + invented.length > 0;
  if (found === regions && !wrong) return "The number is right, and so is each region.";
  const but = found === regions ? ", by luck" : "";
  return `${off}${but}: ${missed.length} of ${regions} missed (rings), ${invented.length} invented (crosses).`;
}

function tableRow([name, ...numbers], chosen) {
  const tr = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = name;
  tr.append(head, ...numbers.map((number) => Object.assign(document.createElement("td"), { textContent: number })));
  tr.classList.toggle("chosen", chosen);
  return tr;
}
