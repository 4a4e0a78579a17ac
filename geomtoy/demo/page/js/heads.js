// Section "Heads and context": what geomtoy proved about blocks, looked up for every pair of settings.

import { centroid, oncePerFrame } from "./canvas.js";
import { cellAt, explore } from "./explorer.js";
import { drawAlong, drawHard } from "./heads_view.js";
import { countTable } from "./count_table.js";
import { trendSentences } from "./trends.js";
import { readPolygons, readIntegers } from "./packed.js";

export class HeadsSection {
  constructor(state, data) {
    Object.assign(this, { state, data, point: null, unpacked: new Map() });
    this.along = document.querySelector("#along-canvas");
    this.hard = document.querySelector("#hard-canvas");
    this.draw = oncePerFrame(() => this.frame());
    state.listen(["heads", "context"], () => {
      this.point = null;
      this.draw();
    });
    explore(this.hard, () => this.picture, (point) => {
      this.point = point;
      this.draw();
    });
    this.tables = ["along", "hard"].map((name) =>
      countTable(document.querySelector(`#${name}-table`), data, (key) => data[name][key].regions, (H, C) => {
        state.put("heads", H);
        state.put("context", C);
        state.changed(["heads", "context"]);
      }),
    );
    describeTables(data);
    for (const canvas of [this.along, this.hard]) new ResizeObserver(this.draw).observe(canvas);
  }

  frame() {
    const { state, data } = this;
    const [H, C] = [state.number("heads"), state.number("context")];
    const key = `${H},${C}`;
    const put = (id, text) => (document.querySelector(id).textContent = text);
    const along = data.along[key];
    put("#along-regions", along.regions);
    put("#along-error", along.rmse.toPrecision(2));
    drawAlong(this.along, along);
    const hard = this.hardCells(key);
    put("#hard-regions", hard.regions);
    put("#hard-attention", hard.attention);
    const chosen = this.point ? cellAt(hard.polygons, this.point) : -1;
    this.picture = { at: drawHard(this.hard, hard, data.reach, chosen), ...hard };
    put("#hard-cell", chosen < 0 ? "Point at a cell, or use the arrow keys." : this.sentence(hard, chosen, C));
    for (const table of this.tables) table.mark(key);
  }

  sentence(hard, chosen, context) {
    const listed = hard.choicesOf(chosen).map((token, h) => `head ${h + 1} → token ${token + 1}`);
    const active = hard.patterns[chosen].filter(Boolean).length;
    const still = context === 2 ? "one token" : `${context - 1} tokens`;
    return `Of ${still} that stand still: ${listed.join(", ")}. In the MLP ${active} of 16 units are active.`;
  }

  /** A partition with its polygons as numbers; unpacked once. */
  hardCells(key) {
    if (!this.unpacked.has(key)) this.unpacked.set(key, unpack(this.data.hard[key], this.data.reach, key));
    return this.unpacked.get(key);
  }
}

const TABLES = { along: "Regions along time", hard: "Regions of the query’s plane" };

/** What each table is of, and what it says about more heads and a longer context. */
function describeTables(data) {
  for (const [name, title] of Object.entries(TABLES)) {
    const steps = data.trained[name];
    const trained = steps ? `trained for ${steps.toLocaleString("en")} steps` : "untrained";
    document.querySelector(`#${name}-table caption`).textContent =
      `${title}: blocks of one seed (${data.seed}), ${trained}. Arrow keys move.`;
    const count = (H, C) => data[name][`${H},${C}`].regions;
    document.querySelector(`#${name}-trend`).textContent = trendSentences(data, count);
  }
}

function unpack(record, reach, key) {
  const heads = Number(key.split(",")[0]);
  const polygons = readPolygons(record.cells, reach);
  const owner = readIntegers(record.owner, 2);
  const choices = readIntegers(record.choices, 1);
  return {
    regions: record.regions,
    attention: record.attention,
    polygons,
    centres: polygons.map(centroid),
    outlines: readPolygons(record.outlines, reach),
    patterns: readIntegers(record.patterns, 2).map((bits) => Array.from({ length: 16 }, (_, u) => (bits >> u) & 1)),
    choicesOf: (cell) => choices.slice(owner[cell] * heads, (owner[cell] + 1) * heads),
  };
}
