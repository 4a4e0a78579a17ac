// QR codes (ISO/IEC 18004) of text in bytes, error correction L, versions 1 to 20.

const EC_BYTES = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28]; // a block
const BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8];
const MASKS = [
  (i, j) => (i + j) % 2 === 0,
  (i) => i % 2 === 0,
  (_, j) => j % 3 === 0,
  (i, j) => (i + j) % 3 === 0,
  (i, j) => (Math.floor(i / 2) + Math.floor(j / 3)) % 2 === 0,
  (i, j) => ((i * j) % 2) + ((i * j) % 3) === 0,
  (i, j) => (((i * j) % 2) + ((i * j) % 3)) % 2 === 0,
  (i, j) => (((i + j) % 2) + ((i * j) % 3)) % 2 === 0,
];

/**
 * Rows of modules, true where dark; null if the text is too long.
 *
 * @param mask one of the eight; by default the one with the fewest equal neighbours.
 */
export function qrCode(text, mask = null) {
  const bytes = new TextEncoder().encode(text);
  const version = EC_BYTES.findIndex((_, k) => bytes.length <= room(k + 1)) + 1;
  if (version === 0) return null;
  const plain = framed(version);
  place(plain, interleaved(codewords(bytes, version), version));
  const masked = (mask === null ? [0, 1, 2, 3, 4, 5, 6, 7] : [mask]).map((k) => finished(plain, version, k));
  return masked.reduce((best, one) => (likeness(one) < likeness(best) ? one : best));
}

/** All bytes of a version, of data and of correction. */
function capacity(version) {
  const aligned = version < 2 ? 0 : Math.floor(version / 7) + 2;
  const bits = (16 * version + 128) * version + 64 - (aligned ? (25 * aligned - 10) * aligned - 55 : 0);
  return Math.floor((bits - (version < 7 ? 0 : 36)) / 8);
}

const dataBytes = (version) => capacity(version) - EC_BYTES[version - 1] * BLOCKS[version - 1];
const lengthBits = (version) => (version < 10 ? 8 : 16);
const room = (version) => Math.floor((8 * dataBytes(version) - 4 - lengthBits(version)) / 8);

/** Mode, length, text and filling. */
function codewords(bytes, version) {
  const bits = [];
  const add = (value, n) => {
    for (let k = n - 1; k >= 0; k--) bits.push((value >> k) & 1);
  };
  add(4, 4);
  add(bytes.length, lengthBits(version));
  for (const byte of bytes) add(byte, 8);
  const wanted = 8 * dataBytes(version);
  add(0, Math.min(4, wanted - bits.length));
  add(0, (8 - (bits.length % 8)) % 8);
  for (let k = 0; bits.length < wanted; k++) add(k % 2 ? 0x11 : 0xec, 8);
  return Array.from({ length: wanted / 8 }, (_, k) => bits.slice(8 * k, 8 * k + 8).reduce((sum, bit) => 2 * sum + bit, 0));
}

/** Data in blocks, the shorter ones first, and their corrections, byte by byte in turn. */
function interleaved(data, version) {
  const [blocks, ec] = [BLOCKS[version - 1], EC_BYTES[version - 1]];
  const short = Math.floor(data.length / blocks);
  const parts = [];
  for (let k = 0, start = 0; k < blocks; k++) {
    const length = short + (k < blocks - (data.length % blocks) ? 0 : 1);
    parts.push(data.slice(start, (start += length)));
  }
  const inTurn = (lists) =>
    Array.from({ length: Math.max(...lists.map((one) => one.length)) }, (_, k) => lists.map((one) => one[k]))
      .flat()
      .filter((byte) => byte !== undefined);
  return [...inTurn(parts), ...inTurn(parts.map((part) => remainder(part, generator(ec))))];
}

/** Product in the field of 256 elements. */
function times(x, y) {
  let product = 0;
  for (let k = 7; k >= 0; k--) product = (product << 1) ^ ((product >> 7) * 0x11d) ^ (((y >> k) & 1) * x);
  return product;
}

/** Coefficients below the first of (x - 1)(x - 2)(x - 4) ... of a degree. */
function generator(degree) {
  let result = [1];
  for (let k = 0, root = 1; k < degree; k++, root = times(root, 2)) {
    result = [...result, 0].map((value, i) => value ^ (i ? times(result[i - 1], root) : 0));
  }
  return result.slice(1);
}

