// Theorems on the largest number of regions, as BigInts: the formulas of geomtoy/theory/bounds.py.

export function binomial(n, k) {
  let result = 1n;
  for (let j = 1; j <= k; j++) result = (result * BigInt(n - k + j)) / BigInt(j);
  return k < 0 || k > n ? 0n : result;
}

/** Regions of n lines in general position in R^d: what one hidden layer can make (Zaslavsky 1975). */
export function arrangementRegions(n, d) {
  let total = 0n;
  for (let k = 0; k <= d; k++) total += binomial(n, k);
  return total;
}

/** Upper bound of Serra, Tjandraatmadja and Ramalingam 2018, arXiv:1711.02114, theorem 1. */
export function serraUpperBound(layerWidths, dIn) {
  let byMinimum = new Map([[dIn, 1n]]);
  for (const n of layerWidths) {
    const extended = new Map();
    for (const [least, total] of byMinimum) {
      for (let j = 0; j <= Math.min(least, n); j++) {
        const key = Math.min(least, n - j);
        extended.set(key, (extended.get(key) ?? 0n) + total * binomial(n, j));
      }
    }
    byMinimum = extended;
  }
  return [...byMinimum.values()].reduce((sum, total) => sum + total, 0n);
}
