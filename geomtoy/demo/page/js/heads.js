// Along time and over many settings: what geomtoy proved about blocks, looked up for every pair of settings.

import { oncePerFrame } from "./canvas.js";
import { countTable } from "./count_table.js";
import { drawAlong } from "./heads_view.js";
import { trendSentences } from "./trends.js";

export class HeadsSection {
  constructor(state, data) {
    Object.assign(this, { state, data });
    this.along = document.querySelector("#along-canvas");
    this.draw = oncePerFrame(() => this.frame());
    state.listen(["heads", "context"], this.draw);
    this.tables = ["along", "hard"].map((name) =>
      countTable(document.querySelector(`#${name}-table`), data, (key) => data[name][key].regions, (H, C) => {
        state.put("heads", H);
        state.put("context", C);
        state.changed(["heads", "context"]);
      }),
    );
    describeTables(data);
    new ResizeObserver(this.draw).observe(this.along);
  }

  frame() {
    const { state, data } = this;
    const key = `${state.number("heads")},${state.number("context")}`;
    const put = (id, text) => (document.querySelector(id).textContent = text);
    const along = data.along[key];
    put("#along-regions", along.regions);
    put("#along-error", along.rmse.toPrecision(2));
    drawAlong(this.along, along);
    for (const table of this.tables) table.mark(key);
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
