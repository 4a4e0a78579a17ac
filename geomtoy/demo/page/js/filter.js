// The float64 filter: values and intersections with proven error bounds, as geomtoy/regions/filter.py.
//
// A line is (a, b, c, e): the true coefficients of a x + b y + c differ from the stored ones by at most e.
// A vertex is (x, y, d): the true coordinates differ from the stored ones by at most d. u = 2^-53.
// The true value of a line at a vertex differs from the exact value of the stored numbers by at most
//   (|a| + |b|) d + e (|x| + |y| + 2 d + 1),
// and float evaluation adds at most 3u/(1 - 3u) (|a x| + |b y| + |c|); 4u is used, SLACK covers the
// roundings of the bound itself and TINY covers underflow. NaN and infinity decide nothing.

export const U = 2 ** -53;
export const SLACK = 1 + 2 ** -40;
export const TINY = 1e-300;

/** Proven sign of a line at a vertex: 1, -1, or 0 where floats cannot tell. */
export function floatSign(a, b, c, e, vertex) {
  const { x, y, d } = vertex;
  const ax = a * x;
  const by = b * y;
  const value = ax + by + c;
  const spread = (Math.abs(a) + Math.abs(b)) * d + e * (Math.abs(x) + Math.abs(y) + 2 * d + 1);
  const rounding = 4 * U * (Math.abs(ax) + Math.abs(by) + Math.abs(c));
  const bound = (spread + rounding) * SLACK + TINY;
  if (value > bound) return 1;
  return value < -bound ? -1 : 0;
}

/** Common point [x, y, d] of two lines by Cramer's rule; d is Infinity where they may be parallel. */
export function intersection(p, q) {
  const [w, errorW] = minor(p.a, p.b, p.e, q.a, q.b, q.e);
  if (!(Math.abs(w) > 2 * errorW)) return [0, 0, Infinity];
  const [x, dx] = quotient(minor(p.b, p.c, p.e, q.b, q.c, q.e), w, errorW);
  const [y, dy] = quotient(minor(p.c, p.a, p.e, q.c, q.a, q.e), w, errorW);
  const d = Math.max(dx, dy) * SLACK + TINY;
  return d < Infinity ? [x, y, d] : [0, 0, Infinity];
}

/** If |W - W'| <= eW and |X - X'| <= eX, then |X'/W' - X/W| <= (eX + |X/W| eW) / (|W| - eW). */
function quotient([numerator, error], w, errorW) {
  const value = numerator / w;
  const gap = Math.abs(w) - errorW;
  return [value, (error + Math.abs(value) * errorW) / gap + 2 * U * Math.abs(value)];
}

function minor(p1, q1, e1, p2, q2, e2) {
  const left = p1 * q2;
  const right = p2 * q1;
  const spread = e1 * (Math.abs(p2) + Math.abs(q2)) + e2 * (Math.abs(p1) + Math.abs(q1)) + 2 * e1 * e2;
  const rounding = 3 * U * (Math.abs(left) + Math.abs(right));
  return [left - right, (spread + rounding) * SLACK + TINY];
}
