// What holds on the cell that is pointed at, in words.

import { polygonArea } from "./canvas.js";
import { widths } from "./network.js";
import { neighboursOf } from "./partition_view.js";

const HINT = "Point at a cell, or focus the picture and use the arrow keys.";

/** Fill a <dl>-like card; texts change only when the cell does, so that screen readers stay calm. */
export function describeCell(card, { network, partition, polygons }, chosen) {
  const facts = chosen < 0 ? null : factsOf(network, partition, polygons, chosen);
  const key = JSON.stringify(facts);
  if (card.dataset.key === key) return;
  card.dataset.key = key;
  card.replaceChildren(...(facts ? list(facts) : [paragraph(HINT)]));
}

function factsOf(network, partition, polygons, chosen) {
  const cell = partition.cells[chosen];
  const neighbours = neighboursOf(partition, chosen);
  const shared = partition.cells.filter(({ linearRegion }) => linearRegion === cell.linearRegion).length;
  return [
    ["Activation pattern", layersOf(cell.pattern, widths(network))],
    ["Affine map", `f(x, y) ≈ ${affine(cell.maps.row(0))}`],
    ["Area", `≈ ${polygonArea(polygons[chosen]).toPrecision(3)}`],
    ["Neighbours", `${neighbours.length}; at its edges switch ${switches(partition, cell, neighbours, network)}`],
    ["Linear region", shared > 1 ? `shares its map with ${shared - 1} more` : "a map of its own"],
  ];
}

/** Filled and hollow dots, one group a layer. */
function layersOf(pattern, layerWidths) {
  let start = 0;
  return layerWidths
    .map((n) => pattern.slice(start, (start += n)).map((bit) => (bit ? "●" : "○")).join(""))
    .join("  ");
}

function affine([a, b, c]) {
  const number = (value) => Math.abs(value).toFixed(3);
  const signed = (value) => (value < 0 ? " − " : " + ");
  return `${a < 0 ? "−" : ""}${number(a)} x${signed(b)}${number(b)} y${signed(c)}${number(c)}`;
}

/** Units that differ between a cell and its neighbours, as "unit layer.number", a few of them. */
function switches(partition, cell, neighbours, network) {
  const names = widths(network).flatMap((n, k) => Array.from({ length: n }, (_, u) => `${k + 1}.${u + 1}`));
  const found = new Set();
  for (const k of neighbours) {
    partition.cells[k].pattern.forEach((bit, u) => bit !== cell.pattern[u] && found.add(u));
  }
  const listed = [...found].sort((p, q) => p - q).map((u) => names[u]);
  if (!listed.length) return "no units";
  return `units ${listed.slice(0, 8).join(", ")}${listed.length > 8 ? ", …" : ""}`;
}

function list(facts) {
  const dl = document.createElement("dl");
  for (const [name, text] of facts) {
    const [term, description] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name;
    description.textContent = text;
    if (name === "Activation pattern") description.className = "pattern";
    dl.append(term, description);
  }
  return [dl];
}

function paragraph(text) {
  const p = document.createElement("p");
  p.textContent = text;
  return p;
}
