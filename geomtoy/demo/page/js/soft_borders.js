// The certified borders of a soft block, as scripts/demo_attention.py stored them.

import { readIntegers, readPoints } from "./packed.js";

/**
 * {regions, borders, cells: [{outlines, pattern}]}: borders are polylines, outlines closed polylines around
 * a cell and around its holes.
 */
export function readSoft(record, { reach, hidden }) {
  const points = readPoints(record.xy, reach);
  const take = (list, sizes) => {
    let start = 0;
    return sizes.map((size) => list.slice(start, (start += size)));
  };
  const arcs = take(points, readIntegers(record.sizes, 2));
  const ways = take(readIntegers(record.ways, 2), readIntegers(record.lengths, 2));
  const along = (half) => (half & 1 ? [...arcs[half >> 1]].reverse() : arcs[half >> 1]).slice(0, -1);
  const outlines = ways.map((way) => way.flatMap(along));
  const patterns = readIntegers(record.patterns, 2);
  const cells = take(outlines, readIntegers(record.cycles, 1)).map((around, k) => ({
    outlines: around,
    pattern: Array.from({ length: hidden }, (_, u) => (patterns[k] >> u) & 1),
  }));
  const kinds = readIntegers(record.border, 1);
  return { regions: record.regions, borders: arcs.filter((_, edge) => kinds[edge] === 1), cells };
}
