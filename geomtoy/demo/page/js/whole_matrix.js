// Matrices of whole numbers times a power of two: products of float matrices, with nothing lost.

import { commonShift, scaled } from "./dyadic.js";
import { TINY } from "./filter.js";

const KEPT = 64; // bits; floats keep 53 of them

/** Floats, row after row, as {rows, columns, shift, entries}: the numbers are entries / 2^shift. */
export function wholeMatrix(values, rows, columns) {
  const shift = commonShift(values);
  return { rows, columns, shift, entries: Array.from(values, (value) => scaled(value, shift)) };
}

export function product(A, B) {
  const entries = [];
  for (let i = 0; i < A.rows; i++) {
    for (let j = 0; j < B.columns; j++) {
      let sum = 0n;
      for (let k = 0; k < A.columns; k++) sum += A.entries[i * A.columns + k] * B.entries[k * B.columns + j];
      entries.push(sum);
    }
  }
  return { rows: A.rows, columns: B.columns, shift: A.shift + B.shift, entries };
}

export function transposed({ rows, columns, shift, entries }) {
  const turned = Array.from({ length: entries.length }, (_, k) => entries[(k % rows) * columns + Math.floor(k / rows)]);
  return { rows: columns, columns: rows, shift, entries: turned };
}

/** One row as a matrix. */
export function rowOf({ columns, shift, entries }, i) {
  return { rows: 1, columns, shift, entries: entries.slice(i * columns, (i + 1) * columns) };
}

/** The entries times a power of two, as large as the matrix's own or larger. */
export function entriesAt({ shift, entries }, larger) {
  return entries.map((entry) => entry << BigInt(larger - shift));
}

/** whole / 2^shift as a float; it is off by at most `roundingOf` it. */
export function toFloat(whole, shift) {
  const spare = Math.max(0, whole.toString(16).length * 4 - KEPT);
  return Number(whole >> BigInt(spare)) * 2 ** (spare - shift);
}

export const roundingOf = (value) => 2 ** -51 * Math.abs(value) + TINY;
