// Where the output is 0: the border between two classes, one straight piece for each cell that it crosses.

import { meet, signAt, unitLine } from "./geometry.js";

/**
 * Signs are exact, so the number of pieces is; a piece along the edge of cells on whose two sides the output
 * has different signs counts once.
 *
 * @returns [[p, q]]: ends {x, y} of each piece.
 */
export function decisionBoundary({ cells, edges }) {
  const tally = { signs: 0, exactSigns: 0 };
  const pieces = [];
  const side = cells.map(({ loop, lines, maps }) => {
    const line = unitLine(maps, 0);
    const signs = loop.map((vertex) => signAt(line, vertex, tally));
    const [above, below] = [signs.includes(1), signs.includes(-1)];
    if (above && below) pieces.push(crossing({ loop, lines, signs }, line));
    return Number(above) - Number(below);
  });
  for (const { p, q, cells: [k, j] } of edges) {
    if (j === undefined || side[k] * side[j] >= 0) continue;
    const line = unitLine(cells[k].maps, 0);
    if ([p, q].every((vertex) => signAt(line, vertex, tally) === 0)) pieces.push([p, q]);
  }
  return pieces;
}

/** The two points at which a line leaves a cell that it crosses. */
function crossing({ loop, lines, signs }, line) {
  const ends = [];
  loop.forEach((vertex, i) => {
    if (signs[i] === 0) ends.push(vertex);
    else if (signs[i] === -signs[(i + 1) % loop.length]) ends.push(meet(-1, lines[i], line));
  });
  return ends;
}
