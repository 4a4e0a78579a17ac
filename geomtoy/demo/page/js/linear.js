// Linear regions: cells joined across edges on whose two sides the output is the same affine map.

/** Label of each cell's linear region, the number of one of its cells, and how many there are. */
export function mergeCells(cells, edges) {
  const leader = cells.map((_, k) => k);
  const find = (k) => {
    while (leader[k] !== k) k = leader[k] = leader[leader[k]];
    return k;
  };
  for (const { cells: sides } of edges) {
    if (sides.length < 2) continue;
    const [p, q] = sides;
    if (cells[p].maps.sameOutputs(cells[q].maps)) leader[find(p)] = find(q);
  }
  const label = cells.map((_, k) => find(k));
  return { label, count: new Set(label).size };
}
