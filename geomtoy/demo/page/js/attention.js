// Section "Attention": a query moves on a plane; hard attention is counted here, soft attention was certified.

import { blockOf } from "./attention_block.js";
import { drawHard, drawSampled, drawSoft } from "./attention_view.js";
import { PlaneBlock } from "./attention_values.js";
import { blockFile } from "./block_file.js";
import { drawBlock } from "./block_view.js";
import { oncePerFrame } from "./canvas.js";
import { downloadFile } from "./download.js";
import { dragged } from "./dragging.js";
import { enumerateHardAttention } from "./hard_attention.js";
import { pythonBeside } from "./python.js";
import { readSoft } from "./soft_borders.js";

const KEPT = 12; // blocks whose cells are kept
const NAME = "block.npz";

export class AttentionSection {
  constructor(state, data) {
    Object.assign(this, { state, data, blocks: new Map(), soft: new Map() });
    this.canvas = document.querySelector("#hard-canvas");
    this.drawing = document.querySelector("#block-canvas");
    this.draw = oncePerFrame(() => this.frame());
    state.listen(["heads", "context", "sharpness", "queryx", "queryy"], this.draw);
    dragged(this.canvas, { at: () => this.at, place: () => this.query(), move: (place) => this.move(place) });
    document.querySelector("#block-save").addEventListener("click", () => this.save());
    this.python = pythonBeside(document.querySelector("#block-python"), () => program(this.sharpness()));
    for (const canvas of [this.canvas, this.drawing]) new ResizeObserver(this.draw).observe(canvas);
  }

  query() {
    return [this.state.number("queryx"), this.state.number("queryy")];
  }

  sharpness() {
    return this.state.text("sharpness") === "hard" ? Infinity : this.state.number("sharpness");
  }

  save() {
    const block = blockOf(this.data.block, this.state.number("heads"), this.state.number("context"));
    downloadFile(blockFile(block, { sharpness: this.sharpness(), reach: this.data.reach }), NAME);
  }

  /** Put the query at a place, as the sliders beside the picture would. */
  move(place) {
    const { reach } = this.data;
    place.forEach((value, k) => {
      const rounded = Math.round(Math.min(reach, Math.max(-reach, value)) * 20) / 20;
      this.state.set(["queryx", "queryy"][k], rounded);
    });
  }

  frame() {
    const { state, data } = this;
    const key = `${state.number("heads")},${state.number("context")}`;
    const sharpness = this.sharpness();
    const { hard, plane } = this.block(key);
    const query = this.query();
    const where = { reach: data.reach, query, attention: hard.attention };
    const soft = this.softCells(key, sharpness);
    if (sharpness === Infinity) this.at = drawHard(this.canvas, hard, where);
    else if (soft) this.at = drawSoft(this.canvas, soft, where);
    else this.at = drawSampled(this.canvas, (place) => plane.at(place, sharpness).pattern, where);
    const shown = plane.at(query, sharpness);
    drawBlock(this.drawing, shown);
    this.tell({ key, sharpness, hard, soft, shown });
  }

  /** The block of "heads,context", with its hard cells; counted once. */
  block(key) {
    if (!this.blocks.has(key)) {
      if (this.blocks.size >= KEPT) this.blocks.delete(this.blocks.keys().next().value);
      const [heads, context] = key.split(",").map(Number);
      const block = blockOf(this.data.block, heads, context);
      this.blocks.set(key, { hard: hardCells(block, this.data.reach), plane: new PlaneBlock(block) });
    }
    return this.blocks.get(key);
  }

  /** The certified cells of soft attention; null where there are none. */
  softCells(key, sharpness) {
    const record = this.data.soft[key]?.[sharpness];
    if (!record) return null;
    const name = `${key} ${sharpness}`;
    if (!this.soft.has(name)) {
      const { hidden } = this.data.block;
      this.soft.set(name, readSoft(record, { reach: this.data.reach, hidden }));
    }
    return this.soft.get(name);
  }

  tell({ key, sharpness, hard, soft, shown }) {
    const put = (id, text) => (document.querySelector(id).textContent = text);
    const isHard = sharpness === Infinity;
    put("#hard-regions", isHard ? hard.regions : (soft?.regions ?? "?"));
    put("#hard-kind", isHard ? ` regions in ${hard.attention.length} attention cells, counted here` : softKind(soft));
    this.python.refresh();
    put("#hard-cell", sentence(shown));
    put("#sharpness-row", sharpnessRow(this.data, key, hard.regions));
    this.drawing.setAttribute("aria-label", `The block at this query. ${sentence(shown)}`);
  }
}

const HARD = [
  "found = views.enumerate_hard_attention(block, plane=plane, linear=False, **where)",
  'print(found.regions, "regions in", len(found.cells.polygons), "attention cells")',
];
const SOFT = [
  'found = views.enumerate_regions_on_plane(block, plane, self_key="masked", **where)',
  'print(found.n_cells, "regions:", found.guarantee)',
];

const program = (sharpness) => [
  `# ${NAME}: the button "Download ${NAME}"`,
  "import geomtoy",
  "from geomtoy import views",
  "",
  `stored = geomtoy.load_block("${NAME}")`,
  'block, plane, where = stored.block, stored.plane, {"tokens": stored.tokens, "window": stored.window}',
  ...(sharpness === Infinity ? HARD : SOFT),
];

const softKind = (soft) =>
  soft ? " regions between curved borders, certified" : " regions: drawn from samples, not counted";

/** Polygons of all cells with their patterns, and outlines of the attention cells. */
function hardCells(block, reach) {
  const found = enumerateHardAttention(block, [-reach, reach, -reach, reach]);
  const corners = (loop) => loop.map(({ x, y }) => [x, y]);
  const cells = found.attention.flatMap(({ cells }) => cells);
  return {
    regions: found.regions,
    attention: found.attention.map(({ loop }) => corners(loop)),
    polygons: cells.map(({ loop }) => corners(loop)),
    patterns: cells.map(({ pattern }) => pattern),
  };
}

function sentence({ weights, pattern }) {
  const listed = weights.map((row, h) => {
    const most = Math.max(...row);
    return `head ${h + 1} → token ${row.indexOf(most) + 1} (${most.toFixed(2)})`;
  });
  const tokens = weights[0].length === 1 ? "one token" : `${weights[0].length} tokens`;
  const active = pattern.filter(Boolean).length;
  return `Of ${tokens} that stand still, most weight: ${listed.join(", ")}. In the MLP ${active} of ${pattern.length} units are active.`;
}

/** The counts of one block from soft to hard, where soft ones are stored. */
function sharpnessRow({ soft, sharpness }, key, regions) {
  if (!soft[key]) {
    const pairs = Object.keys(soft).map((pair) => pair.split(","));
    const [heads, contexts] = [0, 1].map((k) => [...new Set(pairs.map((pair) => Number(pair[k])))].sort((p, q) => p - q));
    return `Certified borders of soft attention are stored for ${heads.join(", ")} heads and context ${contexts.join(", ")}.`;
  }
  const counts = sharpness.map((s) => `× ${s}: ${soft[key][s].regions}`);
  return `Regions of this block as scores grow: ${counts.join(", ")}; hard: ${regions}.`;
}
