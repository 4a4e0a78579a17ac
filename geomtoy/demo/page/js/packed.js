// Reads the arrays that scripts/demo_data.py packed: little-endian numbers in base64.

const GRID = 2 ** 15;

export function readIntegers(text, size) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const count = bytes.length / size;
  return Array.from({ length: count }, (_, k) =>
    size === 1 ? view.getUint8(k) : view.getUint16(2 * k, true),
  );
}

/** Points on a grid of the square [-reach, reach]^2; rounded, for drawing. */
export function readPoints(text, reach) {
  const numbers = readIntegers(text, 2).map((value) => (value / GRID) * 2 * reach - reach);
  return Array.from({ length: numbers.length / 2 }, (_, k) => [numbers[2 * k], numbers[2 * k + 1]]);
}

/** Little-endian float64 numbers, as they were. */
export function readFloats(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length / 8 }, (_, k) => view.getFloat64(8 * k, true));
}