function remainder(data, divisor) {
  let rest = divisor.map(() => 0);
  for (const byte of data) {
    const factor = byte ^ rest[0];
    rest = [...rest.slice(1), 0].map((value, k) => value ^ times(divisor[k], factor));
  }
  return rest;
}

/** Patterns that every code of a version has; free places are null, those of the format are false. */
function framed(version) {
  const size = 17 + 4 * version;
  const rows = Array.from({ length: size }, () => new Array(size).fill(null));
  for (let k = 0; k < size; k++) rows[6][k] = rows[k][6] = k % 2 === 0;
  for (const centre of [[3, 3], [3, size - 4], [size - 4, 3]]) square(rows, centre, [true, true, false, true, false]);
  const centres = alignments(version);
  const last = centres.length - 1;
  centres.forEach((i, p) => centres.forEach((j, q) => {
    if (!(p === 0 && (q === 0 || q === last)) && !(p === last && q === 0)) square(rows, [i, j], [true, false, true]);
  }));
  if (version >= 7) writeVersion(rows, version);
  writeFormat(rows, 0);
  return rows;
}

/** A square around a centre; `dark` tells of each distance from it. */
function square(rows, [i, j], dark) {
  const reach = dark.length - 1;
  for (let p = -reach; p <= reach; p++) {
    for (let q = -reach; q <= reach; q++) {
      const inside = rows[i + p]?.[j + q] !== undefined;
      if (inside) rows[i + p][j + q] = dark[Math.max(Math.abs(p), Math.abs(q))];
    }
  }
}

function alignments(version) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = 2 * Math.ceil((4 * version + 4) / (2 * count - 2));
  return [6, ...Array.from({ length: count - 1 }, (_, k) => 4 * version + 10 - (count - 2 - k) * step)];
}

/** A number with its check bits: remainder by a polynomial of a degree. */
function checked(value, polynomial, degree) {
  let rest = value << degree;
  for (let k = 31 - Math.clz32(rest); k >= degree; k--) if ((rest >> k) & 1) rest ^= polynomial << (k - degree);
  return (value << degree) | rest;
}

function writeFormat(rows, mask) {
  const size = rows.length;
  const bits = checked((1 << 3) | mask, 0x537, 10) ^ 0x5412;
  const bit = (k) => ((bits >> k) & 1) === 1;
  const near = [0, 1, 2, 3, 4, 5, 7, 8];
  for (let k = 0; k < 8; k++) rows[near[k]][8] = rows[8][size - 1 - k] = bit(k);
  for (let k = 8; k < 15; k++) rows[8][k === 8 ? 7 : 14 - k] = rows[size - 15 + k][8] = bit(k);
  rows[size - 8][8] = true;
}

function writeVersion(rows, version) {
  const bits = checked(version, 0x1f25, 12);
  for (let k = 0; k < 18; k++) {
    const [near, far] = [Math.floor(k / 3), rows.length - 11 + (k % 3)];
    rows[near][far] = rows[far][near] = ((bits >> k) & 1) === 1;
  }
}

/** Write bytes into the free places: pairs of columns from the right, up and down in turn. */
function place(rows, bytes) {
  const size = rows.length;
  let k = 0;
  for (let right = size - 1, up = true; right > 0; right -= 2, up = !up) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step++) {
      for (const j of [right, right - 1]) {
        const i = up ? size - 1 - step : step;
        if (rows[i][j] !== null) continue;
        rows[i][j] = { bit: ((bytes[k >> 3] >> (7 - (k & 7))) & 1) === 1 }; // masked later
        k += 1;
      }
    }
  }
}

function finished(plain, version, mask) {
  const rows = plain.map((row, i) => row.map((one, j) => (one.bit === undefined ? one : one.bit !== MASKS[mask](i, j))));
  writeFormat(rows, mask);
  return rows;
}

/** How many neighbours are equal; scanners like a code that alternates. */
function likeness(rows) {
  let equal = 0;
  rows.forEach((row, i) => row.forEach((one, j) => (equal += (one === row[j + 1]) + (one === rows[i + 1]?.[j]))));
  return equal;
}
