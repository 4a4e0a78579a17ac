// What the networks of this page learn, in arithmetic that rounds alike everywhere (no Math.sin).

/** A ridge on a circle of radius 0.6. */
export const ring = (x, y) => Math.max(-1, 1 - 4 * Math.abs(Math.sqrt(x * x + y * y) - 0.6));

/** Two hills and two valleys: close to sin(pi x) sin(pi y). */
export const waves = (x, y) => 16 * x * (1 - Math.abs(x)) * y * (1 - Math.abs(y));

/** A saddle. */
export const saddle = (x, y) => 2 * x * y;

export const SURFACES = { ring, waves, saddle };

/** sin by its Taylor series around 0 or a multiple of 2 pi; to the last few bits for |x| <= 3 pi. */
export function sine(x) {
  const reduced = x > Math.PI ? x - 2 * Math.PI : x < -Math.PI ? x + 2 * Math.PI : x;
  let [term, sum] = [reduced, reduced];
  for (let k = 2; k < 32; k += 2) {
    term *= (-reduced * reduced) / (k * (k + 1));
    sum += term;
  }
  return sum;
}

/** n x n points of the square [-1, 1]^2, and the values of a surface there. */
export function surfaceData(surface, n) {
  const points = new Float64Array(2 * n * n);
  const values = new Float64Array(n * n);
  for (let i = 0; i < n * n; i++) {
    const x = -1 + (2 * (i % n)) / (n - 1);
    const y = -1 + (2 * Math.floor(i / n)) / (n - 1);
    points.set([x, y], 2 * i);
    values[i] = surface(x, y);
  }
  return { points, values };
}

/** n points of an interval, ends included, and the values of a curve there. */
export function curveData(curve, low, high, n) {
  const points = Float64Array.from({ length: n }, (_, i) => low + ((high - low) * i) / (n - 1));
  return { points, values: points.map(curve) };
}
