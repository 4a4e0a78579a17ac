// Counts for every number of heads and context length; each is a button that goes there.
//
// A table is one stop of the Tab key; the arrow keys move within it.

/**
 * @param count key "heads,context" -> number.
 * @param go called with the heads and the context of the button that was pressed.
 */
export function countTable(table, { heads, contexts }, count, go) {
  const largest = Math.max(...heads.flatMap((H) => contexts.map((C) => count(`${H},${C}`))));
  const head = row("th", ["", ...contexts]);
  for (const cell of head.cells) cell.scope = "col";
  head.cells[0].textContent = "heads \\ context";
  const buttons = new Map();
  const rows = heads.map((H) => {
    const tr = row("th", [H]);
    tr.cells[0].scope = "row";
    for (const C of contexts) {
      const [cell, button] = [document.createElement("td"), document.createElement("button")];
      const value = count(`${H},${C}`);
      button.type = "button";
      button.textContent = value;
      button.setAttribute("aria-label", `${H} heads, context ${C}: ${value} regions`);
      button.style.setProperty("--shade", `${Math.round((60 * Math.log(value)) / Math.log(largest))}%`);
      button.addEventListener("click", () => go(H, C));
      buttons.set(`${H},${C}`, button);
      cell.append(button);
      tr.append(cell);
    }
    return tr;
  });
  table.append(head, ...rows);
  moveByArrows(table, heads.map((H) => contexts.map((C) => buttons.get(`${H},${C}`))));
  return {
    mark(key) {
      for (const [name, button] of buttons) {
        button.setAttribute("aria-pressed", name === key);
        button.tabIndex = name === key ? 0 : -1;
      }
    },
  };
}

const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** Arrow keys focus the neighbour of the button that has the focus. */
function moveByArrows(table, grid) {
  table.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key];
    if (!step) return;
    event.preventDefault();
    const i = grid.findIndex((line) => line.includes(event.target));
    const j = grid[i].indexOf(event.target);
    grid[i + step[0]]?.[j + step[1]]?.focus();
  });
}

function row(kind, texts) {
  const tr = document.createElement("tr");
  for (const text of texts) {
    const cell = document.createElement(kind);
    cell.textContent = text;
    tr.append(cell);
  }
  return tr;
}
