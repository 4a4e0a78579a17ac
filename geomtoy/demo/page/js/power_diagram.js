// Where each of several affine functions is the greatest: a power diagram in a convex cell, exactly.
// As geomtoy/regions/power_diagram.py.

import { meet, signAt, wholeLine } from "./geometry.js";
import { roundingOf, toFloat } from "./whole_matrix.js";

/** Affine functions of the plane: function j is (rows[3 j], rows[3 j + 1], rows[3 j + 2]) / 2^shift. */
export class AffineFunctions {
  constructor(rows, shift) {
    Object.assign(this, { rows, shift, count: rows.length / 3, lines: new Map() });
    this.floats = rows.map((entry) => toFloat(entry, shift));
  }

  /** Where functions j and k are equal, with j the greater on its positive side; null if they are everywhere. */
  line(j, k) {
    const key = j * this.count + k;
    if (!this.lines.has(key)) this.lines.set(key, this.difference(j, k));
    return this.lines.get(key);
  }

  difference(j, k) {
    const whole = [0, 1, 2].map((i) => this.rows[3 * j + i] - this.rows[3 * k + i]);
    if (whole.every((entry) => entry === 0n)) return null;
    const [a, b, c] = whole.map((entry) => toFloat(entry, this.shift));
    return wholeLine(whole, [a, b, c], Math.max(...[a, b, c].map(roundingOf)));
  }

  /** Number of the function that floats think the greatest at a vertex. */
  likely({ x, y }) {
    let [best, most] = [0, -Infinity];
    for (let j = 0; j < this.count; j++) {
      const value = this.floats[3 * j] * x + this.floats[3 * j + 1] * y + this.floats[3 * j + 2];
      if (value > most) [best, most] = [j, value];
    }
    return best;
  }
}

/** [{winner, loop, lines}]: the parts of a convex cell; of functions equal on a whole cell the first has it. */
export function powerCells(functions, cell, state) {
  const likely = [...new Set(cell.loop.map((vertex) => functions.likely(vertex)))];
  const others = [...likely, ...Array.from({ length: functions.count }, (_, k) => k).filter((k) => !likely.includes(k))];
  const parts = [];
  for (let j = 0; j < functions.count; j++) {
    const part = whereGreatest(functions, j, { others, cell, state });
    if (part) parts.push({ winner: j, ...part });
  }
  return parts;
}

function whereGreatest(functions, j, { others, cell, state }) {
  let part = cell;
  for (const k of others) {
    if (k === j) continue;
    const line = functions.line(j, k);
    if (line === null && k < j) return null;
    if (line !== null) part = clip(part, line, state);
    if (part === null) return null;
  }
  return part;
}

/** The part of a convex cell on a line's positive side; null where the line is positive at no corner. */
export function clip(cell, line, state) {
  const signs = cell.loop.map((vertex) => signAt(line, vertex, state.tally));
  if (!signs.some((sign) => sign > 0)) return null;
  if (!signs.some((sign) => sign < 0)) return cell;
  const [loop, lines] = [[], []];
  cell.loop.forEach((vertex, i) => {
    const [sign, next, along] = [signs[i], signs[(i + 1) % signs.length], cell.lines[i]];
    if (sign >= 0) {
      loop.push(vertex);
      lines.push(sign === 0 && next < 0 ? line : along);
    }
    if (sign * next < 0) {
      loop.push(meet(state.vertices++, along, line));
      lines.push(sign > 0 ? line : along);
    }
  });
  return { loop, lines };
}
